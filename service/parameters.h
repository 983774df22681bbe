// What a request's path and query say, each named once and no other name accepted.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/wire/describe_json.h"
#include "net/message.h"

namespace service {

inline constexpr std::size_t kMaxParameterBytes = 1024;

class Parameters {
 public:
  // `accepted` are the names that the route's query may have; "known" is always one. Errc::malformed for a name that is
  // not accepted or stands there twice; Errc::too_large.
  static vault::Result<Parameters> parse(const net::Fields& path, std::string_view query,
                                         std::span<const std::string_view> accepted);

  // A name of the route's path; it is there.
  const std::string& path(std::string_view name) const;
  // Empty when the query does not have it.
  std::string_view text(std::string_view name) const;
  vault::Result<bool> flag(std::string_view name) const;  // "true" or "false"; absent: false
  vault::Result<std::optional<std::uint64_t>> number(std::string_view name) const;
  vault::Result<std::uint64_t> known() const;  // absent: 0

  // Anything with a text form in JSON (ids, enumerators, instants), from the path or from the query.
  template <class T>
  vault::Result<T> of_path(std::string_view name) const {
    return parse_one<T>(name, path(name));
  }
  template <class T>
  vault::Result<std::optional<T>> of_query(std::string_view name) const {
    if (!query_.contains(name)) return std::optional<T>();
    TRY(T value, parse_one<T>(name, text(name)));
    return std::optional<T>(std::move(value));
  }

 private:
  template <class T>
  static vault::Result<T> parse_one(std::string_view name, std::string_view text) {
    namespace wire = strongroom::access::wire;
    auto value = wire::from_json<T>(wire::json::value(wire::json::string(text)));
    if (!value) return wire::wrong_member(name, value.error().message);
    return value;
  }
  std::map<std::string, std::string, std::less<>> path_;
  std::map<std::string, std::string, std::less<>> query_;
};

}  // namespace service
