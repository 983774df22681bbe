// Makes an age file with fixed randomness, and compares every intermediate value with an independent implementation's.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "tests/conformance/vectors.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace vault::age {
namespace {

using boost::json::value;
using test::hex_field;
using test::text_field;

class AgeIntermediates : public testing::Test {
 protected:
  void SetUp() override {
    directory = test::vectors_directory() / "age-intermediates";
    if (!std::filesystem::exists(directory)) GTEST_SKIP() << "no vectors at " << directory;
  }
  value read(const std::string& name) const { return test::read_json(directory / name); }
  std::filesystem::path directory;
};

template <class Secret>
Secret secret(const value& object, std::string_view key) {
  const Bytes bytes = hex_field(object, key);
  invariant(bytes.size() == Secret::kSize, "a vector's secret has its size");
  return Secret::copy_of(ByteView(bytes).first<Secret::kSize>());
}
std::string hkdf(ByteView ikm, ByteView salt, std::string_view info) {
  Digest out;
  crypto::hkdf_sha256(ikm, salt, as_bytes(info), out);
  return hex(out);
}
std::string sealed(const Bytes& key, ByteView plain) {
  Bytes body(plain.size() + crypto::kTagSize);
  crypto::ChaCha20Poly1305(ByteView(key).first<32>()).seal(std::array<std::byte, 12>{}, {}, plain, body);
  return hex(body);
}

TEST_F(AgeIntermediates, TheX25519WrapHasThePublishedValuesAtEachStep) {
  const value all = read("age-x25519-scrypt-intermediates.json");
  const value& v = all.at("x25519");
  const Identity identity = *Identity::parse(text_field(v, "identity"));
  EXPECT_EQ(hex(identity.secret().expose()), text_field(v, "identity_hex"));
  EXPECT_EQ(identity.recipient().to_string(), text_field(v, "recipient"));
  const auto ephemeral = secret<crypto::AgreementSecret>(v, "ephemeral_secret");
  EXPECT_EQ(hex(crypto::agreement_key(ephemeral).bytes), text_field(v, "share"));
  const auto shared = crypto::agree(ephemeral, identity.recipient().key);
  ASSERT_TRUE(shared);
  EXPECT_EQ(hex(shared->expose()), text_field(v, "shared_secret"));
  EXPECT_EQ(hkdf(shared->expose(), hex_field(v, "salt"), "age-encryption.org/v1/X25519"), text_field(v, "wrap_key"));
  EXPECT_EQ(sealed(hex_field(v, "wrap_key"), hex_field(v, "file_key")), text_field(v, "body"));
}

TEST_F(AgeIntermediates, ThePublishedFileOpensToItsFileKeyAndText) {
  const value all = read("age-x25519-scrypt-intermediates.json");
  const value& v = all.at("x25519");
  const Identity identity = *Identity::parse(text_field(v, "identity"));
  const Bytes file = *unbase64(text_field(v, "file_b64"), Base64::padded);
  const Header header = *parse_header(file);
  EXPECT_EQ(hex(header.mac), text_field(v, "header_mac"));
  EXPECT_EQ(hex(header.stanzas.at(0).body), text_field(v, "body"));
  const auto file_key = open_header(header, std::span(&identity, 1));
  ASSERT_TRUE(file_key);
  EXPECT_EQ(hex(file_key->expose()), text_field(v, "file_key"));
  EXPECT_EQ(hkdf(file_key->expose(), {}, "header"), text_field(v, "hmac_key"));
  const Bytes nonce = hex_field(v, "payload_nonce");
  EXPECT_EQ(hkdf(file_key->expose(), nonce, "payload"), text_field(v, "payload_key"));
  PayloadNonce payload_nonce;
  std::ranges::copy(nonce, payload_nonce.begin());
  const std::string plain = text_field(v, "plaintext");
  Bytes chunk(PayloadCipher::sealed_run_size(plain.size()));
  PayloadCipher(*file_key, payload_nonce).seal(0, true, as_bytes(plain), chunk);
  EXPECT_EQ(hex(chunk), text_field(v, "chunk0"));
  EXPECT_EQ(to_text(*decrypt_small(file, std::span(&identity, 1))), plain);
}

TEST_F(AgeIntermediates, TheScryptWrapHasThePublishedValues) {
  const value all = read("age-x25519-scrypt-intermediates.json");
  const value& v = all.at("scrypt");
  const SecretText passphrase(text_field(v, "passphrase"));
  Bytes salt = to_bytes("age-encryption.org/v1/scrypt");
  append(salt, hex_field(v, "salt"));
  const auto key = crypto::scrypt(passphrase, salt, static_cast<unsigned>(v.at("log_n").as_int64()));
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->expose()), text_field(v, "wrap_key"));
  EXPECT_EQ(sealed(hex_field(v, "wrap_key"), hex_field(v, "file_key")), text_field(v, "body"));

  // The published stanza, under a MAC computed from the published file key, opens with the passphrase.
  const std::string covered = "age-encryption.org/v1\n" + text_field(v, "stanza") + "---";
  const Bytes mac_key = *unhex(hkdf(hex_field(v, "file_key"), {}, "header"));
  const Digest mac = crypto::hmac_sha256(mac_key, as_bytes(covered));
  const Header header = *parse_header(as_bytes(covered + " " + base64(mac, Base64::unpadded) + "\n"));
  const auto file_key = open_scrypt_header(header, passphrase);
  ASSERT_TRUE(file_key);
  EXPECT_EQ(hex(file_key->expose()), text_field(v, "file_key"));
}

TEST_F(AgeIntermediates, PostQuantumKeysAreUnsupportedAndTheirHeadersParse) {
  const value all = read("age-mlkem768x25519-intermediates.json");
  const auto& cases = all.at("cases").as_array();
  EXPECT_EQ(cases.size(), 3U);
  for (const value& v : cases) {
    EXPECT_EQ(Identity::parse(text_field(v, "identity")).code(), Errc::unsupported);
    EXPECT_EQ(Recipient::parse(text_field(v, "recipient")).code(), Errc::unsupported);
    const Bytes bytes = to_bytes(text_field(v, "header"));
    const auto header = parse_header(bytes);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(encode_header(header->stanzas, header->mac), header->bytes);
    const Identity stranger = Identity::generate();
    EXPECT_EQ(open_header(*header, std::span(&stranger, 1)).code(), Errc::wrong_key);
  }
}

}  // namespace
}  // namespace vault::age
