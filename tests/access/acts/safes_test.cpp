// Tests safes, nominations, epochs and shares.
#include <algorithm>

#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Safes : public Partnership {};

TEST_F(Safes, TheLeadOfAnAskedAgencyOpensOneSafeInACase) {
  refer();
  auto command = opening({first_.id, second_.id});
  expect_hidden(act(other_lead_.id, command), "lead");
  expect_refused(act(depositor_.id, command), "lead");
  expect_refused(act(administrator_.id, command), "lead");
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_EQ(decision.besides.size(), 2U + 3U);  // wraps and shares
  EXPECT_EQ(*tables_.state().agency_safe(*tables_.read(), case_, school_), command.safe);
  EXPECT_EQ((*tables_.state().safes_of(*tables_.read(), case_)), (std::vector<SafeId>{review_safe_, command.safe}));
  expect_error(act(lead_.id, opening({first_.id, second_.id})), Errc::conflict);
}

TEST_F(Safes, AnAgencyThatWasNotAskedOpensNone) {
  refer();
  auto command = opening({outsider_.id});
  command.agency = clinic_;
  command.reason = random_digest();
  expect_hidden(act(other_lead_.id, command), "lead");
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  expect_done(act(other_lead_.id, command));
}

TEST_F(Safes, ALoneRepresentativeNeedsAReason) {
  refer();
  auto command = opening({first_.id});
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.reason = random_digest();
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_TRUE(std::ranges::any_of(decision.besides, [&](const BesideUse& use) {
    return use.table == BesideTable::text && use.digest == *command.reason;
  }));
}

TEST_F(Safes, ASafeNeedsARepresentative) {
  refer();
  auto command = opening({});
  command.reason = random_digest();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Safes, InvolvementWithTheCaseNeedsAReason) {
  refer();
  auto command = opening({first_.id, second_.id});
  command.representatives[1].involvement = Involvement::practised;
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.representatives[1].reason = random_digest();
  expect_done(act(lead_.id, command));
  EXPECT_EQ(nomination_row(command.safe, second_.id).involvement, Involvement::practised);
}

TEST_F(Safes, RepresentativesArePractitionersOrLeadsOfTheAgencyEachOnce) {
  refer();
  expect_error(act(lead_.id, opening({first_.id, depositor_.id})), Errc::invalid_argument);
  expect_error(act(lead_.id, opening({first_.id, outsider_.id})), Errc::invalid_argument);
  expect_error(act(lead_.id, opening({first_.id, first_.id})), Errc::invalid_argument);
  const auto own = opening({first_.id, lead_.id});
  expect_done(act(lead_.id, own));
  EXPECT_TRUE(nomination_row(own.safe, lead_.id).own);
  EXPECT_FALSE(nomination_row(own.safe, first_.id).own);
}

