#include "service/operations.h"

#include <csignal>
#include <iostream>
#include <memory>
#include <thread>

#include "service/backup.h"
#include "service/rotation.h"
#include "service/scrub.h"
#include "service/vault_directory.h"
#include "vault/base/file.h"

namespace service {
namespace {

namespace json = boost::json;
using vault::Errc;
using vault::Error;
using vault::Result;

void add_json_flag(CLI::App& app, bool& as_json, const std::string& keys) {
  app.add_flag("--json", as_json, "Prints JSON: " + keys);
}

// The first SIGINT or SIGTERM ends a long run after the current block. A second one ends the process.
volatile std::sig_atomic_t asked_to_stop = 0;
void ask_to_stop(int signal) {
  asked_to_stop = 1;
  std::signal(signal, SIG_DFL);
}
void heed_signals() {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
}

void print(const json::object& document) {
  std::cout << json::serialize(document) << "\n";
}

// --- seals ----------------------------------------------------------------------------------------------------------

struct ListSeals {
  std::filesystem::path directory;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    add_directory(app, directory);
    add_json_flag(app, as_json, "an array of seal, kind");
  }
  Result<int> run() const {
    TRY_VOID(check_format(directory));
    TRY(const auto keyring, vault::keyring::Keyring::load(directory));
    if (as_json) {
      json::array list;
      for (const auto& each : keyring.seals())
        list.push_back({{"seal", each.id}, {"kind", vault::keyring::to_string(each.kind)}});
      std::cout << json::serialize(list) << "\n";
      return kDone;
    }
    std::cout << "SEAL              KIND\n";
    for (const auto& each : keyring.seals())
      std::cout << each.id << "  " << vault::keyring::to_string(each.kind) << "\n";
    return kDone;
  }
};

struct AddSeal : VaultOptions {
  SealOptions new_seal;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    new_seal.add_flags(app, "new-seal", "The seal to add");
    add_json_flag(app, as_json, "seal");
  }
  Result<int> run() const {
    TRY_VOID(check_format(directory));
    TRY_VOID(refuse_readable_by_others(directory));
    TRY(const auto opener, seal.read());
    TRY(const auto added, new_seal.read());
    TRY(const vault::File lock, lock_settings(directory, SettingsLock::change));
    TRY(auto keyring, vault::keyring::Keyring::load(directory));
    TRY(const auto key, keyring.unlock(opener));
    TRY(const std::string id, keyring.add_seal(key, added));
    if (as_json)
      print({{"seal", id}});
    else
      std::cout << id << "\n";
    std::cerr
        << "The new seal opens the vault now, and so does each of the others. Older backups do not open with it, so "
           "make a backup.\n";
    return kDone;
  }
};

struct RemoveSeal : VaultOptions {
  std::string id;
  bool yes = false;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    add_directory(app, directory);
    app.add_option("SEAL", id, "The id of the seal, from seal list")->required();
    seal.add_flags(app);
    app.add_flag("--yes", yes, "Removes the seal without asking");
    add_json_flag(app, as_json, "removed, seals");
  }
  Result<int> run() const {
    TRY_VOID(check_format(directory));
    TRY_VOID(refuse_readable_by_others(directory));
    TRY(const auto opener, seal.read());
    TRY(const vault::File lock, lock_settings(directory, SettingsLock::change));
    TRY(auto keyring, vault::keyring::Keyring::load(directory));
    TRY(const std::string opened_by, keyring.seal_opened_by(opener));
    const bool is_last = keyring.seals().size() == 1;  // then `remove_seal` refuses
    if (opened_by == id && !is_last)
      return Error{Errc::refused,
                   "You cannot remove the seal you are using. Open the vault with a seal that you will keep."};
    if (!is_last && !yes) {
      TRY(const bool sure,
          confirm("Remove seal " + id + "? Its key file or passphrase will not open this vault again."));
      if (!sure) return Error{Errc::cancelled, "nothing was removed"};
    }
    TRY_VOID(keyring.remove_seal(id));
    if (as_json) print({{"removed", id}, {"seals", keyring.seals().size()}});
    std::cerr << "The seal was removed. Older backups still open with it: destroy its key file or passphrase, or those "
                 "backups.\n";
    return kDone;
  }
};

