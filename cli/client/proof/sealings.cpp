#include "cli/client/proof/sealings.h"

#include <algorithm>

#include "vault/age/file.h"
#include "vault/age/stream.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// Checks that the service sent the descriptor that the depositor sealed. It may still be junk.
Result<void> check_descriptor(ByteView descriptor, const TrustedRecord& trusted) {
  if (vault::crypto::sha256(descriptor) == trusted.sealed.descriptor) return {};
  return tampered("the description of " + trusted.sealed.record.to_string() +
                  " is not the one that its depositor sealed");
}

}  // namespace

// --- descriptors ----------------------------------------------------------------------------------------------------

Result<std::string> raw_path(const Descriptor& descriptor) {
  if (!descriptor.encoded.value_or(false)) return descriptor.path;
  return decode_path(descriptor.path);
}
Result<std::string> raw_name(const Descriptor& descriptor) {
  if (!descriptor.encoded.value_or(false)) return descriptor.name;
  return decode_path(descriptor.name);
}

Result<std::string> encode_descriptor(const Descriptor& descriptor) {
  TRY(const std::string path, raw_path(descriptor));
  if (!is_inner_path(path)) return Error{Errc::invalid_argument, "a record's path is not below a folder"};
  if (descriptor.path.size() > kMaxPathBytes) return Error{Errc::too_large, "the path has more than 4096 bytes"};
  if (descriptor.source.size() > kMaxSourceBytes) return Error{Errc::too_large, "the source has more than 200 bytes"};
  std::string text = wire::encode(descriptor);
  if (text.size() > kMaxDescriptorBytes) return Error{Errc::too_large, "the record's description is too large"};
  return text;
}

Result<Descriptor> decode_descriptor(std::string_view text) {
  if (text.size() > kMaxDescriptorBytes) return Error{Errc::too_large, "the record's description is too large"};
  TRY(const Descriptor descriptor, wire::decode<Descriptor>(text, wire::Strictness::tolerant));
  if (descriptor.v != 1) return Error{Errc::unknown_version, "a record was described by a newer version of Strongroom"};
  const auto path = raw_path(descriptor);
  const auto name = raw_name(descriptor);
  if (!path || !name || !is_inner_path(*path) || !is_inner_path(*name) || name->find('/') != std::string::npos ||
      descriptor.path.size() > kMaxPathBytes)
    return Error{Errc::malformed, "a record's description names a path that is not below a folder"};
  return descriptor;
}

// --- sealings -------------------------------------------------------------------------------------------------------

Result<TrustedRecords> trust_sealings(const Directory& directory, const VerifiedSafe& safe,
                                      std::span<const VerifiedEntry> entries) {
  TrustedRecords records;
  for (const VerifiedEntry& entry : entries) {
    if (entry.body.kind != wire::RecordsSealed::kKind) continue;
    TRY(const auto sealed, (directory.read<wire::SealRecords, wire::RecordsSealed>(entry)));
    const Seq at = entry.envelope.seq.value;
    if (safe.has_chain() && sealed.event.safe != safe.safe)
      return tampered("a sealing of another safe is shown as one of this");
    TRY_VOID(check_permitted_in(safe, sealed));
    if (safe.has_chain() && sealed.event.epoch != safe.epoch_at(at))
      return tampered("records were sealed for another epoch than the one that was in force");
    for (const wire::SealedRecord& record : sealed.event.records) {
      const bool first =
          records
              .try_emplace(record.record, TrustedRecord{record, sealed.event.safe, sealed.event.epoch, sealed.actor->id,
                                                        at, entry.envelope.time, sealed.event.on_behalf_of})
              .second;
      if (!first) return tampered("the ledger has one record sealed twice");
    }
  }
  return records;
}

Result<TrustedRecord> trust_record(Session& session, const Directory& directory, const wire::RecordView& record) {
  TRY(const auto entries, session.entries("/v1/records/" + record.record.to_string() + "/sealing"));
  TRY(const TrustedRecords records, trust_sealings(directory, VerifiedSafe(), entries));
  const auto found = records.find(record.record);
  if (found == records.end()) return tampered("no sealing entry in the ledger names this record");
  TRY_VOID(check_view(record, found->second));
  return found->second;
}

Result<TrustedRecords> trust_safe_records(Session& session, const Directory& directory, const VerifiedSafe& safe) {
  TRY(const auto entries, fetch_records_chain(session, safe));
  auto trusted = trust_sealings(directory, safe, entries);
  if (trusted || !safe.has_chain()) return trusted;
  // Somebody may have been nominated, and have sealed records, since the safe's chain was read.
  TRY(const VerifiedSafe now, verify_safe(session, directory, safe.safe));
  return trust_sealings(directory, now, entries);
}

Result<void> check_view(const wire::RecordView& view, const TrustedRecord& trusted) {
  const wire::SealedRecord& sealed = trusted.sealed;
  const bool same = view.record == sealed.record && view.safe == trusted.safe && view.epoch == trusted.epoch &&
                    view.seq == trusted.seq && view.depositor == trusted.depositor && view.length == sealed.length &&
                    view.header == sealed.header && view.payload == sealed.payload && view.class_ == sealed.class_ &&
                    view.subject == sealed.subject && view.late == sealed.late &&
                    view.derived_from == sealed.derived_from && view.on_behalf_of == trusted.on_behalf_of;
  if (!same) return tampered(view.record.to_string() + " is shown differently from what its depositor sealed");
  return {};
}

Result<Descriptor> open_descriptor(ByteView descriptor, const TrustedRecord& trusted, const SafeSecrets& secrets) {
  TRY_VOID(check_descriptor(descriptor, trusted));
  const std::string name = trusted.sealed.record.to_string();
  if (trusted.epoch >= secrets.identities.size()) return tampered(name + " is of an epoch that its safe does not have");
  auto plain = vault::age::decrypt_small(descriptor, std::span(&secrets.identities[trusted.epoch], 1));
  if (!plain) return tampered("the description of " + name + " does not open: " + plain.error().message);
  auto decoded = decode_descriptor(vault::as_text(*plain));
  vault::wipe(*plain);
  if (!decoded) return decoded.code() == Errc::unknown_version ? decoded.error() : tampered(decoded.error().message);
  if (decoded->record != trusted.sealed.record || vault::age::ciphertext_size(decoded->size) != trusted.sealed.length)
    return tampered("the description of " + name + " is of another record");
  return decoded;
}

Result<ListedRecord> verify_listed(wire::RecordView view, const TrustedRecords& trusted, const SafeSecrets* secrets) {
  const auto found = trusted.find(view.record);
  if (found == trusted.end()) return tampered("no sealing entry in the ledger names " + view.record.to_string());
  TRY_VOID(check_view(view, found->second));
  ListedRecord listed;
  if (secrets != nullptr && view.descriptor) {
    TRY_VOID(check_descriptor(*view.descriptor, found->second));
    auto opened = open_descriptor(*view.descriptor, found->second, *secrets);
    if (opened)
      listed.descriptor = std::move(*opened);
    else
      listed.problem = opened.error();
  }
  listed.view = std::move(view);
  return listed;
}

}  // namespace cli::client
