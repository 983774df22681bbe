#include "vault/payload/segments.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <fstream>
#include <future>
#include <random>
#include <thread>

#include "tests/support/temporary_directory.h"
#include "tests/vault/engine/faulty_engine.h"
#include "tests/vault/payload/faulty_disk.h"

namespace vault::payload {
namespace {

namespace fs = std::filesystem;
using engine::Fault;

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kSmallSegment = 8 * kMiB;

Bytes noise(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  Bytes out(size);
  std::size_t at = 0;
  for (; at + 4 <= size; at += 4)
    std::ranges::copy(big_endian32(static_cast<std::uint32_t>(random())),
                      out.begin() + static_cast<std::ptrdiff_t>(at));
  for (; at < size; ++at) out[at] = static_cast<std::byte>(random());
  return out;
}

Digest digest_of(ByteView bytes) {
  PayloadDigest digest;
  digest.update(bytes);
  return digest.finish();
}

class SegmentFiles : public ::testing::Test {
 protected:
  SegmentFiles() { reopen(); }

  SegmentOptions options() {
    SegmentOptions out;
    out.segment_bytes = segment_bytes_;
    out.sync_interval = sync_interval_;
    out.free_space_reserve = 0;
    out.clock = [this] { return now_; };
    out.disk = disk_;
    return out;
  }
  void reopen() {
    store_.reset();
    auto opened = open_segments(engine_, sealer_, folder(), options());
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void reopen_after_power_loss() {
    store_.reset();
    disk_->lose_unsynced();
    reopen();
  }
  fs::path folder() const { return home_.path() / "payload"; }
  static UploadId new_upload() { return UploadId::generate(1); }
  static RecordId new_record() { return RecordId::generate(1); }

  UploadId begin(std::uint64_t length, std::string_view owner = "owner") {
    const UploadId id = new_upload();
    const auto made = store_->create(id, owner, length);
    EXPECT_TRUE(made) << made.error().message;
    return id;
  }
  // From where the upload is to `upto`, in pieces of `cut` bytes.
  Result<void> send(const UploadId& id, ByteView all, std::size_t upto, std::size_t cut = 300'000) {
    TRY(const UploadStatus status, store_->status(id));
    for (std::uint64_t at = status.offset; at < upto;) {
      TRY(at, store_->write(id, at, all.subspan(at, std::min<std::uint64_t>(cut, upto - at))));
    }
    return {};
  }
  static std::vector<UploadId> whole(const std::vector<Bytes>& files) {
    std::vector<UploadId> ids;
    for (std::size_t i = 0; i < files.size(); ++i) ids.push_back(new_upload());
    return ids;
  }
  Result<void> receive(const std::vector<UploadId>& ids, const std::vector<Bytes>& files) {
    std::vector<WholeUpload> uploads;
    for (std::size_t i = 0; i < files.size(); ++i) uploads.push_back({ids[i], files[i]});
    return store_->receive(uploads, "owner");
  }
  Result<Payload> seal(const UploadId& id, const RecordId& record) {
    TRY(const auto txn, engine_.write());
    TRY(const Payload payload, store_->seal(*txn, id, record));
    TRY_VOID(txn->commit());
    return payload;
  }
  Result<bool> dispose(const RecordId& record) {
    TRY(const auto txn, engine_.write());
    TRY(const bool was_there, store_->dispose(*txn, record));
    TRY_VOID(txn->commit());
    return was_there;
  }
  RecordId sealed_record(ByteView bytes) {
    const UploadId id = begin(bytes.size());
    const RecordId record = new_record();
    EXPECT_TRUE(send(id, bytes, bytes.size()));
    EXPECT_TRUE(store_->sync(id));
    EXPECT_TRUE(seal(id, record));
    return record;
  }
  Bytes read_all(const RecordId& record) {
    const auto reader = std::move(store_->open(record).value());
    Bytes out(reader->payload().length);
    EXPECT_TRUE(reader->read(0, out));
    return out;
  }
  void expect_payload(const RecordId& record, ByteView bytes) {
    EXPECT_TRUE(std::ranges::equal(read_all(record), bytes));
    const auto verified = store_->verify(record, digest_of(bytes));
    EXPECT_TRUE(verified) << verified.error().message;
  }
  std::size_t segment_count() const {
    std::size_t count = 0;
    for (const auto& file : fs::directory_iterator(folder())) count += file.path().extension() == ".seg" ? 1 : 0;
    return count;
  }
  std::uint64_t disk_usage() const {
    std::uint64_t bytes = 0;
    for (const auto& file : fs::directory_iterator(folder())) {
      struct stat status;
      EXPECT_EQ(::stat(file.path().c_str(), &status), 0);
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
  }
  void alter(std::uint32_t segment, std::uint64_t offset) {
    char name[16];
    std::snprintf(name, sizeof name, "%08u.seg", segment);
    std::fstream file(folder() / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
    ASSERT_TRUE(file.flush());
  }

  test::TemporaryDirectory home_;
  std::uint64_t segment_bytes_ = kSmallSegment;
  std::uint64_t sync_interval_ = 2 * kMiB;
  Instant now_{1'000'000};
  keyring::Sealer sealer_{keyring::SealingKey::generate()};
  engine::FaultyEngine engine_{engine::make_memory_engine()};
  std::shared_ptr<FaultyDisk> disk_ = std::make_shared<FaultyDisk>();
  std::unique_ptr<Store> store_;
};

// On the disk as it is: FaultyDisk's writes all pass through the page cache.
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

// What is read past the page cache comes from a file of its own, so that it is seen which way was taken.
class TwoFacedDisk : public Disk {
 public:
  Result<std::optional<FileDescriptor>> open_direct(const fs::path& path) override {
    return vault::open_direct(path.parent_path() / ("direct-" + path.filename().string()));
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

// A cut after each write in turn: what was sealed is there, and what was not goes on and becomes the same payload.
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
  ASSERT_TRUE(seal(first, new_record()));  // a sealed one is no upload any more
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
  begin(1000, "b");  // another's are counted apart
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
  // The first one's room is promised, and not taken yet, when the second and third ask.
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
  EXPECT_EQ(store_->sync(id).code(), Errc::io);  // the disk would succeed now; the bytes may be lost all the same
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

TEST_F(SegmentFiles, ManyUploadsAreSyncedTogetherByOneCall) {
  std::vector<UploadId> ids;
  for (int i = 0; i < 16; ++i) {
    ids.push_back(begin(1000));
    ASSERT_TRUE(send(ids.back(), noise(1000, static_cast<std::uint32_t>(i)), 1000));
  }
  ids.push_back(ids.front());  // twice is once
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
    ASSERT_TRUE(seal(ids[i], record));  // no sync of its own
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

// A hook that stops its caller until it is let go on.
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
  EXPECT_EQ(store_->status(id)->offset, 0U);  // no lock is held over the disk's work
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
  while (store_->status(id)) std::this_thread::yield();  // until it is marked
  EXPECT_FALSE(discarded);
  pause.release();
  writer.join();
  discarder.join();
  EXPECT_EQ(store_->status(id).code(), Errc::not_found);
}

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
