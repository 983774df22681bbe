// Gives the client the answers of a service that turned hostile. The service holds the log's key, so its checkpoints,
// proofs and receipts may all be genuine; it holds no person's key. Requires that the client believes only what a
// person signed, that it loses nothing that it owes, and that its kept checkpoint only moves along the history that it
// has seen: to a note that the log's key signed, whose tree extends the kept one. (The client has seen entries 0 to 2;
// a history with another entry 1 is signed too, and the client must never keep it.)
//
// An input's first line begins with the letter of the question. Then come lines "+BODY", which are entries that the
// service adds to the directory, and "*BODY", which it adds to a case. Its answers follow, separated by lines "---";
// each is a line "STATUS NAME: VALUE;…" and a body. In a body, words in braces are replaced by things that the log's
// key signs: {log A B}, {note N}, {receipt I N}, {proof A B}, and {otherlog A B} and {othernote N} of the other
// history.
#include <charconv>
#include <cstring>
#include <filesystem>

#include "access/wire/page.h"
#include "access/wire/register.h"
#include "cli/client/copies.h"
#include "cli/client/duties.h"
#include "cli/client/proof/trail.h"
#include "cli/client/session/upload.h"
#include "tests/access/signed_request.h"
#include "tests/audit/linked.h"
#include "tests/fuzz/require.h"
#include "vault/crypto/hash.h"

using namespace cli::client;

namespace fuzz = vault::fuzz;

namespace {

constexpr std::string_view kOrigin = "vault.example/ledger";
constexpr std::string_view kPassphrase = "a passphrase for fuzzing";
constexpr std::uint64_t kSeen = 7;  // entries of the kept checkpoint
constexpr std::size_t kMaxAdded = 8;
constexpr std::size_t kMaxAnswers = 16;
constexpr vault::Instant kMoment{1'795'685'400'000};

std::array<std::byte, 16> uuid_of(unsigned char last) {
  std::array<std::byte, 16> uuid{};
  uuid[15] = std::byte{last};
  return uuid;
}

template <class Secret>
Secret secret_of(unsigned char fill) {
  std::array<std::byte, 32> bytes;
  bytes.fill(std::byte{fill});
  return Secret::copy_of(std::span<const std::byte, 32>(bytes));
}

struct Root {
  access::AgencyId agency;
  access::InvitationId invitation;
  access::PersonId person;
  vault::crypto::SigningKey invitation_key;
  vault::crypto::SigningKey key;
  vault::age::Identity identity;
};

Root root_of(unsigned char number) {
  const auto ten = static_cast<unsigned char>(10 * number);
  return {access::AgencyId::from_uuid(uuid_of(number)),
          access::InvitationId::from_uuid(uuid_of(number)),
          access::PersonId::from_uuid(uuid_of(number)),
          vault::crypto::SigningKey(secret_of<vault::crypto::SigningSeed>(ten)),
          vault::crypto::SigningKey(secret_of<vault::crypto::SigningSeed>(static_cast<unsigned char>(ten + 1))),
          vault::age::Identity(secret_of<vault::crypto::AgreementSecret>(static_cast<unsigned char>(ten + 2)))};
}

// --- a ledger -------------------------------------------------------------------------------------------------------

struct History {
  std::vector<Bytes> envelopes;
  std::vector<std::string> bodies;
  audit::test::Linked linked;

  void append(audit::ChainNumber chain, std::string body) {
    audit::Envelope envelope;
    envelope.seq = {envelopes.size()};
    envelope.time = kMoment;
    envelope.chain = chain;
    envelope.body = vault::crypto::sha256(vault::as_bytes(body));
    linked.link(envelope);
    linked.add(envelope);
    envelopes.push_back(audit::encode_envelope(envelope));
    bodies.push_back(std::move(body));
  }
  Result<Digest> node(audit::NodeId id) const {
    if (id.level == 0) return audit::leaf_hash(envelopes.at(id.index));
    const auto below = static_cast<std::uint8_t>(id.level - 1);
    TRY(const Digest left, node({below, 2 * id.index}));
    TRY(const Digest right, node({below, 2 * id.index + 1}));
    return audit::node_hash(left, right);
  }
  audit::NodeReader reader() const {
    return [this](audit::NodeId id) { return node(id); };
  }
  Digest root(std::uint64_t size) const { return *audit::root_at(reader(), {size}); }
};

struct Partnership {
  std::vector<Root> roots;
  vault::crypto::SigningKey log_key{secret_of<vault::crypto::SigningSeed>(99)};
  static constexpr audit::ChainNumber directory = wire::number_at_genesis(access::ChainSort::directory);
  static constexpr audit::ChainNumber cases = wire::number_at_genesis(access::ChainSort::cases);
  History history;  // genesis and three roots
  History other;    // the same, with another second entry

