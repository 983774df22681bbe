// review status, chart, dates, duties: the state of a review, and what each person owes by when (4.1.2, 4.2, R14).
#include <iostream>
#include <set>

#include "cli/commands/review.h"
#include "review/chart.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using access::Duty;
using access::ReviewActor;
using access::Role;

// --- review status --------------------------------------------------------------------------------------------------

struct ReviewStatus {
  std::optional<std::string> case_, agencies;
  bool mine = false;

  void add_flags(CLI::App& command) {
    auto* one = command.add_option("CASE", case_, "Its reference or id");
    auto* all_mine = command.add_flag("--mine", mine, "What you owe, in every case")->excludes(one);
    command.add_option("--agencies", agencies, "How far each agency of this case is")
        ->type_name("CASE")
        ->excludes(one)
        ->excludes(all_mine);
  }
};

std::string when(const std::optional<vault::Date>& date) {
  return date ? vault::to_string(*date) : "";
}
std::string when(const std::optional<vault::Instant>& time) {
  return time ? vault::to_string(vault::london_date(*time)) : "";
}

std::string clock_name(Context& context, const wire::ClockView& clock) {
  return clock.clock + (clock.agency ? ", " + context.name_of(*clock.agency) : "");
}

void print_clocks(Context& context, const wire::ReviewView& view) {
  Table table({"clock", "rule", "from", "due", "state", ""});
  for (const wire::ClockView& clock : view.clocks) {
    std::string rule = clock.earliest ? "not before " + vault::to_string(*clock.earliest) + ", " : "";
    rule += std::to_string(clock.working_days) + " working days from " + clock.trigger + " (" + clock.cites + ")";
    std::string state = clock.state;
    if (clock.met_on) state += " " + vault::to_string(*clock.met_on);
    std::string more = clock.binding ? "BINDING" : "";
    if (clock.moved) more += (more.empty() ? "" : ", ") + std::string("moved");
    table.add({clock_name(context, clock), rule, when(clock.trigger_date), when(clock.due), state, more});
  }
  table.print("no clock is running");
}

// Prints each day after the trigger, counted or skipped, and why.
void print_working(Context& context, const wire::ReviewView& view) {
  std::set<std::string> shown;  // a clock of several agencies is shown once if it is counted alike for them
  for (const wire::ClockView& clock : view.clocks) {
    if (clock.working.empty() || !clock.trigger_date) continue;
    const std::string key = clock.clock + when(clock.trigger_date) + when(clock.due);
    if (!shown.insert(key).second) continue;
    std::cout << "\nHow " << printable(clock_name(context, clock)) << " is counted: day 0 is "
              << short_day(*clock.trigger_date) << " (" << printable(clock.trigger) << ")\n";
    std::uint64_t number = 0;
    for (const wire::WorkingDayView& day : clock.working) {
      std::cout << "  " << short_day(day.date) << "  ";
      if (day.working)
        std::cout << "day " << ++number << '\n';
      else
        std::cout << "not counted: " << printable(day.reason.value_or("not a working day")) << '\n';
    }
  }
}

void print_owed(Context& context, const std::vector<wire::OwedView>& owed) {
  Table table({"owed", "by", "due", ""});
  for (const wire::OwedView& one : owed)
    table.add({one.what, one.agency ? context.name_of(*one.agency) : wire::enum_name(one.by), when(one.due),
               one.overdue ? "OVERDUE" : ""});
  table.print("nothing is owed");
}

std::string because(const std::optional<std::string>& reason) {
  return reason ? " (" + *reason + ")" : "";
}

void add_decision_rows(Context& context, const wire::DecisionView& decision, Table& table) {
  table.add({"decision", wire::enum_name(decision.decision) + ", version " + std::to_string(decision.version) +
                             (decision.late ? ", late" + because(decision.reason) : "") +
                             (decision.frozen ? ", answered by all three partners" : "")});
  for (const wire::AnswerView& answer : decision.answers)
    table.add({"", context.name_of(answer.partner) +
                       (answer.answer == access::PartnerAnswer::agree ? " agrees" : " dissents") +
                       (answer.by_spoc ? ", recorded by the SPOC" : "") + because(answer.reason)});
  if (decision.endorsed)
    table.add({"endorsed", "by " + context.name_of(decision.endorsed->person) + because(decision.endorsed->remark)});
}

