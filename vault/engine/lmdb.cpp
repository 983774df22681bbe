#include "vault/engine/lmdb.h"

#include <lmdb.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <semaphore>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "vault/base/file.h"
#include "vault/base/memory.h"
#include "vault/engine/lmdb_pages.h"

namespace vault::engine {
namespace {

namespace fs = std::filesystem;

// The map can grow only while nobody reads. New readers wait while it grows. The writer waits for older readers, but at
// most this long.
constexpr std::chrono::milliseconds kMaxGrowthWait{1000};
constexpr std::string_view kDataFile = "data.mdb";
constexpr mdb_mode_t kPrivateMode = 0600;
constexpr int kCopyAttempts = 8;  // another process may grow the map between our opening it and reading it

// LMDB returns the system's error numbers beside its own.
std::error_code system_code(int code) {
  return {code, std::generic_category()};
}

Error from_lmdb(int code, std::string_view what) {
  const std::string text = std::string(what) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_MAP_FULL:
      return {Errc::full, text};
    case MDB_READERS_FULL:
      return {Errc::retry, text};
    case MDB_VERSION_MISMATCH:
      return {Errc::unknown_version, text};
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {Errc::tampered, text};
    default:  // foreign: LMDB's codes
      return {system_error(system_code(code), what).code == Errc::full ? Errc::full : Errc::io, text};
  }
}

MDB_val value_of(ByteView bytes) {
  static constexpr std::byte kNone{};  // LMDB needs an address even if there are no bytes
  const std::byte* const data = bytes.empty() ? &kNone : bytes.data();
  return {bytes.size(), const_cast<std::byte*>(data)};  // LMDB does not write through this pointer
}
ByteView view_of(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

// Counts readers, so that the map grows only when there are none, and makes writers wait for each other. LMDB's own
// mutex would do the latter too, but the map must grow when a writer has its turn and has not yet taken that mutex.
class Gate {
 public:
  void enter_reader() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !growing_; });
    ++readers_;
  }
  void leave_reader() {
    const std::lock_guard lock(mutex_);
    if (--readers_ == 0) changed_.notify_all();
  }
  void enter_writer() { writer_.acquire(); }
  void leave_writer() { writer_.release(); }

  // Calls `grow` when there are no readers, or does nothing if some stay for longer than `max_wait`. Called by the
  // writer while it has no transaction.
  template <class Grow>
  void without_readers(std::chrono::milliseconds max_wait, Grow grow) {
    std::unique_lock lock(mutex_);
    growing_ = true;
    if (changed_.wait_for(lock, max_wait, [&] { return readers_ == 0; })) grow();
    growing_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int readers_ = 0;
  bool growing_ = false;
  std::binary_semaphore writer_{1};
};

// The part of the engine that its transactions use.
struct Environment {
  fs::path directory;
  LmdbOptions options;
  File lock;  // locked until LMDB has closed the environment
  MDB_env* env = nullptr;
  Gate gate;
  std::vector<MDB_dbi> tables;  // by Table::index; changed only with no transaction open
  std::uint64_t map_bytes = 0;  // written by the writer only
  bool outgrown = false;        // a write transaction filled the map; written by the writer only
  bool is_cramped = false;      // there was no address space for a larger map; written by the writer only
  bool is_unmapped = false;     // nor for the old map again; written while nobody reads

  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    if (env != nullptr) mdb_env_close(env);
  }

  MDB_dbi dbi(Table table) const {
    invariant(table.index < tables.size(), "the table is of this engine, made before the transaction");
    return tables[table.index];
  }

  bool is_below_reserve() const {
    const auto free = free_space(directory);
    return free && *free < options.free_space_reserve;
  }

  // Whether the disk is nearly full at this moment. It may have had room when the transaction began.
  bool is_nearly_full() const {
    const auto free = lock.free_space();
    return free && *free < options.free_space_reserve;
  }

  // Whether the file has reached the limit for file sizes (ulimit -f, LimitFSIZE=), at which a write is cut short.
  bool is_at_file_size_limit() const {
    const auto data = look_at(directory / kDataFile);
    return data && data->size >= file_size_limit();
  }

  bool can_grow() const { return map_bytes < options.max_map_bytes && !is_cramped; }

  Result<void> check_mapped() const {
    if (is_unmapped) return Error{Errc::io, "the database cannot be mapped into memory any more: restart the program"};
    return {};
  }

  // Called by the writer between transactions, since LMDB cannot grow its map during one.
  void grow_if_needed() {
    if (is_unmapped) return;
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    const std::uint64_t used = (std::uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
    if (!outgrown && used <= map_bytes / 2) return;
    // A reader that died keeps old pages in use, and the map might have to grow only because of them.
    int dead = 0;
    mdb_reader_check(env, &dead);
    if (map_bytes >= options.max_map_bytes) return;
    std::uint64_t wanted = map_bytes * 2;
    while (wanted < used * 2) wanted *= 2;
    wanted = std::min(wanted, options.max_map_bytes);
    // Unless the map is full it can grow another time, so the writer does not wait for readers.
    gate.without_readers(outgrown ? kMaxGrowthWait : std::chrono::milliseconds(0), [&] {
      is_cramped = !has_address_space(wanted - map_bytes);
      if (is_cramped) return;
      // If this fails, LMDB has unmapped the file and cannot map it again. Everything that was committed is safe.
      is_unmapped = mdb_env_set_mapsize(env, wanted) != 0;
      if (is_unmapped) return;
      map_bytes = wanted;
      outgrown = false;
    });
  }
};

