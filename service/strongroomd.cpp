// strongroomd: makes a vault, serves it, checks it. Each command is a struct of its options, with a function that adds
// its flags and a function that runs it. Data is printed on stdout, and everything for people on stderr.
#include <iostream>

#include "access/permit.h"
#include "access/replay.h"
#include "review/rules.h"
#include "service/daemon.h"
#include "service/operations.h"
#include "service/sandbox.h"
#include "service/vault_directory.h"
#include "vault/base/file.h"
#include "vault/base/memory.h"
#include "vault/base/process.h"
#include "vault/crypto/start.h"

namespace service {
namespace {

namespace json = boost::json;
using vault::Errc;
using vault::Error;
using vault::Result;

// Blocks of this size and more are returned to the system when they are freed. The bodies of requests are larger.
constexpr std::size_t kReturnedBytes = 1U << 20;

int complain(const Error& error) {
  std::cerr << "strongroomd: " << error.message << "\n";
  return exit_code(error.code);
}

// --- init -----------------------------------------------------------------------------------------------------------

struct Init : VaultOptions {
  std::string origin;
  std::string url;
  TlsOptions tls;
  std::filesystem::path invitations;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    app.add_option("--origin", origin,
                   "The name of the ledger, which never changes, for example vault.example/partnership")
        ->type_name("NAME")
        ->required();
    app.add_option("--url", url, "The address under which clients reach the service: https://HOST:PORT")
        ->type_name("URL")
        ->required();
    tls.add_flags(app);
    app.add_option("--invitations", invitations,
                   "Where the four invitations are written; it must not exist, or be empty. DIR.invitations unless "
                   "given")
        ->type_name("FOLDER");
    app.add_flag("--json", as_json,
                 "Prints JSON, as it does without this flag: origin, log_key, invitations (the path of each)");
  }
  Result<int> run() const;
};

// Returns the folder beside the vault. "vault/" and "vault" are the same directory.
std::filesystem::path default_invitations(const std::filesystem::path& directory) {
  std::string text = vault::text_of(directory);
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return vault::path_of(text + ".invitations");
}

Result<int> Init::run() const {
  TRY(auto identity, tls.read());
  TRY(const auto opener, seal.read());
  const std::filesystem::path folder =
      std::filesystem::absolute(invitations.empty() ? default_invitations(directory) : invitations);
  const NewVault wanted{
      .directory = directory, .origin = origin, .url = url, .tls = std::move(identity), .invitations = folder};
  TRY(const MadeVault made, make_vault(wanted, opener, vault::system_clock()()));

  vault::ignore_broken_pipes();  // the reader of stdout may have ended, and the error below must be printed even then
  json::object files;
  for (std::size_t i = 0; i < kInvitationNames.size(); ++i)
    files[kInvitationNames[i]] = vault::text_of(invitation_file(folder, i));
  std::cout << json::object{{"origin", made.config.origin},
                            {"log_key", made.config.log_key},
                            {"invitations", std::move(files)}}
            << "\n"
            << std::flush;
  if (!std::cout)
    return Error{Errc::io, "the vault in " + vault::text_of(directory) + " was made, and its four invitations are in " +
                               vault::text_of(folder) + ", but this could not be printed on standard output"};
  std::cerr << "The four invitations are in " << vault::text_of(folder)
            << ". Give each to its person and keep none: anyone who has it can enrol with it.\n"
               "Then serve the vault: strongroomd serve "
            << vault::text_of(directory) << " --seal-…\n";
  return kDone;
}

// --- serve ----------------------------------------------------------------------------------------------------------

struct Serve : VaultOptions {
  std::string listen = "127.0.0.1:8443";
  std::int64_t per_minute = access::RequestRate{}.per_minute;
  int securing_target = strongroom::review::kSecuringTargetDays;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    app.add_option("--listen", listen, "Address and port; port 0 takes any free one")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    app.add_option("--requests-per-minute", per_minute,
                   "The limit for one person, without uploads and downloads; half as many may come at once")
        ->check(CLI::Range(std::int64_t{60}, std::int64_t{100'000'000}))
        ->capture_default_str();
    app.add_option("--securing-target", securing_target,
                   "The partnership's own target for securing records, in working days after it was asked to; the "
                   "guidance sets none")
        ->type_name("DAYS")
        ->check(CLI::Range(1, strongroom::review::kMaxSecuringTargetDays))
        ->capture_default_str();
  }
  Result<int> run() const {
    TRY(const ListenAddress address, parse_listen_address(listen));
    TRY(const auto opener, seal.read());
    TRY(OpenVault opened, open_vault(directory, opener, OpenFor::work, end_unanswered));
    opened.store->set_securing_target(securing_target);
    TRY_VOID(serve(std::move(opened), address, {.per_minute = per_minute, .burst = per_minute / 2}));
    return kDone;
  }
};

