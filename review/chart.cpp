#include "review/chart.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "review/forms.h"
#include "review/print.h"

namespace strongroom::review {
namespace {

std::string working_days(int number) {
  return std::to_string(number) + (number == 1 ? " working day" : " working days");
}
std::string of_agencies(std::size_t number, std::size_t all) {
  return std::to_string(number) + " of " + std::to_string(all) + (all == 1 ? " agency" : " agencies");
}

// The clocks of one name, taken together, since each agency may have its own.
struct Group {
  std::size_t count = 0;
  std::size_t met = 0;
  bool any_late = false;  // met late
  bool overdue = false;
  std::optional<Date> from;  // the first trigger
  std::optional<Date> last_from;
  std::optional<Date> due;  // of the first open clock, or of the last one if none is open
  std::optional<Date> last_met;
  std::optional<Date> earliest;
  int working_days = 0;
  bool all_met() const { return count > 0 && met == count; }
};

Group group_of(const Clocks& clocks, std::string_view name) {
  Group group;
  std::optional<Date> first_open, last_due;
  for (const Clock& clock : clocks.list) {
    if (clock.clock != name) continue;
    ++group.count;
    group.working_days = clock.working_days;
    group.any_late |= clock.state == ClockState::met_late;
    group.overdue |= clock.state == ClockState::overdue;
    if (clock.earliest) group.earliest = clock.earliest;
    if (clock.trigger_date && (!group.from || *clock.trigger_date < *group.from)) group.from = clock.trigger_date;
    if (clock.trigger_date && (!group.last_from || *group.last_from < *clock.trigger_date))
      group.last_from = clock.trigger_date;
    if (clock.met_on) {
      ++group.met;
      if (!group.last_met || *group.last_met < *clock.met_on) group.last_met = clock.met_on;
    } else if (clock.due && (!first_open || *clock.due < *first_open))
      first_open = clock.due;
    if (clock.due && (!last_due || *last_due < *clock.due)) last_due = clock.due;
  }
  group.due = first_open ? first_open : last_due;
  return group;
}

int rank_of(Stage stage) {
  switch (stage) {
    case Stage::referred:
      return 0;
    case Stage::scoping:
      return 1;
    case Stage::meeting_set:
      return 2;
    case Stage::decided:
      return 3;
    case Stage::outcome_sent:
      return 4;
    case Stage::practice_review:
    case Stage::alternative_review:
      return 5;
    case Stage::closed:
    case Stage::not_pursued:
      return 6;
  }
  return 0;
}

std::string_view words_of(Stage stage) {
  switch (stage) {
    case Stage::referred:
      return "Referred";
    case Stage::scoping:
      return "Scoping";
    case Stage::meeting_set:
      return "Meeting set";
    case Stage::decided:
      return "Decided";
    case Stage::outcome_sent:
      return "Outcome sent";
    case Stage::practice_review:
      return "Practice review";
    case Stage::alternative_review:
      return "Alternative review";
    case Stage::closed:
      return "Closed";
    case Stage::not_pursued:
      return "Not pursued";
  }
  return "";
}

std::string_view what_is_due(std::string_view clock) {
  if (clock == "templates") return "Documents 2 and 3 to each agency";
  if (clock == "return") return "Document 2 back from each agency";
  if (clock == "meeting") return "the Rapid Review meeting";
  if (clock == "outcome") return "the outcome to the Panel";
  return "the whole Rapid Review";
}

class ChartMaker {
 public:
  ChartMaker(const ChartFacts& facts, const RuleSet& rules, const Calendar& calendar, const Date& today)
      : facts_(facts), rules_(rules), calendar_(calendar), today_(today) {}

