// One transaction for a batch, and storage that fails.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

// The writer by itself, over the store of a world whose gate is idle.
class WriterTest : public GateTest {
 protected:
  using Failure = std::optional<Fault>;

  // Writes one batch of these requests. Results are nothing where the writer did not answer.
  template <class... Commands>
  std::vector<std::optional<Result<Answer>>> write(const std::pair<const Identity*, Commands>&... commands) {
    std::vector<Job> batch;
    (batch.push_back({.work = CommandJob{*world.sign_act(*commands.first, commands.second), {}}}), ...);
    std::vector<std::optional<Result<Answer>>> answers(batch.size());
    writer_.write(batch, [&](std::span<Job> jobs, std::vector<JobResult> results) {
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        auto& answer = answers[static_cast<std::size_t>(&jobs[i] - batch.data())];
        if (auto* error = std::get_if<Error>(&results[i]))
          answer = *error;
        else
          answer = std::get<Answer>(results[i]);
      }
    });
    return answers;
  }
  template <class Command>
  static std::pair<const Identity*, Command> by(const Identity& who, const Command& command) {
    return {&who, command};
  }
  static bool is_done(const std::optional<Result<Answer>>& answer) {
    return answer && *answer && std::holds_alternative<Done>(**answer);
  }

  std::vector<Error> fatal_;
  std::vector<std::size_t> commits_;
  int attempts_ = 0;
  Failure every_attempt_;  // injected anew whenever the writer reads the clock, once for each attempt
  Writer writer_{world.store(),
                 {.wall =
                      [this] {
                        ++attempts_;
                        if (every_attempt_) world.engine().inject(*every_attempt_);
                        return world.now();
                      },
                  .steady_ms = [] { return std::int64_t{0}; }},
                 [this](const Error& why) { fatal_.push_back(why); },
                 [this](std::size_t jobs) { commits_.push_back(jobs); }};
};
INSTANTIATE_TEST_SUITE_P(Engines, WriterTest, ::testing::Values(On::memory), engine_name);
class DurableWriterTest : public WriterTest {};
INSTANTIATE_TEST_SUITE_P(Engines, DurableWriterTest, ::testing::Values(On::memory, On::lmdb), engine_name);

TEST_P(DurableWriterTest, ABatchIsOneCommitUnderOneCheckpoint) {
  const auto first = by(world.icb_root, adding("One"));
  const auto second = by(world.icb_root, adding("Two"));
  const auto third = by(world.icb_root, adding("Three"));
  const auto before = size();
  for (const auto& answer : write(first, second, third)) EXPECT_TRUE(is_done(answer));
  EXPECT_EQ(commits_, std::vector<std::size_t>{3});
  EXPECT_TRUE(has_checkpoint(before + 3));
  EXPECT_FALSE(has_checkpoint(before + 1));
  EXPECT_FALSE(has_checkpoint(before + 2));
  expect_sound();
}

TEST_P(WriterTest, AJobSeesTheEffectsOfThoseBeforeIt) {
  const auto command = by(world.icb_root, adding("Twice"));
  const auto answers = write(command, command);
  EXPECT_TRUE(is_done(answers[0]));
  ASSERT_TRUE(answers[1]);
  expect_error(*answers[1], Errc::conflict);
}

TEST_P(DurableWriterTest, WhenStorageFailsEachJobIsWrittenAlone) {
  const auto good = by(world.icb_root, adding("Good"));
  const auto culprit = by(world.icb_root, adding("Culprit"));
  const auto other = by(world.icb_root, adding("Other"));
  world.refuse_puts([digest = culprit.second.name](ByteView key) { return std::ranges::equal(key, digest); });
  const auto answers = write(good, culprit, other);
  world.refuse_puts({});
  EXPECT_TRUE(is_done(answers[0]));
  ASSERT_TRUE(answers[1]);
  expect_error(*answers[1], Errc::full);
  EXPECT_TRUE(is_done(answers[2]));
  EXPECT_EQ(commits_, (std::vector<std::size_t>{1, 1}));
  expect_sound();
}

