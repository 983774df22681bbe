// Fills a form with the facts that the case and earlier documents contain already.
#include <algorithm>
#include <map>

#include "review/forms.h"

namespace strongroom::review {
namespace {

json::array rows_of(const std::vector<std::string>& labels, bool children, bool others) {
  json::array rows;
  for (const std::string& label : labels)
    if (label.starts_with("child") ? children : others) rows.push_back({{"label", label}});
  return rows;
}

// Returns every fact by its name. An unknown fact is there too, as null, so that a form that asks for a fact which does
// not exist is noticed.
std::map<std::string, json::value, std::less<>> facts_of(const CaseFacts& facts) {
  std::map<std::string, json::value, std::less<>> map;
  const auto text = [&](const char* name, const std::string& value) {
    map[name] = value.empty() ? json::value() : json::value(value);
  };
  const auto date = [&](const char* name, const std::optional<Date>& value) {
    map[name] = value ? json::value(vault::to_string(*value)) : json::value();
  };
  text("reference", facts.reference);
  text("agency", facts.agency);
  text("referred_by", facts.referred_by);
  date("incident_date", facts.incident_date);
  date("aware_date", facts.aware_date);
  date("received", facts.received);
  date("sent_on", facts.sent_on);
  date("return_due", facts.return_due);
  date("meeting_date", facts.meeting_date);
  date("outcome_sent_on", facts.outcome_sent_on);
  text("meeting_kind", facts.meeting_kind);
  text("meeting_mode", facts.meeting_mode);
  text("decision", facts.decision);
  text("panel_address", facts.panel_address);
  map["children"] = rows_of(facts.subjects, true, false);
  map["adults"] = rows_of(facts.subjects, false, true);
  map["subjects"] = rows_of(facts.subjects, true, true);
  return map;
}

// Returns the members of a row that `field` has too, since another document's rows may have more.
json::object row_like(const Field& field, const json::object& row) {
  json::object out;
  for (const Field& member : field.fields)
    if (const auto* value = row.if_contains(member.id)) out[member.id] = *value;
  return out;
}

// Adds rows from an earlier document. Rows with the same label become one row, and values that are there already stay.
void merge_rows(const Field& field, const json::array& more, json::array& rows) {
  for (const json::value& one : more) {
    const json::object add = row_like(field, one.get_object());
    const auto* label = add.if_contains("label");
    const auto same = std::ranges::find_if(rows, [&](const json::value& row) {
      const auto* other = row.get_object().if_contains("label");
      return label != nullptr && other != nullptr && *label == *other;
    });
    if (same == rows.end()) {
      if (rows.size() < field.max) rows.push_back(add);
      continue;
    }
    for (const auto& [name, value] : add) same->get_object().insert(json::key_value_pair(name, value));
  }
}

const json::value* carried(std::string_view from, std::span<const FilledForm> earlier) {
  const auto dot = from.find('.');
  for (const FilledForm& filled : earlier)
    if (filled.form->name() == from.substr(0, dot)) return filled.values.if_contains(from.substr(dot + 1));
  return nullptr;
}

}  // namespace

json::object prefill(const Form& form, const CaseFacts& facts, std::span<const FilledForm> earlier) {
  const auto known = facts_of(facts);
  json::object values;
  for (const Section& section : form.sections)
    for (const Field& field : section.fields) {
      json::value value;
      if (!field.fact.empty()) {
        const auto found = known.find(field.fact);
        vault::invariant(found != known.end(), "a shipped form asks for facts that there are");
        value = found->second;
      }
      for (const std::string& from : field.carry) {
        const auto* more = carried(from, earlier);
        if (more == nullptr) continue;
        if (field.type == FieldType::list)
          merge_rows(field, more->get_array(), value.get_array());
        else if (value.is_null())
          value = *more;
      }
      const bool is_nothing = value.is_null() || (value.is_array() && value.get_array().empty());
      if (!is_nothing) values[field.id] = std::move(value);
    }
  return values;
}

}  // namespace strongroom::review
