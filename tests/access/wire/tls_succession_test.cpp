#include "access/wire/tls_succession.h"

#include <gtest/gtest.h>

#include "audit/checkpoint.h"

namespace strongroom::access::wire {
namespace {

using vault::Digest;
using vault::Errc;

constexpr std::string_view kOrigin = "vault.example/partnership";

Digest pin(int number) {
  Digest out{};
  out[0] = static_cast<std::byte>(number);
  return out;
}

class TlsSuccessionTest : public testing::Test {
 protected:
  std::string statement(int from, int to, std::uint64_t number, std::string_view origin = kOrigin) {
    return sign_tls_succession({pin(from), pin(to), number, {1'700'000'000'000}}, origin, log_key_);
  }
  vault::Result<Digest> follow(const std::vector<std::string>& statements, int from) {
    return follow_tls_successions({statements}, pin(from), kOrigin, log_key_.verify_key());
  }
  const vault::crypto::SigningKey log_key_ = vault::crypto::SigningKey::generate();
};

TEST_F(TlsSuccessionTest, SaysWhatWasSigned) {
  const auto read = verify_tls_succession(statement(1, 2, 7), kOrigin, log_key_.verify_key());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->from, pin(1));
  EXPECT_EQ(read->to, pin(2));
  EXPECT_EQ(read->number, 7U);
  EXPECT_EQ(read->time.unix_ms, 1'700'000'000'000);
}

TEST_F(TlsSuccessionTest, IsFollowedFromWhereverAClientStands) {
  const std::vector<std::string> all = {statement(1, 2, 1), statement(2, 3, 2), statement(3, 4, 3)};
  for (int from = 1; from <= 4; ++from) EXPECT_EQ(*follow(all, from), pin(4)) << from;
  EXPECT_EQ(*follow(all, 9), pin(9)) << "nothing speaks of it";
  EXPECT_EQ(*follow({}, 1), pin(1));
}

TEST_F(TlsSuccessionTest, LeadsToTheLastKeyWhenOneComesBack) {
  const std::vector<std::string> all = {statement(1, 2, 1), statement(2, 1, 2), statement(1, 3, 3)};
  for (int from = 1; from <= 3; ++from) EXPECT_EQ(*follow(all, from), pin(3)) << from;
}

TEST_F(TlsSuccessionTest, OfAnotherKeyOriginOrTextIsRefused) {
  const auto other = vault::crypto::SigningKey::generate();
  const std::string forged = sign_tls_succession({pin(1), pin(2), 1, {}}, kOrigin, other);
  EXPECT_EQ(follow({forged}, 1).code(), Errc::wrong_key);
  EXPECT_FALSE(follow({statement(1, 2, 1, "another.example/vault")}, 1));
  std::string altered = statement(1, 2, 1);
  altered.replace(altered.find("\n1\n"), 3, "\n2\n");
  EXPECT_EQ(verify_tls_succession(altered, kOrigin, log_key_.verify_key()).code(), Errc::tampered);
  EXPECT_FALSE(follow({"no note"}, 1));
  EXPECT_FALSE(follow({""}, 1));
}

TEST_F(TlsSuccessionTest, WithAGapOrInAnotherOrderIsRefused) {
  EXPECT_EQ(follow({statement(2, 3, 2)}, 2).code(), Errc::tampered);
  EXPECT_EQ(follow({statement(1, 2, 1), statement(3, 4, 2)}, 1).code(), Errc::tampered);
  EXPECT_EQ(follow({statement(2, 3, 2), statement(1, 2, 1)}, 1).code(), Errc::tampered);
  EXPECT_EQ(follow(std::vector<std::string>(kMaxTlsSuccessions + 1, statement(1, 1, 1)), 1).code(), Errc::too_large);
}

// The log's key signs both kinds, and neither must be taken for the other.
TEST_F(TlsSuccessionTest, IsNoCheckpointAndACheckpointIsNoneOfThem) {
  const auto checkpoint =
      audit::sign_checkpoint({.origin = std::string(kOrigin), .size = audit::TreeSize{4}, .extensions = {}}, log_key_);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(verify_tls_succession(checkpoint->note, kOrigin, log_key_.verify_key()).code(), Errc::malformed);
  EXPECT_FALSE(audit::verify_checkpoint(statement(1, 2, 1), kOrigin, log_key_.verify_key()));
}

}  // namespace
}  // namespace strongroom::access::wire
