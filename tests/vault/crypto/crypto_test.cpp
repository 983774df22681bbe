#include <gtest/gtest.h>

#include "vault/crypto/aead.h"
#include "vault/crypto/hash.h"
#include "vault/crypto/keys.h"
#include "vault/crypto/passphrase.h"

namespace vault::crypto {
namespace {

TEST(Sha256, StreamedAndOneShotAgreeWithFips180) {
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  hash.update(as_bytes("a"));
  hash.update(as_bytes("bc"));
  EXPECT_EQ(hash.finish(), sha256({as_bytes("ab"), as_bytes("c")}));
}

TEST(Sha512, AgreesWithFips180) {
  EXPECT_EQ(
      hex(sha512(as_bytes("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce8"
      "0e2a9ac94fa54ca49f");
}

TEST(Hkdf, FirstCaseOfRfc5869) {
  const Bytes secret(22, std::byte{0x0b});
  const Bytes salt = *unhex("000102030405060708090a0b0c");
  const Bytes info = *unhex("f0f1f2f3f4f5f6f7f8f9");
  Bytes out(42);
  hkdf_sha256(secret, salt, info, out);
  EXPECT_EQ(hex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(XChaCha, AnotherContextOrAFlippedBitIsTampered) {
  const auto key = SecretBytes<struct TestKey, 32>::generate();
  Bytes sealed = xchacha_seal(key.expose(), as_bytes("place"), as_bytes("value"));
  EXPECT_EQ(to_text(*xchacha_open(key.expose(), as_bytes("place"), sealed)), "value");
  EXPECT_EQ(xchacha_open(key.expose(), as_bytes("other"), sealed).code(), Errc::tampered);
  sealed.back() ^= std::byte{1};
  EXPECT_EQ(xchacha_open(key.expose(), as_bytes("place"), sealed).code(), Errc::tampered);
  EXPECT_EQ(xchacha_open(key.expose(), as_bytes("place"), ByteView(sealed).first(39)).code(), Errc::tampered);
}

TEST(Ed25519, ASignatureVerifiesForItsMessageAndKeyAlone) {
  const SigningKey key = SigningKey::generate();
  const Signature signature = key.sign(as_bytes("message"));
  EXPECT_TRUE(verify(key.verify_key(), as_bytes("message"), signature));
  EXPECT_FALSE(verify(key.verify_key(), as_bytes("messagf"), signature));
  EXPECT_FALSE(verify(SigningKey::generate().verify_key(), as_bytes("message"), signature));
}

TEST(X25519, BothSidesAgreeAndLowOrderKeysAreRefused) {
  const auto a = AgreementSecret::generate(), b = AgreementSecret::generate();
  EXPECT_TRUE(constant_time_equal(agree(a, agreement_key(b))->expose(), agree(b, agreement_key(a))->expose()));
  EXPECT_EQ(agree(a, AgreementKey{}).code(), Errc::tampered);
}

TEST(Passphrase, WorkFactorsOutsideTheirLimitsAreRefusedBeforeAllocation) {
  const SecretText passphrase("correct horse");
  EXPECT_TRUE(scrypt(passphrase, as_bytes("salt"), 4));
  EXPECT_EQ(scrypt(passphrase, as_bytes("salt"), kMaxScryptLogN + 1).code(), Errc::invalid_argument);
  EXPECT_EQ(scrypt(passphrase, as_bytes("salt"), 0).code(), Errc::invalid_argument);
  std::array<std::byte, 16> salt{};
  EXPECT_EQ(argon2id(passphrase, salt, {1, kMaxArgon2Memory + 1}).code(), Errc::invalid_argument);
  EXPECT_EQ(argon2id(passphrase, salt, {kMaxArgon2Passes + 1, 8192}).code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace vault::crypto
