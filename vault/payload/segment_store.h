// The inside of the store of segment files. Only its own sources include this; everybody else includes
// payload/segments.h.
//
// segment_uploads.cpp makes room for new uploads and receives whole ones. segment_writes.cpp appends bytes and makes
// them durable. segment_store.cpp ends uploads, reads sealed payloads and punches.
//
// Lengths and offsets are in bytes. An upload is in memory (`Upload`) for as long as it has a row; all who work on it
// share that object. There are two locks, taken in this order: SegmentStore::mutex_ (the table of uploads, the next
// extent), then one upload's mutex. No lock is held while the disk works or during a commit. Bytes are durable if a
// committed row counts them (payload/segment_rows.h), and a row counts them only after the sync. A failed sync condemns
// uploads: see payload/segments.h, 4.
#pragma once
#include <atomic>
#include <map>
#include <set>

#include "vault/crypto/hash.h"
#include "vault/payload/segment_file.h"
#include "vault/payload/segment_rows.h"
#include "vault/payload/shared_commits.h"

namespace vault::payload {

using engine::ReadTransaction;
using engine::WriteTransaction;
using keyring::SealedTable;

// An upload's state in memory. Only the state in its row survives a crash. `mutex` guards every member that is not
// const, except `partial`, `paced` and `is_loaded`: these belong to the thread that has set `writing`.
struct Upload {
  Upload(const UploadId& upload_id, UploadRow row)
      : id(upload_id),
        number(row.number),
        owner(std::move(row.owner)),
        length(row.length),
        created(row.created),
        layout(std::move(row.extents)),
        offset(row.durable),
        durable(row.durable),
        touched(row.touched) {
    if (row.condemned) condemned = condemnation();
  }
  static Error condemnation() {
    return {Errc::io, "the disk failed while it stored this upload; begin the upload again"};
  }

  const UploadId id;
  const std::uint64_t number;
  const std::string owner;
  const std::uint64_t length;
  const Instant created;
  const Layout layout;

  std::mutex mutex;
  std::condition_variable changed;  // writing, syncing
  std::uint64_t offset;
  std::uint64_t durable;  // as in the row
  Instant touched;
  bool is_new = false;  // its row is not committed yet
  bool writing = false;
  bool syncing = false;
  bool gone = false;     // discarded, or about to be
  bool sealing = false;  // the row may be gone: another caller's transaction has erased it and may have committed
  std::optional<Error> condemned;
  std::set<SegmentPtr> unsynced;
  BlockTree tree;
  std::uint64_t first_hash = 0;  // the index of hashes[0], a multiple of kBlocksPerRow
  std::vector<Digest> hashes;    // of blocks whose row may still change

  bool is_loaded = false;
  crypto::Sha256 partial;
  std::uint64_t paced = 0;

  Result<void> check() const {
    if (gone) return Error{Errc::not_found, "there is no such upload"};
    if (condemned) return *condemned;
    return {};
  }
};
using UploadPtr = std::shared_ptr<Upload>;  // shared by the table of uploads and the threads that work on one

// The state that a sync makes durable. It is copied under the upload's mutex before the disk is asked to sync, because
// bytes that arrive meanwhile may not be on the disk.
struct Checkpoint {
  UploadPtr upload;
  std::uint64_t durable = 0;
  Digest digest{};
  std::set<SegmentPtr> segments;
  std::uint64_t first_hash = 0;
  std::vector<Digest> hashes;
};

struct Tables {
  SealedTable uploads;  // upload id → UploadRow
  SealedTable records;  // record id → RecordRow
  SealedTable blocks;   // number, row → block hashes
  SealedTable holes;    // segment, offset → length of a freed extent that must be punched
  SealedTable state;    // "next" → NextRow
};

class SegmentStore final : public Store {
 public:
  SegmentStore(engine::Engine& engine, Tables tables, const std::filesystem::path& folder, SegmentOptions options)
      : engine_(engine),
        tables_(std::move(tables)),
        options_(std::move(options)),
        segments_(folder, options_.disk),
        commits_(engine) {}

