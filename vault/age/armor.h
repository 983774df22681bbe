// age's ASCII armor: strict PEM (RFC 7468) with one label, 64 columns and padded canonical base64.
//
//     -----BEGIN AGE ENCRYPTED FILE-----
//     *(64 columns of base64)  1 to 64 columns
//     -----END AGE ENCRYPTED FILE-----
//
// Lines end with LF or CRLF. Only lines of white space may come before and after the block.
#pragma once
#include <string>
#include <string_view>

#include "vault/base/bytes.h"

namespace vault::age {

inline constexpr std::size_t kArmorColumns = 64;
inline constexpr std::size_t kMaxArmorWhitespace = 1024;  // on either side of the block

std::string armor(ByteView file);
Result<Bytes> unarmor(std::string_view text);  // Errc::malformed

// Whether a file that starts with `prefix` is armored, or tries to be: its first line that is not blank begins with
// five dashes. A damaged armored file is therefore reported as damaged armor, not as a damaged binary file.
bool looks_armored(ByteView prefix);

// Armors a file while it arrives.
class Armorer {
 public:
  void push(ByteView file, std::string& out);  // appends to `out`
  void finish(std::string& out);

 private:
  void put_line(ByteView line, std::string& out);

  Bytes held_;
  bool begun_ = false;
};

// Unarmors a file while it arrives. It holds at most one line. Must not be used again once a call has failed.
class Unarmorer {
 public:
  Result<void> push(ByteView text, Bytes& out);  // appends to `out`. Errc::malformed
  Result<void> finish(Bytes& out);               // Errc::malformed if the block never began or never ended

 private:
  Result<void> take_line(std::string_view line, Bytes& out);
  Result<void> take_blank(std::string_view line);

  enum class Part { before, body, after } part_ = Part::before;
  std::string line_;  // the beginning of a line that has not ended
  std::size_t blank_ = 0;
  bool short_line_seen_ = false;
};

}  // namespace vault::age
