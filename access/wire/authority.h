// Parses and writes the host and port that requests are signed for, in their normal form. Service, clients, gate and
// replay all compare this one text. RFC 3986 sections 3.2.2 and 6.2.3, RFC 9421 section 2.2.3. Format: docs/formats.md
// ("Requests")
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace strongroom::access::wire {

inline constexpr std::uint16_t kHttpsPort = 443;
inline constexpr std::uint16_t kHttpPort = 80;
inline constexpr std::size_t kMaxHostBytes = 253;
inline constexpr std::size_t kMaxLabelBytes = 63;  // of a name, between its dots

struct Authority {
  // The host is in lower case. An IPv6 address has its canonical text (RFC 5952) and no brackets.
  std::string host;
  std::uint16_t port = kHttpsPort;
  // Returns "host[:port]". An IPv6 address gets brackets, and the scheme's own port is left out.
  std::string to_string(std::uint16_t default_port = kHttpsPort) const;
  std::string url() const { return "https://" + to_string(); }
  bool operator==(const Authority&) const = default;
};

// Parses a host and an optional port. The host must be a name of letters, digits and hyphens, an IPv4 address, or an
// IPv6 address in brackets; the port must be 1 to 65535. A name whose last label is a number must be an IPv4 address in
// four parts, because only some programs would read it as one: for example "10.1". Errc::malformed names what is wrong.
vault::Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port = kHttpsPort);

// Parses an authority and writes it again. The normal form of a normal form is the same text.
vault::Result<std::string> normal_authority(std::string_view text, std::uint16_t default_port = kHttpsPort);

// Returns whether `text` has the normal form `normal`. For example "Vault.Example:443" is "vault.example".
bool is_authority(std::string_view text, std::string_view normal);

// Returns the canonical text (RFC 5952, without brackets) of an IPv6 address, because one address that is written in
// two ways is one authority. Returns nothing if the text is no IPv6 address.
std::optional<std::string> normal_ipv6(const std::string& text);
// Whether the text is an IPv4 address of four decimal parts.
bool is_ipv4(const std::string& text);

// Parses a vault's URL: "https://host" or "https://host:port", with or without a "/" at its end. A user, a path, a
// query or a fragment is refused. Errc::invalid_argument names the form that a URL must have and what is wrong with
// this one.
vault::Result<Authority> parse_vault_url(std::string_view url);

// Returns an address as it is written before a port: an IPv6 address in brackets, anything else unchanged.
std::string bracketed(std::string_view address);

}  // namespace strongroom::access::wire
