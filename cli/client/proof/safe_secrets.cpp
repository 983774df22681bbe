#include "cli/client/proof/safe_secrets.h"

#include <algorithm>
#include <set>

#include "cli/client/session/secret_writer.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

using access::Role;
using vault::age::Identity;
using vault::age::Recipient;

constexpr std::size_t kPartners = 3;
constexpr std::size_t kMaxSecretPlain = 2048;  // of a wrap, a share or a previous identity
constexpr std::string_view kVersionStart = "{\"v\":";

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// --- the secrets' JSON ----------------------------------------------------------------------------------------------
// It is written and read by hand, because a JSON library would leave copies of the secrets in ordinary memory.

std::string beginning(const access::SafeId& safe, std::uint64_t epoch) {
  return "{\"v\":1,\"safe\":\"" + safe.to_string() + "\",\"epoch\":" + std::to_string(epoch);
}

Result<Bytes> encrypt_to(const Recipient& recipient, const SecretWriter& writer) {
  return vault::age::encrypt_small(writer.bytes(), std::span(&recipient, 1));
}

class SecretReader {
 public:
  static Result<SecretReader> open(ByteView file, const Identity& own) {
    auto plain = vault::age::decrypt_small(file, std::span(&own, 1));
    if (!plain) {
      if (plain.code() == Errc::wrong_key) return tampered("a safe's secret is encrypted to somebody else");
      return tampered("a safe's secret does not open: " + plain.error().message);
    }
    return SecretReader(std::move(*plain));
  }
  SecretReader(SecretReader&&) = default;
  SecretReader& operator=(SecretReader&&) = delete;
  ~SecretReader() { vault::wipe(bytes_); }

  // Skips `expected`. Returns false if the text does not continue with it.
  bool take(std::string_view expected) {
    if (!unread().starts_with(expected)) return false;
    position_ += expected.size();
    return true;
  }
  // Returns the text before the next quotation mark.
  std::string_view take_word() {
    const std::string_view word = unread().substr(0, unread().find('"'));
    position_ += word.size();
    return word;
  }
  bool begins(const access::SafeId& safe, std::uint64_t epoch) { return take(beginning(safe, epoch)); }
  std::optional<ShareSecret> take_share() {
    auto bytes = vault::unhex(take_word());
    if (!bytes || bytes->size() != ShareSecret::kSize) return std::nullopt;
    auto share = ShareSecret::copy_of(std::span<const std::byte, ShareSecret::kSize>(bytes->data(), bytes->size()));
    vault::wipe(*bytes);
    return share;
  }
  bool at_end() const { return position_ == bytes_.size(); }
  // Says why the secret called `name` could not be read.
  Error error(std::string_view name) const {
    const std::string_view text = vault::as_text(bytes_);
    if (text.starts_with(kVersionStart) && !text.starts_with("{\"v\":1,"))
      return Error{Errc::unknown_version, std::string(name) + " was made by a newer version of Strongroom"};
    return tampered(std::string(name) + " is not the one that was asked for, or is damaged");
  }

 private:
  explicit SecretReader(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::string_view unread() const { return vault::as_text(bytes_).substr(position_); }
  Bytes bytes_;
  std::size_t position_ = 0;
};

Digest share_digest(const ShareSecret& share) {
  return vault::crypto::sha256(ByteView(share.expose()));
}

Result<Bytes> make_share(const access::SafeId& safe, std::uint64_t epoch, const access::AgencyId& partner,
                         const ShareSecret& share, const Recipient& custodian) {
  SecretWriter writer(kMaxSecretPlain);
  writer.text(beginning(safe, epoch)).text(",\"partner\":\"").text(partner.to_string()).text("\",\"share\":\"");
  writer.hex(share.expose()).text("\"}");
  return encrypt_to(custodian, writer);
}

Result<Bytes> make_previous(const access::SafeId& safe, std::uint64_t epoch, const Identity& identity,
                            const Recipient& next) {
  const vault::SecretText text = identity.to_text();
  SecretWriter writer(kMaxSecretPlain);
  writer.text(beginning(safe, epoch)).text(",\"identity\":\"").text(text.expose()).text("\"}");
  return encrypt_to(next, writer);
}

Result<Identity> open_previous(ByteView previous, const Identity& next, const access::SafeId& safe,
                               const SafeEpoch& epoch) {
  constexpr std::string_view kName = "the secret of an earlier epoch";
  TRY(SecretReader reader, SecretReader::open(previous, next));
  if (!reader.begins(safe, epoch.epoch) || !reader.take(",\"identity\":\"")) return reader.error(kName);
  auto identity = Identity::parse(reader.take_word());
  if (!identity || !reader.take("\"}") || !reader.at_end()) return reader.error(kName);
  if (identity->recipient() != epoch.recipient)
    return tampered("an earlier epoch's secret does not belong to its certified key");
  return identity;
}

}  // namespace

// --- a keyholder's secrets ------------------------------------------------------------------------------------------