TEST_F(Safes, TheKeyIsWrappedForExactlyTheRepresentatives) {
  refer();
  auto command = opening({first_.id, second_.id});
  command.key = key_for({first_.id, second_.id, third_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key = key_for({first_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
}

TEST_F(Safes, ARepresentativeIsActiveOnceConfirmed) {
  refer();
  const auto command = opening({first_.id, second_.id});
  expect_done(act(lead_.id, command));
  EXPECT_EQ(nomination_row(command.safe, first_.id).state, NominationState::pending);
  expect_error(act(first_.id, wire::ConfirmNomination{command.safe, 1}), Errc::conflict);
  expect_refused(act(third_.id, wire::ConfirmNomination{command.safe, 0}), "keyholder-or-nominee");
  expect_done(act(first_.id, wire::ConfirmNomination{command.safe, 0}));
  EXPECT_EQ(nomination_row(command.safe, first_.id).state, NominationState::active);
  expect_error(act(first_.id, wire::ConfirmNomination{command.safe, 0}), Errc::conflict);
}

TEST_F(Safes, ANomineeWaitsForTheWrapThenConfirms) {
  open_safe();
  expect_refused(act(first_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}), "lead");
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_error(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}), Errc::conflict);
  expect_error(act(third_.id, wire::ConfirmNomination{safe_, 0}), Errc::conflict);
  const wire::WrapNomination wrap{safe_, 0, {third_.id, random_digest()}};
  expect_refused(act(lead_.id, wrap), "keyholder");
  expect_refused(act(third_.id, wrap), "keyholder");
  expect_error(act(first_.id, wire::WrapNomination{safe_, 1, wrap.wrap}), Errc::conflict);
  expect_error(act(first_.id, wire::WrapNomination{safe_, 0, {second_.id, random_digest()}}), Errc::conflict);
  const Decision decision = expect_done(act(first_.id, wrap));
  ASSERT_EQ(decision.besides.size(), 1U);
  EXPECT_EQ(decision.besides[0].table, BesideTable::wrap);
  EXPECT_EQ(decision.besides[0].key, safe_epoch_person_key(safe_, 0, third_.id));
  expect_error(act(first_.id, wrap), Errc::conflict);
  expect_done(act(third_.id, wire::ConfirmNomination{safe_, 0}));
  EXPECT_EQ(nomination_row(safe_, third_.id).state, NominationState::active);
}

TEST_F(Safes, ALeadWhoNominatesThemselvesIsRecordedAsSuch) {
  open_safe();
  const Decision decision = expect_done(act(lead_.id, wire::MakeNomination{safe_, {lead_.id, Involvement::none, {}}}));
  EXPECT_TRUE(decision.events[0].detail.at("own").as_bool());
  EXPECT_TRUE(nomination_row(safe_, lead_.id).own);
}

TEST_F(Safes, EndingANominationDeletesTheWrapAndAsksForANewEpoch) {
  open_safe();
  {
    const auto txn = tables_.write();
    ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::wrap, safe_epoch_person_key(safe_, 0, first_.id),
                                           vault::as_bytes("a wrap")));
    ASSERT_TRUE(txn->commit());
  }
  expect_refused(act(second_.id, wire::EndNomination{safe_, first_.id, std::nullopt}), "lead");
  expect_error(act(lead_.id, wire::EndNomination{safe_, third_.id, std::nullopt}), Errc::not_found);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, random_digest()}));
  EXPECT_TRUE(safe_row(safe_).epoch_due);
  EXPECT_EQ(nomination_row(safe_, first_.id).state, NominationState::ended);
  const EpochRow epoch = epoch_row(safe_, 0);
  ASSERT_EQ(epoch.key.wraps.size(), 1U);
  EXPECT_EQ(epoch.key.wraps[0].person, second_.id);
  EXPECT_EQ(*tables_.state().beside(*tables_.read(), BesideTable::wrap, safe_epoch_person_key(safe_, 0, first_.id)),
            std::nullopt);
  expect_error(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}), Errc::conflict);
}

TEST_F(Safes, ANomineeWhoNeverHadAWrapLeavesTheEpochAsItIs) {
  open_safe();
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(lead_.id, wire::EndNomination{safe_, third_.id, std::nullopt}));
  EXPECT_FALSE(safe_row(safe_).epoch_due);
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  EXPECT_EQ(nomination_row(safe_, third_.id).state, NominationState::pending);
}

TEST_F(Safes, RevokingAKeyholderEndsEveryNominationOfTheirs) {
  open_safe();
  const Decision decision = expect_done(act(lead_.id, wire::RevokePerson{first_.id, std::nullopt}));
  ASSERT_EQ(decision.events.size(), 2U);
  EXPECT_EQ(decision.events[0].ids.safe, std::nullopt);
  EXPECT_EQ(decision.events[1].ids.safe, safe_);
  EXPECT_TRUE(safe_row(safe_).epoch_due);
  EXPECT_EQ(epoch_row(safe_, 0).key.wraps.size(), 1U);
}

