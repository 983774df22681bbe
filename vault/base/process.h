// The first and the last thing that both programs do in main.
#pragma once
#include <string_view>

namespace vault {

// Call it before anything else. Afterwards:
// - a write beyond a file-size limit (ulimit -f, LimitFSIZE=) fails with EFBIG, which is Errc::full, and does not end
//   the process by SIGXFSZ;
// - no file that is opened later becomes standard input, output or error because the caller closed one of these.
//   Otherwise what we print would be written into that file. Reading or writing the closed one fails.
void prepare_process();

// Call it at the end of main with the exit code of what was done. Writes out what std::cout still holds. If that fails,
// or an earlier write did, it says so on stderr and returns 1 instead of 0; other codes stay as they are.
int finish_output(std::string_view program, int exit_code);

}  // namespace vault
