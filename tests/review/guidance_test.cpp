// Tests every "must" and "should" of section 4 that is arithmetic, a stage or a form. Each test is named after its
// paragraph. Rules that need people, safes or the ledger are tested in tests/access and tests/end_to_end.
#include <gmock/gmock.h>

#include "review/chart.h"
#include "review/clocks.h"
#include "review/duties.h"
#include "review/pack.h"
#include "review/print.h"
#include "tests/review/documents.h"

namespace strongroom::review {
namespace {

using test::complete;
using test::date;
using test::form;
using test::problems;
using test::with;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const RuleSet& guidance() {
  return **find_rules("guidance");
}
const Calendar& calendar() {
  return Calendar::shipped();
}

// The referral is received on Monday 2026-03-02. Easter is the first weekend of April.
CaseDates case_of(std::string_view received) {
  CaseDates dates;
  dates.aware = dates.received = date(received);
  dates.agencies = {{"agency_a", date(received), std::nullopt, std::nullopt}};
  return dates;
}
Clock clock(const CaseDates& dates, std::string_view name, std::string_view today = "2026-03-02") {
  const auto clocks = clocks_of(dates, guidance(), calendar(), date(today)).value();
  return *std::ranges::find(clocks.list, name, &Clock::clock);
}
std::string letter(int document) {
  return print_html(form(document), complete(document).values);
}
Facts facts_at(Stage stage) {
  Facts facts;
  facts.stage = stage;
  facts.templates_sent = facts.meeting_reached = true;
  return facts;
}

TEST(Guidance, P4_1_1_AReferralToTheSinglePointOfContactIsMadeOnDocument1) {
  EXPECT_EQ(form(1).cites, "4.1.1");
  for (const char* needed : {"agency", "referrer", "incident_date", "account", "children", "reasons"})
    EXPECT_TRUE(form(1).find(needed)->required) << needed;
}

TEST(Guidance, P4_1_2_TheLocalAuthorityNotifiesThePanelOfADeathOrSeriousHarmAlsoOutsideEngland) {
  for (const DutyAnswers& answers :
       {DutyAnswers{.died = true, .in_area = true}, DutyAnswers{.seriously_harmed = true, .in_area = true},
        DutyAnswers{.died = true, .outside_england = true, .normally_resident = true}})
    EXPECT_THAT(duties_of(answers), Contains(::testing::Field(&DutyApplies::duty, Duty::panel)));
}

TEST(Guidance, P4_1_2_ALookedAfterChildsDeathGoesToTheSecretaryOfStateAndOfstedWhateverIsSuspected) {
  const auto duties = duties_of({.died = true, .in_area = true, .looked_after = true, .abuse_or_neglect = false});
  for (const Duty duty : {Duty::secretary_of_state, Duty::ofsted})
    EXPECT_THAT(duties, Contains(::testing::Field(&DutyApplies::duty, duty)));
}

TEST(Guidance, P4_1_2_AFormalNotificationMustBeSharedAndDocument1Completed) {
  const auto duties = duties_of({.died = true, .in_area = true});
  for (const Duty duty : {Duty::share_with_partners, Duty::document_1})
    EXPECT_THAT(duties, Contains(::testing::Field(&DutyApplies::duty, duty)));
}

TEST(Guidance, P4_2_1_WhatIsToBeDoneNextAndByWhomIsKnownUntilTheReviewHasEnded) {
  for (const Stage stage : {Stage::referred, Stage::scoping, Stage::meeting_set, Stage::decided, Stage::outcome_sent})
    EXPECT_TRUE(next_act(facts_at(stage)));
  EXPECT_FALSE(next_act(facts_at(Stage::closed)));
}

TEST(Guidance, P4_2_2_TheRapidReviewMustBeCompletedWithin15WorkingDaysOfBecomingAware) {
  EXPECT_EQ(clock(case_of("2026-03-02"), "rapid-review").due, date("2026-03-23"));
  // Good Friday and Easter Monday do not count.
  EXPECT_EQ(clock(case_of("2026-03-27"), "rapid-review").due, date("2026-04-21"));
  CaseDates dates = case_of("2026-03-04");
  dates.aware = date("2026-03-02");
  EXPECT_EQ(clock(dates, "rapid-review").due, date("2026-03-23"));
}

TEST(Guidance, P4_2_2_AFlowChartSetsOutStagesAndTimescales) {
  ChartFacts facts;
  facts.dates = case_of("2026-03-02");
  const auto chart = chart_of(facts, guidance(), calendar(), date("2026-03-02")).value();
  std::vector<std::string> cites;
  for (const ChartStep& step : chart.steps) cites.push_back(step.cites);
  EXPECT_THAT(cites, ElementsAre("4.2.2", "4.1.1", "4.3.3", "4.3.4", "4.3.5", "4.4.2", "4.6", "4.7.1, 4.2.2",
                                 "4.7.2, 4.7.3", "4.7"));
}

TEST(Guidance, P4_3_1_EveryAgencyAskedContributesAndOneFoundLateHasItsOwnTime) {
  CaseDates dates = case_of("2026-03-02");
  dates.agencies.push_back({"agency_b", date("2026-03-09"), std::nullopt, std::nullopt});
  const auto clocks = clocks_of(dates, guidance(), calendar(), date("2026-03-09")).value();
  std::vector<std::string> due;
  for (const Clock& one : clocks.list)
    if (one.clock == "templates") due.push_back(*one.agency + " " + vault::to_string(*one.due));
  EXPECT_THAT(due, ElementsAre("agency_a 2026-03-04", "agency_b 2026-03-11"));
}

TEST(Guidance, P4_3_1_ThatTheFamilyIsNotKnownIsAReturnToo) {
  json::object nil;
  for (const char* name : {"reference", "agency", "sent_on", "return_due", "incident_date", "subjects", "completed_by",
                           "searches", "signed_by", "returned_on"})
    nil[name] = complete(2).values.at(name);
  nil["known"] = false;
  EXPECT_THAT(problems(check_form(form(2), nil, test::kToday)), IsEmpty());
}

TEST(Guidance, P4_3_2_ScopingGathersBasicFactsAndTheExtentOfInvolvement) {
  for (const char* asked : {"known", "searches", "services", "summary", "events"})
    EXPECT_NE(form(2).find(asked), nullptr) << asked;
  EXPECT_THAT(letter(3), HasSubstr("basic facts only"));
}

TEST(Guidance, P4_3_3_Document2ShouldBeSentWithin2WorkingDaysOfReceivingTheReferral) {
  EXPECT_EQ(clock(case_of("2026-03-02"), "templates").due, date("2026-03-04"));
  EXPECT_EQ(clock(case_of("2026-03-06"), "templates").due, date("2026-03-10"));  // a Friday
  EXPECT_EQ(clock(case_of("2026-03-07"), "templates").due, date("2026-03-10"));  // a Saturday
}

TEST(Guidance, P4_3_3_Document3OutlinesTheReferralAndExplainsThePurpose) {
  const std::string text = letter(3);
  EXPECT_THAT(text, HasSubstr("received a referral about a serious incident on 1 March 2026"));
  EXPECT_THAT(text, HasSubstr("A baby has injuries that are not explained."));
  EXPECT_THAT(text, HasSubstr("The purpose is to let the Rapid Review see the key events"));
}

TEST(Guidance, P4_3_4_AgenciesShouldReturnWithin5WorkingDaysOfSending) {
  CaseDates dates = case_of("2026-03-02");
  EXPECT_EQ(clock(dates, "return").state, ClockState::waiting);
  dates.agencies[0].templates_sent = date("2026-03-04");
  EXPECT_EQ(clock(dates, "return").due, date("2026-03-11"));
  EXPECT_THAT(letter(3), HasSubstr("return it within 5 working days, giving it priority over other work"));
}

TEST(Guidance, P4_3_5_Document3AsksForAllRecordsToBeSecured) {
  const std::string text = letter(3);
  for (const char* asked : {"secure every record and file", "on paper and electronic",
                            "nobody in your agency can reach them except through one nominated representative",
                            "has a copy made, notes who holds it, and has the copy secured too",
                            "Destruction suspended", "Nothing altered"})
    EXPECT_THAT(text, HasSubstr(asked));
}

TEST(Guidance, P4_3_5_Document2AsksWhoIsNominatedAndWhatIsSecured) {
  for (const char* asked : {"representative", "sources", "destruction_suspended"})
    EXPECT_TRUE(form(2).find(asked)->required);
}

TEST(Guidance, P4_4_1_TheMeetingIsThatOfAStandingGroupOrAnExtraordinaryOne) {
  EXPECT_THAT(problems(with(4, "meeting_kind", "extraordinary")), IsEmpty());
  EXPECT_THAT(problems(with(4, "meeting_kind", "social")),
              ElementsAre("meeting_kind: must be one of standing, extraordinary"));
}

TEST(Guidance, P4_4_2_TheDateShouldBeSetOnceTheTemplatesAreOut) {
  Facts facts = facts_at(Stage::referred);
  EXPECT_EQ(next_stage(Step::set_meeting, facts).code(), Errc::conflict);
  EXPECT_EQ(next_stage(Step::set_meeting, facts_at(Stage::scoping)).value(), Stage::meeting_set);
}

TEST(Guidance, P4_4_2_MeetingIsOfferedBetween7And13WorkingDays) {
  const auto offered = meeting_dates(case_of("2026-03-27"), guidance(), calendar()).value();
  std::vector<std::pair<std::string, int>> list;
  for (const MeetingDate& one : offered) list.emplace_back(vault::to_string(one.date), one.working_day);
  using ::testing::Pair;
  EXPECT_THAT(list,
              ElementsAre(Pair("2026-04-09", 7), Pair("2026-04-10", 8), Pair("2026-04-13", 9), Pair("2026-04-14", 10),
                          Pair("2026-04-15", 11), Pair("2026-04-16", 12), Pair("2026-04-17", 13)));
  for (const auto& [day, number] : list)
    EXPECT_TRUE(check_meeting_date(case_of("2026-03-27"), date(day), guidance(), calendar()));
  for (const char* outside : {"2026-04-08", "2026-04-12", "2026-04-20"})
    EXPECT_EQ(check_meeting_date(case_of("2026-03-27"), date(outside), guidance(), calendar()).code(), Errc::conflict);
}

TEST(Guidance, P4_4_2_AMeetingOnDay13LeavesTheOutcomeTooLittleTimeWhenAwarenessCameFirst) {
  CaseDates dates = case_of("2026-03-03");
  dates.aware = date("2026-03-02");
  const auto offered = meeting_dates(dates, guidance(), calendar()).value();
  EXPECT_TRUE(offered.back().breaks_the_whole);
  EXPECT_FALSE(offered[offered.size() - 2].breaks_the_whole);
  dates.meeting = offered.back().date;
  EXPECT_THAT(clocks_of(dates, guidance(), calendar(), date("2026-03-10"))->warnings,
              ElementsAre(StartsWith("the meeting on 2026-03-20 does not leave")));
}

TEST(Guidance, P4_4_2_ATeleconferenceIsForExtraordinaryMeetingsWhereEssentialToTheTimescale) {
  json::object values = complete(4).values;
  values["meeting_mode"] = "teleconference";
  EXPECT_THAT(problems(check_form(form(4), values, test::kToday)),
              ElementsAre("meeting_mode: may be teleconference only if meeting_kind is extraordinary (4.4.2)"));
  values["meeting_kind"] = "extraordinary";
  EXPECT_THAT(problems(check_form(form(4), values, test::kToday)), ElementsAre("teleconference_reason: is missing"));
  values["teleconference_reason"] = "A partner could be there in no other way before day 13.";
  EXPECT_THAT(problems(check_form(form(4), values, test::kToday)), IsEmpty());
}

TEST(Guidance, P4_5_1_ThePackHoldsReferralNotificationAndEveryScoping) {
  MeetingPack pack;
  pack.notified = true;
  pack.returned = {"Agency A"};
  pack.not_returned = {"Agency B"};
  EXPECT_THAT(missing_from(pack),
              ElementsAre(HasSubstr("Document 1"), HasSubstr("notification"), HasSubstr("Agency B")));
}

TEST(Guidance, P4_5_2_DocumentsAreSharedOnceTheMeetingIsSetAndUntilItDecides) {
  for (const Stage stage : {Stage::referred, Stage::scoping, Stage::decided, Stage::closed})
    EXPECT_EQ(next_stage(Step::share_pack, facts_at(stage)).code(), Errc::conflict);
  EXPECT_TRUE(next_stage(Step::share_pack, facts_at(Stage::meeting_set)));
}

TEST(Guidance, P4_6_1_TheMeetingIsQuorateOnlyWithEachOfTheThreePartners) {
  Facts facts = facts_at(Stage::meeting_set);
  EXPECT_TRUE(next_stage(Step::decide, facts));
  for (const char* absent : {"local-authority", "icb", "police"}) {
    facts.partners_absent = {absent};
    EXPECT_THAT(next_stage(Step::decide, facts).error().message, HasSubstr("(4.6.1)"));
    json::array attendance = complete(4).values.at("attendance").as_array();
    for (json::value& row : attendance)
      if (row.as_object().at("partner") == absent) row.as_object()["partner"] = "none";
    EXPECT_THAT(problems(with(4, "attendance", attendance)),
                ElementsAre("attendance: has no row for " + std::string(absent) + " (4.6.1)"));
  }
}

TEST(Guidance, P4_6_1_TheHealthPartnerIsNamedAsItWasOnTheDay) {
  EXPECT_EQ(partners_named(date("2022-06-30")), "the local authority, the clinical commissioning group and the police");
  EXPECT_EQ(partners_named(date("2022-07-01")), "the local authority, the integrated care board and the police");
}

TEST(Guidance, P4_6_2_TheMeetingShouldReviewFactsSafetyAndImprovementsAndDecide) {
  for (const char* field : {"facts", "action_needed", "improvements", "decision", "rationale"}) {
    EXPECT_TRUE(form(4).find(field)->required);
    EXPECT_THAT(problems(with(4, field, nullptr)), Contains(std::string(field) + ": is missing"));
  }
}

TEST(Guidance, P4_6_2_AnImmediateActionHasAnOwnerAndADay) {
  EXPECT_THAT(problems(with(4, "actions", nullptr)), ElementsAre(StartsWith("actions: immediate action is needed")));
  EXPECT_THAT(problems(with(4, "actions", json::array{{{"action", "Visit"}}})),
              ElementsAre("actions[1].owner: is missing", "actions[1].due: is missing"));
}

TEST(Guidance, P4_6_2_WithoutAPracticeReviewAnotherFormOrLearningActedUponIsConsidered) {
  EXPECT_THAT(problems(with(4, "decision", "alternative-review")), ElementsAre("alternative: is missing"));
  EXPECT_THAT(problems(with(4, "decision", "neither")), ElementsAre("learning_acted_upon: is missing"));
}

TEST(Guidance, P4_6_3_Document4ShouldBeAgreedAndADissentHasItsReasonsPrinted) {
  EXPECT_THAT(problems(with(4, "answers", json::array{{{"partner", "icb"}, {"answer", "dissent"}}})),
              ElementsAre("answers[1].reasons: is missing"));
  EXPECT_THAT(print_html(form(4), complete(4).values),
              HasSubstr("The criminal investigation should end before a review is begun."));
  Facts facts = facts_at(Stage::decided);
  facts.partners_silent = {"police"};
  EXPECT_THAT(next_stage(Step::send_outcome, facts).error().message, HasSubstr("no answer yet from police"));
}

TEST(Guidance, P4_6_3_NobodyAnswersForAPartnerTwice) {
  json::array answers = complete(4).values.at("answers").as_array();
  answers[1] = answers[0];
  EXPECT_THAT(problems(with(4, "answers", answers)),
              ElementsAre("answers[2].partner: is the same as in an earlier row"));
}

TEST(Guidance, P4_6_3_AnIndependentChairMayEndorse) {
  EXPECT_FALSE(form(4).find("endorsed_by")->required);
  EXPECT_TRUE(next_stage(Step::endorse, facts_at(Stage::decided)));
  EXPECT_EQ(next_stage(Step::endorse, facts_at(Stage::meeting_set)).code(), Errc::conflict);
}

TEST(Guidance, P4_7_1_TheOutcomeShouldGoToThePanelWithin2WorkingDaysOfTheMeetingWithALetter) {
  CaseDates dates = case_of("2026-03-02");
  dates.meeting = date("2026-03-13");
  EXPECT_EQ(clock(dates, "outcome").due, date("2026-03-17"));
  const auto pack = panel_pack(complete(4), complete(5)).value();
  for (const char* name : {"document-4-rapid-review.html", "document-5-letter.html", "manifest.sha256"})
    EXPECT_THAT(pack, Contains(::testing::Field(&PackFile::name, name)));
  EXPECT_THAT(letter(5), HasSubstr("Mailbox.NationalReviewPanel@education.gov.uk"));
}

TEST(Guidance, P4_7_2_OtherAgenciesAndTheReferrerShouldBeInformedOfTheOutcome) {
  EXPECT_EQ(next_stage(Step::inform, facts_at(Stage::decided)).code(), Errc::conflict);
  EXPECT_TRUE(next_stage(Step::inform, facts_at(Stage::outcome_sent)));
  EXPECT_THAT(next_act(facts_at(Stage::outcome_sent))->what, HasSubstr("(4.7.2)"));
}

TEST(Guidance, P4_7_3_AgenciesAreRemindedToNotifyTheirInspectorates) {
  ChartFacts facts;
  facts.dates = case_of("2026-03-02");
  EXPECT_THAT(chart_text(chart_of(facts, guidance(), calendar(), date("2026-03-02")).value()),
              HasSubstr("each tells its inspectorate (4.7.2, 4.7.3)"));
}

}  // namespace
}  // namespace strongroom::review
