// Rule sets are the clocks of a Rapid Review as dated data with their citations (review/rules/*.json). A case keeps the
// set under which it began, and its entries name that set, so that new guidance does not change a running review.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace strongroom::review {

inline constexpr std::string_view kDefaultRules = "guidance";
// The number of working days in which an agency should secure its records after it was asked. This is a local target,
// which is not in the guidance, and a partnership may set another one.
inline constexpr int kSecuringTargetDays = 5;
inline constexpr int kMaxSecuringTargetDays = 60;

struct ClockRule {
  std::string clock;          // templates, return, meeting, outcome, rapid-review
  std::string trigger;        // received, templates-sent, meeting, aware, notified: day 0
  int from_working_days = 0;  // the first working day allowed; 0 means that there is no such limit
  int working_days = 0;       // the working day on which it is due
  std::string met_by;         // templates-sent, returned, meeting, outcome-sent
  std::string cites;          // the paragraph, "4.4.2"
};

struct RuleSet {
  std::string name;
  std::string title;
  std::string citation;
  std::vector<ClockRule> clocks;
  // Returns the rule of that name. Every set has all five; another name breaks an invariant.
  const ClockRule& clock(std::string_view name) const;
};

// The sets that are built in: "guidance" (15 working days from becoming aware, 4.2.2) and "panel" (15 working days from
// the notification).
const std::vector<RuleSet>& rule_sets();
// The message of Errc::not_found lists the sets.
vault::Result<const RuleSet*> find_rules(std::string_view name);

}  // namespace strongroom::review
