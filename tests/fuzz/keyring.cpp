// Requires that an accepted keyring is written again byte for byte. It unlocks nothing, because that would only measure
// Argon2id.
#include "vault/keyring/keyring.h"
#include "tests/fuzz/require.h"

using namespace vault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = as_text(std::as_bytes(std::span(data, size)));
  if (const auto keyring = keyring::Keyring::parse(input)) {
    fuzz::require(keyring->encode() == input);
    fuzz::require(!keyring->seals().empty() && keyring->seals().size() <= keyring::kMaxSeals);
  }
  return 0;
}
