// The secrets of a safe: the identity of each epoch, which its keyholders have, and the shares from which it can be
// recovered, which custodians have. Before a secret is used, it is compared with the certified recipient and with the
// commitments of its recovery shares. Formats: docs/formats.md
#pragma once
#include "cli/client/proof/safe_chain.h"

namespace cli::client {

using ShareSecret = vault::SecretBytes<struct ShareSecretTag, 32>;

struct WrapSecrets {
  vault::age::Identity identity;
  std::vector<ShareSecret> shares;  // in the order of the epoch's commitments
};
// Opens a wrap. Errc::tampered unless it is for this safe and epoch, and all its contents agree with `epoch`.
Result<WrapSecrets> open_wrap(ByteView wrap, const vault::age::Identity& own, const access::SafeId& safe,
                              const SafeEpoch& epoch);
Result<Bytes> make_wrap(const access::SafeId& safe, std::uint64_t epoch, const vault::age::Identity& identity,
                        std::span<const ShareSecret> shares, const vault::age::Recipient& keyholder);

struct SafeSecrets {
  std::vector<vault::age::Identity> identities;  // by epoch, from 0 to the current one
  std::vector<ShareSecret> shares;               // of the current epoch
};
// Fetches and opens this person's wrap of the current epoch, and with it the secret of each earlier epoch.
Result<SafeSecrets> open_safe(Session& session, const VerifiedSafe& safe);
Result<SafeSecrets> open_safe_keys(const wire::SafeKeysView& keys, const vault::age::Identity& own,
                                   const access::PersonId& person, const VerifiedSafe& safe);

// --- a new epoch ----------------------------------------------------------------------------------------------------

// Makes three shares, which give the secret only together: two are random, and the third is the secret XOR both.
std::vector<ShareSecret> split_secret(const vault::crypto::AgreementSecret& secret);
// Errc::tampered unless there are three.
Result<vault::crypto::AgreementSecret> join_shares(std::span<const ShareSecret> shares);

struct NewEpoch {
  wire::EpochKey key;
  std::vector<Bytes> values;  // must be staged before the command that names them
  vault::age::Identity identity;
};
// Makes a fresh key of `safe`. It is wrapped for each of `keyholders`, and each of its shares is encrypted to every
// certified custodian of the share's partner. All recipients come from the directory: Errc::tampered for a person whom
// it does not certify. From epoch 1 on, `previous` is the identity of the epoch before.
Result<NewEpoch> make_epoch(const Directory& directory, const access::SafeId& safe, std::uint64_t epoch,
                            std::span<const access::PersonId> keyholders, const vault::age::Identity* previous);

struct NewShares {
  std::vector<wire::Share> shares;
  std::vector<Bytes> values;
};
// Makes the shares for custodians who were certified after the epoch began.
Result<NewShares> make_shares(const Directory& directory, const VerifiedSafe& safe, std::span<const ShareSecret> shares,
                              std::span<const access::PersonId> custodians);
// Opens a custodian's share and compares it with the commitment.
Result<ShareSecret> open_share(ByteView share, const vault::age::Identity& own, const VerifiedSafe& safe,
                               std::uint64_t epoch, const access::AgencyId& partner);

// --- reading a safe -------------------------------------------------------------------------------------------------

// A safe, as far as this person may read it. Somebody who runs or reviews a case can list a safe without reading its
// chain. Then `safe` has no epochs and no nominations, and the service's statement of its agency is believed.
struct ReadableSafe {
  VerifiedSafe safe;
  std::optional<SafeSecrets> secrets;  // for keyholders
  const SafeSecrets* keys() const { return secrets ? &*secrets : nullptr; }
};
Result<ReadableSafe> open_for_reading(Session& session, const Directory& directory, const access::SafeId& safe);

}  // namespace cli::client
