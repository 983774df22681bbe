#include "vault/payload/segments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "vault/crypto/hash.h"

namespace vault::payload {
namespace {

namespace fs = std::filesystem;
using engine::ReadTransaction;
using engine::WriteTransaction;
using keyring::SealedTable;
using keyring::TableClass;

constexpr std::byte kRowVersion{1};
constexpr std::uint64_t kBlocksPerRow = 64;             // block hashes are stored so many to a row
constexpr std::uint64_t kAllocationStep = 64ULL << 20;  // segments are allocated ahead by this
constexpr std::uint64_t kWritebackStep = 8ULL << 20;
constexpr std::size_t kOpenSegments = 64;  // kept open without being used
constexpr std::size_t kMaxSharedCommits = 64;
constexpr std::string_view kNextKey = "next";
constexpr std::string_view kRecordsTable = "payload.records";
constexpr std::string_view kHoldFile = "hold.lock";
static_assert(kMaxBatchBytes / kBlockSize < kBlocksPerRow);  // an upload of a batch has one row of blocks

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}
std::uint64_t block_floor(std::uint64_t value) {
  return value / kBlockSize * kBlockSize;
}

// ---- Rows. Integers are big-endian; every row begins with kRowVersion.

class RowWriter {
 public:
  RowWriter() : out_{kRowVersion} {}
  RowWriter& u32(std::uint32_t value) { return raw(big_endian32(value)); }
  RowWriter& u64(std::uint64_t value) { return raw(big_endian64(value)); }
  RowWriter& raw(ByteView bytes) {
    append(out_, bytes);
    return *this;
  }
  RowWriter& text(std::string_view text) {
    u32(static_cast<std::uint32_t>(text.size()));
    return raw(as_bytes(text));
  }
  RowWriter& extents(const Extents& extents) {
    u32(static_cast<std::uint32_t>(extents.size()));
    for (const Extent& e : extents) u32(e.segment).u64(e.offset).u64(e.length);
    return *this;
  }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

// Past the end it gives zeros and `finish` fails.
class RowReader {
 public:
  explicit RowReader(ByteView row) : rest_(row) { version_ = raw(1)[0]; }
  std::uint32_t u32() { return read_big_endian32(raw(4).first<4>()); }
  std::uint64_t u64() { return read_big_endian64(raw(8).first<8>()); }
  std::string text() {
    const std::uint32_t size = u32();
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    return to_text(raw(size));
  }
  template <std::size_t N>
  std::array<std::byte, N> array() {
    std::array<std::byte, N> out;
    std::ranges::copy(raw(N), out.begin());
    return out;
  }
  Extents extents() {
    constexpr std::size_t kSize = 4 + 8 + 8;
    const std::uint32_t count = u32();
    Extents out;
    if (count > rest_.size() / kSize) {
      failed_ = true;
      return out;
    }
    out.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t segment = u32();
      const std::uint64_t offset = u64();
      out.push_back({segment, offset, u64()});
    }
    return out;
  }
  Result<void> finish() const {
    if (version_ != kRowVersion) return Error{Errc::unknown_version, "a payload's row was written by a newer program"};
    if (failed_ || !rest_.empty()) return Error{Errc::malformed, "a payload's row is damaged"};
    return {};
  }

 private:
  ByteView raw(std::size_t size) {
    static constexpr std::array<std::byte, 32> kZeros{};
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return ByteView(kZeros).first(std::min(size, kZeros.size()));
    }
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  ByteView rest_;
  std::byte version_{};
  bool failed_ = false;
};

// Numbers are given out once and name a payload's block rows, before and after it is sealed.
struct UploadRow {
  std::uint64_t number = 0;
  bool condemned = false;
  Instant created;
  Instant touched;
  std::uint64_t length = 0;
  std::uint64_t durable = 0;
  Digest digest{};  // once durable is the length
  std::string owner;
  Extents extents;

  Bytes encode() const {
    return RowWriter()
        .u64(number)
        .u32(condemned ? 1 : 0)
        .u64(static_cast<std::uint64_t>(created.unix_ms))
        .u64(static_cast<std::uint64_t>(touched.unix_ms))
        .u64(length)
        .u64(durable)
        .raw(digest)
        .text(owner)
        .extents(extents)
        .take();
  }
  static Result<UploadRow> decode(ByteView bytes) {
    RowReader in(bytes);
    UploadRow row;
    row.number = in.u64();
    row.condemned = in.u32() != 0;
    row.created.unix_ms = static_cast<std::int64_t>(in.u64());
    row.touched.unix_ms = static_cast<std::int64_t>(in.u64());
    row.length = in.u64();
    row.durable = in.u64();
    row.digest = in.array<32>();
    row.owner = in.text();
    row.extents = in.extents();
    TRY_VOID(in.finish());
    return row;
  }
};

struct RecordRow {
  std::uint64_t number = 0;
  Payload payload;
  Extents extents;

  Bytes encode() const {
    return RowWriter().u64(number).u64(payload.length).raw(payload.digest).extents(extents).take();
  }
  static Result<RecordRow> decode(ByteView bytes) {
    RowReader in(bytes);
    RecordRow row;
    row.number = in.u64();
    row.payload.length = in.u64();
    row.payload.digest = in.array<32>();
    row.extents = in.extents();
    TRY_VOID(in.finish());
    return row;
  }
};

// Where the next extent begins, and the next payload's number. Only ever grows.
struct NextRow {
  std::uint32_t segment = 1;
  std::uint64_t offset = 0;
  std::uint64_t number = 1;

  Bytes encode() const { return RowWriter().u32(segment).u64(offset).u64(number).take(); }
  static Result<NextRow> decode(ByteView bytes) {
    RowReader in(bytes);
    NextRow row;
    row.segment = in.u32();
    row.offset = in.u64();
    row.number = in.u64();
    TRY_VOID(in.finish());
    return row;
  }
};

Bytes hole_key(const Extent& extent) {
  Bytes key = to_bytes(big_endian32(extent.segment));
  append(key, big_endian64(extent.offset));
  return key;
}
Result<Extent> decode_hole(ByteView key, ByteView value) {
  if (key.size() != 12) return Error{Errc::malformed, "a payload's row is damaged"};
  RowReader in(value);
  const std::uint64_t length = in.u64();
  TRY_VOID(in.finish());
  return Extent{read_big_endian32(key.first<4>()), read_big_endian64(key.subspan<4, 8>()), length};
}

Bytes blocks_key(std::uint64_t number, std::uint64_t row) {
  Bytes key = to_bytes(big_endian64(number));
  append(key, big_endian32(static_cast<std::uint32_t>(row)));
  return key;
}
Result<std::vector<Digest>> decode_blocks(ByteView value) {
  if (value.empty() || value.size() % 32 != 1 || value.size() > 1 + 32 * kBlocksPerRow)
    return Error{Errc::malformed, "a payload's list of blocks is damaged"};
  if (value[0] != kRowVersion)
    return Error{Errc::unknown_version, "a payload's list of blocks was written by a newer program"};
  std::vector<Digest> out(value.size() / 32);
  for (std::size_t i = 0; i < out.size(); ++i) std::ranges::copy(value.subspan(1 + i * 32, 32), out[i].begin());
  return out;
}

// ---- Segments.

// One open segment file. Thread safe.
class Segment {
 public:
  Segment(std::uint32_t segment_number, FileDescriptor file, std::optional<FileDescriptor> direct, std::uint64_t size)
      : number(segment_number), file_(std::move(file)), direct_(std::move(direct)), allocated_(size) {}
  const std::uint32_t number;
  const FileDescriptor& file() const { return file_; }

