// Runs every case of each of Project Wycheproof's files: our answer must be the one that the case states.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>

#include "tests/conformance/vectors.h"
#include "vault/crypto/aead.h"
#include "vault/crypto/hash.h"
#include "vault/crypto/keys.h"

namespace vault::crypto {
namespace {

using boost::json::value;
using test::hex_field;
using test::text_field;

template <std::size_t N>
std::array<std::byte, N> fixed(ByteView bytes) {
  std::array<std::byte, N> out{};
  invariant(bytes.size() == N, "a vector's field has its size");
  std::ranges::copy(bytes, out.begin());
  return out;
}

// Calls `check` with each case and its group, and fails if there are not as many cases as the file says.
void for_each_case(const std::string& file, const std::function<void(const value& group, const value& test)>& check) {
  const auto path = test::vectors_directory() / "wycheproof/testvectors_v1" / file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no vectors at " << path;
  const value all = test::read_json(path);
  std::int64_t count = 0;
  for (const value& group : all.at("testGroups").as_array()) {
    for (const value& test : group.at("tests").as_array()) {
      SCOPED_TRACE(file + " case " + std::to_string(test.at("tcId").as_int64()) + ": " + text_field(test, "comment"));
      check(group, test);
      ++count;
    }
  }
  EXPECT_EQ(count, all.at("numberOfTests").as_int64());
  EXPECT_GT(count, 0);
}

bool is_valid(const value& test) {
  return text_field(test, "result") == "valid";
}

TEST(Wycheproof, X25519AgreesAndRefusesEveryAllZeroSecret) {
  int all_zero = 0;
  for_each_case("x25519_test.json", [&](const value&, const value& test) {
    const auto secret = AgreementSecret::copy_of(fixed<32>(hex_field(test, "private")));
    const AgreementKey other{fixed<32>(hex_field(test, "public"))};
    const Bytes expected = hex_field(test, "shared");
    const auto shared = agree(secret, other);
    if (std::ranges::all_of(expected, [](std::byte b) { return b == std::byte{0}; })) {
      EXPECT_FALSE(is_valid(test));
      EXPECT_FALSE(shared);
      ++all_zero;
    } else {
      ASSERT_TRUE(shared);
      EXPECT_EQ(hex(shared->expose()), hex(expected));
    }
  });
  if (!IsSkipped()) EXPECT_EQ(all_zero, 31);
}

TEST(Wycheproof, Ed25519VerifiesExactlyTheValidSignatures) {
  for_each_case("ed25519_test.json", [](const value& group, const value& test) {
    const VerifyKey key{fixed<32>(hex_field(group.at("publicKey"), "pk"))};
    const Bytes signature = hex_field(test, "sig");
    // A signature of another size does not fit the type, so nothing of ours can accept it.
    const bool verified = signature.size() == 64 && verify(key, hex_field(test, "msg"), fixed<64>(signature));
    EXPECT_EQ(verified, is_valid(test));
  });
}

TEST(Wycheproof, ChaCha20Poly1305SealsAndOpensAsStated) {
  for_each_case("chacha20_poly1305_test.json", [](const value&, const value& test) {
    const Bytes nonce = hex_field(test, "iv"), associated = hex_field(test, "aad"), plain = hex_field(test, "msg");
    Bytes sealed = hex_field(test, "ct");
    append(sealed, hex_field(test, "tag"));
    if (nonce.size() != kChaChaNonceSize) {
      EXPECT_FALSE(is_valid(test));  // does not fit the type
      return;
    }
    ChaCha20Poly1305 aead(fixed<32>(hex_field(test, "key")));
    Bytes opened(plain.size());
    const auto result = aead.open(fixed<kChaChaNonceSize>(nonce), associated, sealed, opened);
    ASSERT_EQ(result.has_value(), is_valid(test));
    if (!result) {
      EXPECT_EQ(result.code(), Errc::tampered);
      return;
    }
    EXPECT_EQ(hex(opened), hex(plain));
    Bytes resealed(sealed.size());
    aead.seal(fixed<kChaChaNonceSize>(nonce), associated, plain, resealed);
    EXPECT_EQ(hex(resealed), hex(sealed));
  });
}

TEST(Wycheproof, XChaCha20Poly1305SealsAndOpensAsStated) {
  for_each_case("xchacha20_poly1305_test.json", [](const value&, const value& test) {
    const Bytes nonce = hex_field(test, "iv"), associated = hex_field(test, "aad"), plain = hex_field(test, "msg");
    Bytes sealed = hex_field(test, "ct");
    append(sealed, hex_field(test, "tag"));
    if (nonce.size() != kXChaChaNonceSize) {
      EXPECT_FALSE(is_valid(test));  // does not fit the type
      return;
    }
    const auto key = fixed<32>(hex_field(test, "key"));
    const auto opened = xchacha_open_with_nonce(key, fixed<kXChaChaNonceSize>(nonce), associated, sealed);
    ASSERT_EQ(opened.has_value(), is_valid(test));
    if (!opened) {
      EXPECT_EQ(opened.code(), Errc::tampered);
      return;
    }
    EXPECT_EQ(hex(*opened), hex(plain));
    EXPECT_EQ(hex(xchacha_seal_with_nonce(key, fixed<kXChaChaNonceSize>(nonce), associated, plain)), hex(sealed));
  });
}

TEST(Wycheproof, HkdfSha256DerivesAsStated) {
  constexpr std::int64_t longest = 255 * 32;
  for_each_case("hkdf_sha256_test.json", [](const value&, const value& test) {
    const std::int64_t size = test.at("size").as_int64();
    ASSERT_EQ(is_valid(test), size <= longest);  // the invalid cases ask for a size that callers must not ask for
    if (size > longest) return;
    Bytes derived(static_cast<std::size_t>(size));
    hkdf_sha256(hex_field(test, "ikm"), hex_field(test, "salt"), hex_field(test, "info"), derived);
    EXPECT_EQ(hex(derived), text_field(test, "okm"));
  });
}

TEST(Wycheproof, HmacSha256ComputesAsStated) {
  for_each_case("hmac_sha256_test.json", [](const value& group, const value& test) {
    const Digest mac = hmac_sha256(hex_field(test, "key"), hex_field(test, "msg"));
    const auto size = static_cast<std::size_t>(group.at("tagSize").as_int64() / 8);
    EXPECT_EQ(constant_time_equal(ByteView(mac).first(size), hex_field(test, "tag")), is_valid(test));
  });
}

}  // namespace
}  // namespace vault::crypto
