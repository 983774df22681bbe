#include "cli/client/proof/safe_chain.h"

#include <algorithm>

namespace cli::client {
namespace {

using access::NominationState;

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

// A new epoch must be wrapped for exactly those who are nominated and hold the key of the epoch before, as the service
// decides it. Otherwise an older signature could bring back somebody whose nomination has ended since.
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

// A nomination is in another state since the entry.
void put_nomination(VerifiedSafe& safe, const access::PersonId& person, NominationState state,
                    const VerifiedEntry& entry) {
  safe.nominations[person] = state;
  safe.history[person][entry.envelope.seq.value] = state;
}

Result<void> check_nominee(const Directory& directory, const VerifiedSafe& safe, const access::PersonId& nominee,
                           Seq at) {
  TRY(const Person* person, directory.certified(nominee, at));
  const access::Capacities who = safe.agency ? person->capacities_in(*safe.agency, at) : person->capacities(at);
  if (!access::may_be_nominated(who, safe.agency.has_value()))
    return tampered("somebody was nominated who may not hold this safe's key");
  return {};
}

void begin_nomination(VerifiedSafe& safe, const access::PersonId& nominee, const Person& by,
                      const VerifiedEntry& entry) {
  put_nomination(safe, nominee, NominationState::pending, entry);
  safe.nominated[nominee] = {.by = by.id, .time = entry.envelope.time, .has_held = false};
}

Result<void> begin(const Directory& directory, const wire::EpochKey& key, const VerifiedEntry& entry,
                   const Person& maker, VerifiedSafe& safe) {
  TRY_VOID(check_key(directory, key, 0));
  safe.epochs.push_back(epoch_of(key, 0, entry, maker));
  return {};
}

Result<void> apply_opening(const Directory& directory, const VerifiedEntry& entry, VerifiedSafe& safe) {
  const Seq at = entry.envelope.seq.value;
  if (entry.body.kind == wire::SafeOpened::kKind) {
    TRY(const auto opened, (directory.read<wire::OpenSafe, wire::SafeOpened>(entry)));
    if (opened.event.safe != safe.safe) return tampered("the service sent another safe's opening");
    safe.case_ = opened.event.case_;
    safe.agency = opened.event.agency;
    TRY_VOID(opened.check_capacity(opened.actor->capacities_in(opened.event.agency, at)));
    for (const wire::Nominee& nominee : opened.event.representatives) {
      TRY_VOID(check_nominee(directory, safe, nominee.person, at));
      begin_nomination(safe, nominee.person, *opened.actor, entry);
    }
    return begin(directory, opened.event.key, entry, *opened.actor, safe);
  }
  TRY(const auto referred, (directory.read<wire::ReferCase, wire::CaseReferred>(entry)));
  if (referred.event.review_safe != safe.safe) return tampered("the service sent another safe's opening");
  TRY_VOID(referred.check_capacity(referred.actor->capacities_in(referred.event.agency, at)));
  safe.case_ = referred.event.case_;
  safe.referrer = referred.event.agency;
  for (const wire::Wrap& wrap : referred.event.key.wraps) begin_nomination(safe, wrap.person, *referred.actor, entry);
  return begin(directory, referred.event.key, entry, *referred.actor, safe);
}

// The entries of a safe's keys after its opening, each by somebody who was permitted to make it then.
class LaterEntries {
 public:
  LaterEntries(const Directory& directory, VerifiedSafe& safe) : directory_(directory), safe_(safe) {}

  Result<void> apply(const VerifiedEntry& entry) {
    const std::string& kind = entry.body.kind;
    if (kind == wire::NominationMade::kKind) return made(entry);
    if (kind == wire::NominationWrapped::kKind) return wrapped(entry);
    if (kind == wire::NominationConfirmed::kKind) return confirmed(entry);
    if (kind == wire::NominationEnded::kKind) return ended(entry);
    if (kind == wire::NominationPaused::kKind) return paused(entry);
    if (kind == wire::NominationResumed::kKind) return resumed(entry);
    if (kind == wire::EpochStarted::kKind) return epoch_started(entry);
    if (kind == wire::SharesCompleted::kKind) return shares_completed(entry);
    return Error{Errc::unknown_version, "a safe has an entry of a newer version of Strongroom (" + kind.substr(0, 40) +
                                            "); update this program"};
  }

