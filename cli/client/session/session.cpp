#include "cli/client/session/session.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <thread>

#include "access/wire/authority.h"
#include "access/wire/http_signature.h"
#include "access/wire/page.h"
#include "access/wire/register.h"
#include "cli/client/session/act_receipt.h"
#include "net/status.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

namespace json = wire::json;

constexpr std::size_t kMaxStageBytes = 512U << 10;  // of values in one request, before base64
constexpr std::size_t kTextBlind = 32;
constexpr std::size_t kNonceBytes = 16;
constexpr std::int64_t kMillisecondsPerDay = 24 * 3600 * 1000;
constexpr unsigned kTooManyRequests = 429;
constexpr int kMaxLimited = 60;  // answers of 429 to one request. After each this waits as long as the answer says
constexpr std::uint64_t kMaxRetryAfterSeconds = 30;

struct Staging {
  std::vector<Bytes> values;
};
BOOST_DESCRIBE_STRUCT(Staging, (), (values))
struct Staged {
  std::vector<Digest> digests;
};
BOOST_DESCRIBE_STRUCT(Staged, (), (digests))
struct Batched {
  std::vector<access::UploadId> uploads;
};
BOOST_DESCRIBE_STRUCT(Batched, (), (uploads))
struct Consistency {
  std::vector<Digest> proof;
};
BOOST_DESCRIBE_STRUCT(Consistency, (), (proof))

std::string fresh_nonce() {
  std::array<std::byte, kNonceBytes> bytes;
  vault::fill_random(bytes);
  return vault::hex(bytes);
}

Error tampered(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// Any error that audit finds in the service's statements about its ledger is an integrity failure here.
template <class T>
Result<T> as_proof(Result<T> result, std::string_view what) {
  if (result) return result;
  if (result.code() == Errc::wrong_key)
    return tampered(std::string(what) + ": it is not signed by the log key that was pinned at enrolment");
  return tampered(std::string(what) + ": " + result.error().message);
}

Result<audit::SignedCheckpoint> read_note(std::string_view note, const audit::NoteKey& log_key) {
  return as_proof(audit::verify_checkpoint(note, log_key.name, log_key.key), "the checkpoint");
}

const json::value* member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string_view text_member(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

// Whether an answer settles a command: another attempt would be answered alike.
bool settles(const HttpAnswer& answer) {
  if (is_transient(answer) || answer.status < 400) return false;
  const auto problem = wire::parse_json(vault::as_text(answer.body));
  return problem && text_member(*problem, "type").starts_with(net::kProblemTypePrefix);
}

std::string describe(const PendingCommand& pending) {
  return pending.kind + " of " + vault::to_rfc3339(pending.made);
}

}  // namespace

Error error_of(const HttpAnswer& answer) {
  const std::string status = "the service answered " + std::to_string(answer.status);
  const auto problem = wire::parse_json(vault::as_text(answer.body));
  const Errc likely = net::errc_of_status(answer.status);
  if (!problem) return Error{likely, status};
  const std::string_view type = text_member(*problem, "type");
  if (!type.starts_with(net::kProblemTypePrefix)) return Error{likely, status};
  std::string message(text_member(*problem, "detail"));
  if (message.empty()) message = text_member(*problem, "title");
  if (message.empty()) message = status;
  const std::string_view rule = text_member(*problem, "rule");
  if (!rule.empty()) message += " (rule: " + std::string(rule) + ")";
  return Error{net::errc_of_problem_type(type).value_or(likely), std::move(message)};
}

Error misspoken(std::string_view what) {
  return Error{Errc::internal, std::string(what)};
}

bool is_transient(const HttpAnswer& answer) {
  return answer.status == 503 || answer.status == kTooManyRequests || answer.status == 502 || answer.status == 504;
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty())
    return misspoken("the service sent something else where a number belongs");
  return value;
}

// --- starting -------------------------------------------------------------------------------------------------------

