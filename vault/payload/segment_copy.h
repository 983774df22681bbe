// Copies sealed payloads between two folders of segments, each to the place where it was: for backup and restore. The
// rows that say where are copied with the engine; extents are never used twice, so what is there never has to move.
//
// Not thread safe. Nothing is durable before `sync`.
#pragma once
#include <filesystem>
#include <functional>
#include <map>

#include "vault/base/file.h"
#include "vault/payload/segments.h"

namespace vault::payload {

class SegmentCopy {
 public:
  // Both exist. `reserve`: so many bytes are left free where the target is.
  SegmentCopy(std::filesystem::path source, std::filesystem::path target, std::uint64_t reserve = kPayloadReserve)
      : source_(std::move(source)), target_(std::move(target)), reserve_(reserve) {}

  // Called with the number of bytes behind each block; false ends the call with Errc::cancelled.
  using Advance = std::function<bool(std::uint64_t bytes)>;

  // Errc::tampered when the source's bytes are not the payload (the target's are then worth nothing either);
  // Errc::full.
  Result<void> copy(const StoredPayload& stored, const Advance& advance = {});
  // Reads the target's bytes again, from the disk where the system lets go of its cache: Errc::tampered unless they are
  // the payload.
  Result<void> verify(const StoredPayload& stored, const Advance& advance = {});
  // Gives back the target's bytes of a payload that is not there any more.
  Result<void> punch(const StoredPayload& stored);
  // Everything before it is durable.
  Result<void> sync();

 private:
  Result<const FileDescriptor*> source_file(std::uint32_t segment);
  Result<const FileDescriptor*> target_file(std::uint32_t segment);
  std::filesystem::path source_;
  std::filesystem::path target_;
  std::uint64_t reserve_;
  std::map<std::uint32_t, FileDescriptor> sources_;
  std::map<std::uint32_t, FileDescriptor> targets_;
};

}  // namespace vault::payload
