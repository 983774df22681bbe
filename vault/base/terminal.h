// Questions to the person at the terminal. posix/terminal.cpp asks them.
#pragma once
#include <string>
#include <string_view>

#include "vault/base/file.h"
#include "vault/base/secret.h"

namespace vault {

enum class Standard { input, output, error };
bool is_terminal(Standard stream);

// Prints the prompt on stderr, and returns the next line of standard input without its end.
std::string ask(std::string_view prompt);

// Asks on the terminal that the program was started from, and does not show what is typed. The standard streams may
// lead somewhere else. The answer goes straight into guarded memory. Errc::not_found if there is no terminal;
// Errc::invalid_argument if the answer is empty or too long; Errc::unavailable if it could be seen; Errc::cancelled if
// the person interrupts.
Result<SecretText> ask_secretly(std::string_view prompt, std::size_t max_bytes);

// The next line of a file, a pipe or a terminal, as the answer to `ask_secretly`.
Result<SecretText> read_secret_line(File& from, std::size_t max_bytes);

}  // namespace vault
