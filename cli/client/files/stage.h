// Threads for work on files. The steps of a pipeline each have a thread of their own, and bytes pass between them in
// blocks and in order, so that one file is read, hashed, opened and written at the same time. Each step needs the
// memory of a few blocks.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"

namespace cli::client {

inline constexpr std::size_t kStageBlockBytes = 512U << 10;
inline constexpr std::size_t kStageBlocks = 4;  // may wait for one step

// Wiped at the end, because it may hold plaintext.
struct StageBlock {
  vault::WipedBytes bytes{kStageBlockBytes};
  std::size_t size = 0;
  vault::ByteView view() const { return bytes.view().first(size); }
};

// Keeps blocks so that they are used again, because memory is slow when it is touched for the first time. Thread safe.
class StageBlocks {
 public:
  StageBlocks() : free_(std::make_shared<Free>()) {}
  std::shared_ptr<StageBlock> take() const;  // the block comes back by itself, and may outlive this object

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<StageBlock>> blocks;
  };
  std::shared_ptr<Free> free_;  // shared with the blocks that are in use
};

class Stage {
 public:
  using Block = std::shared_ptr<const StageBlock>;  // shared by all stages that got it
  using Step = std::function<vault::Result<void>(vault::ByteView)>;
  explicit Stage(Step step);
  ~Stage();  // drops the blocks that wait
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  // Waits for room. Returns the step's error, if it failed at an earlier block.
  vault::Result<void> push(Block block);
  // Waits until the step has taken every block, and returns its first error. Nothing may be pushed afterwards.
  vault::Result<void> finish();

 private:
  void run();
  Step step_;
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::deque<Block> waiting_;
  bool busy_ = false;
  bool ended_ = false;
  std::optional<vault::Error> failure_;
  std::thread thread_;
};

// Cuts bytes into blocks, and gives each block to all of the stages. Only one thread at a time may use it.
class StageFeed {
 public:
  explicit StageFeed(std::vector<Stage*> stages) : stages_(std::move(stages)) {}
  vault::Result<void> push(vault::ByteView bytes);
  vault::Result<void> flush();  // gives the stages the last block, which is not full

 private:
  std::vector<Stage*> stages_;  // not owned
  StageBlocks blocks_;
  std::shared_ptr<StageBlock> filling_;
};

// Runs `task` for 0 … count - 1 on a few threads. The first error stops the others and is returned.
vault::Result<void> for_each_parallel(std::size_t count, unsigned threads,
                                      const std::function<vault::Result<void>(std::size_t)>& task);

}  // namespace cli::client
