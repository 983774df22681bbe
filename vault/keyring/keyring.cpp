#include "vault/keyring/keyring.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "vault/base/file.h"
#include "vault/crypto/aead.h"
#include "vault/crypto/hash.h"

namespace vault::keyring {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kLabelPrefix = "strongroom/v1 ";
constexpr std::string_view kSealContext = "strongroom/v1 seal of the vault key";
constexpr std::string_view kPreviousContext = "strongroom/v1 previous vault key";
constexpr std::size_t kSealedKeySize = crypto::kXChaChaNonceSize + VaultKey::kSize + crypto::kTagSize;
constexpr std::size_t kMaxJsonDepth = 4;
constexpr std::int64_t kBytesPerKib = 1024;

using WrappingKey = SecretBytes<struct WrappingKeyTag, 32>;

std::array<std::byte, 8> id_of(const VaultKey& key) {
  std::array<std::byte, 8> id;
  crypto::hkdf_sha256(key.expose(), {}, as_bytes("strongroom/v1 vault key id"), id);
  return id;
}

Result<VaultKey> open_key(std::span<const std::byte, 32> with, ByteView associated, ByteView sealed) {
  TRY(Bytes plain, crypto::xchacha_open(with, associated, sealed));
  invariant(plain.size() == VaultKey::kSize, "a sealed vault key has its size");
  VaultKey key = VaultKey::copy_of(std::span<const std::byte, VaultKey::kSize>(plain));
  wipe(plain);
  return key;
}

Error malformed(std::string_view why) {
  return {Errc::malformed, std::string(kKeyringFileName) + " is damaged: " + std::string(why)};
}

bool is_inside(const fs::path& file, const fs::path& directory) {
  std::error_code failed;
  const fs::path inner = fs::weakly_canonical(fs::absolute(file, failed), failed);
  const fs::path outer = fs::weakly_canonical(fs::absolute(directory, failed), failed);
  if (failed) return true;  // a path that cannot be resolved is not trusted
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Whether systemd has handed this file to the service as a credential. The file belongs to root, and an access list
// lets the service read it, which shows as if its group could. But nobody else can enter the folder.
bool is_credential(const fs::path& path) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && *folder == '/' && is_inside(path, path_of(folder));
}

// Reads a key file, and refuses one that anyone but its owner may read.
Result<WipedBytes> read_key_file(const fs::path& path) {
  std::error_code failed;
  const fs::perms allowed = fs::status(path, failed).permissions();
  if (failed) return system_error(failed, "cannot read the key file " + text_of(path));
  const fs::perms group = is_credential(path) ? fs::perms::group_write | fs::perms::group_exec : fs::perms::group_all;
  if ((allowed & (group | fs::perms::others_all)) != fs::perms::none)
    return Error{
        Errc::invalid_argument,
        "the key file " + text_of(path) +
            " can be read by other users: set its mode to 0600, and make a new seal if somebody may have read it"};
  TRY(Bytes raw, read_file_limited(path, kMaxKeyFileBytes));
  WipedBytes content(raw.size());
  std::copy(raw.begin(), raw.end(), content.span().begin());
  wipe(raw);
  if (content.view().size() < kMinKeyFileBytes)
    return Error{Errc::invalid_argument, "the key file " + text_of(path) + " is shorter than 32 bytes"};
  return content;
}

Result<void> check_passphrase(const SecretText& passphrase) {
  const std::size_t size = passphrase.expose().size();
  if (size < kMinPassphraseBytes || size > kMaxPassphraseBytes)
    return Error{Errc::invalid_argument, "the passphrase must have 8 to 1024 bytes"};
  return {};
}

// Derives the key that seals the vault key.
Result<WrappingKey> wrapping_key(const Opener& opener, const std::array<std::byte, 16>& salt, crypto::Argon2Cost cost) {
  if (const auto* passphrase = std::get_if<SecretText>(&opener)) {
    TRY(const crypto::PassphraseKey key, crypto::argon2id(*passphrase, salt, cost));
    return WrappingKey::copy_of(key.expose());
  }
  TRY(const WipedBytes content, read_key_file(std::get<KeyFile>(opener).path));
  WrappingKey key;
  crypto::hkdf_sha256(content.view(), salt, as_bytes("strongroom/v1 key file"), key.writable());
  return key;
}

SealKind kind_of(const Opener& opener) {
  return std::holds_alternative<SecretText>(opener) ? SealKind::passphrase : SealKind::key_file;
}

Result<void> check_fields(const json::object& object, std::initializer_list<std::string_view> known) {
  for (const auto& field : object)
    if (std::ranges::find(known, std::string_view(field.key())) == known.end())
      return malformed("it has an unknown field");
  return {};
}

Result<std::string_view> text_field(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return malformed("it has no valid field " + std::string(name));
  return std::string_view(value->get_string());
}

Result<std::int64_t> number_field(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return malformed("it has no valid field " + std::string(name));
  return value->get_int64();
}

// Reads a field of exactly N bytes in lower-case hexadecimal.
template <std::size_t N>
Result<std::array<std::byte, N>> id_field(const json::object& object, std::string_view name) {
  TRY(const std::string_view text, text_field(object, name));
  const auto raw = unhex(text);
  if (!raw || raw->size() != N || hex(*raw) != text) return malformed("it has no valid field " + std::string(name));
  std::array<std::byte, N> out;
  std::ranges::copy(*raw, out.begin());
  return out;
}

Result<Bytes> bytes_field(const json::object& object, std::string_view name, std::size_t size) {
  TRY(const std::string_view text, text_field(object, name));
  auto raw = unbase64(text, Base64::url_unpadded);
  if (!raw || raw->size() != size) return malformed("it has no valid field " + std::string(name));
  return std::move(*raw);
}

}  // namespace

