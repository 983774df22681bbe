#include "service/backup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/service/quick_vault.h"
#include "tests/support/temporary_directory.h"

namespace service {
namespace {

namespace fs = std::filesystem;
using test::kNow;
using vault::Errc;
using vault::payload::RecordId;
using vault::payload::UploadId;

constexpr std::size_t kPayloadBytes = 200'000;

class BackupTest : public testing::Test {
 protected:
  BackupTest() { test::make_quick_vault(directory_, seal()); }
  static void SetUpTestSuite() { ASSERT_TRUE(vault::start_secure_memory()); }
  static vault::keyring::Opener seal() { return vault::SecretText("a passphrase for tests"); }
  BackupOptions options() const {
    BackupOptions out;
    out.directory = directory_;
    out.target = target_;
    out.reserve = 0;
    out.clock = [] { return kNow; };
    return out;
  }
  RestoreOptions restoring(const fs::path& to) const {
    RestoreOptions out;
    out.backup = target_;
    out.directory = to;
    out.reserve = 0;
    return out;
  }
  // A payload that no entry speaks of: to a backup it is one like any other.
  RecordId add_payload(std::byte filling) {
    const auto opened = open_vault(directory_, seal());
    EXPECT_TRUE(opened);
    auto& payload = opened->store->payload();
    const auto upload = UploadId::generate(++made_);
    const auto record = RecordId::generate(made_);
    EXPECT_TRUE(payload.create(upload, "owner", kPayloadBytes));
    EXPECT_TRUE(payload.write(upload, 0, vault::Bytes(kPayloadBytes, filling)));
    EXPECT_TRUE(payload.sync(upload));
    const auto txn = std::move(opened->store->engine().write().value());
    EXPECT_TRUE(payload.seal(*txn, upload, record));
    EXPECT_TRUE(txn->commit());
    return record;
  }
  void dispose(const RecordId& record) {
    const auto opened = open_vault(directory_, seal());
    const auto txn = std::move(opened->store->engine().write().value());
    EXPECT_TRUE(*opened->store->payload().dispose(*txn, record));
    EXPECT_TRUE(txn->commit());
  }
  static std::size_t count_of(const fs::path& file, char byte) {
    std::ifstream in(file, std::ios::binary);
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(in), {}, byte));
  }

  vault::test::TemporaryDirectory home_;
  const fs::path directory_ = home_.path() / "vault";
  const fs::path target_ = home_.path() / "backup";
  std::uint64_t made_ = 0;
};

TEST_F(BackupTest, CopiesWhatIsNewAndReadsItAgain) {
  add_payload(std::byte{'a'});
  const auto first = back_up(options(), seal());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->number, 1U);
  EXPECT_EQ(first->size, access::kGenesisEntries);
  EXPECT_EQ(first->copied_records, 1U);
  EXPECT_EQ(first->copied_bytes, kPayloadBytes);
  add_payload(std::byte{'b'});
  const auto second = back_up(options(), seal());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->number, 2U);
  EXPECT_EQ(second->records, 2U);
  EXPECT_EQ(second->copied_records, 1U);
  EXPECT_EQ(second->verified_records, 1U);
  const auto again = back_up(options(), seal());
  EXPECT_EQ(again->copied_records, 0U);
  const auto restored = restore(restoring(home_.path() / "restored"), seal());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->records, 2U);
  EXPECT_TRUE(open_vault(home_.path() / "restored", seal()));
}

TEST_F(BackupTest, LosesWhatTheVaultHasDisposedOf) {
  const RecordId goes = add_payload(std::byte{'x'});
  add_payload(std::byte{'y'});
  ASSERT_TRUE(back_up(options(), seal()));
  const fs::path segment = target_ / "payload" / vault::payload::segment_name(1);
  EXPECT_EQ(count_of(segment, 'x'), kPayloadBytes);
  dispose(goes);
  const auto second = back_up(options(), seal());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->dropped_records, 1U);
  EXPECT_EQ(count_of(segment, 'x'), 0U);
  EXPECT_EQ(count_of(segment, 'y'), kPayloadBytes);
}

TEST_F(BackupTest, TouchesNoReserveAndLeavesTheLastRunWhole) {
  add_payload(std::byte{'a'});
  ASSERT_TRUE(back_up(options(), seal()));
  add_payload(std::byte{'b'});
  BackupOptions tight = options();
  tight.reserve = fs::space(target_).available * 2;
  EXPECT_EQ(back_up(tight, seal()).code(), Errc::full);
  RestoreOptions nowhere = restoring(home_.path() / "no-room");
  nowhere.reserve = tight.reserve;
  EXPECT_EQ(restore(nowhere, seal()).code(), Errc::full);
  EXPECT_EQ(restore(restoring(home_.path() / "restored"), seal())->records, 1U);
  EXPECT_EQ(back_up(options(), seal())->records, 2U);
}

TEST_F(BackupTest, StopsWhenAskedAndGoesOnLater) {
  add_payload(std::byte{'a'});
  BackupOptions asked = options();
  asked.advance = [](std::string_view what, std::uint64_t, std::uint64_t) { return what != "copying payloads"; };
  EXPECT_EQ(back_up(asked, seal()).code(), Errc::cancelled);
  EXPECT_EQ(restore(restoring(home_.path() / "restored"), seal()).code(), Errc::not_found);
  EXPECT_EQ(back_up(options(), seal())->number, 1U);
}

TEST_F(BackupTest, OfAnotherVaultOrALongerOneIsLeftAlone) {
  ASSERT_TRUE(back_up(options(), seal()));
  const fs::path other = home_.path() / "other";
  test::make_quick_vault(other, seal());
  BackupOptions wrong = options();
  wrong.directory = other;
  EXPECT_EQ(back_up(wrong, seal()).code(), Errc::conflict);
  wrong.directory = home_.path() / "nowhere";
  EXPECT_EQ(back_up(wrong, seal()).code(), Errc::not_found);
  wrong = options();
  wrong.target = directory_ / "inside";
  EXPECT_EQ(back_up(wrong, seal()).code(), Errc::invalid_argument);
  EXPECT_FALSE(fs::exists(wrong.target));
  EXPECT_EQ(restore(restoring(directory_), seal()).code(), Errc::conflict);
}

// Only the one that is sealed by the vault key is a manifest: who can write the backup cannot make another.
TEST_F(BackupTest, AManifestThatTheVaultKeyDidNotSealIsRefused) {
  ASSERT_TRUE(back_up(options(), seal()));
  const fs::path manifest = target_ / "backup.json";
  std::ifstream in(manifest);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto at = text.find("\"size\":8");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 8, "\"size\":7");
  std::ofstream(manifest, std::ios::trunc) << text;
  EXPECT_EQ(back_up(options(), seal()).code(), Errc::tampered);
  EXPECT_EQ(restore(restoring(home_.path() / "restored"), seal()).code(), Errc::tampered);
}

}  // namespace
}  // namespace service
