// Reads bodies of acts, with the commands of the register. Requires that each command has only one text: a text that is
// accepted exactly is written again as it was read, and a text that is accepted tolerantly becomes, written once, one
// that is accepted exactly.
#include <boost/mp11/algorithm.hpp>

#include "access/wire/register.h"
#include "tests/fuzz/require.h"

using namespace strongroom::access::wire;

namespace fuzz = vault::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = parse_json(text);
  if (!value) return 0;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Commands>>([&](auto identity) {
    using Command = typename decltype(identity)::type;
    const auto tolerant = from_json<Command>(*value);
    const auto exact = decode<Command>(text, Strictness::exact);
    if (!tolerant) return fuzz::require(!exact);
    const std::string once = encode(*tolerant);
    const auto again = decode<Command>(once, Strictness::exact);
    fuzz::require(again && encode(*again) == once);
    fuzz::require(exact.has_value() == (once == text));
  });
  return 0;
}
