// Answers who has which copies, and releases the headers of one.
#include <set>

#include "access/views/reading.h"

namespace strongroom::access {

using audit::LeafIndex;

wire::CopyView View::show(const CopyRow& row) const {
  return {.copy = row.copy,
          .number = row.number,
          .case_ = row.case_,
          .safe = row.safe,
          .issuer = row.issuer,
          .responsible = row.responsible(),
          .holder = row.holder,
          .purpose = row.purpose,
          .due = row.due,
          .issued = row.issued,
          .state = row.state,
          .overdue = !row.ended() && vault::london_date(now_) > row.due,
          .records = row.records};
}

// The cursor is the number to continue from. In the listings of a case or a person it comes after "open" or "ended".
Viewed<wire::Page<wire::CopyView>> View::copies(const CopyFilter& filter, std::string_view from) const {
  const State& state = store_->state();
  wire::Page<wire::CopyView> page;
  PageLimit limit;
  std::string next_prefix;
  const auto visit = [&](const CopyRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = next_prefix + std::to_string(row.number);
      return false;
    }
    limit.look();
    if (filter.case_ && row.case_ != *filter.case_) return true;
    const PersonId& me = standing_.person().person;
    if (filter.mine && row.holder != me && row.issuer != me && row.responsible() != me) return true;
    wire::CopyView view = show(row);
    if (filter.overdue && !view.overdue) return true;
    TRY(const CopyPlace place, standing_.in_copy(row));
    if (!place.permits(Action::see_copy)) return true;
    limit.hold();
    page.items.push_back(std::move(view));
    return true;
  };
  if (filter.number) {
    TRY(const auto id, state.copy_by_number(*txn_, *filter.number));
    if (!id) return page;
    TRY(const auto row, state.copy(*txn_, *id));
    if (!row) return dangling();
    TRY_VOID(visit(*row));
    return page;
  }
  if (!filter.case_ && !filter.mine) {
    TRY(const std::uint64_t first, number_from(from));
    TRY_VOID(state.copies(*txn_, first, visit));
    return page;
  }
  if (filter.case_) {
    ENTER([[maybe_unused]] const CasePlace seen, enter<Action::see_case>(*filter.case_));
  }
  constexpr std::string_view kOpen = "open:";
  constexpr std::string_view kEnded = "ended:";
  State::Which which = State::Which::open;
  std::string_view rest = from;
  if (from.starts_with(kEnded)) {
    which = State::Which::ended;
    rest.remove_prefix(kEnded.size());
  } else if (from.starts_with(kOpen)) {
    rest.remove_prefix(kOpen.size());
  }
  TRY(std::uint64_t first, number_from(rest));
  for (;;) {
    next_prefix = which == State::Which::open ? kOpen : kEnded;
    if (filter.mine)
      TRY_VOID(state.copies_of_person(*txn_, standing_.person().person, which, first, visit));
    else
      TRY_VOID(state.copies_of_case(*txn_, *filter.case_, which, first, visit));
    // A copy that has ended is never overdue.
    if (page.next || which == State::Which::ended || filter.overdue) return page;
    which = State::Which::ended;
    first = 0;
  }
}

Viewed<wire::CopyView> View::copy(std::string_view id_or_number) const {
  std::optional<CopyId> id;
  if (const auto parsed = CopyId::parse(id_or_number)) {
    id = *parsed;
  } else if (const auto number = parse_copy_number(id_or_number)) {
    TRY(id, store_->state().copy_by_number(*txn_, *number));
  } else {
    return Error{Errc::invalid_argument, "neither a copy's id nor its number"};
  }
  if (!id) return no_such_thing(Action::see_copy);
  ENTER(const CopyPlace place, enter<Action::see_copy>(*id));
  return show(place.copy);
}

Viewed<wire::Page<wire::CopyRecordView>> View::copy_records(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter<Action::see_copy>(id));
  TRY(const std::uint64_t first, number_from(from));
  wire::Page<wire::CopyRecordView> page;
  PageLimit limit;
  TRY_VOID(store_->state().copied_records(*txn_, id, first,
                                          [&](std::uint64_t ordinal, const CopiedRecord& record) -> Result<bool> {
                                            if (limit.is_reached()) {
                                              page.next = std::to_string(ordinal);
                                              return false;
                                            }
                                            limit.hold();
                                            page.items.push_back({.record = record.record, .ended = record.ended});
                                            return true;
                                          }));
  return page;
}

Viewed<EntryPage> View::copy_entries(const CopyId& id, std::string_view from) const {
  // The holder may always read these, and so may the issuer, even when they are no longer a keyholder.
  ENTER(const CopyPlace place, enter<Action::see_copy>(id));
  if (!place.who.any_of({Capacity::issuer, Capacity::past_issuer, Capacity::holder})) {
    if (auto refused = refusal(Action::read_collected_copy, place)) return std::move(*refused);
  }
  TRY(const std::uint64_t first, number_from(from));
  std::set<LeafIndex> seqs;
  TRY_VOID(store_->state().copied_records(*txn_, id, 0, [&](std::uint64_t, const CopiedRecord& record) -> Result<bool> {
    TRY(const auto row, store_->state().record(*txn_, record.record));
    if (!row) return dangling();
    seqs.insert(LeafIndex{row->seq});
    return true;
  }));
  seqs.insert(LeafIndex{place.copy.seq});
  for (const std::string_view kind : wire::kinds_in(wire::Listing::copy))
    TRY_VOID(store_->index().scan(*txn_, kCopyKindField, copy_kind_id(id, kind), LeafIndex{}, [&](LeafIndex seq) {
      seqs.insert(seq);
      return true;
    }));
  TRY(EntryPage page, entry_page({seqs.lower_bound(LeafIndex{first}), seqs.end()}));
  return page;
}

