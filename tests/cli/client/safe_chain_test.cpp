#include "cli/client/proof/safe_secrets.h"

#include <algorithm>
#include <boost/json.hpp>

#include <gmock/gmock.h>

#include "cli/client/safes.h"
#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client::testing {
namespace {

using access::NominationState;
using vault::age::Identity;

// --- shares, wraps and links, without a vault -----------------------------------------------------------------------

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

// --- between clients ------------------------------------------------------------------------------------------------

class SafeKeysTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
  std::vector<VerifiedEntry> chain_of(Client& client) {
    auto entries = client.session->entries("/v1/safes/" + safe_.to_string() + "/chain");
    EXPECT_TRUE(entries) << entries.error().message;
    return std::move(*entries);
  }
  // What the operator would put in the place of the school's safe.
  wire::OpenSafe substitute() {
    const auto made = make_epoch(lead_.directory(), safe_, 0, std::array{first_.id()}, nullptr);
    EXPECT_TRUE(made);
    return {case_, safe_, school_, made->key, {{first_.id(), access::Involvement::none, {}}}, {}};
  }
  // An entry that looks like those of the chain, for the projection alone.
  template <class Command, class Event>
  VerifiedEntry entry(const Command& command, const Event& event, Session& by, const vault::crypto::SigningKey& key) {
    VerifiedEntry made;
    made.envelope.seq = {by.checkpoint()->checkpoint.size.value + 10};
    made.envelope.time = vault_.now();
    made.body =
        body_of(event, by.person().to_string(), signed_request(command, by.person().to_string(), key, vault_.now()));
    return made;
  }
  Result<VerifiedSafe> verify(std::span<const VerifiedEntry> entries) {
    return verify_safe_chain(lead_.directory(), safe_, entries);
  }
};

TEST_F(SafeKeysTest, ASafesCertifiedKeyIsWhatItsKeyholdersOpen) {
  const VerifiedSafe safe = safe_of(third_);
  EXPECT_EQ(safe.agency, school_);
  EXPECT_TRUE(safe.keyholder(first_.id()));
  EXPECT_TRUE(safe.keyholder(second_.id()));
  EXPECT_FALSE(safe.keyholder(third_.id()));
  EXPECT_EQ(safe.current().maker, lead_.id());
  EXPECT_EQ(safe.current().shares.size(), 6U);
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets) << secrets.error().message;
  EXPECT_EQ(secrets->identities.back().recipient(), safe.current().recipient);
}

TEST_F(SafeKeysTest, AReviewSafeIsProvedByItsReferral) {
  const auto safe = verify_safe(*spoc_.session, spoc_.directory(), review_safe_);
  ASSERT_TRUE(safe) << safe.error().message;
  EXPECT_FALSE(safe->agency);
  EXPECT_EQ(safe->case_, case_);
  EXPECT_TRUE(safe->current().wraps.contains(spoc_.id()));
}

TEST_F(SafeKeysTest, ASubstitutedSafeKeyIsRefused) {
  auto entries = chain_of(lead_);
  // The recipient alone is exchanged: the lead's signature no longer covers the entry.
  auto event = *event_of<wire::SafeOpened>(entries[0].body);
  event.key.recipient = Identity::generate().recipient();
  entries[0].body.detail = wire::to_json(event);
  EXPECT_TAMPERED(verify(entries), "not what its signer asked for");
}

TEST_F(SafeKeysTest, ASafeOpenedWithTheOperatorsOwnKeyIsRefused) {
  const auto command = substitute();
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *lead_.session, vault::crypto::SigningKey::generate())};
  EXPECT_TAMPERED(verify(entries), "not signed by the person");
}

TEST_F(SafeKeysTest, ASafeOpenedByAPractitionerIsRefused) {
  const auto command = substitute();
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *third_.session, third_.session->keys().signing)};
  EXPECT_TAMPERED(verify(entries), "not permitted");
}

TEST_F(SafeKeysTest, AnotherSafesOpeningIsRefused) {
  const auto entries = chain_of(lead_);
  EXPECT_TAMPERED(verify_safe_chain(lead_.directory(), access::SafeId::generate(9), entries), "another safe");
  EXPECT_TAMPERED(verify({}), "no opening");
}

