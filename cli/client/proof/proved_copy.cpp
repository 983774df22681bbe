#include "cli/client/proof/proved_copy.h"

#include <algorithm>

#include "vault/age/file.h"
#include "vault/age/stream.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

constexpr std::size_t kMinNumberWidth = 4;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kMinNumberWidth) digits.insert(0, kMinNumberWidth - digits.size(), '0');
  return digits;
}

Result<void> check_reassigned(const Directory& directory, const VerifiedEntry& entry, const ProvedCopy& proved) {
  TRY(const auto handed, (directory.read<wire::ReassignCopies, wire::CopyReassigned>(entry)));
  if (handed.event.copy != proved.issued.copy || handed.event.safe != proved.issued.safe)
    return tampered("the service sent the hand-over of another copy");
  return check_permitted_in(VerifiedSafe(), handed);
}

}  // namespace

std::string copy_name(std::uint64_t number) {
  return "C-" + padded(number);
}
std::string copy_file_name(std::uint64_t ordinal) {
  return padded(ordinal) + ".age";
}

Result<CopyIndex> decode_index(std::string_view text) {
  TRY(CopyIndex index, wire::decode<CopyIndex>(text, wire::Strictness::tolerant));
  if (index.v != 1) return Error{Errc::unknown_version, "the copy's index was made by a newer version of Strongroom"};
  for (const IndexedFile& file : index.records) {
    const auto path = raw_path(file);
    if (!path || !is_inner_path(*path) || !is_inner_path(file.file) || file.file.find('/') != std::string::npos)
      return Error{Errc::tampered, "the copy's index names a path that leads out of the folder"};
  }
  return index;
}

Result<std::string> raw_path(const IndexedFile& file) {
  if (!file.encoded.value_or(false)) return file.path;
  return decode_path(file.path);
}

Result<ProvedCopy> prove_copy(const Directory& directory, const access::CopyId& copy,
                              std::span<const VerifiedEntry> entries) {
  ProvedCopy proved;
  bool found = false;
  for (const VerifiedEntry& entry : entries) {
    if (entry.body.kind == wire::CopyIssued::kKind) {
      TRY(auto issued, (directory.read<wire::IssueCopy, wire::CopyIssued>(entry)));
      if (issued.event.copy != copy || found) return tampered("the service sent the issue of another copy");
      TRY_VOID(check_permitted_in(VerifiedSafe(), issued));
      proved.as_signed = {std::move(issued.command), issued.event.number, entry.envelope.time, {}};
      proved.issued = std::move(issued.event);
      proved.issuer = issued.actor->id;
      found = true;
    } else if (entry.body.kind == wire::CopyPrepared::kKind) {
      TRY(auto prepared, (directory.read<wire::PrepareCopy, wire::CopyPrepared>(entry)));
      if (prepared.event.copy != copy || !found || prepared.actor->id != proved.issuer)
        return tampered("a copy was prepared by somebody who did not issue it");
      proved.prepared = std::move(prepared.event);
    } else if (entry.body.kind == wire::CopyReassigned::kKind) {
      TRY_VOID(check_reassigned(directory, entry, proved));
    }
  }
  if (!found) return tampered("no issuing entry in the ledger names this copy");
  TRY(proved.records, trust_sealings(directory, VerifiedSafe(), entries));
  for (const access::RecordId& record : proved.issued.records) {
    const auto trusted = proved.records.find(record);
    if (trusted == proved.records.end() || trusted->second.safe != proved.issued.safe)
      return tampered("no sealing entry of the safe names " + record.to_string());
  }
  return proved;
}

Result<ProvedCopy> prove_copy(Session& session, const Directory& directory, const access::CopyId& copy) {
  TRY(const auto entries, session.entries("/v1/copies/" + copy.to_string() + "/entries"));
  return prove_copy(directory, copy, entries);
}

Result<void> check_headers(const ProvedCopy& proved, std::span<const wire::CopyHeader> headers) {
  if (headers.size() != proved.issued.records.size())
    return tampered("the service did not send one header for each record of the copy");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const wire::CopyHeader& header = headers[i];
    const TrustedRecord& trusted = proved.records.at(proved.issued.records[i]);
    if (header.record != proved.issued.records[i] || header.ordinal != i + 1 || header.epoch != trusted.epoch ||
        header.length != trusted.sealed.length || header.payload != trusted.sealed.payload)
      return tampered(header.record.to_string() + " is shown differently from what its depositor sealed");
  }
  return {};
}

Result<CopyContent> fetch_prepared(Session& session, const ProvedCopy& proved) {
  const std::string base = "/v1/copies/" + proved.issued.copy.to_string();
  TRY(auto files, session.all<wire::CopyHeader>(base + "/files"));
  TRY_VOID(check_headers(proved, files));
  if (proved.prepared->headers.size() != files.size()) return tampered("the copy was prepared for other records");
  CopyContent fetched;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (vault::crypto::sha256(files[i].header) != proved.prepared->headers[i])
      return tampered("a header of the copy is not the one that its issuer prepared");
    fetched.headers.push_back(std::move(files[i].header));
  }
  TRY(const Bytes index, session.get_bytes(base + "/index", access::kMaxIndexBytes));
  if (vault::crypto::sha256(index) != proved.prepared->index)
    return tampered("the copy's index is not the one that its issuer prepared");
  auto plain = vault::age::decrypt_small(index, std::span(&session.keys().identity, 1));
  if (!plain) return tampered("the copy's index does not open: " + plain.error().message);
  auto decoded = decode_index(vault::as_text(*plain));
  vault::wipe(*plain);
  if (!decoded) return decoded.code() == Errc::unknown_version ? decoded.error() : tampered(decoded.error().message);
  fetched.index = std::move(*decoded);
  const CopyIndex& list = fetched.index;
  bool same = list.copy == proved.issued.copy && list.number == proved.issued.number &&
              list.records.size() == proved.issued.records.size();
  for (std::size_t i = 0; same && i < list.records.size(); ++i) {
    const IndexedFile& file = list.records[i];
    const wire::SealedRecord& sealed = proved.records.at(proved.issued.records[i]).sealed;
    same = file.record == sealed.record && file.length == sealed.length && file.payload == sealed.payload &&
           file.file == copy_file_name(i + 1) && vault::age::ciphertext_size(file.size) == sealed.length;
  }
  if (!same) return tampered("the copy's index is not of the records that were issued");
  return fetched;
}

}  // namespace cli::client
