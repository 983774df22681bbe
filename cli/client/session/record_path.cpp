#include "cli/client/session/record_path.h"

#include <algorithm>

#include "vault/base/bytes.h"

namespace cli::client {

using vault::Errc;
using vault::Error;
using vault::Result;

namespace {

bool is_plain_text(std::string_view raw) {
  return vault::is_utf8(raw) && std::ranges::none_of(raw, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f;
         });
}

std::string percent_encode(std::string_view raw) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%')
      text += c;
    else
      text.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_inner_path(std::string_view raw) {
  if (raw.empty() || raw.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const std::size_t slash = raw.find('/');
    const std::string_view part = raw.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    raw.remove_prefix(slash + 1);
  }
}

EncodedPath encode_path(std::string_view raw) {
  if (is_plain_text(raw)) return {std::string(raw), false};
  return {percent_encode(raw), true};
}

Result<std::string> decode_path(std::string_view text) {
  std::string raw;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      raw += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Error{Errc::malformed, "a percent sign in a name is not followed by two digits"};
    raw += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return raw;
}

}  // namespace cli::client
