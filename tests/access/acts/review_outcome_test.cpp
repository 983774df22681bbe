// Tests how the outcome is sent, answered and acknowledged. A test of a paragraph of the guidance is named after it.
#include "tests/access/acts/review_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST_F(Review, Guidance_4_7_1_TheOutcomeGoesOutAfterThreeAnswersWithinTwoWorkingDays) {
  to_decided();
  expect_conflict(send_outcome(), "agreed first (4.6.3)");
  expect_done(answer(authority_root_, authority_));
  expect_done(answer(icb_root_, icb_));
  expect_conflict(send_outcome(), "no answer yet from police");
  expect_done(answer(police_root_, police_));
  expect_conflict(
      act(spoc_.id,
          wire::SendOutcome{
              case_, file(spoc_, RecordClass::document_4), file(spoc_, RecordClass::document_5), random_digest(), {}}),
      "the Document 4 that the meeting completed");
  on("2026-12-07");
  expect_conflict(send_outcome(), "(4.7.1)");
  expect_done(send_outcome(random_digest()));
  EXPECT_TRUE(review().outcome->outcome_late);
  EXPECT_FALSE(review().outcome->review_late);
  EXPECT_EQ(case_row().stage, Stage::outcome_sent);
  expect_conflict(send_outcome(random_digest()), "(4.7.1)");
}

TEST_F(Review, Guidance_4_2_2_AReviewAfterFifteenWorkingDaysNeedsAReason) {
  to_scoping();
  expect_done(meet("2026-12-09"));
  on("2026-12-09");
  expect_done(act(spoc_.id, attendance()));
  expect_done(decide_on());
  all_agree();
  on("2026-12-11");  // in time for the outcome, but the whole review was due the day before
  expect_conflict(send_outcome(), "(4.2.2)");
  expect_done(send_outcome(random_digest()));
  EXPECT_FALSE(review().outcome->outcome_late);
  EXPECT_TRUE(review().outcome->review_late);
}

TEST_F(Review, Guidance_4_7_2_AgenciesAndTheReferrerAreInformedAndAcknowledge) {
  const auto inform = [&](const AgencyId& id, const std::optional<CopyId>& copy = {}) {
    return act(spoc_.id, wire::InformAgencies{case_, {{id, copy}}});
  };
  to_decided();
  expect_conflict(inform(school_), "(4.7.2)");
  all_agree();
  expect_done(send_outcome());
  expect_conflict(act(lead_.id, wire::AcknowledgeOutcome{case_, school_}), "not been informed");
  expect_conflict(inform(police_), "has not been asked");
  const RecordId outcome = review().outcome->document_4;
  expect_invalid(inform(school_, give({outcome}, other_lead_)), "a member of the agency");
  expect_done(inform(school_, give({outcome}, lead_)));
  EXPECT_TRUE(wire::from_json<wire::OutcomeInformed>(entries_.back().body.detail, wire::Strictness::exact)->referrer);
  expect_conflict(inform(school_), "already");
  expect_refused(act(first_.id, wire::AcknowledgeOutcome{case_, school_}), "asked-lead");
  expect_refused(act(other_lead_.id, wire::AcknowledgeOutcome{case_, school_}), "asked-lead");
  expect_done(act(lead_.id, wire::AcknowledgeOutcome{case_, school_}));
  expect_conflict(act(lead_.id, wire::AcknowledgeOutcome{case_, school_}), "already");
}

TEST_F(Review, Guidance_4_7_1_ThePanelsAnswerFollowsWhatItWasSent) {
  const auto answered = [&](const std::string& when, const std::optional<RecordId>& record = {}) {
    return act(spoc_.id, wire::RecordPanelAnswer{case_, PanelAnswer::agreed, day(when), record});
  };
  to_decided();
  expect_conflict(answered("2026-12-02"), "(4.7.1)");
  all_agree();
  expect_done(send_outcome());
  expect_invalid(answered("2026-12-01"), "between");
  expect_invalid(answered("2026-12-03"), "between");
  expect_error(answered("2026-12-02", new_id<RecordId>()), Errc::not_found);
  expect_done(answered("2026-12-02", file(spoc_, RecordClass::correspondence)));
  EXPECT_EQ(review().outcome->panel_answer, PanelAnswer::agreed);
}

TEST_F(Review, Guidance_4_7_3_AnAgencyRecordsEachInspectorateOnce) {
  const auto notified = [&](const Member& who, Inspectorate body, const std::string& when = "2026-11-20") {
    return act(who.id, wire::RecordInspectorate{case_, school_, body, day(when)});
  };
  expect_refused(notified(spoc_, Inspectorate::ofsted), "asked-lead");
  expect_invalid(notified(lead_, Inspectorate::ofsted, "2026-11-23"), "between");
  expect_done(notified(lead_, Inspectorate::ofsted));
  expect_conflict(notified(lead_, Inspectorate::ofsted), "already");
  expect_conflict(notified(lead_, Inspectorate::none_required), "one was required");
  expect_done(notified(lead_, Inspectorate::cqc));
}

}  // namespace
}  // namespace strongroom::access::testing
