#include "vault/age/file.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "vault/age/armor.h"

namespace vault::age {
namespace {

constexpr std::size_t kPlainUnit = kChunksPerUnit * kChunkSize;
constexpr std::size_t kSealedUnit = kChunksPerUnit * kSealedChunkSize;
constexpr std::size_t kHeaderReadSize = 4096;
constexpr std::size_t kArmorReadSize = 64 * 1024;

// Working memory that the system provides only as it is touched. The touched part is wiped when it is freed.
class Scratch {
 public:
  explicit Scratch(std::size_t size) : data_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    if (data_) wipe({data_.get(), touched_});
  }
  std::span<std::byte> all() { return {data_.get(), size_}; }
  // Returns the first `count` bytes, and remembers that they have been written to.
  std::span<std::byte> touched(std::size_t count) {
    touched_ = std::max(touched_, count);
    return {data_.get(), count};
  }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
  std::size_t touched_ = 0;
};

// Reads until `into` is full or the input ends.
Result<std::size_t> read_full(const Reader& reader, std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    TRY(const std::size_t size, reader(into.subspan(filled)));
    invariant(size <= into.size() - filled, "a reader fills no more than it is given");
    if (size == 0) break;
    filled += size;
  }
  return filled;
}

// Seals or opens the units of one payload on several threads. A thread reads the next unit, works on it, waits for its
// turn, and writes it. So one thread handles a unit from beginning to end, and no unit is passed on.
//
// 1. Units are numbered as they are read. `reading_` guards the members that concern the reader.
// 2. Only the thread whose unit has the number `turn_` writes or fails. So the first error in the order of the file is
//    the one that is returned.
// 3. A unit is the last if the input ends within it or right after it. One byte is read ahead to find out.
class Pipeline {
 public:
  using Work = std::function<Result<std::size_t>(PayloadCipher& cipher, std::uint64_t first_chunk, bool last,
                                                 ByteView in, std::span<std::byte> out)>;

  Pipeline(const Reader& reader, const Writer& writer, std::size_t unit_in, std::size_t unit_out,
           std::function<PayloadCipher()> make_cipher, Work work)
      : reader_(reader),
        writer_(writer),
        unit_in_(unit_in),
        unit_out_(unit_out),
        make_cipher_(std::move(make_cipher)),
        work_(std::move(work)) {}

  // The number of bytes that were read and written.
  struct Totals {
    std::uint64_t in = 0;
    std::uint64_t out = 0;
  };
  Result<Totals> run(Threads threads) {
    unsigned count = threads.count == 0 ? std::thread::hardware_concurrency() : threads.count;
    count = std::clamp(count, 1U, kMaxThreads);
    std::vector<std::jthread> others;
    Scratch in(unit_in_ + 1);
    std::optional<Unit> first = take(in);
    if (!first->last && first->size) {  // a file with only one unit needs no other thread
      for (unsigned i = 1; i < count; ++i) {
        try {
          others.emplace_back([this] {
            Scratch own(unit_in_ + 1);
            serve(own, take(own));
          });
        } catch (const std::system_error&) {
          break;  // the machine has no more threads to give, and fewer can do the same work
        }
      }
    }
    serve(in, std::move(first));
    others.clear();  // joins
    if (failure_) return *failure_;
    return totals_;
  }

 private:
  struct Unit {
    std::uint64_t number;
    Result<std::size_t> size;  // of the input
    bool last;
  };

  std::optional<Unit> take(Scratch& in) {
    const std::lock_guard lock(reading_);
    if (input_ended_) return std::nullopt;
    Unit unit{next_unit_++, 0, false};
    const auto all = in.all();
    std::size_t filled = 0;
    if (ahead_) all[filled++] = *ahead_;
    auto more = read_full(reader_, all.subspan(filled));
    if (!more) {
      unit.size = more.error();
      input_ended_ = true;
      return unit;
    }
    filled += *more;
    in.touched(filled);
    unit.last = filled <= unit_in_;
    unit.size = std::min(filled, unit_in_);
    input_ended_ = unit.last;
    if (!unit.last) ahead_ = all[unit_in_];  // the byte that was read ahead begins the next unit
    return unit;
  }

