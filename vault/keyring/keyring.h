// The vault key is stored in the file `keyring.json` of the vault's directory, sealed with passphrases and key files.
// Any one of these seals opens it.
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

// Derives a key for one purpose. Different labels give unrelated keys. Labels are constants in our code, never input.
DerivedKey derive(const VaultKey& key, std::string_view label);
// Makes the sealer of stored values. Pass `previous` while the vault key is being rotated, so that values which are
// still sealed under the previous key open too.
Sealer make_sealer(const VaultKey& key, const VaultKey* previous = nullptr);

inline constexpr std::string_view kKeyringFileName = "keyring.json";
inline constexpr std::size_t kMaxKeyringFileBytes = 64U << 10;
inline constexpr std::size_t kMaxSeals = 16;
inline constexpr std::size_t kMinPassphraseBytes = 8;
inline constexpr std::size_t kMaxPassphraseBytes = 1024;
inline constexpr std::size_t kMinKeyFileBytes = 32;
inline constexpr std::size_t kMaxKeyFileBytes = 4096;

struct KeyFile {
  std::filesystem::path path;
};
// The passphrase or the key file with which a seal is made and opened again.
using Opener = std::variant<SecretText, KeyFile>;

enum class SealKind { passphrase, key_file };
std::string_view to_string(SealKind kind);  // "passphrase", "key-file"

struct SealInfo {
  std::string id;  // 16 hexadecimal digits
  SealKind kind;
};

// Writes a key file of 32 random bytes that only its owner may read. Errc::conflict if the file exists. Every other
// function refuses a key file that anyone but its owner may read, except systemd's credentials
// ($CREDENTIALS_DIRECTORY).
Result<void> make_key_file(const std::filesystem::path& path);

// A value. Each change is on the disk before the function returns. Only one process at a time may change a keyring:
// hold the engine's lock.
class Keyring {
 public:
  // Makes a new vault key and its first seal. Makes the key file if it is absent. Errc::conflict if there is a keyring;
  // Errc::invalid_argument for a passphrase or key file outside the limits, a key file inside the vault's directory, or
  // one that others may read.
  static Result<Keyring> create(const std::filesystem::path& vault_directory, const Opener& opener,
                                crypto::Argon2Cost cost = {});
  // Errc::not_found, too_large, malformed, unknown_version.
  static Result<Keyring> load(const std::filesystem::path& vault_directory);

  // Errc::wrong_key if no seal opens.
  Result<VaultKey> unlock(const Opener& opener) const;
  // Returns the id of the seal that `opener` opens. Same errors as `unlock`.
  Result<std::string> seal_opened_by(const Opener& opener) const;

  // Whether `key` is the vault key that this keyring seals at present. After `rotate` the old key is not.
  bool holds(const VaultKey& key) const;

  std::vector<SealInfo> seals() const;
  // Returns the new seal's id. Errc::wrong_key if `key` is not this keyring's; Errc::too_large beyond kMaxSeals; and
  // the errors of `create` for `opener`.
  Result<std::string> add_seal(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost = {});
  // Errc::not_found; Errc::refused for the last seal, because nothing could then open the vault.
  Result<void> remove_seal(std::string_view id);

  // Makes a new vault key that only `opener` opens: the other seals cannot be made again without their secrets. The old
  // key is kept, sealed under the new one, until `forget_previous`. Errc::conflict if a rotation is unfinished.
  Result<VaultKey> rotate(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost = {});
  bool is_rotating() const { return !previous_.empty(); }
  Result<std::optional<VaultKey>> previous(const VaultKey& key) const;  // empty optional unless rotating
  // Ends a rotation, if there is one, and loses the previous key. So nothing may still be sealed under it.
  Result<void> forget_previous();

  // Read and write the file's content. `parse` accepts exactly what `encode` writes.
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
  Bytes previous_;                     // the previous vault key, sealed under this one; empty unless rotating
};

}  // namespace vault::keyring
