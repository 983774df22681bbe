// What every command has at hand: the options that stand above all commands, a session with the service when one is
// needed, and the words people use for things (prefixes of ids, case references, copy numbers) turned into ids.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "cli/client/duties.h"
#include "cli/client/proof/directory.h"
#include "cli/client/session/session.h"
#include "cli/commands/terminal.h"

namespace cli {

namespace access = strongroom::access;
namespace wire = strongroom::access::wire;
namespace json = boost::json;
using vault::Errc;
using vault::Error;
using vault::Result;

class Context {
 public:
  // The options above all commands. Bound by `bind`.
  bool as_json = false;
  bool yes = false;
  std::optional<std::string> passphrase_file;
  std::optional<std::string> as_agency;

  void bind(CLI::App& app);
  client::PassphraseSource passphrase() const;
  // Asks for a new one twice when it comes from the terminal.
  client::PassphraseSource new_passphrase() const;

  // Opens the home, starts the session, verifies the directory, and does what this client owes (saying so on stderr).
  // It asks at the terminal before it does anything that it may not do by itself; `sync --yes` answers yes.
  // Called once, by commands that talk to the service.
  enum class Agree { ask, yes };
  Result<void> connect(Agree agree = Agree::ask);
  client::Session& session() { return *session_; }
  client::Directory& directory() { return *directory_; }
  // What `connect` did of what this client owed.
  const std::vector<client::DutyDone>& duties() const { return duties_; }

  // Asks on the terminal before what cannot be undone; --yes answers it. Errc::invalid_argument where the answer is no,
  // and where there is neither --yes nor a terminal. Asked before anything is sent.
  Result<void> confirmed(std::string_view question) const;

  // The words people use → ids. Errc::not_found when nothing begins so, Errc::invalid_argument when several do.
  Result<access::PersonId> person(std::string_view words);
  Result<access::AgencyId> agency(std::string_view words);  // also an agency's kind where only one has it
  Result<access::CaseId> case_id(std::string_view words);
  Result<access::SafeId> safe(std::string_view words);
  Result<access::RecordId> record(std::string_view words);
  Result<wire::CopyView> copy(std::string_view words);
  // The agency this person acts for: --as, or the only one where they have `role`.
  Result<access::AgencyId> acting_agency(access::Role role);

  // Names for people; an id where nobody gave a name. They are not certified by anybody.
  std::string name_of(const access::PersonId& person);
  std::string name_of(const access::AgencyId& agency);

  // One JSON document on stdout.
  static void print(const json::value& value);

 private:
  Result<void> load_names();
  client::Consent ask(const client::Question& question);
  std::unique_ptr<client::Session> session_;
  std::optional<client::Directory> directory_;
  std::vector<client::DutyDone> duties_;
  bool names_loaded_ = false;
  std::map<access::PersonId, std::string> person_names_;
  std::map<access::AgencyId, std::string> agency_names_;
};

// A command's body. The program prints the error and ends with its exit code.
using Action = std::function<Result<void>(Context&)>;
// Adds a command: name, one line of what it does, an example for its --help.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example);
// What to run when `command` was given. Every command without subcommands has exactly one.
void on_run(CLI::App* command, Action action);
const Action* action_of(const CLI::App* command);  // null for a command that only groups others

void add_people_commands(CLI::App& app);
void add_case_commands(CLI::App& app);
void add_nominate_commands(CLI::App& app);
void add_secure_commands(CLI::App& app);
void add_record_commands(CLI::App& app);
void add_physical_commands(CLI::App& app);
void add_declare_command(CLI::App& app);
void add_originals_commands(CLI::App& app);
void add_review_commands(CLI::App& app);
void add_trail_commands(CLI::App& app);
void add_document_commands(CLI::App& app);
void add_completion_command(CLI::App& app);

// What an option says, as 2026-11-22. Errc::invalid_argument names the option and what it said.
Result<vault::Date> parse_day(std::string_view option, const std::string& text);
// RFC 3339, or what people type, in UTC: "2026-11-22", "2026-11-22T09:30Z". Errc::invalid_argument.
Result<vault::Instant> parse_moment(const std::string& text);

// --reason/--reason-file (or --note…): free text about to be staged.
struct FreeText {
  std::optional<std::string> text;
  std::optional<std::filesystem::path> file;
  void bind(CLI::App* command, const std::string& name, const std::string& help = "Why; do not name the child");
  bool given() const { return text || file; }
};

// A word of a fixed list (access/wire/ids.h), checked while the command line is parsed.
template <class E>
CLI::Validator word_of() {
  const std::vector<std::string> words = wire::enum_names<E>();
  return CLI::IsMember(words);
}

}  // namespace cli
