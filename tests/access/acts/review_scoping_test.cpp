// Tests the beginning of a review: referral, duties, and the scoping templates. A test of a paragraph of the guidance
// is named after it.
#include "tests/access/acts/review_fixture.h"

namespace strongroom::access::testing {
namespace {

// --- the referral (4.1.1) --------------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_1_1_AReferralConcernsAChildAndFourAtMost) {
  auto command = referral();
  command.incident_date = day("2026-11-10");
  command.subjects = {"parent-1", "children-1", "child-"};
  expect_invalid(act(spoc_.id, command), "a case concerns a child");
  command.subjects = {"child-1", "child-2", "child-3", "child-4", "child-5"};
  expect_invalid(act(spoc_.id, command), "the notification form takes four children");
  command.subjects.pop_back();
  expect_done(act(spoc_.id, command));
}

TEST_F(Review, Guidance_4_1_1_AnIncidentIsNotToComeAndNobodyIsAwareBeforeIt) {
  auto command = referral();
  command.incident_date = command.aware_date = day("2026-11-23");
  expect_invalid(act(spoc_.id, command), "in the future");
  command.incident_date = day("2026-11-21");
  command.aware_date = day("2026-11-20");
  expect_invalid(act(spoc_.id, command), "before the incident");
}

TEST_F(Review, Guidance_4_1_1_ASecondReferralOfAnIncidentIsLinkedAndNotDuplicated) {
  auto command = referral();  // the same agency referred an incident of the same day
  expect_conflict(act(lead_.id, command), "RR-2026-0001");
  command.linked_to = new_id<CaseId>();
  expect_hidden(act(spoc_.id, command), kRuleUnknown);
  command.linked_to = case_;
  expect_done(act(lead_.id, command));
  const auto second = **tables_.state().review(*tables_.read(), command.case_);
  EXPECT_EQ(second.linked_to, case_);
  // Another agency may refer an incident of the same day, since nobody knows whether it is the same one. People can
  // only link to a case that they see.
  auto other = referral();
  other.agency = clinic_;
  expect_done(act(other_lead_.id, other));
  auto hidden = referral();
  hidden.linked_to = other.case_;
  expect_hidden(act(lead_.id, hidden), "concerned-with-case");
}

TEST_F(Review, Guidance_4_2_2_AReferralNamesTheRulesAndTheCalendarInForce) {
  auto command = referral();
  command.incident_date = day("2026-11-10");
  command.rules = "panel";
  const Decision referred = expect_done(act(spoc_.id, command));
  const auto detail = *wire::from_json<wire::CaseReferred>(referred.events.front().detail, wire::Strictness::exact);
  EXPECT_EQ(detail.rules, "panel");
  EXPECT_EQ(detail.calendar, review::Calendar::shipped().digest());
  EXPECT_EQ(review().rules, "guidance");
  command = referral();
  command.incident_date = day("2026-11-11");
  command.rules = "none";
  expect_invalid(act(spoc_.id, command), "no such rule set");
}

// --- duties (4.1.2) --------------------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_1_2_ADutyThatAppliesIsOpenUntilItIsDoneOnce) {
  const auto record = [&](Duty duty, const std::string& when, const std::optional<RecordId>& document = {}) {
    return act(icb_root_.id, wire::RecordDuty{case_, duty, day(when), document});
  };
  expect_conflict(record(Duty::panel, "2026-11-20"), "does not apply (4.1.2)");
  expect_refused(act(reviewer_.id, wire::AnswerDuties{case_, {}}), "spoc-or-partner");
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.died = true, .in_area = true}}));
  expect_conflict(record(Duty::ofsted, "2026-11-20"), "does not apply");
  expect_invalid(record(Duty::panel, "2026-11-17"), "between 2026-11-18 and 2026-11-22");
  expect_invalid(record(Duty::panel, "2026-11-23"), "between");
  expect_error(record(Duty::panel, "2026-11-20", new_id<RecordId>()), Errc::not_found);
  expect_invalid(record(Duty::panel, "2026-11-20", file(spoc_, RecordClass::document_1)), "of class document-1");
  expect_done(record(Duty::panel, "2026-11-20", file(spoc_, RecordClass::notification)));
  expect_conflict(record(Duty::panel, "2026-11-20"), "done already");
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.died = true, .in_area = true, .looked_after = true}}));
  expect_done(record(Duty::ofsted, "2026-11-21"));
  EXPECT_EQ(review().duties.size(), 2U);
}

TEST_F(Review, Guidance_4_1_2_ANotificationIsSharedAndTheReferralFormCompletedToo) {
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.seriously_harmed = true, .in_area = true}}));
  const auto detail = *wire::from_json<wire::DutiesAnswered>(entries_.back().body.detail, wire::Strictness::exact);
  EXPECT_EQ(detail.duties, (std::vector{Duty::panel, Duty::share_with_partners, Duty::document_1}));
  expect_invalid(act(spoc_.id, wire::RecordDuty{case_, Duty::document_1, day("2026-11-21"), {}}), "referral form");
  const RecordId form = file(spoc_, RecordClass::document_1);
  expect_done(act(spoc_.id, wire::RecordDuty{case_, Duty::document_1, day("2026-11-21"), form}));
}