Session::Session(Home home, Keys keys, Pins pins, World world, audit::NoteKey log_key)
    : home_(std::move(home)),
      keys_(std::move(keys)),
      pins_(std::move(pins)),
      world_(std::move(world)),
      log_key_(std::move(log_key)),
      keyid_(pins_.person.to_string()) {
  if (!world_.pause) world_.pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
}

Result<std::unique_ptr<Session>> Session::start(Home home, const PassphraseSource& passphrase, World world) {
  TRY_VOID(home.pins());  // so that nobody is asked for a passphrase if there is no enrolment yet
  TRY(Keys keys, home.unlock(passphrase));
  return start(std::move(home), std::move(keys), std::move(world));
}

Result<std::unique_ptr<Session>> Session::start(Home home, Keys keys, World world) {
  TRY(Pins pins, home.pins());
  auto log_key = audit::parse_note_key(pins.log_key);
  if (!log_key || log_key->name != pins.origin) return tampered("the log key in pins.json is not one of this origin");
  const auto url = wire::parse_vault_url(pins.url);
  if (!url) return Error{Errc::malformed, "pins.json of this home cannot be used: " + url.error().message};
  std::unique_ptr<Session> session(
      new Session(std::move(home), std::move(keys), std::move(pins), std::move(world), std::move(*log_key)));
  session->authority_ = url->to_string();
  TRY(const auto note, session->home_.checkpoint_note());
  if (note) {
    auto kept = audit::verify_checkpoint(*note, session->log_key_.name, session->log_key_.key);
    if (!kept) return tampered("the checkpoint kept in this home is damaged or of another log");
    session->kept_ = std::move(*kept);
  }
  return session;
}

Result<std::unique_ptr<Session>> enrol_session(Home home, Keys keys, World world, std::string keyid,
                                               vault::crypto::SigningKey key) {
  TRY(std::unique_ptr<Session> session, Session::start(std::move(home), std::move(keys), std::move(world)));
  session->keyid_ = std::move(keyid);
  session->signing_as_ = std::move(key);
  return session;
}

std::optional<audit::SignedCheckpoint> Session::checkpoint() const {
  const std::scoped_lock lock(mutex_);
  return kept_;
}

Result<void> Session::pin_roots(std::vector<wire::RootPin> roots) {
  TRY(Pins pins, home_.pins());  // read again, because the TLS pin may have been renewed meanwhile
  pins.roots = std::move(roots);
  TRY_VOID(home_.write_pins(pins));
  pins_ = std::move(pins);
  return {};
}

// --- one request ----------------------------------------------------------------------------------------------------

std::string Session::with_query(std::string_view path, std::string_view name, std::string_view value) {
  return std::string(path) + (path.find('?') == std::string_view::npos ? '?' : '&') + std::string(name) + "=" +
         std::string(value);
}

std::string Session::target_of(std::string_view path, const std::optional<audit::SignedCheckpoint>& known) const {
  return with_query(path, "known", std::to_string(known ? known->checkpoint.size.value : 0));
}

Result<HttpAnswer> Session::send_once(std::string_view method, const std::string& target, const Signed& request) {
  HttpRequest http;
  http.method = method;
  http.target = target;
  http.fields = request.fields;
  http.body = request.body;
  http.sink = request.sink;
  http.source = request.source;
  http.source_length = request.source_length;

  wire::RequestHead head;
  head.method = method;
  head.authority = authority_;
  const std::size_t query = target.find('?');
  head.path = target.substr(0, query);
  if (query != std::string::npos) head.query = target.substr(query);
  head.has_body = request.has_body;
  if (request.chunk) {
    head.content_length = std::to_string(request.source ? request.source_length : request.body.size());
  } else if (request.has_body) {
    head.content_digest = wire::content_digest(request.body);
    http.fields.emplace_back("Content-Digest", *head.content_digest);
  }
  for (const auto& [name, value] : request.fields) {
    if (name == "Range") head.range = value;
    if (name == "Upload-Length") head.upload_length = value;
    if (name == "Upload-Offset" && request.chunk) head.upload_offset = value;
  }
  wire::SignatureParameters parameters;
  parameters.created = now().unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + kSignatureLifeSeconds;
  parameters.nonce = request.nonce.value_or(fresh_nonce());
  parameters.keyid = keyid_;
  TRY(wire::SignatureFields fields,
      wire::sign_request(head, request.chunk ? wire::Coverage::upload_chunk : wire::Coverage::command_or_read,
                         parameters, signing_as_ ? *signing_as_ : keys_.signing));
  http.fields.emplace_back("Signature-Input", std::move(fields.signature_input));
  http.fields.emplace_back("Signature", std::move(fields.signature));
  auto answer = world_.carry(http);
  if (!answer && (answer.code() == Errc::malformed || answer.code() == Errc::too_large))
    return misspoken(answer.error().message);
  return answer;
}