void add_outcome_rows(const wire::OutcomeView& outcome, Table& table) {
  std::string late = outcome.outcome_late ? ", after it was due (4.7.1)" : "";
  if (outcome.review_late) late += ", the whole Rapid Review late (4.2.2)";
  table.add({"outcome sent", when(std::optional(outcome.sent)) + late + because(outcome.reason)});
  if (outcome.panel_answer)
    table.add({"the Panel", wire::enum_name(*outcome.panel_answer) + ", " + when(outcome.panel_answered)});
}

void print_status(Context& context, const client::ReviewCase& review) {
  const wire::ReviewView& view = review.review;
  const auto names = [&](const std::vector<access::AgencyId>& agencies) {
    std::vector<std::string> words;
    for (const auto& agency : agencies) words.push_back(context.name_of(agency));
    return joined(words);
  };
  Table table({review.case_.reference, ""});
  table.add({"stage", wire::enum_name(view.stage)});
  table.add({"lock", wire::enum_name(view.lock)});
  table.add({"rules", view.rules + ": " + view.citation});
  if (view.linked_to) {
    const auto linked = context.session().get<wire::CaseView>("/v1/cases/" + view.linked_to->to_string());
    table.add({"linked to", linked ? linked->reference : view.linked_to->to_string()});
  }
  if (view.next) table.add({"next", *view.next + (view.next_by ? " (" + *view.next_by + ")" : "")});
  if (view.meeting)
    table.add({"meeting",
               vault::to_string(view.meeting->date) + ", working day " + std::to_string(view.meeting->working_day) +
                   ", " + wire::enum_name(view.meeting->kind) + ", " + wire::enum_name(view.meeting->mode) +
                   (view.meeting->outside_window ? ", outside the window" : "") + because(view.meeting->reason)});
  if (view.attendance)
    table.add({"quorum",
               view.attendance->quorate ? "quorate" : "not quorate: " + names(view.attendance->absent) + " absent"});
  if (view.decision) add_decision_rows(context, *view.decision, table);
  if (view.outcome) add_outcome_rows(*view.outcome, table);
  if (view.ended) table.add({"ended", when(view.ended) + because(view.end_reason)});
  table.print("");
  std::cout << '\n';
  print_clocks(context, view);
  for (const std::string& warning : view.warnings) std::cout << "\nWarning: " << printable(warning) << '\n';
  std::cout << '\n';
  print_owed(context, view.owed);
  print_working(context, view);
}

// The view as it came. Scripts may rely on these members of a clock, so they are there, as null, even without a value.
json::value status_json(const wire::ReviewView& view) {
  json::value value = wire::to_json(view);
  for (json::value& clock : value.as_object()["clocks"].as_array())
    for (const char* member : {"trigger_date", "due"})
      if (!clock.as_object().contains(member)) clock.as_object()[member] = nullptr;
  return value;
}

// Whether this person is one of those who owe it.
bool is_mine(const client::Person& self, const wire::OwedView& owed) {
  switch (owed.by) {
    case ReviewActor::spoc:
      return self.has_role(Role::spoc);
    case ReviewActor::partner:
      return owed.agency ? self.has_role(Role::partner, *owed.agency) : self.has_role(Role::partner);
    case ReviewActor::agency:
      return owed.agency && self.has_role(Role::agency_lead, *owed.agency);
  }
  return false;
}

Result<void> print_mine(Context& context) {
  TRY_VOID(context.connect());
  TRY(const client::Person* self, context.directory().certified(context.session().person()));
  TRY(const auto cases, context.session().all<wire::CaseView>("/v1/cases"));
  json::array all;
  Table table({"case", "owed", "due", ""});
  for (const wire::CaseView& one : cases) {
    TRY(const auto review, client::read_review(context.session(), context.directory(), one.case_));
    for (const wire::OwedView& owed : review.review.owed) {
      if (!is_mine(*self, owed)) continue;
      json::value item = wire::to_json(owed);
      item.as_object()["case"] = one.case_.to_string();
      item.as_object()["reference"] = one.reference;
      all.push_back(std::move(item));
      table.add({one.reference, owed.what, when(owed.due), owed.overdue ? "OVERDUE" : ""});
    }
  }
  if (context.as_json)
    print_json(all);
  else
    table.print("you owe nothing");
  return {};
}

