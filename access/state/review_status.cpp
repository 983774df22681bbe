#include "access/state/review_status.h"

#include <algorithm>

#include "access/wire/describe_json.h"

namespace strongroom::access {
namespace {

Error dangling() {
  return {Errc::tampered, "the rows of a review contradict each other"};
}

review::CaseDates dates_of(const CaseRow& row, const ReviewStatus& review) {
  review::CaseDates dates;
  dates.aware = row.aware_date;
  dates.received = vault::london_date(row.received);
  for (const DoneDutyRow& duty : review.row.duties)
    if (duty.duty == Duty::panel) dates.notified = duty.on;
  const auto date_of = [](const std::optional<Instant>& time) {
    return time ? std::optional(vault::london_date(*time)) : std::nullopt;
  };
  for (const AgencyReviewRow& agency : review.agencies)
    dates.agencies.push_back({agency.agency.to_string(), vault::london_date(agency.asked),
                              date_of(agency.templates_sent), date_of(agency.returned)});
  if (review.row.meeting) dates.meeting = review.row.meeting->date;
  dates.decided = review.row.decision.has_value();
  if (review.row.outcome) dates.outcome_sent = vault::london_date(review.row.outcome->sent);
  dates.ended = review.row.ended.has_value();
  for (const MovedClockRow& moved : review.row.moved)
    dates.moved.push_back(
        {moved.clock, moved.due, moved.agency ? std::optional(moved.agency->to_string()) : std::nullopt});
  return dates;
}

review::Facts facts_of(const CaseRow& row, const ReviewStatus& review, const DirectoryRow& directory) {
  review::Facts facts;
  facts.stage = row.stage;
  facts.templates_sent = std::ranges::any_of(
      review.agencies, [](const AgencyReviewRow& agency) { return agency.templates_sent.has_value(); });
  facts.meeting_reached = review.row.meeting && review.row.meeting->date <= review.today;
  const auto& decision = review.row.decision;
  for (const PartnerRow& partner : directory.partners) {
    const std::string name = wire::enum_name(partner.kind);
    if (!review.row.attendance || listed(review.row.attendance->absent, partner.agency))
      facts.partners_absent.push_back(name);
    if (!decision ||
        std::ranges::find(decision->answers, partner.agency, &AnswerRow::partner) == decision->answers.end())
      facts.partners_silent.push_back(name);
  }
  if (decision) facts.decision = decision->decision;
  facts.frozen = decision && decision->frozen;
  return facts;
}

}  // namespace

Result<review::Calendar> calendar_of(const CalendarRow& row) {
  std::vector<review::Holiday> added;
  for (const Date& date : row.added) added.push_back({date, {}});
  return review::Calendar::shipped().without(row.removed).merged_with(added);
}

const AgencyReviewRow* ReviewStatus::find(const AgencyId& agency) const {
  const auto found = std::ranges::find(agencies, agency, &AgencyReviewRow::agency);
  return found == agencies.end() ? nullptr : &*found;
}

Result<ReviewStatus::Due> ReviewStatus::due(std::string_view clock, const std::optional<AgencyId>& agency) const {
  TRY(const review::Clocks clocks, review::clocks_of(dates, *rules, calendar, today));
  const auto of = agency ? std::optional(agency->to_string()) : std::nullopt;
  for (const review::Clock& one : clocks.list)
    if (one.clock == clock && one.agency == of) return Due{one.due, one.due && *one.due < today};
  return Due{};
}

Result<ReviewStatus> review_status(const State& state, const ReadTransaction& txn, const CaseRow& row, Instant now) {
  ReviewStatus review;
  review.today = vault::london_date(now);
  TRY(auto found, state.review(txn, row.case_));
  if (!found) return dangling();
  review.row = std::move(*found);
  const auto rules = review::find_rules(review.row.rules);
  if (!rules) return dangling();
  review.rules = *rules;
  TRY(const CalendarRow calendar, state.calendar(txn));
  TRY(review.calendar, calendar_of(calendar));
  for (const AgencyId& agency : row.asked) {
    TRY(auto one, state.agency_review(txn, row.case_, agency));
    if (!one) return dangling();
    review.agencies.push_back(std::move(*one));
  }
  TRY(const DirectoryRow directory, state.directory(txn));
  review.dates = dates_of(row, review);
  review.facts = facts_of(row, review, directory);
  return review;
}

std::uint64_t PackContents::lacking(const std::vector<RecordId>& sorted) const {
  std::uint64_t missing = unreturned.size();
  const auto has = [&](const RecordId& record) { return std::ranges::binary_search(sorted, record); };
  if (std::ranges::none_of(document_1, has)) ++missing;
  for (const auto* list : {&notifications, &returns})
    missing += static_cast<std::uint64_t>(std::ranges::count_if(*list, [&](const auto& one) { return !has(one); }));
  return missing;
}

Result<PackContents> pack_contents(const State& state, const ReadTransaction& txn, const CaseRow& row,
                                   const ReviewStatus& review) {
  PackContents contents;
  TRY(contents.document_1, state.documents_1(txn, row.review_safe));
  for (const DoneDutyRow& duty : review.row.duties)
    if (duty.record && duty.duty != Duty::document_1 && !listed(contents.notifications, *duty.record))
      contents.notifications.push_back(*duty.record);
  for (const AgencyReviewRow& agency : review.agencies) {
    if (agency.return_record) contents.returns.push_back(*agency.return_record);
    if (agency.return_version == 0) contents.unreturned.push_back(agency.agency);
  }
  return contents;
}

}  // namespace strongroom::access
