#include "access/wire/register.h"

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/bind.hpp>
#include <functional>
#include <map>

namespace strongroom::access::wire {

using vault::Errc;
using vault::Error;
using vault::Result;

namespace {

namespace describe = boost::describe;
namespace mp11 = boost::mp11;

Error tampered(std::string_view what) {
  return {Errc::tampered, std::string(what)};
}

// ---- An entry's members, from its command ----

template <class T>
using MembersOf = describe::describe_members<T, describe::mod_public>;

template <class T>
concept Described = describe::has_describe_members<T>::value && !std::is_enum_v<T>;

template <class T>
constexpr bool is_left_to_others(std::string_view member) {
  const auto names = [&](const auto& list) { return std::ranges::find(list, member) != list.end(); };
  if constexpr (requires { T::kGiven; })
    if (names(T::kGiven)) return true;
  if constexpr (requires { T::kComputed; })
    if (names(T::kComputed)) return true;
  return false;
}
template <class T>
consteval bool is_not_entered(std::string_view member) {
  if constexpr (requires { T::kNotEntered; }) return std::ranges::find(T::kNotEntered, member) != T::kNotEntered.end();
  return false;
}

template <class T>
struct ItemOf {};
template <class T>
struct ItemOf<std::vector<T>> {
  using Type = T;
};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class Entered, class Said>
Entered entered_from(const Said& said);

// Sets one member of an entry from the member of a command.
template <class Entered, class Said>
void enter(Entered& entered, const Said& said) {
  if constexpr (std::is_same_v<Entered, Said>) {
    entered = said;
  } else if constexpr (requires { typename ItemOf<Entered>::Type; }) {
    entered.clear();
    for (const auto& item : said) entered.push_back(entered_from<typename ItemOf<Entered>::Type>(item));
  } else {
    static_assert(std::is_same_v<std::optional<Entered>, Said>, "an entry's member is of the type of the command's");
    if (said) entered = *said;
  }
}

// Returns whether a command gives a value for a member that is computed otherwise. For example, a return without
// records means "all that are out", and a referral without rules means "the rules of the day".
template <class Said>
bool names(const Said& said) {
  if constexpr (IsOptional<Said>::value)
    return said.has_value();
  else if constexpr (requires { typename ItemOf<Said>::Type; })
    return !said.empty();
  else
    return true;
}

// Returns whether a struct has a member of that name. A type that is not a described struct has none.
template <class From, class Name>
consteval bool has_member(Name name) {
  bool found = false;
  if constexpr (Described<From>)
    mp11::mp_for_each<MembersOf<From>>([&](auto d) { found = found || std::string_view(d.name) == name; });
  return found;
}

// Sets every member of `entered` to the member of the same name in `from`, unless it is left to others. Each member of
// an entry must get its value from one of them, and everything in a command must be entered: both are checked when this
// is compiled.
template <class Entered, class From>
void enter_members(Entered& entered, const From& from) {
  mp11::mp_for_each<MembersOf<Entered>>([&](auto to) {
    mp11::mp_for_each<MembersOf<From>>([&](auto d) {
      constexpr std::string_view name = to.name;
      if constexpr (name == std::string_view(d.name)) {
        using Said = std::remove_cvref_t<decltype(from.*d.pointer)>;
        // If a command may leave a member out and its entry must have it, then it is computed.
        static_assert(is_left_to_others<Entered>(name) || !IsOptional<Said>::value ||
                      std::is_same_v<Said, std::remove_cvref_t<decltype(entered.*to.pointer)>>);
        if (is_left_to_others<Entered>(name) && !names(from.*d.pointer)) return;
        enter(entered.*to.pointer, from.*d.pointer);
      }
    });
  });
}

// Returns whether each name is the name of a member.
template <class T>
consteval bool are_members(const auto& list) {
  return std::ranges::all_of(list, [](std::string_view name) { return has_member<T>(name); });
}
template <class T>
consteval bool names_members() {
  bool all = true;
  if constexpr (requires { T::kGiven; }) all = all && are_members<T>(T::kGiven);
  if constexpr (requires { T::kComputed; }) all = all && are_members<T>(T::kComputed);
  if constexpr (requires { T::kNotEntered; }) all = all && are_members<T>(T::kNotEntered);
  return all;
}

// Counts the members of an entry that have this type of id and that only the item of the list can set.
template <class Event, class Command, class Item>
consteval std::size_t ids_of_items() {
  std::size_t count = 0;
  mp11::mp_for_each<MembersOf<Event>>([&](auto d) {
    const std::string_view name = d.name;
    if (std::is_same_v<std::remove_cvref_t<decltype(std::declval<Event>().*d.pointer)>, Item> &&
        !has_member<Command>(name) && !is_left_to_others<Event>(name))
      ++count;
  });
  return count;
}
template <class Event, class Command>
consteval std::size_t unsaid() {
  std::size_t count = 0;
  mp11::mp_for_each<MembersOf<Event>>([&](auto d) {
    const std::string_view name = d.name;
    if (!has_member<Command>(name) && !is_left_to_others<Event>(name)) ++count;
  });
  return count;
}

template <class Entered, class Said>
consteval bool enters_everything(std::string_view except) {
  bool all = true;
  mp11::mp_for_each<MembersOf<Said>>([&](auto d) {
    const std::string_view name = d.name;
    all = all && (name == except || is_not_entered<Said>(name) || has_member<Entered>(name));
  });
  return all;
}
template <class Entered, class... Said>
consteval bool says_everything() {
  bool all = true;
  mp11::mp_for_each<MembersOf<Entered>>([&](auto d) {
    const std::string_view name = d.name;
    all = all && (is_left_to_others<Entered>(name) || (has_member<Said>(name) || ...));
  });
  return all;
}

template <class Entered, class Said>
Entered entered_from(const Said& said) {
  static_assert(enters_everything<Entered, Said>("") && says_everything<Entered, Said>());
  static_assert(names_members<Entered>() && names_members<Said>());
  Entered entered;
  enter_members(entered, said);
  return entered;
}

// Returns the name of the command's list whose items get an entry each.
template <class Command, auto List>
consteval std::string_view name_of_list() {
  std::string_view name;
  if constexpr (!std::is_null_pointer_v<decltype(List)>)
    mp11::mp_for_each<MembersOf<Command>>([&](auto d) {
      if constexpr (std::is_same_v<std::remove_cv_t<decltype(d.pointer)>, std::remove_cv_t<decltype(List)>>)
        if (d.pointer == List) name = d.name;
    });
  return name;
}

// ---- Members of one type, at any depth ----

template <class T, class From>
consteval bool contains() {
  if constexpr (std::is_same_v<From, T>) {
    return true;
  } else if constexpr (requires { typename ItemOf<From>::Type; }) {
    return contains<T, typename ItemOf<From>::Type>();
  } else if constexpr (IsOptional<From>::value) {
    return contains<T, typename From::value_type>();
  } else if constexpr (Described<From>) {
    bool found = false;
    mp11::mp_for_each<MembersOf<From>>([&](auto d) {
      found = found || contains<T, std::remove_cvref_t<decltype(std::declval<From>().*d.pointer)>>();
    });
    return found;
  } else {
    return false;
  }
}

template <class T, class From>
void collect(const From& from, std::vector<T>& found) {
  if constexpr (std::is_same_v<From, T>) {
    found.push_back(from);
  } else if constexpr (requires { typename ItemOf<From>::Type; }) {
    for (const auto& item : from) collect(item, found);
  } else if constexpr (IsOptional<From>::value) {
    if (from) collect(*from, found);
  } else if constexpr (Described<From>) {
    mp11::mp_for_each<MembersOf<From>>([&](auto d) { collect(from.*d.pointer, found); });
  }
}

// ---- Each act ----

// Makes the entries of one act's own kind from its command. `said` has the values that are given or computed.
template <class Act>
struct Own;
template <class Command, class Event, Listing... Listings>
struct Own<Act<Command, Event, nullptr, Listings...>> {
  static constexpr bool kOneForEach = false;
  static std::size_t count(const Command&) { return 1; }
  static Event entered(const Command& command, std::size_t, Event said) {
    static_assert(enters_everything<Event, Command>("") && says_everything<Event, Command>());
    enter_members(said, command);
    return said;
  }
};
template <class Command, class Event, auto List, Listing... Listings>
struct Own<Act<Command, Event, List, Listings...>> {
  static constexpr bool kOneForEach = true;
  using Item = typename ItemOf<std::remove_cvref_t<decltype(std::declval<Command>().*List)>>::Type;
  static std::size_t count(const Command& command) { return (command.*List).size(); }
  static Event entered(const Command& command, std::size_t i, Event said) {
    static_assert(enters_everything<Event, Command>(name_of_list<Command, List>()));
    enter_members(said, command);
    const Item& item = (command.*List)[i];
    if constexpr (Described<Item>) {
      static_assert(enters_everything<Event, Item>("") && says_everything<Event, Command, Item>());
      enter_members(said, item);
    } else {
      // The item is an id, so it is the value of the one member that has its type and that the rest of the command does
      // not set.
      static_assert(ids_of_items<Event, Command, Item>() == 1 && unsaid<Event, Command>() == 1);
      mp11::mp_for_each<MembersOf<Event>>([&](auto d) {
        constexpr std::string_view name = d.name;
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(said.*d.pointer)>, Item> &&
                      !has_member<Command>(name) && !is_left_to_others<Event>(name))
          said.*d.pointer = item;
      });
    }
    return said;
  }
};

// An entry of another act's kind may follow from a command. `following` returns that entry, or nothing if it does not
// follow from the command.
template <class Command, class Event>
struct Follows {
  using Of = Command;
  using Kind = Event;
};
using Consequences = mp11::mp_list<Follows<InvitePerson, PersonRevoked>, Follows<InvitePerson, NominationEnded>,
                                   Follows<RevokePerson, NominationEnded>>;

std::optional<PersonRevoked> following(const InvitePerson& command, const PersonRevoked&) {
  if (!command.replaces) return std::nullopt;
  return PersonRevoked{*command.replaces, std::nullopt};
}
// The list of safes that the person had is computed.
std::optional<NominationEnded> following(const InvitePerson& command, const NominationEnded& said) {
  if (!command.replaces) return std::nullopt;
  return NominationEnded{said.safe, *command.replaces, std::nullopt};
}
std::optional<NominationEnded> following(const RevokePerson& command, const NominationEnded& said) {
  return NominationEnded{said.safe, command.person, std::nullopt};
}

// ---- Comparing ----

// The ids that an entry concerns must be equal to the members of its detail that have the same names.
template <class Event>
bool concerns(const Concerned& ids, const Event& event) {
  bool same = true;
  mp11::mp_for_each<MembersOf<Concerned>>([&](auto id) {
    mp11::mp_for_each<MembersOf<Event>>([&](auto member) {
      if constexpr (std::string_view(id.name) == std::string_view(member.name))
        same = same && ids.*id.pointer == event.*member.pointer;
    });
  });
  return same;
}

template <class Event>
Result<void> compare(const EntryBody& body, const Event& said, const Event& entered) {
  if (to_json(said) != to_json(entered)) return tampered("an entry of the ledger is not what its signer asked for");
  if (!concerns(body.ids, said)) return tampered("an entry of the ledger concerns other ids than those of its detail");
  return {};
}

template <class Event>
Result<Event> detail_of(const EntryBody& body) {
  auto detail = from_json<Event>(body.detail, Strictness::exact);
  if (!detail) return tampered("an entry of the ledger is not what its kind asks for");
  return detail;
}

constexpr std::size_t kAny = ~std::size_t{0};

// Returns whether the entry is the act's own: of the item at `at`, or of any item.
template <class Act>
Result<void> check_own(const EntryBody& body, const typename Act::Command& command, std::size_t at) {
  using Event = typename Act::Event;
  TRY(const Event said, detail_of<Event>(body));
  const std::size_t count = Own<Act>::count(command);
  Result<void> compared = tampered("an entry of the ledger is of nothing that its signer asked for");
  for (std::size_t i = at == kAny ? 0 : at; i < count && !compared; ++i) {
    compared = compare(body, said, Own<Act>::entered(command, i, said));
    if (at != kAny) break;
  }
  return compared;
}

template <class Command>
Result<void> check_following(const EntryBody& body, const Command& command) {
  Result<void> checked = tampered("an entry of the ledger is of a kind that its signer's act does not make");
  mp11::mp_for_each<Consequences>([&](auto one) {
    using Of = typename decltype(one)::Of;
    using Event = typename decltype(one)::Kind;
    if constexpr (std::is_same_v<Of, Command>) {
      if (body.kind != Event::kKind) return;
      checked = [&]() -> Result<void> {
        TRY(const Event said, detail_of<Event>(body));
        const auto entered = following(command, said);
        if (!entered) return tampered("an entry of the ledger does not follow from what its signer asked for");
        return compare(body, said, *entered);
      }();
    }
  });
  return checked;
}

// It is compiled once for each act and never inlined, because the compiler would otherwise make one function of them
// all.
template <class Act>
[[gnu::noinline]] Result<void> check_one(const EntryBody& body, const VerifiedRequest& request) {
  static_assert(names_members<typename Act::Event>() && names_members<typename Act::Command>());
  TRY(const auto command, command_of<typename Act::Command>(request));
  if (body.kind == Act::Event::kKind) return check_own<Act>(body, command, kAny);
  return check_following(body, command);
}
template <class Act>
[[gnu::noinline]] Result<void> check_all(std::span<const EntryBody* const> entries, const VerifiedRequest& request) {
  TRY(const auto command, command_of<typename Act::Command>(request));
  const std::size_t own = Own<Act>::count(command);
  if (entries.size() < own) return tampered("entries that the act makes are missing");
  for (std::size_t i = 0; i < own; ++i) {
    if (entries[i]->kind != Act::Event::kKind) return tampered("an entry is of a kind that the act does not make");
    TRY_VOID(check_own<Act>(*entries[i], command, i));
  }
  for (const EntryBody* entry : entries.subspan(own)) TRY_VOID(check_following(*entry, command));
  return {};
}

// Calls `visit` with the act that the request is for.
template <class Visit>
Result<void> with_act(const VerifiedRequest& request, const Visit& visit) {
  Result<void> result = tampered("an entry's request is for no act");
  const auto kind = act_of(request);
  if (!kind) return result;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, Acts>>([&](auto type) {
    using Act = typename decltype(type)::type;
    if (Act::Command::kKind == *kind) result = visit(type);
  });
  return result;
}

}  // namespace

