// The clocks of one Rapid Review: what happened when, under which rules and which calendar, gives every date that is
// due, its working day by day, and which of them binds. Pure: `today` is given. (4.2.2, 4.3.3, 4.3.4, 4.4.2, 4.7.1)
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "review/calendar.h"
#include "review/rules.h"

namespace strongroom::review {

// One agency that is asked to scope and to secure.
struct AgencyDates {
  std::string agency;  // an id, never a name
  Date asked;
  std::optional<Date> templates_sent;
  std::optional<Date> returned;  // a nil return too
};

// A clock that was moved by an entry with a reason; of several the last one counts.
struct MovedClock {
  std::string clock;
  Date due;
  std::optional<std::string> agency = std::nullopt;  // of that agency's alone
};

struct CaseDates {
  Date aware;
  Date received;
  std::optional<Date> notified;  // the national Panel, formally (4.1.2)
  std::vector<AgencyDates> agencies;
  std::optional<Date> meeting;  // set; held once a decision is recorded
  bool decided = false;
  std::optional<Date> outcome_sent;  // to the Panel
  bool ended = false;                // closed, or not pursued: nothing runs any more
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
  std::optional<std::string> agency;  // of a clock that each agency has
  std::string trigger;
  std::optional<Date> trigger_date;  // day 0
  int working_days = 0;
  std::optional<Date> earliest;  // not before
  std::optional<Date> due;
  std::optional<Date> met_on;
  ClockState state = ClockState::waiting;
  bool binding = false;  // of those running or overdue, the one due first
  bool moved = false;    // by an entry with a reason
  std::string cites;
  std::vector<Day> working;  // every day after day 0 up to the one due, counted or skipped, and why
};

struct Clocks {
  std::vector<Clock> list;  // in the order of the rules, agencies in theirs
  // What is going to break although nothing is late yet: "a meeting on 2026-03-20 leaves the outcome until …".
  std::vector<std::string> warnings;
};

// Errc::not_found where the calendar does not know a year that is needed.
Result<Clocks> clocks_of(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar, const Date& today);

// A date on which the meeting may be held (4.4.2), and whether the outcome can still be sent within the whole.
struct MeetingDate {
  Date date;
  int working_day = 0;  // after receiving the referral
  bool breaks_the_whole = false;
};
Result<std::vector<MeetingDate>> meeting_dates(const CaseDates& dates, const RuleSet& rules, const Calendar& calendar);

// Whether a meeting on that date is within the window. Errc::conflict names the window and the working day it is.
Result<void> check_meeting_date(const CaseDates& dates, const Date& meeting, const RuleSet& rules,
                                const Calendar& calendar);

}  // namespace strongroom::review
