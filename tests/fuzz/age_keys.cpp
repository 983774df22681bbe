// Requires that accepted key text is the only text of that key.
#include <string>

#include "tests/fuzz/require.h"
#include "vault/age/bech32.h"
#include "vault/age/keys.h"

using namespace vault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(std::as_bytes(std::span(data, size)));
  if (const auto decoded = age::decode_bech32(text))
    fuzz::require(age::encode_bech32(decoded->prefix, decoded->data.view()) == text);
  if (const auto recipient = age::Recipient::parse(text)) fuzz::require(recipient->to_string() == text);
  if (const auto identity = age::Identity::parse(text)) fuzz::require(identity->to_text().expose() == text);
  return 0;
}
