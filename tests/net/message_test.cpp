#include "net/message.h"

#include <gtest/gtest.h>

#include "net/limits.h"

namespace net {
namespace {

using vault::Errc;

TEST(ParseQuery, DecodesPercentAndPlusAndKeepsOrderAndRepeats) {
  EXPECT_EQ(*parse_query("?a=1&b=x+y%2Bz&a=&c"), (Fields{{"a", "1"}, {"b", "x y+z"}, {"a", ""}, {"c", ""}}));
  EXPECT_EQ(*parse_query("?"), Fields{});
  EXPECT_EQ(*parse_query("&&a=b=c&"), (Fields{{"a", "b=c"}}));
}

TEST(ParseQuery, ABrokenEscapeIsMalformed) {
  for (const char* query : {"a=%", "a=%2", "a=%2g", "%zz=1", "a=1%"})
    EXPECT_EQ(parse_query(query).code(), Errc::malformed) << query;
}

TEST(ParseQuery, TooManyParametersAreTooLarge) {
  std::string query = "a=1";
  for (std::size_t i = 1; i < kMaxQueryParameters; ++i) query += "&a=1";
  EXPECT_TRUE(parse_query(query));
  EXPECT_EQ(parse_query(query + "&a=1").code(), Errc::too_large);
}

TEST(Fields, LinesOfOneNameAreJoinedAndAbsenceIsNotEmptiness) {
  const Fields fields{{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(joined_field(fields, "a"), "1, 2");
  EXPECT_EQ(joined_field(fields, "b"), "");
  EXPECT_EQ(joined_field(fields, "c"), std::nullopt);
}

// The name of a thing has only one spelling, so that the ledger can be searched for the name that a route was asked
// for.
TEST(Targets, EscapeNoCharacterThatStandsForItself) {
  for (const char* text : {"%73afe_1", "copy%5F1", "C%2D0001", "a%2Eb", "%7e", "%30"})
    EXPECT_EQ(percent_decode(text).code(), Errc::malformed) << text;
  EXPECT_EQ(parse_query("case=%63ase_1").code(), Errc::malformed);
  EXPECT_EQ(*percent_decode("a%20b%2Fc%2B"), "a b/c+");
}

}  // namespace
}  // namespace net
