#include "review/duties.h"

#include <gmock/gmock.h>

namespace strongroom::review {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Duty> duties(const DutyAnswers& answers) {
  std::vector<Duty> list;
  for (const DutyApplies& one : duties_of(answers)) {
    EXPECT_FALSE(one.because.empty());
    list.push_back(one.duty);
  }
  return list;
}

TEST(Duties, Para_4_1_2_ThePanelIsNotifiedOfADeathOrSeriousHarmInTheArea) {
  EXPECT_THAT(duties({.died = true, .in_area = true}),
              ElementsAre(Duty::panel, Duty::share_with_partners, Duty::document_1));
  EXPECT_THAT(duties({.seriously_harmed = true, .in_area = true}),
              ElementsAre(Duty::panel, Duty::share_with_partners, Duty::document_1));
  EXPECT_THAT(duties({.in_area = true}), IsEmpty());
}

TEST(Duties, Para_4_1_2_OutsideEnglandOnlyWhileNormallyResidentInTheArea) {
  EXPECT_THAT(duties({.died = true, .outside_england = true, .normally_resident = true}),
              ElementsAre(Duty::panel, Duty::share_with_partners, Duty::document_1));
  EXPECT_THAT(duties({.died = true, .outside_england = true}), IsEmpty());
  EXPECT_THAT(duties({.died = true, .normally_resident = true}), IsEmpty());
}

TEST(Duties, Para_4_1_2_TheDeathOfALookedAfterChildWhetherOrNotAbuseIsSuspected) {
  for (const bool suspected : {false, true})
    EXPECT_THAT(duties({.died = true, .looked_after = true, .abuse_or_neglect = suspected}),
                ElementsAre(Duty::secretary_of_state, Duty::ofsted, Duty::share_with_partners, Duty::document_1));
  EXPECT_THAT(duties({.seriously_harmed = true, .looked_after = true}), IsEmpty());
  EXPECT_THAT(
      duties({.died = true, .in_area = true, .looked_after = true}),
      ElementsAre(Duty::panel, Duty::secretary_of_state, Duty::ofsted, Duty::share_with_partners, Duty::document_1));
}

}  // namespace
}  // namespace strongroom::review
