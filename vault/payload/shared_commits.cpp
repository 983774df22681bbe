#include "vault/payload/shared_commits.h"

namespace vault::payload {
namespace {

constexpr std::size_t kMaxSharedCommits = 64;

}  // namespace

Result<void> SharedCommits::run(Work work) {
  Waiting mine{std::move(work), {}, false};
  std::unique_lock lock(mutex_);
  queue_.push_back(&mine);
  while (!mine.done) {
    if (running_) {
      changed_.wait(lock);
      continue;
    }
    running_ = true;
    // The first caller that finds nobody running works for all. Its own work may be in a later batch if many wait, so
    // it loops until that is done.
    std::vector<Waiting*> batch;
    while (!queue_.empty() && batch.size() < kMaxSharedCommits) {
      batch.push_back(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    commit(batch);
    lock.lock();
    for (Waiting* each : batch) each->done = true;
    running_ = false;
    changed_.notify_all();
  }
  return std::move(mine.outcome);
}

Result<void> SharedCommits::together(std::span<Waiting* const> batch) {
  TRY(const auto txn, engine_.write());
  for (Waiting* each : batch) TRY_VOID(each->work(*txn));
  return txn->commit();
}

void SharedCommits::commit(std::span<Waiting* const> batch) {
  // Most failures belong to one piece of work. Running each alone keeps it from failing the others.
  const Result<void> all = together(batch);
  if (all || batch.size() == 1) {
    for (Waiting* each : batch) each->outcome = all;
    return;
  }
  for (Waiting* each : batch) each->outcome = together(std::span(&each, 1));
}

}  // namespace vault::payload
