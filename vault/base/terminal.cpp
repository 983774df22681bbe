#include "vault/base/terminal.h"

namespace vault {

Result<SecretText> read_secret_line(File& from, std::size_t max_bytes) {
  constexpr std::byte kInterrupt{3};
  GuardedMemory memory(max_bytes);
  std::size_t size = 0;
  for (;;) {
    std::byte next{};  // one at a time: the line after this one is not ours to take
    TRY(const std::size_t got, from.read(std::span(&next, 1)));
    if (next == kInterrupt) return Error{Errc::cancelled, "interrupted"};
    if (got == 0 || next == std::byte{'\n'} || next == std::byte{'\r'}) break;
    if (size == max_bytes)
      return Error{Errc::invalid_argument, "a passphrase has at most " + std::to_string(max_bytes) + " bytes"};
    memory.span()[size++] = next;
  }
  if (size == 0) return Error{Errc::invalid_argument, "the passphrase is empty"};
  return SecretText(as_text(memory.span().first(size)));
}

}  // namespace vault
