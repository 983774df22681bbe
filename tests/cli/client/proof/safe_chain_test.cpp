#include "cli/client/proof/safe_chain.h"

#include <algorithm>

#include "cli/client/proof/safe_secrets.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using vault::age::Identity;

class SafeChainTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
  static std::vector<VerifiedEntry> chain_of(Client& client, const access::SafeId& safe) {
    const std::string path = "/v1/safes/" + safe.to_string() + "/chains/";
    auto keys = client.session->chain(path + "keys", access::ChainSort::keys);
    auto recovery = client.session->chain(path + "recovery", access::ChainSort::recovery);
    EXPECT_TRUE(keys) << keys.error().message;
    EXPECT_TRUE(recovery) << recovery.error().message;
    auto entries = in_order({std::move(*keys), std::move(*recovery)});
    EXPECT_TRUE(entries) << entries.error().message;
    return std::move(*entries);
  }
  std::vector<VerifiedEntry> chain_of(Client& client) { return chain_of(client, safe_); }
  // An opening that the operator would like to show instead of the school's.
  wire::OpenSafe substitute() {
    const auto made = make_epoch(lead_.directory(), safe_, 0, std::array{first_.id()}, nullptr);
    EXPECT_TRUE(made);
    return {case_, safe_, school_, made->key, {{first_.id(), access::Involvement::none, {}}}, {}};
  }
  // Makes an entry for the projection that looks like those of the chain.
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

TEST_F(SafeChainTest, ASafesCertifiedKeyIsWhatItsKeyholdersOpen) {
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

TEST_F(SafeChainTest, AReviewSafeIsProvedByItsReferral) {
  const auto safe = verify_safe(*spoc_.session, spoc_.directory(), review_safe_);
  ASSERT_TRUE(safe) << safe.error().message;
  EXPECT_FALSE(safe->agency);
  EXPECT_EQ(safe->case_, case_);
  EXPECT_TRUE(safe->current().wraps.contains(spoc_.id()));
}

TEST_F(SafeChainTest, ASubstitutedSafeKeyIsRefused) {
  auto entries = chain_of(lead_);
  // Only the recipient is exchanged, so the lead's signature no longer covers the entry.
  auto event = *event_of<wire::SafeOpened>(entries[0].body);
  event.key.recipient = Identity::generate().recipient();
  entries[0].body.detail = wire::to_json(event);
  EXPECT_TAMPERED(verify(entries), "not what its signer asked for");
}

TEST_F(SafeChainTest, ASafeOpenedWithTheOperatorsOwnKeyIsRefused) {
  const auto command = substitute();
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *lead_.session, vault::crypto::SigningKey::generate())};
  EXPECT_TAMPERED(verify(entries), "not signed by the person");
}

TEST_F(SafeChainTest, ASafeOpenedByAPractitionerIsRefused) {
  const auto command = substitute();
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *third_.session, third_.session->keys().signing)};
  EXPECT_TAMPERED(verify(entries), "not permitted");
}

TEST_F(SafeChainTest, AnotherSafesOpeningIsRefused) {
  const auto entries = chain_of(lead_);
  EXPECT_TAMPERED(verify_safe_chain(lead_.directory(), access::SafeId::generate(9), entries), "another safe");
  EXPECT_TAMPERED(verify({}), "does not show how this safe was opened");
}

// The right person signed, but the service must not accept everybody: some people may not be nominated.
TEST_F(SafeChainTest, ANominationOfSomebodyWhoMayNotBeNominatedIsRefused) {
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
    EXPECT_TAMPERED(verify(entries), "nominated who may not hold");
  }
  auto command = substitute();
  command.representatives = {{spoc_.id(), access::Involvement::none, {}}};
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array opening{entry(command, event, *lead_.session, lead_.session->keys().signing)};
  EXPECT_TAMPERED(verify(opening), "nominated who may not hold");

  auto review = chain_of(spoc_, review_safe_);
  review.push_back(nominate(review_safe_, police_root_.id(), spoc_));
  EXPECT_TRUE(verify_safe_chain(spoc_.directory(), review_safe_, review));
  review.back() = nominate(review_safe_, third_.id(), spoc_);
  EXPECT_TAMPERED(verify_safe_chain(spoc_.directory(), review_safe_, review), "nominated who may not hold");
  review.back() = nominate(review_safe_, police_root_.id(), lead_);
  EXPECT_TAMPERED(verify_safe_chain(spoc_.directory(), review_safe_, review), "not permitted");
}

