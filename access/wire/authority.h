// The host and port that requests are signed for, in their normal form: the one text that service, clients, gate and
// replay compare. RFC 3986 sections 3.2.2 and 6.2.3, RFC 9421 section 2.2.3. Format: docs/formats.md ("Requests")
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace strongroom::access::wire {

inline constexpr std::uint16_t kHttpsPort = 443;
inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::size_t kMaxHostBytes = 253;
inline constexpr std::size_t kMaxLabelBytes = 63;  // of a name, between its dots

struct Authority {
  // In lower case. An IPv6 address has its canonical text (RFC 5952) and no brackets.
  std::string host;
  std::uint16_t port = kHttpsPort;
  // "host[:port]": brackets around an IPv6 address, no port if it is the scheme's own.
  std::string to_string(std::uint16_t default_port = kHttpsPort) const;
  std::string url() const { return "https://" + to_string(); }
  bool operator==(const Authority&) const = default;
};

// The host is a name of letters, digits and hyphens, an IPv4 address, or an IPv6 address in brackets; the port is 1 to
// 65535. A name whose last label is a number would be an IPv4 address to some programs only, so it must be one in four
// parts. Errc::malformed names what is wrong.
vault::Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port = kHttpsPort);

// parse_authority, written again. A normal form is its own normal form.
vault::Result<std::string> normal_authority(std::string_view text, std::uint16_t default_port = kHttpsPort);

// Whether `text` is `normal`, however it is written: "Vault.Example:443" is "vault.example".
bool is_authority(std::string_view text, std::string_view normal);

// A vault's URL: "https://host", "https://host:port", or either with a "/" at its end, and nothing else: no user, path,
// query or fragment. Errc::invalid_argument says what a URL must be and what is wrong with this one.
vault::Result<Authority> parse_vault_url(std::string_view url);

// An address as it is written before a port: an IPv6 address in brackets, anything else as it is.
std::string bracketed(std::string_view address);

}  // namespace strongroom::access::wire
