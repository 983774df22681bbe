// The path of a record is relative to a folder that a person named, and may consist of any bytes that a file system
// allows. Descriptors and journals are JSON, so they hold the path encoded.
#pragma once
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace cli::client {

inline constexpr std::size_t kMaxPathBytes = 4096;  // of a record's path, encoded

// Whether a file may safely be made at this path below a folder: the path is relative, its parts are separated by "/",
// no part is empty, "." or "..", and there is no NUL.
bool is_inner_path(std::string_view raw);

// Leaves UTF-8 without control characters as it is, and percent-encodes anything else, including its "%".
struct EncodedPath {
  std::string text;
  bool encoded = false;
};
EncodedPath encode_path(std::string_view raw);
// Errc::malformed if a "%" is not followed by two digits.
vault::Result<std::string> decode_path(std::string_view text);

}  // namespace cli::client