  Result<void> write(Disk& disk, std::uint64_t offset, ByteView bytes) {
    if (direct_ && may_be_direct(offset, bytes) && !refuses_direct_) {
      TRY(const bool written, write_direct(*direct_, offset, bytes));
      if (written) return {};
      refuses_direct_ = true;
    }
    return disk.write_at(file_, offset, bytes);
  }

  // Before a row refers to its bytes up to `end`. False: the disk only promised the room.
  Result<bool> prepare(Disk& disk, const fs::path& folder, std::uint64_t end, std::uint64_t capacity) {
    const std::lock_guard lock(prepare_mutex_);
    if (!established_) TRY_VOID(disk.sync_file_and_folder(file_, folder));
    established_ = true;
    if (end <= allocated_) return true;
    const std::uint64_t to = std::max(end, std::min(capacity, round_up(end, kAllocationStep)));
    TRY(const bool taken, disk.allocate(file_, allocated_, to - allocated_));
    allocated_ = to;
    return taken;
  }

  // Everything written before the call. One sync serves all who came while the one before it ran. A failure sticks: the
  // kernel reports it once, and then forgets which pages it has dropped.
  Result<void> sync(Disk& disk) {
    std::unique_lock lock(sync_mutex_);
    const std::uint64_t ticket = ++wanted_;
    while (done_ < ticket && !failure_) {
      if (running_) {
        changed_.wait(lock);
        continue;
      }
      running_ = true;
      const std::uint64_t upto = wanted_;
      lock.unlock();
      Result<void> outcome = disk.sync_data(file_);
      lock.lock();
      running_ = false;
      if (outcome) {
        done_ = upto;
      } else {
        failure_ = Error{Errc::io, outcome.error().message};
      }
      changed_.notify_all();
    }
    if (done_ < ticket) return *failure_;
    return {};
  }
  bool has_failed() const {
    const std::lock_guard lock(sync_mutex_);
    return failure_.has_value();
  }

 private:
  const FileDescriptor file_;
  const std::optional<FileDescriptor> direct_;  // the same file, past the page cache
  std::atomic<bool> refuses_direct_ = false;
  std::mutex prepare_mutex_;
  bool established_ = false;
  std::uint64_t allocated_;

  mutable std::mutex sync_mutex_;
  std::condition_variable changed_;
  std::uint64_t wanted_ = 0;
  std::uint64_t done_ = 0;
  bool running_ = false;
  std::optional<Error> failure_;
};
using SegmentPtr = std::shared_ptr<Segment>;  // shared by uploads, readers and the cache

// Opens segments, keeps the last used ones open, and for ever those whose sync has failed. Thread safe.
class Segments {
 public:
  Segments(fs::path folder, std::shared_ptr<Disk> disk) : folder_(std::move(folder)), disk_(std::move(disk)) {}
  Disk& disk() const { return *disk_; }
  const fs::path& folder() const { return folder_; }

  static std::string name_of(std::uint32_t number) { return segment_name(number); }

  Result<SegmentPtr> open(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    if (SegmentPtr found = known_[number].lock()) {
      keep(found);
      return found;
    }
    TRY(FileDescriptor file, disk_->open_segment(folder_ / name_of(number)));
    TRY(auto direct, disk_->open_direct(folder_ / name_of(number)));
    struct stat status;
    if (::fstat(file.get(), &status) != 0) return system_error(errno, "cannot look at a segment");
    auto made = std::make_shared<Segment>(number, std::move(file), std::move(direct),
                                          static_cast<std::uint64_t>(status.st_size));
    known_[number] = made;
    keep(made);
    return made;
  }
  void retire(const SegmentPtr& failed) {
    const std::lock_guard lock(mutex_);
    failed_[failed->number] = failed;
  }
  bool is_retired(std::uint32_t number) const {
    const std::lock_guard lock(mutex_);
    return failed_.contains(number);
  }

 private:
  void keep(const SegmentPtr& segment) {
    std::erase(recent_, segment);
    recent_.push_back(segment);
    if (recent_.size() <= kOpenSegments) return;
    const std::uint32_t oldest = recent_.front()->number;
    recent_.pop_front();
    if (known_[oldest].expired()) known_.erase(oldest);
  }
  const fs::path folder_;
  const std::shared_ptr<Disk> disk_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::weak_ptr<Segment>> known_;
  std::deque<SegmentPtr> recent_;
  std::map<std::uint32_t, SegmentPtr> failed_;
};

// A piece of a payload within one extent.
struct Piece {
  std::uint32_t segment;
  std::uint64_t offset;  // in the segment
  std::uint64_t length;
};

// Where a payload's bytes are.
class Layout {
 public:
  explicit Layout(Extents extents) : extents_(std::move(extents)) {
    std::uint64_t at = 0;
    for (const Extent& e : extents_) {
      starts_.push_back(at);
      at += e.length;
    }
    length_ = at;
  }
  const Extents& extents() const { return extents_; }
  std::uint64_t length() const { return length_; }
  // The first piece of [offset, offset + size); offset is less than length().
  Piece piece(std::uint64_t offset, std::uint64_t size) const {
    const auto next = std::ranges::upper_bound(starts_, offset);
    const auto index = static_cast<std::size_t>(next - starts_.begin()) - 1;
    const Extent& e = extents_[index];
    const std::uint64_t skip = offset - starts_[index];
    return {e.segment, e.offset + skip, std::min(size, e.length - skip)};
  }

 private:
  Extents extents_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t length_ = 0;
};

// ---- Commits shared by all who wait.

// Thread safe. Each piece of work runs in a write transaction with others'; when one fails, each runs alone.
class SharedCommits {
 public:
  using Work = std::function<Result<void>(WriteTransaction&)>;  // may run twice
  explicit SharedCommits(engine::Engine& engine) : engine_(engine) {}

