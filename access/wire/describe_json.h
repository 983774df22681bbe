// Reads and writes compact JSON for structs that are described once with Boost.Describe. The description is the
// allow-list that decides what may enter an entry. Members are written in their declared order; a trailing "_" of a
// member's name is dropped (`case_` is "case"); an empty optional is left out; an enumerator's "_" is written "-".
//
// Ids are written as TypeIDs, Digest and keys and signatures of 16, 32 and 64 bytes as lower-case hexadecimal, Instant
// as RFC 3339, Date as 2026-11-22, age::Recipient as age1…, integers up to 2^53 - 1 as JSON numbers, and Bytes as
// unpadded base64url.
#pragma once
#include <algorithm>
#include <array>
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vault/age/keys.h"
#include "vault/base/bytes.h"
#include "vault/base/time.h"
#include "vault/base/type_id.h"
#include "vault/crypto/keys.h"

namespace strongroom::access::wire {

namespace json = boost::json;

// These types are the members of commands, entries and answers, besides ids and enumerations (ids.h).
using vault::Date;
using vault::Digest;
using vault::Instant;
using vault::age::Recipient;
using vault::crypto::VerifyKey;

inline constexpr std::size_t kMaxJsonDepth = 16;
inline constexpr std::size_t kMaxListLength = 16'384;
inline constexpr std::size_t kMaxStringLength =
    32U << 20;  // answers contain whole index files; commands have a limit of their own
inline constexpr std::uint64_t kMaxJsonInteger = (std::uint64_t{1} << 53) - 1;

// `exact` requires that the text is byte for byte what `encode` makes of it, so that nothing is hidden in white space,
// order or repeated members. `tolerant` ignores members that this version does not know, as in answers of a newer
// service.
enum class Strictness { exact, tolerant };

// Parses with our depth limit and without extensions. Errc::malformed if the text is not such JSON.
vault::Result<json::value> parse_json(std::string_view text);
// Returns the names as they are on the wire: a member without its trailing "_", an enumerator with "-" for "_".
std::string member_name(std::string_view cpp_name);
std::string enumerator_name(std::string_view cpp_name);
vault::Error wrong_member(std::string_view name, std::string_view why);

template <class T>
struct JsonOf;  // to(const T&) -> json::value, from(const json::value&, Strictness) -> Result<T>

template <class T>
json::value to_json(const T& value) {
  return JsonOf<T>::to(value);
}
template <class T>
vault::Result<T> from_json(const json::value& value, Strictness strictness = Strictness::tolerant) {
  return JsonOf<T>::from(value, strictness);
}
template <class T>
std::string encode(const T& value) {
  return json::serialize(to_json(value));
}
// Errc::malformed names the member.
template <class T>
vault::Result<T> decode(std::string_view text, Strictness strictness) {
  TRY(const json::value parsed, parse_json(text));
  TRY(T value, from_json<T>(parsed, strictness));
  if (strictness == Strictness::exact && encode(value) != text)
    return vault::Error{vault::Errc::malformed, "the JSON text is not in its one exact form"};
  return value;
}

namespace detail {
struct Enumerator {
  std::string_view cpp_name;
  std::int64_t value;
};
template <class E>
inline constexpr auto kEnumerators = []<class... D>(boost::mp11::mp_list<D...>) {
  return std::array<Enumerator, sizeof...(D)>{Enumerator{D::name, static_cast<std::int64_t>(D::value)}...};
}(boost::mp11::mp_rename<boost::describe::describe_enumerators<E>, boost::mp11::mp_list>());
std::string name_of(std::span<const Enumerator> enumerators, std::int64_t value);
vault::Result<std::int64_t> value_of(std::span<const Enumerator> enumerators, std::string_view text);
}  // namespace detail

template <class E>
std::string enum_name(E value) {
  return detail::name_of(detail::kEnumerators<E>, static_cast<std::int64_t>(value));
}
template <class E>
vault::Result<E> parse_enum(std::string_view text) {
  TRY(const std::int64_t value, detail::value_of(detail::kEnumerators<E>, text));
  return static_cast<E>(value);
}
// Returns the enumerators in their declared order.
template <class E>
inline constexpr auto kEnumValues = [] {
  std::array<E, detail::kEnumerators<E>.size()> values{};
  std::ranges::transform(detail::kEnumerators<E>, values.begin(),
                         [](const detail::Enumerator& e) { return static_cast<E>(e.value); });
  return values;
}();
template <class E>
std::vector<std::string> enum_names() {
  std::vector<std::string> names;
  for (const detail::Enumerator& e : detail::kEnumerators<E>) names.push_back(enumerator_name(e.cpp_name));
  return names;
}

namespace detail {
vault::Result<std::string_view> text_of(const json::value& value);
}

template <>
struct JsonOf<std::string> {
  static json::value to(const std::string& value) { return json::string(value); }
  static vault::Result<std::string> from(const json::value& value, Strictness);
};
template <>
struct JsonOf<bool> {
  static json::value to(bool value) { return value; }
  static vault::Result<bool> from(const json::value& value, Strictness);
};
template <>
struct JsonOf<std::uint64_t> {
  static json::value to(std::uint64_t value) { return value; }
  static vault::Result<std::uint64_t> from(const json::value& value, Strictness);
};
template <>
struct JsonOf<vault::Bytes> {
  static json::value to(const vault::Bytes& value) {
    return json::string(vault::base64(value, vault::Base64::url_unpadded));
  }
  static vault::Result<vault::Bytes> from(const json::value& value, Strictness);
};
template <std::size_t N>
struct JsonOf<std::array<std::byte, N>> {
  static json::value to(const std::array<std::byte, N>& value) { return json::string(vault::hex(value)); }
  static vault::Result<std::array<std::byte, N>> from(const json::value& value, Strictness) {
    TRY(const std::string_view text, detail::text_of(value));
    TRY(const vault::Bytes raw, vault::unhex(text));
    if (raw.size() != N || vault::hex(raw) != text)
      return vault::Error{vault::Errc::malformed, "not " + std::to_string(2 * N) + " lower-case hexadecimal digits"};
    std::array<std::byte, N> bytes;
    std::copy(raw.begin(), raw.end(), bytes.begin());
    return bytes;
  }
};
template <>
struct JsonOf<vault::crypto::VerifyKey> {
  static json::value to(const vault::crypto::VerifyKey& key) { return to_json(key.bytes); }
  static vault::Result<vault::crypto::VerifyKey> from(const json::value& value, Strictness s) {
    TRY(const auto bytes, (from_json<std::array<std::byte, 32>>(value, s)));
    return vault::crypto::VerifyKey{bytes};
  }
};
template <>
struct JsonOf<vault::age::Recipient> {
  static json::value to(const vault::age::Recipient& recipient) { return json::string(recipient.to_string()); }
  static vault::Result<vault::age::Recipient> from(const json::value& value, Strictness);
};
template <>
struct JsonOf<vault::Instant> {
  static json::value to(vault::Instant instant) { return json::string(vault::to_rfc3339(instant)); }
  static vault::Result<vault::Instant> from(const json::value& value, Strictness);
};
template <>
struct JsonOf<vault::Date> {
  static json::value to(const vault::Date& date) { return json::string(vault::to_string(date)); }
  static vault::Result<vault::Date> from(const json::value& value, Strictness);
};
template <class Tag>
struct JsonOf<vault::TypeId<Tag>> {
  static json::value to(const vault::TypeId<Tag>& id) { return json::string(id.to_string()); }
  static vault::Result<vault::TypeId<Tag>> from(const json::value& value, Strictness) {
    TRY(const std::string_view text, detail::text_of(value));
    return vault::TypeId<Tag>::parse(text);
  }
};
template <class T>
struct JsonOf<std::vector<T>> {
  static json::value to(const std::vector<T>& list) {
    json::array array;
    array.reserve(list.size());
    for (const T& item : list) array.push_back(to_json(item));
    return array;
  }
  static vault::Result<std::vector<T>> from(const json::value& value, Strictness s) {
    const json::array* array = value.if_array();
    if (array == nullptr) return vault::Error{vault::Errc::malformed, "not a list"};
    if (array->size() > kMaxListLength) return vault::Error{vault::Errc::too_large, "a list is too long"};
    std::vector<T> list;
    list.reserve(array->size());
    for (const json::value& item : *array) {
      TRY(T one, from_json<T>(item, s));
      list.push_back(std::move(one));
    }
    return list;
  }
};
// Any JSON value is carried unchanged, for example an entry's detail before its kind is known.
template <>
struct JsonOf<json::value> {
  static json::value to(const json::value& value) { return value; }
  static vault::Result<json::value> from(const json::value& value, Strictness) { return value; }
};
template <class E>
  requires std::is_enum_v<E>
struct JsonOf<E> {
  static json::value to(E value) { return json::string(enum_name(value)); }
  static vault::Result<E> from(const json::value& value, Strictness) {
    TRY(const std::string_view text, detail::text_of(value));
    return parse_enum<E>(text);
  }
};

namespace detail {
template <class T>
struct OptionalOf {
  static constexpr bool kIs = false;
};
template <class T>
struct OptionalOf<std::optional<T>> {
  static constexpr bool kIs = true;
  using Value = T;
};

// Reads and writes the members of a struct one after another, with functions that are compiled once for each type of
// member and never inlined. Otherwise the compiler would make a single function of seventy commands with a dozen
// members each.
class MemberReader {
 public:
  MemberReader(const json::object& object, Strictness strictness) : object_(object), strictness_(strictness) {}

