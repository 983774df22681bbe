// The secondary index over the ledger: which entries concern an id. A projection: rebuilt from entries alone.
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
  // Once is as good as twice. Errc::invalid_argument for an empty field or id, one over its limit or with a zero byte.
  Result<void> put(vault::engine::WriteTransaction& txn, std::string_view field, std::string_view id, LeafIndex seq);
  // The entries from `from` on, ascending, until `visit` returns false.
  Result<void> scan(const vault::engine::ReadTransaction& txn, std::string_view field, std::string_view id,
                    LeafIndex from, const std::function<bool(LeafIndex)>& visit) const;
  Result<void> clear(vault::engine::WriteTransaction& txn);
  const vault::keyring::SealedTable& table() const { return table_; }

 private:
  explicit Index(vault::keyring::SealedTable table) : table_(std::move(table)) {}
  vault::keyring::SealedTable table_;  // field, 0, id, 0, seq (big-endian): nothing
};

}  // namespace audit