TEST_F(SafeChainTest, AnEndedNominationStaysEndedWhateverTheServiceLetsPass) {
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

TEST_F(SafeChainTest, AnEpochStartedByAnybodyButAKeyholderIsRefused) {
  auto entries = chain_of(lead_);
  const Identity old = Identity::generate();
  const auto made = make_epoch(lead_.directory(), safe_, 1, std::array{third_.id()}, &old);
  ASSERT_TRUE(made);
  const wire::StartEpoch command{safe_, 1, made->key};
  entries.push_back(
      entry(command, wire::EpochStarted{safe_, 1, made->key}, *third_.session, third_.session->keys().signing));
  EXPECT_TAMPERED(verify(entries), "not permitted");
}

TEST_F(SafeChainTest, AnEpochThatSkipsOneIsRefused) {
  auto entries = chain_of(lead_);
  const Identity old = Identity::generate();
  const auto made = make_epoch(lead_.directory(), safe_, 2, std::array{first_.id()}, &old);
  const wire::StartEpoch command{safe_, 2, made->key};
  entries.push_back(
      entry(command, wire::EpochStarted{safe_, 2, made->key}, *first_.session, first_.session->keys().signing));
  EXPECT_TAMPERED(verify(entries), "gap");
}

TEST_F(SafeChainTest, ACommitmentForAnAgencyThatIsNoPartnerIsRefused) {
  auto command = substitute();
  command.key.commitments[0].partner = school_;
  const wire::SafeOpened event{command.case_, command.safe, command.agency, command.key, command.representatives, {}};
  const std::array entries{entry(command, event, *lead_.session, lead_.session->keys().signing)};
  EXPECT_TAMPERED(verify(entries), "one share for each partner");
}

// A refused command is signed too. An entry made from it must not end a nomination.
TEST_F(SafeChainTest, ARevocationThatTheDirectoryDoesNotHaveEndsNoNomination) {
  const wire::RevokePerson command{second_.id(), {}};
  auto body = body_of(wire::NominationEnded{safe_, second_.id(), {}}, third_.id().to_string(),
                      signed_request(command, third_.id().to_string(), third_.session->keys().signing, vault_.now()));
  body.ids = {case_, safe_, school_, second_.id(), std::nullopt};
  vault_.forge(body);
  EXPECT_TAMPERED(verify_safe(*first_.session, first_.directory(), safe_), "the directory does not have");
}

// Signed while second_ was a keyholder, and entered after their nomination has ended.
TEST_F(SafeChainTest, ANewEpochForSomebodyWhoseNominationHasEndedIsRefused) {
  const VerifiedSafe safe = safe_of(first_);
  const auto secrets = open_safe(*first_.session, safe);
  ASSERT_TRUE(secrets) << secrets.error().message;
  const std::vector keyholders{first_.id(), second_.id()};
  const auto epoch = make_epoch(first_.directory(), safe_, 1, keyholders, &secrets->identities.back());
  ASSERT_TRUE(epoch) << epoch.error().message;
  const wire::StartEpoch command{safe_, 1, epoch->key};
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  auto body = body_of(wire::EpochStarted{safe_, 1, epoch->key}, first_.id().to_string(),
                      signed_request(command, first_.id().to_string(), first_.session->keys().signing, vault_.now()));
  body.ids = {case_, safe_, school_, {}, {}};
  vault_.forge(body);
  EXPECT_TAMPERED(verify_safe(*third_.session, third_.directory(), safe_), "did not hold the one before");
}

TEST_F(SafeChainTest, SomebodyWhoHoldsTheKeyIsNotNominatedAgain) {
  const wire::MakeNomination command{safe_, {second_.id(), access::Involvement::none, {}}};
  auto body = body_of(wire::NominationMade{safe_, command.nominee, false}, lead_.id().to_string(),
                      signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now()));
  body.ids = {case_, safe_, school_, second_.id(), {}};
  vault_.forge(body);
  EXPECT_TAMPERED(verify_safe(*third_.session, third_.directory(), safe_), "nominated already");
}

}  // namespace
}  // namespace cli::client::testing
