// Owns coroutines: none is detached, the end of each is noticed, and all of them can be asked to end.
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
  // `failed` is called with an exception that leaves a task, unless the task was cancelled.
  explicit TaskGroup(std::function<void(std::exception_ptr)> failed) : failed_(std::move(failed)) {}

  // Runs `task` on `executor`, which must not run two things at once if others use the task's state there. `ask` calls
  // `asked` on the same executor.
  void spawn(asio::any_io_executor executor, asio::awaitable<void> task, std::function<void()> asked = {});
  // Asks every task to end, by calling its `asked` on its own executor.
  void ask();
  // Cancels the wait of every task, on its own executor.
  void cancel();
  // Returns true as soon as no task is left, or false after `at_most`. A task must not call it.
  bool wait(std::chrono::milliseconds at_most);

 private:
  struct Task {
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
    std::function<void()> asked;
    bool ended = false;  // used on the executor only, like the signal
    bool cancelled = false;
  };
  // Shared, because a call that was posted may run after the task has ended.
  using TaskPtr = std::shared_ptr<Task>;
  std::list<TaskPtr> snapshot();

  std::function<void(std::exception_ptr)> failed_;
  std::mutex mutex_;
  std::condition_variable empty_;
  std::list<TaskPtr> tasks_;
};

}  // namespace net