Result<Bytes> make_wrap(const access::SafeId& safe, std::uint64_t epoch, const Identity& identity,
                        std::span<const ShareSecret> shares, const Recipient& keyholder) {
  const vault::SecretText text = identity.to_text();
  SecretWriter writer(kMaxSecretPlain);
  writer.text(beginning(safe, epoch)).text(",\"identity\":\"").text(text.expose()).text("\",\"shares\":[");
  for (std::size_t i = 0; i < shares.size(); ++i) writer.text(i == 0 ? "\"" : ",\"").hex(shares[i].expose()).text("\"");
  writer.text("]}");
  return encrypt_to(keyholder, writer);
}

Result<WrapSecrets> open_wrap(ByteView wrap, const Identity& own, const access::SafeId& safe, const SafeEpoch& epoch) {
  constexpr std::string_view kName = "the safe's wrapped secret";
  TRY(SecretReader reader, SecretReader::open(wrap, own));
  if (!reader.begins(safe, epoch.epoch) || !reader.take(",\"identity\":\"")) return reader.error(kName);
  auto identity = Identity::parse(reader.take_word());
  if (!identity || !reader.take("\",\"shares\":[")) return reader.error(kName);
  WrapSecrets secrets{std::move(*identity), {}};
  for (std::size_t i = 0; i < kPartners; ++i) {
    if (!reader.take(i == 0 ? "\"" : ",\"")) return reader.error(kName);
    auto share = reader.take_share();
    if (!share || !reader.take("\"")) return reader.error(kName);
    secrets.shares.push_back(std::move(*share));
  }
  if (!reader.take("]}") || !reader.at_end()) return reader.error(kName);

  if (secrets.identity.recipient() != epoch.recipient)
    return tampered("the secret in the wrap does not belong to the safe's certified key");
  if (epoch.commitments.size() != kPartners) return tampered("the safe is not committed to three recovery shares");
  for (std::size_t i = 0; i < kPartners; ++i)
    if (share_digest(secrets.shares[i]) != epoch.commitments[i].digest)
      return tampered("a recovery share is not the one that the safe's opening commits to");
  TRY(const auto joined, join_shares(secrets.shares));
  if (!vault::constant_time_equal(joined.expose(), secrets.identity.secret().expose()))
    return tampered("the recovery shares do not give the safe's secret");
  return secrets;
}

Result<SafeSecrets> open_safe_keys(const wire::SafeKeysView& keys, const Identity& own, const access::PersonId& person,
                                   const VerifiedSafe& safe) {
  const SafeEpoch& current = safe.current();
  if (keys.epoch != current.epoch)
    return Error{Errc::conflict, "the safe's key has changed meanwhile; run the command again"};
  const auto wrap = current.wraps.find(person);
  if (wrap == current.wraps.end() || wrap->second != vault::crypto::sha256(keys.wrap))
    return tampered("the wrap is not the one that the ledger names");
  if (keys.previous.size() != current.epoch)
    return tampered("the service did not send the secret of every earlier epoch");

  SafeSecrets secrets;
  TRY(WrapSecrets opened, open_wrap(keys.wrap, own, safe.safe, current));
  secrets.shares = std::move(opened.shares);
  secrets.identities.push_back(std::move(opened.identity));
  for (std::size_t i = keys.previous.size(); i-- > 0;) {
    if (safe.epochs[i + 1].previous != vault::crypto::sha256(keys.previous[i]))
      return tampered("an earlier epoch's secret is not the one that the ledger names");
    TRY(Identity identity, open_previous(keys.previous[i], secrets.identities.back(), safe.safe, safe.epochs[i]));
    secrets.identities.push_back(std::move(identity));
  }
  std::ranges::reverse(secrets.identities);
  return secrets;
}

Result<SafeSecrets> open_safe(Session& session, const VerifiedSafe& safe) {
  TRY(const auto keys, session.get<wire::SafeKeysView>("/v1/safes/" + safe.safe.to_string() + "/keys"));
  return open_safe_keys(keys, session.keys().identity, session.person(), safe);
}

// --- a new epoch ----------------------------------------------------------------------------------------------------

std::vector<ShareSecret> split_secret(const vault::crypto::AgreementSecret& secret) {
  std::vector<ShareSecret> shares;
  for (std::size_t i = 0; i + 1 < kPartners; ++i) shares.push_back(ShareSecret::generate());
  auto last = ShareSecret::copy_of(secret.expose());
  for (const ShareSecret& share : shares)
    for (std::size_t i = 0; i < ShareSecret::kSize; ++i) last.writable()[i] ^= share.expose()[i];
  shares.push_back(std::move(last));
  return shares;
}

Result<vault::crypto::AgreementSecret> join_shares(std::span<const ShareSecret> shares) {
  if (shares.size() != kPartners) return tampered("there are not three shares of the safe's secret");
  vault::crypto::AgreementSecret secret;
  for (const ShareSecret& share : shares)
    for (std::size_t i = 0; i < ShareSecret::kSize; ++i) secret.writable()[i] ^= share.expose()[i];
  return secret;
}