Result<void> Session::pause_before(int attempt) {
  constexpr std::chrono::milliseconds kFirst{200};
  constexpr int kGrowth = 4;
  auto time = kFirst;
  for (int i = 1; i < attempt; ++i) time *= kGrowth;
  world_.pause(time);
  return {};
}

Result<HttpAnswer> Session::send(std::string_view method, const std::string& target, const Signed& request) {
  int limited = 0;
  for (int attempt = 1;;) {
    auto answer = send_once(method, target, request);
    const bool failed = answer ? is_transient(*answer) : answer.code() == Errc::unavailable;
    if (!failed) return answer;
    if (answer && answer->status == kTooManyRequests) {
      // This is no failure: the service asks the client to wait, and says for how long.
      if (++limited > kMaxLimited) return answer;
      const std::string* wait = answer->field("retry-after");
      const auto seconds = wait == nullptr ? Result<std::uint64_t>(1) : parse_number(*wait);
      world_.pause(std::chrono::seconds(std::clamp<std::uint64_t>(seconds.value_or(1), 1, kMaxRetryAfterSeconds)));
      continue;
    }
    if (attempt == kMaxAttempts) return answer;
    TRY_VOID(pause_before(attempt++));
  }
}

// --- statements about the ledger -------------------------------------------------------------------------------------

Result<void> Session::keep(const audit::SignedCheckpoint& checkpoint) {
  constexpr int kMaxRaces = 8;
  for (int race = 0; race < kMaxRaces; ++race) {
    const std::optional<audit::SignedCheckpoint> kept = this->checkpoint();
    if (kept) {
      const audit::Checkpoint& a = kept->checkpoint;
      const audit::Checkpoint& b = checkpoint.checkpoint;
      if (a.size == b.size) {
        if (a.root != b.root) return tampered(audit::kLedgerIsSplit);
        return {};
      }
      const audit::Checkpoint& first = a.size < b.size ? a : b;
      const audit::Checkpoint& second = a.size < b.size ? b : a;
      const std::string target =
          "/v1/log/consistency?from=" + std::to_string(first.size.value) + "&to=" + std::to_string(second.size.value);
      TRY(const HttpAnswer answer, send("GET", target, {}));
      if (answer.status != 200) return error_of(answer);
      TRY(const json::value value, understood(wire::parse_json(vault::as_text(answer.body))));
      const json::value* data = member(value, "data");
      TRY(const Consistency consistency,
          understood(wire::from_json<Consistency>(data == nullptr ? json::value() : *data)));
      if (!audit::verify_consistency(first.size, second.size, consistency.proof, first.root, second.root))
        return tampered(audit::kLedgerIsSplit);
      if (a.size > b.size) return {};
    }
    TRY(const bool moved, home_.replace_checkpoint(kept ? std::optional(kept->note) : std::nullopt, checkpoint.note));
    TRY(const auto note, home_.checkpoint_note());
    if (!note) return Error{Errc::io, "the checkpoint cannot be kept"};
    TRY(audit::SignedCheckpoint stored, read_note(*note, log_key_));
    const std::scoped_lock lock(mutex_);
    kept_ = std::move(stored);
    if (moved) return {};
  }
  return Error{Errc::retry, "other programs keep changing this home"};
}