  Result<void> run(Work work) {
    Waiting mine{std::move(work), {}, false};
    std::unique_lock lock(mutex_);
    queue_.push_back(&mine);
    while (!mine.done) {
      if (running_) {
        changed_.wait(lock);
        continue;
      }
      running_ = true;
      std::vector<Waiting*> batch;
      while (!queue_.empty() && batch.size() < kMaxSharedCommits) {
        batch.push_back(queue_.front());
        queue_.pop_front();
      }
      lock.unlock();
      commit(batch);
      lock.lock();
      for (Waiting* each : batch) each->done = true;
      running_ = false;
      changed_.notify_all();
    }
    return std::move(mine.outcome);
  }

 private:
  struct Waiting {
    Work work;
    Result<void> outcome;
    bool done;
  };
  Result<void> together(std::span<Waiting* const> batch) {
    TRY(const auto txn, engine_.write());
    for (Waiting* each : batch) TRY_VOID(each->work(*txn));
    return txn->commit();
  }
  void commit(std::span<Waiting* const> batch) {
    const Result<void> all = together(batch);
    if (all || batch.size() == 1) {
      for (Waiting* each : batch) each->outcome = all;
      return;
    }
    for (Waiting* each : batch) each->outcome = together(std::span(&each, 1));
  }

  engine::Engine& engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> queue_;
  bool running_ = false;
};

// ---- The store.

// An upload's state in memory; its row says what survives. `mutex` guards what is not const, except that `partial`,
// `paced` and `is_loaded` belong to whoever has set `writing`.
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
    return {Errc::io, "the disk failed to keep what was uploaded; begin the upload again"};
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
  std::uint64_t durable;  // as the row says
  Instant touched;
  bool is_new = false;  // its row is not committed yet
  bool writing = false;
  bool syncing = false;
  bool gone = false;     // discarded, or about to be
  bool sealing = false;  // the row may be gone: somebody else's transaction has erased it
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
using UploadPtr = std::shared_ptr<Upload>;  // shared by the table of uploads and those who work on one

// What a sync makes durable: taken under the upload's mutex, before the disk is asked.
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
  SealedTable holes;    // segment, offset → length: let go, to be punched
  SealedTable state;    // "next" → NextRow
};

class SegmentStore final : public Store {
 public:
  SegmentStore(engine::Engine& engine, Tables tables, const fs::path& folder, SegmentOptions options)
      : engine_(engine),
        tables_(std::move(tables)),
        options_(std::move(options)),
        segments_(folder, options_.disk),
        commits_(engine) {}

  Result<void> load() {
    TRY(const auto txn, engine_.read());
    TRY(const auto next, tables_.state.get(*txn, as_bytes(kNextKey)));
    if (next) {
      TRY(next_, NextRow::decode(*next));
    }
    return tables_.uploads.scan(*txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
      if (key.size() != 16) return Error{Errc::malformed, "a payload's row is damaged"};
      std::array<std::byte, 16> uuid;
      std::ranges::copy(key, uuid.begin());
      TRY(UploadRow row, UploadRow::decode(value));
      const UploadId id = UploadId::from_uuid(uuid);
      uploads_.emplace(id, std::make_shared<Upload>(id, std::move(row)));
      return true;
    });
  }

  Result<void> create(const UploadId& id, std::string_view owner, std::uint64_t length) override {
    TRY_VOID(check_new(owner, length));
    TRY_VOID(forget_sealed());
    TRY(const UploadPtr upload, reserve(id, owner, length));
    if (!upload) return {};  // it is there already
    Result<void> outcome = commit_new(*upload);
    if (outcome) {
      const std::lock_guard lock(upload->mutex);
      upload->is_new = false;
      return {};
    }
    if (outcome.code() != Errc::io) give_back(upload->layout.extents());
    const std::lock_guard lock(mutex_);
    uploads_.erase(id);
    return outcome;
  }

  Result<void> receive(std::span<const WholeUpload> uploads, std::string_view owner) override {
    std::uint64_t total = 0;
    if (uploads.empty()) return Error{Errc::invalid_argument, "there is nothing to receive"};
    if (uploads.size() > kMaxBatchUploads) return Error{Errc::too_large, "too many uploads at once"};
    for (const WholeUpload& upload : uploads) {
      TRY_VOID(check_new(owner, upload.bytes.size()));
      total += upload.bytes.size();
    }
    if (total > kMaxBatchBytes) return Error{Errc::too_large, "too much at once"};
    TRY_VOID(forget_sealed());
    TRY(const std::vector<UploadPtr> made, reserve_all(uploads, owner, total));
    const Result<void> outcome = keep_whole(made, uploads);
    if (!outcome && outcome.code() != Errc::io)
      for (const UploadPtr& upload : made) give_back(upload->layout.extents());
    const std::lock_guard lock(mutex_);
    for (const UploadPtr& upload : made) {
      const std::lock_guard upload_lock(upload->mutex);
      if (outcome)
        upload->is_new = false;
      else
        uploads_.erase(upload->id);
    }
    return outcome;
  }

  Result<UploadStatus> status(const UploadId& id) const override {
    TRY(const UploadPtr upload, find_upload(id));
    const std::lock_guard lock(upload->mutex);
    TRY_VOID(upload->check());
    return UploadStatus{upload->owner, upload->length, upload->offset, upload->durable, upload->created};
  }

  Result<std::uint64_t> write(const UploadId& id, std::uint64_t offset, ByteView bytes) override {
    TRY(const UploadPtr upload, find_upload(id));
    {
      const std::lock_guard lock(upload->mutex);
      TRY_VOID(upload->check());
      if (upload->writing) return Error{Errc::busy, "another write to this upload goes on"};
      if (offset != upload->offset)
        return Error{Errc::conflict, "the upload goes on at offset " + std::to_string(upload->offset)};
      if (bytes.size() > upload->length - upload->offset)
        return Error{Errc::too_large, "more bytes than the upload's length"};
      upload->writing = true;
    }
    const Result<void> outcome = append_bytes(upload, bytes);
    const std::lock_guard lock(upload->mutex);
    upload->writing = false;
    upload->changed.notify_all();
    if (!outcome) return outcome.error();
    return upload->offset;
  }

  Result<void> sync(std::span<const UploadId> ids) override {
    std::vector<UploadId> ordered(ids.begin(), ids.end());
    std::ranges::sort(ordered);  // so that two calls never wait for each other
    const auto repeated = std::ranges::unique(ordered);
    ordered.erase(repeated.begin(), repeated.end());
    std::vector<UploadPtr> uploads;
    for (const UploadId& id : ordered) {
      TRY(UploadPtr upload, find_upload(id));
      uploads.push_back(std::move(upload));
    }
    return sync_uploads(uploads);
  }

  Result<void> discard(const UploadId& id) override {
    TRY(const UploadPtr upload, find_upload(id));
    return discard_upload(upload, std::nullopt);
  }

  Result<Payload> finished(const ReadTransaction& txn, const UploadId& id) const override {
    TRY(const UploadRow row, finished_row(txn, id));
    return Payload{row.length, row.digest};
  }

  Result<Payload> seal(WriteTransaction& txn, const UploadId& id, const RecordId& record) override {
    TRY(const UploadRow row, finished_row(txn, id));
    TRY(const auto taken, tables_.records.get(txn, record.uuid()));
    if (taken) return Error{Errc::conflict, "the record has a payload already"};
    const RecordRow sealed{row.number, {row.length, row.digest}, row.extents};
    TRY_VOID(tables_.records.put(txn, record.uuid(), sealed.encode()));
    TRY_VOID(tables_.uploads.erase(txn, id.uuid()));
    const std::lock_guard lock(mutex_);
    if (const auto found = uploads_.find(id); found != uploads_.end()) {
      const std::lock_guard upload_lock(found->second->mutex);
      found->second->sealing = true;
    }
    return sealed.payload;
  }

  Result<bool> dispose(WriteTransaction& txn, const RecordId& record) override {
    TRY(const auto bytes, tables_.records.get(txn, record.uuid()));
    if (!bytes) return false;
    TRY(const RecordRow row, RecordRow::decode(*bytes));
    TRY_VOID(let_go(txn, row.number, row.payload.length, row.extents));
    return tables_.records.erase(txn, record.uuid());
  }

  Result<std::optional<Payload>> find(const ReadTransaction& txn, const RecordId& record) const override {
    TRY(const auto bytes, tables_.records.get(txn, record.uuid()));
    if (!bytes) return std::optional<Payload>();
    TRY(const RecordRow row, RecordRow::decode(*bytes));
    return std::optional(row.payload);
  }

  Result<std::vector<SealedPayload>> list(const ReadTransaction& txn, const std::optional<RecordId>& after,
                                          std::size_t max) const override {
    TRY(const auto page, PayloadRows(tables_.records).page(txn, after, max));
    std::vector<SealedPayload> out;
    for (const StoredPayload& stored : page) out.push_back({stored.record, stored.payload});
    return out;
  }

  Result<std::unique_ptr<Reader>> open(const RecordId& record) const override {
    TRY(RecordRow row, record_row(record));
    return std::make_unique<SegmentReader>(segments_, row.payload, std::move(row.extents));
  }

  Result<void> verify(const RecordId& record, const Digest& expected,
                      const std::function<bool()>& go_on) const override;

  Result<std::size_t> discard_orphans(Instant before, std::size_t max) override {
    TRY_VOID(forget_sealed());
    std::vector<UploadPtr> idle;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, upload] : uploads_) {
        const std::lock_guard upload_lock(upload->mutex);
        if (idle.size() < max && !upload->is_new && upload->touched < before) idle.push_back(upload);
      }
    }
    std::size_t discarded = 0;
    for (const UploadPtr& upload : idle) {
      const auto outcome = discard_upload(upload, before);
      if (!outcome && outcome.code() != Errc::not_found && outcome.code() != Errc::busy) return outcome.error();
      if (outcome) ++discarded;
    }
    return discarded;
  }

  Result<std::size_t> punch(std::size_t max) override;

  std::unique_ptr<Hold> hold() override {
    const std::lock_guard lock(punch_mutex_);  // waits for the punching that goes on
    ++holds_;
    return std::make_unique<PunchHold>(*this);
  }

  std::vector<const SealedTable*> tables() const override {
    return {&tables_.uploads, &tables_.records, &tables_.blocks, &tables_.holes, &tables_.state};
  }

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
  std::atomic<bool> allocates_ = true;  // until the file system says that it cannot

  mutable std::mutex mutex_;  // guards what follows; taken before an upload's
  mutable std::map<UploadId, UploadPtr> uploads_;
  NextRow next_;

  std::mutex punch_mutex_;
  int holds_ = 0;
};

