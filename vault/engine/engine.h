// An ordered key-value store with one writer and snapshot readers: what everything durable stands on (DESIGN 9).
// Engines: in memory (tests, replay) here; LMDB in engine/lmdb.h. One contract suite runs on each.
//
// 1. Keys are 1 to kMaxKeySize bytes, in memcmp order. Values are 0 to kMaxValueSize bytes.
// 2. A write transaction reads its own writes; dropping it without commit leaves nothing behind.
// 3. A read transaction sees one committed state for as long as it lives, and blocks nobody.
// 4. Views returned by a transaction end with it, and with the next write in the same transaction.
// 5. Errc::full (no space: nothing was changed, room may be made) and Errc::retry are distinct answers.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "vault/base/bytes.h"

namespace vault::engine {

inline constexpr std::size_t kMaxKeySize = 511;
inline constexpr std::size_t kMaxValueSize = 64U << 20;
inline constexpr std::size_t kMaxTableNameSize = 64;
inline constexpr std::size_t kMaxTables = 128;

// A table of an engine, by its place in that engine. From Engine::table.
struct Table {
  std::uint32_t index = 0;
};

struct KeyValue {
  ByteView key;
  ByteView value;
};

// Not thread safe: one thread at a time, though it may move between threads (a write transaction may not).
// A key of no or too many bytes is Errc::invalid_argument everywhere; seeking alone takes the empty key.
class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;
  // Empty optional if absent.
  virtual Result<std::optional<ByteView>> get(Table table, ByteView key) const = 0;
  // The first pair whose key is >= `key` (from an empty key: the first of all). Empty optional at the end.
  virtual Result<std::optional<KeyValue>> seek(Table table, ByteView key) const = 0;
  // The last pair whose key is <= `key`; from an empty key: the last of all.
  virtual Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const = 0;
  virtual Result<std::uint64_t> count(Table table) const = 0;
  // Pairs whose key starts with `prefix` and is >= `from`, in order, until `visit` returns false. `visit` may write in
  // the same transaction; it is then not shown what it put before the pair it has reached.
  Result<void> scan(Table table, ByteView prefix, ByteView from, const std::function<bool(KeyValue)>& visit) const;
};

class WriteTransaction : public ReadTransaction {
 public:
  // Inserts or replaces. Errc::invalid_argument for a key or value over its limit, Errc::full.
  // Errc::retry when the store has to grow first, which it does before the next write transaction.
  virtual Result<void> put(Table table, ByteView key, ByteView value) = 0;
  // False if it was absent.
  virtual Result<bool> erase(Table table, ByteView key) = 0;
  virtual Result<void> clear(Table table) = 0;
  // Durable on success. On failure nothing was changed, except Errc::io: then the outcome is unknown and the process
  // should end. The transaction is over either way; only its destructor may follow.
  virtual Result<void> commit() = 0;
};

// Thread safe. Transactions must end before the engine does.
class Engine {
 public:
  virtual ~Engine() = default;
  // Makes the table if it is new. Call at start-up, with no transaction open. Errc::too_large beyond kMaxTables.
  virtual Result<Table> table(std::string_view name) = 0;
  virtual Result<std::unique_ptr<ReadTransaction>> read() const = 0;
  // Waits for the current writer to end. The transaction stays with the thread that began it.
  virtual Result<std::unique_ptr<WriteTransaction>> write() = 0;
};

// Nothing survives it. Snapshots cost nothing: trees are persistent, and a write copies one path.
std::unique_ptr<Engine> make_memory_engine();

// For engines: the limits above, checked before anything else. Errc::invalid_argument.
Result<void> check_key(ByteView key);
Result<void> check_seek_key(ByteView key);  // may be empty
Result<void> check_pair(ByteView key, ByteView value);
Result<void> check_table_name(std::string_view name);  // 1 to kMaxTableNameSize bytes, no NUL
bool key_less(ByteView a, ByteView b);                 // memcmp order, the shorter first

}  // namespace vault::engine
