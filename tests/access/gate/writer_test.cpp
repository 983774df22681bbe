// Storage that fails while the writer writes.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

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
  // Nothing of the culprit was kept, so it can be done now.
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
    world.done(world.icb_root, command);  // the second attempt is the one that counts
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
  // Fails the commit, with or without effect, shows that nobody is told, and opens the vault again.
  void fail_commit(const wire::AddAgency& command, const std::string& nonce, bool takes_effect) {
    auto request = *world.sign_act(world.icb_root, command, nonce);
    const auto later = request;
    world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::io, .takes_effect = takes_effect});
    auto answer = world.submit(std::move(request));
    EXPECT_THROW(static_cast<void>(answer.get()), std::future_error);  // the completion went unused
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
