// Implements HTTP Message Signatures (RFC 9421) and Content-Digest (RFC 9530): the signature base of any request or
// response, and Strongroom's profile of it. It is pure: the caller provides keys, time and nonces. Format:
// docs/formats.md ("Requests")
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
  std::string authority;                                    // as in the Host field
  std::string target;                                       // the request target as sent, e.g. "/path?query"
  std::string status;                                       // three digits; empty in a request
  std::vector<std::pair<std::string, std::string>> fields;  // every field line as received, in order
};

// Returns the value of one component of `message`. It knows the derived components of section 2.2, and fields without a
// parameter or with `key` or `bs`. Errc::malformed for an identifier that is no component name, or a value that cannot
// be part of a base; Errc::unsupported for an unknown component or parameter; Errc::not_found if the message lacks it.
vault::Result<std::string> component_value(const sf::Item& identifier, const HttpMessage& message);

// Returns the bytes that are signed. Errc::malformed also if a component is listed twice or is "@signature-params".
vault::Result<std::string> signature_base(const sf::InnerList& covered, const HttpMessage& message);

// ---- Content-Digest (RFC 9530) ----

std::string content_digest(vault::ByteView body);  // "sha-256=:…:"

// Checks that every sha-256 and sha-512 in the field matches, and that there is at least one. Other algorithms are
// ignored, the broken ones too. Errc::malformed, Errc::tampered for a mismatch, Errc::refused if the field has neither
// of the two.
vault::Result<void> check_content_digest(std::string_view field, vault::ByteView body);

// ---- Strongroom's profile (docs/formats.md, "Requests") ----

inline constexpr std::string_view kSignatureLabel = "strongroom";
inline constexpr std::string_view kSignatureTag = "strongroom";
inline constexpr std::string_view kSignatureAlgorithm = "ed25519";
inline constexpr std::int64_t kMaxClockSkewSeconds = 60;  // between `created` and the verifier's clock, both ways
inline constexpr std::size_t kMinNonceLength = 16;
inline constexpr std::size_t kMaxNonceLength = 64;
inline constexpr std::size_t kMaxKeyIdLength = 128;

// The parts of a request that a signature may cover. `authority` must be the verifier's own, from its configuration,
// and not only what the Host field names: otherwise a request that was signed for one service could be shown to
// another. Fields are raw values; several lines are joined with ", ".
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
  // Covers @method, @authority, @path and @query; content-digest if there is a body; range and upload-length if
  // present.
  command_or_read,
  // Covers upload-offset and content-length instead of content-digest, because the sealing command binds the whole
  // upload.
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

// Checks everything but key lookup, time, the digest of the body and the cryptographic signature. The label, components
// and parameters must be exactly those of the profile: one more or less is Errc::refused. So is a Content-Digest that
// is anything but a single sha-256, because the entry's verifier computes it again from the stored body.
// Errc::malformed for fields that do not parse.
vault::Result<ParsedSignature> parse_signed_request(const RequestHead& head, Coverage coverage);

// Checks that `created` is within the skew of `now` and before `expires`, and that `expires` is after `now`.
// Errc::refused otherwise.
vault::Result<void> check_freshness(const SignatureParameters& parameters, vault::Instant now,
                                    std::int64_t max_skew_seconds = kMaxClockSkewSeconds);

// Errc::tampered if the signature over the base is not made with the key.
vault::Result<void> check_signature(const ParsedSignature& parsed, const vault::crypto::VerifyKey& key);

struct SignatureFields {
  std::string signature_input;
  std::string signature;
};

// Signs a request. `head` must have everything but the two signature fields. Fails as parse_signed_request does for a
// head or parameters that a verifier would refuse.
vault::Result<SignatureFields> sign_request(RequestHead head, Coverage coverage, const SignatureParameters& parameters,
                                            const vault::crypto::SigningKey& key);

// ---- A request as an entry keeps it (docs/formats.md, "The ledger") ----

// The SHA-256 of a body that an entry does not keep, because it was the body of a refused upload. `verify_cause` in
// access/wire/register.h refuses it in every other entry.
struct OmittedBody {
  vault::Digest sha256{};
  bool operator==(const OmittedBody&) const = default;
};
// Contains no body, or the body exactly as it was signed (never empty), or the digest of a body that was omitted. It
// never contains two of these, because a signature over one body must not be shown beside another.
using RequestContent = std::variant<std::monostate, std::string, OmittedBody>;

// The request that caused an entry, as the entry keeps it. Nothing in it is verified: read it as a VerifiedRequest.
struct EntryRequest {
  std::string method;
  std::string authority;
  std::string target;  // path and query, as sent
  RequestContent content;
  std::string signature_input;
  std::string signature;
  std::optional<std::string> range = std::nullopt;  // the fields that were signed if they were present
  std::optional<std::string> upload_length = std::nullopt;
  bool operator==(const EntryRequest&) const = default;
};

// Says whether a verified request keeps its body. A request that goes into an entry must keep it. A large one that does
// not go into an entry keeps only its digest, which saves a copy.
enum class KeepBody { yes, no };

// Returns the SHA-256 of the body, kept or omitted. If there was no body, it is the SHA-256 of no bytes.
vault::Digest body_sha256(const RequestContent& content);

// Parses the signature of a request that an entry keeps, without verifying it. Errc as parse_signed_request.
vault::Result<ParsedSignature> parse_stored_request(const EntryRequest& request);

// Finds the key that the signature's parameters name, or returns the error for a signer who is not accepted.
using KeyOfSigner = std::function<vault::Result<vault::crypto::VerifyKey>(const SignatureParameters& parameters)>;

// A request whose signature was verified, with the very bytes that the signature covers. Only verification makes one,
// and commands are decoded only from one (access/wire/register.h), so nobody can read a body that was not signed.
class VerifiedRequest {
 public:
  const SignatureParameters& parameters() const { return parameters_; }
  const std::string& method() const { return request_.method; }
  const std::string& authority() const { return request_.authority; }
  const std::string& target() const { return request_.target; }  // path and query
  // Returns nothing if the request had no body, or if only its digest is kept.
  std::string_view body() const;
  // Returns the request in the form that an entry keeps.
  const EntryRequest& stored() const { return request_; }
  // Replaces the body with its digest.
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

// Verifies a request that an entry keeps, except its freshness. The caller must compare `keyid` and `created` with the
// entry, as `verify_cause` in access/wire/register.h does. Errc::refused, Errc::malformed or Errc::tampered.
vault::Result<VerifiedRequest> verify_stored_request(EntryRequest request, const vault::crypto::VerifyKey& key);

// Verifies a request as it arrives: head, signature and the digest of the body. It also fails as `key_of` does.
vault::Result<VerifiedRequest> verify_received_request(const RequestHead& head, Coverage coverage,
                                                       std::string_view body, KeepBody keep, const KeyOfSigner& key_of);
// Verifies the request head before the body has arrived. It checks the same as verify_received_request, except the
// body's digest.
vault::Result<void> verify_received_head(const RequestHead& head, Coverage coverage, const KeyOfSigner& key_of);

}  // namespace strongroom::access::wire
