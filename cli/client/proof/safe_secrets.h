// The secrets of a safe, as its keyholders' and custodians' clients hold them: the identity of each epoch, and the
// shares from which it can be recovered. Before a secret is used it is compared with the certified recipient and with
// the commitments of its recovery shares. Formats: docs/formats.md
#pragma once
#include "cli/client/proof/safe_chain.h"

namespace cli::client {

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

// --- a safe, for whoever may read it ------------------------------------------------------------------------------

// Somebody who runs or reviews a case lists a safe without reading its chain: then `safe` has no epochs and no
// nominations, and its agency is the service's word.
struct ReadableSafe {
  VerifiedSafe safe;
  std::optional<SafeSecrets> secrets;  // a keyholder's
  const SafeSecrets* keys() const { return secrets ? &*secrets : nullptr; }
};
Result<ReadableSafe> open_for_reading(Session& session, const Directory& directory, const access::SafeId& safe);

}  // namespace cli::client