std::string lateness(const wire::AgencyReviewView& one) {
  std::vector<std::string> late;
  if (one.templates_late) late.push_back("templates late" + because(one.templates_reason));
  if (one.return_late) late.push_back("return late" + because(one.return_reason));
  return joined(late);
}

std::string scoping_text(const wire::AgencyReviewView& one) {
  return wire::enum_name(one.scoping) +
         (one.return_version > 1 ? ", version " + std::to_string(one.return_version) : "") +
         (one.on_behalf ? ", by the SPOC" : "");
}

Result<void> print_agencies(Context& context, const std::string& name) {
  TRY(const auto review, open_review(context, name));
  json::array all;
  Table table({"agency", "asked", "representatives", "securing", "records", "exposed", "scoping", "informed",
               "inspectorates", ""});
  for (const wire::AgencyReviewView& one : review.review.agencies) {
    json::value item = wire::to_json(one);
    item.as_object()["name"] = context.name_of(one.agency);
    all.push_back(std::move(item));
    std::vector<std::string> notified;
    for (const wire::InspectorateView& body : one.inspectorates)
      notified.push_back(wire::enum_name(body.body) + " " + vault::to_string(body.on));
    table.add({context.name_of(one.agency) + (one.referrer ? " (referrer)" : ""), when(std::optional(one.asked)),
               std::to_string(one.representatives), wire::enum_name(one.securing), std::to_string(one.records),
               std::to_string(one.exposed_hours) + " h" + (one.secured ? "" : ", still exposed"), scoping_text(one),
               one.acknowledged ? "acknowledged" : when(one.informed), joined(notified), lateness(one)});
  }
  // Agencies that were not asked are listed too, so that none is forgotten. People who see only a part of the review do
  // not know who was asked.
  for (const auto& [id, agency] : context.directory().chain().agencies()) {
    if (review.find(id) != nullptr || !review.review.whole) continue;
    all.push_back({{"agency", id.to_string()}, {"name", context.name_of(id)}, {"securing", "not-asked"}});
    table.add({context.name_of(id), "", "", "not asked", "", "", "", "", "", ""});
  }
  if (context.as_json) {
    print_json(all);
    return {};
  }
  table.print("there is no agency in this review that you may see");
  if (review.review.securing_target_days > 0)
    note("The target for securing is " + std::to_string(review.review.securing_target_days) +
         " working days from being asked. This partnership set it; it is not from the guidance.");
  return {};
}

Result<void> run(Context& context, const ReviewStatus& options) {
  if (options.mine) return print_mine(context);
  if (options.agencies) return print_agencies(context, *options.agencies);
  if (!options.case_) return Error{Errc::invalid_argument, "say which case, or --mine"};
  TRY(const auto review, open_review(context, *options.case_));
  if (context.as_json)
    print_json(status_json(review.review));
  else
    print_status(context, review);
  return {};
}

// --- review dates ---------------------------------------------------------------------------------------------------

struct ReviewDates : CaseArgument {};

Result<void> run(Context& context, const ReviewDates& options) {
  TRY(const auto review, open_review(context, options.case_));
  if (context.as_json) {
    print_json(wire::to_json(review.review.meeting_dates));
    return {};
  }
  Table table({"date", "working day", ""});
  for (const wire::MeetingDateView& one : review.review.meeting_dates)
    table.add(
        {short_day(one.date), std::to_string(one.working_day),
         one.breaks_the_whole ? "too late to send the outcome before the whole review is due (4.2.2, 4.7.1)" : ""});
  table.print("no date within the window is left (4.4.2): another date needs a reason");
  return {};
}

// --- review chart ---------------------------------------------------------------------------------------------------

struct ReviewChart : CaseArgument {
  std::optional<std::string> svg;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--svg", svg, "Draw it into this file")->type_name("FILE");
  }
};

