// Answers which people and agencies there are, and which acts the reader owes others.
#include <algorithm>

#include "access/views/reading.h"

namespace strongroom::access {

Result<wire::PersonView> View::show(const PersonRow& row) const {
  TRY(std::string name, text(row.name, ""));
  return wire::PersonView{.person = row.person,
                          .name = std::move(name),
                          .memberships = row.memberships,
                          .signing_key = row.signing_key,
                          .recipient = row.recipient,
                          .root = row.root,
                          .revoked = row.revoked};
}

Result<wire::PersonView> View::whoami() const {
  return show(standing_.person());
}

Result<wire::Page<wire::AgencyView>> View::agencies(std::string_view from) const {
  TRY(const AgencyId first, id_from<AgencyId>(from));
  wire::Page<wire::AgencyView> page;
  PageLimit limit;
  TRY_VOID(store_->state().agencies(*txn_, first, [&](const AgencyRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.agency.to_string();
      return false;
    }
    TRY(std::string name, text(row.name, wire::enum_name(row.kind)));
    limit.hold(name.size());
    page.items.push_back({.agency = row.agency, .name = std::move(name), .kind = row.kind});
    return true;
  }));
  return page;
}

Result<wire::Page<wire::PersonView>> View::persons(std::string_view from) const {
  TRY(const PersonId first, id_from<PersonId>(from));
  wire::Page<wire::PersonView> page;
  PageLimit limit;
  TRY_VOID(store_->state().people(*txn_, first, [&](const PersonRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.person.to_string();
      return false;
    }
    TRY(wire::PersonView view, show(row));
    limit.hold(view.name.size());
    page.items.push_back(std::move(view));
    return true;
  }));
  return page;
}

Result<wire::DutiesView> View::duties() const {
  const State& state = store_->state();
  const PersonId& me = standing_.person().person;
  wire::DutiesView duties;
  TRY(const auto safes, state.safes_of_person(*txn_, me));
  for (const SafeId& id : safes) {
    TRY(const auto safe, state.safe(*txn_, id));
    TRY(const auto mine, state.nomination(*txn_, id, me));
    if (!safe || !mine) return dangling();
    if (mine->state == NominationState::pending && mine->wrapped)
      duties.confirmations.push_back({.safe = id, .epoch = safe->epoch});
    if (mine->state != NominationState::active) continue;
    if (safe->epoch_due) duties.epochs.push_back({.safe = id, .epoch = safe->epoch});
    TRY(const auto nominations, state.nominations_of(*txn_, id));
    for (const NominationRow& nomination : nominations)
      if (nomination.state == NominationState::pending && !nomination.wrapped)
        duties.wraps.push_back({.safe = id, .epoch = safe->epoch, .person = nomination.person});
    TRY(const auto epoch, state.epoch(*txn_, id, safe->epoch));
    if (!epoch) return dangling();
    TRY(const DirectoryRow directory, state.directory(*txn_));
    wire::ShareDuty shares{.safe = id, .epoch = safe->epoch, .custodians = {}};
    for (const PartnerRow& partner : directory.partners) {
      TRY(const auto custodians, state.holders_of(*txn_, Role::custodian, partner.agency));
      for (const PersonId& custodian : custodians)
        // A custodian of two partners gets only one share, because nobody counts for two partners.
        if (std::ranges::none_of(epoch->key.shares,
                                 [&](const wire::Share& share) { return share.custodian == custodian; }) &&
            std::ranges::find(shares.custodians, custodian) == shares.custodians.end())
          shares.custodians.push_back(custodian);
    }
    if (!shares.custodians.empty()) duties.shares.push_back(std::move(shares));
  }
  TRY_VOID(state.copies_of_person(*txn_, me, State::Which::open, 0, [&](const CopyRow& copy) -> Result<bool> {
    if (copy.responsible() == me && copy.issuer != copy.holder && copy.state == CopyState::issued) {
      TRY(const CopyPlace place, standing_.in_copy(copy));
      if (place.who.has(Capacity::issuer)) duties.preparations.push_back(copy.copy);
    }
    const bool own = copy.issuer == me && copy.state == CopyState::issued;
    if (copy.holder == me && (own || copy.state == CopyState::collected)) duties.deliveries.push_back(copy.copy);
    return duties.preparations.size() + duties.deliveries.size() < wire::kMaxPage;
  }));
  return duties;
}

Viewed<std::monostate> View::may_upload() const {
  if (auto refused = refusal(Action::upload, standing_.in_directory())) return std::move(*refused);
  return std::monostate();
}

}  // namespace strongroom::access
