#include "vault/payload/segment_copy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "tests/support/temporary_directory.h"

namespace vault::payload {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSmallSegment = 4ULL << 20;

Bytes noise(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (std::byte& each : out) each = static_cast<std::byte>(random());
  return out;
}

class CopiedSegments : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const fs::path& folder : {source_, target_}) ASSERT_TRUE(make_private_directory(folder));
    SegmentOptions options;
    options.segment_bytes = kSmallSegment;
    options.free_space_reserve = 0;
    store_ = std::move(open_segments(*engine_, sealer_, source_, options).value());
    rows_.emplace(*PayloadRows::open(*engine_, sealer_));
  }
  RecordId seal(ByteView bytes) {
    const auto upload = UploadId::generate(++made_);
    const auto record = RecordId::generate(made_);
    EXPECT_TRUE(store_->create(upload, "owner", bytes.size()));
    EXPECT_TRUE(store_->write(upload, 0, bytes));
    EXPECT_TRUE(store_->sync(upload));
    auto txn = std::move(engine_->write().value());
    EXPECT_TRUE(store_->seal(*txn, upload, record));
    EXPECT_TRUE(txn->commit());
    return record;
  }
  StoredPayload stored(const RecordId& record) {
    const auto txn = std::move(engine_->read().value());
    return **rows_->find(*txn, record);
  }
  static void flip(const fs::path& folder, const Extent& extent) {
    std::fstream file(folder / segment_name(extent.segment), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(extent.offset + extent.length - 1));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(extent.offset + extent.length - 1));
    file.put(byte);
  }

  vault::test::TemporaryDirectory home_;
  const fs::path source_ = home_.path() / "source";
  const fs::path target_ = home_.path() / "target";
  const std::unique_ptr<engine::Engine> engine_ = engine::make_memory_engine();
  const keyring::Sealer sealer_{keyring::SealingKey::generate()};
  std::unique_ptr<Store> store_;
  std::optional<PayloadRows> rows_;
  std::uint64_t made_ = 0;
};

TEST_F(CopiedSegments, AreThePayloadAtThePlaceWhereItWas) {
  const Bytes first = noise(100'000, 1);
  const Bytes second = noise(7 << 20, 2);  // over two segments
  const RecordId a = seal(first);
  const RecordId b = seal(second);
  SegmentCopy copy(source_, target_, 0);
  for (const RecordId& record : {a, b}) {
    EXPECT_EQ(copy.verify(stored(record)).code(), Errc::tampered) << "not there yet";
    ASSERT_TRUE(copy.copy(stored(record)));
  }
  ASSERT_TRUE(copy.sync());
  const auto there = std::move(open_segments(*engine_, sealer_, target_).value());
  EXPECT_TRUE(there->verify(a, stored(a).payload.digest));
  EXPECT_TRUE(there->verify(b, stored(b).payload.digest));
  EXPECT_TRUE(copy.verify(stored(b)));
}

TEST_F(CopiedSegments, ThatWereAlteredOnEitherSideAreFound) {
  const StoredPayload payload = stored(seal(noise(2 << 20, 3)));
  SegmentCopy copy(source_, target_, 0);
  ASSERT_TRUE(copy.copy(payload));
  ASSERT_TRUE(copy.sync());
  flip(target_, payload.extents.back());
  const auto altered = copy.verify(payload);
  EXPECT_EQ(altered.code(), Errc::tampered);
  EXPECT_NE(altered.error().message.find(payload.record.to_string()), std::string::npos);
  flip(target_, payload.extents.back());
  EXPECT_TRUE(copy.verify(payload));
  flip(source_, payload.extents.back());
  EXPECT_EQ(copy.copy(payload).code(), Errc::tampered);
  fs::remove(source_ / segment_name(1));
  EXPECT_EQ(SegmentCopy(source_, target_, 0).copy(payload).code(), Errc::tampered) << "a missing segment";
}

TEST_F(CopiedSegments, LeaveTheReserveFree) {
  const StoredPayload payload = stored(seal(noise(1000, 4)));
  const std::uint64_t free = fs::space(target_).available;
  EXPECT_EQ(SegmentCopy(source_, target_, free * 2).copy(payload).code(), Errc::full);
  EXPECT_FALSE(fs::exists(target_ / segment_name(1)));
  EXPECT_TRUE(SegmentCopy(source_, target_, 0).copy(payload));
}

TEST_F(CopiedSegments, StopBetweenBlocksWhenAsked) {
  const StoredPayload payload = stored(seal(noise(3 << 20, 5)));
  std::uint64_t copied = 0;
  const auto two_blocks = [&](std::uint64_t bytes) { return (copied += bytes) < 2 * kBlockSize; };
  EXPECT_EQ(SegmentCopy(source_, target_, 0).copy(payload, two_blocks).code(), Errc::cancelled);
  EXPECT_EQ(copied, 2 * kBlockSize);
}

TEST_F(CopiedSegments, LoseWhatIsPunchedAndNothingElse) {
  const StoredPayload goes = stored(seal(noise(10'000, 6)));
  const StoredPayload stays = stored(seal(noise(10'000, 7)));
  SegmentCopy copy(source_, target_, 0);
  ASSERT_TRUE(copy.copy(goes));
  ASSERT_TRUE(copy.copy(stays));
  ASSERT_TRUE(copy.punch(goes));
  ASSERT_TRUE(copy.sync());
  EXPECT_EQ(copy.verify(goes).code(), Errc::tampered);
  EXPECT_TRUE(copy.verify(stays));
}

TEST_F(CopiedSegments, AreListedByRecordAPageAtATime) {
  std::vector<RecordId> made;
  for (std::uint32_t i = 0; i < 5; ++i) made.push_back(seal(noise(10, i)));
  std::ranges::sort(made, {}, [](const RecordId& id) { return id.uuid(); });
  std::vector<RecordId> listed;
  std::optional<RecordId> after;
  const auto txn = std::move(engine_->read().value());
  for (;;) {
    const auto page = *rows_->page(*txn, after, 2);
    EXPECT_LE(page.size(), 2U);
    if (page.empty()) break;
    for (const StoredPayload& each : page) listed.push_back(each.record);
    after = listed.back();
  }
  EXPECT_EQ(listed, made);
  const auto same = *store_->list(*txn, made[2], 100);
  ASSERT_EQ(same.size(), 2U);
  EXPECT_EQ(same[0].record, made[3]);
  EXPECT_FALSE(*rows_->find(*txn, RecordId::generate(99)));
}

TEST_F(CopiedSegments, AreNotPunchedWhileAnotherProcessHolds) {
  const RecordId record = seal(noise(10'000, 8));
  auto txn = std::move(engine_->write().value());
  ASSERT_TRUE(*store_->dispose(*txn, record));
  ASSERT_TRUE(txn->commit());
  {
    // To the lock, two file descriptions of one process are as separate as two processes.
    const auto one = hold_segments(source_);
    const auto two = hold_segments(source_);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(*store_->punch(10), 0U);
  }
  EXPECT_EQ(*store_->punch(10), 1U);
}

}  // namespace
}  // namespace vault::payload
