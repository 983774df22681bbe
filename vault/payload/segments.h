// Payloads in append-only segment files beside the engine (DESIGN 8): `payload/00000001.seg`, 1 GiB each.
//
// 1. The engine's tables say where everything is; a segment has no structure of its own. Format: docs/formats.md
// 2. Extents begin at multiples of kExtentAlignment, are reserved by a committed row and never used again. A segment's
//    file and name are synced before the first row that refers to it. Uploads that come whole are written and synced
//    first, and then reserved and complete by one row: until it is committed nothing refers to their bytes.
// 3. Bytes are synced before the row that counts them as durable, at least every kSyncInterval. After a crash an upload
//    goes on at that offset, a block's border.
// 4. A failed sync condemns the uploads that had bytes unsynced in that segment; nothing more is reserved in it.
// 5. No lock is held over the disk's work where bytes arrive; syncs and commits are shared by all who wait.
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
inline constexpr std::uint64_t kPayloadReserve = 256ULL << 20;  // more than the engine's: payloads stop first

// The system calls on segment files. Tests fail them, and lose what was not synced. Thread safe.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<FileDescriptor> open_segment(const std::filesystem::path& path);  // made if absent
  // To write and read past the page cache; nothing where there is no such way.
  virtual Result<std::optional<FileDescriptor>> open_direct(const std::filesystem::path& path);
  virtual Result<void> write_at(const FileDescriptor& file, std::uint64_t offset, ByteView bytes);
  virtual void start_writeback(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size);  // a hint
  virtual Result<void> sync_data(const FileDescriptor& file);
  virtual Result<void> sync_file_and_folder(const FileDescriptor& file, const std::filesystem::path& folder);
  // Extends the file. True: the room is its own from now on; false: what is written later still takes it.
  virtual Result<bool> allocate(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size);
  virtual Result<void> punch(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size);
  virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& folder);
};

// Where bytes of a payload lie. The space is `length` rounded up to kExtentAlignment.
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
// The rows of sealed payloads, without a store: for backups, which compare and copy them. A cheap value.
class PayloadRows {
 public:
  // `sealer` must outlive it.
  static Result<PayloadRows> open(engine::Engine& engine, const keyring::Sealer& sealer);
  explicit PayloadRows(keyring::SealedTable records) : records_(std::move(records)) {}
  Result<std::optional<StoredPayload>> find(const engine::ReadTransaction& txn, const RecordId& record) const;
  // By record, from the first after `after` (the first of all without it), at most `max`.
  Result<std::vector<StoredPayload>> page(const engine::ReadTransaction& txn, const std::optional<RecordId>& after,
                                          std::size_t max) const;

 private:
  keyring::SealedTable records_;
};

// While it lives no process punches in this folder of segments: the hold of a backup, which is another process than the
// one that punches. Waits for the punching that goes on; several may hold. It goes with the process that took it.
Result<FileDescriptor> hold_segments(const std::filesystem::path& directory);

struct SegmentOptions {
  std::uint64_t segment_bytes = kSegmentBytes;  // a multiple of kExtentAlignment; may change between runs
  std::uint64_t sync_interval = kSyncInterval;  // at least kBlockSize
  // `create` leaves so much free, what other uploads were promised and have not taken yet included, or gives
  // Errc::full.
  std::uint64_t free_space_reserve = kPayloadReserve;
  std::size_t max_uploads = kMaxUploads;
  std::size_t max_uploads_per_owner = kMaxUploadsPerOwner;
  std::uint64_t max_open_bytes_per_owner = kMaxOpenBytesPerOwner;
  Clock clock = system_clock();
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();  // shared with the test that breaks it
};

// Makes `directory` if it is absent; its parent must exist. Engine and sealer must outlive the store; one store for
// each engine.
Result<std::unique_ptr<Store>> open_segments(engine::Engine& engine, const keyring::Sealer& sealer,
                                             const std::filesystem::path& directory, SegmentOptions options = {});

}  // namespace vault::payload
