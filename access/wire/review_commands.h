// The review's acts (section 4 of the guidance): who was sent what, what came back, the meeting, its decision and what
// became of it. Filled forms are records of the case's review safe, sealed there first (records.seal with their class)
// and named here by id; what somebody is given of them is a copy (copy.issue) of that safe. Words are free text, staged
// and named by digest: a `reason` says why something is late or unusual, and never names the child.
//
// What is impossible at the review's stage is a conflict, in the words of the paragraph that forbids it
// (review/stages.h). What is late is a conflict as long as there is no `reason`; with one it is done, and marked late.
// "Late" is measured on the day of the entry in Europe/London. Docs: docs/formats.md
#pragma once
#include "access/wire/commands.h"

namespace strongroom::access::wire {

// --- the local authority's duties (4.1.2) ---------------------------------------------------------------------------

// The questionnaire. By a SPOC or a partner; later answers stand in place of earlier ones. Which duties apply, and why,
// follows from the answers (review/duties.h).
struct AnswerDuties {
  static constexpr std::string_view kKind = "duties.answer";
  CaseId case_;
  DutyAnswers answers;
};
BOOST_DESCRIBE_STRUCT(AnswerDuties, (), (case_, answers))

// A duty that applies is done, once. Errc::conflict when it does not apply, or is done already.
struct RecordDuty {
  static constexpr std::string_view kKind = "duty.record";
  CaseId case_;
  Duty duty = Duty::panel;
  Date on{};                       // from the incident to today; of `panel`: the formal notification
  std::optional<RecordId> record;  // of class notification, in the review safe; of `document-1` it is needed, and of
                                   // class document-1
};
BOOST_DESCRIBE_STRUCT(RecordDuty, (), (case_, duty, on, record))

// --- scoping (4.3) --------------------------------------------------------------------------------------------------

struct AgencyTemplates {
  AgencyId agency;      // asked, and not sent them yet
  RecordId document_2;  // of that class, in the review safe
  RecordId document_3;
  std::optional<CopyId> copy;  // of both, issued to a lead of the agency; absent: they went by other means
};
BOOST_DESCRIBE_STRUCT(AgencyTemplates, (), (agency, document_2, document_3, copy))

// Documents 2 and 3 have gone out (4.3.3). By a SPOC; one entry for each agency. The first one begins the scoping.
struct SendTemplates {
  static constexpr std::string_view kKind = "templates.send";
  CaseId case_;
  std::vector<AgencyTemplates> templates;  // each agency once, kMaxAgenciesPerAsk at most
  std::optional<Digest> reason;            // needed where one of them is late
};
BOOST_DESCRIBE_STRUCT(SendTemplates, (), (case_, templates, reason))

// Document 2 comes back (4.3.4), or "not known to us". By a lead of the agency, who signs for it, or by a SPOC on its
// behalf. A later version stands in place of the earlier one. A lead may seal records of class document-2 in the review
// safe, whose chain (GET /v1/safes/{safe}/chain) says which key to encrypt to.
struct ReturnScoping {
  static constexpr std::string_view kKind = "scoping.return";
  CaseId case_;
  AgencyId agency;
  std::uint64_t version = 0;          // the last one and 1
  std::optional<RecordId> record;     // of class document-2, in the review safe, sealed by the actor; absent: nil
  std::vector<std::string> searched;  // for which of the case's subjects
  std::optional<Digest> reason;       // needed where the first version is late
};
BOOST_DESCRIBE_STRUCT(ReturnScoping, (), (case_, agency, version, record, searched, reason))

// --- the meeting (4.4 to 4.6) ---------------------------------------------------------------------------------------

// By a SPOC; again to move it, which needs a reason and voids the attendance.
struct ScheduleMeeting {
  static constexpr std::string_view kKind = "meeting.schedule";
  CaseId case_;
  std::uint64_t number = 0;  // the last one and 1: 1 at first
  Date date{};               // not before the referral was received
  MeetingKind kind = MeetingKind::standing;
  MeetingMode mode = MeetingMode::in_person;  // teleconference: of an extraordinary meeting alone
  std::optional<Digest> reason;  // needed: outside the window, by teleconference (why it is absolutely essential to the
                                 // timescale, 4.4.2), moved
};
BOOST_DESCRIBE_STRUCT(ScheduleMeeting, (), (case_, number, date, kind, mode, reason))

struct SharedPack {
  PersonId person;
  CopyId copy;  // of the review safe, which that person holds
};
BOOST_DESCRIBE_STRUCT(SharedPack, (), (person, copy))

// The documents for those attending (4.5). By a SPOC; one entry for each person, which says how many of the required
// documents are not in the copy. A newer copy stands in place of the earlier one.
struct SharePack {
  static constexpr std::string_view kKind = "pack.share";
  CaseId case_;
  PackSharing how = PackSharing::in_advance;  // until the meeting's day; tabled: on it, or later
  std::vector<SharedPack> packs;              // each person once
};
BOOST_DESCRIBE_STRUCT(SharePack, (), (case_, how, packs))

struct Attendee {
  PersonId person;
  std::optional<AgencyId> standing_for;  // the safeguarding partner, of which they are a member, whose representative
                                         // they were; each person for one at most
};
BOOST_DESCRIBE_STRUCT(Attendee, (), (person, standing_for))

// Somebody who is not enrolled; counts for no partner.
struct OtherAttendee {
  AttendeeBody body = AttendeeBody::other;
  Digest name{};  // free text
};
BOOST_DESCRIBE_STRUCT(OtherAttendee, (), (body, name))

// Who was there (4.6.1): all of them, standing in place of what was recorded before. By a SPOC, on the meeting's day or
// later. It is quorate when somebody stood for each of the three partners.
struct RecordAttendance {
  static constexpr std::string_view kKind = "attendance.record";
  CaseId case_;
  std::uint64_t meeting = 0;  // its number
  std::vector<Attendee> present;
  std::vector<OtherAttendee> others;
};
BOOST_DESCRIBE_STRUCT(RecordAttendance, (), (case_, meeting, present, others))

// --- the decision (4.6.2, 4.6.3) ------------------------------------------------------------------------------------

// Document 4 as the meeting completed it. By a SPOC, after a quorate meeting. A later version, until all three partners
// have answered, voids the answers to the earlier one.
struct DecideReview {
  static constexpr std::string_view kKind = "review.decide";
  CaseId case_;
  std::uint64_t version = 0;  // the last one and 1
  RecordId record;            // of class document-4, in the review safe
  ReviewDecision decision = ReviewDecision::neither;
  std::uint64_t actions = 0;     // for children's immediate safety, that it lists
  std::optional<Digest> reason;  // needed once the outcome is overdue
};
BOOST_DESCRIBE_STRUCT(DecideReview, (), (case_, version, record, decision, actions, reason))

// A partner agrees to Document 4 or dissents. By somebody with the role partner in that agency, or by a SPOC, who
// records what was said in the meeting (the entry says so). Once for each version; nobody answers for two partners. The
// third answer freezes the document.
struct AnswerDecision {
  static constexpr std::string_view kKind = "decision.answer";
  CaseId case_;
  std::uint64_t version = 0;  // that is answered: the current one
  RecordId record;            // its Document 4, so that the signature is under what was read
  AgencyId partner;
  PartnerAnswer answer = PartnerAnswer::agree;
  std::optional<Digest> reason;  // needed for a dissent
};
BOOST_DESCRIBE_STRUCT(AnswerDecision, (), (case_, version, record, partner, answer, reason))

// By an independent chair, where an area has one. Once for each version.
struct EndorseDecision {
  static constexpr std::string_view kKind = "decision.endorse";
  CaseId case_;
  std::uint64_t version = 0;
  RecordId record;               // as of AnswerDecision
  std::optional<Digest> remark;  // free text
};
BOOST_DESCRIBE_STRUCT(EndorseDecision, (), (case_, version, record, remark))

// --- the outcome (4.7) ----------------------------------------------------------------------------------------------

// Documents 4 and 5 go to the Panel. By a SPOC, once all three partners have answered.
struct SendOutcome {
  static constexpr std::string_view kKind = "outcome.send";
  CaseId case_;
  RecordId document_4;           // the one that was decided on
  RecordId document_5;           // of that class, in the review safe
  Digest manifest{};             // SHA-256 of the submission's manifest file
  std::optional<Digest> reason;  // needed where the outcome, or the whole review, is late
};
BOOST_DESCRIBE_STRUCT(SendOutcome, (), (case_, document_4, document_5, manifest, reason))

// What the Panel said. By a SPOC. A later answer stands in place of the earlier one.
struct RecordPanelAnswer {
  static constexpr std::string_view kKind = "panel.answer";
  CaseId case_;
  PanelAnswer answer = PanelAnswer::acknowledged;
  Date on{};                       // from the day of sending to today
  std::optional<RecordId> record;  // its letter, in the review safe
};
BOOST_DESCRIBE_STRUCT(RecordPanelAnswer, (), (case_, answer, on, record))

struct InformedAgency {
  AgencyId agency;             // that was asked: the referring one is among them
  std::optional<CopyId> copy;  // of the review safe, issued to somebody of the agency; absent: by other means
};
BOOST_DESCRIBE_STRUCT(InformedAgency, (), (agency, copy))

// The other agencies and the referrer are told (4.7.2). By a SPOC; one entry for each, each once.
struct InformAgencies {
  static constexpr std::string_view kKind = "outcome.inform";
  CaseId case_;
  std::vector<InformedAgency> agencies;
};
BOOST_DESCRIBE_STRUCT(InformAgencies, (), (case_, agencies))

// By a lead of the agency that was informed, once.
struct AcknowledgeOutcome {
  static constexpr std::string_view kKind = "outcome.acknowledge";
  CaseId case_;
  AgencyId agency;
};
BOOST_DESCRIBE_STRUCT(AcknowledgeOutcome, (), (case_, agency))

// An agency has notified an inspectorate (4.7.3), or finds that none is required. By its lead; each body once.
struct RecordInspectorate {
  static constexpr std::string_view kKind = "inspectorate.record";
  CaseId case_;
  AgencyId agency;
  Inspectorate body = Inspectorate::other;
  Date on{};  // from the incident to today
};
BOOST_DESCRIBE_STRUCT(RecordInspectorate, (), (case_, agency, body, on))

// --- its course -----------------------------------------------------------------------------------------------------

// The Rapid Review is done. By a SPOC. From outcome-sent it leads to the practice review or the alternative review that
// was decided, and from there, or where none was, to closed: the entry says which.
struct CloseReview {
  static constexpr std::string_view kKind = "review.close";
  CaseId case_;
  std::optional<Digest> reason;  // needed while a duty is open or an agency is not informed
};
BOOST_DESCRIBE_STRUCT(CloseReview, (), (case_, reason))

// The criteria turned out not to be met. By a SPOC, before anything is decided. The lock stays.
struct DropReview {
  static constexpr std::string_view kKind = "review.drop";
  CaseId case_;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(DropReview, (), (case_, reason))

// Back to scoping (the meeting is set anew) or to meeting-set (it decides anew). By a SPOC. Entries stay; versions and
// numbers go on counting.
struct StepBack {
  static constexpr std::string_view kKind = "review.step-back";
  CaseId case_;
  Stage to = Stage::scoping;
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(StepBack, (), (case_, to, reason))

// A clock is due on another date. By a SPOC.
struct MoveClock {
  static constexpr std::string_view kKind = "clock.move";
  CaseId case_;
  std::string clock;               // of the case's rule set: templates, return, meeting, outcome, rapid-review
  std::optional<AgencyId> agency;  // of templates and return: for one agency alone
  Date due{};                      // not before the clock's trigger
  Digest reason{};
};
BOOST_DESCRIBE_STRUCT(MoveClock, (), (case_, clock, agency, due, reason))

// --- the calendar ---------------------------------------------------------------------------------------------------

// Bank holidays of England and Wales, merged with what is known (review/calendar.h). By a SPOC or a partner; an entry
// of the directory. It changes the clocks of every case that runs.
struct ImportCalendar {
  static constexpr std::string_view kKind = "calendar.import";
  std::vector<Date> added;    // bank holidays that the calendar lacks, ascending
  std::vector<Date> removed;  // days to come that are none after all, ascending
  Digest calendar{};          // of the calendar that comes of it (Calendar::digest); another one is a conflict
};
BOOST_DESCRIBE_STRUCT(ImportCalendar, (), (added, removed, calendar))

}  // namespace strongroom::access::wire