// Signed by whom it should be, yet the service decides: nobody becomes a keyholder who may not be nominated.
TEST_F(SafeKeysTest, ANominationOfSomebodyWhoMayNotBeNominatedIsRefused) {
  const auto nominate = [&](const access::SafeId& safe, const access::PersonId& whom, Client& by) {
    const wire::MakeNomination command{safe, {whom, access::Involvement::none, {}}};
    const wire::NominationMade event{safe, command.nominee};
    return entry(command, event, *by.session, by.session->keys().signing);
  };
  auto entries = chain_of(lead_);
  entries.push_back(nominate(safe_, third_.id(), lead_));
  EXPECT_TRUE(verify(entries));
  entries.back() = nominate(safe_, lead_.id(), lead_);
  EXPECT_TRUE(verify(entries));
  for (const Client* stranger : {&spoc_, &authority_root_, &custodians_[0]}) {
    entries.back() = nominate(safe_, stranger->id(), lead_);
    EXPECT_TAMPERED(verify(entries), "nominated who may not be");
  }
  auto command = substitute();
  command.representatives = {{spoc_.id(), access::Involvement::none, {}}};
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array opening{entry(command, event, *lead_.session, lead_.session->keys().signing)};
  EXPECT_TAMPERED(verify(opening), "nominated who may not be");

  auto review = spoc_.session->entries("/v1/safes/" + review_safe_.to_string() + "/chain");
  ASSERT_TRUE(review);
  review->push_back(nominate(review_safe_, police_root_.id(), spoc_));
  EXPECT_TRUE(verify_safe_chain(spoc_.directory(), review_safe_, *review));
  review->back() = nominate(review_safe_, third_.id(), spoc_);
  EXPECT_TAMPERED(verify_safe_chain(spoc_.directory(), review_safe_, *review), "nominated who may not be");
  review->back() = nominate(review_safe_, police_root_.id(), lead_);
  EXPECT_TAMPERED(verify_safe_chain(spoc_.directory(), review_safe_, *review), "not permitted");
}

TEST_F(SafeKeysTest, AnEndedNominationStaysEndedWhateverTheServiceLetsPass) {
  auto entries = chain_of(lead_);
  const wire::EndNomination end{safe_, second_.id(), {}};
  const wire::NominationEnded ended{safe_, second_.id(), {}};
  entries.push_back(entry(end, ended, *third_.session, third_.session->keys().signing));
  EXPECT_TAMPERED(verify(entries), "not permitted");
  entries.back() = entry(end, ended, *lead_.session, lead_.session->keys().signing);
  const auto left = verify(entries);
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_FALSE(left->keyholder(second_.id()));
  EXPECT_FALSE(left->current().wraps.contains(second_.id()));

  const auto with = [&](VerifiedEntry last) {
    auto all = entries;
    all.push_back(std::move(last));
    return verify(all);
  };
  const wire::ConfirmNomination confirm{safe_, 0};
  EXPECT_TAMPERED(
      with(entry(confirm, wire::NominationConfirmed{safe_, 0}, *second_.session, second_.session->keys().signing)),
      "not permitted");
  const wire::WrapNomination wrap{safe_, 0, {second_.id(), {}}};
  EXPECT_TAMPERED(
      with(entry(wrap, wire::NominationWrapped{safe_, 0, wrap.wrap}, *first_.session, first_.session->keys().signing)),
      "not nominated for it");
  const Identity old = Identity::generate();
  const auto made = make_epoch(lead_.directory(), safe_, 1, std::array{second_.id()}, &old);
  ASSERT_TRUE(made);
  const wire::StartEpoch start{safe_, 1, made->key};
  EXPECT_TAMPERED(
      with(entry(start, wire::EpochStarted{safe_, 1, made->key}, *second_.session, second_.session->keys().signing)),
      "not permitted");
}

TEST_F(SafeKeysTest, AnEpochStartedByAnybodyButAKeyholderIsRefused) {
  auto entries = chain_of(lead_);
  const Identity old = Identity::generate();
  const auto made = make_epoch(lead_.directory(), safe_, 1, std::array{third_.id()}, &old);
  ASSERT_TRUE(made);
  const wire::StartEpoch command{safe_, 1, made->key};
  entries.push_back(
      entry(command, wire::EpochStarted{safe_, 1, made->key}, *third_.session, third_.session->keys().signing));
  EXPECT_TAMPERED(verify(entries), "not permitted");
}

TEST_F(SafeKeysTest, AnEpochThatSkipsOneIsRefused) {
  auto entries = chain_of(lead_);
  const Identity old = Identity::generate();
  const auto made = make_epoch(lead_.directory(), safe_, 2, std::array{first_.id()}, &old);
  const wire::StartEpoch command{safe_, 2, made->key};
  entries.push_back(
      entry(command, wire::EpochStarted{safe_, 2, made->key}, *first_.session, first_.session->keys().signing));
  EXPECT_TAMPERED(verify(entries), "gap");
}