Result<NewEpoch> make_epoch(const Directory& directory, const access::SafeId& safe, std::uint64_t epoch,
                            std::span<const access::PersonId> keyholders, const Identity* previous) {
  if (directory.partners().size() != kPartners) return tampered("the directory does not have three partners");
  NewEpoch made{{}, {}, Identity::generate()};
  const std::vector<ShareSecret> shares = split_secret(made.identity.secret());
  made.key.recipient = made.identity.recipient();
  const auto add = [&](Bytes value) {
    const Digest digest = vault::crypto::sha256(value);
    made.values.push_back(std::move(value));
    return digest;
  };
  for (const access::PersonId& id : keyholders) {
    TRY(const Person* person, directory.certified(id));
    TRY(Bytes wrap, make_wrap(safe, epoch, made.identity, shares, person->recipient));
    made.key.wraps.push_back({id, add(std::move(wrap))});
  }
  std::set<access::PersonId> served;  // because nobody counts for two partners
  for (std::size_t i = 0; i < kPartners; ++i) {
    const access::AgencyId& partner = directory.partners()[i];
    made.key.commitments.push_back({partner, share_digest(shares[i])});
    for (const Person* custodian : directory.custodians(partner)) {
      if (!served.insert(custodian->id).second) continue;
      TRY(Bytes share, make_share(safe, epoch, partner, shares[i], custodian->recipient));
      made.key.shares.push_back({custodian->id, partner, add(std::move(share))});
    }
  }
  if (previous != nullptr) {
    TRY(Bytes link, make_previous(safe, epoch - 1, *previous, made.key.recipient));
    made.key.previous = add(std::move(link));
  }
  return made;
}

Result<NewShares> make_shares(const Directory& directory, const VerifiedSafe& safe, std::span<const ShareSecret> shares,
                              std::span<const access::PersonId> custodians) {
  NewShares made;
  const SafeEpoch& epoch = safe.current();
  for (const access::PersonId& id : custodians) {
    if (std::ranges::any_of(epoch.shares, [&](const wire::Share& share) { return share.custodian == id; })) continue;
    TRY(const Person* person, directory.certified(id));
    const auto commitment = std::ranges::find_if(epoch.commitments, [&](const wire::ShareCommitment& one) {
      return person->has_role(Role::custodian, one.partner);
    });
    if (commitment == epoch.commitments.end())
      return tampered(id.to_string() + " is no certified custodian of a safeguarding partner");
    const auto& share = shares[static_cast<std::size_t>(commitment - epoch.commitments.begin())];
    TRY(Bytes value, make_share(safe.safe, epoch.epoch, commitment->partner, share, person->recipient));
    made.shares.push_back({id, commitment->partner, vault::crypto::sha256(value)});
    made.values.push_back(std::move(value));
  }
  return made;
}

Result<ShareSecret> open_share(ByteView file, const Identity& own, const VerifiedSafe& safe, std::uint64_t epoch,
                               const access::AgencyId& partner) {
  constexpr std::string_view kName = "the recovery share";
  if (epoch >= safe.epochs.size()) return Error{Errc::not_found, "the safe has no such epoch"};
  TRY(SecretReader reader, SecretReader::open(file, own));
  if (!reader.begins(safe.safe, epoch) || !reader.take(",\"partner\":\"" + partner.to_string() + "\",\"share\":\""))
    return reader.error(kName);
  auto share = reader.take_share();
  if (!share || !reader.take("\"}") || !reader.at_end()) return reader.error(kName);
  const auto& commitments = safe.epochs[epoch].commitments;
  const auto commitment = std::ranges::find(commitments, partner, &wire::ShareCommitment::partner);
  if (commitment == commitments.end() || commitment->digest != share_digest(*share))
    return tampered("the recovery share is not the one that the safe's opening commits to");
  return std::move(*share);
}

// --- reading a safe -------------------------------------------------------------------------------------------------

Result<ReadableSafe> open_for_reading(Session& session, const Directory& directory, const access::SafeId& id) {
  TRY(const auto view, session.get<wire::SafeView>("/v1/safes/" + id.to_string()));
  ReadableSafe readable;
  readable.safe.safe = id;
  readable.safe.case_ = view.case_;
  readable.safe.agency = view.agency;
  const auto own = std::ranges::find(view.nominations, session.person(), &wire::NominationView::person);
  access::Capacities who;
  if (const Person* self = directory.find(session.person()))
    who = view.agency ? self->capacities_in(*view.agency) : self->capacities();
  if (own != view.nominations.end()) who.add(access::capacities_by_nomination(own->state, view.agency.has_value()));
  // Nobody asked for the chain by name, so it is not asked for in vain: each refusal is an entry of the ledger.
  if (!access::has_capacity_for(access::Action::read_safe_chain, who)) return readable;
  TRY(readable.safe, verify_safe(session, directory, id));
  if (readable.safe.keyholder(session.person())) {
    TRY(readable.secrets, open_safe(session, readable.safe));
  }
  return readable;
}

}  // namespace cli::client
