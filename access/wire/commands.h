// What people ask for: one struct per act, its JSON the body of `POST /v1/acts/<kind>` in its one exact form
// (describe_json.h). Ids are made by clients, so a retry names the same thing. A Digest that names a beside value
// (wrap, share, header, descriptor, name, free text) is the SHA-256 of bytes staged before with `POST /v1/beside`.
// Every member is entered under its own name, except those in `kNotEntered` (register.h).
// Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

using vault::Date;
using vault::Digest;
using vault::Instant;
using vault::age::Recipient;
using vault::crypto::VerifyKey;

// --- parts ----------------------------------------------------------------------------------------------------------

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
  std::vector<Share> shares;       // for every certified custodian at the time; fewer shows "recovery incomplete"
  std::optional<Digest> previous;  // from epoch 1: the previous epoch's identity, encrypted to this recipient
};
BOOST_DESCRIBE_STRUCT(EpochKey, (), (recipient, wraps, commitments, shares, previous))

struct Nominee {
  PersonId person;
  Involvement involvement = Involvement::none;
  std::optional<Digest> reason;  // needed unless involvement is none
};
BOOST_DESCRIBE_STRUCT(Nominee, (), (person, involvement, reason))

struct NewRecord {
  static constexpr auto kNotEntered = std::to_array<std::string_view>({"upload"});
  RecordId record;
  UploadId upload;           // complete, of this actor
  Digest header{};           // of the age header (a single X25519 stanza)
  Digest descriptor{};       // of the descriptor, an age file for the same recipient
  std::uint64_t length = 0;  // bytes of payload (ciphertext after the header)
  Digest payload{};          // the payload digest (DESIGN 5)
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;  // true when secured after the agency declared itself complete
  std::optional<CopyId> derived_from;
};
BOOST_DESCRIBE_STRUCT(NewRecord, (),
                      (record, upload, header, descriptor, length, payload, class_, subject, late, derived_from))

// --- the directory --------------------------------------------------------------------------------------------------

struct InvitePerson {
  static constexpr std::string_view kKind = "person.invite";
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey key;                     // the invitation's one-time key; its secret half never reaches the server
  Instant expires;                   // at most kMaxInvitationDays ahead
  Digest name{};                     // free text: how the inviter names the person
  std::optional<PersonId> replaces;  // a lost identity, revoked by this act
};
BOOST_DESCRIBE_STRUCT(InvitePerson, (), (invitation, agency, roles, key, expires, name, replaces))

// Signed by the invitation's key (keyid = the invitation's id), so that the new keys hang on the inviter's.
struct EnrolPerson {
  static constexpr std::string_view kKind = "person.enrol";
  InvitationId invitation;
  PersonId person;
  VerifyKey signing_key;
  Recipient recipient{};
  std::optional<Digest> name;  // absent: the inviter's words stand
};
BOOST_DESCRIBE_STRUCT(EnrolPerson, (), (invitation, person, signing_key, recipient, name))

// A person who is enrolled already takes up a further membership. Signed by the person; `proof` is the invitation key's
// Ed25519 signature over "strongroom/join/v1\n" invitation "\n" person "\n".
struct JoinAgency {
  static constexpr std::string_view kKind = "person.join";
  static constexpr auto kNotEntered = std::to_array<std::string_view>({"proof"});
  InvitationId invitation;
  vault::crypto::Signature proof{};
};
BOOST_DESCRIBE_STRUCT(JoinAgency, (), (invitation, proof))

