#include "review/rules.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "review/embedded_data.h"

namespace strongroom::review {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
  return std::string(object.at(name).as_string());
}

ClockRule clock_of(const json::object& object) {
  ClockRule rule;
  rule.clock = text_of(object, "clock");
  rule.trigger = text_of(object, "trigger");
  rule.working_days = static_cast<int>(object.at("working_days").as_int64());
  if (const auto* from = object.if_contains("from_working_days"))
    rule.from_working_days = static_cast<int>(from->as_int64());
  rule.met_by = text_of(object, "met_by");
  rule.cites = text_of(object, "cites");
  return rule;
}

// Reads our own data, so a fault in it is a fault of the program. The tests read every set.
RuleSet rules_of(std::string_view text) {
  const json::object object = json::parse(json::string_view(text)).as_object();
  RuleSet set{text_of(object, "name"), text_of(object, "title"), text_of(object, "citation"), {}};
  for (const json::value& clock : object.at("clocks").as_array()) set.clocks.push_back(clock_of(clock.as_object()));
  return set;
}

}  // namespace

const ClockRule& RuleSet::clock(std::string_view wanted) const {
  const auto found = std::ranges::find(clocks, wanted, &ClockRule::clock);
  vault::invariant(found != clocks.end(), "every rule set has the five clocks");
  return *found;
}

const std::vector<RuleSet>& rule_sets() {
  static const std::vector<RuleSet> sets = {rules_of(data::k_rules_guidance), rules_of(data::k_rules_panel)};
  return sets;
}

vault::Result<const RuleSet*> find_rules(std::string_view name) {
  std::string names;
  for (const RuleSet& set : rule_sets()) {
    if (set.name == name) return &set;
    names += (names.empty() ? "" : ", ") + set.name;
  }
  return vault::Error{vault::Errc::not_found, "there is no such rule set; the rule sets are: " + names};
}

}  // namespace strongroom::review
