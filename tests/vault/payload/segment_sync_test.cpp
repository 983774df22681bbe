// Tests syncs, restarts and power cuts: acknowledged bytes are still there, and a failed sync is never forgotten.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/vault/payload/segment_fixture.h"

namespace vault::payload {
namespace {

TEST_F(SegmentFiles, AnUploadGoesOnAtTheLastSyncedOffsetAfterARestart) {
  const Bytes bytes = noise(7 * kMiB + 99);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, 5 * kMiB + 5));
  EXPECT_EQ(store_->status(id)->offset, 5 * kMiB + 5);
  reopen_after_power_loss();
  const UploadStatus status = store_->status(id).value();
  EXPECT_EQ(status.offset, 4 * kMiB);  // the sync interval is 2 MiB
  EXPECT_EQ(status.durable, 4 * kMiB);
  EXPECT_EQ(status.length, bytes.size());
  EXPECT_EQ(status.owner, "owner");
  EXPECT_EQ(status.created, now_);
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  EXPECT_EQ(seal(id, record)->digest, digest_of(bytes));
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, AnExplicitSyncIsKeptToTheBlock) {
  const Bytes bytes = noise(3 * kMiB);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, kMiB + 500));
  EXPECT_EQ(store_->status(id)->durable, 0U);
  ASSERT_TRUE(store_->sync(id));
  EXPECT_EQ(store_->status(id)->durable, kMiB);
  EXPECT_EQ(store_->status(id)->offset, kMiB + 500);
}

// Cuts the power after each write in turn. A sealed payload is still there, and an upload is resumed and becomes the
// same payload.
TEST_F(SegmentFiles, APowerCutAfterAnyWriteLosesNothingThatWasAcknowledged) {
  const Bytes bytes = noise(4 * kMiB + 321);
  const RecordId sealed = sealed_record(ByteView(bytes).first(1'500'000));
  constexpr std::size_t kCut = 333'333;
  for (std::size_t cut_at = kCut; cut_at < bytes.size(); cut_at += kCut) {
    const UploadId id = begin(bytes.size());
    ASSERT_TRUE(send(id, bytes, cut_at, kCut));
    const std::uint64_t promised = store_->status(id)->durable;
    reopen_after_power_loss();
    ASSERT_EQ(store_->status(id)->offset, promised);
    ASSERT_TRUE(send(id, bytes, bytes.size()));
    ASSERT_TRUE(store_->sync(id));
    const RecordId record = new_record();
    ASSERT_TRUE(seal(id, record));
    reopen_after_power_loss();
    expect_payload(record, bytes);
  }
  expect_payload(sealed, ByteView(bytes).first(1'500'000));
}

TEST_F(SegmentFiles, AnUploadOfManyRowsOfBlocksGoesOnAfterARestart) {
  segment_bytes_ = 256 * kMiB;
  sync_interval_ = 3 * kMiB;
  reopen();
  const Bytes bytes = noise(131 * kMiB + 17);  // three rows of 64 blocks
  const UploadId id = begin(bytes.size());
  for (const std::uint64_t stop : {std::uint64_t{5}, std::uint64_t{63}, std::uint64_t{64}, std::uint64_t{65},
                                   std::uint64_t{128}, std::uint64_t{130}}) {
    ASSERT_TRUE(send(id, bytes, stop * kMiB, kMiB));
    ASSERT_TRUE(store_->sync(id));
    ASSERT_TRUE(send(id, bytes, stop * kMiB + 100, kMiB));
    reopen_after_power_loss();
    ASSERT_EQ(store_->status(id)->offset, stop * kMiB);
  }
  ASSERT_TRUE(send(id, bytes, bytes.size(), kMiB));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  ASSERT_EQ(seal(id, record)->digest, digest_of(bytes));
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, TheSegmentIsSyncedBeforeARowRefersToIt) {
  std::uint64_t puts_before = 0;
  disk_->on_sync_names = [&]() -> Result<void> {
    puts_before = engine_.puts();
    return Error{Errc::io, "injected"};
  };
  engine_.inject({.at = Fault::At::put, .nth = 1000});
  EXPECT_EQ(store_->create(new_upload(), "owner", 100).code(), Errc::io);
  EXPECT_EQ(puts_before, 0U);
  EXPECT_EQ(engine_.puts(), 0U);
}