// --- scoping (4.3) ---------------------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_3_3_TemplatesStartTheScopingAndTheirClock) {
  expect_refused(act(lead_.id, wire::SendTemplates{case_, {}, {}}), "spoc");
  on("2026-11-24");  // working day 2
  expect_done(send({templates_for(school_, lead_), templates_for(clinic_, other_lead_)}));
  EXPECT_EQ(case_row().stage, Stage::scoping);
  EXPECT_FALSE(agency(school_).templates_late);
  const wire::EntryBody& entry = entries_.back().body;
  EXPECT_EQ(entry.ids.agency, clinic_);  // there is one for each agency, and its lead may read it
  EXPECT_EQ(wire::from_json<wire::TemplatesSent>(entry.detail, wire::Strictness::exact)->due, day("2026-11-24"));
  expect_conflict(send({templates_for(school_, lead_)}), "already");
}

TEST_F(Review, Guidance_4_3_3_AfterTwoWorkingDaysTemplatesNeedAReason) {
  on("2026-11-25");
  const auto late = templates_for(school_, lead_);
  expect_conflict(send({late}), "due by 2026-11-24");
  expect_done(send({late}, random_digest()));
  EXPECT_TRUE(agency(school_).templates_late);
  // An agency that is found now has its own two days.
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {police_}}));
  on("2026-11-27");
  expect_done(send({{police_, file(spoc_, RecordClass::document_2), file(spoc_, RecordClass::document_3), {}}}));
  EXPECT_FALSE(agency(police_).templates_late);
}

TEST_F(Review, TemplatesAreTheAgencysOwnFormsInACopyThatItsLeadHolds) {
  on("2026-11-23");
  const auto good = templates_for(school_, lead_);
  expect_invalid(send({}), "at least one agency");
  expect_invalid(send({good, good}), "each only once");
  expect_error(send(std::vector<wire::AgencyTemplates>(kMaxAgenciesPerAsk + 1)), Errc::too_large);
  auto wrong = good;
  wrong.agency = icb_;
  expect_conflict(send({wrong}), "has not been asked");
  wrong = good;
  std::swap(wrong.document_2, wrong.document_3);
  expect_invalid(send({wrong}), "should be of class document-2");
  wrong = good;
  wrong.copy = give({good.document_2, good.document_3}, other_lead_);
  expect_invalid(send({wrong}), "a lead of the agency");
  wrong.copy = give({good.document_2}, lead_);
  expect_invalid(send({wrong}), "does not hold");
  wrong.copy = issued({good.document_2, good.document_3}, lead_);
  expect_conflict(send({wrong}), "not prepared");
  wrong.copy = new_id<CopyId>();
  expect_error(send({wrong}), Errc::not_found);
  EXPECT_EQ(case_row().stage, Stage::referred);
  expect_done(send({good}));
}

TEST_F(Review, Guidance_4_3_4_AnAgencyReturnsDocument2WithinFiveWorkingDays) {
  const auto returning = [&](const Member& who, std::uint64_t version, const std::optional<RecordId>& record,
                             const std::optional<Digest>& reason = {}) {
    return act(who.id, wire::ReturnScoping{case_, school_, version, record, {"child-1"}, reason});
  };
  expect_conflict(returning(lead_, 1, {}), "(4.3.4)");
  to_scoping();  // the templates are sent on the 23rd, and are due on the 30th
  on("2026-11-30");
  expect_refused(returning(other_lead_, 1, {}), "scoping-returner");
  expect_refused(returning(first_, 1, {}), "scoping-returner");
  expect_conflict(returning(lead_, 2, {}), "the next is 1");
  expect_conflict(returning(lead_, 1, agency(school_).document_2), "was sent out");
  const RecordId form = file(lead_, RecordClass::document_2);
  expect_done(returning(lead_, 1, form));
  expect_conflict(returning(lead_, 2, form), "returned already");
  on("2026-12-01");
  expect_done(returning(lead_, 2, file(lead_, RecordClass::document_2)));  // a later version is not late
  EXPECT_EQ(agency(school_).return_version, 2U);
  EXPECT_FALSE(agency(school_).return_late);
  EXPECT_FALSE(agency(school_).on_behalf);
  // The clinic's document comes late, from a SPOC on its behalf.
  const wire::ReturnScoping late{case_, clinic_, 1, file(spoc_, RecordClass::document_2), {"child-1"}, {}};
  expect_conflict(act(spoc_.id, late), "due by 2026-11-30");
  auto with_reason = late;
  with_reason.reason = random_digest();
  expect_done(act(spoc_.id, with_reason));
  EXPECT_TRUE(agency(clinic_).return_late);
  EXPECT_TRUE(agency(clinic_).on_behalf);
}

