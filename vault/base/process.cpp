#include "vault/base/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace vault {

void prepare_process() {
  std::signal(SIGXFSZ, SIG_IGN);
  // open takes the lowest number that is free, which is this one. It is opened the wrong way round, so that using it
  // fails as it would if it were closed.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int finish_output(std::string_view program, int exit_code) {
  if (std::cout.flush()) return exit_code;
  std::cerr << program << ": standard output could not be written, so some or all of what was printed is missing.";
  if (exit_code == 0)
    std::cerr << " What the command did stays done. Print to a place that has room, and ask again for what you need.";
  std::cerr << '\n';
  return exit_code == 0 ? 1 : exit_code;
}

}  // namespace vault