// Keeps one cursor for each table in which a transaction has looked for keys, because opening one costs an allocation.
class Cursors {
 public:
  Cursors() = default;
  Cursors(const Cursors&) = delete;
  Cursors& operator=(const Cursors&) = delete;
  ~Cursors() { close(); }

  Result<MDB_cursor*> in(MDB_txn* txn, MDB_dbi dbi) {
    for (const auto& [of, cursor] : open_)
      if (of == dbi) return cursor;
    MDB_cursor* made = nullptr;
    if (const int rc = mdb_cursor_open(txn, dbi, &made); rc != 0) return from_lmdb(rc, "cannot seek");
    open_.emplace_back(dbi, made);
    return made;
  }
  // Must be called before the transaction ends, as LMDB requires of cursors.
  void close() {
    for (const auto& [of, cursor] : open_) mdb_cursor_close(cursor);
    open_.clear();
  }

 private:
  std::vector<std::pair<MDB_dbi, MDB_cursor*>> open_;
};

template <class Interface>
class Reading : public Interface {
 public:
  Reading(Environment& environment, MDB_txn* txn) : environment_(&environment), txn_(txn) {}

  Result<std::optional<ByteView>> get(Table table, ByteView key) const override {
    TRY_VOID(check_key(key));
    TRY_VOID(check_open());
    MDB_val k = value_of(key);
    MDB_val found;
    const int rc = mdb_get(txn_, environment_->dbi(table), &k, &found);
    if (rc == MDB_NOTFOUND) return std::optional<ByteView>();
    if (rc != 0) return from_lmdb(rc, "cannot read a value");
    return std::optional(view_of(found));
  }

  Result<std::optional<KeyValue>> seek(Table table, ByteView key) const override {
    TRY_VOID(check_seek_key(key));
    TRY_VOID(check_open());
    TRY(MDB_cursor* const cursor, cursors_.in(txn_, environment_->dbi(table)));
    MDB_val k = value_of(key);
    MDB_val found;
    return pair_of(mdb_cursor_get(cursor, &k, &found, key.empty() ? MDB_FIRST : MDB_SET_RANGE), k, found);
  }

  Result<std::optional<KeyValue>> seek_back(Table table, ByteView key) const override {
    TRY_VOID(check_seek_key(key));
    TRY_VOID(check_open());
    TRY(MDB_cursor* const cursor, cursors_.in(txn_, environment_->dbi(table)));
    MDB_val k = value_of(key);
    MDB_val found;
    // LMDB can only seek the first key that is not less. Unless that key is equal, the pair before it is the answer.
    int rc = key.empty() ? MDB_NOTFOUND : mdb_cursor_get(cursor, &k, &found, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND) {
      rc = mdb_cursor_get(cursor, &k, &found, MDB_LAST);
    } else if (rc == 0 && key_less(key, view_of(k))) {
      rc = mdb_cursor_get(cursor, &k, &found, MDB_PREV);
    }
    return pair_of(rc, k, found);
  }

  Result<std::uint64_t> count(Table table) const override {
    TRY_VOID(check_open());
    MDB_stat stat;
    if (const int rc = mdb_stat(txn_, environment_->dbi(table), &stat); rc != 0)
      return from_lmdb(rc, "cannot count a table");
    return std::uint64_t{stat.ms_entries};
  }

