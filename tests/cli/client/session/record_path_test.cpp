#include "cli/client/session/record_path.h"

#include <gtest/gtest.h>

namespace cli::client::testing {
namespace {

TEST(RecordPaths, PlainOnesAreNotEncodedAndOthersAre) {
  EXPECT_FALSE(encode_path("100% plain").encoded);
  EXPECT_EQ(encode_path("a\nb%").text, "a%0Ab%25");
  EXPECT_TRUE(encode_path("\xff").encoded);
  EXPECT_FALSE(decode_path("%4"));
  EXPECT_FALSE(decode_path("%4g"));
  EXPECT_FALSE(decode_path("%ff"));  // one spelling only
}

}  // namespace
}  // namespace cli::client::testing
