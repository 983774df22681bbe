#include "service/parameters.h"

#include <gtest/gtest.h>

#include "access/wire/ids.h"

namespace service {
namespace {

using vault::Errc;
constexpr std::string_view kNames[] = {"from", "mine", "class"};

vault::Result<Parameters> parse(std::string_view query) {
  return Parameters::parse({{"case", "RR-2026-0001"}}, query, kNames);
}

TEST(Parameters, ComeFromPathAndQuery) {
  const auto parameters = parse("from=a%2Fb&mine=true&known=17");
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->path("case"), "RR-2026-0001");
  EXPECT_EQ(parameters->text("from"), "a/b");
  EXPECT_TRUE(*parameters->flag("mine"));
  EXPECT_EQ(*parameters->known(), 17U);
}

TEST(Parameters, AreEmptyWhereTheQueryDoesNotHaveThem) {
  const auto parameters = parse("");
  EXPECT_EQ(parameters->text("from"), "");
  EXPECT_FALSE(*parameters->flag("mine"));
  EXPECT_EQ(*parameters->known(), 0U);
  EXPECT_FALSE(*parameters->of_query<strongroom::access::RecordClass>("class"));
}

TEST(Parameters, OfOtherNamesAreRefused) {
  EXPECT_EQ(parse("form=2").error().code, Errc::malformed);
}

TEST(Parameters, StandThereOnce) {
  EXPECT_EQ(parse("from=1&from=2").error().code, Errc::malformed);
}

TEST(Parameters, AreLimited) {
  EXPECT_TRUE(parse("from=" + std::string(kMaxParameterBytes, 'x')));
  EXPECT_EQ(parse("from=" + std::string(kMaxParameterBytes + 1, 'x')).error().code, Errc::too_large);
  EXPECT_EQ(Parameters::parse({{"case", std::string(kMaxParameterBytes + 1, 'x')}}, "?", kNames).error().code,
            Errc::too_large);
}

TEST(Parameters, OfAWrongFormAreMalformed) {
  EXPECT_EQ(parse("from=%zz").error().code, Errc::malformed);
  EXPECT_EQ(parse("mine=yes")->flag("mine").error().code, Errc::malformed);
  EXPECT_EQ(parse("known=-1")->known().error().code, Errc::malformed);
  EXPECT_EQ(parse("class=secret")->of_query<strongroom::access::RecordClass>("class").error().code, Errc::malformed);
}

TEST(Parameters, MayBeAnyWordOfAList) {
  EXPECT_EQ(*parse("class=health-record")->of_query<strongroom::access::RecordClass>("class"),
            strongroom::access::RecordClass::health_record);
}

}  // namespace
}  // namespace service
