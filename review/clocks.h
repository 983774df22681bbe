// Computes the clocks of one Rapid Review (4.2.2, 4.3.3, 4.3.4, 4.4.2, 4.7.1). From the dates of the case, the rules
// and the calendar it derives every due date, the working day by day, and which due date binds. Everything here is
// pure: the caller gives `today`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "review/calendar.h"
#include "review/rules.h"

namespace strongroom::review {

// One agency that was asked to scope and to secure its records.
struct AgencyDates {
  std::string agency;  // an id, never a name
  Date asked;
  std::optional<Date> templates_sent;
  std::optional<Date> returned;  // a nil return counts too
};

// A clock that an entry with a reason has moved. If a clock was moved several times, the last one counts.
struct MovedClock {
  std::string clock;
  Date due;
  std::optional<std::string> agency = std::nullopt;  // if set, only this agency's clock is moved
};

struct CaseDates {
  Date aware;
  Date received;
  std::optional<Date> notified;  // when the national Panel was formally notified (4.1.2)
  std::vector<AgencyDates> agencies;
  std::optional<Date> meeting;  // the date that was set; it counts as held once a decision is recorded
  bool decided = false;
  std::optional<Date> outcome_sent;  // to the Panel
  bool ended = false;                // closed or not pursued, so no clock runs any more
  std::vector<MovedClock> moved;
};

enum class ClockState {
  waiting,   // its trigger has not happened
  running,   // due today or later
  overdue,   // past due, and not met
  met,       // in time
  met_late,  // after it was due
  stopped,   // the review ended without it
};
std::string_view to_string(ClockState state);

struct Clock {
  std::string clock;
  std::optional<std::string> agency;  // set if each agency has a clock of this name
  std::string trigger;
  std::optional<Date> trigger_date;  // day 0
  int working_days = 0;
  std::optional<Date> earliest;  // the first date allowed
  std::optional<Date> due;
  std::optional<Date> met_on;
  ClockState state = ClockState::waiting;
  bool binding = false;  // true for the one that is due first of those that are running or overdue
  bool moved = false;    // by an entry with a reason
  std::string cites;
  std::vector<Day> working;  // every day after day 0 up to the due date, with the reason if it does not count
};

struct Clocks {
  std::vector<Clock> list;  // in the order of the rules, and agencies in the order of CaseDates
  // Limits that are going to be missed although nothing is late yet. For example: "the meeting on 2026-03-20 does not
  // leave the 2 working days to send the outcome …".
  std::vector<std::string> warnings;
};

// Errc::not_found if the calendar does not know a year that is needed.
Result<Clocks> clocks_of(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar, const Date& today);

// A date on which the meeting may be held (4.4.2). `breaks_the_whole` means that a meeting on that date leaves too few
// working days to send the outcome before the whole review is due.
struct MeetingDate {
  Date date;
  int working_day = 0;  // after receiving the referral
  bool breaks_the_whole = false;
};
Result<std::vector<MeetingDate>> meeting_dates(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar);

// Checks that a meeting on that date is within the window. Errc::conflict names the window and the date's working day.
Result<void> check_meeting_date(const CaseDates& dates, const Date& meeting, const RuleSet& rules,
                                const Calendar& calendar);

}  // namespace strongroom::review
