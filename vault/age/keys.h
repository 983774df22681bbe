// age's X25519 keys and their text forms: recipients ("age1…") and identities ("AGE-SECRET-KEY-1…").
// https://c2sp.org/age
#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "vault/base/secret.h"
#include "vault/crypto/keys.h"

namespace vault::age {

// A public key that files are encrypted to.
struct Recipient {
  crypto::AgreementKey key;
  std::string to_string() const;  // "age1…", 62 characters
  // Accepts lower case only, as every age program prints it. Errc::malformed; Errc::unsupported for post-quantum
  // ("age1pq1…") and plugin recipients.
  static Result<Recipient> parse(std::string_view text);
  auto operator<=>(const Recipient&) const = default;
};

// The secret key that opens files encrypted to its recipient.
class Identity {
 public:
  static Identity generate();
  explicit Identity(crypto::AgreementSecret secret);
  // Accepts upper case only, as every age program prints it. The caller must wipe its own copy of the text.
  // Errc::malformed; Errc::unsupported for post-quantum ("AGE-SECRET-KEY-PQ-1…") and plugin identities.
  static Result<Identity> parse(std::string_view text);
  const Recipient& recipient() const { return recipient_; }
  SecretText to_text() const;  // "AGE-SECRET-KEY-1…", 74 characters
  const crypto::AgreementSecret& secret() const { return secret_; }
  Identity clone() const { return Identity(secret_.clone()); }

 private:
  crypto::AgreementSecret secret_;
  Recipient recipient_;
};

}  // namespace vault::age
