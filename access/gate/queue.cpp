#include "access/gate/queue.h"

#include <utility>

namespace strongroom::access {
namespace {

void tell(const Job& job, JobResult result) {
  const auto call = [&]<class T>(const std::function<void(Result<T>)>& done) {
    if (!done) return;
    if (auto* error = std::get_if<Error>(&result))
      done(std::move(*error));
    else
      done(std::get<T>(std::move(result)));
  };
  if (const auto* command = std::get_if<CommandJob>(&job.work)) return call(command->done);
  if (const auto* refusal = std::get_if<RefusalJob>(&job.work)) return call(refusal->done);
  if (const auto* staging = std::get_if<StagingJob>(&job.work)) return call(staging->done);
}

}  // namespace

void Queue::push(Job job) {
  const bool names_uploads = job.names_uploads;
  std::optional<Error> rejected;
  {
    const std::lock_guard lock(mutex_);
    if (!taking_) {
      rejected = Error{Errc::unavailable, "the service is stopping"};
    } else if (waiting_ >= limits::kMaxQueuedCommands || waiting_bytes_ + job.bytes > limits::kMaxQueuedBytes) {
      rejected = Error{Errc::unavailable, "too many requests are waiting; try again"};
    } else {
      ++waiting_;
      waiting_bytes_ += job.bytes;
      (names_uploads ? to_sync_ : to_write_).push_back(std::move(job));
    }
  }
  if (rejected)
    tell(job, *rejected);
  else
    (names_uploads ? syncing_ : work_).notify_one();
}

std::optional<Job> Queue::take_to_sync() {
  std::unique_lock lock(mutex_);
  syncing_.wait(lock, [this] { return !to_sync_.empty() || !taking_; });
  if (to_sync_.empty() || abandoned_) return std::nullopt;
  Job job = std::move(to_sync_.front());
  to_sync_.pop_front();
  return job;
}

void Queue::put_synced(Job job, const Result<void>& synced) {
  const std::lock_guard lock(mutex_);
  if (synced) {
    to_write_.push_back(std::move(job));
    work_.notify_one();
    return;
  }
  --waiting_;
  waiting_bytes_ -= job.bytes;
  answered_.emplace_back(std::move(job), synced.error());
  wake_all();
}

std::vector<Job> Queue::take_batch() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return !to_write_.empty() || is_written_out(); });
  std::vector<Job> batch;
  if (abandoned_) return batch;
  std::size_t bytes = 0;
  while (!to_write_.empty() && batch.size() < limits::kMaxBatchCommands) {
    if (!batch.empty() && bytes + to_write_.front().bytes > limits::kMaxBatchBytes) break;
    bytes += to_write_.front().bytes;
    batch.push_back(std::move(to_write_.front()));
    to_write_.pop_front();
  }
  waiting_ -= batch.size();
  waiting_bytes_ -= bytes;
  writing_ += batch.size();
  return batch;
}

void Queue::put_answers(std::span<Job> jobs, std::vector<JobResult> results) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < jobs.size(); ++i) answered_.emplace_back(std::move(jobs[i]), std::move(results[i]));
  writing_ -= jobs.size();
  answers_.notify_one();
}

bool Queue::complete() {
  std::unique_lock lock(mutex_);
  answers_.wait(lock, [this] { return !answered_.empty() || (is_written_out() && (writing_ == 0 || abandoned_)); });
  auto answered = std::exchange(answered_, {});
  lock.unlock();
  for (auto& [job, result] : answered) tell(job, std::move(result));
  return !answered.empty();
}

void Queue::stop() {
  const std::lock_guard lock(mutex_);
  taking_ = false;
  wake_all();
}

void Queue::abandon() {
  const std::lock_guard lock(mutex_);
  taking_ = false;
  abandoned_ = true;
  wake_all();
}

bool Queue::is_taking() const {
  const std::lock_guard lock(mutex_);
  return taking_;
}

std::size_t Queue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

// Whether a thread may end depends on the other threads, so each of them must look again.
void Queue::wake_all() {
  syncing_.notify_one();
  work_.notify_one();
  answers_.notify_one();
}

}  // namespace strongroom::access
