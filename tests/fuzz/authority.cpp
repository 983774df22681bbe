// Reads hosts and ports as they come in a URL, an invitation or a Host field. Requires that the normal form of a normal
// form is itself, that a URL written again is the same URL, and that neither has a character that a Host field could
// not have.
#include "access/wire/authority.h"
#include "tests/fuzz/require.h"

using namespace strongroom::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint16_t port : {wire::kHttpsPort, wire::kHttpPort}) {
    const auto normal = wire::normal_authority(text, port);
    if (!normal) continue;
    const auto again = wire::normal_authority(*normal, port);
    vault::fuzz::require(again && *again == *normal);
    vault::fuzz::require(normal->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == std::string::npos);
  }
  if (const auto url = wire::parse_vault_url(text)) {
    const auto again = wire::parse_vault_url(url->url());
    vault::fuzz::require(again && *again == *url);
    vault::fuzz::require(wire::is_authority(url->to_string(), url->to_string()));
  }
  return 0;
}
