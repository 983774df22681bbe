// Tables whose values are sealed under the vault key (DESIGN 5). Engines see ciphertext and opaque keys.
//
// A sealed value is   version (1) || key id (4) || nonce (24) || ciphertext || tag (16)
// XChaCha20-Poly1305, its associated data   version (1) || key id (4) || size (4) || table || size (4) || key
// with big-endian sizes; so a value that is moved to another key or table does not open. Format: docs/formats.md
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

// How a table is checked and rebuilt (DESIGN 4).
enum class TableClass {
  ledger,      // the log itself
  beside,      // kept, compared by the digest that an entry names
  projection,  // rebuilt from entries alone, compared unsealed
  local,       // of this server only: uploads, extents, seals, job cursors
};
std::string_view to_string(TableClass table_class);

using SealingKey = SecretBytes<struct SealingKeyTag, 32>;
using SealingKeyId = std::array<std::byte, 4>;  // derived from the key; tells keys apart, proves nothing

// Seals under one key, opens what that key or its predecessor sealed. Thread safe: nothing changes after it is made.
class Sealer {
 public:
  explicit Sealer(SealingKey key, std::optional<SealingKey> predecessor = std::nullopt);
  const SealingKeyId& key_id() const { return current_.id; }
  // The nonce is random: the same value seals differently each time.
  Bytes seal(std::string_view table, ByteView key, ByteView value) const;
  // Errc::tampered; Errc::unknown_version (a newer program's); Errc::wrong_key (another vault key's).
  Result<Bytes> open(std::string_view table, ByteView key, ByteView sealed) const;
  // False for what the predecessor sealed: after a rotation of the vault key it waits to be sealed again.
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

// A table of an engine through a sealer. A cheap value; thread safe as far as the transactions are.
class SealedTable {
 public:
  // `sealer` must outlive it. Makes the table in the engine if it is new.
  static Result<SealedTable> make(engine::Engine& engine, const Sealer& sealer, std::string_view name,
                                  TableClass table_class);

  const std::string& name() const { return name_; }
  TableClass table_class() const { return class_; }
  engine::Table table() const { return table_; }

  // Empty optional if absent; Errc::tampered is never shown as absent.
  Result<std::optional<Bytes>> get(const engine::ReadTransaction& txn, ByteView key) const;
  // The two halves of `get`: what is stored, as long as `txn` lives and writes nothing; and what it says.
  Result<std::optional<ByteView>> get_sealed(const engine::ReadTransaction& txn, ByteView key) const;
  Result<Bytes> open(ByteView key, ByteView sealed) const { return sealer_->open(name_, key, sealed); }
  // `value` is at most engine::kMaxValueSize - kSealOverhead bytes.
  Result<void> put(engine::WriteTransaction& txn, ByteView key, ByteView value);
  Result<bool> erase(engine::WriteTransaction& txn, ByteView key);  // false if it was absent
  Result<void> clear(engine::WriteTransaction& txn);
  // For a rotation of the vault key: seals anew what the predecessor sealed, of the pairs whose key is >= `from`, until
  // `max_bytes` were written or the table ends. Errors as `open`, and as the engine's `put`.
  struct SealedAnew {
    std::uint64_t pairs = 0;
    std::uint64_t bytes = 0;    // written
    std::optional<Bytes> next;  // where to go on; empty optional: at its end
  };
  Result<SealedAnew> seal_anew(engine::WriteTransaction& txn, ByteView from, std::uint64_t max_bytes) const;
  Result<std::uint64_t> count(const engine::ReadTransaction& txn) const;

  // Pairs whose key starts with `prefix` and is >= `from`, in order, until `visit` returns false or fails.
  Result<void> scan(const engine::ReadTransaction& txn, ByteView prefix, ByteView from,
                    const std::function<Result<bool>(ByteView key, ByteView value)>& visit) const;
  struct Pair {
    Bytes key;
    Bytes value;
  };
  // The last pair whose key starts with `prefix` (at most kMaxKeySize bytes). Empty optional if there is none.
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
