// Tests how copies are issued, prepared, collected, delivered and returned.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Copies : public Partnership {};

TEST_F(Copies, OnlyAnActiveRepresentativeIssues) {
  open_safe();
  const auto records = seal(3);
  for (const Member& other : {lead_, third_, depositor_, spoc_, administrator_})
    expect_refused(act(other.id, issuing(records, other.id)), "keyholder");
  expect_hidden(act(outsider_.id, issuing(records, outsider_.id)), "keyholder");
  const Decision decision = expect_done(act(first_.id, issuing(records, first_.id)));
  EXPECT_EQ(given(decision).number, 1U);
  EXPECT_EQ(given(expect_done(act(second_.id, issuing(records, second_.id)))).number, 2U);
  EXPECT_TRUE(decision.besides.empty());
}

TEST_F(Copies, ANomineeWhoHasNotConfirmedIssuesNothing) {
  open_safe();
  const auto records = seal(1);
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
  expect_refused(act(third_.id, issuing(records, third_.id)), "keyholder");
}

TEST_F(Copies, AFormerRepresentativeIssuesNothing) {
  open_safe();
  const auto records = seal(1);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_refused(act(first_.id, issuing(records, first_.id)), "keyholder");
}

TEST_F(Copies, AreOfRecordsOfThatSafeEachOnce) {
  open_safe();
  const auto records = seal(2);
  expect_error(act(first_.id, issuing({}, first_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing({records[0], records[0]}, first_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing({records[0], new_id<RecordId>()}, first_.id)), Errc::not_found);
  const auto document = sealing(review_safe_, 1);
  expect_done(act(spoc_.id, document));
  expect_error(act(first_.id, issuing({document.records[0].record}, first_.id)), Errc::not_found);
  const CopyId copy = issue({records[1], records[0]}, first_.id);
  const CopyPageRow page = **tables_.state().copy_page(*tables_.read(), copy, 0);
  ASSERT_EQ(page.records.size(), 2U);
  EXPECT_EQ(page.records[0].record, records[1]);  // they are in the order of the request
}

TEST_F(Copies, AreDueTodayInLondonOrLater) {
  open_safe();
  const auto records = seal(1);
  now_ = *vault::parse_rfc3339("2027-06-30T23:30:00.000Z");  // it is already July in London
  auto command = issuing(records, first_.id);
  command.due = date(2027, 6, 30);
  expect_error(act(first_.id, command), Errc::invalid_argument);
  command.due = date(2027, 7, 1);
  expect_done(act(first_.id, command));
}

TEST_F(Copies, AColleagueIsACertifiedMemberOfTheAgency) {
  open_safe();
  const auto records = seal(1);
  expect_error(act(first_.id, issuing(records, outsider_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing(records, new_id<PersonId>())), Errc::invalid_argument);
  expect_done(act(lead_.id, wire::RevokePerson{third_.id, std::nullopt}));
  expect_error(act(first_.id, issuing(records, third_.id)), Errc::invalid_argument);
  expect_done(act(first_.id, issuing(records, depositor_.id)));
}

TEST_F(Copies, OneForOneselfIsDeliveredWithoutPreparation) {
  open_safe();
  const CopyId copy = issue(seal(1), first_.id);
  expect_error(act(first_.id, preparing(copy, 1)), Errc::conflict);
  expect_refused(act(second_.id, wire::DeliverCopy{copy}), "holder");
  expect_done(act(first_.id, wire::DeliverCopy{copy}));
  EXPECT_EQ(copy_row(copy).state, CopyState::delivered);
  expect_error(act(first_.id, wire::DeliverCopy{copy}), Errc::conflict);
}

TEST_F(Copies, OneForAColleagueIsPreparedCollectedAndDelivered) {
  open_safe();
  const CopyId copy = issue(seal(2), depositor_.id);
  expect_error(act(depositor_.id, wire::CollectCopy{copy}), Errc::conflict);
  expect_refused(act(second_.id, preparing(copy, 2)), "issuer");
  expect_refused(act(depositor_.id, preparing(copy, 2)), "issuer");
  expect_error(act(first_.id, preparing(copy, 1)), Errc::invalid_argument);
  const auto prepared = preparing(copy, 2);
  const Decision decision = expect_done(act(first_.id, prepared));
  ASSERT_EQ(decision.besides.size(), 3U);
  EXPECT_EQ(decision.besides[1], (BesideUse{prepared.headers[1], BesideTable::copy_header, copy_header_key(copy, 1)}));
  EXPECT_EQ(decision.besides[2], (BesideUse{prepared.index, BesideTable::copy_index, id_key(copy)}));
  expect_error(act(first_.id, prepared), Errc::conflict);
  expect_error(act(depositor_.id, wire::DeliverCopy{copy}), Errc::conflict);
  expect_refused(act(first_.id, wire::CollectCopy{copy}), "holder");
  expect_hidden(act(third_.id, wire::CollectCopy{copy}), "holder");
  expect_done(act(depositor_.id, wire::CollectCopy{copy}));
  expect_error(act(depositor_.id, wire::CollectCopy{copy}), Errc::conflict);
  expect_done(act(depositor_.id, wire::DeliverCopy{copy}));
}

TEST_F(Copies, AFormerKeyholderPreparesNothingButMayReturn) {
  open_safe();
  const CopyId copy = issue(seal(1), depositor_.id);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_refused(act(first_.id, preparing(copy, 1)), "issuer");
  expect_done(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::destroyed}));
}

TEST_F(Copies, NothingIsPreparedForAHolderWhoIsRevoked) {
  open_safe();
  const CopyId copy = issue(seal(1), third_.id);
  expect_done(act(lead_.id, wire::RevokePerson{third_.id, std::nullopt}));
  expect_error(act(first_.id, preparing(copy, 1)), Errc::invalid_argument);
}

TEST_F(Copies, AreReturnedInPartsAndEndWithTheLast) {
  open_safe();
  const auto records = seal(3);
  const CopyId copy = issue(records, first_.id);
  expect_done(act(first_.id, wire::DeliverCopy{copy}));
  Decision decision = expect_done(act(first_.id, wire::ReturnCopy{copy, {records[1]}, CopyEnd::lost}));
  EXPECT_FALSE(decision.events[0].detail.at("complete").as_bool());
  EXPECT_EQ(copy_row(copy).out, 2U);
  EXPECT_EQ(copy_row(copy).state, CopyState::delivered);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {records[1]}, CopyEnd::returned}), Errc::conflict);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {new_id<RecordId>()}, CopyEnd::returned}), Errc::not_found);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {records[0], records[0]}, CopyEnd::returned}),
               Errc::invalid_argument);
  decision = expect_done(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_TRUE(decision.events[0].detail.at("complete").as_bool());
  EXPECT_EQ(decision.events[0].detail.at("records").as_array().size(), 2U);
  EXPECT_EQ(copy_row(copy).state, CopyState::lost);  // a copy is no better than its worst record
  expect_error(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), Errc::conflict);
}

