// The one range of bytes that a Range field asks for (RFC 9110, 14.1.2). Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace service {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // never 0
  bool operator==(const ByteRange&) const = default;
};
// Parses "bytes=a-b", "bytes=a-" or "bytes=-n". A range that goes beyond `size` ends there. Errc::invalid_argument, to
// be answered with 416, for anything else, for example several ranges or an empty one.
vault::Result<ByteRange> parse_byte_range(std::string_view field, std::uint64_t size);
// How many bytes of `left` to read next, at most `most`. The piece ends on a page boundary if possible, because a read
// that begins on one can bypass the page cache.
std::size_t size_of_piece(const ByteRange& left, std::size_t most);
std::string content_range(const ByteRange& range, std::uint64_t size);  // "bytes 0-99/1000"

}  // namespace service