// Verifies and keeps the checkpoint of an answer to a request that named `known`.
Result<audit::SignedCheckpoint> Session::keep_update(const audit::LogUpdate& update,
                                                     const std::optional<audit::SignedCheckpoint>& known) {
  const std::optional<audit::Checkpoint> before = known ? std::optional(known->checkpoint) : std::nullopt;
  TRY(audit::SignedCheckpoint latest,
      as_proof(audit::verify_update(update, before, log_key_.name, log_key_.key), "the ledger does not verify"));
  {
    const std::scoped_lock lock(mutex_);
    const bool unmoved = kept_.has_value() == known.has_value() && (!known || kept_->note == known->note);
    if (unmoved) {
      if (known && known->checkpoint.size == latest.checkpoint.size) return latest;
      TRY(const bool moved, home_.replace_checkpoint(known ? std::optional(known->note) : std::nullopt, latest.note));
      if (moved) {
        kept_ = latest;
        return latest;
      }
      // Another program of this home has got an answer meanwhile. Its checkpoint is the one to compare with.
      TRY(const auto note, home_.checkpoint_note());
      if (!note) return tampered("the kept checkpoint has disappeared from this home");
      TRY(kept_, read_note(*note, log_key_));
    }
  }
  // Requests overlapped. This answer's checkpoint and the kept one must still belong to one history.
  TRY_VOID(keep(latest));
  return latest;
}

Result<json::value> Session::read_answer(const HttpAnswer& answer, const std::optional<audit::SignedCheckpoint>& known,
                                         Proved* proved) {
  const bool good = answer.status >= 200 && answer.status < 300;
  auto value = wire::parse_json(vault::as_text(answer.body));
  if (!value) {
    if (!good) return error_of(answer);
    return misspoken("the service's answer is not JSON");
  }
  audit::SignedCheckpoint checkpoint;
  if (const json::value* log = member(*value, "log")) {
    TRY(const audit::LogUpdate update, as_proof(audit::log_update_from_json(*log), "the answer"));
    TRY(checkpoint, keep_update(update, known));
  } else if (good) {
    return tampered("the answer says nothing about the ledger");
  }
  if (!good) return error_of(answer);

  if (proved != nullptr) {
    if (const json::value* part = member(*value, "receipt")) {
      TRY(const audit::Receipt receipt, as_proof(audit::receipt_from_json(*part), "the receipt"));
      if (receipt.checkpoint != checkpoint.note)
        return tampered("the receipt is under another checkpoint than the answer");
      TRY(const audit::VerifiedReceipt verified, as_proof(audit::verify_receipt(receipt, checkpoint), "the receipt"));
      for (std::size_t i = 0; i < verified.envelopes.size(); ++i) {
        wire::EntryView text{vault::to_text(receipt.entries[i].envelope), vault::to_text(receipt.entries[i].body)};
        TRY(wire::EntryBody body, wire::read_entry(*text.body));
        proved->entries.push_back({verified.envelopes[i], std::move(body), std::move(text)});
      }
    }
    if (const json::value* part = member(*value, "chain")) {
      TRY(const audit::ChainEnd end, as_proof(audit::chain_end_from_json(*part), "the end of a chain"));
      TRY(const audit::ChainHead head,
          as_proof(audit::verify_chain_end(end, checkpoint.checkpoint), "the end of a chain"));
      proved->end = ProvedEnd{head, checkpoint.checkpoint.size};
    }
  }
  json::value* data = value->as_object().if_contains("data");
  if (data == nullptr) return misspoken("the answer has no data");
  return std::move(*data);
}

Result<json::value> Session::exchange(std::string_view method, std::string_view path, const Signed& request,
                                      Proved* proved) {
  const std::optional<audit::SignedCheckpoint> known = checkpoint();
  TRY(const HttpAnswer answer, send(method, target_of(path, known), request));
  return read_answer(answer, known, proved);
}

