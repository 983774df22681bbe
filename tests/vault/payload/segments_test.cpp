// Tests that a payload is written to segment files, sealed, and read again.
#include "tests/vault/payload/segment_fixture.h"

namespace vault::payload {
namespace {

// This test uses the real disk, because all writes of FaultyDisk pass through the page cache.
TEST_F(SegmentFiles, AlignedPiecesAreWrittenPastThePageCacheAndOthersBesideThem) {
  SegmentOptions real = options();
  real.disk = std::make_shared<Disk>();
  store_.reset();
  store_ = std::move(open_segments(engine_, sealer_, folder(), real).value());
  PageBuffer buffer(3 * kBlockSize + kDirectAlignment);
  fill_random(buffer.span());
  const ByteView all = buffer.view().first(3 * kBlockSize + 100);
  const auto cuts = std::to_array<std::size_t>({512U << 10, 1U << 20, 4096, 100'000});
  for (const std::size_t cut : cuts) {
    const UploadId id = begin(all.size());
    const RecordId record = new_record();
    ASSERT_TRUE(send(id, all, all.size(), cut));
    ASSERT_TRUE(store_->sync(id));
    ASSERT_TRUE(seal(id, record));
    expect_payload(record, all);
  }
}

// Serves direct reads, which bypass the page cache, from another file, so that the test can tell which way was taken.
class TwoFacedDisk : public Disk {
 public:
  Result<std::optional<File>> open_direct(const fs::path& path) override {
    return File::open_direct(path.parent_path() / ("direct-" + path.filename().string()));
  }
};

TEST_F(SegmentFiles, LargeAlignedPiecesAreReadPastThePageCacheAndOthersThroughIt) {
  const Bytes bytes = noise(2 * kMiB + 100);
  const RecordId record = sealed_record(bytes);
  store_.reset();
  const Bytes other = noise(2 * kMiB, 7);
  ASSERT_TRUE(write_new_file(folder() / "direct-00000001.seg", other));
  SegmentOptions two_faced = options();
  two_faced.disk = std::make_shared<TwoFacedDisk>();
  if (!*two_faced.disk->open_direct(folder() / "00000001.seg")) GTEST_SKIP() << "this file system has no such way";
  store_ = std::move(open_segments(engine_, sealer_, folder(), two_faced).value());
  const auto reader = std::move(store_->open(record).value());
  PageBuffer buffer(2 * kMiB);
  const auto came_from = [&](std::uint64_t offset, std::span<std::byte> out, const Bytes& file) {
    EXPECT_TRUE(reader->read(offset, out)) << offset;
    return std::ranges::equal(out, ByteView(file).subspan(offset, out.size()));
  };
  EXPECT_TRUE(came_from(0, buffer.span(), other));
  EXPECT_TRUE(came_from(kDirectAlignment, buffer.span().first(kMiB / 4), other));
  EXPECT_TRUE(came_from(0, buffer.span().first(kMiB / 4 - kDirectAlignment), bytes)) << "too small";
  EXPECT_TRUE(came_from(1, buffer.span().first(kMiB), bytes)) << "off the page";
  EXPECT_TRUE(came_from(0, buffer.span().first(kMiB + 1), bytes)) << "of an odd size";
  EXPECT_TRUE(came_from(0, buffer.span().subspan(1, kMiB), bytes)) << "to odd memory";
  EXPECT_TRUE(came_from(kMiB, buffer.span().first(kMiB + 100), bytes)) << "at the end";
  fs::resize_file(folder() / "direct-00000001.seg", kMiB);
  EXPECT_TRUE(came_from(kMiB, buffer.span().first(kMiB), bytes)) << "where the one way fails, the other is taken";
  fs::resize_file(folder() / "00000001.seg", kMiB);
  EXPECT_EQ(reader->read(kMiB, buffer.span().first(kMiB)).code(), Errc::tampered);
}

TEST_F(SegmentFiles, APayloadIsReadAcrossSegmentsPastThePageCache) {
  SegmentOptions real = options();
  real.disk = std::make_shared<Disk>();
  store_.reset();
  store_ = std::move(open_segments(engine_, sealer_, folder(), real).value());
  const Bytes bytes = noise(kSmallSegment + kMiB + 100);
  const auto reader = std::move(store_->open(sealed_record(bytes)).value());
  PageBuffer buffer(2 * kMiB);
  for (const std::uint64_t offset : {kSmallSegment - kMiB, kSmallSegment - kDirectAlignment, kSmallSegment - 5}) {
    const std::span<std::byte> out = buffer.span().first(kMiB);
    ASSERT_TRUE(reader->read(offset, out)) << offset;
    EXPECT_TRUE(std::ranges::equal(out, ByteView(bytes).subspan(offset, out.size()))) << offset;
  }
}

TEST_F(SegmentFiles, AnUploadBecomesThePayloadOfARecord) {
  const Bytes bytes = noise(3 * kMiB + 12345);
  const UploadId id = begin(bytes.size());
  ASSERT_TRUE(send(id, bytes, bytes.size()));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  const Payload payload = seal(id, record).value();
  EXPECT_EQ(payload, (Payload{bytes.size(), digest_of(bytes)}));
  EXPECT_EQ(store_->find(*std::move(engine_.read().value()), record).value(), payload);
  expect_payload(record, bytes);
  EXPECT_EQ(store_->status(id).code(), Errc::not_found);
  EXPECT_EQ(store_->write(id, bytes.size(), {}).code(), Errc::not_found);
}

TEST_F(SegmentFiles, AnyRangeCanBeReadAndNothingBeyondTheEnd) {
  const Bytes bytes = noise(kSmallSegment + 2 * kMiB + 1);
  const RecordId record = sealed_record(bytes);
  const auto reader = std::move(store_->open(record).value());
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::size_t>>{
           {0, 1}, {kMiB - 1, 2}, {kSmallSegment - 3, 7}, {bytes.size() - 1, 1}, {bytes.size(), 0}, {5, 3'000'000}}) {
    Bytes out(size);
    ASSERT_TRUE(reader->read(offset, out)) << offset;
    EXPECT_TRUE(std::ranges::equal(out, ByteView(bytes).subspan(offset, size))) << offset;
  }
  Bytes one(1);
  EXPECT_EQ(reader->read(bytes.size(), one).code(), Errc::invalid_argument);
  Bytes two(2);
  EXPECT_EQ(reader->read(bytes.size() - 1, two).code(), Errc::invalid_argument);
  EXPECT_EQ(reader->read(~0ULL, one).code(), Errc::invalid_argument);
}

TEST_F(SegmentFiles, DigestsAgreeWithTheClientsAroundBlockBorders) {
  const Bytes bytes = noise(2 * kMiB + 1);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4097}, kBlockSize - 1, kBlockSize,
        kBlockSize + 1, 2 * kBlockSize - 1, 2 * kBlockSize, 2 * kBlockSize + 1}) {
    const ByteView part = ByteView(bytes).first(size);
    const RecordId record = sealed_record(part);
    EXPECT_EQ(store_->open(record).value()->payload().digest, digest_of(part)) << size;
    expect_payload(record, part);
  }
}

