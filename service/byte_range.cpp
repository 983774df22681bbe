#include "service/byte_range.h"

#include <algorithm>
#include <optional>

#include "audit/decimal.h"
#include "vault/base/file.h"

namespace service {

vault::Result<ByteRange> parse_byte_range(std::string_view field, std::uint64_t size) {
  const vault::Error wrong{vault::Errc::invalid_argument,
                           "ask for one range of bytes that begins within the payload, for example bytes=0-99"};
  constexpr std::string_view kUnit = "bytes=";
  constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
  if (!field.starts_with(kUnit)) return wrong;
  const std::string_view spec = field.substr(kUnit.size());
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return wrong;

  const auto number = [](std::string_view text) -> vault::Result<std::optional<std::uint64_t>> {
    if (text.empty()) return std::optional<std::uint64_t>();
    TRY(const std::uint64_t value, audit::parse_decimal(text, kMax));
    return std::optional(value);
  };
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  if (!first || !last) return wrong;
  if (!*first) {  // the last n bytes
    if (!*last || **last == 0 || size == 0) return wrong;
    const std::uint64_t length = std::min(**last, size);
    return ByteRange{size - length, length};
  }
  if (**first >= size || (*last && **last < **first)) return wrong;
  const std::uint64_t end = *last ? std::min(**last, size - 1) : size - 1;
  return ByteRange{**first, end - **first + 1};
}

std::size_t size_of_piece(const ByteRange& left, std::size_t most) {
  if (left.length <= most) return static_cast<std::size_t>(left.length);
  const auto beyond = static_cast<std::size_t>((left.first + most) % vault::kDirectAlignment);
  return beyond < most ? most - beyond : most;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.first + range.length - 1) + "/" +
         std::to_string(size);
}

}  // namespace service
