#include "vault/payload/segment_store.h"

#include <algorithm>

namespace vault::payload {

Result<void> SegmentStore::load() {
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

std::vector<const SealedTable*> SegmentStore::tables() const {
  return {&tables_.uploads, &tables_.records, &tables_.blocks, &tables_.holes, &tables_.state};
}

// ---- Uploads, until they are sealed or discarded.

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
  // The store is not told whether the transaction that sealed the upload has committed. The row tells: sealing erases
  // it.
  TRY(const auto txn, engine_.read());
  TRY(const auto row, tables_.uploads.get(*txn, id.uuid()));
  if (row) return upload;  // that transaction is still open, or was aborted
  const std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(id); found != uploads_.end() && found->second == upload) uploads_.erase(found);
  return none;
}

// Forgets the uploads whose sealing has committed, so that they no longer count towards the limits.
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

Result<UploadStatus> SegmentStore::status(const UploadId& id) const {
  TRY(const UploadPtr upload, find_upload(id));
  const std::lock_guard lock(upload->mutex);
  TRY_VOID(upload->check());
  return UploadStatus{upload->owner, upload->length, upload->offset, upload->durable, upload->created};
}

Result<void> SegmentStore::discard(const UploadId& id) {
  TRY(const UploadPtr upload, find_upload(id));
  return discard_upload(upload, std::nullopt);
}

Result<void> SegmentStore::discard_upload(const UploadPtr& upload, std::optional<Instant> unless_touched_since) {
  {
    std::unique_lock lock(upload->mutex);
    if (upload->gone) return Error{Errc::not_found, "there is no such upload"};
    if (unless_touched_since && (upload->touched >= *unless_touched_since || upload->writing || upload->syncing))
      return Error{Errc::busy, "the upload is still being written"};
    upload->gone = true;  // a thread that is writing stops after its current block
    upload->changed.wait(lock, [&] { return !upload->writing && !upload->syncing; });
  }
  const Result<void> outcome = commits_.run([&](WriteTransaction& txn) -> Result<void> {
    TRY(const bool erased, tables_.uploads.erase(txn, upload->id.uuid()));
    if (!erased) return Error{Errc::not_found, "there is no such upload"};  // it was sealed meanwhile
    return let_go(txn, upload->number, upload->length, upload->layout.extents());
  });
  const std::lock_guard lock(mutex_);
  if (outcome || outcome.code() == Errc::not_found) {
    uploads_.erase(upload->id);
  } else {
    // The row is still there, so the upload is too, and may be discarded again later.
    const std::lock_guard upload_lock(upload->mutex);
    upload->gone = false;
  }
  return outcome;
}

Result<std::size_t> SegmentStore::discard_orphans(Instant before, std::size_t max) {
  TRY_VOID(forget_sealed());
  std::vector<UploadPtr> idle;  // collected first, because discarding waits for the disk and must not hold the lock
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

// ---- Sealed payloads.

Result<UploadRow> SegmentStore::finished_row(const ReadTransaction& txn, const UploadId& id) const {
  TRY(const auto bytes, tables_.uploads.get(txn, id.uuid()));
  if (!bytes) return Error{Errc::not_found, "there is no such upload"};
  TRY(UploadRow row, UploadRow::decode(*bytes));
  if (row.condemned) return Upload::condemnation();
  if (row.durable != row.length) return Error{Errc::conflict, "the upload is not complete, or is not durable yet"};
  return row;
}

Result<Payload> SegmentStore::finished(const ReadTransaction& txn, const UploadId& id) const {
  TRY(const UploadRow row, finished_row(txn, id));
  return Payload{row.length, row.digest};
}

Result<Payload> SegmentStore::seal(WriteTransaction& txn, const UploadId& id, const RecordId& record) {
  TRY(const UploadRow row, finished_row(txn, id));
  TRY(const auto taken, tables_.records.get(txn, record.uuid()));
  if (taken) return Error{Errc::conflict, "the record has a payload already"};
  const RecordRow sealed{row.number, {row.length, row.digest}, row.extents};
  TRY_VOID(tables_.records.put(txn, record.uuid(), sealed.encode()));
  TRY_VOID(tables_.uploads.erase(txn, id.uuid()));
  // The caller may still abort, so the upload is only marked. find_upload looks at its row before it forgets it.
  const std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(id); found != uploads_.end()) {
    const std::lock_guard upload_lock(found->second->mutex);
    found->second->sealing = true;
  }
  return sealed.payload;
}