  void serve(Scratch& in, std::optional<Unit> unit) {
    if (!unit) return;
    PayloadCipher cipher = make_cipher_();
    Scratch out(unit_out_);
    for (; unit; unit = take(in)) {
      Result<std::size_t> made = 0;
      if (unit->size) {
        made = work_(cipher, unit->number * kChunksPerUnit, unit->last, in.touched(*unit->size), out.all());
        if (made) out.touched(*made);
      } else {
        made = unit->size.error();
      }
      if (!write_in_turn(*unit, made, out)) return;
    }
  }

  bool write_in_turn(const Unit& unit, const Result<std::size_t>& made, Scratch& out) {
    {
      std::unique_lock lock(writing_);
      turn_changed_.wait(lock, [&] { return turn_ == unit.number || failure_; });
      if (failure_) return false;
    }
    // The writer may block, so it is called without the lock. Nobody else writes, since `turn_` changes only below.
    Result<void> written = made ? writer_(out.touched(*made)) : Result<void>(made.error());
    const std::lock_guard lock(writing_);
    if (written) {
      totals_.in += *unit.size;
      totals_.out += *made;
      ++turn_;
    } else {
      failure_ = written.error();
    }
    turn_changed_.notify_all();
    return written.has_value();
  }

  const Reader& reader_;
  const Writer& writer_;
  const std::size_t unit_in_;
  const std::size_t unit_out_;
  const std::function<PayloadCipher()> make_cipher_;
  const Work work_;

  std::mutex reading_;
  std::uint64_t next_unit_ = 0;
  std::optional<std::byte> ahead_;
  bool input_ended_ = false;

  std::mutex writing_;
  std::condition_variable turn_changed_;
  std::uint64_t turn_ = 0;
  Totals totals_;
  std::optional<Error> failure_;
};

Result<std::uint64_t> encrypt_after(const Bytes& header, const FileKey& file_key, const Reader& plain,
                                    const Writer& file, const EncryptOptions& options) {
  if (!options.armor) {
    TRY_VOID(file(header));
    return encrypt_payload(file_key, plain, file, options.threads);
  }
  Armorer armorer;
  std::string text;
  const auto flush = [&]() -> Result<void> {
    auto written = file(as_bytes(text));
    text.clear();
    return written;
  };
  const Writer armored = [&](ByteView bytes) {
    armorer.push(bytes, text);
    return flush();
  };
  TRY_VOID(armored(header));
  TRY(const std::uint64_t size, encrypt_payload(file_key, plain, armored, options.threads));
  armorer.finish(text);
  TRY_VOID(flush());
  return size;
}

// Returns a reader of `in_hand` and then of all that `reader` still has.
Reader read_on(Bytes in_hand, Reader reader) {
  return
      [bytes = std::move(in_hand), at = std::size_t{0}, reader = std::move(reader)](std::span<std::byte> into) mutable {
        if (at == bytes.size()) return reader(into);
        const std::size_t size = std::min(into.size(), bytes.size() - at);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, into.begin());
        at += size;
        return Result<std::size_t>(size);
      };
}

// Returns a reader of the binary file that an armored text contains.
Reader read_unarmored(Reader text) {
  struct State {
    Reader text;
    Unarmorer unarmorer;
    Bytes bytes;
    std::size_t at = 0;
    bool ended = false;
    Bytes buffer = Bytes(kArmorReadSize);
  };
  // The state is shared only because a std::function must be copyable. There is one reader.
  return [state = std::make_shared<State>(std::move(text))](std::span<std::byte> into) -> Result<std::size_t> {
    State& s = *state;
    while (s.at == s.bytes.size() && !s.ended) {
      s.bytes.clear();
      s.at = 0;
      TRY(const std::size_t size, s.text(s.buffer));
      s.ended = size == 0;
      if (s.ended) {
        TRY_VOID(s.unarmorer.finish(s.bytes));
      } else {
        TRY_VOID(s.unarmorer.push(ByteView(s.buffer).first(size), s.bytes));
      }
    }
    const std::size_t size = std::min(into.size(), s.bytes.size() - s.at);
    std::copy_n(s.bytes.begin() + static_cast<std::ptrdiff_t>(s.at), size, into.begin());
    s.at += size;
    return size;
  };
}

