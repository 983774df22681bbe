// The flow chart of section 4 with a case's own dates and where it stands (4.2.2): as values, as text for a terminal
// and as an SVG that stands alone, in light, in dark and on paper. Pure: `today` is given.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "review/clocks.h"
#include "review/stages.h"

namespace strongroom::review {

inline constexpr int kMaxChartDays = 120;  // of the timescale; what lies beyond is at its edge

// Agencies whose records are secured (vaulted, and every source closed), of those that hold some or may.
struct Securing {
  std::size_t secured = 0;
  std::size_t of = 0;
};

struct ChartFacts {
  std::string reference;
  Stage stage = Stage::referred;
  CaseDates dates;
  std::optional<Date> incident_date = {};
  std::optional<Securing> securing = {};
  std::optional<std::string> meeting_reason = {};  // for a date outside the window, if it is at hand
  std::optional<Decision> decision = {};
  std::optional<Date> informed_on = {};  // the agencies and the referrer
  std::optional<Date> ended_on = {};     // closed, or not pursued
  std::optional<std::string> late_reason = {};
};

enum class StepState {
  done,
  done_late,
  now,         // what the review is at
  overdue,     // so is this, and it is late
  waiting,     // comes later
  not_needed,  // the review went another way
  left_open    // the review was closed without it
};
std::string_view to_string(StepState state);

struct ChartStep {
  std::string id;     // "templates"
  std::string title;  // "Documents 2 and 3 to each agency"
  std::string cites;  // "4.3.3"
  StepState state = StepState::waiting;
  std::string limit;  // what the guidance allows: "within 2 working days: by 4 March 2026"
  std::string done;   // "3 March 2026 (working day 1)", "2 of 3 agencies"
  std::string note;   // a reason, a warning
};

// A clock on the timescale. Those that each agency has are one.
struct ChartBar {
  std::string label;
  Date from;
  Date to;                 // due
  std::optional<Date> at;  // when it was met
  bool is_late = false;
};

struct Chart {
  std::string reference;
  Stage stage = Stage::referred;
  Date today;
  std::string standing;  // "Meeting set. Next due: outcome to the Panel, 17 March 2026 (in 2 working days)"
  bool is_late = false;
  std::vector<ChartStep> steps;
  std::optional<Decision> decision;
  std::size_t fork_after = 0;  // the three decisions stand after this step
  std::vector<ChartBar> bars;
  std::vector<Day> days;  // of the timescale, in order; at most kMaxChartDays
  std::vector<std::string> warnings;
};

// Errc::not_found where the calendar does not know a year that is needed.
Result<Chart> chart_of(const ChartFacts& facts, const RuleSet& rules, const Calendar& calendar, const Date& today);

std::string chart_text(const Chart& chart);  // lines of at most 100 columns
std::string chart_svg(const Chart& chart);

}  // namespace strongroom::review
