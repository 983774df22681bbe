// Requires that bytes from accepted armor are the same after armoring and reading them again, however the text is cut
// into pieces.
#include "tests/fuzz/require.h"
#include "vault/age/armor.h"

using namespace vault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const auto whole = age::unarmor(as_text(input));
  if (whole) fuzz::require(*age::unarmor(age::armor(*whole)) == *whole && age::looks_armored(input));

  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  Bytes pieces;
  age::Unarmorer unarmorer;
  auto done = unarmorer.push(input.first(cut), pieces);
  if (done) done = unarmorer.push(input.subspan(cut), pieces);
  if (done) done = unarmorer.finish(pieces);
  fuzz::require(done.has_value() == whole.has_value() && (!whole || pieces == *whole));
  return 0;
}
