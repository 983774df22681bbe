// Tables whose values are sealed under the vault key. The engine sees only ciphertext and opaque keys.
//
// A sealed value is   version (1) || key id (4) || nonce (24) || ciphertext || tag (16)
// It is made with XChaCha20-Poly1305, and its associated data is
//                     version (1) || key id (4) || size (4) || table || size (4) || key
// with big-endian sizes. So a value that is moved to another key or table does not open. Format: docs/formats.md
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"
#include "vault/engine/engine.h"

namespace vault::keyring {

inline constexpr std::byte kSealVersion{1};
inline constexpr std::size_t kSealOverhead = 1 + 4 + 24 + 16;

// Decides how `check` compares a table and whether `rebuild` makes it again.
enum class TableClass {
  ledger,      // the log itself
  beside,      // kept, and compared with the digest that an entry names
  projection,  // rebuilt from entries only, and compared unsealed
  local,       // belongs to this server: uploads, extents, seals, job cursors
};
std::string_view to_string(TableClass table_class);

using SealingKey = SecretBytes<struct SealingKeyTag, 32>;
using SealingKeyId = std::array<std::byte, 4>;  // derived from the key; only tells keys apart, is not secret

// Seals under one key, and opens values that this key or its predecessor sealed. Thread safe, because it never changes.
class Sealer {
 public:
  explicit Sealer(SealingKey key, std::optional<SealingKey> predecessor = std::nullopt);
  const SealingKeyId& key_id() const { return current_.id; }
  // The nonce is random, so the same value gives other bytes each time. Never compare sealed values with each other.
  Bytes seal(std::string_view table, ByteView key, ByteView value) const;
  // Errc::tampered; Errc::unknown_version if a newer program sealed it; Errc::wrong_key if another vault key did.
  Result<Bytes> open(std::string_view table, ByteView key, ByteView sealed) const;
  // Returns false for a value that the predecessor sealed. A rotation of the vault key must seal it again.
  bool is_current(ByteView sealed) const;

 private:
  struct Key {
    SealingKey key;
    SealingKeyId id;
  };
  static Key with_id(SealingKey key);
  Key current_;
  std::optional<Key> predecessor_;
};

// Reads and writes a table of an engine through a sealer. It is cheap to copy, and as thread safe as the transactions.
class SealedTable {
 public:
  // Makes the table in the engine if it is new. `sealer` must outlive every copy of the result.
  static Result<SealedTable> make(engine::Engine& engine, const Sealer& sealer, std::string_view name,
                                  TableClass table_class);

  const std::string& name() const { return name_; }
  TableClass table_class() const { return class_; }
  engine::Table table() const { return table_; }

  // Empty optional if the key is absent. A value that does not open is an error, never absent.
  Result<std::optional<Bytes>> get(const engine::ReadTransaction& txn, ByteView key) const;
  // The two steps of `get`. The view that `get_sealed` returns ends with `txn` or its next write. Use them to look at
  // the sealed bytes first, for example in a cache of opened rows.
  Result<std::optional<ByteView>> get_sealed(const engine::ReadTransaction& txn, ByteView key) const;
  Result<Bytes> open(ByteView key, ByteView sealed) const { return sealer_->open(name_, key, sealed); }
  // `value` is at most engine::kMaxValueSize - kSealOverhead bytes.
  Result<void> put(engine::WriteTransaction& txn, ByteView key, ByteView value);
  Result<bool> erase(engine::WriteTransaction& txn, ByteView key);  // false if it was absent
  Result<void> clear(engine::WriteTransaction& txn);
  // Used by a rotation of the vault key. Seals again every value that the predecessor sealed, beginning with key
  // `from`, until `max_bytes` were written or the table ends. Returns the errors of `open` and of the engine's `put`.
  struct SealedAnew {
    std::uint64_t pairs = 0;
    std::uint64_t bytes = 0;    // written
    std::optional<Bytes> next;  // the `from` of the next call; empty optional at the end of the table
  };
  Result<SealedAnew> seal_anew(engine::WriteTransaction& txn, ByteView from, std::uint64_t max_bytes) const;
  Result<std::uint64_t> count(const engine::ReadTransaction& txn) const;

  // Visits the pairs whose key starts with `prefix` and is >= `from`, in order, until `visit` fails or returns false.
  Result<void> scan(const engine::ReadTransaction& txn, ByteView prefix, ByteView from,
                    const std::function<Result<bool>(ByteView key, ByteView value)>& visit) const;
  struct Pair {
    Bytes key;
    Bytes value;
  };
  // Returns the last pair whose key starts with `prefix` (at most kMaxKeySize bytes). Empty optional if there is none.
  Result<std::optional<Pair>> last(const engine::ReadTransaction& txn, ByteView prefix) const;

 private:
  SealedTable(const Sealer& sealer, std::string_view name, TableClass table_class, engine::Table table)
      : sealer_(&sealer), name_(name), class_(table_class), table_(table) {}
  const Sealer* sealer_;  // not owned
  std::string name_;
  TableClass class_;
  engine::Table table_;
};

}  // namespace vault::keyring
