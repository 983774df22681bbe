#include "service/vault_directory.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "access/wire/authority.h"
#include "vault/engine/lmdb.h"
#include "vault/payload/segments.h"

namespace service {
namespace {

namespace fs = std::filesystem;
using vault::Errc;
using vault::Error;
using vault::Result;
namespace wire = access::wire;

constexpr std::size_t kMaxFormatBytes = 16;
constexpr std::string_view kNewTlsFolder = "tls.new";
constexpr std::string_view kSettingsLockFile = "settings.lock";
constexpr std::string_view kSuccessionsFile = "successions.json";
constexpr std::string_view kCertificateFile = "certificate.pem";
constexpr std::string_view kTlsKeyFile = "key.sealed";
// The TLS key's file is sealed as if it were this value of this table.
constexpr std::string_view kTlsTable = "tls";
constexpr std::string_view kTlsKeyRow = "key";

Result<void> refuse_unless_empty(const fs::path& directory, std::string_view what) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::directory)
    return Error{Errc::conflict, vault::text_of(directory) + " is not a directory"};
  const bool empty = fs::is_empty(directory, error);
  if (error) return vault::system_error(error, "cannot read " + vault::text_of(directory));
  if (!empty)
    return Error{Errc::conflict,
                 vault::text_of(directory) + " is not empty: give an empty directory for " + std::string(what)};
  return {};
}

access::OpenPayload payload_in(const fs::path& directory) {
  return [directory](vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
    return vault::payload::open_segments(engine, sealer, directory);
  };
}

Result<void> save_tls(const fs::path& directory, const TlsIdentity& tls, const wire::TlsSuccessions& successions,
                      const vault::keyring::Sealer& sealer) {
  TRY_VOID(vault::make_private_directory(directory));
  if (!successions.statements.empty())
    TRY_VOID(vault::write_new_file(directory / kSuccessionsFile, vault::as_bytes(wire::encode(successions))));
  TRY_VOID(vault::write_new_file(directory / kCertificateFile, vault::as_bytes(tls.certificate)));
  const vault::Bytes sealed = sealer.seal(kTlsTable, vault::as_bytes(kTlsKeyRow), vault::as_bytes(tls.key.expose()));
  return vault::write_new_file(directory / kTlsKeyFile, sealed);
}

struct Tls {
  TlsIdentity identity;
  wire::TlsSuccessions successions;
};

Result<wire::TlsSuccessions> load_successions(const fs::path& directory) {
  const auto text = vault::read_file_limited(directory / kSuccessionsFile, wire::kMaxTlsSuccessionsBytes);
  if (!text && text.code() == Errc::not_found) return wire::TlsSuccessions{};
  if (!text) return text.error();
  return wire::decode<wire::TlsSuccessions>(vault::as_text(*text), wire::Strictness::exact);
}

Result<Tls> load_tls(const fs::path& directory, const access::Config& config, const vault::keyring::Sealer& sealer) {
  TRY(const vault::Bytes certificate, vault::read_file_limited(directory / kCertificateFile, kMaxPemBytes));
  TRY(const vault::Digest pin, tls_pin(vault::as_text(certificate)));
  TRY(wire::TlsSuccessions successions, load_successions(directory));
  TRY(const audit::NoteKey log_key, audit::parse_note_key(config.log_key));
  TRY(const vault::Digest expected,
      wire::follow_tls_successions(successions, config.tls_pin, config.origin, log_key.key));
  if (pin != expected)
    return Error{
        Errc::tampered,
        "the TLS key is not the one that this vault's invitations pin, and the log's key has not signed that it "
        "is the successor. Put the old certificate back, and use strongroomd cert renew to replace it"};
  TRY(const vault::Bytes sealed,
      vault::read_file_limited(directory / kTlsKeyFile, kMaxPemBytes + vault::keyring::kSealOverhead));
  TRY(vault::Bytes key, sealer.open(kTlsTable, vault::as_bytes(kTlsKeyRow), sealed));
  TlsIdentity identity{vault::to_text(certificate), vault::SecretText(vault::as_text(key))};
  vault::wipe(key);
  TRY_VOID(check_tls_identity(identity));
  return Tls{std::move(identity), std::move(successions)};
}

// If a file that a vault must have is missing or cannot be read, the vault is damaged and the caller is not wrong.
Error damaged(std::string_view file, const Error& error) {
  constexpr std::array kDamage{Errc::not_found, Errc::malformed, Errc::too_large, Errc::invalid_argument};
  if (std::ranges::find(kDamage, error.code) == kDamage.end()) return error;
  return Error{Errc::tampered, std::string(file) + " is missing or damaged: " + error.message};
}

Result<access::Config> load_config(const fs::path& file) {
  TRY(const vault::Bytes text, vault::read_file_limited(file, access::kMaxConfigBytes));
  return access::wire::decode<access::Config>(vault::as_text(text), access::wire::Strictness::tolerant);
}