TEST_F(Review, WhoReturnsDocument2SecuredItAndSaysWhomItSearchedFor) {
  to_scoping();
  const RecordId others = file(other_lead_, RecordClass::document_2);
  expect_invalid(act(lead_.id, wire::ReturnScoping{case_, school_, 1, others, {"child-1"}, {}}),
                 "must have secured it");
  for (const std::vector<std::string>& searched :
       std::vector<std::vector<std::string>>{{}, {"child-9"}, {"child-1", "child-1"}})
    expect_invalid(act(lead_.id, wire::ReturnScoping{case_, school_, 1, {}, searched, {}}), "(4.3.1)");
}

TEST_F(Review, Guidance_4_3_1_NotKnownToUsIsAReturnUnlessTheSafeHoldsRecords) {
  to_scoping();
  expect_done(act(other_lead_.id, wire::ReturnScoping{case_, clinic_, 1, {}, {"child-1", "parent-1"}, {}}));
  EXPECT_FALSE(agency(clinic_).return_record);
  EXPECT_TRUE(agency(clinic_).returned);
  const auto command = opening({first_.id, second_.id});
  expect_done(act(lead_.id, command));
  safe_ = command.safe;
  seal(1);
  expect_conflict(act(lead_.id, wire::ReturnScoping{case_, school_, 1, {}, {"child-1"}, {}}), "holds records");
}

TEST_F(Review, Guidance_4_3_4_AReturnThatIsLateComesInAfterTheDecisionToo) {
  to_decided();
  expect_done(
      act(lead_.id,
          wire::ReturnScoping{case_, school_, 1, file(lead_, RecordClass::document_2), {"child-1"}, random_digest()}));
}

TEST_F(Review, Guidance_4_3_1_AnAgencyThatIsFoundAfterTheDecisionIsAskedAndReturnsAllTheSame) {
  to_decided();
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {police_}}));
  expect_done(send({{police_, file(spoc_, RecordClass::document_2), file(spoc_, RecordClass::document_3), {}}}));
  EXPECT_FALSE(agency(police_).templates_late);
  EXPECT_EQ(case_row().stage, Stage::decided);
  expect_done(act(spoc_.id, wire::ReturnScoping{case_, police_, 1, {}, {"child-1"}, {}}));
}

TEST_F(Review, ALeadOfAnAskedAgencySecuresReturnsInTheReviewSafeAndNothingElse) {
  expect_refused(act(other_lead_.id, filing(RecordClass::document_4, review_safe_)), "review-depositor");
  expect_done(act(other_lead_.id, filing(RecordClass::document_2, review_safe_)));
  expect_done(act(other_lead_.id, filing(RecordClass::notification, review_safe_)));
  auto mixed = sealing(review_safe_, 2);
  mixed.records.front().class_ = RecordClass::document_2;
  expect_refused(act(other_lead_.id, mixed), "review-depositor");
  expect_hidden(act(outsider_.id, filing(RecordClass::document_2, review_safe_)), "return-depositor");
  const auto txn = tables_.read();
  const Standing lead = *Standing::of(tables_.state(), *txn, other_lead_.id);
  const SafePlace there = *lead.in_safe(case_row(), safe_row(review_safe_));
  EXPECT_TRUE(there.permits(Action::read_safe_chain));
  EXPECT_FALSE(there.permits(Action::list_records));
  EXPECT_FALSE(there.permits(Action::read_descriptors));
  EXPECT_FALSE(there.permits(Action::read_safe_keys));
}

TEST_F(Review, Guidance_4_3_5_TheMomentWhenAnAgencyIsSecuredIsKept) {
  const auto command = opening({first_.id, second_.id});
  expect_done(act(lead_.id, command));
  safe_ = command.safe;
  const auto declare = [&](std::uint64_t version, SourceState state) {
    wire::MakeDeclaration declaration{
        safe_, version, 0, false, {"child-1"}, {{SourceKind::share, state, {}, {}}}, {}, random_digest()};
    if (state == SourceState::still_open) {
      declaration.sources.front().reason = OpenReason::technical;
      declaration.sources.front().until = day("2026-12-31");
    }
    expect_done(act(lead_.id, declaration));
  };
  seal(1);
  declare(1, SourceState::still_open);
  EXPECT_FALSE(safe_row(safe_).secured);
  on("2026-11-24");
  declare(2, SourceState::removed);
  EXPECT_EQ(safe_row(safe_).secured, now_);
  on("2026-11-25");
  declare(3, SourceState::blocked_in_place);
  EXPECT_NE(safe_row(safe_).secured, now_);  // it has been so since the day before
  declare(4, SourceState::still_open);
  EXPECT_FALSE(safe_row(safe_).secured);
}

}  // namespace
}  // namespace strongroom::access::testing
