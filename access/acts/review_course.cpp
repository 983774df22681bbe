// Implements the acts about the course of a review: ending it, going back and moving a clock. It also implements
// importing bank holidays, because every clock counts by them.
#include <set>

#include "access/acts/review_acts.h"

namespace strongroom::access::acts {

// --- review.close, review.drop --------------------------------------------------------------------------------------

namespace {

struct LeftOpen {
  std::uint64_t duties = 0;
  std::uint64_t agencies = 0;
  std::string in_words() const {
    return "the review is closed with " + std::to_string(duties) + " duties open (4.1.2) and " +
           std::to_string(agencies) + " agencies not informed (4.7.2)";
  }
};

LeftOpen left_open(const ReviewStatus& review) {
  LeftOpen open;
  if (review.row.duty_answers)
    for (const review::DutyApplies& one : review::duties_of(*review.row.duty_answers))
      if (std::ranges::find(review.row.duties, one.duty, &DoneDutyRow::duty) == review.row.duties.end()) ++open.duties;
  open.agencies = static_cast<std::uint64_t>(
      std::ranges::count_if(review.agencies, [](const AgencyReviewRow& row) { return !row.informed; }));
  return open;
}

Result<void> end_review(const Entry& entry, const CaseId& id, const std::optional<Digest>& reason) {
  return change_review(entry, id, [&](ReviewRow& row) -> Result<void> {
    row.ended = entry.time();
    row.end_reason = reason;
    return {};
  });
}

}  // namespace

Decided decide(const Context& context, const wire::CloseReview& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::close, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        const LeftOpen open = left_open(place.review);
        TRY_VOID(check_reason(open.duties + open.agencies > 0, command.reason, open.in_words()));
        Decision decision;
        decision.events.push_back(review_event(
            wire::ReviewClosed{command.case_, place.next, open.duties, open.agencies, command.reason}, place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::ReviewClosed& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, detail.stage));
  if (detail.stage != Stage::closed) return {};
  return end_review(entry, detail.case_, detail.reason);
}

Decided decide(const Context& context, const wire::DropReview& command) {
  return in_review(context, command.case_, action_of(command), review::Step::drop, std::nullopt,
                   [&](const ReviewPlace& place) -> Decided {
                     Decision decision;
                     decision.events.push_back(review_event(wire::ReviewDropped{command.case_, command.reason}, place));
                     add_text(decision, command.reason);
                     return decision;
                   });
}

Result<void> apply(const Entry& entry, const wire::ReviewDropped& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, Stage::not_pursued));
  return end_review(entry, detail.case_, detail.reason);
}

// --- review.step-back -----------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::StepBack& command) {
  return in_review(
      context, command.case_, action_of(command), std::nullopt, std::nullopt, [&](const ReviewPlace& place) -> Decided {
        TRY_VOID(review::may_step_back(place.case_.stage, command.to));
        Decision decision;
        decision.events.push_back(
            review_event(wire::SteppedBack{command.case_, place.case_.stage, command.to, command.reason}, place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::SteppedBack& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, detail.to));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    row.decision.reset();
    if (detail.to != Stage::scoping) return {};
    row.meeting.reset();
    row.attendance.reset();
    row.packs.clear();
    return {};
  });
}

// --- clock.move -----------------------------------------------------------------------------------------------------

namespace {

constexpr int kMaxClockDays = 366;  // ahead of today, to which a clock may be moved

Result<void> check_clock(const ReviewStatus& review, const wire::MoveClock& command) {
  TRY(const auto clocks, review::clocks_of(review.dates, *review.rules, review.calendar, review.today));
  const auto agency = command.agency ? std::optional(command.agency->to_string()) : std::nullopt;
  std::optional<Date> trigger;  // the earliest of those that the clock waits for
  bool known = false;
  for (const review::Clock& one : clocks.list) {
    if (one.clock != command.clock || (agency && one.agency != agency)) continue;
    known = true;
    if (one.met_on || !one.trigger_date) continue;
    if (!trigger || *one.trigger_date < *trigger) trigger = one.trigger_date;
  }
  if (!known) return Error{kInvalid, "the case's rules have no such clock, or that agency has none of its own"};
  if (!trigger) return Error{Errc::conflict, "that clock is met already, or waits for its trigger"};
  return check_between(*trigger, command.due, review::plus_days(review.today, kMaxClockDays), "the day a clock is due");
}

}  // namespace