std::string_view to_string(SealKind kind) {
  switch (kind) {
    case SealKind::passphrase:
      return "passphrase";
    case SealKind::key_file:
      return "key-file";
  }
  return "key-file";
}

DerivedKey derive(const VaultKey& key, std::string_view label) {
  DerivedKey derived;
  crypto::hkdf_sha256(key.expose(), {}, as_bytes(std::string(kLabelPrefix) + std::string(label)), derived.writable());
  return derived;
}

Sealer make_sealer(const VaultKey& key, const VaultKey* previous) {
  const auto sealing_key = [](const VaultKey& from) {
    return SealingKey::copy_of(derive(from, "stored values").expose());
  };
  if (previous == nullptr) return Sealer(sealing_key(key));
  return Sealer(sealing_key(key), sealing_key(*previous));
}

Result<void> make_key_file(const fs::path& path) {
  const auto secret = SecretBytes<struct KeyFileTag, kMinKeyFileBytes>::generate();
  return write_new_file(path, secret.expose());
}

// Covers the version, the seal's id and kind, and the parameters from which its key is derived. So nobody can, for
// example, lower the cost of a passphrase's seal in the file.
Bytes Keyring::associated_data(const Seal& seal) {
  Bytes out = to_bytes(kSealContext);
  append(out, seal.id);
  out.push_back(static_cast<std::byte>(seal.kind));
  append(out, seal.salt);
  append(out, big_endian32(seal.cost.passes));
  append(out, big_endian64(seal.cost.memory_bytes));
  return out;
}

Result<Keyring::Seal> Keyring::make_seal(const fs::path& directory, const VaultKey& key, const Opener& opener,
                                         crypto::Argon2Cost cost) {
  Seal seal{.id = {}, .kind = kind_of(opener), .salt = {}, .cost = {.passes = 0, .memory_bytes = 0}, .sealed = {}};
  fill_random(seal.id);
  fill_random(seal.salt);
  if (const auto* passphrase = std::get_if<SecretText>(&opener)) {
    TRY_VOID(check_passphrase(*passphrase));
    if (cost.memory_bytes % kBytesPerKib != 0) return Error{Errc::invalid_argument, "Argon2id takes its memory in KiB"};
    seal.cost = cost;
  } else {
    const fs::path& path = std::get<KeyFile>(opener).path;
    if (is_inside(path, directory))
      return Error{Errc::invalid_argument,
                   "the key file is inside the vault's directory, where one thief could take both; keep it elsewhere"};
    std::error_code unseen;
    // A file that may exist, but cannot be looked at, is left to the read below, which gives the better message.
    if (!fs::exists(path, unseen) && !unseen) TRY_VOID(make_key_file(path));
  }
  TRY(const WrappingKey with, wrapping_key(opener, seal.salt, seal.cost));
  seal.sealed = crypto::xchacha_seal(with.expose(), associated_data(seal), key.expose());
  return seal;
}

Result<Keyring> Keyring::create(const fs::path& vault_directory, const Opener& opener, crypto::Argon2Cost cost) {
  const VaultKey key = VaultKey::generate();
  Keyring made;
  made.directory_ = vault_directory;
  made.key_id_ = id_of(key);
  std::error_code unseen;
  if (fs::exists(vault_directory / kKeyringFileName, unseen))
    return Error{Errc::conflict, "the directory " + text_of(vault_directory) + " already has a keyring"};
  TRY(Seal seal, make_seal(vault_directory, key, opener, cost));
  made.seals_.push_back(std::move(seal));
  TRY_VOID(write_new_file(vault_directory / kKeyringFileName, as_bytes(made.encode())));
  return made;
}

