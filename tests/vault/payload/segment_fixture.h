// Keeps segment files in a folder of their own, over an engine and a disk that fail when a test says so.
#pragma once
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "tests/support/temporary_directory.h"
#include "tests/vault/engine/faulty_engine.h"
#include "tests/vault/payload/faulty_disk.h"
#include "vault/payload/segments.h"

namespace vault::payload {

namespace fs = std::filesystem;
using engine::Fault;

inline constexpr std::uint64_t kMiB = 1ULL << 20;
inline constexpr std::uint64_t kSmallSegment = 8 * kMiB;

// Makes bytes that do not repeat and that are the same for the same seed.
inline Bytes noise(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  Bytes out(size);
  std::size_t at = 0;
  for (; at + 4 <= size; at += 4)
    std::ranges::copy(big_endian32(static_cast<std::uint32_t>(random())),
                      out.begin() + static_cast<std::ptrdiff_t>(at));
  for (; at < size; ++at) out[at] = static_cast<std::byte>(random());
  return out;
}

inline Digest digest_of(ByteView bytes) {
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
  // Continues the upload up to `upto`, in pieces of `cut` bytes.
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

}  // namespace vault::payload
