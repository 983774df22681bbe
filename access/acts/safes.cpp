// Implements the acts about an agency's safe and its keyholders: opening it, and nominations from the first to the end
// (4.3.5).
#include "access/acts/acts.h"

namespace strongroom::access::acts {

Result<void> check_nominee(const Context& context, const SafeRow& safe, const wire::Nominee& nominee) {
  TRY(const auto person, context.state.person(context.txn, nominee.person));
  if (!person || !may_be_nominated(*person, safe))
    return Error{kInvalid, safe.agency
                               ? "a representative must be a certified practitioner or lead of the safe's agency"
                               : "a participant must be a certified SPOC, partner, reviewer or chair"};
  if (nominee.involvement != Involvement::none && !nominee.reason)
    return Error{kInvalid, "a representative who was involved with the case needs a reason"};
  return {};
}

// --- safe.open ------------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::OpenSafe& command) {
  ENTER(auto place, enter(context, command, command.case_, command.agency));
  place.ids.safe = command.safe;
  TRY(const auto same, context.state.safe(context.txn, command.safe));
  TRY(const auto theirs, context.state.agency_safe(context.txn, command.case_, command.agency));
  if (same || theirs) return Error{Errc::conflict, "the agency's safe in this case is open already"};
  if (command.representatives.empty()) return Error{kInvalid, "a safe needs at least one representative"};
  if (command.representatives.size() > kMaxRepresentatives)
    return Error{Errc::too_large, "too many representatives for one safe"};
  // Nobody else could open the safe while a lone representative is away, so it must be on record why there is only one.
  if (command.representatives.size() == 1 && !command.reason)
    return Error{kInvalid, "a lone representative needs a reason"};
  SafeRow safe;
  safe.agency = command.agency;
  std::vector<PersonId> representatives;
  for (const wire::Nominee& nominee : command.representatives) {
    TRY_VOID(check_nominee(context, safe, nominee));
    representatives.push_back(nominee.person);
  }
  if (has_duplicates(representatives)) return Error{kInvalid, "a representative is named twice"};
  TRY_VOID(check_key(context, command.key, 0, std::move(representatives)));

  Decision decision;
  decision.events.push_back(event(wire::SafeOpened{command.case_, command.safe, command.agency, command.key,
                                                   command.representatives, command.reason},
                                  place.ids));
  add_key(decision, command.safe, 0, command.key);
  add_text(decision, command.reason);
  for (const wire::Nominee& nominee : command.representatives) add_text(decision, nominee.reason);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::SafeOpened& detail) {
  SafeRow safe;
  safe.safe = detail.safe;
  safe.case_ = detail.case_;
  safe.agency = detail.agency;
  safe.seq = entry.seq();
  TRY_VOID(keep_text(entry, detail.reason));
  return make_safe(entry, safe, detail.key, detail.representatives);
}

// --- nomination.make ------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::MakeNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.nominee.person));
  TRY_VOID(check_nominee(context, place.safe, command.nominee));
  TRY(const auto nominations, context.state.nominations_of(context.txn, command.safe));
  std::size_t standing = 0;
  for (const NominationRow& one : nominations) {
    if (one.state == NominationState::ended) continue;
    ++standing;
    if (one.person == command.nominee.person) return Error{Errc::conflict, "this person is nominated already"};
  }
  if (standing >= kMaxRepresentatives) return Error{Errc::too_large, "too many keyholders for one safe"};
  Decision decision;
  decision.events.push_back(
      event(wire::NominationMade{command.safe, command.nominee, command.nominee.person == context.self()}, place.ids));
  add_text(decision, command.nominee.reason);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::NominationMade& detail) {
  TRY_VOID(keep_text(entry, detail.nominee.reason));
  NominationRow row;
  row.safe = detail.safe;
  row.person = detail.nominee.person;
  row.involvement = detail.nominee.involvement;
  row.own = detail.own;
  row.seq = entry.seq();
  return entry.state.put(entry.txn, row);
}

// --- nomination.wrap ------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::WrapNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.wrap.person));
  if (command.epoch != place.safe.epoch) return Error{Errc::conflict, "another epoch has begun meanwhile"};
  TRY(const auto nomination, context.state.nomination(context.txn, command.safe, command.wrap.person));
  if (!nomination || nomination->state != NominationState::pending || nomination->wrapped)
    return Error{Errc::conflict, "this person is not waiting for the safe's key"};
  TRY(const auto person, context.state.person(context.txn, command.wrap.person));
  if (!person || !may_be_nominated(*person, place.safe))
    return Error{Errc::conflict, "this person may not be a keyholder any more"};
  Decision decision;
  decision.events.push_back(event(wire::NominationWrapped{command.safe, command.epoch, command.wrap}, place.ids));
  decision.besides.push_back({command.wrap.digest, BesideTable::wrap,
                              safe_epoch_person_key(command.safe, command.epoch, command.wrap.person)});
  return decision;
}

Result<void> apply(const Entry& entry, const wire::NominationWrapped& detail) {
  TRY(NominationRow row, needed(entry.state.nomination(entry.txn, detail.safe, detail.wrap.person)));
  row.wrapped = true;
  TRY_VOID(entry.state.put(entry.txn, row));
  TRY(EpochRow epoch, needed(entry.state.epoch(entry.txn, detail.safe, detail.epoch)));
  epoch.key.wraps.push_back(detail.wrap);
  return entry.state.put(entry.txn, epoch);
}

