// Tests how many requests a key may make.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

class RatesTest : public ::testing::Test {
 protected:
  // Takes `count` tokens at `steady_ms`; returns how many there were.
  int take(const Actor& actor, int count, std::int64_t steady_ms) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) admitted += rates_.take(actor, at(steady_ms)).admitted ? 1 : 0;
    return admitted;
  }
  static ClockReading at(std::int64_t steady_ms) { return {.wall = {1'000'000 + steady_ms}, .steady_ms = steady_ms}; }
  static Actor person() {
    const PersonId id = PersonId::generate(1);
    return {id.to_string(), id, std::nullopt};
  }

  Rates rates_{{.per_minute = 60, .burst = 10}};
};

TEST_F(RatesTest, ABurstIsAdmittedAndNoMore) {
  EXPECT_EQ(take(person(), 12, 0), 10);
}

TEST_F(RatesTest, TokensComeBackEvenly) {
  const Actor who = person();
  take(who, 10, 0);
  EXPECT_EQ(take(who, 1, 999), 0);
  EXPECT_EQ(take(who, 2, 1000), 1);  // one each second
  EXPECT_EQ(take(who, 5, 4500), 3);
}

TEST_F(RatesTest, ALongRestGivesOneBurst) {
  const Actor who = person();
  take(who, 10, 0);
  EXPECT_EQ(take(who, 20, std::int64_t{10} * 365 * 86'400'000), 10);
}

TEST_F(RatesTest, EachKeyHasTokensOfItsOwn) {
  take(person(), 10, 0);
  EXPECT_EQ(take(person(), 10, 0), 10);
}

TEST_F(RatesTest, TurnedAwayRequestsAreCountedOncePerInterval) {
  const Actor who = person();
  take(who, 11, 500);
  take(who, 2, 700);
  EXPECT_TRUE(rates_.due(500 + limits::kLimitedIntervalMs - 1).empty());
  const auto due = rates_.due(500 + limits::kLimitedIntervalMs);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].person, *who.person);
  EXPECT_EQ(due[0].count, 3U);
  EXPECT_EQ(due[0].since, at(500).wall);
  EXPECT_TRUE(rates_.due(500 + 2 * limits::kLimitedIntervalMs).empty());
}

TEST_F(RatesTest, ARequestAfterTheIntervalFindsTheAggregateDue) {
  const Actor who = person();
  take(who, 11, 0);
  const Rates::Taken taken = rates_.take(who, at(limits::kLimitedIntervalMs));
  EXPECT_TRUE(taken.admitted);
  ASSERT_TRUE(taken.due);
  EXPECT_EQ(taken.due->count, 1U);
  EXPECT_FALSE(rates_.take(who, at(limits::kLimitedIntervalMs)).due);
}

TEST_F(RatesTest, AtTheEndAggregatesAreDueBeforeTheirInterval) {
  take(person(), 11, 0);
  take(person(), 10, 0);
  EXPECT_EQ(rates_.rest().size(), 1U);
  EXPECT_TRUE(rates_.rest().empty());
}

TEST_F(RatesTest, AnInvitationsLimitLeavesNoAggregate) {
  const InvitationId id = InvitationId::generate(1);
  take({id.to_string(), std::nullopt, id}, 11, 0);
  EXPECT_TRUE(rates_.due(limits::kLimitedIntervalMs).empty());
}

TEST_F(RatesTest, KeysThatAreBackAtTheirBurstAreForgotten) {
  take(person(), 3, 0);
  static_cast<void>(rates_.due(2000));
  EXPECT_EQ(rates_.keys(), 1U);
  static_cast<void>(rates_.due(3000));
  EXPECT_EQ(rates_.keys(), 0U);
}

// --- in the gate -----------------------------------------------------------------------------------------------------

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
