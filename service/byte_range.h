// One range of bytes as the Range field asks for it (RFC 9110, 14.1.2). Pure.
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
// "bytes=a-b", "bytes=a-" or "bytes=-n" of `size` bytes; cut where it goes beyond the end. Errc::invalid_argument (416)
// for anything else, several ranges and one with nothing in it included.
vault::Result<ByteRange> parse_byte_range(std::string_view field, std::uint64_t size);
// How much of what is `left` to read next, at most `most` bytes: so that what follows begins on a page, and is read
// past the page cache.
std::size_t size_of_piece(const ByteRange& left, std::size_t most);
std::string content_range(const ByteRange& range, std::uint64_t size);  // "bytes 0-99/1000"

}  // namespace service
