#include "review/clocks.h"

#include <algorithm>

namespace strongroom::review {
namespace {

std::optional<Date> trigger_of(const CaseDates& dates, const AgencyDates* agency, std::string_view trigger) {
  if (trigger == "aware") return dates.aware;
  if (trigger == "notified") return dates.notified;
  if (trigger == "meeting") return dates.meeting;
  if (trigger == "templates-sent") return agency != nullptr ? agency->templates_sent : std::nullopt;
  return dates.received;
}

std::optional<Date> met_on(const CaseDates& dates, const AgencyDates* agency, std::string_view met_by) {
  if (met_by == "meeting") return dates.decided ? dates.meeting : std::nullopt;
  if (met_by == "outcome-sent") return dates.outcome_sent;
  if (agency == nullptr) return std::nullopt;
  return met_by == "returned" ? agency->returned : agency->templates_sent;
}

bool is_of_each_agency(const ClockRule& rule) {
  return rule.met_by == "returned" || rule.met_by == "templates-sent";
}

ClockState state_of(const CaseDates& dates, const Clock& clock, const Date& today) {
  if (clock.met_on) return clock.due && *clock.due < *clock.met_on ? ClockState::met_late : ClockState::met;
  if (dates.ended) return ClockState::stopped;
  if (!clock.due) return ClockState::waiting;
  return *clock.due < today ? ClockState::overdue : ClockState::running;
}

// Starts an agency's clock on the day it was asked, if that is after the others were due (4.3.1). Otherwise an agency
// that is found late would be overdue at once.
Result<void> begin_when_found(Clock& clock, const AgencyDates* agency, const ClockRule& rule,
                              const Calendar& calendar) {
  if (agency == nullptr || rule.trigger != "received" || !clock.trigger_date) return {};
  TRY(const Date due, calendar.add(*clock.trigger_date, rule.working_days));
  if (agency->asked <= due) return {};
  clock.trigger = "asked";
  clock.trigger_date = agency->asked;
  return {};
}

Result<Clock> clock_of(const CaseDates& dates, const AgencyDates* agency, const ClockRule& rule,
                       const Calendar& calendar, const Date& today) {
  Clock clock;
  clock.clock = rule.clock;
  if (agency != nullptr) clock.agency = agency->agency;
  clock.trigger = rule.trigger;
  clock.trigger_date = trigger_of(dates, agency, rule.trigger);
  TRY_VOID(begin_when_found(clock, agency, rule, calendar));
  clock.working_days = rule.working_days;
  clock.cites = rule.cites;
  if (clock.trigger_date) {
    TRY(clock.due, calendar.add(*clock.trigger_date, rule.working_days));
    if (rule.from_working_days > 0) {
      TRY(clock.earliest, calendar.add(*clock.trigger_date, rule.from_working_days));
    }
    TRY(clock.working, calendar.explain(*clock.trigger_date, *clock.due));
    // Moves come last, so that `working` still shows how the guidance counts the days.
    for (const MovedClock& moved : dates.moved)
      if (moved.clock == rule.clock && (!moved.agency || moved.agency == clock.agency)) {
        clock.due = moved.due;
        clock.moved = true;
      }
  }
  clock.met_on = met_on(dates, agency, rule.met_by);
  clock.state = state_of(dates, clock, today);
  return clock;
}

void name_the_binding(std::vector<Clock>& clocks) {
  const auto is_open = [](const Clock& clock) {
    return clock.state == ClockState::running || clock.state == ClockState::overdue;
  };
  Clock* first = nullptr;
  for (Clock& clock : clocks)
    if (is_open(clock) && (first == nullptr || *clock.due < *first->due)) first = &clock;
  if (first != nullptr) first->binding = true;
}

std::optional<Date> due_of_the_whole(const std::vector<Clock>& clocks) {
  const auto whole = std::ranges::find(clocks, "rapid-review", &Clock::clock);
  return whole == clocks.end() ? std::nullopt : whole->due;
}

// Warns if the meeting leaves too few days for the whole review. A date can do so even within the meeting's own window
// (4.4.2 with 4.7.1 and 4.2.2).
Result<void> warn_of_the_trap(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar, Clocks& clocks) {
  const auto whole = due_of_the_whole(clocks.list);
  if (!whole || dates.outcome_sent || dates.ended) return {};
  const int days = rules.clock("outcome").working_days;
  TRY(const Date safe, calendar.subtract(*whole, days));
  const std::string because = std::to_string(days) + " working days to send the outcome within the whole, due " +
                              vault::to_string(*whole) + " (4.7.1, 4.2.2)";
  if (dates.meeting) {
    TRY(const Date outcome_due, calendar.add(*dates.meeting, days));
    if (*whole < outcome_due)
      clocks.warnings.push_back("the meeting on " + vault::to_string(*dates.meeting) + " does not leave the " +
                                because + ": send it by " + vault::to_string(*whole) + ", or meet by " +
                                vault::to_string(safe));
    return {};
  }
  TRY(const Date last, calendar.add(dates.received, rules.clock("meeting").working_days));
  if (safe < last)
    clocks.warnings.push_back("a meeting after " + vault::to_string(safe) + " does not leave the " + because +
                              ", although the window lasts until " + vault::to_string(last));
  return {};
}

}  // namespace

std::string_view to_string(ClockState state) {
  switch (state) {
    case ClockState::waiting:
      return "waiting";
    case ClockState::running:
      return "running";
    case ClockState::overdue:
      return "overdue";
    case ClockState::met:
      return "met";
    case ClockState::met_late:
      return "met-late";
    case ClockState::stopped:
      return "stopped";
  }
  return "waiting";
}

Result<Clocks> clocks_of(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar, const Date& today) {
  Clocks clocks;
  for (const ClockRule& rule : rules.clocks) {
    if (!is_of_each_agency(rule)) {
      TRY(Clock clock, clock_of(dates, nullptr, rule, calendar, today));
      clocks.list.push_back(std::move(clock));
      continue;
    }
    for (const AgencyDates& agency : dates.agencies) {
      TRY(Clock clock, clock_of(dates, &agency, rule, calendar, today));
      clocks.list.push_back(std::move(clock));
    }
  }
  name_the_binding(clocks.list);
  TRY_VOID(warn_of_the_trap(dates, rules, calendar, clocks));
  return clocks;
}

Result<std::vector<MeetingDate>> meeting_dates(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar) {
  const ClockRule& rule = rules.clock("meeting");
  TRY(const Date last, calendar.add(dates.received, rule.working_days));
  TRY(const auto days, calendar.explain(dates.received, last));
  const ClockRule& whole_rule = rules.clock("rapid-review");
  std::optional<Date> whole;
  if (const auto trigger = trigger_of(dates, nullptr, whole_rule.trigger)) {
    TRY(whole, calendar.add(*trigger, whole_rule.working_days));
  }
  std::vector<MeetingDate> list;
  int number = 0;
  for (const Day& day : days) {
    if (!day.working) continue;
    if (++number < rule.from_working_days) continue;
    TRY(const Date outcome, calendar.add(day.date, rules.clock("outcome").working_days));
    list.push_back({day.date, number, whole && *whole < outcome});
  }
  return list;
}

Result<void> check_meeting_date(const CaseDates& dates, const Date& meeting, const RuleSet& rules,
                                const Calendar& calendar) {
  TRY(const auto window, meeting_dates(dates, rules, calendar));
  if (std::ranges::find(window, meeting, &MeetingDate::date) != window.end()) return {};
  TRY(const int number, calendar.count(dates.received, meeting));
  TRY(const Day day, calendar.day(meeting));
  const ClockRule& rule = rules.clock("meeting");
  return Error{
      Errc::conflict,
      "the meeting must be held between " + std::to_string(rule.from_working_days) + " and " +
          std::to_string(rule.working_days) +
          " working days of receiving the referral (4.4.2): " + vault::to_string(window.front().date) + " to " +
          vault::to_string(window.back().date) + "; " + vault::to_string(meeting) +
          (day.working ? " is working day " + std::to_string(number) : " is not a working day (" + day.reason + ")") +
          ". A date outside this window needs a reason"};
}

}  // namespace strongroom::review
