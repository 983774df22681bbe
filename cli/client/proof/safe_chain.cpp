#include "cli/client/proof/safe_chain.h"

#include <algorithm>

#include "access/role_capacities.h"

namespace cli::client {
namespace {

using access::NominationState;
using access::Role;

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

Result<void> check_key(const Directory& directory, const wire::EpochKey& key, std::uint64_t epoch) {
  std::vector<access::AgencyId> committed;
  for (const wire::ShareCommitment& commitment : key.commitments) committed.push_back(commitment.partner);
  std::vector<access::AgencyId> partners = directory.partners();
  std::ranges::sort(committed);
  std::ranges::sort(partners);
  if (committed != partners) return tampered("a safe's key is not committed to one share for each partner");
  if (key.previous.has_value() != (epoch > 0)) return tampered("a safe's epochs are not linked");
  return {};
}

SafeEpoch epoch_of(const wire::EpochKey& key, std::uint64_t number, const VerifiedEntry& entry, const Person& maker) {
  SafeEpoch epoch;
  epoch.epoch = number;
  epoch.recipient = key.recipient;
  epoch.maker = maker.id;
  epoch.since = entry.envelope.seq.value;
  epoch.commitments = key.commitments;
  for (const wire::Wrap& wrap : key.wraps) epoch.wraps[wrap.person] = wrap.digest;
  epoch.shares = key.shares;
  epoch.previous = key.previous;
  return epoch;
}

// A new epoch goes to those who are nominated and hold the key of the one before, as the service decides it: an older
// signature must not bring back somebody whose nomination has ended since.
bool is_wrapped_for_its_keyholders(const VerifiedSafe& safe, const wire::EpochKey& key) {
  std::set<access::PersonId> keyholders;
  for (const auto& [person, state] : safe.nominations)
    if ((state == NominationState::active || state == NominationState::pending) &&
        safe.current().wraps.contains(person))
      keyholders.insert(person);
  std::set<access::PersonId> wrapped;
  for (const wire::Wrap& wrap : key.wraps) wrapped.insert(wrap.person);
  return wrapped == keyholders && key.wraps.size() == wrapped.size();
}

// Leads nominate for their agency's safe, SPOCs for a review safe.
bool may_nominate(const VerifiedSafe& safe, const Person& actor, const VerifiedEntry& entry) {
  const Seq at = entry.envelope.seq.value;
  return safe.agency ? actor.has_role(Role::agency_lead, *safe.agency, at) : actor.has_role(Role::spoc, at);
}

// And whom.
Result<void> check_nominee(const Directory& directory, const VerifiedSafe& safe, const access::PersonId& nominee,
                           Seq at) {
  TRY(const Person* person, directory.certified(nominee, at));
  const access::Capacities who = safe.agency ? person->capacities_in(*safe.agency, at) : person->capacities(at);
  if (!access::may_be_nominated(who, safe.agency.has_value())) return tampered("somebody was nominated who may not be");
  return {};
}

void begin_nomination(VerifiedSafe& safe, const access::PersonId& nominee, const Person& by,
                      const VerifiedEntry& entry) {
  safe.nominations[nominee] = NominationState::pending;
  safe.nominated[nominee] = {.by = by.id, .time = entry.envelope.time, .has_held = false};
}

Result<void> apply_opening(const Directory& directory, const VerifiedEntry& entry, VerifiedSafe& safe) {
  const Seq at = entry.envelope.seq.value;
  const wire::EpochKey* key = nullptr;
  const Person* maker = nullptr;
  if (entry.body.kind == wire::SafeOpened::kKind) {
    TRY(const auto opened, (directory.read<wire::OpenSafe, wire::SafeOpened>(entry)));
    if (opened.event.safe != safe.safe) return tampered("the service sent another safe's opening");
    if (!opened.actor->has_role(Role::agency_lead, opened.event.agency, at))
      return tampered("a safe was opened by somebody who was no lead of its agency");
    safe.case_ = opened.event.case_;
    safe.agency = opened.event.agency;
    for (const wire::Nominee& nominee : opened.event.representatives) {
      TRY_VOID(check_nominee(directory, safe, nominee.person, at));
      begin_nomination(safe, nominee.person, *opened.actor, entry);
    }
    key = &opened.event.key;
    maker = opened.actor;
    TRY_VOID(check_key(directory, *key, 0));
    safe.epochs.push_back(epoch_of(*key, 0, entry, *maker));
  } else {
    TRY(const auto referred, (directory.read<wire::ReferCase, wire::CaseReferred>(entry)));
    if (referred.event.review_safe != safe.safe) return tampered("the service sent another safe's opening");
    if (!referred.actor->has_role(Role::spoc, at) &&
        !referred.actor->has_role(Role::agency_lead, referred.event.agency, at))
      return tampered("a case was referred by somebody who was neither SPOC nor lead of the referring agency");
    safe.case_ = referred.event.case_;
    for (const wire::Wrap& wrap : referred.event.key.wraps) begin_nomination(safe, wrap.person, *referred.actor, entry);
    TRY_VOID(check_key(directory, referred.event.key, 0));
    safe.epochs.push_back(epoch_of(referred.event.key, 0, entry, *referred.actor));
  }
  return {};
}

// A nomination ends by an act of its own, or with the person's revocation.
Result<access::PersonId> ended_person(const Directory& directory, const VerifiedEntry& entry,
                                      const VerifiedSafe& safe) {
  TRY(const CausedBy by, directory.verify_caused(entry));
  TRY(const auto event, event_of<wire::NominationEnded>(entry.body));
  if (wire::act_of(by.request) == wire::EndNomination::kKind) {
    if (!may_nominate(safe, *by.actor, entry)) return tampered("a nomination was ended by somebody who may not end it");
  } else if (const Person* person = directory.find(event.person);
             person == nullptr || person->active(entry.envelope.seq.value)) {
    // The directory's own entry of the revocation shows that its actor could revoke; a refused command has none.
    return tampered("a nomination was ended by a revocation that the directory does not have");
  }
  return event.person;
}

Result<void> apply_later(const Directory& directory, const VerifiedEntry& entry, VerifiedSafe& safe) {
  const Error not_this_safe = tampered("the service sent an entry of another safe");
  const auto state_of = [&](const access::PersonId& person) {
    const auto found = safe.nominations.find(person);
    return found == safe.nominations.end() ? NominationState::none : found->second;
  };
  const auto nominates = [&](const Person& actor) { return may_nominate(safe, actor, entry); };
  if (entry.body.kind == wire::NominationMade::kKind) {
    TRY(const auto made, (directory.read<wire::MakeNomination, wire::NominationMade>(entry)));
    if (made.event.safe != safe.safe) return not_this_safe;
    if (!nominates(*made.actor)) return tampered("a nomination was made by somebody who may not make it");
    const NominationState before = state_of(made.event.nominee.person);
    if (before != NominationState::none && before != NominationState::ended)
      return tampered("somebody was nominated who was nominated already");
    TRY_VOID(check_nominee(directory, safe, made.event.nominee.person, entry.envelope.seq.value));
    begin_nomination(safe, made.event.nominee.person, *made.actor, entry);
    return {};
  }
  if (entry.body.kind == wire::NominationWrapped::kKind) {
    TRY(const auto wrapped, (directory.read<wire::WrapNomination, wire::NominationWrapped>(entry)));
    if (wrapped.event.safe != safe.safe) return not_this_safe;
    if (!safe.keyholder(wrapped.actor->id) || wrapped.event.epoch != safe.current().epoch ||
        state_of(wrapped.event.wrap.person) != NominationState::pending)
      return tampered("a safe's key was wrapped by, or for, somebody who is no keyholder of it");
    safe.epochs.back().wraps[wrapped.event.wrap.person] = wrapped.event.wrap.digest;
    return {};
  }
  if (entry.body.kind == wire::NominationConfirmed::kKind) {
    TRY(const auto confirmed, (directory.read<wire::ConfirmNomination, wire::NominationConfirmed>(entry)));
    if (confirmed.event.safe != safe.safe) return not_this_safe;
    const access::PersonId& person = confirmed.actor->id;
    if (confirmed.event.epoch != safe.current().epoch || !safe.current().wraps.contains(person) ||
        (state_of(person) != NominationState::pending && state_of(person) != NominationState::active))
      return tampered("a nomination was confirmed by somebody who was not nominated");
    safe.nominations[person] = NominationState::active;
    safe.nominated.at(person).has_held = true;
    return {};
  }
  if (entry.body.kind == wire::NominationEnded::kKind) {
    TRY(const auto event, event_of<wire::NominationEnded>(entry.body));
    if (event.safe != safe.safe) return not_this_safe;
    TRY(const access::PersonId person, ended_person(directory, entry, safe));
    safe.nominations[person] = NominationState::ended;
    for (SafeEpoch& epoch : safe.epochs) epoch.wraps.erase(person);
    return {};
  }
  if (entry.body.kind == wire::NominationPaused::kKind) {
    TRY(const auto paused, (directory.read<wire::PauseNomination, wire::NominationPaused>(entry)));
    if (paused.event.safe != safe.safe) return not_this_safe;
    if (!nominates(*paused.actor) || state_of(paused.event.person) != NominationState::active)
      return tampered("a nomination was paused by somebody who may not, or was not active");
    safe.nominations[paused.event.person] = NominationState::paused;
    for (SafeEpoch& epoch : safe.epochs) epoch.wraps.erase(paused.event.person);
    return {};
  }
  if (entry.body.kind == wire::NominationResumed::kKind) {
    TRY(const auto resumed, (directory.read<wire::ResumeNomination, wire::NominationResumed>(entry)));
    if (resumed.event.safe != safe.safe) return not_this_safe;
    if (!nominates(*resumed.actor) || state_of(resumed.event.person) != NominationState::paused)
      return tampered("a nomination was resumed by somebody who may not, or was not paused");
    safe.nominations[resumed.event.person] = NominationState::pending;
    return {};
  }
  if (entry.body.kind == wire::EpochStarted::kKind) {
    TRY(const auto started, (directory.read<wire::StartEpoch, wire::EpochStarted>(entry)));
    if (started.event.safe != safe.safe) return not_this_safe;
    if (!safe.keyholder(started.actor->id))
      return tampered("a safe's new key was made by somebody who is no keyholder of it");
    if (started.event.epoch != safe.current().epoch + 1) return tampered("a safe's epochs have a gap");
    TRY_VOID(check_key(directory, started.event.key, started.event.epoch));
    if (!is_wrapped_for_its_keyholders(safe, started.event.key))
      return tampered(
          "a safe's new key is wrapped for somebody who did not hold the one before, or not for all who did");
    safe.epochs.push_back(epoch_of(started.event.key, started.event.epoch, entry, *started.actor));
    return {};
  }
  if (entry.body.kind == wire::SharesCompleted::kKind) {
    TRY(const auto completed, (directory.read<wire::CompleteShares, wire::SharesCompleted>(entry)));
    if (completed.event.safe != safe.safe) return not_this_safe;
    if (!safe.keyholder(completed.actor->id) || completed.event.epoch >= safe.epochs.size())
      return tampered("recovery shares were made by somebody who is no keyholder");
    auto& shares = safe.epochs[completed.event.epoch].shares;
    shares.insert(shares.end(), completed.event.shares.begin(), completed.event.shares.end());
    return {};
  }
  return Error{Errc::unknown_version,
               "a safe has an entry of a newer version of Strongroom (" + entry.body.kind.substr(0, 40) + ")"};
}

}  // namespace

bool VerifiedSafe::keyholder(const access::PersonId& person) const {
  const auto found = nominations.find(person);
  return found != nominations.end() && found->second == NominationState::active;
}

Result<VerifiedSafe> verify_safe_chain(const Directory& directory, const access::SafeId& id,
                                       std::span<const VerifiedEntry> entries) {
  VerifiedSafe safe;
  safe.safe = id;
  for (const VerifiedEntry& entry : entries) {
    if (safe.epochs.empty())
      TRY_VOID(apply_opening(directory, entry, safe));
    else
      TRY_VOID(apply_later(directory, entry, safe));
  }
  if (safe.epochs.empty()) return tampered("the service shows no opening of this safe: its key cannot be proved");
  return safe;
}

Result<VerifiedSafe> verify_safe(Session& session, const Directory& directory, const access::SafeId& safe) {
  TRY(const auto entries, session.entries("/v1/safes/" + safe.to_string() + "/chain"));
  return verify_safe_chain(directory, safe, entries);
}

}  // namespace cli::client
