// Implements the acts at an agency's desk: declarations, physical items and their custody, and the removal of originals
// (4.3.5).
#include "access/acts/acts.h"

namespace strongroom::access::acts {

namespace {

const Error kStaleEpoch{Errc::conflict, "the safe has a newer epoch: encrypt to its key"};

BesideUse note_use(const SafeId& safe, const Digest& digest) {
  return {digest, BesideTable::note, note_key(safe, digest)};
}

Result<void> check_source(const Context& context, const wire::DeclaredSource& source) {
  const bool open = source.state == SourceState::still_open;
  if (source.reason.has_value() != open || source.until.has_value() != open)
    return Error{kInvalid,
                 "a source needs a reason and a date while it is still open, and must have neither otherwise"};
  if (source.until && *source.until < vault::london_date(context.time))
    return Error{kInvalid, "the date until which a source is open has passed"};
  return {};
}

Result<void> check_declaration(const Context& context, const SafePlace& place, const wire::MakeDeclaration& command) {
  if (command.sources.size() > kMaxDeclaredSources || command.gaps.size() > kMaxDeclaredGaps)
    return Error{Errc::too_large, "a declaration lists too much"};
  if (command.searched.empty() || has_duplicates(command.searched) ||
      !std::ranges::all_of(command.searched,
                           [&](const auto& subject) { return listed(place.case_.subjects, subject); }))
    return Error{kInvalid, "a declaration must name the case's subjects that were searched for, each once"};
  for (const wire::DeclaredSource& source : command.sources) TRY_VOID(check_source(context, source));
  if (!command.nothing_held && (command.sources.empty() || !command.form))
    return Error{kInvalid, "a declaration needs its sources and its form, unless nothing is held"};
  if (command.nothing_held && place.safe.records + place.safe.items > 0)
    return Error{Errc::conflict, "the safe holds records: the agency cannot declare that it holds nothing"};
  return {};
}

}  // namespace

Result<void> check_late(const SafeRow& safe, const std::optional<bool>& late) {
  if (!safe.agency || late.value_or(false) == (safe.declaration > 0)) return {};
  return Error{Errc::conflict, safe.declaration > 0
                                   ? "the agency has declared already: records that it secures now are "
                                     "late and must be marked (--late)"
                                   : "nothing is late before the agency has declared: leave the mark out"};
}

void note_secured(const Entry& entry, SafeRow& safe) {
  if (!safe.is_secured())
    safe.secured.reset();
  else if (!safe.secured)
    safe.secured = entry.time();
}

// --- declaration.make -----------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::MakeDeclaration& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.version != place.safe.declaration + 1)
    return Error{Errc::conflict, "another version has been declared meanwhile"};
  if (command.epoch != place.safe.epoch) return kStaleEpoch;
  TRY_VOID(check_declaration(context, place, command));
  Decision decision;
  decision.events.push_back(
      event(wire::DeclarationMade{command.safe, command.version, command.epoch, command.nothing_held, command.searched,
                                  command.sources, command.gaps, command.form, place.safe.records, place.safe.items},
            place.ids));
  if (command.form) decision.besides.push_back(note_use(command.safe, *command.form));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::DeclarationMade& detail) {
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  safe.declaration = detail.version;
  safe.nothing_held = detail.nothing_held;
  safe.sources = detail.sources.size();
  safe.open_sources = static_cast<std::uint64_t>(
      std::ranges::count(detail.sources, SourceState::still_open, &wire::DeclaredSource::state));
  if (detail.form) TRY_VOID(entry.state.put_note_use(entry.txn, detail.safe, *detail.form));
  note_secured(entry, safe);
  return entry.state.put(entry.txn, safe);
}

// --- item.add, item.change ------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::AddItem& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch) return kStaleEpoch;
  if (command.pages > kMaxItemPages) return Error{kInvalid, "an item has at most a million pages"};
  if (command.subject && !listed(place.case_.subjects, *command.subject))
    return Error{kInvalid, "an item names a subject that the case does not have"};
  TRY_VOID(check_late(place.safe, command.late));
  TRY(const auto same, context.state.item(context.txn, command.item));
  if (same) return Error{Errc::conflict, "this item is there already"};
  if (place.safe.items >= kMaxItemsPerSafe) return Error{Errc::too_large, "too many items in one safe"};
  Decision decision;
  decision.events.push_back(
      event(wire::ItemAdded{command.safe, command.epoch, command.item, place.safe.items + 1, command.class_,
                            command.subject, command.pages, command.note, command.late},
            place.ids));
  decision.besides.push_back(note_use(command.safe, command.note));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::ItemAdded& detail) {
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  safe.items = detail.number;
  note_secured(entry, safe);
  TRY_VOID(entry.state.put(entry.txn, safe));
  TRY_VOID(entry.state.put_note_use(entry.txn, detail.safe, detail.note));
  return entry.state.put(entry.txn, ItemRow{detail.item, detail.safe, detail.number, Custody::held, 0, entry.seq()});
}