// --- reads ----------------------------------------------------------------------------------------------------------

Result<json::value> Session::get_json(std::string_view path) {
  return exchange("GET", path, {}, nullptr);
}

Error Session::not_understood(const Error& error) {
  if (error.code != Errc::malformed) return error;
  return misspoken("this program does not understand the service's answer: " + error.message);
}

Result<bool> Listing::turn(const std::optional<std::string>& next, std::size_t items) {
  items_ += items;
  pages_ += 1;
  if (!next) return false;
  if (!wire::is_further(*next, from_.value_or("")))
    return misspoken("the service's listing does not go forward: a page names itself or an earlier one as the next");
  if (items_ > kMaxListedItems || pages_ >= kMaxListedPages)
    return misspoken("the service's listing does not end: there were " + std::to_string(items_) + " items on " +
                     std::to_string(pages_) + " pages");
  from_ = next;
  return true;
}

std::string Session::page_of(std::string_view path, const Listing& listing) {
  return listing.from() ? with_query(path, "from", *listing.from()) : std::string(path);
}

Result<void> Session::each_page(std::string_view path, std::optional<std::string> from,
                                const std::function<Result<void>(std::vector<VerifiedEntry>)>& take) {
  Listing listing(std::move(from));
  for (bool more = true; more;) {
    Proved proved;
    TRY(const json::value data, exchange("GET", page_of(path, listing), {}, &proved));
    std::vector<VerifiedEntry> entries = std::move(proved.entries);
    TRY(const auto page, understood(wire::from_json<wire::Page<json::value>>(data)));
    TRY(more, listing.turn(page.next, entries.size()));
    if (!entries.empty()) TRY_VOID(take(std::move(entries)));
  }
  return {};
}

Result<std::vector<VerifiedEntry>> Session::entries(std::string_view path) {
  std::vector<VerifiedEntry> all;
  TRY_VOID(each_page(path, std::nullopt, [&](std::vector<VerifiedEntry> page) -> Result<void> {
    for (VerifiedEntry& entry : page) {
      if (!all.empty() && entry.envelope.seq <= all.back().envelope.seq)
        return tampered("the service's list of entries does not ascend");
      // An older policy may permit what the newer one refuses.
      if (!all.empty() && entry.body.policy < all.back().body.policy)
        return tampered("an entry was decided under an older policy than an entry before it");
      all.push_back(std::move(entry));
    }
    return {};
  }));
  return all;
}

// Adds what was proved about the end of a chain to what this session has seen. Answers may overtake each other, so each
// end is compared by the size of the ledger under which it was proved.
Result<void> Session::remember(const ProvedEnd& end) {
  const std::scoped_lock lock(mutex_);
  const auto [found, is_new] = last_seen_.try_emplace(end.head.chain, end);
  if (is_new) return {};
  ProvedEnd& seen = found->second;
  const ProvedEnd& earlier = end.size < seen.size ? end : seen;
  const ProvedEnd& later = end.size < seen.size ? seen : end;
  const bool grew = earlier.head.n < later.head.n && earlier.head.seq < later.head.seq;
  if (!grew && earlier.head != later.head)
    return tampered("a chain of the ledger is shorter than it was, or another one");
  seen = later;
  return {};
}

