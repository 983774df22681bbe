// What stands between a command and the person at the terminal: tables, progress, questions. Data goes to stdout,
// everything else to stderr; bars and questions only where there is a terminal. Not thread safe, except
// Progress::advance.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace cli {

// Text that came from elsewhere, made safe to print: control characters (a newline in a file name, an escape sequence)
// are shown as "\n", "\x1b" and the like, so are characters that change the direction of text; bytes that are not UTF-8
// as "\xff".
std::string printable(std::string_view text);

// "1.4 MiB", for people. Scripts read JSON.
std::string size_for_people(std::uint64_t bytes);

// Columns padded to their widest cell, two spaces between, the last one unpadded. Cells go through `printable`.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  void add(std::vector<std::string> cells);
  // Nothing but `when_empty` (to stderr) if there is no row.
  void print(std::string_view when_empty) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// One line on stderr.
void note(std::string_view text);

// A bar on stderr, redrawn at most ten times a second; silent where stderr is not a terminal.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total_bytes);
  ~Progress();  // ends its line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::uint64_t bytes);  // from any thread
  void set_detail(std::string_view text);

 private:
  void draw(bool last);
  std::string what_;
  std::string detail_;
  std::uint64_t total_;
  std::atomic<std::uint64_t> done_{0};
  bool visible_;
  std::chrono::steady_clock::time_point started_;
  std::atomic<std::int64_t> drawn_ms_{-1000};
  std::mutex mutex_;
};

// Whether there is a person to ask.
bool is_at_terminal();

// y/N on the terminal. Without a terminal: Errc::invalid_argument that says to give --yes.
vault::Result<bool> confirm(std::string_view question);

// Free text of a command: from `file` ("-" is stdin), else `given`, else asked for on the terminal with the reminder
// not to name the child. Errc::invalid_argument when it is empty or there is no terminal, Errc::too_large over the
// limit.
vault::Result<std::string> free_text(std::string_view what, const std::optional<std::string>& given,
                                     const std::optional<std::filesystem::path>& file);
// The same for text that may be left out: nothing without a terminal to ask at, or when an empty line is answered.
vault::Result<std::optional<std::string>> optional_text(std::string_view what, const std::optional<std::string>& given,
                                                        const std::optional<std::filesystem::path>& file);

}  // namespace cli
