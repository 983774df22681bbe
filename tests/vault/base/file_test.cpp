#include "vault/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "tests/support/temporary_directory.h"

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
  const auto direct = open_direct(path);
  ASSERT_TRUE(direct) << direct.error().message;
  if (!*direct) GTEST_SKIP() << "this file system has no such writes";
  PageBuffer buffer(kDirectLeast);
  std::ranges::fill(buffer.span(), std::byte{7});
  const auto written = write_direct(**direct, kDirectAlignment, buffer.view());
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(*written);
  Bytes expected(kDirectAlignment + kDirectLeast);
  std::ranges::copy(as_bytes("what stood there"), expected.begin());
  std::ranges::copy(buffer.view(), expected.begin() + kDirectAlignment);
  EXPECT_EQ(read_file_limited(path, expected.size()).value(), expected);
  PageBuffer all(expected.size());
  EXPECT_EQ(read_at(**direct, 0, all.span()).value(), expected.size());
  EXPECT_TRUE(std::ranges::equal(all.view(), expected));
  EXPECT_EQ(read_at(**direct, kDirectAlignment, all.span()).value(), kDirectLeast) << "the file ends before";
  EXPECT_EQ(open_direct(home.path() / "absent").code(), Errc::not_found);
}

TEST(Files, AreWrittenAndReadAtAPlaceAsFarAsTheyGo) {
  const test::TemporaryDirectory home;
  const fs::path path = home.path() / "file";
  const FileDescriptor file = open_file(path, O_RDWR | O_CREAT).value();
  ASSERT_TRUE(write_at(file, 3, as_bytes("four")));
  ASSERT_TRUE(write_at(file, 0, as_bytes("one")));
  ASSERT_TRUE(write_at(file, 5, {}));
  Bytes out(16);
  EXPECT_EQ(read_at(file, 1, out).value(), 6U);
  EXPECT_TRUE(std::ranges::equal(ByteView(out).first(6), as_bytes("nefour")));
  EXPECT_EQ(read_at(file, 7, out).value(), 0U) << "at the end";
  EXPECT_EQ(read_at(file, 70, out).value(), 0U) << "after it";
  const FileDescriptor reading = open_file(path, O_RDONLY).value();
  EXPECT_EQ(write_at(reading, 0, as_bytes("x")).code(), Errc::io);
  const FileDescriptor folder = open_file(home.path(), O_RDONLY | O_DIRECTORY).value();
  EXPECT_EQ(read_at(folder, 0, out).code(), Errc::io);
}

}  // namespace
}  // namespace vault