Result<UploadPtr> SegmentStore::find_upload(const UploadId& id) const {
  const Error none{Errc::not_found, "there is no such upload"};
  UploadPtr upload;
  {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(id);
    if (found == uploads_.end()) return none;
    upload = found->second;
  }
  {
    const std::lock_guard lock(upload->mutex);
    if (upload->is_new) return none;
    if (!upload->sealing) return upload;
  }
  TRY(const auto txn, engine_.read());
  TRY(const auto row, tables_.uploads.get(*txn, id.uuid()));
  if (row) return upload;  // the transaction that seals it goes on, or was aborted
  const std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(id); found != uploads_.end() && found->second == upload) uploads_.erase(found);
  return none;
}

// Forgets the uploads whose sealing has committed.
Result<void> SegmentStore::forget_sealed() const {
  std::vector<UploadId> sealing;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, upload] : uploads_) {
      const std::lock_guard upload_lock(upload->mutex);
      if (upload->sealing) sealing.push_back(id);
    }
  }
  for (const UploadId& id : sealing) {
    const auto found = find_upload(id);
    if (!found && found.code() != Errc::not_found) return found.error();
  }
  return {};
}

// A new upload in the table, marked as new; null if the same one is there already.
Result<UploadPtr> SegmentStore::reserve(const UploadId& id, std::string_view owner, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(id); found != uploads_.end()) {
    const std::lock_guard upload_lock(found->second->mutex);
    if (found->second->is_new) return Error{Errc::busy, "this upload is just being made"};
    if (found->second->owner != owner || found->second->length != length)
      return Error{Errc::conflict, "another upload has this id"};
    return UploadPtr();
  }
  TRY_VOID(check_room(owner, 1, length));
  return make_upload(id, owner, length);
}

// With mutex_ held: whether `more` uploads of `length` bytes in all may still be made. Uploads that are just being made
// have not taken their room yet; they are counted before the disk is asked, so that none is missed.
Result<void> SegmentStore::check_room(std::string_view owner, std::size_t more, std::uint64_t length) const {
  if (uploads_.size() + more > options_.max_uploads)
    return Error{Errc::limited, "too many uploads are open; finish or end some"};
  std::size_t owned = 0;
  std::uint64_t owned_bytes = 0;
  std::uint64_t promised = 0;  // at most kMaxUploads lengths of at most kMaxPayloadBytes
  const bool allocates = allocates_;
  for (const auto& [id, upload] : uploads_) {
    if (upload->owner == owner) {
      ++owned;
      owned_bytes += upload->length;
    }
    const std::lock_guard lock(upload->mutex);
    if (upload->is_new)
      promised += upload->length;
    else if (!allocates)
      promised += upload->length - upload->offset;
  }
  if (owned + more > options_.max_uploads_per_owner)
    return Error{Errc::limited, "you have too many uploads open; finish or end some"};
  if (owned > 0 && owned_bytes + length > options_.max_open_bytes_per_owner)
    return Error{Errc::limited, "your open uploads would be longer together than one person's may be (" +
                                    std::to_string(options_.max_open_bytes_per_owner) + " bytes); finish or end some"};
  TRY(const std::uint64_t free, options_.disk->free_bytes(segments_.folder()));
  const std::uint64_t kept = options_.free_space_reserve + promised;
  if (free < kept || free - kept < length) return Error{Errc::full, "the disk has no room for this upload"};
  return {};
}

