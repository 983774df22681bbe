#include "cli/client/desk.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "vault/base/file.h"

namespace cli::client {
namespace {

// Switches the terminal's echo off, and back to the earlier setting at the end.
class QuietTerminal {
 public:
  explicit QuietTerminal(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    // Ctrl-C arrives as a character instead of a signal, so that the echo is back before the program ends.
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

Result<vault::SecretText> read_line_secretly(int fd) {
  constexpr char kInterrupt = 3;
  vault::GuardedMemory memory(kMaxPassphraseBytes);
  std::size_t size = 0;
  for (;;) {
    std::byte next{};
    const ssize_t got = ::read(fd, &next, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return vault::system_error(errno, "cannot read the passphrase");
    if (static_cast<char>(next) == kInterrupt) return Error{Errc::cancelled, "interrupted"};
    if (got == 0 || next == std::byte{'\n'} || next == std::byte{'\r'}) break;
    if (size == kMaxPassphraseBytes) return Error{Errc::invalid_argument, "a passphrase has at most 1024 bytes"};
    memory.span()[size++] = next;
  }
  if (size == 0) return Error{Errc::invalid_argument, "the passphrase is empty"};
  return vault::SecretText(vault::as_text(memory.span().first(size)));
}

}  // namespace

PassphraseSource passphrase_from_file(std::filesystem::path file) {
  return [file = std::move(file)](std::string_view) -> Result<vault::SecretText> {
    TRY(const vault::FileDescriptor from, vault::open_file(file, O_RDONLY));
    return read_line_secretly(from.get());
  };
}

PassphraseSource passphrase_from_terminal() {
  return [](std::string_view prompt) -> Result<vault::SecretText> {
    auto terminal = vault::open_file("/dev/tty", O_RDWR | O_NOCTTY);
    if (!terminal)
      return Error{Errc::invalid_argument, "there is no terminal to ask for the passphrase; use --passphrase-file"};
    TRY_VOID(vault::write_all(*terminal, vault::as_bytes(std::string(prompt) + ": ")));
    const QuietTerminal quiet(terminal->get());
    if (!quiet.is_quiet()) return Error{Errc::unavailable, "the terminal's echo cannot be switched off"};
    auto passphrase = read_line_secretly(terminal->get());
    TRY_VOID(vault::write_all(*terminal, vault::as_bytes("\n")));
    return passphrase;
  };
}

}  // namespace cli::client
