// Tests giving space back to the disk, and verifying payloads again.
#include "tests/vault/payload/segment_fixture.h"

namespace vault::payload {
namespace {

TEST_F(SegmentFiles, WhatIsDiscardedGoesBackToTheDiskAndIsNeverUsedAgain) {
  const UploadId id = begin(4 * kMiB);
  ASSERT_TRUE(send(id, noise(4 * kMiB), 4 * kMiB));
  ASSERT_TRUE(store_->sync(id));
  const std::uint64_t before = disk_usage();
  ASSERT_TRUE(store_->discard(id));
  EXPECT_EQ(store_->discard(id).code(), Errc::not_found);
  EXPECT_EQ(*store_->punch(100), 1U);
  EXPECT_EQ(*store_->punch(100), 0U);
  EXPECT_LE(disk_usage() + 4 * kMiB, before);
  const RecordId record = sealed_record(noise(4 * kMiB, 2));  // the rest of the segment
  expect_payload(record, noise(4 * kMiB, 2));
  EXPECT_EQ(segment_count(), 1U);
  sealed_record(noise(1));
  EXPECT_EQ(segment_count(), 2U);  // and not the hole
}

TEST_F(SegmentFiles, ExtentsAreNotUsedAgainAfterARestart) {
  const UploadId id = begin(kSmallSegment);
  ASSERT_TRUE(store_->discard(id));
  ASSERT_TRUE(store_->punch(1));
  reopen();
  begin(1);
  EXPECT_EQ(segment_count(), 2U);
}

TEST_F(SegmentFiles, OnlyUploadsThatNobodyTouchedForLongAreOrphans) {
  const Bytes bytes = noise(3 * kMiB);
  const UploadId idle = begin(bytes.size());
  const UploadId active = begin(bytes.size());
  now_.unix_ms += 1000;
  ASSERT_TRUE(send(active, bytes, 100));
  EXPECT_EQ(*store_->discard_orphans(now_, 100), 1U);
  EXPECT_EQ(store_->status(idle).code(), Errc::not_found);
  EXPECT_TRUE(store_->status(active));
  EXPECT_EQ(*store_->discard_orphans(now_, 100), 0U);
  ASSERT_TRUE(send(active, bytes, 2 * kMiB));  // synced and recorded
  reopen();
  EXPECT_EQ(*store_->discard_orphans(now_, 100), 0U);
  EXPECT_EQ(*store_->discard_orphans(Instant{now_.unix_ms + 1}, 100), 1U);
}

TEST_F(SegmentFiles, OrphansAreDiscardedInBoundedSteps) {
  for (int i = 0; i < 5; ++i) begin(10);
  const Instant later{now_.unix_ms + 1};
  EXPECT_EQ(*store_->discard_orphans(later, 2), 2U);
  EXPECT_EQ(*store_->discard_orphans(later, 2), 2U);
  EXPECT_EQ(*store_->discard_orphans(later, 2), 1U);
  EXPECT_EQ(*store_->punch(3), 3U);
  EXPECT_EQ(*store_->punch(3), 2U);
  EXPECT_EQ(*store_->punch(3), 0U);
}

TEST_F(SegmentFiles, ASealedUploadIsNoOrphan) {
  const RecordId record = sealed_record(noise(1000));
  EXPECT_EQ(*store_->discard_orphans(Instant{now_.unix_ms + 1}, 100), 0U);
  EXPECT_EQ(*store_->punch(100), 0U);
  expect_payload(record, noise(1000));
}

TEST_F(SegmentFiles, DisposalCommitsFirstThenPunchesAndIsRepeatable) {
  const RecordId record = sealed_record(noise(3 * kMiB));
  {
    const auto txn = std::move(engine_.write().value());
    EXPECT_TRUE(*store_->dispose(*txn, record));
  }
  expect_payload(record, noise(3 * kMiB));  // aborted
  EXPECT_TRUE(*dispose(record));
  EXPECT_FALSE(*dispose(record));
  EXPECT_EQ(store_->open(record).code(), Errc::not_found);
  EXPECT_EQ(store_->verify(record, {}).code(), Errc::not_found);

  disk_->on_punch = failing_at(1);
  EXPECT_EQ(store_->punch(10).code(), Errc::io);
  engine_.inject({.at = Fault::At::commit, .nth = 1, .code = Errc::full});
  EXPECT_EQ(store_->punch(10).code(), Errc::full);
  reopen_after_power_loss();
  const std::uint64_t before = disk_usage();
  EXPECT_EQ(*store_->punch(10), 1U);
  EXPECT_LE(disk_usage(), before);
  EXPECT_EQ(*store_->punch(10), 0U);
  std::ifstream file(folder() / "00000001.seg", std::ios::binary);
  std::string raw(3 * kMiB, '?');
  file.read(raw.data(), static_cast<std::streamsize>(raw.size()));
  EXPECT_EQ(raw.find_first_not_of('\0'), std::string::npos);
}

TEST_F(SegmentFiles, DisposalLeavesNoRowsBehind) {
  const RecordId record = sealed_record(noise(3 * kMiB));
  EXPECT_TRUE(*dispose(record));
  EXPECT_EQ(*store_->punch(10), 1U);
  const auto txn = std::move(engine_.read().value());
  for (const keyring::SealedTable* table : store_->tables())
    EXPECT_EQ(*table->count(*txn), table->name() == "payload.state" ? 1U : 0U) << table->name();
}

TEST_F(SegmentFiles, NothingIsPunchedWhileABackupHolds) {
  ASSERT_TRUE(store_->discard(begin(1000)));
  auto one = store_->hold();
  auto two = store_->hold();
  EXPECT_EQ(*store_->punch(10), 0U);
  one.reset();
  EXPECT_EQ(*store_->punch(10), 0U);
  EXPECT_EQ(disk_->punches, 0);
  two.reset();
  EXPECT_EQ(*store_->punch(10), 1U);
}

TEST_F(SegmentFiles, AnAlteredBlockIsNamed) {
  const Bytes bytes = noise(kSmallSegment + 3 * kMiB);
  const RecordId record = sealed_record(bytes);
  alter(2, 2 * kMiB + 77);  // 8 blocks in the first segment, two before it in the second
  const auto verified = store_->verify(record, digest_of(bytes));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.code(), Errc::tampered);
  EXPECT_EQ(verified.error().message, "block 10 of the payload was altered: it begins at 2097152 in 00000002.seg");
}

TEST_F(SegmentFiles, ATruncatedSegmentIsTamperedAndNotAbsent) {
  const Bytes bytes = noise(3 * kMiB);
  const RecordId record = sealed_record(bytes);
  fs::resize_file(folder() / "00000001.seg", 2 * kMiB);
  EXPECT_EQ(store_->verify(record, digest_of(bytes)).code(), Errc::tampered);
  Bytes out(bytes.size());
  EXPECT_EQ(store_->open(record).value()->read(0, out).code(), Errc::tampered);
}

TEST_F(SegmentFiles, AnotherPayloadThanTheExpectedOneIsTampered) {
  const RecordId record = sealed_record(noise(1000));
  EXPECT_EQ(store_->verify(record, digest_of(noise(1000, 2))).code(), Errc::tampered);
}

TEST_F(SegmentFiles, AnAlteredListOfBlocksIsTampered) {
  const RecordId record = sealed_record(noise(1000));
  for (const keyring::SealedTable* table : store_->tables()) {
    if (table->name() != "payload.blocks") continue;
    const auto txn = std::move(engine_.write().value());
    ASSERT_TRUE(txn->clear(table->table()));
    ASSERT_TRUE(txn->commit());
  }
  EXPECT_EQ(store_->verify(record, digest_of(noise(1000))).code(), Errc::tampered);
}

TEST_F(SegmentFiles, VerifyingStopsWhenItIsAskedTo) {
  const RecordId record = sealed_record(noise(3 * kMiB));
  int blocks = 0;
  EXPECT_EQ(store_->verify(record, digest_of(noise(3 * kMiB)), [&] { return ++blocks < 3; }).code(), Errc::cancelled);
  EXPECT_EQ(blocks, 3);
}

}  // namespace
}  // namespace vault::payload
