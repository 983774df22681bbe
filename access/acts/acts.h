// Provides the parts that the acts share: where a command acts, and which capacities its actor has there. Only the
// files of this folder use it.
#pragma once
#include <span>

#include "access/actions.h"
#include "access/acts/act.h"
#include "access/wire/register.h"

namespace strongroom::access::acts {

using Decided = Result<std::variant<Decision, Refusal>>;

// Declares `decide` for each command, and `apply` for each kind of entry that changes a table. The functions are found
// by their first parameter, whose type derives from the declarations, so that no list of them is written by hand. The
// linker names one that the files of this folder do not define.
struct Context;
struct Entry;
template <class Command>
struct DeclareDecide {
  friend Decided decide(const Context& context, const Command& command);
};
template <class Event>
struct DeclareApply {
  friend Result<void> apply(const Entry& entry, const Event& detail);
};
using AppliedEvents = boost::mp11::mp_push_front<wire::Events, wire::GenesisInvited, wire::ChainBegun>;

template <class... Commands>
struct DeclareAllDecide : DeclareDecide<Commands>... {};
template <class... Events>
struct DeclareAllApply : DeclareApply<Events>... {};

struct Context : boost::mp11::mp_apply<DeclareAllDecide, wire::Commands> {
  const State& state;
  const ReadTransaction& txn;
  const Actor& actor;
  Standing standing;                        // of the actor; if the actor is an invitation, of nobody
  std::optional<InvitationRow> invitation;  // the actor's, if it is still open
  Instant time;
  const Given& given;

  const PersonId& self() const { return standing.person().person; }  // call it only when the actor is a person
};

// Returns the place that an act is about if its action is permitted there, or else the refusal. `person` is somebody
// else whom the act concerns.
template <class Command, class Id>
Result<std::variant<PlaceOf<Id>, Refusal>> enter(const Context& context, const Command& command, const Id& id,
                                                 const std::optional<PersonId>& person = std::nullopt) {
  TRY(auto place, context.standing.find(id));
  if (!place) return no_such_thing(AskedBy<Command>::kAction);
  place->ids.person = person;
  bool is_review_safe = false;
  if constexpr (std::is_base_of_v<SafePlace, PlaceOf<Id>>) is_review_safe = !place->safe.agency;
  if constexpr (std::is_same_v<CopyPlace, PlaceOf<Id>>) {
    // An act about a copy also concerns the other one of its issuer and its holder.
    const PersonId& other = place->copy.holder == context.self() ? place->copy.issuer : place->copy.holder;
    if (other != context.self()) place->ids.person = other;
  }
  if (auto refused = refusal(action_of(command, is_review_safe), *place)) return std::move(*refused);
  return std::move(*place);
}
// Returns the place of an act of an agency in a case, or the refusal.
template <class Command>
Result<std::variant<CasePlace, Refusal>> enter(const Context& context, const Command& command, const CaseId& id,
                                               const AgencyId& agency) {
  TRY(const auto row, context.state.find_case(context.txn, id));
  if (!row) return no_such_thing(AskedBy<Command>::kAction);
  CasePlace place = context.standing.in_case(*row, agency);
  if (auto refused = refusal(action_of(command), place)) return std::move(*refused);
  return place;
}
// Returns the directory as the actor meets it. An invitation has a place there too.
Place in_directory(const Context& context);

template <class Detail>
Event event(const Detail& detail, const wire::Concerned& ids) {
  return {std::string(Detail::kKind), wire::to_json(detail), ids};
}
// Makes an entry of the directory's chain. Such entries have no case.
template <class Detail>
Event directory_event(const Detail& detail, const std::optional<AgencyId>& agency,
                      const std::optional<PersonId>& person = std::nullopt) {
  wire::Concerned ids;
  ids.agency = agency;
  ids.person = person;
  return {std::string(Detail::kKind), wire::to_json(detail), ids};
}
BesideUse text_use(const Digest& digest);
void add_text(Decision& decision, const std::optional<Digest>& digest);

// Ends the person's active and pending nominations, because they end with the certificate. Each has an entry in its
// case.
Result<void> end_all_nominations(const Context& context, const PersonId& person, Decision& decision);

// Checks a new key of a safe: wraps for exactly `keyholders`, a commitment for each partner, shares to certified
// custodians, and from epoch 1 on the previous identity. Errc::conflict if the directory has changed since the client
// made the key.
Result<void> check_key(const Context& context, const EpochKey& key, std::uint64_t epoch,
                       std::vector<PersonId> keyholders);
Result<void> check_shares(const Context& context, const std::vector<wire::Share>& shares);
// Adds the staged files of that key, or only of those shares.
void add_key(Decision& decision, const SafeId& safe, std::uint64_t epoch, const EpochKey& key);
void add_shares(Decision& decision, const SafeId& safe, std::uint64_t epoch, const std::vector<wire::Share>& shares);
// Errc::invalid_argument unless somebody certified may be nominated for the safe, and a reason is there if it is
// needed.
Result<void> check_nominee(const Context& context, const SafeRow& safe, const wire::Nominee& nominee);

// Errc::conflict unless records in an agency's safe are marked late exactly when the agency has declared.
Result<void> check_late(const SafeRow& safe, const std::optional<bool>& late);

Errc constexpr kInvalid = Errc::invalid_argument;
// Returns whether the text is an opaque subject's name, such as child-1: 1 to kMaxSubjectLength lower-case letters,
// digits and "-".
bool is_subject(std::string_view text);

template <class T>
bool has_duplicates(std::vector<T> list) {
  std::ranges::sort(list);
  return std::ranges::adjacent_find(list) != list.end();
}

struct Entry : boost::mp11::mp_apply<DeclareAllApply, AppliedEvents> {
  State& state;
  WriteTransaction& txn;
  const audit::Envelope& envelope;
  const wire::EntryBody& body;

  std::uint64_t seq() const { return envelope.seq.value; }
  Instant time() const { return envelope.time; }
  Result<PersonId> actor() const;  // Errc::tampered if no person caused it
};

// Returns a row that an entry needs. Errc::tampered if it is absent.
template <class Row>
Result<Row> needed(Result<std::optional<Row>> found) {
  if (!found) return found.error();
  if (!*found) return Error{Errc::tampered, "an entry names something that no earlier entry made"};
  return std::move(**found);
}
Result<void> keep_text(const Entry& entry, const std::optional<Digest>& digest);
// Stores since when an agency's safe is secured (4.3.5). Call it after any change of its contents or its declaration.
void note_secured(const Entry& entry, SafeRow& safe);
// Makes a safe with its first epoch. The people for whom its key is wrapped become nominees.
Result<void> make_safe(const Entry& entry, const SafeRow& safe, const EpochKey& key,
                       const std::vector<wire::Nominee>& nominees);

}  // namespace strongroom::access::acts
