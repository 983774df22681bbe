// Tests many uploads at once: batches that come whole, one sync for all of them, and threads.
#include <thread>

#include "tests/vault/payload/segment_fixture.h"

namespace vault::payload {
namespace {

TEST_F(SegmentFiles, ManyUploadsAreSyncedTogetherByOneCall) {
  std::vector<UploadId> ids;
  for (int i = 0; i < 16; ++i) {
    ids.push_back(begin(1000));
    ASSERT_TRUE(send(ids.back(), noise(1000, static_cast<std::uint32_t>(i)), 1000));
  }
  ids.push_back(ids.front());  // an upload that is named twice counts once
  disk_->syncs = 0;
  engine_.inject({.at = Fault::At::commit, .nth = 1000});
  ASSERT_TRUE(store_->sync(ids));
  EXPECT_EQ(disk_->syncs, 1);
  EXPECT_EQ(engine_.commits(), 1U);
  reopen_after_power_loss();
  for (std::uint32_t i = 0; i < 16; ++i) {
    const RecordId record = new_record();
    ASSERT_TRUE(seal(ids[i], record));
    expect_payload(record, noise(1000, i));
  }
}

TEST_F(SegmentFiles, UploadsThatComeWholeAreCompleteAndDurableForOneSyncAndOneCommit) {
  const std::vector<Bytes> files{noise(1), noise(5000, 2), noise(kMiB, 3), noise(kMiB + 7, 4)};
  const auto ids = whole(files);
  const int syncs = disk_->syncs;
  const auto received = receive(ids, files);
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(disk_->syncs, syncs + 1);
  reopen_after_power_loss();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto status = store_->status(ids[i]);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(status->durable, files[i].size());
    const RecordId record = new_record();
    ASSERT_TRUE(seal(ids[i], record));  // the upload needs no sync of its own
    expect_payload(record, files[i]);
  }
}

TEST_F(SegmentFiles, UploadsThatComeWholeAreSealedAndDiscardedLikeOthers) {
  const std::vector<Bytes> files{noise(4096), noise(3000, 2)};
  const auto ids = whole(files);
  ASSERT_TRUE(receive(ids, files));
  const RecordId record = new_record();
  ASSERT_TRUE(seal(ids[0], record));
  EXPECT_EQ(store_->write(ids[1], 3000, noise(1)).code(), Errc::too_large);
  EXPECT_TRUE(store_->write(ids[1], 3000, {}));
  EXPECT_EQ(store_->write(ids[1], 0, noise(1)).code(), Errc::conflict);
  ASSERT_TRUE(store_->sync(ids[1]));
  ASSERT_TRUE(store_->discard(ids[1]));
  EXPECT_EQ(store_->status(ids[1]).code(), Errc::not_found);
  EXPECT_EQ(store_->punch(10).value(), 1U);
  expect_payload(record, files[0]);
}

TEST_F(SegmentFiles, UploadsThatComeWholeMaySpanSegmentsAndNeverShareSpace) {
  begin(kSmallSegment - 6000);
  const std::vector<Bytes> files{noise(9000), noise(9000, 2), noise(9000, 3)};
  const auto ids = whole(files);
  ASSERT_TRUE(receive(ids, files));
  const auto more = whole(files);
  ASSERT_TRUE(receive(more, files));
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const UploadId& id : {ids[i], more[i]}) {
      const RecordId record = new_record();
      ASSERT_TRUE(seal(id, record));
      expect_payload(record, files[i]);
    }
  }
  EXPECT_EQ(segment_count(), 2U);
}

TEST_F(SegmentFiles, ABatchHasAtMost256UploadsOf8MiBInAll) {
  const std::vector<Bytes> most(kMaxBatchUploads, noise(10));
  EXPECT_TRUE(receive(whole(most), most));
  const std::vector<Bytes> too_many(kMaxBatchUploads + 1, noise(10));
  EXPECT_EQ(receive(whole(too_many), too_many).code(), Errc::too_large);
  const std::vector<Bytes> large{noise(kMaxBatchBytes - 1), noise(1)};
  EXPECT_TRUE(receive(whole(large), large));
  const std::vector<Bytes> too_large{noise(kMaxBatchBytes - 1), noise(2)};
  EXPECT_EQ(receive(whole(too_large), too_large).code(), Errc::too_large);
  EXPECT_EQ(receive({}, {}).code(), Errc::invalid_argument);
  const std::vector<Bytes> with_nothing{noise(1), {}};
  EXPECT_EQ(receive(whole(with_nothing), with_nothing).code(), Errc::invalid_argument);
}

