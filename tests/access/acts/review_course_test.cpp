// Tests the course of a review: its ends, steps back, moved clocks, the calendar, and every act at every stage. A test
// of a paragraph of the guidance is named after it.
#include "tests/access/acts/review_fixture.h"

namespace strongroom::access::testing {
namespace {

// --- its course ------------------------------------------------------------------------------------------------------

TEST_F(Review, ClosingLeadsToTheReviewThatWasDecidedAndNeedsAReasonWhileSomethingIsOpen) {
  to_outcome(ReviewDecision::practice_review);
  expect_conflict(act(spoc_.id, wire::CloseReview{case_, {}}), "2 agencies not informed (4.7.2)");
  expect_done(act(spoc_.id, wire::InformAgencies{case_, {{school_, {}}, {clinic_, {}}}}));
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.died = true, .in_area = true}}));
  expect_conflict(act(spoc_.id, wire::CloseReview{case_, {}}), "3 duties open (4.1.2)");
  expect_done(act(spoc_.id, wire::CloseReview{case_, random_digest()}));
  EXPECT_EQ(case_row().stage, Stage::practice_review);
  EXPECT_FALSE(review().ended);
  expect_done(act(spoc_.id, wire::CloseReview{case_, random_digest()}));
  EXPECT_EQ(case_row().stage, Stage::closed);
  EXPECT_EQ(case_row().lock, LockState::engaged);  // the lock follows rules of its own
  EXPECT_EQ(review().ended, now_);
  expect_conflict(act(spoc_.id, wire::CloseReview{case_, random_digest()}), "(4.7.1)");
}

TEST_F(Review, EveryDecisionLeadsToItsEnd) {
  const std::map<ReviewDecision, Stage> ends = {{ReviewDecision::practice_review, Stage::practice_review},
                                                {ReviewDecision::alternative_review, Stage::alternative_review},
                                                {ReviewDecision::neither, Stage::closed},
                                                {ReviewDecision::learning_acted_upon, Stage::closed}};
  to_outcome();
  for (const auto& [decision, end] : ends) {
    set_review(LockState::engaged, Stage::outcome_sent);
    auto row = review();
    row.decision->decision = decision;
    const auto txn = tables_.write();
    ASSERT_TRUE(tables_.state().put(*txn, row));
    ASSERT_TRUE(txn->commit());
    expect_done(act(spoc_.id, wire::CloseReview{case_, random_digest()}));
    EXPECT_EQ(case_row().stage, end);
  }
}

TEST_F(Review, AReviewIsDroppedBeforeItIsDecidedAndNotAfterwards) {
  expect_refused(act(lead_.id, wire::DropReview{case_, random_digest()}), "spoc");
  to_decided();
  expect_conflict(act(spoc_.id, wire::DropReview{case_, random_digest()}), "(4.6.2)");
  expect_done(act(spoc_.id, wire::StepBack{case_, Stage::scoping, random_digest()}));
  EXPECT_FALSE(review().meeting);
  EXPECT_FALSE(review().decision);
  expect_done(act(spoc_.id, wire::DropReview{case_, random_digest()}));
  EXPECT_EQ(case_row().stage, Stage::not_pursued);
  expect_conflict(meet("2026-12-03"), "(4.4.2)");
  expect_conflict(act(spoc_.id, wire::StepBack{case_, Stage::scoping, random_digest()}), "cannot be reopened");
}

TEST_F(Review, GoingBackVoidsWhatCameAfterAndVersionsGoOn) {
  to_decided();
  expect_done(answer(authority_root_, authority_));
  expect_conflict(act(spoc_.id, wire::StepBack{case_, Stage::referred, random_digest()}), "(4.3.3)");
  expect_conflict(act(spoc_.id, wire::StepBack{case_, Stage::outcome_sent, random_digest()}), "not an earlier stage");
  expect_done(act(spoc_.id, wire::StepBack{case_, Stage::meeting_set, random_digest()}));
  EXPECT_TRUE(review().attendance);
  expect_conflict(answer(icb_root_, icb_), "(4.6.3)");
  expect_done(decide_on());
  EXPECT_EQ(review().decision->version, 2U);
  expect_done(act(spoc_.id, wire::StepBack{case_, Stage::scoping, random_digest()}));
  expect_done(meet("2026-12-03"));
  EXPECT_EQ(review().meeting->number, 2U);
}

