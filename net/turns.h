// What costs a thread much and comes in crowds, one in each round of its loop: whatever else is ready comes in between.
#pragma once
#include <deque>

#include "net/asio.h"

namespace net {

// For the one thread of `context`, whose coroutines it must outlive.
class Turns {
 public:
  explicit Turns(asio::io_context& context) : context_(context) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  // Returns in a round of its own, in the order of asking. Not to be cancelled: it takes as many rounds as others wait.
  asio::awaitable<void> take();

 private:
  void next();
  asio::io_context& context_;
  std::deque<asio::steady_timer*> waiting_;  // each ends its wait when it is cancelled
  bool going_ = false;                       // `next` is posted
};

}  // namespace net
