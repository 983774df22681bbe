// The outcome of a review (4.7): the Panel, the agencies that are told, the inspectorates. Commands and entries;
// scoping.h says what all headers of a review have in common. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

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

// What the Panel said. By a SPOC. A later answer stands in place of the earlier one.
struct RecordPanelAnswer {
  static constexpr std::string_view kKind = "panel.answer";
  CaseId case_;
  PanelAnswer answer = PanelAnswer::acknowledged;
  Date on{};                       // from the day of sending to today
  std::optional<RecordId> record;  // its letter, in the review safe
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

// By a lead of the agency that was informed, once.
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

// An agency has notified an inspectorate (4.7.3), or finds that none is required. By its lead; each body once.
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
