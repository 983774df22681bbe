#include "net/message.h"

#include <algorithm>

#include "net/limits.h"

namespace net {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return Error{Errc::malformed, "the target has a percent escape without two hexadecimal digits"};
      const char c = static_cast<char>(high << 4 | low);
      // RFC 3986, 6.2.2.2. An id in a target has only one spelling, so that the ledger can be searched for it.
      if (is_unreserved(c))
        return Error{Errc::malformed, "the target has a percent escape of a character that needs none"};
      out += c;
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> joined_field(const Fields& fields, std::string_view name) {
  std::optional<std::string> joined;
  for (const auto& [field, value] : fields) {
    if (field != name) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

Result<std::string> percent_decode(std::string_view text) {
  return decode(text, false);
}

Result<Fields> parse_query(std::string_view query) {
  if (query.starts_with('?')) query.remove_prefix(1);
  Fields pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (pairs.size() == kMaxQueryParameters) return Error{Errc::too_large, "the query has too many parameters"};
    const std::size_t equals = pair.find('=');
    TRY(std::string name, decode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      TRY(value, decode(pair.substr(equals + 1), true));
    }
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

const std::string& Request::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, [](const auto& p) -> std::string_view { return p.first; });
  vault::invariant(found != parameters.end(), "a handler asks only for parameters of its own pattern");
  return found->second;
}

}  // namespace net