Result<Keyring> Keyring::load(const fs::path& vault_directory) {
  TRY(const Bytes content, read_file_limited(vault_directory / kKeyringFileName, kMaxKeyringFileBytes));
  TRY(Keyring loaded, parse(as_text(content)));
  loaded.directory_ = vault_directory;
  return loaded;
}

Result<VaultKey> Keyring::unlock(const Opener& opener) const {
  TRY(Opened opened, open(opener));
  return std::move(opened.key);
}

Result<std::string> Keyring::seal_opened_by(const Opener& opener) const {
  TRY(const Opened opened, open(opener));
  return opened.seal;
}

Result<Keyring::Opened> Keyring::open(const Opener& opener) const {
  const SealKind kind = kind_of(opener);
  for (const Seal& seal : seals_) {
    if (seal.kind != kind) continue;
    TRY(const WrappingKey with, wrapping_key(opener, seal.salt, seal.cost));
    auto key = open_key(with.expose(), associated_data(seal), seal.sealed);
    if (!key) continue;  // another passphrase's seal looks the same until it is tried
    if (!holds(*key)) return Error{Errc::tampered, "a seal of the keyring contains another vault's key"};
    return Opened{std::move(*key), hex(seal.id)};
  }
  if (std::ranges::none_of(seals_, [&](const Seal& seal) { return seal.kind == kind; }))
    return Error{Errc::wrong_key, "the vault key is not sealed with a " + std::string(to_string(kind)) +
                                      "; `strongroomd seal list` shows its seals"};
  return Error{Errc::wrong_key, kind == SealKind::passphrase ? "the passphrase does not open the vault key"
                                                             : "the key file does not open the vault key"};
}

std::vector<SealInfo> Keyring::seals() const {
  std::vector<SealInfo> out;
  for (const Seal& seal : seals_) out.push_back({hex(seal.id), seal.kind});
  return out;
}

Result<std::string> Keyring::add_seal(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost) {
  if (!holds(key)) return Error{Errc::wrong_key, "this is not the key of this vault"};
  if (seals_.size() == kMaxSeals) return Error{Errc::too_large, "a vault key has at most 16 seals; remove one first"};
  TRY(Seal seal, make_seal(directory_, key, opener, cost));
  Keyring changed = *this;  // a copy is saved first, so that a failure leaves this object equal to the file
  changed.seals_.push_back(std::move(seal));
  TRY_VOID(changed.save());
  *this = std::move(changed);
  return hex(seals_.back().id);
}

Result<void> Keyring::remove_seal(std::string_view id) {
  const auto found = std::ranges::find_if(seals_, [&](const Seal& seal) { return hex(seal.id) == id; });
  if (found == seals_.end())
    return Error{Errc::not_found, "the vault key has no seal with that id; `strongroomd seal list` shows its seals"};
  if (seals_.size() == 1)
    return Error{Errc::refused, "this is the last seal: without it nothing could open the vault; add another first"};
  Keyring changed = *this;
  changed.seals_.erase(changed.seals_.begin() + (found - seals_.begin()));
  TRY_VOID(changed.save());
  *this = std::move(changed);
  return {};
}

Result<VaultKey> Keyring::rotate(const VaultKey& key, const Opener& opener, crypto::Argon2Cost cost) {
  if (!holds(key)) return Error{Errc::wrong_key, "this is not the key of this vault"};
  if (is_rotating())
    return Error{Errc::conflict, "an earlier rotation of the vault key is not finished; finish it first"};
  VaultKey fresh = VaultKey::generate();
  // A sealed value names its key by four bytes only, which must differ for old and new.
  while (make_sealer(fresh).key_id() == make_sealer(key).key_id()) fresh = VaultKey::generate();
  Keyring changed;
  changed.directory_ = directory_;
  changed.key_id_ = id_of(fresh);
  TRY(Seal seal, make_seal(directory_, fresh, opener, cost));
  changed.seals_.push_back(std::move(seal));
  changed.previous_ = crypto::xchacha_seal(fresh.expose(), as_bytes(kPreviousContext), key.expose());
  TRY_VOID(changed.save());
  *this = std::move(changed);
  return fresh;
}

Result<std::optional<VaultKey>> Keyring::previous(const VaultKey& key) const {
  if (!is_rotating()) return std::optional<VaultKey>();
  if (!holds(key)) return Error{Errc::wrong_key, "this is not the key of this vault"};
  TRY(VaultKey old_key, open_key(key.expose(), as_bytes(kPreviousContext), previous_));
  return std::optional(std::move(old_key));
}

