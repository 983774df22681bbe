// A safe's keys. Before anything is encrypted to a safe its key is proved: the opening (or referral) signed by somebody
// who could, each later epoch started by a keyholder of the one before. Before a keyholder uses a secret it is compared
// with the certified recipient and with the commitments of its recovery shares. Formats: docs/formats.md
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

// --- a keyholder's secrets ------------------------------------------------------------------------------------------

using ShareSecret = vault::SecretBytes<struct ShareSecretTag, 32>;

struct WrapSecrets {
  vault::age::Identity identity;
  std::vector<ShareSecret> shares;  // in the order of the epoch's commitments
};
// Plaintext of a wrap. Errc::tampered unless it is for this safe and epoch, and everything in it is what `epoch` says.
Result<WrapSecrets> open_wrap(ByteView wrap, const vault::age::Identity& own, const access::SafeId& safe,
                              const SafeEpoch& epoch);
Result<Bytes> make_wrap(const access::SafeId& safe, std::uint64_t epoch, const vault::age::Identity& identity,
                        std::span<const ShareSecret> shares, const vault::age::Recipient& keyholder);

struct SafeSecrets {
  std::vector<vault::age::Identity> identities;  // by epoch, from 0 to the current one
  std::vector<ShareSecret> shares;               // of the current epoch
};
// This person's own way in: the wrap of the current epoch, then each epoch's secret back to the first.
Result<SafeSecrets> open_safe(Session& session, const VerifiedSafe& safe);
Result<SafeSecrets> open_safe_keys(const wire::SafeKeysView& keys, const vault::age::Identity& own,
                                   const access::PersonId& person, const VerifiedSafe& safe);

// --- a new epoch ----------------------------------------------------------------------------------------------------

// Three shares that give the secret only together: two random, the third its sum with both.
std::vector<ShareSecret> split_secret(const vault::crypto::AgreementSecret& secret);
// Errc::tampered unless there are three.
Result<vault::crypto::AgreementSecret> join_shares(std::span<const ShareSecret> shares);

struct NewEpoch {
  wire::EpochKey key;
  std::vector<Bytes> values;  // to stage before the command that names them
  vault::age::Identity identity;
};
// A fresh key of `safe`: wrapped for each of `keyholders`, its shares encrypted to every certified custodian of their
// partner. Every recipient comes from the directory: Errc::tampered for a person it does not certify. `previous`: the
// identity of the epoch before, from epoch 1 on.
Result<NewEpoch> make_epoch(const Directory& directory, const access::SafeId& safe, std::uint64_t epoch,
                            std::span<const access::PersonId> keyholders, const vault::age::Identity* previous);

struct NewShares {
  std::vector<wire::Share> shares;
  std::vector<Bytes> values;
};
// For custodians certified since the epoch began.
Result<NewShares> make_shares(const Directory& directory, const VerifiedSafe& safe, std::span<const ShareSecret> shares,
                              std::span<const access::PersonId> custodians);
// A custodian's share, opened and compared with the commitment.
Result<ShareSecret> open_share(ByteView share, const vault::age::Identity& own, const VerifiedSafe& safe,
                               std::uint64_t epoch, const access::AgencyId& partner);

// --- acts that need keys --------------------------------------------------------------------------------------------

struct NomineeWords {
  access::PersonId person;
  access::Involvement involvement = access::Involvement::none;
  std::string reason;  // empty: none given
};
struct OpenedSafe {
  access::SafeId safe;
  ActAnswer answer;
};
Result<OpenedSafe> open_new_safe(Session& session, const Directory& directory, const access::CaseId& case_,
                                 const access::AgencyId& agency, std::span<const NomineeWords> representatives,
                                 std::string_view reason);

struct ReferralWords {
  access::AgencyId agency;
  vault::Date incident_date{};
  vault::Date aware_date{};
  vault::Instant received;
  std::vector<std::string> subjects;
  std::optional<std::string> rules = std::nullopt;  // absent: the guidance's own
  std::optional<access::CaseId> linked_to = std::nullopt;
};
struct ReferredCase {
  access::CaseId case_;
  access::SafeId review_safe;
  std::string reference;
  ActAnswer answer;
};
// Errc::conflict when no SPOC is certified.
Result<ReferredCase> refer_case(Session& session, const Directory& directory, const ReferralWords& referral);

Result<ActAnswer> nominate(Session& session, const Directory& directory, const access::SafeId& safe,
                           const NomineeWords& nominee);

}  // namespace cli::client
