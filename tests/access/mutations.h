// Lists every way in which one optional member of an entry can be altered: left out, added or changed. Tests of
// verifiers use it, because a verifier must detect every rewritten entry.
#pragma once
#include <boost/mp11/algorithm.hpp>
#include <functional>
#include <string>

#include "access/wire/register.h"
#include "vault/base/secret.h"

namespace strongroom::access::testing {

// Makes a value that differs from `old`, or one to add if there is none.
template <class T>
T another(const T& old) {
  if constexpr (std::is_same_v<T, bool>) {
    return !old;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return old + "-9";
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return old + 1;
  } else if constexpr (std::is_enum_v<T>) {
    for (const T value : wire::kEnumValues<T>)
      if (value != old) return value;
    return old;
  } else if constexpr (std::is_same_v<T, vault::Date>) {
    using namespace std::chrono;
    const vault::Date date = year(2030) / January / 1;
    return old == date ? year(2031) / January / 1 : date;
  } else if constexpr (requires { T::generate(std::uint64_t{1}); }) {
    return T::generate(1'795'000'000'000);
  } else if constexpr (std::is_same_v<T, vault::Digest>) {
    T digest;
    vault::fill_random(digest);
    return digest;
  } else {
    static_assert(std::is_same_v<T, void>, "say what another value of this type is");
  }
}

template <class T>
using Mutated = std::function<void(const std::string& path, const T& value)>;

template <class T>
void each_mutation(const T& value, const std::string& path, const Mutated<T>& take);
void each_mutation(const wire::EntryRequest& request, const std::string& path, const Mutated<wire::EntryRequest>& take);
void each_mutation(const std::optional<wire::EntryRequest>& request, const std::string& path,
                   const Mutated<std::optional<wire::EntryRequest>>& take);
void each_mutation(const wire::json::value& detail, const std::string& path, const Mutated<wire::json::value>& take);

template <class V>
void each_mutation(const std::optional<V>& value, const std::string& path, const Mutated<std::optional<V>>& take) {
  if (!value) return take(path + " added", another(V()));
  take(path + " removed", std::nullopt);
  take(path + " changed", another(*value));
}
template <class V>
void each_mutation(const std::vector<V>& list, const std::string& path, const Mutated<std::vector<V>>& take) {
  for (std::size_t i = 0; i < std::min<std::size_t>(list.size(), 2); ++i)
    each_mutation<V>(list[i], path + "/" + std::to_string(i), [&](const std::string& at, const V& item) {
      auto changed = list;
      changed[i] = item;
      take(at, changed);
    });
}
// Visits the members of described structs, at any depth.
template <class T>
void each_mutation(const T& value, const std::string& path, const Mutated<T>& take) {
  if constexpr (boost::describe::has_describe_members<T>::value && !std::is_enum_v<T>) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(value.*member.pointer)>;
      const auto put = [&](const std::string& at, const Member& other) {
        T changed = value;
        changed.*member.pointer = other;
        take(at, changed);
      };
      each_mutation(value.*member.pointer, path + "/" + wire::member_name(member.name), Mutated<Member>(put));
    });
  }
}
// The members of a stored request, whose body and digest are one variant.
inline void each_mutation(const wire::EntryRequest& request, const std::string& path,
                          const Mutated<wire::EntryRequest>& take) {
  const auto with = [&](std::string_view name, wire::RequestContent content) {
    wire::EntryRequest changed = request;
    changed.content = std::move(content);
    if (changed != request) take(path + "/" + std::string(name), changed);
  };
  with("body removed", {});
  with("body added", std::string("{}"));
  with("body_sha256 in place of the body", wire::OmittedBody{wire::body_sha256(request.content)});
  with("body_sha256 changed", wire::OmittedBody{another(vault::Digest())});
  if (const auto* body = std::get_if<std::string>(&request.content)) with("body changed", *body + " ");
  wire::EntryRequest changed = request;
  each_mutation(request.range, path + "/range", Mutated<std::optional<std::string>>([&](const auto& at, auto other) {
                  changed.range = std::move(other);
                  take(at, changed);
                }));
  changed = request;
  each_mutation(request.upload_length, path + "/upload_length",
                Mutated<std::optional<std::string>>([&](const auto& at, auto other) {
                  changed.upload_length = std::move(other);
                  take(at, changed);
                }));
}
inline void each_mutation(const std::optional<wire::EntryRequest>& request, const std::string& path,
                          const Mutated<std::optional<wire::EntryRequest>>& take) {
  if (!request) return;
  take(path + " removed", std::nullopt);
  each_mutation(*request, path,
                Mutated<wire::EntryRequest>([&](const auto& at, const auto& other) { take(at, other); }));
}
// An entry's detail is of the type that its kind names.
inline void each_mutation(const wire::json::value&, const std::string&, const Mutated<wire::json::value>&) {}

inline void each_mutation_of_entry(const wire::EntryBody& body, const Mutated<wire::EntryBody>& take) {
  each_mutation<wire::EntryBody>(body, "", take);
  using Kinds = boost::mp11::mp_append<wire::Events, wire::OtherEvents>;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, Kinds>>([&](auto type) {
    using Event = typename decltype(type)::type;
    if (Event::kKind != body.kind) return;
    const auto detail = wire::from_json<Event>(body.detail, wire::Strictness::exact);
    vault::invariant(detail.has_value(), "a test mutates an entry that is right");
    each_mutation<Event>(*detail, "/detail", [&](const std::string& at, const Event& other) {
      wire::EntryBody changed = body;
      changed.detail = wire::to_json(other);
      take(at, changed);
    });
  });
}

}  // namespace strongroom::access::testing
