#include "review/clocks.h"

#include <gmock/gmock.h>

namespace strongroom::review {
namespace {

Date date(std::string_view text) {
  return vault::parse_date(text).value();
}
const RuleSet& guidance() {
  return **find_rules("guidance");
}

// The referral is received on a Monday: working day 7 is 2026-03-11, and day 13 is 2026-03-19. The agency became aware
// the same day, so the whole review is due on 2026-03-23.
CaseDates monday() {
  CaseDates dates;
  dates.aware = dates.received = date("2026-03-02");
  dates.agencies = {{"agency_a", date("2026-03-02"), std::nullopt, std::nullopt}};
  return dates;
}

const Clock& one(const Clocks& clocks, std::string_view name) {
  return *std::ranges::find(clocks.list, name, &Clock::clock);
}
Clocks clocks(const CaseDates& dates, std::string_view today, const RuleSet& rules = guidance()) {
  return clocks_of(dates, rules, Calendar::shipped(), date(today)).value();
}

TEST(Clocks, Para_4_2_2_FifteenWorkingDaysOfBecomingAware) {
  const auto list = clocks(monday(), "2026-03-02");
  const Clock& whole = one(list, "rapid-review");
  EXPECT_EQ(whole.due, date("2026-03-23"));
  EXPECT_EQ(whole.working_days, 15);
  EXPECT_EQ(std::ranges::count_if(whole.working, &Day::working), 15);
  EXPECT_EQ(whole.working.size(), 21U);  // each day, counted or skipped
  EXPECT_EQ(whole.cites, "4.2.2");
}

TEST(Clocks, Para_4_2_2_TheLaterPanelVariantCountsFromTheNotification) {
  CaseDates dates = monday();
  const RuleSet& panel = **find_rules("panel");
  EXPECT_EQ(one(clocks(dates, "2026-03-02", panel), "rapid-review").state, ClockState::waiting);
  dates.notified = date("2026-03-04");
  EXPECT_EQ(one(clocks(dates, "2026-03-04", panel), "rapid-review").due, date("2026-03-25"));
}

TEST(Clocks, Para_4_3_3_TemplatesWithinTwoWorkingDaysOfTheReferral) {
  CaseDates dates = monday();
  EXPECT_EQ(one(clocks(dates, "2026-03-02"), "templates").due, date("2026-03-04"));
  EXPECT_EQ(one(clocks(dates, "2026-03-04"), "templates").state, ClockState::running);
  EXPECT_EQ(one(clocks(dates, "2026-03-05"), "templates").state, ClockState::overdue);
  dates.agencies[0].templates_sent = date("2026-03-04");
  EXPECT_EQ(one(clocks(dates, "2026-03-05"), "templates").state, ClockState::met);
  dates.agencies[0].templates_sent = date("2026-03-05");
  EXPECT_EQ(one(clocks(dates, "2026-03-05"), "templates").state, ClockState::met_late);
}

TEST(Clocks, Para_4_3_4_ReturnsWithinFiveWorkingDaysOfSending) {
  CaseDates dates = monday();
  EXPECT_EQ(one(clocks(dates, "2026-03-03"), "return").state, ClockState::waiting);
  dates.agencies[0].templates_sent = date("2026-03-03");
  EXPECT_EQ(one(clocks(dates, "2026-03-03"), "return").due, date("2026-03-10"));
}

TEST(Clocks, Para_4_3_1_AnAgencyFoundLateHasAClockOfItsOwn) {
  CaseDates dates = monday();
  dates.agencies.push_back({"agency_b", date("2026-03-04"), std::nullopt, std::nullopt});
  dates.agencies.push_back({"agency_c", date("2026-03-05"), std::nullopt, std::nullopt});
  std::vector<std::pair<std::string, std::string>> due;
  for (const Clock& clock : clocks(dates, "2026-03-05").list)
    if (clock.clock == "templates") due.emplace_back(clock.trigger, vault::to_string(*clock.due));
  EXPECT_THAT(
      due, ::testing::ElementsAre(::testing::Pair("received", "2026-03-04"), ::testing::Pair("received", "2026-03-04"),
                                  ::testing::Pair("asked", "2026-03-09")));
}

TEST(Clocks, Para_4_4_2_TheMeetingIsHeldBetweenSevenAndThirteenWorkingDaysOfReceiving) {
  const auto dates = *meeting_dates(monday(), guidance(), Calendar::shipped());
  ASSERT_EQ(dates.size(), 7U);
  EXPECT_EQ(dates.front().date, date("2026-03-11"));
  EXPECT_EQ(dates.front().working_day, 7);
  EXPECT_EQ(dates.back().date, date("2026-03-19"));
  EXPECT_EQ(dates.back().working_day, 13);
  const auto check = [](std::string_view day) {
    return check_meeting_date(monday(), date(day), guidance(), Calendar::shipped());
  };
  EXPECT_TRUE(check("2026-03-11"));
  EXPECT_TRUE(check("2026-03-19"));
  for (const std::string_view day : {"2026-03-10", "2026-03-20", "2026-03-14", "2026-03-02"}) {
    const auto outside = check(day);
    ASSERT_EQ(outside.code(), Errc::conflict) << day;
    EXPECT_THAT(outside.error().message, ::testing::HasSubstr("4.4.2"));
  }
}

TEST(Clocks, Para_4_7_1_TheOutcomeWithinTwoWorkingDaysOfTheMeeting) {
  CaseDates dates = monday();
  dates.meeting = date("2026-03-13");
  EXPECT_EQ(one(clocks(dates, "2026-03-13"), "outcome").due, date("2026-03-17"));
  dates.decided = true;
  dates.outcome_sent = date("2026-03-18");
  EXPECT_EQ(one(clocks(dates, "2026-03-18"), "outcome").state, ClockState::met_late);
  EXPECT_EQ(one(clocks(dates, "2026-03-18"), "rapid-review").state, ClockState::met);
}

TEST(Clocks, TheTrapOfAMeetingOnDayThirteenIsToldBeforeItHappens) {
  CaseDates dates = monday();
  EXPECT_TRUE(clocks(dates, "2026-03-02").warnings.empty());  // two days after day 13 is day 15
  dates.aware = date("2026-02-27");                           // one working day earlier
  auto told = clocks(dates, "2026-03-02").warnings;
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], ::testing::HasSubstr("2026-03-18"));
  EXPECT_TRUE(meeting_dates(dates, guidance(), Calendar::shipped())->back().breaks_the_whole);
  dates.meeting = date("2026-03-19");
  told = clocks(dates, "2026-03-12").warnings;
  ASSERT_EQ(told.size(), 1U);
  dates.meeting = date("2026-03-18");
  EXPECT_TRUE(clocks(dates, "2026-03-12").warnings.empty());
}

