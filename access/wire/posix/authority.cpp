#include "access/wire/authority.h"

#include <arpa/inet.h>

#include <array>

namespace strongroom::access::wire {

std::optional<std::string> normal_ipv6(const std::string& text) {
  if (text.contains('\0')) return std::nullopt;  // inet_pton would read only the part before it
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  if (::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) == nullptr) return std::nullopt;
  return std::string(canonical.data());
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

}  // namespace strongroom::access::wire
