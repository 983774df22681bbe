// review close, not-pursued, step-back, move-clock: the course of a review, and its end.
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::Stage;

struct ReasonedStep : CaseArgument {
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    reason.add_flags(command);
  }
};

// Does the act, and prints the stage that the review has now.
template <class Act>
Result<void> act_and_print_stage(Context& context, const Act& act) {
  TRY_VOID(context.session().act(act));
  TRY(const auto after, client::read_review(context.session(), context.directory(), act.case_));
  if (context.as_json)
    print_json({{"reference", after.case_.reference}, {"stage", wire::enum_name(after.review.stage)}});
  else
    std::cout << printable(after.case_.reference) << " is at the stage " << wire::enum_name(after.review.stage) << '\n';
  if (after.review.stage == Stage::practice_review || after.review.stage == Stage::alternative_review)
    note(
        "The information that was gathered is used in this review too (4.3.2). Share it with its reviewers: strongroom "
        "review pack " +
        after.case_.reference + " --share PERSON");
  return {};
}

struct ReviewClose : ReasonedStep {};

Result<void> run(Context& context, const ReviewClose& options) {
  TRY(const auto review, open_review(context, options.case_));
  const wire::ReviewView& view = review.review;
  wire::CloseReview act;
  act.case_ = review.case_.case_;
  const bool has_open_work =
      std::ranges::any_of(view.duties, [](const wire::DutyView& duty) { return duty.applies && !duty.done; }) ||
      std::ranges::any_of(view.agencies, [](const wire::AgencyReviewView& one) { return !one.informed; });
  TRY_VOID(check_step(context, review, review::Step::close));
  TRY_VOID(context.confirm("Close the Rapid Review " + review.case_.reference + "? It is not reopened."));
  TRY(const StagedText reason, stage_if_needed(context, options.reason, has_open_work));
  act.reason = reason.digest;
  return act_and_print_stage(context, act);
}

struct ReviewNotPursued : ReasonedStep {};

Result<void> run(Context& context, const ReviewNotPursued& options) {
  TRY(const auto review, open_review(context, options.case_));
  wire::DropReview act;
  act.case_ = review.case_.case_;
  TRY_VOID(check_step(context, review, review::Step::drop));
  TRY_VOID(context.confirm("End the review " + review.case_.reference + "? It is not reopened."));
  TRY(act.reason, stage_required(context, options.reason));
  return act_and_print_stage(context, act);
}

struct ReviewStepBack : CaseArgument {
  std::string to;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--to", to, "scoping: the meeting is set again; meeting-set: it decides again")
        ->required()
        ->check(word_of<Stage>());
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const ReviewStepBack& options) {
  wire::StepBack act;
  TRY(act.to, wire::parse_enum<Stage>(options.to));
  TRY_VOID(context.connect());
  TRY(act.case_, context.find_case(options.case_));
  TRY(act.reason, stage_required(context, options.reason));
  return act_and_print_stage(context, act);
}

struct ReviewMoveClock : CaseArgument {
  std::string clock, due;
  std::optional<std::string> agency;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--clock", clock, "templates, return, meeting, outcome or rapid-review")->required();
    command.add_option("--due", due, "The new date, as 2026-03-20")->required();
    command.add_option("--agency", agency, "Only this agency's clock (of templates and return)");
    reason.add_flags(command);
  }
};

Result<void> run(Context& context, const ReviewMoveClock& options) {
  wire::MoveClock act;
  TRY(act.due, parse_day("--due", options.due));
  act.clock = options.clock;
  TRY_VOID(context.connect());
  TRY(act.case_, context.find_case(options.case_));
  if (options.agency) {
    TRY(act.agency, context.find_agency(*options.agency));
  }
  TRY(act.reason, stage_required(context, options.reason));
  return act_and_print_stage(context, act);
}

}  // namespace

void add_review_course(CLI::App& group) {
  add_command<ReviewClose>(group, "close",
                           "The Rapid Review is done: begin the review that was decided, or close the case",
                           "strongroom review close RR-2026-0001");
  add_command<ReviewNotPursued>(group, "not-pursued", "End a review whose criteria are not met; the lock stays engaged",
                                "strongroom review not-pursued RR-2026-0001 --reason-file why.txt");
  add_command<ReviewStepBack>(group, "step-back", "Go back to an earlier stage, with a reason",
                              "strongroom review step-back RR-2026-0001 --to meeting-set --reason-file why.txt");
  add_command<ReviewMoveClock>(group, "move-clock", "Let a clock be due on another date, with a reason",
                               "strongroom review move-clock RR-2026-0001 --clock return --agency AGENCY "
                               "--due 2026-03-20 --reason-file why.txt");
}

}  // namespace cli
