#include "vault/crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "vault/base/secret.h"

namespace vault::crypto {
namespace {

// The algorithm is fetched once, because an implicit fetch costs more than hashing a small message.
const EVP_MD* sha256_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  invariant(algorithm != nullptr, "OpenSSL has SHA-256");  // start_crypto has checked it
  return algorithm;
}

constexpr std::size_t kBlockSize = 64;

// For calls in which OpenSSL allocates memory, since nothing else can make them fail.
void require_memory(bool succeeded) {
  if (!succeeded) throw std::bad_alloc();
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  State() { require_memory(context && EVP_DigestInit_ex(context.get(), sha256_algorithm(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView data) {
  invariant(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1, "SHA-256 takes data");
}

Digest Sha256::finish() {
  Digest digest;
  unsigned size = 0;
  invariant(EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1 &&
                size == digest.size(),
            "SHA-256 ends");
  return digest;
}

Digest sha256(ByteView data) {
  Digest digest;
  unsigned size = 0;
  require_memory(EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                            sha256_algorithm(), nullptr) == 1);
  return digest;
}

Digest sha256(std::initializer_list<ByteView> parts) {
  Sha256 hash;
  for (ByteView part : parts) hash.update(part);
  return hash.finish();
}

std::array<std::byte, 64> sha512(ByteView data) {
  std::array<std::byte, 64> digest;
  unsigned size = 0;
  require_memory(EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                            EVP_sha512(), nullptr) == 1);
  return digest;
}

Digest hmac_sha256(ByteView key, ByteView message) {
  WipedBytes inner_pad(kBlockSize), outer_pad(kBlockSize);
  const auto set = [&](ByteView k) {
    for (std::size_t i = 0; i < kBlockSize; ++i) {
      const std::byte b = i < k.size() ? k[i] : std::byte{0};
      inner_pad.span()[i] = b ^ std::byte{0x36};
      outer_pad.span()[i] = b ^ std::byte{0x5c};
    }
  };
  // RFC 2104: a key that is longer than a block is hashed first, and the hash is used as the key.
  if (key.size() > kBlockSize) {
    Digest short_key = sha256(key);
    set(short_key);
    wipe(short_key);
  } else {
    set(key);
  }
  Digest inner = sha256({inner_pad.view(), message});
  const Digest mac = sha256({outer_pad.view(), inner});
  wipe(inner);
  return mac;
}

void hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::span<std::byte> out) {
  invariant(out.size() <= 255 * sizeof(Digest), "HKDF-SHA256 gives at most 8160 bytes");
  Digest key = hmac_sha256(salt, secret);
  Digest block{};
  std::size_t done = 0;
  // RFC 5869: T(n) = HMAC(PRK, T(n-1) | info | n), where T(0) is empty.
  for (unsigned counter = 1; done < out.size(); ++counter) {
    Bytes message;
    if (counter > 1) append(message, block);
    append(message, info);
    message.push_back(static_cast<std::byte>(counter));
    block = hmac_sha256(key, message);
    wipe(message);
    const std::size_t take = std::min(block.size(), out.size() - done);
    std::copy_n(block.begin(), take, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += take;
  }
  wipe(key);
  wipe(block);
}

}  // namespace vault::crypto