Result<void> Session::each_page_of_chain(std::string_view path, const std::optional<audit::Envelope>& last,
                                         const std::function<Result<void>(std::vector<VerifiedEntry>)>& take) {
  std::optional<audit::ChainVerifier> verifier;
  if (last) verifier.emplace(*last);
  Listing listing(last ? std::optional(std::to_string(last->n + 1)) : std::nullopt);
  std::optional<ProvedEnd> end;
  for (bool more = true; more;) {
    Proved proved;
    TRY(const json::value data, exchange("GET", page_of(path, listing), {}, &proved));
    TRY(const auto page, understood(wire::from_json<wire::Page<json::value>>(data)));
    TRY(more, listing.turn(page.next, proved.entries.size()));
    end = proved.end;
    for (const VerifiedEntry& entry : proved.entries) {
      // The first page may begin with the entry of another chain, and then `take` looks at it.
      if (!verifier && entry.envelope.n != 0) continue;
      if (!verifier) verifier.emplace(entry.envelope.chain);
      TRY_VOID(verifier->next({vault::as_bytes(entry.text.envelope), vault::as_bytes(*entry.text.body)}));
    }
    if (!proved.entries.empty()) TRY_VOID(take(std::move(proved.entries)));
  }
  if (!verifier || !end) return tampered("the service does not prove where a chain ends");
  TRY_VOID(verifier->ends_at(end->head));
  return remember(*end);
}

Result<ProvedChain> Session::chain(std::string_view path, access::ChainSort sort) {
  std::vector<VerifiedEntry> all;
  TRY_VOID(each_page_of_chain(path, std::nullopt, [&](std::vector<VerifiedEntry> page) -> Result<void> {
    for (VerifiedEntry& entry : page) {
      // An older policy may permit what the newer one refuses.
      if (!all.empty() && entry.body.policy < all.back().body.policy)
        return tampered("an entry was decided under an older policy than an entry before it");
      all.push_back(std::move(entry));
    }
    return {};
  }));
  const Error misplaced = tampered("a chain does not begin where its subject was made");
  if (all.size() < 2) return misplaced;
  const auto begun = wire::chains_begun_by(all[0].body.kind);
  const auto place = std::ranges::find(begun, sort);
  const std::uint64_t distance = static_cast<std::uint64_t>(place - begun.begin()) + 1;
  const auto detail = wire::from_json<wire::ChainBegun>(all[1].body.detail, wire::Strictness::exact);
  if (place == begun.end() || all[1].envelope.n != 0 || all[1].body.kind != wire::ChainBegun::kKind || !detail ||
      detail->sort != sort || all[1].envelope.seq.value != all[0].envelope.seq.value + distance)
    return misplaced;
  ProvedChain proved{.beginning = std::move(all[0]), .entries = {}};
  proved.entries.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  return proved;
}

Result<std::vector<VerifiedEntry>> in_order(std::vector<ProvedChain> chains) {
  std::vector<VerifiedEntry> all;
  for (ProvedChain& chain : chains) {
    if (all.empty())
      all.push_back(std::move(chain.beginning));
    else if (all.front().envelope != chain.beginning.envelope)
      return tampered("a chain is shown as one of a safe or of a case to which it does not belong");
    for (VerifiedEntry& entry : chain.entries)
      if (entry.body.kind != wire::ChainBegun::kKind) all.push_back(std::move(entry));
  }
  std::ranges::sort(all, {}, [](const VerifiedEntry& entry) { return entry.envelope.seq; });
  return all;
}

// --- acts -----------------------------------------------------------------------------------------------------------

Result<ActAnswer> Session::perform(const PendingCommand& pending) {
  Signed request;
  request.body = vault::as_bytes(pending.body);
  request.has_body = true;
  request.nonce = pending.nonce;
  request.fields = {{"Content-Type", "application/json"}};
  std::optional<audit::SignedCheckpoint> known;
  if (!pending.known.empty()) {
    TRY(known, read_note(pending.known, log_key_));
  }
  TRY(const HttpAnswer answer, send("POST", pending.target, request));
  ActAnswer result;
  Proved proved;
  auto data = read_answer(answer, known, &proved);
  result.entries = std::move(proved.entries);
  if (!data) {
    // The service has settled the command, so nothing is left to finish.
    if (settles(answer) && data.code() == error_of(answer).code) TRY_VOID(forget(pending));
    return data.error();
  }
  const vault::crypto::VerifyKey& key = (signing_as_ ? *signing_as_ : keys_.signing).verify_key();
  TRY_VOID(check_receipt(pending, result.entries, key, authority_));
  result.data = std::move(*data);
  TRY_VOID(home_.finish_pending(pending));
  return result;
}

