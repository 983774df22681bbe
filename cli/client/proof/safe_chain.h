// A safe's keys, as its chain proves them. Before anything is encrypted to a safe its key is proved: the opening (or
// referral) was signed by somebody who could, and each later epoch was started by a keyholder of the one before.
#pragma once
#include "cli/client/proof/directory.h"

namespace cli::client {

struct SafeEpoch {
  std::uint64_t epoch = 0;
  vault::age::Recipient recipient{};
  access::PersonId maker;
  Seq since = 0;
  std::vector<wire::ShareCommitment> commitments;
  std::map<access::PersonId, Digest> wraps;
  std::vector<wire::Share> shares;  // completed ones included
  std::optional<Digest> previous;
};

// How somebody came to be nominated for a safe.
struct Nominated {
  access::PersonId by;  // who signed it
  vault::Instant time;
  bool has_held = false;  // the safe's key, since then
};

// A safe as its certified entries show it.
struct VerifiedSafe {
  access::SafeId safe;
  access::CaseId case_;
  std::optional<access::AgencyId> agency;  // absent: the review safe
  std::vector<SafeEpoch> epochs;           // epochs[i].epoch == i
  std::map<access::PersonId, access::NominationState> nominations;
  std::map<access::PersonId, Nominated> nominated;  // everybody in `nominations`
  const SafeEpoch& current() const { return epochs.back(); }
  bool keyholder(const access::PersonId& person) const;
};

// The projection alone: entries that are in the ledger, ascending. Errc::tampered when they do not hold together.
Result<VerifiedSafe> verify_safe_chain(const Directory& directory, const access::SafeId& safe,
                                       std::span<const VerifiedEntry> entries);
// Fetches /v1/safes/{safe}/chain and verifies it. An epoch that is not there for a depositor's eyes is an error.
Result<VerifiedSafe> verify_safe(Session& session, const Directory& directory, const access::SafeId& safe);

}  // namespace cli::client