TEST_F(SegmentFiles, AFailedWriteIsToldAndCanBeRepeated) {
  const Bytes bytes = noise(2 * kMiB);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, 1000));
  disk_->on_write = failing_at(1, Errc::full);
  EXPECT_EQ(store_->write(id, 1000, ByteView(bytes).subspan(1000, 1000)).code(), Errc::full);
  EXPECT_EQ(store_->status(id)->offset, 1000U);
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(id, record));
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, AFailedSyncCondemnsTheUploadForEver) {
  const Bytes bytes = noise(kMiB);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  disk_->on_sync = failing_at(1);
  EXPECT_EQ(store_->sync(id).code(), Errc::io);
  EXPECT_EQ(store_->sync(id).code(), Errc::io);  // the disk would succeed now, but the bytes may be lost already
  EXPECT_EQ(store_->status(id).code(), Errc::io);
  EXPECT_EQ(store_->write(id, bytes.size(), {}).code(), Errc::io);
  EXPECT_EQ(seal(id, new_record()).code(), Errc::io);
  reopen_after_power_loss();
  EXPECT_EQ(store_->sync(id).code(), Errc::io);
  EXPECT_EQ(seal(id, new_record()).code(), Errc::io);
  EXPECT_TRUE(store_->discard(id));
  EXPECT_EQ(store_->status(id).code(), Errc::not_found);
}

TEST_F(SegmentFiles, AFailedSyncOnTheWayCondemnsToo) {
  const Bytes bytes = noise(5 * kMiB);
  const UploadId id = begin(bytes.size());
  disk_->on_sync = failing_at(2);
  EXPECT_EQ(send(id, bytes, bytes.size()).code(), Errc::io);
  EXPECT_EQ(store_->status(id).code(), Errc::io);
}

TEST_F(SegmentFiles, AFailedSyncCondemnsWhatElseWasUnsyncedInTheSegmentAndNothingThatWas) {
  const Bytes bytes = noise(1000);
  const RecordId sealed = sealed_record(bytes);
  const UploadId safe = begin(1000);
  ASSERT_TRUE(send(safe, bytes, 1000));
  ASSERT_TRUE(store_->sync(safe));
  const UploadId one = begin(1000);
  const UploadId other = begin(1000);
  ASSERT_TRUE(send(one, bytes, 1000));
  ASSERT_TRUE(send(other, bytes, 1000));
  disk_->on_sync = failing_at(1);
  EXPECT_EQ(store_->sync(one).code(), Errc::io);
  EXPECT_EQ(store_->sync(other).code(), Errc::io);  // the kernel may have dropped its pages as well
  EXPECT_TRUE(store_->sync(safe));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(safe, record));
  expect_payload(record, bytes);
  expect_payload(sealed, bytes);
}

TEST_F(SegmentFiles, NothingMoreIsReservedInASegmentWhoseSyncHasFailed) {
  const UploadId id = begin(1000);
  ASSERT_TRUE(send(id, noise(1000), 1000));
  disk_->on_sync = failing_at(1);
  EXPECT_EQ(store_->sync(id).code(), Errc::io);
  EXPECT_EQ(segment_count(), 1U);
  const RecordId record = sealed_record(noise(1000, 2));
  EXPECT_EQ(segment_count(), 2U);
  expect_payload(record, noise(1000, 2));
}

TEST_F(SegmentFiles, AnUploadWhoseProgressCannotBeRecordedGoesOnWhenItCan) {
  const Bytes bytes = noise(5 * kMiB);
  const UploadId id = begin(bytes.size());
  engine_.inject({.at = Fault::At::commit, .nth = 1, .code = Errc::full});
  EXPECT_EQ(send(id, bytes, bytes.size()).code(), Errc::full);
  EXPECT_EQ(store_->status(id)->durable, 0U);
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  engine_.inject({.at = Fault::At::put, .nth = 1, .code = Errc::full});
  EXPECT_EQ(store_->sync(id).code(), Errc::full);
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(id, record));
  reopen_after_power_loss();
  expect_payload(record, bytes);
}

