// review close, not-pursued, step-back, move-clock: the course of a review, and its end.
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::Stage;

// Does the act, and says at which stage the review is now.
template <class Command>
Result<void> act_and_show(Context& context, const Command& command) {
  TRY_VOID(context.session().act(command));
  TRY(const auto after, client::read_review(context.session(), context.directory(), command.case_));
  if (context.as_json)
    Context::print({{"reference", after.case_.reference}, {"stage", wire::enum_name(after.review.stage)}});
  else
    std::cout << after.case_.reference << " is at the stage " << wire::enum_name(after.review.stage) << '\n';
  if (after.review.stage == Stage::practice_review || after.review.stage == Stage::alternative_review)
    note("The scoping material is carried into it (4.3.2). For its reviewers: strongroom review pack " +
         after.case_.reference + " --share PERSON");
  return {};
}

struct Reasoned {
  std::string case_;
  FreeText reason;
};

void add_close(CLI::App& group) {
  auto options = std::make_shared<Reasoned>();
  auto* command =
      add_command(group, "close", "The Rapid Review is done: on to the review that was decided, or to the end",
                  "strongroom review close RR-2026-0001");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    wire::CloseReview command_;
    command_.case_ = it.case_.case_;
    const auto& duties = it.review.duties;
    const bool open =
        std::ranges::any_of(duties, [](const wire::DutyView& duty) { return duty.applies && !duty.done; }) ||
        std::ranges::any_of(it.review.agencies, [](const wire::AgencyReviewView& one) { return !one.informed; });
    TRY_VOID(check_step(context, it, review::Step::close));
    TRY_VOID(context.confirmed("Close the Rapid Review " + it.case_.reference + "? It is not reopened."));
    TRY(const Words words, words_if(context, options->reason, open));
    command_.reason = words.digest;
    return act_and_show(context, command_);
  });
}

void add_not_pursued(CLI::App& group) {
  auto options = std::make_shared<Reasoned>();
  auto* command = add_command(group, "not-pursued", "The criteria turned out not to be met; the lock stays",
                              "strongroom review not-pursued RR-2026-0001 --reason-file why.txt");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    wire::DropReview command_;
    command_.case_ = it.case_.case_;
    TRY_VOID(check_step(context, it, review::Step::drop));
    TRY_VOID(context.confirmed("End the review " + it.case_.reference + "? It is not reopened."));
    TRY(command_.reason, words_of(context, options->reason));
    return act_and_show(context, command_);
  });
}

void add_step_back(CLI::App& group) {
  struct Options : Reasoned {
    std::string to;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "step-back", "Go back to an earlier stage, with a reason",
                              "strongroom review step-back RR-2026-0001 --to meeting-set --reason-file why.txt");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--to", options->to, "scoping: the meeting is set anew; meeting-set: it decides anew")
      ->required()
      ->check(word_of<Stage>());
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    wire::StepBack command_;
    TRY(command_.to, wire::parse_enum<Stage>(options->to));
    TRY_VOID(context.connect());
    TRY(command_.case_, context.case_id(options->case_));
    TRY(command_.reason, words_of(context, options->reason));
    return act_and_show(context, command_);
  });
}

void add_move_clock(CLI::App& group) {
  struct Options : Reasoned {
    std::string clock, due;
    std::optional<std::string> agency;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "move-clock", "Let a clock be due on another date, with a reason",
                              "strongroom review move-clock RR-2026-0001 --clock return --agency AGENCY "
                              "--due 2026-03-20 --reason-file why.txt");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--clock", options->clock, "templates, return, meeting, outcome or rapid-review")->required();
  command->add_option("--due", options->due, "The new date, as 2026-03-20")->required();
  command->add_option("--agency", options->agency, "Of templates and return: for this agency alone");
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    wire::MoveClock command_;
    TRY(command_.due, parse_day("--due", options->due));
    command_.clock = options->clock;
    TRY_VOID(context.connect());
    TRY(command_.case_, context.case_id(options->case_));
    if (options->agency) {
      TRY(command_.agency, context.agency(*options->agency));
    }
    TRY(command_.reason, words_of(context, options->reason));
    return act_and_show(context, command_);
  });
}

}  // namespace

void add_review_course(CLI::App& group) {
  add_close(group);
  add_not_pursued(group);
  add_step_back(group);
  add_move_clock(group);
}

}  // namespace cli