review::ChartFacts chart_facts(const client::ReviewCase& review) {
  const wire::ReviewView& view = review.review;
  review::ChartFacts facts;
  facts.reference = review.case_.reference;
  facts.stage = view.stage;
  facts.dates = client::dates_of(review);
  facts.incident_date = review.case_.incident_date;
  facts.securing.emplace();
  for (const wire::AgencyReviewView& one : view.agencies) {
    const bool secured = one.securing == access::SecuringProgress::secured;
    if (secured) ++facts.securing->secured;
    // An agency to which nobody is known has nothing to secure.
    if (secured || one.scoping != access::ScopingProgress::nil) ++facts.securing->of;
  }
  if (view.meeting) facts.meeting_reason = view.meeting->reason;
  if (view.decision) facts.decision = view.decision->decision;
  if (view.outcome) facts.late_reason = view.outcome->reason;
  if (view.ended) facts.ended_on = vault::london_date(*view.ended);
  const bool all_informed =
      !view.agencies.empty() &&
      std::ranges::all_of(view.agencies, [](const wire::AgencyReviewView& one) { return one.informed.has_value(); });
  if (all_informed)
    for (const wire::AgencyReviewView& one : view.agencies) {
      const vault::Date day = vault::london_date(*one.informed);
      if (!facts.informed_on || *facts.informed_on < day) facts.informed_on = day;
    }
  return facts;
}

json::object chart_json(const review::Chart& chart) {
  json::array steps;
  for (const review::ChartStep& step : chart.steps)
    steps.push_back({{"step", step.id},
                     {"title", step.title},
                     {"cites", step.cites},
                     {"state", std::string(review::to_string(step.state))},
                     {"limit", step.limit},
                     {"done", step.done},
                     {"note", step.note}});
  json::object object{{"reference", chart.reference},
                      {"stage", wire::enum_name(chart.stage)},
                      {"standing", chart.standing},
                      {"late", chart.is_late}};
  object["steps"] = std::move(steps);
  object["warnings"] = json::value_from(chart.warnings);
  return object;
}

Result<void> run(Context& context, const ReviewChart& options) {
  TRY(const auto review, open_review(context, options.case_));
  TRY(const review::RuleSet* rules, review::find_rules(review.review.rules));
  TRY(const review::Calendar calendar, client::read_calendar(context.session(), context.directory()));
  TRY(const review::Chart chart, review::chart_of(chart_facts(review), *rules, calendar, review.review.today));
  if (options.svg) TRY_VOID(vault::write_file_atomically(*options.svg, vault::as_bytes(review::chart_svg(chart))));
  if (context.as_json)
    print_json(chart_json(chart));
  else if (options.svg)
    note("The chart is in " + printable(*options.svg));
  else
    std::cout << review::chart_text(chart);
  return {};
}

// --- review duties (4.1.2) ------------------------------------------------------------------------------------------

struct ReviewDuties : CaseArgument {
  std::optional<std::string> answers, done, on, form, record;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    auto* questionnaire = command.add_option("--answers", answers, "The questionnaire, answered")->type_name("FILE");
    command.add_option("--done", done, "Record that this duty is done")
        ->check(word_of<Duty>())
        ->excludes(questionnaire);
    command.add_option("--on", on, "The day on which it was done; today unless given");
    command.add_option("--form", form, "The notification as it was sent, or Document 1; secured for the meeting")
        ->type_name("FILE");
    command.add_option("--record", record, "The record of the notification, if it is in the review safe already");
  }
};

constexpr std::size_t kMaxAnswersBytes = 64U << 10;

Result<wire::AnswerDuties> read_answers(const std::string& file) {
  TRY(const std::string text, read_text_file(file, kMaxAnswersBytes));
  wire::AnswerDuties act;
  const json::value blank = wire::to_json(act.answers);
  TRY(const json::value given, wire::parse_json(text));
  const auto fail = [&](const std::string& what) {
    return Error{Errc::invalid_argument, printable(file) + ": " + what};
  };
  if (!given.is_object()) return fail("write the answers as one JSON object with true for yes and false for no");
  for (const auto& [member, value] : given.get_object()) {
    if (!blank.get_object().contains(member)) return fail("there is no question \"" + printable(member) + "\"");
    if (!value.is_bool()) return fail("answer \"" + printable(member) + "\" with true or false");
  }
  // A question that is left out is not taken for a no: a duty to notify depends on it.
  for (const auto& [member, value] : blank.get_object())
    if (!given.get_object().contains(member)) return fail("\"" + std::string(member) + "\" is not answered");
  TRY(act.answers, wire::from_json<access::DutyAnswers>(given));
  return act;
}

