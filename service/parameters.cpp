#include "service/parameters.h"

#include <algorithm>

#include "audit/decimal.h"

namespace service {

using vault::Errc;
using vault::Error;
using vault::Result;

Result<Parameters> Parameters::parse(const net::Fields& path, std::string_view query,
                                     std::span<const std::string_view> accepted) {
  const std::string too_long = " is longer than " + std::to_string(kMaxParameterBytes) + " bytes";
  Parameters parameters;
  for (const auto& [name, value] : path) {
    if (value.size() > kMaxParameterBytes) return Error{Errc::too_large, "a parameter in the path" + too_long};
    parameters.path_.emplace(name, value);
  }
  TRY(const net::Fields pairs, net::parse_query(query));
  for (const auto& [name, value] : pairs) {
    if (name != "known" && std::ranges::find(accepted, name) == accepted.end())
      return Error{Errc::malformed, "the query has a parameter that this route does not accept"};
    if (value.size() > kMaxParameterBytes) return Error{Errc::too_large, "a parameter in the query" + too_long};
    if (!parameters.query_.emplace(name, value).second)
      return Error{Errc::malformed, "the query has the same parameter twice"};
  }
  return parameters;
}

const std::string& Parameters::path(std::string_view name) const {
  const auto found = path_.find(name);
  vault::invariant(found != path_.end(), "a route asks only for parameters of its own path");
  return found->second;
}

std::string_view Parameters::text(std::string_view name) const {
  const auto found = query_.find(name);
  return found == query_.end() ? std::string_view() : std::string_view(found->second);
}

Result<bool> Parameters::flag(std::string_view name) const {
  const std::string_view value = text(name);
  if (value == "true") return true;
  if (value.empty() || value == "false") return false;
  return Error{Errc::malformed, std::string(name) + " must be true or false"};
}

Result<std::optional<std::uint64_t>> Parameters::number(std::string_view name) const {
  if (!query_.contains(name)) return std::optional<std::uint64_t>();
  TRY(const std::uint64_t value, audit::parse_decimal(text(name), strongroom::access::wire::kMaxJsonInteger));
  return std::optional(value);
}

Result<std::uint64_t> Parameters::known() const {
  TRY(const auto size, number("known"));
  return size.value_or(0);
}

}  // namespace service
