// Both programs call the first function at the start of main and the second at its end.
#pragma once
#include <string_view>

namespace vault {

// Call it before anything else. Afterwards:
// - A write beyond a file-size limit (ulimit -f, LimitFSIZE=) fails with EFBIG, which is Errc::full. Without this,
//   SIGXFSZ would end the process.
// - No file that is opened later becomes standard input, output or error. That could happen if our caller closed one of
//   these, and our output would then be written into that file. Reading or writing the closed one fails.
void prepare_process();

// Flushes std::cout. Call it at the end of main with the exit code so far. If this write or an earlier one failed, it
// prints an error on stderr and returns 1 instead of 0. Any other exit code is returned unchanged.
int finish_output(std::string_view program, int exit_code);

}  // namespace vault
