// Implements the acts about copies: a keyholder issues one and prepares it for a colleague, the holder collects it and
// acknowledges its delivery, and it ends (4.3.5). See docs/architecture.md, "The life of a record".
#include <unordered_set>

#include "access/acts/acts.h"

namespace strongroom::access::acts {

namespace {

using RecordSet = std::unordered_set<RecordId>;

// Returns whether somebody who takes no part in the review may be given copies of its documents: a member of a
// safeguarding partner, or a lead or practitioner of an agency that has been asked.
Result<bool> may_be_given(const Context& context, const CaseRow& row, const PersonRow& person) {
  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  if (std::ranges::any_of(directory.partners,
                          [&](const PartnerRow& partner) { return is_member(person, partner.agency); }))
    return true;
  return std::ranges::any_of(row.asked, [&](const AgencyId& agency) {
    return has_role(person, agency, Role::agency_lead) || has_role(person, agency, Role::practitioner);
  });
}

// The holder must be the issuer or a certified member of the safe's agency. For a review safe it must be somebody who
// may take part, or who may be given its documents.
Result<void> check_holder(const Context& context, const CaseRow& row, const SafeRow& safe, const PersonId& holder) {
  if (holder == context.self()) return {};
  TRY(const auto person, context.state.person(context.txn, holder));
  bool eligible = person && !person->revoked;
  if (eligible && safe.agency) {
    eligible = is_member(*person, *safe.agency);
  } else if (eligible && !may_be_nominated(*person, safe)) {
    TRY(eligible, may_be_given(context, row, *person));
  }
  if (!eligible)
    return Error{kInvalid,
                 safe.agency
                     ? "the holder is not a certified member of the safe's agency"
                     : "the holder is not a certified SPOC, partner, reviewer or chair, not a member of a safeguarding "
                       "partner, and not a lead or practitioner of an agency that has been asked"};
  return {};
}

// Calls `change` with each record of the copy and its ordinal. `change` must return whether it changed the record, so
// that only pages with a change are written again.
template <class Change>
Result<void> change_pages(const Entry& entry, const CopyId& copy, const Change& change) {
  for (std::uint64_t page = 0;; ++page) {
    TRY(auto row, entry.state.copy_page(entry.txn, copy, page));
    if (!row) return {};
    bool changed = false;
    for (std::size_t i = 0; i < row->records.size(); ++i) {
      TRY(const bool this_one, change(page * kRecordsPerCopyPage + i, row->records[i]));
      changed = changed || this_one;
    }
    if (changed) TRY_VOID(entry.state.put(entry.txn, copy, page, *row));
  }
}

Result<CopyRow> copy_of(const Entry& entry, const CopyId& copy) {
  return needed(entry.state.copy(entry.txn, copy));
}

// A copy ends as badly as its worst record: lost is worse than destroyed, and destroyed is worse than returned.
CopyEnd worse(CopyEnd a, CopyEnd b) {
  if (a == CopyEnd::lost || b == CopyEnd::lost) return CopyEnd::lost;
  if (a == CopyEnd::destroyed || b == CopyEnd::destroyed) return CopyEnd::destroyed;
  return CopyEnd::returned;
}
CopyState end_state(CopyEnd end) {
  switch (end) {
    case CopyEnd::returned:
      return CopyState::returned;
    case CopyEnd::destroyed:
      return CopyState::destroyed;
    case CopyEnd::lost:
      return CopyState::lost;
  }
  return CopyState::lost;
}

}  // namespace

// --- copy.issue -----------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::IssueCopy& command) {
  const auto colleague = command.holder != context.self() ? std::optional(command.holder) : std::nullopt;
  ENTER(auto place, enter(context, command, command.safe, colleague));
  if (command.records.size() > kMaxRecordsPerCopy) return Error{Errc::too_large, "too many records for one copy"};
  if (command.records.empty()) return Error{kInvalid, "a copy needs at least one record"};
  if (command.due < vault::london_date(context.time)) return Error{kInvalid, "the due date has passed"};
  if (has_duplicates(command.records)) return Error{kInvalid, "a record is named twice"};
  TRY_VOID(check_holder(context, place.case_, place.safe, command.holder));
  TRY(const auto same, context.state.copy(context.txn, command.copy));
  if (same) return Error{Errc::conflict, "this copy is issued already"};
  for (const RecordId& record : command.records) {
    TRY(const auto row, context.state.record(context.txn, record));
    if (!row || row->safe != command.safe) return Error{Errc::not_found, "a record is not in this safe"};
  }
  // Replay passes the number of the stored entry, which must not be another copy's.
  std::uint64_t number = 0;
  if (context.given.number) {
    number = *context.given.number;
    TRY(const auto other, context.state.copy_by_number(context.txn, number));
    if (other) return Error{Errc::conflict, "the number is another copy's"};
  } else {
    TRY(number, context.state.next_copy_number(context.txn));
  }
  place.ids.copy = command.copy;
  Decision decision;
  decision.events.push_back(event(wire::CopyIssued{command.copy, number, command.safe, command.holder, command.purpose,
                                                   command.due, command.records},
                                  place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CopyIssued& detail) {
  TRY(const SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  CopyRow row;
  row.copy = detail.copy;
  row.number = detail.number;
  row.case_ = safe.case_;
  row.safe = detail.safe;
  TRY(row.issuer, entry.actor());
  row.holder = detail.holder;
  row.purpose = detail.purpose;
  row.due = detail.due;
  row.issued = entry.time();
  row.records = detail.records.size();
  row.out = detail.records.size();
  row.seq = entry.seq();
  TRY_VOID(entry.state.put(entry.txn, row));
  CopyPageRow page;
  for (std::size_t i = 0; i < detail.records.size(); ++i) {
    page.records.push_back({detail.records[i], std::nullopt, std::nullopt});
    if (page.records.size() < kRecordsPerCopyPage && i + 1 < detail.records.size()) continue;
    TRY_VOID(entry.state.put(entry.txn, detail.copy, i / kRecordsPerCopyPage, page));
    page.records.clear();
  }
  return {};
}

// --- copy.prepare ---------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::PrepareCopy& command) {
  ENTER(const auto place, enter(context, command, command.copy));
  if (place.copy.holder == place.copy.issuer)
    return Error{Errc::conflict, "a copy for yourself needs no preparing: its headers are released to you"};
  if (place.copy.state != CopyState::issued) return Error{Errc::conflict, "this copy is prepared already, or ended"};
  if (place.copy.out != place.copy.records) return Error{Errc::conflict, "a part of this copy has ended already"};
  if (command.headers.size() != place.copy.records)
    return Error{kInvalid, "there is not one header for each record of the copy"};
  TRY_VOID(check_holder(context, place.case_, place.safe, place.copy.holder));
  Decision decision;
  decision.events.push_back(event(wire::CopyPrepared{command.copy, command.headers, command.index}, place.ids));
  for (std::size_t i = 0; i < command.headers.size(); ++i)
    decision.besides.push_back({command.headers[i], BesideTable::copy_header, copy_header_key(command.copy, i)});
  decision.besides.push_back({command.index, BesideTable::copy_index, id_key(command.copy)});
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CopyPrepared& detail) {
  TRY(CopyRow row, copy_of(entry, detail.copy));
  row.state = CopyState::prepared;
  row.index = detail.index;
  TRY_VOID(entry.state.put(entry.txn, row));
  return change_pages(entry, detail.copy, [&](std::uint64_t ordinal, CopiedRecord& record) -> Result<bool> {
    if (ordinal >= detail.headers.size()) return Error{Errc::tampered, "a prepared copy lacks a header"};
    record.header = detail.headers[ordinal];
    return true;
  });
}

// --- copy.collect, copy.deliver -------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::CollectCopy& command) {
  ENTER(const auto place, enter(context, command, command.copy));
  if (place.copy.state != CopyState::prepared)
    return Error{Errc::conflict, "this copy is not prepared yet, or has been collected"};
  Decision decision;
  decision.events.push_back(event(wire::CopyCollected{command.copy}, place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CopyCollected& detail) {
  TRY(CopyRow row, copy_of(entry, detail.copy));
  row.state = CopyState::collected;
  return entry.state.put(entry.txn, row);
}

Decided decide(const Context& context, const wire::DeliverCopy& command) {
  ENTER(const auto place, enter(context, command, command.copy));
  const bool own = place.copy.holder == place.copy.issuer;
  if (place.copy.state != (own ? CopyState::issued : CopyState::collected))
    return Error{Errc::conflict, "this copy is not collected yet, or its delivery is acknowledged"};
  Decision decision;
  decision.events.push_back(event(wire::CopyDelivered{command.copy}, place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CopyDelivered& detail) {
  TRY(CopyRow row, copy_of(entry, detail.copy));
  row.state = CopyState::delivered;
  return entry.state.put(entry.txn, row);
}

// --- copy.return ----------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::ReturnCopy& command) {
  ENTER(const auto place, enter(context, command, command.copy));
  if (place.copy.ended()) return Error{Errc::conflict, "this copy has ended already"};
  if (command.records.size() > kMaxRecordsPerCopy) return Error{Errc::too_large, "too many records"};
  if (has_duplicates(command.records)) return Error{kInvalid, "a record is named twice"};
  // A record that was never in the copy and one that has ended already are different errors, so both sets are needed.
  std::vector<RecordId> out;
  RecordSet copied;
  TRY_VOID(context.state.copied_records(context.txn, command.copy, 0,
                                        [&](std::uint64_t, const CopiedRecord& record) -> Result<bool> {
                                          copied.insert(record.record);
                                          if (!record.ended) out.push_back(record.record);
                                          return true;
                                        }));
  if (!command.records.empty()) {
    const RecordSet still_out(out.begin(), out.end());
    for (const RecordId& record : command.records) {
      if (!copied.contains(record)) return Error{Errc::not_found, "a record is not in this copy"};
      if (!still_out.contains(record)) return Error{Errc::conflict, "a record has ended already"};
    }
  }
  const std::vector<RecordId>& ended = command.records.empty() ? out : command.records;
  const bool complete = ended.size() == out.size();
  Decision decision;
  decision.events.push_back(event(wire::CopyReturned{command.copy, ended, command.how, complete}, place.ids));
  return decision;
}

// When a record ends, the header that was rewritten for the holder is deleted. When the copy ends, its index is deleted
// too.
Result<void> apply(const Entry& entry, const wire::CopyReturned& detail) {
  TRY(CopyRow row, copy_of(entry, detail.copy));
  const RecordSet ended(detail.records.begin(), detail.records.end());
  if (ended.size() > row.out) return Error{Errc::tampered, "more records of a copy ended than were out"};
  row.out -= ended.size();
  row.worst = row.worst ? worse(*row.worst, detail.how) : detail.how;
  if (row.ended()) {
    row.state = end_state(*row.worst);
    row.index.reset();
    TRY_VOID(entry.state.erase_beside(entry.txn, BesideTable::copy_index, id_key(detail.copy)));
  }
  TRY_VOID(entry.state.put(entry.txn, row));
  return change_pages(entry, detail.copy, [&](std::uint64_t ordinal, CopiedRecord& record) -> Result<bool> {
    if (!ended.contains(record.record)) return false;
    record.ended = detail.how;
    if (record.header) {
      TRY_VOID(entry.state.erase_beside(entry.txn, BesideTable::copy_header, copy_header_key(detail.copy, ordinal)));
      record.header.reset();
    }
    return true;
  });
}

// --- copy.reassign --------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::ReassignCopies& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.to));
  if (command.copies.size() > kMaxCopiesPerReassign) return Error{Errc::too_large, "too many copies at once"};
  if (command.copies.empty() || has_duplicates(command.copies))
    return Error{kInvalid, "name at least one copy, and each only once"};
  TRY(const auto nomination, context.state.nomination(context.txn, command.safe, command.to));
  if (!nomination || nomination->state != NominationState::active)
    return Error{Errc::conflict, "copies can only be handed over to an active keyholder of their safe"};
  Decision decision;
  for (const CopyId& id : command.copies) {
    TRY(const auto copy, context.state.copy(context.txn, id));
    if (!copy || copy->safe != command.safe) return Error{Errc::not_found, "a copy is not of this safe"};
    if (copy->ended()) return Error{Errc::conflict, "a copy has ended already"};
    if (copy->responsible() == command.to) return Error{Errc::conflict, "this person answers for a copy already"};
    wire::Concerned ids = place.ids;
    ids.copy = id;
    decision.events.push_back(event(wire::CopyReassigned{id, command.safe, copy->responsible(), command.to}, ids));
  }
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CopyReassigned& detail) {
  TRY(CopyRow row, copy_of(entry, detail.copy));
  row.reassigned = detail.to;
  return entry.state.put(entry.txn, row);
}

}  // namespace strongroom::access::acts
