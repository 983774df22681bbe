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

namespace fs = std::filesystem;
namespace json = boost::json;
using vault::Errc;
using vault::Error;
using vault::Result;

struct Options {
  fs::path directory;
  fs::path other;  // the backup
  SealOptions seal;
  bool as_json = false;
  bool yes = false;
  // seal
  SealOptions new_seal;
  std::string seal_id;
  // cert
  fs::path tls_certificate;
  fs::path tls_key;
  // backup
  bool verify_all = false;
  // scrub
  std::uint64_t mib_per_second = kScrubBytesPerSecond >> 20;
  bool restart = false;
};

// SIGINT and SIGTERM end a long run between two blocks; a second one ends the process.
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

Result<int> list_seals(const Options& options) {
  TRY_VOID(check_format(options.directory));
  TRY(const auto keyring, vault::keyring::Keyring::load(options.directory));
  if (options.as_json) {
    json::array list;
    for (const auto& seal : keyring.seals())
      list.push_back({{"seal", seal.id}, {"kind", vault::keyring::to_string(seal.kind)}});
    std::cout << json::serialize(list) << "\n";
    return kDone;
  }
  std::cout << "SEAL              KIND\n";
  for (const auto& seal : keyring.seals()) std::cout << seal.id << "  " << vault::keyring::to_string(seal.kind) << "\n";
  return kDone;
}

Result<int> add_seal(const Options& options) {
  TRY_VOID(check_format(options.directory));
  TRY_VOID(refuse_readable_by_others(options.directory));
  TRY(const auto seal, options.seal.read());
  TRY(const auto new_seal, options.new_seal.read());
  TRY(const vault::FileDescriptor lock, lock_settings(options.directory, SettingsLock::change));
  TRY(auto keyring, vault::keyring::Keyring::load(options.directory));
  TRY(const auto key, keyring.unlock(seal));
  TRY(const std::string id, keyring.add_seal(key, new_seal));
  if (options.as_json)
    print({{"seal", id}});
  else
    std::cout << id << "\n";
  std::cerr << "Either seal opens the vault now. Backups made before this one do not know the new one.\n";
  return kDone;
}

Result<int> remove_seal(const Options& options) {
  TRY_VOID(check_format(options.directory));
  TRY_VOID(refuse_readable_by_others(options.directory));
  TRY(const auto seal, options.seal.read());
  TRY(const vault::FileDescriptor lock, lock_settings(options.directory, SettingsLock::change));
  TRY(auto keyring, vault::keyring::Keyring::load(options.directory));
  TRY(const std::string opened_by, keyring.seal_opened_by(seal));
  if (opened_by == options.seal_id && keyring.seals().size() > 1)
    return Error{Errc::refused,
                 "You cannot remove the seal you are using. Open the vault with a seal that you will keep."};
  if (keyring.seals().size() > 1 && !options.yes) {
    TRY(const bool sure, confirm("Remove seal " + options.seal_id + "? What opens it will open this vault no more."));
    if (!sure) return Error{Errc::cancelled, "nothing was removed"};
  }
  TRY_VOID(keyring.remove_seal(options.seal_id));
  if (options.as_json) print({{"removed", options.seal_id}, {"seals", keyring.seals().size()}});
  std::cerr << "Removed. Backups made before now still open with it: destroy its key file or passphrase, or them.\n";
  return kDone;
}

// --- rotate ---------------------------------------------------------------------------------------------------------

Result<int> rotate(const Options& options) {
  TRY_VOID(check_format(options.directory));
  TRY(const auto seal, options.seal.read());
  const SealOptions& chosen = options.new_seal.is_given() ? options.new_seal : options.seal;
  TRY(const auto new_seal, chosen.read());
  TRY(const auto keyring, vault::keyring::Keyring::load(options.directory));
  const std::size_t others = keyring.seals().size() - 1;
  if (!keyring.is_rotating() && others > 0 && !options.yes) {
    TRY(const bool sure, confirm("Make a new vault key? " + std::to_string(others) +
                                 " more of its seals will open this vault no more; they can be added again."));
    if (!sure) return Error{Errc::cancelled, "nothing was changed"};
  }
  heed_signals();
  Rotation rotation{.directory = options.directory, .advance = {}};
  RotationReport report;
  {
    const auto progress = std::make_shared<Progress>();
    rotation.advance = [progress](std::uint64_t bytes) {
      progress->show("sealing anew", bytes, 0);
      return asked_to_stop == 0;
    };
    TRY(report, rotate_vault_key(rotation, seal, new_seal));
    rotation.advance = {};
  }
  if (options.as_json)
    print({{"seal", report.seal}, {"went_on", report.went_on}, {"values", report.values}, {"bytes", report.bytes}});
  else
    std::cout << report.seal << ": the new vault key's seal; " << report.values << " values of "
              << size_for_people(report.bytes) << " sealed anew"
              << (report.went_on ? ", the rest of a rotation that was begun before" : "") << "\n";
  if (!options.new_seal.is_given())
    std::cerr << "The new key has the seal that the old one had: whoever has that opens the vault as before.\n";
  std::cerr
      << "Add the other seals again (strongroomd seal add), and back up: backups made before now open with the old\n"
         "seals still. Free pages of the database keep what was sealed under the old key until they are used again.\n";
  return kDone;
}

