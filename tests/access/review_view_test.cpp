// Tests the state of a review as each kind of reader sees it.
#include <gmock/gmock.h>

#include "access/state/review_status.h"
#include "tests/access/world.h"

namespace strongroom::access::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Viewed<wire::ReviewView> viewed(World& world, const Identity& who, const std::string& id) {
  const auto txn = *world.store().engine().read();
  const auto view = *View::of(world.store(), *txn, who.id, world.now());
  return view.review(id);
}
wire::ReviewView review_of(World& world, const Identity& who, const std::string& id) {
  auto shown = viewed(world, who, id);
  EXPECT_TRUE(shown) << shown.error().message;
  if (!shown || !std::holds_alternative<wire::ReviewView>(*shown)) {
    ADD_FAILURE() << "nothing is shown";
    return {};
  }
  return std::get<wire::ReviewView>(*shown);
}
wire::CalendarView calendar_of(World& world, const Identity& who) {
  const auto txn = *world.store().engine().read();
  return *View::of(world.store(), *txn, who.id, world.now())->calendar();
}
Date day(const std::string& text) {
  return *vault::parse_date(text);
}
const wire::ClockView* clock_of(const wire::ReviewView& view, const std::string& clock,
                                const std::optional<AgencyId>& agency = {}) {
  for (const wire::ClockView& one : view.clocks)
    if (one.clock == clock && one.agency == agency) return &one;
  return nullptr;
}
std::vector<ReviewTask> tasks_of(const wire::ReviewView& view) {
  std::vector<ReviewTask> tasks;
  for (const wire::OwedView& one : view.owed) tasks.push_back(one.task);
  return tasks;
}

// Makes a case of the school's, received on Sunday 2026-11-22, with the clinic asked and the school's safe open.
struct OpenCase {
  OpenCase() {
    world.populate();
    world.open_case();
    id = world.case_id.to_string();
  }
  World world;
  std::string id;
};

TEST(ReviewView, Guidance_4_2_1_ShowsWhatIsOwedByWhomAndByWhen) {
  OpenCase open;
  wire::ReviewView view = review_of(open.world, open.world.spoc, open.world.reference);
  EXPECT_EQ(view.case_, open.world.case_id);
  EXPECT_EQ(view.stage, Stage::referred);
  EXPECT_EQ(view.rules, "guidance");
  EXPECT_TRUE(view.whole);
  EXPECT_THAT(view.next.value_or(""), HasSubstr("4.3.3"));
  EXPECT_THAT(tasks_of(view),
              ElementsAre(ReviewTask::send_templates, ReviewTask::secure_records, ReviewTask::send_templates,
                          ReviewTask::secure_records, ReviewTask::answer_duties));
  EXPECT_EQ(view.owed[0].due, day("2026-11-24"));
  EXPECT_FALSE(view.owed[0].overdue);
  open.world.pass(3 * 86'400'000LL);
  view = review_of(open.world, open.world.spoc, open.id);
  EXPECT_TRUE(view.owed[0].overdue);
  EXPECT_EQ(clock_of(view, "templates", open.world.school)->state, "overdue");
}

TEST(ReviewView, Guidance_4_2_2_ShowsEveryClockWithItsWorkingAndNamesTheOneThatBinds) {
  OpenCase open;
  const wire::ReviewView view = review_of(open.world, open.world.spoc, open.id);
  const wire::ClockView* whole = clock_of(view, "rapid-review");
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->trigger_date, day("2026-11-19"));
  EXPECT_EQ(whole->due, day("2026-12-10"));
  EXPECT_EQ(whole->working.size(), 21U);
  EXPECT_EQ(std::ranges::count(whole->working, true, &wire::WorkingDayView::working), 15);
  EXPECT_EQ(whole->working[1].reason, "Saturday");
  EXPECT_EQ(std::ranges::count(view.clocks, true, &wire::ClockView::binding), 1);
  EXPECT_TRUE(clock_of(view, "templates", open.world.school)->binding);
  EXPECT_EQ(clock_of(view, "outcome")->state, "waiting");
  ASSERT_EQ(view.meeting_dates.size(), 7U);
  EXPECT_EQ(view.meeting_dates.front().date, day("2026-12-01"));
  EXPECT_FALSE(view.meeting_dates.front().breaks_the_whole);
  EXPECT_EQ(view.meeting_dates.back().working_day, 13U);
  EXPECT_TRUE(view.meeting_dates.back().breaks_the_whole);
  EXPECT_THAT(view.warnings, ElementsAre(HasSubstr("2026-12-08")));
}