// All of them in the table, marked as new, or none.
Result<std::vector<UploadPtr>> SegmentStore::reserve_all(std::span<const WholeUpload> uploads, std::string_view owner,
                                                         std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  TRY_VOID(check_room(owner, uploads.size(), total));
  std::set<UploadId> ids;
  for (const WholeUpload& upload : uploads)
    if (uploads_.contains(upload.id) || !ids.insert(upload.id).second)
      return Error{Errc::conflict, "another upload has this id"};
  std::vector<UploadPtr> made;
  for (const WholeUpload& upload : uploads) made.push_back(make_upload(upload.id, owner, upload.bytes.size()));
  return made;
}

// With mutex_ held.
UploadPtr SegmentStore::make_upload(const UploadId& id, std::string_view owner, std::uint64_t length) {
  const Instant now = options_.clock();
  UploadRow row{.number = next_.number++,
                .created = now,
                .touched = now,
                .length = length,
                .owner = std::string(owner),
                .extents = take_extents(length)};
  auto upload = std::make_shared<Upload>(id, std::move(row));
  upload->is_new = true;
  upload->is_loaded = true;
  uploads_.emplace(id, upload);
  return upload;
}

// With mutex_ held. What is taken here is never taken again in this run, committed or not.
Extents SegmentStore::take_extents(std::uint64_t length) {
  Extents out;
  while (length > 0) {
    if (next_.offset >= options_.segment_bytes || segments_.is_retired(next_.segment)) {
      ++next_.segment;
      next_.offset = 0;
    }
    const std::uint64_t part = std::min(length, options_.segment_bytes - next_.offset);
    out.push_back({next_.segment, next_.offset, part});
    next_.offset += round_up(part, kExtentAlignment);
    length -= part;
  }
  return out;
}

Result<void> SegmentStore::check_new(std::string_view owner, std::uint64_t length) {
  if (length == 0) return Error{Errc::invalid_argument, "an upload has at least one byte"};
  if (length > kMaxPayloadBytes) return Error{Errc::too_large, "an upload has at most 1 TiB"};
  if (owner.empty() || owner.size() > kMaxOwnerBytes)
    return Error{Errc::invalid_argument, "an upload's owner has 1 to 128 bytes"};
  return {};
}

// Before a row refers to the upload's extents.
Result<void> SegmentStore::prepare(const Upload& upload) {
  for (const Extent& extent : upload.layout.extents()) {
    TRY(const SegmentPtr segment, segments_.open(extent.segment));
    TRY(const bool taken,
        segment->prepare(*options_.disk, segments_.folder(), extent.offset + round_up(extent.length, kExtentAlignment),
                         options_.segment_bytes));
    if (!taken) allocates_ = false;
  }
  return {};
}

// Bytes first, then the sync, then the rows that say that they are there: what fails on the way leaves nothing.
Result<void> SegmentStore::keep_whole(std::span<const UploadPtr> made, std::span<const WholeUpload> uploads) {
  std::set<SegmentPtr> segments;
  std::vector<std::vector<Digest>> hashes(made.size());
  std::vector<UploadRow> rows(made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Upload& upload = *made[i];
    const ByteView bytes = uploads[i].bytes;
    TRY_VOID(prepare(upload));
    std::uint64_t done = 0;
    for (const Extent& extent : upload.layout.extents()) {
      TRY(SegmentPtr segment, segments_.open(extent.segment));
      TRY_VOID(options_.disk->write_at(segment->file(), extent.offset, bytes.subspan(done, extent.length)));
      segments.insert(std::move(segment));
      done += extent.length;
    }
    BlockTree tree;
    for (std::uint64_t at = 0; at < bytes.size(); at += kBlockSize) {
      hashes[i].push_back(block_hash(bytes.subspan(at, std::min<std::size_t>(kBlockSize, bytes.size() - at))));
      tree.add(hashes[i].back());
    }
    rows[i] = {.number = upload.number,
               .created = upload.created,
               .touched = upload.created,
               .length = upload.length,
               .durable = upload.length,
               .digest = tree.root(),
               .owner = upload.owner,
               .extents = upload.layout.extents()};
  }
  for (const SegmentPtr& segment : segments) {
    const Result<void> synced = segment->sync(*options_.disk);
    if (synced) continue;
    segments_.retire(segment);
    return Upload::condemnation();
  }
  TRY_VOID(commits_.run([&](WriteTransaction& txn) -> Result<void> {
    Bytes next;
    {
      const std::lock_guard lock(mutex_);
      next = next_.encode();  // at least where these end
    }
    TRY_VOID(tables_.state.put(txn, as_bytes(kNextKey), next));
    for (std::size_t i = 0; i < made.size(); ++i) {
      RowWriter blocks;
      for (const Digest& hash : hashes[i]) blocks.raw(hash);
      TRY_VOID(tables_.blocks.put(txn, blocks_key(rows[i].number, 0), blocks.take()));
      TRY_VOID(tables_.uploads.put(txn, made[i]->id.uuid(), rows[i].encode()));
    }
    return {};
  }));
  for (const UploadPtr& upload : made) {
    const std::lock_guard lock(upload->mutex);
    upload->offset = upload->durable = upload->length;
    upload->is_loaded = false;
  }
  return {};
}

Result<void> SegmentStore::commit_new(const Upload& upload) {
  TRY_VOID(prepare(upload));
  const UploadRow row{.number = upload.number,
                      .created = upload.created,
                      .touched = upload.created,
                      .length = upload.length,
                      .owner = upload.owner,
                      .extents = upload.layout.extents()};
  return commits_.run([&](WriteTransaction& txn) -> Result<void> {
    Bytes next;
    {
      const std::lock_guard lock(mutex_);
      next = next_.encode();  // at least where this upload ends
    }
    TRY_VOID(tables_.state.put(txn, as_bytes(kNextKey), next));
    return tables_.uploads.put(txn, upload.id.uuid(), row.encode());
  });
}

// What no row refers to: an upload that could not be made. The space is lost where this fails, and nothing else.
void SegmentStore::give_back(const Extents& extents) {
  for (const Extent& extent : extents) {
    const auto segment = segments_.open(extent.segment);
    if (!segment || !options_.disk->punch((*segment)->file(), extent.offset, round_up(extent.length, kExtentAlignment)))
      return;
  }
}

