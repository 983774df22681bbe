// Byte spans, owned byte strings, and the text encodings that our formats use. Everything here is pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace vault {

using Bytes = std::vector<std::byte>;         // owned
using ByteView = std::span<const std::byte>;  // borrowed; valid while its owner is
using Digest = std::array<std::byte, 32>;     // a SHA-256 value

inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
  return Bytes(view.begin(), view.end());
}
inline Bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}
inline std::string to_text(ByteView view) {
  return std::string(as_text(view));
}
void append(Bytes& to, ByteView more);

// Encodes fixed-width integers big-endian, so that keys sorted with memcmp are in numeric order.
std::array<std::byte, 4> big_endian32(std::uint32_t value);
std::array<std::byte, 8> big_endian64(std::uint64_t value);
std::uint32_t read_big_endian32(std::span<const std::byte, 4> bytes);
std::uint64_t read_big_endian64(std::span<const std::byte, 8> bytes);

// `hex` writes lower case; `unhex` accepts either case. Errc::malformed for an odd length or another character.
std::string hex(ByteView bytes);
Result<Bytes> unhex(std::string_view text);

// RFC 4648 base64. Only the canonical form is accepted, so that each value has exactly one spelling: unused trailing
// bits must be zero, and there is no white space. Errc::malformed otherwise. For example "QQ==" is accepted and "QR==",
// which decodes to the same byte, is not.
enum class Base64 {
  padded,        // standard alphabet with "=": notes, HTTP fields, armor
  unpadded,      // standard alphabet without "=": age headers
  url_unpadded,  // URL alphabet without "=": JSON fields of ours
};
std::string base64(ByteView bytes, Base64 form);
Result<Bytes> unbase64(std::string_view text, Base64 form);

// Reads a 32-byte value as it is written in JSON: 64 lower-case hexadecimal digits. Errc::malformed otherwise.
Result<Digest> parse_digest(std::string_view hex_text);

// Compares in a time that depends on the size but not on the content, so use it for secrets and MACs. Sizes are not
// secret: different sizes return false at once.
bool constant_time_equal(ByteView a, ByteView b);

// Whether the text is strict UTF-8: no overlong forms, surrogates or values above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace vault
