// Describes safes and their keys: opening, nominations, epochs and recovery shares. It has their commands, entries and
// answers. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// ---- Parts ----

// A safe's secret, wrapped in a small age file for one person.
struct Wrap {
  PersonId person;
  Digest digest{};  // of the age file
};
BOOST_DESCRIBE_STRUCT(Wrap, (), (person, digest))

// One partner's recovery share, encrypted to one of that partner's certified custodians.
struct Share {
  PersonId custodian;
  AgencyId partner;
  Digest digest{};  // of the age file
};
BOOST_DESCRIBE_STRUCT(Share, (), (custodian, partner, digest))

// SHA-256 of one plaintext share (32 bytes).
struct ShareCommitment {
  AgencyId partner;
  Digest digest{};
};
BOOST_DESCRIBE_STRUCT(ShareCommitment, (), (partner, digest))

// One epoch's key of a safe.
struct EpochKey {
  Recipient recipient{};
  std::vector<Wrap> wraps;
  std::vector<ShareCommitment> commitments;  // exactly one for each of the three partners
  std::vector<Share> shares;  // for every custodian who was certified then; with fewer it shows "recovery incomplete"
  std::optional<Digest> previous;  // from epoch 1 on: the identity of the epoch before, encrypted to this recipient
};
BOOST_DESCRIBE_STRUCT(EpochKey, (), (recipient, wraps, commitments, shares, previous))

struct Nominee {
  PersonId person;
  Involvement involvement = Involvement::none;
  std::optional<Digest> reason;  // needed unless involvement is none
};
BOOST_DESCRIBE_STRUCT(Nominee, (), (person, involvement, reason))

// ---- Opening ----

struct OpenSafe {
  static constexpr std::string_view kKind = "safe.open";
  CaseId case_;
  SafeId safe;
  AgencyId agency;
  EpochKey key;  // wrapped for every representative
  std::vector<Nominee> representatives;
  std::optional<Digest> reason;  // needed if there is only one representative
};
BOOST_DESCRIBE_STRUCT(OpenSafe, (), (case_, safe, agency, key, representatives, reason))

