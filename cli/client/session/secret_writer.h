// Writes text that contains a secret. A growing string or a JSON library would leave copies of the secret in ordinary
// memory, so the text is written into one buffer, which is wiped at the end. Not thread safe.
#pragma once
#include <string_view>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"

namespace cli::client {

class SecretWriter {
 public:
  // It is a broken invariant to write more than `max` bytes.
  explicit SecretWriter(std::size_t max) : max_(max) { bytes_.reserve(max); }
  ~SecretWriter() { vault::wipe(bytes_); }
  SecretWriter(const SecretWriter&) = delete;
  SecretWriter& operator=(const SecretWriter&) = delete;

  SecretWriter& text(std::string_view more) {
    vault::invariant(bytes_.size() + more.size() <= max_, "a secret's text is small");
    vault::append(bytes_, vault::as_bytes(more));
    return *this;
  }
  SecretWriter& hex(vault::ByteView more) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::byte byte : more) {
      const auto value = std::to_integer<unsigned>(byte);
      text(kDigits.substr(value >> 4U, 1)).text(kDigits.substr(value & 15U, 1));
    }
    return *this;
  }
  vault::ByteView bytes() const { return bytes_; }

 private:
  const std::size_t max_;
  vault::Bytes bytes_;
};

}  // namespace cli::client
