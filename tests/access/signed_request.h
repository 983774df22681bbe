// Makes a request as its signer would have sent it, for tests in which an operator enters it directly, and for tests
// that decide a command without a service.
#pragma once
#include <string>

#include "access/wire/register.h"

namespace strongroom::access::testing {

inline constexpr std::string_view kAuthority = "vault.example:8443";

// `POST /v1/acts/{act}` with this body, which need not be a command.
inline wire::EntryRequest signed_act(std::string_view act, const std::string& body, const std::string& keyid,
                                     const vault::crypto::SigningKey& key, vault::Instant now,
                                     const std::string& nonce = "0123456789abcdef") {
  wire::EntryRequest request;
  request.method = "POST";
  request.authority = kAuthority;
  request.target = std::string(wire::kActsPath) + std::string(act);
  wire::RequestHead head;
  head.method = request.method;
  head.authority = request.authority;
  head.path = request.target;
  head.has_body = !body.empty();
  if (head.has_body) {
    request.content = body;
    head.content_digest = wire::content_digest(vault::as_bytes(body));
  }
  wire::SignatureParameters parameters;
  parameters.created = now.unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 60;
  parameters.nonce = nonce;
  parameters.keyid = keyid;
  const auto fields = wire::sign_request(head, wire::Coverage::command_or_read, parameters, key);
  vault::invariant(fields.has_value(), "a test's request can be signed");
  request.signature_input = fields->signature_input;
  request.signature = fields->signature;
  return request;
}

template <class Command>
wire::EntryRequest signed_request(const Command& command, const std::string& keyid,
                                  const vault::crypto::SigningKey& key, vault::Instant now) {
  return signed_act(Command::kKind, wire::encode(command), keyid, key, now);
}

// Makes the same request, verified. The key is the test's own, so the caller names the signer beside it (Actor).
inline wire::VerifiedRequest verified_act(std::string_view act, const std::string& body, const std::string& keyid,
                                          vault::Instant now) {
  static const auto key = vault::crypto::SigningKey::generate();
  auto verified = wire::verify_stored_request(signed_act(act, body, keyid, key, now), key.verify_key());
  vault::invariant(verified.has_value(), "a test's request verifies");
  return std::move(*verified);
}

}  // namespace strongroom::access::testing