// Nobody expects the effect of this command any more. If it was to issue a copy, and that copy appears after all, the
// person is asked before it is prepared.
Result<void> Session::forget(const PendingCommand& pending) {
  if (pending.kind == wire::IssueCopy::kKind)
    if (const auto command = wire::decode<wire::IssueCopy>(pending.body, wire::Strictness::exact))
      TRY_VOID(home_.drop_note(issue_note(command->copy)));
  return home_.drop_pending(pending.nonce);
}

Result<ActAnswer> Session::act(std::string_view kind, std::string body, std::string journal) {
  if (body.size() > access::kMaxCommandBytes) return Error{Errc::too_large, "this is too much for one command"};
  PendingCommand pending;
  pending.nonce = fresh_nonce();
  pending.keyid = keyid_;
  pending.kind = kind;
  const std::optional<audit::SignedCheckpoint> known = checkpoint();
  pending.target = target_of("/v1/acts/" + pending.kind, known);
  if (known) pending.known = known->note;
  pending.body = std::move(body);
  pending.journal = std::move(journal);
  pending.made = now();
  TRY_VOID(home_.put_pending(pending));
  auto answer = perform(pending);
  if (!answer && answer.code() == Errc::unavailable)
    return Error{Errc::unavailable, answer.error().message + "; the command is kept and finished by the next one"};
  return answer;
}

Result<std::vector<std::string>> Session::finish_outbox() {
  std::vector<std::string> lines;
  TRY(const std::vector<PendingCommand> all, home_.pending());
  for (const PendingCommand& pending : all) {
    if (pending.keyid != keyid_) continue;  // an enrolment, which `strongroom enrol` resumes
    if (now().unix_ms - pending.made.unix_ms > kMaxPendingDays * kMillisecondsPerDay) {
      TRY_VOID(forget(pending));
      lines.push_back("Given up: " + describe(pending) +
                      " (it is too old to be sent again; check whether it was done)");
      continue;
    }
    auto answer = perform(pending);
    if (answer) {
      lines.push_back("Finished: " + describe(pending));
      continue;
    }
    TRY(const std::vector<PendingCommand> left, home_.pending());
    const bool settled = std::ranges::none_of(left, [&](const PendingCommand& p) { return p.nonce == pending.nonce; });
    if (!settled) return answer.error();
    lines.push_back("Not done: " + describe(pending) + ": " + answer.error().message);
  }
  return lines;
}

// --- beside values --------------------------------------------------------------------------------------------------

Result<std::vector<Digest>> Session::stage(std::span<const Bytes> values) {
  std::vector<Digest> digests;
  Staging batch;
  std::size_t batch_bytes = 0;
  const auto flush = [&]() -> Result<void> {
    if (batch.values.empty()) return {};
    const std::string body = wire::encode(batch);
    Signed request;
    request.body = vault::as_bytes(body);
    request.has_body = true;
    request.fields = {{"Content-Type", "application/json"}};
    TRY(const json::value data, exchange("POST", "/v1/beside", request, nullptr));
    TRY(const Staged staged, understood(wire::from_json<Staged>(data)));
    if (!std::ranges::equal(staged.digests, std::span(digests).last(batch.values.size())))
      return tampered("the service holds other values than it was sent");
    batch.values.clear();
    batch_bytes = 0;
    return {};
  };
  for (const Bytes& value : values) {
    if (value.size() > access::kMaxBesideValueBytes) return Error{Errc::too_large, "a value to stage is too large"};
    if (batch.values.size() == access::kMaxBesideValuesPerRequest || batch_bytes + value.size() > kMaxStageBytes)
      TRY_VOID(flush());
    batch.values.push_back(value);
    batch_bytes += value.size();
    digests.push_back(vault::crypto::sha256(value));
  }
  TRY_VOID(flush());
  return digests;
}