  Partnership() {
    for (unsigned char i = 1; i <= 3; ++i) roots.push_back(root_of(i));
    found(history, "local-authority");
    found(other, "another");
  }
  void found(History& into, std::string_view second) const {
    constexpr std::array kKinds{access::AgencyKind::local_authority, access::AgencyKind::icb,
                                access::AgencyKind::police};
    for (const access::ChainSort sort : wire::kChainsOfGenesis) {
      wire::EntryBody body;
      body.kind = wire::ChainBegun::kKind;
      body.detail = wire::to_json(wire::ChainBegun{sort});
      into.append(wire::number_at_genesis(sort), wire::encode(body));
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const Root& root = roots[i % 3];
      wire::GenesisInvited event;
      event.invitation = i < 3 ? root.invitation : access::InvitationId::from_uuid(uuid_of(4));
      event.agency = root.agency;
      if (i < 3) event.partner = kKinds[i];
      event.roles = {i < 3 ? access::Role::partner : access::Role::administrator};
      event.key = root.invitation_key.verify_key();
      event.expires = {kMoment.unix_ms + 1};
      wire::EntryBody body;
      if (i == 1) std::memcpy(body.salt.data(), second.data(), std::min<std::size_t>(second.size(), body.salt.size()));
      body.kind = wire::GenesisInvited::kKind;
      body.detail = wire::to_json(event);
      into.append(directory, wire::encode(body));
    }
    for (const Root& root : roots) {
      wire::EnrolPerson command{root.invitation, root.person, root.key.verify_key(), root.identity.recipient(), {}};
      wire::PersonEnrolled event{
          root.invitation,           root.person, root.agency, {access::Role::partner}, root.key.verify_key(),
          root.identity.recipient(), {}};
      wire::EntryBody body;
      body.kind = wire::PersonEnrolled::kKind;
      body.actor = root.invitation.to_string();
      body.detail = wire::to_json(event);
      body.request =
          access::testing::signed_request(command, root.invitation.to_string(), root.invitation_key, kMoment);
      into.append(directory, wire::encode(body));
    }
  }
  std::string note(const History& of, std::uint64_t size) const {
    const audit::Checkpoint checkpoint{std::string(kOrigin), {size}, of.root(size), {}};
    return audit::sign_checkpoint(checkpoint, log_key)->note;
  }
};

// --- a home ---------------------------------------------------------------------------------------------------------

const Partnership& partnership() {
  static const bool started = vault::start_secure_memory().has_value();
  fuzz::require(started);
  static const Partnership one;
  return one;
}

Home make_home() {
  std::filesystem::path parent = "/dev/shm";
  if (!std::filesystem::is_directory(parent)) parent = std::filesystem::temp_directory_path();
  static std::string folder = (parent / "strongroom-fuzz-XXXXXX").string();
  fuzz::require(::mkdtemp(folder.data()) != nullptr);
  std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  });
  const Root& self = partnership().roots.front();
  auto home = Home::create(std::filesystem::path(folder) / "home", {self.key.clone(), self.identity.clone()},
                           vault::SecretText(kPassphrase), /*log_n=*/1);
  fuzz::require(home.has_value());
  Pins pins;
  pins.url = "https://" + std::string(access::testing::kAuthority);
  pins.origin = kOrigin;
  pins.log_key =
      audit::format_note_key({std::string(kOrigin), audit::NoteKeyType::ed25519, partnership().log_key.verify_key()});
  for (const Root& root : partnership().roots) pins.roots.push_back({root.agency, root.person, root.key.verify_key()});
  pins.person = self.person;
  fuzz::require(home->write_pins(pins).has_value());
  return *home;
}

