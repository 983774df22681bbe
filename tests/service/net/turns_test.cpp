#include "service/net/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include <string>
#include <vector>

namespace service::net {
namespace {

using testing::ElementsAre;

// What was posted during a turn stands for a connection whose bytes have come.
TEST(Turns, WhateverIsReadyComesBetweenTwoOfThem) {
  asio::io_context context;
  Turns turns(context);
  std::vector<std::string> seen;
  const auto spawn = [&](std::string name) {
    asio::co_spawn(
        context,
        [&, name]() -> asio::awaitable<void> {
          co_await turns.take();
          seen.push_back("turn " + name);
          asio::post(context, [&, name] { seen.push_back("after " + name); });
        },
        asio::detached);
  };
  for (const std::string name : {"a", "b", "c"}) spawn(name);
  context.run();
  EXPECT_THAT(seen, ElementsAre("turn a", "after a", "turn b", "after b", "turn c", "after c"));
  seen.clear();
  spawn("again");
  context.restart();
  context.run();
  EXPECT_THAT(seen, ElementsAre("turn again", "after again"));
}

TEST(Turns, WhoWaitsWhenTheLoopEndsIsLetGo) {
  asio::io_context context;
  Turns turns(context);
  bool taken = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        co_await turns.take();
        taken = true;
      },
      asio::detached);
  context.run_one();  // asks
  context.stop();
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace service::net
