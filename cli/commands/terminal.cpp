#include "cli/commands/terminal.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "access/wire/ids.h"
#include "vault/base/file.h"
#include "vault/base/terminal.h"

namespace cli {
namespace {

namespace access = strongroom::access;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::int64_t kRedrawMs = 100;
constexpr int kBarWidth = 24;

// Counts the columns that a UTF-8 string takes, one for each code point, which is good enough for names.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

// Returns the length of a character at the beginning of `text` that changes the direction of the text after it, or 0.
// With such a character one name can be made to look like another.
std::size_t direction_mark(std::string_view text) {
  constexpr std::string_view kMarks[] = {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c",
                                         "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};
  for (const std::string_view mark : kMarks)
    if (text.starts_with(mark)) return mark.size();
  return 0;
}

}  // namespace

std::string printable(std::string_view text) {
  const bool utf8 = vault::is_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are two bytes in UTF-8: c2 80 to c2 9f.
    const bool c1 = utf8 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const std::size_t direction = utf8 ? direction_mark(text.substr(i)) : 0;
    if (direction != 0) {
      for (const std::size_t end = i + direction; i < end; ++i) {
        char escaped[5];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(text[i]));
        out += escaped;
      }
      --i;
    } else if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8) || c1) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", c1 ? static_cast<unsigned char>(text[++i]) : byte);
      out += escaped;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string size_for_people(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

Table::Table(std::vector<std::string> header) : rows_{std::move(header)} {}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void Table::print(std::string_view when_empty) const {
  if (rows_.size() == 1) return note(when_empty);
  std::vector<std::size_t> widest(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size() && i < widest.size(); ++i) widest[i] = std::max(widest[i], width(row[i]));
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widest[i] - width(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  std::cout << out << std::flush;
}

void note(std::string_view text) {
  std::cerr << printable(text) << '\n';
}

Progress::Progress(std::string what, std::uint64_t total_bytes)
    : what_(std::move(what)),
      total_(total_bytes),
      visible_(vault::is_terminal(vault::Standard::error)),
      started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  draw(true);
  if (visible_) std::cerr << '\n';
}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
  draw(false);
}

void Progress::set_detail(std::string_view text) {
  const std::lock_guard lock(mutex_);
  detail_ = printable(text);
}

void Progress::draw(bool last) {
  if (!visible_) return;
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_).count();
  if (!last && elapsed - drawn_ms_ < kRedrawMs) return;
  drawn_ms_ = elapsed;
  const std::lock_guard lock(mutex_);
  const std::uint64_t done = done_;
  const double share = total_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  std::string bar(kBarWidth, ' ');
  std::fill_n(bar.begin(), static_cast<int>(share * kBarWidth), '#');
  const std::uint64_t rate = elapsed > 0 ? done * 1000 / static_cast<std::uint64_t>(elapsed) : 0;
  std::cerr << '\r' << what_ << " [" << bar << "] " << static_cast<int>(share * 100) << "%  " << size_for_people(done)
            << "  " << size_for_people(rate) << "/s  " << detail_.substr(0, 40) << "\x1b[K" << std::flush;
}

bool is_at_terminal() {
  // Questions go to stderr. If that were a file, nobody would see the question, and the program would seem to hang.
  return vault::is_terminal(vault::Standard::input) && vault::is_terminal(vault::Standard::error);
}

std::string ask(std::string_view prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

Result<bool> ask_yes_or_no(std::string_view question) {
  if (!is_at_terminal())
    return Error{Errc::invalid_argument, "this cannot be undone, and there is no terminal to ask at: agree with --yes"};
  const std::string answer = vault::ask(std::string(question) + " [y/N] ");
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<std::string> free_text(std::string_view what, const std::optional<std::string>& given,
                              const std::optional<std::filesystem::path>& file) {
  std::string text;
  if (file) {
    std::ifstream in;
    if (*file != "-") in.open(*file, std::ios::binary);
    std::istream& source = *file == "-" ? std::cin : in;
    if (!source) return Error{Errc::not_found, "cannot read " + printable(vault::text_of(*file))};
    text.resize(access::kMaxFreeTextBytes + 1);  // one byte more than is allowed shows that there is too much
    source.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(source.gcount()));
  } else if (given) {
    text = *given;
  } else if (is_at_terminal()) {
    text = vault::ask("The " + std::string(what) + " (one line; do not name the child or the family): ");
  } else {
    return Error{Errc::invalid_argument, "a " + std::string(what) + " is needed: give --" + std::string(what) +
                                             " or --" + std::string(what) + "-file"};
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) return Error{Errc::invalid_argument, "the " + std::string(what) + " is empty"};
  if (text.size() > access::kMaxFreeTextBytes)
    return Error{Errc::too_large, "the " + std::string(what) + " is longer than " +
                                      std::to_string(access::kMaxFreeTextBytes) + " bytes"};
  if (!vault::is_utf8(text)) return Error{Errc::invalid_argument, "the " + std::string(what) + " is not UTF-8 text"};
  return text;
}

Result<std::optional<std::string>> optional_text(std::string_view what, const std::optional<std::string>& given,
                                                 const std::optional<std::filesystem::path>& file) {
  std::optional<std::string> text = given;
  if (!text && !file) {
    if (!is_at_terminal()) return std::optional<std::string>();
    text = vault::ask("The " + std::string(what) + " (one line, or nothing; do not name the child or the family): ");
    if (text->find_first_not_of(" \r") == std::string::npos) return std::optional<std::string>();
  }
  TRY(std::string checked, free_text(what, text, file));
  return std::optional(std::move(checked));
}

}  // namespace cli
