// A vault's directory: made once by `init`, opened by every other command. Format: docs/formats.md ("A vault's
// directory"). Thread safety: one process has a vault open at a time (Errc::busy for the second).
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/store.h"
#include "access/wire/tls_succession.h"
#include "service/certificate.h"
#include "vault/base/file.h"
#include "vault/keyring/keyring.h"

namespace service {

namespace access = strongroom::access;

struct NewVault {
  std::filesystem::path directory;  // absent or empty; its parent exists
  std::string origin;
  std::string url;
  std::optional<TlsIdentity> tls;  // absent: made for the URL's host
  vault::crypto::Argon2Cost cost{};
};
struct MadeVault {
  access::Config config;
  std::vector<access::wire::Invitation> invitations;  // local-authority, icb, police, administrator; secret
};
// Durable on success; on failure the directory is as it was. Errc::conflict when it holds anything;
// Errc::invalid_argument for a wrong origin, URL, seal (one inside the directory too) or TLS key.
vault::Result<MadeVault> make_vault(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now);

struct OpenVault {
  std::unique_ptr<access::Store> store;
  TlsIdentity tls;
  access::wire::TlsSuccessions successions;
};
// Errc::not_found (no vault there), Errc::wrong_key (the seal does not open it), Errc::busy, Errc::unknown_version,
// Errc::conflict (a rotation began meanwhile: open it again);
// Errc::tampered also when the certificate is neither the one that the configuration pins nor one that the log's key
// made its successor. Errc::invalid_argument when others may read the directory.
//
// For `check` the database's pages are verified first and nothing is made that is missing: Errc::tampered says where
// they are not sound. Damaged pages may then end the process.
enum class OpenFor { work, check };
//
// `outcome_unknown` is told when a commit fails and may have happened all the same (engine/lmdb.h).
vault::Result<OpenVault> open_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal,
                                    OpenFor purpose = OpenFor::work,
                                    std::function<void(const vault::Error&)> outcome_unknown = {});

// A new TLS key, given or (absent) made for the vault's URL, in place of the one that is there, in one rename; the
// log's key signs that it is the successor. A new certificate for the same key needs no such statement. The new pin.
// Errors as `open_vault` and `make_vault`; Errc::too_large after kMaxTlsSuccessions.
vault::Result<vault::Digest> renew_tls(const std::filesystem::path& directory, const vault::keyring::Opener& seal,
                                       std::optional<TlsIdentity> tls, vault::Instant now);

// --- for what works on a directory besides serving it: backup, restore, seals ---

inline constexpr std::string_view kFormatFile = "format";
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kDatabaseFolder = "db";
inline constexpr std::string_view kPayloadFolder = "payload";
inline constexpr std::string_view kTlsFolder = "tls";
inline constexpr std::string_view kFormat = "1\n";

// Every small file that a vault has besides its database, by its path in the directory; those that are there.
std::vector<std::filesystem::path> settings_files(const std::filesystem::path& directory);

// Errc::invalid_argument, with what to do, when group or others may do anything in the directory or its folders.
vault::Result<void> refuse_readable_by_others(const std::filesystem::path& directory);
// Errc::not_found and Errc::unknown_version, as `open_vault`.
vault::Result<void> check_format(const std::filesystem::path& directory);
// Held by whoever changes the keyring or the TLS folder (alone) or copies them (together). Waits. Goes with the
// process.
enum class SettingsLock { change, copy };
vault::Result<vault::FileDescriptor> lock_settings(const std::filesystem::path& directory, SettingsLock how);

// The TLS folder, sealed by `sealer`, in place of the one that is there, in one rename.
vault::Result<void> replace_tls(const std::filesystem::path& directory, const TlsIdentity& tls,
                                const access::wire::TlsSuccessions& successions, const vault::keyring::Sealer& sealer);

struct Unlocked {
  vault::keyring::Keyring keyring;
  vault::keyring::VaultKey key;
  std::optional<vault::keyring::VaultKey> previous;
  access::Config config;
  vault::keyring::Sealer sealer() const;
};
// Keyring and configuration in `directory`; touches no database. Errors as `open_vault`.
vault::Result<Unlocked> unlock_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal);
// The rest of `open_vault`. Errc::conflict also when the vault key is no longer the one that was unlocked.
vault::Result<OpenVault> open_unlocked(const std::filesystem::path& directory, const Unlocked& unlocked,
                                       OpenFor purpose = OpenFor::work,
                                       std::function<void(const vault::Error&)> outcome_unknown = {});
// The database of `directory` with payloads in `payload`, which may lie elsewhere. Errors as `open_vault`.
vault::Result<std::unique_ptr<access::Store>> open_store(const std::filesystem::path& directory,
                                                         const std::filesystem::path& payload, const Unlocked& unlocked,
                                                         OpenFor purpose,
                                                         std::function<void(const vault::Error&)> outcome_unknown = {});

}  // namespace service
