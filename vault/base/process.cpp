#include "vault/base/process.h"

#include <iostream>

namespace vault {

int finish_output(std::string_view program, int exit_code) {
  if (std::cout.flush()) return exit_code;
  std::cerr << program << ": standard output could not be written, so some or all of what was printed is missing.";
  if (exit_code == 0)
    std::cerr << " What the command did stays done. Print to a place that has room, and ask again for what you need.";
  std::cerr << '\n';
  return exit_code == 0 ? 1 : exit_code;
}

}  // namespace vault
