// Describes the course of a review: ending it, going back, moving a clock, and the answer to `GET
// /v1/cases/{case}/review`, which shows where it is. scoping.h explains what all headers of a review have in common.
// Docs: docs/formats.md
//
// Anyone who sees the case gets stage, clocks and meeting. Partners, SPOCs, reviewers and chairs get all of it. Others
// get only the part of their own agencies and what these owe; they do not get the duties, attendance, answers or the
// words of a reason. `whole` tells the two apart.
#pragma once
#include "access/wire/meeting.h"

namespace strongroom::access::wire {

// ---- Acts ----

// A SPOC signs this when the Rapid Review is done. From outcome-sent it leads to the practice review or the alternative
// review that was decided. It leads to closed from there, or if no further review was decided. The entry names the
// stage.
struct CloseReview {
  static constexpr std::string_view kKind = "review.close";
  CaseId case_;
  std::optional<Digest> reason;  // needed while a duty is open or an agency is not informed
};
BOOST_DESCRIBE_STRUCT(CloseReview, (), (case_, reason))

struct ReviewClosed {
  static constexpr std::string_view kKind = "review.closed";
  static constexpr auto kComputed = std::to_array<std::string_view>({"stage", "duties_open", "agencies_uninformed"});
  CaseId case_;
  Stage stage = Stage::closed;            // the stage that it leads to: closed, practice-review or alternative-review
  std::uint64_t duties_open = 0;          // 4.1.2
  std::uint64_t agencies_uninformed = 0;  // 4.7.2
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(ReviewClosed, (), (case_, stage, duties_open, agencies_uninformed, reason))

// A SPOC signs this when the criteria turn out not to be met, before anything is decided. The lock stays engaged.
struct DropReview {
  static constexpr std::string_view kKind = "review.drop";
  CaseId case_;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(DropReview, (), (case_, reason))

struct ReviewDropped {
  static constexpr std::string_view kKind = "review.dropped";
  CaseId case_;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(ReviewDropped, (), (case_, reason))

// A SPOC signs this to go back to scoping, where the meeting is set anew, or to meeting-set, where the meeting decides
// anew. The entries stay, and versions and numbers continue to count up.
struct StepBack {
  static constexpr std::string_view kKind = "review.step-back";
  CaseId case_;
  Stage to = Stage::scoping;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(StepBack, (), (case_, to, reason))

struct SteppedBack {
  static constexpr std::string_view kKind = "review.stepped-back";
  static constexpr auto kComputed = std::to_array<std::string_view>({"from"});
  CaseId case_;
  Stage from = Stage::decided;
  Stage to = Stage::scoping;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(SteppedBack, (), (case_, from, to, reason))

// A SPOC signs this to make a clock due on another date.
struct MoveClock {
  static constexpr std::string_view kKind = "clock.move";
  CaseId case_;
  std::string clock;               // of the case's rule set: templates, return, meeting, outcome, rapid-review
  std::optional<AgencyId> agency;  // for templates and return: only for this agency
  Date due{};                      // not before the clock's trigger
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(MoveClock, (), (case_, clock, agency, due, reason))

struct ClockMoved {
  static constexpr std::string_view kKind = "clock.moved";
  CaseId case_;
  std::string clock;
  std::optional<AgencyId> agency;
  Date due{};
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(ClockMoved, (), (case_, clock, agency, due, reason))

// ---- The answer ----

struct WorkingDayView {
  Date date{};
  bool working = false;
  std::optional<std::string> reason;  // why the day does not count: "Saturday", "Good Friday"
};
BOOST_DESCRIBE_STRUCT(WorkingDayView, (), (date, working, reason))

// review/clocks.h explains each member.
struct ClockView {
  std::string clock;  // templates, return, meeting, outcome, rapid-review
  std::optional<AgencyId> agency;
  std::string trigger;               // received, asked, templates-sent, meeting, aware, notified
  std::optional<Date> trigger_date;  // day 0; absent while the clock waits for its trigger
  std::uint64_t working_days = 0;
  std::optional<Date> earliest;
  std::optional<Date> due;
  std::optional<Date> met_on;
  std::string state;  // waiting, running, overdue, met, met-late, stopped
  bool binding = false;
  bool moved = false;
  std::optional<std::string> reason;  // why the clock was moved
  std::string cites;
  std::vector<WorkingDayView> working;  // every day after day 0, up to the day that the rule gives
};
BOOST_DESCRIBE_STRUCT(ClockView, (),
                      (clock, agency, trigger, trigger_date, working_days, earliest, due, met_on, state, binding, moved,
                       reason, cites, working))

struct MeetingDateView {
  Date date{};
  std::uint64_t working_day = 0;
  bool breaks_the_whole = false;
};
BOOST_DESCRIBE_STRUCT(MeetingDateView, (), (date, working_day, breaks_the_whole))

struct InspectorateView {
  Inspectorate body = Inspectorate::other;
  Date on{};
};
BOOST_DESCRIBE_STRUCT(InspectorateView, (), (body, on))

// Shows one asked agency, from referral to acknowledgement. Agencies of the directory that are not listed were not
// asked.
struct AgencyReviewView {
  AgencyId agency;
  bool referrer = false;
  Instant asked;
  SecuringProgress securing = SecuringProgress::asked;
  std::optional<SafeId> safe;
  std::uint64_t representatives = 0;  // active ones
  std::uint64_t records = 0;          // files and physical items
  Date securing_target{};             // a local target (securing_target_days), which is not from the guidance
  std::optional<Instant> secured;     // since when its records are secured; absent while they are exposed
  std::uint64_t exposed_hours = 0;    // from receiving the referral until secured, or until now
  ScopingProgress scoping = ScopingProgress::not_sent;
  std::optional<Instant> templates_sent;
  std::optional<RecordId> document_2;  // the one that was sent
  std::optional<RecordId> document_3;
  std::optional<CopyId> copy;
  bool templates_late = false;
  std::optional<Instant> returned;  // when the first version came back
  std::uint64_t return_version = 0;
  std::optional<RecordId> return_record;  // of the last version; absent although there is a version: nil
  bool return_late = false;
  bool on_behalf = false;
  std::optional<Instant> informed;
  std::optional<CopyId> outcome_copy;
  std::optional<Instant> acknowledged;          // when it acknowledged the outcome
  std::vector<InspectorateView> inspectorates;  // those that it recorded as notified (4.7.3)
  std::optional<std::string> templates_reason;  // why they were late
  std::optional<std::string> return_reason;
};
BOOST_DESCRIBE_STRUCT(AgencyReviewView, (),
                      (agency, referrer, asked, securing, safe, representatives, records, securing_target, secured,
                       exposed_hours, scoping, templates_sent, document_2, document_3, copy, templates_late, returned,
                       return_version, return_record, return_late, on_behalf, informed, outcome_copy, acknowledged,
                       inspectorates, templates_reason, return_reason))

struct DutyView {
  Duty duty = Duty::panel;
  bool applies = false;  // by the last answers; a duty that is done stays listed
  std::string because;   // empty when it does not apply
  std::optional<Date> done;
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(DutyView, (), (duty, applies, because, done, record))

struct MeetingView {
  std::uint64_t number = 0;
  Date date{};
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;
  std::uint64_t working_day = 0;
  bool outside_window = false;
  bool breaks_the_whole = false;
  std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(MeetingView, (),
                      (number, date, kind, mode, working_day, outside_window, breaks_the_whole, reason))

struct PackView {
  PersonId person;
  CopyId copy;
  PackSharing how = PackSharing::in_advance;
  std::uint64_t lacking = 0;
  Instant shared;
  std::optional<CopyState> state;  // of the copy; collected means that it was opened for the first time
};
BOOST_DESCRIBE_STRUCT(PackView, (), (person, copy, how, lacking, shared, state))

struct OtherAttendeeView {
  AttendeeBody body = AttendeeBody::other;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(OtherAttendeeView, (), (body, name))

struct AttendanceView {
  std::vector<Attendee> present;
  std::vector<OtherAttendeeView> others;
  std::vector<AgencyId> absent;  // partners without a representative
  bool quorate = false;
};
BOOST_DESCRIBE_STRUCT(AttendanceView, (), (present, others, absent, quorate))

// Shows which documents of 4.5.1 the pack has, and which are missing.
struct PackContentsView {
  std::vector<RecordId> document_1;     // every record of that class in the review safe
  std::vector<RecordId> notifications;  // those that duties name
  std::vector<RecordId> returns;        // each agency's last version
  std::vector<AgencyId> unreturned;     // agencies that were asked and returned nothing, not even nil
  bool complete = false;                // there is a Document 1 and no agency's return is missing
};
BOOST_DESCRIBE_STRUCT(PackContentsView, (), (document_1, notifications, returns, unreturned, complete))

struct AnswerView {
  AgencyId partner;
  PartnerAnswer answer = PartnerAnswer::agree;
  PersonId person;  // the person who signed it
  bool by_spoc = false;
  Instant time;
  std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(AnswerView, (), (partner, answer, person, by_spoc, time, reason))

struct EndorsementView {
  PersonId person;
  Instant time;
  std::optional<std::string> remark;
};
BOOST_DESCRIBE_STRUCT(EndorsementView, (), (person, time, remark))

struct DecisionView {
  std::uint64_t version = 0;
  RecordId record;
  ReviewDecision decision = ReviewDecision::neither;
  std::uint64_t actions = 0;
  Instant time;
  bool late = false;
  std::optional<std::string> reason;
  std::vector<AnswerView> answers;
  std::vector<AgencyId> silent;  // partners who have not answered
  bool frozen = false;
  std::optional<EndorsementView> endorsed;
};
BOOST_DESCRIBE_STRUCT(DecisionView, (),
                      (version, record, decision, actions, time, late, reason, answers, silent, frozen, endorsed))

struct OutcomeView {
  RecordId document_4;
  RecordId document_5;
  Digest manifest{};
  Instant sent;
  bool outcome_late = false;
  bool review_late = false;
  std::optional<std::string> reason;
  std::optional<PanelAnswer> panel_answer;
  std::optional<Date> panel_answered;
  std::optional<RecordId> panel_record;
};
BOOST_DESCRIBE_STRUCT(OutcomeView, (),
                      (document_4, document_5, manifest, sent, outcome_late, review_late, reason, panel_answer,
                       panel_answered, panel_record))

// One thing that somebody owes now.
struct OwedView {
  ReviewTask task = ReviewTask::close;
  std::string what;  // in words, with its paragraph
  ReviewActor by = ReviewActor::spoc;
  std::optional<AgencyId> agency;  // the agency that owes it; set for a partner's too
  std::optional<Duty> duty;
  std::optional<Date> due;
  bool overdue = false;
};
BOOST_DESCRIBE_STRUCT(OwedView, (), (task, what, by, agency, duty, due, overdue))

// Lets a client check words that are shown: an entry names the SHA-256 of `random` followed by the words.
struct ShownTextView {
  Digest text{};    // the digest, as the entry names it
  Digest random{};  // the 32 bytes before the words
};
BOOST_DESCRIBE_STRUCT(ShownTextView, (), (text, random))

struct ReviewView {
  CaseId case_;
  std::string reference;
  Date today{};  // in Europe/London: the day by which states and hours are computed
  Stage stage = Stage::referred;
  LockState lock = LockState::engaged;
  std::string rules;
  std::string citation;  // of the rule set
  Digest calendar{};     // of the calendar that is in force now
  std::optional<CaseId> linked_to;
  bool whole = false;                  // whether this person sees all of it
  std::optional<std::string> next;     // the next step, in words; absent if the review has ended, or if not whole
  std::optional<std::string> next_by;  // the person or body who owes it
  std::vector<ClockView> clocks;
  std::vector<std::string> warnings;           // deadlines that are going to be missed although nothing is late yet
  std::vector<MeetingDateView> meeting_dates;  // on which the meeting may be held (4.4.2)
  std::vector<OwedView> owed;
  std::uint64_t securing_target_days = 0;  // working days from being asked; a local target, not from the guidance
  std::vector<AgencyReviewView> agencies;
  std::optional<DutyAnswers> duty_answers;
  std::vector<DutyView> duties;
  std::optional<MeetingView> meeting;
  std::vector<PackView> packs;
  std::optional<PackContentsView> pack;
  std::optional<AttendanceView> attendance;
  std::uint64_t meetings = 0;   // the last number; the next meeting has one more
  std::uint64_t decisions = 0;  // the last version of Document 4
  std::optional<DecisionView> decision;
  std::optional<OutcomeView> outcome;
  std::optional<Instant> ended;
  std::optional<std::string> end_reason;  // why it was not pursued, or was closed with something open
  std::vector<ShownTextView> texts;       // of all words above: names of attendees, reasons, remarks
};
BOOST_DESCRIBE_STRUCT(ReviewView, (),
                      (case_, reference, today, stage, lock, rules, citation, calendar, linked_to, whole, next, next_by,
                       clocks, warnings, meeting_dates, owed, securing_target_days, agencies, duty_answers, duties,
                       meeting, packs, pack, attendance, meetings, decisions, decision, outcome, ended, end_reason,
                       texts))

}  // namespace strongroom::access::wire