Result<Digest> Session::stage(const Bytes& value) {
  TRY(const std::vector<Digest> digests, stage(std::span(&value, 1)));
  return digests.front();
}

Result<Digest> Session::stage_text(std::string_view text, std::size_t max) {
  if (text.empty()) return Error{Errc::invalid_argument, "the text is empty"};
  if (text.size() > max) return Error{Errc::too_large, "the text has more than " + std::to_string(max) + " bytes"};
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
  if (!plain || !vault::is_utf8(text))
    return Error{Errc::invalid_argument, "the text has control characters in it, or is not UTF-8"};
  Bytes value(kTextBlind);
  vault::fill_random(value);
  vault::append(value, vault::as_bytes(text));
  return stage(value);
}

Result<Digest> Session::stage_large(ByteView value) {
  if (value.size() > access::kMaxIndexBytes) return Error{Errc::too_large, "the copy's index is too large"};
  const Digest digest = vault::crypto::sha256(value);
  Signed request;
  request.body = value;
  request.has_body = true;
  request.fields = {{"Content-Type", "application/octet-stream"}};
  TRY(const HttpAnswer answer, send("PUT", "/v1/beside/" + vault::hex(digest), request));
  if (answer.status < 200 || answer.status >= 300) return error_of(answer);
  return digest;
}

// --- payloads -------------------------------------------------------------------------------------------------------

Result<std::vector<access::UploadId>> Session::send_batch(ByteView body, std::size_t count) {
  Signed request;
  request.body = body;
  request.has_body = true;
  request.chunk = true;
  request.fields = {{"Content-Type", "application/octet-stream"}, {"Upload-Offset", "0"}};
  TRY(const HttpAnswer answer, send("POST", "/v1/upload-batches", request));
  if (answer.status != 201) return error_of(answer);
  TRY(const json::value value, understood(wire::parse_json(vault::as_text(answer.body))));
  const json::value* data = member(value, "data");
  TRY(Batched batched, understood(wire::from_json<Batched>(data == nullptr ? json::value() : *data)));
  if (batched.uploads.size() != count) return misspoken("the service did not say where each of the uploads is");
  return std::move(batched.uploads);
}

Result<Bytes> Session::get_bytes(std::string_view path, std::size_t max) {
  TRY(HttpAnswer answer, send("GET", std::string(path), {}));
  if (answer.status != 200) return error_of(answer);
  if (answer.body.size() > max) return Error{Errc::too_large, "the service sent more than was asked for"};
  return std::move(answer.body);
}

Result<void> Session::download(std::string_view path, std::uint64_t from, std::uint64_t length,
                               const std::function<Result<void>(ByteView)>& write) {
  std::uint64_t position = from;
  std::optional<Error> own;  // an error of the writer or of the data, which another attempt would meet again
  int attempt = 1;
  while (position < length) {
    const std::uint64_t before = position;
    Signed request;
    if (position > 0)
      request.fields = {{"Range", "bytes=" + std::to_string(position) + "-" + std::to_string(length - 1)}};
    request.sink = [&](ByteView bytes) -> Result<void> {
      if (bytes.size() > length - position) own = tampered("the service sent more of a record than was sealed");
      if (!own) {
        if (auto written = write(bytes); !written) own = written.error();
      }
      if (own) return *own;
      position += bytes.size();
      return {};
    };
    auto answer = send_once("GET", std::string(path), request);
    if (own) return *own;
    if (answer && !is_transient(*answer)) {
      const unsigned expected = before == 0 ? 200 : 206;
      if (answer->status != expected && !(before == 0 && answer->status == 206)) return error_of(*answer);
      if (position == length) return {};
    } else if (!answer && answer.code() != Errc::unavailable) {
      return answer.error();
    }
    if (position > before) attempt = 1;
    if (attempt == kMaxAttempts) return answer ? error_of(*answer) : answer.error();
    TRY_VOID(pause_before(attempt++));
  }
  return {};
}

}  // namespace cli::client
