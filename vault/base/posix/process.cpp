#include "vault/base/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "vault/base/posix/system.h"

namespace vault {
namespace {

sigset_t end_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  return ends;
}

}  // namespace

void prepare_process() {
  std::signal(SIGXFSZ, SIG_IGN);
  // open() takes the lowest free number, which is this one, because the lower ones are open by now. /dev/null is opened
  // for the wrong direction, so that using the descriptor fails, as it would if it were still closed.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void ignore_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

void hold_end_signals() {
  const sigset_t ends = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // threads that start later inherit it
}

void wait_for_end_signal() {
  const sigset_t ends = end_signals();
  int signal = 0;
  ::sigwait(&ends, &signal);
}

void allow_open_files(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  wanted = std::min<std::uint64_t>(wanted, limit.rlim_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<Ended> run_again(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return posix::error_of(errno, "cannot start another process");
  if (child == 0) {
    ::execv("/proc/self/exe", argv.data());
    ::_exit(1);
  }
  int status = 0;
  if (posix::uninterrupted([&] { return ::waitpid(child, &status, 0); }) < 0)
    return posix::error_of(errno, "cannot wait for another process");
  if (WIFEXITED(status)) return Ended{.exit_code = WEXITSTATUS(status)};
  return Ended{.signal = WTERMSIG(status)};
}

}  // namespace vault
