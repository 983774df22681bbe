#include "tests/conformance/process.h"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "vault/base/result.h"

namespace vault::test {
namespace {

[[noreturn]] void become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int exit_code_of(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

// Reads the available bytes; returns false at the end (a terminal whose program is gone reads as an error).
bool read_some(int from, std::string& output) {
  std::array<char, 4096> buffer;
  const ssize_t size = ::read(from, buffer.data(), buffer.size());
  if (size <= 0) return false;
  output.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

}  // namespace

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');)
    if (::access((std::filesystem::path(directory) / program).c_str(), X_OK) == 0) return true;
  return false;
}

Finished run(const std::vector<std::string>& command) {
  int ends[2];
  invariant(::pipe(ends) == 0, "a pipe can be made");
  const pid_t child = ::fork();
  invariant(child >= 0, "a process can be made");
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    become(command);
  }
  ::close(ends[1]);
  Finished finished;
  while (read_some(ends[0], finished.output)) {
  }
  ::close(ends[0]);
  finished.exit_code = exit_code_of(child);
  return finished;
}

Finished run_on_terminal(const std::vector<std::string>& command, const std::vector<std::string>& answers) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  invariant(child >= 0, "a terminal can be made");
  if (child == 0) become(command);
  Finished finished;
  auto answer = answers.begin();
  while (read_some(terminal, finished.output)) {
    if (answer == answers.end() || !finished.output.ends_with(": ")) continue;
    const std::string line = *answer++ + "\n";
    if (::write(terminal, line.data(), line.size()) < 0) break;
  }
  ::close(terminal);
  finished.exit_code = exit_code_of(child);
  return finished;
}

}  // namespace vault::test
