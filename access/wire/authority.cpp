#include "access/wire/authority.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace strongroom::access::wire {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_number(std::string_view label) {
  if (label.starts_with("0x")) return std::ranges::all_of(label.substr(2), is_hex_digit);
  return std::ranges::all_of(label, is_digit);
}

Result<void> check_label(std::string_view label) {
  if (label.empty()) return Error{Errc::malformed, "its host begins or ends with a dot, or has two in a row"};
  if (label.size() > kMaxLabelBytes) return Error{Errc::malformed, "a part of its host has more than 63 characters"};
  if (label.front() == '-' || label.back() == '-')
    return Error{Errc::malformed, "a part of its host begins or ends with a hyphen"};
  const auto is_of_a_name = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; };
  if (!std::ranges::all_of(label, is_of_a_name))
    return Error{Errc::malformed, "its host has a character that is not a letter, a digit, a hyphen or a dot"};
  return {};
}

Result<void> check_name(const std::string& host) {
  if (host.empty()) return Error{Errc::malformed, "it has no host"};
  if (host.size() > kMaxHostBytes) return Error{Errc::malformed, "its host has more than 253 characters"};
  std::string_view label;
  for (std::size_t at = 0; at <= host.size(); at += label.size() + 1) {
    label = std::string_view(host).substr(at, host.find('.', at) - at);
    TRY_VOID(check_label(label));
  }
  if (is_number(label) && !is_ipv4(host))
    return Error{Errc::malformed, "its host ends with a number and is not an IPv4 address in four parts"};
  return {};
}

Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, port);
  if (failed != std::errc() || stop != end || port == 0)
    return Error{Errc::malformed, "its port is not a number from 1 to 65535"};
  return port;
}

}  // namespace

std::string bracketed(std::string_view address) {
  return address.contains(':') ? "[" + std::string(address) + "]" : std::string(address);
}

std::string Authority::to_string(std::uint16_t default_port) const {
  return bracketed(host) + (port == default_port ? "" : ":" + std::to_string(port));
}

Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  // An address in brackets has colons of its own.
  const bool in_brackets = text.starts_with('[');
  const std::size_t host_size = in_brackets ? std::min(text.find(']'), text.size() - 1) + 1 : text.find(':');
  std::string host = lower(text.substr(0, host_size));
  const std::string_view rest = text.substr(host.size());
  if (in_brackets) {
    const auto address = host.ends_with(']') ? normal_ipv6(host.substr(1, host.size() - 2)) : std::nullopt;
    if (!address) return Error{Errc::malformed, "its host is in brackets and is not an IPv6 address"};
    host = *address;
  } else {
    TRY_VOID(check_name(host));
  }
  Authority authority{.host = std::move(host), .port = default_port};
  if (rest.empty() || rest == ":")
    return authority;  // RFC 3986, 6.2.3: "a port component that is empty" is the scheme's own
  if (!rest.starts_with(':')) return Error{Errc::malformed, "something other than a port follows its host"};
  TRY(authority.port, parse_port(rest.substr(1)));
  return authority;
}

Result<std::string> normal_authority(std::string_view text, std::uint16_t default_port) {
  TRY(const Authority authority, parse_authority(text, default_port));
  return authority.to_string(default_port);
}

bool is_authority(std::string_view text, std::string_view normal) {
  const auto found = normal_authority(text);
  return found && *found == normal;
}

Result<Authority> parse_vault_url(std::string_view url) {
  const auto wrong = [](std::string_view why) {
    return Error{
        Errc::invalid_argument,
        "the URL of a vault must be https://HOST or https://HOST:PORT, with nothing after it: " + std::string(why)};
  };
  constexpr std::string_view kScheme = "https://";
  if (lower(url.substr(0, kScheme.size())) != kScheme) return wrong("it does not begin with https://");
  std::string_view text = url.substr(kScheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.contains('@')) return wrong("it names a user");
  if (text.find_first_of("/\\?#") != std::string_view::npos) return wrong("it has a path, a query or a fragment");
  if (text.contains('%')) return wrong("it has a percent sign");
  // For example, a script's variable that was not set would choose the scheme's port, and nobody would notice.
  if (text.ends_with(':')) return wrong("there is no port after its colon");
  auto authority = parse_authority(text);
  if (!authority) return wrong(authority.error().message);
  return authority;
}

}  // namespace strongroom::access::wire
