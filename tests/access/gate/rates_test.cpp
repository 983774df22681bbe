// How many requests a key may make.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST_P(GateTest, OverTheLimitOneEntryTellsHowManyWereTurnedAway) {
  const auto before = size();
  for (std::int64_t i = 0; i < limits::kRequestBurst; ++i) ASSERT_TRUE(world.gate().admit(actor_of(world.first)));
  for (int i = 0; i < 5; ++i) {
    const auto admitted = world.gate().admit(actor_of(world.first));
    ASSERT_FALSE(admitted);
    EXPECT_EQ(admitted.code(), Errc::limited);
  }
  EXPECT_TRUE(world.gate().admit(actor_of(world.second)));
  EXPECT_TRUE(world.gate().collect_garbage());
  EXPECT_EQ(size(), before);  // the interval is not over
  world.pass(limits::kLimitedIntervalMs);
  EXPECT_TRUE(world.gate().admit(actor_of(world.first)));
  ASSERT_TRUE(world.reopen());
  ASSERT_EQ(size(), before + 1);
  const auto limited = *wire::from_json<wire::RequestsLimited>(body(before).detail);
  EXPECT_EQ(limited.person, world.first.id);
  EXPECT_EQ(limited.count, 5U);
  expect_sound();
}

}  // namespace
}  // namespace strongroom::access::testing