TEST_F(Copies, AreEndedByHolderIssuerOrLead) {
  open_safe();
  const auto records = seal(1);
  for (const Member& one : {depositor_, first_, lead_})
    expect_done(act(one.id, wire::ReturnCopy{issue(records, depositor_.id), {}, CopyEnd::returned}));
  const CopyId copy = issue(records, depositor_.id);
  expect_refused(act(second_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
  expect_refused(act(spoc_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
  expect_hidden(act(third_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
}

TEST_F(Copies, WhatWasRewrittenForTheHolderGoesWithTheCopysEnd) {
  open_safe();
  const auto records = seal(2);
  const CopyId copy = issue(records, depositor_.id);
  expect_done(act(first_.id, preparing(copy, 2)));
  {
    const auto txn = tables_.write();
    for (std::uint64_t i = 0; i < 2; ++i)
      ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::copy_header, copy_header_key(copy, i),
                                             vault::as_bytes("a header")));
    ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::copy_index, id_key(copy), vault::as_bytes("an index")));
    ASSERT_TRUE(txn->commit());
  }
  const auto kept = [&](BesideTable table) { return *tables_.state().beside_table(table).count(*tables_.read()); };
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {records[0]}, CopyEnd::returned}));
  EXPECT_EQ(kept(BesideTable::copy_header), 1U);
  EXPECT_EQ(kept(BesideTable::copy_index), 1U);
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_EQ(kept(BesideTable::copy_header), 0U);
  EXPECT_EQ(kept(BesideTable::copy_index), 0U);
}