Decided decide(const Context& context, const wire::MoveClock& command) {
  // This is checked before anybody is refused, because only known words may be in the ledger.
  const bool known = std::ranges::any_of(review::rule_sets(), [&](const review::RuleSet& set) {
    return std::ranges::find(set.clocks, command.clock, &review::ClockRule::clock) != set.clocks.end();
  });
  if (!known) return Error{kInvalid, "there is no such clock in any rule set"};
  return in_review(context, command.case_, action_of(command), review::Step::move_clock, std::nullopt,
                   [&](const ReviewPlace& place) -> Decided {
                     TRY_VOID(check_clock(place.review, command));
                     Decision decision;
                     decision.events.push_back(review_event(
                         wire::ClockMoved{command.case_, command.clock, command.agency, command.due, command.reason},
                         place, command.agency));
                     add_text(decision, command.reason);
                     return decision;
                   });
}

Result<void> apply(const Entry& entry, const wire::ClockMoved& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    std::erase_if(row.moved, [&](const MovedClockRow& moved) {
      return moved.clock == detail.clock && moved.agency == detail.agency;
    });
    row.moved.push_back({detail.clock, detail.agency, detail.due, detail.reason});
    return {};
  });
}

// --- calendar.import ------------------------------------------------------------------------------------------------

namespace {

constexpr int kFirstCalendarYear = 2000;
constexpr int kLastCalendarYear = 2100;

bool ascends(const std::vector<Date>& dates) {
  return std::ranges::adjacent_find(dates, [](const Date& a, const Date& b) { return !(a < b); }) == dates.end();
}

// Returns the imports so far with these changes.
CalendarRow changed(const CalendarRow& before, const std::vector<Date>& added, const std::vector<Date>& removed) {
  std::set<Date> more(before.added.begin(), before.added.end());
  std::set<Date> fewer(before.removed.begin(), before.removed.end());
  for (const Date& date : added)
    if (fewer.erase(date) == 0) more.insert(date);
  for (const Date& date : removed)
    if (more.erase(date) == 0) fewer.insert(date);
  return {{more.begin(), more.end()}, {fewer.begin(), fewer.end()}};
}

Result<void> check_dates(const review::Calendar& calendar, const wire::ImportCalendar& command, const Date& today) {
  if (command.added.size() + command.removed.size() > kMaxCalendarChanges)
    return Error{Errc::too_large, "too many bank holidays change at once"};
  if (command.added.empty() && command.removed.empty())
    return Error{Errc::conflict, "the calendar has these bank holidays already"};
  if (!ascends(command.added) || !ascends(command.removed))
    return Error{kInvalid, "name bank holidays in order, and each only once"};
  std::set<Date> known;
  for (const review::Holiday& holiday : calendar.holidays()) known.insert(holiday.date);
  for (const Date& date : command.added) {
    const int year = static_cast<int>(date.year());
    if (year < kFirstCalendarYear || year > kLastCalendarYear)
      return Error{kInvalid, "a bank holiday of " + std::to_string(year) + " cannot be right"};
    if (known.contains(date)) return Error{Errc::conflict, vault::to_string(date) + " is a bank holiday already"};
  }
  for (const Date& date : command.removed) {
    if (!known.contains(date)) return Error{Errc::conflict, vault::to_string(date) + " is no bank holiday"};
    if (date <= today)
      return Error{kInvalid,
                   vault::to_string(date) + " is not in the future: a bank holiday that has passed cannot be removed"};
  }
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::ImportCalendar& command) {
  if (auto refused = refusal(action_of(command), in_directory(context))) return *refused;
  TRY(const CalendarRow before, context.state.calendar(context.txn));
  TRY(const review::Calendar calendar, calendar_of(before));
  TRY_VOID(check_dates(calendar, command, vault::london_date(context.time)));
  TRY(const review::Calendar after, calendar_of(changed(before, command.added, command.removed)));
  if (after.digest() != command.calendar)
    return Error{Errc::conflict,
                 "the merged calendar is not the signed one, because the calendar has changed: import again"};
  Decision decision;
  decision.events.push_back(directory_event(
      wire::CalendarImported{command.added, command.removed, calendar.digest(), command.calendar}, std::nullopt));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CalendarImported& detail) {
  TRY(const CalendarRow before, entry.state.calendar(entry.txn));
  return entry.state.put(entry.txn, changed(before, detail.added, detail.removed));
}

}  // namespace strongroom::access::acts
