#include "vault/age/bech32.h"

#include <algorithm>

namespace vault::age {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumLength = 6;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
char to_upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

// Computes BIP 173's checksum from one 5-bit value at a time.
class Checksum {
 public:
  // BIP 173 expands the prefix, in lower case, to the high bits of every character, a zero, and the low bits.
  explicit Checksum(std::string_view prefix) {
    for (const char c : prefix) add(static_cast<std::uint8_t>(to_lower(c)) >> 5);
    add(0);
    for (const char c : prefix) add(static_cast<std::uint8_t>(to_lower(c)) & 31);
  }
  void add(unsigned value) {
    constexpr std::uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; ++i)
      if ((top >> i & 1) != 0) state_ ^= generator[i];
  }
  std::uint32_t state() const { return state_; }

 private:
  std::uint32_t state_ = 1;
};

}  // namespace

Result<Bech32> decode_bech32(std::string_view text) {
  if (text.size() > kMaxBech32Length) return Error{Errc::too_large, "a key is at most 4096 characters long"};
  if (std::ranges::any_of(text, is_lower) && std::ranges::any_of(text, is_upper))
    return Error{Errc::malformed, "a key mixes upper and lower case"};
  const std::size_t separator = text.rfind('1');
  if (separator == std::string_view::npos || separator == 0 || text.size() - separator - 1 < kChecksumLength)
    return Error{Errc::malformed, "not a Bech32 string"};
  const std::string_view prefix = text.substr(0, separator);
  const std::string_view values = text.substr(separator + 1);
  if (std::ranges::any_of(prefix, [](char c) { return c < 0x21 || c > 0x7e; }))
    return Error{Errc::malformed, "not a Bech32 string"};

  Checksum checksum(prefix);
  const std::size_t data_length = values.size() - kChecksumLength;
  WipedBytes data(data_length * 5 / 8);
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t written = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t value = kAlphabet.find(to_lower(values[i]));
    if (value == std::string_view::npos)
      return Error{Errc::malformed, "a key contains a character that Bech32 does not use"};
    checksum.add(static_cast<unsigned>(value));
    if (i >= data_length) continue;  // the last six values are the checksum itself
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    count += 5;
    if (count >= 8) {
      count -= 8;
      data.span()[written++] = static_cast<std::byte>(bits >> count & 0xff);
    }
  }
  if (checksum.state() != 1)
    return Error{Errc::malformed, "a key is mistyped: its checksum does not match; copy the whole key again"};
  // Padding must be shorter than a value and zero, so that each key has exactly one spelling.
  if (count >= 5 || (bits & ((1U << count) - 1)) != 0)
    return Error{Errc::malformed, "a key does not contain a whole number of bytes"};
  return Bech32{std::string(prefix), std::move(data)};
}

std::string encode_bech32(std::string_view prefix, ByteView data) {
  Checksum checksum(prefix);
  const bool upper = std::ranges::any_of(prefix, is_upper);
  std::string text;
  // The text never grows beyond this. So if it is a secret, growing leaves no copy behind that the caller cannot wipe.
  text.reserve(prefix.size() + 1 + (data.size() * 8 + 4) / 5 + kChecksumLength);
  text.append(prefix);
  text += '1';
  const auto put = [&](unsigned value) {
    const char c = kAlphabet[value];
    text += upper ? to_upper(c) : c;
  };
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::byte b : data) {
    bits = (bits << 8 | std::to_integer<std::uint32_t>(b)) & 0xfff;
    count += 8;
    while (count >= 5) {
      count -= 5;
      checksum.add(bits >> count & 31);
      put(bits >> count & 31);
    }
  }
  if (count > 0) {
    checksum.add(bits << (5 - count) & 31);
    put(bits << (5 - count) & 31);
  }
  for (std::size_t i = 0; i < kChecksumLength; ++i) checksum.add(0);
  const std::uint32_t sum = checksum.state() ^ 1;
  for (unsigned i = 0; i < kChecksumLength; ++i) put(sum >> (5 * (kChecksumLength - 1 - i)) & 31);
  return text;
}

}  // namespace vault::age
