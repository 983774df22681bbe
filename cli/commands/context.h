// The context of a command: the options above all commands, a session with the service for commands that need one, and
// ids found by the words that people type (the beginning of an id, a case's reference, a copy's number).
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
  // The options above all commands, which `add_flags` declares.
  bool as_json = false;
  bool yes = false;
  std::optional<std::string> passphrase_file;
  std::optional<std::string> as_agency;

  void add_flags(CLI::App& app);
  client::PassphraseSource passphrase() const;
  // A new passphrase. At the terminal it is asked for twice, because a mistyped one could not be guessed again.
  client::PassphraseSource new_passphrase() const;

  // Opens the home, starts the session, verifies the directory, and does the work that this client owes, with a line on
  // stderr for each. It asks at the terminal before work that it may not do by itself; `sync --yes` agrees to all of
  // it. Commands that talk to the service call it once.
  enum class Agree { ask, yes };
  Result<void> connect(Agree agree = Agree::ask);
  client::Session& session() { return *session_; }
  client::Directory& directory() { return *directory_; }
  // The work that `connect` did, or left.
  const std::vector<client::DutyDone>& duties() const { return duties_; }

  // Asks on the terminal before an act that cannot be undone, and before anything is sent. --yes answers it.
  // Errc::invalid_argument if the answer is no, or if there is neither --yes nor a terminal.
  Result<void> confirm(std::string_view question) const;

  // Errc::not_found if nothing has such an id, Errc::invalid_argument if several things have.
  Result<access::PersonId> find_person(std::string_view words);
  Result<access::AgencyId> find_agency(std::string_view words);  // or an agency's kind, if only one is of that kind
  Result<access::CaseId> find_case(std::string_view words);
  Result<access::SafeId> find_safe(std::string_view words);
  Result<access::RecordId> find_record(std::string_view words);
  Result<wire::CopyView> find_copy(std::string_view words);
  // The agency that this person acts for: --as, or the only one in which they have `role`.
  Result<access::AgencyId> acting_agency(access::Role role);

  // The name that people know, or the id if there is none. Names are not certified by anybody.
  std::string name_of(const access::PersonId& person);
  std::string name_of(const access::AgencyId& agency);

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

// Prints one JSON document on stdout.
void print_json(const json::value& value);

}  // namespace cli
