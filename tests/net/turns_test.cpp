#include "net/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include <string>
#include <vector>

namespace net {
namespace {

using testing::ElementsAre;

struct Loop {  // like the server's
  Turns turns{context};
  asio::io_context context{1};
};

// A task that was posted during a turn plays the part of a connection whose bytes have come.
TEST(Turns, WhateverIsReadyComesBetweenTwoOfThem) {
  Loop loop;
  std::vector<std::string> seen;
  const auto spawn = [&](std::string name) {
    asio::co_spawn(
        loop.context,
        [&, name]() -> asio::awaitable<void> {
          co_await loop.turns.take();
          seen.push_back("turn " + name);
          asio::post(loop.context, [&, name] { seen.push_back("after " + name); });
        },
        asio::detached);
  };
  for (const std::string name : {"a", "b", "c"}) spawn(name);
  loop.context.run();
  EXPECT_THAT(seen, ElementsAre("turn a", "after a", "turn b", "after b", "turn c", "after c"));
  seen.clear();
  spawn("again");
  loop.context.restart();
  loop.context.run();
  EXPECT_THAT(seen, ElementsAre("turn again", "after again"));
}

TEST(Turns, WhoWaitsWhenTheLoopEndsIsLetGo) {
  Loop loop;
  bool taken = false;
  asio::co_spawn(
      loop.context,
      [&]() -> asio::awaitable<void> {
        co_await loop.turns.take();
        taken = true;
      },
      asio::detached);
  loop.context.run_one();  // asks
  loop.context.stop();
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace net
