#include "service/rotation.h"

#include <gtest/gtest.h>

#include "service/backup.h"
#include "tests/service/quick_vault.h"
#include "tests/support/temporary_directory.h"

namespace service {
namespace {

namespace fs = std::filesystem;
using test::kNow;
using test::kQuick;
using vault::as_bytes;
using vault::Bytes;
using vault::Errc;
using vault::keyring::Keyring;
using vault::keyring::Opener;

constexpr std::size_t kRows = 10;
constexpr std::size_t kRowBytes = 1U << 20;  // so that it takes several commits

class RotationTest : public testing::Test {
 protected:
  RotationTest() {
    test::make_quick_vault(directory_, old_seal());
    const auto opened = open_vault(directory_, old_seal());
    const auto txn = std::move(opened->store->engine().write().value());
    for (std::size_t i = 0; i < kRows; ++i)
      EXPECT_TRUE(opened->store->jobs().put(*txn, as_bytes(name(i)), Bytes(kRowBytes, std::byte(i))));
    EXPECT_TRUE(txn->commit());
  }
  static void SetUpTestSuite() { ASSERT_TRUE(vault::start_secure_memory()); }
  static std::string name(std::size_t i) { return "row-" + std::to_string(i); }
  static Opener old_seal() { return vault::SecretText("the old passphrase"); }
  static Opener new_seal() { return vault::SecretText("the new passphrase"); }
  Rotation rotation() const { return {.directory = directory_, .advance = {}, .cost = kQuick}; }
  bool is_rotating() const { return Keyring::load(directory_)->is_rotating(); }
  // The rows are what they were, and how many values in all tables are not sealed under the vault's key of now.
  std::size_t old_values() const {
    const auto opened = open_vault(directory_, new_seal());
    EXPECT_TRUE(opened) << opened.error().message;
    const auto txn = std::move(opened->store->engine().read().value());
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto row = opened->store->jobs().get(*txn, as_bytes(name(i)));
      EXPECT_TRUE(row && *row && **row == Bytes(kRowBytes, std::byte(i))) << i;
    }
    std::size_t old = 0;
    for (const auto* table : opened->store->tables())
      EXPECT_TRUE(txn->scan(table->table(), {}, {}, [&](vault::engine::KeyValue pair) {
        if (!opened->store->sealer().is_current(pair.value)) ++old;
        return true;
      }));
    return old;
  }
  vault::test::TemporaryDirectory home_;
  const fs::path directory_ = home_.path() / "vault";
};

TEST_F(RotationTest, SealsEverythingAnewUnderANewKeyThatOnlyTheNewSealOpens) {
  const auto report = rotate_vault_key(rotation(), old_seal(), new_seal());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->resumed);
  EXPECT_GT(report->values, kRows);
  EXPECT_GT(report->bytes, kRows * kRowBytes);
  EXPECT_FALSE(is_rotating());
  EXPECT_EQ(open_vault(directory_, old_seal()).code(), Errc::wrong_key);
  EXPECT_EQ(old_values(), 0U);
  const auto again = rotate_vault_key(rotation(), new_seal(), new_seal());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->values, report->values) << "another key: everything again";
  EXPECT_EQ(old_values(), 0U);
}

TEST_F(RotationTest, WhatIsCutShortOpensUnderBothKeysAndIsGoneOnWith) {
  Rotation cut = rotation();
  std::uint64_t told = 0;
  cut.advance = [&](std::uint64_t bytes) {
    told = bytes;
    return bytes < kRotationBytes;
  };
  EXPECT_EQ(rotate_vault_key(cut, old_seal(), new_seal()).code(), Errc::cancelled);
  EXPECT_GE(told, kRotationBytes);
  EXPECT_LT(told, kRotationBytes + 2 * kRowBytes) << "one commit has a bound";
  EXPECT_TRUE(is_rotating());
  EXPECT_GT(old_values(), 0U);
  EXPECT_EQ(rotate_vault_key(rotation(), new_seal(), vault::SecretText("another passphrase")).code(), Errc::conflict)
      << "with which it was begun";
  EXPECT_EQ(rotate_vault_key(rotation(), old_seal(), old_seal()).code(), Errc::conflict);
  const auto rest = rotate_vault_key(rotation(), old_seal(), new_seal());
  ASSERT_TRUE(rest) << rest.error().message;
  EXPECT_TRUE(rest->resumed);
  EXPECT_GT(rest->values, 0U);
  EXPECT_LT(rest->bytes, kRows * kRowBytes) << "not what was done before";
  EXPECT_FALSE(is_rotating());
  EXPECT_EQ(old_values(), 0U);
}

