// The secondary index over the ledger, which tells which entries concern an id. It is a projection: `rebuild` makes it
// again from the entries.
#pragma once
#include <functional>
#include <string_view>

#include "audit/tree.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"

namespace audit {

inline constexpr std::size_t kMaxFieldBytes = 32;       // the kind of id: "case", "record", "person", …
inline constexpr std::size_t kMaxIndexedIdBytes = 128;  // the id itself, opaque here

// Thread safe as far as the transactions are.
class Index {
 public:
  // `sealer` must outlive it.
  static Result<Index> open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer);
  // Putting the same triple again changes nothing. Errc::invalid_argument for a field or id that is empty, over its
  // limit or contains a zero byte.
  Result<void> put(vault::engine::WriteTransaction& txn, std::string_view field, std::string_view id, LeafIndex seq);
  // Visits the entries from `from` on, ascending, until `visit` returns false.
  Result<void> scan(const vault::engine::ReadTransaction& txn, std::string_view field, std::string_view id,
                    LeafIndex from, const std::function<bool(LeafIndex)>& visit) const;
  Result<void> clear(vault::engine::WriteTransaction& txn);
  const vault::keyring::SealedTable& table() const { return table_; }

 private:
  explicit Index(vault::keyring::SealedTable table) : table_(std::move(table)) {}
  vault::keyring::SealedTable table_;  // field, 0, id, 0, seq (big-endian) → an empty value
};

}  // namespace audit