namespace {

Result<void> check_change(const Context& context, const ItemRow& item, const wire::ChangeCustody& command) {
  const bool loan = command.change == CustodyChange::loaned;
  if (command.purpose.has_value() != loan || command.due.has_value() != loan)
    return Error{kInvalid, "a loan needs a purpose and a due date, and any other change must have neither"};
  if (command.due && *command.due < vault::london_date(context.time)) return Error{kInvalid, "the due date has passed"};
  if (command.pages && (*command.pages > kMaxItemPages || loan || command.change == CustodyChange::moved))
    return Error{kInvalid, "give the pages only when an item is returned or resealed, a million at most"};
  if ((command.change == CustodyChange::returned) != (item.custody == Custody::on_loan))
    return Error{Errc::conflict, item.custody == Custody::on_loan ? "the item is on loan: record its return first"
                                                                  : "the item is not on loan"};
  if (item.changes >= kMaxCustodyChanges) return Error{Errc::too_large, "the item has changed hands too often"};
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::ChangeCustody& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch) return kStaleEpoch;
  TRY(const auto item, context.state.item(context.txn, command.item));
  if (!item || item->safe != command.safe) return Error{Errc::not_found, "there is no such item in this safe"};
  TRY_VOID(check_change(context, *item, command));
  Decision decision;
  decision.events.push_back(event(wire::ItemChanged{command.safe, command.epoch, command.item, command.change,
                                                    command.note, command.pages, command.purpose, command.due},
                                  place.ids));
  decision.besides.push_back(note_use(command.safe, command.note));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::ItemChanged& detail) {
  TRY(ItemRow row, needed(entry.state.item(entry.txn, detail.item)));
  if (detail.change == CustodyChange::loaned) row.custody = Custody::on_loan;
  if (detail.change == CustodyChange::returned) row.custody = Custody::held;
  ++row.changes;
  TRY_VOID(entry.state.put_note_use(entry.txn, detail.safe, detail.note));
  return entry.state.put(entry.txn, row);
}

// --- originals.remove -----------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::RemoveOriginals& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.records.size() > kMaxRecordsPerRemoval) return Error{Errc::too_large, "too many records at once"};
  if (command.records.empty() || has_duplicates(command.records))
    return Error{kInvalid, "name at least one record, and each only once"};
  for (const RecordId& record : command.records) {
    TRY(const auto row, context.state.record(context.txn, record));
    if (!row || row->safe != command.safe) return Error{Errc::not_found, "a record is not in this safe"};
    if (row->original_removed) return Error{Errc::conflict, "the removal of an original is recorded already"};
  }
  // Once the files are deleted, the safe has the only copy of them. So it should still open if one keyholder is lost.
  TRY(const auto nominations, context.state.nominations_of(context.txn, command.safe));
  const auto keyholders =
      static_cast<std::uint64_t>(std::ranges::count(nominations, NominationState::active, &NominationRow::state));
  TRY(const bool complete, is_recovery_complete(context.state, context.txn, place.safe));
  if (!command.reason && keyholders < 2)
    return Error{Errc::conflict,
                 "fewer than two people can open this safe: the originals stay, unless a reason is given"};
  if (!command.reason && !complete)
    return Error{Errc::conflict,
                 "recovery of this safe is incomplete (a partner lacks two custodians with a share): the originals "
                 "stay, unless a reason is given"};
  Decision decision;
  decision.events.push_back(
      event(wire::OriginalsRemoved{command.safe, command.records, command.reason, keyholders, complete}, place.ids));
  add_text(decision, command.reason);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::OriginalsRemoved& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  safe.originals_removed += detail.records.size();
  for (const RecordId& record : detail.records) {
    TRY(RecordRow row, needed(entry.state.record(entry.txn, record)));
    row.original_removed = true;
    TRY_VOID(entry.state.put(entry.txn, row));
  }
  return entry.state.put(entry.txn, safe);
}

}  // namespace strongroom::access::acts
