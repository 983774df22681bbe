// strongroom: the program that people run. Its commands are in cli/commands, and its exit codes in
// cli/commands/exit_code.h.
#include <iostream>

#include "cli/commands/command.h"
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
    "STRONGROOM_HOME is the folder in which your identity and the keys that you trust are kept.\n"
    "Example:\n  strongroom case list";

// Finds the command that was given: the innermost subcommand that was parsed.
const CLI::App* find_chosen(const CLI::App* app) {
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
  context.add_flags(app);
  cli::add_commands(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // --help and --version end like this too, and `exit` returns 0 for them.
    return app.exit(problem) == 0 ? 0 : static_cast<int>(cli::ExitCode::usage);
  }
  // Only now, so that --help works on a machine on which the libraries do not.
  for (const auto start : {vault::start_secure_memory, vault::crypto::start_crypto})
    if (const auto started = start(); !started) {
      cli::note("strongroom: " + started.error().message);
      return static_cast<int>(cli::ExitCode::failure);
    }
  const cli::Action* action = cli::action_of(find_chosen(&app));
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
  } catch (const std::exception& problem) {  // our own code throws nothing, but a library may
    std::cerr << "strongroom: internal failure: " << problem.what() << '\n';
  }
  return vault::finish_output("strongroom", code);
}
