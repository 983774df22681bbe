#include "vault/base/file.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vault