  Result<Chart> make() {
    TRY(clocks_, clocks_of(facts_.dates, rules_, calendar_, today_));
    chart_.reference = facts_.reference;
    chart_.stage = facts_.stage;
    chart_.today = today_;
    chart_.decision = facts_.decision;
    if (!has_ended()) chart_.warnings = clocks_.warnings;
    for (std::string& warning : chart_.warnings) warning.front() = static_cast<char>(std::toupper(warning.front()));
    add_steps();
    TRY(chart_.standing, standing());
    chart_.is_late = std::ranges::any_of(chart_.steps, [](const ChartStep& step) {
      return step.state == StepState::overdue || step.state == StepState::done_late;
    });
    add_bars();
    TRY(chart_.days, days());
    return std::move(chart_);
  }

 private:
  bool has_ended() const { return rank_of(facts_.stage) == 6; }
  bool is_dropped() const { return facts_.stage == Stage::not_pursued; }

  // Returns, for example, "3 March 2026 (working day 1)". Working days are counted from the referral.
  std::string dated(const Date& date) const {
    const auto number = calendar_.count(facts_.dates.received, date);
    const bool says_day = number && facts_.dates.received < date;
    return long_date(date) + (says_day ? " (working day " + std::to_string(*number) + ")" : "");
  }

  ChartStep& add(std::string id, std::string title, std::string cites, StepState state) {
    chart_.steps.push_back({std::move(id), std::move(title), std::move(cites), state, {}, {}, {}});
    return chart_.steps.back();
  }

  // Returns the state of a step that was not done when the review ended.
  StepState undone() const { return is_dropped() ? StepState::not_needed : StepState::left_open; }

  // Returns the state of a step whose clock is `group`. `is_reached` means that nothing before the step is still open.
  StepState state_of(const Group& group, bool is_reached) const {
    if (group.all_met()) return group.any_late ? StepState::done_late : StepState::done;
    if (has_ended()) return undone();
    if (group.overdue) return StepState::overdue;
    return is_reached ? StepState::now : StepState::waiting;
  }

  std::string progress(const Group& group) const {
    if (group.count == 0) return "no agency is asked yet";
    const std::string number = of_agencies(group.met, group.count);
    return group.all_met() ? number + ", " + dated(*group.last_met) : number;
  }

  std::string limit_of(const Group& group, std::string_view since) const {
    std::string text = "within " + working_days(group.working_days) + " of " + std::string(since);
    return text + (group.due ? ": by " + dated(*group.due) : "");
  }

  void add_steps() {
    add_beginning();
    add_scoping();
    add_meeting();
    add_outcome();
    add_end();
  }

  void add_beginning() {
    ChartStep& aware = add("aware", "Becoming aware of the incident", "4.2.2", StepState::done);
    aware.done = long_date(facts_.dates.aware);
    if (facts_.incident_date && *facts_.incident_date != facts_.dates.aware)
      aware.note = "The incident: " + long_date(*facts_.incident_date);
    ChartStep& referral =
        add("referral", "Referral to the safeguarding partners; the lock is engaged", "4.1.1", StepState::done);
    referral.done = "received " + long_date(facts_.dates.received);
  }

  void add_scoping() {
    const Group templates = group_of(clocks_, "templates");
    ChartStep& sent = add("templates", "Documents 2 and 3 go to each agency", "4.3.3", state_of(templates, true));
    const bool has_late_found = templates.last_from && facts_.dates.received < *templates.last_from;
    sent.limit = "within " + working_days(rules_.clock("templates").working_days) + " of receiving the referral" +
                 (has_late_found ? ", or of asking an agency found later" : "") +
                 (templates.due ? ": by " + dated(*templates.due) : "");
    sent.done = progress(templates);
    const Group returns = group_of(clocks_, "return");
    ChartStep& back = add("return", "Agencies return their scoping", "4.3.4", state_of(returns, templates.met > 0));
    back.limit = limit_of(returns, "sending");
    back.done = progress(returns);
    if (returns.count == 0) back.limit = "within " + working_days(rules_.clock("return").working_days) + " of sending";
    add_securing();
  }