// --- rotate ---------------------------------------------------------------------------------------------------------

struct Rotate : VaultOptions {
  SealOptions new_seal;
  bool yes = false;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    new_seal.add_flags(app, "new-seal", "The seal of the new key; without it, the seal that opens the vault now",
                       SealOptions::Wanted::perhaps);
    app.add_flag("--yes", yes, "Does not ask before it removes other seals");
    add_json_flag(app, as_json, "seal, went_on, values, bytes");
  }
  Result<int> run() const;
};

Result<int> Rotate::run() const {
  TRY_VOID(check_format(directory));
  TRY(const auto opener, seal.read());
  const SealOptions& chosen = new_seal.is_given() ? new_seal : seal;
  TRY(const auto new_opener, chosen.read());
  TRY(const auto keyring, vault::keyring::Keyring::load(directory));
  const std::size_t others = keyring.seals().size() - 1;
  if (!keyring.is_rotating() && others > 0 && !yes) {
    TRY(const bool sure, confirm("Make a new vault key? Other seals that will not open this vault any more: " +
                                 std::to_string(others) + ". You can add them again afterwards."));
    if (!sure) return Error{Errc::cancelled, "nothing was changed"};
  }
  heed_signals();
  Rotation rotation{.directory = directory, .advance = {}};
  RotationReport report;
  {
    const auto progress = std::make_shared<Progress>();
    rotation.advance = [progress](std::uint64_t bytes) {
      progress->show("sealing again", bytes, 0);
      return asked_to_stop == 0;
    };
    TRY(report, rotate_vault_key(rotation, opener, new_opener));
    rotation.advance = {};
  }
  if (as_json)
    print({{"seal", report.seal}, {"went_on", report.resumed}, {"values", report.values}, {"bytes", report.bytes}});
  else
    std::cout << report.seal << ": the seal of the new vault key; " << report.values << " values of "
              << size_for_people(report.bytes) << " were sealed again"
              << (report.resumed ? ", which finished an earlier rotation" : "") << "\n";
  if (!new_seal.is_given())
    std::cerr
        << "The new key has the same seal as the old one, so anyone who has that seal can open the vault as before.\n";
  std::cerr
      << "Add the other seals again (strongroomd seal add), and make a backup. Older backups still open with the old\n"
         "seals. Free pages of the database contain what the old key sealed until they are used again.\n";
  return kDone;
}

// --- cert renew -----------------------------------------------------------------------------------------------------

struct RenewCertificate : VaultOptions {
  TlsOptions tls;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    tls.add_flags(app);
    add_json_flag(app, as_json, "tls_pin");
  }
  Result<int> run() const {
    TRY(auto identity, tls.read());
    TRY(const auto opener, seal.read());
    TRY(const vault::Digest pin, renew_tls(directory, opener, std::move(identity), vault::system_clock()()));
    if (as_json)
      print({{"tls_pin", vault::hex(pin)}});
    else
      std::cout << vault::hex(pin) << "\n";
    std::cerr << "The log's key has signed that this TLS key is the successor. Start the service again; clients then\n"
                 "accept the key by themselves. To compare it, a client runs `strongroom trust`.\n";
    return kDone;
  }
};

// --- backup and restore ---------------------------------------------------------------------------------------------

constexpr std::string_view kReportKeys =
    "origin, number, time, entries, root, records, bytes, copied_records, copied_bytes, verified_records, "
    "dropped_records";

json::object described(const BackupReport& report) {
  return {{"origin", report.origin},
          {"number", report.number},
          {"time", vault::to_rfc3339(report.time)},
          {"entries", report.size},
          {"root", vault::hex(report.root)},
          {"records", report.records},
          {"bytes", report.bytes},
          {"copied_records", report.copied_records},
          {"copied_bytes", report.copied_bytes},
          {"verified_records", report.verified_records},
          {"dropped_records", report.dropped_records}};
}

Advance shown_on(const std::shared_ptr<Progress>& progress) {
  return [progress](std::string_view what, std::uint64_t done, std::uint64_t total) {
    progress->show(what, done, total);
    return asked_to_stop == 0;
  };
}

