// Makes a demand that the input "broken" does not meet.
#include <string_view>

#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vault::fuzz::require(std::string_view(reinterpret_cast<const char*>(data), size) != "broken");
  return 0;
}