  // This step has no clock, because the guidance sets none.
  void add_securing() {
    const bool is_done = facts_.securing && facts_.securing->secured == facts_.securing->of;
    const StepState state = is_done ? StepState::done : has_ended() ? undone() : StepState::now;
    ChartStep& secure =
        add("secure", "Agencies secure their records, closed to all but nominated representatives", "4.3.5", state);
    secure.limit = "all of them, on paper and electronic, as Document 3 asks; the guidance sets no limit";
    if (!facts_.securing) return;
    secure.done =
        facts_.securing->of == 0 ? "no agency holds any" : of_agencies(facts_.securing->secured, facts_.securing->of);
  }

  void add_meeting() {
    // Two steps share this clock. Setting a date is late only if the date is outside the window, and overdue once the
    // window has passed without one; the clock itself is met only when the meeting was held.
    const Group held = group_of(clocks_, "meeting");
    const bool is_set = facts_.dates.meeting.has_value();
    const bool is_after = is_set && held.due && *held.due < *facts_.dates.meeting;
    const bool is_before = is_set && held.earliest && *facts_.dates.meeting < *held.earliest;
    StepState set = state_of({}, rank_of(facts_.stage) >= 1);
    if (is_set) set = is_after ? StepState::done_late : StepState::done;
    if (!is_set && !has_ended() && held.overdue) set = StepState::overdue;
    ChartStep& date = add("meeting-date", "The date of the meeting is set", "4.4.2", set);
    date.limit = "as soon as the templates are out; the meeting between working days " +
                 std::to_string(rules_.clock("meeting").from_working_days) + " and " +
                 std::to_string(held.working_days) + " of the referral";
    if (held.earliest && held.due) date.limit += ": " + long_date(*held.earliest) + " to " + long_date(*held.due);
    if (is_set) date.done = "for " + dated(*facts_.dates.meeting);
    if (is_after || is_before)
      date.note = std::string(is_after ? "Later" : "Earlier") + " than the guidance allows" +
                  (facts_.meeting_reason ? ". The reason: " + *facts_.meeting_reason : "; the reason is recorded");

    ChartStep& meeting =
        add("meeting", "Rapid Review meeting: facts, safety, improvements, decision; Document 4 agreed", "4.6",
            state_of(held, is_set));
    meeting.limit = "quorate with each of the local authority, the " +
                    std::string(health_partner(facts_.dates.meeting.value_or(today_))) + " and the police";
    if (held.met > 0) meeting.done = "held " + dated(*held.last_met);
    chart_.fork_after = chart_.steps.size() - 1;
  }

  void add_outcome() {
    const Group outcome = group_of(clocks_, "outcome");
    const Group whole = group_of(clocks_, "rapid-review");
    StepState state = state_of(outcome, rank_of(facts_.stage) >= 3);
    // Sending the outcome also ends the clock of the whole review, so it may be late although it is soon after the
    // meeting.
    if (whole.any_late) state = StepState::done_late;
    if (whole.overdue && rank_of(facts_.stage) >= 3) state = StepState::overdue;
    ChartStep& sent = add("outcome", "Documents 4 and 5 go to the national Panel", "4.7.1, 4.2.2", state);
    sent.limit = limit_of(outcome, "the meeting") + "; the whole within " + working_days(whole.working_days) + " of " +
                 (rules_.clock("rapid-review").trigger == "notified" ? "the notification" : "becoming aware") +
                 (whole.due ? ": by " + long_date(*whole.due) : "");
    if (outcome.met > 0) sent.done = "sent " + dated(*outcome.last_met);
    if (facts_.late_reason) sent.note = "Later than the guidance allows. The reason: " + *facts_.late_reason;

    StepState informing = rank_of(facts_.stage) >= 4 ? StepState::now : StepState::waiting;
    if (facts_.informed_on)
      informing = StepState::done;
    else if (has_ended())
      informing = undone();
    ChartStep& inform = add("inform", "The other agencies and the referrer are told; each tells its inspectorate",
                            "4.7.2, 4.7.3", informing);
    if (facts_.informed_on) inform.done = long_date(*facts_.informed_on);
  }