std::vector<std::string_view> command_kinds() {
  std::vector<std::string_view> kinds;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, Commands>>(
      [&](auto type) { kinds.push_back(decltype(type)::type::kKind); });
  return kinds;
}

std::span<const std::string_view> kinds_in(Listing listing) {
  static const auto all = [] {
    std::map<Listing, std::vector<std::string_view>> kinds;
    mp11::mp_for_each<Acts>([&](auto act) {
      for (const Listing one : act.kListings) kinds[one].push_back(EventOf<decltype(act)>::kKind);
    });
    return kinds;
  }();
  const auto found = all.find(listing);
  return found == all.end() ? std::span<const std::string_view>() : found->second;
}

bool is_in(Listing listing, std::string_view kind) {
  return std::ranges::find(kinds_in(listing), kind) != kinds_in(listing).end();
}

std::optional<ChainSort> chain_sort_of(std::string_view kind) {
  static const auto sorts = [] {
    std::map<std::string_view, ChainSort> found{{GenesisInvited::kKind, ChainSort::directory},
                                                {AccessRefused::kKind, ChainSort::refusals},
                                                {RequestsLimited::kKind, ChainSort::service},
                                                {ClockStepped::kKind, ChainSort::service}};
    mp11::mp_for_each<Register>([&](auto in_chain) {
      mp11::mp_for_each<ActsOf<decltype(in_chain)>>(
          [&](auto act) { found.emplace(EventOf<decltype(act)>::kKind, in_chain.kSort); });
    });
    return found;
  }();
  const auto found = sorts.find(kind);
  return found == sorts.end() ? std::nullopt : std::optional(found->second);
}

