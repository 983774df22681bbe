// The whole trail, proved to whoever may read it: every envelope of the ledger makes the root that the log signed,
// every chain is without a gap, and every body this person may read is the one its envelope binds and was caused by a
// certified person's signed command (DESIGN 4). What this person may not read is proved to be there, and no more.
#pragma once
#include "cli/client/proof/directory.h"

namespace cli::client {

struct VerifiedTrail {
  std::uint64_t size = 0;        // of the ledger: entries whose envelopes make its root
  std::string root;              // hexadecimal
  std::uint64_t chains = 0;      // the directory's and the cases'
  std::uint64_t bodies = 0;      // those that this person may read
  std::uint64_t signatures = 0;  // of commands, verified with certified keys
  std::uint64_t replayed = 0;    // entries derived again from their signed commands
};
BOOST_DESCRIBE_STRUCT(VerifiedTrail, (), (size, root, chains, bodies, signatures, replayed))

// `progress` is told how many entries were looked at. Errc::tampered names the entry that does not verify. Memory:
// about 150 bytes for each entry of the ledger, and a page of bodies.
Result<VerifiedTrail> verify_trail(Session& session, Directory& directory,
                                   const std::function<void(std::uint64_t)>& progress = {});

}  // namespace cli::client
