#include "access/wire/tls_succession.h"

#include <array>
#include <charconv>

namespace strongroom::access::wire {
namespace {

using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::size_t kLines = 6;

std::string format(const TlsSuccession& succession, std::string_view origin) {
  return std::string(kTlsSuccessionHeader) + "\n" + std::string(origin) + "\n" + vault::hex(succession.from) + "\n" +
         vault::hex(succession.to) + "\n" + std::to_string(succession.number) + "\n" +
         vault::to_rfc3339(succession.time) + "\n";
}

Result<TlsSuccession> parse(std::string_view text, std::string_view origin) {
  const Error malformed{Errc::malformed, "not a statement about a TLS key"};
  std::array<std::string_view, kLines> lines;
  std::string_view rest = text;
  for (std::string_view& line : lines) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return malformed;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  if (!rest.empty() || lines[0] != kTlsSuccessionHeader) return malformed;
  if (lines[1] != origin) return Error{Errc::tampered, "the statement about the TLS key is another vault's"};
  TlsSuccession out;
  TRY(out.from, vault::parse_digest(lines[2]));
  TRY(out.to, vault::parse_digest(lines[3]));
  const auto [end, failed] = std::from_chars(lines[4].data(), lines[4].data() + lines[4].size(), out.number);
  if (failed != std::errc{} || end != lines[4].data() + lines[4].size()) return malformed;
  TRY(out.time, vault::parse_rfc3339(lines[5]));
  if (format(out, origin) != text) return malformed;
  return out;
}

}  // namespace

std::string sign_tls_succession(const TlsSuccession& succession, std::string_view origin,
                                const vault::crypto::SigningKey& log_key) {
  audit::Note note{.text = format(succession, origin), .signatures = {}};
  note.signatures.push_back(audit::sign_note(note.text, origin, log_key));
  return audit::format_note(note);
}

Result<TlsSuccession> verify_tls_succession(std::string_view bytes, std::string_view origin,
                                            const vault::crypto::VerifyKey& log_key) {
  TRY(const audit::Note note, audit::parse_note(bytes));
  const audit::NoteKey key{.name = std::string(origin), .key = log_key};
  TRY_VOID(audit::verify_note(note, std::span(&key, 1)));
  return parse(note.text, origin);
}

Result<Digest> follow_tls_successions(const TlsSuccessions& successions, const Digest& pin, std::string_view origin,
                                      const vault::crypto::VerifyKey& log_key) {
  if (successions.statements.size() > kMaxTlsSuccessions)
    return Error{Errc::too_large, "too many statements about the TLS key"};
  Digest reached = pin;
  Digest last{};
  std::uint64_t number = 0;
  for (const std::string& statement : successions.statements) {
    TRY(const TlsSuccession next, verify_tls_succession(statement, origin, log_key));
    if (next.number != ++number || (number > 1 && next.from != last))
      return Error{Errc::tampered, "statements about the TLS key are missing, or in another order"};
    if (next.from == reached) reached = next.to;  // a key may come back: then its last succession counts
    last = next.to;
  }
  return reached;
}

}  // namespace strongroom::access::wire