std::span<const ChainSort> chains_begun_by(std::string_view kind) {
  std::span<const ChainSort> begun;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, Events>>([&](auto type) {
    using Event = typename decltype(type)::type;
    if constexpr (requires { Event::kBegins; })
      if (Event::kKind == kind) begun = Event::kBegins;
  });
  return begun;
}

json::object given_of(std::string_view kind, const json::value& detail) {
  json::object given;
  const json::object* members = detail.if_object();
  if (members == nullptr) return given;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, Events>>([&](auto type) {
    using Event = typename decltype(type)::type;
    if constexpr (requires { Event::kGiven; }) {
      if (Event::kKind != kind) return;
      for (const std::string_view cpp_name : Event::kGiven) {
        const std::string name = member_name(cpp_name);
        if (const json::value* value = members->if_contains(name)) given[name] = *value;
      }
    }
  });
  return given;
}

std::string print_register() {
  std::string table = "| act | makes | in the chain | its `detail` | listed in |\n|---|---|---|---|---|\n";
  mp11::mp_for_each<Acts>([&](auto act) {
    using Event = EventOf<decltype(act)>;
    std::string detail;
    mp11::mp_for_each<MembersOf<Event>>([&](auto member) {
      if (!detail.empty()) detail += ", ";
      detail += "`" + member_name(member.name) + "`";
      if (is_left_to_others<Event>(member.name)) detail += "*";
    });
    std::string listings;
    for (const Listing listing : act.kListings) listings += (listings.empty() ? "" : ", ") + enum_name(listing);
    table += "| `" + std::string(CommandOf<decltype(act)>::kKind) + "` | `" + std::string(Event::kKind) + "`" +
             (Own<decltype(act)>::kOneForEach ? ", one for each" : "") + " | " +
             enum_name(chain_sort_of(Event::kKind).value()) + " | " + detail + " | " + listings + " |\n";
  });
  return table;
}

