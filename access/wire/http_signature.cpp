#include "access/wire/http_signature.h"

#include <algorithm>
#include <array>
#include <set>

#include "access/wire/authority.h"
#include "vault/crypto/hash.h"

namespace strongroom::access::wire {
namespace {

using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::string_view kSha256 = "sha-256";
constexpr std::string_view kSha512 = "sha-512";

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view white = " \t";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

// Returns one line as received, with obsolete folds replaced by one space and without white space around it.
std::string field_line(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    const std::size_t fold = raw.find("\r\n");
    out += trim(raw.substr(0, fold));
    if (fold == std::string_view::npos) break;
    raw = trim(raw.substr(fold + 2));
    out += ' ';
  }
  return std::string(trim(out));
}

std::vector<std::string> field_lines(const HttpMessage& message, std::string_view name) {
  std::vector<std::string> lines;
  for (const auto& [field, value] : message.fields)
    if (lower(field) == name) lines.push_back(field_line(value));
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    if (&line != &lines.front()) out += ", ";
    out += line;
  }
  return out;
}

Error not_there(std::string_view name) {
  return {Errc::not_found, "the message has no " + std::string(name)};
}

// ---- Derived components ----

Result<std::string_view> origin_form(const HttpMessage& message) {
  if (!message.target.starts_with('/')) return not_there("path: its target is not in origin form");
  return std::string_view(message.target);
}

Result<std::string> path_of(const HttpMessage& message) {
  if (message.target.empty()) return std::string("/");
  TRY(const std::string_view target, origin_form(message));
  return std::string(target.substr(0, target.find('?')));
}

// Returns the query with its "?". If there is no query, it is only the "?".
Result<std::string> query_of(const HttpMessage& message) {
  if (message.target.empty()) return std::string("?");
  TRY(const std::string_view target, origin_form(message));
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string("?") : std::string(target.substr(mark));
}

