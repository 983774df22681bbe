// Rewrites entries as somebody with the vault's key might. The input chooses a command of the register, which is signed
// and entered as usual, and then edits the entry's text. Requires that, if the entry still verifies, its command is the
// one that was signed, byte for byte.
//
// The first byte chooses the command. Each edit is five bytes: what to do (replace, insert, remove, or one of a few
// words that belong in a stored request), where (two bytes), how much, and with what.
#include <boost/mp11/algorithm.hpp>

#include "access/wire/register.h"
#include "tests/fuzz/require.h"
#include "vault/base/secret.h"

using namespace strongroom::access;

namespace fuzz = vault::fuzz;

namespace {

constexpr vault::Instant kEntered{1'795'000'000'000};
constexpr std::size_t kEditBytes = 5;

struct Entered {
  std::string text;  // of the entry's body
  std::string command;
  std::string act;
};

const vault::crypto::SigningKey& key() {
  static const vault::crypto::SigningKey made = [] {
    fuzz::require(vault::start_secure_memory().has_value());
    return vault::crypto::SigningKey(vault::crypto::SigningSeed());
  }();
  return made;
}

template <class Command, class Event>
Entered enter() {
  Entered entered{.text = {}, .command = wire::encode(Command()), .act = std::string(Command::kKind)};
  wire::EntryRequest request;
  request.method = "POST";
  request.authority = "vault.example";
  request.target = std::string(wire::kActsPath) + entered.act;
  request.content = entered.command;
  wire::RequestHead head;
  head.method = request.method;
  head.authority = request.authority;
  head.path = request.target;
  head.has_body = true;
  head.content_digest = wire::content_digest(vault::as_bytes(entered.command));
  wire::SignatureParameters parameters;
  parameters.created = kEntered.unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 60;
  parameters.nonce = "0123456789abcdef";
  parameters.keyid = PersonId().to_string();
  const auto fields = wire::sign_request(head, wire::Coverage::command_or_read, parameters, key());
  fuzz::require(fields.has_value());
  request.signature_input = fields->signature_input;
  request.signature = fields->signature;
  wire::EntryBody body;
  body.kind = Event::kKind;
  body.actor = parameters.keyid;
  body.detail = wire::to_json(Event());
  body.request = std::move(request);
  entered.text = wire::encode(body);
  return entered;
}

const std::vector<Entered>& all() {
  static const std::vector<Entered> made = [] {
    std::vector<Entered> entries;
    boost::mp11::mp_for_each<wire::Acts>(
        [&](auto act) { entries.push_back(enter<wire::CommandOf<decltype(act)>, wire::EventOf<decltype(act)>>()); });
    return entries;
  }();
  return made;
}

void edit(std::string& text, const std::uint8_t* change) {
  constexpr std::string_view kWords[] = {
      R"("body":"{}",)",
      R"("body":"",)",
      R"("range":"bytes=0-1",)",
      R"("upload_length":"1",)",
      R"("request":{},)",
      R"("body_sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)",
      R"("content_digest":"sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",)"};
  const std::size_t at = text.empty() ? 0 : (std::size_t{change[1]} << 8U | change[2]) % text.size();
  const std::size_t length = std::min<std::size_t>(change[3], text.size() - at);
  const char with = static_cast<char>(change[4]);
  switch (change[0] % 4) {
    case 0:
      if (at < text.size()) text[at] = with;
      break;
    case 1:
      text.insert(at, 1, with);
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(at, kWords[change[4] % std::size(kWords)]);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Entered& signed_one = all()[data[0] % all().size()];
  std::string text = signed_one.text;
  for (std::size_t at = 1; at + kEditBytes <= size; at += kEditBytes) edit(text, data + at);
  for (const auto strictness : {wire::Strictness::exact, wire::Strictness::tolerant}) {
    const auto body = wire::decode<wire::EntryBody>(text, strictness);
    if (!body) continue;
    const auto request = wire::verify_cause(*body, kEntered, key().verify_key(), std::nullopt);
    if (text == signed_one.text) fuzz::require(request.has_value());
    if (!request) continue;
    fuzz::require(request->body() == signed_one.command && wire::act_of(*request) == signed_one.act);
    // The entry may still say something else than the command. `check_entered` compares them, and may only fail with
    // this error.
    const auto entered = wire::check_entered(*body, *request);
    fuzz::require(entered || entered.code() == vault::Errc::tampered);
    if (entered) fuzz::require(body->kind == wire::AccessRefused::kKind || request->body() == signed_one.command);
  }
  return 0;
}
