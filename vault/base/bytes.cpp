#include "vault/base/bytes.h"

#include <sodium.h>

#include <algorithm>

namespace vault {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> reverse_alphabet(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr auto kStandardReverse = reverse_alphabet(kStandard);
constexpr auto kUrlReverse = reverse_alphabet(kUrl);

template <std::size_t N>
std::array<std::byte, N> big_endian(std::uint64_t value) {
  std::array<std::byte, N> out;
  for (std::size_t i = 0; i < N; ++i) out[N - 1 - i] = static_cast<std::byte>(value >> (8 * i));
  return out;
}

}  // namespace

void append(Bytes& to, ByteView more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::array<std::byte, 4> big_endian32(std::uint32_t value) {
  return big_endian<4>(value);
}
std::array<std::byte, 8> big_endian64(std::uint64_t value) {
  return big_endian<8>(value);
}

std::uint32_t read_big_endian32(std::span<const std::byte, 4> bytes) {
  std::uint32_t value = 0;
  for (std::byte b : bytes) value = value << 8 | std::to_integer<std::uint32_t>(b);
  return value;
}
std::uint64_t read_big_endian64(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (std::byte b : bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

std::string hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    out += digits[std::to_integer<unsigned>(b) >> 4];
    out += digits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

Result<Bytes> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return Error{Errc::malformed, "hexadecimal text has an odd length"};
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return Error{Errc::malformed, "not a hexadecimal digit"};
    out.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return out;
}

std::string base64(ByteView bytes, Base64 form) {
  const std::string_view alphabet = form == Base64::url_unpadded ? kUrl : kStandard;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const auto v = std::to_integer<std::uint32_t>(bytes[i]) << 16 | std::to_integer<std::uint32_t>(bytes[i + 1]) << 8 |
                   std::to_integer<std::uint32_t>(bytes[i + 2]);
    out += alphabet[v >> 18];
    out += alphabet[v >> 12 & 63];
    out += alphabet[v >> 6 & 63];
    out += alphabet[v & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left > 0) {
    const auto v = std::to_integer<std::uint32_t>(bytes[i]) << 16 |
                   (left == 2 ? std::to_integer<std::uint32_t>(bytes[i + 1]) << 8 : 0U);
    out += alphabet[v >> 18];
    out += alphabet[v >> 12 & 63];
    if (left == 2) out += alphabet[v >> 6 & 63];
    if (form == Base64::padded) out.append(3 - left, '=');
  }
  return out;
}

Result<Bytes> unbase64(std::string_view text, Base64 form) {
  const auto& reverse = form == Base64::url_unpadded ? kUrlReverse : kStandardReverse;
  // The padding follows from the length, so it is checked and dropped here, and one loop decodes every form.
  if (form == Base64::padded) {
    if (text.size() % 4 != 0) return Error{Errc::malformed, "base64 text is not padded to a multiple of four"};
    if (text.ends_with("==")) {
      text.remove_suffix(2);
    } else if (text.ends_with("=")) {
      text.remove_suffix(1);
    }
  }
  if (text.size() % 4 == 1) return Error{Errc::malformed, "base64 text has an impossible length"};
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const std::int8_t value = reverse[static_cast<unsigned char>(c)];
    if (value < 0) return Error{Errc::malformed, "not a base64 character"};
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::byte>(bits >> count & 0xff));
    }
  }
  // Bits that are left over must be zero. Otherwise several texts would decode to the same bytes, and a signed or
  // hashed text could be altered without a visible change.
  if ((bits & ((1U << count) - 1)) != 0) return Error{Errc::malformed, "base64 text is not canonical"};
  return out;
}

Result<Digest> parse_digest(std::string_view hex_text) {
  if (hex_text.size() != 64 ||
      std::any_of(hex_text.begin(), hex_text.end(), [](char c) { return c >= 'A' && c <= 'F'; }))
    return Error{Errc::malformed, "a digest is 64 lower-case hexadecimal digits"};
  TRY(const Bytes raw, unhex(hex_text));
  Digest digest;
  std::copy(raw.begin(), raw.end(), digest.begin());
  return digest;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t more;
    std::uint32_t value;
    if (c < 0x80) {
      ++i;
      continue;
    }
    // 0xc0 and 0xc1 could only begin overlong forms of ASCII, and 0xf5 and above only values beyond U+10FFFF.
    if (c >= 0xc2 && c <= 0xdf) {
      more = 1;
      value = c & 0x1fU;
    } else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      value = c & 0x0fU;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      value = c & 0x07U;
    } else {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80) return false;
      value = value << 6 | (next & 0x3fU);
    }
    if ((more == 2 && value < 0x800) || (more == 3 && (value < 0x10000 || value > 0x10ffff))) return false;
    if (value >= 0xd800 && value <= 0xdfff) return false;  // surrogates exist only in UTF-16
    i += more + 1;
  }
  return true;
}

}  // namespace vault
