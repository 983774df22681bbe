// The durable engine: LMDB with full sync, used by one process at a time.
//
// 1. The directory contains LMDB's data.mdb and lock.mdb, and in-use.lock, which is flocked while the engine lives.
// 2. The memory map starts small and doubles, between transactions, when half of it is used. A write transaction that
//    outgrows it before that gets Errc::retry, or Errc::full if the map is at its limit.
// 3. If another process (a backup) died while it was reading, its transaction is dropped before the map grows. The
//    pages that it was reading could otherwise never be used again.
// 4. If less of the filesystem is free than the reserve, put returns Errc::full. Erase still works, so that there is a
//    way to make room.
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
  unsigned max_readers = kMaxReaders;  // read transactions at one time; one more gets Errc::retry
  bool make_tables = true;  // `check` sets false: an absent table is then Errc::tampered, and nothing is made
  // Called for every commit that fails with Errc::io, before the caller gets the error. Nobody knows then what is on
  // the disk, so no transaction may be trusted until the engine is opened again. This function usually ends the
  // process.
  std::function<void(const Error&)> outcome_unknown = {};
};

class LmdbEngine : public Engine {
 public:
  // Writes a consistent copy as `directory`/data.mdb and syncs it. The copy has no free pages, so that it has no
  // remnants of erased values either. Writers are not stopped. Makes the directory. Errc::conflict if it has a data.mdb
  // already.
  virtual Result<void> copy_compacted(const std::filesystem::path& directory) const = 0;
  // Checks the pages themselves (engine/lmdb_pages.h): that readers are shown everything that was committed and nothing
  // older. The seals and digests of single values cannot show that a row is missing. Errc::tampered names the damaged
  // table. Call this before any table is opened. Damaged pages may end the process.
  virtual Result<void> verify_pages() const = 0;
};

// Makes the directory (mode 0700) if it is absent; its parent must exist. Errc::busy while another engine has it open;
// Errc::unknown_version, Errc::tampered, Errc::full, Errc::io.
Result<std::unique_ptr<LmdbEngine>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options = {});

// Writes a consistent, compacted copy of an engine as `target`/data.mdb and syncs it. Another process may be writing to
// the engine meanwhile, and is not stopped. Makes the target's directory. Errc::not_found if there is no engine;
// Errc::conflict if the target has a data.mdb already. A process that has the engine open itself must use
// LmdbEngine::copy_compacted instead, because LMDB may be opened only once in a process.
Result<void> copy_lmdb(const std::filesystem::path& directory, const std::filesystem::path& target);

}  // namespace vault::engine