Result<std::string> normalised_authority(const HttpMessage& message) {
  auto authority = normal_authority(message.authority, message.scheme == "https" ? kHttpsPort : kHttpPort);
  if (!authority) return Error{Errc::malformed, "the message's authority cannot be used: " + authority.error().message};
  return authority;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes application/x-www-form-urlencoded text, and encodes it again with "%20" for the space.
std::string form_reencoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    }
    if ((c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9') || c == '*' || c == '-' || c == '.' ||
        c == '_') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

Result<std::string> query_param(const sf::Parameters& parameters, const HttpMessage& message) {
  const auto* name = parameters.size() == 1 ? std::get_if<std::string>(&parameters.front().second) : nullptr;
  if (name == nullptr || parameters.front().first != "name")
    return Error{Errc::unsupported, "@query-param takes a name and nothing else"};
  TRY(const std::string query, query_of(message));
  std::optional<std::string> found;
  std::string_view rest = std::string_view(query).substr(1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (form_reencoded(pair.substr(0, equals)) != *name) continue;
    if (found) return Error{Errc::malformed, "a repeated query parameter cannot be signed"};
    found = equals == std::string_view::npos ? std::string() : form_reencoded(pair.substr(equals + 1));
  }
  if (!found) return not_there("such query parameter");
  return *found;
}

Result<std::string> derived(std::string_view name, const sf::Parameters& parameters, const HttpMessage& message) {
  if (name == "@status") {
    if (message.status.empty()) return Error{Errc::unsupported, "@status is for responses only"};
  } else if (message.method.empty()) {
    return Error{Errc::unsupported, "a response has no " + std::string(name)};
  }
  if (name == "@query-param") return query_param(parameters, message);
  if (!parameters.empty()) return Error{Errc::unsupported, "a derived component with a parameter"};
  if (name == "@status") return message.status;
  if (name == "@method") return message.method;
  if (name == "@target-uri") return message.scheme + "://" + message.authority + message.target;
  if (name == "@authority") return normalised_authority(message);
  if (name == "@scheme") return lower(message.scheme);
  if (name == "@request-target") return message.target;
  if (name == "@path") return path_of(message);
  if (name == "@query") return query_of(message);
  return Error{Errc::unsupported, "an unknown derived component"};
}

Result<std::string> field_value(std::string_view name, const sf::Parameters& parameters, const HttpMessage& message) {
  if (name.empty() || std::ranges::any_of(name, is_upper)) return Error{Errc::malformed, "field names are lower-case"};
  const std::vector<std::string> lines = field_lines(message, name);
  if (lines.empty()) return not_there(name);
  if (parameters.empty()) return joined(lines);
  if (parameters.size() > 1) return Error{Errc::unsupported, "a field with several parameters"};
  const auto& [parameter, value] = parameters.front();
  if (parameter == "bs" && value == sf::BareItem{true}) {
    sf::List sequences;
    for (const std::string& line : lines) sequences.emplace_back(sf::Item{vault::to_bytes(line), {}});
    return sf::serialise(sequences);
  }
  if (const auto* key = std::get_if<std::string>(&value); parameter == "key" && key != nullptr) {
    TRY(const sf::Dictionary dictionary, sf::parse_dictionary(joined(lines)));
    const sf::Member* member = sf::find(dictionary, *key);
    if (member == nullptr) return not_there(std::string(name) + " member of that key");
    return sf::serialise(*member);
  }
  return Error{Errc::unsupported, "an unknown parameter of a component"};
}

// ---- The profile ----

Error refused(std::string_view why) {
  return {Errc::refused, "signature: " + std::string(why)};
}

// Returns the components that a signature over the head must cover, in the order in which we sign them.
Result<std::vector<std::string_view>> required_components(const RequestHead& head, Coverage coverage) {
  std::vector<std::string_view> names{"@method", "@authority", "@path", "@query"};
  switch (coverage) {
    case Coverage::command_or_read:
      if (head.has_body != head.content_digest.has_value())
        return refused(head.has_body ? "a body without Content-Digest" : "Content-Digest without a body");
      if (head.upload_offset) return refused("Upload-Offset where no chunk is expected");
      if (head.has_body) names.push_back("content-digest");
      break;
    case Coverage::upload_chunk:
      if (head.content_digest) return refused("a chunk has no Content-Digest");
      if (!head.upload_offset || !head.content_length) return refused("a chunk needs Upload-Offset and Content-Length");
      names.insert(names.end(), {"upload-offset", "content-length"});
      break;
  }
  if (head.range) names.push_back("range");
  if (head.upload_length) names.push_back("upload-length");
  return names;
}

HttpMessage to_message(const RequestHead& head) {
  HttpMessage message;
  message.method = head.method;
  message.authority = head.authority;
  message.target = head.path + head.query;
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) message.fields.emplace_back(name, *value);
  };
  add("content-digest", head.content_digest);
  add("range", head.range);
  add("upload-length", head.upload_length);
  add("upload-offset", head.upload_offset);
  add("content-length", head.content_length);
  return message;
}

Result<void> check_head(const RequestHead& head) {
  if (head.method.empty() || head.authority.empty()) return refused("no method or authority");
  if (!head.path.starts_with('/') || head.path.contains('?') || !head.query.starts_with('?'))
    return refused("the target is not a path and a query");
  return {};
}

Result<std::string> text_parameter(const sf::Parameters& parameters, std::string_view name, std::size_t min,
                                   std::size_t max) {
  const sf::BareItem* value = sf::find(parameters, name);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (text == nullptr || text->size() < min || text->size() > max)
    return refused(std::string(name) + " is missing, no string, or of a forbidden length");
  return *text;
}

Result<std::int64_t> time_parameter(const sf::Parameters& parameters, std::string_view name) {
  const sf::BareItem* value = sf::find(parameters, name);
  const auto* seconds = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  if (seconds == nullptr || *seconds < 0) return refused(std::string(name) + " is missing or not a time");
  return *seconds;
}

constexpr std::size_t kParameterCount = 6;  // created, expires, nonce, keyid, alg, tag

