// The course of a review, as its own entries tell it, so that nobody prints, passes on or signs something that the
// service made up. Each entry is in the ledger, was signed by somebody who may make it, and names its words by digest.
// Stage, documents, answers and clocks follow from the entries.
//
// This cannot show that an entry was withheld, so the service can show an older state of the same review. But an answer
// to Document 4 names its record (AnswerDecision), so nobody signs an older document instead of a newer one.
// `verify_trail` proves the whole.
#pragma once
#include "access/wire/register.h"
#include "cli/client/proof/directory.h"

namespace cli::client {

namespace review = strongroom::review;

struct AgencyCourse {
  access::AgencyId agency;
  vault::Instant asked;
  std::optional<vault::Instant> templates_sent;
  std::optional<access::RecordId> document_2, document_3;
  std::optional<access::CopyId> copy;
  std::optional<Digest> templates_reason;
  std::optional<vault::Instant> returned;
  std::uint64_t return_version = 0;
  std::optional<access::RecordId> return_record;
  std::optional<Digest> return_reason;
  bool on_behalf = false;
  std::optional<vault::Instant> informed;
  std::optional<access::CopyId> outcome_copy;
  std::optional<vault::Instant> acknowledged;
  std::vector<wire::InspectorateView> inspectorates;
};
struct AnswerCourse {
  wire::DecisionAnswered said;
  access::PersonId person;
  vault::Instant time;
};
struct DecidedCourse {
  wire::ReviewDecided said;
  vault::Instant time;
  std::vector<AnswerCourse> answers;
  std::optional<wire::DecisionEndorsed> endorsed;
  access::PersonId endorsed_by;
  bool frozen(std::size_t partners) const { return answers.size() == partners; }
};
struct OutcomeCourse {
  wire::OutcomeSent said;
  vault::Instant time;
  std::optional<wire::PanelAnswered> panel;
};
// The state of a review after some of its entries. Times are those of the entries.
struct ReviewCourse {
  std::optional<wire::CaseReferred> referred;  // always there after read_course
  access::Stage stage = access::Stage::referred;
  std::vector<AgencyCourse> agencies;  // in the order in which they were asked
  std::vector<access::RecordId> documents_1;
  std::optional<access::DutyAnswers> duty_answers;
  std::vector<wire::DutyRecorded> duties;
  std::optional<wire::MeetingScheduled> meeting;
  std::uint64_t meetings = 0;
  std::vector<wire::PackShared> packs;
  std::optional<wire::AttendanceRecorded> attendance;
  std::uint64_t decisions = 0;
  std::optional<DecidedCourse> decision;
  std::optional<OutcomeCourse> outcome;
  std::vector<wire::ClockMoved> moved;
  std::optional<vault::Instant> ended;
  std::optional<Digest> end_reason;
};

// `entries` are the referral, the chain of the review and the records of the review safe, in the order of the ledger.
// Errc::tampered unless they begin with the referral of this case, and each was signed by somebody who may make it and
// says what was signed.
Result<ReviewCourse> read_course(const Directory& directory, const access::CaseId& case_,
                                 std::span<const VerifiedEntry> entries);
}  // namespace cli::client