// Restores the home to its state before any answer of this input.
void reset(Home& home, const std::string& kept) {
  const auto note = home.checkpoint_note();
  fuzz::require(note && *home.replace_checkpoint(*note, kept));
  fuzz::require(home.forget_directory().has_value());
  const auto pending = home.pending();
  fuzz::require(pending.has_value());
  for (const PendingCommand& one : *pending) fuzz::require(home.drop_pending(one.nonce).has_value());
}

// --- the service ----------------------------------------------------------------------------------------------------

// Reads up to two numbers, separated by a space, none larger than `most`.
std::array<std::uint64_t, 2> numbers_in(std::string_view text, std::uint64_t most) {
  std::array<std::uint64_t, 2> numbers{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::uint64_t& number : numbers) {
    while (at != end && *at == ' ') ++at;
    const auto parsed = std::from_chars(at, end, number);
    at = parsed.ptr;
    number = std::min(number, most);
  }
  return numbers;
}

std::string expand(std::string_view word, const History& history) {
  const Partnership& world = partnership();
  const std::string_view name = word.substr(0, word.find(' '));
  const History& of = name.starts_with("other") ? world.other : history;
  const auto [a, b] = numbers_in(word.substr(name.size()), of.envelopes.size());
  const auto consistency = [&]() -> audit::Proof {
    const auto proof = audit::consistency_proof(of.reader(), {a}, {b});
    return proof ? *proof : audit::Proof();
  };
  if (name == "note" || name == "othernote") return wire::json::serialize(wire::json::value(world.note(of, a)));
  if (name == "log" || name == "otherlog") return audit::encode_log_update({world.note(of, b), {a}, consistency()});
  if (name == "proof") {
    std::string text = "[";
    for (const Digest& digest : consistency()) text += (text.size() > 1 ? ",\"" : "\"") + vault::hex(digest) + "\"";
    return text + "]";
  }
  if (name == "receipt" && a < b) {
    audit::Receipt receipt{world.note(of, b), {}};
    for (std::uint64_t i = a; i < b; ++i)
      if (i == 0 || i >= wire::kChainsOfGenesis.size())  // the beginnings of the other chains are in no listing
        receipt.entries.push_back(
            {{i}, of.envelopes[i], vault::to_bytes(of.bodies[i]), *audit::inclusion_proof(of.reader(), {i}, {b})});
    return audit::encode_receipt(receipt);
  }
  if (name == "chain" && b == of.envelopes.size() && a < of.linked.chains()) {  // the end of chain `a`
    const audit::ChainNumber chain{a};
    audit::LeafIndex last;
    for (const Bytes& bytes : of.envelopes)
      if (const auto envelope = audit::decode_envelope(bytes); envelope->chain == chain) last = envelope->seq;
    const audit::ChainEnd end{of.envelopes.back(), *audit::inclusion_proof(of.reader(), {b - 1}, {b}),
                              of.linked.head(chain, last)};
    return wire::json::serialize(audit::to_json(end));
  }
  return "{" + std::string(word) + "}";
}

std::string with_words(std::string_view body, const History& history) {
  std::string text;
  for (int expanded = 0; !body.empty();) {
    const std::size_t open = body.find('{');
    text += body.substr(0, open);
    if (open == std::string_view::npos) break;
    body.remove_prefix(open);
    const std::size_t close = body.substr(0, 32).find_first_of("}\"{\n", 1);
    if (close != std::string_view::npos && body[close] == '}' && close > 1 && expanded++ < 16) {
      text += expand(body.substr(1, close - 1), history);
      body.remove_prefix(close + 1);
    } else {
      text += '{';
      body.remove_prefix(1);
    }
  }
  return text;
}

