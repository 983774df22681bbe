#include "cli/client/duties.h"

#include <boost/json.hpp>

#include <gmock/gmock.h>

#include "cli/client/safes.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

using access::NominationState;

class DutiesTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
};

TEST_F(DutiesTest, ANomineeIsWrappedForConfirmsAndIsAKeyholder) {
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

TEST_F(DutiesTest, NobodyNewGetsAKeyWithoutAnAnswer) {
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

TEST_F(DutiesTest, SomebodyWhoHeldTheKeyBeforeAPauseGetsItBackWithoutAQuestion) {
  ASSERT_DONE(lead_.session->act(wire::PauseNomination{safe_, second_.id(), {}}));
  ASSERT_DONE(lead_.session->act(wire::ResumeNomination{safe_, second_.id()}));
  const auto done = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 1U);
  EXPECT_TRUE(done->front().done) << done->front().text;
  // After their nomination has ended they count as somebody new.
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  first_.sync();
  ASSERT_DONE(nominate(*lead_.session, lead_.directory(), safe_, {second_.id(), access::Involvement::none, ""}));
  const auto again = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), 1U);
  EXPECT_FALSE(again->front().done);
}

TEST_F(DutiesTest, AfterANominationEndedANewEpochBeginsAndOldRecordsStayOpenToTheRest) {
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

TEST_F(DutiesTest, SharesAreCompletedForACustodianCertifiedLater) {
  custodians_.push_back(invite_client(icb_root_, partner(1), {access::Role::custodian}, "Third custodian"));
  const auto done = first_.sync();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].duty, "shares");
  EXPECT_EQ(safe_of(first_).current().shares.size(), 7U);
}

TEST_F(DutiesTest, AServiceThatAsksToWrapForAStrangerIsRefused) {
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