// With `writing` set. After a restart: the tree and the last row of hashes from what was recorded.
Result<void> SegmentStore::load_blocks(Upload& upload) const {
  TRY(const auto txn, engine_.read());
  const std::uint64_t blocks = block_count(upload.offset);
  BlockTree tree;
  std::vector<Digest> last;
  for (std::uint64_t row = 0; row * kBlocksPerRow < blocks; ++row) {
    TRY(const auto bytes, tables_.blocks.get(*txn, blocks_key(upload.number, row)));
    if (!bytes) return Error{Errc::tampered, "a part of an upload's list of blocks is missing"};
    TRY(last, decode_blocks(*bytes));
    for (const Digest& hash : last) tree.add(hash);
  }
  if (tree.size() != blocks) return Error{Errc::tampered, "an upload's list of blocks does not fit its length"};
  const std::lock_guard lock(upload.mutex);
  upload.tree = std::move(tree);
  upload.first_hash = blocks / kBlocksPerRow * kBlocksPerRow;
  if (blocks % kBlocksPerRow != 0) upload.hashes = std::move(last);
  upload.paced = upload.offset;
  upload.is_loaded = true;
  return {};
}

// With `writing` set.
Result<void> SegmentStore::append_bytes(const UploadPtr& upload, ByteView bytes) {
  if (!upload->is_loaded) TRY_VOID(load_blocks(*upload));
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::uint64_t>(bytes.size(), kBlockSize - upload->offset % kBlockSize);
    TRY_VOID(append_piece(*upload, bytes.first(size)));
    bytes = bytes.subspan(size);
    if (upload->offset - upload->paced >= kWritebackStep) pace(*upload, upload->offset);
    bool is_due = false;
    {
      const std::lock_guard lock(upload->mutex);
      is_due = upload->offset - upload->durable >= options_.sync_interval;
    }
    if (is_due) TRY_VOID(sync_uploads(std::span(&upload, 1)));
  }
  return {};
}

// With `writing` set; within one block. Only here does `offset` change, so reading it needs no lock.
Result<void> SegmentStore::append_piece(Upload& upload, ByteView bytes) {
  std::vector<SegmentPtr> touched;
  for (std::uint64_t done = 0; done < bytes.size();) {
    const Piece piece = upload.layout.piece(upload.offset + done, bytes.size() - done);
    TRY(SegmentPtr segment, segments_.open(piece.segment));
    {
      // Before the bytes: a sync that fails meanwhile has then failed for this upload too.
      const std::lock_guard lock(upload.mutex);
      upload.unsynced.insert(segment);
    }
    TRY_VOID(segment->write(*options_.disk, piece.offset, bytes.subspan(done, piece.length)));
    touched.push_back(std::move(segment));
    done += piece.length;
  }
  upload.partial.update(bytes);
  const std::uint64_t offset = upload.offset + bytes.size();
  std::optional<Digest> hash;
  if (offset % kBlockSize == 0 || offset == upload.length) {
    hash = upload.partial.finish();
    upload.partial = crypto::Sha256();
  }
  const std::lock_guard lock(upload.mutex);
  TRY_VOID(upload.check());
  upload.unsynced.insert(touched.begin(), touched.end());  // a sync may have taken them before the bytes were there
  upload.offset = offset;
  upload.touched = options_.clock();
  if (hash) {
    upload.tree.add(*hash);
    upload.hashes.push_back(*hash);
  }
  return {};
}

// With `writing` set. Starts writing to the disk what is in memory, so that the sync has little left to do.
void SegmentStore::pace(Upload& upload, std::uint64_t offset) {
  while (upload.paced < offset) {
    const Piece piece = upload.layout.piece(upload.paced, offset - upload.paced);
    if (const auto segment = segments_.open(piece.segment))
      options_.disk->start_writeback((*segment)->file(), piece.offset, piece.length);
    upload.paced += piece.length;
  }
}

// Marks the upload as syncing and says what to make durable; an empty optional if there is nothing.
Result<std::optional<Checkpoint>> SegmentStore::begin_sync(const UploadPtr& upload) {
  std::unique_lock lock(upload->mutex);
  upload->changed.wait(lock, [&] { return !upload->syncing; });
  TRY_VOID(upload->check());
  const bool is_complete = upload->offset == upload->length;
  const std::uint64_t durable = is_complete ? upload->length : block_floor(upload->offset);
  if (upload->unsynced.empty() && durable <= upload->durable) return std::optional<Checkpoint>();
  Checkpoint out{.upload = upload,
                 .durable = durable,
                 .digest = is_complete ? upload->tree.root() : Digest{},
                 .segments = std::exchange(upload->unsynced, {}),
                 .first_hash = upload->first_hash,
                 .hashes = upload->hashes};
  upload->syncing = true;
  return std::optional(std::move(out));
}

void SegmentStore::end_sync(const Checkpoint& checkpoint, bool is_durable) {
  Upload& upload = *checkpoint.upload;
  const std::lock_guard lock(upload.mutex);
  upload.syncing = false;
  if (is_durable) {
    upload.durable = std::max(upload.durable, checkpoint.durable);
    const std::uint64_t full = block_count(upload.durable) / kBlocksPerRow * kBlocksPerRow;
    if (full > upload.first_hash) {
      upload.hashes.erase(upload.hashes.begin(),
                          upload.hashes.begin() + static_cast<std::ptrdiff_t>(full - upload.first_hash));
      upload.first_hash = full;
    }
  } else {
    upload.unsynced.insert(checkpoint.segments.begin(), checkpoint.segments.end());
  }
  upload.changed.notify_all();
}

// `uploads` are in the order of their ids.
Result<void> SegmentStore::sync_uploads(std::span<const UploadPtr> uploads) {
  std::vector<Checkpoint> checkpoints;
  Result<void> outcome;
  for (const UploadPtr& upload : uploads) {
    auto begun = begin_sync(upload);
    if (!begun) {
      outcome = begun.error();
      break;
    }
    if (*begun) checkpoints.push_back(std::move(**begun));
  }
  if (outcome && !checkpoints.empty()) outcome = sync_segments(checkpoints);
  if (outcome && !checkpoints.empty()) {
    outcome = commits_.run([&](WriteTransaction& txn) -> Result<void> {
      for (const Checkpoint& checkpoint : checkpoints) TRY_VOID(record(txn, checkpoint));
      return {};
    });
  }
  for (const Checkpoint& checkpoint : checkpoints) end_sync(checkpoint, outcome.has_value());
  return outcome;
}

Result<void> SegmentStore::sync_segments(std::span<const Checkpoint> checkpoints) {
  std::set<SegmentPtr> segments;
  for (const Checkpoint& checkpoint : checkpoints)
    segments.insert(checkpoint.segments.begin(), checkpoint.segments.end());
  Result<void> outcome;
  for (const SegmentPtr& segment : segments) {
    const Result<void> synced = segment->sync(*options_.disk);
    if (synced) continue;
    segments_.retire(segment);
    for (const Checkpoint& checkpoint : checkpoints)
      if (checkpoint.segments.contains(segment)) condemn(*checkpoint.upload);
    outcome = Upload::condemnation();
  }
  return outcome;
}

