// What happened in a review: the details of its entries. See review_commands.h and events.h. Where working days were
// counted, `calendar` is the digest of the calendar that was in force.
#pragma once
#include "access/wire/events.h"
#include "access/wire/review_commands.h"

namespace strongroom::access::wire {

struct DutiesAnswered {
  static constexpr std::string_view kKind = "duties.answered";
  static constexpr auto kComputed = std::to_array<std::string_view>({"duties"});
  CaseId case_;
  DutyAnswers answers;
  std::vector<Duty> duties;  // that apply
};
BOOST_DESCRIBE_STRUCT(DutiesAnswered, (), (case_, answers, duties))

struct DutyRecorded {
  static constexpr std::string_view kKind = "duty.recorded";
  CaseId case_;
  Duty duty = Duty::panel;
  Date on{};
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(DutyRecorded, (), (case_, duty, on, record))

// One for each agency of the command.
struct TemplatesSent {
  static constexpr std::string_view kKind = "templates.sent";
  static constexpr auto kComputed = std::to_array<std::string_view>({"due", "late", "calendar"});
  CaseId case_;
  AgencyId agency;
  RecordId document_2;
  RecordId document_3;
  std::optional<CopyId> copy;
  Date due{};
  bool late = false;
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(TemplatesSent, (), (case_, agency, document_2, document_3, copy, due, late, reason, calendar))

struct ScopingReturned {
  static constexpr std::string_view kKind = "scoping.returned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"on_behalf", "due", "late", "calendar"});
  CaseId case_;
  AgencyId agency;
  std::uint64_t version = 0;
  std::optional<RecordId> record;
  std::vector<std::string> searched;
  bool on_behalf = false;  // a SPOC returned it, who is no lead of the agency
  Date due{};
  bool late = false;  // of the first version
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(ScopingReturned, (),
                      (case_, agency, version, record, searched, on_behalf, due, late, reason, calendar))

struct MeetingScheduled {
  static constexpr std::string_view kKind = "meeting.scheduled";
  static constexpr auto kComputed =
      std::to_array<std::string_view>({"working_day", "outside_window", "breaks_the_whole", "calendar"});
  CaseId case_;
  std::uint64_t number = 0;
  Date date{};
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;
  std::uint64_t working_day = 0;  // after receiving the referral
  bool outside_window = false;
  bool breaks_the_whole = false;  // what is left after it does not suffice for the outcome
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(MeetingScheduled, (),
                      (case_, number, date, kind, mode, working_day, outside_window, breaks_the_whole, reason,
                       calendar))

// One for each person of the command.
struct PackShared {
  static constexpr std::string_view kKind = "pack.shared";
  static constexpr auto kComputed = std::to_array<std::string_view>({"meeting", "lacking"});
  CaseId case_;
  std::uint64_t meeting = 0;
  PackSharing how = PackSharing::in_advance;
  PersonId person;
  CopyId copy;
  std::uint64_t lacking = 0;  // of the documents that 4.5.1 names, how many are not in the copy
};
BOOST_DESCRIBE_STRUCT(PackShared, (), (case_, meeting, how, person, copy, lacking))

struct AttendanceRecorded {
  static constexpr std::string_view kKind = "attendance.recorded";
  static constexpr auto kComputed = std::to_array<std::string_view>({"absent"});
  CaseId case_;
  std::uint64_t meeting = 0;
  std::vector<Attendee> present;
  std::vector<OtherAttendee> others;
  std::vector<AgencyId> absent;  // safeguarding partners for whom nobody stood; quorate when empty
};
BOOST_DESCRIBE_STRUCT(AttendanceRecorded, (), (case_, meeting, present, others, absent))

struct ReviewDecided {
  static constexpr std::string_view kKind = "review.decided";
  static constexpr auto kComputed = std::to_array<std::string_view>({"meeting", "late"});
  CaseId case_;
  std::uint64_t version = 0;
  std::uint64_t meeting = 0;
  RecordId record;
  ReviewDecision decision = ReviewDecision::neither;
  std::uint64_t actions = 0;
  bool late = false;  // the outcome was overdue
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(ReviewDecided, (), (case_, version, meeting, record, decision, actions, late, reason))

struct DecisionAnswered {
  static constexpr std::string_view kKind = "decision.answered";
  static constexpr auto kComputed = std::to_array<std::string_view>({"by_spoc", "frozen"});
  CaseId case_;
  std::uint64_t version = 0;
  RecordId record;
  AgencyId partner;
  PartnerAnswer answer = PartnerAnswer::agree;
  std::optional<Digest> reason;
  bool by_spoc = false;  // a SPOC recorded what was said in the meeting
  bool frozen = false;   // the third answer
};
BOOST_DESCRIBE_STRUCT(DecisionAnswered, (), (case_, version, record, partner, answer, reason, by_spoc, frozen))

struct DecisionEndorsed {
  static constexpr std::string_view kKind = "decision.endorsed";
  CaseId case_;
  std::uint64_t version = 0;
  RecordId record;
  std::optional<Digest> remark;
};
BOOST_DESCRIBE_STRUCT(DecisionEndorsed, (), (case_, version, record, remark))

struct OutcomeSent {
  static constexpr std::string_view kKind = "outcome.sent";
  static constexpr auto kComputed = std::to_array<std::string_view>({"outcome_late", "review_late", "calendar"});
  CaseId case_;
  RecordId document_4;
  RecordId document_5;
  Digest manifest{};
  bool outcome_late = false;  // 4.7.1
  bool review_late = false;   // 4.2.2, the whole
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(OutcomeSent, (),
                      (case_, document_4, document_5, manifest, outcome_late, review_late, reason, calendar))

struct PanelAnswered {
  static constexpr std::string_view kKind = "panel.answered";
  CaseId case_;
  PanelAnswer answer = PanelAnswer::acknowledged;
  Date on{};
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(PanelAnswered, (), (case_, answer, on, record))

// One for each agency of the command.
struct OutcomeInformed {
  static constexpr std::string_view kKind = "outcome.informed";
  static constexpr auto kComputed = std::to_array<std::string_view>({"referrer"});
  CaseId case_;
  AgencyId agency;
  bool referrer = false;
  std::optional<CopyId> copy;
};
BOOST_DESCRIBE_STRUCT(OutcomeInformed, (), (case_, agency, referrer, copy))

struct OutcomeAcknowledged {
  static constexpr std::string_view kKind = "outcome.acknowledged";
  CaseId case_;
  AgencyId agency;
};
BOOST_DESCRIBE_STRUCT(OutcomeAcknowledged, (), (case_, agency))

struct InspectorateRecorded {
  static constexpr std::string_view kKind = "inspectorate.recorded";
  CaseId case_;
  AgencyId agency;
  Inspectorate body = Inspectorate::other;
  Date on{};
};
BOOST_DESCRIBE_STRUCT(InspectorateRecorded, (), (case_, agency, body, on))

struct ReviewClosed {
  static constexpr std::string_view kKind = "review.closed";
  static constexpr auto kComputed = std::to_array<std::string_view>({"stage", "duties_open", "agencies_uninformed"});
  CaseId case_;
  Stage stage = Stage::closed;            // that it leads to: closed, practice-review or alternative-review
  std::uint64_t duties_open = 0;          // 4.1.2
  std::uint64_t agencies_uninformed = 0;  // 4.7.2
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(ReviewClosed, (), (case_, stage, duties_open, agencies_uninformed, reason))

struct ReviewDropped {
  static constexpr std::string_view kKind = "review.dropped";
  CaseId case_;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(ReviewDropped, (), (case_, reason))

struct SteppedBack {
  static constexpr std::string_view kKind = "review.stepped-back";
  static constexpr auto kComputed = std::to_array<std::string_view>({"from"});
  CaseId case_;
  Stage from = Stage::decided;
  Stage to = Stage::scoping;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(SteppedBack, (), (case_, from, to, reason))

struct ClockMoved {
  static constexpr std::string_view kKind = "clock.moved";
  CaseId case_;
  std::string clock;
  std::optional<AgencyId> agency;
  Date due{};
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(ClockMoved, (), (case_, clock, agency, due, reason))

struct CalendarImported {
  static constexpr std::string_view kKind = "calendar.imported";
  static constexpr auto kComputed = std::to_array<std::string_view>({"before"});
  std::vector<Date> added;
  std::vector<Date> removed;
  Digest before{};  // of the calendar that it was merged with
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(CalendarImported, (), (added, removed, before, calendar))

}  // namespace strongroom::access::wire
