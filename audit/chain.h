// Checks the entries of one chain while they arrive: they are numbered without a gap, each names the hash of the one
// before it, and each body is the one that its envelope binds. A list that passes may still lack the chain's last
// entries, unless `ends_at` was asked too.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "audit/heads.h"

namespace audit {

// An entry as it is received, before anything is checked.
struct EntryBytes {
  ByteView envelope;
  ByteView body;
};

class ChainVerifier {
 public:
  explicit ChainVerifier(ChainNumber chain) : chain_(chain) {}
  // Begins after `last`, which must be an entry that was verified before.
  explicit ChainVerifier(const Envelope& last);
  // Errc::tampered if the entry does not continue the chain, or if its body is not the one that the envelope binds. A
  // failure changes nothing.
  Result<Envelope> next(const EntryBytes& entry);
  // Errc::tampered unless the last entry that arrived is the chain's head, which must have been proved
  // (verify_chain_end).
  Result<void> ends_at(const ChainHead& head) const;
  const std::optional<Envelope>& last() const { return last_; }

 private:
  ChainNumber chain_;
  std::optional<Envelope> last_;
  Digest last_leaf_{};
};

// Verifies a chain that is given from its first entry on, but not that it is whole.
Result<std::vector<Envelope>> verify_chain(ChainNumber chain, std::span<const EntryBytes> entries);

}  // namespace audit
