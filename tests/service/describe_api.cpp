// Prints, as JSON, what docs/api/openapi.yaml must say: the routes as the router has them, and the schema of every
// command and answer as its C++ struct describes it. openapi_check.py compares.
#include <cstdio>
#include <iostream>
#include <type_traits>

#include "access/wire/answers.h"
#include "access/wire/commands.h"
#include "service/routes.h"

namespace {

namespace wire = strongroom::access::wire;
namespace json = boost::json;

json::object reference_to(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {
  using Item = T;
};
template <class T>
struct IsOptional : std::false_type {
  using Value = T;
};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {
  using Value = T;
};
template <class T>
concept HasPrefix = requires { T::kPrefix; };

// Members point to named schemas; what is named is defined once.
class Schemas {
 public:
  template <class T>
  json::object of() {
    if constexpr (IsVector<T>::value) {
      return {{"type", "array"}, {"items", of<typename IsVector<T>::Item>()}};
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
    } else if constexpr (HasPrefix<T>) {
      const std::string name = std::string(T::kPrefix) + "_id";
      defined_[name] = {{"type", "string"}, {"pattern", "^" + std::string(T::kPrefix) + "_[0-7][0-9a-hjkmnp-tv-z]{25}$"}};
      return reference_to(name);
    } else if constexpr (std::is_enum_v<T>) {
      static_assert(boost::describe::has_describe_enumerators<T>::value);
      json::array words;
      for (const std::string& word : wire::enum_names<T>()) words.push_back(json::string(word));
      return {{"type", "string"}, {"enum", words}};
    } else {
      static_assert(boost::describe::has_describe_members<T>::value);
      throw std::logic_error("a struct needs a name: use member()");
    }
  }

  template <class T>
  void define(const std::string& name);

  json::object defined_;
};

template <class T>
std::string struct_name();

template <class T>
json::object member_schema(Schemas& schemas) {
  if constexpr (IsVector<T>::value) {
    return {{"type", "array"}, {"items", member_schema<typename IsVector<T>::Item>(schemas)}};
  } else if constexpr (boost::describe::has_describe_members<T>::value && !std::is_enum_v<T>) {
    schemas.define<T>(struct_name<T>());
    return reference_to(struct_name<T>());
  } else {
    return schemas.of<T>();
  }
}

template <class T>
void Schemas::define(const std::string& name) {
  if (defined_.contains(name)) return;
  defined_[name] = nullptr;
  json::object properties;
  json::array required;
  boost::mp11::mp_for_each<typename wire::JsonOf<T>::Members>([&](auto d) {
    using Member = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
    const std::string member = wire::member_name(d.name);
    properties[member] = member_schema<typename IsOptional<Member>::Value>(*this);
    if constexpr (!IsOptional<Member>::value) required.push_back(json::string(member));
  });
  defined_[name] = {{"type", "object"}, {"required", required}, {"properties", properties}};
}

// The unqualified name of a type, as the compiler spells it.
template <class T>
std::string struct_name() {
  const std::string_view function = __PRETTY_FUNCTION__;  // "std::string (…)::struct_name() [T = a::b::Name]"
  const std::size_t end = function.rfind(']');
  const std::size_t begin = function.rfind(':', end) + 1;
  return std::string(function.substr(begin, end - begin));
}

template <class... T>
void define_all(Schemas& schemas) {
  (schemas.define<T>(struct_name<T>()), ...);
}

}  // namespace

int main() {
  using namespace wire;
  Schemas schemas;
  define_all<InvitePerson, EnrolPerson, JoinAgency, RevokePerson, AddAgency, ReferCase, AskAgencies, OpenSafe,
             MakeNomination, WrapNomination, ConfirmNomination, EndNomination, StartEpoch, CompleteShares, SealRecords,
             IssueCopy, PrepareCopy, CollectCopy, DeliverCopy, ReturnCopy, PersonView, AgencyView, CaseView, SafeView,
             SafeKeysView, RecordView, CopyRecordView, CopyView, CopyHeader, EntryView, DutiesView>(schemas);
  json::array routes;
  for (const service::RouteDescription& route : service::describe_routes())
    routes.push_back({{"method", route.method}, {"path", route.path}, {"callers", route.callers}});
  std::cout << json::object{{"routes", routes}, {"schemas", schemas.defined_}} << "\n";
  return 0;
}