// The invitations are written before the vault is complete: nobody could use a vault whose invitations are lost.
Result<void> save_invitations(const fs::path& folder, const std::vector<wire::Invitation>& invitations) {
  TRY_VOID(vault::make_private_directory(folder));
  for (std::size_t i = 0; i < invitations.size(); ++i) {
    std::string text = wire::format_invitation(invitations[i]) + "\n";
    const auto written = vault::write_new_file(invitation_file(folder, i), vault::as_bytes(text));
    vault::wipe(std::as_writable_bytes(std::span(text)));
    if (!written) return written;
  }
  return {};
}

// Removes what was made in a directory, and the directory itself unless it was there before.
void undo(const fs::path& directory, bool was_there) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) fs::remove_all(entry.path(), ignored);
  if (!was_there) fs::remove(directory, ignored);
}

// Makes everything in the directory, which is empty.
Result<MadeVault> fill(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now) {
  TRY(const access::wire::Authority url, access::wire::parse_vault_url(wanted.url));
  std::optional<TlsIdentity> made;
  if (wanted.tls) {
    TRY_VOID(check_tls_identity(*wanted.tls));
  } else {
    TRY(made, make_tls_identity(url.host, now));
  }
  const TlsIdentity& tls = wanted.tls ? *wanted.tls : *made;
  TRY(const vault::Digest pin, tls_pin(tls.certificate));

  TRY(const auto keyring, vault::keyring::Keyring::create(wanted.directory, seal, wanted.cost));
  TRY(const auto vault_key, keyring.unlock(seal));
  TRY_VOID(save_tls(wanted.directory / kTlsFolder, tls, {}, vault::keyring::make_sealer(vault_key)));
  TRY(auto engine, vault::engine::open_lmdb(wanted.directory / kDatabaseFolder));
  TRY(auto created,
      access::Store::create(std::move(engine), vault::keyring::make_sealer(vault_key),
                            payload_in(wanted.directory / kPayloadFolder),
                            access::Genesis{.origin = wanted.origin, .url = url.url(), .tls_pin = pin, .now = now}));
  const access::Config& config = created.store->config();
  TRY_VOID(vault::write_new_file(wanted.directory / kConfigFile, vault::as_bytes(access::wire::encode(config))));
  if (!wanted.invitations.empty()) TRY_VOID(save_invitations(wanted.invitations, created.invitations));
  // This file is written last, because a directory without it is not a vault.
  TRY_VOID(vault::write_new_file(wanted.directory / kFormatFile, vault::as_bytes(kFormat)));
  return MadeVault{config, std::move(created.invitations)};
}

}  // namespace

fs::path invitation_file(const fs::path& folder, std::size_t position) {
  return folder / (std::string(kInvitationNames.at(position)) + ".invitation");
}

Result<MadeVault> make_vault(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now) {
  TRY_VOID(refuse_unless_empty(wanted.directory, "the new vault"));
  if (!wanted.invitations.empty()) TRY_VOID(refuse_unless_empty(wanted.invitations, "the invitations"));
  const bool was_there = fs::exists(wanted.directory);
  const bool had_invitations = fs::exists(wanted.invitations);
  TRY_VOID(vault::make_private_directory(wanted.directory));
  std::error_code ignored;
  fs::permissions(wanted.directory, fs::perms::owner_all, ignored);
  auto made = fill(wanted, seal, now);
  if (!made) {
    undo(wanted.directory, was_there);
    if (!wanted.invitations.empty()) undo(wanted.invitations, had_invitations);
  }
  return made;
}

