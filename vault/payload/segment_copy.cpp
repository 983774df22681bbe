#include "vault/payload/segment_copy.h"

#include "vault/payload/segment_file.h"

namespace vault::payload {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOpenFiles = 32;  // of the source, and as many of the target

// The segment's file among those that are open, or else as `open_it` opens it.
template <class Open>
Result<const File*> open_in(std::map<std::uint32_t, File>& open, const fs::path& folder, std::uint32_t segment,
                            Open open_it) {
  if (const auto found = open.find(segment); found != open.end()) return &found->second;
  TRY(File file, open_it(folder / segment_name(segment)));
  return &open.emplace(segment, std::move(file)).first->second;
}

// Calls `visit` with the segment, the offset and the size of each part of a payload. A part is at most a block long.
Result<void> each_part(const StoredPayload& stored,
                       const std::function<Result<void>(std::uint32_t, std::uint64_t, std::size_t)>& visit) {
  for (const Extent& extent : stored.extents)
    for (std::uint64_t done = 0; done < extent.length;) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, extent.length - done));
      TRY_VOID(visit(extent.segment, extent.offset + done, size));
      done += size;
    }
  return {};
}

Result<void> report_advance(const SegmentCopy::Advance& advance, std::uint64_t bytes) {
  if (advance && !advance(bytes)) return Error{Errc::cancelled, "asked to stop"};
  return {};
}

Error altered(const StoredPayload& stored, std::string_view where) {
  return {Errc::tampered,
          "the payload of " + stored.record.to_string() + " is not the one that was sealed" + std::string(where)};
}

}  // namespace

Result<const File*> SegmentCopy::source_file(std::uint32_t segment) {
  if (sources_.size() >= kOpenFiles && !sources_.contains(segment)) sources_.clear();
  auto file = open_in(sources_, source_, segment, [](const fs::path& path) { return File::open_to_read(path); });
  if (!file && file.code() == Errc::not_found)
    return Error{Errc::tampered, "the segment " + segment_name(segment) + " is missing"};
  return file;
}

Result<const File*> SegmentCopy::target_file(std::uint32_t segment) {
  // Target files are synced before they are closed, since a later descriptor may not be told of an error.
  if (targets_.size() >= kOpenFiles && !targets_.contains(segment)) TRY_VOID(sync());
  return open_in(targets_, target_, segment, File::open_or_make);
}

Result<void> SegmentCopy::copy(const StoredPayload& stored, const Advance& advance) {
  TRY(const std::uint64_t free, free_space(target_));
  if (free < reserve_ || free - reserve_ < stored.payload.length)
    return Error{Errc::full,
                 "there is no room in " + text_of(target_) + " beyond the reserve; make room and run it again"};
  PayloadDigest digest;
  Bytes buffer;
  TRY_VOID(each_part(stored, [&](std::uint32_t segment, std::uint64_t offset, std::size_t size) -> Result<void> {
    TRY(const File* from, source_file(segment));
    TRY(const File* to, target_file(segment));
    buffer.resize(size);
    TRY_VOID(read_segment(*from, offset, buffer));
    digest.update(buffer);
    TRY_VOID(to->write_at(offset, buffer));
    return report_advance(advance, size);
  }));
  if (digest.length() != stored.payload.length || digest.finish() != stored.payload.digest)
    return altered(stored, ", in the folder that it is copied from");
  return {};
}

Result<void> SegmentCopy::verify(const StoredPayload& stored, const Advance& advance) {
  PayloadDigest digest;
  Bytes buffer;
  TRY_VOID(each_part(stored, [&](std::uint32_t segment, std::uint64_t offset, std::size_t size) -> Result<void> {
    TRY(const File* file, target_file(segment));
    // Otherwise the bytes would be read from the cache, where they are right even if the disk has not kept them.
    file->drop_cached(offset, size);
    buffer.resize(size);
    TRY_VOID(read_segment(*file, offset, buffer));
    digest.update(buffer);
    return report_advance(advance, size);
  }));
  if (digest.length() != stored.payload.length || digest.finish() != stored.payload.digest)
    return altered(stored, ", in " + text_of(target_));
  return {};
}

Result<void> SegmentCopy::punch(const StoredPayload& stored) {
  for (const Extent& extent : stored.extents) {
    TRY(const File* file, target_file(extent.segment));
    const std::uint64_t space = (extent.length + kExtentAlignment - 1) / kExtentAlignment * kExtentAlignment;
    TRY(const bool punched, file->punch(extent.offset, space));
    if (punched) continue;
    // A file system without holes cannot free the space, but the bytes must still be destroyed.
    Bytes zeros(static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, extent.length)));
    for (std::uint64_t done = 0; done < extent.length; done += zeros.size())
      TRY_VOID(file->write_at(extent.offset + done,
                              ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), extent.length - done))));
  }
  return {};
}

Result<void> SegmentCopy::sync() {
  for (const auto& [segment, file] : targets_) TRY_VOID(file.sync_data());
  targets_.clear();
  return sync_directory(target_);
}

}  // namespace vault::payload