struct SafeOpened {
  static constexpr std::string_view kKind = "safe.opened";
  static constexpr auto kBegins =
      std::to_array({ChainSort::keys, ChainSort::recovery, ChainSort::records, ChainSort::copies});
  CaseId case_;
  SafeId safe;
  AgencyId agency;
  EpochKey key;
  std::vector<Nominee> representatives;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(SafeOpened, (), (case_, safe, agency, key, representatives, reason))

// ---- Nominations ----

struct MakeNomination {
  static constexpr std::string_view kKind = "nomination.make";
  SafeId safe;
  Nominee nominee;
};
BOOST_DESCRIBE_STRUCT(MakeNomination, (), (safe, nominee))

struct NominationMade {
  static constexpr std::string_view kKind = "nomination.made";
  static constexpr auto kComputed = std::to_array<std::string_view>({"own"});
  SafeId safe;
  Nominee nominee;
  bool own = false;  // the lead nominated themselves; this is recorded and shown
};
BOOST_DESCRIBE_STRUCT(NominationMade, (), (safe, nominee, own))

// An active keyholder's client signs this.
struct WrapNomination {
  static constexpr std::string_view kKind = "nomination.wrap";
  SafeId safe;
  std::uint64_t epoch = 0;
  Wrap wrap;
};
BOOST_DESCRIBE_STRUCT(WrapNomination, (), (safe, epoch, wrap))

struct NominationWrapped {
  static constexpr std::string_view kKind = "nomination.wrapped";
  SafeId safe;
  std::uint64_t epoch = 0;
  Wrap wrap;
};
BOOST_DESCRIBE_STRUCT(NominationWrapped, (), (safe, epoch, wrap))

// The nominee's client signs this, after it opened its wrap and found the secret of the safe's recipient in it.
struct ConfirmNomination {
  static constexpr std::string_view kKind = "nomination.confirm";
  SafeId safe;
  std::uint64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(ConfirmNomination, (), (safe, epoch))

struct NominationConfirmed {
  static constexpr std::string_view kKind = "nomination.confirmed";
  SafeId safe;
  std::uint64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(NominationConfirmed, (), (safe, epoch))

struct EndNomination {
  static constexpr std::string_view kKind = "nomination.end";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(EndNomination, (), (safe, person, reason))

struct NominationEnded {
  static constexpr std::string_view kKind = "nomination.ended";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(NominationEnded, (), (safe, person, reason))

// Pauses a nomination during an absence. The wrap is deleted, as it is when the nomination ends. The key stays the
// same, because an absence does not mean that the person is not trusted.
struct PauseNomination {
  static constexpr std::string_view kKind = "nomination.pause";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(PauseNomination, (), (safe, person, reason))

struct NominationPaused {
  static constexpr std::string_view kKind = "nomination.paused";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(NominationPaused, (), (safe, person, reason))

// Makes a nomination pending again: a keyholder's client wraps the key once more, and the person's client confirms it.
struct ResumeNomination {
  static constexpr std::string_view kKind = "nomination.resume";
  SafeId safe;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(ResumeNomination, (), (safe, person))

struct NominationResumed {
  static constexpr std::string_view kKind = "nomination.resumed";
  SafeId safe;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(NominationResumed, (), (safe, person))

// ---- Epochs and shares ----

// A remaining keyholder's client signs this after a nomination ended.
struct StartEpoch {
  static constexpr std::string_view kKind = "epoch.start";
  SafeId safe;
  std::uint64_t epoch = 0;  // the new epoch: the current one + 1
  EpochKey key;
};
BOOST_DESCRIBE_STRUCT(StartEpoch, (), (safe, epoch, key))

struct EpochStarted {
  static constexpr std::string_view kKind = "epoch.started";
  SafeId safe;
  std::uint64_t epoch = 0;
  EpochKey key;
};
BOOST_DESCRIBE_STRUCT(EpochStarted, (), (safe, epoch, key))

// A keyholder's client signs this, for custodians who were certified since the epoch began.
struct CompleteShares {
  static constexpr std::string_view kKind = "shares.complete";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<Share> shares;
};
BOOST_DESCRIBE_STRUCT(CompleteShares, (), (safe, epoch, shares))

struct SharesCompleted {
  static constexpr std::string_view kKind = "shares.completed";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<Share> shares;
};
BOOST_DESCRIBE_STRUCT(SharesCompleted, (), (safe, epoch, shares))

// ---- Answers ----

struct NominationView {
  PersonId person;
  NominationState state = NominationState::pending;
  Involvement involvement = Involvement::none;
  bool own = false;
  bool wrapped = false;
};
BOOST_DESCRIBE_STRUCT(NominationView, (), (person, state, involvement, own, wrapped))

struct SafeView {
  SafeId safe;
  CaseId case_;
  std::optional<AgencyId> agency;  // absent for the review safe
  std::uint64_t epoch = 0;
  Recipient recipient{};
  std::uint64_t records = 0;
  std::vector<NominationView> nominations;  // in a review safe, its participants
  bool recovery_complete = false;           // at least two custodians of each partner hold a share of the current epoch
  std::uint64_t items = 0;                  // physical items
  std::uint64_t declaration = 0;            // the last version that the agency declared; 0: none
  bool nothing_held = false;                // as the agency declared
  std::uint64_t sources = 0;                // that the agency declared, and how many of them are still open
  std::uint64_t open_sources = 0;
  bool secured = false;  // declared, every source closed, and something held unless it declared that nothing is
  std::uint64_t originals_removed = 0;
};
BOOST_DESCRIBE_STRUCT(SafeView, (),
                      (safe, case_, agency, epoch, recipient, records, nominations, recovery_complete, items,
                       declaration, nothing_held, sources, open_sources, secured, originals_removed))

// A keyholder's client needs these to compute every epoch's secret: it opens its wrap of the current epoch, and then
// follows the chain back.
struct SafeKeysView {
  std::uint64_t epoch = 0;
  vault::Bytes wrap;
  std::vector<vault::Bytes> previous;  // previous[i] is epoch i's identity, encrypted to the recipient of epoch i + 1
};
BOOST_DESCRIBE_STRUCT(SafeKeysView, (), (epoch, wrap, previous))

struct WrapDuty {
  SafeId safe;
  std::uint64_t epoch = 0;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(WrapDuty, (), (safe, epoch, person))

struct EpochDuty {
  SafeId safe;
  std::uint64_t epoch = 0;  // the current one
};
BOOST_DESCRIBE_STRUCT(EpochDuty, (), (safe, epoch))

struct ShareDuty {
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<PersonId> custodians;  // certified ones without a share
};
BOOST_DESCRIBE_STRUCT(ShareDuty, (), (safe, epoch, custodians))

// Lists the acts that this person's client must do.
struct DutiesView {
  std::vector<WrapDuty> wraps;
  std::vector<EpochDuty> confirmations;
  std::vector<EpochDuty> epochs;  // in which a nomination ended since the epoch began
  std::vector<ShareDuty> shares;
  std::vector<CopyId> preparations;  // copies that this person issued for a colleague and has not prepared
  std::vector<CopyId> deliveries;    // collected by this person, or issued to themselves, and not acknowledged
};
BOOST_DESCRIBE_STRUCT(DutiesView, (), (wraps, confirmations, epochs, shares, preparations, deliveries))

}  // namespace strongroom::access::wire
