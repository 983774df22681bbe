// Tests the limits of an upload: its bytes, its owner, and how much room is promised to it.
#include <future>
#include <thread>

#include "tests/vault/payload/segment_fixture.h"

namespace vault::payload {
namespace {

TEST_F(SegmentFiles, NothingIsSealedThatIsNotCompleteAndDurable) {
  const Bytes bytes = noise(kMiB + 10);
  const UploadId id = begin(bytes.size());
  EXPECT_EQ(seal(id, new_record()).code(), Errc::conflict);
  ASSERT_TRUE(send(id, bytes, bytes.size() - 1));
  ASSERT_TRUE(store_->sync(id));
  EXPECT_EQ(seal(id, new_record()).code(), Errc::conflict);
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  EXPECT_EQ(seal(id, new_record()).code(), Errc::conflict);  // not synced
  EXPECT_EQ(store_->finished(*std::move(engine_.read().value()), id).code(), Errc::conflict);
  ASSERT_TRUE(store_->sync(id));
  EXPECT_EQ(store_->finished(*std::move(engine_.read().value()), id).value(),
            (Payload{bytes.size(), digest_of(bytes)}));
  EXPECT_TRUE(seal(id, new_record()));
  EXPECT_EQ(seal(id, new_record()).code(), Errc::not_found);
  EXPECT_EQ(seal(new_upload(), new_record()).code(), Errc::not_found);
}

TEST_F(SegmentFiles, MakingAnUploadAgainIsHarmlessAndAnotherUnderItsIdIsAConflict) {
  const Bytes bytes = noise(1000);
  const UploadId id = begin(1000, "owner");
  ASSERT_TRUE(send(id, bytes, 500));
  EXPECT_TRUE(store_->create(id, "owner", 1000));
  EXPECT_EQ(store_->status(id)->offset, 500U);
  EXPECT_EQ(store_->create(id, "other", 1000).code(), Errc::conflict);
  EXPECT_EQ(store_->create(id, "owner", 1001).code(), Errc::conflict);
}

TEST_F(SegmentFiles, BytesAreTakenOnlyAtTheOffsetAndWithinTheLength) {
  const UploadId id = begin(10);
  EXPECT_EQ(*store_->write(id, 0, noise(4)), 4U);
  EXPECT_EQ(store_->write(id, 0, noise(4)).code(), Errc::conflict);
  EXPECT_EQ(store_->write(id, 5, noise(1)).code(), Errc::conflict);
  EXPECT_EQ(store_->write(id, 4, noise(7)).code(), Errc::too_large);
  EXPECT_EQ(*store_->write(id, 4, noise(6)), 10U);
  EXPECT_EQ(store_->write(id, 10, noise(1)).code(), Errc::too_large);
  EXPECT_EQ(*store_->write(id, 10, {}), 10U);
  EXPECT_EQ(store_->write(new_upload(), 0, noise(1)).code(), Errc::not_found);
}

TEST_F(SegmentFiles, LengthsFromOneByteToOneTebibyteAreTaken) {
  segment_bytes_ = kMaxPayloadBytes;
  disk_->allocates = false;
  disk_->free = 4 * kMaxPayloadBytes;
  reopen();
  EXPECT_TRUE(store_->create(new_upload(), "owner", 1));
  EXPECT_TRUE(store_->create(new_upload(), "another", kMaxPayloadBytes));
  EXPECT_EQ(store_->create(new_upload(), "owner", 0).code(), Errc::invalid_argument);
  EXPECT_EQ(store_->create(new_upload(), "owner", kMaxPayloadBytes + 1).code(), Errc::too_large);
}

TEST_F(SegmentFiles, OwnersOfOneTo128BytesAreTaken) {
  EXPECT_TRUE(store_->create(new_upload(), "o", 1));
  EXPECT_TRUE(store_->create(new_upload(), std::string(kMaxOwnerBytes, 'o'), 1));
  EXPECT_EQ(store_->create(new_upload(), "", 1).code(), Errc::invalid_argument);
  EXPECT_EQ(store_->create(new_upload(), std::string(kMaxOwnerBytes + 1, 'o'), 1).code(), Errc::invalid_argument);
}

TEST_F(SegmentFiles, UploadsAreLimitedForEachOwnerAndTogether) {
  store_.reset();
  SegmentOptions limited = options();
  limited.max_uploads = 3;
  limited.max_uploads_per_owner = 2;
  store_ = std::move(open_segments(engine_, sealer_, folder(), limited).value());
  const UploadId first = begin(10, "a");
  begin(10, "a");
  EXPECT_EQ(store_->create(new_upload(), "a", 10).code(), Errc::limited);
  begin(10, "b");
  EXPECT_EQ(store_->create(new_upload(), "c", 10).code(), Errc::limited);
  ASSERT_TRUE(send(first, noise(10), 10));
  ASSERT_TRUE(store_->sync(first));
  ASSERT_TRUE(seal(first, new_record()));  // a sealed payload is not an upload any more
  const UploadId third = begin(10, "a");
  EXPECT_EQ(store_->create(new_upload(), "c", 10).code(), Errc::limited);
  ASSERT_TRUE(store_->discard(third));
  EXPECT_TRUE(store_->create(new_upload(), "c", 10));
}

TEST_F(SegmentFiles, AReserveOfFreeSpaceIsLeft) {
  store_.reset();
  SegmentOptions reserving = options();
  reserving.free_space_reserve = 1000;
  store_ = std::move(open_segments(engine_, sealer_, folder(), reserving).value());
  disk_->free = 1099;
  EXPECT_EQ(store_->create(new_upload(), "owner", 100).code(), Errc::full);
  disk_->free = 999;
  EXPECT_EQ(store_->create(new_upload(), "owner", 1).code(), Errc::full);
  disk_->free = 1100;
  EXPECT_TRUE(store_->create(new_upload(), "owner", 100));
}

TEST_F(SegmentFiles, AnOwnersOpenUploadsAreLimitedInBytesAndOneMayBeLongerAlone) {
  store_.reset();
  SegmentOptions limited = options();
  limited.max_open_bytes_per_owner = 1000;
  store_ = std::move(open_segments(engine_, sealer_, folder(), limited).value());
  const UploadId first = begin(400, "a");
  begin(600, "a");
  EXPECT_EQ(store_->create(new_upload(), "a", 1).code(), Errc::limited);
  const Bytes one = noise(1);
  const std::vector<WholeUpload> batch{{new_upload(), one}};
  EXPECT_EQ(store_->receive(batch, "a").code(), Errc::limited);
  begin(1000, "b");  // each owner's uploads are counted separately
  ASSERT_TRUE(send(first, noise(400), 400));
  EXPECT_EQ(store_->create(new_upload(), "a", 1).code(), Errc::limited);  // sent, but not sealed
  ASSERT_TRUE(store_->sync(first));
  ASSERT_TRUE(seal(first, new_record()));
  begin(400, "a");
  EXPECT_EQ(store_->create(new_upload(), "a", 1).code(), Errc::limited);
  const UploadId long_one = begin(5000, "c");
  EXPECT_EQ(store_->create(new_upload(), "c", 1).code(), Errc::limited);
  ASSERT_TRUE(store_->discard(long_one));
  begin(1, "c");
  EXPECT_EQ(store_->create(new_upload(), "c", 5000).code(), Errc::limited);
}

TEST_F(SegmentFiles, UploadsThatBeginTogetherAreNotPromisedTheSameRoom) {
  store_.reset();
  SegmentOptions reserving = options();
  reserving.free_space_reserve = 1000;
  store_ = std::move(open_segments(engine_, sealer_, folder(), reserving).value());
  disk_->free = 2000;
  std::thread other;
  std::optional<Errc> too_much;
  Result<void> fits;
  // When the second and third uploads ask for room, the first one's room is promised but not taken yet.
  disk_->on_allocate = [&]() -> Result<void> {
    if (too_much) return {};
    const auto refused = store_->create(new_upload(), "b", 401);
    too_much = refused ? Errc::internal : refused.code();
    std::promise<void> begun;
    other = std::thread([&] {
      begun.set_value();
      fits = store_->create(new_upload(), "c", 400);
    });
    begun.get_future().wait();
    return {};
  };
  EXPECT_TRUE(store_->create(new_upload(), "a", 600));
  other.join();
  EXPECT_EQ(too_much, Errc::full);
  EXPECT_TRUE(fits);
}

TEST_F(SegmentFiles, WhereTheDiskOnlyPromisesRoomTheBytesStillToComeAreCounted) {
  disk_->allocates = false;
  disk_->free = 1000;
  const UploadId first = begin(600);
  EXPECT_EQ(store_->create(new_upload(), "owner", 401).code(), Errc::full);
  ASSERT_TRUE(send(first, noise(600), 500));
  disk_->free = 500;
  EXPECT_EQ(store_->create(new_upload(), "owner", 401).code(), Errc::full);
  EXPECT_TRUE(store_->create(new_upload(), "owner", 400));
}

TEST_F(SegmentFiles, AnUploadThatCannotBeMadeLeavesNothing) {
  const UploadId id = new_upload();
  disk_->on_sync_names = failing_at(1);
  EXPECT_EQ(store_->create(id, "owner", 100).code(), Errc::io);
  disk_->on_allocate = failing_at(1, Errc::full);
  EXPECT_EQ(store_->create(id, "owner", 100).code(), Errc::full);
  for (const std::uint64_t nth : {1U, 2U}) {
    engine_.inject({.at = Fault::At::put, .nth = nth, .code = Errc::full});
    EXPECT_EQ(store_->create(id, "owner", 100).code(), Errc::full);
  }
  engine_.inject({.at = Fault::At::commit, .nth = 1, .code = Errc::retry});
  EXPECT_EQ(store_->create(id, "owner", 100).code(), Errc::retry);
  EXPECT_EQ(store_->status(id).code(), Errc::not_found);
  EXPECT_TRUE(store_->create(id, "owner", 100));
}

}  // namespace
}  // namespace vault::payload