  Result<void> load();  // must be called before anything else
  Result<void> create(const UploadId& id, std::string_view owner, std::uint64_t length) override;
  Result<void> receive(std::span<const WholeUpload> uploads, std::string_view owner) override;
  Result<UploadStatus> status(const UploadId& id) const override;
  Result<std::uint64_t> write(const UploadId& id, std::uint64_t offset, ByteView bytes) override;
  Result<void> sync(std::span<const UploadId> ids) override;
  Result<void> discard(const UploadId& id) override;
  Result<Payload> finished(const ReadTransaction& txn, const UploadId& id) const override;
  Result<Payload> seal(WriteTransaction& txn, const UploadId& id, const RecordId& record) override;
  Result<bool> dispose(WriteTransaction& txn, const RecordId& record) override;
  Result<std::optional<Payload>> find(const ReadTransaction& txn, const RecordId& record) const override;
  Result<std::vector<SealedPayload>> list(const ReadTransaction& txn, const std::optional<RecordId>& after,
                                          std::size_t max) const override;
  Result<std::unique_ptr<Reader>> open(const RecordId& record) const override;
  Result<void> verify(const RecordId& record, const Digest& expected,
                      const std::function<bool()>& go_on) const override;
  Result<std::size_t> discard_orphans(Instant before, std::size_t max) override;
  Result<std::size_t> punch(std::size_t max) override;
  std::unique_ptr<Hold> hold() override;
  std::vector<const SealedTable*> tables() const override;

 private:
  class PunchHold final : public Hold {
   public:
    explicit PunchHold(SegmentStore& store) : store_(store) {}
    PunchHold(const PunchHold&) = delete;
    PunchHold& operator=(const PunchHold&) = delete;
    ~PunchHold() override {
      const std::lock_guard lock(store_.punch_mutex_);
      --store_.holds_;
    }

   private:
    SegmentStore& store_;
  };

  class SegmentReader final : public Reader {
   public:
    SegmentReader(Segments& segments, const Payload& payload, Extents extents)
        : segments_(segments), payload_(payload), layout_(std::move(extents)) {}
    const Payload& payload() const override { return payload_; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override;

   private:
    Segments& segments_;
    const Payload payload_;
    const Layout layout_;
  };

  Result<UploadPtr> find_upload(const UploadId& id) const;
  Result<void> forget_sealed() const;
  static Result<void> check_new(std::string_view owner, std::uint64_t length);
  Result<UploadPtr> reserve(const UploadId& id, std::string_view owner, std::uint64_t length);
  Result<std::vector<UploadPtr>> reserve_all(std::span<const WholeUpload> uploads, std::string_view owner,
                                             std::uint64_t total);
  Result<void> check_room(std::string_view owner, std::size_t more, std::uint64_t length) const;
  UploadPtr make_upload(const UploadId& id, std::string_view owner, std::uint64_t length);
  Extents take_extents(std::uint64_t length);
  Result<void> prepare(const Upload& upload);
  Result<void> commit_new(const Upload& upload);
  Result<void> keep_whole(std::span<const UploadPtr> made, std::span<const WholeUpload> uploads);
  void give_back(const Extents& extents);
  Result<void> append_bytes(const UploadPtr& upload, ByteView bytes);
  Result<void> append_piece(Upload& upload, ByteView bytes);
  Result<void> load_blocks(Upload& upload) const;
  void pace(Upload& upload, std::uint64_t offset);
  Result<void> sync_uploads(std::span<const UploadPtr> uploads);
  static Result<std::optional<Checkpoint>> begin_sync(const UploadPtr& upload);
  static void end_sync(const Checkpoint& checkpoint, bool is_durable);
  Result<void> sync_segments(std::span<const Checkpoint> checkpoints);
  Result<void> record(WriteTransaction& txn, const Checkpoint& checkpoint);
  void condemn(Upload& upload);
  Result<void> discard_upload(const UploadPtr& upload, std::optional<Instant> unless_touched_since);
  Result<void> let_go(WriteTransaction& txn, std::uint64_t number, std::uint64_t length, const Extents& extents);
  Result<UploadRow> finished_row(const ReadTransaction& txn, const UploadId& id) const;
  Result<RecordRow> record_row(const RecordId& record) const;

  engine::Engine& engine_;
  mutable Tables tables_;
  const SegmentOptions options_;
  mutable Segments segments_;
  SharedCommits commits_;
  std::atomic<bool> allocates_ = true;  // false once the file system could not allocate room ahead

  mutable std::mutex mutex_;  // guards uploads_ and next_; taken before an upload's mutex
  mutable std::map<UploadId, UploadPtr> uploads_;
  NextRow next_;

  std::mutex punch_mutex_;
  int holds_ = 0;
};

}  // namespace vault::payload
