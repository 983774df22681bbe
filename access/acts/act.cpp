#include "access/acts/act.h"

#include "access/acts/acts.h"
#include "access/wire/register.h"

namespace strongroom::access {

namespace acts {
namespace {

// Lists the kinds of entry that change no projection. The others are AppliedEvents.
using Remarks = boost::mp11::mp_set_difference<wire::OtherEvents, AppliedEvents>;

// It is never inlined, because all of a list would otherwise be one function, which takes the compiler as long as the
// rest of the folder.
template <class T, class R, class Visit>
[[gnu::noinline]] R visit_type(const Visit& visit) {
  return visit(std::type_identity<T>());
}
// Calls `visit` with the type of the list that has this kind. Returns nothing if no type has it.
template <class List, class R, class Visit>
std::optional<R> with_kind(std::string_view kind, const Visit& visit) {
  std::optional<R> result;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, List>>([&](auto type) {
    using T = typename decltype(type)::type;
    if (T::kKind == kind) result.emplace(visit_type<T, R>(visit));
  });
  return result;
}

// Reads the actor as the state knows it now, because a key must be checked again inside the transaction.
Result<Context> context_of(const State& state, const ReadTransaction& txn, const Actor& actor, Instant time,
                           const Given& given, PolicyVersion policy) {
  const Error not_accepted{Errc::refused, "this key is not accepted"};
  TRY(Standing standing, Standing::of(state, txn, actor.person.value_or(PersonId()), policy));
  std::optional<InvitationRow> invitation;
  if (actor.person) {
    if (!standing.enrolled()) return not_accepted;
  } else {
    if (!actor.invitation) return not_accepted;
    TRY(invitation, open_invitation(state, txn, *actor.invitation, time));
    if (!invitation) return not_accepted;
  }
  return Context{{}, state, txn, actor, std::move(standing), std::move(invitation), time, given};
}

// Stores the request's nonce, so that the same request does not have its effect again.
Result<void> remember_nonce(const Entry& entry, const wire::EntryRequest& request) {
  TRY(const auto signature, wire::parse_stored_request(request));
  UsedNonceRow row;
  row.method = request.method;
  row.target = request.target;
  row.content = wire::body_sha256(request.content);
  row.seqs = {entry.seq()};
  row.time = entry.time();
  return entry.state.put_nonce(entry.txn, signature.parameters.keyid, signature.parameters.nonce, row);
}

}  // namespace

namespace {

// Checks the words of a command before anybody is refused, because a refused command is stored in the ledger as it was
// signed. Names and free text must not be in a command, no matter who sends it (docs/formats.md, "Beside values").
bool is_command_text(std::string_view body) {
  constexpr std::string_view kOthers = "{}[]\",:+/=_.-";
  return std::ranges::all_of(body, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}
template <class Command>
bool has_opaque_subjects(const Command& command) {
  if constexpr (requires { command.subjects; })
    if (!std::ranges::all_of(command.subjects, is_subject)) return false;
  if constexpr (requires { command.searched; })
    if (!std::ranges::all_of(command.searched, is_subject)) return false;
  if constexpr (requires { command.subject; })
    if (command.subject && !is_subject(*command.subject)) return false;
  if constexpr (requires { command.records.front().subject; })
    if (!std::ranges::all_of(command.records, [](const auto& r) { return !r.subject || is_subject(*r.subject); }))
      return false;
  return true;
}

}  // namespace

// Adds the first entries of the chains that begin with an entry, directly after it.
static void begin_chains(Decision& decision) {
  for (std::size_t i = 0; i < decision.events.size(); ++i) {
    std::vector<Event> begun;
    for (const ChainSort sort : wire::chains_begun_by(decision.events[i].kind))
      begun.push_back(begun_event(sort, decision.events[i].ids));
    const auto next = decision.events.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    decision.events.insert(next, std::make_move_iterator(begun.begin()), std::make_move_iterator(begun.end()));
  }
}

Result<void> apply(const Entry& entry, const wire::ChainBegun& detail) {
  return entry.state.put_chain(entry.txn, detail.sort, entry.body.ids, entry.envelope.chain);
}

bool is_subject(std::string_view text) {
  return !text.empty() && text.size() <= kMaxSubjectLength && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Place in_directory(const Context& context) {
  Place place = context.standing.in_directory();
  if (context.invitation) place.who.add(Capacity::invitee);
  return place;
}
BesideUse text_use(const Digest& digest) {
  return {digest, BesideTable::text, vault::to_bytes(ByteView(digest))};
}
void add_text(Decision& decision, const std::optional<Digest>& digest) {
  if (digest) decision.besides.push_back(text_use(*digest));
}
Result<void> keep_text(const Entry& entry, const std::optional<Digest>& digest) {
  if (!digest) return {};
  return entry.state.put_text_use(entry.txn, *digest);
}

Result<PersonId> Entry::actor() const {
  if (!body.actor) return Error{Errc::tampered, "an entry that only a person can cause names nobody"};
  return PersonId::parse(*body.actor);
}

}  // namespace acts

Result<std::variant<Decision, Refusal>> decide(const State& state, const ReadTransaction& txn, const Actor& actor,
                                               const wire::VerifiedRequest& request, Instant time, const Given& given,
                                               PolicyVersion policy) {
  const std::string_view body = request.body();
  if (body.size() > kMaxCommandBytes) return Error{Errc::too_large, "a command is larger than 1 MiB"};
  if (!acts::is_command_text(body))
    return Error{Errc::malformed,
                 "a command contains only ids, words, dates, numbers and digests: stage free text beside it"};
  TRY(const acts::Context context, acts::context_of(state, txn, actor, time, given, policy));
  auto decided = acts::with_kind<wire::Commands, acts::Decided>(
      wire::act_of(request).value_or(""), [&](auto type) -> acts::Decided {
        using Command = typename decltype(type)::type;
        TRY(const Command command, wire::decode<Command>(body, wire::Strictness::exact));
        if constexpr (!std::is_same_v<Command, wire::EnrolPerson>)
          if (!context.standing.enrolled()) return Error{Errc::refused, "an invitation can only be used to enrol"};
        if (!acts::has_opaque_subjects(command))
          return Error{Errc::malformed, "a subject must be named like child-1: lower-case letters, digits and \"-\""};
        return decide(context, command);
      });
  if (!decided) return Error{Errc::unsupported, "there is no such act"};
  if (*decided)
    if (auto* decision = std::get_if<Decision>(&**decided)) acts::begin_chains(*decision);
  return std::move(*decided);
}

Result<Actor> actor_of(const std::string& keyid) {
  if (const auto person = PersonId::parse(keyid)) return Actor{keyid, *person, std::nullopt};
  if (const auto invitation = InvitationId::parse(keyid)) return Actor{keyid, std::nullopt, *invitation};
  return Error{Errc::refused, "the key's id is neither a person's nor an invitation's"};
}

Result<VerifyKey> key_of(const State& state, const ReadTransaction& txn, const Actor& actor) {
  if (actor.person) {
    TRY(const auto row, state.person(txn, *actor.person));
    if (!row) return Error{Errc::refused, "the person is not enrolled"};
    if (row->revoked) return Error{Errc::refused, "the person was revoked"};
    return row->signing_key;
  }
  if (!actor.invitation) return Error{Errc::refused, "the request has no actor"};
  TRY(const auto row, state.invitation(txn, *actor.invitation));
  if (!row) return Error{Errc::refused, "there is no such invitation"};
  return row->key;
}

namespace {
template <class Event>
consteval bool has_given_members() {
  if constexpr (requires { Event::kGiven; }) {
    bool all = true;
    for (const std::string_view name : Event::kGiven) {
      bool found = false;
      boost::mp11::mp_for_each<boost::describe::describe_members<Given, boost::describe::mod_public>>(
          [&](auto member) { found = found || name == member.name; });
      all = all && found;
    }
    return all;
  }
  return true;
}
}  // namespace

Result<Given> given_of(std::string_view kind, const wire::json::value& detail) {
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, wire::Events>>([](auto type) {
    static_assert(has_given_members<typename decltype(type)::type>(), "Given has every member that a kind is given");
  });
  return wire::from_json<Given>(wire::given_of(kind, detail));
}

Result<std::optional<audit::ChainNumber>> chain_of(const State& state, const ReadTransaction& txn,
                                                   std::string_view kind, const wire::Concerned& ids) {
  if (kind == wire::ChainBegun::kKind) return std::optional<audit::ChainNumber>();
  const auto sort = wire::chain_sort_of(kind);
  if (!sort) return Error{Errc::unsupported, "no chain is for entries of this kind"};
  // Replay may lack the bodies that begin these chains.
  if (std::ranges::find(wire::kChainsOfGenesis, *sort) != wire::kChainsOfGenesis.end() &&
      !(*sort == ChainSort::refusals && ids.case_))
    return std::optional(wire::number_at_genesis(*sort));
  TRY(const auto chain, state.chain(txn, *sort, ids));
  if (!chain)
    return Error{Errc::tampered, "the chain " + wire::enum_name(*sort) + " of an entry's case or safe is not there"};
  return chain;
}

Event begun_event(ChainSort sort, const wire::Concerned& ids) {
  Event event{std::string(wire::ChainBegun::kKind), wire::to_json(wire::ChainBegun{sort}), ids};
  if (!is_of_safe(sort)) event.ids.safe.reset();
  return event;
}

Event refused_event(const Refusal& refusal) {
  const wire::AccessRefused detail{wire::enum_name(refusal.action), refusal.rule};
  return {std::string(detail.kKind), wire::to_json(detail), refusal.ids};
}

Result<void> apply(State& state, WriteTransaction& txn, const audit::Envelope& envelope, const wire::EntryBody& body) {
  const acts::Entry entry{{}, state, txn, envelope, body};
  auto applied = acts::with_kind<acts::AppliedEvents, Result<void>>(body.kind, [&](auto type) -> Result<void> {
    using Detail = typename decltype(type)::type;
    TRY(const Detail detail, wire::from_json<Detail>(body.detail, wire::Strictness::exact));
    return apply(entry, detail);
  });
  if (applied) {
    if (*applied && body.request) return acts::remember_nonce(entry, *body.request);
    return std::move(*applied);
  }
  auto remark = acts::with_kind<acts::Remarks, Result<void>>(body.kind, [&](auto type) -> Result<void> {
    using Detail = typename decltype(type)::type;
    TRY_VOID(wire::from_json<Detail>(body.detail, wire::Strictness::exact));
    return {};
  });
  if (!remark) return Error{Errc::unsupported, "an entry is of a kind that this program does not know"};
  return std::move(*remark);
}

}  // namespace strongroom::access
