// Replaces the vault key and seals everything in the vault again under the new one. An operator needs this if somebody
// may have a seal and a copy of the vault: with these they can open nothing that is written from now on.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "vault/keyring/keyring.h"

namespace service {

inline constexpr std::uint64_t kRotationBytes = 4ULL << 20;  // sealed again in one commit

struct Rotation {
  std::filesystem::path directory;
  // Called after each commit with the bytes sealed so far. If it returns false, the run ends.
  std::function<bool(std::uint64_t bytes)> advance;
  vault::crypto::Argon2Cost cost{};
};
struct RotationReport {
  std::string seal;          // the id of the seal that opens the new key
  bool resumed = false;      // this run finished a rotation that an earlier run began
  std::uint64_t values = 0;  // sealed again by this run
  std::uint64_t bytes = 0;
};

// Makes a new key with `new_seal` as its only seal (a key file that does not exist is made), then seals everything
// again in steps, then deletes the old key. If an earlier run was interrupted, this one does the rest; until then the
// vault has both keys and can be served. Errc::busy if the vault is being served. Errc::tampered if a value cannot be
// opened; then nothing was changed. Errc::conflict if the earlier run had another `new_seal`. Errc::cancelled if
// `advance` ended the run. Also the errors of `open_vault`, Keyring::rotate and the engine.
vault::Result<RotationReport> rotate_vault_key(const Rotation& rotation, const vault::keyring::Opener& seal,
                                               const vault::keyring::Opener& new_seal);

}  // namespace service
