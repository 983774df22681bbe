// What our programs ask of the operating system about themselves: how they begin and end, signals, limits, and another
// process of the same program. posix/process.cpp does it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace vault {

// Call it before anything else in main. Afterwards:
// - A write beyond a file-size limit (ulimit -f, LimitFSIZE=) fails with Errc::full. Without this, a signal would end
//   the process.
// - No file that is opened later becomes standard input, output or error. That could happen if our caller closed one of
//   these, and our output would then be written into that file. Reading or writing the closed one fails.
void prepare_process();

// Flushes std::cout. Call it at the end of main with the exit code so far. If this write or an earlier one failed, it
// prints an error on stderr and returns 1 instead of 0. Any other exit code is returned unchanged.
int finish_output(std::string_view program, int exit_code);

// Afterwards a write to a pipe or connection that nobody reads fails. Without this, a signal would end the process.
void ignore_broken_pipes();

// The service ends when it is told to by SIGTERM or SIGINT. Call the first before any thread starts: every thread then
// leaves both signals to the second, which waits for one of them.
void hold_end_signals();
void wait_for_end_signal();

// Raises the number of files and connections that the process may have open, as far as the system lets it.
void allow_open_files(std::uint64_t wanted);

// Runs this program again with other arguments (the first is its name) and waits until it has ended.
struct Ended {
  int exit_code = 0;
  int signal = 0;  // not 0: the process was ended by it
};
Result<Ended> run_again(std::vector<std::string> arguments);

}  // namespace vault
