// An ordered key-value store with one writer and snapshot readers. Everything durable is stored in one, except payloads
// and a few small files. There are two engines: one in memory, here, for tests and replay; and LMDB in engine/lmdb.h.
// The same contract tests run on both.
//
// 1. Keys are 1 to kMaxKeySize bytes, in memcmp order. Values are 0 to kMaxValueSize bytes.
// 2. A write transaction reads its own writes. Dropping it without commit leaves nothing behind.
// 3. A read transaction sees one committed state for as long as it lives, and does not block anybody.
// 4. A view that a transaction returns ends with the transaction, or with the next write in the same transaction. So
//    copy a value before you write, even to another key.
// 5. Errc::full means that there is no space; nothing was changed, and the caller may make room. Errc::retry means that
//    the same call may succeed at once.
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

// Names a table by its place in one engine. Engine::table returns it.
struct Table {
  std::uint32_t index = 0;
};

struct KeyValue {
  ByteView key;
  ByteView value;
};

// Used by one thread at a time. A read transaction may move between threads; a write transaction may not. Every call
// returns Errc::invalid_argument for a key that is empty or too long, except that seeking accepts the empty key.
class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;
  // Empty optional if the key is absent.
  virtual Result<std::optional<ByteView>> get(Table table, ByteView key) const = 0;
  // Returns the first pair whose key is >= `key`. An empty key finds the first pair of the table. Empty optional if
  // there is none.
  virtual Result<std::optional<KeyValue>> seek(Table table, ByteView key) const = 0;
  // Same, for the last pair whose key is <= `key`. An empty key finds the last pair of the table.
  virtual Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const = 0;
  virtual Result<std::uint64_t> count(Table table) const = 0;
  // Visits the pairs whose key starts with `prefix` and is >= `from`, in order, until `visit` returns false. `visit`
  // may write in the same transaction. It is not shown a pair that it puts before the pair it has reached.
  Result<void> scan(Table table, ByteView prefix, ByteView from, const std::function<bool(KeyValue)>& visit) const;
};

class WriteTransaction : public ReadTransaction {
 public:
  // Inserts or replaces the value. Errc::invalid_argument for a key or value over its limit; Errc::full; Errc::retry if
  // the store must grow first, which it does before the next write transaction.
  virtual Result<void> put(Table table, ByteView key, ByteView value) = 0;
  // Returns false if the key was absent.
  virtual Result<bool> erase(Table table, ByteView key) = 0;
  virtual Result<void> clear(Table table) = 0;
  // The changes are durable on success. On failure nothing was changed, with one exception: after Errc::io nobody knows
  // whether the changes were made, and the process should end. The transaction is over either way, so that only its
  // destructor may be called.
  virtual Result<void> commit() = 0;
};

// Thread safe. Transactions must end before the engine does.
class Engine {
 public:
  virtual ~Engine() = default;
  // Makes the table if it is new. Call this at start-up, with no transaction open. Errc::too_large beyond kMaxTables.
  virtual Result<Table> table(std::string_view name) = 0;
  virtual Result<std::unique_ptr<ReadTransaction>> read() const = 0;
  // Waits for the current writer to end. Only the thread that began the transaction may use it.
  virtual Result<std::unique_ptr<WriteTransaction>> write() = 0;
};

// Makes an engine whose contents are lost when it is destroyed. A snapshot costs nothing, because trees are never
// changed: a write copies one path of its tree.
std::unique_ptr<Engine> make_memory_engine();

// For engines. They check the limits above before anything else. Errc::invalid_argument.
Result<void> check_key(ByteView key);
Result<void> check_seek_key(ByteView key);  // may be empty
Result<void> check_pair(ByteView key, ByteView value);
Result<void> check_table_name(std::string_view name);  // 1 to kMaxTableNameSize bytes, no NUL
bool key_less(ByteView a, ByteView b);                 // memcmp order; a key sorts before its extensions

}  // namespace vault::engine
