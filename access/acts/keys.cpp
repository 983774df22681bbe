// Implements the rules for keys of safes, which an opening, a referral and a new epoch have in common.
#include "access/acts/acts.h"

namespace strongroom::access::acts {

Result<void> check_shares(const Context& context, const std::vector<wire::Share>& shares) {
  if (shares.size() > kMaxCustodians) return Error{Errc::too_large, "too many recovery shares"};
  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  std::vector<PersonId> custodians;
  for (const wire::Share& share : shares) {
    if (std::ranges::none_of(directory.partners, [&](const auto& one) { return one.agency == share.partner; }))
      return Error{kInvalid, "a recovery share is not for a safeguarding partner"};
    TRY(const auto custodian, context.state.person(context.txn, share.custodian));
    if (!custodian || custodian->revoked || !has_role(*custodian, share.partner, Role::custodian))
      return Error{Errc::conflict, "a recovery share is for somebody who is not a certified custodian of that partner"};
    custodians.push_back(share.custodian);
  }
  // Nobody counts for two partners, and nobody holds two shares of one partner.
  if (has_duplicates(std::move(custodians))) return Error{kInvalid, "a custodian has two recovery shares"};
  return {};
}

Result<void> check_key(const Context& context, const EpochKey& key, std::uint64_t epoch,
                       std::vector<PersonId> keyholders) {
  if (key.wraps.size() > kMaxRepresentatives) return Error{Errc::too_large, "too many keyholders for one safe"};
  std::vector<PersonId> wrapped;
  for (const wire::Wrap& wrap : key.wraps) wrapped.push_back(wrap.person);
  std::ranges::sort(wrapped);
  std::ranges::sort(keyholders);
  if (wrapped != keyholders)
    return Error{Errc::conflict, "the key is not wrapped for exactly the safe's keyholders as they are now"};

  TRY(const DirectoryRow directory, context.state.directory(context.txn));
  std::vector<AgencyId> partners;
  std::vector<AgencyId> committed;
  for (const PartnerRow& partner : directory.partners) partners.push_back(partner.agency);
  for (const wire::ShareCommitment& commitment : key.commitments) committed.push_back(commitment.partner);
  std::ranges::sort(partners);
  std::ranges::sort(committed);
  if (partners != committed) return Error{kInvalid, "there is not exactly one commitment for each partner's share"};

  if (key.previous.has_value() != (epoch > 0))
    return Error{kInvalid, "every epoch but the first needs the previous identity, and the first must not have one"};
  return check_shares(context, key.shares);
}

void add_shares(Decision& decision, const SafeId& safe, std::uint64_t epoch, const std::vector<wire::Share>& shares) {
  for (const wire::Share& share : shares)
    decision.besides.push_back({share.digest, BesideTable::share, safe_epoch_person_key(safe, epoch, share.custodian)});
}
void add_key(Decision& decision, const SafeId& safe, std::uint64_t epoch, const EpochKey& key) {
  for (const wire::Wrap& wrap : key.wraps)
    decision.besides.push_back({wrap.digest, BesideTable::wrap, safe_epoch_person_key(safe, epoch, wrap.person)});
  add_shares(decision, safe, epoch, key.shares);
  if (key.previous) decision.besides.push_back({*key.previous, BesideTable::previous, safe_epoch_key(safe, epoch)});
}

Result<void> make_safe(const Entry& entry, const SafeRow& safe, const EpochKey& key,
                       const std::vector<wire::Nominee>& nominees) {
  TRY_VOID(entry.state.put(entry.txn, safe));
  TRY_VOID(entry.state.put(entry.txn, EpochRow{safe.safe, safe.epoch, key, entry.seq()}));
  for (const wire::Nominee& nominee : nominees) {
    NominationRow row;
    row.safe = safe.safe;
    row.person = nominee.person;
    row.involvement = nominee.involvement;
    row.own = entry.body.actor == nominee.person.to_string();
    row.wrapped = true;
    row.seq = entry.seq();
    TRY_VOID(entry.state.put(entry.txn, row));
    TRY_VOID(keep_text(entry, nominee.reason));
  }
  return {};
}

// --- epoch.start ----------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::StartEpoch& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch + 1) return Error{Errc::conflict, "another epoch has begun meanwhile"};
  TRY(const auto nominations, context.state.nominations_of(context.txn, command.safe));
  std::vector<PersonId> keyholders;
  for (const NominationRow& one : nominations)
    if (one.state == NominationState::active || (one.state == NominationState::pending && one.wrapped))
      keyholders.push_back(one.person);
  TRY_VOID(check_key(context, command.key, command.epoch, std::move(keyholders)));
  Decision decision;
  decision.events.push_back(event(wire::EpochStarted{command.safe, command.epoch, command.key}, place.ids));
  add_key(decision, command.safe, command.epoch, command.key);
  return decision;
}

// The wraps of earlier epochs are kept. The people they are for still have the key, and the chain of previous
// identities opens earlier epochs in any case.
Result<void> apply(const Entry& entry, const wire::EpochStarted& detail) {
  TRY(const PersonId starter, entry.actor());
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  safe.epoch = detail.epoch;
  safe.epoch_due = false;
  TRY_VOID(entry.state.put(entry.txn, safe));
  TRY_VOID(entry.state.put(entry.txn, EpochRow{detail.safe, detail.epoch, detail.key, entry.seq()}));
  TRY(NominationRow own, needed(entry.state.nomination(entry.txn, detail.safe, starter)));
  own.confirmed = detail.epoch;
  return entry.state.put(entry.txn, own);
}

// --- shares.complete ------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::CompleteShares& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch) return Error{Errc::conflict, "another epoch has begun meanwhile"};
  if (command.shares.empty()) return Error{kInvalid, "there are no shares"};
  TRY_VOID(check_shares(context, command.shares));
  TRY(const EpochRow epoch, needed(context.state.epoch(context.txn, command.safe, command.epoch)));
  if (epoch.key.shares.size() + command.shares.size() > kMaxCustodians)
    return Error{Errc::too_large, "too many recovery shares"};
  for (const wire::Share& old : epoch.key.shares)
    for (const wire::Share& share : command.shares)
      if (share.custodian == old.custodian) return Error{Errc::conflict, "a custodian has a share already"};
  Decision decision;
  decision.events.push_back(event(wire::SharesCompleted{command.safe, command.epoch, command.shares}, place.ids));
  add_shares(decision, command.safe, command.epoch, command.shares);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::SharesCompleted& detail) {
  TRY(EpochRow epoch, needed(entry.state.epoch(entry.txn, detail.safe, detail.epoch)));
  epoch.key.shares.insert(epoch.key.shares.end(), detail.shares.begin(), detail.shares.end());
  return entry.state.put(entry.txn, epoch);
}

}  // namespace strongroom::access::acts