Result<SignatureParameters> parse_parameters(const sf::Parameters& parameters) {
  SignatureParameters out;
  TRY(out.created, time_parameter(parameters, "created"));
  TRY(out.expires, time_parameter(parameters, "expires"));
  TRY(out.nonce, text_parameter(parameters, "nonce", kMinNonceLength, kMaxNonceLength));
  TRY(out.keyid, text_parameter(parameters, "keyid", 1, kMaxKeyIdLength));
  TRY(out.alg, text_parameter(parameters, "alg", 1, kSignatureAlgorithm.size()));
  TRY(out.tag, text_parameter(parameters, "tag", 1, kSignatureTag.size()));
  if (out.alg != kSignatureAlgorithm) return refused("alg is not ed25519");
  if (out.tag != kSignatureTag) return refused("tag is not strongroom");
  if (parameters.size() != kParameterCount) return refused("an unknown parameter");
  return out;
}

// Returns the one member under our label.
template <class T>
Result<T> only_member(const std::optional<std::string>& field) {
  if (!field) return refused("the request is not signed");
  TRY(sf::Dictionary members, sf::parse_dictionary(*field));
  if (members.size() != 1 || members.front().first != kSignatureLabel)
    return refused("there is not exactly one, labelled strongroom");
  T* member = std::get_if<T>(&members.front().second);
  if (member == nullptr) return Error{Errc::malformed, "signature: a member of another type"};
  return std::move(*member);
}

Result<void> check_covered(const sf::InnerList& covered, const std::vector<std::string_view>& required) {
  std::set<std::string_view> missing(required.begin(), required.end());
  for (const sf::Item& item : covered.items) {
    const auto* name = std::get_if<std::string>(&item.value);
    if (name == nullptr || !item.parameters.empty() || missing.erase(*name) == 0)
      return refused("it covers a component twice, or one that it must not");
  }
  if (!missing.empty()) return refused("it does not cover " + std::string(*missing.begin()));
  return {};
}

std::string sha256_field(ByteView digest) {
  return std::string(kSha256) + "=:" + vault::base64(digest, vault::Base64::padded) + ":";
}

// Returns the digest if the field is one sha-256 and nothing else, in the one form that we write.
std::optional<vault::Digest> one_sha256(std::string_view field) {
  const auto digests = sf::parse_dictionary(field);
  const auto* item = digests && digests->size() == 1 ? std::get_if<sf::Item>(&digests->front().second) : nullptr;
  const auto* bytes = item == nullptr ? nullptr : std::get_if<vault::Bytes>(&item->value);
  vault::Digest digest{};
  if (bytes == nullptr || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  if (field != sha256_field(digest)) return std::nullopt;
  return digest;
}

}  // namespace

