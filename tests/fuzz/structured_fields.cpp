// Requires that an accepted field has a canonical text, which is accepted, means the same and is its own canonical
// text.
#include "access/wire/structured_fields.h"
#include "tests/fuzz/require.h"

namespace sf = strongroom::access::wire::sf;
namespace fuzz = vault::fuzz;

namespace {

template <class Parse>
void check(std::string_view input, Parse parse) {
  const auto value = parse(input);
  if (!value) return;
  const auto text = sf::serialise(*value);
  fuzz::require(text.has_value());
  const auto again = parse(*text);
  fuzz::require(again && *again == *value && *sf::serialise(*again) == *text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input, sf::parse_item);
  check(input, sf::parse_list);
  check(input, sf::parse_dictionary);
  return 0;
}