TEST_F(Review, Guidance_4_2_2_AClockIsMovedByAReasonedEntryOfTheSpoc) {
  const auto move = [&](const std::string& clock, const std::string& due, const std::optional<AgencyId>& of = {}) {
    return act(spoc_.id, wire::MoveClock{case_, clock, of, day(due), random_digest()});
  };
  expect_refused(act(lead_.id, wire::MoveClock{case_, "templates", {}, day("2026-11-30"), random_digest()}), "spoc");
  expect_invalid(move("securing", "2026-11-30"), "no such clock");
  expect_invalid(move("meeting", "2026-12-20", school_), "none of its own");
  expect_invalid(move("templates", "2026-11-21"), "between");
  expect_conflict(move("return", "2026-12-10"), "waits for its trigger");
  expect_done(move("templates", "2026-11-27", clinic_));
  on("2026-11-26");
  const auto forms = [&](const AgencyId& to) {
    return wire::AgencyTemplates{to, file(spoc_, RecordClass::document_2), file(spoc_, RecordClass::document_3), {}};
  };
  expect_conflict(send({forms(school_)}), "due by 2026-11-24");
  expect_done(send({forms(clinic_)}));
  expect_conflict(move("templates", "2026-11-30", clinic_), "met already");
  expect_done(move("return", "2026-12-20"));
  expect_done(move("return", "2026-12-21"));
  EXPECT_EQ(review().moved.size(), 2U);
}

// --- the calendar ----------------------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_2_2_AnImportedBankHolidayMovesEveryClock) {
  const auto import = [&](const Member& who, const std::vector<Date>& added, const std::vector<Date>& removed) {
    auto row = *tables_.state().calendar(*tables_.read());
    std::vector<review::Holiday> more;
    for (const Date& one : added) more.push_back({one, {}});
    const auto after = calendar_of(row)->without(removed).merged_with(more);
    return act(who.id, wire::ImportCalendar{added, removed, after->digest()});
  };
  expect_refused(import(lead_, {day("2026-11-24")}, {}), "spoc-or-partner");
  expect_done(import(icb_root_, {day("2026-11-24")}, {}));
  expect_conflict(import(spoc_, {day("2026-11-24")}, {}), "already");
  expect_conflict(import(spoc_, {}, {}), "already");
  expect_conflict(import(spoc_, {}, {day("2026-11-25")}), "is no bank holiday");
  expect_invalid(import(spoc_, {}, {day("2026-01-01")}), "not in the future");
  expect_invalid(import(spoc_, {day("2031-12-25"), day("2030-12-25")}, {}), "in order");
  expect_invalid(import(spoc_, {day("1999-12-27")}, {}), "1999");
  expect_conflict(act(spoc_.id, wire::ImportCalendar{{day("2029-01-01")}, {}, random_digest()}), "not the signed one");
  std::vector<Date> many;
  for (std::size_t i = 0; i <= kMaxCalendarChanges; ++i)
    many.push_back(review::plus_days(day("2040-01-01"), static_cast<int>(i)));
  expect_error(import(spoc_, many, {}), Errc::too_large);

  on("2026-11-25");  // this is the second working day now
  expect_done(send({{school_, file(spoc_, RecordClass::document_2), file(spoc_, RecordClass::document_3), {}}}));
  const auto sent = *wire::from_json<wire::TemplatesSent>(entries_.back().body.detail, wire::Strictness::exact);
  EXPECT_EQ(sent.due, day("2026-11-25"));
  EXPECT_NE(sent.calendar, review::Calendar::shipped().digest());
  // Removes a bank holiday in the future, and adds it again.
  expect_done(import(spoc_, {}, {day("2026-12-25")}));
  EXPECT_EQ(tables_.state().calendar(*tables_.read())->removed.size(), 1U);
  expect_done(import(spoc_, {day("2026-12-25")}, {}));
  EXPECT_TRUE(tables_.state().calendar(*tables_.read())->removed.empty());
}

// --- every act at every stage ----------------------------------------------------------------------------------------

