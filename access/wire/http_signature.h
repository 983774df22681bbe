// HTTP Message Signatures (RFC 9421) and Content-Digest (RFC 9530): the signature base of any request or response, and
// Strongroom's profile of it. Pure: keys, time and nonces are the caller's. Format: docs/formats.md
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/wire/structured_fields.h"
#include "vault/base/time.h"
#include "vault/crypto/keys.h"

namespace strongroom::access::wire {

// ---- The signature base (RFC 9421 section 2) ----

struct HttpMessage {
  std::string scheme = "https";
  std::string method;                                       // verbatim; empty in a response
  std::string authority;                                    // as the Host field has it
  std::string target;                                       // the request target as sent, e.g. "/path?query"
  std::string status;                                       // three digits; empty in a request
  std::vector<std::pair<std::string, std::string>> fields;  // every field line as received, in order
};

// The value of one component of `message`. Known are the derived components of section 2.2, and fields with no
// parameter, `key` or `bs`. Errc::malformed for an identifier that is no component name or a value that cannot stand in
// a base, Errc::unsupported for an unknown component or parameter, Errc::not_found when the message lacks it.
vault::Result<std::string> component_value(const sf::Item& identifier, const HttpMessage& message);

// The bytes that are signed. Also Errc::malformed when a component is listed twice or is "@signature-params".
vault::Result<std::string> signature_base(const sf::InnerList& covered, const HttpMessage& message);

// ---- Content-Digest (RFC 9530) ----

std::string content_digest(vault::ByteView body);  // "sha-256=:…:"

// Every sha-256 and sha-512 in the field must match, and there must be one; other algorithms are ignored, the broken
// ones too. Errc::malformed, Errc::tampered for a mismatch, Errc::refused without a digest that counts.
vault::Result<void> check_content_digest(std::string_view field, vault::ByteView body);

// ---- Strongroom's profile (DESIGN 6) ----

inline constexpr std::string_view kSignatureLabel = "strongroom";
inline constexpr std::string_view kSignatureTag = "strongroom";
inline constexpr std::string_view kSignatureAlgorithm = "ed25519";
inline constexpr std::int64_t kMaxClockSkewSeconds = 60;  // between `created` and the verifier's clock, both ways
inline constexpr std::size_t kMinNonceLength = 16;
inline constexpr std::size_t kMaxNonceLength = 64;
inline constexpr std::size_t kMaxKeyIdLength = 128;

// What a signature speaks about. `authority` is the verifier's own, from its configuration, not from Host alone. Fields
// are raw values, several lines joined with ", ".
struct RequestHead {
  std::string method;
  std::string authority;
  std::string path;         // as sent, not decoded, without the query
  std::string query = "?";  // "?…" as sent; "?" when absent
  std::optional<std::string> content_digest;
  std::optional<std::string> range;
  std::optional<std::string> upload_length;
  std::optional<std::string> upload_offset;
  std::optional<std::string> content_length;
  std::optional<std::string> signature_input;
  std::optional<std::string> signature;
  bool has_body = false;
};

enum class Coverage {
  // @method, @authority, @path, @query; content-digest with a body; range and upload-length where present.
  command_or_read,
  // upload-offset and content-length instead of content-digest: the sealing command binds the whole.
  upload_chunk,
};

struct SignatureParameters {
  std::int64_t created = 0;  // seconds since 1970
  std::int64_t expires = 0;
  std::string nonce;
  std::string keyid;
  std::string alg{kSignatureAlgorithm};
  std::string tag{kSignatureTag};
  bool operator==(const SignatureParameters&) const = default;
};

struct ParsedSignature {
  SignatureParameters parameters;
  std::string base;
  vault::crypto::Signature signature{};
};

// Everything but key lookup, time, the digest of the body and the cryptographic check. Exactly the label, components
// and parameters of the profile: one more or less is Errc::refused, as is a Content-Digest that is not one sha-256
// alone (the entry's verifier computes it again from the stored body). Errc::malformed for fields that do not parse.
vault::Result<ParsedSignature> parse_signed_request(const RequestHead& head, Coverage coverage);

// created within the skew of `now`, before expires; expires after `now`. Errc::refused otherwise.
vault::Result<void> check_freshness(const SignatureParameters& parameters, vault::Instant now,
                                    std::int64_t max_skew_seconds = kMaxClockSkewSeconds);

// Errc::tampered when the signature is not the key's over the base.
vault::Result<void> check_signature(const ParsedSignature& parsed, const vault::crypto::VerifyKey& key);

struct SignatureFields {
  std::string signature_input;
  std::string signature;
};

// `head` has everything but the two signature fields. Errc as parse_signed_request for a head or parameters that a
// verifier would refuse.
vault::Result<SignatureFields> sign_request(RequestHead head, Coverage coverage, const SignatureParameters& parameters,
                                            const vault::crypto::SigningKey& key);

// What an entry keeps of the request that caused it (described in events.h).
struct EntryRequest {
  std::string method;
  std::string authority;
  std::string target;  // path and query as sent
  std::string body;    // exactly as received; empty if there was none
  std::string signature_input;
  std::string signature;
  std::optional<std::string> range = std::nullopt;  // the fields that were signed where they were present
  std::optional<std::string> upload_length = std::nullopt;
  std::optional<std::string> content_digest = std::nullopt;  // in place of the body, of a refused upload
};

// The request as it was signed, freshness apart. The caller compares `keyid` and `created` with what the entry says.
vault::Result<SignatureParameters> verify_stored_request(const EntryRequest& request,
                                                         const vault::crypto::VerifyKey& key);

}  // namespace strongroom::access::wire