TEST_F(SafeKeysTest, ACommitmentForAnAgencyThatIsNoPartnerIsRefused) {
  auto command = substitute();
  command.key.commitments[0].partner = school_;
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *lead_.session, lead_.session->keys().signing)};
  EXPECT_TAMPERED(verify(entries), "one share for each partner");
}

TEST_F(SafeKeysTest, NobodyUncertifiedBecomesAKeyholderOrCustodian) {
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

TEST_F(SafeKeysTest, AWrapThatTheLedgerDoesNotNameIsRefused) {
  const VerifiedSafe safe = safe_of(first_);
  auto keys = first_.session->get<wire::SafeKeysView>("/v1/safes/" + safe_.to_string() + "/keys");
  ASSERT_TRUE(keys);
  const Identity& own = first_.session->keys().identity;
  EXPECT_TRUE(open_safe_keys(*keys, own, first_.id(), safe));
  // The right secrets in a file of the operator's own making.
  const auto secrets = open_safe_keys(*keys, own, first_.id(), safe);
  keys->wrap = *make_wrap(safe_, 0, secrets->identities[0], secrets->shares, own.recipient());
  EXPECT_TAMPERED(open_safe_keys(*keys, own, first_.id(), safe), "the ledger names");
  keys->epoch = 1;
  EXPECT_EQ(open_safe_keys(*keys, own, first_.id(), safe).code(), Errc::conflict);
}

TEST_F(SafeKeysTest, EveryCustodianCanOpenTheirShareAndAllThreeGiveTheKey) {
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

TEST_F(SafeKeysTest, ANomineeIsWrappedForConfirmsAndIsAKeyholder) {
  ASSERT_DONE(nominate(*lead_.session, lead_.directory(), safe_, {third_.id(), access::Involvement::none, ""}));
  EXPECT_EQ(safe_of(lead_).nominations.at(third_.id()), NominationState::pending);
  const auto wrapped = first_.sync();
  ASSERT_EQ(wrapped.size(), 1U);
  EXPECT_EQ(wrapped[0].duty, "wrap");
  const auto confirmed = third_.sync();
  ASSERT_EQ(confirmed.size(), 1U);
  EXPECT_EQ(confirmed[0].duty, "confirm");
  EXPECT_TRUE(safe_of(lead_).keyholder(third_.id()));
  EXPECT_TRUE(open_safe(*third_.session, safe_of(third_)));
}

TEST_F(SafeKeysTest, NobodyNewGetsAKeyWithoutAnAnswer) {
  ASSERT_DONE(nominate(*lead_.session, lead_.directory(), safe_, {third_.id(), access::Involvement::none, ""}));
  std::vector<Question> asked;
  for (const Consent answer : {Consent::unanswered, Consent::no}) {
    const auto done = client::sync(*first_.session, first_.directory(), [&](const Question& question) {
      asked.push_back(question);
      return answer;
    });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->size(), 1U);
    EXPECT_EQ(done->front().duty, "wrap");
    EXPECT_FALSE(done->front().done);
    EXPECT_EQ(done->front().code, Errc::conflict);
    EXPECT_FALSE(safe_of(first_).current().wraps.contains(third_.id()));
  }
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].person, third_.id());
  EXPECT_EQ(asked[0].fingerprint, fingerprint(third_.session->keys().signing.verify_key()));
  ASSERT_EQ(asked[0].safes.size(), 1U);
  EXPECT_EQ(asked[0].safes[0].safe, safe_);
  EXPECT_EQ(asked[0].safes[0].by, lead_.id());
  EXPECT_FALSE(asked[0].copy);
}

TEST_F(SafeKeysTest, SomebodyWhoHeldTheKeyBeforeAPauseGetsItBackWithoutAQuestion) {
  ASSERT_DONE(lead_.session->act(wire::PauseNomination{safe_, second_.id(), {}}));
  ASSERT_DONE(lead_.session->act(wire::ResumeNomination{safe_, second_.id()}));
  const auto done = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 1U);
  EXPECT_TRUE(done->front().done) << done->front().text;
  // After an end they are somebody new.
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  first_.sync();
  ASSERT_DONE(nominate(*lead_.session, lead_.directory(), safe_, {second_.id(), access::Involvement::none, ""}));
  const auto again = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), 1U);
  EXPECT_FALSE(again->front().done);
}

