// Ed25519 signatures (RFC 8032) and X25519 key agreement (RFC 7748), over libsodium. All of Strongroom verifies
// signatures with this code, because libraries differ on edge cases: one may refuse a signature that another accepts.
#pragma once
#include <array>
#include <compare>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"

namespace vault::crypto {

using Signature = std::array<std::byte, 64>;
using SigningSeed = SecretBytes<struct SigningSeedTag, 32>;          // the RFC 8032 private key
using AgreementSecret = SecretBytes<struct AgreementSecretTag, 32>;  // an X25519 scalar, unclamped
using SharedSecret = SecretBytes<struct SharedSecretTag, 32>;

struct VerifyKey {  // an Ed25519 public key
  std::array<std::byte, 32> bytes{};
  auto operator<=>(const VerifyKey&) const = default;
};
struct AgreementKey {  // an X25519 public key
  std::array<std::byte, 32> bytes{};
  auto operator<=>(const AgreementKey&) const = default;
};

class SigningKey {
 public:
  static SigningKey generate();
  explicit SigningKey(SigningSeed seed);
  const VerifyKey& verify_key() const { return verify_key_; }
  const SigningSeed& seed() const { return seed_; }
  Signature sign(ByteView message) const;
  SigningKey clone() const { return SigningKey(seed_.clone()); }

 private:
  SigningSeed seed_;
  SecretBytes<struct ExpandedSigningKeyTag, 64> expanded_;
  VerifyKey verify_key_;
};

bool verify(const VerifyKey& key, ByteView message, const Signature& signature);

AgreementKey agreement_key(const AgreementSecret& secret);
// Errc::tampered when the shared secret would be all zero (a low-order public key).
Result<SharedSecret> agree(const AgreementSecret& secret, const AgreementKey& other);

}  // namespace vault::crypto
