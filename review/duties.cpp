#include "review/duties.h"

namespace strongroom::review {

std::vector<DutyApplies> duties_of(const DutyAnswers& answers) {
  std::vector<DutyApplies> duties;
  const bool grave = answers.died || answers.seriously_harmed;
  const std::string what = answers.died ? "a child died" : "a child was seriously harmed";
  if (grave && answers.in_area)
    duties.push_back({Duty::panel, what + " in the local authority's area"});
  else if (grave && answers.outside_england && answers.normally_resident)
    duties.push_back({Duty::panel, what + " outside England while normally resident in the area"});
  if (answers.died && answers.looked_after) {
    const std::string because = "a looked-after child died, whether or not abuse or neglect is known or suspected";
    duties.push_back({Duty::secretary_of_state, because});
    duties.push_back({Duty::ofsted, because});
  }
  if (!duties.empty()) {
    duties.push_back({Duty::share_with_partners, "a formal notification is always shared with the partners"});
    duties.push_back({Duty::document_1, "a formal notification needs the referral form as well"});
  }
  return duties;
}

}  // namespace strongroom::review
