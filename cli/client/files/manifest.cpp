#include "cli/client/files/manifest.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "vault/base/file.h"

namespace cli::client {
namespace {

constexpr auto kColumns =
    std::to_array<std::string_view>({"path", "class", "subject", "source", "dates", "record", "size", "sha256"});

// Reads one line from `at`. Quoted cells may contain line breaks.
Result<std::vector<std::string>> read_cells(std::string_view text, std::size_t& at) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"')
        cells.back() += c;
      else if (at + 1 < text.size() && text[at + 1] == '"')
        cells.back() += text[++at];
      else
        quoted = false;
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  if (quoted) return Error{Errc::malformed, "a quoted cell of the manifest does not end"};
  return cells;
}

Result<std::vector<std::string>> read_header(std::string_view text, std::size_t& at) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // spreadsheets write it at the beginning of a CSV
  if (text.starts_with(kByteOrderMark)) at = kByteOrderMark.size();
  TRY(std::vector<std::string> header, read_cells(text, at));
  for (const std::string& column : header) {
    if (std::ranges::find(kColumns, column) == kColumns.end())
      return Error{Errc::malformed, "the manifest has an unknown column \"" + column.substr(0, 40) +
                                        "\": use path, class, subject, source, dates, record, size or sha256"};
    if (std::ranges::count(header, column) > 1)
      return Error{Errc::malformed, "the manifest has the column \"" + column + "\" twice"};
  }
  if (std::ranges::find(header, "path") == header.end())
    return Error{Errc::malformed, "the manifest's first line must name its columns, and \"path\" is missing"};
  return header;
}

Result<std::uint64_t> read_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    return Error{Errc::malformed, "its size is not a number of bytes"};
  return size;
}

Result<ManifestLine> read_line(const std::vector<std::string>& header, std::vector<std::string>& cells) {
  std::map<std::string_view, std::string> cell;
  for (std::size_t i = 0; i < header.size(); ++i) cell[header[i]] = std::move(cells[i]);
  ManifestLine line;
  line.path = std::move(cell["path"]);
  line.class_ = std::move(cell["class"]);
  line.subject = std::move(cell["subject"]);
  line.source = std::move(cell["source"]);
  line.dates = std::move(cell["dates"]);
  if (line.path.empty()) return Error{Errc::malformed, "it has no path"};
  if (!cell["record"].empty()) {
    TRY(line.record, access::RecordId::parse(cell["record"]));
    TRY(line.size, read_size(cell["size"]));
    TRY(line.sha256, vault::parse_digest(cell["sha256"]));
  }
  return line;
}

}  // namespace

std::string csv_cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Result<std::vector<ManifestLine>> read_manifest(const std::filesystem::path& file) {
  auto bytes = vault::read_file_limited(file, kMaxManifestBytes);
  if (!bytes && bytes.code() == Errc::too_large) return Error{Errc::too_large, "the manifest has more than 64 MiB"};
  if (!bytes) return Error{bytes.code(), "cannot read the manifest: " + bytes.error().message};
  const std::string_view text = vault::as_text(*bytes);
  std::size_t at = 0;
  TRY(const std::vector<std::string> header, read_header(text, at));
  std::vector<ManifestLine> lines;
  while (at < text.size()) {
    TRY(auto cells, read_cells(text, at));
    if (cells.size() == 1 && cells[0].empty()) continue;
    const std::string which = "line " + std::to_string(lines.size() + 2) + " of the manifest: ";
    if (cells.size() != header.size())
      return Error{Errc::malformed, which + "it does not have as many cells as the first line"};
    auto line = read_line(header, cells);
    if (!line) return Error{Errc::malformed, which + line.error().message};
    lines.push_back(std::move(*line));
  }
  return lines;
}

Result<void> write_manifest(const std::filesystem::path& file, std::span<const ManifestLine> lines) {
  std::string text;
  for (const std::string_view column : kColumns) text += (text.empty() ? "" : ",") + std::string(column);
  text += "\r\n";
  for (const ManifestLine& line : lines) {
    for (const std::string* cell : {&line.path, &line.class_, &line.subject, &line.source, &line.dates})
      text += csv_cell(*cell) + ",";
    text +=
        line.record ? line.record->to_string() + "," + std::to_string(line.size) + "," + vault::hex(line.sha256) : ",,";
    text += "\r\n";
  }
  if (text.size() > kMaxManifestBytes) return Error{Errc::too_large, "the manifest has more than 64 MiB"};
  return vault::write_file_atomically(file, vault::as_bytes(text));
}

}  // namespace cli::client
