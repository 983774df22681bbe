#include "cli/client/files/large_upload.h"

#include <condition_variable>
#include <limits>
#include <mutex>
#include <thread>

#include "vault/age/file.h"
#include "vault/crypto/hash.h"
#include "vault/payload/digest.h"

namespace cli::client {
namespace {

using vault::age::FileKey;
using vault::age::PayloadNonce;

constexpr std::string_view kNoteExtension = ".upload";

// All that another run needs to resume the upload. Nothing in it is secret, because the key is wrapped.
struct UnfinishedUpload {
  std::uint64_t v = kHomeVersion;
  access::UploadId upload;
  std::uint64_t size = 0;
  std::string state;  // state_of
  Bytes key;          // an age header for the person's own identity
  Bytes nonce;
};
BOOST_DESCRIBE_STRUCT(UnfinishedUpload, (), (v, upload, size, state, key, nonce))

// Sends chunks on a thread of its own, while the caller still encrypts. The ring between the two keeps the chunk that
// is being sent, in case it must be sent again, and has room for the bytes after it.
class ChunkSender {
 public:
  ChunkSender(Upload& upload, std::uint64_t length)
      : upload_(&upload),
        length_(length),
        kept_(upload.offset()),
        end_(upload.offset()),
        ring_(static_cast<std::size_t>(std::min<std::uint64_t>(kUploadChunk + kAhead, length - kept_))),
        thread_([this] { run(); }) {}
  ~ChunkSender() {
    if (thread_.joinable()) static_cast<void>(finish());
  }
  ChunkSender(const ChunkSender&) = delete;
  ChunkSender& operator=(const ChunkSender&) = delete;

  // Waits for room. Returns the error of the sending, if it has failed.
  Result<void> push(ByteView bytes) {
    while (!bytes.empty()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return end_ - kept_ < ring_.size() || sent_; });
      if (sent_ && !*sent_) return *sent_;
      if (sent_) return Error{Errc::invalid_argument, "more than the upload's length"};
      const ByteView piece = bytes.first(std::min<std::size_t>(bytes.size(), ring_.size() - (end_ - kept_)));
      const std::uint64_t at = end_;
      lock.unlock();  // nobody reads past `end_`
      for (std::size_t done = 0; done < piece.size();) {
        const std::span<std::byte> place = stretch(at + done, piece.size() - done);
        std::ranges::copy(piece.subspan(done, place.size()), place.begin());
        done += place.size();
      }
      lock.lock();
      end_ += piece.size();
      changed_.notify_all();
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }
  // Called after the last push. Waits until everything is sent. Errc::cancelled if that was not the whole payload.
  Result<void> finish() {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    thread_.join();
    return *sent_;
  }

 private:
  // The place in the ring of the upload's offset `at`: at most `size` bytes, and fewer where the ring begins again.
  std::span<std::byte> stretch(std::uint64_t at, std::size_t size) {
    const auto begin = static_cast<std::size_t>(at % ring_.size());
    return std::span(ring_).subspan(begin, std::min(size, ring_.size() - begin));
  }
  static Error stopped() { return {Errc::cancelled, "the file is no longer being read"}; }
  Result<std::size_t> read(std::uint64_t at, std::span<std::byte> into) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return end_ > at || ended_; });
    if (end_ <= at) return stopped();
    const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at));
    lock.unlock();  // nobody overwrites the chunk that is being sent
    const std::span<std::byte> from = stretch(at, there);
    std::ranges::copy(from, into.begin());
    return from.size();
  }
  Result<void> await_bytes() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return end_ > kept_ || ended_; });
    if (end_ == kept_) return stopped();
    return {};
  }
  Result<void> send_all() {
    while (upload_->offset() < length_) {
      TRY_VOID(await_bytes());  // the service does not wait long for a chunk once its request has begun
      const std::uint64_t size = std::min<std::uint64_t>(kUploadChunk, length_ - upload_->offset());
      TRY_VOID(upload_->write(size, [this](std::uint64_t at, std::span<std::byte> into) { return read(at, into); }));
      const std::scoped_lock lock(mutex_);
      kept_ = upload_->offset();
      changed_.notify_all();
    }
    return {};
  }
  void run() {
    Result<void> sent = send_all();
    const std::scoped_lock lock(mutex_);
    sent_ = std::move(sent);
    changed_.notify_all();
  }

  static constexpr std::size_t kAhead = 8U << 20;
  Upload* upload_;
  const std::uint64_t length_;
  std::mutex mutex_;  // guards the members below, but not the ring's bytes
  std::condition_variable changed_;
  std::uint64_t kept_;  // the ring holds the upload's bytes from this offset
  std::uint64_t end_;   // to this one
  bool ended_ = false;
  std::optional<Result<void>> sent_;
  Bytes ring_;
  std::thread thread_;
};