 protected:
  virtual Result<void> check_open() const { return {}; }

  static Result<std::optional<KeyValue>> pair_of(int rc, const MDB_val& key, const MDB_val& value) {
    if (rc == MDB_NOTFOUND) return std::optional<KeyValue>();
    if (rc != 0) return from_lmdb(rc, "cannot seek");
    return std::optional(KeyValue{view_of(key), view_of(value)});
  }

  Environment* environment_;  // outlives every transaction
  MDB_txn* txn_;
  mutable Cursors cursors_;
};

class LmdbRead final : public Reading<ReadTransaction> {
 public:
  using Reading::Reading;
  ~LmdbRead() override {
    cursors_.close();
    mdb_txn_abort(txn_);
    environment_->gate.leave_reader();
  }
};

class LmdbWrite final : public Reading<WriteTransaction> {
 public:
  LmdbWrite(Environment& environment, MDB_txn* txn)
      : Reading(environment, txn), below_reserve_(environment.is_below_reserve()) {}
  ~LmdbWrite() override {
    if (txn_ == nullptr) return;
    cursors_.close();
    mdb_txn_abort(txn_);
    environment_->gate.leave_writer();
  }

  Result<void> put(Table table, ByteView key, ByteView value) override {
    TRY_VOID(check_pair(key, value));
    TRY_VOID(check_open());
    if (below_reserve_)
      return Error{Errc::full, "the disk is nearly full: the free space is below the reserve; make room and try again"};
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    return checked(mdb_put(txn_, environment_->dbi(table), &k, &v, 0), "cannot store a value");
  }

  Result<bool> erase(Table table, ByteView key) override {
    TRY_VOID(check_key(key));
    TRY_VOID(check_open());
    MDB_val k = value_of(key);
    const int rc = mdb_del(txn_, environment_->dbi(table), &k, nullptr);
    if (rc == MDB_NOTFOUND) return false;
    TRY_VOID(checked(rc, "cannot erase a value"));
    return true;
  }

  Result<void> clear(Table table) override {
    TRY_VOID(check_open());
    return checked(mdb_drop(txn_, environment_->dbi(table), 0), "cannot clear a table");
  }

  Result<void> commit() override {
    invariant(txn_ != nullptr, "a transaction commits once");
    TRY_VOID(check_open());
    cursors_.close();
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    Result<void> outcome;
    if (rc != 0) outcome = commit_failure(rc);
    // This comes before the next writer may begin, so that nobody builds on a state that may not be on the disk.
    if (!outcome && outcome.code() == Errc::io && environment_->options.outcome_unknown)
      environment_->options.outcome_unknown(outcome.error());
    environment_->gate.leave_writer();
    return outcome;
  }

 private:
  Result<void> check_open() const override {
    if (failure_) return *failure_;
    return {};
  }

  // Keeps the first failure for all later calls, because LMDB then allows nothing but an abort.
  Result<void> checked(int rc, std::string_view what) {
    if (rc == 0) return {};
    failure_ = failure_of(rc, what);
    if (rc == MDB_MAP_FULL && environment_->is_cramped)
      failure_ =
          Error{Errc::full,
                "the database cannot grow, because this process has reached its limit of address space: raise it "
                "(ulimit -v, or LimitAS= of the unit) and restart the program"};
    if (rc == MDB_MAP_FULL && environment_->can_grow()) {
      environment_->outgrown = true;
      failure_ = Error{Errc::retry, "the database must grow first; try the same change again"};
    }
    return *failure_;
  }

  // LMDB returns EIO also for a write that was cut short, as happens when the disk is full or a file at its limit.
  Error failure_of(int rc, std::string_view what) const {
    Error error = from_lmdb(rc, what);
    if (system_code(rc) == std::errc::io_error &&
        (environment_->is_nearly_full() || environment_->is_at_file_size_limit()))
      error.code = Errc::full;
    return error;
  }

  // Decides whether a failed commit has left the database unchanged. It has, unless LMDB could not write the meta page;
  // LMDB then refuses every transaction, so a read transaction is tried.
  Error commit_failure(int rc) const {
    const Error error = failure_of(rc, "cannot commit");
    if (error.code != Errc::full) return {Errc::io, error.message};
    MDB_txn* probe = nullptr;
    if (mdb_txn_begin(environment_->env, nullptr, MDB_RDONLY, &probe) != 0) return {Errc::io, error.message};
    mdb_txn_abort(probe);
    if (rc == MDB_MAP_FULL && environment_->can_grow()) {
      environment_->outgrown = true;
      return {Errc::retry, error.message};
    }
    return error;
  }

