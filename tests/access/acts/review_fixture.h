// Makes a case of the school and the clinic, and has the acts that take its review from stage to stage.
#pragma once
#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

#include "access/state/review_status.h"
#include "tests/access/partnership.h"

namespace strongroom::access::testing {

using ::testing::HasSubstr;

// The agency became aware on Thursday 2026-11-19, and the referral is received on Sunday 11-22. So templates are due on
// the 24th, the meeting is held between 2026-12-01 (working day 7) and 12-09 (13), and the whole review is due on
// 12-10.
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

}  // namespace strongroom::access::testing
