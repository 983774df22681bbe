// Identity files as `age-keygen` writes them and `age -i` reads them. Each line is an AGE-SECRET-KEY-1…, a comment
// ("#") or blank. The file may itself be encrypted with a passphrase, binary or armored.
#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "vault/age/keys.h"

namespace vault::age {

inline constexpr std::size_t kMaxIdentityFileSize = 64 * 1024;  // of the text
inline constexpr std::size_t kMaxIdentities = 256;
inline constexpr std::size_t kMaxIdentityComments = 256;

struct IdentityFile {
  std::vector<Identity> identities;  // at least one
  // The text after each "#", without the spaces around it. It is secret: our own files keep the signing key there.
  std::vector<SecretText> comments;
};

// Error messages name the line but never quote it. Errc::malformed for any other line or for no identity at all;
// Errc::unsupported for post-quantum and plugin identities; Errc::too_large over a limit above.
Result<IdentityFile> parse_identity_file(std::string_view text);

// Whether the file is encrypted, so that it needs a passphrase (or, unusually, another identity).
bool is_encrypted(ByteView file);

// Parses a plain or an encrypted file. `ask_passphrase` is called once, and only if the file is encrypted.
// Errc::wrong_key for a wrong passphrase, or if the file is encrypted to an identity instead.
Result<IdentityFile> read_identity_file(ByteView file, const std::function<Result<SecretText>()>& ask_passphrase);

}  // namespace vault::age