// --- cert renew -----------------------------------------------------------------------------------------------------

Result<int> renew_certificate(const Options& options) {
  std::optional<TlsIdentity> tls;
  if (!options.tls_certificate.empty()) {
    TRY(tls, read_tls_identity(options.tls_certificate, options.tls_key));
  }
  TRY(const auto seal, options.seal.read());
  TRY(const vault::Digest pin, renew_tls(options.directory, seal, std::move(tls), vault::system_clock()()));
  if (options.as_json)
    print({{"tls_pin", vault::hex(pin)}});
  else
    std::cout << vault::hex(pin) << "\n";
  std::cerr << "The log's key has signed that this TLS key is the successor: clients accept it by themselves once the\n"
               "service is started again. Anybody who asks may compare it with `strongroom trust`.\n";
  return kDone;
}

// --- backup and restore ---------------------------------------------------------------------------------------------

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

// A run that shows how far it is and can be stopped; its last line is drawn before anything is said of it.
template <class Wanted, class Run>
Result<BackupReport> run_shown(Wanted wanted, Run run) {
  heed_signals();
  wanted.advance = shown_on(std::make_shared<Progress>());
  return run(wanted);
}

Result<int> run_backup(const Options& options) {
  TRY(const auto seal, options.seal.read());
  BackupOptions wanted;
  wanted.directory = options.directory;
  wanted.target = options.other;
  wanted.verify_all = options.verify_all;
  TRY(const BackupReport report, run_shown(std::move(wanted), [&](const auto& each) { return back_up(each, seal); }));
  if (options.as_json) {
    print(described(report));
    return kDone;
  }
  std::cout << "backup " << report.number << " of " << report.origin << ": " << report.size << " entries, "
            << report.records << " records of " << size_for_people(report.bytes) << "; copied " << report.copied_records
            << " (" << size_for_people(report.copied_bytes) << ")\n"
            << "verified: the ledger, its replay and every table in the copy of the database; "
            << report.verified_records << " of " << report.records
            << " payloads read again in the backup and compared with their digests\n";
  return kDone;
}

Result<int> run_restore(const Options& options) {
  TRY(const auto seal, options.seal.read());
  RestoreOptions wanted;
  wanted.backup = options.other;
  wanted.directory = options.directory;
  TRY(const BackupReport report, run_shown(std::move(wanted), [&](const auto& each) { return restore(each, seal); }));
  if (options.as_json)
    print(described(report));
  else
    std::cout << "restored " << report.origin << " as backup " << report.number << " had it at "
              << vault::to_rfc3339(report.time) << ": " << report.size << " entries, " << report.records
              << " records, everything checked and every payload read\n";
  std::cerr << "A client that has seen more than " << report.size
            << " entries of this vault will refuse it and say so: then entries are missing.\n";
  return kDone;
}

// --- scrub ----------------------------------------------------------------------------------------------------------

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
              << (state.finished ? "" : "; not finished: run it again to go on") << "\n";
  }
  return damaged == 0 ? kDone : kNotConsistent;
}

Result<int> run_scrub(const Options& options) {
  TRY(const auto seal, options.seal.read());
  TRY(const OpenVault opened, open_vault(options.directory, seal));
  heed_signals();
  Scrub scrub(*opened.store, vault::system_clock());
  TRY(const auto last, scrub.state());
  if (!last || last->finished || options.restart) TRY_VOID(scrub.begin());
  using Time = std::chrono::steady_clock;
  Pace pace(options.mib_per_second << 20, Time::now());
  {
    Progress progress;
    std::uint64_t done = last && !last->finished && !options.restart ? last->bytes : 0;
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
  const int code = report_scrub(*state, options.as_json);
  return state->finished || code != kDone ? code : exit_code(Errc::cancelled);
}

}  // namespace

