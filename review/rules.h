// Rule sets: the clocks of a Rapid Review as dated data with their citation (review/rules/*.json). A case keeps the set
// it began under; its entries name it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace strongroom::review {

inline constexpr std::string_view kDefaultRules = "guidance";
// A local target, not from the guidance: an agency has secured its records so many working days after it was asked.
// Unless a partnership says otherwise.
inline constexpr int kSecuringTargetDays = 5;
inline constexpr int kMaxSecuringTargetDays = 60;

struct ClockRule {
  std::string clock;          // templates, return, meeting, outcome, rapid-review
  std::string trigger;        // received, templates-sent, meeting, aware, notified: day 0
  int from_working_days = 0;  // not before this one; 0: no such limit
  int working_days = 0;       // due
  std::string met_by;         // templates-sent, returned, meeting, outcome-sent
  std::string cites;          // the paragraph, "4.4.2"
};

struct RuleSet {
  std::string name;
  std::string title;
  std::string citation;
  std::vector<ClockRule> clocks;
  // The rule of that name, which every set has.
  const ClockRule& clock(std::string_view name) const;
};

// What ships: "guidance" (15 WD from becoming aware, 4.2.2) and "panel" (15 WD from the notification).
const std::vector<RuleSet>& rule_sets();
// Errc::not_found names the sets that there are.
vault::Result<const RuleSet*> find_rules(std::string_view name);

}  // namespace strongroom::review
