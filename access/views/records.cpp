// Answers what is in a safe: records, their sealing entries, and what the agency recorded at its desk.
#include "access/views/reading.h"

namespace strongroom::access {

using audit::LeafIndex;

Result<wire::RecordView> View::show(const RecordRow& row, bool with_descriptor) const {
  wire::RecordView view{.record = row.record,
                        .safe = row.safe,
                        .epoch = row.epoch,
                        .seq = row.seq,
                        .sealed = row.sealed,
                        .depositor = row.depositor,
                        .length = row.length,
                        .header = row.header,
                        .payload = row.payload,
                        .class_ = row.class_,
                        .subject = row.subject,
                        .late = row.late,
                        .derived_from = row.derived_from,
                        .on_behalf_of = row.on_behalf_of,
                        .original_removed = row.original_removed,
                        .descriptor = std::nullopt};
  if (with_descriptor) {
    TRY(view.descriptor, stored(BesideTable::descriptor, id_key(row.record), row.descriptor));
  }
  return view;
}

Viewed<wire::Page<wire::RecordView>> View::records(const SafeId& id, const RecordFilter& filter,
                                                   std::string_view from) const {
  ENTER(const SafePlace place, enter<Action::list_records>(id));
  TRY(const std::uint64_t first, number_from(from));
  const bool opens = place.permits(Action::read_descriptors);
  wire::Page<wire::RecordView> page;
  PageLimit limit;
  TRY_VOID(store_->state().records_of(*txn_, id, first, [&](const RecordRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = std::to_string(row.ordinal);
      return false;
    }
    limit.look();
    if (filter.class_ && row.class_ != *filter.class_) return true;
    if (filter.subject && row.subject != *filter.subject) return true;
    TRY(wire::RecordView view, show(row, opens));
    limit.hold(view.descriptor ? view.descriptor->size() : 0);
    page.items.push_back(std::move(view));
    return true;
  }));
  return page;
}

Viewed<EntryPage> View::sealing(const RecordId& id) const {
  TRY(const auto row, store_->state().record(*txn_, id));
  if (!row) return no_such_thing(Action::list_records);
  ENTER([[maybe_unused]] const SafePlace place, enter<Action::list_records>(row->safe));
  TRY(EntryPage page, entry_page({LeafIndex{row->seq}}));
  return page;
}

Viewed<wire::RecordView> View::record(const RecordId& id) const {
  TRY(const auto row, store_->state().record(*txn_, id));
  if (!row) return no_such_thing(Action::list_records);
  ENTER(const SafePlace place, enter<Action::list_records>(row->safe));
  const bool opens = place.permits(Action::read_descriptors);
  TRY(wire::RecordView view, show(*row, opens));
  return view;
}

Viewed<wire::Page<wire::SealedNote>> View::notes(const SafeId& id, std::string_view from) const {
  ENTER([[maybe_unused]] const SafePlace place, enter<Action::read_descriptors>(id));
  Digest first{};
  if (!from.empty()) {
    const auto parsed = vault::parse_digest(from);
    if (!parsed) return bad_cursor();
    first = *parsed;
  }
  wire::Page<wire::SealedNote> page;
  PageLimit limit;
  TRY_VOID(store_->state().notes_of(*txn_, id, first, [&](const Digest& digest) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = vault::hex(digest);
      return false;
    }
    TRY(Bytes note, stored(BesideTable::note, note_key(id, digest), digest));
    limit.hold(note.size());
    page.items.push_back({.digest = digest, .note = std::move(note)});
    return true;
  }));
  return page;
}

}  // namespace strongroom::access
