#include "vault/crypto/passphrase.h"

#include <sodium.h>

namespace vault::crypto {

Result<PassphraseKey> scrypt(const SecretText& passphrase, ByteView salt, unsigned log_n) {
  if (log_n < 1 || log_n > kMaxScryptLogN)
    return Error{Errc::invalid_argument, "scrypt work factor is outside 1 to 22"};
  PassphraseKey key;
  const std::string_view text = passphrase.expose();
  if (crypto_pwhash_scryptsalsa208sha256_ll(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                            reinterpret_cast<const std::uint8_t*>(salt.data()), salt.size(),
                                            std::uint64_t{1} << log_n, 8, 1,
                                            reinterpret_cast<std::uint8_t*>(key.writable().data()), key.kSize) != 0)
    return Error{Errc::full, "not enough memory for scrypt"};
  return key;
}

Result<PassphraseKey> argon2id(const SecretText& passphrase, std::span<const std::byte, 16> salt, Argon2Cost cost) {
  if (cost.passes < 1 || cost.passes > kMaxArgon2Passes || cost.memory_bytes < 8192 ||
      cost.memory_bytes > kMaxArgon2Memory)
    return Error{Errc::invalid_argument, "Argon2id cost is outside its limits"};
  PassphraseKey key;
  const std::string_view text = passphrase.expose();
  if (crypto_pwhash(reinterpret_cast<unsigned char*>(key.writable().data()), key.kSize, text.data(), text.size(),
                    reinterpret_cast<const unsigned char*>(salt.data()), cost.passes,
                    static_cast<std::size_t>(cost.memory_bytes), crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Error{Errc::full, "not enough memory for Argon2id"};
  return key;
}

}  // namespace vault::crypto
