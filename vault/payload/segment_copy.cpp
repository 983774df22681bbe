#include "vault/payload/segment_copy.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "vault/payload/segment_file.h"

namespace vault::payload {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOpenFiles = 32;  // of the source, and as many of the target

Result<const FileDescriptor*> open_in(std::map<std::uint32_t, FileDescriptor>& open, const fs::path& folder,
                                      std::uint32_t segment, int flags) {
  if (const auto found = open.find(segment); found != open.end()) return &found->second;
  TRY(FileDescriptor file, open_file(folder / segment_name(segment), flags));
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

Result<const FileDescriptor*> SegmentCopy::source_file(std::uint32_t segment) {
  if (sources_.size() >= kOpenFiles && !sources_.contains(segment)) sources_.clear();
  auto file = open_in(sources_, source_, segment, O_RDONLY);
  if (!file && file.code() == Errc::not_found)
    return Error{Errc::tampered, "the segment " + segment_name(segment) + " is missing"};
  return file;
}

Result<const FileDescriptor*> SegmentCopy::target_file(std::uint32_t segment) {
  // Target files are synced before they are closed, since a later descriptor may not be told of an error.
  if (targets_.size() >= kOpenFiles && !targets_.contains(segment)) TRY_VOID(sync());
  return open_in(targets_, target_, segment, O_RDWR | O_CREAT);
}

Result<void> SegmentCopy::copy(const StoredPayload& stored, const Advance& advance) {
  struct statvfs disk;
  if (::statvfs(target_.c_str(), &disk) != 0) return system_error(errno, "cannot read the free space of the disk");
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free < reserve_ || free - reserve_ < stored.payload.length)
    return Error{Errc::full,
                 "there is no room in " + target_.string() + " beyond the reserve; make room and run it again"};
  PayloadDigest digest;
  Bytes buffer;
  TRY_VOID(each_part(stored, [&](std::uint32_t segment, std::uint64_t offset, std::size_t size) -> Result<void> {
    TRY(const FileDescriptor* from, source_file(segment));
    TRY(const FileDescriptor* to, target_file(segment));
    buffer.resize(size);
    TRY_VOID(read_segment(*from, offset, buffer, "a segment"));
    digest.update(buffer);
    TRY_VOID(write_at(*to, offset, buffer));
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
    TRY(const FileDescriptor* file, target_file(segment));
    // Otherwise the bytes would be read from the cache, where they are right even if the disk has not kept them.
    ::posix_fadvise(file->get(), static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
    buffer.resize(size);
    TRY_VOID(read_segment(*file, offset, buffer, "a segment"));
    digest.update(buffer);
    return report_advance(advance, size);
  }));
  if (digest.length() != stored.payload.length || digest.finish() != stored.payload.digest)
    return altered(stored, ", in " + target_.string());
  return {};
}

Result<void> SegmentCopy::punch(const StoredPayload& stored) {
  for (const Extent& extent : stored.extents) {
    TRY(const FileDescriptor* file, target_file(extent.segment));
    const std::uint64_t space = (extent.length + kExtentAlignment - 1) / kExtentAlignment * kExtentAlignment;
    if (::fallocate(file->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(extent.offset),
                    static_cast<off_t>(space)) == 0)
      continue;
    if (errno != EOPNOTSUPP) return system_error(errno, "cannot free the space of a payload that was disposed of");
    // A file system without holes cannot free the space, but the bytes must still be destroyed.
    Bytes zeros(static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, extent.length)));
    for (std::uint64_t done = 0; done < extent.length; done += zeros.size())
      TRY_VOID(write_at(*file, extent.offset + done,
                        ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), extent.length - done))));
  }
  return {};
}

Result<void> SegmentCopy::sync() {
  for (const auto& [segment, file] : targets_)
    if (::fdatasync(file.get()) != 0) return system_error(errno, "cannot sync " + segment_name(segment));
  targets_.clear();
  return sync_directory(target_);
}

}  // namespace vault::payload