TEST_F(Safes, ARemainingKeyholderStartsTheNextEpoch) {
  open_safe();
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  wire::StartEpoch command{safe_, 1, key_for({second_.id})};
  command.key.previous = random_digest();
  expect_refused(act(lead_.id, command), "keyholder");
  expect_refused(act(first_.id, command), "keyholder");  // told why: as a practitioner they still see the safe
  auto wrong = command;
  wrong.epoch = 2;
  expect_error(act(second_.id, wrong), Errc::conflict);
  wrong = command;
  wrong.key.previous.reset();
  expect_error(act(second_.id, wrong), Errc::invalid_argument);
  wrong = command;
  wrong.key = key_for({second_.id, first_.id});
  wrong.key.previous = random_digest();
  expect_error(act(second_.id, wrong), Errc::conflict);
  const Decision decision = expect_done(act(second_.id, command));
  EXPECT_TRUE(std::ranges::any_of(decision.besides, [&](const BesideUse& use) {
    return use.table == BesideTable::previous && use.key == safe_epoch_key(safe_, 1);
  }));
  EXPECT_EQ(safe_row(safe_).epoch, 1U);
  EXPECT_FALSE(safe_row(safe_).epoch_due);
  EXPECT_EQ(nomination_row(safe_, second_.id).confirmed, 1U);
  expect_error(act(second_.id, command), Errc::conflict);
}

TEST_F(Safes, ANewEpochIsWrappedForPendingNomineesWhoHaveAWrapToo) {
  open_safe();
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {lead_.id, Involvement::none, {}}}));
  expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
  wire::StartEpoch command{safe_, 1, key_for({first_.id, second_.id, third_.id})};
  command.key.previous = random_digest();
  expect_done(act(first_.id, command));
  expect_done(act(third_.id, wire::ConfirmNomination{safe_, 1}));
  expect_done(act(second_.id, wire::ConfirmNomination{safe_, 1}));
  EXPECT_EQ(nomination_row(safe_, second_.id).confirmed, 1U);
  EXPECT_FALSE(nomination_row(safe_, lead_.id).wrapped);
}

TEST_F(Safes, AKeyholderCompletesSharesForCustodiansCertifiedSince) {
  open_safe();
  const Member late = enrol(police_root_, police_, {Role::custodian});
  const wire::CompleteShares command{safe_, 0, {{late.id, police_, random_digest()}}};
  expect_refused(act(lead_.id, command), "keyholder");
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {}}), Errc::invalid_argument);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 1, command.shares}), Errc::conflict);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {{custodians_[0].id, authority_, random_digest()}}}),
               Errc::conflict);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {{late.id, icb_, random_digest()}}}), Errc::conflict);
  expect_done(act(first_.id, command));
  EXPECT_EQ(epoch_row(safe_, 0).key.shares.size(), 4U);
}

TEST_F(Safes, TheSpocKeepsTheListOfAReviewSafesParticipants) {
  refer();
  const wire::MakeNomination nomination{review_safe_, {reviewer_.id, Involvement::none, {}}};
  expect_refused(act(lead_.id, nomination), "spoc");
  expect_error(act(spoc_.id, wire::MakeNomination{review_safe_, {first_.id, Involvement::none, {}}}),
               Errc::invalid_argument);
  expect_done(act(spoc_.id, nomination));
  expect_done(act(spoc_.id, wire::WrapNomination{review_safe_, 0, {reviewer_.id, random_digest()}}));
  expect_done(act(reviewer_.id, wire::ConfirmNomination{review_safe_, 0}));
  expect_done(act(spoc_.id, wire::EndNomination{review_safe_, reviewer_.id, std::nullopt}));
  EXPECT_TRUE(safe_row(review_safe_).epoch_due);
}

TEST_F(Safes, ASafeHasSoManyKeyholdersAndNoMore) {
  open_safe();
  for (std::size_t i = 2; i < kMaxRepresentatives; ++i) {
    const Member one = enrol(lead_, school_, {Role::practitioner});
    expect_done(act(lead_.id, wire::MakeNomination{safe_, {one.id, Involvement::none, {}}}));
  }
  const wire::MakeNomination further{safe_, {third_.id, Involvement::none, {}}};
  expect_error(act(lead_.id, further), Errc::too_large);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_done(act(lead_.id, further));
}

}  // namespace
}  // namespace strongroom::access::testing
