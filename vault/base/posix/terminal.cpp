#include "vault/base/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "vault/base/posix/system.h"

namespace vault {
namespace {

// Switches the echo off, and on destruction puts the terminal back as it was.
class QuietTerminal {
 public:
  explicit QuietTerminal(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    // An interruption arrives as a character, so that the echo is back before the program ends.
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    changed_ = ::tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  bool is_quiet() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_;
};

Result<void> print(const File& terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written =
        posix::uninterrupted([&] { return ::write(posix::descriptor_of(terminal), text.data(), text.size()); });
    if (written < 0) return posix::error_of(errno, "cannot write to the terminal");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

int descriptor_of(Standard stream) {
  switch (stream) {
    case Standard::input:
      return STDIN_FILENO;
    case Standard::output:
      return STDOUT_FILENO;
    case Standard::error:
      return STDERR_FILENO;
  }
  return STDERR_FILENO;
}

}  // namespace

bool is_terminal(Standard stream) {
  return ::isatty(descriptor_of(stream)) == 1;
}

std::string ask(std::string_view prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

Result<SecretText> ask_secretly(std::string_view prompt, std::size_t max_bytes) {
  const char* const path = "/dev/tty";
  const int fd = ::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return Error{Errc::not_found, "there is no terminal to ask at"};
  File terminal(fd, path);
  TRY_VOID(print(terminal, std::string(prompt) + ": "));
  const QuietTerminal quiet(fd);
  if (!quiet.is_quiet()) return Error{Errc::unavailable, "the terminal's echo cannot be switched off"};
  auto answer = read_secret_line(terminal, max_bytes);
  TRY_VOID(print(terminal, "\n"));
  return answer;
}

}  // namespace vault
