// Owns coroutines: none is detached, each end is seen, and all can be asked to end.
#pragma once
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "net/asio.h"

namespace net {

// Thread safe. Must outlive the executors on which its tasks run.
class TaskGroup {
 public:
  // `failed` is told what a task let escape, unless it had been cancelled.
  explicit TaskGroup(std::function<void(std::exception_ptr)> failed) : failed_(std::move(failed)) {}

  // `task` runs on `executor`, which runs one thing at a time if its owner touches its state. `asked`, if given, is
  // called there by `ask`.
  void spawn(asio::any_io_executor executor, asio::awaitable<void> task, std::function<void()> asked = {});
  // Calls every task's `asked` on its own executor: a request to come to an end.
  void ask();
  // Cancels what every task is waiting for, on its own executor.
  void cancel();
  // True once no task is left, false after `at_most`. Not to be called from a task.
  bool wait(std::chrono::milliseconds at_most);

 private:
  struct Task {
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
    std::function<void()> asked;
    bool ended = false;  // touched on the executor only, as is the signal
    bool cancelled = false;
  };
  // Shared, because a posted question may arrive after the task's end.
  using TaskPtr = std::shared_ptr<Task>;
  std::list<TaskPtr> snapshot();

  std::function<void(std::exception_ptr)> failed_;
  std::mutex mutex_;
  std::condition_variable empty_;
  std::list<TaskPtr> tasks_;
};

}  // namespace net
