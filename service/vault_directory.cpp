#include "service/vault_directory.h"

#include <utility>

#include "vault/base/file.h"
#include "vault/engine/lmdb.h"
#include "vault/payload/segments.h"

namespace service {
namespace {

namespace fs = std::filesystem;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::string_view kFormatFile = "format";
constexpr std::string_view kFormat = "1\n";
constexpr std::size_t kMaxFormatBytes = 16;
constexpr std::string_view kConfigFile = "config.json";
constexpr std::string_view kDatabaseFolder = "db";
constexpr std::string_view kPayloadFolder = "payload";
constexpr std::string_view kTlsFolder = "tls";
constexpr std::string_view kCertificateFile = "certificate.pem";
constexpr std::string_view kTlsKeyFile = "key.sealed";
// Under which the TLS key's file is sealed, as a table's value would be.
constexpr std::string_view kTlsTable = "tls";
constexpr std::string_view kTlsKeyRow = "key";

Result<void> refuse_unless_empty(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::directory)
    return Error{Errc::conflict, directory.string() + " is not a directory"};
  const bool empty = fs::is_empty(directory, error);
  if (error) return vault::system_error(error.value(), "cannot read " + directory.string());
  if (!empty) return Error{Errc::conflict, directory.string() + " is not empty: a new vault needs an empty directory"};
  return {};
}

access::OpenPayload payload_in(const fs::path& directory) {
  return [directory](vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
    return vault::payload::open_segments(engine, sealer, directory);
  };
}

Result<void> save_tls(const fs::path& directory, const TlsIdentity& tls, const vault::keyring::Sealer& sealer) {
  TRY_VOID(vault::make_private_directory(directory));
  TRY_VOID(vault::write_new_file(directory / kCertificateFile, vault::as_bytes(tls.certificate)));
  const vault::Bytes sealed = sealer.seal(kTlsTable, vault::as_bytes(kTlsKeyRow), vault::as_bytes(tls.key.expose()));
  return vault::write_new_file(directory / kTlsKeyFile, sealed);
}

Result<TlsIdentity> load_tls(const fs::path& directory, const access::Config& config,
                             const vault::keyring::Sealer& sealer) {
  TRY(const vault::Bytes certificate, vault::read_file_limited(directory / kCertificateFile, kMaxPemBytes));
  TRY(const vault::Digest pin, tls_pin(vault::as_text(certificate)));
  if (pin != config.tls_pin)
    return Error{Errc::tampered, "the TLS certificate is not the one that this vault's invitations pin"};
  TRY(const vault::Bytes sealed,
      vault::read_file_limited(directory / kTlsKeyFile, kMaxPemBytes + vault::keyring::kSealOverhead));
  TRY(vault::Bytes key, sealer.open(kTlsTable, vault::as_bytes(kTlsKeyRow), sealed));
  TlsIdentity identity{vault::to_text(certificate), vault::SecretText(vault::as_text(key))};
  vault::wipe(key);
  TRY_VOID(check_tls_identity(identity));
  return identity;
}

// A file of the vault's own that is missing or does not parse: the vault's damage, not the caller's mistake.
Error damaged(std::string_view file, const Error& error) {
  switch (error.code) {
    case Errc::not_found:
    case Errc::malformed:
    case Errc::too_large:
    case Errc::invalid_argument:
      return Error{Errc::tampered, std::string(file) + " is missing or damaged: " + error.message};
    default:
      return error;
  }
}

Result<access::Config> load_config(const fs::path& file) {
  TRY(const vault::Bytes text, vault::read_file_limited(file, access::kMaxConfigBytes));
  return access::wire::decode<access::Config>(vault::as_text(text), access::wire::Strictness::tolerant);
}

// Everything within `directory`, which is empty.
Result<MadeVault> fill(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now) {
  TRY(const ServiceUrl url, parse_service_url(wanted.url));
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
  TRY_VOID(save_tls(wanted.directory / kTlsFolder, tls, vault::keyring::make_sealer(vault_key)));
  TRY(auto engine, vault::engine::open_lmdb(wanted.directory / kDatabaseFolder));
  TRY(auto created,
      access::Store::create(
          std::move(engine), vault::keyring::make_sealer(vault_key), payload_in(wanted.directory / kPayloadFolder),
          access::Genesis{.origin = wanted.origin, .url = url.to_string(), .tls_pin = pin, .now = now}));
  const access::Config& config = created.store->config();
  TRY_VOID(vault::write_new_file(wanted.directory / kConfigFile, vault::as_bytes(access::wire::encode(config))));
  // Last: a directory without it is no vault.
  TRY_VOID(vault::write_new_file(wanted.directory / kFormatFile, vault::as_bytes(kFormat)));
  return MadeVault{config, std::move(created.invitations)};
}

}  // namespace

Result<MadeVault> make_vault(const NewVault& wanted, const vault::keyring::Opener& seal, vault::Instant now) {
  TRY_VOID(refuse_unless_empty(wanted.directory));
  const bool was_there = fs::exists(wanted.directory);
  TRY_VOID(vault::make_private_directory(wanted.directory));
  std::error_code ignored;
  fs::permissions(wanted.directory, fs::perms::owner_all, ignored);
  auto made = fill(wanted, seal, now);
  if (!made) {
    for (const auto& entry : fs::directory_iterator(wanted.directory, ignored)) fs::remove_all(entry.path(), ignored);
    if (!was_there) fs::remove(wanted.directory, ignored);
  }
  return made;
}

Result<OpenVault> open_vault(const fs::path& directory, const vault::keyring::Opener& seal, OpenFor purpose) {
  const auto format = vault::read_file_limited(directory / kFormatFile, kMaxFormatBytes);
  if (!format && format.error().code == Errc::not_found)
    return Error{Errc::not_found, "there is no vault in " + directory.string() + ": make one with strongroomd init"};
  if (!format) return format.error();
  if (vault::as_text(*format) != kFormat)
    return Error{Errc::unknown_version, "the vault in " + directory.string() + " was made by a newer program"};

  const auto keyring = vault::keyring::Keyring::load(directory);
  if (!keyring) return damaged(vault::keyring::kKeyringFileName, keyring.error());
  TRY(const auto vault_key, keyring->unlock(seal));
  TRY(const auto previous, keyring->previous(vault_key));
  const auto sealer = [&] { return vault::keyring::make_sealer(vault_key, previous ? &*previous : nullptr); };
  const auto config = load_config(directory / kConfigFile);
  if (!config) return damaged(kConfigFile, config.error());
  auto tls = load_tls(directory / kTlsFolder, *config, sealer());
  if (!tls) return damaged(kTlsFolder, tls.error());
  TRY(auto engine, vault::engine::open_lmdb(directory / kDatabaseFolder, {.make_tables = purpose == OpenFor::work}));
  if (purpose == OpenFor::check) TRY_VOID(engine->verify_pages());
  TRY(auto store, access::Store::open(std::move(engine), sealer(), payload_in(directory / kPayloadFolder), *config));
  return OpenVault{std::move(store), std::move(*tls)};
}

}  // namespace service