// --- nomination.confirm ---------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::ConfirmNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe));
  if (command.epoch != place.safe.epoch) return Error{Errc::conflict, "another epoch has begun meanwhile"};
  TRY(const NominationRow row, needed(context.state.nomination(context.txn, command.safe, context.self())));
  if (!row.wrapped) return Error{Errc::conflict, "the safe's key is not wrapped for this person yet"};
  if (row.confirmed == command.epoch) return Error{Errc::conflict, "this epoch is confirmed already"};
  Decision decision;
  decision.events.push_back(event(wire::NominationConfirmed{command.safe, command.epoch}, place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::NominationConfirmed& detail) {
  TRY(const PersonId self, entry.actor());
  TRY(NominationRow row, needed(entry.state.nomination(entry.txn, detail.safe, self)));
  row.state = NominationState::active;
  row.confirmed = detail.epoch;
  return entry.state.put(entry.txn, row);
}

// --- nomination.end -------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::EndNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.person));
  TRY(const auto nomination, context.state.nomination(context.txn, command.safe, command.person));
  if (!nomination) return Error{Errc::not_found, "this person is not nominated for the safe"};
  if (nomination->state == NominationState::ended) return Error{Errc::conflict, "this nomination has ended already"};
  Decision decision;
  decision.events.push_back(event(wire::NominationEnded{command.safe, command.person, command.reason}, place.ids));
  add_text(decision, command.reason);
  return decision;
}

Result<void> end_all_nominations(const Context& context, const PersonId& person, Decision& decision) {
  TRY(const auto safes, context.state.safes_of_person(context.txn, person));
  for (const SafeId& id : safes) {
    TRY(const NominationRow nomination, needed(context.state.nomination(context.txn, id, person)));
    if (nomination.state == NominationState::ended) continue;
    TRY(const SafeRow safe, needed(context.state.safe(context.txn, id)));
    const wire::Concerned ids{safe.case_, id, safe.agency, person, std::nullopt};
    decision.events.push_back(event(wire::NominationEnded{id, person, std::nullopt}, ids));
  }
  return {};
}

namespace {
// Deletes a person's wraps of every epoch.
Result<void> drop_wraps(const Entry& entry, const SafeRow& safe, const PersonId& person) {
  for (std::uint64_t number = 0; number <= safe.epoch; ++number) {
    TRY(EpochRow epoch, needed(entry.state.epoch(entry.txn, safe.safe, number)));
    if (std::erase_if(epoch.key.wraps, [&](const wire::Wrap& wrap) { return wrap.person == person; }) == 0) continue;
    TRY_VOID(entry.state.put(entry.txn, epoch));
    TRY_VOID(entry.state.erase_beside(entry.txn, BesideTable::wrap, safe_epoch_person_key(safe.safe, number, person)));
  }
  return {};
}
}  // namespace

// The person may have kept the current epoch's secret, so ending the nomination makes a new epoch due.
Result<void> apply(const Entry& entry, const wire::NominationEnded& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY(NominationRow row, needed(entry.state.nomination(entry.txn, detail.safe, detail.person)));
  TRY(SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  if (row.wrapped || row.paused == safe.epoch) safe.epoch_due = true;
  row.state = NominationState::ended;
  row.wrapped = false;
  TRY_VOID(entry.state.put(entry.txn, row));
  TRY_VOID(entry.state.put(entry.txn, safe));
  return drop_wraps(entry, safe, detail.person);
}

// --- nomination.pause, nomination.resume ----------------------------------------------------------------------------

Decided decide(const Context& context, const wire::PauseNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.person));
  TRY(const auto nominations, context.state.nominations_of(context.txn, command.safe));
  std::size_t active = 0;
  bool theirs = false;
  for (const NominationRow& one : nominations) {
    if (one.state != NominationState::active) continue;
    ++active;
    theirs = theirs || one.person == command.person;
  }
  if (!theirs) return Error{Errc::conflict, "this person is not an active keyholder of the safe"};
  if (active == 1)
    return Error{Errc::conflict,
                 "nobody else holds this safe's key: nominate somebody else first, and let them confirm it"};
  Decision decision;
  decision.events.push_back(event(wire::NominationPaused{command.safe, command.person, command.reason}, place.ids));
  add_text(decision, command.reason);
  return decision;
}

// A pause makes no new epoch due. The epoch whose secret they know is remembered until the nomination ends.
Result<void> apply(const Entry& entry, const wire::NominationPaused& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY(NominationRow row, needed(entry.state.nomination(entry.txn, detail.safe, detail.person)));
  TRY(const SafeRow safe, needed(entry.state.safe(entry.txn, detail.safe)));
  row.state = NominationState::paused;
  row.wrapped = false;
  row.confirmed.reset();
  row.paused = safe.epoch;
  TRY_VOID(entry.state.put(entry.txn, row));
  return drop_wraps(entry, safe, detail.person);
}

Decided decide(const Context& context, const wire::ResumeNomination& command) {
  ENTER(const auto place, enter(context, command, command.safe, command.person));
  TRY(const auto nomination, context.state.nomination(context.txn, command.safe, command.person));
  if (!nomination || nomination->state != NominationState::paused)
    return Error{Errc::conflict, "this person's nomination is not paused"};
  TRY(const auto person, context.state.person(context.txn, command.person));
  if (!person || !may_be_nominated(*person, place.safe))
    return Error{Errc::conflict, "this person may not be a keyholder any more"};
  Decision decision;
  decision.events.push_back(event(wire::NominationResumed{command.safe, command.person}, place.ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::NominationResumed& detail) {
  TRY(NominationRow row, needed(entry.state.nomination(entry.txn, detail.safe, detail.person)));
  row.state = NominationState::pending;
  return entry.state.put(entry.txn, row);
}

}  // namespace strongroom::access::acts