TEST_F(Review, EveryActAtEveryStageIsAConflictWhereTheStageMachineSaysSo) {
  to_outcome();  // there are rows of every kind
  const auto try_at = [&](review::Step step, Stage stage, const auto& command, const Member& who) {
    set_review(LockState::engaged, stage);
    const auto txn = tables_.read();
    const auto outcome = decide(tables_.state(), *txn, Actor{who.id.to_string(), who.id, std::nullopt},
                                verified_act(command.kKind, wire::encode(command), who.id.to_string(), now_), now_, {});
    const std::string pair = std::string(command.kKind) + " at " + wire::enum_name(stage);
    const bool forbidden =
        !outcome && outcome.code() == Errc::conflict && outcome.error().message == review::sentence_of(step);
    EXPECT_EQ(forbidden, !review::is_possible_at(step, stage)) << pair << ": " << message(outcome);
  };
  using review::Step;
  const Digest reason = random_digest();
  const RecordId any = review().decision->record;
  for (const Stage stage : wire::kEnumValues<Stage>) {
    const auto at = [&](Step step, const auto& command, const Member& who) { try_at(step, stage, command, who); };
    at(Step::answer_duties, wire::AnswerDuties{case_, {}}, spoc_);
    at(Step::record_duty, wire::RecordDuty{case_, Duty::panel, day("2026-11-20"), {}}, spoc_);
    at(Step::send_templates, wire::SendTemplates{case_, {{police_, any, any, {}}}, reason}, spoc_);
    at(Step::return_scoping, wire::ReturnScoping{case_, school_, 1, {}, {"child-1"}, reason}, lead_);
    at(Step::set_meeting, wire::ScheduleMeeting{case_, 2, day("2026-12-04"), {}, {}, reason}, spoc_);
    at(Step::share_pack, wire::SharePack{case_, PackSharing::tabled, {{spoc_.id, new_id<CopyId>()}}}, spoc_);
    at(Step::record_attendance, attendance(), spoc_);
    at(Step::answer_document, wire::AnswerDecision{case_, 9, any, police_, PartnerAnswer::agree, {}}, spoc_);
    at(Step::decide, wire::DecideReview{case_, 2, any, ReviewDecision::neither, 1, reason}, spoc_);
    at(Step::endorse, wire::EndorseDecision{case_, 1, any, {}}, chair_);
    at(Step::send_outcome, wire::SendOutcome{case_, any, any, reason, reason}, spoc_);
    at(Step::inform, wire::InformAgencies{case_, {{police_, {}}}}, spoc_);
    at(Step::acknowledge, wire::AcknowledgeOutcome{case_, school_}, lead_);
    at(Step::record_panel_answer, wire::RecordPanelAnswer{case_, {}, day("2026-12-03"), {}}, spoc_);
    at(Step::record_inspectorate, wire::RecordInspectorate{case_, school_, {}, day("2026-11-20")}, lead_);
    at(Step::move_clock, wire::MoveClock{case_, "meeting", {}, day("2026-12-20"), reason}, spoc_);
    at(Step::close, wire::CloseReview{case_, reason}, spoc_);
    at(Step::drop, wire::DropReview{case_, reason}, spoc_);
  }
}

TEST_F(Review, WhoeverIsNotOfTheCaseIsToldThatThereIsNone) {
  const auto stranger = enrol(icb_root_, police_, {Role::agency_lead});
  const Digest reason = random_digest();
  expect_hidden(act(stranger.id, wire::DropReview{case_, reason}), "spoc");
  expect_hidden(act(stranger.id, wire::ReturnScoping{case_, police_, 1, {}, {"child-1"}, reason}), "scoping-returner");
  expect_hidden(act(stranger.id, wire::RecordInspectorate{case_, police_, {}, day("2026-11-20")}), "asked-lead");
  expect_hidden(act(stranger.id, wire::DropReview{new_id<CaseId>(), reason}), kRuleUnknown);
}

TEST_F(Review, EveryEntryIsAppliedAgainToTheSameTables) {
  to_outcome(ReviewDecision::practice_review);
  expect_done(act(spoc_.id, wire::InformAgencies{case_, {{school_, {}}, {clinic_, {}}}}));
  expect_done(act(spoc_.id, wire::CloseReview{case_, {}}));
  Tables again;
  for (const Stored& entry : entries_) ASSERT_TRUE(again.apply_entry(entry)) << entry.body.kind;
  EXPECT_EQ(again.projections(), tables_.projections());
}

}  // namespace
}  // namespace strongroom::access::testing
