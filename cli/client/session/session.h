// A conversation with the service in which nothing is believed that is not proved: every request is signed, every
// answer's checkpoint is verified under the pinned log key and against the checkpoint that was kept, every act's
// receipt is verified before the act counts as done. What does not verify is Errc::tampered (exit 5).
//
// Thread safe once started: requests may be in flight from several threads.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>

#include "audit/receipt.h"
#include "cli/client/session/home.h"
#include "cli/client/session/transport.h"

namespace cli::client {

inline constexpr int kMaxAttempts = 4;                      // of one request, while the network fails
inline constexpr std::int64_t kSignatureLifeSeconds = 300;  // `expires` after `created`
inline constexpr std::int64_t kMaxPendingDays = 7;          // the service forgets nonces after that
// Of one listing; far above the largest safe and the longest ledger. A page that is short has 4 MiB of text in it, or
// is what was found among 20,000 records, so that so many items come on far fewer pages.
inline constexpr std::uint64_t kMaxListedItems = std::uint64_t{1} << 24;
inline constexpr std::uint64_t kMaxListedPages = std::uint64_t{1} << 18;

struct World {
  Carrier carry;
  vault::Clock clock = vault::system_clock();
  std::function<void(std::chrono::milliseconds)> pause;  // between attempts; empty: sleeps
};

// --- what comes back ------------------------------------------------------------------------------------------------

// An entry that is in the ledger: included under the pinned log's signature, and its body the one it binds. Who signed
// its request is for the directory to say.
struct VerifiedEntry {
  audit::Envelope envelope;
  wire::EntryBody body;
  wire::EntryView text;  // exactly as it came
};

struct ActAnswer {
  std::vector<VerifiedEntry> entries;  // what the act became; the first one is of the act's own kind
  wire::json::value data;
};

// Where a listing stands while its pages are read. A page may be empty while more follow (a filter found nothing among
// the records that it looked at), so what must go forward is the cursor.
class Listing {
 public:
  explicit Listing(std::optional<std::string> from = std::nullopt) : from_(std::move(from)) {}
  // The cursor of the page to ask for; nothing for the first one.
  const std::optional<std::string>& from() const { return from_; }
  // After each page. False: it was the last. Errc::internal when the next one would not be further on, or when there
  // have been more than kMaxListedItems or kMaxListedPages: the service lies, and would keep the program for ever.
  Result<bool> turn(const std::optional<std::string>& next, std::size_t items);

 private:
  std::optional<std::string> from_;
  std::uint64_t items_ = 0;
  std::uint64_t pages_ = 0;
};

class Session {
 public:
  // Asks for the passphrase once. Errors as Home::unlock and Home::pins. Nothing is sent yet.
  static Result<std::unique_ptr<Session>> start(Home home, const PassphraseSource& passphrase, World world);
  // With keys at hand: enrolment, tests.
  static Result<std::unique_ptr<Session>> start(Home home, Keys keys, World world);

  Home& home() { return home_; }
  const Pins& pins() const { return pins_; }
  const Keys& keys() const { return keys_; }
  const access::PersonId& person() const { return pins_.person; }
  // Host and port in their normal form, as requests sign them.
  const std::string& authority() const { return authority_; }
  vault::Instant now() const { return world_.clock(); }
  // The TypeID of a thing made now.
  template <class Id>
  Id make_id() const {
    return Id::generate(static_cast<std::uint64_t>(now().unix_ms));
  }
  // The checkpoint kept last; nothing before the first answer.
  std::optional<audit::SignedCheckpoint> checkpoint() const;
  // Roots that genesis clients learn at their next command; written to the home.
  Result<void> pin_roots(std::vector<wire::RootPin> roots);

  // --- reads: `path` is "/v1/…", a query may be part of it ---
  template <class T>
  Result<T> get(std::string_view path) {
    TRY(const wire::json::value data, get_json(path));
    return understood(wire::from_json<T>(data));
  }
  // Every item of a listing, page by page.
  template <class T>
  Result<std::vector<T>> all(std::string_view path) {
    std::vector<T> items;
    Listing listing;
    for (bool more = true; more;) {
      TRY(auto page, get<wire::Page<T>>(page_of(path, listing)));
      for (T& item : page.items) items.push_back(std::move(item));
      TRY(more, listing.turn(page.next, page.items.size()));
    }
    return items;
  }
  Result<wire::json::value> get_json(std::string_view path);
  // Every entry of a listing "with receipts", each verified to be in the ledger; ascending by seq.
  Result<std::vector<VerifiedEntry>> entries(std::string_view path);
  // The same, a page at a time, while `take` succeeds. `from`: where to begin.
  Result<void> each_page(std::string_view path, std::optional<std::string> from,
                         const std::function<Result<void>(std::vector<VerifiedEntry>)>& take);
  // Errc::tampered unless the ledger of this size extends into (or is extended by) the kept one; then the larger of
  // the two is kept. For checkpoints that came another way (witnesses, bundles).
  Result<void> keep(const audit::SignedCheckpoint& checkpoint);

