// strongroom: what people run. The commands stand in cli/commands; the table of exit codes in cli/commands/exit_code.h.
#include <iostream>

#include "cli/commands/context.h"
#include "cli/commands/exit_code.h"
#include "vault/base/process.h"
#include "vault/base/secret.h"
#include "vault/crypto/start.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done · 1 failure, or the server is unreachable · 2 the command line is wrong · 3 refused, and "
    "recorded\n"
    "  4 not found, or not visible to you · 5 integrity: something was altered or does not verify · 6 conflict\n"
    "Ids may be shortened to a unique beginning; cases also go by reference (RR-2026-0001), copies by number "
    "(C-0042).\n"
    "STRONGROOM_HOME is where your identity and what you trust are kept.\n"
    "Example:\n  strongroom case list";

// The command that was given: the innermost parsed subcommand.
const CLI::App* chosen(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

int run(int argc, char** argv) {
  CLI::App app{"Strongroom: a secure records vault for child safeguarding practice reviews"};
  app.set_help_flag("-h,--help", "Explain the commands");
  app.set_version_flag("--version", STRONGROOM_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  cli::Context context;
  context.bind(app);
  cli::add_people_commands(app);
  cli::add_case_commands(app);
  cli::add_nominate_commands(app);
  cli::add_secure_commands(app);
  cli::add_record_commands(app);
  cli::add_physical_commands(app);
  cli::add_declare_command(app);
  cli::add_originals_commands(app);
  cli::add_trail_commands(app);
  cli::add_document_commands(app);
  cli::add_review_commands(app);
  cli::add_completion_command(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : static_cast<int>(cli::ExitCode::usage);
  }
  for (const auto start : {vault::start_secure_memory, vault::crypto::start_crypto})
    if (const auto started = start(); !started) {
      cli::note("strongroom: " + started.error().message);
      return static_cast<int>(cli::ExitCode::failure);
    }
  const cli::Action* action = cli::action_of(chosen(&app));
  vault::invariant(action != nullptr, "every command has an action");
  const auto done = (*action)(context);
  if (done) return static_cast<int>(cli::ExitCode::done);
  cli::note("strongroom: " + cli::printable(done.error().message));
  return static_cast<int>(cli::exit_code(done.error().code));
}

}  // namespace

int main(int argc, char** argv) {
  vault::prepare_process();
  std::ios::sync_with_stdio(false);
  auto code = static_cast<int>(cli::ExitCode::failure);
  try {
    code = run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "strongroom: there is not enough memory: close other programs or raise the limit (ulimit -v)\n";
  } catch (const std::exception& problem) {  // what a library throws against our expectation
    std::cerr << "strongroom: internal failure: " << problem.what() << '\n';
  }
  return vault::finish_output("strongroom", code);
}