TEST_F(RotationTest, DoesNotBeginWhileTheVaultIsInUse) {
  const auto in_use = open_vault(directory_, old_seal());
  EXPECT_EQ(rotate_vault_key(rotation(), old_seal(), new_seal()).code(), Errc::busy);
  EXPECT_FALSE(is_rotating());
}

// Whoever took the old key and then waited: what they would write would be sealed under a key that is being forgotten.
TEST_F(RotationTest, AVaultThatWasUnlockedBeforeItIsNotOpenedAfterIt) {
  const auto before = unlock_vault(directory_, old_seal());
  ASSERT_TRUE(before);
  ASSERT_TRUE(open_unlocked(directory_, *before));
  Rotation cut_short = rotation();
  cut_short.advance = [](std::uint64_t) { return false; };
  ASSERT_EQ(rotate_vault_key(cut_short, old_seal(), new_seal()).code(), Errc::cancelled);
  EXPECT_EQ(open_unlocked(directory_, *before).code(), Errc::conflict);
  ASSERT_TRUE(rotate_vault_key(rotation(), old_seal(), new_seal()));
  EXPECT_FALSE(open_unlocked(directory_, *before));
  EXPECT_EQ(old_values(), 0U);
}

TEST_F(RotationTest, WithAWrongSealChangesNothing) {
  EXPECT_EQ(rotate_vault_key(rotation(), new_seal(), new_seal()).code(), Errc::wrong_key);
  EXPECT_FALSE(is_rotating());
  EXPECT_TRUE(open_vault(directory_, old_seal()));
}

TEST_F(RotationTest, DoesNotBeginWhenAValueDoesNotOpen) {
  {
    const auto opened = open_vault(directory_, old_seal());
    const auto table = opened->store->jobs().table();
    const auto txn = std::move(opened->store->engine().write().value());
    Bytes altered = vault::to_bytes(**txn->get(table, as_bytes(name(3))));
    altered.back() ^= std::byte{1};
    ASSERT_TRUE(txn->put(table, as_bytes(name(3)), altered));
    ASSERT_TRUE(txn->commit());
  }
  const auto refused = rotate_vault_key(rotation(), old_seal(), new_seal());
  EXPECT_EQ(refused.code(), Errc::tampered);
  EXPECT_NE(refused.error().message.find("table"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(is_rotating());
  EXPECT_TRUE(open_vault(directory_, old_seal()));
}

TEST_F(RotationTest, ABackupThatItOvertakesIsRefusedAndTheOneBeforeStays) {
  BackupOptions backup;
  backup.directory = directory_;
  backup.target = home_.path() / "backup";
  backup.reserve = 0;
  backup.clock = [] { return kNow; };
  ASSERT_TRUE(back_up(backup, old_seal()));
  bool rotated = false;
  backup.advance = [&](std::string_view, std::uint64_t, std::uint64_t) {
    if (!std::exchange(rotated, true)) EXPECT_TRUE(rotate_vault_key(rotation(), old_seal(), new_seal()));
    return true;
  };
  EXPECT_EQ(back_up(backup, old_seal()).code(), Errc::conflict);
  EXPECT_TRUE(rotated);
  RestoreOptions restoring;
  restoring.backup = backup.target;
  restoring.directory = home_.path() / "restored";
  restoring.reserve = 0;
  EXPECT_TRUE(restore(restoring, old_seal()));
  backup.advance = {};
  const auto next = back_up(backup, new_seal());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->number, 2U);
  restoring.directory = home_.path() / "restored again";
  EXPECT_TRUE(restore(restoring, new_seal()));
}

}  // namespace
}  // namespace service
