// Reads statements about the TLS key, which a client gets from a server that answers with another key than the pinned
// one. Requires that no statement is believed that the log's key has not signed, and that a signed one has only one
// text. An input has statements, separated by blank lines; those that begin with "=" are texts that the log's key has
// signed.
#include "access/wire/tls_succession.h"

#include "tests/fuzz/require.h"

using namespace strongroom::access::wire;

namespace fuzz = vault::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kOrigin = "vault.example/ledger";
  constexpr std::string_view kApart = "\n\n\n";
  static const vault::crypto::SigningKey key = [] {
    fuzz::require(vault::start_secure_memory().has_value());
    const std::array<std::byte, 32> seed{std::byte{7}};
    return vault::crypto::SigningKey(vault::crypto::SigningSeed::copy_of(std::span<const std::byte, 32>(seed)));
  }();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  TlsSuccessions all;
  while (!rest.empty() && all.statements.size() < 8) {
    const std::string_view one = rest.substr(0, rest.find(kApart));
    rest.remove_prefix(std::min(rest.size(), one.size() + kApart.size()));
    const bool is_signed = one.starts_with('=');
    std::string statement(one);
    if (is_signed) {
      audit::Note note{.text = std::string(one.substr(1)) + "\n", .signatures = {}};
      note.signatures.push_back(audit::sign_note(note.text, kOrigin, key));
      statement = audit::format_note(note);
    }
    const auto verified = verify_tls_succession(statement, kOrigin, key.verify_key());
    fuzz::require(is_signed || !verified);
    if (verified) fuzz::require(sign_tls_succession(*verified, kOrigin, key) == statement);
    all.statements.push_back(std::move(statement));
  }
  const vault::Digest pin{};
  const auto reached = follow_tls_successions(all, pin, kOrigin, key.verify_key());
  if (reached && *reached != pin) {
    const auto last = verify_tls_succession(all.statements.back(), kOrigin, key.verify_key());
    fuzz::require(last && last->number == all.statements.size());
  }
  return 0;
}
