// Requires that the streaming, the pipelined and the in-memory way give one answer, and that the plaintext of a file
// that opens can be encrypted and opened again.
#include "tests/fuzz/require.h"
#include "vault/age/armor.h"
#include "vault/age/file.h"

using namespace vault;

namespace {
// This key is used only in this corpus.
constexpr std::string_view kIdentity = "AGE-SECRET-KEY-1ASU2NQ407WSS009X0M3LZ9ZQWWMJWC3U4AYL5DAJ4P75WQH0AHYQSPJ7MP";
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  static const age::Identity identity = *age::Identity::parse(kIdentity);
  const std::span identities(&identity, 1);

  const auto small = age::decrypt_small(input, identities);
  Bytes plain;
  const auto whole = age::decrypt(age::read_from(input), age::append_to(plain), identities, {1});
  fuzz::require(small.has_value() == whole.has_value());
  if (!small) {
    // One way reads armor to its end and the other only as far as it needs, so the first fault of armored input may
    // differ.
    fuzz::require(small.code() == whole.code() || age::looks_armored(input));
  } else {
    fuzz::require(*small == plain && *whole == plain.size());
    fuzz::require(*age::decrypt_small(*age::encrypt_small(plain, std::span(&identity.recipient(), 1)), identities) ==
                  plain);
  }
  (void)age::decrypt_small_with_passphrase(input, SecretText("p"), 2);
  return 0;
}