// Appends up to `more` bytes to `bytes`. Returns false at the end of the input.
Result<bool> read_more(const Reader& reader, std::size_t more, Bytes& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + more);
  const auto size = reader(std::span(bytes).subspan(before));
  bytes.resize(before + (size ? *size : 0));
  if (!size) return size.error();
  return *size != 0;
}

Result<OpenedFile> read_binary_header(Reader file, Bytes start) {
  for (;;) {
    TRY(std::optional<Header> header, parse_header_so_far(start));
    if (header) {
      start.erase(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(header->bytes.size()));
      return OpenedFile{*std::move(header), read_on(std::move(start), std::move(file))};
    }
    TRY(const bool more, read_more(file, kHeaderReadSize, start));
    if (!more) {
      TRY(Header whole, parse_header(start));  // returns the error that the file ends within its header
      return OpenedFile{std::move(whole), std::move(file)};
    }
  }
}

Result<Bytes> seal_small(const Result<Bytes>& header, const FileKey& file_key, ByteView plain) {
  if (!header) return header.error();
  if (plain.size() > kMaxSmallPlain) return Error{Errc::too_large, "over 16 MiB to be encrypted in memory"};
  Bytes file = *header;
  file.reserve(file.size() + static_cast<std::size_t>(ciphertext_size(plain.size())));
  Encryptor encryptor(file_key, append_to(file));
  TRY_VOID(encryptor.push(plain));
  TRY_VOID(encryptor.finish());
  return file;
}

template <class OpenHeader>
Result<Bytes> open_small(ByteView file, const OpenHeader& open) {
  Bytes unarmored;
  if (looks_armored(file)) {
    TRY(unarmored, unarmor(as_text(file)));
    file = unarmored;
  }
  TRY(const Header header, parse_header(file));
  TRY(const FileKey file_key, open(header));
  const ByteView payload = file.subspan(header.bytes.size());
  if (payload.size() > ciphertext_size(kMaxSmallPlain))
    return Error{Errc::too_large, "an age file over 16 MiB is not decrypted in memory"};
  Bytes plain;
  plain.reserve(payload.size());  // never grows, so no copy of a secret is left behind in memory that was freed
  Decryptor decryptor(file_key, append_to(plain));
  auto done = decryptor.push(payload);
  if (done) done = decryptor.finish();
  if (done) return plain;
  wipe(plain);
  return done.error();
}

}  // namespace