TEST_F(SegmentFiles, APayloadMaySpanSegments) {
  const Bytes bytes = noise(3 * kSmallSegment + 777);
  const RecordId first = sealed_record(noise(5000, 2));
  const RecordId record = sealed_record(bytes);
  expect_payload(record, bytes);
  expect_payload(first, noise(5000, 2));
  EXPECT_EQ(segment_count(), 4U);
  for (const auto& file : fs::directory_iterator(folder())) EXPECT_LE(file.file_size(), kSmallSegment);
  reopen();
  expect_payload(record, bytes);
}

TEST_F(SegmentFiles, SegmentsAreNamedByNumberAndReadByTheirOwnerOnly) {
  sealed_record(noise(10));
  struct stat status;
  ASSERT_EQ(::stat((folder() / "00000001.seg").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(SegmentFiles, ARecordsPayloadIsNeverReplaced) {
  const RecordId record = sealed_record(noise(100));
  const UploadId id = begin(100);
  ASSERT_TRUE(send(id, noise(100, 2), 100));
  ASSERT_TRUE(store_->sync(id));
  EXPECT_EQ(seal(id, record).code(), Errc::conflict);
  expect_payload(record, noise(100));
}

TEST_F(SegmentFiles, AnAbortedSealLeavesTheUploadAsItWas) {
  const UploadId id = begin(100);
  ASSERT_TRUE(send(id, noise(100), 100));
  ASSERT_TRUE(store_->sync(id));
  const RecordId record = new_record();
  {
    const auto txn = std::move(engine_.write().value());
    ASSERT_TRUE(store_->seal(*txn, id, record));
    EXPECT_TRUE(store_->find(*txn, record).value());
  }
  EXPECT_EQ(store_->open(record).code(), Errc::not_found);
  EXPECT_EQ(store_->status(id)->offset, 100U);
  ASSERT_TRUE(seal(id, record));
  expect_payload(record, noise(100));
}

TEST_F(SegmentFiles, OptionsThatMakeNoSenseAreRefused) {
  store_.reset();
  for (const std::uint64_t segment : {std::uint64_t{0}, std::uint64_t{4095}, std::uint64_t{4097}}) {
    SegmentOptions wrong = options();
    wrong.segment_bytes = segment;
    EXPECT_EQ(open_segments(engine_, sealer_, folder(), wrong).code(), Errc::invalid_argument);
  }
  SegmentOptions wrong = options();
  wrong.sync_interval = kBlockSize - 1;
  EXPECT_EQ(open_segments(engine_, sealer_, folder(), wrong).code(), Errc::invalid_argument);
}

TEST_F(SegmentFiles, AReaderOutlivesTheDisposalOfItsRecordUntilThePunch) {
  const Bytes bytes = noise(1000);
  const RecordId record = sealed_record(bytes);
  const auto reader = std::move(store_->open(record).value());
  EXPECT_TRUE(*dispose(record));
  Bytes out(bytes.size());
  EXPECT_TRUE(reader->read(0, out));
  EXPECT_EQ(out, bytes);
}

TEST_F(SegmentFiles, MoreSegmentsThanAreKeptOpenCanBeUsedAtOnce) {
  segment_bytes_ = 4096;
  reopen();
  const Bytes bytes = noise(100 * 4096 + 1);
  const RecordId record = sealed_record(bytes);
  EXPECT_EQ(segment_count(), 101U);
  expect_payload(record, bytes);
}

}  // namespace
}  // namespace vault::payload
