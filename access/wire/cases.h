// Describes cases: the referral (4.1.1), and the agencies that are asked to secure their records. It has their
// commands, entries and answers. Docs: docs/formats.md
#pragma once
#include "access/wire/safes.h"

namespace strongroom::access::wire {

// Document 1 (4.1.1). It opens the case with its review safe and engages the lock.
struct ReferCase {
  static constexpr std::string_view kKind = "case.refer";
  CaseId case_;
  AgencyId agency;  // the referring agency; the same act asks it to secure its records
  Date incident_date{};
  Date aware_date{};
  Instant received;                   // by the SPOC; it may be earlier than the act
  std::vector<std::string> subjects;  // at least one child-N, kMaxChildren of them at most
  SafeId review_safe;
  EpochKey key;  // wrapped for every SPOC
  std::optional<std::string> rules =
      std::nullopt;  // the rule set that the case runs under (review/rules.h); absent: "guidance"
  std::optional<CaseId> linked_to = std::nullopt;  // an earlier case of the same incident, or of others hurt in it
};
BOOST_DESCRIBE_STRUCT(ReferCase, (),
                      (case_, agency, incident_date, aware_date, received, subjects, review_safe, key, rules,
                       linked_to))

struct CaseReferred {
  static constexpr std::string_view kKind = "case.referred";
  static constexpr auto kBegins =
      std::to_array({ChainSort::review, ChainSort::refusals, ChainSort::keys, ChainSort::recovery, ChainSort::records,
                     ChainSort::copies});  // the last four are the review safe's
  static constexpr auto kGiven = std::to_array<std::string_view>({"reference"});
  static constexpr auto kComputed = std::to_array<std::string_view>({"rules", "calendar"});
  CaseId case_;
  std::string reference;  // RR-<year received>-<four digits or more>
  AgencyId agency;
  Date incident_date{};
  Date aware_date{};
  Instant received;
  std::vector<std::string> subjects;
  SafeId review_safe;
  EpochKey key;
  std::string rules;  // the rule set that the case runs under from then on
  Digest calendar{};  // the calendar in force then (Calendar::digest)
  std::optional<CaseId> linked_to;
};
BOOST_DESCRIBE_STRUCT(CaseReferred, (),
                      (case_, reference, agency, incident_date, aware_date, received, subjects, review_safe, key, rules,
                       calendar, linked_to))

struct AskAgencies {
  static constexpr std::string_view kKind = "case.ask";
  CaseId case_;
  std::vector<AgencyId> agencies;
};
BOOST_DESCRIBE_STRUCT(AskAgencies, (), (case_, agencies))

struct AgenciesAsked {
  static constexpr std::string_view kKind = "agencies.asked";
  CaseId case_;
  std::vector<AgencyId> agencies;
};
BOOST_DESCRIBE_STRUCT(AgenciesAsked, (), (case_, agencies))

struct CaseView {
  CaseId case_;
  std::string reference;
  AgencyId agency;  // the agency that referred it
  Date incident_date{};
  Date aware_date{};
  Instant received;
  std::vector<std::string> subjects;
  Stage stage = Stage::referred;
  LockState lock = LockState::engaged;
  std::vector<AgencyId> asked;
  SafeId review_safe;
};
BOOST_DESCRIBE_STRUCT(CaseView, (),
                      (case_, reference, agency, incident_date, aware_date, received, subjects, stage, lock, asked,
                       review_safe))

}  // namespace strongroom::access::wire
