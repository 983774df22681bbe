// Reads the records with which a TLS client begins, as the connection reads them. Requires that it asks for no byte
// that the hello does not have, that the reading ends within its limits, and that until then the hello is not whole.
#include "net/client_hello.h"

#include "tests/fuzz/require.h"

using namespace net;

namespace fuzz = vault::fuzz;

namespace {

constexpr std::size_t kMostBytes = kMaxClientHelloRecords * (5 + (std::size_t{1} << 14));

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span all(reinterpret_cast<const std::byte*>(data), size);
  std::size_t have = 0;
  std::size_t reads = 0;
  while (true) {
    const auto missing = missing_of_client_hello(all.first(have));
    if (!missing || *missing == 0) break;
    fuzz::require(have + *missing <= kMostBytes);
    fuzz::require(++reads <= 2 * kMaxClientHelloRecords);  // a record's header and the rest of it
    if (have + *missing > size) {
      have = size;  // the stranger sends nothing more
      fuzz::require(missing_of_client_hello(all).value_or(1) != 0);
      break;
    }
    have += *missing;
  }
  const bool ended = missing_of_client_hello(all.first(have)).value_or(0) == 0;
  for (std::size_t part = 0; ended && part < have; ++part) {
    const auto missing = missing_of_client_hello(all.first(part));
    fuzz::require(missing && *missing > 0 && part + *missing <= have);
  }
  return 0;
}
