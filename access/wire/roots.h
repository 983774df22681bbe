// Writes the statement that the three roots sign when they have compared their fingerprints in person. It names the
// ledger and the keys of all three. It has one exact text, so anybody who knows these values can check a signature
// over it, and needs to ask nobody. Format: docs/formats.md ("The statement of the roots")
#pragma once
#include <span>
#include <string>

#include "access/wire/ids.h"
#include "audit/note.h"
#include "vault/age/keys.h"
#include "vault/crypto/hash.h"

namespace strongroom::access::wire {

inline constexpr std::size_t kRoots = 3;

// A root with everything that is certified from it: the keys that the person enrolled with.
struct RootKeys {
  AgencyId agency;
  PersonId person;
  vault::crypto::VerifyKey signing_key;
  vault::age::Recipient recipient{};
};

// Returns a root's own line of the statement, with the line feed at its end.
std::string root_line(const RootKeys& root);
// Returns the statement. `log` is the ledger's origin with its key. The roots must be in the order of the genesis
// entries: local authority, ICB, police.
std::string roots_statement(const audit::NoteKey& log, std::span<const RootKeys> roots);

// A root's fingerprint is the first 20 bytes of the SHA-256 of its line. People compare it in person.
inline constexpr std::size_t kRootFingerprintBytes = 20;
// Returns the fingerprint as 40 hexadecimal digits.
std::string root_fingerprint(const RootKeys& root);

}  // namespace strongroom::access::wire
