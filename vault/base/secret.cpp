#include "vault/base/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>

namespace vault {

Result<void> start_secure_memory() {
  static const bool started = [] {
    if (sodium_init() < 0) return false;
    const rlimit none{0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
  }();
  if (!started) return Error{Errc::internal, "the system gives no secure memory or randomness"};
  return {};
}

GuardedMemory::GuardedMemory(std::size_t size) : size_(size) {
  if (size == 0) return;
  invariant(sodium_init() >= 0, "libsodium starts");
  data_ = static_cast<std::byte*>(sodium_malloc(size));
  invariant(data_ != nullptr, "guarded memory is to be had");
  sodium_memzero(data_, size);
}

GuardedMemory& GuardedMemory::operator=(GuardedMemory&& other) noexcept {
  if (this != &other) {
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

GuardedMemory::~GuardedMemory() {
  sodium_free(data_);
}

void fill_random(std::span<std::byte> out) {
  invariant(sodium_init() >= 0, "libsodium starts");
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

void wipe(std::span<std::byte> out) {
  if (!out.empty()) sodium_memzero(out.data(), out.size());
}

SecretText::SecretText(std::string_view text) : memory_(text.size()) {
  const ByteView bytes = as_bytes(text);
  std::copy(bytes.begin(), bytes.end(), memory_.span().begin());
}

}  // namespace vault
