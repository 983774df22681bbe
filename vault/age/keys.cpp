#include "vault/age/keys.h"

#include <algorithm>

#include "vault/age/bech32.h"

namespace vault::age {
namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-";
constexpr std::string_view kHybridRecipientPrefix = "age1pq";
constexpr std::string_view kHybridIdentityPrefix = "AGE-SECRET-KEY-PQ-";
constexpr std::string_view kPluginRecipientPrefix = "age1";
constexpr std::string_view kPluginIdentityPrefix = "AGE-PLUGIN-";

}  // namespace

std::string Recipient::to_string() const {
  return encode_bech32(kRecipientPrefix, key.bytes);
}

Result<Recipient> Recipient::parse(std::string_view text) {
  TRY(const Bech32 decoded, decode_bech32(text));
  if (decoded.prefix == kHybridRecipientPrefix)
    return Error{Errc::unsupported, "post-quantum recipients (age1pq1…) are not supported: use an X25519 one (age1…)"};
  if (decoded.prefix.starts_with(kPluginRecipientPrefix))
    return Error{Errc::unsupported, "plugin recipients are not supported: use an X25519 one (age1…)"};
  if (decoded.prefix != kRecipientPrefix) return Error{Errc::malformed, "not an age recipient (age1…)"};
  Recipient recipient;
  if (decoded.data.view().size() != recipient.key.bytes.size())
    return Error{Errc::malformed, "an age recipient must contain 32 bytes"};
  std::ranges::copy(decoded.data.view(), recipient.key.bytes.begin());
  return recipient;
}

Identity::Identity(crypto::AgreementSecret secret)
    : secret_(std::move(secret)), recipient_{crypto::agreement_key(secret_)} {}

Identity Identity::generate() {
  return Identity(crypto::AgreementSecret::generate());
}

Result<Identity> Identity::parse(std::string_view text) {
  TRY(const Bech32 decoded, decode_bech32(text));
  if (decoded.prefix == kHybridIdentityPrefix)
    return Error{Errc::unsupported,
                 "post-quantum identities (AGE-SECRET-KEY-PQ-1…) are not supported: use an X25519 one"};
  if (decoded.prefix.starts_with(kPluginIdentityPrefix))
    return Error{Errc::unsupported, "plugin identities are not supported: use an X25519 one"};
  if (decoded.prefix != kIdentityPrefix) return Error{Errc::malformed, "not an age identity (AGE-SECRET-KEY-1…)"};
  if (decoded.data.view().size() != crypto::AgreementSecret::kSize)
    return Error{Errc::malformed, "an age identity must contain 32 bytes"};
  return Identity(crypto::AgreementSecret::copy_of(decoded.data.view().first<crypto::AgreementSecret::kSize>()));
}

SecretText Identity::to_text() const {
  std::string text = encode_bech32(kIdentityPrefix, secret_.expose());
  SecretText secret(text);
  wipe(std::as_writable_bytes(std::span(text)));
  return secret;
}

}  // namespace vault::age
