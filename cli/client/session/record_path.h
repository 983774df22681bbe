// Paths of records: relative, below the folder that a person named, in whatever bytes the file system had.
#pragma once
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace cli::client {

inline constexpr std::size_t kMaxPathBytes = 4096;  // of a record's path, encoded

// Relative, "/"-separated, no empty, "." or ".." part, no NUL: safe to make below a folder.
bool is_inner_path(std::string_view raw);

// UTF-8 without control characters stands as it is; anything else is percent-encoded (and "%" with it).
struct EncodedPath {
  std::string text;
  bool encoded = false;
};
EncodedPath encode_path(std::string_view raw);
vault::Result<std::string> decode_path(std::string_view text);

}  // namespace cli::client
