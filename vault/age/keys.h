// age's X25519 keys and their text: recipients ("age1…") and identities ("AGE-SECRET-KEY-1…").
// https://c2sp.org/age
#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "vault/base/secret.h"
#include "vault/crypto/keys.h"

namespace vault::age {

// Whom a file is encrypted to.
struct Recipient {
  crypto::AgreementKey key;
  std::string to_string() const;  // "age1…", 62 characters
  // Lower case, as every age program prints it. Errc::malformed; Errc::unsupported for post-quantum ("age1pq1…") and
  // plugin recipients.
  static Result<Recipient> parse(std::string_view text);
  auto operator<=>(const Recipient&) const = default;
};

// The secret that opens what its recipient was sent.
class Identity {
 public:
  static Identity generate();
  explicit Identity(crypto::AgreementSecret secret);
  // Upper case, as every age program prints it; the caller wipes its own copy of the text. Errc::malformed;
  // Errc::unsupported for post-quantum ("AGE-SECRET-KEY-PQ-1…") and plugin identities.
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