HttpAnswer answer_of(std::string_view text, const History& history) {
  HttpAnswer answer;
  std::string_view head = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), head.size() + 1));
  const std::string_view status = head.substr(0, head.find(' '));
  answer.status = static_cast<unsigned>(numbers_in(status, 999)[0]);
  head.remove_prefix(std::min(head.size(), status.size() + 1));
  while (!head.empty()) {
    const std::string_view field = head.substr(0, head.find(';'));
    head.remove_prefix(std::min(head.size(), field.size() + 1));
    const std::size_t colon = field.find(": ");
    if (colon != std::string_view::npos) answer.fields.emplace_back(field.substr(0, colon), field.substr(colon + 2));
  }
  answer.body = vault::to_bytes(with_words(text, history));
  return answer;
}

struct Script {
  char question = 0;
  History history = partnership().history;
  std::vector<HttpAnswer> answers;
};

Script read_script(std::string_view input) {
  Script script;
  const auto line = [&] {
    const std::string_view one = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), one.size() + 1));
    return one;
  };
  const std::string_view first = line();
  if (!first.empty()) script.question = first.front();
  for (std::size_t added = 0; added < kMaxAdded && (input.starts_with('+') || input.starts_with('*')); ++added) {
    const std::string_view body = line();
    script.history.append(body.front() == '+' ? partnership().directory : partnership().cases,
                          std::string(body.substr(1)));
  }
  constexpr std::string_view kApart = "\n---\n";
  while (!input.empty() && script.answers.size() < kMaxAnswers) {
    const std::size_t end = input.find(kApart);
    script.answers.push_back(answer_of(input.substr(0, end), script.history));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + kApart.size());
  }
  return script;
}

// --- the questions --------------------------------------------------------------------------------------------------

template <class View>
void read_as(const wire::json::value& data) {
  if (const auto view = wire::from_json<View>(data)) {
    const std::string once = wire::encode(*view);
    const auto again = wire::decode<View>(once, wire::Strictness::exact);
    fuzz::require(again && wire::encode(*again) == once);
  }
}

template <class... Views>
void read_as_each(Session& session) {
  if (const auto data = session.get_json("/v1/whoami")) (read_as<Views>(*data), ...);
}

// Requires that the directory has the three roots, with the keys that they enrolled with, and nobody else.
void require_known_people(const Directory& directory) {
  for (const auto& [id, person] : directory.chain().persons())
    fuzz::require(std::ranges::any_of(partnership().roots, [&](const Root& root) {
      return root.person == id && root.key.verify_key() == person.signing_key &&
             root.identity.recipient() == person.recipient && person.root && !person.revoked;
    }));
  fuzz::require(directory.chain().agencies().size() == 3);
}

void ask_with_directory(Session& session, Directory& directory, char question) {
  const auto safe = access::SafeId::from_uuid(uuid_of(7));
  const auto copy = access::CopyId::from_uuid(uuid_of(8));
  VerifiedSafe held;  // as if it had been verified before
  held.safe = safe;
  held.epochs.emplace_back();
  if (question == 'S') fuzz::require(!verify_safe(session, directory, safe));
  if (question == 'R') {
    const auto listed = list_records(session, directory, held, nullptr);
    fuzz::require(!listed || listed->empty());
  }
  if (question == 'P') fuzz::require(!prepare_copy(session, directory, copy, as_asked));
  if (question == 'C') fuzz::require(!read_copy(session, directory, copy, 1000));
  if (question == 'K') fuzz::require(!open_safe(session, held));
  if (question == 'V') {
    Directory mine = directory;
    // Requires that a trail that verifies has only entries that a root or nobody signs.
    static_cast<void>(verify_trail(session, mine));
    require_known_people(mine);
  }
  if (question == 'Y')
    if (const auto done = sync(session, directory))
      for (const DutyDone& one : *done) fuzz::require(!one.done);
}

// Returns whether an answer with a problem is among the answers, because such an answer settles a command.
bool may_settle(const Script& script) {
  return std::ranges::any_of(script.answers, [](const HttpAnswer& answer) {
    return answer.status >= 400 && vault::as_text(answer.body).find("problem") != std::string_view::npos;
  });
}

