// Tests records: who may seal them into which safe, and until when.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Records : public Partnership {};

TEST_F(Records, StaffOfTheAgencySealIntoItsSafe) {
  open_safe();
  for (const Member& one : {depositor_, third_, lead_, first_}) expect_done(act(one.id, sealing(safe_, 2)));
  expect_refused(act(spoc_.id, sealing(safe_, 1)), "depositor");
  expect_refused(act(administrator_.id, sealing(safe_, 1)), "depositor");
  expect_hidden(act(outsider_.id, sealing(safe_, 1)), "depositor");
  EXPECT_EQ(safe_row(safe_).records, 8U);
}

TEST_F(Records, ASealingNamesHeadersDescriptorsAndUploads) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].subject = "child-1";
  const Decision decision = expect_done(act(depositor_.id, command));
  const wire::NewRecord& record = command.records[0];
  EXPECT_EQ(decision.besides,
            (std::vector<BesideUse>{{record.header, BesideTable::header, id_key(record.record)},
                                    {record.descriptor, BesideTable::descriptor, id_key(record.record)}}));
  ASSERT_EQ(decision.uploads.size(), 1U);
  EXPECT_EQ(decision.uploads[0].upload, record.upload);
  EXPECT_EQ(decision.uploads[0].payload, record.payload);
  const RecordRow row = **tables_.state().record(*tables_.read(), record.record);
  EXPECT_EQ(row.depositor, depositor_.id);
  EXPECT_EQ(row.header, record.header);
  EXPECT_EQ(row.subject, "child-1");
  EXPECT_EQ(row.seq, entries_.back().envelope.seq.value);
}

TEST_F(Records, AStaleEpochTakesNoMoreDeposits) {
  open_safe();
  const auto command = sealing(safe_, 1);
  wire::StartEpoch epoch{safe_, 1, key_for({first_.id, second_.id})};
  epoch.key.previous = random_digest();
  expect_done(act(first_.id, epoch));
  expect_error(act(depositor_.id, command), Errc::conflict);
  expect_done(act(depositor_.id, sealing(safe_, 1)));
}

TEST_F(Records, ARecordIsSealedOnce) {
  open_safe();
  auto command = sealing(safe_, 2);
  command.records[1].record = command.records[0].record;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 2);
  command.records[1].upload = command.records[0].upload;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 1);
  expect_done(act(depositor_.id, command));
  expect_error(act(depositor_.id, command), Errc::conflict);
}

TEST_F(Records, ASealingIsOfOneTo256Records) {
  open_safe();
  expect_error(act(depositor_.id, sealing(safe_, 0)), Errc::invalid_argument);
  expect_error(act(depositor_.id, sealing(safe_, kMaxRecordsPerSeal + 1)), Errc::too_large);
  expect_done(act(depositor_.id, sealing(safe_, kMaxRecordsPerSeal)));
}

TEST_F(Records, APayloadIsNoShorterThanAnyAgePayload) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].length = 31;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command.records[0].length = 32;
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, ARecordNamesOnlyTheCasesSubjectsAndCopies) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].subject = "child-9";
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 1);
  command.records[0].derived_from = new_id<CopyId>();
  expect_error(act(depositor_.id, command), Errc::not_found);
  command.records[0].derived_from = issue(seal(1), first_.id);
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, TheReferrerAndTheSpocSealIntoTheReviewSafe) {
  refer();
  expect_done(act(lead_.id, sealing(review_safe_, 1)));  // the lead who referred seals Document 1
  expect_done(act(spoc_.id, sealing(review_safe_, 1)));
  expect_refused(act(reviewer_.id, sealing(review_safe_, 1)), "review-depositor");
  expect_hidden(act(first_.id, sealing(review_safe_, 1)), "review-depositor");
}

TEST_F(Records, OnBehalfOfAnAskedAgencyASpocOrALeadSeals) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.on_behalf_of = clinic_;
  expect_refused(act(depositor_.id, command), "on-behalf");
  expect_error(act(spoc_.id, command), Errc::conflict);
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  expect_done(act(spoc_.id, command));
  EXPECT_EQ((**tables_.state().record(*tables_.read(), command.records[0].record)).on_behalf_of, clinic_);
}

TEST_F(Records, NothingIsSealedOnceTheReviewIsOverOrTheLockReleased) {
  open_safe();
  const auto command = sealing(safe_, 1);
  set_review(LockState::engaged, Stage::closed);
  expect_refused(act(depositor_.id, command), kRuleStage);
  set_review(LockState::released, Stage::closed);
  expect_refused(act(depositor_.id, command), kRuleLock);
  set_review(LockState::engaged, Stage::practice_review);
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, AreListedInSealingOrderFromAnywhere) {
  open_safe();
  const auto records = seal(600);
  std::vector<RecordId> listed_from;
  ASSERT_TRUE(tables_.state().records_of(*tables_.read(), safe_, 590, [&](const RecordRow& row) -> Result<bool> {
    listed_from.push_back(row.record);
    return true;
  }));
  EXPECT_EQ(listed_from, std::vector<RecordId>(records.begin() + 590, records.end()));
}

}  // namespace
}  // namespace strongroom::access::testing