Result<std::string> component_value(const sf::Item& identifier, const HttpMessage& message) {
  const auto* name = std::get_if<std::string>(&identifier.value);
  if (name == nullptr) return Error{Errc::malformed, "a component's name is a string"};
  TRY(std::string value, name->starts_with('@') ? derived(*name, identifier.parameters, message)
                                                : field_value(*name, identifier.parameters, message));
  // A line end or a byte outside ASCII would let one base be read as that of another message.
  if (!std::ranges::all_of(value, [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t'; }))
    return Error{Errc::malformed, "the value of " + *name + " is not printable ASCII"};
  return value;
}

Result<std::string> signature_base(const sf::InnerList& covered, const HttpMessage& message) {
  std::string base;
  std::set<std::string> seen;
  for (const sf::Item& identifier : covered.items) {
    sf::Item sorted = identifier;  // parameters in another order do not make another component
    std::ranges::sort(sorted.parameters, {}, [](const auto& parameter) { return parameter.first; });
    TRY(std::string unique, sf::serialise(sorted));
    if (!seen.insert(std::move(unique)).second) return Error{Errc::malformed, "a component is covered twice"};
    TRY(const std::string value, component_value(identifier, message));
    TRY(const std::string text, sf::serialise(identifier));
    base += text + ": " + value + "\n";
  }
  TRY(const std::string parameters, sf::serialise(covered));
  return base + "\"@signature-params\": " + parameters;
}

std::string content_digest(ByteView body) {
  return sha256_field(vault::crypto::sha256(body));
}

Result<void> check_content_digest(std::string_view field, ByteView body) {
  TRY(const sf::Dictionary digests, sf::parse_dictionary(field));
  bool counted = false;
  for (const auto& [algorithm, member] : digests) {
    const auto* item = std::get_if<sf::Item>(&member);
    const auto* claimed = item == nullptr ? nullptr : std::get_if<vault::Bytes>(&item->value);
    if (claimed == nullptr) return Error{Errc::malformed, "Content-Digest: a value is not a byte sequence"};
    bool matches = true;
    if (algorithm == kSha256) {
      matches = std::ranges::equal(*claimed, vault::crypto::sha256(body));
    } else if (algorithm == kSha512) {
      matches = std::ranges::equal(*claimed, vault::crypto::sha512(body));
    } else {
      continue;
    }
    if (!matches) return Error{Errc::tampered, "Content-Digest does not match the body"};
    counted = true;
  }
  if (!counted) return Error{Errc::refused, "Content-Digest has neither sha-256 nor sha-512"};
  return {};
}

Result<ParsedSignature> parse_signed_request(const RequestHead& head, Coverage coverage) {
  TRY_VOID(check_head(head));
  TRY(const sf::InnerList covered, only_member<sf::InnerList>(head.signature_input));
  TRY(const sf::Item signature, only_member<sf::Item>(head.signature));
  TRY(const std::vector<std::string_view> required, required_components(head, coverage));
  TRY_VOID(check_covered(covered, required));
  if (head.content_digest && !one_sha256(*head.content_digest))
    return refused("Content-Digest must be exactly one sha-256");
  ParsedSignature parsed;
  TRY(parsed.parameters, parse_parameters(covered.parameters));
  const auto* bytes = std::get_if<vault::Bytes>(&signature.value);
  if (bytes == nullptr || bytes->size() != parsed.signature.size() || !signature.parameters.empty())
    return Error{Errc::malformed, "signature: not a byte sequence of 64 bytes"};
  std::ranges::copy(*bytes, parsed.signature.begin());
  TRY(parsed.base, signature_base(covered, to_message(head)));
  return parsed;
}

Result<void> check_freshness(const SignatureParameters& parameters, vault::Instant now, std::int64_t max_skew_seconds) {
  const std::int64_t now_ms = now.unix_ms;
  if (parameters.created > sf::kMaxInteger || parameters.expires > sf::kMaxInteger)
    return refused("a time out of range");
  const std::int64_t age_ms = now_ms - parameters.created * vault::kMillisecondsPerSecond;
  const std::int64_t skew_ms = max_skew_seconds * vault::kMillisecondsPerSecond;
  if (age_ms > skew_ms) return refused("made too long ago; check this machine's clock");
  if (age_ms < -skew_ms) return refused("made in the future; check this machine's clock");
  if (parameters.expires <= parameters.created) return refused("it expires before it was made");
  if (now_ms >= parameters.expires * vault::kMillisecondsPerSecond) return refused("expired");
  return {};
}

Result<void> check_signature(const ParsedSignature& parsed, const vault::crypto::VerifyKey& key) {
  if (!vault::crypto::verify(key, vault::as_bytes(parsed.base), parsed.signature))
    return Error{Errc::tampered, "signature: it does not verify"};
  return {};
}

Result<SignatureFields> sign_request(RequestHead head, Coverage coverage, const SignatureParameters& parameters,
                                     const vault::crypto::SigningKey& key) {
  TRY(const std::vector<std::string_view> required, required_components(head, coverage));
  sf::InnerList covered;
  for (const std::string_view name : required) covered.items.push_back(sf::Item{std::string(name), {}});
  covered.parameters = {{"created", parameters.created}, {"expires", parameters.expires}, {"nonce", parameters.nonce},
                        {"keyid", parameters.keyid},     {"alg", parameters.alg},         {"tag", parameters.tag}};
  TRY(const std::string input, sf::serialise(covered));
  const std::string label(kSignatureLabel);
  const auto signature_field = [&](const vault::crypto::Signature& signature) {
    return label + "=:" + vault::base64(signature, vault::Base64::padded) + ":";
  };
  head.signature_input = label + "=" + input;
  head.signature = signature_field({});
  // We sign exactly what a verifier will rebuild, because both sides use this one function.
  TRY(const ParsedSignature parsed, parse_signed_request(head, coverage));
  return SignatureFields{*head.signature_input, signature_field(key.sign(vault::as_bytes(parsed.base)))};
}

std::string_view VerifiedRequest::body() const {
  const auto* body = std::get_if<std::string>(&request_.content);
  return body == nullptr ? std::string_view() : std::string_view(*body);
}

VerifiedRequest VerifiedRequest::without_body() && {
  if (std::holds_alternative<std::string>(request_.content))
    request_.content = OmittedBody{body_sha256(request_.content)};
  return std::move(*this);
}

vault::Digest body_sha256(const RequestContent& content) {
  if (const auto* omitted = std::get_if<OmittedBody>(&content)) return omitted->sha256;
  const auto* body = std::get_if<std::string>(&content);
  return vault::crypto::sha256(body == nullptr ? ByteView() : vault::as_bytes(*body));
}

Result<ParsedSignature> parse_stored_request(const EntryRequest& request) {
  const std::size_t mark = request.target.find('?');
  RequestHead head;
  head.method = request.method;
  head.authority = request.authority;
  head.path = request.target.substr(0, mark);
  if (mark != std::string::npos) head.query = request.target.substr(mark);
  head.has_body = !std::holds_alternative<std::monostate>(request.content);
  if (head.has_body) head.content_digest = sha256_field(body_sha256(request.content));
  head.range = request.range;
  head.upload_length = request.upload_length;
  head.signature_input = request.signature_input;
  head.signature = request.signature;
  return parse_signed_request(head, Coverage::command_or_read);
}

Result<VerifiedRequest> verify_stored_request(EntryRequest request, const vault::crypto::VerifyKey& key) {
  const auto* body = std::get_if<std::string>(&request.content);
  if (body != nullptr && body->empty()) return Error{Errc::malformed, "an empty body is kept as no body"};
  TRY(ParsedSignature parsed, parse_stored_request(request));
  TRY_VOID(check_signature(parsed, key));
  return VerifiedRequest(std::move(request), std::move(parsed.parameters));
}

namespace {
Result<SignatureParameters> verify_head(const RequestHead& head, Coverage coverage, const KeyOfSigner& key_of) {
  TRY(ParsedSignature parsed, parse_signed_request(head, coverage));
  TRY(const vault::crypto::VerifyKey key, key_of(parsed.parameters));
  TRY_VOID(check_signature(parsed, key));
  return std::move(parsed.parameters);
}
}  // namespace

Result<VerifiedRequest> verify_received_request(const RequestHead& head, Coverage coverage, std::string_view body,
                                                KeepBody keep, const KeyOfSigner& key_of) {
  TRY(SignatureParameters parameters, verify_head(head, coverage, key_of));
  TRY(std::string authority, normal_authority(head.authority));  // as it was signed
  EntryRequest request{.method = head.method,
                       .authority = std::move(authority),
                       .target = head.path + (head.query == "?" ? "" : head.query),
                       .content = {},
                       .signature_input = head.signature_input.value_or(""),
                       .signature = head.signature.value_or(""),
                       .range = head.range,
                       .upload_length = head.upload_length};
  if (head.content_digest) {
    TRY_VOID(check_content_digest(*head.content_digest, vault::as_bytes(body)));
    if (keep == KeepBody::yes)
      request.content = std::string(body);
    else
      request.content =
          OmittedBody{*one_sha256(*head.content_digest)};  // parse_signed_request has checked that it is one
  }
  return VerifiedRequest(std::move(request), std::move(parameters));
}

Result<void> verify_received_head(const RequestHead& head, Coverage coverage, const KeyOfSigner& key_of) {
  TRY_VOID(verify_head(head, coverage, key_of));
  return {};
}

}  // namespace strongroom::access::wire
