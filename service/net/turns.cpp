#include "service/net/turns.h"

namespace service::net {

asio::awaitable<void> Turns::take() {
  asio::steady_timer turn(context_, asio::steady_timer::time_point::max());
  waiting_.push_back(&turn);
  if (!std::exchange(going_, true)) asio::post(context_, [this] { next(); });
  co_await turn.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), kToken));
}

void Turns::next() {
  going_ = !waiting_.empty();
  if (!going_) return;
  waiting_.front()->cancel();
  waiting_.pop_front();
  asio::post(context_, [this] { next(); });
}

}  // namespace service::net
