// Decides which entries a command makes, and applies entries to the state. `decide` and `apply` depend only on their
// arguments. The gate uses them live; rebuild and replay run them again and must get the same results. There is one
// source for each family of acts beside this file.
#pragma once
#include <variant>

#include "access/place.h"
#include "audit/entry.h"

namespace strongroom::access {

// The person or invitation that signed the request. The signature is verified. One of the two ids is set, and `keyid`
// is its text.
struct Actor {
  std::string keyid;
  std::optional<PersonId> person;
  std::optional<InvitationId> invitation;
};

// Returns the person or the invitation that a request's keyid names. Errc::refused if it names neither.
Result<Actor> actor_of(const std::string& keyid);
// Returns the key that the actor signs with. Errc::refused if the person is not enrolled or was revoked, or if there is
// no such invitation. An invitation that was used keeps its key, because the client may ask again for the result of its
// enrolment.
Result<VerifyKey> key_of(const State& state, const vault::engine::ReadTransaction& txn, const Actor& actor);

// The values that only the first decision can choose: the members that kinds of entry declare as `kGiven`. The gate
// passes none, so that the next ones are taken from the state. Replay passes those of the stored entry.
struct Given {
  std::optional<std::string> reference;  // of a case
  std::optional<std::uint64_t> number;   // of a copy
};
BOOST_DESCRIBE_STRUCT(Given, (), (reference, number))
// Returns the given members of a stored entry's detail. Errc::malformed if one does not have its type.
Result<Given> given_of(std::string_view kind, const wire::json::value& detail);

// A staged value that moves into its table when the entry commits. The gate finds it by its digest among the values
// that this actor staged. If it is not there, the act fails with Errc::not_found and nothing is appended.
struct BesideUse {
  Digest digest{};
  BesideTable table = BesideTable::text;
  Bytes key;
  bool operator==(const BesideUse&) const = default;
};

// An upload that becomes a record's payload when the entry commits. It must be complete, of this actor, and have this
// digest.
struct UploadUse {
  UploadId upload;
  RecordId record;
  std::uint64_t length = 0;
  Digest payload{};
};

// An entry that will be appended.
struct Event {
  std::string kind;
  wire::json::value detail;
  wire::Concerned ids;
};

struct Decision {
  std::vector<Event> events;  // never empty
  std::vector<BesideUse> besides;
  std::vector<UploadUse> uploads;
};

// Decides the command of a verified request for an act. `policy` is the version of the permission table that decides.
//
// Errc::malformed or too_large: the body is not a command of this kind in its one form, or it breaks a limit.
// Errc::invalid_argument: the command can never be right, for example because of its dates. Errc::conflict: it is
// stale, or done already. Errc::not_found: it names something that a visible thing does not contain. Errc::refused: the
// actor's key is not accepted (unknown, revoked; an invitation used, expired or void), and nothing is recorded.
// Errc::unsupported: there is no such act.
Result<std::variant<Decision, Refusal>> decide(const State& state, const vault::engine::ReadTransaction& txn,
                                               const Actor& actor, const wire::VerifiedRequest& request, Instant time,
                                               const Given& given, PolicyVersion policy = kPolicyVersion);

// Returns the chain of an entry of this kind about these ids, or nothing if the entry begins a chain. Errc::tampered if
// the case or the safe that the chain is about does not exist.
Result<std::optional<audit::ChainNumber>> chain_of(const State& state, const vault::engine::ReadTransaction& txn,
                                                   std::string_view kind, const wire::Concerned& ids);

// Returns the first entry of a chain about these ids.
Event begun_event(ChainSort sort, const wire::Concerned& ids);
// Returns the entry that records a refusal.
Event refused_event(const Refusal& refusal);

// Applies one entry to the projections, using only the entry, and deletes the beside values that end with it.
// Errc::unsupported for a kind that this program does not know, Errc::tampered for an entry that no decision of ours
// could have made.
Result<void> apply(State& state, vault::engine::WriteTransaction& txn, const audit::Envelope& envelope,
                   const wire::EntryBody& body);

}  // namespace strongroom::access