TEST_F(Copies, AreIssuedWhileTheLockIsEngagedAndFinishedAfterwards) {
  open_safe();
  const auto records = seal(1);
  set_review(LockState::engaged, Stage::closed);
  const CopyId copy = issue(records, depositor_.id);
  set_review(LockState::released, Stage::closed);
  expect_refused(act(first_.id, issuing(records, first_.id)), kRuleLock);
  expect_done(act(first_.id, preparing(copy, 1)));
  expect_done(act(depositor_.id, wire::CollectCopy{copy}));
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
}

TEST_F(Copies, AreFoundByNumberCaseAndPersonOpenOrEnded) {
  open_safe();
  const auto records = seal(1);
  const CopyId own = issue(records, first_.id);
  const CopyId colleagues = issue(records, depositor_.id);
  const CopyId ended = issue(records, depositor_.id);
  expect_done(act(lead_.id, wire::ReturnCopy{ended, {}, CopyEnd::returned}));
  const auto txn = tables_.read();
  const State& state = tables_.state();
  std::vector<CopyId> found;
  const Visit<CopyRow> collect = [&](const CopyRow& row) -> Result<bool> {
    found.push_back(row.copy);
    return true;
  };
  EXPECT_EQ(*state.copy_by_number(*txn, 2), colleagues);
  ASSERT_TRUE(state.copies_of_person(*txn, depositor_.id, State::Which::open, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{colleagues});
  ASSERT_TRUE(state.copies_of_person(*txn, depositor_.id, State::Which::ended, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{ended});
  ASSERT_TRUE(state.copies_of_person(*txn, first_.id, State::Which::all, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), (std::vector<CopyId>{own, colleagues, ended}));
  ASSERT_TRUE(state.copies_of_case(*txn, case_, State::Which::open, 2, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{colleagues});
  ASSERT_TRUE(state.copies(*txn, 2, collect));
  EXPECT_EQ(std::exchange(found, {}), (std::vector<CopyId>{colleagues, ended}));
}

TEST_F(Copies, HoldTenThousandRecordsAndNoMore) {
  open_safe();
  auto records = seal(kMaxRecordsPerCopy + 1);
  expect_error(act(first_.id, issuing(records, first_.id)), Errc::too_large);
  records.pop_back();
  const CopyId copy = issue(records, depositor_.id);
  expect_done(act(first_.id, preparing(copy, records.size())));
  std::uint64_t ordinal = 9'990;
  ASSERT_TRUE(tables_.state().copied_records(*tables_.read(), copy, ordinal,
                                             [&](std::uint64_t at, const CopiedRecord& record) -> Result<bool> {
                                               EXPECT_EQ(at, ordinal);
                                               EXPECT_EQ(record.record, records[ordinal]);
                                               ++ordinal;
                                               return true;
                                             }));
  EXPECT_EQ(ordinal, records.size());
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {records[5'000]}, CopyEnd::returned}));
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_EQ(copy_row(copy).state, CopyState::returned);
}

}  // namespace
}  // namespace strongroom::access::testing
