// Keys from passphrases: scrypt (RFC 7914), as the age format requires, and Argon2id (RFC 9106) for the vault's seals.
#pragma once
#include "vault/base/bytes.h"
#include "vault/base/secret.h"

namespace vault::crypto {

using PassphraseKey = SecretBytes<struct PassphraseKeyTag, 32>;

// Uses r = 8 and p = 1. `log_n` is 1 to 22, and the memory is 1 KiB << log_n. Errc::invalid_argument for another
// `log_n`; Errc::full if there is not enough memory.
inline constexpr unsigned kMaxScryptLogN = 22;
Result<PassphraseKey> scrypt(const SecretText& passphrase, ByteView salt, unsigned log_n);

struct Argon2Cost {
  std::uint32_t passes = 3;
  std::uint64_t memory_bytes = 256ULL << 20;
};
inline constexpr std::uint64_t kMaxArgon2Memory = 1ULL << 30;
inline constexpr std::uint32_t kMaxArgon2Passes = 16;
// Errc::invalid_argument for a cost outside the limits; Errc::full if there is not enough memory.
Result<PassphraseKey> argon2id(const SecretText& passphrase, std::span<const std::byte, 16> salt, Argon2Cost cost);

}  // namespace vault::crypto
