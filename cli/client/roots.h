// How the three roots make sure that they have each other's keys. Each compares the fingerprints of the other two in
// person, and then signs one statement that names the ledger and the keys of all three (access/wire/roots.h).
#pragma once
#include "cli/client/proof/directory.h"
#include "cli/client/session/session.h"

namespace cli::client {

// Twelve groups of four hexadecimal digits of the SHA-256 of a signing key. People compare it in person.
std::string fingerprint(const vault::crypto::VerifyKey& key);
// Ten groups of four hexadecimal digits: the fingerprint of a root (access/wire/roots.h).
std::string fingerprint(const wire::RootKeys& root);
// The fingerprint of a root, or of the signing key of anybody else.
std::string fingerprint(const Person& person);

// The root of one safeguarding partner, as the directory proves it.
struct Root {
  access::AgencyId agency;
  access::AgencyKind kind = access::AgencyKind::other;
  std::optional<wire::RootKeys> keys;  // absent: nobody has enrolled as this root
  bool confirmed = false;              // this root has signed the statement
};
// The three roots, in the order of genesis.
std::vector<Root> roots_of(const DirectoryChain& chain);
// The other two roots, whose fingerprints this person must have compared. Errc::refused if this person is no root,
// Errc::conflict if a root has not enrolled; the message names it.
Result<std::vector<Root>> roots_to_compare(const Session& session, const Directory& directory);

// Signs the statement of the roots. `fingerprints` are those of the other two roots, in any order, in upper or lower
// case, with or without white space, colons and hyphens. Errc::tampered, and nothing is signed, if one of them is not
// the fingerprint of the key that this client verified. Fails as `roots_to_compare` does. Errc::conflict if this root
// has signed the same statement before. Reads the directory again afterwards.
Result<void> confirm_roots(Session& session, Directory& directory, const std::vector<std::string>& fingerprints);

}  // namespace cli::client
