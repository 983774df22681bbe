// Tests the promises that only the durable engine makes: reopening, one opener, growth, the reserve, copies.
#include "vault/engine/lmdb.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "tests/support/temporary_directory.h"
#include "vault/base/file.h"

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

TEST_F(Lmdb, ACommitWhoseOutcomeIsUnknownIsToldBeforeAnybodyGoesOn) {
  int told = 0;
  const auto engine = open({.outcome_unknown = [&](const Error& error) { told += error.code == Errc::io ? 1 : 0; }});
  const Table table = *engine->table("t");
  ASSERT_TRUE(put(*engine, table, "kept", as_bytes("v")));
  EXPECT_EQ(told, 0);
  // Takes the disk away below LMDB: its descriptors cannot be written to any more.
  const File broken = std::move(File::open_to_read("/dev/null").value());
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == home_.path() / "db" / "data.mdb")
      ASSERT_GE(::dup2(static_cast<int>(broken.handle()), std::stoi(entry.path().filename())), 0);
  }
  EXPECT_EQ(put(*engine, table, "lost", as_bytes("v")).code(), Errc::io);
  EXPECT_EQ(told, 1);
}

TEST_F(Lmdb, AWriteThatAFullDiskCutsShortIsFullAndChangesNothing) {
  const auto key = [](int i) { return "row " + std::to_string(1000 + i); };
  constexpr int kRows = 1000;
  {
    const auto engine = open({.free_space_reserve = 0});
    const Table table = *engine->table("t");
    const auto txn = std::move(engine->write().value());
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE(txn->put(table, as_bytes(key(i)), Bytes(1000)));
    ASSERT_TRUE(txn->commit());
  }
  int told = 0;
  // Any free space is less than this reserve, so the disk counts as nearly full, and only erasing is allowed.
  const auto engine = open({.free_space_reserve = ~0ULL, .outcome_unknown = [&](const Error&) { ++told; }});
  const Table table = *engine->table("t");
  const auto erase_some = [&]() -> Result<void> {
    TRY(const auto txn, engine->write());
    for (int i = 0; i < kRows; i += 4) TRY_VOID(txn->erase(table, as_bytes(key(i))));
    return txn->commit();
  };
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit within_a_page{.rlim_cur = std::filesystem::file_size(home_.path() / "db" / "data.mdb") + 100,
                             .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &within_a_page), 0);
  const auto cut_short = erase_some();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(cut_short.code(), Errc::full);
  EXPECT_EQ(told, 0);
  EXPECT_TRUE(get(*engine, table, key(0)));
  EXPECT_TRUE(erase_some());
  EXPECT_FALSE(get(*engine, table, key(0)));
}

