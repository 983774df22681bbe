#include "vault/age/armor.h"

#include <algorithm>

namespace vault::age {
namespace {

constexpr std::string_view kBegin = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view kEnd = "-----END AGE ENCRYPTED FILE-----";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kWhitespace = " \t\r\n";
constexpr std::size_t kBytesPerLine = kArmorColumns / 4 * 3;

Error malformed(std::string message) {
  return {Errc::malformed, "not a valid armored age file: " + std::move(message)};
}

}  // namespace

std::string armor(ByteView file) {
  std::string out;
  out.reserve((file.size() / kBytesPerLine + 1) * (kArmorColumns + 1) + kBegin.size() + kEnd.size() + 2);
  Armorer armorer;
  armorer.push(file, out);
  armorer.finish(out);
  return out;
}

Result<Bytes> unarmor(std::string_view text) {
  Bytes out;
  Unarmorer unarmorer;
  TRY_VOID(unarmorer.push(as_bytes(text), out));
  TRY_VOID(unarmorer.finish(out));
  return out;
}

bool looks_armored(ByteView prefix) {
  std::string_view text = as_text(prefix);
  text.remove_prefix(std::min(text.find_first_not_of(kWhitespace), text.size()));
  return text.starts_with(kDashes);
}

void Armorer::put_line(ByteView line, std::string& out) {
  if (!begun_) out.append(kBegin).append("\n");
  begun_ = true;
  if (!line.empty()) out.append(base64(line, Base64::padded)).append("\n");
}

void Armorer::push(ByteView file, std::string& out) {
  while (!file.empty()) {
    const std::size_t size = std::min(kBytesPerLine - held_.size(), file.size());
    append(held_, file.first(size));
    file = file.subspan(size);
    if (held_.size() == kBytesPerLine) {
      put_line(held_, out);
      held_.clear();
    }
  }
}

void Armorer::finish(std::string& out) {
  put_line(held_, out);
  out.append(kEnd).append("\n");
}

Result<void> Unarmorer::take_blank(std::string_view line) {
  blank_ += line.size() + 1;
  if (line.find_first_not_of(kWhitespace) != std::string_view::npos)
    return malformed(part_ == Part::before ? "there is text before the BEGIN line"
                                           : "there is text after the END line");
  if (blank_ > kMaxArmorWhitespace) return malformed("over 1024 characters of white space are before or after it");
  return {};
}

Result<void> Unarmorer::take_line(std::string_view line, Bytes& out) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  switch (part_) {
    case Part::before:
      if (line != kBegin) return take_blank(line);
      part_ = Part::body;
      return {};
    case Part::body: {
      if (line == kEnd) {
        part_ = Part::after;
        blank_ = 0;  // the limit holds for each side of the block by itself
        return {};
      }
      // Only the last line may be short. Otherwise one file could be armored in many ways.
      if (short_line_seen_) return malformed("a line that is not the last one has fewer than 64 columns");
      if (line.empty() || line.size() > kArmorColumns) return malformed("a line is empty or over 64 columns");
      const auto bytes = unbase64(line, Base64::padded);
      if (!bytes) return malformed("a line is not canonical base64");
      short_line_seen_ = bytes->size() < kBytesPerLine;
      append(out, *bytes);
      return {};
    }
    case Part::after:
      return take_blank(line);
  }
  return {};
}

Result<void> Unarmorer::push(ByteView text, Bytes& out) {
  std::string_view unread = as_text(text);
  while (!unread.empty()) {
    const std::size_t end = unread.find('\n');
    const std::string_view piece = unread.substr(0, end);
    // The longest line that can be right is one of white space around the block, with its CR. The limit bounds the
    // memory that a file without line ends can take.
    if (line_.size() + piece.size() > kMaxArmorWhitespace + 1) return malformed("a line is too long");
    if (end == std::string_view::npos) {
      line_.append(piece);
      return {};
    }
    if (line_.empty()) {
      TRY_VOID(take_line(piece, out));
    } else {
      line_.append(piece);
      TRY_VOID(take_line(line_, out));
      line_.clear();
    }
    unread.remove_prefix(end + 1);
  }
  return {};
}

Result<void> Unarmorer::finish(Bytes& out) {
  if (!line_.empty()) TRY_VOID(take_line(line_, out));
  line_.clear();
  if (part_ == Part::before) return malformed("it has no BEGIN line");
  if (part_ == Part::body) return malformed("it has no END line");
  return {};
}

}  // namespace vault::age
