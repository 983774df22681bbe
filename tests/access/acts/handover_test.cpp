// Tests representatives who go away, come back and hand over to others.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Pauses : public Partnership {
 protected:
  Capacities standing_of(const Member& who) {
    const auto txn = tables_.read();
    return Standing::of(tables_.state(), *txn, who.id)->in_safe(case_row(), safe_row(safe_))->who;
  }
  void nominate_third() {
    expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, std::nullopt}}));
    expect_done(act(second_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
    expect_done(act(third_.id, wire::ConfirmNomination{safe_, 0}));
  }
};
class Handovers : public Pauses {};

TEST_F(Pauses, APausedRepresentativeIsNoKeyholderAndTheWrapIsGone) {
  open_safe();
  const Decision decision = expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, random_digest()}));
  EXPECT_EQ(decision.events.front().kind, "nomination.paused");
  EXPECT_EQ(decision.besides.size(), 1U);  // the reason
  EXPECT_FALSE(standing_of(first_).has(Capacity::representative));
  EXPECT_EQ(nomination_row(safe_, first_.id).state, NominationState::paused);
  const EpochRow epoch = epoch_row(safe_, 0);
  EXPECT_TRUE(std::ranges::none_of(epoch.key.wraps, [&](const auto& wrap) { return wrap.person == first_.id; }));
  const auto records = seal(1);
  expect_refused(act(first_.id, issuing(records, first_.id)), "keyholder");
}

TEST_F(Pauses, APauseMakesNoNewKeyDueButTheEndOfAPausedNominationDoes) {
  open_safe();
  expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}));
  EXPECT_FALSE(safe_row(safe_).epoch_due);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  EXPECT_TRUE(safe_row(safe_).epoch_due);
}

TEST_F(Pauses, WhoeverWasPausedInAnEarlierEpochKnowsNothingOfThisOne) {
  open_safe();
  nominate_third();
  expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}));
  expect_done(act(lead_.id, wire::EndNomination{safe_, second_.id, std::nullopt}));
  EpochKey key = key_for({third_.id});  // the key is not wrapped for the paused one
  key.previous = random_digest();
  expect_done(act(third_.id, wire::StartEpoch{safe_, 1, key}));
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  EXPECT_FALSE(safe_row(safe_).epoch_due);
}

TEST_F(Pauses, TheLastKeyholderIsNotPaused) {
  open_safe();
  expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}));
  expect_error(act(lead_.id, wire::PauseNomination{safe_, second_.id, std::nullopt}), Errc::conflict);
}

TEST_F(Pauses, OnlyTheLeadPausesAndResumes) {
  open_safe();
  expect_refused(act(second_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}), "lead");
  expect_refused(act(spoc_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}), "lead");
  expect_hidden(act(outsider_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}), "lead");
  expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}));
  expect_refused(act(first_.id, wire::ResumeNomination{safe_, first_.id}), "lead");
}

TEST_F(Pauses, AResumedRepresentativeWaitsForTheKeyAndConfirmsItAgain) {
  open_safe();
  expect_error(act(lead_.id, wire::ResumeNomination{safe_, first_.id}), Errc::conflict);
  expect_done(act(lead_.id, wire::PauseNomination{safe_, first_.id, std::nullopt}));
  expect_done(act(lead_.id, wire::ResumeNomination{safe_, first_.id}));
  EXPECT_EQ(nomination_row(safe_, first_.id).state, NominationState::pending);
  expect_error(act(first_.id, wire::ConfirmNomination{safe_, 0}), Errc::conflict);  // nothing is wrapped yet
  expect_done(act(second_.id, wire::WrapNomination{safe_, 0, {first_.id, random_digest()}}));
  expect_done(act(first_.id, wire::ConfirmNomination{safe_, 0}));
  EXPECT_TRUE(standing_of(first_).has(Capacity::representative));
}

TEST_F(Pauses, InAReviewSafeTheSpocPauses) {
  refer();
  expect_done(act(spoc_.id, wire::MakeNomination{review_safe_, {reviewer_.id, Involvement::none, std::nullopt}}));
  expect_done(act(spoc_.id, wire::WrapNomination{review_safe_, 0, {reviewer_.id, random_digest()}}));
  expect_done(act(reviewer_.id, wire::ConfirmNomination{review_safe_, 0}));
  expect_refused(act(reviewer_.id, wire::PauseNomination{review_safe_, spoc_.id, std::nullopt}), "spoc");
  expect_done(act(spoc_.id, wire::PauseNomination{review_safe_, reviewer_.id, std::nullopt}));
}

TEST_F(Handovers, WhoeverTakesOverReturnsOpenCopiesAndIsGivenNoHeadersThatTheyDidNotSignFor) {
  open_safe();
  const auto records = seal(1);
  const CopyId copy = issue(records, third_.id);  // by the first representative, for a colleague
  const Decision decision = expect_done(act(lead_.id, wire::ReassignCopies{safe_, {copy}, second_.id}));
  ASSERT_EQ(decision.events.size(), 1U);
  EXPECT_EQ(decision.events.front().ids.copy, copy);
  EXPECT_EQ(decision.events.front().ids.person, second_.id);
  EXPECT_EQ(copy_row(copy).issuer, first_.id);
  EXPECT_EQ(copy_row(copy).responsible(), second_.id);
  expect_refused(act(first_.id, preparing(copy, 1)), "issuer");
  expect_refused(act(second_.id, preparing(copy, 1)), "issuer");
  expect_done(act(second_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
}

TEST_F(Handovers, CopiesAreListedWithWhoeverAnswersForThem) {
  open_safe();
  nominate_third();
  const CopyId copy = issue(seal(1), first_.id);
  expect_done(act(lead_.id, wire::ReassignCopies{safe_, {copy}, second_.id}));
  expect_done(act(lead_.id, wire::ReassignCopies{safe_, {copy}, third_.id}));
  const auto lists = [&](const Member& who) {
    bool found = false;
    EXPECT_TRUE(tables_.state().copies_of_person(*tables_.read(), who.id, State::Which::open, 0,
                                                 [&](const CopyRow&) -> Result<bool> { return !(found = true); }));
    return found;
  };
  EXPECT_TRUE(lists(first_));  // its holder
  EXPECT_FALSE(lists(second_));
  EXPECT_TRUE(lists(third_));
}

TEST_F(Handovers, CopiesGoToAnActiveKeyholderOfTheirSafeWhileTheyAreOpen) {
  open_safe();
  const auto records = seal(2);
  const CopyId open = issue({records[0]}, first_.id);
  const CopyId ended = issue({records[1]}, first_.id);
  expect_done(act(first_.id, wire::ReturnCopy{ended, {}, CopyEnd::returned}));
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {open}, third_.id}), Errc::conflict);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {open}, first_.id}), Errc::conflict);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {ended}, second_.id}), Errc::conflict);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {}, second_.id}), Errc::invalid_argument);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {open, open}, second_.id}), Errc::invalid_argument);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, {new_id<CopyId>()}, second_.id}), Errc::not_found);
  std::vector<CopyId> many(kMaxCopiesPerReassign + 1);
  expect_error(act(lead_.id, wire::ReassignCopies{safe_, many, second_.id}), Errc::too_large);
  expect_refused(act(first_.id, wire::ReassignCopies{safe_, {open}, second_.id}), "lead");
  expect_done(act(lead_.id, wire::ReassignCopies{safe_, {open}, second_.id}));
}

}  // namespace
}  // namespace strongroom::access::testing