std::optional<std::string> act_of(const VerifiedRequest& request) {
  const std::string_view target = request.target();
  const std::string_view path = target.substr(0, target.find('?'));
  if (request.method() != "POST" || !path.starts_with(kActsPath)) return std::nullopt;
  return std::string(path.substr(kActsPath.size()));
}

bool names_uploads(const VerifiedRequest& request) {
  const auto kind = act_of(request);
  bool found = false;
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, Commands>>([&](auto type) {
    using Command = typename decltype(type)::type;
    if constexpr (contains<UploadId, Command>()) found = found || kind == Command::kKind;
  });
  return found;
}

Result<std::vector<UploadId>> uploads_of(const VerifiedRequest& request) {
  std::vector<UploadId> uploads;
  TRY_VOID(with_act(request, [&](auto type) -> Result<void> {
    using Command = typename decltype(type)::type::Command;
    if constexpr (contains<UploadId, Command>()) {
      TRY(const auto command, command_of<Command>(request));
      collect(command, uploads);
    }
    return {};
  }));
  return uploads;
}

Result<VerifiedRequest> verify_cause(const EntryBody& body, vault::Instant entered, const vault::crypto::VerifyKey& key,
                                     const std::optional<std::string>& authority) {
  if (!body.request || !body.actor) return tampered("an entry of the ledger has no signed request");
  auto request = verify_stored_request(*body.request, key);
  if (!request) return tampered("an entry of the ledger is not signed by the person whom it names");
  if (std::holds_alternative<OmittedBody>(body.request->content) &&
      (body.kind != AccessRefused::kKind || act_of(*request)))
    return tampered("an entry of the ledger does not keep the command that caused it");
  if (request->parameters().keyid != *body.actor)
    return tampered("the request kept in an entry was signed by somebody else");
  if (authority && request->authority() != *authority)
    return tampered("the request kept in an entry was signed for another service");
  if (!check_freshness(request->parameters(), entered))
    return tampered("an entry of the ledger was not made when its request was signed");
  return request;
}

