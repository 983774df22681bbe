#include "cli/client/proof/safe_secrets.h"

#include <algorithm>

#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client::testing {
namespace {

using vault::age::Identity;

class SecretsTest : public ::testing::Test {
 protected:
  SecretsTest() {
    EXPECT_TRUE(vault::start_secure_memory());
    safe_ = access::SafeId::generate(1);
    identity_ = std::make_unique<Identity>(Identity::generate());
    own_ = std::make_unique<Identity>(Identity::generate());
    shares_ = split_secret(identity_->secret());
    epoch_.epoch = 0;
    epoch_.recipient = identity_->recipient();
    for (const ShareSecret& share : shares_)
      epoch_.commitments.push_back({access::AgencyId::generate(1), vault::crypto::sha256(ByteView(share.expose()))});
  }
  Result<WrapSecrets> open(const Bytes& wrap) { return open_wrap(wrap, *own_, safe_, epoch_); }
  Bytes wrap() { return *make_wrap(safe_, 0, *identity_, shares_, own_->recipient()); }
  Bytes encrypt(std::string_view text) {
    const auto recipient = own_->recipient();
    return *vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1));
  }

  access::SafeId safe_;
  std::unique_ptr<Identity> identity_, own_;
  std::vector<ShareSecret> shares_;
  SafeEpoch epoch_;
};

TEST_F(SecretsTest, ThreeSharesGiveTheSecretAndTwoDoNot) {
  ASSERT_EQ(shares_.size(), 3U);
  const auto joined = join_shares(shares_);
  ASSERT_TRUE(joined);
  EXPECT_TRUE(vault::constant_time_equal(joined->expose(), identity_->secret().expose()));
  EXPECT_FALSE(join_shares(std::span(shares_).first(2)));
  for (const ShareSecret& share : shares_)
    EXPECT_FALSE(vault::constant_time_equal(share.expose(), identity_->secret().expose()));
}

TEST_F(SecretsTest, SharesAreFreshEachTime) {
  const auto again = split_secret(identity_->secret());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(vault::constant_time_equal(again[i].expose(), shares_[i].expose()));
}

TEST_F(SecretsTest, AWrapHoldsTheIdentityAndAllShares) {
  const auto opened = open(wrap());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->identity.recipient(), identity_->recipient());
  ASSERT_EQ(opened->shares.size(), 3U);
}

TEST_F(SecretsTest, AWrapIsTheDocumentedJson) {
  const auto plain = vault::age::decrypt_small(wrap(), std::span(own_.get(), 1));
  ASSERT_TRUE(plain);
  const std::string_view text = vault::as_text(*plain);
  EXPECT_TRUE(
      text.starts_with("{\"v\":1,\"safe\":\"" + safe_.to_string() + "\",\"epoch\":0,\"identity\":\"AGE-SECRET-KEY-1"));
  const auto json = wire::parse_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("shares").as_array().size(), 3U);
  EXPECT_EQ(wire::json::serialize(*json), text);
}

TEST_F(SecretsTest, AWrapForSomebodyElseIsRefused) {
  const Identity other = Identity::generate();
  EXPECT_TAMPERED(open(*make_wrap(safe_, 0, *identity_, shares_, other.recipient())), "somebody else");
}

TEST_F(SecretsTest, AWrapOfAnotherKeyIsRefused) {
  const Identity other = Identity::generate();
  EXPECT_TAMPERED(open(*make_wrap(safe_, 0, other, shares_, own_->recipient())), "certified key");
}

TEST_F(SecretsTest, AWrapOfAnotherSafeOrEpochIsRefused) {
  EXPECT_TAMPERED(open(*make_wrap(access::SafeId::generate(2), 0, *identity_, shares_, own_->recipient())),
                  "not the one that was asked for");
  EXPECT_TAMPERED(open(*make_wrap(safe_, 1, *identity_, shares_, own_->recipient())), "not the one that was asked for");
}

TEST_F(SecretsTest, AShareThatWasNotCommittedToIsRefused) {
  shares_[1] = ShareSecret::generate();
  EXPECT_TAMPERED(open(wrap()), "commits to");
}

TEST_F(SecretsTest, CommittedSharesThatDoNotGiveTheSecretAreRefused) {
  shares_[2] = ShareSecret::generate();
  epoch_.commitments[2].digest = vault::crypto::sha256(ByteView(shares_[2].expose()));
  EXPECT_TAMPERED(open(wrap()), "do not give");
}

TEST_F(SecretsTest, AWrapOfANewerVersionOrCutShortIsRefused) {
  EXPECT_EQ(open(encrypt("{\"v\":2,\"safe\":\"…\"}")).code(), Errc::unknown_version);
  const auto plain = vault::age::decrypt_small(wrap(), std::span(own_.get(), 1));
  const std::string text = vault::to_text(*plain);
  for (std::size_t size = 0; size < text.size(); size += 7)
    EXPECT_FALSE(open(encrypt(std::string_view(text).substr(0, size)))) << size;
  EXPECT_FALSE(open(encrypt(text + " ")));
}

class SafeSecretsTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
};

TEST_F(SafeSecretsTest, NobodyUncertifiedBecomesAKeyholderOrCustodian) {
  EXPECT_TAMPERED(make_epoch(lead_.directory(), safe_, 0, std::array{access::PersonId::generate(3)}, nullptr),
                  "not certified");
  const VerifiedSafe safe = safe_of(first_);
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets);
  EXPECT_TAMPERED(make_shares(first_.directory(), safe, secrets->shares, std::array{access::PersonId::generate(3)}),
                  "not certified");
  EXPECT_TAMPERED(make_shares(first_.directory(), safe, secrets->shares, std::array{third_.id()}),
                  "no certified custodian");
}

TEST_F(SafeSecretsTest, AWrapThatTheLedgerDoesNotNameIsRefused) {
  const VerifiedSafe safe = safe_of(first_);
  auto keys = first_.session->get<wire::SafeKeysView>("/v1/safes/" + safe_.to_string() + "/keys");
  ASSERT_TRUE(keys);
  const Identity& own = first_.session->keys().identity;
  EXPECT_TRUE(open_safe_keys(*keys, own, first_.id(), safe));
  // The right secrets, in a file that the operator made.
  const auto secrets = open_safe_keys(*keys, own, first_.id(), safe);
  keys->wrap = *make_wrap(safe_, 0, secrets->identities[0], secrets->shares, own.recipient());
  EXPECT_TAMPERED(open_safe_keys(*keys, own, first_.id(), safe), "the ledger names");
  keys->epoch = 1;
  EXPECT_EQ(open_safe_keys(*keys, own, first_.id(), safe).code(), Errc::conflict);
}

TEST_F(SafeSecretsTest, EveryCustodianCanOpenTheirShareAndAllThreeGiveTheKey) {
  const auto made = make_epoch(lead_.directory(), safe_, 0, std::array{first_.id()}, nullptr);
  ASSERT_TRUE(made) << made.error().message;
  VerifiedSafe safe;
  safe.safe = safe_;
  safe.epochs.resize(1);
  safe.epochs[0].recipient = made->key.recipient;
  safe.epochs[0].commitments = made->key.commitments;
  std::vector<ShareSecret> shares;
  for (std::size_t i = 0; i < 3; ++i) {
    const Client& custodian = custodians_[2 * i];
    const auto named = std::ranges::find(made->key.shares, custodian.id(), &wire::Share::custodian);
    ASSERT_NE(named, made->key.shares.end());
    const auto value =
        std::ranges::find(made->values, named->digest, [](const Bytes& b) { return vault::crypto::sha256(b); });
    ASSERT_NE(value, made->values.end());
    const Identity& own = custodian.session->keys().identity;
    EXPECT_FALSE(open_share(*value, own, safe, 0, partner((i + 1) % 3)));
    EXPECT_FALSE(open_share(*value, first_.session->keys().identity, safe, 0, partner(i)));
    auto share = open_share(*value, own, safe, 0, partner(i));
    ASSERT_TRUE(share) << share.error().message;
    shares.push_back(std::move(*share));
  }
  EXPECT_EQ(Identity(std::move(*join_shares(shares))).recipient(), made->key.recipient);
}

TEST_F(SafeSecretsTest, ALinkToAnEarlierEpochThatTheLedgerDoesNotNameIsRefused) {
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  first_.sync();
  const VerifiedSafe safe = safe_of(first_);
  auto keys = first_.session->get<wire::SafeKeysView>("/v1/safes/" + safe_.to_string() + "/keys");
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->previous.size(), 1U);
  keys->previous[0].back() ^= std::byte{1};
  EXPECT_TAMPERED(open_safe_keys(*keys, first_.session->keys().identity, first_.id(), safe), "the ledger names");
  keys->previous.clear();
  EXPECT_TAMPERED(open_safe_keys(*keys, first_.session->keys().identity, first_.id(), safe), "every earlier epoch");
}

TEST_F(SafeSecretsTest, AKeyholderReadsASafeWithTheChainAndTheKey) {
  const auto readable = open_for_reading(*first_.session, first_.directory(), safe_);
  ASSERT_TRUE(readable) << readable.error().message;
  EXPECT_TRUE(readable->safe.keyholder(first_.id()));
  EXPECT_NE(readable->keys(), nullptr);
  const auto staff = open_for_reading(*third_.session, third_.directory(), safe_);
  ASSERT_TRUE(staff) << staff.error().message;
  EXPECT_FALSE(staff->safe.epochs.empty());
  EXPECT_EQ(staff->keys(), nullptr);
}

}  // namespace
}  // namespace cli::client::testing
