// An entry's body as it is stored, and the kinds of entry that nobody's act makes. The kinds that acts make are in the
// headers of their subjects (cases.h, safes.h, records.h, …), each beside its command. Docs: docs/formats.md
//
// A published (kind, version) struct never changes, because stored bytes are never rewritten. Each member of an entry
// says what the member of the same name in its signed command says, unless the struct names it as `kGiven` (chosen when
// the act was decided, and compared by nobody) or as `kComputed` (computed from earlier entries: replay compares it, a
// client that holds a single chain cannot). access/wire/register.h compares.
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

// ---- Entries that no act makes ----

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

// ---- Answers ----

// An entry as a reader gets it: the envelope's exact text and, if this person may read it, the body's.
struct EntryView {
  std::string envelope;
  std::optional<std::string> body;
};
BOOST_DESCRIBE_STRUCT(EntryView, (), (envelope, body))

}  // namespace strongroom::access::wire