// --- check ----------------------------------------------------------------------------------------------------------

struct Check : VaultOptions {
  bool as_json = false;
  bool in_child = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    app.add_flag("--json", as_json, "Prints JSON: consistent, entries, records, findings (value, code, problem)");
    app.add_flag("--in-child", in_child)->group("");
  }
  Result<int> run() const { return in_child ? check_here() : check_in_child(); }

 private:
  Result<int> check_here() const;
  Result<int> check_in_child() const;
};

struct Findings {
  std::vector<audit::Finding> list;
  std::uint64_t more = 0;
  std::uint64_t entries = 0;
  std::uint64_t records = 0;
};

int report(const Findings& found, bool as_json) {
  const bool consistent = found.list.empty();
  if (as_json) {
    json::array list;
    for (const audit::Finding& finding : found.list)
      list.push_back(
          {{"value", finding.value}, {"code", vault::to_string(finding.code)}, {"problem", finding.problem}});
    std::cout << json::object{{"consistent", consistent},
                              {"entries", found.entries},
                              {"records", found.records},
                              {"findings", std::move(list)},
                              {"more_findings", found.more}}
              << "\n";
  } else {
    for (const audit::Finding& finding : found.list) std::cout << finding.value << ": " << finding.problem << "\n";
    if (found.more != 0) std::cout << "and " << found.more << " more\n";
    if (consistent) std::cout << "consistent: " << found.entries << " entries, " << found.records << " records\n";
  }
  return consistent ? kDone : kNotConsistent;
}

// Damaged pages can end the process within the database's library. So the check runs in a process of its own, and if
// that is killed by a signal, this is reported as a finding.
Result<int> Check::check_in_child() const {
  std::vector<std::string> arguments = {"strongroomd", "check", vault::text_of(directory), "--in-child"};
  for (std::string& argument : seal.arguments()) arguments.push_back(std::move(argument));
  if (as_json) arguments.emplace_back("--json");
  TRY(const vault::Ended ended, vault::run_again(std::move(arguments)));
  if (ended.signal == 0) return ended.exit_code;
  Findings found;
  found.list.push_back({"database", Errc::tampered,
                        "its pages are damaged: reading them ended with signal " + std::to_string(ended.signal)});
  return report(found, as_json);
}

// Whether a failure to read a vault means that its bytes are damaged, and not that the caller made a mistake.
bool is_damage(Errc code) {
  return code == Errc::tampered || code == Errc::malformed || code == Errc::too_large || code == Errc::internal ||
         code == Errc::io;
}

Result<int> Check::check_here() const {
  TRY(const auto opener, seal.read());
  const auto opened = open_vault(directory, opener, OpenFor::check);
  Findings found;
  const auto report_damage = [&](std::string_view value, const Error& error) -> Result<int> {
    found.list.push_back({std::string(value), error.code, error.message});
    return report(found, as_json);
  };
  if (!opened && !is_damage(opened.code())) return opened.error();
  if (!opened) return report_damage("vault", opened.error());  // too damaged to be opened
  auto walked = access::check(*opened->store);
  // It was a vault when it was opened, so an error of the check itself means damage.
  if (!walked) return report_damage("database", walked.error());
  access::CheckReport& checked = *walked;
  found = {.list = std::move(checked.ledger.findings),
           .more = checked.ledger.more_findings + checked.more_findings,
           .entries = checked.ledger.size.value,
           .records = checked.records};
  for (audit::Finding& finding : checked.findings) found.list.push_back(std::move(finding));
  return report(found, as_json);
}

