#include "vault/age/identity_file.h"

#include <string>

#include "vault/age/armor.h"
#include "vault/age/file.h"

namespace vault::age {
namespace {

constexpr std::string_view kBinaryStart = "age-encryption.org/";
constexpr std::size_t kMaxEncryptedSize = 2 * kMaxIdentityFileSize;  // includes header, tags and armor

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Error at_line(std::size_t number, const Error& error) {
  return {error.code, "identity file, line " + std::to_string(number) + ": " + error.message};
}

}  // namespace

Result<IdentityFile> parse_identity_file(std::string_view text) {
  if (text.size() > kMaxIdentityFileSize) return Error{Errc::too_large, "an identity file is over 64 KiB"};
  IdentityFile file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.starts_with('#')) {
      if (file.comments.size() == kMaxIdentityComments)
        return Error{Errc::too_large, "an identity file contains over 256 comments"};
      file.comments.emplace_back(trim(line.substr(1)));
      continue;
    }
    if (file.identities.size() == kMaxIdentities)
      return Error{Errc::too_large, "an identity file contains over 256 identities"};
    auto identity = Identity::parse(line);
    if (!identity) return at_line(number, identity.error());
    file.identities.push_back(*std::move(identity));
  }
  if (file.identities.empty())
    return Error{Errc::malformed, "an identity file contains no identity (AGE-SECRET-KEY-1…)"};
  return file;
}

bool is_encrypted(ByteView file) {
  return as_text(file).starts_with(kBinaryStart) || looks_armored(file);
}

Result<IdentityFile> read_identity_file(ByteView file, const std::function<Result<SecretText>()>& ask_passphrase) {
  if (!is_encrypted(file)) return parse_identity_file(as_text(file));
  if (file.size() > kMaxEncryptedSize) return Error{Errc::too_large, "an identity file is over 64 KiB"};
  TRY(const SecretText passphrase, ask_passphrase());
  TRY(Bytes text, decrypt_small_with_passphrase(file, passphrase));
  auto parsed = parse_identity_file(as_text(text));
  wipe(text);
  return parsed;
}

}  // namespace vault::age