TEST_P(WriterTest, AFailureThatIsNotOfSpaceIsInternalAndKeepsItsCause) {
  const auto command = by(world.icb_root, adding("Fictional Agency"));
  every_attempt_ = Fault{.at = Fault::At::put, .nth = 1, .code = Errc::io, .takes_effect = false};
  const auto answers = write(command);
  world.engine().heal();
  ASSERT_TRUE(answers[0]);
  expect_error(*answers[0], Errc::internal);
  EXPECT_TRUE(answers[0]->error().message.contains("injected")) << answers[0]->error().message;
  EXPECT_TRUE(fatal_.empty());
}

TEST_P(WriterTest, AStoreThatHasToGrowIsTriedThreeTimesForEachJob) {
  const auto command = by(world.icb_root, adding("Fictional Agency"));
  every_attempt_ = Fault{.at = Fault::At::put, .nth = 1, .code = Errc::retry, .takes_effect = false};
  const auto answers = write(command);
  world.engine().heal();
  ASSERT_TRUE(answers[0]);
  expect_error(*answers[0], Errc::retry);
  EXPECT_EQ(attempts_, 1 + 3);  // as a batch, then alone
}

TEST_P(DurableWriterTest, AfterACommitOfUnknownOutcomeNobodyIsAnsweredAndNothingIsWritten) {
  const auto command = by(world.icb_root, adding("Unknown"));
  const auto later = by(world.icb_root, adding("Later"));
  world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::io, .takes_effect = true});
  EXPECT_FALSE(write(command)[0]);
  ASSERT_EQ(fatal_.size(), 1U);
  EXPECT_EQ(fatal_[0].code, Errc::io);
  const auto before = size();
  EXPECT_FALSE(write(later)[0]);
  EXPECT_EQ(size(), before);
}

TEST_P(WriterTest, StagingThatFailedDoesNotCountForTheQuota) {
  // Half of the quota, in two values of 16 MiB.
  Job job{.work = StagingJob{actor_of(world.first), {Bytes(kMaxIndexBytes), Bytes(kMaxIndexBytes, std::byte{1})}, {}}};
  const auto stage = [&] {
    JobResult told;
    writer_.write(std::span(&job, 1),
                  [&](std::span<Job>, std::vector<JobResult> results) { told = std::move(results[0]); });
    return told;
  };
  every_attempt_ = Fault{.at = Fault::At::commit, .nth = 1, .code = Errc::full, .takes_effect = false};
  EXPECT_TRUE(std::holds_alternative<Error>(stage()));
  EXPECT_EQ(attempts_, 2);
  every_attempt_.reset();
  world.engine().heal();
  EXPECT_TRUE(std::holds_alternative<std::vector<Digest>>(stage()));
}

TEST_P(WriterTest, EntriesHaveTheTimeOfTheClockThatItIsGiven) {
  const auto command = by(world.icb_root, adding("Timely"));
  world.pass(1234);
  const auto answers = write(command);
  ASSERT_TRUE(is_done(answers[0]));
  EXPECT_EQ(envelope(std::get<Done>(**answers[0]).seqs[0].value).time, world.now());
}

TEST_P(WriterTest, UnclaimedValuesAreDroppedInBoundedSteps) {
  std::vector<Job> batch;
  for (std::uint32_t i = 0; i <= limits::kGarbageStep; ++i)
    batch.push_back({.work = StagingJob{actor_of(world.first), {vault::to_bytes(vault::big_endian32(i))}, {}}});
  writer_.write(batch, [](std::span<Job>, const std::vector<JobResult>& results) {
    for (const JobResult& result : results) EXPECT_TRUE(std::holds_alternative<std::vector<Digest>>(result));
  });
  EXPECT_EQ(*writer_.drop_unclaimed(), 0U);
  world.pass(limits::kStagedMs + 1);
  EXPECT_EQ(*writer_.drop_unclaimed(), limits::kGarbageStep);
  EXPECT_EQ(*writer_.drop_unclaimed(), 1U);
  EXPECT_EQ(*writer_.drop_unclaimed(), 0U);
}

// --- in the gate -----------------------------------------------------------------------------------------------------

