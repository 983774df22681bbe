// How a command becomes entries, and an entry becomes state (DESIGN 4). `decide` and `apply` are functions of what they
// are given and nothing else: the gate uses them live, rebuild and replay run them again and must come to the same.
// One file per family of acts beside this one.
#pragma once
#include <variant>

#include "access/place.h"
#include "audit/entry.h"

namespace strongroom::access {

// Who signed the request, its signature verified. One of the two ids is set, and `keyid` is its text.
struct Actor {
  std::string keyid;
  std::optional<PersonId> person;
  std::optional<InvitationId> invitation;
};

// The person or the invitation that a request's keyid names. Errc::refused if it names neither.
Result<Actor> actor_of(const std::string& keyid);
// The key that the actor signs with. Errc::refused if the person is not enrolled or was revoked, or if there is no such
// invitation. An invitation that was used keeps its key, since the client may ask again what became of its enrolment.
Result<VerifyKey> key_of(const State& state, const vault::engine::ReadTransaction& txn, const Actor& actor);

// What only the first decision can choose: the members that kinds of entry declare as `kGiven`. The gate passes none,
// so that the next ones are taken from the state; replay passes those of the stored entry.
struct Given {
  std::optional<std::string> reference;  // of a case
  std::optional<std::uint64_t> number;   // of a copy
};
BOOST_DESCRIBE_STRUCT(Given, (), (reference, number))
// The given members of a stored entry's detail. Errc::malformed if one is not of its type.
Result<Given> given_of(std::string_view kind, const wire::json::value& detail);

// A staged value that moves into its table when the entry commits. The gate finds it by digest among what this actor
// staged; Errc::not_found otherwise, and nothing is appended.
struct BesideUse {
  Digest digest{};
  BesideTable table = BesideTable::text;
  Bytes key;
  bool operator==(const BesideUse&) const = default;
};

// An upload that becomes a record's payload when the entry commits: complete, of this actor, and with this digest.
struct UploadUse {
  UploadId upload;
  RecordId record;
  std::uint64_t length = 0;
  Digest payload{};
};

// An entry that is to be appended.
struct Event {
  std::string kind;
  wire::json::value detail;
  wire::Concerned ids;
  std::optional<CaseId> chain;  // none: the directory's. `case.referred` begins its case's chain
};

struct Decision {
  std::vector<Event> events;  // never empty
  std::vector<BesideUse> besides;
  std::vector<UploadUse> uploads;
};

// Decides the command of a verified request for an act.
//
// Errc::malformed or too_large: the body is not a command of this kind in its one form, or breaks a limit.
// Errc::invalid_argument: a command that can never be right (dates, lists). Errc::conflict: stale, or done already.
// Errc::not_found: it names something within a visible thing that is not there. Errc::refused: the actor's key is not
// accepted (unknown, revoked; an invitation used, expired or void): nothing is recorded. Errc::unsupported: no such
// act.
// `policy`: the version of the permission table that decides.
Result<std::variant<Decision, Refusal>> decide(const State& state, const vault::engine::ReadTransaction& txn,
                                               const Actor& actor, const wire::VerifiedRequest& request, Instant time,
                                               const Given& given, PolicyVersion policy = kPolicyVersion);

// The chain that an event's entry belongs to; nothing if the entry begins a chain of its own. Errc::tampered if its
// case does not exist.
Result<std::optional<audit::ChainTag>> chain_of(const State& state, const vault::engine::ReadTransaction& txn,
                                                const Event& event);

// The entry of a refusal.
Event refused_event(const Refusal& refusal);

// Applies one entry to the projections, from the entry alone, and deletes the beside values whose time is over with it.
// Errc::unsupported for a kind that this program does not know, Errc::tampered for an entry that no decision of ours
// could have made.
Result<void> apply(State& state, vault::engine::WriteTransaction& txn, const audit::Envelope& envelope,
                   const wire::EntryBody& body);

}  // namespace strongroom::access
