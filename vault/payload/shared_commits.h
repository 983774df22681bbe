// Commits shared by all who wait: each piece of work runs in a write transaction with others'; when one fails, each
// runs alone and has its own outcome. One of those who wait does it for all; there is no thread. Thread safe.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <span>

#include "vault/engine/engine.h"

namespace vault::payload {

class SharedCommits {
 public:
  using Work = std::function<Result<void>(engine::WriteTransaction&)>;  // may run twice
  explicit SharedCommits(engine::Engine& engine) : engine_(engine) {}
  // Returns when it is committed, and so durable, or has failed. The caller must have no write transaction open.
  Result<void> run(Work work);

 private:
  struct Waiting {
    Work work;
    Result<void> outcome;
    bool done;
  };
  Result<void> together(std::span<Waiting* const> batch);
  void commit(std::span<Waiting* const> batch);

  engine::Engine& engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> queue_;
  bool running_ = false;
};

}  // namespace vault::payload
