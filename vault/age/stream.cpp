#include "vault/age/stream.h"

#include <algorithm>

#include "vault/crypto/hash.h"

namespace vault::age {
namespace {

using ChunkNonce = std::array<std::byte, crypto::kChaChaNonceSize>;

ChunkNonce chunk_nonce(std::uint64_t chunk, bool last) {
  ChunkNonce nonce{};
  std::ranges::copy(big_endian64(chunk), nonce.begin() + 3);
  nonce.back() = std::byte{last};
  return nonce;
}

crypto::ChaCha20Poly1305 payload_aead(const FileKey& file_key, const PayloadNonce& nonce) {
  SecretBytes<struct PayloadKeyTag, 32> key;
  crypto::hkdf_sha256(file_key.expose(), nonce, as_bytes("payload"), key.writable());
  return crypto::ChaCha20Poly1305(key.expose());
}

PayloadNonce random_nonce() {
  PayloadNonce nonce;
  fill_random(nonce);
  return nonce;
}

constexpr std::uint64_t kMaxPlainSize = std::uint64_t{1} << 63;

std::uint64_t chunks_of(std::uint64_t plain) {
  return plain == 0 ? 1 : (plain - 1) / kChunkSize + 1;
}

Error cut_short() {
  return {Errc::tampered, "the age file is cut short: its last chunk is missing"};
}
Error altered() {
  return {Errc::tampered, "the age file's content was altered or cut short: a chunk does not verify"};
}

}  // namespace

std::uint64_t ciphertext_size(std::uint64_t plain_size) {
  invariant(plain_size <= kMaxPlainSize, "a file has at most 2^63 bytes");
  return kPayloadNonceSize + plain_size + crypto::kTagSize * chunks_of(plain_size);
}

Result<std::uint64_t> plain_size(std::uint64_t ciphertext_size) {
  const Error impossible{Errc::malformed, "no age payload has that size"};
  if (ciphertext_size < kPayloadNonceSize + crypto::kTagSize) return impossible;
  const std::uint64_t sealed = ciphertext_size - kPayloadNonceSize;
  const std::uint64_t chunks = (sealed - 1) / kSealedChunkSize + 1;
  const std::uint64_t last = sealed - (chunks - 1) * kSealedChunkSize;
  if (last < crypto::kTagSize || (last == crypto::kTagSize && chunks > 1)) return impossible;
  const std::uint64_t plain = sealed - chunks * crypto::kTagSize;
  if (plain > kMaxPlainSize) return impossible;
  return plain;
}

PayloadCipher::PayloadCipher(const FileKey& file_key, const PayloadNonce& nonce)
    : aead_(payload_aead(file_key, nonce)) {}

std::size_t PayloadCipher::sealed_run_size(std::size_t plain) {
  return plain + crypto::kTagSize * static_cast<std::size_t>(chunks_of(plain));
}

void PayloadCipher::seal(std::uint64_t first_chunk, bool last, ByteView plain, std::span<std::byte> out) {
  invariant(plain.empty() ? last && first_chunk == 0 : last || plain.size() % kChunkSize == 0,
            "only the last chunk is short, and empty only when it is the only one");
  invariant(out.size() == sealed_run_size(plain.size()), "a sealed run has a tag for each chunk");
  std::uint64_t chunk = first_chunk;
  do {
    const std::size_t size = std::min(kChunkSize, plain.size());
    const bool is_last = last && size == plain.size();
    aead_.seal(chunk_nonce(chunk++, is_last), {}, plain.first(size), out.first(size + crypto::kTagSize));
    plain = plain.subspan(size);
    out = out.subspan(size + crypto::kTagSize);
  } while (!plain.empty());
}

Result<std::size_t> PayloadCipher::open(std::uint64_t first_chunk, bool last, ByteView sealed,
                                        std::span<std::byte> out) {
  if (sealed.empty()) return cut_short();
  if (!last && sealed.size() % kSealedChunkSize != 0) return altered();
  std::uint64_t chunk = first_chunk;
  std::size_t written = 0;
  while (!sealed.empty()) {
    const std::size_t size = std::min(kSealedChunkSize, sealed.size());
    const bool is_last = last && size == sealed.size();
    const std::size_t plain = size < crypto::kTagSize ? 0 : size - crypto::kTagSize;
    invariant(written + plain <= out.size(), "an opened run fits");
    // A chunk that is shorter than its tag fails in the AEAD. An empty chunk is allowed only if it is the only one:
    // otherwise one plaintext would have two payloads.
    auto opened = aead_.open(chunk_nonce(chunk, is_last), {}, sealed.first(size), out.subspan(written, plain));
    if (!opened || (plain == 0 && chunk != 0)) {
      wipe(out.first(written));
      return altered();
    }
    ++chunk;
    written += plain;
    sealed = sealed.subspan(size);
  }
  return written;
}

Encryptor::Encryptor(const FileKey& file_key, Writer write)
    : nonce_(random_nonce()), cipher_(file_key, nonce_), write_(std::move(write)), sealed_(kSealedChunkSize) {}

Result<void> Encryptor::seal(bool last, ByteView plain) {
  if (!nonce_written_) {
    TRY_VOID(write_(nonce_));
    nonce_written_ = true;
  }
  const auto out = std::span(sealed_).first(PayloadCipher::sealed_run_size(plain.size()));
  cipher_.seal(next_chunk_++, last, plain, out);
  return write_(out);
}

Result<void> Encryptor::push(ByteView plain) {
  invariant(!finished_, "nothing is pushed after the end");
  while (!plain.empty()) {
    // A full chunk is held until another byte shows that it is not the last one, which has another nonce.
    if (held_size_ == kChunkSize) {
      held_size_ = 0;
      TRY_VOID(seal(false, held_.view()));
    }
    if (held_size_ == 0 && plain.size() > kChunkSize) {  // saves a copy
      TRY_VOID(seal(false, plain.first(kChunkSize)));
      plain = plain.subspan(kChunkSize);
      continue;
    }
    const std::size_t size = std::min(kChunkSize - held_size_, plain.size());
    std::ranges::copy(plain.first(size), held_.span().subspan(held_size_).begin());
    held_size_ += size;
    plain = plain.subspan(size);
  }
  return {};
}

Result<void> Encryptor::finish() {
  invariant(!finished_, "a payload ends once");
  finished_ = true;
  return seal(true, held_.view().first(held_size_));
}

Decryptor::Decryptor(const FileKey& file_key, Writer write) : file_key_(file_key.clone()), write_(std::move(write)) {
  held_.reserve(kSealedChunkSize);
}

Result<void> Decryptor::fail_with(Result<void> result) {
  if (!result) failure_ = result.error();
  return result;
}

Result<void> Decryptor::push(ByteView sealed) {
  if (failure_) return *failure_;
  return fail_with(take(sealed));
}

Result<void> Decryptor::finish() {
  if (failure_) return *failure_;
  return fail_with(take_end());
}

// Only its nonce shows whether a full chunk is the last one, so both nonces are tried. An authentic last chunk is
// written even if bytes follow it; those bytes are then an error of their own.
Result<void> Decryptor::open_full_chunk(ByteView sealed) {
  auto opened = cipher_->open(next_chunk_, false, sealed, plain_.span());
  if (!opened) {
    opened = cipher_->open(next_chunk_, true, sealed, plain_.span());
    if (!opened) return opened.error();
    ended_ = true;
  }
  ++next_chunk_;
  return write_(plain_.view().first(*opened));
}

Result<void> Decryptor::take(ByteView sealed) {
  while (!sealed.empty()) {
    if (ended_) return Error{Errc::tampered, "the age file was altered: data follows its last chunk"};
    if (cipher_ && held_.empty() && sealed.size() >= kSealedChunkSize) {  // saves a copy
      TRY_VOID(open_full_chunk(sealed.first(kSealedChunkSize)));
      sealed = sealed.subspan(kSealedChunkSize);
      continue;
    }
    const std::size_t wanted = cipher_ ? kSealedChunkSize : kPayloadNonceSize;
    const std::size_t size = std::min(wanted - held_.size(), sealed.size());
    append(held_, sealed.first(size));
    sealed = sealed.subspan(size);
    if (held_.size() < wanted) continue;
    if (cipher_) {
      TRY_VOID(open_full_chunk(held_));
    } else {
      std::ranges::copy(held_, nonce_.begin());
      cipher_.emplace(file_key_, nonce_);
    }
    held_.clear();
  }
  return {};
}

Result<void> Decryptor::take_end() {
  if (ended_) return {};
  if (!cipher_) return Error{Errc::malformed, "not a valid age file: it ends before its content"};
  TRY(const std::size_t size, cipher_->open(next_chunk_, true, held_, plain_.span()));
  ended_ = true;
  held_.clear();
  return write_(plain_.view().first(size));
}

}  // namespace vault::age