// A refused command is signed too: shown as an entry that follows from it, it would end a nomination.
TEST_F(SafeKeysTest, ARevocationThatTheDirectoryDoesNotHaveEndsNoNomination) {
  const wire::RevokePerson command{second_.id(), {}};
  auto body = body_of(wire::NominationEnded{safe_, second_.id(), {}}, third_.id().to_string(),
                      signed_request(command, third_.id().to_string(), third_.session->keys().signing, vault_.now()));
  body.ids = {case_, safe_, school_, second_.id(), std::nullopt};
  vault_.forge(case_, body);
  EXPECT_TAMPERED(verify_safe(*first_.session, first_.directory(), safe_), "the directory does not have");
}

// Signed while second_ was a keyholder, and entered after their nomination has ended.
TEST_F(SafeKeysTest, ANewEpochForSomebodyWhoseNominationHasEndedIsRefused) {
  const VerifiedSafe safe = safe_of(first_);
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets) << secrets.error().message;
  const std::vector keyholders{first_.id(), second_.id()};
  const auto epoch = make_epoch(first_.directory(), safe_, 1, keyholders, &secrets->identities.back());
  ASSERT_TRUE(epoch) << epoch.error().message;
  const wire::StartEpoch command{safe_, 1, epoch->key};
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  vault_.forge(case_,
               body_of(wire::EpochStarted{safe_, 1, epoch->key}, first_.id().to_string(),
                       signed_request(command, first_.id().to_string(), first_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(verify_safe(*third_.session, third_.directory(), safe_), "did not hold the one before");
}

TEST_F(SafeKeysTest, SomebodyWhoHoldsTheKeyIsNotNominatedAgain) {
  const wire::MakeNomination command{safe_, {second_.id(), access::Involvement::none, {}}};
  vault_.forge(case_,
               body_of(wire::NominationMade{safe_, command.nominee, false}, lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(verify_safe(*third_.session, third_.directory(), safe_), "nominated already");
}

TEST_F(SafeKeysTest, AfterANominationEndedANewEpochBeginsAndOldRecordsStayOpenToTheRest) {
  const auto secured = secure_files(third_, {{"old.txt", "before"}});
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  const auto done = first_.sync();
  ASSERT_FALSE(done.empty());
  EXPECT_EQ(done[0].duty, "epoch");
  const VerifiedSafe safe = safe_of(first_);
  ASSERT_EQ(safe.epochs.size(), 2U);
  EXPECT_NE(safe.epochs[0].recipient, safe.epochs[1].recipient);
  EXPECT_FALSE(safe.current().wraps.contains(second_.id()));
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets) << secrets.error().message;
  ASSERT_EQ(secrets->identities.size(), 2U);
  EXPECT_EQ(secrets->identities[0].recipient(), safe.epochs[0].recipient);
  secure_files(third_, {{"new.txt", "after"}});
  const auto listed = list_records(*first_.session, first_.directory(), safe, &*secrets);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].descriptor->name, "old.txt");
  EXPECT_EQ((*listed)[0].view.epoch, 0U);
  EXPECT_EQ((*listed)[1].view.epoch, 1U);
}

TEST_F(SafeKeysTest, ALinkToAnEarlierEpochThatTheLedgerDoesNotNameIsRefused) {
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  first_.sync();
  const VerifiedSafe safe = safe_of(first_);
  auto keys = first_.session->get<wire::SafeKeysView>("/v1/safes/" + safe_.to_string() + "/keys");
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->previous.size(), 1U);
  keys->previous[0].back() ^= std::byte{1};
  EXPECT_TAMPERED(open_safe_keys(*keys, first_.session->keys().identity, first_.id(), safe), "the ledger names");
  keys->previous.clear();
  EXPECT_TAMPERED(open_safe_keys(*keys, first_.session->keys().identity, first_.id(), safe), "not all there");
}

TEST_F(SafeKeysTest, SharesAreCompletedForACustodianCertifiedLater) {
  custodians_.push_back(invite_client(icb_root_, partner(1), {access::Role::custodian}, "Third custodian"));
  const auto done = first_.sync();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].duty, "shares");
  EXPECT_EQ(safe_of(first_).current().shares.size(), 7U);
}

TEST_F(SafeKeysTest, AServiceThatAsksToWrapForAStrangerIsRefused) {
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.starts_with("/v1/duties")) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    wire::DutiesView duties;
    duties.wraps.push_back({safe_, 0, third_.id()});
    body["data"] = wire::to_json(duties);
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  const auto done = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 1U);
  EXPECT_FALSE(done->front().done);
  EXPECT_EQ(done->front().code, Errc::tampered);
  EXPECT_THAT(done->front().text, ::testing::HasSubstr("nobody nominated"));
}

}  // namespace
}  // namespace cli::client::testing
