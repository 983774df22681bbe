// A vault's directory: made once by `init`, opened by every other command. Format: docs/formats.md ("A vault's
// directory"). Thread safety: one process has a vault open at a time (Errc::busy for the second).
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/store.h"
#include "service/certificate.h"
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
};
// Errc::not_found (no vault there), Errc::wrong_key (the seal does not open it), Errc::busy, Errc::unknown_version;
// Errc::tampered also when the certificate is not the one that the configuration pins.
//
// For `check` the database's pages are verified first and nothing is made that is missing: Errc::tampered says where
// they are not sound. Damaged pages may then end the process.
enum class OpenFor { work, check };
vault::Result<OpenVault> open_vault(const std::filesystem::path& directory, const vault::keyring::Opener& seal,
                                    OpenFor purpose = OpenFor::work);

}  // namespace service
