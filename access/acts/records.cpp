// Implements securing: records are sealed into a safe, and never change (4.3.5).
#include "access/acts/acts.h"

namespace strongroom::access::acts {

namespace {

constexpr std::uint64_t kMinPayloadBytes =
    16 + 16;  // the least of an age file: a nonce, and the tag of an empty last chunk

Result<void> check_record(const Context& context, const SafePlace& place, const wire::NewRecord& record) {
  if (record.length < kMinPayloadBytes) return Error{kInvalid, "a payload is shorter than any age payload"};
  if (record.subject && !listed(place.case_.subjects, *record.subject))
    return Error{kInvalid, "a record names a subject that the case does not have"};
  TRY_VOID(check_late(place.safe, record.late));
  TRY(const auto same, context.state.record(context.txn, record.record));
  if (same) return Error{Errc::conflict, "a record is sealed already"};
  if (record.derived_from) {
    TRY(const auto copy, context.state.copy(context.txn, *record.derived_from));
    if (!copy || copy->case_ != place.safe.case_)
      return Error{Errc::not_found, "a record is derived from a copy that is not of this case"};
  }
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::SealRecords& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch) return Error{Errc::conflict, "the safe has a newer epoch: encrypt to its key"};
  if (command.records.size() > kMaxRecordsPerSeal) return Error{Errc::too_large, "too many records at once"};
  if (command.records.empty()) return Error{kInvalid, "there are no records"};
  if (command.on_behalf_of && !listed(place.case_.asked, *command.on_behalf_of))
    return Error{Errc::conflict, "that agency has not been asked"};

  wire::RecordsSealed detail{command.safe, command.epoch, {}, command.on_behalf_of};
  Decision decision;
  std::vector<RecordId> records;
  std::vector<UploadId> uploads;
  for (const wire::NewRecord& record : command.records) {
    TRY_VOID(check_record(context, place, record));
    records.push_back(record.record);
    uploads.push_back(record.upload);
    detail.records.push_back({record.record, record.header, record.descriptor, record.length, record.payload,
                              record.class_, record.subject, record.late, record.derived_from});
    decision.besides.push_back({record.header, BesideTable::header, id_key(record.record)});
    decision.besides.push_back({record.descriptor, BesideTable::descriptor, id_key(record.record)});
    decision.uploads.push_back({record.upload, record.record, record.length, record.payload});
  }
  // check_record compares only with records that earlier commands sealed.
  if (has_duplicates(std::move(records)) || has_duplicates(std::move(uploads)))
    return Error{kInvalid, "a record or an upload is named twice"};
  decision.events.push_back(event(detail, place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::RecordsSealed& detail) {
  TRY(const PersonId depositor, entry.actor());
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  for (const wire::SealedRecord& sealed : detail.records) {
    RecordRow row;
    row.record = sealed.record;
    row.safe = detail.safe;
    row.ordinal = safe.records++;
    row.epoch = detail.epoch;
    row.seq = entry.seq();
    row.sealed = entry.time();
    row.depositor = depositor;
    row.on_behalf_of = detail.on_behalf_of;
    row.length = sealed.length;
    row.header = sealed.header;
    row.descriptor = sealed.descriptor;
    row.payload = sealed.payload;
    row.class_ = sealed.class_;
    row.subject = sealed.subject;
    row.late = sealed.late;
    row.derived_from = sealed.derived_from;
    TRY_VOID(entry.state.put(entry.txn, row));
    // These are listed by themselves, so that a pack can be checked without reading every record of the safe.
    if (!safe.agency && row.class_ == RecordClass::document_1)
      TRY_VOID(entry.state.put_document_1(entry.txn, safe.safe, row.record));
  }
  note_secured(entry, safe);
  return entry.state.put(entry.txn, safe);
}

}  // namespace strongroom::access::acts
