#include "vault/payload/segment_store.h"

#include <algorithm>

namespace vault::payload {
Result<void> SegmentStore::create(const UploadId& id, std::string_view owner, std::uint64_t length) {
  TRY_VOID(check_new(owner, length));
  TRY_VOID(forget_sealed());
  TRY(const UploadPtr upload, reserve(id, owner, length));
  if (!upload) return {};  // the same upload exists already
  Result<void> outcome = commit_new(*upload);
  if (outcome) {
    const std::lock_guard lock(upload->mutex);
    upload->is_new = false;
    return {};
  }
  // After Errc::io a row may have been committed that refers to these extents, so they are left alone.
  if (outcome.code() != Errc::io) give_back(upload->layout.extents());
  const std::lock_guard lock(mutex_);
  uploads_.erase(id);
  return outcome;
}

Result<void> SegmentStore::receive(std::span<const WholeUpload> uploads, std::string_view owner) {
  std::uint64_t total = 0;
  if (uploads.empty()) return Error{Errc::invalid_argument, "a batch must contain at least one upload"};
  if (uploads.size() > kMaxBatchUploads) return Error{Errc::too_large, "a batch has at most 256 uploads"};
  for (const WholeUpload& upload : uploads) {
    TRY_VOID(check_new(owner, upload.bytes.size()));
    total += upload.bytes.size();
  }
  if (total > kMaxBatchBytes) return Error{Errc::too_large, "a batch has at most 8 MiB"};
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

// Puts a new upload into the table, marked as new. Returns null if the same upload is there already.
Result<UploadPtr> SegmentStore::reserve(const UploadId& id, std::string_view owner, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(id); found != uploads_.end()) {
    const std::lock_guard upload_lock(found->second->mutex);
    if (found->second->is_new) return Error{Errc::busy, "another request is making this upload"};
    if (found->second->owner != owner || found->second->length != length)
      return Error{Errc::conflict, "another upload has this id"};
    return UploadPtr();
  }
  TRY_VOID(check_room(owner, 1, length));
  return make_upload(id, owner, length);
}

// Checks that `more` uploads of `length` bytes in all may still be made. Called with mutex_ held. Uploads that are just
// being made have not taken their room yet. They are counted before the disk is asked for its free space: in the other
// order, one that takes its room in between would be counted neither as promised nor as taken.
Result<void> SegmentStore::check_room(std::string_view owner, std::size_t more, std::uint64_t length) const {
  if (uploads_.size() + more > options_.max_uploads)
    return Error{Errc::limited, "too many uploads are open; finish or end some"};
  std::size_t owned = 0;
  std::uint64_t owned_bytes = 0;
  std::uint64_t promised = 0;  // cannot overflow: at most kMaxUploads lengths of at most kMaxPayloadBytes
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
    return Error{Errc::limited, "with this upload your open uploads would exceed the limit for one person (" +
                                    std::to_string(options_.max_open_bytes_per_owner) + " bytes); finish or end some"};
  TRY(const std::uint64_t free, options_.disk->free_bytes(segments_.folder()));
  const std::uint64_t kept = options_.free_space_reserve + promised;
  if (free < kept || free - kept < length) return Error{Errc::full, "the disk has no room for this upload"};
  return {};
}

// Puts all uploads into the table, marked as new, or none of them.
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

// Called with mutex_ held.
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

// Called with mutex_ held. Extents that are taken here are never taken again in this run, even if the commit fails: it
// may have failed after it reached the disk.
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

// Makes the upload's segments durable and makes room in them. Called before a row refers to the upload's extents.
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

// Writes the bytes, then syncs, then commits the rows that refer to them. Because of this order a failure on the way
// leaves nothing behind that refers to missing bytes.
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
      next = next_.encode();  // read here, since it must be at least where these uploads end
    }
    TRY_VOID(tables_.state.put(txn, as_bytes(kNextKey), next));
    for (std::size_t i = 0; i < made.size(); ++i) {
      TRY_VOID(tables_.blocks.put(txn, blocks_key(rows[i].number, 0), encode_blocks(hashes[i])));
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
      next = next_.encode();  // read here, since it must be at least where this upload ends
    }
    TRY_VOID(tables_.state.put(txn, as_bytes(kNextKey), next));
    return tables_.uploads.put(txn, upload.id.uuid(), row.encode());
  });
}

// Frees the space of an upload that could not be made, to which no row refers. If this fails, only the space is lost.
void SegmentStore::give_back(const Extents& extents) {
  for (const Extent& extent : extents) {
    const auto segment = segments_.open(extent.segment);
    if (!segment || !options_.disk->punch((*segment)->file(), extent.offset, round_up(extent.length, kExtentAlignment)))
      return;
  }
}

}  // namespace vault::payload