void ask(Session& session, const Script& script) {
  using namespace wire;
  switch (script.question) {
    case 'v':
      read_as_each<PersonView, AgencyView, CaseView, SafeView, SafeKeysView, RecordView, CopyView, CopyHeader,
                   EntryView, DutiesView, ReviewView, CalendarView, Page<CaseView>, Page<RecordView>>(session);
      break;
    case 'l':
      static_cast<void>(session.all<CaseView>("/v1/cases"));
      break;
    case 'e':
      if (const auto entries = session.entries("/v1/trail"))
        for (const VerifiedEntry& entry : *entries)
          fuzz::require(entry.text.envelope == vault::as_text(script.history.envelopes.at(entry.envelope.seq.value)) &&
                        entry.text.body == script.history.bodies.at(entry.envelope.seq.value));
      break;
    case 'a': {
      AddAgency command;
      command.agency = access::AgencyId::from_uuid(uuid_of(9));
      command.kind = access::AgencyKind::school;
      // No entry of the input carries the nonce that this very request was signed with.
      fuzz::require(!session.act(command));
      fuzz::require(session.home().pending()->size() == 1 || may_settle(script));
      static_cast<void>(session.finish_outbox());
      fuzz::require(session.home().pending()->size() == 1 || may_settle(script));
      break;
    }
    case 's':
      if (const auto digests = session.stage(std::vector{vault::to_bytes("one"), vault::to_bytes("two")}))
        fuzz::require(digests->size() == 2 && (*digests)[0] == vault::crypto::sha256(vault::as_bytes("one")));
      break;
    case 'u':
      if (auto upload = Upload::create(session, 8, vault::as_bytes("1234"))) {
        fuzz::require(upload->offset() == 4);
        if (upload->write(vault::as_bytes("5678"))) fuzz::require(upload->offset() == 8);
      }
      break;
    case 'b':
      if (const auto uploads = session.send_batch(vault::as_bytes("1234"), 2)) fuzz::require(uploads->size() == 2);
      break;
    case 'g':
      if (const auto bytes = session.get_bytes("/v1/records/x/descriptor", 16)) fuzz::require(bytes->size() <= 16);
      break;
    default:
      if (auto directory = Directory::load(session)) {
        require_known_people(*directory);
        ask_with_directory(session, *directory, script.question);
      }
  }
}

// Requires that the kept checkpoint is one of the history that was seen before, and not shorter than before.
void require_kept(const Session& session, Home& home, const Script& script) {
  const auto note = home.checkpoint_note();
  const auto signed_checkpoint = session.checkpoint();
  fuzz::require(note && *note && signed_checkpoint && signed_checkpoint->note == **note);
  const audit::Checkpoint& kept = signed_checkpoint->checkpoint;
  const std::uint64_t size = kept.size.value;
  fuzz::require(size >= kSeen && size <= script.history.envelopes.size() && kept.root == script.history.root(size));
  fuzz::require(audit::verify_checkpoint(**note, kOrigin, partnership().log_key.verify_key()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Home home = make_home();
  static const std::string kept = partnership().note(partnership().history, kSeen);
  const Script script = read_script(std::string_view(reinterpret_cast<const char*>(data), size));
  reset(home, kept);
  std::atomic<std::size_t> next = 0;
  World world;
  world.clock = [] { return kMoment; };
  world.pause = [](std::chrono::milliseconds) {};
  world.carry = [&](const HttpRequest& request) -> Result<HttpAnswer> {
    const std::size_t turn = next++;
    if (turn >= script.answers.size()) return Error{Errc::unavailable, "no more answers"};
    HttpAnswer answer = script.answers[turn];
    if (request.sink && (answer.status == 200 || answer.status == 206)) {
      TRY_VOID(request.sink(answer.body));
      answer.body.clear();
    }
    return answer;
  };
  const Root& self = partnership().roots.front();
  auto session = Session::start(home, {self.key.clone(), self.identity.clone()}, std::move(world));
  fuzz::require(session.has_value());
  if (script.question == 'w') {
    for (const HttpAnswer& answer : script.answers) fuzz::require(!error_of(answer).message.empty());
  } else if (script.question == 'd') {
    std::string written;
    const auto done = (*session)->download("/v1/copies/x", 0, 8, [&](ByteView bytes) -> Result<void> {
      written += vault::as_text(bytes);
      return {};
    });
    fuzz::require(written.size() <= 8 && (!done || written.size() == 8));
  } else {
    ask(**session, script);
  }
  require_kept(**session, home, script);
  return 0;
}
