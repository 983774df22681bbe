// A safe's keys and keyholders, as its chain proves them. Before anything is encrypted to a safe, its key is proved:
// the opening (or referral) was signed by somebody who may open a safe, and each later epoch was started by a keyholder
// of the epoch before.
#pragma once
#include "access/role_capacities.h"
#include "cli/client/proof/directory.h"

namespace cli::client {

struct SafeEpoch {
  std::uint64_t epoch = 0;
  vault::age::Recipient recipient{};
  access::PersonId maker;
  Seq since = 0;
  std::vector<wire::ShareCommitment> commitments;
  std::map<access::PersonId, Digest> wraps;
  std::vector<wire::Share> shares;  // with those that were completed later
  std::optional<Digest> previous;
};

// How somebody came to be nominated for a safe.
struct Nominated {
  access::PersonId by;  // who signed it
  vault::Instant time;
  bool has_held = false;  // has confirmed the safe's key since then
};

// A safe, as its certified entries show it.
struct VerifiedSafe {
  access::SafeId safe;
  access::CaseId case_;
  std::optional<access::AgencyId> agency;  // absent: the review safe
  std::vector<SafeEpoch> epochs;           // epochs[i].epoch == i
  std::map<access::PersonId, access::NominationState> nominations;
  std::map<access::PersonId, Nominated> nominated;  // everybody in `nominations`
  // How each nomination changed, by the entries that changed it.
  std::map<access::PersonId, std::map<Seq, access::NominationState>> history;
  std::optional<access::AgencyId> referrer;  // of a review safe: the agency that referred the case

  const SafeEpoch& current() const { return epochs.back(); }
  // The epoch that was in force when the entry `at` was made.
  std::uint64_t epoch_at(Seq at) const;
  bool keyholder(const access::PersonId& person) const;
  // Whether the entries of its chain are here. Somebody who may not read them knows the safe by its id only.
  bool has_chain() const { return !epochs.empty(); }
  // What `person` was in the safe when the entry `at` was made. A review safe's chain does not say which agencies have
  // been asked in the case, so every lead counts as a lead of one.
  access::Capacities capacities_of(const Person& person, Seq at = kNow) const;
  // The same for somebody whose nomination is in that state.
  access::Capacities capacities_of(const Person& person, access::NominationState state, Seq at) const;
};

// Errc::tampered unless the permission table lets the signer do this act in the safe. Without the safe's chain: unless
// it could let somebody with the signer's roles do it there, or, if the safe's agency is not known either, in some
// safe.
template <class Command, class Event>
Result<void> check_permitted_in(const VerifiedSafe& safe, const SignedEvent<Command, Event>& read) {
  if (safe.has_chain()) return read.check_capacity(safe.capacities_of(*read.actor, read.seq), !safe.agency);
  const auto possible = [&](access::Capacities who, bool agency_safe) {
    if (access::may_be_nominated(who, agency_safe))
      who.add(access::capacities_by_nomination(access::NominationState::active, agency_safe));
    if (!agency_safe && who.has(access::Capacity::lead))
      who.add({access::Capacity::referrer, access::Capacity::asked_lead});
    return read.check_capacity(who, !agency_safe);
  };
  if (safe.agency) return possible(read.actor->capacities_in(*safe.agency, read.seq), true);
  const auto in_agency_safe = possible(read.actor->capacities_anywhere(read.seq), true);
  return in_agency_safe ? in_agency_safe : possible(read.actor->capacities_anywhere(read.seq), false);
}

// The projection alone: entries that are in the ledger, ascending. Errc::tampered when they do not hold together.
Result<VerifiedSafe> verify_safe_chain(const Directory& directory, const access::SafeId& safe,
                                       std::span<const VerifiedEntry> entries);
// Fetches the chains of the safe's keys and of their recovery, whole, and verifies them.
Result<VerifiedSafe> verify_safe(Session& session, const Directory& directory, const access::SafeId& safe);
// Fetches the chain of the safe's records, whole: sealings, declarations, items and removed originals. Who signed them
// has not been checked yet. `safe` may lack its own chain, if the reader may not see it.
Result<std::vector<VerifiedEntry>> fetch_records_chain(Session& session, const VerifiedSafe& safe);

}  // namespace cli::client