  // Does nothing once a member was wrong.
  template <class Member>
  [[gnu::noinline]] void read(std::string_view cpp_name, Member& member) {
    if constexpr (OptionalOf<Member>::kIs) {
      if (const json::value* found = find(cpp_name)) take<typename OptionalOf<Member>::Value>(cpp_name, *found, member);
    } else {
      if (const json::value* found = find_required(cpp_name)) take<Member>(cpp_name, *found, member);
    }
  }
  // Returns the error of the first member that was wrong, or names a member that the object has too many.
  [[nodiscard]] vault::Result<void> finish() const;

 private:
  const json::value* find(std::string_view cpp_name);
  const json::value* find_required(std::string_view cpp_name);
  void fail(std::string_view cpp_name, std::string_view why);
  template <class Value, class Member>
  void take(std::string_view cpp_name, const json::value& found, Member& member) {
    auto read = from_json<Value>(found, strictness_);
    if (read)
      member = std::move(*read);
    else
      fail(cpp_name, read.error().message);
  }

  const json::object& object_;
  Strictness strictness_;
  std::size_t known_ = 0;
  std::optional<vault::Error> failed_;
};
template <class Member>
[[gnu::noinline]] void write_member(json::object& object, std::string_view cpp_name, const Member& member) {
  if constexpr (OptionalOf<Member>::kIs) {
    if (member) object.emplace(member_name(cpp_name), to_json(*member));
  } else {
    object.emplace(member_name(cpp_name), to_json(member));
  }
}
}  // namespace detail

namespace detail {
struct AnyMember {
  template <class T>
  operator T() const;  // NOLINT: never called
};
template <class T, std::size_t... I>
consteval bool takes_members(std::index_sequence<I...>) {
  return requires { T{((void)I, AnyMember())...}; };
}
// Counts the members of an aggregate: the most values that it can be initialised with.
template <class T, std::size_t N = 0>
consteval std::size_t member_count() {
  if constexpr (takes_members<T>(std::make_index_sequence<N + 1>()))
    return member_count<T, N + 1>();
  else
    return N;
}
}  // namespace detail

template <class T>
  requires boost::describe::has_describe_members<T>::value && (!std::is_enum_v<T>)
struct JsonOf<T> {
  using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
  // A member that is not described would be neither written nor read, so it would be lost at the next encoding.
  static_assert(!std::is_aggregate_v<T> || detail::member_count<T>() == boost::mp11::mp_size<Members>::value,
                "every member of a described struct is described");

  [[gnu::noinline]] static json::value to(const T& value) {
    json::object object;
    boost::mp11::mp_for_each<Members>([&](auto d) { detail::write_member(object, d.name, value.*d.pointer); });
    return object;
  }

  [[gnu::noinline]] static vault::Result<T> from(const json::value& value, Strictness s) {
    const json::object* object = value.if_object();
    if (object == nullptr) return vault::Error{vault::Errc::malformed, "not an object"};
    T result;
    detail::MemberReader reader(*object, s);
    boost::mp11::mp_for_each<Members>([&](auto d) { reader.read(d.name, result.*d.pointer); });
    TRY_VOID(reader.finish());
    return result;
  }
};

}  // namespace strongroom::access::wire
