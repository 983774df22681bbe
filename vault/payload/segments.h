// Stores payloads in append-only segment files beside the engine, for example `payload/00000001.seg`, of 1 GiB each.
//
// 1. The engine's tables describe where everything is. A segment has no structure of its own. Format: docs/formats.md
// 2. Extents begin at multiples of kExtentAlignment. A committed row reserves them, and they are never used again. A
//    segment's file and name are synced before the first row that refers to it. Uploads that arrive whole are written
//    and synced first; then one row both reserves and completes them. Before that row is committed, nothing refers to
//    their bytes.
// 3. Bytes are synced before a row counts them as durable, which happens at least every kSyncInterval. After a crash an
//    upload resumes at that offset, which is a block's border.
// 4. A failed sync condemns the uploads that had unsynced bytes in that segment, because nobody knows which bytes were
//    lost. Nothing more is reserved in the segment.
// 5. While bytes are written to the disk no lock is held. Callers that wait at the same time share syncs and commits.
#pragma once
#include <filesystem>
#include <memory>

#include "vault/base/file.h"
#include "vault/base/time.h"
#include "vault/payload/store.h"

namespace vault::payload {

inline constexpr std::uint64_t kSegmentBytes = 1ULL << 30;
inline constexpr std::uint64_t kExtentAlignment = 4096;
inline constexpr std::uint64_t kSyncInterval = 64ULL << 20;
// More than the engine's reserve, so that payloads stop first and entries can still be written.
inline constexpr std::uint64_t kPayloadReserve = 256ULL << 20;

// The system calls on segment files. Tests replace it to make calls fail and to lose unsynced bytes. Thread safe.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<File> open_segment(const std::filesystem::path& path);  // made if absent
  // Opens the file again to write and read without the page cache. Empty optional if the file system does not allow it.
  virtual Result<std::optional<File>> open_direct(const std::filesystem::path& path);
  virtual Result<void> write_at(const File& file, std::uint64_t offset, ByteView bytes);
  virtual void start_writeback(const File& file, std::uint64_t offset, std::uint64_t size);  // a hint
  virtual Result<void> sync_data(const File& file);
  virtual Result<void> sync_file_and_folder(const File& file, const std::filesystem::path& folder);
  // Extends the file. Returns true if the room now belongs to it, and false if a later write has yet to take it.
  virtual Result<bool> allocate(const File& file, std::uint64_t offset, std::uint64_t size);
  virtual Result<void> punch(const File& file, std::uint64_t offset, std::uint64_t size);
  virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& folder);
};

// Where bytes of a payload are. The extent takes `length` bytes, rounded up to kExtentAlignment.
struct Extent {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const Extent&) const = default;
};
using Extents = std::vector<Extent>;
std::string segment_name(std::uint32_t number);  // "00000001.seg"

struct StoredPayload {
  RecordId record;
  Payload payload;
  Extents extents;
  bool operator==(const StoredPayload&) const = default;
};
// Reads the rows of sealed payloads without a store, for backups, which compare and copy them. It is cheap to copy.
class PayloadRows {
 public:
  // `sealer` must outlive every copy of the result.
  static Result<PayloadRows> open(engine::Engine& engine, const keyring::Sealer& sealer);
  explicit PayloadRows(keyring::SealedTable records) : records_(std::move(records)) {}
  Result<std::optional<StoredPayload>> find(const engine::ReadTransaction& txn, const RecordId& record) const;
  // Returns at most `max` payloads in the order of their records, from the beginning or after `after`.
  Result<std::vector<StoredPayload>> page(const engine::ReadTransaction& txn, const std::optional<RecordId>& after,
                                          std::size_t max) const;

 private:
  keyring::SealedTable records_;
};

// While the returned file is open, no process punches in this folder of segments. A backup takes this hold, since
// it is another process than the one that punches. Waits for punching to end that has begun. Several processes may hold
// at once. The hold ends with the process, even if that is killed.
Result<File> hold_segments(const std::filesystem::path& directory);

struct SegmentOptions {
  std::uint64_t segment_bytes = kSegmentBytes;  // a multiple of kExtentAlignment; may differ from run to run
  std::uint64_t sync_interval = kSyncInterval;  // at least kBlockSize
  // `create` returns Errc::full if less than this would remain free. Room that was promised to other uploads and is not
  // taken yet does not count as free.
  std::uint64_t free_space_reserve = kPayloadReserve;
  std::size_t max_uploads = kMaxUploads;
  std::size_t max_uploads_per_owner = kMaxUploadsPerOwner;
  std::uint64_t max_open_bytes_per_owner = kMaxOpenBytesPerOwner;
  Clock clock = system_clock();
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();  // shared with the test that breaks it
};

// Makes `directory` if it is absent; its parent must exist. Engine and sealer must outlive the store. Open only one
// store for each engine.
Result<std::unique_ptr<Store>> open_segments(engine::Engine& engine, const keyring::Sealer& sealer,
                                             const std::filesystem::path& directory, SegmentOptions options = {});

}  // namespace vault::payload