// Finds the Document 1 that a duty refers to: the newest one in the review safe.
Result<access::RecordId> find_referral(Context& context, const client::ReviewCase& review) {
  TRY(const auto safe, client::verify_safe(context.session(), context.directory(), review.case_.review_safe));
  TRY(const auto records,
      client::documents_of_class(context.session(), context.directory(), safe, access::RecordClass::document_1));
  if (records.empty())
    return Error{Errc::not_found,
                 "there is no Document 1 in the review safe yet: give a complete one with --form "
                 "(4.1.2)"};
  return records.front().record;
}

Result<void> record_duty(Context& context, const client::ReviewCase& review, const ReviewDuties& options) {
  wire::RecordDuty act;
  act.case_ = review.case_.case_;
  TRY(act.duty, wire::parse_enum<Duty>(*options.done));
  act.on = review.review.today;
  if (options.on) {
    TRY(act.on, parse_day("--on", *options.on));
  }
  if (options.record) {
    TRY(act.record, context.find_record(*options.record));
  } else if (act.duty == Duty::document_1) {
    if (options.form) {
      TRY(const auto form, read_complete_document(*options.form, 1));
      TRY(act.record, seal_form(context, review, access::RecordClass::document_1, "document-1.json",
                                review::write_form(*form.form, form.values)));
    } else {
      TRY(act.record, find_referral(context, review));
    }
  } else if (options.form) {
    TRY(act.record, seal_file(context, review, access::RecordClass::notification, *options.form));
  }
  TRY_VOID(context.session().act(act));
  return {};
}

void print_duties(Context& context, const wire::ReviewView& view) {
  if (context.as_json) {
    print_json(wire::to_json(view.duties));
    return;
  }
  Table table({"duty", "state", "because"});
  for (const wire::DutyView& duty : view.duties)
    table.add({wire::enum_name(duty.duty),
               duty.done      ? "done " + vault::to_string(*duty.done)
               : duty.applies ? "OPEN"
                              : "does not apply",
               duty.because});
  table.print(view.duty_answers ? "no duty applies" : "the questionnaire is not answered yet (4.1.2)");
}

Result<void> run(Context& context, const ReviewDuties& options) {
  std::optional<wire::AnswerDuties> answering;
  if (options.answers) {
    TRY(answering, read_answers(*options.answers));
  }
  TRY(auto review, open_review(context, options.case_));
  if (answering) {
    answering->case_ = review.case_.case_;
    TRY_VOID(context.session().act(*answering));
  } else if (options.done) {
    TRY_VOID(record_duty(context, review, options));
  }
  if (answering || options.done) {
    TRY(review, client::read_review(context.session(), context.directory(), review.case_.case_));
  }
  print_duties(context, review.review);
  return {};
}

}  // namespace

void add_review_status(CLI::App& group) {
  add_command<ReviewStatus>(group, "status", "The state of a review: its clocks with their working, and what is owed",
                            "strongroom review status RR-2026-0001\n  strongroom review status --mine");
  add_command<ReviewChart>(group, "chart", "The flow chart of stages and timescales with this case's dates (4.2.2)",
                           "strongroom review chart RR-2026-0001 --svg chart.svg");
  add_command<ReviewDates>(group, "dates", "The dates on which the meeting may be held (4.4.2)",
                           "strongroom review dates RR-2026-0001");
  add_command<ReviewDuties>(group, "duties", "The local authority's own duties to notify (4.1.2)",
                            "strongroom review duties RR-2026-0001 --answers answers.json\n"
                            "  strongroom review duties RR-2026-0001 --done panel --form notification.pdf\n"
                            "  answers.json: {\"died\": false, \"seriously_harmed\": true, \"in_area\": true, "
                            "\"outside_england\": false,\n    \"normally_resident\": true, \"looked_after\": false, "
                            "\"abuse_or_neglect\": true}");
}

}  // namespace cli
