// The durable engine: LMDB with full sync, one process at a time (DESIGN 9, 11).
//
// 1. The directory holds data.mdb and lock.mdb (LMDB's) and in-use.lock, which is flocked while the engine lives.
// 2. The memory map starts small and doubles, between transactions, when half of it is used; a write transaction that
//    outgrows it before that gets Errc::retry, or Errc::full when the map is at its limit.
// 3. A reader of another process (a backup) that died with its transaction open is dropped before the map grows.
// 4. While the filesystem has less free than the reserve, put gives Errc::full; erase still works.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "vault/engine/engine.h"

namespace vault::engine {

inline constexpr std::uint64_t kInitialMapBytes = 256ULL << 20;
inline constexpr std::uint64_t kMaxMapBytes = 256ULL << 30;
inline constexpr std::uint64_t kMinMapBytes = 1ULL << 20;
inline constexpr std::uint64_t kFreeSpaceReserve = 64ULL << 20;
inline constexpr unsigned kMaxReaders = 1024;

struct LmdbOptions {
  std::uint64_t initial_map_bytes = kInitialMapBytes;  // kMinMapBytes to max_map_bytes
  std::uint64_t max_map_bytes = kMaxMapBytes;
  std::uint64_t free_space_reserve = kFreeSpaceReserve;
  unsigned max_readers = kMaxReaders;  // read transactions at one time; beyond it read gives Errc::retry
  bool make_tables = true;  // false, for `check`: a table that is absent is Errc::tampered, and nothing is made
  // Told of every commit that fails with Errc::io, before the caller is, by whose transaction it was: what is on the
  // disk is not known, and no transaction may succeed until the engine is opened again. Usually ends the process.
  std::function<void(const Error&)> outcome_unknown = {};
};

class LmdbEngine : public Engine {
 public:
  // A consistent copy with no free pages (and none of their remnants) as `directory`/data.mdb, synced. Writers go on
  // meanwhile. Makes the directory; Errc::conflict if it holds a data.mdb already.
  virtual Result<void> copy_compacted(const std::filesystem::path& directory) const = 0;
  // That the pages themselves are sound, so that what a reader is shown is all that was committed, and nothing older:
  // what seals and digests of single values cannot tell (engine/lmdb_pages.h). Errc::tampered says where it is not.
  // Before any table is opened. Damaged pages may end the process.
  virtual Result<void> verify_pages() const = 0;
};

// Makes the directory (mode 0700) if it is absent; its parent must exist. Errc::busy while another engine has it open;
// Errc::unknown_version, Errc::tampered, Errc::full, Errc::io.
Result<std::unique_ptr<LmdbEngine>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options = {});

// A consistent copy of an engine that another process may be writing to, as `target`/data.mdb, compacted and synced.
// Takes no lock that would stop that process. Makes the target's directory. Errc::not_found when there is no engine,
// Errc::conflict if the target holds a data.mdb already. Not for a process that has the same engine open: it has
// LmdbEngine::copy_compacted.
Result<void> copy_lmdb(const std::filesystem::path& directory, const std::filesystem::path& target);

}  // namespace vault::engine
