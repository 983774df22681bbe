// The input's lines are Signature-Input, Signature, path, query, Content-Digest, Range, Upload-Offset and a body.
// Requires that a request that the profile accepts has a base that ends with the parameters it read, and that changes
// with every covered line, and that nothing verifies that the key did not sign.
#include "access/wire/http_signature.h"
#include "tests/fuzz/require.h"
#include "vault/base/secret.h"

namespace wire = strongroom::access::wire;

namespace fuzz = vault::fuzz;

namespace {

const vault::crypto::VerifyKey& key() {
  static const vault::crypto::VerifyKey made = [] {
    fuzz::require(vault::start_secure_memory().has_value());
    return vault::crypto::SigningKey::generate().verify_key();
  }();
  return made;
}

void check(const wire::RequestHead& head, wire::Coverage coverage) {
  const auto parsed = wire::parse_signed_request(head, coverage);
  if (!parsed) return;
  const auto input = wire::sf::parse_dictionary(*head.signature_input);
  const auto text = wire::sf::serialise(std::get<wire::sf::InnerList>(input->front().second));
  fuzz::require(parsed->base.ends_with("\"@signature-params\": " + *text));
  fuzz::require(!wire::check_signature(*parsed, key()));
  wire::RequestHead other = head;
  other.method += "x";
  other.path += "x";
  const auto changed = wire::parse_signed_request(other, coverage);
  fuzz::require(changed && changed->base != parsed->base && changed->parameters == parsed->parameters);
  (void)wire::check_freshness(parsed->parameters, vault::Instant{1'795'000'000'000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::string_view taken = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), taken.size() + 1));
    return std::string(taken);
  };
  const auto optional = [](std::string text) { return text.empty() ? std::nullopt : std::optional(std::move(text)); };
  wire::RequestHead head;
  head.method = "POST";
  head.authority = "vault.example";
  head.signature_input = line();
  head.signature = line();
  head.path = line();
  head.query = line();
  head.content_digest = optional(line());
  head.range = optional(line());
  head.upload_offset = optional(line());
  head.content_length = "1";
  const std::string body(rest);
  head.has_body = head.content_digest.has_value();
  check(head, wire::Coverage::command_or_read);
  check(head, wire::Coverage::upload_chunk);
  if (head.content_digest) (void)wire::check_content_digest(*head.content_digest, vault::as_bytes(body));
  fuzz::require(!wire::verify_stored_request(
      {head.method, head.authority, head.path + head.query, body, *head.signature_input, *head.signature}, key()));
  return 0;
}
