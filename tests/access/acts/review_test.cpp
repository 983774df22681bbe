// The review's acts, on both sides of each rule. Tests of a paragraph of the guidance are named after it.
#include <gmock/gmock.h>

#include "access/state/review_status.h"
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

using ::testing::HasSubstr;

// The referral is received on Sunday 2026-11-22, the agency aware on Thursday 19: templates are due on the 24th, the
// meeting is held from 2026-12-01 (working day 7) to 12-09 (13), the whole is due on 12-10.
class Review : public Partnership {
 protected:
  Review() {
    chair_ = enrol(authority_root_, authority_, {Role::chair});
    refer();
    expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  }

  void on(const std::string& day) { now_ = *vault::parse_rfc3339(day + "T10:00:00.000Z"); }
  static Date day(const std::string& text) { return *vault::parse_date(text); }
  ReviewRow review() { return **tables_.state().review(*tables_.read(), case_); }
  AgencyReviewRow agency(const AgencyId& id) { return **tables_.state().agency_review(*tables_.read(), case_, id); }
  static std::string message(const Answered& outcome) { return outcome ? "it was done" : outcome.error().message; }
  void expect_conflict(const Answered& outcome, const std::string& words) {
    expect_error(outcome, Errc::conflict);
    EXPECT_THAT(message(outcome), HasSubstr(words));
  }
  void expect_invalid(const Answered& outcome, const std::string& words) {
    expect_error(outcome, Errc::invalid_argument);
    EXPECT_THAT(message(outcome), HasSubstr(words));
  }

  wire::SealRecords filing(RecordClass class_, const SafeId& safe) {
    auto command = sealing(safe, 1);
    command.records.front().class_ = class_;
    return command;
  }
  RecordId file(const Member& who, RecordClass class_) {
    const auto command = filing(class_, review_safe_);
    expect_done(act(who.id, command));
    return command.records.front().record;
  }
  CopyId issued(const std::vector<RecordId>& records, const Member& holder) {
    wire::IssueCopy command = issuing(records, holder.id);
    command.safe = review_safe_;
    command.due = date(2027, 6, 30);
    expect_done(act(spoc_.id, command));
    return command.copy;
  }
  CopyId give(const std::vector<RecordId>& records, const Member& holder) {
    const CopyId copy = issued(records, holder);
    if (holder.id != spoc_.id) expect_done(act(spoc_.id, preparing(copy, records.size())));
    return copy;
  }
  wire::AgencyTemplates templates_for(const AgencyId& to, const Member& holder) {
    const RecordId document_2 = file(spoc_, RecordClass::document_2);
    const RecordId document_3 = file(spoc_, RecordClass::document_3);
    return {to, document_2, document_3, give({document_2, document_3}, holder)};
  }
  Answered send(const std::vector<wire::AgencyTemplates>& templates, const std::optional<Digest>& reason = {}) {
    return act(spoc_.id, wire::SendTemplates{case_, templates, reason});
  }
  Answered meet(const std::string& when, const std::optional<Digest>& reason = {},
                MeetingKind kind = MeetingKind::standing, MeetingMode mode = MeetingMode::in_person) {
    return act(spoc_.id, wire::ScheduleMeeting{case_, review().meetings + 1, day(when), kind, mode, reason});
  }
  wire::RecordAttendance attendance() {
    return {case_,
            review().meetings,
            {{authority_root_.id, authority_}, {icb_root_.id, icb_}, {police_root_.id, police_}},
            {}};
  }
  Answered decide_on(ReviewDecision decision = ReviewDecision::neither, const std::optional<Digest>& reason = {}) {
    return act(spoc_.id, wire::DecideReview{case_, review().decisions + 1, file(spoc_, RecordClass::document_4),
                                            decision, 1, reason});
  }
  Answered answer(const Member& who, const AgencyId& partner, PartnerAnswer said = PartnerAnswer::agree,
                  const std::optional<Digest>& reason = {}) {
    const auto& decision = review().decision;
    return act(who.id, wire::AnswerDecision{case_, review().decisions, decision ? decision->record : RecordId(),
                                            partner, said, reason});
  }
  Answered send_outcome(const std::optional<Digest>& reason = {}) {
    return act(spoc_.id, wire::SendOutcome{case_, review().decision->record, file(spoc_, RecordClass::document_5),
                                           random_digest(), reason});
  }

  void all_agree() {
    expect_done(answer(authority_root_, authority_));
    expect_done(answer(icb_root_, icb_));
    expect_done(answer(police_root_, police_));
  }