TEST(ReviewView, Guidance_4_3_5_ShowsHowFarEachAgencyIsAndSinceWhenItsRecordsAreExposed) {
  OpenCase open;
  World& world = open.world;
  const auto school = [&] { return review_of(world, world.spoc, open.id).agencies.at(0); };
  wire::AgencyReviewView view = school();
  EXPECT_TRUE(view.referrer);
  EXPECT_EQ(view.securing, SecuringProgress::nominated);
  EXPECT_EQ(view.representatives, 2U);
  EXPECT_EQ(view.securing_target, day("2026-11-27"));  // a local target: five working days
  EXPECT_EQ(view.exposed_hours, 1U);
  EXPECT_EQ(review_of(world, world.spoc, open.id).agencies.at(1).securing, SecuringProgress::asked);
  world.records = world.seal(world.depositor, world.safe, 1);
  EXPECT_EQ(school().securing, SecuringProgress::securing);
  const auto declare = [&](std::uint64_t version, const wire::DeclaredSource& source) {
    world.done(world.lead, wire::MakeDeclaration{
                               .safe = world.safe.id,
                               .version = version,
                               .epoch = 0,
                               .nothing_held = false,
                               .searched = {"child-1"},
                               .sources = {source},
                               .gaps = {},
                               .form = world.stage(world.lead, world.age_file("form", world.safe.key.recipient()))});
  };
  declare(1, {SourceKind::share, SourceState::still_open, OpenReason::technical, day("2026-12-31")});
  EXPECT_EQ(school().securing, SecuringProgress::declared);
  world.pass(5 * 3'600'000LL);
  declare(2, {SourceKind::share, SourceState::removed, {}, {}});
  world.pass(48 * 3'600'000LL);
  view = school();
  EXPECT_EQ(view.securing, SecuringProgress::secured);
  EXPECT_EQ(view.exposed_hours, 6U);  // the hours count until it was closed, not until now
}

TEST(ReviewView, AnAgencySeesItsOwnPartAndNoOthers) {
  OpenCase open;
  World& world = open.world;
  const wire::ReviewView view = review_of(world, world.other_lead, open.id);
  EXPECT_FALSE(view.whole);
  ASSERT_EQ(view.agencies.size(), 1U);
  EXPECT_EQ(view.agencies.front().agency, world.clinic);
  EXPECT_EQ(clock_of(view, "templates", world.school), nullptr);
  EXPECT_NE(clock_of(view, "templates", world.clinic), nullptr);
  EXPECT_THAT(tasks_of(view), ElementsAre(ReviewTask::secure_records));
  EXPECT_FALSE(view.pack || view.next || view.next_by);
  EXPECT_THAT(view.duties, IsEmpty());
  EXPECT_THAT(review_of(world, world.administrator, open.id).agencies, IsEmpty());
}

TEST(ReviewView, WhatIsNotThereOrNotSeenIsAnsweredAlike) {
  OpenCase open;
  World& world = open.world;
  const Identity stranger = world.invite(world.police_root, world.police, {Role::practitioner}, "Constable");
  const auto hidden = [&](const std::string& id) {
    const auto shown = viewed(world, stranger, id);
    return shown && std::holds_alternative<Refusal>(*shown) && std::get<Refusal>(*shown).hidden;
  };
  EXPECT_TRUE(hidden(open.id));
  EXPECT_TRUE(hidden(CaseId::generate(1).to_string()));
  EXPECT_TRUE(hidden("RR-2026-9999"));
  EXPECT_EQ(viewed(world, stranger, "case_").code(), Errc::invalid_argument);
  // The gate and replay reach the same result from only the request.
  const auto txn = *world.store().engine().read();
  const Actor actor{stranger.id.to_string(), stranger.id, std::nullopt};
  const auto again =
      refusal_of_read(world.store().state(), *txn, actor, Action::see_case, "/v1/cases/" + open.id + "/review");
  ASSERT_TRUE(again && *again);
  const auto shown = viewed(world, stranger, open.id);
  EXPECT_EQ((*again)->rule, std::get<Refusal>(*shown).rule);
  EXPECT_EQ((*again)->ids.case_, std::get<Refusal>(*shown).ids.case_);
}

// --- a whole review -------------------------------------------------------------------------------------------------

struct LivedReview {
  LivedReview() {
    world.populate();
    world.open_case();
    world.live_through_a_review();
    const auto txn = *world.store().engine().read();
    const auto view = *View::of(world.store(), *txn, world.spoc.id, world.now());
    for (const wire::CaseView& one : view.cases("")->items)
      if (one.stage == Stage::closed) id = one.case_.to_string();
  }
  World world;
  std::string id;
};