Result<bool> SegmentStore::dispose(WriteTransaction& txn, const RecordId& record) {
  TRY(const auto bytes, tables_.records.get(txn, record.uuid()));
  if (!bytes) return false;
  TRY(const RecordRow row, RecordRow::decode(*bytes));
  TRY_VOID(let_go(txn, row.number, row.payload.length, row.extents));
  return tables_.records.erase(txn, record.uuid());
}

Result<std::optional<Payload>> SegmentStore::find(const ReadTransaction& txn, const RecordId& record) const {
  TRY(const auto bytes, tables_.records.get(txn, record.uuid()));
  if (!bytes) return std::optional<Payload>();
  TRY(const RecordRow row, RecordRow::decode(*bytes));
  return std::optional(row.payload);
}

Result<std::vector<SealedPayload>> SegmentStore::list(const ReadTransaction& txn, const std::optional<RecordId>& after,
                                                      std::size_t max) const {
  TRY(const auto page, PayloadRows(tables_.records).page(txn, after, max));
  std::vector<SealedPayload> out;
  for (const StoredPayload& stored : page) out.push_back({stored.record, stored.payload});
  return out;
}

Result<RecordRow> SegmentStore::record_row(const RecordId& record) const {
  TRY(const auto txn, engine_.read());
  TRY(const auto bytes, tables_.records.get(*txn, record.uuid()));
  if (!bytes) return Error{Errc::not_found, "the record has no payload"};
  return RecordRow::decode(*bytes);
}

Result<std::unique_ptr<Reader>> SegmentStore::open(const RecordId& record) const {
  TRY(RecordRow row, record_row(record));
  return std::make_unique<SegmentReader>(segments_, row.payload, std::move(row.extents));
}

Result<void> SegmentStore::SegmentReader::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > payload_.length || out.size() > payload_.length - offset)
    return Error{Errc::invalid_argument, "beyond the end of the payload"};
  while (!out.empty()) {
    const Piece piece = layout_.piece(offset, out.size());
    TRY(const SegmentPtr segment, segments_.open(piece.segment));
    if (piece.length == 0) return Error{Errc::tampered, "a payload's extents are shorter than the payload"};
    TRY_VOID(segment->read(piece.offset, out.first(piece.length)));
    offset += piece.length;
    out = out.subspan(piece.length);
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
      // A transaction for each row of hashes: one for the whole payload could keep old pages in use for hours.
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
                                       std::to_string(piece.offset) + " in " + segment_name(piece.segment)};
    }
    tree.add(hash);
  }
  // The rows of hashes only help to name the altered block. The caller's digest, which the ledger binds, is what
  // counts.
  if (tree.root() != row.payload.digest || row.payload.digest != expected)
    return Error{Errc::tampered, "every block of the payload is intact, but it is not the payload that was sealed"};
  return {};
}

// ---- Freeing space.

Result<void> SegmentStore::let_go(WriteTransaction& txn, std::uint64_t number, std::uint64_t length,
                                  const Extents& extents) {
  for (const Extent& extent : extents) TRY_VOID(tables_.holes.put(txn, hole_key(extent), encode_hole(extent)));
  for (std::uint64_t row = 0; row * kBlocksPerRow < block_count(length); ++row) {
    TRY(const bool erased, tables_.blocks.erase(txn, blocks_key(number, row)));
    if (!erased) break;  // an unfinished upload has no further rows
  }
  return {};
}

Result<std::size_t> SegmentStore::punch(std::size_t max) {
  const std::lock_guard lock(punch_mutex_);
  if (holds_ > 0 || max == 0) return std::size_t{0};
  TRY(const File hold, File::open_or_make(segments_.folder() / kHoldFile));
  TRY(const bool locked, hold.try_lock(Lock::alone));
  if (!locked) return std::size_t{0};
  Extents holes;
  {
    TRY(const auto txn, engine_.read());
    TRY_VOID(tables_.holes.scan(*txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
      TRY(const Extent hole, decode_hole(key, value));
      if (!segments_.is_retired(hole.segment)) holes.push_back(hole);  // others are punched after a restart
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
  // The rows of holes are erased last. After a crash the same holes are punched again, which does no harm.
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

std::unique_ptr<Store::Hold> SegmentStore::hold() {
  const std::lock_guard lock(punch_mutex_);  // waits until a running `punch` has ended
  ++holds_;
  return std::make_unique<PunchHold>(*this);
}

}  // namespace vault::payload
