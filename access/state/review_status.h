// Prepares a review for the calculations of review/: its dates, the rules and the calendar it runs under, and the facts
// that the guards of its steps check. It is made from the rows of one snapshot.
#pragma once
#include "access/state/state.h"
#include "review/calendar.h"
#include "review/clocks.h"
#include "review/rules.h"

namespace strongroom::access {

// Returns the shipped calendar merged with the imports. Errc::too_large if the imports are too many for one calendar.
Result<review::Calendar> calendar_of(const CalendarRow& row);

struct ReviewStatus {
  ReviewRow row;
  std::vector<AgencyReviewRow> agencies;  // in the order of asking
  const review::RuleSet* rules = nullptr;
  review::Calendar calendar;
  review::CaseDates dates;
  review::Facts facts;
  Date today{};

  const AgencyReviewRow* find(const AgencyId& agency) const;
  // Returns when that clock is due, and whether that day has passed. There is no date while the clock waits for its
  // trigger. Errc::not_found names a year whose bank holidays are not known.
  struct Due {
    std::optional<Date> date;
    bool is_past = false;
  };
  Result<Due> due(std::string_view clock, const std::optional<AgencyId>& agency = std::nullopt) const;
};

// Errc::tampered if the rows contradict each other.
Result<ReviewStatus> review_status(const State& state, const ReadTransaction& txn, const CaseRow& row, Instant now);

// The documents that those attending must be given (4.5.1).
struct PackContents {
  std::vector<RecordId> document_1;
  std::vector<RecordId> notifications;
  std::vector<RecordId> returns;
  std::vector<AgencyId> unreturned;
  // Returns how many of these are missing from the list, which must be sorted. A missing Document 1 and each agency
  // that did not return count too.
  std::uint64_t lacking(const std::vector<RecordId>& sorted) const;
};
Result<PackContents> pack_contents(const State& state, const ReadTransaction& txn, const CaseRow& row,
                                   const ReviewStatus& review);

}  // namespace strongroom::access
