// Defines the rows of a review, which hold the result of its entries so far. See rows.h.
#pragma once
#include "access/state/rows.h"
#include "access/wire/calendar.h"
#include "access/wire/course.h"
#include "access/wire/decision.h"
#include "access/wire/entry.h"
#include "access/wire/meeting.h"
#include "access/wire/outcome.h"
#include "access/wire/scoping.h"

namespace strongroom::access {

struct DoneDutyRow {
  Duty duty = Duty::panel;
  Date on{};
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(DoneDutyRow, (), (duty, on, record))

struct MeetingRow {
  std::uint64_t number = 0;
  Date date{};
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;
  std::uint64_t working_day = 0;
  bool outside_window = false;
  bool breaks_the_whole = false;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(MeetingRow, (), (number, date, kind, mode, working_day, outside_window, breaks_the_whole, reason))

struct PackRow {
  PersonId person;
  CopyId copy;
  PackSharing how = PackSharing::in_advance;
  std::uint64_t lacking = 0;
  Instant shared;
};
BOOST_DESCRIBE_STRUCT(PackRow, (), (person, copy, how, lacking, shared))

struct AttendanceRow {
  std::vector<wire::Attendee> present;
  std::vector<wire::OtherAttendee> others;
  std::vector<AgencyId> absent;  // partners without a representative
};
BOOST_DESCRIBE_STRUCT(AttendanceRow, (), (present, others, absent))

struct AnswerRow {
  AgencyId partner;
  PartnerAnswer answer = PartnerAnswer::agree;
  PersonId person;
  bool by_spoc = false;
  Instant time;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(AnswerRow, (), (partner, answer, person, by_spoc, time, reason))

struct EndorsementRow {
  PersonId person;
  Instant time;
  std::optional<Digest> remark;
};
BOOST_DESCRIBE_STRUCT(EndorsementRow, (), (person, time, remark))

struct DecisionRow {
  std::uint64_t version = 0;
  RecordId record;
  ReviewDecision decision = ReviewDecision::neither;
  std::uint64_t actions = 0;
  Instant time;
  bool late = false;
  std::optional<Digest> reason;
  std::vector<AnswerRow> answers;  // at most one for each partner
  bool frozen = false;
  std::optional<EndorsementRow> endorsed;
};
BOOST_DESCRIBE_STRUCT(DecisionRow, (),
                      (version, record, decision, actions, time, late, reason, answers, frozen, endorsed))

struct OutcomeRow {
  RecordId document_4;
  RecordId document_5;
  Digest manifest{};
  Instant sent;
  bool outcome_late = false;
  bool review_late = false;
  std::optional<Digest> reason;
  std::optional<PanelAnswer> panel_answer;
  std::optional<Date> panel_answered;
  std::optional<RecordId> panel_record;
};
BOOST_DESCRIBE_STRUCT(OutcomeRow, (),
                      (document_4, document_5, manifest, sent, outcome_late, review_late, reason, panel_answer,
                       panel_answered, panel_record))

struct MovedClockRow {
  std::string clock;
  std::optional<AgencyId> agency;
  Date due{};
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(MovedClockRow, (), (clock, agency, due, reason))

// There is one for each case. The review's stage is stored in the CaseRow.
struct ReviewRow {
  CaseId case_;
  std::string rules;
  std::optional<CaseId> linked_to;
  std::optional<DutyAnswers> duty_answers;
  std::vector<DoneDutyRow> duties;    // those that are done
  std::optional<MeetingRow> meeting;  // the one that is set now
  std::uint64_t meetings = 0;         // the last number
  std::vector<PackRow> packs;         // one for each person
  std::optional<AttendanceRow> attendance;
  std::uint64_t decisions = 0;  // the last version of Document 4
  std::optional<DecisionRow> decision;
  std::optional<OutcomeRow> outcome;
  std::vector<MovedClockRow> moved;  // one for each clock and agency
  std::optional<Instant> ended;
  std::optional<Digest> end_reason;
};
BOOST_DESCRIBE_STRUCT(ReviewRow, (),
                      (case_, rules, linked_to, duty_answers, duties, meeting, meetings, packs, attendance, decisions,
                       decision, outcome, moved, ended, end_reason))

struct NotifiedRow {
  Inspectorate body = Inspectorate::other;
  Date on{};
};
BOOST_DESCRIBE_STRUCT(NotifiedRow, (), (body, on))

// There is one for each agency that was asked.
struct AgencyReviewRow {
  CaseId case_;
  AgencyId agency;
  Instant asked;
  std::optional<Instant> templates_sent;
  std::optional<RecordId> document_2;
  std::optional<RecordId> document_3;
  std::optional<CopyId> copy;
  bool templates_late = false;
  std::optional<Digest> templates_reason;
  std::optional<Instant> returned;  // when the first version came back
  std::uint64_t return_version = 0;
  std::optional<RecordId> return_record;  // of the last version
  bool return_late = false;
  std::optional<Digest> return_reason;
  bool on_behalf = false;
  std::optional<Instant> informed;
  std::optional<CopyId> outcome_copy;
  std::optional<Instant> acknowledged;
  std::vector<NotifiedRow> inspectorates;  // each body once
};
BOOST_DESCRIBE_STRUCT(AgencyReviewRow, (),
                      (case_, agency, asked, templates_sent, document_2, document_3, copy, templates_late,
                       templates_reason, returned, return_version, return_record, return_late, return_reason, on_behalf,
                       informed, outcome_copy, acknowledged, inspectorates))

// There is one such row. It stores how the calendar in force differs from the one that ships. No date is in both lists;
// both ascend.
struct CalendarRow {
  std::vector<Date> added;
  std::vector<Date> removed;
};
BOOST_DESCRIBE_STRUCT(CalendarRow, (), (added, removed))

}  // namespace strongroom::access