  // --- acts ---
  // Persists the command under a fresh nonce, sends it, and verifies that the receipt is for this very command. While
  // the network fails it is sent again, at most kMaxAttempts times; then it stays in the outbox (Errc::unavailable).
  // `journal`: lines to append to the home's journal once it is known to be done.
  template <class Command>
  Result<ActAnswer> act(const Command& command, std::string journal = {}) {
    return act(Command::kKind, wire::encode(command), std::move(journal));
  }
  Result<ActAnswer> act(std::string_view kind, std::string body, std::string journal);
  // Finishes what earlier runs left in the outbox; gives a line for people about each. A refusal or conflict ends a
  // command as much as success does; without the network nothing is lost (Errc::unavailable).
  Result<std::vector<std::string>> finish_outbox();

  // --- beside values ---
  // In as many requests as needed; the digests in the order of the values.
  Result<std::vector<Digest>> stage(std::span<const Bytes> values);
  Result<Digest> stage(const Bytes& value);
  // A name or other free text: 32 random bytes, then the text. Errc::invalid_argument for control characters,
  // Errc::too_large over `max`.
  Result<Digest> stage_text(std::string_view text, std::size_t max = access::kMaxFreeTextBytes);
  Result<Digest> stage_large(ByteView value);

  // --- payloads ---
  // Many small ones in one request, each an upload of its own, complete and durable when this returns. `body`: each
  // with its length before it, 4 bytes, big-endian; `count` of them, their uploads in that order.
  Result<std::vector<access::UploadId>> send_batch(ByteView body, std::size_t count);
  Result<Bytes> get_bytes(std::string_view path, std::size_t max);
  // What stands there from `from` to `length`, in order, to `write`. A broken connection is resumed with Range.
  Result<void> download(std::string_view path, std::uint64_t from, std::uint64_t length,
                        const std::function<Result<void>(ByteView)>& write);

 private:
  friend class Upload;
  struct Signed {  // what one request says besides method and path
    ByteView body;
    bool has_body = false;
    std::optional<std::string> nonce;  // absent: a fresh one
    std::vector<std::pair<std::string, std::string>> fields;
    std::function<Result<void>(ByteView)> sink;
    std::function<Result<std::size_t>(std::span<std::byte>)> source;  // instead of `body`, of a chunk
    std::uint64_t source_length = 0;
    bool chunk = false;
  };
  Session(Home home, Keys keys, Pins pins, World world, audit::NoteKey log_key);
  // Part of an answer, as read: one that is malformed is the service's failure (Errc::internal).
  template <class T>
  static Result<T> understood(Result<T> part) {
    if (!part) return not_understood(part.error());
    return part;
  }
  static Error not_understood(const Error& error);
  static std::string with_query(std::string_view path, std::string_view name, std::string_view value);
  static std::string page_of(std::string_view path, const Listing& listing);
  Result<HttpAnswer> send_once(std::string_view method, const std::string& target, const Signed& request);
  Result<HttpAnswer> send(std::string_view method, const std::string& target, const Signed& request);
  Result<wire::json::value> read_answer(const HttpAnswer& answer, const std::optional<audit::SignedCheckpoint>& known,
                                        std::vector<VerifiedEntry>* entries);
  Result<wire::json::value> exchange(std::string_view method, std::string_view path, const Signed& request,
                                     std::vector<VerifiedEntry>* entries);
  Result<audit::SignedCheckpoint> keep_update(const audit::LogUpdate& update,
                                              const std::optional<audit::SignedCheckpoint>& known);
  Result<ActAnswer> perform(const PendingCommand& pending);
  Result<void> forget(const PendingCommand& pending);
  Result<void> pause_before(int attempt);
  std::string target_of(std::string_view path, const std::optional<audit::SignedCheckpoint>& known) const;

  Home home_;
  Keys keys_;
  Pins pins_;
  World world_;
  audit::NoteKey log_key_;
  std::string authority_;
  // Enrolment signs with the invitation's key until the person exists.
  std::string keyid_;
  std::optional<vault::crypto::SigningKey> signing_as_;
  mutable std::mutex mutex_;
  std::optional<audit::SignedCheckpoint> kept_;  // guarded by mutex_

  friend Result<std::unique_ptr<Session>> enrol_session(Home home, Keys keys, World world, std::string keyid,
                                                        vault::crypto::SigningKey key);
};

// What a problem answer says, as an Error: its Errc, its words and its rule.
Error error_of(const HttpAnswer& answer);
// Whether the same request may be answered otherwise when it is sent again.
bool is_transient(const HttpAnswer& answer);
// For an answer that this program cannot use. Errc::malformed would say that a person typed something wrong.
Error misspoken(std::string_view what);
Result<std::uint64_t> parse_number(std::string_view text);  // of a field of an answer

}  // namespace cli::client
