// Describes records, which agencies seal in their safes. It has their commands, entries and answers. Docs:
// docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

struct NewRecord {
  static constexpr auto kNotEntered = std::to_array<std::string_view>({"upload"});
  RecordId record;
  UploadId upload;           // a complete upload of this actor
  Digest header{};           // of the age header (a single X25519 stanza)
  Digest descriptor{};       // of the descriptor, an age file for the same recipient
  std::uint64_t length = 0;  // bytes of payload (the ciphertext after the header)
  Digest payload{};          // the payload digest (docs/formats.md)
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;  // true when secured after the agency declared itself complete
  std::optional<CopyId> derived_from;
};
BOOST_DESCRIBE_STRUCT(NewRecord, (),
                      (record, upload, header, descriptor, length, payload, class_, subject, late, derived_from))

struct SealRecords {
  static constexpr std::string_view kKind = "records.seal";
  SafeId safe;
  std::uint64_t epoch = 0;  // another one than the current is a conflict
  std::vector<NewRecord> records;
  std::optional<AgencyId> on_behalf_of;
};
BOOST_DESCRIBE_STRUCT(SealRecords, (), (safe, epoch, records, on_behalf_of))

struct SealedRecord {
  RecordId record;
  Digest header{};
  Digest descriptor{};
  std::uint64_t length = 0;
  Digest payload{};
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;
  std::optional<CopyId> derived_from;
};
BOOST_DESCRIBE_STRUCT(SealedRecord, (),
                      (record, header, descriptor, length, payload, class_, subject, late, derived_from))

struct RecordsSealed {
  static constexpr std::string_view kKind = "records.sealed";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<SealedRecord> records;
  std::optional<AgencyId> on_behalf_of;
};
BOOST_DESCRIBE_STRUCT(RecordsSealed, (), (safe, epoch, records, on_behalf_of))

struct RecordView {
  RecordId record;
  SafeId safe;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;  // of the sealing entry
  Instant sealed;
  PersonId depositor;
  std::uint64_t length = 0;
  Digest header{};
  Digest payload{};
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;
  std::optional<CopyId> derived_from;
  std::optional<AgencyId> on_behalf_of;
  std::optional<bool> original_removed;    // the agency recorded that the file it was made from is gone
  std::optional<vault::Bytes> descriptor;  // only for keyholders
};
BOOST_DESCRIBE_STRUCT(RecordView, (),
                      (record, safe, epoch, seq, sealed, depositor, length, header, payload, class_, subject, late,
                       derived_from, on_behalf_of, original_removed, descriptor))

}  // namespace strongroom::access::wire
