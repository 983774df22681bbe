#include "vault/payload/segment_store.h"

#include <algorithm>
#include <utility>

namespace vault::payload {
namespace {

constexpr std::uint64_t kWritebackStep = 8ULL << 20;  // bytes that may gather in memory before their writing begins

std::uint64_t block_floor(std::uint64_t value) {
  return value / kBlockSize * kBlockSize;
}

}  // namespace

Result<std::uint64_t> SegmentStore::write(const UploadId& id, std::uint64_t offset, ByteView bytes) {
  TRY(const UploadPtr upload, find_upload(id));
  {
    const std::lock_guard lock(upload->mutex);
    TRY_VOID(upload->check());
    if (upload->writing) return Error{Errc::busy, "another write to this upload is running"};
    if (offset != upload->offset)
      return Error{Errc::conflict, "the next byte of this upload has the offset " + std::to_string(upload->offset)};
    if (bytes.size() > upload->length - upload->offset)
      return Error{Errc::too_large, "more bytes than the upload's length"};
    upload->writing = true;  // keeps other writers out while the lock is released
  }
  const Result<void> outcome = append_bytes(upload, bytes);
  const std::lock_guard lock(upload->mutex);
  upload->writing = false;
  upload->changed.notify_all();
  if (!outcome) return outcome.error();
  return upload->offset;
}

Result<void> SegmentStore::sync(std::span<const UploadId> ids) {
  std::vector<UploadId> ordered(ids.begin(), ids.end());
  std::ranges::sort(ordered);  // every call begins uploads in one order, so that two never wait for each other
  const auto repeated = std::ranges::unique(ordered);
  ordered.erase(repeated.begin(), repeated.end());
  std::vector<UploadPtr> uploads;
  for (const UploadId& id : ordered) {
    TRY(UploadPtr upload, find_upload(id));
    uploads.push_back(std::move(upload));
  }
  return sync_uploads(uploads);
}

// Restores the tree and the last row of hashes from the rows, after a restart. Called with `writing` set.
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

// Called with `writing` set. Only the thread that has set it changes `offset`, so it needs no lock to read it.
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

// Appends bytes that are within one block. Called with `writing` set, so reading `offset` needs no lock here either.
Result<void> SegmentStore::append_piece(Upload& upload, ByteView bytes) {
  std::vector<SegmentPtr> touched;
  for (std::uint64_t done = 0; done < bytes.size();) {
    const Piece piece = upload.layout.piece(upload.offset + done, bytes.size() - done);
    TRY(SegmentPtr segment, segments_.open(piece.segment));
    {
      // This comes before the bytes are written, so that a sync that fails meanwhile condemns this upload too.
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
  // A sync may have removed the segments from `unsynced` before the bytes were written, so they are inserted again.
  upload.unsynced.insert(touched.begin(), touched.end());
  upload.offset = offset;
  upload.touched = options_.clock();
  if (hash) {
    upload.tree.add(*hash);
    upload.hashes.push_back(*hash);
  }
  return {};
}

// Starts writing to the disk what is in memory, so that the sync has little left to do. Called with `writing` set.
void SegmentStore::pace(Upload& upload, std::uint64_t offset) {
  while (upload.paced < offset) {
    const Piece piece = upload.layout.piece(upload.paced, offset - upload.paced);
    if (const auto segment = segments_.open(piece.segment))
      options_.disk->start_writeback((*segment)->file(), piece.offset, piece.length);
    upload.paced += piece.length;
  }
}

// Marks the upload as syncing and returns the state that must become durable. Empty optional if there is nothing to do.
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
    // Rows that are full and committed never change again, so their hashes need not stay in memory.
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

// `uploads` must be in the order of their ids.
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
  // A failure does not end the loop: the uploads of every segment that fails must be condemned.
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

// Condemns the upload in memory first and then in its row. If the row cannot be written, a restart resumes the upload
// at its last durable offset, which is safe because nothing before it has failed.
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
  // There are no hashes of blocks that are not durable, since a block's hash is known only with its last byte.
  for (std::size_t at = 0; at < checkpoint.hashes.size(); at += kBlocksPerRow) {
    const std::uint64_t blocks_row = (checkpoint.first_hash + at) / kBlocksPerRow;
    const auto hashes = std::span(checkpoint.hashes).subspan(at);
    TRY_VOID(tables_.blocks.put(txn, blocks_key(upload.number, blocks_row),
                                encode_blocks(hashes.first(std::min<std::size_t>(kBlocksPerRow, hashes.size())))));
  }
  return {};
}

}  // namespace vault::payload
