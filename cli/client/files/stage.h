// Steps of a pipeline, each on a thread of its own, between which bytes pass in blocks and in order: what one file
// needs of reading, hashing, opening and writing goes on at once. Memory is a few blocks for each step.
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
inline constexpr std::size_t kStageBlocks = 4;  // that wait for one step

// Wiped when it goes, since it may hold plaintext.
struct StageBlock {
  vault::WipedBytes bytes{kStageBlockBytes};
  std::size_t size = 0;
  vault::ByteView view() const { return bytes.view().first(size); }
};

// Blocks to be used again: memory that is touched for the first time is slow. Thread safe.
class StageBlocks {
 public:
  StageBlocks() : free_(std::make_shared<Free>()) {}
  std::shared_ptr<StageBlock> take() const;  // goes back by itself; may outlive this

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<StageBlock>> blocks;
  };
  std::shared_ptr<Free> free_;  // shared with the blocks that are out
};

class Stage {
 public:
  using Block = std::shared_ptr<const StageBlock>;  // shared by the stages that it is given to
  using Step = std::function<vault::Result<void>(vault::ByteView)>;
  explicit Stage(Step step);
  ~Stage();  // what waits is dropped
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  // Waits for room. What the step said of an earlier block, once it has failed.
  vault::Result<void> push(Block block);
  // Until every block went through; the first error. Nothing may follow.
  vault::Result<void> finish();

 private:
  void run();
  Step step_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Block> waiting_;
  bool busy_ = false;
  bool ended_ = false;
  std::optional<vault::Error> failure_;
  std::thread thread_;
};

// Cuts what comes into blocks, and gives each to every one of the stages. By one thread at a time.
class StageFeed {
 public:
  explicit StageFeed(std::vector<Stage*> stages) : stages_(std::move(stages)) {}
  vault::Result<void> push(vault::ByteView bytes);
  vault::Result<void> flush();  // the block that is begun

 private:
  std::vector<Stage*> stages_;  // not owned
  StageBlocks blocks_;
  std::shared_ptr<StageBlock> filling_;
};

// Runs `task` for 0 … count - 1 on a few threads. The first error stops the rest and comes back.
vault::Result<void> for_each_parallel(std::size_t count, unsigned threads,
                                      const std::function<vault::Result<void>(std::size_t)>& task);

}  // namespace cli::client
