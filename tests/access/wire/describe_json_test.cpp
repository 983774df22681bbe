#include "access/wire/describe_json.h"

#include <gtest/gtest.h>

#include "access/wire/json_limits.h"

namespace strongroom::access::wire {
namespace {

using vault::Errc;

std::string list_of(std::size_t values, std::string_view value) {
  std::string text = "[";
  for (std::size_t i = 0; i < values; ++i) text += (i == 0 ? "" : ",") + std::string(value);
  return text + "]";
}

TEST(ParseJson, TakesAsManyValuesAsItsLimitAndNoMore) {
  EXPECT_TRUE(parse_json(list_of(kMaxJsonValues - 2, "0")));
  EXPECT_EQ(parse_json(list_of(kMaxJsonValues, "0")).code(), Errc::too_large);
  EXPECT_EQ(parse_json(list_of(kMaxJsonValues, "[]")).code(), Errc::too_large);
  EXPECT_EQ(parse_json(list_of(kMaxJsonValues, R"({"a":0})")).code(), Errc::too_large);
}

TEST(ParseJson, CountsNothingWithinStrings) {
  EXPECT_TRUE(parse_json("\"" + std::string(2 * kMaxJsonValues, ',') + "\""));
  EXPECT_TRUE(parse_json(R"(["\"[{,","\\"])"));
  EXPECT_TRUE(parse_json("[\"" + std::string(kMaxJsonValues, '[') + "\\\"" + std::string(kMaxJsonValues, '{') + "\"]"));
  EXPECT_EQ(parse_json("[\"\\\\\"," + list_of(kMaxJsonValues, "0") + "]").code(), Errc::too_large);
}

TEST(ParseJson, TakesAsMuchDepthAsItsLimitAndNoMore) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_EQ(parse_json(nested(kMaxJsonDepth + 1)).code(), Errc::malformed);
}

}  // namespace
}  // namespace strongroom::access::wire
