// Runs pieces of work from several callers in one write transaction, since a commit waits for the disk and costs the
// same for one piece as for many. If one piece fails, each is run again in a transaction of its own and gets its own
// outcome. One of the callers that wait does the work for all; there is no thread. Thread safe.
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
  // Returns when the work is committed, and so durable, or has failed. The caller must not have a write transaction
  // open: it would wait for itself.
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
