#include "cli/client/files/stage.h"

#include <algorithm>
#include <atomic>

namespace cli::client {

using vault::ByteView;
using vault::Result;

std::shared_ptr<StageBlock> StageBlocks::take() const {
  std::unique_ptr<StageBlock> block;
  {
    const std::scoped_lock lock(free_->mutex);
    if (!free_->blocks.empty()) {
      block = std::move(free_->blocks.back());
      free_->blocks.pop_back();
    }
  }
  if (!block) block = std::make_unique<StageBlock>();
  block->size = 0;
  return {block.release(), [free = free_](StageBlock* used) {
            std::unique_ptr<StageBlock> owned(used);
            const std::scoped_lock lock(free->mutex);
            free->blocks.push_back(std::move(owned));
          }};
}

Stage::Stage(Step step) : step_(std::move(step)), thread_([this] { run(); }) {}

Stage::~Stage() {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.clear();
    ended_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

Result<void> Stage::push(Block block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kStageBlocks || failure_; });
  if (failure_) return *failure_;
  waiting_.push_back(std::move(block));
  changed_.notify_all();
  return {};
}

Result<void> Stage::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (waiting_.empty() && !busy_) || failure_; });
  if (failure_) return *failure_;
  return {};
}

void Stage::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
    if (waiting_.empty()) return;
    Block block = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    changed_.notify_all();
    lock.unlock();
    auto done = step_(block->view());
    block.reset();
    lock.lock();
    busy_ = false;
    if (!done && !failure_) {
      failure_ = done.error();
      waiting_.clear();
    }
    changed_.notify_all();
    if (failure_) return;
  }
}

Result<void> StageFeed::push(ByteView bytes) {
  while (!bytes.empty()) {
    if (!filling_) filling_ = blocks_.take();
    const std::size_t room = std::min(bytes.size(), kStageBlockBytes - filling_->size);
    std::ranges::copy(bytes.first(room), filling_->bytes.span().begin() + static_cast<std::ptrdiff_t>(filling_->size));
    filling_->size += room;
    bytes = bytes.subspan(room);
    if (filling_->size == kStageBlockBytes) TRY_VOID(flush());
  }
  return {};
}

Result<void> StageFeed::flush() {
  if (!filling_) return {};
  const std::shared_ptr<const StageBlock> block = std::exchange(filling_, nullptr);
  for (Stage* stage : stages_) TRY_VOID(stage->push(block));
  return {};
}

Result<void> for_each_parallel(std::size_t count, unsigned threads,
                               const std::function<Result<void>(std::size_t)>& task) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<vault::Error> failed;  // guarded by mutex
  const auto work = [&] {
    for (;;) {
      {
        const std::scoped_lock lock(mutex);
        if (failed) return;
      }
      const std::size_t index = next++;
      if (index >= count) return;
      auto done = task(index);
      if (done) continue;
      const std::scoped_lock lock(mutex);
      if (!failed) failed = done.error();
    }
  };
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < std::min<std::size_t>(threads, count); ++i) running.emplace_back(work);
  for (std::thread& thread : running) thread.join();
  if (failed) return *failed;
  return {};
}

}  // namespace cli::client
