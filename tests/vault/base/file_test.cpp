#include "vault/base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/support/temporary_directory.h"
#include "vault/base/process.h"
#include "vault/base/terminal.h"

namespace vault {
namespace {

namespace fs = std::filesystem;

TEST(Files, AnAtomicWriteReplacesTheWholeAndLeavesNothingElse) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("a longer first version")));
  ASSERT_TRUE(write_file_atomically(path, as_bytes("second")));
  EXPECT_EQ(read_file_limited(path, 6).value(), to_bytes("second"));
  EXPECT_EQ(std::distance(fs::directory_iterator(home.path()), {}), 1);
  EXPECT_EQ(write_new_file(path, as_bytes("third")).code(), Errc::conflict);
  EXPECT_EQ(read_file_limited(path, 5).code(), Errc::too_large);
  EXPECT_EQ(read_file_limited(home.path(), 100).code(), Errc::invalid_argument);
  EXPECT_EQ(read_file_limited(home.path() / "absent", 100).code(), Errc::not_found);
}

TEST(Files, AWriteThatFailsLeavesTheOldContentAndNoTemporaryFile) {
  const test::TemporaryDirectory home;
  const fs::path occupied = home.path() / "directory";
  fs::create_directory(occupied);
  ASSERT_TRUE(write_new_file(occupied / "inside", as_bytes("v")));
  EXPECT_FALSE(write_file_atomically(occupied, as_bytes("cannot replace a directory")));
  EXPECT_EQ(std::distance(fs::directory_iterator(home.path()), {}), 1);
}

TEST(Files, AFileThatReachesALimitOfItsSizeIsFullAndNamed) {
  const test::TemporaryDirectory home;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto fresh = write_new_file(home.path() / "fresh", Bytes(200));
  const auto replaced = write_file_atomically(home.path() / "replaced", Bytes(200));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  for (const auto& [outcome, name] : {std::pair(&fresh, "fresh"), std::pair(&replaced, "replaced")}) {
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->code(), Errc::full);
    EXPECT_NE(outcome->error().message.find((home.path() / name).string()), std::string::npos)
        << outcome->error().message;
    EXPECT_NE(outcome->error().message.find("ulimit -f"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(home.path()));
}

TEST(Files, OnlyLargeAlignedPiecesGoPastThePageCache) {
  PageBuffer buffer(kDirectLeast + 1);
  EXPECT_EQ(buffer.view().size(), kDirectLeast + kDirectAlignment);
  const ByteView all = buffer.view();
  EXPECT_TRUE(may_be_direct(0, all));
  EXPECT_TRUE(may_be_direct(3 * kDirectAlignment, all.first(kDirectLeast)));
  EXPECT_FALSE(may_be_direct(0, all.first(kDirectLeast - kDirectAlignment)));
  EXPECT_FALSE(may_be_direct(1, all));
  EXPECT_FALSE(may_be_direct(0, all.first(kDirectLeast + 1)));
  EXPECT_FALSE(may_be_direct(0, all.subspan(1)));
}

TEST(Files, WhatIsWrittenPastThePageCacheIsReadThroughItAndTheOtherWayRound) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  ASSERT_TRUE(write_new_file(path, as_bytes("what stood there")));
  const auto direct = File::open_direct(path);
  ASSERT_TRUE(direct) << direct.error().message;
  if (!*direct) GTEST_SKIP() << "this file system has no such writes";
  PageBuffer buffer(kDirectLeast);
  std::ranges::fill(buffer.span(), std::byte{7});
  const auto written = (*direct)->write_direct(kDirectAlignment, buffer.view());
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(*written);
  Bytes expected(kDirectAlignment + kDirectLeast);
  std::ranges::copy(as_bytes("what stood there"), expected.begin());
  std::ranges::copy(buffer.view(), expected.begin() + kDirectAlignment);
  EXPECT_EQ(read_file_limited(path, expected.size()).value(), expected);
  PageBuffer all(expected.size());
  EXPECT_EQ((*direct)->read_at(0, all.span()).value(), expected.size());
  EXPECT_TRUE(std::ranges::equal(all.view(), expected));
  EXPECT_EQ((*direct)->read_at(kDirectAlignment, all.span()).value(), kDirectLeast) << "the file ends before";
  EXPECT_EQ(File::open_direct(home.path() / "absent").code(), Errc::not_found);
}

