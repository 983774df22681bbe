// The payload of an age v1 file, called STREAM: a 16-byte nonce, then chunks of 64 KiB, each sealed with
// ChaCha20-Poly1305 under nonce = big-endian chunk number (11 bytes) || 01 for the last chunk, 00 for the others. The
// last chunk may be short or full. It is empty only if the whole payload is empty. https://c2sp.org/age
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "vault/age/header.h"
#include "vault/base/secret.h"
#include "vault/crypto/aead.h"

namespace vault::age {

inline constexpr std::size_t kChunkSize = 64 * 1024;  // of plaintext
inline constexpr std::size_t kSealedChunkSize = kChunkSize + crypto::kTagSize;
inline constexpr std::size_t kPayloadNonceSize = 16;

using PayloadNonce = std::array<std::byte, kPayloadNonceSize>;

// Is given the bytes in order. The view is valid only during the call. An error stops the caller, which returns it.
using Writer = std::function<Result<void>(ByteView bytes)>;

// Returns the size of the payload, including its nonce, for that much plaintext. Plaintext is at most 2^63 bytes, as
// any file is; more breaks an invariant.
std::uint64_t ciphertext_size(std::uint64_t plain_size);

// The inverse, for payloads with their nonce. Errc::malformed for a size that no payload has.
Result<std::uint64_t> plain_size(std::uint64_t ciphertext_size);

// Seals and opens runs of chunks anywhere in one payload. Not thread safe: use one per thread.
class PayloadCipher {
 public:
  PayloadCipher(const FileKey& file_key, const PayloadNonce& nonce);

  // Returns the size of a sealed run of that much plaintext.
  static std::size_t sealed_run_size(std::size_t plain);

  // Seals consecutive chunks, starting with chunk number `first_chunk` (from 0). `last` means that the run ends the
  // payload. A run that is not the last must be a positive multiple of kChunkSize. The last one may have any size, but
  // may be empty only at chunk 0. out.size() must be sealed_run_size(plain.size()). Anything else breaks an invariant.
  // `out` and `plain` must not overlap.
  void seal(std::uint64_t first_chunk, bool last, ByteView plain, std::span<std::byte> out);

  // Opens a run that `seal` made, and returns how many bytes of `out` are plaintext. `out` must have room for at least
  // sealed.size() bytes less a tag for each chunk. Errc::tampered if a chunk does not verify or no run has that size;
  // `out` is then wiped as far as it was written.
  Result<std::size_t> open(std::uint64_t first_chunk, bool last, ByteView sealed, std::span<std::byte> out);

 private:
  crypto::ChaCha20Poly1305 aead_;
};

// Seals a payload while it arrives. Holds one chunk. Not thread safe.
class Encryptor {
 public:
  Encryptor(const FileKey& file_key, Writer write);  // a fresh random nonce
  Result<void> push(ByteView plain);
  Result<void> finish();  // seals the last chunk; no other call may follow

 private:
  Result<void> seal(bool last, ByteView plain);

  PayloadNonce nonce_;
  PayloadCipher cipher_;
  Writer write_;
  WipedBytes held_{kChunkSize};
  std::size_t held_size_ = 0;
  Bytes sealed_;
  std::uint64_t next_chunk_ = 0;
  bool nonce_written_ = false;
  bool finished_ = false;
};

// Opens a payload while it arrives, and writes each chunk only after it has been authenticated. Holds one chunk. The
// plaintext that was written before a failure is a true beginning of the whole; only the success of `finish` means that
// it is complete. Once a call has failed, every later call returns the same error. Not thread safe.
class Decryptor {
 public:
  Decryptor(const FileKey& file_key, Writer write);
  // Errc::tampered if a chunk does not verify or anything follows the last one.
  Result<void> push(ByteView sealed);
  // Errc::malformed if the payload ended within its nonce; Errc::tampered if it ended before its last chunk.
  Result<void> finish();

 private:
  Result<void> take(ByteView sealed);
  Result<void> take_end();
  Result<void> open_full_chunk(ByteView sealed);
  Result<void> fail_with(Result<void> result);

  FileKey file_key_;
  Writer write_;
  PayloadNonce nonce_{};
  std::optional<PayloadCipher> cipher_;  // empty until the nonce is complete
  Bytes held_;
  WipedBytes plain_{kChunkSize};
  std::uint64_t next_chunk_ = 0;
  bool ended_ = false;  // the last chunk has been written
  std::optional<Error> failure_;
};

}  // namespace vault::age
