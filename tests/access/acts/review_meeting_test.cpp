// Tests the meeting: its date, its packs, and who attends. A test of a paragraph of the guidance is named after it.
#include "tests/access/acts/review_fixture.h"

namespace strongroom::access::testing {
namespace {

TEST_F(Review, Guidance_4_4_2_TheMeetingIsSetOnceTheTemplatesAreOutBetweenDays7And13) {
  expect_conflict(meet("2026-12-02"), "templates have been sent out");
  to_scoping();
  for (const char* outside : {"2026-11-30", "2026-12-10", "2026-12-05"})
    expect_conflict(meet(outside), "between 7 and 13 working days");
  expect_invalid(meet("2026-11-20", random_digest()), "follows the referral");
  expect_error(meet("2035-01-10", random_digest()), Errc::not_found);  // a year without bank holidays
  EXPECT_EQ(case_row().stage, Stage::scoping);
  expect_done(meet("2026-12-01"));
  EXPECT_EQ(review().meeting->working_day, 7U);
  expect_conflict(meet("2026-12-01"), "already");
  expect_conflict(meet("2026-12-09"), "needs a reason");  // a meeting moves only with a reason
  expect_done(meet("2026-12-09", random_digest()));
  EXPECT_EQ(review().meeting->working_day, 13U);
  // Two working days after it, the 15 that count from becoming aware are over.
  EXPECT_TRUE(review().meeting->breaks_the_whole);
  EXPECT_FALSE(review().meeting->outside_window);
  expect_done(meet("2026-12-10", random_digest()));
  EXPECT_TRUE(review().meeting->outside_window);
  expect_conflict(act(spoc_.id, wire::ScheduleMeeting{case_, 3, day("2026-12-02"), {}, {}, random_digest()}),
                  "the next is 4");
}

TEST_F(Review, Guidance_4_4_2_TeleconferenceIsForAnExtraordinaryMeetingWhereItIsEssential) {
  to_scoping();
  expect_invalid(meet("2026-12-02", random_digest(), MeetingKind::standing, MeetingMode::teleconference), "footnote 1");
  expect_conflict(meet("2026-12-02", {}, MeetingKind::extraordinary, MeetingMode::teleconference), "needs a reason");
  expect_done(meet("2026-12-02", random_digest(), MeetingKind::extraordinary, MeetingMode::teleconference));
}

TEST_F(Review, Guidance_4_5_1_APackSaysHowMuchOfWhatIsDueItLacks) {
  to_meeting();
  const auto share = [&](const std::vector<wire::SharedPack>& packs) {
    return act(spoc_.id, wire::SharePack{case_, PackSharing::in_advance, packs});
  };
  const RecordId form = file(spoc_, RecordClass::document_1);
  const CopyId thin = give({form}, reviewer_);
  expect_done(share({{reviewer_.id, thin}}));
  EXPECT_EQ(review().packs.front().lacking, 2U);  // neither agency has returned its document
  const RecordId returned = file(lead_, RecordClass::document_2);
  expect_done(act(lead_.id, wire::ReturnScoping{case_, school_, 1, returned, {"child-1"}, {}}));
  expect_done(act(other_lead_.id, wire::ReturnScoping{case_, clinic_, 1, {}, {"child-1"}, {}}));
  expect_done(share({{reviewer_.id, give({returned}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 1U);  // Document 1
  expect_done(act(spoc_.id, wire::AnswerDuties{case_, {.died = true, .in_area = true}}));
  const RecordId notification = file(spoc_, RecordClass::notification);
  expect_done(act(spoc_.id, wire::RecordDuty{case_, Duty::panel, day("2026-11-23"), notification}));
  expect_done(share({{reviewer_.id, give({form, returned}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 1U);
  expect_done(share({{reviewer_.id, give({form, returned, notification}, reviewer_)}}));
  EXPECT_EQ(review().packs.front().lacking, 0U);
  EXPECT_EQ(review().packs.size(), 1U);
}

TEST_F(Review, Guidance_4_5_2_PacksAreSharedInAdvanceOrTabledEachUnderItsHoldersKey) {
  to_scoping();
  const RecordId form = file(spoc_, RecordClass::document_1);
  const auto share = [&](PackSharing how, const Member& who, const CopyId& copy) {
    return act(spoc_.id, wire::SharePack{case_, how, {{who.id, copy}}});
  };
  const CopyId copy = give({form}, reviewer_);
  expect_conflict(share(PackSharing::in_advance, reviewer_, copy), "(4.5)");  // there is no meeting yet
  expect_done(meet("2026-12-02"));
  expect_conflict(share(PackSharing::tabled, reviewer_, copy), "(4.5.2)");
  expect_invalid(share(PackSharing::in_advance, lead_, copy), "another person");
  expect_invalid(act(spoc_.id, wire::SharePack{case_, {}, {}}), "each only once");
  expect_done(share(PackSharing::in_advance, reviewer_, copy));
  expect_conflict(share(PackSharing::in_advance, reviewer_, copy), "already");
  on("2026-12-03");
  const CopyId second = give({form}, lead_);
  expect_conflict(share(PackSharing::in_advance, lead_, second), "in advance");
  expect_done(share(PackSharing::tabled, lead_, second));
}

TEST_F(Review, Guidance_4_6_1_NobodyStandsForTwoPartnersNorForOneThatIsNotTheirs) {
  to_meeting();
  expect_conflict(act(spoc_.id, attendance()), "its date has not come yet");
  on("2026-12-02");
  auto twice = attendance();
  twice.present = {{authority_root_.id, authority_}, {authority_root_.id, icb_}, {police_root_.id, police_}};
  expect_invalid(act(spoc_.id, twice), "nobody for two partners (4.6.1)");
  auto foreign = attendance();
  foreign.present[1] = {reviewer_.id, icb_};
  expect_invalid(act(spoc_.id, foreign), "to which they do not belong");
  auto no_partner = attendance();
  no_partner.present[1] = {lead_.id, school_};
  expect_invalid(act(spoc_.id, no_partner), "safeguarding partner");
  auto unknown = attendance();
  unknown.present.push_back({new_id<PersonId>(), {}});
  expect_error(act(spoc_.id, unknown), Errc::not_found);
  auto nobody = attendance();
  nobody.present.clear();
  expect_invalid(act(spoc_.id, nobody), "at least one person who attended");
  auto many = attendance();
  for (std::size_t i = 0; i < kMaxAttendees; ++i) many.others.push_back({AttendeeBody::other, random_digest()});
  expect_error(act(spoc_.id, many), Errc::too_large);
  auto stale = attendance();
  stale.meeting = 2;
  expect_conflict(act(spoc_.id, stale), "moved");
  EXPECT_FALSE(review().attendance);
}

TEST_F(Review, Guidance_4_6_1_WithoutAllThreePartnersThereIsNoDecision) {
  to_meeting();
  expect_conflict(decide_on(), "(4.6.2)");  // the day of the meeting has not come
  on("2026-12-02");
  expect_conflict(decide_on(), "(4.6.1)");  // nobody is recorded as attending
  auto two = attendance();
  two.present.pop_back();
  two.others.push_back({AttendeeBody::police, random_digest()});  // only people who are enrolled count
  expect_done(act(spoc_.id, two));
  EXPECT_EQ(review().attendance->absent, std::vector{police_});
  expect_conflict(decide_on(), "police not present");
  expect_done(act(spoc_.id, attendance()));
  expect_done(decide_on());
  EXPECT_EQ(case_row().stage, Stage::decided);
}

TEST_F(Review, AMovedMeetingStartsWithNobodyThere) {
  to_meeting();
  on("2026-12-02");
  expect_done(act(spoc_.id, attendance()));
  expect_done(meet("2026-12-03", random_digest()));
  on("2026-12-03");
  expect_conflict(decide_on(), "not present");
}

}  // namespace
}  // namespace strongroom::access::testing