// Ordinals count from 1 on the wire, but from 0 in the tables and in cursors.
Result<wire::Page<wire::CopyHeader>> View::header_page(const CopyRow& copy, bool rewritten,
                                                       std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  wire::Page<wire::CopyHeader> page;
  PageLimit limit;
  TRY_VOID(store_->state().copied_records(
      *txn_, copy.copy, first, [&](std::uint64_t ordinal, const CopiedRecord& copied) -> Result<bool> {
        if (limit.is_reached()) {
          page.next = std::to_string(ordinal);
          return false;
        }
        if (copied.ended) return true;  // its header is released no more
        TRY(const auto row, store_->state().record(*txn_, copied.record));
        if (!row) return dangling();
        wire::CopyHeader header{.record = row->record,
                                .ordinal = ordinal + 1,
                                .epoch = row->epoch,
                                .length = row->length,
                                .payload = row->payload,
                                .header = {},
                                .descriptor = std::nullopt};
        if (rewritten) {
          if (!copied.header) return dangling();
          TRY(header.header, stored(BesideTable::copy_header, copy_header_key(copy.copy, ordinal), *copied.header));
        } else {
          TRY(header.header, stored(BesideTable::header, id_key(row->record), row->header));
          TRY(header.descriptor, stored(BesideTable::descriptor, id_key(row->record), row->descriptor));
        }
        limit.hold(header.header.size() + (header.descriptor ? header.descriptor->size() : 0));
        page.items.push_back(std::move(header));
        return true;
      }));
  return page;
}

Viewed<wire::Page<wire::CopyHeader>> View::copy_headers(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter<Action::read_released_headers>(id));
  const CopyRow& copy = place.copy;
  const bool own = copy.holder == copy.issuer;
  if (own && copy.holder != standing_.person().person)
    return Error{Errc::conflict, "this is its issuer's own copy: only they get its headers"};
  if (copy.ended() || !(copy.state == CopyState::issued || (own && copy.state == CopyState::collected)))
    return Error{Errc::conflict, "the copy is prepared, delivered or ended: its headers are no longer released"};
  TRY(wire::Page<wire::CopyHeader> page, header_page(copy, false, from));
  return page;
}

Viewed<wire::Page<wire::CopyHeader>> View::copy_files(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter<Action::read_collected_copy>(id));
  const CopyRow& copy = place.copy;
  if (copy.holder == copy.issuer)
    return Error{Errc::conflict, "a copy for oneself has only the headers of its records"};
  if (copy.ended() || !(copy.state == CopyState::collected || copy.state == CopyState::delivered))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  TRY(wire::Page<wire::CopyHeader> page, header_page(copy, true, from));
  return page;
}

Viewed<Bytes> View::copy_index(const CopyId& id) const {
  ENTER(const CopyPlace place, enter<Action::read_collected_copy>(id));
  const CopyRow& copy = place.copy;
  if (!copy.index || copy.ended() || !(copy.state == CopyState::collected || copy.state == CopyState::delivered))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  TRY(Bytes index, stored(BesideTable::copy_index, id_key(id), *copy.index));
  return index;
}

Viewed<PayloadPermit> View::payload(const CopyId& id, const RecordId& record) const {
  ENTER(const CopyPlace place, enter<Action::read_collected_copy>(id));
  const CopyRow& copy = place.copy;
  const bool own = copy.holder == copy.issuer;
  const bool collected = copy.state == CopyState::collected || copy.state == CopyState::delivered;
  if (copy.ended() || !(collected || (own && copy.state == CopyState::issued)))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  // The index has the issuing entry under each of the copy's records.
  bool issued = false;
  TRY_VOID(store_->index().scan(*txn_, "record", record.to_string(), LeafIndex{copy.seq}, [&](LeafIndex seq) {
    issued = seq.value == copy.seq;
    return false;
  }));
  if (!issued) return Error{Errc::not_found, "there is no such record in this copy"};
  bool ended = false;
  if (copy.out != copy.records)
    TRY_VOID(
        store_->state().copied_records(*txn_, id, 0, [&](std::uint64_t, const CopiedRecord& copied) -> Result<bool> {
          if (copied.record != record) return true;
          ended = copied.ended.has_value();
          return false;
        }));
  if (ended) return Error{Errc::conflict, "this record of the copy has been given back"};
  TRY(const auto row, store_->state().record(*txn_, record));
  if (!row) return dangling();
  return PayloadPermit{.record = record, .length = row->length};
}

}  // namespace strongroom::access
