#include "vault/crypto/aead.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <new>

#include "vault/base/secret.h"

namespace vault::crypto {
namespace {

const EVP_CIPHER* chacha_algorithm() {
  static EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  invariant(algorithm != nullptr, "OpenSSL has ChaCha20-Poly1305");  // start_crypto has checked it
  return algorithm;
}

const unsigned char* in(ByteView view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}
unsigned char* out_of(std::span<std::byte> span) {
  return reinterpret_cast<unsigned char*>(span.data());
}

constexpr std::size_t kMaxMessage = 1U << 30;  // EVP takes an int

}  // namespace

struct ChaCha20Poly1305::Context {
  EVP_CIPHER_CTX* seal = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* open = EVP_CIPHER_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    EVP_CIPHER_CTX_free(seal);  // clears the key
    EVP_CIPHER_CTX_free(open);
  }
};

ChaCha20Poly1305::ChaCha20Poly1305(std::span<const std::byte, 32> key) : context_(std::make_unique<Context>()) {
  // These calls can only fail for lack of memory.
  if (context_->seal == nullptr || context_->open == nullptr ||
      EVP_EncryptInit_ex2(context_->seal, chacha_algorithm(), in(key), nullptr, nullptr) != 1 ||
      EVP_DecryptInit_ex2(context_->open, chacha_algorithm(), in(key), nullptr, nullptr) != 1)
    throw std::bad_alloc();
}
ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305::~ChaCha20Poly1305() = default;

void ChaCha20Poly1305::seal(std::span<const std::byte, kChaChaNonceSize> nonce, ByteView associated, ByteView plain,
                            std::span<std::byte> out) {
  invariant(plain.size() <= kMaxMessage && out.size() == plain.size() + kTagSize, "sealed size is plain size and tag");
  EVP_CIPHER_CTX* const c = context_->seal;
  int n = 0;
  bool ok = EVP_EncryptInit_ex2(c, nullptr, nullptr, in(nonce), nullptr) == 1;
  if (!associated.empty())
    ok = ok && EVP_EncryptUpdate(c, nullptr, &n, in(associated), static_cast<int>(associated.size())) == 1;
  if (!plain.empty()) ok = ok && EVP_EncryptUpdate(c, out_of(out), &n, in(plain), static_cast<int>(plain.size())) == 1;
  unsigned char none[kTagSize];  // Final writes nothing for a stream cipher, but wants an address
  ok = ok && EVP_EncryptFinal_ex(c, none, &n) == 1 &&
       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, out_of(out.subspan(plain.size()))) == 1;
  invariant(ok, "ChaCha20-Poly1305 seals");
}

Result<void> ChaCha20Poly1305::open(std::span<const std::byte, kChaChaNonceSize> nonce, ByteView associated,
                                    ByteView sealed, std::span<std::byte> out) {
  if (sealed.size() < kTagSize) return Error{Errc::tampered, "sealed bytes are shorter than their tag"};
  invariant(sealed.size() <= kMaxMessage && out.size() == sealed.size() - kTagSize,
            "plain size is sealed size less tag");
  unsigned char tag[kTagSize];  // a copy, since OpenSSL does not take a const tag
  std::copy_n(in(sealed) + out.size(), kTagSize, tag);
  EVP_CIPHER_CTX* const c = context_->open;
  int n = 0;
  bool ok = EVP_DecryptInit_ex2(c, nullptr, nullptr, in(nonce), nullptr) == 1;
  if (!associated.empty())
    ok = ok && EVP_DecryptUpdate(c, nullptr, &n, in(associated), static_cast<int>(associated.size())) == 1;
  if (!out.empty()) ok = ok && EVP_DecryptUpdate(c, out_of(out), &n, in(sealed), static_cast<int>(out.size())) == 1;
  invariant(ok, "ChaCha20-Poly1305 takes data");
  unsigned char none[kTagSize];
  if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) != 1 || EVP_DecryptFinal_ex(c, none, &n) != 1) {
    wipe(out);  // it was decrypted before the tag was compared
    return Error{Errc::tampered, "the authentication tag does not verify"};
  }
  return {};
}

Bytes xchacha_seal_with_nonce(std::span<const std::byte, 32> key, std::span<const std::byte, kXChaChaNonceSize> nonce,
                              ByteView associated, ByteView plain) {
  Bytes out(plain.size() + kTagSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out_of(out), nullptr, in(plain), plain.size(), in(associated),
                                             associated.size(), nullptr, in(nonce), in(key));
  return out;
}

Result<Bytes> xchacha_open_with_nonce(std::span<const std::byte, 32> key,
                                      std::span<const std::byte, kXChaChaNonceSize> nonce, ByteView associated,
                                      ByteView sealed) {
  if (sealed.size() < kTagSize) return Error{Errc::tampered, "sealed bytes are shorter than their tag"};
  Bytes out(sealed.size() - kTagSize);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out_of(out), nullptr, nullptr, in(sealed), sealed.size(),
                                                 in(associated), associated.size(), in(nonce), in(key)) != 0)
    return Error{Errc::tampered, "the authentication tag does not verify"};
  return out;
}

Bytes xchacha_seal(std::span<const std::byte, 32> key, ByteView associated, ByteView plain) {
  Bytes out(kXChaChaNonceSize + plain.size() + kTagSize);
  const auto nonce = std::span(out).first<kXChaChaNonceSize>();
  fill_random(nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out_of(std::span(out).subspan(kXChaChaNonceSize)), nullptr, in(plain),
                                             plain.size(), in(associated), associated.size(), nullptr, in(nonce),
                                             in(key));
  return out;
}

Result<Bytes> xchacha_open(std::span<const std::byte, 32> key, ByteView associated, ByteView sealed) {
  if (sealed.size() < kXChaChaNonceSize + kTagSize)
    return Error{Errc::tampered, "sealed bytes are shorter than their nonce and tag"};
  return xchacha_open_with_nonce(key, sealed.first<kXChaChaNonceSize>(), associated, sealed.subspan(kXChaChaNonceSize));
}

}  // namespace vault::crypto
