// A copy, as its entries prove it: who issued it to whom, for which records, and which headers and index its issuer
// prepared for the holder. Formats: docs/formats.md, "index.age"
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

std::string copy_name(std::uint64_t number);        // "C-0042"
std::string copy_file_name(std::uint64_t ordinal);  // "0001.age"
// Errc::tampered if a path leads out of the folder, Errc::malformed, Errc::unknown_version.
Result<CopyIndex> decode_index(std::string_view text);
Result<std::string> raw_path(const IndexedFile& file);  // same as raw_path of the record's descriptor

// The issue of a copy, as its issuer signed it and as the ledger has it.
struct SignedIssue {
  wire::IssueCopy command;
  std::uint64_t number = 0;
  vault::Instant signed_at;
  VerifiedSafe safe;  // from which the copy is
};

// A copy's entries, each of them verified, and the sealings of its records.
struct ProvedCopy {
  wire::CopyIssued issued;
  SignedIssue as_signed;
  access::PersonId issuer;
  std::optional<wire::CopyPrepared> prepared;
  TrustedRecords records;
};
// The projection of a copy's entries, which are proved to be in the ledger, and ascending. Errc::tampered if one of
// them is of another copy or was signed by somebody who may not make it, or if a record has no sealing.
Result<ProvedCopy> prove_copy(const Directory& directory, const access::CopyId& copy,
                              std::span<const VerifiedEntry> entries);
// Fetches /v1/copies/{copy}/entries and proves the copy.
Result<ProvedCopy> prove_copy(Session& session, const Directory& directory, const access::CopyId& copy);

// Errc::tampered unless there is one header for each record of the copy, in its order, and each agrees with the
// sealing.
Result<void> check_headers(const ProvedCopy& proved, std::span<const wire::CopyHeader> headers);

// All that a holder gets of a copy except the payloads.
struct CopyContent {
  std::vector<Bytes> headers;  // encrypted to the holder, in the copy's order
  CopyIndex index;
};

// Fetches the headers and the index that a colleague prepared. Errc::tampered unless the issuer's signed entry binds
// them, and they agree with the depositors' sealings.
Result<CopyContent> fetch_prepared(Session& session, const ProvedCopy& proved);

}  // namespace cli::client
