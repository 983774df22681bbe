// How commands talk to the person at the terminal: tables, progress, questions. Data goes to stdout, everything else to
// stderr. Bars are drawn and questions are asked only if there is a terminal. Not thread safe, except
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

// Makes text that came from elsewhere safe to print. Control characters (a newline in a file name, an escape sequence)
// become "\n", "\x1b" and so on, and so do characters that change the direction of text. Bytes that are not UTF-8
// become
// "\xff".
std::string printable(std::string_view text);

// Returns for example "1.4 MiB". Scripts read the bytes from JSON instead.
std::string size_for_people(std::uint64_t bytes);

// Joins words for a list in a sentence: "child-1, parent-1".
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

// A table whose columns are as wide as their widest cell, with two spaces between them. Cells go through `printable`.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  void add(std::vector<std::string> cells);
  // Without a row, prints only `when_empty`, on stderr.
  void print(std::string_view when_empty) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Prints one line on stderr. The text goes through `printable`: names and reasons in it come from other people.
void note(std::string_view text);

// A bar on stderr, drawn at most ten times a second, and not at all if stderr is not a terminal.
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

// Asks at the terminal, and returns the line that the person types. Call it only if `is_at_terminal`.
std::string ask(std::string_view prompt);

// Asks a question that is answered with y or n, no being the default. Errc::invalid_argument if there is no terminal.
vault::Result<bool> ask_yes_or_no(std::string_view question);

// Reads a command's free text from `file` ("-" is stdin), or takes `given`, or asks at the terminal and adds that the
// child must not be named. `what` is the name of the option, for example "reason". Errc::invalid_argument if the text
// is empty or there is no terminal to ask at, Errc::too_large if it is longer than access::kMaxFreeTextBytes.
vault::Result<std::string> free_text(std::string_view what, const std::optional<std::string>& given,
                                     const std::optional<std::filesystem::path>& file);
// The same for text that may be left out. Returns nothing if there is no terminal to ask at or the answer is an empty
// line.
vault::Result<std::optional<std::string>> optional_text(std::string_view what, const std::optional<std::string>& given,
                                                        const std::optional<std::filesystem::path>& file);

}  // namespace cli
