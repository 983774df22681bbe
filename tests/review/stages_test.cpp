#include "review/stages.h"

#include <gmock/gmock.h>

#include <boost/mp11/algorithm.hpp>
#include <map>
#include <set>

namespace strongroom::review {
namespace {

using vault::Errc;
using enum Stage;

// Returns facts with which every guard is satisfied.
Facts ready(Stage stage) {
  Facts facts;
  facts.stage = stage;
  facts.templates_sent = stage != referred;
  facts.meeting_reached = true;
  facts.decision = Decision::neither;
  return facts;
}

template <class E, class Visit>
void each(Visit visit) {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) { visit(d.value); });
}

// Lists the steps that leave the stage as it is.
std::map<Stage, Stage> same(std::initializer_list<Stage> stages) {
  std::map<Stage, Stage> pairs;
  for (const Stage stage : stages) pairs[stage] = stage;
  return pairs;
}

// The whole machine: step → stage → stage after. A step at a stage that is not listed is refused.
const std::map<Step, std::map<Stage, Stage>> kPossible = {
    {Step::send_templates,
     {{referred, scoping},
      {scoping, scoping},
      {meeting_set, meeting_set},
      {decided, decided},  // templates go to an agency that is found late
      {outcome_sent, outcome_sent},
      {practice_review, practice_review},
      {alternative_review, alternative_review}}},
    {Step::answer_duties,
     same({referred, scoping, meeting_set, decided, outcome_sent, practice_review, alternative_review})},
    {Step::record_duty, same({referred, scoping, meeting_set, decided, outcome_sent, practice_review,
                              alternative_review, closed, not_pursued})},
    {Step::return_scoping, same({scoping, meeting_set, decided, outcome_sent, practice_review, alternative_review})},
    {Step::set_meeting, {{scoping, meeting_set}, {meeting_set, meeting_set}}},
    {Step::share_pack, {{meeting_set, meeting_set}}},
    {Step::record_attendance, {{meeting_set, meeting_set}}},
    {Step::decide, {{meeting_set, decided}, {decided, decided}}},
    {Step::answer_document, {{decided, decided}}},
    {Step::endorse, {{decided, decided}, {outcome_sent, outcome_sent}}},
    {Step::send_outcome, {{decided, outcome_sent}}},
    {Step::inform, same({outcome_sent, practice_review, alternative_review, closed})},
    {Step::acknowledge, same({outcome_sent, practice_review, alternative_review, closed})},
    {Step::record_panel_answer, same({outcome_sent, practice_review, alternative_review, closed})},
    {Step::record_inspectorate, same({referred, scoping, meeting_set, decided, outcome_sent, practice_review,
                                      alternative_review, closed, not_pursued})},
    {Step::move_clock,
     same({referred, scoping, meeting_set, decided, outcome_sent, practice_review, alternative_review})},
    {Step::close, {{outcome_sent, closed}, {practice_review, closed}, {alternative_review, closed}}},
    {Step::drop, {{referred, not_pursued}, {scoping, not_pursued}, {meeting_set, not_pursued}}},
};

TEST(Stages, EveryPairOfStepAndStage) {
  each<Step>([](Step step) {
    each<Stage>([&](Stage stage) {
      const auto after = next_stage(step, ready(stage));
      const auto& row = kPossible.at(step);
      EXPECT_EQ(is_possible_at(step, stage), row.contains(stage));
      const std::string pair =
          std::string(boost::describe::enum_to_string(step, "")) + " at " + boost::describe::enum_to_string(stage, "");
      if (const auto expected = row.find(stage); expected != row.end()) {
        ASSERT_TRUE(after) << pair;
        EXPECT_EQ(*after, expected->second) << pair;
      } else {
        ASSERT_EQ(after.code(), Errc::conflict) << pair;
        EXPECT_THAT(after.error().message, ::testing::ContainsRegex("\\(4\\.[0-9.]+\\)")) << pair;
      }
    });
  });
}

TEST(Stages, Para_4_4_2_NoMeetingIsSetBeforeTheTemplatesAreOut) {
  Facts facts = ready(scoping);
  facts.templates_sent = false;
  EXPECT_EQ(next_stage(Step::set_meeting, facts).code(), Errc::conflict);
  EXPECT_EQ(next_stage(Step::set_meeting, ready(referred)).code(), Errc::conflict);
}

TEST(Stages, Para_4_6_1_NoDecisionWithoutAQuorateMeeting) {
  Facts facts = ready(meeting_set);
  facts.partners_absent = {"police"};
  const auto refused = next_stage(Step::decide, facts);
  ASSERT_EQ(refused.code(), Errc::conflict);
  EXPECT_THAT(refused.error().message, ::testing::AllOf(::testing::HasSubstr("4.6.1"), ::testing::HasSubstr("police")));
}

TEST(Stages, Para_4_6_2_NothingIsDecidedOrAttendedBeforeTheMeeting) {
  Facts facts = ready(meeting_set);
  facts.meeting_reached = false;
  EXPECT_EQ(next_stage(Step::decide, facts).code(), Errc::conflict);
  EXPECT_EQ(next_stage(Step::record_attendance, facts).code(), Errc::conflict);
}

TEST(Stages, Para_4_6_3_ThreeAnswersFreezeDocument4AndLetTheOutcomeGo) {
  Facts facts = ready(decided);
  facts.partners_silent = {"icb"};
  const auto refused = next_stage(Step::send_outcome, facts);
  ASSERT_EQ(refused.code(), Errc::conflict);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("icb"));
  facts.partners_silent.clear();
  facts.frozen = true;
  EXPECT_TRUE(next_stage(Step::send_outcome, facts));
  EXPECT_EQ(next_stage(Step::decide, facts).code(), Errc::conflict);
  EXPECT_EQ(next_stage(Step::answer_document, facts).code(), Errc::conflict);
}

TEST(Stages, AReviewThatWasDecidedComesBeforeTheEnd) {
  Facts facts = ready(outcome_sent);
  facts.decision = Decision::practice_review;
  EXPECT_EQ(*next_stage(Step::close, facts), practice_review);
  facts.stage = practice_review;
  EXPECT_EQ(*next_stage(Step::close, facts), closed);
  facts = ready(outcome_sent);
  facts.decision = Decision::alternative_review;
  EXPECT_EQ(*next_stage(Step::close, facts), alternative_review);
}

TEST(Stages, GoingBackIsForEarlierStagesUntilTheOutcomeIsOut) {
  const std::set<std::pair<Stage, Stage>> possible = {
      {meeting_set, scoping}, {decided, scoping}, {decided, meeting_set}};
  each<Stage>([&](Stage from) {
    each<Stage>([&](Stage to) {
      EXPECT_EQ(may_step_back(from, to).has_value(), possible.contains({from, to}))
          << boost::describe::enum_to_string(from, "") << " to " << boost::describe::enum_to_string(to, "");
    });
  });
}

TEST(Stages, Para_4_2_1_ACaseSaysWhatComesNextAndWhoOwesItUntilItEnds) {
  each<Stage>([](Stage stage) {
    const auto next = next_act(ready(stage));
    EXPECT_EQ(next.has_value(), stage != closed && stage != not_pursued);
  });
  Facts facts = ready(decided);
  facts.partners_silent = {"icb", "police"};
  EXPECT_EQ(next_act(facts)->by, "icb, police");
}

}  // namespace
}  // namespace strongroom::review
