// Tests referrals, and the agencies that are asked.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Cases : public Partnership {};

TEST_F(Cases, AReferralOpensTheCaseEngagesTheLockAndAsksTheAgency) {
  const auto command = referral();
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_EQ(given(decision).reference, "RR-2026-0001");
  case_ = command.case_;
  const CaseRow row = case_row();
  EXPECT_EQ(row.lock, LockState::engaged);
  EXPECT_EQ(row.stage, Stage::referred);
  EXPECT_EQ(row.asked, std::vector<AgencyId>{school_});
  // The referral is in the chain of cases, and begins two chains of the case and four of its review safe.
  ASSERT_EQ(decision.events.size(), 7U);
  std::vector<std::uint64_t> begun;
  for (const ChainSort sort : wire::chains_begun_by("case.referred")) {
    const auto number = *tables_.state().chain(*tables_.read(), sort, decision.events[0].ids);
    ASSERT_TRUE(number) << wire::enum_name(sort);
    begun.push_back(number->value);
  }
  EXPECT_EQ(begun, (std::vector<std::uint64_t>{4, 5, 6, 7, 8, 9}));
  const NominationRow participant = nomination_row(command.review_safe, spoc_.id);
  EXPECT_EQ(participant.state, NominationState::pending);
  EXPECT_TRUE(participant.wrapped);
  EXPECT_EQ(*tables_.state().case_by_reference(*tables_.read(), "RR-2026-0001"), case_);
}

TEST_F(Cases, ReferencesCountWithinTheYearOfReceiving) {
  refer();
  auto command = referral();
  command.linked_to = case_;
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2026-0002");
  command = referral();
  command.linked_to = case_;
  now_ = *vault::parse_rfc3339("2027-01-04T09:00:00.000Z");
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2026-0003");
  command = referral();
  command.linked_to = case_;
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2027-0001");
}

TEST_F(Cases, ASpocOrTheAgencysLeadRefersAndNobodyElse) {
  expect_refused(act(other_lead_.id, referral()), "referrer");
  expect_refused(act(first_.id, referral()), "referrer");
  expect_refused(act(administrator_.id, referral()), "referrer");
}

TEST_F(Cases, TheReviewSafeIsWrappedForExactlyTheCertifiedSpocs) {
  const Member deputy = enrol(icb_root_, icb_, {Role::spoc});
  expect_error(act(lead_.id, referral()), Errc::conflict);
  auto command = referral();
  command.key = key_for({spoc_.id, deputy.id, lead_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key = key_for({deputy.id, spoc_.id});
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, WithoutACertifiedSpocThereIsNoReferral) {
  expect_done(act(icb_root_.id, wire::RevokePerson{spoc_.id, std::nullopt}));
  auto command = referral();
  command.key = key_for({});
  expect_error(act(lead_.id, command), Errc::conflict);
}

TEST_F(Cases, EachPartnersShareIsCommittedExactlyOnce) {
  auto command = referral();
  command.key.commitments.pop_back();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.commitments.push_back(command.key.commitments.front());
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, SharesGoToCertifiedCustodiansOfThatPartner) {
  auto command = referral();
  command.key.shares[0].custodian = custodians_[1].id;  // another partner's
  command.key.shares.pop_back();
  command.key.shares.pop_back();
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key.shares[0].custodian = lead_.id;
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key.shares[0] = {custodians_[0].id, school_, random_digest()};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.shares[0].partner = authority_;
  command.key.shares.push_back(command.key.shares[0]);
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.shares.clear();  // sealing must not wait for custodians
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, AFirstEpochHasNoPreviousIdentity) {
  auto command = referral();
  command.key.previous = random_digest();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, DatesOfAReferralAreInOrder) {
  auto command = referral();
  command.incident_date = date(2026, 11, 20);  // after the date of awareness
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command = referral();
  command.aware_date = date(2026, 11, 23);  // tomorrow
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command = referral();
  command.received = {now_.unix_ms + 60'001};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.received = {now_.unix_ms + 60'000};
  command.aware_date = date(2026, 11, 22);
  expect_done(act(lead_.id, command));
  command = referral();
  command.received = *vault::parse_rfc3339("2026-11-17T12:00:00.000Z");  // before the incident
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, SubjectsAreOpaque) {
  for (const std::string subject : {"", "Child-1", "child 1", "1-child", "x\n", "abcdefghijklmnopqrstuvwxyz-1234567"}) {
    auto command = referral();
    command.subjects = {subject};
    expect_error(act(lead_.id, command), Errc::malformed);
    // A refusal must not keep the words either, because its entry stays in the ledger for ever.
    expect_error(act(third_.id, command), Errc::malformed);
  }
  auto command = referral();
  command.subjects = {"child-1", "child-1"};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.subjects.clear();
  for (std::size_t i = 0; i < kMaxSubjects; ++i) command.subjects.push_back("relative-" + std::to_string(i));
  command.subjects.push_back("child-1");
  expect_error(act(lead_.id, command), Errc::too_large);
  command.subjects.erase(command.subjects.begin());
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, ASpocAsksAgenciesEachOnce) {
  refer();
  expect_refused(act(lead_.id, wire::AskAgencies{case_, {clinic_}}), "spoc");
  expect_hidden(act(outsider_.id, wire::AskAgencies{case_, {clinic_}}), "spoc");
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {}}), Errc::invalid_argument);
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {clinic_, clinic_}}), Errc::invalid_argument);
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {new_id<AgencyId>()}}), Errc::not_found);
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_, icb_}}));
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), Errc::conflict);
  EXPECT_EQ(case_row().asked, (std::vector<AgencyId>{school_, clinic_, icb_}));
}

TEST_F(Cases, NothingNewIsAskedOnceTheReviewIsOver) {
  refer();
  set_review(LockState::engaged, Stage::closed);
  expect_refused(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), kRuleStage);
  set_review(LockState::released, Stage::not_pursued);
  expect_refused(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), kRuleLock);
}

TEST_F(Cases, AnIdThatNamesNothingIsRefusedAsIfHiddenAndRecorded) {
  expect_hidden(act(spoc_.id, wire::AskAgencies{new_id<CaseId>(), {clinic_}}), kRuleUnknown);
  EXPECT_EQ(entries_.back().body.kind, "access.refused");
  EXPECT_EQ(wire::json::serialize(entries_.back().body.detail), R"({"action":"ask-agencies","rule":"no-such-thing"})");
}

}  // namespace
}  // namespace strongroom::access::testing
