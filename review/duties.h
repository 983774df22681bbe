// Derives from a few answers which of the local authority's own duties to notify apply, and why (4.1.2).
#pragma once
#include <boost/describe.hpp>
#include <string>
#include <vector>

namespace strongroom::review {

BOOST_DEFINE_ENUM_CLASS(Duty, panel, secretary_of_state, ofsted, share_with_partners, document_1)

struct DutyAnswers {
  bool died = false;
  bool seriously_harmed = false;
  bool in_area = false;            // of this local authority
  bool outside_england = false;    // it happened outside England
  bool normally_resident = false;  // in this local authority's area
  bool looked_after = false;
  bool abuse_or_neglect = false;  // known or suspected
};
BOOST_DESCRIBE_STRUCT(DutyAnswers, (),
                      (died, seriously_harmed, in_area, outside_england, normally_resident, looked_after,
                       abuse_or_neglect))

struct DutyApplies {
  Duty duty = Duty::panel;
  std::string because;
};

// Returns the duties that apply, in the order of Duty.
std::vector<DutyApplies> duties_of(const DutyAnswers& answers);

}  // namespace strongroom::review
