#include "vault/base/type_id.h"

#include "vault/base/secret.h"

namespace vault {
namespace {
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford, lower case
}

std::array<std::byte, 16> make_uuid_v7(std::uint64_t unix_ms) {
  std::array<std::byte, 16> uuid;
  fill_random(uuid);
  for (std::size_t i = 0; i < 6; ++i) uuid[i] = static_cast<std::byte>(unix_ms >> (8 * (5 - i)));
  uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x70};
  uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};
  return uuid;
}

// Writes 128 bits as 26 digits of 5 bits, the most significant first. The first digit has only 3 bits.
std::string encode_type_id_suffix(const std::array<std::byte, 16>& uuid) {
  std::string out(kTypeIdSuffixLength, '0');
  unsigned bits = 0;
  int count = 2;  // two leading zero bits make 130
  std::size_t at = 0;
  for (std::byte b : uuid) {
    bits = bits << 8 | std::to_integer<unsigned>(b);
    count += 8;
    while (count >= 5) {
      count -= 5;
      out[at++] = kAlphabet[bits >> count & 31];
    }
    bits &= (1U << count) - 1;
  }
  return out;
}

Result<std::array<std::byte, 16>> decode_type_id_suffix(std::string_view suffix) {
  const Error malformed{Errc::malformed, "not the 26 base32 characters of an id"};
  if (suffix.size() != kTypeIdSuffixLength || suffix[0] > '7') return malformed;  // a first digit over 7 has 4 bits
  std::array<std::byte, 16> uuid;
  unsigned bits = 0;
  int count = -2;
  std::size_t at = 0;
  for (char c : suffix) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return malformed;
    bits = bits << 5 | static_cast<unsigned>(value);
    count += 5;
    if (count >= 8) {
      count -= 8;
      uuid[at++] = static_cast<std::byte>(bits >> count & 0xff);
      bits &= (1U << count) - 1;
    }
  }
  return uuid;
}

}  // namespace vault