  bool below_reserve_;
  std::optional<Error> failure_;
};

// Makes `directory`/data.mdb, has `copy` fill it, and syncs it. On failure the file is removed again.
template <class Copy>
Result<void> into_new_file(const fs::path& directory, Copy copy) {
  TRY_VOID(make_private_directory(directory));
  const fs::path target = directory / kDataFile;
  TRY(const File out, File::make_new(target));
  Result<void> outcome = copy(static_cast<mdb_filehandle_t>(out.handle()));
  if (outcome) outcome = out.sync();
  if (outcome) outcome = sync_directory(directory);
  if (!outcome) static_cast<void>(remove_file(target));
  return outcome;
}

// Errc::retry if the map has grown since the environment was opened.
Result<void> copy_once(const fs::path& directory, mdb_filehandle_t out) {
  MDB_env* made = nullptr;
  if (const int rc = mdb_env_create(&made); rc != 0) return from_lmdb(rc, "cannot open the database");
  const std::unique_ptr<MDB_env, decltype(&mdb_env_close)> env(made, mdb_env_close);
  if (const int rc = mdb_env_open(made, directory.c_str(), MDB_RDONLY | MDB_NOTLS, kPrivateMode); rc != 0)
    return system_code(rc) == std::errc::no_such_file_or_directory
               ? Error{Errc::not_found, "there is no database in " + text_of(directory)}
               : from_lmdb(rc, "cannot open the database in " + text_of(directory));
  const int rc = mdb_env_copyfd2(made, out, MDB_CP_COMPACT);
  if (rc == MDB_MAP_RESIZED) return Error{Errc::retry, "the database has just grown"};
  if (rc != 0) return from_lmdb(rc, "cannot copy the database");
  return {};
}

class Lmdb final : public LmdbEngine {
 public:
  Result<void> open(const fs::path& directory, const LmdbOptions& options) {
    if (options.initial_map_bytes < kMinMapBytes || options.max_map_bytes < options.initial_map_bytes ||
        options.max_readers == 0)
      return Error{Errc::invalid_argument, "the database's map limits or its number of readers are out of range"};
    environment_.directory = directory;
    environment_.options = options;
    TRY_VOID(make_private_directory(directory));
    TRY_VOID(take_lock());

    const auto step = [&](int rc) -> Result<void> {
      if (rc == 0) return {};
      return from_lmdb(rc, "cannot open the database in " + text_of(directory));
    };
    TRY_VOID(step(mdb_env_create(&environment_.env)));
    MDB_env* const env = environment_.env;
    TRY_VOID(step(mdb_env_set_mapsize(env, options.initial_map_bytes)));
    TRY_VOID(step(mdb_env_set_maxreaders(env, options.max_readers)));
    TRY_VOID(step(mdb_env_set_maxdbs(env, static_cast<MDB_dbi>(kMaxTables))));
    TRY_VOID(step(mdb_env_open(env, directory.c_str(), MDB_NOTLS | MDB_NORDAHEAD, kPrivateMode)));
    if (static_cast<std::size_t>(mdb_env_get_maxkeysize(env)) < kMaxKeySize)
      return Error{Errc::unsupported,
                   "this system's LMDB was built for shorter keys: install one that takes 511 bytes"};
    MDB_envinfo info;
    TRY_VOID(step(mdb_env_info(env, &info)));
    environment_.map_bytes = info.me_mapsize;  // more than we asked for if the file is larger
    return sync_directory(directory);
  }

  Result<Table> table(std::string_view name) override {
    TRY_VOID(check_table_name(name));
    const std::lock_guard lock(tables_mutex_);
    if (const auto found = indexes_.find(name); found != indexes_.end()) return Table{found->second};
    if (indexes_.size() == kMaxTables) return Error{Errc::too_large, "an engine has at most 128 tables"};
    TRY(const MDB_dbi dbi, open_table(std::string(name)));
    const Table made{static_cast<std::uint32_t>(environment_.tables.size())};
    environment_.tables.push_back(dbi);
    indexes_.emplace(name, made.index);
    return made;
  }

