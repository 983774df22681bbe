// Gives turns to work that costs a thread much and comes in crowds, for example TLS handshakes: one piece of it in each
// round of the thread's loop, and everything else that is ready in between.
#pragma once
#include <deque>

#include "net/asio.h"

namespace net {

// Used by the one thread of `context` only. It must outlive the coroutines that wait in it.
class Turns {
 public:
  explicit Turns(asio::io_context& context) : context_(context) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  // Returns in a round of its own, first come, first served. The wait cannot be cancelled, because it lasts only as
  // many rounds as others are waiting.
  asio::awaitable<void> take();

 private:
  void next();
  asio::io_context& context_;
  std::deque<asio::steady_timer*> waiting_;  // cancelling one ends its wait
  bool going_ = false;                       // `next` is posted
};

}  // namespace net
