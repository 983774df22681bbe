// A copy, as the ledger proves it: who issued it to whom, for which records, and what a colleague prepared for its
// holder. Formats: docs/formats.md, "index.age"
#pragma once
#include "cli/client/proof/sealings.h"

namespace cli::client {

struct IndexedFile {
  std::string file;  // "0001.age"
  access::RecordId record;
  std::string path;  // as in the descriptor
  std::uint64_t size = 0;
  Digest sha256{};
  std::uint64_t length = 0;  // of the payload
  Digest payload{};
  std::string modified;
  std::optional<bool> encoded;
};
BOOST_DESCRIBE_STRUCT(IndexedFile, (), (file, record, path, size, sha256, length, payload, modified, encoded))

struct CopyIndex {
  std::uint64_t v = 1;
  access::CopyId copy;
  std::uint64_t number = 0;
  access::Purpose purpose = access::Purpose::case_work;
  vault::Date due{};
  std::vector<IndexedFile> records;
};
BOOST_DESCRIBE_STRUCT(CopyIndex, (), (v, copy, number, purpose, due, records))

std::string copy_name(std::uint64_t number);            // "C-0042"
std::string copy_file_name(std::uint64_t ordinal);      // "0001.age"
Result<CopyIndex> decode_index(std::string_view text);  // paths checked. Errc::malformed, Errc::unknown_version
Result<std::string> raw_path(const IndexedFile& file);  // as raw_path of its descriptor

// An issue as its issuer signed it, and as the ledger has it.
struct SignedIssue {
  wire::IssueCopy command;
  std::uint64_t number = 0;
  vault::Instant signed_at;
  VerifiedSafe safe;  // that it is of
};

// What the ledger says about a copy: each entry signed, each record's sealing among them.
struct ProvedCopy {
  wire::CopyIssued issued;
  SignedIssue as_signed;
  access::PersonId issuer;
  std::optional<wire::CopyPrepared> prepared;
  TrustedRecords records;
};
// The projection alone: entries that are in the ledger, ascending. Errc::tampered when they do not hold together.
Result<ProvedCopy> prove_copy(const Directory& directory, const access::CopyId& copy,
                              std::span<const VerifiedEntry> entries);
// Fetches /v1/copies/{copy}/entries and proves it.
Result<ProvedCopy> prove_copy(Session& session, const Directory& directory, const access::CopyId& copy);

// The headers as they came are those of the copy's records, in its order, and say of each what was sealed.
Result<void> check_headers(const ProvedCopy& proved, std::span<const wire::CopyHeader> headers);

// What a holder is given of a copy beside the payloads.
struct CopyContent {
  std::vector<Bytes> headers;  // for the holder, in the copy's order
  CopyIndex index;
};

// What a colleague prepared: bound by the issuer's signed entry, and compared with the depositors' sealings.
Result<CopyContent> fetch_prepared(Session& session, const ProvedCopy& proved);

}  // namespace cli::client
