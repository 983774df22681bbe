// One chain's entries, checked as they come: numbered without a gap, each naming the one before it, each body the one
// that its envelope binds. That the list is the whole chain only the ledger's root can tell (receipt.h, tree.h).
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "audit/entry.h"

namespace audit {

// An entry as it comes from outside.
struct EntryBytes {
  ByteView envelope;
  ByteView body;
};

class ChainVerifier {
 public:
  explicit ChainVerifier(const ChainTag& chain) : chain_(chain) {}
  // Goes on after `last`, an entry that was verified before.
  explicit ChainVerifier(const Envelope& last) : chain_(last.chain), last_(last) {}
  // Errc::tampered when the entry does not continue the chain or its body is another. After a failure nothing has
  // changed.
  Result<Envelope> next(const EntryBytes& entry);
  const std::optional<Envelope>& last() const { return last_; }

 private:
  ChainTag chain_;
  std::optional<Envelope> last_;
};

// A chain from its first entry on.
Result<std::vector<Envelope>> verify_chain(const ChainTag& chain, std::span<const EntryBytes> entries);

}  // namespace audit