  void to_scoping() {
    on("2026-11-23");
    expect_done(send({templates_for(school_, lead_), templates_for(clinic_, other_lead_)}));
  }
  void to_meeting() {
    to_scoping();
    expect_done(meet("2026-12-02"));
  }
  void to_decided(ReviewDecision decision = ReviewDecision::neither) {
    to_meeting();
    on("2026-12-02");
    expect_done(act(spoc_.id, attendance()));
    expect_done(decide_on(decision));
  }
  void to_outcome(ReviewDecision decision = ReviewDecision::neither) {
    to_decided(decision);
    all_agree();
    on("2026-12-03");
    expect_done(send_outcome());
  }

  Member chair_;
};

// --- the referral (4.1.1) -------------------------------------------------------------------------------------------

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
  expect_invalid(act(spoc_.id, command), "to come");
  command.incident_date = day("2026-11-21");
  command.aware_date = day("2026-11-20");
  expect_invalid(act(spoc_.id, command), "before it happens");
}

TEST_F(Review, Guidance_4_1_1_ASecondReferralOfAnIncidentIsLinkedAndNotDuplicated) {
  auto command = referral();  // the same agency, the same day
  expect_conflict(act(lead_.id, command), "RR-2026-0001");
  command.linked_to = new_id<CaseId>();
  expect_hidden(act(spoc_.id, command), kRuleUnknown);
  command.linked_to = case_;
  expect_done(act(lead_.id, command));
  const auto second = **tables_.state().review(*tables_.read(), command.case_);
  EXPECT_EQ(second.linked_to, case_);
  // Another agency's incident of that day is another, as far as anybody knows; and nobody links to what they do not
  // see.
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
  expect_done(act(spoc_.id, command));
  const auto detail = *wire::from_json<wire::CaseReferred>(entries_.back().body.detail, wire::Strictness::exact);
  EXPECT_EQ(detail.rules, "panel");
  EXPECT_EQ(detail.calendar, review::Calendar::shipped().digest());
  EXPECT_EQ(review().rules, "guidance");
  command = referral();
  command.incident_date = day("2026-11-11");
  command.rules = "none";
  expect_invalid(act(spoc_.id, command), "no such rule set");
}

// --- duties (4.1.2) -------------------------------------------------------------------------------------------------

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

// --- scoping (4.3) --------------------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_3_3_TemplatesStartTheScopingAndTheirClock) {
  expect_refused(act(lead_.id, wire::SendTemplates{case_, {}, {}}), "spoc");
  on("2026-11-24");  // working day 2
  expect_done(send({templates_for(school_, lead_), templates_for(clinic_, other_lead_)}));
  EXPECT_EQ(case_row().stage, Stage::scoping);
  EXPECT_FALSE(agency(school_).templates_late);
  const wire::EntryBody& entry = entries_.back().body;
  EXPECT_EQ(entry.ids.agency, clinic_);  // one for each, which the agency's lead may read
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
  expect_invalid(send({}), "one agency or more");
  expect_invalid(send({good, good}), "each once");
  expect_error(send(std::vector<wire::AgencyTemplates>(kMaxAgenciesPerAsk + 1)), Errc::too_large);
  auto wrong = good;
  wrong.agency = icb_;
  expect_conflict(send({wrong}), "has not been asked");
  wrong = good;
  std::swap(wrong.document_2, wrong.document_3);
  expect_invalid(send({wrong}), "should be of class document-2");
  wrong = good;
  wrong.copy = give({good.document_2, good.document_3}, other_lead_);
  expect_invalid(send({wrong}), "a lead of that agency");
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
  to_scoping();  // on the 23rd: due on the 30th
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
  // The clinic is late, by a SPOC on its behalf.
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
  expect_invalid(act(lead_.id, wire::ReturnScoping{case_, school_, 1, others, {"child-1"}, {}}), "has secured it");
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
  EXPECT_NE(safe_row(safe_).secured, now_);  // still since the day before
  declare(4, SourceState::still_open);
  EXPECT_FALSE(safe_row(safe_).secured);
}

// --- the meeting (4.4 to 4.6.1) -------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_4_2_TheMeetingIsSetOnceTheTemplatesAreOutBetweenDays7And13) {
  expect_conflict(meet("2026-12-02"), "templates have been sent out");
  to_scoping();
  for (const char* outside : {"2026-11-30", "2026-12-10", "2026-12-05"})
    expect_conflict(meet(outside), "between 7 and 13 working days");
  expect_invalid(meet("2026-11-20", random_digest()), "follows the referral");
  expect_error(meet("2035-01-10", random_digest()), Errc::not_found);  // a year without bank holidays
  EXPECT_EQ(case_row().stage, Stage::scoping);
  expect_done(meet("2026-12-01"));
  EXPECT_EQ(review().meeting->working_day, 7U);
  expect_conflict(meet("2026-12-01"), "already");
  expect_conflict(meet("2026-12-09"), "needs a reason");  // moved
  expect_done(meet("2026-12-09", random_digest()));
  EXPECT_EQ(review().meeting->working_day, 13U);
  EXPECT_TRUE(review().meeting->breaks_the_whole);  // 13 and 2 are more than what is left of 15 from becoming aware
  EXPECT_FALSE(review().meeting->outside_window);
  expect_done(meet("2026-12-10", random_digest()));
  EXPECT_TRUE(review().meeting->outside_window);
  expect_conflict(act(spoc_.id, wire::ScheduleMeeting{case_, 3, day("2026-12-02"), {}, {}, random_digest()}),
                  "the next is 4");
}