Result<void> refuse_readable_by_others(const fs::path& directory) {
  for (const fs::path& each :
       {directory, directory / kDatabaseFolder, directory / kPayloadFolder, directory / kTlsFolder}) {
    std::error_code failed;
    const fs::file_status status = fs::status(each, failed);
    if (status.type() == fs::file_type::not_found) continue;  // the step that needs it will report it
    if (failed) return vault::system_error(failed, "cannot look at " + vault::text_of(each));
    if ((status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
      return Error{Errc::invalid_argument, "users other than the owner have access to " + vault::text_of(each) +
                                               ": run chmod -R go= " + vault::text_of(directory) +
                                               ", and find out who may have read it"};
  }
  return {};
}

Result<void> check_format(const fs::path& directory) {
  const auto format = vault::read_file_limited(directory / kFormatFile, kMaxFormatBytes);
  if (!format && format.error().code == Errc::not_found)
    return Error{Errc::not_found,
                 "there is no vault in " + vault::text_of(directory) + ": make one with strongroomd init"};
  if (!format) return format.error();
  if (vault::as_text(*format) != kFormat)
    return Error{Errc::unknown_version, "the vault in " + vault::text_of(directory) + " was made by a newer program"};
  return {};
}

std::vector<fs::path> settings_files(const fs::path& directory) {
  std::vector<fs::path> files;
  const fs::path tls = vault::path_of(kTlsFolder);
  for (const fs::path& file : {vault::path_of(vault::keyring::kKeyringFileName), vault::path_of(kConfigFile),
                               tls / kCertificateFile, tls / kTlsKeyFile, tls / kSuccessionsFile}) {
    std::error_code ignored;
    if (fs::exists(directory / file, ignored)) files.push_back(file);
  }
  return files;
}

Result<vault::File> lock_settings(const fs::path& directory, SettingsLock how) {
  TRY(vault::File lock, vault::File::open_or_make(directory / kSettingsLockFile));
  TRY_VOID(lock.lock(how == SettingsLock::change ? vault::Lock::alone : vault::Lock::shared));
  return lock;
}

vault::keyring::Sealer Unlocked::sealer() const {
  return vault::keyring::make_sealer(key, previous ? &*previous : nullptr);
}

Result<Unlocked> unlock_vault(const fs::path& directory, const vault::keyring::Opener& seal) {
  auto keyring = vault::keyring::Keyring::load(directory);
  if (!keyring) return damaged(vault::keyring::kKeyringFileName, keyring.error());
  TRY(auto key, keyring->unlock(seal));
  TRY(auto previous, keyring->previous(key));
  auto config = load_config(directory / kConfigFile);
  if (!config) return damaged(kConfigFile, config.error());
  return Unlocked{std::move(*keyring), std::move(key), std::move(previous), std::move(*config)};
}

Result<std::unique_ptr<access::Store>> open_store(const fs::path& directory, const fs::path& payload,
                                                  const Unlocked& unlocked, OpenFor purpose,
                                                  std::function<void(const Error&)> outcome_unknown) {
  TRY(auto engine,
      vault::engine::open_lmdb(directory / kDatabaseFolder, {.make_tables = purpose == OpenFor::work,
                                                             .outcome_unknown = std::move(outcome_unknown)}));
  if (purpose == OpenFor::check) TRY_VOID(engine->verify_pages());
  return access::Store::open(std::move(engine), unlocked.sealer(), payload_in(payload), unlocked.config);
}

Result<OpenVault> open_vault(const fs::path& directory, const vault::keyring::Opener& seal, OpenFor purpose,
                             std::function<void(const Error&)> outcome_unknown) {
  TRY_VOID(check_format(directory));
  TRY_VOID(refuse_readable_by_others(directory));
  TRY(const Unlocked unlocked, unlock_vault(directory, seal));
  return open_unlocked(directory, unlocked, purpose, std::move(outcome_unknown));
}

Result<OpenVault> open_unlocked(const fs::path& directory, const Unlocked& unlocked, OpenFor purpose,
                                std::function<void(const Error&)> outcome_unknown) {
  TRY(auto store, open_store(directory, directory / kPayloadFolder, unlocked, purpose, std::move(outcome_unknown)));
  // Commands that change the vault key or the TLS key need the engine's lock, which this process has from here on.
  const auto keyring = vault::keyring::Keyring::load(directory);
  if (!keyring) return damaged(vault::keyring::kKeyringFileName, keyring.error());
  if (!keyring->holds(unlocked.key))
    return Error{Errc::conflict, "the vault key was replaced while the vault was being opened: run the command again"};
  auto tls = load_tls(directory / kTlsFolder, unlocked.config, unlocked.sealer());
  if (!tls) return damaged(kTlsFolder, tls.error());
  return OpenVault{std::move(store), std::move(tls->identity), std::move(tls->successions)};
}

Result<vault::Digest> renew_tls(const fs::path& directory, const vault::keyring::Opener& seal,
                                std::optional<TlsIdentity> tls, vault::Instant now) {
  if (tls) {
    TRY_VOID(check_tls_identity(*tls));
  }
  TRY(const vault::File lock, lock_settings(directory, SettingsLock::change));
  TRY(OpenVault opened, open_vault(directory, seal));
  const access::Config& config = opened.store->config();
  if (!tls) {
    TRY(const access::wire::Authority url, access::wire::parse_vault_url(config.url));
    TRY(tls, make_tls_identity(url.host, now));
  }
  TRY(const vault::Digest from, tls_pin(opened.tls.certificate));
  TRY(const vault::Digest to, tls_pin(tls->certificate));
  std::vector<std::string>& statements = opened.successions.statements;
  if (from != to) {
    if (statements.size() == wire::kMaxTlsSuccessions)
      return Error{Errc::too_large, "the TLS key of this vault was renewed " +
                                        std::to_string(wire::kMaxTlsSuccessions) +
                                        " times, and cannot be renewed again"};
    statements.push_back(
        wire::sign_tls_succession({.from = from, .to = to, .number = statements.size() + 1, .time = now}, config.origin,
                                  opened.store->log_key()));
  }

  TRY_VOID(replace_tls(directory, *tls, opened.successions, opened.store->sealer()));
  return to;
}

Result<void> replace_tls(const fs::path& directory, const TlsIdentity& tls, const wire::TlsSuccessions& successions,
                         const vault::keyring::Sealer& sealer) {
  const fs::path fresh = directory / kNewTlsFolder;
  std::error_code failed;
  fs::remove_all(fresh, failed);  // left by an interrupted renewal: the old folder, or a new one that was not used
  if (failed) return vault::system_error(failed, "cannot remove " + vault::text_of(fresh));
  TRY_VOID(save_tls(fresh, tls, successions, sealer));
  TRY_VOID(vault::exchange_names(fresh, directory / kTlsFolder));
  TRY_VOID(vault::sync_directory(directory));
  fs::remove_all(fresh, failed);
  return {};
}

}  // namespace service
