// Runs other programs for tests.
#pragma once
#include <string>
#include <vector>

namespace vault::test {

struct Finished {
  int exit_code = -1;  // -1 means that it was not run, or was killed
  std::string output;  // standard output and error together
};

bool is_installed(const std::string& program);
Finished run(const std::vector<std::string>& command);

// Runs `command` on a terminal of its own and types each answer once it has been asked: when the output ends with ": ".
Finished run_on_terminal(const std::vector<std::string>& command, const std::vector<std::string>& answers);

}  // namespace vault::test
