// Prints, as JSON, what docs/api/openapi.yaml must say: the routes as the router has them, and the schema of every
// command and answer as its C++ struct describes it. openapi_check.py compares.
#include <iostream>
#include <type_traits>

#include "access/wire/page.h"
#include "access/wire/register.h"
#include "service/routes.h"

namespace {

namespace wire = strongroom::access::wire;
namespace json = boost::json;

template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = !std::is_same_v<T, std::byte>;
template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
concept IsId = requires { T::kPrefix; };

// The unqualified name of a type, as the compiler spells it.
template <class T>
std::string name_of() {
  const std::string_view function = __PRETTY_FUNCTION__;  // "std::string (…)::name_of() [T = a::b::Name]"
  const std::size_t end = function.rfind(']');
  const std::size_t begin = function.rfind(':', end) + 1;
  return std::string(function.substr(begin, end - begin));
}

json::object reference_to(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

json::object defined;  // what is named is defined once

template <class T>
json::object schema_of();

template <class T>
void define() {
  const std::string name = name_of<T>();
  if (defined.contains(name)) return;
  defined[name] = nullptr;
  json::object properties;
  json::array required;
  boost::mp11::mp_for_each<typename wire::JsonOf<T>::Members>([&](auto d) {
    using Member = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
    const std::string member = wire::member_name(d.name);
    properties[member] = schema_of<Member>();
    if constexpr (!kIsOptional<Member>) required.push_back(json::string(member));
  });
  defined[name] = {{"type", "object"}, {"required", required}, {"properties", properties}};
}

template <class T>
json::object schema_of() {
  if constexpr (kIsOptional<T>) {
    return schema_of<typename T::value_type>();
  } else if constexpr (kIsVector<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_integral_v<T>) {
    return reference_to("Integer");
  } else if constexpr (std::is_same_v<T, vault::Bytes>) {
    return reference_to("Bytes");
  } else if constexpr (std::is_same_v<T, vault::Digest>) {
    return reference_to("Digest");
  } else if constexpr (std::is_same_v<T, vault::crypto::Signature>) {
    return reference_to("Signature");
  } else if constexpr (std::is_same_v<T, vault::crypto::VerifyKey>) {
    return reference_to("VerifyKey");
  } else if constexpr (std::is_same_v<T, vault::age::Recipient>) {
    return reference_to("Recipient");
  } else if constexpr (std::is_same_v<T, vault::Instant>) {
    return reference_to("Instant");
  } else if constexpr (std::is_same_v<T, vault::Date>) {
    return reference_to("Date");
  } else if constexpr (IsId<T>) {
    const std::string prefix(T::kPrefix);
    defined[prefix + "_id"] = {{"type", "string"}, {"pattern", "^" + prefix + "_[0-7][0-9a-hjkmnp-tv-z]{25}$"}};
    return reference_to(prefix + "_id");
  } else if constexpr (std::is_enum_v<T>) {
    json::array words;
    for (const std::string& word : wire::enum_names<T>()) words.push_back(json::string(word));
    defined[name_of<T>()] = {{"type", "string"}, {"enum", words}};
    return reference_to(name_of<T>());
  } else {
    define<T>();
    return reference_to(name_of<T>());
  }
}

json::array define_acts() {
  json::array acts;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, wire::Commands>>([&](auto type) {
    using Command = typename decltype(type)::type;
    acts.push_back({{"kind", Command::kKind}, {"schema", name_of<Command>()}});
    define<Command>();
  });
  return acts;
}
template <class... Answers>
void define_answers() {
  (define<Answers>(), ...);
}

}  // namespace

int main() {
  using namespace wire;
  const json::array acts = define_acts();
  define_answers<PersonView, AgencyView, CaseView, SafeView, SafeKeysView, RecordView, CopyRecordView, CopyView,
                 CopyHeader, EntryView, DutiesView, SealedNote, ReviewView, CalendarView>();
  json::array routes;
  for (const service::RouteDescription& route : service::describe_routes())
    routes.push_back({{"method", route.method}, {"path", route.path}, {"signed", route.is_signed}});
  std::cout << json::object{{"routes", routes}, {"acts", acts}, {"schemas", defined}} << "\n";
  return 0;
}