Result<void> Keyring::forget_previous() {
  if (!is_rotating()) return {};
  Keyring changed = *this;
  changed.previous_.clear();
  TRY_VOID(changed.save());
  *this = std::move(changed);
  return {};
}

bool Keyring::holds(const VaultKey& key) const {
  return id_of(key) == key_id_;
}

Result<void> Keyring::save() const {
  return write_file_atomically(directory_ / kKeyringFileName, as_bytes(encode()));
}

std::string Keyring::encode() const {
  json::array seals;
  for (const Seal& seal : seals_) {
    json::object out{
        {"id", hex(seal.id)}, {"kind", to_string(seal.kind)}, {"salt", base64(seal.salt, Base64::url_unpadded)}};
    if (seal.kind == SealKind::passphrase) {
      out["passes"] = seal.cost.passes;
      out["memory_kib"] = static_cast<std::int64_t>(seal.cost.memory_bytes) / kBytesPerKib;
    }
    out["sealed"] = base64(seal.sealed, Base64::url_unpadded);
    seals.push_back(std::move(out));
  }
  json::object file{{"v", kVersion}, {"key_id", hex(key_id_)}, {"seals", std::move(seals)}};
  if (is_rotating()) file["previous"] = base64(previous_, Base64::url_unpadded);
  return json::serialize(file) + "\n";
}

Result<Keyring> Keyring::parse(std::string_view text) {
  if (text.size() > kMaxKeyringFileBytes) return Error{Errc::too_large, "a keyring is at most 64 KiB"};
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::system::error_code failed;
  const json::value document = json::parse(text, failed, {}, options);
  if (failed || !document.is_object()) return malformed("it is not a JSON object");
  const json::object& file = document.get_object();
  // The version comes first: a newer program's file may have fields that this one would call damaged.
  TRY(const std::int64_t version, number_field(file, "v"));
  if (version > kVersion) return Error{Errc::unknown_version, "the keyring was written by a newer program"};
  if (version != kVersion) return malformed("it has an unknown version");
  TRY_VOID(check_fields(file, {"v", "key_id", "seals", "previous"}));

  Keyring out;
  TRY(out.key_id_, id_field<8>(file, "key_id"));
  if (file.contains("previous")) {
    TRY(out.previous_, bytes_field(file, "previous", kSealedKeySize));
  }
  const json::value* const seals = file.if_contains("seals");
  if (seals == nullptr || !seals->is_array() || seals->get_array().empty()) return malformed("it has no seals");
  if (seals->get_array().size() > kMaxSeals) return malformed("it has more seals than are allowed");
  for (const json::value& item : seals->get_array()) {
    if (!item.is_object()) return malformed("a seal is not a JSON object");
    const json::object& object = item.get_object();
    Seal seal{.id = {}, .kind = SealKind::key_file, .salt = {}, .cost = {.passes = 0, .memory_bytes = 0}, .sealed = {}};
    TRY(seal.id, id_field<8>(object, "id"));
    if (std::ranges::any_of(out.seals_, [&](const Seal& other) { return other.id == seal.id; }))
      return malformed("two seals have one id");
    TRY(const std::string_view kind, text_field(object, "kind"));
    if (kind == to_string(SealKind::passphrase)) {
      TRY_VOID(check_fields(object, {"id", "kind", "salt", "passes", "memory_kib", "sealed"}));
      seal.kind = SealKind::passphrase;
      TRY(const std::int64_t passes, number_field(object, "passes"));
      TRY(const std::int64_t memory_kib, number_field(object, "memory_kib"));
      // The limits hold before any work is done: an altered file must not make us take all of the machine's memory.
      constexpr auto kMaxKib = static_cast<std::int64_t>(crypto::kMaxArgon2Memory) / kBytesPerKib;
      if (passes < 1 || passes > crypto::kMaxArgon2Passes || memory_kib < 8 || memory_kib > kMaxKib)
        return malformed("a passphrase seal asks for work outside the limits");
      seal.cost = {static_cast<std::uint32_t>(passes), static_cast<std::uint64_t>(memory_kib * kBytesPerKib)};
    } else if (kind == to_string(SealKind::key_file)) {
      TRY_VOID(check_fields(object, {"id", "kind", "salt", "sealed"}));
    } else {
      return malformed("it has a seal of an unknown kind");
    }
    TRY(const Bytes salt, bytes_field(object, "salt", seal.salt.size()));
    std::ranges::copy(salt, seal.salt.begin());
    TRY(seal.sealed, bytes_field(object, "sealed", kSealedKeySize));
    out.seals_.push_back(std::move(seal));
  }
  // Accepting only one spelling also refuses members that are given twice and white space, without code for each.
  if (out.encode() != text) return malformed("it is not written as this program writes it");
  return out;
}

}  // namespace vault::keyring
