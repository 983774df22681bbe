// Describes the decision of a review (4.6.2, 4.6.3): Document 4, and the partners' answers to it. It has their commands
// and entries; scoping.h explains what all headers of a review have in common. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// A SPOC signs this after a quorate meeting, with Document 4 as the meeting completed it. A later version voids the
// answers to the earlier one. There can be one until all three partners have answered.
struct DecideReview {
  static constexpr std::string_view kKind = "review.decide";
  CaseId case_;
  std::uint64_t version = 0;  // the last version + 1
  RecordId record;            // of class document-4, in the review safe
  ReviewDecision decision = ReviewDecision::neither;
  std::uint64_t actions = 0;     // the actions in it for children's immediate safety
  std::optional<Digest> reason;  // needed once the outcome is overdue
};
BOOST_DESCRIBE_STRUCT(DecideReview, (), (case_, version, record, decision, actions, reason))

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

// A partner agrees to Document 4 or dissents. Somebody with the role partner in that agency signs it, or a SPOC who
// records what was said in the meeting; the entry shows which. Each partner answers once for each version, and nobody
// answers for two partners. The third answer freezes the document.
struct AnswerDecision {
  static constexpr std::string_view kKind = "decision.answer";
  CaseId case_;
  std::uint64_t version = 0;  // the version that is answered, which must be the current one
  RecordId record;            // its Document 4, so that the signature covers what was read
  AgencyId partner;
  PartnerAnswer answer = PartnerAnswer::agree;
  std::optional<Digest> reason;  // needed for a dissent
};
BOOST_DESCRIBE_STRUCT(AnswerDecision, (), (case_, version, record, partner, answer, reason))

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
  bool frozen = false;   // this is the third answer
};
BOOST_DESCRIBE_STRUCT(DecisionAnswered, (), (case_, version, record, partner, answer, reason, by_spoc, frozen))

// An independent chair signs this, in areas that have one. It is signed once for each version.
struct EndorseDecision {
  static constexpr std::string_view kKind = "decision.endorse";
  CaseId case_;
  std::uint64_t version = 0;
  RecordId record;               // as in AnswerDecision
  std::optional<Digest> remark;  // free text
};
BOOST_DESCRIBE_STRUCT(EndorseDecision, (), (case_, version, record, remark))

struct DecisionEndorsed {
  static constexpr std::string_view kKind = "decision.endorsed";
  CaseId case_;
  std::uint64_t version = 0;
  RecordId record;
  std::optional<Digest> remark;
};
BOOST_DESCRIBE_STRUCT(DecisionEndorsed, (), (case_, version, record, remark))

}  // namespace strongroom::access::wire
