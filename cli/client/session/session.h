// A conversation with the service that believes only what is proved. Every request is signed. The checkpoint of every
// answer is verified under the pinned log key, and against the checkpoint that this home kept before. The receipt of
// every act is verified before the act counts as done. Anything that does not verify is Errc::tampered (exit 5).
//
// Thread safe once it is started: several threads may send requests at the same time.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include "audit/chain.h"
#include "audit/receipt.h"
#include "cli/client/session/home.h"
#include "cli/client/session/transport.h"

namespace cli::client {

inline constexpr int kMaxAttempts = 4;                      // to send one request while the network fails
inline constexpr std::int64_t kSignatureLifeSeconds = 300;  // from `created` to `expires`
inline constexpr std::int64_t kMaxPendingDays = 7;          // after this the service has forgotten the nonce
// Limits of one listing, far above the largest safe and the longest ledger. A page is only short if it contains 4 MiB
// of text, or the matches among 20,000 records, so this many items come on far fewer pages than the limit.
inline constexpr std::uint64_t kMaxListedItems = std::uint64_t{1} << 24;
inline constexpr std::uint64_t kMaxListedPages = std::uint64_t{1} << 18;

struct World {
  Carrier carry;
  vault::Clock clock = vault::system_clock();
  std::function<void(std::chrono::milliseconds)> pause;  // waits between attempts. Empty: sleeps
};

// --- what comes back ------------------------------------------------------------------------------------------------

// An entry that is proved to be in the ledger: the tree that the pinned log signed includes its envelope, and the
// envelope binds its body. Who signed its request has not been checked yet; Directory::verify_caused does that.
struct VerifiedEntry {
  audit::Envelope envelope;
  wire::EntryBody body;
  wire::EntryView text;  // exactly as it came
};

struct ActAnswer {
  std::vector<VerifiedEntry> entries;  // that the act made; the first is of the act's own kind
  wire::json::value data;
};

// A chain of the ledger, whole: every entry is linked to the one before it, and the last one is proved to be the last.
struct ProvedChain {
  VerifiedEntry beginning;             // the entry of another chain whose act began this one
  std::vector<VerifiedEntry> entries;  // from the chain's first entry on, which is a `chain.begun`
};

// Returns the entries of chains that one act began, in the ledger's order: the act's own entry first, and without the
// beginnings of the chains. Errc::tampered if different acts began them.
Result<std::vector<VerifiedEntry>> in_order(std::vector<ProvedChain> chains);

// The position in a listing whose pages are being read. A page may be empty although more follow, for example if no
// record that it looked at matches a filter. So progress is measured by the cursor, not by the items.
class Listing {
 public:
  explicit Listing(std::optional<std::string> from = std::nullopt) : from_(std::move(from)) {}
  // The cursor of the page to ask for. The first page has none.
  const std::optional<std::string>& from() const { return from_; }
  // Called after each page. Returns false if that was the last. Errc::internal if the next cursor is not further on, or
  // if there were more than kMaxListedItems or kMaxListedPages: a lying service could otherwise keep this program busy
  // for ever.
  Result<bool> turn(const std::optional<std::string>& next, std::size_t items);

 private:
  std::optional<std::string> from_;
  std::uint64_t items_ = 0;
  std::uint64_t pages_ = 0;
};

class Session {
 public:
  // Asks for the passphrase once. Fails as Home::unlock and Home::pins do. Sends nothing yet.
  static Result<std::unique_ptr<Session>> start(Home home, const PassphraseSource& passphrase, World world);
  // For callers that have the keys already: enrolment and tests.
  static Result<std::unique_ptr<Session>> start(Home home, Keys keys, World world);

  Home& home() { return home_; }
  const Pins& pins() const { return pins_; }
  const Keys& keys() const { return keys_; }
  const audit::NoteKey& log_key() const { return log_key_; }  // with the ledger's origin as its name
  const access::PersonId& person() const { return pins_.person; }
  // Host and port in the normal form that requests sign.
  const std::string& authority() const { return authority_; }
  vault::Instant now() const { return world_.clock(); }
  // Makes the TypeID of something that is made now.
  template <class Id>
  Id make_id() const {
    return Id::generate(static_cast<std::uint64_t>(now().unix_ms));
  }
  // The last checkpoint that was kept; none before the first answer.
  std::optional<audit::SignedCheckpoint> checkpoint() const;
  // Pins the roots, which a genesis client learns at its first command after all three enrolled. Writes them to the
  // home.
  Result<void> pin_roots(std::vector<wire::RootPin> roots);

