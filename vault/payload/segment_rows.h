// The rows of payloads in the engine, as bytes and back: what a restart finds. Values only, nothing is stored here.
// Integers are big-endian, lengths and offsets bytes; every row begins with its version. Each `decode…` gives
// Errc::malformed for a damaged row and Errc::unknown_version for one of a newer program. Format: docs/formats.md
#pragma once
#include <span>
#include <string>
#include <vector>

#include "vault/payload/segments.h"

namespace vault::payload {

inline constexpr std::uint64_t kBlocksPerRow = 64;  // block hashes are stored so many to a row
inline constexpr std::string_view kNextKey = "next";
inline constexpr std::string_view kRecordsTable = "payload.records";
static_assert(kMaxBatchBytes / kBlockSize < kBlocksPerRow);  // an upload of a batch has one row of blocks

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
  Bytes encode() const;
  static Result<UploadRow> decode(ByteView bytes);
};

struct RecordRow {
  std::uint64_t number = 0;
  Payload payload;
  Extents extents;
  Bytes encode() const;
  static Result<RecordRow> decode(ByteView bytes);
};

// Where the next extent begins, and the next payload's number. Only ever grows.
struct NextRow {
  std::uint32_t segment = 1;
  std::uint64_t offset = 0;
  std::uint64_t number = 1;
  Bytes encode() const;
  static Result<NextRow> decode(ByteView bytes);
};

// What was let go, to be punched out.
Bytes hole_key(const Extent& extent);
Bytes encode_hole(const Extent& extent);
Result<Extent> decode_hole(ByteView key, ByteView value);

// At most kBlocksPerRow hashes of a payload's blocks.
Bytes blocks_key(std::uint64_t number, std::uint64_t row);
Bytes encode_blocks(std::span<const Digest> hashes);
Result<std::vector<Digest>> decode_blocks(ByteView value);

}  // namespace vault::payload
