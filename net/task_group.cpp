#include "net/task_group.h"

namespace net {

void TaskGroup::spawn(asio::any_io_executor executor, asio::awaitable<void> task, std::function<void()> asked) {
  auto entry = std::make_shared<Task>();
  entry->executor = executor;
  entry->asked = std::move(asked);
  std::list<TaskPtr>::iterator place;
  {
    const std::scoped_lock lock(mutex_);
    place = tasks_.insert(tasks_.end(), entry);
  }
  auto ended = [this, entry, place](std::exception_ptr failure) {
    entry->ended = true;
    if (failure && !entry->cancelled && failed_) failed_(failure);
    const std::scoped_lock lock(mutex_);
    tasks_.erase(place);
    if (tasks_.empty()) empty_.notify_all();
  };
  asio::co_spawn(executor, std::move(task),
                 asio::bind_cancellation_slot(entry->signal.slot(), asio::bind_executor(executor, std::move(ended))));
}

std::list<TaskGroup::TaskPtr> TaskGroup::snapshot() {
  const std::scoped_lock lock(mutex_);
  return tasks_;
}

void TaskGroup::ask() {
  for (const TaskPtr& task : snapshot())
    asio::post(task->executor, [task] {
      if (!task->ended && task->asked) task->asked();
    });
}

void TaskGroup::cancel() {
  for (const TaskPtr& task : snapshot())
    asio::post(task->executor, [task] {
      if (task->ended) return;
      task->cancelled = true;
      task->signal.emit(asio::cancellation_type::terminal);
    });
}

bool TaskGroup::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, at_most, [this] { return tasks_.empty(); });
}

}  // namespace net
