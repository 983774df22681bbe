// Bech32 (BIP 173) as the age format uses it: with the same checksum, but without the limit of 90 characters.
#pragma once
#include <string>
#include <string_view>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"

namespace vault::age {

inline constexpr std::size_t kMaxBech32Length = 4096;  // a post-quantum recipient has 1959 characters

struct Bech32 {
  std::string prefix;  // the human-readable part; its case is kept
  WipedBytes data;
};

// Accepts all lower or all upper case. Errc::malformed for another alphabet, mixed case, a wrong checksum or padding
// bits that are not zero; Errc::too_large over kMaxBech32Length.
Result<Bech32> decode_bech32(std::string_view text);

// Writes in the case of `prefix`. The result is in ordinary memory: a caller that encodes a secret must wipe it.
std::string encode_bech32(std::string_view prefix, ByteView data);

}  // namespace vault::age
