// The queue before the writer.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST_P(DurableGateTest, AFullQueueTakesNothingMore) {
  std::atomic<std::size_t> unavailable = 0;
  std::atomic<std::size_t> answered = 0;
  const auto request = *world.sign_act(world.icb_root, adding("Fictional Agency"), "the-same-nonce-again");
  {
    HeldWriter held(world);
    // The writer has taken a batch of at most kMaxBatchCommands of them.
    const std::size_t sent = limits::kMaxQueuedCommands + limits::kMaxBatchCommands + 1;
    for (std::size_t i = 0; i < sent; ++i)
      world.gate().submit(request, [&](const Result<Answer>& answer) {
        ++answered;
        if (!answer && answer.code() == Errc::unavailable) ++unavailable;
      });
    EXPECT_GE(unavailable, 1U);
  }
  world.gate().stop();
  EXPECT_EQ(answered, limits::kMaxQueuedCommands + limits::kMaxBatchCommands + 1);
  expect_error(world.submit(request).get(), Errc::unavailable);
}

TEST_P(DurableGateTest, ManyAtOnceAllHaveTheirEntries) {
  constexpr int kThreads = 8;
  constexpr int kEach = 15;
  const auto before = size();
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        const Identity& who = t % 2 == 0 ? world.icb_root : world.police_root;
        for (int i = 0; i < kEach; ++i) {
          const wire::AddAgency command{
              .agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = world.stage_text(who, "Agency")};
          const auto answer = world.act(who, command);
          if (answer && std::holds_alternative<Done>(*answer)) ++done;
        }
      });
  }
  EXPECT_EQ(done, kThreads * kEach);
  EXPECT_EQ(size(), before + kThreads * kEach);
  expect_sound();
}

}  // namespace
}  // namespace strongroom::access::testing
