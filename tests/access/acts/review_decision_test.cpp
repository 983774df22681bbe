// Tests the decision, and the partners' answers to it. A test of a paragraph of the guidance is named after it.
#include "tests/access/acts/review_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST_F(Review, Guidance_4_6_2_NothingIsDecidedBeforeAMeetingIsSet) {
  to_scoping();
  expect_conflict(decide_on(), "the decision is taken at the Rapid Review meeting (4.6.2)");
}

TEST_F(Review, Guidance_4_6_3_EachPartnerAnswersDocument4OnceAndTheThirdFreezesIt) {
  to_decided();
  expect_invalid(answer(spoc_, school_), "three safeguarding partners");
  expect_refused(answer(icb_root_, police_), "answerer");
  expect_refused(answer(reviewer_, authority_), "answerer");
  expect_invalid(answer(authority_root_, authority_, PartnerAnswer::dissent), "a dissent needs its reasons");
  expect_done(answer(authority_root_, authority_, PartnerAnswer::dissent, random_digest()));
  expect_conflict(answer(authority_root_, authority_), "answered this version already");
  expect_conflict(answer(spoc_, authority_), "answered this version already");
  expect_conflict(send_outcome(), "no answer yet from icb, police");
  expect_done(answer(icb_root_, icb_));
  expect_done(answer(spoc_, police_));
  EXPECT_FALSE(review().decision->answers[1].by_spoc);
  EXPECT_TRUE(review().decision->answers[2].by_spoc);
  EXPECT_TRUE(review().decision->frozen);
  expect_conflict(answer(police_root_, police_), "frozen");
  expect_conflict(decide_on(), "frozen (4.6.3)");
}

TEST_F(Review, Guidance_4_6_1_NobodyAnswersForTwoPartners) {
  const auto both = invitation_to(icb_, {Role::partner});
  expect_done(act(icb_root_.id, both));
  expect_done(act(police_root_.id, joining(both.invitation, police_root_.id)));
  to_decided();
  expect_done(answer(police_root_, police_));
  expect_conflict(answer(police_root_, icb_), "two partners");
  expect_done(answer(icb_root_, icb_));
}

TEST_F(Review, ALaterVersionOfDocument4VoidsTheAnswersToTheEarlierOne) {
  to_decided();
  expect_done(answer(authority_root_, authority_));
  const RecordId record = review().decision->record;
  expect_conflict(act(spoc_.id, wire::DecideReview{case_, 2, record, ReviewDecision::neither, 0, {}}), "already");
  expect_done(decide_on(ReviewDecision::practice_review));
  EXPECT_TRUE(review().decision->answers.empty());
  expect_conflict(act(authority_root_.id, wire::AnswerDecision{case_, 1, record, authority_, PartnerAnswer::agree, {}}),
                  "at version 2");
  expect_done(answer(authority_root_, authority_));
}

TEST_F(Review, Guidance_4_6_3_OnlyAnIndependentChairEndorsesAndOnce) {
  to_decided();
  const RecordId record = review().decision->record;
  expect_refused(act(spoc_.id, wire::EndorseDecision{case_, 1, record, {}}), "chair");
  expect_conflict(act(chair_.id, wire::EndorseDecision{case_, 2, record, {}}), "another version");
  expect_conflict(act(chair_.id, wire::EndorseDecision{case_, 1, file(spoc_, RecordClass::document_4), {}}),
                  "not the Document 4 which the meeting completed (4.6.3)");
  expect_done(act(chair_.id, wire::EndorseDecision{case_, 1, record, random_digest()}));
  expect_conflict(act(chair_.id, wire::EndorseDecision{case_, 1, record, {}}), "already");
}

TEST_F(Review, AnAnswerIsToTheDocument4ThatItNamesAndToNoOther) {
  to_decided();
  const RecordId other = file(spoc_, RecordClass::document_4);
  expect_conflict(act(icb_root_.id, wire::AnswerDecision{case_, 1, other, icb_, PartnerAnswer::agree, {}}),
                  "not the Document 4 which the meeting completed (4.6.3)");
  expect_done(answer(icb_root_, icb_));
}

TEST_F(Review, ADecisionThatIsRecordedOnceItsOutcomeIsOverdueNeedsAReason) {
  to_meeting();
  on("2026-12-04");  // two working days after the meeting
  expect_done(act(spoc_.id, attendance()));
  on("2026-12-07");
  expect_conflict(decide_on(), "needs a reason");
  expect_done(decide_on(ReviewDecision::neither, random_digest()));
  EXPECT_TRUE(review().decision->late);
}

}  // namespace
}  // namespace strongroom::access::testing
