#include "net/turns.h"

#include <deque>

namespace net {

asio::awaitable<void> Turns::take() {
  asio::steady_timer turn(context_, asio::steady_timer::time_point::max());
  struct Place {  // leaves the queue however the wait ends
    std::deque<asio::steady_timer*>& waiting;
    asio::steady_timer* turn;
    ~Place() { std::erase(waiting, turn); }
  };
  if (!going_) asio::post(context_, [this] { next(); });
  going_ = true;
  waiting_.push_back(&turn);
  const Place place{waiting_, &turn};
  co_await turn.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), kToken));
}

void Turns::next() {
  going_ = !waiting_.empty();
  if (!going_) return;
  waiting_.front()->cancel();
  waiting_.pop_front();
  asio::post(context_, [this] { next(); });
}

}  // namespace net