TEST_F(SegmentFiles, ABatchIsReceivedWholeOrNotAtAll) {
  const UploadId taken = begin(10);
  const std::vector<Bytes> files{noise(100), noise(200, 2)};
  auto ids = whole(files);
  EXPECT_EQ(receive({ids[0], taken}, files).code(), Errc::conflict);
  EXPECT_EQ(receive({ids[0], ids[0]}, files).code(), Errc::conflict);
  EXPECT_EQ(store_->status(ids[0]).code(), Errc::not_found);

  store_.reset();
  SegmentOptions limited = options();
  limited.max_uploads_per_owner = 3;
  store_ = std::move(open_segments(engine_, sealer_, folder(), limited).value());
  const std::vector<Bytes> three{noise(1), noise(2), noise(3)};
  EXPECT_EQ(receive(whole(three), three).code(), Errc::limited);
  EXPECT_TRUE(receive(ids, files));
  EXPECT_EQ(store_->create(new_upload(), "owner", 1).code(), Errc::limited);
}

TEST_F(SegmentFiles, WhereABatchFailsNothingOfItIsThereAndItCanBeSentAgain) {
  const std::vector<Bytes> files{noise(100), noise(kMiB, 2), noise(300, 3)};
  const auto ids = whole(files);
  const auto expect_nothing = [&] {
    for (const UploadId& id : ids) EXPECT_EQ(store_->status(id).code(), Errc::not_found);
  };
  for (int write = 1; write <= 3; ++write) {
    disk_->on_write = failing_at(write);
    EXPECT_EQ(receive(ids, files).code(), Errc::io) << write;
    disk_->on_write = {};
    expect_nothing();
  }
  engine_.inject({.at = Fault::At::put, .nth = 4, .code = Errc::full});
  EXPECT_EQ(receive(ids, files).code(), Errc::full);
  expect_nothing();
  disk_->on_sync = failing_at(1);
  EXPECT_EQ(receive(ids, files).code(), Errc::io);
  disk_->on_sync = {};
  expect_nothing();
  reopen_after_power_loss();
  expect_nothing();
  ASSERT_TRUE(receive(ids, files));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const RecordId record = new_record();
    ASSERT_TRUE(seal(ids[i], record));
    expect_payload(record, files[i]);
  }
}

TEST_F(SegmentFiles, BatchesThatArriveTogetherKeepToThemselves) {
  constexpr std::size_t kThreads = 4;
  std::vector<std::vector<Bytes>> files(kThreads);
  std::vector<std::vector<UploadId>> ids(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) {
    for (std::size_t j = 0; j < 20; ++j)
      files[i].push_back(noise(1000 * (j + 1), static_cast<std::uint32_t>(100 * i + j)));
    ids[i] = whole(files[i]);
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { EXPECT_TRUE(receive(ids[i], files[i])); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < kThreads; ++i) {
    for (std::size_t j = 0; j < files[i].size(); ++j) {
      const RecordId record = new_record();
      ASSERT_TRUE(seal(ids[i][j], record));
      expect_payload(record, files[i][j]);
    }
  }
}

TEST_F(SegmentFiles, OneMissingUploadFailsTheSyncOfAllAndHarmsNone) {
  const UploadId id = begin(1000);
  ASSERT_TRUE(send(id, noise(1000), 1000));
  EXPECT_EQ(store_->sync(std::vector{id, new_upload()}).code(), Errc::not_found);
  EXPECT_TRUE(store_->sync(id));
  EXPECT_TRUE(seal(id, new_record()));
}

TEST_F(SegmentFiles, ConcurrentUploadsKeepToThemselves) {
  constexpr int kThreads = 4;
  constexpr int kUploads = 6;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::vector<std::pair<RecordId, Bytes>> done;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < kUploads; ++i) {
        const Bytes bytes = noise(300'000 + i * 700'001, t * 100 + i);
        const UploadId id = begin(bytes.size(), "owner-" + std::to_string(t));
        EXPECT_TRUE(send(id, bytes, bytes.size(), 100'000));
        EXPECT_TRUE(store_->sync(id));
        const RecordId record = new_record();
        EXPECT_TRUE(seal(id, record));
        const std::lock_guard lock(mutex);
        done.emplace_back(record, bytes);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(done.size(), static_cast<std::size_t>(kThreads * kUploads));
  reopen_after_power_loss();
  for (const auto& [record, bytes] : done) expect_payload(record, bytes);
}

}  // namespace
}  // namespace vault::payload
