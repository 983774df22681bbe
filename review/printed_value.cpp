#include "review/printed_value.h"

#include <algorithm>
#include <array>

#include "review/print.h"

namespace strongroom::review {
namespace {

constexpr std::size_t kMostColumns = 5;
constexpr std::array kMonths{"January", "February", "March",     "April",   "May",      "June",
                             "July",    "August",   "September", "October", "November", "December"};
constexpr Date kNow{std::chrono::year(9999), std::chrono::January, std::chrono::day(1)};  // gives the present names

Date names_as_of(const Form& form, const json::object& values) {
  const auto* value = values.if_contains(form.names_as_of);
  if (value == nullptr || !value->is_string()) return kNow;
  return vault::parse_date(value->get_string()).value_or(kNow);
}

std::string label_of(const Field& field, std::string_view value) {
  const auto option = std::ranges::find(field.options, value, &Option::value);
  return option == field.options.end() ? std::string(value) : option->label;
}

void append(std::string& list, const std::string& more, std::string_view separator = ", ") {
  if (more.empty()) return;
  if (!list.empty()) list += separator;
  list += more;
}

std::string capitalised(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

}  // namespace

std::string long_date(const Date& date) {
  return std::to_string(static_cast<unsigned>(date.day())) + " " + kMonths.at(static_cast<unsigned>(date.month()) - 1) +
         " " + std::to_string(static_cast<int>(date.year()));
}

std::string partners_named(const Date& date) {
  return "the local authority, the " + std::string(health_partner(date)) + " and the police";
}

bool fits_a_table(const Field& list) {
  return list.fields.size() <= kMostColumns;
}

PrintedForm::PrintedForm(const Form& form, const json::object& values)
    : form_(form), values_(values), names_as_of_(names_as_of(form, values)) {}

std::string words_by_date(std::string_view text, const Date& date) {
  constexpr std::string_view kPlaceholder = "{health_partner}";
  std::string out(text);
  for (auto at = out.find(kPlaceholder); at != std::string::npos; at = out.find(kPlaceholder)) {
    const auto name = health_partner(date);
    out.replace(at, kPlaceholder.size(), at == 0 ? capitalised(name) : std::string(name));
  }
  return out;
}

std::string PrintedForm::words(std::string_view text) const {
  return words_by_date(text, names_as_of_);
}

std::string PrintedForm::value(const Field& field, const json::value& value) const {
  if (value.is_bool()) return value.get_bool() ? "Yes" : "No";
  std::string list;
  if (const auto* array = value.if_array()) {
    for (const json::value& one : *array) {
      if (one.is_string()) append(list, words(label_of(field, one.get_string())), "; ");
      // A row is represented by its first member, which names it.
      if (one.is_object() && !field.fields.empty())
        if (const auto* first = one.get_object().if_contains(field.fields.front().id))
          append(list, this->value(field.fields.front(), *first));
    }
    return list;
  }
  if (const auto* members = value.if_object()) {
    for (const Field& member : field.fields)
      if (const auto* one = members->if_contains(member.id)) append(list, this->value(member, *one));
    return list;
  }
  if (!value.is_string()) return {};
  const std::string_view text(value.get_string());
  if (field.type == FieldType::choice) return words(label_of(field, text));
  if (field.type != FieldType::date) return std::string(text);
  const auto date = vault::parse_date(text);
  return date ? long_date(*date) : std::string(text);
}

std::string PrintedForm::letter_text(std::string_view text, const Writer& plain, const Writer& given,
                                     const std::string& gap) const {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    out += plain(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    if (name == "partners") {
      out += plain(partners_named(names_as_of_));
      continue;
    }
    const Field* field = form_.find(name);
    vault::invariant(field != nullptr, "a shipped letter speaks of its own fields");
    const auto* found = values_.if_contains(name);
    out += found == nullptr ? gap : given(value(*field, *found));
  }
  return out;
}

}  // namespace strongroom::review
