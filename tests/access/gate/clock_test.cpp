// Tests the times of entries, and the entry that the gate makes if the clock was set.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST(EntryClockTest, WithoutAStepTimeIsTheClocks) {
  EntryClock clock;
  clock.keep({.wall = {1000}, .steady_ms = 0}, {1000});
  const auto moment = clock.observe({.wall = {61'000}, .steady_ms = 60'000}, {1000});
  EXPECT_EQ(moment.time, Instant{61'000});
  EXPECT_FALSE(moment.stepped);
}

TEST(EntryClockTest, AJumpOfTheLimitIsNoneAndOneMoreIs) {
  EntryClock clock;
  clock.keep({.wall = {1000}, .steady_ms = 0}, {1000});
  EXPECT_FALSE(clock.observe({.wall = {1010 + limits::kClockJumpMs}, .steady_ms = 10}, {1000}).stepped);
  const auto moment = clock.observe({.wall = {1011 + limits::kClockJumpMs}, .steady_ms = 10}, {1000});
  ASSERT_TRUE(moment.stepped);
  EXPECT_EQ(moment.stepped->from, Instant{1010});
  EXPECT_EQ(moment.stepped->to, moment.time);
}

TEST(EntryClockTest, ALongRestIsNoJump) {
  const EntryClock clock;  // the gate has just started and has nothing to compare with
  EXPECT_FALSE(clock.observe({.wall = {1'000'000'000}, .steady_ms = 5}, {1000}).stepped);
}

TEST(EntryClockTest, AStepBackIsSaidOnceUntilTheClockHasCaughtUp) {
  EntryClock clock;
  EXPECT_TRUE(clock.observe({.wall = {500}, .steady_ms = 0}, {1000}).stepped);
  clock.keep({.wall = {500}, .steady_ms = 0}, {1000});
  EXPECT_FALSE(clock.observe({.wall = {600}, .steady_ms = 100}, {1000}).stepped);
  EXPECT_EQ(clock.observe({.wall = {600}, .steady_ms = 100}, {1000}).time, Instant{1000});
  clock.keep({.wall = {1100}, .steady_ms = 600}, {1100});
  EXPECT_TRUE(clock.observe({.wall = {900}, .steady_ms = 700}, {1100}).stepped);
}

// --- in the gate -----------------------------------------------------------------------------------------------------

TEST_P(GateTest, WhenTheClockStepsBackTimeStandsStillAndOneEntrySaysSo) {
  const Done done = world.done(world.icb_root, adding("Before"));
  const Instant last = envelope(done.seqs[0].value).time;
  const auto first = adding("First");
  const auto second = adding("Second");
  const auto before = size();
  world.set_wall({last.unix_ms - 30'000});
  const Done one = world.done(world.icb_root, first);
  const Done two = world.done(world.icb_root, second);
  EXPECT_EQ(size(), before + 3);
  EXPECT_EQ(body(before).kind, "clock.stepped");
  EXPECT_EQ(envelope(one.seqs[0].value).time, last);
  EXPECT_EQ(envelope(two.seqs[0].value).time, last);
  expect_sound();
}

TEST_P(GateTest, AJumpAheadIsAnEntryOfItsOwn) {
  const auto before = adding("Before");
  const auto after = adding("After");
  world.done(world.icb_root, before);
  const auto at = size();
  world.set_wall({world.now().unix_ms + limits::kClockJumpMs + 1});
  world.done(world.icb_root, after);
  EXPECT_EQ(body(at).kind, "clock.stepped");
  EXPECT_EQ(size(), at + 2);
  expect_sound();
}

TEST_P(GateTest, ARequestThatWaitedTooLongIsNotAccepted) {
  const wire::AddAgency command = adding("Late");
  auto request = *world.sign_act(world.icb_root, command);
  const auto before = size();
  world.pass(61'000);
  expect_error(world.submit(std::move(request)).get(), Errc::refused);
  EXPECT_EQ(size(), before);
}

}  // namespace
}  // namespace strongroom::access::testing
