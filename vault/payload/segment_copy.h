// Copies sealed payloads from one folder of segments to another, for backup and restore. Each payload is copied to the
// same segment and offset. The rows that name the place are copied with the engine, and extents are never used twice,
// so a payload that is there already never has to move.
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
  // Both folders must exist. At least `reserve` bytes are left free on the target's disk.
  SegmentCopy(std::filesystem::path source, std::filesystem::path target, std::uint64_t reserve = kPayloadReserve)
      : source_(std::move(source)), target_(std::move(target)), reserve_(reserve) {}

  // Called after each block with its number of bytes. Return false to end the copy with Errc::cancelled.
  using Advance = std::function<bool(std::uint64_t bytes)>;

  // Errc::tampered if the source's bytes are not the payload, and then the copy in the target is worthless too.
  // Errc::full.
  Result<void> copy(const StoredPayload& stored, const Advance& advance = {});
  // Reads the target's bytes again. The system is asked to drop them from its cache first, so that they come from the
  // disk. Errc::tampered unless they are the payload.
  Result<void> verify(const StoredPayload& stored, const Advance& advance = {});
  // Frees the target's space of a payload that was disposed of.
  Result<void> punch(const StoredPayload& stored);
  // Makes everything durable that was copied and punched before this call.
  Result<void> sync();

 private:
  Result<const File*> source_file(std::uint32_t segment);
  Result<const File*> target_file(std::uint32_t segment);
  std::filesystem::path source_;
  std::filesystem::path target_;
  std::uint64_t reserve_;
  std::map<std::uint32_t, File> sources_;
  std::map<std::uint32_t, File> targets_;
};

}  // namespace vault::payload