void add_operations(CLI::App& app, const AddCommand& add, Command& command) {
  // Lives as long as the callbacks do.
  const auto options = std::make_shared<Options>();
  const auto runs = [&command, options](CLI::App* sub, Result<int> (*function)(const Options&)) {
    sub->callback([&command, options, function] { command = [options, function] { return function(*options); }; });
  };
  const auto takes_vault = [options](CLI::App* sub) {
    sub->add_option("DIR", options->directory, "The vault's directory")->required();
  };
  const auto prints_json = [options](CLI::App* sub, const std::string& keys) {
    sub->add_flag("--json", options->as_json, "Prints JSON: " + keys);
  };
  const std::string report_keys =
      "origin, number, time, entries, root, records, bytes, copied_records, copied_bytes, verified_records, "
      "dropped_records";

  CLI::App* backup = add(app, "backup", "Copies a vault, also while it is served, and verifies the copy",
                         "strongroomd backup /srv/vault /backup/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
                         "Run it again to add what is new; a run that was cut short is resumed. The vault key and\n"
                         "the seal are needed to verify the copy, and to restore it: keep them apart from it.");
  takes_vault(backup);
  backup->add_option("DEST", options->other, "The backup's directory: absent, empty, or this vault's backup")
      ->required();
  options->seal.add_to(*backup);
  backup->add_flag("--verify-all", options->verify_all,
                   "Reads every payload in the backup again, not only those that are new");
  prints_json(backup, report_keys);
  runs(backup, run_backup);

  CLI::App* restored = add(app, "restore", "Makes a vault again from its backup, and checks it whole",
                           "strongroomd restore /backup/vault /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
                           "DIR is absent or empty; run it again after an interruption.");
  restored->add_option("BACKUP", options->other, "The backup's directory")->required();
  takes_vault(restored);
  options->seal.add_to(*restored);
  prints_json(restored, report_keys);
  runs(restored, run_restore);

  CLI::App* scrub =
      add(app, "scrub", "Reads every payload again and names the records that are damaged",
          "strongroomd scrub /srv/vault --seal-keyfile /etc/strongroom/seal.key --rate 100\n\n"
          "For a vault that is not served; the service does the same by itself, slowly. Goes on where it\n"
          "was interrupted. Exit 5 when a record is damaged.");
  takes_vault(scrub);
  options->seal.add_to(*scrub);
  constexpr std::uint64_t kMaxMib = 1U << 20;
  scrub->add_option("--rate", options->mib_per_second, "At most so many MiB a second")
      ->type_name("MIB")
      ->check(CLI::Range(std::uint64_t{1}, kMaxMib))
      ->capture_default_str();
  scrub->add_flag("--restart", options->restart, "From the first record, also when a round was interrupted");
  prints_json(scrub, "finished, records, bytes, damaged (record, problem), more_damaged");
  runs(scrub, run_scrub);

  CLI::App* seal = add(app, "seal", "What opens the vault key: several seals, of which any one does",
                       "strongroomd seal list /srv/vault");
  seal->require_subcommand(1);
  CLI::App* added = add(*seal, "add", "Adds a seal; the service may run",
                        "strongroomd seal add /srv/vault --seal-keyfile /etc/strongroom/seal.key \\\n"
                        "      --new-seal-passphrase-file /etc/strongroom/seal.passphrase");
  takes_vault(added);
  options->seal.add_to(*added);
  options->new_seal.add_to(*added, "new-seal", "The seal to add");
  prints_json(added, "seal");
  runs(added, add_seal);
  CLI::App* removed =
      add(*seal, "remove", "Removes a seal, but not the last one; the service may run",
          "strongroomd seal remove /srv/vault 0123456789abcdef --seal-keyfile /etc/strongroom/seal.key");
  takes_vault(removed);
  removed->add_option("SEAL", options->seal_id, "Its id, from seal list")->required();
  options->seal.add_to(*removed);
  removed->add_flag("--yes", options->yes, "Does not ask");
  prints_json(removed, "removed, seals");
  runs(removed, remove_seal);
  CLI::App* listed = add(*seal, "list", "Lists the seals: ids and kinds", "strongroomd seal list /srv/vault --json");
  takes_vault(listed);
  listed->add_flag("--json", options->as_json, "Prints JSON: an array of seal, kind");
  runs(listed, list_seals);

  CLI::App* rotated =
      add(app, "rotate", "Makes a new vault key and seals everything anew under it",
          "strongroomd rotate /srv/vault --seal-keyfile /etc/strongroom/seal.key \\\n"
          "      --new-seal-keyfile /etc/strongroom/new-seal.key\n\n"
          "For a vault that is not served, when somebody may have a seal and a copy. The new key has one\n"
          "seal; the others are to be added again. Interrupted, it goes on when it is run again; until\n"
          "then the vault opens with the new seal, and can be served.");
  takes_vault(rotated);
  options->seal.add_to(*rotated);
  options->new_seal.add_to(*rotated, "new-seal", "The new key's seal; else it is the one that opens the vault now",
                           SealOptions::Wanted::perhaps);
  rotated->add_flag("--yes", options->yes, "Does not ask, though other seals go");
  prints_json(rotated, "seal, went_on, values, bytes");
  runs(rotated, rotate);

  CLI::App* cert = add(app, "cert", "The service's TLS key and certificate", "strongroomd cert renew --help");
  cert->require_subcommand(1);
  CLI::App* renewed = add(*cert, "renew", "A new TLS key, which the log's key signs to be the successor",
                          "strongroomd cert renew /srv/vault --seal-keyfile /etc/strongroom/seal.key\n\n"
                          "The service must be stopped; start it again afterwards. Prints the new key's pin.");
  takes_vault(renewed);
  options->seal.add_to(*renewed);
  auto* certificate = renewed
                          ->add_option("--tls-cert", options->tls_certificate,
                                       "A certificate of your own (PEM); else one is made and signed by itself")
                          ->type_name("PEM");
  auto* key = renewed->add_option("--tls-key", options->tls_key, "Its key (PEM, no passphrase)")->type_name("PEM");
  certificate->needs(key);
  key->needs(certificate);
  prints_json(renewed, "tls_pin");
  runs(renewed, renew_certificate);
}

}  // namespace service