// In memory at once; in the row as soon as that can be written. If it never is, a restart goes on at the last durable
// offset, before which nothing has failed.
void SegmentStore::condemn(Upload& upload) {
  {
    const std::lock_guard lock(upload.mutex);
    upload.condemned = Upload::condemnation();
  }
  const auto recorded = commits_.run([&](WriteTransaction& txn) -> Result<void> {
    TRY(const auto bytes, tables_.uploads.get(txn, upload.id.uuid()));
    if (!bytes) return {};
    TRY(UploadRow row, UploadRow::decode(*bytes));
    row.condemned = true;
    return tables_.uploads.put(txn, upload.id.uuid(), row.encode());
  });
  (void)recorded;
}

Result<void> SegmentStore::record(WriteTransaction& txn, const Checkpoint& checkpoint) {
  const Upload& upload = *checkpoint.upload;
  TRY(const auto bytes, tables_.uploads.get(txn, upload.id.uuid()));
  if (!bytes) return Error{Errc::not_found, "there is no such upload"};
  TRY(UploadRow row, UploadRow::decode(*bytes));
  row.durable = checkpoint.durable;
  row.digest = checkpoint.digest;
  row.touched = options_.clock();
  TRY_VOID(tables_.uploads.put(txn, upload.id.uuid(), row.encode()));
  // Hashes of blocks beyond the durable ones are not there: a block's hash comes with its last byte.
  for (std::size_t at = 0; at < checkpoint.hashes.size(); at += kBlocksPerRow) {
    RowWriter out;
    for (std::size_t i = at; i < std::min(at + kBlocksPerRow, checkpoint.hashes.size()); ++i)
      out.raw(checkpoint.hashes[i]);
    TRY_VOID(
        tables_.blocks.put(txn, blocks_key(upload.number, (checkpoint.first_hash + at) / kBlocksPerRow), out.take()));
  }
  return {};
}

Result<void> SegmentStore::discard_upload(const UploadPtr& upload, std::optional<Instant> unless_touched_since) {
  {
    std::unique_lock lock(upload->mutex);
    if (upload->gone) return Error{Errc::not_found, "there is no such upload"};
    if (unless_touched_since && (upload->touched >= *unless_touched_since || upload->writing || upload->syncing))
      return Error{Errc::busy, "the upload goes on"};
    upload->gone = true;  // whoever writes stops after the block
    upload->changed.wait(lock, [&] { return !upload->writing && !upload->syncing; });
  }
  const Result<void> outcome = commits_.run([&](WriteTransaction& txn) -> Result<void> {
    TRY(const bool erased, tables_.uploads.erase(txn, upload->id.uuid()));
    if (!erased) return Error{Errc::not_found, "there is no such upload"};  // it was sealed
    return let_go(txn, upload->number, upload->length, upload->layout.extents());
  });
  const std::lock_guard lock(mutex_);
  if (outcome || outcome.code() == Errc::not_found) {
    uploads_.erase(upload->id);
  } else {
    const std::lock_guard upload_lock(upload->mutex);
    upload->gone = false;
  }
  return outcome;
}

Result<void> SegmentStore::let_go(WriteTransaction& txn, std::uint64_t number, std::uint64_t length,
                                  const Extents& extents) {
  for (const Extent& extent : extents)
    TRY_VOID(tables_.holes.put(txn, hole_key(extent), RowWriter().u64(extent.length).take()));
  for (std::uint64_t row = 0; row * kBlocksPerRow < block_count(length); ++row) {
    TRY(const bool erased, tables_.blocks.erase(txn, blocks_key(number, row)));
    if (!erased) break;  // an unfinished upload has no more
  }
  return {};
}

Result<UploadRow> SegmentStore::finished_row(const ReadTransaction& txn, const UploadId& id) const {
  TRY(const auto bytes, tables_.uploads.get(txn, id.uuid()));
  if (!bytes) return Error{Errc::not_found, "there is no such upload"};
  TRY(UploadRow row, UploadRow::decode(*bytes));
  if (row.condemned) return Upload::condemnation();
  if (row.durable != row.length) return Error{Errc::conflict, "the upload is not complete and durable"};
  return row;
}

Result<RecordRow> SegmentStore::record_row(const RecordId& record) const {
  TRY(const auto txn, engine_.read());
  TRY(const auto bytes, tables_.records.get(*txn, record.uuid()));
  if (!bytes) return Error{Errc::not_found, "the record has no payload"};
  return RecordRow::decode(*bytes);
}