// --- rebuild and policy ---------------------------------------------------------------------------------------------

struct Rebuild : VaultOptions {
  Result<int> run() const {
    TRY(const auto opener, seal.read());
    TRY(const OpenVault opened, open_vault(directory, opener));
    TRY_VOID(access::rebuild(*opened.store));
    std::cerr << "The tables were made again from the ledger.\n";
    return kDone;
  }
};

struct Policy {
  void add_flags(CLI::App&) {}
  Result<int> run() const {
    std::cout << access::policy_markdown();
    return kDone;
  }
};

// --- the command line -----------------------------------------------------------------------------------------------

void add_commands(CLI::App& app, Command& chosen) {
  add_command<Init>(
      app, chosen, "init", "Makes a vault and writes the four invitations that all others depend on",
      "strongroomd init /srv/vault --origin vault.example/partnership \\\n"
      "      --url https://vault.example:8443 --seal-keyfile /etc/strongroom/seal.key\n\n"
      "Prints JSON: origin, log_key, invitations {administrator, local-authority, icb, police}: their files.");
  add_command<Serve>(
      app, chosen, "serve", "Serves a vault until SIGTERM or SIGINT",
      "strongroomd serve /srv/vault --listen 0.0.0.0:8443 --seal-keyfile /etc/strongroom/seal.key\n\n"
      "Prints one line when it accepts requests. When it is told to stop, it gives running requests ten\n"
      "seconds to finish.");
  add_command<Check>(
      app, chosen, "check", "Checks the ledger, and compares every table and payload with it",
      "strongroomd check /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
      "The exit code is 0 if everything is consistent. Otherwise it is 5, and each line has one finding.");
  add_command<Rebuild>(app, chosen, "rebuild", "Deletes the tables and makes them again from the ledger",
                       "strongroomd rebuild /srv/vault --seal-keyfile /etc/strongroom/seal.key");
  add_command<Policy>(app, chosen, "policy", "Prints the permission table as Markdown",
                      "strongroomd policy > docs/policy.md");
  add_operations(app, chosen);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Makes, serves and checks a Strongroom vault.\n\n"
      "A first vault:\n"
      "  strongroomd init /srv/vault --origin vault.example/partnership --url https://vault.example:8443 \\\n"
      "      --seal-keyfile /etc/strongroom/seal.key\n"
      "  strongroomd serve /srv/vault --listen 0.0.0.0:8443 --seal-keyfile /etc/strongroom/seal.key\n"};
  app.require_subcommand(1);
  app.set_version_flag("--version", STRONGROOM_VERSION);
  Command chosen;
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongCommandLine;
  }
  vault::give_back_freed_blocks(kReturnedBytes);
  if (auto closed = enter_sandbox(); !closed) return complain(closed.error());
  if (auto started = vault::crypto::start_crypto(); !started) return complain(started.error());
  if (!vault::can_lock_memory())
    std::cerr << "strongroomd: memory cannot be locked, so keys may be written to swap: raise the limit (ulimit -l, or "
                 "LimitMEMLOCK= of the unit)\n";
  const auto result = chosen();
  if (!result) return complain(result.error());
  return *result;
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) {
  vault::prepare_process();
  int code = service::exit_code(vault::Errc::internal);
  try {
    code = service::run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "strongroomd: there is not enough memory: stop other programs or raise the limit (ulimit -v, or "
                 "MemoryMax= of the unit)\n";
  } catch (const std::exception& problem) {  // a library threw what we did not expect
    std::cerr << "strongroomd: internal failure: " << problem.what() << "\n";
  }
  return vault::finish_output("strongroomd", code);
}
