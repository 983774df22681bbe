// Describes the outcome of a review (4.7): the Panel, the agencies that are told, the inspectorates. It has their
// commands and entries; scoping.h explains what all headers of a review have in common. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// A SPOC signs this to send Documents 4 and 5 to the Panel, once all three partners have answered.
struct SendOutcome {
  static constexpr std::string_view kKind = "outcome.send";
  CaseId case_;
  RecordId document_4;           // the one on which the partners decided
  RecordId document_5;           // of class document-5, in the review safe
  Digest manifest{};             // SHA-256 of the submission's manifest file
  std::optional<Digest> reason;  // needed if the outcome, or the whole review, is late
};
BOOST_DESCRIBE_STRUCT(SendOutcome, (), (case_, document_4, document_5, manifest, reason))

struct OutcomeSent {
  static constexpr std::string_view kKind = "outcome.sent";
  static constexpr auto kComputed = std::to_array<std::string_view>({"outcome_late", "review_late", "calendar"});
  CaseId case_;
  RecordId document_4;
  RecordId document_5;
  Digest manifest{};
  bool outcome_late = false;  // late by 4.7.1
  bool review_late = false;   // the whole review is late by 4.2.2
  std::optional<Digest> reason;
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(OutcomeSent, (),
                      (case_, document_4, document_5, manifest, outcome_late, review_late, reason, calendar))

// A SPOC signs this to record the Panel's answer. A later answer replaces the earlier one.
struct RecordPanelAnswer {
  static constexpr std::string_view kKind = "panel.answer";
  CaseId case_;
  PanelAnswer answer = PanelAnswer::acknowledged;
  Date on{};                       // from the day of sending to today
  std::optional<RecordId> record;  // the Panel's letter, in the review safe
};
BOOST_DESCRIBE_STRUCT(RecordPanelAnswer, (), (case_, answer, on, record))

struct PanelAnswered {
  static constexpr std::string_view kKind = "panel.answered";
  CaseId case_;
  PanelAnswer answer = PanelAnswer::acknowledged;
  Date on{};
  std::optional<RecordId> record;
};
BOOST_DESCRIBE_STRUCT(PanelAnswered, (), (case_, answer, on, record))

struct InformedAgency {
  AgencyId agency;             // an agency that was asked, which may be the referring one
  std::optional<CopyId> copy;  // of the review safe, issued to somebody of the agency; absent: told by other means
};
BOOST_DESCRIBE_STRUCT(InformedAgency, (), (agency, copy))

// A SPOC signs this to tell the other agencies and the referrer (4.7.2). There is one entry for each agency, and each
// agency is told once.
struct InformAgencies {
  static constexpr std::string_view kKind = "outcome.inform";
  CaseId case_;
  std::vector<InformedAgency> agencies;
};
BOOST_DESCRIBE_STRUCT(InformAgencies, (), (case_, agencies))

// There is one such entry for each agency of the command.
struct OutcomeInformed {
  static constexpr std::string_view kKind = "outcome.informed";
  static constexpr auto kComputed = std::to_array<std::string_view>({"referrer"});
  CaseId case_;
  AgencyId agency;
  bool referrer = false;
  std::optional<CopyId> copy;
};
BOOST_DESCRIBE_STRUCT(OutcomeInformed, (), (case_, agency, referrer, copy))

// A lead of the agency that was informed signs this, once.
struct AcknowledgeOutcome {
  static constexpr std::string_view kKind = "outcome.acknowledge";
  CaseId case_;
  AgencyId agency;
};
BOOST_DESCRIBE_STRUCT(AcknowledgeOutcome, (), (case_, agency))

struct OutcomeAcknowledged {
  static constexpr std::string_view kKind = "outcome.acknowledged";
  CaseId case_;
  AgencyId agency;
};
BOOST_DESCRIBE_STRUCT(OutcomeAcknowledged, (), (case_, agency))

// The agency's lead signs this when the agency has notified an inspectorate (4.7.3), or finds that none is required.
// Each body is recorded once.
struct RecordInspectorate {
  static constexpr std::string_view kKind = "inspectorate.record";
  CaseId case_;
  AgencyId agency;
  Inspectorate body = Inspectorate::other;
  Date on{};  // from the incident to today
};
BOOST_DESCRIBE_STRUCT(RecordInspectorate, (), (case_, agency, body, on))

struct InspectorateRecorded {
  static constexpr std::string_view kKind = "inspectorate.recorded";
  CaseId case_;
  AgencyId agency;
  Inspectorate body = Inspectorate::other;
  Date on{};
};
BOOST_DESCRIBE_STRUCT(InspectorateRecorded, (), (case_, agency, body, on))

}  // namespace strongroom::access::wire
