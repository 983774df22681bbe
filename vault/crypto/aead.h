// Authenticated encryption: ChaCha20-Poly1305 (RFC 8439, OpenSSL, for bulk data) and XChaCha20-Poly1305 (libsodium, for
// sealing stored values under random nonces). If the tag does not verify, opening returns Errc::tampered and no
// plaintext.
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "vault/base/bytes.h"

namespace vault::crypto {

inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kChaChaNonceSize = 12;
inline constexpr std::size_t kXChaChaNonceSize = 24;

// Seals and opens many messages under one key. It keeps its cipher context, because making one for each message is
// slow. Not thread safe: use one per thread. The destructor wipes the key.
class ChaCha20Poly1305 {
 public:
  explicit ChaCha20Poly1305(std::span<const std::byte, 32> key);
  ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept;
  ~ChaCha20Poly1305();
  // `out` holds plain.size() + kTagSize bytes; it may begin where `plain` begins.
  void seal(std::span<const std::byte, kChaChaNonceSize> nonce, ByteView associated, ByteView plain,
            std::span<std::byte> out);
  // `out` holds sealed.size() - kTagSize bytes; it may begin where `sealed` begins. On failure `out` is wiped.
  Result<void> open(std::span<const std::byte, kChaChaNonceSize> nonce, ByteView associated, ByteView sealed,
                    std::span<std::byte> out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Writes nonce24 || ciphertext || tag16 with a random nonce. `xchacha_open` reads it.
Bytes xchacha_seal(std::span<const std::byte, 32> key, ByteView associated, ByteView plain);
Result<Bytes> xchacha_open(std::span<const std::byte, 32> key, ByteView associated, ByteView sealed);

// The same construction with a nonce that the caller gives: ciphertext || tag16. Use it only for test vectors and for
// keys that seal one value, because a nonce must never be used twice with one key.
Bytes xchacha_seal_with_nonce(std::span<const std::byte, 32> key, std::span<const std::byte, kXChaChaNonceSize> nonce,
                              ByteView associated, ByteView plain);
Result<Bytes> xchacha_open_with_nonce(std::span<const std::byte, 32> key,
                                      std::span<const std::byte, kXChaChaNonceSize> nonce, ByteView associated,
                                      ByteView sealed);

}  // namespace vault::crypto
