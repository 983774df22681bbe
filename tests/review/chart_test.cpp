#include "review/chart.h"

#include <gmock/gmock.h>

#include "review/text_lines.h"

namespace strongroom::review {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Date date(std::string_view text) {
  return vault::parse_date(text).value();
}

// The referral is received on a Monday. The templates are due on 2026-03-04, the meeting is held from 03-11 to 03-19,
// and the whole review is due on 03-23.
ChartFacts referred() {
  ChartFacts facts;
  facts.reference = "RR-2026-0001";
  facts.dates.aware = facts.dates.received = date("2026-03-02");
  facts.dates.agencies = {{"a", date("2026-03-02"), {}, {}}, {"b", date("2026-03-02"), {}, {}}};
  return facts;
}
ChartFacts scoping() {
  ChartFacts facts = referred();
  facts.stage = Stage::scoping;
  for (AgencyDates& agency : facts.dates.agencies) agency.templates_sent = date("2026-03-03");
  facts.dates.agencies[0].returned = date("2026-03-06");
  return facts;
}
ChartFacts meeting_set(std::string_view day) {
  ChartFacts facts = scoping();
  facts.stage = Stage::meeting_set;
  facts.dates.agencies[1].returned = date("2026-03-10");
  facts.dates.meeting = date(day);
  return facts;
}
ChartFacts decided(Decision decision) {
  ChartFacts facts = meeting_set("2026-03-13");
  facts.stage = Stage::decided;
  facts.dates.decided = true;
  facts.decision = decision;
  return facts;
}
ChartFacts closed() {
  ChartFacts facts = decided(Decision::neither);
  facts.stage = Stage::closed;
  facts.dates.outcome_sent = date("2026-03-17");
  facts.informed_on = date("2026-03-18");
  facts.dates.ended = true;
  facts.ended_on = date("2026-03-25");
  facts.securing = {2, 2};
  return facts;
}

Chart chart(const ChartFacts& facts, std::string_view today) {
  return chart_of(facts, **find_rules("guidance"), Calendar::shipped(), date(today)).value();
}
const ChartStep& step(const Chart& chart, std::string_view id) {
  return *std::ranges::find(chart.steps, id, &ChartStep::id);
}
std::vector<std::string> at(const Chart& chart, StepState state) {
  std::vector<std::string> ids;
  for (const ChartStep& one : chart.steps)
    if (one.state == state) ids.push_back(one.id);
  return ids;
}

TEST(Chart, JustReferredTheTemplatesAreNext) {
  const Chart made = chart(referred(), "2026-03-03");
  EXPECT_EQ(made.standing, "Referred. Next due: Documents 2 and 3 to each agency, 4 March 2026 (in 1 working day).");
  EXPECT_THAT(at(made, StepState::done), ElementsAre("aware", "referral"));
  EXPECT_THAT(at(made, StepState::now), ElementsAre("templates", "secure"));
  EXPECT_THAT(at(made, StepState::waiting),
              ElementsAre("return", "meeting-date", "meeting", "outcome", "inform", "end"));
  EXPECT_EQ(step(made, "secure").state, StepState::now);  // the lock is engaged, so no agency waits for a letter
  EXPECT_THAT(step(made, "templates").limit, HasSubstr("by 4 March 2026 (working day 2)"));
  EXPECT_FALSE(made.is_late);
}

TEST(Chart, WhatIsPastItsDayIsOverdue) {
  const Chart made = chart(referred(), "2026-03-05");
  EXPECT_THAT(at(made, StepState::overdue), ElementsAre("templates"));
  EXPECT_THAT(made.standing, HasSubstr("4 March 2026 (1 working day late)"));
  EXPECT_TRUE(made.is_late);
  EXPECT_THAT(chart(referred(), "2026-03-04").standing, HasSubstr("(today)"));
}

TEST(Chart, ScopingWaitsForReturnsAndForADate) {
  const Chart made = chart(scoping(), "2026-03-09");
  EXPECT_THAT(at(made, StepState::now), ElementsAre("return", "secure", "meeting-date"));
  EXPECT_EQ(step(made, "return").done, "1 of 2 agencies");
  EXPECT_THAT(step(made, "meeting-date").limit, HasSubstr("11 March 2026 to 19 March 2026"));
}

TEST(Chart, RecordsAreSecuredOnceEveryAgencyHasSecuredThemAndNotByReturningItsScoping) {
  ChartFacts facts = decided(Decision::neither);  // both have returned Document 2
  facts.securing = {0, 2};
  const Chart none = chart(facts, "2026-03-16");
  EXPECT_EQ(step(none, "return").state, StepState::done);
  EXPECT_EQ(step(none, "secure").state, StepState::now);
  EXPECT_EQ(step(none, "secure").done, "0 of 2 agencies");
  facts.securing = {2, 2};
  EXPECT_EQ(step(chart(facts, "2026-03-16"), "secure").state, StepState::done);
  facts.securing = {0, 0};  // both answered "not known to us"
  EXPECT_EQ(step(chart(facts, "2026-03-16"), "secure").state, StepState::done);
  EXPECT_EQ(step(chart(facts, "2026-03-16"), "secure").done, "no agency holds any");
}

TEST(Chart, WhatWasNotDoneWhenTheReviewWasClosedIsLeftOpen) {
  ChartFacts facts = closed();
  facts.securing = {1, 2};
  facts.informed_on.reset();
  facts.dates.agencies[1].returned.reset();
  const Chart made = chart(facts, "2026-06-01");
  EXPECT_THAT(at(made, StepState::left_open), ElementsAre("return", "secure", "inform"));
  EXPECT_FALSE(made.is_late);
}

TEST(Chart, ADateOutsideTheWindowIsShownWithItsReason) {
  ChartFacts facts = meeting_set("2026-03-24");
  facts.meeting_reason = "a partner is away";
  const Chart made = chart(facts, "2026-03-18");
  EXPECT_EQ(step(made, "meeting-date").state, StepState::done_late);
  EXPECT_THAT(step(made, "meeting-date").note,
              HasSubstr("Later than the guidance allows. The reason: a partner is away"));
  EXPECT_THAT(made.warnings, ElementsAre(HasSubstr("does not leave the 2 working days")));
  const Chart early = chart(meeting_set("2026-03-10"), "2026-03-10");
  EXPECT_THAT(step(early, "meeting-date").note, HasSubstr("Earlier than the guidance allows; the reason is recorded"));
}

TEST(Chart, ADecisionToReviewHasItsOwnStep) {
  const Chart made = chart(decided(Decision::practice_review), "2026-03-16");
  EXPECT_THAT(at(made, StepState::now), ElementsAre("secure", "outcome"));
  EXPECT_EQ(step(made, "review").title, "Child safeguarding practice review");
  EXPECT_EQ(step(chart(decided(Decision::alternative_review), "2026-03-16"), "review").title,
            "Alternative learning review");
  const Chart neither = chart(decided(Decision::neither), "2026-03-16");
  EXPECT_THAT(neither.steps, Not(Contains(::testing::Field(&ChartStep::id, "review"))));
}

TEST(Chart, NotPursuedNeedsNothingMore) {
  ChartFacts facts = scoping();
  facts.stage = Stage::not_pursued;
  facts.dates.ended = true;
  facts.ended_on = date("2026-03-10");
  const Chart made = chart(facts, "2026-05-01");
  EXPECT_EQ(made.standing, "Not pursued on 10 March 2026.");
  EXPECT_THAT(at(made, StepState::not_needed),
              ElementsAre("return", "secure", "meeting-date", "meeting", "outcome", "inform"));
  EXPECT_THAT(made.steps.back().title, HasSubstr("Not pursued"));
  EXPECT_THAT(made.warnings, IsEmpty());
}

TEST(Chart, ClosedInTimeIsDoneThroughout) {
  const Chart made = chart(closed(), "2026-06-01");
  EXPECT_EQ(at(made, StepState::done).size(), made.steps.size());
  EXPECT_FALSE(made.is_late);
  EXPECT_EQ(made.days.front().date, date("2026-03-02"));
  EXPECT_EQ(made.days.back().date, date("2026-03-24"));  // the whole review was due the day before
}

TEST(Chart, ItsTimescaleIsBoundedHoweverLateItGets) {
  const Chart made = chart(referred(), "2028-12-01");
  EXPECT_EQ(made.days.size(), static_cast<std::size_t>(kMaxChartDays));
  EXPECT_THAT(chart_svg(made), Not(HasSubstr("class=\"today\"")));
}

TEST(Chart, AYearWithoutHolidaysIsNamed) {
  ChartFacts facts = referred();
  facts.dates.aware = facts.dates.received = date("2028-12-20");
  const auto made = chart_of(facts, **find_rules("guidance"), Calendar::shipped(), date("2028-12-20"));
  ASSERT_EQ(made.code(), Errc::not_found);
  EXPECT_THAT(made.error().message, HasSubstr("2029"));
}

TEST(ChartText, HasEveryStepAndKeepsToItsWidth) {
  for (const ChartFacts& facts :
       {referred(), scoping(), meeting_set("2026-03-24"), decided(Decision::neither), closed()}) {
    const Chart made = chart(facts, "2026-03-24");
    const std::string text = chart_text(made);
    for (const ChartStep& one : made.steps) EXPECT_THAT(text, HasSubstr(one.title));
    for (const std::string& line : lines_of(text, text.size())) EXPECT_LE(columns_of(line), 120U) << line;
  }
  EXPECT_THAT(chart_text(chart(decided(Decision::neither), "2026-03-16")), HasSubstr("[no further review]"));
}

TEST(ChartSvg, HasATitleAndTheWholeAsItsDescription) {
  const std::string svg = chart_svg(chart(scoping(), "2026-03-09"));
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"title description\""));
  EXPECT_THAT(svg, HasSubstr("<title id=\"title\">Flow chart of the review RR-2026-0001</title>"));
  EXPECT_THAT(svg, HasSubstr("1 of 2 agencies"));
  for (const char* outside : {"<script", " href=", "url(", "@import", "<image"})
    EXPECT_THAT(svg, Not(HasSubstr(outside)));
}

TEST(ChartSvg, AReasonCannotBecomePartOfIt) {
  ChartFacts facts = meeting_set("2026-03-24");
  facts.reference = "</title><script>";
  facts.meeting_reason = "</text><script>alert(1)</script>\x1b" + std::string(5000, 'x');
  const std::string svg = chart_svg(chart(facts, "2026-03-18"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_THAT(chart_text(chart(facts, "2026-03-18")), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace strongroom::review
