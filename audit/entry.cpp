#include "audit/entry.h"

#include <algorithm>

#include "audit/decimal.h"
#include "vault/crypto/hash.h"

namespace audit {
namespace {

Error malformed(std::string_view what) {
  return Error{Errc::malformed, std::string(what)};
}

// Reads an envelope field by field.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : unread_(text) {}
  Result<void> expect(std::string_view literal) {
    if (!unread_.starts_with(literal)) return malformed("the envelope's fields are not the expected ones");
    unread_.remove_prefix(literal.size());
    return {};
  }
  bool take(std::string_view literal) {
    const bool there = unread_.starts_with(literal);
    if (there) unread_.remove_prefix(literal.size());
    return there;
  }
  Result<std::uint64_t> number() {
    const std::size_t length = std::min(unread_.find_first_not_of("0123456789"), unread_.size());
    const std::string_view digits = unread_.substr(0, length);
    unread_.remove_prefix(length);
    return parse_decimal(digits, kMaxSeq);
  }
  Result<std::string_view> string() {
    TRY_VOID(expect("\""));
    const std::size_t length = unread_.find('"');
    if (length == std::string_view::npos) return malformed("the envelope ends within a string");
    const std::string_view value = unread_.substr(0, length);
    unread_.remove_prefix(length + 1);
    return value;
  }
  bool at_end() const { return unread_.empty(); }

 private:
  std::string_view unread_;
};

}  // namespace

Bytes encode_envelope(const Envelope& envelope) {
  std::string text = "{\"v\":" + std::to_string(kEnvelopeVersion);
  text += ",\"seq\":" + std::to_string(envelope.seq.value);
  text += ",\"time\":\"" + vault::to_rfc3339(envelope.time);
  text += "\",\"chain\":" + std::to_string(envelope.chain.value);
  text += ",\"n\":" + std::to_string(envelope.n);
  if (envelope.prev) text += ",\"prev\":\"" + vault::hex(*envelope.prev) + "\"";
  text += ",\"heads\":\"" + vault::hex(envelope.heads);
  text += "\",\"body\":\"" + vault::hex(envelope.body) + "\"}";
  return vault::to_bytes(text);
}

Result<Envelope> decode_envelope(ByteView bytes) {
  if (bytes.size() > kMaxEnvelopeBytes) return Error{Errc::too_large, "the envelope is too large"};
  Cursor cursor(vault::as_text(bytes));
  TRY_VOID(cursor.expect("{\"v\":"));
  TRY(const std::uint64_t version, cursor.number());
  if (version != kEnvelopeVersion)
    return Error{Errc::unknown_version, "the envelope has a version that this program does not know"};
  Envelope envelope;
  TRY_VOID(cursor.expect(",\"seq\":"));
  TRY(envelope.seq.value, cursor.number());
  TRY_VOID(cursor.expect(",\"time\":"));
  TRY(const std::string_view time, cursor.string());
  TRY(envelope.time, vault::parse_rfc3339(time));
  TRY_VOID(cursor.expect(",\"chain\":"));
  TRY(envelope.chain.value, cursor.number());
  TRY_VOID(cursor.expect(",\"n\":"));
  TRY(envelope.n, cursor.number());
  if (cursor.take(",\"prev\":")) {
    TRY(const std::string_view prev, cursor.string());
    TRY(envelope.prev, vault::parse_digest(prev));
  }
  TRY_VOID(cursor.expect(",\"heads\":"));
  TRY(const std::string_view heads, cursor.string());
  TRY(envelope.heads, vault::parse_digest(heads));
  TRY_VOID(cursor.expect(",\"body\":"));
  TRY(const std::string_view body, cursor.string());
  TRY(envelope.body, vault::parse_digest(body));
  TRY_VOID(cursor.expect("}"));
  if (!cursor.at_end()) return malformed("there is text after the envelope");
  // The n-th entry of a chain has n entries before it, and each chain before this one has at least one.
  if (envelope.prev.has_value() != (envelope.n > 0) || envelope.n > envelope.seq.value ||
      envelope.chain.value > envelope.seq.value - envelope.n)
    return malformed("the envelope's place in its chain is impossible");
  return envelope;
}

Result<void> verify_body(const Envelope& envelope, ByteView body) {
  if (vault::crypto::sha256(body) != envelope.body)
    return Error{Errc::tampered,
                 "the body of entry " + std::to_string(envelope.seq.value) + " is not the one that its envelope binds"};
  return {};
}

}  // namespace audit
