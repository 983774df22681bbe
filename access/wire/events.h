// What happened: the `detail` of an entry's body, one struct per kind, and the body itself. A published (kind, version)
// struct never changes: stored bytes are never rewritten. Docs: docs/formats.md
//
// A member of an entry says what the member of the same name in its signed command says, and nothing else, unless the
// struct names it as `kGiven` (chosen when the act was decided, and compared by nobody) or as `kComputed` (computed
// from earlier entries: replay compares it, and a client that holds a single chain cannot). access/wire/register.h
// compares.
#pragma once
#include "access/wire/commands.h"
#include "access/wire/http_signature.h"

namespace strongroom::access::wire {

// The signed request that caused an entry (http_signature.h). In JSON its content is one of two optional members:
// `body`, or `body_sha256` if the body was omitted. Errc::malformed if both are there, or if the body is empty.
template <>
struct JsonOf<EntryRequest> {
  static json::value to(const EntryRequest& request);
  static vault::Result<EntryRequest> from(const json::value& value, Strictness strictness);
};

// The ids concerned, for indexes and for deciding who may read the body.
struct Concerned {
  std::optional<CaseId> case_;
  std::optional<SafeId> safe;
  std::optional<AgencyId> agency;  // whose safe, invitation or referral it is
  std::optional<PersonId> person;  // somebody other than the actor: nominee, holder, invited or revoked person
  std::optional<CopyId> copy;
};
BOOST_DESCRIBE_STRUCT(Concerned, (), (case_, safe, agency, person, copy))

struct EntryBody {
  std::uint64_t v = 1;
  std::array<std::byte, 16> salt{};  // given
  std::string kind;
  std::uint64_t policy = 1;          // the version of the permission table it was decided under
  std::optional<std::string> actor;  // a person's id, or an invitation's for an enrolment; absent for the system's own
  Concerned ids;
  json::value detail;
  std::optional<EntryRequest> request;
};
BOOST_DESCRIBE_STRUCT(EntryBody, (), (v, salt, kind, policy, actor, ids, detail, request))
// Reads the body of an entry that is in a ledger. Errc::tampered if it is none in its one exact form: nobody whose
// program is right stores another.
vault::Result<EntryBody> read_entry(std::string_view text);

// --- the directory --------------------------------------------------------------------------------------------------

// Entries 0 to 3, made by `init`: local-authority, icb, police, and the administrator. The first three make their
// agency, and whoever enrols with them is that partner's root. The administrator's membership is in the local
// authority.
struct GenesisInvited {
  static constexpr std::string_view kKind = "genesis.invited";
  InvitationId invitation;
  AgencyId agency;
  std::optional<AgencyKind> partner;  // absent for the administrator
  std::vector<Role> roles;
  VerifyKey key;
  Instant expires;
};
BOOST_DESCRIBE_STRUCT(GenesisInvited, (), (invitation, agency, partner, roles, key, expires))

struct PersonInvited {
  static constexpr std::string_view kKind = "person.invited";
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey key;
  Instant expires;
  Digest name{};
  std::optional<PersonId> replaces;
};
BOOST_DESCRIBE_STRUCT(PersonInvited, (), (invitation, agency, roles, key, expires, name, replaces))

struct PersonEnrolled {
  static constexpr std::string_view kKind = "person.enrolled";
  static constexpr auto kComputed = std::to_array<std::string_view>({"agency", "roles"});
  InvitationId invitation;
  PersonId person;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey signing_key;
  Recipient recipient{};
  std::optional<Digest> name;
};
BOOST_DESCRIBE_STRUCT(PersonEnrolled, (), (invitation, person, agency, roles, signing_key, recipient, name))

struct PersonJoined {
  static constexpr std::string_view kKind = "person.joined";
  static constexpr auto kComputed = std::to_array<std::string_view>({"agency", "roles"});
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
};
BOOST_DESCRIBE_STRUCT(PersonJoined, (), (invitation, agency, roles))

struct PersonRevoked {
  static constexpr std::string_view kKind = "person.revoked";
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(PersonRevoked, (), (person, reason))

struct AgencyAdded {
  static constexpr std::string_view kKind = "agency.added";
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  Digest name{};
};
BOOST_DESCRIBE_STRUCT(AgencyAdded, (), (agency, kind, name))

// --- cases and safes ------------------------------------------------------------------------------------------------

struct CaseReferred {
  static constexpr std::string_view kKind = "case.referred";
  static constexpr auto kGiven = std::to_array<std::string_view>({"reference"});
  static constexpr auto kComputed = std::to_array<std::string_view>({"rules", "calendar"});
  CaseId case_;
  std::string reference;  // RR-<year received>-<four digits or more>
  AgencyId agency;
  Date incident_date{};
  Date aware_date{};
  Instant received;
  std::vector<std::string> subjects;
  SafeId review_safe;
  EpochKey key;
  std::string rules;  // the rule set it runs under from then on
  Digest calendar{};  // the calendar in force then (Calendar::digest)
  std::optional<CaseId> linked_to;
};
BOOST_DESCRIBE_STRUCT(CaseReferred, (),
                      (case_, reference, agency, incident_date, aware_date, received, subjects, review_safe, key, rules,
                       calendar, linked_to))

struct AgenciesAsked {
  static constexpr std::string_view kKind = "agencies.asked";
  CaseId case_;
  std::vector<AgencyId> agencies;
};
BOOST_DESCRIBE_STRUCT(AgenciesAsked, (), (case_, agencies))

struct SafeOpened {
  static constexpr std::string_view kKind = "safe.opened";
  CaseId case_;
  SafeId safe;
  AgencyId agency;
  EpochKey key;
  std::vector<Nominee> representatives;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(SafeOpened, (), (case_, safe, agency, key, representatives, reason))

struct NominationMade {
  static constexpr std::string_view kKind = "nomination.made";
  static constexpr auto kComputed = std::to_array<std::string_view>({"own"});
  SafeId safe;
  Nominee nominee;
  bool own = false;  // the lead nominated themselves; recorded and shown as such
};
BOOST_DESCRIBE_STRUCT(NominationMade, (), (safe, nominee, own))

struct NominationWrapped {
  static constexpr std::string_view kKind = "nomination.wrapped";
  SafeId safe;
  std::uint64_t epoch = 0;
  Wrap wrap;
};
BOOST_DESCRIBE_STRUCT(NominationWrapped, (), (safe, epoch, wrap))

struct NominationConfirmed {
  static constexpr std::string_view kKind = "nomination.confirmed";
  SafeId safe;
  std::uint64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(NominationConfirmed, (), (safe, epoch))

struct NominationEnded {
  static constexpr std::string_view kKind = "nomination.ended";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(NominationEnded, (), (safe, person, reason))

struct NominationPaused {
  static constexpr std::string_view kKind = "nomination.paused";
  SafeId safe;
  PersonId person;
  std::optional<Digest> reason;
};
BOOST_DESCRIBE_STRUCT(NominationPaused, (), (safe, person, reason))

struct NominationResumed {
  static constexpr std::string_view kKind = "nomination.resumed";
  SafeId safe;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(NominationResumed, (), (safe, person))

struct EpochStarted {
  static constexpr std::string_view kKind = "epoch.started";
  SafeId safe;
  std::uint64_t epoch = 0;
  EpochKey key;
};
BOOST_DESCRIBE_STRUCT(EpochStarted, (), (safe, epoch, key))

struct SharesCompleted {
  static constexpr std::string_view kKind = "shares.completed";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<Share> shares;
};
BOOST_DESCRIBE_STRUCT(SharesCompleted, (), (safe, epoch, shares))

// --- records and copies ---------------------------------------------------------------------------------------------

struct SealedRecord {
  RecordId record;
  Digest header{};
  Digest descriptor{};
  std::uint64_t length = 0;
  Digest payload{};
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;
  std::optional<CopyId> derived_from;
};
BOOST_DESCRIBE_STRUCT(SealedRecord, (),
                      (record, header, descriptor, length, payload, class_, subject, late, derived_from))

struct RecordsSealed {
  static constexpr std::string_view kKind = "records.sealed";
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<SealedRecord> records;
  std::optional<AgencyId> on_behalf_of;
};
BOOST_DESCRIBE_STRUCT(RecordsSealed, (), (safe, epoch, records, on_behalf_of))

struct CopyIssued {
  static constexpr std::string_view kKind = "copy.issued";
  static constexpr auto kGiven = std::to_array<std::string_view>({"number"});
  CopyId copy;
  std::uint64_t number = 0;  // shown as C-0042
  SafeId safe;
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};
  std::vector<RecordId> records;
};
BOOST_DESCRIBE_STRUCT(CopyIssued, (), (copy, number, safe, holder, purpose, due, records))

struct CopyPrepared {
  static constexpr std::string_view kKind = "copy.prepared";
  CopyId copy;
  std::vector<Digest> headers;
  Digest index{};
};
BOOST_DESCRIBE_STRUCT(CopyPrepared, (), (copy, headers, index))

struct CopyCollected {
  static constexpr std::string_view kKind = "copy.collected";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CopyCollected, (), (copy))

struct CopyDelivered {
  static constexpr std::string_view kKind = "copy.delivered";
  CopyId copy;
};
BOOST_DESCRIBE_STRUCT(CopyDelivered, (), (copy))

struct CopyReturned {
  static constexpr std::string_view kKind = "copy.returned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"records", "complete"});
  CopyId copy;
  std::vector<RecordId>
      records;  // those that this act ended, never empty; if the command names none, all that were out
  CopyEnd how = CopyEnd::returned;
  bool complete = false;  // nothing of the copy is out any more
};
BOOST_DESCRIBE_STRUCT(CopyReturned, (), (copy, records, how, complete))

// One for each copy of the command.
struct CopyReassigned {
  static constexpr std::string_view kKind = "copy.reassigned";
  static constexpr auto kComputed = std::to_array<std::string_view>({"from"});
  CopyId copy;
  SafeId safe;
  PersonId from;
  PersonId to;
};
BOOST_DESCRIBE_STRUCT(CopyReassigned, (), (copy, safe, from, to))

// --- refusals and the system's own ----------------------------------------------------------------------------------

// Nobody's text: the action and the rule of the permission table that refused it (docs/policy.md).
struct AccessRefused {
  static constexpr std::string_view kKind = "access.refused";
  std::string action;
  std::string rule;
};
BOOST_DESCRIBE_STRUCT(AccessRefused, (), (action, rule))

// A person was over their request rate: one aggregate entry per interval.
struct RequestsLimited {
  static constexpr std::string_view kKind = "requests.limited";
  PersonId person;
  std::uint64_t count = 0;
  Instant since;
};
BOOST_DESCRIBE_STRUCT(RequestsLimited, (), (person, count, since))

// The system's clock stepped back, or jumped ahead. It never releases or disposes of anything.
struct ClockStepped {
  static constexpr std::string_view kKind = "clock.stepped";
  Instant from;
  Instant to;
};
BOOST_DESCRIBE_STRUCT(ClockStepped, (), (from, to))

}  // namespace strongroom::access::wire
