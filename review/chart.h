// The flow chart of section 4 with the dates of one case, and how far the case has come (4.2.2). It is made as values,
// as text for a terminal, and as an SVG that needs no other file and can be read on light, dark and paper. Everything
// here is pure: the caller gives `today`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "review/clocks.h"
#include "review/stages.h"

namespace strongroom::review {

inline constexpr int kMaxChartDays = 120;  // of the timescale; later dates are drawn at its edge

// How many agencies have secured their records (in the vault, and every source closed), of all that may have some.
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
  std::optional<std::string> meeting_reason = {};  // for a date outside the window, if the caller knows it
  std::optional<Decision> decision = {};
  std::optional<Date> informed_on = {};  // when the agencies and the referrer were informed
  std::optional<Date> ended_on = {};     // closed, or not pursued
  std::optional<std::string> late_reason = {};
};

enum class StepState {
  done,
  done_late,
  now,         // the review is at this step
  overdue,     // the review is at this step, and it is late
  waiting,     // comes later
  not_needed,  // the review was dropped before this step
  left_open    // the review was closed without this step
};
std::string_view to_string(StepState state);

struct ChartStep {
  std::string id;     // "templates"
  std::string title;  // "Documents 2 and 3 to each agency"
  std::string cites;  // "4.3.3"
  StepState state = StepState::waiting;
  std::string limit;  // the time that the guidance allows: "within 2 working days: by 4 March 2026"
  std::string done;   // "3 March 2026 (working day 1)", "2 of 3 agencies"
  std::string note;   // a reason, a warning
};

// A clock on the timescale. The clocks that each agency has of its own are drawn as one.
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
  std::size_t fork_after = 0;  // the three decisions are drawn after this step
  std::vector<ChartBar> bars;
  std::vector<Day> days;  // of the timescale, in order; at most kMaxChartDays
  std::vector<std::string> warnings;
};

// Errc::not_found if the calendar does not know a year that is needed.
Result<Chart> chart_of(const ChartFacts& facts, const RuleSet& rules, const Calendar& calendar, const Date& today);

std::string chart_text(const Chart& chart);  // lines of at most 100 columns
std::string chart_svg(const Chart& chart);

}  // namespace strongroom::review
