// Long work at the terminal: a bar that follows a client's counters, and Ctrl-C as a request to stop between files.
#pragma once
#include <atomic>
#include <csignal>
#include <thread>

#include "cli/commands/terminal.h"

namespace cli {

// While this exists, Ctrl-C asks the work to stop: files that are begun are finished, and the same command, run again,
// continues with the others.
inline std::atomic<bool>* interrupted = nullptr;
class StopOnInterrupt {
 public:
  explicit StopOnInterrupt(std::atomic<bool>& stop) {
    interrupted = &stop;
    before_ = std::signal(SIGINT, [](int) { interrupted->store(true); });
  }
  ~StopOnInterrupt() {
    std::signal(SIGINT, before_);
    interrupted = nullptr;
  }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

 private:
  void (*before_)(int);
};

// While this exists, a bar shows how far a client's counters are.
template <class Counters>
class Follow {
 public:
  Follow(std::string what, std::uint64_t total, Counters& counters)
      : bar_(std::move(what), total), thread_([this, &counters](const std::stop_token& stop) {
          std::uint64_t seen = 0;
          while (!stop.stop_requested()) {
            const std::uint64_t now = counters.bytes;
            bar_.set_detail(std::to_string(counters.files) + " files");
            bar_.advance(now - seen);
            seen = now;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

 private:
  Progress bar_;
  std::jthread thread_;
};

}  // namespace cli