// Runs something that shows its progress and can be stopped. The progress ends its line before the caller prints more.
template <class Wanted, class Run>
Result<BackupReport> run_shown(Wanted wanted, Run run) {
  heed_signals();
  wanted.advance = shown_on(std::make_shared<Progress>());
  return run(wanted);
}

struct BackUp : VaultOptions {
  std::filesystem::path target;
  bool verify_all = false;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    add_directory(app, directory);
    app.add_option("DEST", target,
                   "The backup's directory: one that does not exist, is empty, or has this vault's backup")
        ->required();
    seal.add_flags(app);
    app.add_flag("--verify-all", verify_all, "Reads every payload in the backup again, not only the new ones");
    add_json_flag(app, as_json, std::string(kReportKeys));
  }
  Result<int> run() const {
    TRY(const auto opener, seal.read());
    BackupOptions wanted;
    wanted.directory = directory;
    wanted.target = target;
    wanted.verify_all = verify_all;
    TRY(const BackupReport report,
        run_shown(std::move(wanted), [&](const auto& each) { return back_up(each, opener); }));
    if (as_json) {
      print(described(report));
      return kDone;
    }
    std::cout << "backup " << report.number << " of " << report.origin << ": " << report.size << " entries, "
              << report.records << " records of " << size_for_people(report.bytes) << "; copied "
              << report.copied_records << " (" << size_for_people(report.copied_bytes) << ")\n"
              << "verified: the ledger, its replay and every table in the copy of the database; "
              << report.verified_records << " of " << report.records
              << " payloads were read again in the backup and compared with their digests\n";
    return kDone;
  }
};

struct Restore : VaultOptions {
  std::filesystem::path backup;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    app.add_option("BACKUP", backup, "The backup's directory")->required();
    VaultOptions::add_flags(app);
    add_json_flag(app, as_json, std::string(kReportKeys));
  }
  Result<int> run() const {
    TRY(const auto opener, seal.read());
    RestoreOptions wanted;
    wanted.backup = backup;
    wanted.directory = directory;
    TRY(const BackupReport report,
        run_shown(std::move(wanted), [&](const auto& each) { return restore(each, opener); }));
    if (as_json)
      print(described(report));
    else
      std::cout << "restored " << report.origin << " from backup " << report.number << " of "
                << vault::to_rfc3339(report.time) << ": " << report.size << " entries, " << report.records
                << " records; everything was checked and every payload was read\n";
    std::cerr << "If entries are missing, a client that has seen more than " << report.size
              << " entries of this vault refuses it and reports that.\n";
    return kDone;
  }
};

// --- scrub ----------------------------------------------------------------------------------------------------------

struct ScrubVault : VaultOptions {
  std::uint64_t mib_per_second = kScrubBytesPerSecond >> 20;
  bool restart = false;
  bool as_json = false;

  void add_flags(CLI::App& app) {
    VaultOptions::add_flags(app);
    constexpr std::uint64_t kMaxMib = 1U << 20;
    app.add_option("--rate", mib_per_second, "Reads at most this many MiB a second")
        ->type_name("MIB")
        ->check(CLI::Range(std::uint64_t{1}, kMaxMib))
        ->capture_default_str();
    app.add_flag("--restart", restart, "Begins at the first record, even if an earlier run was interrupted");
    add_json_flag(app, as_json, "finished, records, bytes, damaged (record, problem), more_damaged");
  }
  Result<int> run() const;
};

int report_scrub(const ScrubState& state, bool as_json) {
  const std::uint64_t damaged = state.damaged.size() + state.more_damaged;
  if (as_json) {
    json::array list;
    for (const ScrubFinding& found : state.damaged)
      list.push_back({{"record", found.record}, {"problem", found.problem}});
    print({{"finished", state.finished.has_value()},
           {"records", state.records},
           {"bytes", state.bytes},
           {"damaged", std::move(list)},
           {"more_damaged", state.more_damaged}});
  } else {
    for (const ScrubFinding& found : state.damaged) std::cout << found.record << ": " << found.problem << "\n";
    if (state.more_damaged != 0) std::cout << "and " << state.more_damaged << " more\n";
    std::cout << state.records << " records of " << size_for_people(state.bytes) << " read, " << damaged << " damaged"
              << (state.finished ? "" : "; this is not finished: run it again to continue") << "\n";
  }
  return damaged == 0 ? kDone : kNotConsistent;
}