// A hook that stops its caller until the test releases it.
class Pause {
 public:
  std::function<Result<void>()> hook() {
    return [this]() -> Result<void> {
      std::unique_lock lock(mutex_);
      reached_ = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return released_; });
      return {};
    };
  }
  void wait_until_reached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool released_ = false;
};

TEST_F(SegmentFiles, ASecondWriteWhileOneGoesOnIsToldSoAndReadersAreNotStopped) {
  const RecordId record = sealed_record(noise(1000));
  const UploadId id = begin(1000);
  Pause pause;
  disk_->on_write = pause.hook();
  std::thread writer([&] { EXPECT_EQ(*store_->write(id, 0, noise(500)), 500U); });
  pause.wait_until_reached();
  EXPECT_EQ(store_->write(id, 0, noise(500)).code(), Errc::busy);
  EXPECT_EQ(store_->status(id)->offset, 0U);  // the store holds no lock while the disk works
  expect_payload(record, noise(1000));
  pause.release();
  writer.join();
  EXPECT_EQ(store_->status(id)->offset, 500U);
}

TEST_F(SegmentFiles, BytesThatArriveDuringASyncAreNotCountedByIt) {
  const Bytes bytes = noise(2 * kMiB);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, kMiB));
  Pause pause;
  disk_->on_sync = pause.hook();
  std::thread syncer([&] { EXPECT_TRUE(store_->sync(id)); });
  pause.wait_until_reached();
  ASSERT_TRUE(store_->write(id, kMiB, ByteView(bytes).subspan(kMiB, kMiB - 1)));
  pause.release();
  syncer.join();
  EXPECT_EQ(store_->status(id)->durable, kMiB);
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(id, record));
  reopen_after_power_loss();
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, ASyncWaitsForTheOneThatGoesOnAndSharesItsFailure) {
  const UploadId id = begin(1000);
  ASSERT_TRUE(send(id, noise(1000), 1000));
  Pause pause;
  disk_->on_sync = [hold = pause.hook()]() -> Result<void> {
    TRY_VOID(hold());
    return Error{Errc::io, "injected"};
  };
  std::thread first([&] { EXPECT_EQ(store_->sync(id).code(), Errc::io); });
  pause.wait_until_reached();
  std::atomic<bool> started = false;
  std::thread second([&] {
    started = true;
    EXPECT_EQ(store_->sync(id).code(), Errc::io);
  });
  while (!started) std::this_thread::yield();
  EXPECT_TRUE(store_->status(id));
  pause.release();
  first.join();
  second.join();
  EXPECT_EQ(seal(id, new_record()).code(), Errc::io);
}

TEST_F(SegmentFiles, BytesThatReachTheDiskAfterASyncAreSyncedByTheNext) {
  const Bytes bytes = noise(1000);
  const UploadId id = begin(bytes.size());
  Pause pause;
  disk_->on_write = pause.hook();
  std::thread writer([&] { EXPECT_TRUE(store_->write(id, 0, bytes)); });
  pause.wait_until_reached();
  ASSERT_TRUE(store_->sync(id));
  pause.release();
  writer.join();
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(id, record));
  reopen_after_power_loss();
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, DiscardingWaitsForTheWriteThatGoesOn) {
  const UploadId id = begin(1000);
  Pause pause;
  disk_->on_write = pause.hook();
  std::thread writer([&] { EXPECT_EQ(store_->write(id, 0, noise(500)).code(), Errc::not_found); });
  pause.wait_until_reached();
  std::atomic<bool> discarded = false;
  std::thread discarder([&] {
    EXPECT_TRUE(store_->discard(id));
    discarded = true;
  });
  while (store_->status(id)) std::this_thread::yield();  // until the upload is marked as discarded
  EXPECT_FALSE(discarded);
  pause.release();
  writer.join();
  discarder.join();
  EXPECT_EQ(store_->status(id).code(), Errc::not_found);
}

}  // namespace
}  // namespace vault::payload
