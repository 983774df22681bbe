// Describes a review's first steps: the local authority's duties (4.1.2) and scoping (4.3). It has their commands and
// entries; the answers are in course.h. Docs: docs/formats.md
//
// The headers of a review (this one, meeting.h, decision.h, outcome.h, course.h) have this in common:
// - Filled forms are records of the case's review safe. They are sealed there first (records.seal with their class) and
//   named here by id. Anything that somebody is given of them is a copy (copy.issue) of that safe.
// - Words are free text, staged and named by digest. A `reason` explains why something is late or unusual, and must not
//   name the child.
// - An act that is impossible at the review's stage is a conflict, in the words of the paragraph that forbids it
//   (review/stages.h). A late act without a `reason` is a conflict too; with one it is done and marked late. "Late" is
//   measured on the day of the entry in Europe/London.
// - `calendar` is the digest of the calendar that was in force when working days were counted.
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// ---- The local authority's duties (4.1.2) ----

// A SPOC or a partner signs the answers to the questionnaire; later answers replace earlier ones. They decide which
// duties apply, and why (review/duties.h).
struct AnswerDuties {
  static constexpr std::string_view kKind = "duties.answer";
  CaseId case_;
  DutyAnswers answers;
};
BOOST_DESCRIBE_STRUCT(AnswerDuties, (), (case_, answers))

struct DutiesAnswered {
  static constexpr std::string_view kKind = "duties.answered";
  static constexpr auto kComputed = std::to_array<std::string_view>({"duties"});
  CaseId case_;
  DutyAnswers answers;
  std::vector<Duty> duties;  // the duties that apply
};
BOOST_DESCRIBE_STRUCT(DutiesAnswered, (), (case_, answers, duties))

// Records once that a duty which applies is done. Errc::conflict if it does not apply, or is done already.
struct RecordDuty {
  static constexpr std::string_view kKind = "duty.record";
  CaseId case_;
  Duty duty = Duty::panel;
  Date on{};                       // from the incident to today; for `panel`: of the formal notification
  std::optional<RecordId> record;  // of class notification, in the review safe; `document-1` needs one of that class
};
BOOST_DESCRIBE_STRUCT(RecordDuty, (), (case_, duty, on, record))

struct DutyRecorded {
  static constexpr std::string_view kKind = "duty.recorded";
  CaseId case_;
  Duty duty = Duty::panel;
  Date on{};
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(DutyRecorded, (), (case_, duty, on, record))

// ---- Templates and returns (4.3) ----

struct AgencyTemplates {
  AgencyId agency;      // an agency that was asked and has not been sent them
  RecordId document_2;  // of class document-2, in the review safe
  RecordId document_3;
  std::optional<CopyId> copy;  // of both, issued to a lead of the agency; absent: sent by other means
};
BOOST_DESCRIBE_STRUCT(AgencyTemplates, (), (agency, document_2, document_3, copy))

// A SPOC signs this when Documents 2 and 3 have gone out (4.3.3). There is one entry for each agency. The first one
// begins the scoping.
struct SendTemplates {
  static constexpr std::string_view kKind = "templates.send";
  CaseId case_;
  std::vector<AgencyTemplates> templates;  // each agency once, at most kMaxAgenciesPerAsk
  std::optional<Digest> reason;            // needed if one of them is late
};
BOOST_DESCRIBE_STRUCT(SendTemplates, (), (case_, templates, reason))

// There is one such entry for each agency of the command.
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

// Returns Document 2 (4.3.4), or states "not known to us". A lead of the agency signs for it, or a SPOC on its behalf.
// A later version replaces the earlier one. A lead may seal records of class document-2 in the review safe, whose chain
// (GET /v1/safes/{safe}/chain) shows which key to encrypt to.
struct ReturnScoping {
  static constexpr std::string_view kKind = "scoping.return";
  CaseId case_;
  AgencyId agency;
  std::uint64_t version = 0;          // the last version + 1
  std::optional<RecordId> record;     // of class document-2, in the review safe, sealed by the actor; absent: nil
  std::vector<std::string> searched;  // for which of the case's subjects the agency searched
  std::optional<Digest> reason;       // needed if the first version is late
};
BOOST_DESCRIBE_STRUCT(ReturnScoping, (), (case_, agency, version, record, searched, reason))

struct ScopingReturned {
  static constexpr std::string_view kKind = "scoping.returned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"on_behalf", "due", "late", "calendar"});
  CaseId case_;
  AgencyId agency;
  std::uint64_t version = 0;
  std::optional<RecordId> record;
  std::vector<std::string> searched;
  bool on_behalf = false;  // the actor is a SPOC, and no lead of the agency
  Date due{};
  bool late = false;  // the first version was late
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(ScopingReturned, (),
                      (case_, agency, version, record, searched, on_behalf, due, late, reason, calendar))

}  // namespace strongroom::access::wire