  void add_end() {
    const bool is_practice = facts_.decision == Decision::practice_review;
    if (!is_dropped() && (is_practice || facts_.decision == Decision::alternative_review)) {
      StepState state = rank_of(facts_.stage) == 5 ? StepState::now : StepState::waiting;
      if (facts_.stage == Stage::closed) state = StepState::done;
      ChartStep& review =
          add("review", is_practice ? "Child safeguarding practice review" : "Alternative learning review",
              is_practice ? "4.3.2" : "4.6.2", state);
      review.limit = "the scoping material is carried into it";
    }
    if (is_dropped()) {
      add("end", "Not pursued: the criteria turned out not to be met", "4.6.2", StepState::done);
    } else {
      const bool closed = facts_.stage == Stage::closed;
      add("end", "The review is closed", "4.7", closed ? StepState::done : StepState::waiting);
    }
    if (facts_.ended_on) chart_.steps.back().done = long_date(*facts_.ended_on);
  }

  Result<std::string> standing() const {
    std::string text(words_of(facts_.stage));
    if (has_ended()) return text + (facts_.ended_on ? " on " + long_date(*facts_.ended_on) : "") + ".";
    const auto binding = std::ranges::find(clocks_.list, true, &Clock::binding);
    if (binding == clocks_.list.end()) return text + ".";
    text += ". Next due: " + std::string(what_is_due(binding->clock)) + ", " + long_date(*binding->due);
    if (*binding->due == today_) return text + " (today).";
    const bool is_late = *binding->due < today_;
    TRY(const int number, is_late ? calendar_.count(*binding->due, today_) : calendar_.count(today_, *binding->due));
    return text + (is_late ? " (" + working_days(number) + " late)." : " (in " + working_days(number) + ").");
  }

  void add_bar(std::string_view clock, std::string label) {
    const Group group = group_of(clocks_, clock);
    if (!group.from || !group.due) return;
    ChartBar bar{std::move(label), group.earliest.value_or(*group.from), *group.due, std::nullopt, false};
    if (group.all_met()) bar.at = group.last_met;
    if (clock == "meeting" && !bar.at) bar.at = facts_.dates.meeting;
    bar.is_late = group.any_late || group.overdue || (bar.at && bar.to < *bar.at);
    chart_.bars.push_back(std::move(bar));
  }

  void add_bars() {
    add_bar("templates", "Templates out");
    add_bar("return", "Scoping returned");
    add_bar("meeting", "Meeting");
    add_bar("outcome", "Outcome to Panel");
    add_bar("rapid-review", "The whole");
  }

  Result<std::vector<Day>> days() const {
    Date first = std::min(facts_.dates.aware, facts_.dates.received);
    Date last = facts_.dates.received;
    for (const ChartBar& bar : chart_.bars) {
      first = std::min(first, bar.from);
      last = std::max({last, bar.to, bar.at.value_or(bar.to)});
    }
    if (!has_ended()) last = std::max(last, today_);
    last = std::min(plus_days(last, 1), plus_days(first, kMaxChartDays - 1));
    return calendar_.explain(plus_days(first, -1), last);
  }

  const ChartFacts& facts_;
  const RuleSet& rules_;
  const Calendar& calendar_;
  Date today_;
  Clocks clocks_;
  Chart chart_;
};

}  // namespace

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::done:
      return "done";
    case StepState::done_late:
      return "late";
    case StepState::now:
      return "now";
    case StepState::overdue:
      return "overdue";
    case StepState::waiting:
      return "to come";
    case StepState::not_needed:
      return "not needed";
    case StepState::left_open:
      return "left open";
  }
  return "";
}

Result<Chart> chart_of(const ChartFacts& facts, const RuleSet& rules, const Calendar& calendar, const Date& today) {
  return ChartMaker(facts, rules, calendar, today).make();
}

}  // namespace strongroom::review