  Result<std::unique_ptr<ReadTransaction>> read() const override {
    environment_.gate.enter_reader();
    MDB_txn* txn = nullptr;
    Result<void> begun = environment_.check_mapped();
    if (begun)
      if (const int rc = mdb_txn_begin(environment_.env, nullptr, MDB_RDONLY, &txn); rc != 0)
        begun = from_lmdb(rc, "cannot begin to read");
    if (!begun) {
      environment_.gate.leave_reader();
      return begun.error();
    }
    return std::make_unique<LmdbRead>(environment_, txn);
  }

  Result<std::unique_ptr<WriteTransaction>> write() override {
    environment_.gate.enter_writer();
    environment_.grow_if_needed();
    MDB_txn* txn = nullptr;
    Result<void> begun = environment_.check_mapped();
    if (begun)
      if (const int rc = mdb_txn_begin(environment_.env, nullptr, 0, &txn); rc != 0)
        begun = from_lmdb(rc, "cannot begin to write");
    if (!begun) {
      environment_.gate.leave_writer();
      return begun.error();
    }
    return std::make_unique<LmdbWrite>(environment_, txn);
  }

  Result<void> copy_compacted(const fs::path& directory) const override {
    return into_new_file(directory, [this](mdb_filehandle_t out) -> Result<void> {
      environment_.gate.enter_reader();
      Result<void> copied = environment_.check_mapped();
      if (copied)
        if (const int rc = mdb_env_copyfd2(environment_.env, out, MDB_CP_COMPACT); rc != 0)
          copied = from_lmdb(rc, "cannot copy the database");
      environment_.gate.leave_reader();
      return copied;
    });
  }

  Result<void> verify_pages() const override {
    TRY(const File data, File::open_to_read(environment_.directory / kDataFile));
    environment_.gate.enter_writer();  // so that the meta pages do not change between the reads
    MDB_txn* txn = nullptr;
    const int rc = mdb_txn_begin(environment_.env, nullptr, MDB_RDONLY, &txn);
    const Result<void> outcome =
        rc == 0 ? engine::verify_pages(txn, data) : Result<void>(from_lmdb(rc, "cannot begin to read"));
    if (rc == 0) mdb_txn_abort(txn);  // closes the handles that it opened too
    environment_.gate.leave_writer();
    return outcome;
  }

 private:
  Result<void> take_lock() {
    // LMDB would let a second process write too, but we rely on nobody else changing the data or growing the map.
    const fs::path path = environment_.directory / "in-use.lock";
    TRY(environment_.lock, File::open_or_make(path));
    TRY(const bool locked, environment_.lock.try_lock(Lock::alone));
    if (!locked)
      return Error{Errc::busy, "another process has " + text_of(environment_.directory) + " open; stop it first"};
    return {};
  }

  Result<MDB_dbi> open_table(const std::string& name) {
    environment_.gate.enter_writer();
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    int rc = mdb_txn_begin(environment_.env, nullptr, 0, &txn);
    if (rc == 0) {
      rc = mdb_dbi_open(txn, name.c_str(), environment_.options.make_tables ? MDB_CREATE : 0U, &dbi);
      if (rc == 0) {
        rc = mdb_txn_commit(txn);
      } else {
        mdb_txn_abort(txn);
      }
    }
    environment_.gate.leave_writer();
    if (rc == MDB_NOTFOUND) return Error{Errc::tampered, "the table " + name + " is missing"};
    if (rc != 0) return from_lmdb(rc, "cannot open the table " + name);
    return dbi;
  }

  mutable Environment environment_;
  std::mutex tables_mutex_;
  std::map<std::string, std::uint32_t, std::less<>> indexes_;
};

}  // namespace

Result<std::unique_ptr<LmdbEngine>> open_lmdb(const fs::path& directory, const LmdbOptions& options) {
  auto engine = std::make_unique<Lmdb>();
  TRY_VOID(engine->open(directory, options));
  return engine;
}

Result<void> copy_lmdb(const fs::path& directory, const fs::path& target) {
  return into_new_file(target, [&](mdb_filehandle_t out) -> Result<void> {
    for (int attempt = 1;; ++attempt) {
      const Result<void> copied = copy_once(directory, out);
      if (copied || copied.code() != Errc::retry || attempt == kCopyAttempts) return copied;
      // Nothing was written to `out`, because the transaction did not begin.
    }
  });
}

}  // namespace vault::engine