bool may_resume_after(Errc code) {
  return code == Errc::unavailable || code == Errc::retry || code == Errc::full;
}

std::string note_of(const access::SafeId& safe, std::string_view local) {
  const std::string name = safe.to_string() + "\n" + std::string(local);
  return vault::hex(vault::crypto::sha256(vault::as_bytes(name))) + std::string(kNoteExtension);
}

}  // namespace

struct LargeUpload::Begun {
  Upload upload;
  FileKey key;
  PayloadNonce nonce;
};

LargeUpload::LargeUpload(Session& session, const access::SafeId& safe, std::string_view local)
    : session_(&session), note_(note_of(safe, local)) {}

// Returns true if there is a note and this program has it.
Result<bool> LargeUpload::claim() {
  if (claim_.is_open()) return true;
  TRY(auto claimed, session_->home().claim_note(note_));
  if (claimed) claim_ = std::move(*claimed);
  return claim_.is_open();
}

Result<void> LargeUpload::forget() {
  TRY(const bool ours, claim());
  if (!ours) return {};
  TRY_VOID(session_->home().drop_note(note_));
  claim_ = {};
  return {};
}

// Returns nothing if there is no upload to resume, or if another program is resuming it.
Result<std::optional<LargeUpload::Begun>> LargeUpload::resume(const SourceFile& source) {
  TRY(const bool ours, claim());
  if (!ours) return std::optional<Begun>();
  TRY(const auto text, session_->home().note(note_));
  if (!text) return std::optional<Begun>();
  const auto unfinished = wire::decode<UnfinishedUpload>(*text, wire::Strictness::tolerant);
  if (!unfinished || unfinished->v != kHomeVersion) {
    TRY_VOID(forget());
    return std::optional<Begun>();
  }
  const vault::age::Identity& identity = session_->keys().identity;
  const auto header = vault::age::parse_header(unfinished->key);
  auto key = header ? vault::age::open_header(*header, std::span(&identity, 1)) : Result<FileKey>(header.error());
  PayloadNonce nonce{};
  const bool same = key && unfinished->nonce.size() == nonce.size() && unfinished->size == source.state().size &&
                    unfinished->state == state_of(source.state());
  auto upload = Upload::resume(*session_, unfinished->upload, vault::age::ciphertext_size(source.state().size));
  if (upload && same) {
    std::ranges::copy(unfinished->nonce, nonce.begin());
    return std::optional<Begun>({std::move(*upload), std::move(*key), nonce});
  }
  if (!upload && may_resume_after(upload.code())) return upload.error();
  if (upload) static_cast<void>(upload->abandon());  // if this fails, the service collects the upload later by itself
  TRY_VOID(forget());
  return std::optional<Begun>();
}

Result<LargeUpload::Begun> LargeUpload::begin(const SourceFile& source) {
  TRY(auto unfinished, resume(source));
  if (unfinished) return std::move(*unfinished);
  const std::uint64_t size = source.state().size;
  FileKey key = FileKey::generate();
  PayloadNonce nonce;
  vault::fill_random(nonce);
  TRY(const Bytes wrapped, vault::age::make_header(key, std::span(&session_->keys().identity.recipient(), 1)));
  TRY(Upload upload, Upload::create(*session_, vault::age::ciphertext_size(size)));
  TRY(const auto taken, session_->home().note(note_));
  if (!taken) {  // otherwise another program is sending the same file, and this upload is not resumed
    TRY_VOID(session_->home().put_note(
        note_, wire::encode(UnfinishedUpload{kHomeVersion, upload.id(), size, state_of(source.state()), wrapped,
                                             Bytes(nonce.begin(), nonce.end())})));
    TRY_VOID(claim());
  }
  return Begun{std::move(upload), std::move(key), nonce};
}

