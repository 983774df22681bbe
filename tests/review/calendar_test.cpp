#include "review/calendar.h"

#include <gmock/gmock.h>

namespace strongroom::review {
namespace {

Date date(std::string_view text) {
  return vault::parse_date(text).value();
}
const Calendar& shipped() {
  return Calendar::shipped();
}
std::string gov_uk(std::string_view events) {
  return R"({"england-and-wales":{"division":"england-and-wales","events":[)" + std::string(events) +
         R"(]},"scotland":{"division":"scotland","events":[{"title":"2nd January","date":"2026-01-02"}]}})";
}

TEST(Calendar, CountsMondayToFridayWithoutBankHolidays) {
  EXPECT_TRUE(*shipped().is_working(date("2026-11-23")));
  EXPECT_EQ(shipped().day(date("2026-11-22"))->reason, "Sunday");
  EXPECT_EQ(shipped().day(date("2026-11-21"))->reason, "Saturday");
  EXPECT_EQ(shipped().day(date("2026-12-25"))->reason, "Christmas Day");
  EXPECT_EQ(shipped().day(date("2026-12-28"))->reason, "Boxing Day (substitute day)");
}

TEST(Calendar, DayZeroIsTheTriggerWhateverDayItIs) {
  EXPECT_EQ(*shipped().add(date("2026-11-23"), 0), date("2026-11-23"));
  EXPECT_EQ(*shipped().add(date("2026-11-23"), 1), date("2026-11-24"));
  EXPECT_EQ(*shipped().add(date("2026-11-21"), 0), date("2026-11-21"));
  EXPECT_EQ(*shipped().add(date("2026-11-21"), 1), date("2026-11-23"));
  EXPECT_EQ(*shipped().add(date("2026-12-24"), 2), date("2026-12-30"));
}

TEST(Calendar, CountingAndSubtractingAreAddingBackwards) {
  for (Date from = date("2026-12-01"); from < date("2027-02-01"); from = plus_days(from, 1)) {
    for (const int days : {0, 1, 2, 5, 13, 15}) {
      const Date to = *shipped().add(from, days);
      EXPECT_EQ(*shipped().count(from, to), days);
      const Date latest = *shipped().subtract(to, days);
      EXPECT_GE(latest, from);
      EXPECT_LE(*shipped().add(latest, days), to);
      EXPECT_GT(*shipped().add(plus_days(latest, 1), days), to);
    }
  }
}

TEST(Calendar, ExplainsEachDayAfterDayZero) {
  const auto days = *shipped().explain(date("2026-12-24"), date("2026-12-30"));
  std::vector<std::string> told;
  for (const Day& day : days) told.push_back(day.working ? "counted" : day.reason);
  EXPECT_THAT(told, ::testing::ElementsAre("Christmas Day", "Saturday", "Sunday", "Boxing Day (substitute day)",
                                           "counted", "counted"));
  EXPECT_TRUE(shipped().explain(date("2026-12-24"), date("2026-12-24"))->empty());
}

TEST(Calendar, AMissingYearIsAnErrorThatNamesIt) {
  const auto before = shipped().is_working(date("2017-06-01"));
  ASSERT_EQ(before.code(), Errc::not_found);
  EXPECT_THAT(before.error().message, ::testing::HasSubstr("2017"));
  const auto after = shipped().add(date("2028-12-27"), 5);
  ASSERT_EQ(after.code(), Errc::not_found);
  EXPECT_THAT(after.error().message, ::testing::HasSubstr("2029"));
}

TEST(Calendar, AYearThatIsNotProclaimedSaysSo) {
  EXPECT_TRUE(shipped().is_proclaimed(2027));
  EXPECT_FALSE(shipped().is_proclaimed(2028));
  EXPECT_EQ(shipped().day(date("2028-12-25"))->reason, "Christmas Day (not proclaimed yet)");
  const auto proclaimed = Calendar::parse_gov_uk(gov_uk(R"({"title":"Christmas Day","date":"2028-12-25"})"));
  const auto merged = *shipped().merged_with(proclaimed->holidays());
  EXPECT_EQ(merged.day(date("2028-12-25"))->reason, "Christmas Day");
}

TEST(Calendar, AnImportIsMergedAndTakesNothingAway) {
  const auto more = *Calendar::parse_gov_uk(gov_uk(R"({"title":"A royal day","date":"2026-06-16","bunting":true},)"
                                                   R"({"title":"New Year’s Day","date":"2029-01-01"})"));
  EXPECT_EQ(shipped().lacking(more).size(), 2U);
  const auto merged = *shipped().merged_with(more.holidays());
  EXPECT_EQ(merged.holidays().size(), shipped().holidays().size() + 2);
  EXPECT_EQ(merged.day(date("2026-06-16"))->reason, "A royal day");
  EXPECT_FALSE(*merged.is_working(date("2026-12-25")));
  EXPECT_TRUE(merged.knows(2029));
  EXPECT_TRUE(merged.lacking(more).empty());
  EXPECT_NE(merged.digest(), shipped().digest());
  EXPECT_EQ(merged.merged_with(more.holidays())->digest(), merged.digest());
}

TEST(Calendar, WhatIsNoGovUkFileIsMalformedAndSaysWhy) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"england-and-wales":[]})", R"({"england-and-wales":{"events":{}}})"})
    EXPECT_EQ(Calendar::parse_gov_uk(text).code(), Errc::malformed) << text;
  for (const std::string_view event : {"1", "{}", R"({"date":"2026-02-30"})", R"({"date":"2026-01-01","title":7})"})
    EXPECT_EQ(Calendar::parse_gov_uk(gov_uk(event)).code(), Errc::malformed) << event;
  EXPECT_EQ(Calendar::parse_gov_uk(gov_uk("")).code(), Errc::malformed);
  EXPECT_EQ(Calendar::parse_gov_uk(gov_uk(R"({"date":"1999-12-25"})")).code(), Errc::invalid_argument);
  EXPECT_TRUE(Calendar::parse_gov_uk(gov_uk(R"({"date":"2000-12-25"})")));
  EXPECT_EQ(Calendar::parse_gov_uk(std::string(kMaxCalendarBytes + 1, ' ')).code(), Errc::too_large);
}

TEST(Calendar, LimitsHoldOnBothSides) {
  EXPECT_EQ(shipped().add(date("2026-01-01"), -1).code(), Errc::invalid_argument);
  EXPECT_EQ(shipped().add(date("2018-01-02"), kMaxWorkingDays + 1).code(), Errc::invalid_argument);
  EXPECT_TRUE(shipped().add(date("2018-01-02"), kMaxWorkingDays));
  EXPECT_EQ(shipped().subtract(date("2026-01-01"), -1).code(), Errc::invalid_argument);
  std::vector<Holiday> many;
  for (std::size_t i = 0; i < kMaxHolidays; ++i)
    many.push_back({plus_days(date("2030-01-01"), static_cast<int>(i)), "x"});
  EXPECT_TRUE(Calendar().merged_with(many));
  many.push_back({date("2050-01-01"), "x"});
  EXPECT_EQ(Calendar().merged_with(many).code(), Errc::too_large);
}

}  // namespace
}  // namespace strongroom::review
