// A request as its signer would have sent it, for tests in which an operator enters it by itself.
#pragma once
#include <string>

#include "access/wire/commands.h"
#include "access/wire/http_signature.h"

namespace strongroom::access::testing {

inline constexpr std::string_view kAuthority = "vault.example:8443";

template <class Command>
wire::EntryRequest signed_request(const Command& command, const std::string& keyid,
                                  const vault::crypto::SigningKey& key, vault::Instant now) {
  wire::EntryRequest request{
      "POST", std::string(kAuthority), "/v1/acts/" + std::string(Command::kKind), wire::encode(command), "", ""};
  wire::RequestHead head;
  head.method = request.method;
  head.authority = request.authority;
  head.path = request.target;
  head.has_body = true;
  head.content_digest = wire::content_digest(vault::as_bytes(request.body));
  wire::SignatureParameters parameters;
  parameters.created = now.unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 60;
  parameters.nonce = "0123456789abcdef";
  parameters.keyid = keyid;
  const auto fields = wire::sign_request(head, wire::Coverage::command_or_read, parameters, key);
  vault::invariant(fields.has_value(), "a test's request can be signed");
  request.signature_input = fields->signature_input;
  request.signature = fields->signature;
  return request;
}

}  // namespace strongroom::access::testing
