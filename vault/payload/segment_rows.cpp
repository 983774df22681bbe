#include "vault/payload/segment_rows.h"

#include <algorithm>
#include <array>

namespace vault::payload {
namespace {

constexpr std::byte kRowVersion{1};

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

// Reads a row. Beyond its end every field is zero and `finish` fails, so that callers check for errors only once.
class RowReader {
 public:
  explicit RowReader(ByteView row) : unread_(row) { version_ = raw(1)[0]; }
  std::uint32_t u32() { return read_big_endian32(raw(4).first<4>()); }
  std::uint64_t u64() { return read_big_endian64(raw(8).first<8>()); }
  std::string text() {
    const std::uint32_t size = u32();
    if (size > unread_.size()) {
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
    if (count > unread_.size() / kSize) {  // a damaged count must not make us allocate for it
      failed_ = true;
      return out;
    }
    out.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t segment = u32();
      const std::uint64_t offset = u64();  // a variable for each, because they must be read in this order
      out.push_back({segment, offset, u64()});
    }
    return out;
  }
  Result<void> finish() const {
    if (version_ != kRowVersion) return Error{Errc::unknown_version, "a payload's row was written by a newer program"};
    if (failed_ || !unread_.empty()) return Error{Errc::malformed, "a payload's row is damaged"};
    return {};
  }

 private:
  ByteView raw(std::size_t size) {
    static constexpr std::array<std::byte, 32> kZeros{};
    if (size > unread_.size()) {
      failed_ = true;
      unread_ = {};
      return ByteView(kZeros).first(std::min(size, kZeros.size()));
    }
    const ByteView out = unread_.first(size);
    unread_ = unread_.subspan(size);
    return out;
  }
  ByteView unread_;
  std::byte version_{};
  bool failed_ = false;
};

}  // namespace

Bytes UploadRow::encode() const {
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
Result<UploadRow> UploadRow::decode(ByteView bytes) {
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

Bytes RecordRow::encode() const {
  return RowWriter().u64(number).u64(payload.length).raw(payload.digest).extents(extents).take();
}
Result<RecordRow> RecordRow::decode(ByteView bytes) {
  RowReader in(bytes);
  RecordRow row;
  row.number = in.u64();
  row.payload.length = in.u64();
  row.payload.digest = in.array<32>();
  row.extents = in.extents();
  TRY_VOID(in.finish());
  return row;
}

Bytes NextRow::encode() const {
  return RowWriter().u32(segment).u64(offset).u64(number).take();
}
Result<NextRow> NextRow::decode(ByteView bytes) {
  RowReader in(bytes);
  NextRow row;
  row.segment = in.u32();
  row.offset = in.u64();
  row.number = in.u64();
  TRY_VOID(in.finish());
  return row;
}

Bytes hole_key(const Extent& extent) {
  Bytes key = to_bytes(big_endian32(extent.segment));
  append(key, big_endian64(extent.offset));
  return key;
}
Bytes encode_hole(const Extent& extent) {
  return RowWriter().u64(extent.length).take();
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
Bytes encode_blocks(std::span<const Digest> hashes) {
  RowWriter row;
  for (const Digest& hash : hashes) row.raw(hash);
  return row.take();
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

// ---- For backups.

namespace {

RecordId record_of(ByteView key) {
  std::array<std::byte, 16> uuid{};
  if (key.size() == uuid.size()) std::ranges::copy(key, uuid.begin());
  return RecordId::from_uuid(uuid);
}

}  // namespace

Result<PayloadRows> PayloadRows::open(engine::Engine& engine, const keyring::Sealer& sealer) {
  TRY(keyring::SealedTable records,
      keyring::SealedTable::make(engine, sealer, kRecordsTable, keyring::TableClass::local));
  return PayloadRows(std::move(records));
}

Result<std::optional<StoredPayload>> PayloadRows::find(const engine::ReadTransaction& txn,
                                                       const RecordId& record) const {
  TRY(const auto bytes, records_.get(txn, record.uuid()));
  if (!bytes) return std::optional<StoredPayload>();
  TRY(RecordRow row, RecordRow::decode(*bytes));
  return std::optional(StoredPayload{record, row.payload, std::move(row.extents)});
}

Result<std::vector<StoredPayload>> PayloadRows::page(const engine::ReadTransaction& txn,
                                                     const std::optional<RecordId>& after, std::size_t max) const {
  std::vector<StoredPayload> out;
  Bytes from;
  if (after) {
    from = to_bytes(ByteView(after->uuid()));
    from.push_back(std::byte{0});  // makes the least key that comes after it
  }
  TRY_VOID(records_.scan(txn, {}, from, [&](ByteView key, ByteView value) -> Result<bool> {
    if (out.size() == max) return false;
    TRY(RecordRow row, RecordRow::decode(value));
    out.push_back({record_of(key), row.payload, std::move(row.extents)});
    return true;
  }));
  return out;
}

}  // namespace vault::payload
