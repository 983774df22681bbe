// The vault key and how it is kept: sealed in `keyring.json` of the vault's directory by passphrases and key files, of
// which any one opens (DESIGN 5).
//
// The file is JSON: {"v":1, "key_id":"…", "seals":[…], "previous":"…"}. Each seal is XChaCha20-Poly1305 under a key
// from Argon2id (passphrase) or HKDF-SHA256 (key file), and authenticates its own parameters. Format: docs/formats.md
#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"
#include "vault/crypto/passphrase.h"
#include "vault/keyring/sealed_table.h"

namespace vault::keyring {

using VaultKey = SecretBytes<struct VaultKeyTag, 32>;
using DerivedKey = SecretBytes<struct DerivedKeyTag, 32>;

// A key for one purpose. Labels are constants of ours; different labels give unrelated keys.
DerivedKey derive(const VaultKey& key, std::string_view label);
// For stored values. `previous` is given while a rotation of the vault key goes on.
Sealer make_sealer(const VaultKey& key, const VaultKey* previous = nullptr);

inline constexpr std::string_view kKeyringFileName = "keyring.json";
inline constexpr std::size_t kMaxKeyringFileBytes = 64U << 10;
inline constexpr std::size_t kMaxSeals = 16;
inline constexpr std::size_t kMinPassphraseBytes = 8;
inline constexpr std::size_t kMaxPassphraseBytes = 1024;
inline constexpr std::size_t kMinKeyFileBytes = 32;
inline constexpr std::size_t kMaxKeyFileBytes = 4096;

// What makes a seal and opens it again.
struct KeyFile {
  std::filesystem::path path;
};
using Opener = std::variant<SecretText, KeyFile>;  // a passphrase or a key file

enum class SealKind { passphrase, key_file };
std::string_view to_string(SealKind kind);  // "passphrase", "key-file"

struct SealInfo {
  std::string id;  // 16 hexadecimal digits
  SealKind kind;
};

// Key files that others than their owner may read are refused, but for systemd's credentials ($CREDENTIALS_DIRECTORY).
// Writes a key file of 32 random bytes, readable by its owner only. Errc::conflict if it is there.
Result<void> make_key_file(const std::filesystem::path& path);

// A value; each change is on disk before it returns. One process at a time changes a keyring: hold the engine's lock.
class Keyring {
 public:
  // A new vault key and its first seal. Makes the key file when it is absent. Errc::conflict if there is a keyring;
  // Errc::invalid_argument for a passphrase or key file outside the limits, a key file inside the vault, or one that
  // others may read.
  static Result<Keyring> create(const std::filesystem::path& vault_directory, const Opener& opener,
                                crypto::Argon2Cost cost = {});
  // Errc::not_found, too_large, malformed, unknown_version.
  static Result<Keyring> load(const std::filesystem::path& vault_directory);

  // Errc::wrong_key if no seal opens.
  Result<VaultKey> unlock(const Opener& opener) const;
  // The id of the seal that it opens. Errors as `unlock`.
  Result<std::string> seal_opened_by(const Opener& opener) const;

  // Whether it is this keyring's vault key, as it stands now.
  bool holds(const VaultKey& key) const;

  std::vector<SealInfo> seals() const;
  // Returns the new seal's id. Errc::wrong_key if `key` is not this keyring's; Errc::too_large beyond kMaxSeals; else
  // as `create`.
  Result<std::string> add_seal(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost = {});
  // Errc::not_found; Errc::refused for the last one.
  Result<void> remove_seal(std::string_view id);

  // Rotation: a new vault key under `opener` alone (the other seals cannot be made again without their secrets); the
  // old key stays, sealed under the new one, until `forget_previous`. Errc::conflict while an earlier rotation goes on.
  Result<VaultKey> rotate(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost = {});
  bool is_rotating() const { return !previous_.empty(); }
  Result<std::optional<VaultKey>> previous(const VaultKey& key) const;  // empty optional unless rotating
  Result<void> forget_previous();  // once nothing is sealed under it; nothing happens unless rotating

  // The file's content. `parse` takes exactly what `encode` writes.
  static Result<Keyring> parse(std::string_view json);
  std::string encode() const;

 private:
  struct Seal {
    std::array<std::byte, 8> id;
    SealKind kind;
    std::array<std::byte, 16> salt;
    crypto::Argon2Cost cost;  // of a passphrase
    Bytes sealed;             // the vault key
  };
  static Bytes associated_data(const Seal& seal);
  static Result<Seal> make_seal(const std::filesystem::path& directory, const VaultKey& key, const Opener& opener,
                                crypto::Argon2Cost cost);
  struct Opened {
    VaultKey key;
    std::string seal;  // its id
  };
  Result<Opened> open(const Opener& opener) const;
  Result<void> save() const;

  std::filesystem::path directory_;
  std::array<std::byte, 8> key_id_{};  // tells a wrong vault key from a wrong passphrase
  std::vector<Seal> seals_;            // 1 to kMaxSeals
  Bytes previous_;                     // the previous vault key sealed under this one; empty unless rotating
};

}  // namespace vault::keyring
