#include "service/byte_range.h"

#include <gtest/gtest.h>

namespace service {
namespace {

TEST(ByteRange, HasAFirstAndALastByte) {
  EXPECT_EQ(*parse_byte_range("bytes=0-0", 10), (ByteRange{0, 1}));
  EXPECT_EQ(*parse_byte_range("bytes=3-7", 10), (ByteRange{3, 5}));
}

TEST(ByteRange, WithoutAnEndGoesToTheEnd) {
  EXPECT_EQ(*parse_byte_range("bytes=3-", 10), (ByteRange{3, 7}));
}

TEST(ByteRange, WithoutABeginningIsTheLastBytes) {
  EXPECT_EQ(*parse_byte_range("bytes=-4", 10), (ByteRange{6, 4}));
  EXPECT_EQ(*parse_byte_range("bytes=-40", 10), (ByteRange{0, 10}));
}

TEST(ByteRange, BeyondTheEndIsCut) {
  EXPECT_EQ(*parse_byte_range("bytes=9-1000", 10), (ByteRange{9, 1}));
}

TEST(ByteRange, AnythingElseIsRefused) {
  for (const std::string_view field :
       {"", "bytes", "bytes=", "bytes=-", "bytes=-0", "bytes=10-", "bytes=7-3", "bytes=0-1,3-4", "bytes= 0-1",
        "bytes=0-1 ", "bytes=01-2", "lines=0-1", "bytes=0x1-2", "bytes=99999999999999999999-"})
    EXPECT_FALSE(parse_byte_range(field, 10)) << field;
  EXPECT_FALSE(parse_byte_range("bytes=0-0", 0));
  EXPECT_FALSE(parse_byte_range("bytes=-1", 0));
}

TEST(ByteRange, IsReadToAPagesBorderAndFromThereOnInWholePages) {
  constexpr std::size_t kMost = 64U << 10;
  EXPECT_EQ(size_of_piece({0, 1U << 20}, kMost), kMost);
  EXPECT_EQ(size_of_piece({1000, 1U << 20}, kMost), kMost - 1000);
  EXPECT_EQ(size_of_piece({kMost, 1U << 20}, kMost), kMost);
  EXPECT_EQ(size_of_piece({1000, kMost}, kMost), kMost) << "nothing follows";
  EXPECT_EQ(size_of_piece({1000, 5}, kMost), 5U);
  EXPECT_EQ(size_of_piece({1000, 5000}, 10), 10U) << "no border in it";
}

TEST(ByteRange, IsSaidBackWithTheWholeSize) {
  EXPECT_EQ(content_range({6, 4}, 10), "bytes 6-9/10");
}

}  // namespace
}  // namespace service
