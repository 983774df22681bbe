#include "vault/base/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace vault {

void prepare_process() {
  std::signal(SIGXFSZ, SIG_IGN);
  // open() takes the lowest free number, which is this one, because the lower ones are open by now. /dev/null is opened
  // for the wrong direction, so that using the descriptor fails, as it would if it were still closed.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int finish_output(std::string_view program, int exit_code) {
  if (std::cout.flush()) return exit_code;
  std::cerr << program << ": standard output could not be written, so some or all of what was printed is missing.";
  if (exit_code == 0)
    std::cerr << " The command itself has completed. Print to a place that has room, for example another disk, and ask "
                 "again for the output that you need.";
  std::cerr << '\n';
  return exit_code == 0 ? 1 : exit_code;
}

}  // namespace vault