 private:
  static Error not_this_safe() { return tampered("the service sent an entry of another safe"); }

  // An entry of this safe by somebody who was permitted to make it.
  template <class Command, class Event>
  Result<SignedEvent<Command, Event>> read(const VerifiedEntry& entry) const {
    TRY(auto read, (directory_.read<Command, Event>(entry)));
    if (read.event.safe != safe_.safe) return not_this_safe();
    const Person& actor = *read.actor;
    TRY_VOID(read.check_capacity(safe_.capacities_of(actor, state_of(actor.id), read.seq), !safe_.agency));
    return read;
  }
  NominationState state_of(const access::PersonId& person) const {
    const auto found = safe_.nominations.find(person);
    return found == safe_.nominations.end() ? NominationState::none : found->second;
  }
  // Nobody is given the key again by a wrap that was made before they lost it.
  void forget_wraps(const access::PersonId& person) {
    for (SafeEpoch& epoch : safe_.epochs) epoch.wraps.erase(person);
  }

  Result<void> made(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::MakeNomination, wire::NominationMade>(entry)));
    const access::PersonId& nominee = read.event.nominee.person;
    const NominationState before = state_of(nominee);
    if (before != NominationState::none && before != NominationState::ended)
      return tampered("somebody was nominated who was nominated already");
    TRY_VOID(check_nominee(directory_, safe_, nominee, read.seq));
    begin_nomination(safe_, nominee, *read.actor, entry);
    return {};
  }
  Result<void> wrapped(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::WrapNomination, wire::NominationWrapped>(entry)));
    const wire::Wrap& wrap = read.event.wrap;
    if (read.event.epoch != safe_.current().epoch || state_of(wrap.person) != NominationState::pending)
      return tampered("a safe's key was wrapped for somebody who is not nominated for it");
    safe_.epochs.back().wraps[wrap.person] = wrap.digest;
    return {};
  }
  Result<void> confirmed(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::ConfirmNomination, wire::NominationConfirmed>(entry)));
    const access::PersonId& person = read.actor->id;
    if (read.event.epoch != safe_.current().epoch || !safe_.current().wraps.contains(person))
      return tampered("a nomination was confirmed for a key that was not wrapped for that person");
    put_nomination(safe_, person, NominationState::active, entry);
    safe_.nominated.at(person).has_held = true;
    return {};
  }
  // A nomination ends by an act of its own, or with the person's revocation.
  Result<void> ended(const VerifiedEntry& entry) {
    TRY(const CausedBy by, directory_.verify_caused(entry));
    TRY(const auto event, event_of<wire::NominationEnded>(entry.body));
    if (wire::act_of(by.request) == wire::EndNomination::kKind) {
      TRY_VOID((this->read<wire::EndNomination, wire::NominationEnded>(entry)));
    } else if (event.safe != safe_.safe) {
      return not_this_safe();
    } else if (const Person* person = directory_.find(event.person);
               person == nullptr || person->active(entry.envelope.seq.value)) {
      // The directory's own entry of the revocation shows that its actor could revoke; a refused command has none.
      return tampered("a nomination was ended by a revocation that the directory does not have");
    }
    put_nomination(safe_, event.person, NominationState::ended, entry);
    forget_wraps(event.person);
    return {};
  }
  Result<void> paused(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::PauseNomination, wire::NominationPaused>(entry)));
    if (state_of(read.event.person) != NominationState::active)
      return tampered("a nomination was paused that was not active");
    put_nomination(safe_, read.event.person, NominationState::paused, entry);
    forget_wraps(read.event.person);
    return {};
  }
  Result<void> resumed(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::ResumeNomination, wire::NominationResumed>(entry)));
    if (state_of(read.event.person) != NominationState::paused)
      return tampered("a nomination was resumed that was not paused");
    put_nomination(safe_, read.event.person, NominationState::pending, entry);
    return {};
  }
  Result<void> epoch_started(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::StartEpoch, wire::EpochStarted>(entry)));
    if (read.event.epoch != safe_.current().epoch + 1) return tampered("a safe's epochs have a gap");
    TRY_VOID(check_key(directory_, read.event.key, read.event.epoch));
    if (!is_wrapped_for_its_keyholders(safe_, read.event.key))
      return tampered(
          "a safe's new key is wrapped for somebody who did not hold the one before, or not for all who did");
    safe_.epochs.push_back(epoch_of(read.event.key, read.event.epoch, entry, *read.actor));
    return {};
  }
  Result<void> shares_completed(const VerifiedEntry& entry) {
    TRY(const auto read, (this->read<wire::CompleteShares, wire::SharesCompleted>(entry)));
    if (read.event.epoch >= safe_.epochs.size())
      return tampered("recovery shares were made for an epoch that the safe does not have");
    auto& shares = safe_.epochs[read.event.epoch].shares;
    shares.insert(shares.end(), read.event.shares.begin(), read.event.shares.end());
    return {};
  }

  const Directory& directory_;
  VerifiedSafe& safe_;
};

}  // namespace

