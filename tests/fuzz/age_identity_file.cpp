// Requires that every identity read from a file prints and parses as itself.
#include "tests/fuzz/require.h"
#include "vault/age/identity_file.h"

using namespace vault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (const auto file = age::parse_identity_file(as_text(input))) {
    fuzz::require(!file->identities.empty() && !age::is_encrypted(input));
    for (const auto& identity : file->identities) {
      const auto again = age::Identity::parse(identity.to_text().expose());
      fuzz::require(again && again->recipient() == identity.recipient());
    }
  }
  // Reading an encrypted file stops at the question for the passphrase; any other file is parsed.
  bool asked = false;
  const auto read = age::read_identity_file(input, [&]() -> Result<SecretText> {
    asked = true;
    return Error{Errc::cancelled, "no passphrase"};
  });
  fuzz::require(!asked || (!read && read.code() == Errc::cancelled));
  return 0;
}
