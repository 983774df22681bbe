// Secret bytes that are typed, move-only, locked in memory and wiped. They have no == and no <<, and never become a
// std::string: compare them with constant_time_equal(a.expose(), b.expose()), and log a key's id instead of the key.
#pragma once
#include <cstddef>
#include <span>
#include <utility>

#include "vault/base/bytes.h"

namespace vault {

// Starts libsodium and forbids core dumps. Must succeed before any secret is made. May be called again, by any thread.
Result<void> start_secure_memory();

// Memory in guarded pages (sodium_malloc: guard pages around them, and mlock as far as the limit allows), which is
// wiped on release. Small secrets share pages; large ones have pages of their own.
class GuardedMemory {
 public:
  GuardedMemory() = default;
  explicit GuardedMemory(std::size_t size);  // zeroed; std::bad_alloc when memory is exhausted
  GuardedMemory(GuardedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  GuardedMemory& operator=(GuardedMemory&& other) noexcept;
  ~GuardedMemory();
  std::span<std::byte> span() { return {data_, size_}; }
  std::span<const std::byte> span() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

void fill_random(std::span<std::byte> out);  // the system CSPRNG; cannot fail once started
void wipe(std::span<std::byte> out);         // the optimiser does not remove it

template <class Tag, std::size_t N>
class SecretBytes {
 public:
  static constexpr std::size_t kSize = N;
  static SecretBytes generate() {
    SecretBytes secret;
    fill_random(secret.writable());
    return secret;
  }
  // Copies the bytes. The caller must wipe its own copy.
  static SecretBytes copy_of(std::span<const std::byte, N> bytes) {
    SecretBytes secret;
    std::copy(bytes.begin(), bytes.end(), secret.writable().begin());
    return secret;
  }
  SecretBytes() : memory_(N) {}
  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept = default;
  SecretBytes clone() const { return copy_of(expose()); }
  // The name makes each use easy to find in a review. Must not be called on a moved-from secret.
  std::span<const std::byte, N> expose() const { return std::span<const std::byte, N>(memory_.span().data(), N); }
  std::span<std::byte, N> writable() { return std::span<std::byte, N>(memory_.span().data(), N); }

 private:
  GuardedMemory memory_;
};

// A passphrase or other secret text of any length, in guarded memory.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text);  // copies; the caller must wipe its own copy
  SecretText(SecretText&&) noexcept = default;
  SecretText& operator=(SecretText&&) noexcept = default;
  SecretText clone() const { return SecretText(expose()); }
  std::string_view expose() const { return as_text(memory_.span()); }
  bool empty() const { return memory_.span().empty(); }

 private:
  GuardedMemory memory_;
};

// Ordinary bytes that are wiped when they are freed, for example plaintext chunks and scratch copies.
class WipedBytes {
 public:
  explicit WipedBytes(std::size_t size = 0) : bytes_(size) {}
  WipedBytes(WipedBytes&&) noexcept = default;
  WipedBytes& operator=(WipedBytes&& other) noexcept {
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    return *this;
  }
  ~WipedBytes() { wipe(bytes_); }
  std::span<std::byte> span() { return bytes_; }
  ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace vault
