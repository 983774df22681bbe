// HTTP Message Signatures (RFC 9421) and Content-Digest (RFC 9530): the signature base of any request or response, and
// Strongroom's profile of it. Pure: keys, time and nonces are the caller's. Format: docs/formats.md
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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

// ---- A request as an entry keeps it (DESIGN 4, "A stored request is bound to its entry") ----

// The body's SHA-256, kept in place of a body that an entry does not keep: of a refused upload. `verify_cause` in
// access/wire/register.h refuses it in every other entry.
struct OmittedBody {
  vault::Digest sha256{};
  bool operator==(const OmittedBody&) const = default;
};
// No body, or the body exactly as it was signed (never empty), or the digest of one that was omitted. Never two of
// them: a signature over one body must not be shown beside another.
using RequestContent = std::variant<std::monostate, std::string, OmittedBody>;

// The request that caused an entry, as the entry keeps it. Nothing in it is verified: read it as a VerifiedRequest.
struct EntryRequest {
  std::string method;
  std::string authority;
  std::string target;  // path and query as sent
  RequestContent content;
  std::string signature_input;
  std::string signature;
  std::optional<std::string> range = std::nullopt;  // the fields that were signed if they were present
  std::optional<std::string> upload_length = std::nullopt;
  bool operator==(const EntryRequest&) const = default;
};

// Whether a verified request keeps its body: what goes into an entry must, a large one that does not is spared the
// copy and keeps its digest.
enum class KeepBody { yes, no };

// The SHA-256 of the body, kept or omitted; of no bytes if there was none.
vault::Digest body_sha256(const RequestContent& content);

// The signature of a request that an entry keeps, parsed and not verified. Errc as parse_signed_request.
vault::Result<ParsedSignature> parse_stored_request(const EntryRequest& request);

// Finds the key that the signature's parameters name, or says why this signer is not accepted.
using KeyOfSigner = std::function<vault::Result<vault::crypto::VerifyKey>(const SignatureParameters& parameters)>;

// A request whose signature was verified, with the very bytes that it covers. Only verification makes one, and commands
// are decoded from one and from nothing else (access/wire/register.h), so nobody can read a body that was not signed.
class VerifiedRequest {
 public:
  const SignatureParameters& parameters() const { return parameters_; }
  const std::string& method() const { return request_.method; }
  const std::string& authority() const { return request_.authority; }
  const std::string& target() const { return request_.target; }  // path and query
  // Empty if the request had no body, or if only its digest is kept.
  std::string_view body() const;
  // For an entry to keep.
  const EntryRequest& stored() const { return request_; }
  // Keeps the body's digest in place of the body.
  VerifiedRequest without_body() &&;

 private:
  VerifiedRequest(EntryRequest request, SignatureParameters parameters)
      : request_(std::move(request)), parameters_(std::move(parameters)) {}
  friend vault::Result<VerifiedRequest> verify_stored_request(EntryRequest request,
                                                              const vault::crypto::VerifyKey& key);
  friend vault::Result<VerifiedRequest> verify_received_request(const RequestHead& head, Coverage coverage,
                                                                std::string_view body, KeepBody keep,
                                                                const KeyOfSigner& key_of);
  EntryRequest request_;
  SignatureParameters parameters_;
};

// Verifies a request that an entry keeps, freshness apart. The caller compares `keyid` and `created` with what the
// entry says (`verify_cause` in access/wire/register.h does). Errc::refused, Errc::malformed or Errc::tampered.
vault::Result<VerifiedRequest> verify_stored_request(EntryRequest request, const vault::crypto::VerifyKey& key);

// Verifies a request as it arrives: head, signature and the digest of the body. Also fails as `key_of` does.
vault::Result<VerifiedRequest> verify_received_request(const RequestHead& head, Coverage coverage,
                                                       std::string_view body, KeepBody keep, const KeyOfSigner& key_of);
// Verifies the head alone, before the body has arrived. Checks the same as verify_received_request, except the body's
// digest.
vault::Result<void> verify_received_head(const RequestHead& head, Coverage coverage, const KeyOfSigner& key_of);

}  // namespace strongroom::access::wire
