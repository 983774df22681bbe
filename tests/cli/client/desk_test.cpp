#include "cli/client/desk.h"

#include <gtest/gtest.h>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

TEST(PassphraseFiles, GiveTheirFirstLine) {
  ASSERT_TRUE(vault::start_secure_memory());
  const vault::test::TemporaryDirectory folder;
  const std::filesystem::path file = folder.path() / "passphrase";
  write_text(file, "the words\nand more\n");
  EXPECT_EQ((*passphrase_from_file(file)("")).expose(), "the words");
  write_text(file, "\n");
  EXPECT_EQ(passphrase_from_file(file)("").code(), Errc::invalid_argument);
  write_text(file, std::string(kMaxPassphraseBytes, 'x'));
  EXPECT_EQ((*passphrase_from_file(file)("")).expose().size(), kMaxPassphraseBytes);
  write_text(file, std::string(kMaxPassphraseBytes + 1, 'x'));
  EXPECT_EQ(passphrase_from_file(file)("").code(), Errc::invalid_argument);
  EXPECT_EQ(passphrase_from_file(folder.path() / "absent")("").code(), Errc::not_found);
}

}  // namespace
}  // namespace cli::client::testing