TEST_F(Review, Guidance_4_4_2_TeleconferenceIsForAnExtraordinaryMeetingWhereItIsEssential) {
  to_scoping();
  expect_invalid(meet("2026-12-02", random_digest(), MeetingKind::standing, MeetingMode::teleconference), "footnote 1");
  expect_conflict(meet("2026-12-02", {}, MeetingKind::extraordinary, MeetingMode::teleconference), "needs a reason");
  expect_done(meet("2026-12-02", random_digest(), MeetingKind::extraordinary, MeetingMode::teleconference));
}

TEST_F(Review, Guidance_4_5_1_APackSaysHowMuchOfWhatIsDueItLacks) {
  to_meeting();
  const auto share = [&](const std::vector<wire::SharedPack>& packs) {
    return act(spoc_.id, wire::SharePack{case_, PackSharing::in_advance, packs});
  };
  const RecordId form = file(spoc_, RecordClass::document_1);
  const CopyId thin = give({form}, reviewer_);
  expect_done(share({{reviewer_.id, thin}}));
  EXPECT_EQ(review().packs.front().lacking, 2U);  // neither agency returned
  const RecordId returned = file(lead_, RecordClass::document_2);
  expect_done(act(lead_.id, wire::ReturnScoping{case_, school_, 1, returned, {"child-1"}, {}}));
  expect_done(act(other_lead_.id, wire::ReturnScoping{case_, clinic_, 1, {}, {"child-1"}, {}}));
  expect_done(share({{reviewer_.id, give({returned}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 1U);  // Document 1
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.died = true, .in_area = true}}));
  const RecordId notification = file(spoc_, RecordClass::notification);
  expect_done(act(spoc_.id, wire::RecordDuty{case_, Duty::panel, day("2026-11-23"), notification}));
  expect_done(share({{reviewer_.id, give({form, returned}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 1U);
  expect_done(share({{reviewer_.id, give({form, returned, notification}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 0U);
  EXPECT_EQ(review().packs.size(), 1U);
}

TEST_F(Review, Guidance_4_5_2_PacksAreSharedInAdvanceOrTabledEachUnderItsHoldersKey) {
  to_scoping();
  const RecordId form = file(spoc_, RecordClass::document_1);
  const auto share = [&](PackSharing how, const Member& who, const CopyId& copy) {
    return act(spoc_.id, wire::SharePack{case_, how, {{who.id, copy}}});
  };
  const CopyId copy = give({form}, reviewer_);
  expect_conflict(share(PackSharing::in_advance, reviewer_, copy), "(4.5)");  // no meeting yet
  expect_done(meet("2026-12-02"));
  expect_conflict(share(PackSharing::tabled, reviewer_, copy), "(4.5.2)");
  expect_invalid(share(PackSharing::in_advance, lead_, copy), "another person");
  expect_invalid(act(spoc_.id, wire::SharePack{case_, {}, {}}), "each once");
  expect_done(share(PackSharing::in_advance, reviewer_, copy));
  expect_conflict(share(PackSharing::in_advance, reviewer_, copy), "already");
  on("2026-12-03");
  const CopyId second = give({form}, lead_);
  expect_conflict(share(PackSharing::in_advance, lead_, second), "in advance");
  expect_done(share(PackSharing::tabled, lead_, second));
}

TEST_F(Review, Guidance_4_6_1_NobodyStandsForTwoPartnersNorForOneThatIsNotTheirs) {
  to_meeting();
  expect_conflict(act(spoc_.id, attendance()), "its date has not come yet");
  on("2026-12-02");
  auto twice = attendance();
  twice.present = {{authority_root_.id, authority_}, {authority_root_.id, icb_}, {police_root_.id, police_}};
  expect_invalid(act(spoc_.id, twice), "nobody counts for two partners (4.6.1)");
  auto foreign = attendance();
  foreign.present[1] = {reviewer_.id, icb_};
  expect_invalid(act(spoc_.id, foreign), "to which they do not belong");
  auto no_partner = attendance();
  no_partner.present[1] = {lead_.id, school_};
  expect_invalid(act(spoc_.id, no_partner), "safeguarding partner");
  auto unknown = attendance();
  unknown.present.push_back({new_id<PersonId>(), {}});
  expect_error(act(spoc_.id, unknown), Errc::not_found);
  auto nobody = attendance();
  nobody.present.clear();
  expect_invalid(act(spoc_.id, nobody), "somebody attended");
  auto many = attendance();
  for (std::size_t i = 0; i < kMaxAttendees; ++i) many.others.push_back({AttendeeBody::other, random_digest()});
  expect_error(act(spoc_.id, many), Errc::too_large);
  auto stale = attendance();
  stale.meeting = 2;
  expect_conflict(act(spoc_.id, stale), "moved");
  EXPECT_FALSE(review().attendance);
}

TEST_F(Review, Guidance_4_6_1_WithoutAllThreePartnersThereIsNoDecision) {
  to_meeting();
  expect_conflict(decide_on(), "(4.6.2)");  // before its day
  on("2026-12-02");
  expect_conflict(decide_on(), "(4.6.1)");  // nobody is recorded
  auto two = attendance();
  two.present.pop_back();
  two.others.push_back({AttendeeBody::police, random_digest()});  // who is not enrolled stands for nobody
  expect_done(act(spoc_.id, two));
  EXPECT_EQ(review().attendance->absent, std::vector{police_});
  expect_conflict(decide_on(), "police not present");
  expect_done(act(spoc_.id, attendance()));
  expect_done(decide_on());
  EXPECT_EQ(case_row().stage, Stage::decided);
}

TEST_F(Review, AMovedMeetingStartsWithNobodyThere) {
  to_meeting();
  on("2026-12-02");
  expect_done(act(spoc_.id, attendance()));
  expect_done(meet("2026-12-03", random_digest()));
  on("2026-12-03");
  expect_conflict(decide_on(), "not present");
}

// --- the decision (4.6.2, 4.6.3) ------------------------------------------------------------------------------------

TEST_F(Review, Guidance_4_6_2_NothingIsDecidedBeforeAMeetingIsSet) {
  to_scoping();
  expect_conflict(decide_on(), "the decision is taken at the Rapid Review meeting (4.6.2)");
}

TEST_F(Review, Guidance_4_6_3_EachPartnerAnswersDocument4OnceAndTheThirdFreezesIt) {
  to_decided();
  expect_invalid(answer(spoc_, school_), "three safeguarding partners");
  expect_refused(answer(icb_root_, police_), "answerer");
  expect_refused(answer(reviewer_, authority_), "answerer");
  expect_invalid(answer(authority_root_, authority_, PartnerAnswer::dissent), "a dissent has its reasons");
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

// --- the outcome (4.7) ----------------------------------------------------------------------------------------------

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
  on("2026-12-11");  // in time for the outcome, and the whole was due the day before
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
  expect_invalid(inform(school_, give({outcome}, other_lead_)), "somebody of it");
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

// --- its course -----------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(case_row().lock, LockState::engaged);  // it follows its own rules
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
  expect_conflict(act(spoc_.id, wire::StepBack{case_, Stage::scoping, random_digest()}), "not reopened");
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

// --- the calendar ---------------------------------------------------------------------------------------------------

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
  expect_invalid(import(spoc_, {}, {day("2026-01-01")}), "not to come");
  expect_invalid(import(spoc_, {day("2031-12-25"), day("2030-12-25")}, {}), "in order");
  expect_invalid(import(spoc_, {day("1999-12-27")}, {}), "1999");
  expect_conflict(act(spoc_.id, wire::ImportCalendar{{day("2029-01-01")}, {}, random_digest()}), "another");
  std::vector<Date> many;
  for (std::size_t i = 0; i <= kMaxCalendarChanges; ++i)
    many.push_back(review::plus_days(day("2040-01-01"), static_cast<int>(i)));
  expect_error(import(spoc_, many, {}), Errc::too_large);

  on("2026-11-25");  // the second working day now
  expect_done(send({{school_, file(spoc_, RecordClass::document_2), file(spoc_, RecordClass::document_3), {}}}));
  const auto sent = *wire::from_json<wire::TemplatesSent>(entries_.back().body.detail, wire::Strictness::exact);
  EXPECT_EQ(sent.due, day("2026-11-25"));
  EXPECT_NE(sent.calendar, review::Calendar::shipped().digest());
  // A day to come that is none after all; and back again.
  expect_done(import(spoc_, {}, {day("2026-12-25")}));
  EXPECT_EQ(tables_.state().calendar(*tables_.read())->removed.size(), 1U);
  expect_done(import(spoc_, {day("2026-12-25")}, {}));
  EXPECT_TRUE(tables_.state().calendar(*tables_.read())->removed.empty());
}

// --- every act at every stage ---------------------------------------------------------------------------------------

TEST_F(Review, EveryActAtEveryStageIsAConflictWhereTheStageMachineSaysSo) {
  to_outcome();  // rows of every kind are there
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
