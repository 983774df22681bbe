#include "cli/client/safe_keys.h"

#include <algorithm>
#include <boost/json.hpp>

#include "access/role_capacities.h"
#include "cli/client/session/secret_writer.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

using access::NominationState;
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
// Written and read by hand: a JSON library would leave copies of the secrets in ordinary memory.

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

  // What must stand next.
  bool take(std::string_view expected) {
    if (!rest().starts_with(expected)) return false;
    position_ += expected.size();
    return true;
  }
  // What stands before the next quotation mark.
  std::string_view take_word() {
    const std::string_view word = rest().substr(0, rest().find('"'));
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
  // Why it could not be read.
  Error error(std::string_view what) const {
    const std::string_view text = vault::as_text(bytes_);
    if (text.starts_with(kVersionStart) && !text.starts_with("{\"v\":1,"))
      return Error{Errc::unknown_version, std::string(what) + " was made by a newer version of Strongroom"};
    return tampered(std::string(what) + " is not the one that was asked for, or is damaged");
  }

 private:
  explicit SecretReader(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::string_view rest() const { return vault::as_text(bytes_).substr(position_); }
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
  constexpr std::string_view kWhat = "the secret of an earlier epoch";
  TRY(SecretReader reader, SecretReader::open(previous, next));
  if (!reader.begins(safe, epoch.epoch) || !reader.take(",\"identity\":\"")) return reader.error(kWhat);
  auto identity = Identity::parse(reader.take_word());
  if (!identity || !reader.take("\"}") || !reader.at_end()) return reader.error(kWhat);
  if (identity->recipient() != epoch.recipient) return tampered("an earlier epoch's secret is not that of its key");
  return identity;
}

// --- the chain ------------------------------------------------------------------------------------------------------

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

Result<std::vector<wire::Nominee>> stage_nominees(Session& session, std::span<const NomineeWords> words) {
  std::vector<wire::Nominee> nominees;
  for (const NomineeWords& one : words) {
    wire::Nominee nominee{one.person, one.involvement, {}};
    if (!one.reason.empty()) {
      TRY(nominee.reason, session.stage_text(one.reason));
    }
    nominees.push_back(std::move(nominee));
  }
  return nominees;
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
  constexpr std::string_view kWhat = "the safe's wrapped secret";
  TRY(SecretReader reader, SecretReader::open(wrap, own));
  if (!reader.begins(safe, epoch.epoch) || !reader.take(",\"identity\":\"")) return reader.error(kWhat);
  auto identity = Identity::parse(reader.take_word());
  if (!identity || !reader.take("\",\"shares\":[")) return reader.error(kWhat);
  WrapSecrets secrets{std::move(*identity), {}};
  for (std::size_t i = 0; i < kPartners; ++i) {
    if (!reader.take(i == 0 ? "\"" : ",\"")) return reader.error(kWhat);
    auto share = reader.take_share();
    if (!share || !reader.take("\"")) return reader.error(kWhat);
    secrets.shares.push_back(std::move(*share));
  }
  if (!reader.take("]}") || !reader.at_end()) return reader.error(kWhat);

  if (secrets.identity.recipient() != epoch.recipient)
    return tampered("the secret in the wrap is not that of the safe's certified key");
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
  if (keys.previous.size() != current.epoch) return tampered("the safe's earlier secrets are not all there");

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
  if (shares.size() != kPartners) return tampered("a safe's secret comes from three shares");
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
  std::set<access::PersonId> served;  // nobody counts for two partners
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
  constexpr std::string_view kWhat = "the recovery share";
  if (epoch >= safe.epochs.size()) return Error{Errc::not_found, "the safe has no such epoch"};
  TRY(SecretReader reader, SecretReader::open(file, own));
  if (!reader.begins(safe.safe, epoch) || !reader.take(",\"partner\":\"" + partner.to_string() + "\",\"share\":\""))
    return reader.error(kWhat);
  auto share = reader.take_share();
  if (!share || !reader.take("\"}") || !reader.at_end()) return reader.error(kWhat);
  const auto& commitments = safe.epochs[epoch].commitments;
  const auto commitment = std::ranges::find(commitments, partner, &wire::ShareCommitment::partner);
  if (commitment == commitments.end() || commitment->digest != share_digest(*share))
    return tampered("the recovery share is not the one that the safe's opening commits to");
  return std::move(*share);
}

// --- acts that need keys --------------------------------------------------------------------------------------------

Result<OpenedSafe> open_new_safe(Session& session, const Directory& directory, const access::CaseId& case_,
                                 const access::AgencyId& agency, std::span<const NomineeWords> representatives,
                                 std::string_view reason) {
  wire::OpenSafe command;
  command.case_ = case_;
  command.safe = session.make_id<access::SafeId>();
  command.agency = agency;
  std::vector<access::PersonId> keyholders;
  for (const NomineeWords& one : representatives) keyholders.push_back(one.person);
  TRY(NewEpoch epoch, make_epoch(directory, command.safe, 0, keyholders, nullptr));
  TRY(command.representatives, stage_nominees(session, representatives));
  if (!reason.empty()) {
    TRY(command.reason, session.stage_text(reason));
  }
  TRY_VOID(session.stage(epoch.values));
  command.key = std::move(epoch.key);
  TRY(ActAnswer answer, session.act(command));
  return OpenedSafe{command.safe, std::move(answer)};
}

Result<ReferredCase> refer_case(Session& session, const Directory& directory, const ReferralWords& referral) {
  wire::ReferCase command;
  command.case_ = session.make_id<access::CaseId>();
  command.agency = referral.agency;
  command.incident_date = referral.incident_date;
  command.aware_date = referral.aware_date;
  command.received = referral.received;
  command.subjects = referral.subjects;
  command.rules = referral.rules;
  command.linked_to = referral.linked_to;
  command.review_safe = session.make_id<access::SafeId>();
  std::vector<access::PersonId> keyholders;
  for (const Person* spoc : directory.spocs()) keyholders.push_back(spoc->id);
  if (keyholders.empty())
    return Error{Errc::conflict, "no SPOC is certified yet: there is nobody to receive the referral"};
  TRY(NewEpoch epoch, make_epoch(directory, command.review_safe, 0, keyholders, nullptr));
  TRY_VOID(session.stage(epoch.values));
  command.key = std::move(epoch.key);
  TRY(ActAnswer answer, session.act(command));
  TRY(const auto event, event_of<wire::CaseReferred>(answer.entries.front().body));
  return ReferredCase{command.case_, command.review_safe, event.reference, std::move(answer)};
}

Result<ActAnswer> nominate(Session& session, const Directory& directory, const access::SafeId& safe,
                           const NomineeWords& nominee) {
  TRY_VOID(directory.certified(nominee.person));
  TRY(auto nominees, stage_nominees(session, std::span(&nominee, 1)));
  return session.act(wire::MakeNomination{safe, std::move(nominees.front())});
}

}  // namespace cli::client
