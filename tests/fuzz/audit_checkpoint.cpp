// Requires that an accepted body of a checkpoint is written again as it was read.
#include "audit/checkpoint.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = vault::as_text(std::as_bytes(std::span(data, size)));
  if (const auto checkpoint = audit::parse_checkpoint(input))
    vault::fuzz::require(audit::format_checkpoint(*checkpoint) == input);
  return 0;
}
