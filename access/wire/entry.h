// Describes an entry's body as it is stored, and the kinds of entry that nobody's act makes. The kinds that acts make
// are in the headers of their subjects (cases.h, safes.h, records.h, …), each beside its command. Docs: docs/formats.md
//
// A published (kind, version) struct never changes, because stored bytes are never rewritten. Each member of an entry
// has the value that the member of the same name has in its signed command, with two exceptions. A struct lists in
// `kGiven` the members that were chosen when the act was decided, which nobody compares. It lists in `kComputed` those
// that were computed from earlier entries: replay compares them, but a client that holds a single chain cannot.
// access/wire/register.h compares the others.
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/http_signature.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// The signed request that caused an entry (http_signature.h). In JSON its content is one of two optional members:
// `body`, or `body_sha256` if the body was omitted. Errc::malformed if both are there, or if the body is empty.
template <>
struct JsonOf<EntryRequest> {
  static json::value to(const EntryRequest& request);
  static vault::Result<EntryRequest> from(const json::value& value, Strictness strictness);
};

// The ids that an entry concerns, for indexes and for deciding who may read the body.
struct Concerned {
  std::optional<CaseId> case_;
  std::optional<SafeId> safe;
  std::optional<AgencyId> agency;  // the agency of the safe, invitation or referral
  std::optional<PersonId> person;  // somebody other than the actor: nominee, holder, invited or revoked person
  std::optional<CopyId> copy;
};
BOOST_DESCRIBE_STRUCT(Concerned, (), (case_, safe, agency, person, copy))

struct EntryBody {
  std::uint64_t v = 1;
  std::array<std::byte, 16> salt{};  // given
  std::string kind;
  std::uint64_t policy = 1;          // the version of the permission table under which it was decided
  std::optional<std::string> actor;  // a person's id, or for an enrolment an invitation's; absent if nobody acted
  Concerned ids;
  json::value detail;
  std::optional<EntryRequest> request;
};
BOOST_DESCRIBE_STRUCT(EntryBody, (), (v, salt, kind, policy, actor, ids, detail, request))
// Reads the body of an entry that is in a ledger. Errc::tampered if it is not in its one exact form, because a correct
// program stores no other.
vault::Result<EntryBody> read_entry(std::string_view text);

// ---- Entries that no act makes ----

// The first entry of a chain. It follows directly after the entry whose act made the chain's subject, so that a subject
// has exactly one chain of each sort, and an empty chain can be shown. The ids name the subject.
struct ChainBegun {
  static constexpr std::string_view kKind = "chain.begun";
  ChainSort sort = ChainSort::directory;
};
BOOST_DESCRIBE_STRUCT(ChainBegun, (), (sort))

// Contains nobody's text: only the action, and the rule of the permission table that refused it (docs/policy.md).
struct AccessRefused {
  static constexpr std::string_view kKind = "access.refused";
  std::string action;
  std::string rule;
};
BOOST_DESCRIBE_STRUCT(AccessRefused, (), (action, rule))

// A person was over their request rate. There is one aggregate entry for each interval.
struct RequestsLimited {
  static constexpr std::string_view kKind = "requests.limited";
  PersonId person;
  std::uint64_t count = 0;
  Instant since;
};
BOOST_DESCRIBE_STRUCT(RequestsLimited, (), (person, count, since))

// The system's clock was set back, or jumped ahead. The entry never releases or disposes of anything.
struct ClockStepped {
  static constexpr std::string_view kKind = "clock.stepped";
  Instant from;
  Instant to;
};
BOOST_DESCRIBE_STRUCT(ClockStepped, (), (from, to))

// ---- Answers ----

// An entry as a reader gets it: the envelope's exact text, and the body's if this person may read it.
struct EntryView {
  std::string envelope;
  std::optional<std::string> body;
};
BOOST_DESCRIBE_STRUCT(EntryView, (), (envelope, body))

}  // namespace strongroom::access::wire