std::uint64_t VerifiedSafe::epoch_at(Seq at) const {
  std::uint64_t in_force = 0;
  for (const SafeEpoch& epoch : epochs)
    if (epoch.since < at) in_force = epoch.epoch;
  return in_force;
}

bool VerifiedSafe::keyholder(const access::PersonId& person) const {
  const auto found = nominations.find(person);
  return found != nominations.end() && found->second == NominationState::active;
}

access::Capacities VerifiedSafe::capacities_of(const Person& person, NominationState state, Seq at) const {
  access::Capacities who = agency ? person.capacities_in(*agency, at) : person.capacities(at);
  if (!agency && referrer) {
    if (person.capacities_in(*referrer, at).has(access::Capacity::lead)) who.add(access::Capacity::referrer);
    if (person.capacities_anywhere(at).has(access::Capacity::lead)) who.add(access::Capacity::asked_lead);
  }
  if (person.active(at)) who.add(access::capacities_by_nomination(state, agency.has_value()));
  return who;
}

access::Capacities VerifiedSafe::capacities_of(const Person& person, Seq at) const {
  NominationState state = NominationState::none;
  if (const auto changes = history.find(person.id); changes != history.end())
    for (const auto& [seq, changed] : changes->second)
      if (seq < at) state = changed;
  return capacities_of(person, state, at);
}

Result<VerifiedSafe> verify_safe_chain(const Directory& directory, const access::SafeId& id,
                                       std::span<const VerifiedEntry> entries) {
  VerifiedSafe safe;
  safe.safe = id;
  LaterEntries later(directory, safe);
  for (const VerifiedEntry& entry : entries)
    TRY_VOID(safe.has_chain() ? later.apply(entry) : apply_opening(directory, entry, safe));
  if (safe.epochs.empty())
    return tampered("the service does not show how this safe was opened, so its key cannot be proved");
  return safe;
}

Result<VerifiedSafe> verify_safe(Session& session, const Directory& directory, const access::SafeId& safe) {
  const std::string path = "/v1/safes/" + safe.to_string() + "/chains/";
  std::vector<ProvedChain> chains(2);
  TRY(chains[0], session.chain(path + "keys", access::ChainSort::keys));
  TRY(chains[1], session.chain(path + "recovery", access::ChainSort::recovery));
  TRY(const auto entries, in_order(std::move(chains)));
  return verify_safe_chain(directory, safe, entries);
}

Result<std::vector<VerifiedEntry>> fetch_records_chain(Session& session, const VerifiedSafe& safe) {
  TRY(ProvedChain chain,
      session.chain("/v1/safes/" + safe.safe.to_string() + "/chains/records", access::ChainSort::records));
  const wire::EntryBody& begun_by = chain.beginning.body;
  // Only the entry that made the safe has begun the chain of its records.
  const bool is_of_safe = safe.has_chain() ? chain.beginning.envelope.seq.value == safe.epochs.front().since
                                           : begun_by.ids.safe == safe.safe;
  if (!is_of_safe) return tampered("the records of another safe are shown as those of this one");
  std::vector<ProvedChain> chains;
  chains.push_back(std::move(chain));
  return in_order(std::move(chains));
}

}  // namespace cli::client
