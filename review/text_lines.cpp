#include "review/text_lines.h"

#include <algorithm>

#include "vault/base/bytes.h"

namespace strongroom::review {
namespace {

bool begins_column(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

// Returns the size in bytes of the first `columns` code points of a longer text.
std::size_t bytes_of_columns(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (begins_column(text[at]) && ++seen > columns) break;
  return at;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_column));
}

std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool is_c1 = byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    if ((byte < 0x20 && text[at] != '\n') || byte == 0x7f)
      out += "\\x" + vault::hex(vault::as_bytes(text.substr(at, 1)));
    else if (is_c1)
      out += "\\x" + vault::hex(vault::as_bytes(text.substr(++at, 1)));
    else
      out += text[at];
  }
  return out;
}

std::vector<std::string> lines_of(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  const auto flush = [&] {
    lines.push_back(line);
    line.clear();
  };
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find_first_of(" \n", at), text.size());
    std::string_view word = text.substr(at, end - at);
    while (columns_of(word) > width) {
      if (!line.empty()) flush();
      const auto cut = bytes_of_columns(word, width);
      line = word.substr(0, cut);
      word.remove_prefix(cut);
      flush();
    }
    if (!line.empty() && columns_of(line) + 1 + columns_of(word) > width) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    if (end < text.size() && text[end] == '\n') flush();
    at = end + 1;
  }
  flush();
  return lines;
}

}  // namespace strongroom::review
