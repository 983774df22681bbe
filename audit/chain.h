// Checks the entries of one chain while they arrive: they are numbered without a gap, each names the one before it, and
// each body is the one that its envelope binds. A list that passes may still lack the chain's last entries: only a
// proof against the ledger's root shows what the ledger contains (receipt.h, tree.h).
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "audit/entry.h"

namespace audit {

// An entry as it is received, before anything is checked.
struct EntryBytes {
  ByteView envelope;
  ByteView body;
};

class ChainVerifier {
 public:
  explicit ChainVerifier(const ChainTag& chain) : chain_(chain) {}
  // Begins after `last`, which must be an entry that was verified before.
  explicit ChainVerifier(const Envelope& last) : chain_(last.chain), last_(last) {}
  // Errc::tampered if the entry does not continue the chain, or if its body is not the one that the envelope binds. A
  // failure changes nothing.
  Result<Envelope> next(const EntryBytes& entry);
  const std::optional<Envelope>& last() const { return last_; }

 private:
  ChainTag chain_;
  std::optional<Envelope> last_;
};

// Verifies a chain that is given from its first entry on.
Result<std::vector<Envelope>> verify_chain(const ChainTag& chain, std::span<const EntryBytes> entries);

}  // namespace audit
