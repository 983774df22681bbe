// The desk of the person whose client this is: what the program asks of them, and how.
#pragma once
#include "cli/client/session/home.h"

namespace cli::client {

inline constexpr std::size_t kMaxPassphraseBytes = 1024;

// Reads the file's first line. Errc::not_found, Errc::io, Errc::invalid_argument if the line is empty or too long.
PassphraseSource passphrase_from_file(std::filesystem::path file);
// Asks at the controlling terminal without echo, straight into guarded memory. Errc::invalid_argument without a
// terminal, Errc::unavailable if its echo cannot be switched off, Errc::cancelled if the person interrupts.
PassphraseSource passphrase_from_terminal();

}  // namespace cli::client
