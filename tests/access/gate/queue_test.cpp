// The queue before the writer: batches, limits, syncs and its end.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

// The queue by itself. No thread runs: a test calls the functions of all three threads in turn.
class QueueTest : public ::testing::Test {
 protected:
  using Told = std::pair<std::size_t, std::optional<Errc>>;

  // Jobs are numbered in the order in which they are pushed.
  void push(std::size_t bytes = 1, bool names_uploads = false) {
    const auto done = [this, number = pushed_++](const Result<std::vector<Digest>>& result) {
      told_.emplace_back(number, result ? std::nullopt : std::optional(result.code()));
    };
    queue_.push({.work = StagingJob{{}, {}, done}, .bytes = bytes, .names_uploads = names_uploads});
  }
  void answer(std::vector<Job>& batch) {
    queue_.put_answers(batch, std::vector<JobResult>(batch.size(), JobResult(std::vector<Digest>())));
  }
  // Takes a batch, answers it and tells everybody. Returns how many jobs it had.
  std::size_t write_batch() {
    std::vector<Job> batch = queue_.take_batch();
    answer(batch);
    EXPECT_TRUE(queue_.complete());
    return batch.size();
  }

  Queue queue_;
  std::size_t pushed_ = 0;
  std::vector<Told> told_;
};

TEST_F(QueueTest, ABatchHasAtMost256Jobs) {
  for (std::size_t i = 0; i < limits::kMaxBatchCommands + 1; ++i) push();
  ASSERT_EQ(write_batch(), limits::kMaxBatchCommands);
  ASSERT_EQ(write_batch(), 1U);
}

TEST_F(QueueTest, ABatchHasAtMost8MiB) {
  push(limits::kMaxBatchBytes / 2);
  push(limits::kMaxBatchBytes / 2);
  push(1);
  ASSERT_EQ(write_batch(), 2U);
  ASSERT_EQ(write_batch(), 1U);
}

TEST_F(QueueTest, AJobThatIsLargerThanABatchIsTakenAlone) {
  push(limits::kMaxBatchBytes + 1);
  push(1);
  ASSERT_EQ(write_batch(), 1U);
  ASSERT_EQ(write_batch(), 1U);
}

TEST_F(QueueTest, JobsAreToldInTheOrderInWhichTheyCame) {
  for (int i = 0; i < 3; ++i) push();
  write_batch();
  EXPECT_EQ(told_, (std::vector<Told>{{0, {}}, {1, {}}, {2, {}}}));
}

TEST_F(QueueTest, MoreJobsThanItHoldsAreToldAtOnce) {
  for (std::size_t i = 0; i < limits::kMaxQueuedCommands; ++i) push();
  EXPECT_TRUE(told_.empty());
  push();
  EXPECT_EQ(told_, (std::vector<Told>{{limits::kMaxQueuedCommands, Errc::unavailable}}));
  write_batch();
  told_.clear();
  push();
  EXPECT_TRUE(told_.empty());
}

TEST_F(QueueTest, MoreBytesThanItHoldsAreToldAtOnce) {
  push(limits::kMaxQueuedBytes);
  push(1);
  EXPECT_EQ(told_, (std::vector<Told>{{1, Errc::unavailable}}));
}

TEST_F(QueueTest, AJobIsWrittenOnceItsUploadsAreSyncedAndOthersPassIt) {
  push(1, true);
  push();
  auto job = queue_.take_to_sync();
  ASSERT_TRUE(job);
  EXPECT_EQ(queue_.size(), 2U);
  write_batch();
  EXPECT_EQ(told_, (std::vector<Told>{{1, {}}}));
  queue_.put_synced(std::move(*job), {});
  write_batch();
  EXPECT_EQ(told_.back(), Told(0, std::nullopt));
}

TEST_F(QueueTest, AFailedSyncIsTheJobsAnswer) {
  push(1, true);
  queue_.put_synced(std::move(*queue_.take_to_sync()), Error{Errc::io, "the disk"});
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_TRUE(queue_.complete());
  EXPECT_EQ(told_, (std::vector<Told>{{0, Errc::io}}));
}

TEST_F(QueueTest, WhenItStopsEverythingThatWaitsIsFinished) {
  push(1, true);
  push();
  queue_.stop();
  EXPECT_FALSE(queue_.is_taking());
  push();
  EXPECT_EQ(told_, (std::vector<Told>{{2, Errc::unavailable}}));
  queue_.put_synced(std::move(*queue_.take_to_sync()), {});
  EXPECT_FALSE(queue_.take_to_sync());
  ASSERT_EQ(write_batch(), 2U);
  EXPECT_EQ(told_.size(), 3U);
  EXPECT_TRUE(queue_.take_batch().empty());
  EXPECT_FALSE(queue_.complete());
}

TEST_F(QueueTest, WhenItIsAbandonedOnlyWhatWasAnsweredIsTold) {
  push();
  std::vector<Job> batch = queue_.take_batch();
  push();
  push(1, true);
  answer(batch);
  queue_.abandon();
  EXPECT_FALSE(queue_.take_to_sync());
  EXPECT_TRUE(queue_.take_batch().empty());
  EXPECT_TRUE(queue_.complete());
  EXPECT_FALSE(queue_.complete());
  EXPECT_EQ(told_, (std::vector<Told>{{0, {}}}));
}

// --- in the gate -----------------------------------------------------------------------------------------------------

TEST_P(DurableGateTest, AFullQueueTakesNothingMore) {
  std::atomic<std::size_t> unavailable = 0;
  std::atomic<std::size_t> answered = 0;
  const auto request = *world.sign_act(world.icb_root, adding("Fictional Agency"), "the-same-nonce-again");
  {
    HeldWriter held(world);
    // The writer has taken one batch, which has at most kMaxBatchCommands of the commands.
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
