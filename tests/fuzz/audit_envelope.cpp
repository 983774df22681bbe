// Requires that each envelope has only one encoding.
#include "audit/entry.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (const auto envelope = audit::decode_envelope(input)) {
    const vault::Bytes again = audit::encode_envelope(*envelope);
    vault::fuzz::require(vault::as_text(again) == vault::as_text(input));
  }
  return 0;
}
