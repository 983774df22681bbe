// Encodes and decodes the rows that describe payloads in the engine. After a restart they are all that is known of a
// payload. Everything here is pure. Integers are big-endian, lengths and offsets are in bytes, and every row begins
// with its version. Each `decode…` returns Errc::malformed for a damaged row and Errc::unknown_version for one that a
// newer program wrote. Format: docs/formats.md
#pragma once
#include <span>
#include <string>
#include <vector>

#include "vault/payload/segments.h"

namespace vault::payload {

inline constexpr std::uint64_t kBlocksPerRow = 64;  // block hashes in one row
inline constexpr std::string_view kNextKey = "next";
inline constexpr std::string_view kRecordsTable = "payload.records";
static_assert(kMaxBatchBytes / kBlockSize < kBlocksPerRow);  // an upload of a batch has one row of blocks

// `number` is given out once. The keys of the payload's block rows contain it, so sealing an upload need not move them.
struct UploadRow {
  std::uint64_t number = 0;
  bool condemned = false;
  Instant created;
  Instant touched;
  std::uint64_t length = 0;
  std::uint64_t durable = 0;
  Digest digest{};  // set when `durable` has reached `length`
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

// Where the next extent begins, and the number of the next payload. Both only grow, so nothing is given out twice.
struct NextRow {
  std::uint32_t segment = 1;
  std::uint64_t offset = 0;
  std::uint64_t number = 1;
  Bytes encode() const;
  static Result<NextRow> decode(ByteView bytes);
};

// The row of an extent that was freed and must be punched out.
Bytes hole_key(const Extent& extent);
Bytes encode_hole(const Extent& extent);
Result<Extent> decode_hole(ByteView key, ByteView value);

// The row of at most kBlocksPerRow hashes of a payload's blocks.
Bytes blocks_key(std::uint64_t number, std::uint64_t row);
Bytes encode_blocks(std::span<const Digest> hashes);
Result<std::vector<Digest>> decode_blocks(ByteView value);

}  // namespace vault::payload