TEST(Files, AreWrittenAndReadAtAPlaceAsFarAsTheyGo) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  const File file = File::open_or_make(path).value();
  ASSERT_TRUE(file.write_at(3, as_bytes("four")));
  ASSERT_TRUE(file.write_at(0, as_bytes("one")));
  ASSERT_TRUE(file.write_at(5, {}));
  Bytes out(16);
  EXPECT_EQ(file.read_at(1, out).value(), 6U);
  EXPECT_TRUE(std::ranges::equal(ByteView(out).first(6), as_bytes("nefour")));
  EXPECT_EQ(file.read_at(7, out).value(), 0U) << "at the end";
  EXPECT_EQ(file.read_at(70, out).value(), 0U) << "after it";
  const File reading = File::open_to_read(path).value();
  const auto refused = reading.write_at(0, as_bytes("x"));
  EXPECT_EQ(refused.code(), Errc::io);
  EXPECT_NE(refused.error().message.find(text_of(path)), std::string::npos) << refused.error().message;
  const File folder = File::open_to_read(home.path()).value();
  EXPECT_EQ(folder.read_at(0, out).code(), Errc::io);
}

TEST(Files, AreReadInOrderAlsoFromAPipe) {
  const test::TemporaryDirectory home;
  const fs::path pipe = home.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::jthread writer([&] { std::ofstream(pipe) << "two pieces"; });
  File file = File::open_to_read(pipe).value();
  Bytes out(3);
  Bytes all;
  for (std::size_t got = 1; got != 0;) {
    got = file.read(out).value();
    append(all, ByteView(out).first(got));
  }
  EXPECT_EQ(all, to_bytes("two pieces"));
}

TEST(Files, AreNotOpenedThroughALinkThatIsNotFollowed) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  const fs::path link = home.path() / "link";
  ASSERT_TRUE(write_new_file(path, as_bytes("content")));
  fs::create_symlink(path, link);
  EXPECT_TRUE(File::open_to_read(link));
  EXPECT_EQ(File::open_to_read(link, Links::not_followed).code(), Errc::io);
  EXPECT_TRUE(File::open_to_read(path, Links::not_followed));
  EXPECT_EQ(look_at(link).value(), look_at(path).value());
  EXPECT_EQ(look_at(link, Links::not_followed)->kind, FileKind::other);
  EXPECT_EQ(look_at(home.path())->kind, FileKind::folder);
  EXPECT_EQ(look_at(home.path() / "absent").code(), Errc::not_found);
  const fs::path pipe = home.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(File::open_to_read(pipe, Links::not_followed)) << "and this did not wait for a writer";
}

TEST(Files, AreMadeForTheirOwnerOnly) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  EXPECT_TRUE(File::make_new(path));
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(File::make_new(path).code(), Errc::conflict);
  ASSERT_TRUE(File::open_or_make(path)->write_at(0, as_bytes("content")));
  EXPECT_EQ(look_at(path)->size, 7U);
  EXPECT_EQ(File::make_empty(path)->facts()->size, 0U);
  ASSERT_TRUE(make_private_directory(home.path() / "folder"));
  ASSERT_TRUE(make_private_directory(home.path() / "folder"));
  EXPECT_EQ(fs::status(home.path() / "folder").permissions(), fs::perms::owner_all);
}

TEST(Files, HaveFactsThatTellWhichTheyAreAndWhetherTheyChanged) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  ASSERT_TRUE(write_new_file(path, as_bytes("content")));
  const File file = File::open_or_make(path).value();
  const FileFacts before = file.facts().value();
  EXPECT_EQ(before, look_at(path).value());
  EXPECT_EQ(before.names, 1U);
  ASSERT_TRUE(file.set_modified(Instant{1'234'567}));
  const FileFacts after = file.facts().value();
  EXPECT_EQ(to_string(after.modified), "1234.567000000");
  EXPECT_NE(after, before);
  EXPECT_EQ(after.id, before.id);
  fs::create_hard_link(path, home.path() / "second");
  EXPECT_EQ(file.facts()->names, 2U);
  ASSERT_TRUE(write_file_atomically(path, as_bytes("content")));
  EXPECT_NE(look_at(path)->id, before.id);
  ASSERT_TRUE(file.truncate(3));
  EXPECT_EQ(file.facts()->size, 3U);
}

