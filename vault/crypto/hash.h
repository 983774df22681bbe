// SHA-256, SHA-512, HMAC-SHA-256 (RFC 2104) and HKDF-SHA256 (RFC 5869), over OpenSSL. Nothing here fails on any input.
#pragma once
#include <initializer_list>
#include <memory>

#include "vault/base/bytes.h"

namespace vault::crypto {

Digest sha256(ByteView data);
Digest sha256(std::initializer_list<ByteView> parts);  // of their concatenation

std::array<std::byte, 64> sha512(ByteView data);

// Hashes a message that arrives in parts. Movable, not thread safe. `finish` may be called once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView data);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest hmac_sha256(ByteView key, ByteView message);

// Runs both steps, extract and expand, and fills `out`. More than 255 * 32 bytes break an invariant.
void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::span<std::byte> out);

}  // namespace vault::crypto