  // --- reads. `path` is "/v1/…" and may have a query ---
  template <class T>
  Result<T> get(std::string_view path) {
    TRY(const wire::json::value data, get_json(path));
    return understood(wire::from_json<T>(data));
  }
  // Fetches every item of a listing, page by page.
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
  // Fetches every entry of a listing "with receipts", in ascending order of seq. Each is verified to be in the ledger.
  Result<std::vector<VerifiedEntry>> entries(std::string_view path);
  // Same as `entries`, but passes each page to `take`, and stops at its first error. `from`: the cursor to begin at.
  Result<void> each_page(std::string_view path, std::optional<std::string> from,
                         const std::function<Result<void>(std::vector<VerifiedEntry>)>& take);
  // Fetches a chain of a case or of a safe. Errc::tampered if any entry is missing, its last ones included; if the
  // chain does not begin directly after the entry whose act began it; or if it is shorter than it was before in this
  // session.
  Result<ProvedChain> chain(std::string_view path, access::ChainSort sort);
  // Fetches what follows in a chain after `last`, which must be an entry that was verified before, and passes each page
  // to `take`. Without `last`, fetches a chain of genesis from its beginning. Errc::tampered as above, once all pages
  // were passed on.
  Result<void> each_page_of_chain(std::string_view path, const std::optional<audit::Envelope>& last,
                                  const std::function<Result<void>(std::vector<VerifiedEntry>)>& take);
  // Keeps the larger of this checkpoint and the kept one. Errc::tampered unless the ledger of one extends the other's.
  // For checkpoints that did not come with an answer, for example from a witness or a bundle.
  Result<void> keep(const audit::SignedCheckpoint& checkpoint);

  // --- acts ---
  // Stores the command in the outbox under a fresh nonce, sends it, and verifies that the receipt is for this very
  // command. If the network fails, the command is sent up to kMaxAttempts times; then it stays in the outbox and this
  // returns Errc::unavailable. `journal`: lines that are appended to the home's journal once the command is known to be
  // done.
  template <class Command>
  Result<ActAnswer> act(const Command& command, std::string journal = {}) {
    return act(Command::kKind, wire::encode(command), std::move(journal));
  }
  Result<ActAnswer> act(std::string_view kind, std::string body, std::string journal);
  // Finishes the commands that earlier runs left in the outbox, and returns a line for people about each. A refusal or
  // a conflict ends a command as success does. Errc::unavailable if there is no network; nothing is lost then.
  Result<std::vector<std::string>> finish_outbox();

  // --- beside values ---
  // Stages the values in as many requests as are needed. Returns their digests in the same order.
  Result<std::vector<Digest>> stage(std::span<const Bytes> values);
  Result<Digest> stage(const Bytes& value);
  // Stages a name or other free text, as 32 random bytes followed by the text. Errc::invalid_argument if it is empty or
  // has control characters, Errc::too_large if it has more than `max` bytes.
  Result<Digest> stage_text(std::string_view text, std::size_t max = access::kMaxFreeTextBytes);
  Result<Digest> stage_large(ByteView value);

  // --- payloads ---
  // Sends `count` small payloads in one request. Each becomes an upload of its own, which is complete and durable when
  // this returns. `body` has each payload after its length (4 bytes, big-endian); the uploads are in the same order.
  Result<std::vector<access::UploadId>> send_batch(ByteView body, std::size_t count);
  Result<Bytes> get_bytes(std::string_view path, std::size_t max);
  // Passes the bytes from `from` to `length` to `write`, in order. A download that breaks off is resumed with Range.
  Result<void> download(std::string_view path, std::uint64_t from, std::uint64_t length,
                        const std::function<Result<void>(ByteView)>& write);

 private:
  friend class Upload;
  struct Signed {  // one request, without its method and path
    ByteView body;
    bool has_body = false;
    std::optional<std::string> nonce;  // absent: a fresh one
    std::vector<std::pair<std::string, std::string>> fields;
    std::function<Result<void>(ByteView)> sink;
    std::function<Result<std::size_t>(std::span<std::byte>)> source;  // gives a chunk's bytes, instead of `body`
    std::uint64_t source_length = 0;
    bool chunk = false;
  };
  // The last entry of a chain in the ledger of that size.
  struct ProvedEnd {
    audit::ChainHead head;
    audit::TreeSize size;
  };
  // The parts of an answer that are proved by its checkpoint.
  struct Proved {
    std::vector<VerifiedEntry> entries;
    std::optional<ProvedEnd> end;  // of the chain that a page is of
  };
  Session(Home home, Keys keys, Pins pins, World world, audit::NoteKey log_key);
  // Passes on a part of an answer that was read. If it is malformed, that is the service's failure: Errc::internal.
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
                                        Proved* proved);
  Result<wire::json::value> exchange(std::string_view method, std::string_view path, const Signed& request,
                                     Proved* proved);
  Result<void> remember(const ProvedEnd& end);
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
  // An enrolment signs with the invitation's key, because the person does not exist yet.
  std::string keyid_;
  std::optional<vault::crypto::SigningKey> signing_as_;
  mutable std::mutex mutex_;
  std::optional<audit::SignedCheckpoint> kept_;        // guarded by mutex_
  std::map<audit::ChainNumber, ProvedEnd> last_seen_;  // guarded by mutex_

  friend Result<std::unique_ptr<Session>> enrol_session(Home home, Keys keys, World world, std::string keyid,
                                                        vault::crypto::SigningKey key);
};

// The Errc, the words and the rule of a problem answer.
Error error_of(const HttpAnswer& answer);
// Whether the same request may get another answer if it is sent again.
bool is_transient(const HttpAnswer& answer);
// For an answer that this program cannot use. It is Errc::internal, because Errc::malformed would blame what a person
// typed.
Error misspoken(std::string_view message);
// Reads a number in a field of an answer.
Result<std::uint64_t> parse_number(std::string_view text);

}  // namespace cli::client
