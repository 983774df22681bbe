// Reads references of cases and numbers of copies, as people type them and paths carry them. Requires that each has
// only one text.
#include "access/state/state.h"
#include "tests/fuzz/require.h"

using namespace strongroom::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto reference = parse_reference(text))
    vault::fuzz::require(format_reference(reference->year, reference->number) == text);
  if (const auto number = parse_copy_number(text)) vault::fuzz::require(format_copy_number(*number) == text);
  return 0;
}
