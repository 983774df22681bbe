// Proves the whole trail, as far as this person may read it. The envelopes of the ledger make the root that the log
// signed, and no chain has a gap. Each body that this person may read is bound by its envelope, and was caused by a
// command that a certified person signed. Bodies that this person may not read are only proved to exist.
#pragma once
#include "cli/client/proof/directory.h"

namespace cli::client {

struct VerifiedTrail {
  std::uint64_t size = 0;        // of the ledger: the number of entries whose envelopes make its root
  std::string root;              // hexadecimal
  std::uint64_t chains = 0;      // the directory's and the cases'
  std::uint64_t bodies = 0;      // that this person may read
  std::uint64_t signatures = 0;  // of commands, verified with certified keys
  std::uint64_t replayed = 0;    // entries derived again from their signed commands
};
BOOST_DESCRIBE_STRUCT(VerifiedTrail, (), (size, root, chains, bodies, signatures, replayed))

// `progress` gets the number of entries that were checked so far. Errc::tampered names the entry that does not verify.
// This needs about 150 bytes of memory for each entry of the ledger, and a page of bodies.
Result<VerifiedTrail> verify_trail(Session& session, Directory& directory,
                                   const std::function<void(std::uint64_t)>& progress = {});

}  // namespace cli::client
