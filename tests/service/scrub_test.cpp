#include "service/scrub.h"

#include <gtest/gtest.h>

#include "tests/access/world.h"

namespace service {
namespace {

using access::testing::World;
using vault::Errc;

TEST(Pace, KeepsItsRateAndDoesNotCatchUp) {
  using std::chrono::milliseconds;
  const Pace::Time start{};
  Pace pace(1'000'000, start);
  EXPECT_EQ(pace.after(500'000, start), start + milliseconds(500));
  EXPECT_EQ(pace.after(250'000, start), start + milliseconds(750));
  // A second unused is gone.
  EXPECT_EQ(pace.after(1'000, start + milliseconds(2000)), start + milliseconds(2001));
}

class ScrubTest : public testing::Test {
 protected:
  ScrubTest() {
    world_.populate();
    world_.open_case();
    sealed_ = world_.seal(world_.depositor, world_.safe, 5).size();
    const auto txn = std::move(world_.store().engine().read().value());
    records_ = world_.store().payload().list(*txn, std::nullopt, 1000)->size();
  }
  static bool always(std::uint64_t) { return true; }

  World world_;
  Log log_{Log::To::nowhere};
  Scrub scrub_{world_.store(), [this] { return world_.now(); }};
  std::size_t sealed_ = 0;
  std::size_t records_ = 0;
};

TEST_F(ScrubTest, ReadsEveryRecordOnceAndSaysWhenItEnded) {
  ASSERT_GE(records_, sealed_);
  EXPECT_FALSE(*scrub_.state());
  EXPECT_FALSE(*scrub_.step(always)) << "none goes on";
  ASSERT_TRUE(scrub_.begin());
  int steps = 0;
  while (*scrub_.step(always) && steps < 100) ++steps;
  const auto state = *scrub_.state();
  ASSERT_TRUE(state && state->finished);
  EXPECT_EQ(state->records, records_);
  EXPECT_TRUE(state->damaged.empty());
}

TEST_F(ScrubTest, GoesOnBehindTheLastRecordThatItRead) {
  ASSERT_TRUE(scrub_.begin());
  std::size_t blocks = 0;
  const auto two = [&](std::uint64_t) { return ++blocks <= 2; };
  EXPECT_EQ(scrub_.step(two).code(), Errc::cancelled);
  EXPECT_EQ((*scrub_.state())->records, 2U);
  Scrub another(world_.store(), [this] { return world_.now(); });  // as after a restart
  blocks = 0;
  const auto count = [&](std::uint64_t) { return ++blocks > 0; };
  while (*another.step(count)) {
  }
  EXPECT_EQ(blocks, records_ - 2);
  EXPECT_EQ((*another.state())->records, records_);
}

TEST_F(ScrubTest, InTheServiceBeginsAWeekAfterTheFirstStartAndEachWeekAfterTheLast) {
  ScrubJob job(world_.store(), [this] { return world_.now(); }, log_);
  EXPECT_FALSE(*job.turn(always));
  EXPECT_EQ(job.last_finished_seconds(), 0);
  world_.pass(kScrubEveryMs - 1);
  EXPECT_FALSE(*job.turn(always));
  EXPECT_EQ((*scrub_.state())->records, 0U);
  world_.pass(1);
  while (*job.turn(always)) {
  }
  EXPECT_EQ((*scrub_.state())->records, records_);
  EXPECT_EQ(job.last_finished_seconds(), world_.now().unix_ms / 1000);
  EXPECT_EQ(job.damaged(), 0U);
  const auto started = (*scrub_.state())->started;
  EXPECT_FALSE(*job.turn(always));
  EXPECT_EQ((*scrub_.state())->started, started);
  world_.pass(kScrubEveryMs);
  EXPECT_TRUE(*job.turn(always));
  EXPECT_NE((*scrub_.state())->started, started);
}

TEST_F(ScrubTest, OnItsThreadStopsAtOnce) {
  ScrubJob job(world_.store(), [this] { return world_.now(); }, log_);
  job.start();
  job.stop();
}

}  // namespace
}  // namespace service