TEST_P(DurableGateTest, WhenAPutFailsOnlyTheCulpritFails) {
  const wire::AddAgency blocker = adding("Blocker");
  const wire::AddAgency good = adding("Good");
  const wire::AddAgency culprit = adding("Culprit");
  const wire::AddAgency other = adding("Other");
  const auto before = size();
  world.refuse_puts([digest = culprit.name](ByteView key) { return std::ranges::equal(key, digest); });
  HeldWriter held(world);
  auto first = world.submit(*world.sign_act(world.icb_root, blocker));
  auto second = world.submit(*world.sign_act(world.icb_root, good));
  auto third = world.submit(*world.sign_act(world.icb_root, culprit));
  auto fourth = world.submit(*world.sign_act(world.icb_root, other));
  held.release();
  World::expect_done(first.get());
  World::expect_done(second.get());
  expect_error(third.get(), Errc::full);
  World::expect_done(fourth.get());
  world.refuse_puts({});
  EXPECT_EQ(size(), before + 3);
  // Nothing of the failed command was kept, so the same command succeeds now.
  world.done(world.icb_root, culprit);
  expect_sound();
}

// The service logs this message, and shows callers another one (Problem.OfOursNeverTellsItsInnerCause).
TEST_P(GateTest, AStorageFailureKeepsItsCause) {
  const wire::AddAgency command = adding("Culprit");
  world.refuse_puts([digest = command.name](ByteView key) { return std::ranges::equal(key, digest); });
  const auto answer = world.act(world.icb_root, command);
  world.refuse_puts({});
  expect_error(answer, Errc::full);
  EXPECT_TRUE(answer.error().message.contains("refused by the test")) << answer.error().message;
}

TEST_P(GateTest, AFailureAtAnyPutLeavesAVaultThatIsSound) {
  for (std::uint64_t nth = 1;; ++nth) {
    const wire::AddAgency command = adding("Fictional Agency");
    world.engine().inject({.at = Fault::At::put, .nth = nth, .code = Errc::full, .takes_effect = false});
    world.done(world.icb_root, command);  // only the second attempt counts
    if (world.engine().puts() < nth) break;
    ASSERT_LT(nth, 200U);
  }
  world.engine().heal();
  expect_sound();
}

TEST_P(DurableGateTest, ACommitThatChangedNothingIsTriedAgain) {
  const wire::AddAgency command = adding("Fictional Agency");
  world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::full, .takes_effect = false});
  world.done(world.icb_root, command);
  EXPECT_TRUE(world.engine().has_failed());
  EXPECT_TRUE(world.fatal().empty());
}

class UnknownOutcomeTest : public GateTest {
 protected:
  // Fails the commit, with or without effect, checks that the gate gives no answer, and opens the vault again.
  void fail_commit(const wire::AddAgency& command, const std::string& nonce, bool takes_effect) {
    auto request = *world.sign_act(world.icb_root, command, nonce);
    const auto later = request;
    world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::io, .takes_effect = takes_effect});
    auto answer = world.submit(std::move(request));
    EXPECT_THROW(static_cast<void>(answer.get()), std::future_error);  // the gate never called the completion
    EXPECT_FALSE(world.gate().is_taking());
    EXPECT_EQ(world.fatal().size(), 1U);
    expect_error(world.submit(later).get(), Errc::unavailable);
    const auto reopened = world.reopen();
    ASSERT_TRUE(reopened) << reopened.error().message;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, UnknownOutcomeTest, ::testing::Values(On::memory, On::lmdb), engine_name);

TEST_P(UnknownOutcomeTest, ARetryFindsWhatWasKept) {
  const wire::AddAgency command = adding("Fictional Agency");
  const std::string nonce = world.new_nonce();
  const auto before = size();
  fail_commit(command, nonce, true);
  EXPECT_EQ(size(), before + 1);
  EXPECT_TRUE(world.done(world.icb_root, command, nonce).repeated);
  expect_sound();
}

TEST_P(UnknownOutcomeTest, ARetryDoesWhatWasLost) {
  const wire::AddAgency command = adding("Fictional Agency");
  const std::string nonce = world.new_nonce();
  const auto before = size();
  fail_commit(command, nonce, false);
  EXPECT_EQ(size(), before);
  EXPECT_FALSE(world.done(world.icb_root, command, nonce).repeated);
  expect_sound();
}

}  // namespace
}  // namespace strongroom::access::testing
