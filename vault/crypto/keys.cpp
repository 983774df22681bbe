#include "vault/crypto/keys.h"

#include <sodium.h>

namespace vault::crypto {
namespace {
const unsigned char* in(ByteView view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}
unsigned char* out_of(std::span<std::byte> span) {
  return reinterpret_cast<unsigned char*>(span.data());
}
}  // namespace

SigningKey SigningKey::generate() {
  return SigningKey(SigningSeed::generate());
}

SigningKey::SigningKey(SigningSeed seed) : seed_(std::move(seed)) {
  crypto_sign_seed_keypair(out_of(verify_key_.bytes), out_of(expanded_.writable()), in(seed_.expose()));
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(out_of(signature), nullptr, in(message), message.size(), in(expanded_.expose()));
  return signature;
}

bool verify(const VerifyKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(in(signature), in(message), message.size(), in(key.bytes)) == 0;
}

AgreementKey agreement_key(const AgreementSecret& secret) {
  AgreementKey key;
  crypto_scalarmult_base(out_of(key.bytes), in(secret.expose()));
  return key;
}

Result<SharedSecret> agree(const AgreementSecret& secret, const AgreementKey& other) {
  SharedSecret shared;
  if (crypto_scalarmult(out_of(shared.writable()), in(secret.expose()), in(other.bytes)) != 0)
    return Error{Errc::tampered, "the X25519 public key is of low order"};
  return shared;
}

}  // namespace vault::crypto