// LMDB writes beyond the limit (EFBIG), or a part of a page up to it (which it calls EIO).
TEST_F(Lmdb, AWriteBeyondTheLimitOfAFilesSizeIsFullAndChangesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  int told = 0;
  const auto engine = open({.free_space_reserve = 0, .outcome_unknown = [&](const Error&) { ++told; }});
  const Table table = *engine->table("t");
  const Bytes value(64U << 10, std::byte{1});
  ASSERT_TRUE(put(*engine, table, "kept", value));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t beyond : {0U, 100U, 4096U, 5000U}) {
    const rlimit limit{.rlim_cur = std::filesystem::file_size(home_.path() / "db" / "data.mdb") + beyond,
                       .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto refused = put(*engine, table, "refused", value);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(refused.code(), Errc::full) << beyond;
    EXPECT_EQ(told, 0) << beyond;
    EXPECT_EQ(get(*engine, table, "kept"), value);
    EXPECT_EQ(get(*engine, table, "refused"), std::nullopt);
  }
  EXPECT_TRUE(put(*engine, table, "refused", value));
  EXPECT_TRUE(engine->verify_pages());
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // the sanitizers map terabytes
TEST_F(Lmdb, WithoutAddressSpaceForALargerMapAWriteIsFullAndTheRestGoesOn) {
  constexpr std::uint64_t kMap = 64ULL << 20;
  const Bytes value(40U << 20, std::byte{1});
  const pid_t child = ::fork();
  if (child == 0) {
    auto engine = open_lmdb(home_.path() / "db", {.initial_map_bytes = kMap, .free_space_reserve = 0});
    if (!engine) ::_exit(1);
    const Table table = *(*engine)->table("t");
    if (!put(**engine, table, "first", value)) ::_exit(2);
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t little = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kMap / 2;
    const rlimit limit{little, little};
    ::setrlimit(RLIMIT_AS, &limit);
    for (int i = 0; i < 2; ++i)
      if (put(**engine, table, "second", value).code() != Errc::full) ::_exit(3);
    if (!put(**engine, table, "small", as_bytes("v"))) ::_exit(4);
    const auto txn = (*engine)->read();
    if (!txn || !*(*txn)->get(table, as_bytes("first"))) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "signal " << WTERMSIG(status) << ", exit " << WEXITSTATUS(status);
}
#endif

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

  // Erasing makes room, which can be used from the second commit on: until then the previous state keeps it.
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
    EXPECT_EQ(txn->put(table, as_bytes("small"), as_bytes("v")).code(), Errc::retry);  // it is spoilt until it ends
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

TEST_F(Lmdb, ACopyForABackupTakesNoLockAndIsTheLastCommit) {
  {
    const auto engine = open();
    const Table table = *engine->table("t");
    const auto txn = std::move(engine->write().value());
    ASSERT_TRUE(txn->put(table, as_bytes("kept"), as_bytes("kept value")));
    ASSERT_TRUE(txn->commit());
  }
  // The engine is closed here, because a process may not open one engine twice. An end-to-end test shows that another
  // process may.
  ASSERT_TRUE(copy_lmdb(home_.path() / "db", home_.path() / "copy"));
  EXPECT_EQ(copy_lmdb(home_.path() / "db", home_.path() / "copy").code(), Errc::conflict);
  const auto copy = std::move(open_lmdb(home_.path() / "copy").value());
  EXPECT_EQ(get(*copy, *copy->table("t"), "kept"), to_bytes("kept value"));
  EXPECT_EQ(copy_lmdb(home_.path() / "nowhere", home_.path() / "other").code(), Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(home_.path() / "other" / "data.mdb"));
}

TEST_F(Lmdb, ABackupThatWasKilledDoesNotKeepWhatIsErasedForEver) {
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  const pid_t backup = ::fork();  // the child forks before the engine is open here
  if (backup == 0) {
    char wait = 0;
    if (::read(go[0], &wait, 1) != 1) ::_exit(1);
    const rlimit short_files{64U << 10, 64U << 10};  // SIGXFSZ comes in the middle of the copy's file
    ::setrlimit(RLIMIT_FSIZE, &short_files);
    ::signal(SIGXFSZ, SIG_DFL);  // the program that started the test may have made it ignore the signal
    static_cast<void>(copy_lmdb(home_.path() / "db", home_.path() / "copy"));
    ::_exit(2);
  }
  constexpr std::uint64_t kMap = 4 * kSmallMap;
  const auto engine = open({.initial_map_bytes = kMap, .max_map_bytes = kMap, .free_space_reserve = 0});
  const Table table = *engine->table("t");
  const Bytes value(256U << 10, std::byte{1});
  ASSERT_TRUE(put(*engine, table, "k", value));
  ASSERT_EQ(::write(go[1], "!", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(backup, &status, 0), backup);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  ::close(go[0]);
  ::close(go[1]);
  // The killed process has left its transaction in the table of readers. If it stayed there, no page that was freed
  // since could be used again.
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(*engine, table, "k", value)) << i;
}

// A vault's values are sealed for their table and key, so an altered value is detected, but an older value or a hidden
// row is not. In this test a value is authentic if it is its key and a generation; nothing else tells which rows should
// exist.
class FlippedPages : public Lmdb {
 protected:
  using Contents = std::map<std::string, std::string>;
  static constexpr const char* kTables[] = {"large", "many", "one"};
  static constexpr char kOld = 'o';
  static constexpr char kNew = 'n';
  static std::string value(std::string_view table, const std::string& key, char generation) {
    return std::string(table == "large" ? 6000 : 20, generation) + key;
  }

  void SetUp() override {
    const auto engine = open();
    Table tables[] = {*engine->table(kTables[0]), *engine->table(kTables[1]), *engine->table(kTables[2])};
    const auto fill = [&](std::size_t table, int from, int to, char generation) {
      const auto txn = std::move(engine->write().value());
      for (int i = from; i < to; ++i) {
        const std::string key = "key-" + std::to_string(1000 + i);
        ASSERT_TRUE(txn->put(tables[table], as_bytes(key), as_bytes(value(kTables[table], key, generation))));
      }
      ASSERT_TRUE(txn->commit());
    };
    fill(0, 0, 3, kOld);
    fill(1, 0, 300, kOld);
    fill(2, 0, 1, kOld);
    for (int i = 0; i < 300; i += 50) fill(1, i, i + 1, kNew);
    fill(0, 1, 2, kNew);
    fill(2, 0, 1, kNew);
    expected_ = *contents(*engine);
  }

  // Returns nothing if a value is not authentic, or cannot be read.
  static std::optional<Contents> contents(Engine& engine) {
    Contents all;
    for (const char* name : kTables) {
      const auto table = engine.table(name);
      if (!table) return std::nullopt;
      const auto txn = std::move(engine.read().value());
      bool authentic = true;
      const auto walked = txn->scan(*table, {}, {}, [&](KeyValue pair) {
        const std::string key = to_text(pair.key);
        const std::string found = to_text(pair.value);
        authentic = found == value(name, key, kOld) || found == value(name, key, kNew);
        all[std::string(name) + "/" + key] = found;
        return authentic;
      });
      if (!walked || !authentic) return std::nullopt;
    }
    return all;
  }

  enum Outcome { noticed, unchanged, unseen };
  static constexpr int kExit = 40;  // the outcome is added to it; a sanitizer's own exits have other codes
  // Reads in a process of its own, because damaged pages may end it.
  Outcome outcome_of(const Bytes& data) const {
    const pid_t child = ::fork();
    if (child == 0) {
      std::ofstream(home_.path() / "db" / "data.mdb", std::ios::binary)
          .write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
      ::close(2);  // LMDB would print why it aborts
      auto engine = open_lmdb(home_.path() / "db", {.make_tables = false});
      if (!engine || !(*engine)->verify_pages()) ::_exit(kExit + noticed);
      const auto found = contents(**engine);
      ::_exit(kExit + (!found ? noticed : *found == expected_ ? unchanged : unseen));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) - kExit : noticed;
    return code == unchanged || code == unseen ? static_cast<Outcome>(code) : noticed;
  }

  Contents expected_;
};

TEST_F(FlippedPages, AreNoticedWhereverAReaderWouldBeShownSomethingElse) {
  const Bytes data = read_file_limited(home_.path() / "db" / "data.mdb", 1U << 24).value();
  ASSERT_EQ(outcome_of(data), unchanged);
  std::size_t counts[3] = {};
  for (std::size_t at = 0; at < data.size(); at += at % 4096 < 48 ? 1 : 211) {
    Bytes damaged = data;
    damaged[at] ^= std::byte{1} << (at % 7);
    const Outcome outcome = outcome_of(damaged);
    ++counts[outcome];
    EXPECT_NE(outcome, unseen) << "page " << at / 4096 << ", byte " << at % 4096;
  }
  EXPECT_GT(counts[noticed], 100U);
  EXPECT_GT(counts[unchanged], 100U);  // free pages and the room between rows
}

TEST_F(Lmdb, ATableThatIsMissingIsAlteredWhereNothingIsToBeMade) {
  {
    open();
  }
  const auto engine = open({.make_tables = false});
  EXPECT_EQ(engine->table("t").code(), Errc::tampered);
}

TEST_F(Lmdb, PagesOfADatabaseThatWasNeverWrittenAreSound) {
  EXPECT_TRUE(open()->verify_pages());
}

}  // namespace
}  // namespace vault::engine