Result<int> ScrubVault::run() const {
  TRY(const auto opener, seal.read());
  TRY(const OpenVault opened, open_vault(directory, opener));
  heed_signals();
  Scrub scrub(*opened.store, vault::system_clock());
  TRY(const auto last, scrub.state());
  if (!last || last->finished || restart) TRY_VOID(scrub.begin());
  using Time = std::chrono::steady_clock;
  Pace pace(mib_per_second << 20, Time::now());
  {
    Progress progress;
    std::uint64_t done = last && !last->finished && !restart ? last->bytes : 0;
    const auto go_on = [&](std::uint64_t bytes) {
      progress.show("reading payloads", done += bytes, 0);
      std::this_thread::sleep_until(pace.after(bytes, Time::now()));
      return asked_to_stop == 0;
    };
    for (bool more = true; more;) {
      const auto went = scrub.step(go_on);
      if (!went && went.code() == Errc::cancelled) break;
      if (!went) return went.error();
      more = *went;
    }
  }
  TRY(const auto state, scrub.state());
  const int code = report_scrub(*state, as_json);
  return state->finished || code != kDone ? code : exit_code(Errc::cancelled);
}

}  // namespace

void add_operations(CLI::App& app, Command& chosen) {
  add_command<BackUp>(
      app, chosen, "backup", "Copies a vault, also while it is served, and verifies the copy",
      "strongroomd backup /srv/vault /backup/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
      "Run it again to add what is new. An interrupted run is resumed by the next one. You need a seal\n"
      "to verify the copy and to restore it, so keep the seals in another place.");
  add_command<Restore>(app, chosen, "restore", "Makes a vault from its backup, and checks everything in it",
                       "strongroomd restore /backup/vault /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
                       "DIR must be empty, or not exist. If it was interrupted, run it again.");
  add_command<ScrubVault>(app, chosen, "scrub", "Reads every payload again and names the records that are damaged",
                          "strongroomd scrub /srv/vault --seal-keyfile /etc/strongroom/seal.key --rate 100\n\n"
                          "The vault must not be served; the service does the same by itself, slowly. If it was\n"
                          "interrupted, it resumes where it stopped. The exit code is 5 if a record is damaged.");

  CLI::App& seals = add_command(app, "seal", "Lists, adds and removes seals; any one of them opens the vault key",
                                "strongroomd seal list /srv/vault");
  seals.require_subcommand(1);
  add_command<AddSeal>(seals, chosen, "add", "Adds a seal; the service may run meanwhile",
                       "strongroomd seal add /srv/vault --seal-keyfile /etc/strongroom/seal.key \\\n"
                       "      --new-seal-passphrase-file /etc/strongroom/seal.passphrase");
  add_command<RemoveSeal>(
      seals, chosen, "remove", "Removes a seal, but not the last one; the service may run meanwhile",
      "strongroomd seal remove /srv/vault 0123456789abcdef --seal-keyfile /etc/strongroom/seal.key");
  add_command<ListSeals>(seals, chosen, "list", "Lists the seals with their ids and kinds",
                         "strongroomd seal list /srv/vault --json");

  add_command<Rotate>(
      app, chosen, "rotate", "Makes a new vault key and seals everything again under it",
      "strongroomd rotate /srv/vault --seal-keyfile /etc/strongroom/seal.key \\\n"
      "      --new-seal-keyfile /etc/strongroom/new-seal.key\n\n"
      "Use it if somebody may have a seal and a copy of the vault. The vault must not be served. The new\n"
      "key has one seal, so add the others again. If it was interrupted, run it again to resume; until\n"
      "then the vault opens with the new seal, and can be served.");

  CLI::App& certificate =
      add_command(app, "cert", "Renews the service's TLS key and certificate", "strongroomd cert renew --help");
  certificate.require_subcommand(1);
  add_command<RenewCertificate>(
      certificate, chosen, "renew", "Makes a new TLS key, and the log's key signs that it is the successor",
      "strongroomd cert renew /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
      "Stop the service first, and start it again afterwards. Prints the pin of the new key.");
}

}  // namespace service