struct RevokePerson {
  static constexpr std::string_view kKind = "person.revoke";
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(RevokePerson, (), (person, reason))

struct AddAgency {
  static constexpr std::string_view kKind = "agency.add";
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  Digest name{};
};
BOOST_DESCRIBE_STRUCT(AddAgency, (), (agency, kind, name))

// --- cases and safes ------------------------------------------------------------------------------------------------

// Document 1 (4.1.1): opens the case with its review safe and engages the lock.
struct ReferCase {
  static constexpr std::string_view kKind = "case.refer";
  CaseId case_;
  AgencyId agency;  // the referring agency; it is asked to secure by the same act
  Date incident_date{};
  Date aware_date{};
  Instant received;                   // by the SPOC; may be before it was keyed
  std::vector<std::string> subjects;  // at least one child-N, kMaxChildren of them at most
  SafeId review_safe;
  EpochKey key;                                     // wrapped for every SPOC
  std::optional<std::string> rules = std::nullopt;  // the rule set it runs under (review/rules.h); absent: "guidance"
  std::optional<CaseId> linked_to = std::nullopt;   // an earlier case of the same incident, or of others hurt in it
};
BOOST_DESCRIBE_STRUCT(ReferCase, (),
                      (case_, agency, incident_date, aware_date, received, subjects, review_safe, key, rules,
                       linked_to))

struct AskAgencies {
  static constexpr std::string_view kKind = "case.ask";
  CaseId case_;
  std::vector<AgencyId> agencies;
};
BOOST_DESCRIBE_STRUCT(AskAgencies, (), (case_, agencies))

struct OpenSafe {
  static constexpr std::string_view kKind = "safe.open";
  CaseId case_;
  SafeId safe;
  AgencyId agency;
  EpochKey key;  // wrapped for every representative
  std::vector<Nominee> representatives;
  std::optional<Digest> reason;  // needed for a lone representative
};
BOOST_DESCRIBE_STRUCT(OpenSafe, (), (case_, safe, agency, key, representatives, reason))

struct MakeNomination {
  static constexpr std::string_view kKind = "nomination.make";
  SafeId safe;
  Nominee nominee;
};
BOOST_DESCRIBE_STRUCT(MakeNomination, (), (safe, nominee))

// By an active keyholder's client.
struct WrapNomination {
  static constexpr std::string_view kKind = "nomination.wrap";
  SafeId safe;
  std::uint64_t epoch = 0;
  Wrap wrap;
};
BOOST_DESCRIBE_STRUCT(WrapNomination, (), (safe, epoch, wrap))

// By the nominee's client, which opened its wrap and found the secret of the safe's recipient in it.
struct ConfirmNomination {
  static constexpr std::string_view kKind = "nomination.confirm";
  SafeId safe;
  std::uint64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(ConfirmNomination, (), (safe, epoch))

struct EndNomination {
  static constexpr std::string_view kKind = "nomination.end";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(EndNomination, (), (safe, person, reason))

// An absence. The wrap goes, as it does at the end; the key stays as it is, since nothing is said of trust.
struct PauseNomination {
  static constexpr std::string_view kKind = "nomination.pause";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(PauseNomination, (), (safe, person, reason))

// Back to pending: a keyholder's client wraps the key again, and the person's confirms it.
struct ResumeNomination {
  static constexpr std::string_view kKind = "nomination.resume";
  SafeId safe;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(ResumeNomination, (), (safe, person))

// By a remaining keyholder's client after a nomination ended.
struct StartEpoch {
  static constexpr std::string_view kKind = "epoch.start";
  SafeId safe;
  std::uint64_t epoch = 0;  // the new one: the current one and 1
  EpochKey key;
};
BOOST_DESCRIBE_STRUCT(StartEpoch, (), (safe, epoch, key))

// By a keyholder's client, for custodians certified since the epoch began.
struct CompleteShares {
  static constexpr std::string_view kKind = "shares.complete";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<Share> shares;
};
BOOST_DESCRIBE_STRUCT(CompleteShares, (), (safe, epoch, shares))

// --- records and copies ---------------------------------------------------------------------------------------------

struct SealRecords {
  static constexpr std::string_view kKind = "records.seal";
  SafeId safe;
  std::uint64_t epoch = 0;  // a stale one is a conflict
  std::vector<NewRecord> records;
  std::optional<AgencyId> on_behalf_of;
};
BOOST_DESCRIBE_STRUCT(SealRecords, (), (safe, epoch, records, on_behalf_of))

struct IssueCopy {
  static constexpr std::string_view kKind = "copy.issue";
  CopyId copy;
  SafeId safe;
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};                     // not before today in Europe/London
  std::vector<RecordId> records;  // of that safe, each once
};
BOOST_DESCRIBE_STRUCT(IssueCopy, (), (copy, safe, holder, purpose, due, records))

// By the issuer, for a colleague: the headers rewritten for the holder's key, in the order of the copy's records.
struct PrepareCopy {
  static constexpr std::string_view kKind = "copy.prepare";
  CopyId copy;
  std::vector<Digest> headers;
  Digest index{};  // of index.age, encrypted to the holder; staged with `POST /v1/beside/<digest>`
};
BOOST_DESCRIBE_STRUCT(PrepareCopy, (), (copy, headers, index))

struct CollectCopy {
  static constexpr std::string_view kKind = "copy.collect";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CollectCopy, (), (copy))

// By the holder's client, once every file of the copy is verified and stands under its name.
struct DeliverCopy {
  static constexpr std::string_view kKind = "copy.deliver";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(DeliverCopy, (), (copy))

struct ReturnCopy {
  static constexpr std::string_view kKind = "copy.return";
  CopyId copy;
  std::vector<RecordId> records;  // empty: all that are still out
  CopyEnd how = CopyEnd::returned;
};
BOOST_DESCRIBE_STRUCT(ReturnCopy, (), (copy, records, how))

// Another keyholder answers for open copies of the safe from now on: prepares, chases and returns them as the issuer
// would. Whoever issued them stays named as such.
struct ReassignCopies {
  static constexpr std::string_view kKind = "copy.reassign";
  SafeId safe;
  std::vector<CopyId> copies;
  PersonId to;
};
BOOST_DESCRIBE_STRUCT(ReassignCopies, (), (safe, copies, to))

}  // namespace strongroom::access::wire