std::expected<EncryptedPayload, Fault> LargeUpload::send(SourceFile& source, const vault::age::Recipient& recipient,
                                                         std::atomic<std::uint64_t>& bytes) {
  for (int attempt = 1;; ++attempt) {
    source.rewind();
    const std::uint64_t before = furthest_;
    auto sent = send_once(source, recipient, bytes);
    if (sent) return sent;
    if (!sent.error().of_this_file && sent.error().error.code == Errc::retry) {
      if (furthest_ > before) attempt = 1;
      if (attempt < kMaxRestarts) continue;
    }
    return sent;
  }
}

std::expected<EncryptedPayload, Fault> LargeUpload::send_once(SourceFile& source,
                                                              const vault::age::Recipient& recipient,
                                                              std::atomic<std::uint64_t>& bytes) {
  auto begun = begin(source);
  if (!begun) return std::unexpected(Fault{begun.error()});
  EncryptedPayload made;
  made.upload = begun->upload.id();
  made.length = vault::age::ciphertext_size(source.state().size);
  auto header = vault::age::make_header(begun->key, std::span(&recipient, 1));
  if (!header) return std::unexpected(Fault{header.error()});
  made.header = std::move(*header);

  std::optional<Error> file_error;
  vault::crypto::Sha256 hash;
  std::uint64_t total = 0;
  const vault::age::Reader reader = [&](std::span<std::byte> into) -> Result<std::size_t> {
    auto got = source.read(into);
    if (got && total + *got > source.state().size) got = Error{Errc::conflict, "the file grew while it was being read"};
    // Checked before any of these bytes is sealed, because other text may have been sent under this key and nonce.
    if (got)
      if (auto same = source.check_same(); !same) got = same.error();
    if (!got) {
      file_error = got.error();
      return got;
    }
    hash.update(into.first(*got));
    total += *got;
    bytes += *got;
    return got;
  };
  vault::payload::PayloadDigest digest;
  std::uint64_t there = begun->upload.offset();  // bytes that the service has already; they are not sent again
  Result<void> sent;
  {
    ChunkSender sender(begun->upload, made.length);
    const auto made_again =
        vault::age::encrypt_payload(begun->key, begun->nonce, reader, [&](ByteView sealed) -> Result<void> {
          digest.update(sealed);
          const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(there, sealed.size()));
          there -= skipped;
          return sender.push(sealed.subspan(skipped));
        });
    sent = sender.finish();
    if (!made_again && (sent || sent.code() == Errc::cancelled)) sent = made_again.error();
  }
  furthest_ = std::max(furthest_, begun->upload.offset());
  if (!file_error && (sent || sent.code() == Errc::cancelled)) {
    if (auto same = source.check_unchanged(total); !same) file_error = same.error();
  }
  if (!file_error && sent) {
    made.size = total;
    made.sha256 = hash.finish();
    made.payload = digest.finish();
    return made;
  }
  bytes -= total;
  if (file_error || !may_resume_after(sent.error().code)) {
    static_cast<void>(begun->upload.abandon());
    if (auto gone = forget(); !gone && sent) sent = gone;
  }
  if (file_error) return std::unexpected(Fault{*file_error, true});
  return std::unexpected(Fault{sent.error()});
}

Result<void> forget_gone_uploads(Session& session) {
  Home& home = session.home();
  TRY(const std::vector<std::string> names, home.notes(kNoteExtension));
  for (const std::string& name : names) {
    const auto text = home.note(name);
    // Another program has just finished it, or it cannot be read, which must not stop a sync.
    if (!text || !*text) continue;
    const auto unfinished = wire::decode<UnfinishedUpload>(**text, wire::Strictness::tolerant);
    if (unfinished && unfinished->v != kHomeVersion) continue;  // of a newer version of this program
    if (unfinished) {
      const auto known = Upload::resume(session, unfinished->upload, std::numeric_limits<std::uint64_t>::max());
      if (!known && known.code() == Errc::unavailable) return known.error();
      if (known || known.code() != Errc::not_found) continue;
    }
    TRY(const auto ours, home.claim_note(name));
    const auto still = home.note(name);
    if (ours && still && *still == *text) TRY_VOID(home.drop_note(name));
  }
  return {};
}

}  // namespace cli::client