Result<void> check_entered(const EntryBody& body, const VerifiedRequest& request) {
  if (body.kind == AccessRefused::kKind) {
    TRY_VOID(detail_of<AccessRefused>(body));
    return {};
  }
  return with_act(request, [&](auto type) { return check_one<typename decltype(type)::type>(body, request); });
}

Result<void> check_all_entered(std::span<const EntryBody* const> entries, const VerifiedRequest& request) {
  return with_act(request, [&](auto type) { return check_all<typename decltype(type)::type>(entries, request); });
}

// ---- An entry and its stored request in JSON ----

Result<EntryBody> read_entry(std::string_view text) {
  auto body = decode<EntryBody>(text, Strictness::exact);
  if (!body) return tampered("an entry of the ledger cannot be read: " + body.error().message);
  return body;
}

namespace {
struct RequestMembers {
  std::string method;
  std::string authority;
  std::string target;
  std::optional<std::string> body;
  std::optional<vault::Digest> body_sha256;
  std::string signature_input;
  std::string signature;
  std::optional<std::string> range;
  std::optional<std::string> upload_length;
};
BOOST_DESCRIBE_STRUCT(RequestMembers, (),
                      (method, authority, target, body, body_sha256, signature_input, signature, range, upload_length))
}  // namespace

json::value JsonOf<EntryRequest>::to(const EntryRequest& request) {
  RequestMembers members{.method = request.method,
                         .authority = request.authority,
                         .target = request.target,
                         .body = std::nullopt,
                         .body_sha256 = std::nullopt,
                         .signature_input = request.signature_input,
                         .signature = request.signature,
                         .range = request.range,
                         .upload_length = request.upload_length};
  if (const auto* body = std::get_if<std::string>(&request.content)) members.body = *body;
  if (const auto* omitted = std::get_if<OmittedBody>(&request.content)) members.body_sha256 = omitted->sha256;
  return to_json(members);
}

Result<EntryRequest> JsonOf<EntryRequest>::from(const json::value& value, Strictness strictness) {
  TRY(RequestMembers members, from_json<RequestMembers>(value, strictness));
  if (members.body && members.body_sha256)
    return Error{Errc::malformed, "a stored request has both a body and the digest of one"};
  if (members.body && members.body->empty()) return Error{Errc::malformed, "a stored request has an empty body"};
  EntryRequest request{.method = std::move(members.method),
                       .authority = std::move(members.authority),
                       .target = std::move(members.target),
                       .content = {},
                       .signature_input = std::move(members.signature_input),
                       .signature = std::move(members.signature),
                       .range = std::move(members.range),
                       .upload_length = std::move(members.upload_length)};
  if (members.body) request.content = std::move(*members.body);
  if (members.body_sha256) request.content = OmittedBody{*members.body_sha256};
  return request;
}

}  // namespace strongroom::access::wire