TEST(ReviewView, AWholeReviewIsShownToThoseWhoReviewIt) {
  LivedReview lived;
  World& world = lived.world;
  const wire::ReviewView view = review_of(world, world.reviewer, lived.id);
  EXPECT_EQ(view.rules, "panel");
  EXPECT_EQ(view.linked_to, world.case_id);
  EXPECT_FALSE(view.next);
  EXPECT_TRUE(view.ended);
  EXPECT_EQ(view.end_reason, "The clinic is told by letter still.");
  EXPECT_THAT(tasks_of(view),
              ElementsAre(ReviewTask::inform, ReviewTask::duty));  // the clinic's, and sharing the notification
  ASSERT_EQ(view.agencies.size(), 2U);
  EXPECT_EQ(view.agencies[0].scoping, ScopingProgress::nil);
  EXPECT_EQ(view.agencies[0].return_reason, "By telephone.");
  EXPECT_TRUE(view.agencies[0].on_behalf);
  EXPECT_EQ(view.agencies[1].scoping, ScopingProgress::returned);
  EXPECT_TRUE(view.agencies[1].acknowledged);
  ASSERT_EQ(view.agencies[1].inspectorates.size(), 1U);
  EXPECT_EQ(view.agencies[1].inspectorates.front().body, Inspectorate::ofsted);
  EXPECT_EQ(view.agencies[1].inspectorates.front().on, vault::london_date(world.now()));
  ASSERT_EQ(view.duties.size(), 3U);
  EXPECT_TRUE(view.duties[0].applies && view.duties[0].done && view.duties[0].record);
  EXPECT_FALSE(view.duties[1].done);
  ASSERT_TRUE(view.meeting && view.attendance && view.decision && view.outcome && view.pack);
  EXPECT_EQ(view.meeting->reason, "Nobody can travel.");
  EXPECT_EQ(clock_of(view, "meeting")->reason, "Agreed.");
  EXPECT_TRUE(view.attendance->quorate);
  EXPECT_EQ(view.attendance->others.at(0).name, "The head teacher");
  EXPECT_EQ(view.packs.size(), 1U);
  EXPECT_EQ(view.packs[0].state, CopyState::prepared);
  EXPECT_TRUE(view.pack->complete);
  EXPECT_EQ(view.decision->version, 2U);
  EXPECT_TRUE(view.decision->frozen);
  EXPECT_THAT(view.decision->silent, IsEmpty());
  ASSERT_EQ(view.decision->answers.size(), 3U);
  EXPECT_EQ(view.decision->answers[1].answer, PartnerAnswer::dissent);
  EXPECT_EQ(view.decision->answers[1].reason, "Nothing is new.");
  EXPECT_TRUE(view.decision->answers[2].by_spoc);
  EXPECT_EQ(view.decision->endorsed->remark, "As it should be.");
  EXPECT_EQ(view.outcome->panel_answer, PanelAnswer::agreed);
  for (const wire::ClockView& clock : view.clocks) EXPECT_FALSE(clock.binding) << clock.clock;
}

TEST(ReviewView, AnAgencyIsNotShownWhatThePartnersSaid) {
  LivedReview lived;
  World& world = lived.world;
  const wire::ReviewView view = review_of(world, world.lead, lived.id);
  const std::string text = wire::encode(view);
  for (const char* words :
       {"Nothing is new.", "The head teacher", "By telephone.", "Agreed.", "Nobody can travel.", "told by letter"})
    EXPECT_THAT(text, ::testing::Not(HasSubstr(words)));
  EXPECT_FALSE(view.decision || view.outcome || view.attendance || view.linked_to);
  EXPECT_TRUE(view.meeting);
}

TEST(ReviewView, TheCalendarIsTheShippedOneWithWhatWasImported) {
  LivedReview lived;
  const wire::CalendarView view = calendar_of(lived.world, lived.world.outsider);
  EXPECT_THAT(view.added, ElementsAre(day("2029-01-01")));
  EXPECT_EQ(view.first_year, 2018U);
  EXPECT_EQ(view.last_year, 2029U);
  EXPECT_NE(view.calendar, review::Calendar::shipped().digest());
  const std::vector<review::Holiday> added = {{view.added.front(), {}}};
  EXPECT_EQ(review::Calendar::shipped().without(view.removed).merged_with(added)->digest(), view.calendar);
  EXPECT_EQ(view.holidays.size(), review::Calendar::shipped().holidays().size() + 1);
}

TEST(ReviewView, AVaultThatLivedThroughAReviewIsSoundAndRebuildsTheSame) {
  LivedReview lived;
  auto report = check(lived.world.store());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->is_sound()) << report->findings.front().value << ": " << report->findings.front().problem;
  const std::string before = wire::encode(review_of(lived.world, lived.world.spoc, lived.id));
  ASSERT_TRUE(rebuild(lived.world.store()));
  EXPECT_EQ(wire::encode(review_of(lived.world, lived.world.spoc, lived.id)), before);
  report = check(lived.world.store());
  EXPECT_TRUE(report->is_sound());
}

}  // namespace
}  // namespace strongroom::access::testing