Reader read_from(ByteView bytes) {
  return [bytes](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const std::size_t size = std::min(into.size(), bytes.size());
    std::copy_n(bytes.begin(), size, into.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

Writer append_to(Bytes& to) {
  return [&to](ByteView bytes) -> Result<void> {
    append(to, bytes);
    return {};
  };
}

Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const Reader& plain, const Writer& payload,
                                      Threads threads) {
  PayloadNonce nonce;
  fill_random(nonce);
  return encrypt_payload(file_key, nonce, plain, payload, threads);
}

Result<std::uint64_t> encrypt_payload(const FileKey& file_key, const PayloadNonce& nonce, const Reader& plain,
                                      const Writer& payload, Threads threads) {
  TRY_VOID(payload(nonce));
  const auto seal = [](PayloadCipher& cipher, std::uint64_t first_chunk, bool last, ByteView in,
                       std::span<std::byte> out) -> Result<std::size_t> {
    const std::size_t size = PayloadCipher::sealed_run_size(in.size());
    cipher.seal(first_chunk, last, in, out.first(size));
    return size;
  };
  Pipeline pipeline(plain, payload, kPlainUnit, kSealedUnit, [&] { return PayloadCipher(file_key, nonce); }, seal);
  TRY(const auto totals, pipeline.run(threads));
  return totals.in;
}

Result<std::uint64_t> decrypt_payload(const FileKey& file_key, const Reader& payload, const Writer& plain,
                                      Threads threads) {
  PayloadNonce nonce;
  TRY(const std::size_t got, read_full(payload, nonce));
  if (got != nonce.size()) return Error{Errc::malformed, "not a valid age file: it ends before its content"};
  const auto open = [](PayloadCipher& cipher, std::uint64_t first_chunk, bool last, ByteView in,
                       std::span<std::byte> out) { return cipher.open(first_chunk, last, in, out); };
  Pipeline pipeline(payload, plain, kSealedUnit, kPlainUnit, [&] { return PayloadCipher(file_key, nonce); }, open);
  TRY(const auto totals, pipeline.run(threads));
  return totals.out;
}

Result<std::uint64_t> encrypt(const Reader& plain, const Writer& file, std::span<const Recipient> recipients,
                              const EncryptOptions& options) {
  const FileKey file_key = FileKey::generate();
  TRY(const Bytes header, make_header(file_key, recipients));
  return encrypt_after(header, file_key, plain, file, options);
}

Result<std::uint64_t> encrypt_with_passphrase(const Reader& plain, const Writer& file, const SecretText& passphrase,
                                              unsigned log_n, const EncryptOptions& options) {
  const FileKey file_key = FileKey::generate();
  TRY(const Bytes header, make_scrypt_header(file_key, passphrase, log_n));
  return encrypt_after(header, file_key, plain, file, options);
}

Result<OpenedFile> read_header(const Reader& file) {
  Bytes start;
  // The white space that is allowed before armor must be read to see whether armor follows.
  while (start.size() <= kMaxArmorWhitespace + 1) {
    TRY(const bool more, read_more(file, kHeaderReadSize, start));
    if (!more) break;
  }
  const Reader same = [&file](std::span<std::byte> into) { return file(into); };  // a copy would have its own position
  if (!looks_armored(start)) return read_binary_header(same, std::move(start));
  return read_binary_header(read_unarmored(read_on(std::move(start), same)), {});
}

Result<std::uint64_t> decrypt(const Reader& file, const Writer& plain, std::span<const Identity> identities,
                              Threads threads) {
  TRY(const OpenedFile opened, read_header(file));
  TRY(const FileKey file_key, open_header(opened.header, identities));
  return decrypt_payload(file_key, opened.payload, plain, threads);
}

Result<std::uint64_t> decrypt_with_passphrase(const Reader& file, const Writer& plain, const SecretText& passphrase,
                                              Threads threads) {
  TRY(const OpenedFile opened, read_header(file));
  TRY(const FileKey file_key, open_scrypt_header(opened.header, passphrase));
  return decrypt_payload(file_key, opened.payload, plain, threads);
}

Result<Bytes> encrypt_small(ByteView plain, std::span<const Recipient> recipients) {
  const FileKey file_key = FileKey::generate();
  return seal_small(make_header(file_key, recipients), file_key, plain);
}

Result<Bytes> encrypt_small_with_passphrase(ByteView plain, const SecretText& passphrase, unsigned log_n) {
  const FileKey file_key = FileKey::generate();
  return seal_small(make_scrypt_header(file_key, passphrase, log_n), file_key, plain);
}

Result<Bytes> decrypt_small(ByteView file, std::span<const Identity> identities) {
  return open_small(file, [&](const Header& header) { return open_header(header, identities); });
}

Result<Bytes> decrypt_small_with_passphrase(ByteView file, const SecretText& passphrase, unsigned max_log_n) {
  return open_small(file, [&](const Header& header) { return open_scrypt_header(header, passphrase, max_log_n); });
}

}  // namespace vault::age
