// Caches decoded rows, keyed by the sealed bytes they were decoded from, so nothing ever needs to be invalidated. The
// same sealed bytes under the same key are the same row in every transaction, and a row that is written again is sealed
// under another nonce. A row that was altered on the disk has other bytes, so it is not found in the cache: it is
// opened, and refused.
#pragma once
#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "vault/base/bytes.h"

namespace strongroom::access {

inline constexpr std::size_t kCachedRows = 4096;             // of one kind
inline constexpr std::size_t kMaxCachedRowBytes = 8U << 10;  // of the sealed bytes; larger rows are decoded each time

// It is thread safe, because rows are copied out.
template <class Row>
class RowCache {
 public:
  std::optional<Row> find(vault::ByteView key, vault::ByteView sealed) const {
    const std::scoped_lock lock(mutex_);
    const auto found = rows_.find(std::string(vault::as_text(key)));
    if (found == rows_.end() || !std::ranges::equal(found->second.sealed, sealed)) return std::nullopt;
    return found->second.row;
  }
  void keep(vault::ByteView key, vault::ByteView sealed, const Row& row) {
    if (sealed.size() > kMaxCachedRowBytes) return;
    const std::scoped_lock lock(mutex_);
    std::string name(vault::as_text(key));
    if (rows_.size() == kCachedRows && !rows_.contains(name)) rows_.clear();  // simple, and rarely needed
    rows_.insert_or_assign(std::move(name), Kept{vault::to_bytes(sealed), row});
  }

 private:
  struct Kept {
    vault::Bytes sealed;
    Row row;
  };
  mutable std::mutex mutex_;  // guards the members below
  std::unordered_map<std::string, Kept> rows_;
};

}  // namespace strongroom::access
