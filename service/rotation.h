// A new vault key: everything that the vault has sealed is sealed anew under it (DESIGN 5). For when somebody may have
// a seal and a copy of the vault: what they have opens nothing that is written from now on.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "vault/keyring/keyring.h"

namespace service {

inline constexpr std::uint64_t kRotationBytes = 4ULL << 20;  // sealed anew in one commit

struct Rotation {
  std::filesystem::path directory;
  // Told after each commit how many bytes were sealed anew so far; false ends the run.
  std::function<bool(std::uint64_t bytes)> advance;
  vault::crypto::Argon2Cost cost{};
};
struct RotationReport {
  std::string seal;          // the id of the one that opens the new key
  bool went_on = false;      // with a rotation that was begun before
  std::uint64_t values = 0;  // sealed anew by this run
  std::uint64_t bytes = 0;
};

// Makes the key, sealed by `new_seal` alone (its key file is made when absent), and seals everything anew, in steps; of
// a rotation that was begun before it does the rest (Errc::conflict if that was with another `new_seal`). The vault
// must not be served meanwhile (Errc::busy); one that is interrupted is served under both keys. The old key is
// forgotten when nothing is sealed under it. Nothing is begun when a value does not open (Errc::tampered). Errors as
// `open_vault`, Keyring::rotate and the engine's; Errc::cancelled when told to stop.
vault::Result<RotationReport> rotate_vault_key(const Rotation& rotation, const vault::keyring::Opener& seal,
                                               const vault::keyring::Opener& new_seal);

}  // namespace service
