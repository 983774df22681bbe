// Reads numbers as the ledger's formats write them: decimal, without sign or leading zero, and "0" for zero. A number
// has only one spelling, so that a text that is read and written again is the same.
#pragma once
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "vault/base/result.h"

namespace audit {

// Errc::malformed for any other spelling and for a value above `max`.
inline vault::Result<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool leading_zero = text.starts_with('0') && text != "0";
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || leading_zero || value > max)
    return vault::Error{vault::Errc::malformed, "not a number of the expected form and range"};
  return value;
}

}  // namespace audit
