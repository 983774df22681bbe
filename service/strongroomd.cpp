// strongroomd: makes a vault, serves it, checks it. What it is asked stands in the command line, what it answers on
// stdout, everything for people on stderr.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "access/permit.h"
#include "access/replay.h"
#include "review/rules.h"
#include "service/daemon.h"
#include "service/operations.h"
#include "service/sandbox.h"
#include "service/vault_directory.h"
#include "vault/base/file.h"
#include "vault/base/process.h"
#include "vault/crypto/start.h"

namespace service {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using vault::Errc;
using vault::Error;
using vault::Result;

// Blocks from this size on go back to the system when they are freed. By itself glibc learns from the first large body
// to keep them, for each thread that ever held one.
constexpr int kGivenBackBytes = 1 << 20;

int complain(const Error& error) {
  std::cerr << "strongroomd: " << error.message << "\n";
  return exit_code(error.code);
}

struct Options {
  fs::path directory;
  SealOptions seal;
  // init
  std::string origin;
  std::string url;
  fs::path tls_certificate;
  fs::path tls_key;
  // serve
  std::string listen = "127.0.0.1:8443";
  access::RequestRate rate;
  int securing_target = strongroom::review::kSecuringTargetDays;
  // check
  bool as_json = false;
  bool in_child = false;
};

// --- init -----------------------------------------------------------------------------------------------------------

// Its key in the JSON: the partner's kind, or "administrator".
std::string name_of(const access::wire::Invitation& invitation, std::size_t position) {
  constexpr std::array<std::string_view, 3> kPartners = {"local-authority", "icb", "police"};
  const bool administrator = std::ranges::find(invitation.roles, access::Role::administrator) != invitation.roles.end();
  return std::string(administrator || position >= kPartners.size() ? "administrator" : kPartners[position]);
}

Result<void> init(const Options& options) {
  std::optional<TlsIdentity> tls;
  if (!options.tls_certificate.empty()) {
    TRY(tls, read_tls_identity(options.tls_certificate, options.tls_key));
  }
  TRY(const auto seal, options.seal.read());
  const NewVault wanted{
      .directory = options.directory, .origin = options.origin, .url = options.url, .tls = std::move(tls)};
  TRY(const MadeVault made, make_vault(wanted, seal, vault::system_clock()()));

  std::signal(SIGPIPE, SIG_IGN);  // the reader of stdout may be gone, and the error below must still be shown
  json::object invitations;
  for (std::size_t i = 0; i < made.invitations.size(); ++i)
    invitations[name_of(made.invitations[i], i)] = access::wire::format_invitation(made.invitations[i]);
  std::cout << json::object{{"origin", made.config.origin},
                            {"log_key", made.config.log_key},
                            {"invitations", std::move(invitations)}}
            << "\n"
            << std::flush;
  if (!std::cout)
    return Error{Errc::io, "the vault in " + options.directory.string() +
                               " was made, but its four invitations could not be printed, and they are kept nowhere: "
                               "nobody can use this vault. Delete the directory and run init again, with standard "
                               "output going to a place that has room"};
  std::cerr << "Hand each invitation to the person it is for, and keep none: whoever has it can enrol with it.\n"
               "Serve the vault with: strongroomd serve "
            << options.directory.string() << " --seal-…\n";
  return {};
}

// --- check and rebuild ----------------------------------------------------------------------------------------------

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

// Damaged pages can end the process within the database's library. So the walk has a process of its own, and its death
// is a finding.
Result<int> check_in_child(const Options& options) {
  std::vector<std::string> arguments = {"strongroomd", "check", options.directory.string(), "--in-child"};
  for (std::string& argument : options.seal.arguments()) arguments.push_back(std::move(argument));
  if (options.as_json) arguments.emplace_back("--json");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) return vault::system_error(errno, "cannot start the check");
  if (child == 0) {
    ::execv("/proc/self/exe", argv.data());
    ::_exit(1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return vault::system_error(errno, "cannot wait for the check");
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  Findings found;
  found.list.push_back({"database", Errc::tampered,
                        "reading it ended with signal " + std::to_string(WTERMSIG(status)) + ": pages are damaged"});
  return report(found, options.as_json);
}

// Whether a failure to read a vault says that its bytes are not what was written, and not that the caller is wrong.
bool is_damage(Errc code) {
  return code == Errc::tampered || code == Errc::malformed || code == Errc::too_large || code == Errc::internal ||
         code == Errc::io;
}

Result<int> check(const Options& options) {
  if (!options.in_child) return check_in_child(options);
  TRY(const auto seal, options.seal.read());
  const auto opened = open_vault(options.directory, seal, OpenFor::check);
  Findings found;
  const auto report_damage = [&](std::string_view value, const Error& error) -> Result<int> {
    found.list.push_back({std::string(value), error.code, error.message});
    return report(found, options.as_json);
  };
  if (!opened && !is_damage(opened.code())) return opened.error();
  if (!opened) return report_damage("vault", opened.error());  // too damaged to be opened
  auto walked = access::check(*opened->store);
  // It was a vault when it was opened: whatever stops the walk now is in its bytes.
  if (!walked) return report_damage("database", walked.error());
  access::CheckReport& checked = *walked;
  found = {.list = std::move(checked.ledger.findings),
           .more = checked.ledger.more_findings + checked.more_findings,
           .entries = checked.ledger.size.value,
           .records = checked.records};
  for (audit::Finding& finding : checked.findings) found.list.push_back(std::move(finding));
  return report(found, options.as_json);
}

Result<void> rebuild(const Options& options) {
  TRY(const auto seal, options.seal.read());
  TRY(const OpenVault opened, open_vault(options.directory, seal));
  TRY_VOID(access::rebuild(*opened.store));
  std::cerr << "The tables were made again from the ledger.\n";
  return {};
}

// --- the command line -----------------------------------------------------------------------------------------------

Result<int> always_done(Result<void> result) {
  if (!result) return result.error();
  return kDone;
}

int run(int argc, char** argv) {
  Options options;
  Command command;
  CLI::App app{
      "Makes, serves and checks a Strongroom vault.\n\n"
      "A first vault:\n"
      "  strongroomd init /srv/vault --origin vault.example/partnership --url https://vault.example:8443 \\\n"
      "      --seal-keyfile /etc/strongroom/seal.key > invitations.json\n"
      "  strongroomd serve /srv/vault --listen 0.0.0.0:8443 --seal-keyfile /etc/strongroom/seal.key\n"};
  app.require_subcommand(1);
  app.set_version_flag("--version", STRONGROOM_VERSION);
  const AddCommand add_to = [](CLI::App& to, const std::string& name, const std::string& summary,
                               const std::string& example) {
    CLI::App* added = to.add_subcommand(name, summary);
    added->footer("Example:\n  " + example + "\n");
    return added;
  };
  const auto add = [&](const std::string& name, const std::string& summary, const std::string& example) {
    return add_to(app, name, summary, example);
  };
  const auto takes_vault = [&](CLI::App* sub) {
    sub->add_option("DIR", options.directory, "The vault's directory")->required();
    options.seal.add_to(*sub);
  };

  CLI::App* init_command =
      add("init", "Makes a vault and the four invitations that everybody else's hang on",
          "strongroomd init /srv/vault --origin vault.example/partnership \\\n"
          "      --url https://vault.example:8443 --seal-keyfile /etc/strongroom/seal.key\n\n"
          "Prints JSON: origin, log_key, invitations {administrator, local-authority, icb, police}.");
  takes_vault(init_command);
  init_command->add_option("--origin", options.origin, "The ledger's name for ever, e.g. vault.example/partnership")
      ->type_name("NAME")
      ->required();
  init_command->add_option("--url", options.url, "Where clients reach the service: https://HOST:PORT")
      ->type_name("URL")
      ->required();
  auto* certificate = init_command
                          ->add_option("--tls-cert", options.tls_certificate,
                                       "A certificate of your own (PEM); else one is made and signed by itself")
                          ->type_name("PEM");
  auto* key = init_command->add_option("--tls-key", options.tls_key, "Its key (PEM, no passphrase)")->type_name("PEM");
  certificate->needs(key);
  key->needs(certificate);
  init_command->callback([&] { command = [&] { return always_done(init(options)); }; });

  CLI::App* serve_command =
      add("serve", "Serves a vault until SIGTERM or SIGINT",
          "strongroomd serve /srv/vault --listen 0.0.0.0:8443 --seal-keyfile /etc/strongroom/seal.key\n\n"
          "Prints one line when it takes requests. Told to stop, it finishes what is in flight, ten seconds at most.");
  takes_vault(serve_command);
  serve_command->add_option("--listen", options.listen, "Address and port; port 0 takes any that is free")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  serve_command
      ->add_option("--requests-per-minute", options.rate.per_minute,
                   "Of one person, uploads and downloads apart; half as many may come at once")
      ->check(CLI::Range(std::int64_t{60}, std::int64_t{100'000'000}))
      ->capture_default_str();
  serve_command
      ->add_option(
          "--securing-target", options.securing_target,
          "The partnership's own target for securing, in working days from being asked; the guidance sets none")
      ->type_name("DAYS")
      ->check(CLI::Range(1, strongroom::review::kMaxSecuringTargetDays))
      ->capture_default_str();
  serve_command->callback([&] {
    options.rate.burst = options.rate.per_minute / 2;
    command = [&]() -> Result<int> {
      TRY(const ListenAddress listen, parse_listen_address(options.listen));
      TRY(const auto seal, options.seal.read());
      TRY(OpenVault opened, open_vault(options.directory, seal, OpenFor::work, end_unanswered));
      opened.store->set_securing_target(options.securing_target);
      return always_done(serve(std::move(opened), listen, options.rate));
    };
  });

  CLI::App* check_command = add("check", "Compares everything with everything: tree, chains, tables, digests, payloads",
                                "strongroomd check /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
                                "Exit 0 when all is consistent, 5 with one finding a line when not.");
  takes_vault(check_command);
  check_command->add_flag("--json", options.as_json,
                          "Prints JSON: consistent, entries, records, findings (value, code, problem)");
  check_command->add_flag("--in-child", options.in_child)->group("");
  check_command->callback([&] { command = [&] { return check(options); }; });

  CLI::App* rebuild_command = add("rebuild", "Drops the tables and makes them again from the ledger",
                                  "strongroomd rebuild /srv/vault --seal-keyfile /etc/strongroom/seal.key");
  takes_vault(rebuild_command);
  rebuild_command->callback([&] { command = [&] { return always_done(rebuild(options)); }; });

  CLI::App* policy_command =
      add("policy", "Prints the permission table as Markdown", "strongroomd policy > docs/policy.md");
  policy_command->callback([&] {
    command = [] {
      std::cout << access::policy_markdown();
      return Result<int>(kDone);
    };
  });

  add_operations(app, add_to, command);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongCommandLine;
  }
  ::mallopt(M_MMAP_THRESHOLD, kGivenBackBytes);
  if (auto closed = enter_sandbox(); !closed) return complain(closed.error());
  if (auto started = vault::crypto::start_crypto(); !started) return complain(started.error());
  if (!can_lock_memory())
    std::cerr << "strongroomd: memory cannot be locked, so keys may reach swap: raise the limit (ulimit -l, or "
                 "LimitMEMLOCK= of the unit)\n";
  const auto result = command();
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
  } catch (const std::exception& problem) {  // what a library throws against our expectation
    std::cerr << "strongroomd: internal failure: " << problem.what() << "\n";
  }
  return vault::finish_output("strongroomd", code);
}