Result<void> SegmentStore::SegmentReader::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > payload_.length || out.size() > payload_.length - offset)
    return Error{Errc::invalid_argument, "beyond the end of the payload"};
  while (!out.empty()) {
    const Piece piece = layout_.piece(offset, out.size());
    TRY(const SegmentPtr segment, segments_.open(piece.segment));
    const ssize_t got = ::pread(segment->file().get(), out.data(), piece.length, static_cast<off_t>(piece.offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read " + Segments::name_of(piece.segment));
    if (got == 0) return Error{Errc::tampered, Segments::name_of(piece.segment) + " is shorter than its payloads"};
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<void> SegmentStore::verify(const RecordId& record, const Digest& expected,
                                  const std::function<bool()>& go_on) const {
  TRY(const RecordRow row, record_row(record));
  const SegmentReader reader(segments_, row.payload, row.extents);
  const Layout layout(row.extents);
  BlockTree tree;
  Bytes block;
  std::vector<Digest> recorded;
  for (std::uint64_t index = 0; index < block_count(row.payload.length); ++index) {
    if (go_on && !go_on()) return Error{Errc::cancelled, "asked to stop"};
    if (index % kBlocksPerRow == 0) {
      TRY(const auto txn, engine_.read());
      TRY(const auto bytes, tables_.blocks.get(*txn, blocks_key(row.number, index / kBlocksPerRow)));
      if (!bytes) return Error{Errc::tampered, "a part of the payload's list of blocks is missing"};
      TRY(recorded, decode_blocks(*bytes));
    }
    const std::uint64_t offset = index * kBlockSize;
    block.resize(std::min<std::uint64_t>(kBlockSize, row.payload.length - offset));
    TRY_VOID(reader.read(offset, block));
    const Digest hash = block_hash(block);
    if (index % kBlocksPerRow >= recorded.size() || hash != recorded[index % kBlocksPerRow]) {
      const Piece piece = layout.piece(offset, block.size());
      return Error{Errc::tampered, "block " + std::to_string(index) + " of the payload was altered: it begins at " +
                                       std::to_string(piece.offset) + " in " + Segments::name_of(piece.segment)};
    }
    tree.add(hash);
  }
  if (tree.root() != row.payload.digest || row.payload.digest != expected)
    return Error{Errc::tampered, "the payload is whole but is not the one that was sealed"};
  return {};
}

Result<std::size_t> SegmentStore::punch(std::size_t max) {
  const std::lock_guard lock(punch_mutex_);
  if (holds_ > 0 || max == 0) return std::size_t{0};
  TRY(const FileDescriptor hold, open_file(segments_.folder() / kHoldFile, O_RDWR | O_CREAT));
  if (::flock(hold.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::size_t{0};
    return system_error(errno, "cannot lock the segments");
  }
  Extents holes;
  {
    TRY(const auto txn, engine_.read());
    TRY_VOID(tables_.holes.scan(*txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
      TRY(const Extent hole, decode_hole(key, value));
      if (!segments_.is_retired(hole.segment)) holes.push_back(hole);  // its turn comes after a restart
      return holes.size() < max;
    }));
  }
  if (holes.empty()) return std::size_t{0};
  std::set<SegmentPtr> segments;
  for (const Extent& hole : holes) {
    TRY(SegmentPtr segment, segments_.open(hole.segment));
    TRY_VOID(options_.disk->punch(segment->file(), hole.offset, round_up(hole.length, kExtentAlignment)));
    segments.insert(std::move(segment));
  }
  for (const SegmentPtr& segment : segments) {
    const Result<void> synced = segment->sync(*options_.disk);
    if (synced) continue;
    segments_.retire(segment);
    return synced.error();
  }
  TRY_VOID(commits_.run([&](WriteTransaction& txn) -> Result<void> {
    for (const Extent& hole : holes) TRY_VOID(tables_.holes.erase(txn, hole_key(hole)));
    return {};
  }));
  return holes.size();
}

RecordId record_of(ByteView key) {
  std::array<std::byte, 16> uuid{};
  if (key.size() == uuid.size()) std::ranges::copy(key, uuid.begin());
  return RecordId::from_uuid(uuid);
}

}  // namespace

// ---- Rows for backups.

std::string segment_name(std::uint32_t number) {
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "%08u.seg", number);
  return name.data();
}

Result<PayloadRows> PayloadRows::open(engine::Engine& engine, const keyring::Sealer& sealer) {
  TRY(SealedTable records, SealedTable::make(engine, sealer, kRecordsTable, TableClass::local));
  return PayloadRows(std::move(records));
}

Result<std::optional<StoredPayload>> PayloadRows::find(const ReadTransaction& txn, const RecordId& record) const {
  TRY(const auto bytes, records_.get(txn, record.uuid()));
  if (!bytes) return std::optional<StoredPayload>();
  TRY(RecordRow row, RecordRow::decode(*bytes));
  return std::optional(StoredPayload{record, row.payload, std::move(row.extents)});
}

Result<std::vector<StoredPayload>> PayloadRows::page(const ReadTransaction& txn, const std::optional<RecordId>& after,
                                                     std::size_t max) const {
  std::vector<StoredPayload> out;
  Bytes from;
  if (after) {
    from = to_bytes(ByteView(after->uuid()));
    from.push_back(std::byte{0});  // the least key behind it
  }
  TRY_VOID(records_.scan(txn, {}, from, [&](ByteView key, ByteView value) -> Result<bool> {
    if (out.size() == max) return false;
    TRY(RecordRow row, RecordRow::decode(value));
    out.push_back({record_of(key), row.payload, std::move(row.extents)});
    return true;
  }));
  return out;
}

Result<FileDescriptor> hold_segments(const fs::path& directory) {
  TRY(FileDescriptor hold, open_file(directory / kHoldFile, O_RDWR | O_CREAT));
  while (::flock(hold.get(), LOCK_SH) != 0)
    if (errno != EINTR) return system_error(errno, "cannot lock the segments in " + directory.string());
  return hold;
}

// ---- The disk.

Result<FileDescriptor> Disk::open_segment(const fs::path& path) {
  return open_file(path, O_RDWR | O_CREAT);
}

Result<std::optional<FileDescriptor>> Disk::open_direct(const fs::path& path) {
  return vault::open_direct(path);
}

Result<void> Disk::write_at(const FileDescriptor& file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno, "cannot write to a segment");
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

void Disk::start_writeback(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size) {
  // Never waits, and so never takes the error that the next fdatasync has to report.
  ::sync_file_range(file.get(), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
}

Result<void> Disk::sync_data(const FileDescriptor& file) {
  if (::fdatasync(file.get()) != 0) return system_error(errno, "cannot sync a segment");
  return {};
}

Result<void> Disk::sync_file_and_folder(const FileDescriptor& file, const fs::path& folder) {
  if (::fsync(file.get()) != 0) return system_error(errno, "cannot sync a segment");
  return sync_directory(folder);
}

Result<bool> Disk::allocate(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size) {
  if (::fallocate(file.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0) return true;
  if (errno == EOPNOTSUPP && ::ftruncate(file.get(), static_cast<off_t>(offset + size)) == 0) return false;
  return system_error(errno, "cannot make room in a segment");
}

Result<void> Disk::punch(const FileDescriptor& file, std::uint64_t offset, std::uint64_t size) {
  if (::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(size)) != 0)
    return system_error(errno, "cannot punch out what a segment has let go");
  return {};
}

Result<std::uint64_t> Disk::free_bytes(const fs::path& folder) {
  struct statvfs disk;
  if (::statvfs(folder.c_str(), &disk) != 0) return system_error(errno, "cannot look at the disk");
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

Result<std::unique_ptr<Store>> open_segments(engine::Engine& engine, const keyring::Sealer& sealer,
                                             const fs::path& directory, SegmentOptions options) {
  if (options.segment_bytes == 0 || options.segment_bytes % kExtentAlignment != 0 || !options.disk || !options.clock)
    return Error{Errc::invalid_argument, "a segment's size is a multiple of 4 KiB"};
  if (options.sync_interval < kBlockSize)
    return Error{Errc::invalid_argument, "an upload is synced at block borders, 1 MiB apart"};
  TRY_VOID(make_private_directory(directory));
  TRY_VOID(sync_directory(directory));
  const auto table = [&](std::string_view name) { return SealedTable::make(engine, sealer, name, TableClass::local); };
  TRY(SealedTable uploads, table("payload.uploads"));
  TRY(SealedTable records, table(kRecordsTable));
  TRY(SealedTable blocks, table("payload.blocks"));
  TRY(SealedTable holes, table("payload.holes"));
  TRY(SealedTable state, table("payload.state"));
  auto store = std::make_unique<SegmentStore>(
      engine, Tables{std::move(uploads), std::move(records), std::move(blocks), std::move(holes), std::move(state)},
      directory, std::move(options));
  TRY_VOID(store->load());
  return store;
}

}  // namespace vault::payload
