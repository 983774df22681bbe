// What only the durable engine promises: reopening, one opener, growth, the reserve, copies.
#include "vault/engine/lmdb.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/support/temporary_directory.h"

namespace vault::engine {
namespace {

constexpr std::uint64_t kSmallMap = 1ULL << 20;

class Lmdb : public ::testing::Test {
 protected:
  std::unique_ptr<LmdbEngine> open(const LmdbOptions& options = {}) {
    auto opened = open_lmdb(home_.path() / "db", options);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  static Result<void> put(Engine& engine, Table table, std::string_view key, ByteView value) {
    TRY(const auto txn, engine.write());
    TRY_VOID(txn->put(table, as_bytes(key), value));
    return txn->commit();
  }
  static std::optional<Bytes> get(const Engine& engine, Table table, std::string_view key) {
    const auto txn = std::move(engine.read().value());
    const auto found = txn->get(table, as_bytes(key)).value();
    if (!found) return std::nullopt;
    return to_bytes(*found);
  }
  test::TemporaryDirectory home_;
};

TEST_F(Lmdb, WhatWasCommittedIsThereAfterReopeningAndWhatWasNotIsNot) {
  {
    const auto engine = open();
    const Table table = *engine->table("t");
    ASSERT_TRUE(put(*engine, table, "committed", as_bytes("v")));
    const auto txn = std::move(engine->write().value());
    ASSERT_TRUE(txn->put(table, as_bytes("aborted"), as_bytes("v")));
  }
  const auto engine = open();
  const Table table = *engine->table("t");
  EXPECT_EQ(get(*engine, table, "committed"), to_bytes("v"));
  EXPECT_EQ(get(*engine, table, "aborted"), std::nullopt);
}

TEST_F(Lmdb, WhatWasCommittedIsThereAfterTheProcessIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto engine = open_lmdb(home_.path() / "db");
    if (!engine) ::_exit(1);
    const Table table = *(*engine)->table("t");
    if (!put(**engine, table, "k", as_bytes("v"))) ::_exit(1);
    auto open_transaction = (*engine)->write();
    if (!open_transaction || !(*open_transaction)->put(table, as_bytes("half done"), as_bytes("v"))) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto engine = open();
  const Table table = *engine->table("t");
  EXPECT_EQ(get(*engine, table, "k"), to_bytes("v"));
  EXPECT_EQ(get(*engine, table, "half done"), std::nullopt);
  EXPECT_TRUE(put(*engine, table, "k2", as_bytes("v")));
}

TEST_F(Lmdb, ASecondOpenerIsToldThatTheDirectoryIsBusy) {
  const auto engine = open();
  const auto second = open_lmdb(home_.path() / "db");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.code(), Errc::busy);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
}

TEST_F(Lmdb, AnotherProcessIsToldThatTheDirectoryIsBusy) {
  const auto engine = open();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = open_lmdb(home_.path() / "db");
    ::_exit(!second && second.code() == Errc::busy ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(Lmdb, TheDirectoryIsFreeAgainOnceTheEngineIsGone) {
  open().reset();
  EXPECT_TRUE(open());
}

TEST_F(Lmdb, OnlyItsOwnerMayReadItsFiles) {
  const auto engine = open();
  for (const char* name : {"data.mdb", "lock.mdb", "in-use.lock"}) {
    struct stat status;
    ASSERT_EQ(::stat((home_.path() / "db" / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
}

TEST_F(Lmdb, TheMapGrowsUntilItsLimitAndThenItIsFull) {
  const auto engine = open({.initial_map_bytes = kSmallMap, .max_map_bytes = 8 * kSmallMap, .free_space_reserve = 0});
  const Table table = *engine->table("t");
  const Bytes value(64U << 10, std::byte{1});
  Result<void> outcome;
  std::size_t stored = 0;
  for (; outcome && stored < 1000; ++stored) {
    outcome = put(*engine, table, "key-" + std::to_string(stored), value);
    if (!outcome && outcome.code() == Errc::retry)
      outcome = put(*engine, table, "key-" + std::to_string(stored), value);
  }
  --stored;  // the last one failed
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.code(), Errc::full);
  EXPECT_GT(stored * value.size(), 4 * kSmallMap);
  for (std::size_t i = 0; i < stored; ++i) EXPECT_EQ(get(*engine, table, "key-" + std::to_string(i)), value);
  EXPECT_EQ(get(*engine, table, "key-" + std::to_string(stored)), std::nullopt);

  // Room can be made, and is used from the second commit on: until then the previous state keeps it.
  {
    const auto txn = std::move(engine->write().value());
    ASSERT_TRUE(txn->clear(table));
    ASSERT_TRUE(txn->commit());
  }
  EXPECT_TRUE(put(*engine, table, "small", as_bytes("v")));
  EXPECT_TRUE(put(*engine, table, "again", value));
}

TEST_F(Lmdb, ATransactionThatOutgrowsTheMapIsToldToRetryAndThenSucceeds) {
  const auto engine = open({.initial_map_bytes = kSmallMap, .max_map_bytes = 64 * kSmallMap, .free_space_reserve = 0});
  const Table table = *engine->table("t");
  const Bytes value(3 * kSmallMap, std::byte{1});
  {
    const auto txn = std::move(engine->write().value());
    EXPECT_EQ(txn->put(table, as_bytes("k"), value).code(), Errc::retry);
    EXPECT_EQ(txn->put(table, as_bytes("small"), as_bytes("v")).code(), Errc::retry);  // spoilt until it ends
    EXPECT_EQ(txn->commit().code(), Errc::retry);
  }
  EXPECT_EQ(get(*engine, table, "small"), std::nullopt);
  Result<void> outcome = put(*engine, table, "k", value);
  for (int i = 0; i < 3 && !outcome && outcome.code() == Errc::retry; ++i) outcome = put(*engine, table, "k", value);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(get(*engine, table, "k"), value);
}

TEST_F(Lmdb, AReaderThatStaysDelaysGrowthButKeepsItsSnapshot) {
  const auto engine = open({.initial_map_bytes = kSmallMap, .max_map_bytes = 64 * kSmallMap, .free_space_reserve = 0});
  const Table table = *engine->table("t");
  ASSERT_TRUE(put(*engine, table, "k", as_bytes("old")));
  auto reader = std::move(engine->read().value());
  const Bytes value(2 * kSmallMap, std::byte{1});
  EXPECT_EQ(put(*engine, table, "big", value).code(), Errc::retry);
  EXPECT_EQ(put(*engine, table, "big", value).code(), Errc::retry);  // it could not grow
  EXPECT_EQ(as_text(*reader->get(table, as_bytes("k")).value()), "old");
  reader.reset();
  Result<void> outcome = put(*engine, table, "big", value);
  for (int i = 0; i < 3 && !outcome && outcome.code() == Errc::retry; ++i) outcome = put(*engine, table, "big", value);
  EXPECT_TRUE(outcome);
}

TEST_F(Lmdb, ADatabaseLargerThanTheInitialMapOpens) {
  const Bytes value(6 * kSmallMap, std::byte{1});
  {
    const auto engine = open();
    ASSERT_TRUE(put(*engine, *engine->table("t"), "k", value));
  }
  const auto engine = open({.initial_map_bytes = kSmallMap});
  EXPECT_EQ(get(*engine, *engine->table("t"), "k"), value);
  EXPECT_TRUE(put(*engine, *engine->table("t"), "k2", as_bytes("v")));
}

TEST_F(Lmdb, BelowTheReserveNothingIsStoredButThingsCanBeErased) {
  {
    const auto engine = open({.free_space_reserve = 0});
    ASSERT_TRUE(put(*engine, *engine->table("t"), "k", as_bytes("v")));
  }
  const auto engine = open({.free_space_reserve = ~0ULL});
  const Table table = *engine->table("t");
  EXPECT_EQ(put(*engine, table, "k2", as_bytes("v")).code(), Errc::full);
  const auto txn = std::move(engine->write().value());
  EXPECT_TRUE(*txn->erase(table, as_bytes("k")));
  EXPECT_TRUE(txn->commit());
}

TEST_F(Lmdb, MoreReadersThanTheLimitAreToldToRetry) {
  const auto engine = open({.max_readers = 3});
  std::vector<std::unique_ptr<ReadTransaction>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(std::move(engine->read().value()));
  EXPECT_EQ(engine->read().code(), Errc::retry);
  readers.pop_back();
  EXPECT_TRUE(engine->read());
}

TEST_F(Lmdb, AFileThatIsNoDatabaseIsNotOpened) {
  std::filesystem::create_directory(home_.path() / "db");
  std::ofstream(home_.path() / "db" / "data.mdb") << std::string(8192, 'x');
  EXPECT_EQ(open_lmdb(home_.path() / "db").code(), Errc::tampered);
}

TEST_F(Lmdb, ADirectoryWithoutAParentIsAnError) {
  EXPECT_EQ(open_lmdb(home_.path() / "absent" / "db").code(), Errc::not_found);
}

TEST_F(Lmdb, LimitsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(open_lmdb(home_.path() / "db", {.initial_map_bytes = kMinMapBytes - 1}).code(), Errc::invalid_argument);
  EXPECT_EQ(open_lmdb(home_.path() / "db", {.max_map_bytes = kInitialMapBytes - 1}).code(), Errc::invalid_argument);
  EXPECT_EQ(open_lmdb(home_.path() / "db", {.max_readers = 0}).code(), Errc::invalid_argument);
}

TEST_F(Lmdb, ACompactedCopyHoldsWhatIsThereAndNothingErased) {
  const auto engine = open();
  const Table table = *engine->table("t");
  ASSERT_TRUE(put(*engine, table, "kept", as_bytes("kept value")));
  ASSERT_TRUE(put(*engine, table, "erased", as_bytes("a value that has to disappear")));
  {
    const auto txn = std::move(engine->write().value());
    ASSERT_TRUE(*txn->erase(table, as_bytes("erased")));
    ASSERT_TRUE(txn->commit());
  }
  ASSERT_TRUE(engine->copy_compacted(home_.path() / "copy"));
  std::ifstream file(home_.path() / "copy" / "data.mdb", std::ios::binary);
  const std::string raw{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(raw.find("kept value"), std::string::npos);
  EXPECT_EQ(raw.find("a value that has to disappear"), std::string::npos);
  EXPECT_EQ(engine->copy_compacted(home_.path() / "copy").code(), Errc::conflict);
  const auto copy = std::move(open_lmdb(home_.path() / "copy").value());
  EXPECT_EQ(get(*copy, *copy->table("t"), "kept"), to_bytes("kept value"));
}

}  // namespace
}  // namespace vault::engine
