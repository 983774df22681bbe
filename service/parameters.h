// The parameters in a request's path and query. Each name may occur once, and no name that the route does not accept.
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
  // The query may have the names in `accepted` and "known". Errc::malformed for any other name and for a name that
  // occurs twice. Errc::too_large for a value above kMaxParameterBytes.
  static vault::Result<Parameters> parse(const net::Fields& path, std::string_view query,
                                         std::span<const std::string_view> accepted);

  // A parameter of the path, which the route's pattern must have.
  const std::string& path(std::string_view name) const;
  // A parameter of the query; empty if it is absent.
  std::string_view text(std::string_view name) const;
  vault::Result<bool> flag(std::string_view name) const;  // "true" or "false"; absent: false
  vault::Result<std::optional<std::uint64_t>> number(std::string_view name) const;
  vault::Result<std::uint64_t> known() const;  // absent: 0

  // A value that JSON writes as a string (an id, an enumerator, an instant), from the path or from the query.
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