TEST(Clocks, TheBindingOneIsTheOpenOneThatIsDueFirst) {
  CaseDates dates = monday();
  EXPECT_TRUE(one(clocks(dates, "2026-03-02"), "templates").binding);
  dates.agencies[0].templates_sent = date("2026-03-02");
  dates.agencies[0].returned = date("2026-03-05");
  EXPECT_TRUE(one(clocks(dates, "2026-03-05"), "meeting").binding);
  dates.meeting = date("2026-03-12");
  dates.decided = true;
  EXPECT_TRUE(one(clocks(dates, "2026-03-12"), "outcome").binding);
  dates.outcome_sent = date("2026-03-13");
  const auto list = clocks(dates, "2026-03-13");
  EXPECT_TRUE(std::ranges::none_of(list.list, &Clock::binding));
}

TEST(Clocks, AMovedClockSaysSo) {
  CaseDates dates = monday();
  dates.moved = {{"rapid-review", date("2026-03-30")}};
  const auto list = clocks(dates, "2026-03-24");
  const Clock& whole = one(list, "rapid-review");
  EXPECT_EQ(whole.due, date("2026-03-30"));
  EXPECT_TRUE(whole.moved);
  EXPECT_EQ(whole.state, ClockState::running);
}

TEST(Clocks, NothingRunsOnceTheReviewHasEnded) {
  CaseDates dates = monday();
  dates.ended = true;
  for (const Clock& clock : clocks(dates, "2026-12-01").list) EXPECT_EQ(clock.state, ClockState::stopped);
}

TEST(Clocks, AYearWithoutHolidaysIsNamed) {
  CaseDates dates = monday();
  dates.aware = dates.received = date("2028-12-20");
  const auto unknown = clocks_of(dates, guidance(), Calendar::shipped(), date("2028-12-20"));
  ASSERT_EQ(unknown.code(), Errc::not_found);
  EXPECT_THAT(unknown.error().message, ::testing::HasSubstr("2029"));
}

TEST(Rules, EverySetNamesItsSourceAndHasTheFiveClocks) {
  ASSERT_EQ(rule_sets().size(), 2U);
  for (const RuleSet& set : rule_sets()) {
    EXPECT_FALSE(set.citation.empty());
    for (const std::string_view name : {"templates", "return", "meeting", "outcome", "rapid-review"})
      EXPECT_FALSE(set.clock(name).cites.empty());
  }
  EXPECT_THAT(find_rules("none").error().message, ::testing::HasSubstr("guidance, panel"));
}

}  // namespace
}  // namespace strongroom::review
