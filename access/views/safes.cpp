// Answers about cases and their safes, and what keyholders read of a safe: its keys and its chain.
#include <algorithm>

#include "access/views/reading.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;

constexpr std::size_t kSafesPage = 256;  // a page ends with the case that fills it

}  // namespace

wire::CaseView View::show(const CaseRow& row) const {
  return {.case_ = row.case_,
          .reference = row.reference,
          .agency = row.agency,
          .incident_date = row.incident_date,
          .aware_date = row.aware_date,
          .received = row.received,
          .subjects = row.subjects,
          .stage = row.stage,
          .lock = row.lock,
          .asked = row.asked,
          .review_safe = row.review_safe};
}

Result<wire::Page<wire::CaseView>> View::cases(std::string_view from) const {
  TRY(const CaseId first, id_from<CaseId>(from));
  wire::Page<wire::CaseView> page;
  PageLimit limit;
  TRY_VOID(store_->state().cases(*txn_, first, [&](const CaseRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.case_.to_string();
      return false;
    }
    limit.look();
    if (!standing_.in_case(row).permits(Action::see_case)) return true;
    limit.hold();
    page.items.push_back(show(row));
    return true;
  }));
  return page;
}

Viewed<wire::CaseView> View::find_case(std::string_view id_or_reference) const {
  std::optional<CaseId> id;
  if (const auto parsed = CaseId::parse(id_or_reference)) {
    id = *parsed;
  } else if (parse_reference(id_or_reference)) {
    TRY(id, store_->state().case_by_reference(*txn_, id_or_reference));
  } else {
    return Error{Errc::invalid_argument, "neither a case's id nor its reference"};
  }
  if (!id) return no_such_thing(Action::see_case);
  ENTER(const CasePlace place, enter<Action::see_case>(*id));
  return show(place.case_);
}

Result<wire::SafeView> View::show(const SafeRow& row) const {
  const State& state = store_->state();
  TRY(const auto epoch, state.epoch(*txn_, row.safe, row.epoch));
  if (!epoch) return dangling();
  wire::SafeView view{.safe = row.safe,
                      .case_ = row.case_,
                      .agency = row.agency,
                      .epoch = row.epoch,
                      .recipient = epoch->key.recipient,
                      .records = row.records,
                      .nominations = {},
                      .recovery_complete = false,
                      .items = row.items,
                      .declaration = row.declaration,
                      .nothing_held = row.nothing_held,
                      .sources = row.sources,
                      .open_sources = row.open_sources,
                      .secured = row.is_secured(),
                      .originals_removed = row.originals_removed};
  TRY(const auto nominations, state.nominations_of(*txn_, row.safe));
  for (const NominationRow& nomination : nominations)
    view.nominations.push_back({.person = nomination.person,
                                .state = nomination.state,
                                .involvement = nomination.involvement,
                                .own = nomination.own,
                                .wrapped = nomination.wrapped});
  TRY(view.recovery_complete, is_recovery_complete(state, *txn_, row));
  return view;
}

Viewed<wire::Page<wire::SafeView>> View::safes(const std::optional<CaseId>& id, std::string_view from) const {
  wire::Page<wire::SafeView> page;
  PageLimit limit(kSafesPage);
  const auto add_case = [&](const CaseRow& row) -> Result<void> {
    TRY(const auto safes, store_->state().safes_of(*txn_, row.case_));
    for (const SafeId& one : safes) {
      TRY(const auto safe, store_->state().safe(*txn_, one));
      if (!safe) return dangling();
      TRY(const SafePlace place, standing_.in_safe(row, *safe));
      if (!place.permits(Action::see_safe)) continue;
      TRY(wire::SafeView view, show(*safe));
      limit.hold();
      page.items.push_back(std::move(view));
    }
    return {};
  };
  if (id) {
    TRY(const auto row, store_->state().find_case(*txn_, *id));
    if (row) TRY_VOID(add_case(*row));
    if (page.items.empty()) {  // a keyholder may see a safe without seeing its case
      ENTER([[maybe_unused]] const CasePlace seen, enter<Action::see_case>(*id));
    }
    return page;
  }
  TRY(const CaseId first, id_from<CaseId>(from));
  TRY_VOID(store_->state().cases(*txn_, first, [&](const CaseRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.case_.to_string();
      return false;
    }
    limit.look();
    TRY_VOID(add_case(row));
    return true;
  }));
  return page;
}

Viewed<wire::SafeView> View::safe(const SafeId& id) const {
  ENTER(const SafePlace place, enter<Action::see_safe>(id));
  TRY(wire::SafeView view, show(place.safe));
  return view;
}

Viewed<wire::SafeKeysView> View::safe_keys(const SafeId& id) const {
  ENTER(const SafePlace place, enter<Action::read_safe_keys>(id));
  const std::uint64_t current = place.safe.epoch;
  wire::SafeKeysView view{.epoch = current, .wrap = {}, .previous = {}};
  TRY(const auto epoch, store_->state().epoch(*txn_, id, current));
  if (!epoch) return dangling();
  const PersonId& me = standing_.person().person;
  const auto wrap = std::ranges::find(epoch->key.wraps, me, &wire::Wrap::person);
  if (wrap == epoch->key.wraps.end())
    return Error{Errc::conflict,
                 "the safe's key is not wrapped for you yet: a keyholder's client does it at its next contact"};
  TRY(view.wrap, stored(BesideTable::wrap, safe_epoch_person_key(id, current, me), wrap->digest));
  for (std::uint64_t later = 1; later <= current; ++later) {
    TRY(const auto row, store_->state().epoch(*txn_, id, later));
    if (!row || !row->key.previous) return dangling();
    TRY(Bytes previous, stored(BesideTable::previous, safe_epoch_key(id, later), *row->key.previous));
    view.previous.push_back(std::move(previous));
  }
  return view;
}

template <Action action>
Viewed<EntryPage> View::safe_chain(const SafeId& id, ChainSort sort, std::string_view from) const {
  ENTER(const SafePlace place, enter<action>(id));
  wire::Concerned ids;
  ids.safe = id;
  TRY(const auto chain, store_->state().chain(*txn_, sort, ids));
  if (!chain) return dangling();
  TRY(EntryPage page, chain_page(*chain, LeafIndex{place.safe.seq}, from));
  return page;
}

Viewed<EntryPage> View::keys_chain(const SafeId& id, std::string_view from) const {
  return safe_chain<Action::read_safe_chain>(id, ChainSort::keys, from);
}

Viewed<EntryPage> View::recovery_chain(const SafeId& id, std::string_view from) const {
  return safe_chain<Action::read_safe_chain>(id, ChainSort::recovery, from);
}

Viewed<EntryPage> View::records_chain(const SafeId& id, std::string_view from) const {
  return safe_chain<Action::list_records>(id, ChainSort::records, from);
}

}  // namespace strongroom::access