TEST(Files, AreLockedByOneAloneOrBySeveralTogether) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "lock";
  std::optional<File> first = File::open_or_make(path).value();
  const File second = File::open_or_make(path).value();
  EXPECT_TRUE(first->try_lock(Lock::shared).value());
  EXPECT_TRUE(second.try_lock(Lock::shared).value());
  EXPECT_FALSE(second.try_lock(Lock::alone).value());
  first.reset();
  EXPECT_TRUE(second.try_lock(Lock::alone).value());
  EXPECT_TRUE(second.lock(Lock::alone)) << "it is ours already";
}

TEST(Files, ChangeTheirNamesInOneStep) {
  const test::TemporaryDirectory home;
  const fs::path a = home.path() / "a";
  const fs::path b = home.path() / "b";
  ASSERT_TRUE(write_new_file(a, as_bytes("of a")));
  ASSERT_TRUE(write_new_file(b, as_bytes("of b")));
  ASSERT_TRUE(exchange_names(a, b));
  EXPECT_EQ(read_file_limited(a, 10).value(), to_bytes("of b"));
  ASSERT_TRUE(rename_over(b, a));
  EXPECT_EQ(read_file_limited(a, 10).value(), to_bytes("of a"));
  EXPECT_EQ(names_in(home.path()).value(), std::vector<fs::path>{"a"});
  EXPECT_FALSE(remove_file(b).value());
  EXPECT_TRUE(remove_file(a).value());
  EXPECT_TRUE(names_in(home.path() / "absent")->empty());
  EXPECT_FALSE(exchange_names(a, b));
  EXPECT_FALSE(rename_over(a, b));
}

TEST(Paths, KeepEveryByteOfAName) {
  const test::TemporaryDirectory home;
  for (const std::string name : {"naïve – 你好.txt", "not UTF-8: ÿþ", "two words"}) {
    ASSERT_TRUE(write_new_file(home.path() / path_of(name), {}));
    EXPECT_EQ(text_of(names_in(home.path())->front()), name);
    ASSERT_TRUE(remove_file(home.path() / path_of(name)).value());
  }
}

TEST(Paths, FitThePatternsOfAShell) {
  EXPECT_TRUE(name_matches("plan 2026.pdf", "plan*"));
  EXPECT_TRUE(name_matches("a/b.pdf", "*.pdf"));
  EXPECT_TRUE(name_matches("b1", "[a-c]?"));
  EXPECT_TRUE(name_matches("*", "\\*"));
  EXPECT_FALSE(name_matches("plan", "plan?"));
  EXPECT_FALSE(name_matches("Plan", "plan"));
}

TEST(Terminal, ASecretLineIsTakenAloneAndHasLimits) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "lines";
  ASSERT_TRUE(write_new_file(path, as_bytes("first\nsecond\r\n\x03")));
  File file = File::open_to_read(path).value();
  EXPECT_EQ(read_secret_line(file, 5)->expose(), "first");
  EXPECT_EQ(read_secret_line(file, 6)->expose(), "second");
  EXPECT_EQ(read_secret_line(file, 6).code(), Errc::invalid_argument) << "between the two ends of a line is nothing";
  EXPECT_EQ(read_secret_line(file, 6).code(), Errc::cancelled);
  EXPECT_EQ(read_secret_line(file, 6).code(), Errc::invalid_argument) << "at the end";
  File again = File::open_to_read(path).value();
  EXPECT_EQ(read_secret_line(again, 4).code(), Errc::invalid_argument) << "longer";
}

TEST(Process, IsRunAgainAndTellsHowItEnded) {
  const auto ended = run_again({"file_test", "--gtest_filter=no test", "--gtest_brief=1"});
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->exit_code, 0);
  EXPECT_EQ(ended->signal, 0);
}

}  // namespace
}  // namespace vault
