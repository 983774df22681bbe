// Compares our working days with those of npm's date-holidays (GB-ENG), which computes bank holidays from rules of its
// own, for every day from 2018 to 2028.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "review/calendar.h"
#include "tests/conformance/process.h"
#include "tests/conformance/vectors.h"
#include "tests/support/temporary_directory.h"

namespace strongroom::review {
namespace {

namespace json = boost::json;
namespace test = vault::test;

constexpr int kFirstYear = 2018;
constexpr int kLastYear = 2028;

// The package also lists holidays that fall on a weekend: both the day itself and the substitute on a weekday. gov.uk,
// and so our data, has only the substitute. Either way the day is no working day.
const std::set<std::string> kOnWeekends{"2020-12-26", "2021-12-25", "2021-12-26", "2022-01-01", "2022-12-25",
                                        "2023-01-01", "2026-12-26", "2027-12-25", "2027-12-26", "2028-01-01"};

class Holidays : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::npm_directory() / ".installed"))
      GTEST_SKIP() << "npm's date-holidays is not installed";
    const test::TemporaryDirectory directory;
    const auto answer = directory.path() / "holidays.json";
    const test::Finished finished = test::run({"node", (test::npm_directory() / "holidays.mjs").string(),
                                               std::to_string(kFirstYear), std::to_string(kLastYear), answer.string()});
    ASSERT_EQ(finished.exit_code, 0) << finished.output;
    for (const json::value& one : test::read_json(answer).as_array()) theirs.insert(test::text_field(one, "date"));
    ASSERT_GT(theirs.size(), 80U);  // there are at least eight a year
  }

  std::set<std::string> theirs;
};

bool is_weekend(const Date& date) {
  const std::chrono::weekday weekday{std::chrono::sys_days(date)};
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

TEST_F(Holidays, EveryDayIsAWorkingDayHereWhenItIsOneThere) {
  const auto last = vault::parse_date(std::to_string(kLastYear) + "-12-31").value();
  int days = 0;
  for (Date date = vault::parse_date(std::to_string(kFirstYear) + "-01-01").value(); date <= last;
       date = plus_days(date, 1)) {
    const std::string text = vault::to_string(date);
    EXPECT_EQ(Calendar::shipped().is_working(date).value(), !is_weekend(date) && !theirs.contains(text)) << text;
    ++days;
  }
  EXPECT_EQ(days, 4018);
}

TEST_F(Holidays, TheKnownDifferencesAreThoseOnWeekendsAndNoOther) {
  std::set<std::string> ours, only_theirs, only_ours;
  for (const Holiday& holiday : Calendar::shipped().holidays()) ours.insert(vault::to_string(holiday.date));
  std::ranges::set_difference(theirs, ours, std::inserter(only_theirs, only_theirs.end()));
  std::ranges::set_difference(ours, theirs, std::inserter(only_ours, only_ours.end()));
  EXPECT_EQ(only_theirs, kOnWeekends);
  EXPECT_TRUE(only_ours.empty());
  for (const std::string& date : kOnWeekends) EXPECT_TRUE(is_weekend(vault::parse_date(date).value())) << date;
}

}  // namespace
}  // namespace strongroom::review
