// The directory of a vault. `init` makes it, and every other command opens it. Format: docs/formats.md ("A vault's
// directory"). Only one process may have a vault open at a time; a second one gets Errc::busy.
#pragma once
#include <array>
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
  std::filesystem::path directory;  // does not exist or is empty; its parent exists
  std::string origin;
  std::string url;
  std::optional<TlsIdentity> tls;  // if absent, one is made for the URL's host
  // The folder for the files of the four invitations. It does not exist or is empty; its parent exists. Empty: they are
  // written nowhere.
  std::filesystem::path invitations{};
  vault::crypto::Argon2Cost cost{};
};
struct MadeVault {
  access::Config config;
  std::vector<access::wire::Invitation> invitations;  // local-authority, icb, police, administrator; secret
};
// The names of the four invitations, in the order in which they are made.
inline constexpr std::array<std::string_view, 4> kInvitationNames{"local-authority", "icb", "police", "administrator"};
// The file of one invitation, in that order. Only its owner may read it.
std::filesystem::path invitation_file(const std::filesystem::path& folder, std::size_t position);

// If it succeeds, the vault and the files of its invitations are durable. If it fails, both directories are as they
// were before. Errc::conflict if one of them is not empty. Errc::invalid_argument for a wrong origin, URL or TLS key,
// or a wrong seal, for example a key file inside the directory.
vault::Result<MadeVault> make_vault(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now);

struct OpenVault {
  std::unique_ptr<access::Store> store;
  TlsIdentity tls;
  access::wire::TlsSuccessions successions;
};
// With `check`, the database's pages are verified first, and nothing that is missing is made.
enum class OpenFor { work, check };
// Errors:
// - Errc::not_found if there is no vault. Errc::unknown_version if a newer program made it.
// - Errc::wrong_key if the seal does not open it. Errc::busy if another process has it open.
// - Errc::invalid_argument if other users may read the directory.
// - Errc::conflict if the vault key was replaced in the meantime: open it again.
// - Errc::tampered if something is damaged, or if the certificate is neither the one that the configuration pins nor a
//   successor that the log's key has signed. Damaged pages can also end the process, even with `check`.
// `outcome_unknown` is called if a commit fails and may be durable nevertheless (vault/engine/lmdb.h).
vault::Result<OpenVault> open_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal,
                                    OpenFor purpose = OpenFor::work,
                                    std::function<void(const vault::Error&)> outcome_unknown = {});

// Replaces the TLS key, in one rename, with `tls` or with a new key for the vault's URL. The log's key signs that the
// new key is the successor; a new certificate for the same key needs no signature. Returns the new pin. Errc::too_large
// after kMaxTlsSuccessions, and the errors of `open_vault` and `make_vault`.
vault::Result<vault::Digest> renew_tls(const std::filesystem::path& directory, const vault::keyring::Opener& seal,
                                       std::optional<TlsIdentity> tls, vault::Instant now);

// --- for operations on a directory that is not served: backup, restore, seals, rotation ---

inline constexpr std::string_view kFormatFile = "format";
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kDatabaseFolder = "db";
inline constexpr std::string_view kPayloadFolder = "payload";
inline constexpr std::string_view kTlsFolder = "tls";
inline constexpr std::string_view kFormat = "1\n";

// The paths, relative to the directory, of all small files besides the database that exist.
std::vector<std::filesystem::path> settings_files(const std::filesystem::path& directory);

// Errc::invalid_argument, with advice, if the group or others have any permission on the directory or its folders.
vault::Result<void> refuse_readable_by_others(const std::filesystem::path& directory);
// Errc::not_found and Errc::unknown_version, for the same reasons as `open_vault`.
vault::Result<void> check_format(const std::filesystem::path& directory);
// Locks the keyring and the TLS folder, and waits until it can. Only one process may change them, and several may copy
// them. The lock ends with the process.
enum class SettingsLock { change, copy };
vault::Result<vault::File> lock_settings(const std::filesystem::path& directory, SettingsLock how);

// Replaces the TLS folder in one rename. The key in it is sealed by `sealer`.
vault::Result<void> replace_tls(const std::filesystem::path& directory, const TlsIdentity& tls,
                                const access::wire::TlsSuccessions& successions, const vault::keyring::Sealer& sealer);

struct Unlocked {
  vault::keyring::Keyring keyring;
  vault::keyring::VaultKey key;
  std::optional<vault::keyring::VaultKey> previous;
  access::Config config;
  vault::keyring::Sealer sealer() const;
};
// Opens the keyring and reads the configuration. Does not open the database. Errors: those of `open_vault`.
vault::Result<Unlocked> unlock_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal);
// The rest of `open_vault`. Errc::conflict if the vault key is no longer the one that was unlocked.
vault::Result<OpenVault> open_unlocked(const std::filesystem::path& directory, const Unlocked& unlocked,
                                       OpenFor purpose = OpenFor::work,
                                       std::function<void(const vault::Error&)> outcome_unknown = {});
// Opens the database of `directory` with the payloads in `payload`, which may be elsewhere. Errors: those of
// `open_vault`.
vault::Result<std::unique_ptr<access::Store>> open_store(const std::filesystem::path& directory,
                                                         const std::filesystem::path& payload, const Unlocked& unlocked,
                                                         OpenFor purpose,
                                                         std::function<void(const vault::Error&)> outcome_unknown = {});

}  // namespace service
