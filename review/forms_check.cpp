// Finds out which values of a filled form are right, and what is wrong with the others.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <set>

#include "review/forms.h"
#include "vault/base/bytes.h"

namespace strongroom::review {
namespace {

using Kind = Problem::Kind;

constexpr std::size_t kMaxMemberName = 64;

// Finds a member that is given twice in one object. The ordinary parser would silently keep only one of the two values,
// so that another reader could see another form.
class TwiceFinder {
 public:
  static constexpr std::size_t max_object_size = kMaxFormBytes;
  static constexpr std::size_t max_array_size = kMaxFormBytes;
  static constexpr std::size_t max_key_size = kMaxFormBytes;
  static constexpr std::size_t max_string_size = kMaxFormBytes;
  using Code = boost::system::error_code;
  using Text = json::string_view;

  bool found = false;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_object_begin(Code&) {
    names_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    names_.pop_back();
    return true;
  }
  bool on_key_part(Text part, std::size_t, Code&) {
    name_ += part;
    return true;
  }
  bool on_key(Text part, std::size_t, Code&) {
    name_ += part;
    found |= !names_.back().insert(name_).second;
    name_.clear();
    return true;
  }
  bool on_string_part(Text, std::size_t, Code&) { return true; }
  bool on_string(Text, std::size_t, Code&) { return true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t, Text, Code&) { return true; }
  bool on_uint64(std::uint64_t, Text, Code&) { return true; }
  bool on_double(double, Text, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

 private:
  std::vector<std::set<std::string>> names_;
  std::string name_;
};

Error no_form(std::string_view why) {
  return {Errc::malformed, "this is not a filled form: " + std::string(why)};
}

Result<json::object> parse(std::string_view text) {
  if (text.size() > kMaxFormBytes) return Error{Errc::too_large, "a filled form is at most 1 MiB"};
  json::parse_options options;
  options.max_depth = kMaxFormDepth;
  json::basic_parser<TwiceFinder> finder(options);
  boost::system::error_code failed;
  const std::size_t taken = finder.write_some(false, text.data(), text.size(), failed);
  if (failed) return no_form("it is not JSON (" + failed.message() + ")");
  if (taken != text.size()) return no_form("there is text after its end");
  if (finder.handler().found) return no_form("a member is given twice");
  json::value parsed = json::parse(json::string_view(text), failed, {}, options);
  if (failed) return no_form("it is not JSON (" + failed.message() + ")");
  if (!parsed.is_object()) return no_form("it is not a JSON object");
  return std::move(parsed.get_object());
}

// Finds the form that a filled form names: {"form":"document-1","v":1,…}
Result<const Form*> form_of(const json::object& object) {
  const auto* name = object.if_contains("form");
  const auto* version = object.if_contains("v");
  if (name == nullptr || !name->is_string()) return no_form("it does not name its form (\"form\": \"document-1\")");
  if (version == nullptr || !version->is_int64()) return no_form("it does not name its version (\"v\": 1)");
  constexpr std::string_view kPrefix = "document-";
  const std::string_view words(name->get_string());
  if (!words.starts_with(kPrefix) || words.size() != kPrefix.size() + 1)
    return Error{Errc::not_found, "there is no form of that name: the forms are document-1 to document-5"};
  const std::int64_t number = std::clamp<std::int64_t>(version->get_int64(), -1'000'000, 1'000'000);
  return find_form(words.back() - '0', static_cast<int>(number));
}

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// Turns line ends into LF and removes white space at both ends.
std::string tidy(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] != '\r' || at + 1 == text.size() || text[at + 1] != '\n') out += text[at];
  while (!out.empty() && is_blank(out.back())) out.pop_back();
  out.erase(0, static_cast<std::size_t>(std::ranges::find_if_not(out, is_blank) - out.begin()));
  return out;
}

// Whether nothing was answered: the value is null, "" or [], or contains only such values.
bool is_empty(const json::value& value) {
  if (const auto* text = value.if_string()) return tidy(*text).empty();
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, is_empty);
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object, [](const auto& member) { return is_empty(member.value()); });
  return value.is_null();
}

class Checker {
 public:
  explicit Checker(const Date& today) : today_(today) {}

  std::vector<Problem> take_problems() { return std::move(problems_); }

  // Returns the members of `given` that are right, and notes problems for the others. `path` is "" or "children[2].".
  json::object members(const std::vector<const Field*>& fields, const json::object& given, const std::string& path) {
    for (const auto& [name, value] : given) {
      const bool known =
          std::ranges::any_of(fields, [&](const Field* field) { return field->id == std::string_view(name); });
      if (!known)
        wrong(path + (name.size() > kMaxMemberName ? "(a long name)" : std::string(name)),
              "is not a field of this form");
    }
    json::object kept;
    for (const Field* field : fields) {
      const auto* value = given.if_contains(field->id);
      if (value == nullptr || is_empty(*value)) continue;
      auto right = this->value(*field, *value, path + field->id);
      if (right && !is_empty(*right)) kept[field->id] = std::move(*right);
    }
    // Conditions look at other fields, so they are checked when all values are known.
    for (const Field* field : fields) look_at_others(*field, fields, given, path, kept);
    return kept;
  }

  std::optional<json::value> value(const Field& field, const json::value& given, const std::string& path) {
    switch (field.type) {
      case FieldType::text:
      case FieldType::long_text:
        return text(field, given, path);
      case FieldType::date:
        return date(field, given, path);
      case FieldType::yes_no:
        if (given.is_bool()) return given;
        if (given.is_string() && (given.get_string() == "yes" || given.get_string() == "no"))
          return given.get_string() == "yes";
        return wrong(path, "must be true or false");
      case FieldType::choice:
        return choice(field, given, path);
      case FieldType::choices:
        return choices(field, given, path);
      case FieldType::person:
        if (!given.is_object())
          return wrong(path, R"(must be a person: {"name": …, "role": …, "agency": …, "contact": …})");
        return members(pointers(field.fields), given.get_object(), path + ".");
      case FieldType::list:
        return list(field, given, path);
    }
    return std::nullopt;
  }

 private:
  static std::vector<const Field*> pointers(const std::vector<Field>& fields) {
    std::vector<const Field*> list;
    for (const Field& field : fields) list.push_back(&field);
    return list;
  }

  std::nullopt_t wrong(const std::string& path, std::string what, Kind kind = Kind::wrong) {
    if (problems_.size() < kMaxProblems) problems_.push_back({kind, path, std::move(what)});
    return std::nullopt;
  }

  std::optional<json::value> text(const Field& field, const json::value& given, const std::string& path) {
    if (!given.is_string()) return wrong(path, "must be text in quotation marks");
    if (given.get_string().size() > kMaxFormBytes || !vault::is_utf8(given.get_string()))
      return wrong(path, "is not UTF-8 text");
    const std::string tidied = tidy(given.get_string());
    if (tidied.size() > field.max) return wrong(path, "is longer than " + std::to_string(field.max) + " bytes");
    for (const char c : tidied) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\n' && field.type == FieldType::text) return wrong(path, "must be one line");
      if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) return wrong(path, "contains a control character");
    }
    return json::value(tidied);
  }

  std::optional<json::value> date(const Field& field, const json::value& given, const std::string& path) {
    const auto parsed = given.is_string() ? vault::parse_date(tidy(given.get_string())) : Error{Errc::malformed, ""};
    if (!parsed) return wrong(path, "must be a date such as 2026-03-01");
    if (field.past && *parsed > today_) return wrong(path, "is in the future");
    return json::value(vault::to_string(*parsed));
  }

  static std::string values_of(const Field& field) {
    std::string list;
    for (const Option& option : field.options) list += (list.empty() ? "" : ", ") + option.value;
    return list;
  }

  std::optional<json::value> choice(const Field& field, const json::value& given, const std::string& path) {
    const bool known = given.is_string() && std::ranges::any_of(field.options, [&](const Option& option) {
                         return option.value == std::string_view(given.get_string());
                       });
    if (!known) return wrong(path, "must be one of " + values_of(field));
    return given;
  }

  std::optional<json::value> choices(const Field& field, const json::value& given, const std::string& path) {
    if (!given.is_array() || given.get_array().size() > field.options.size())
      return wrong(path, "must be a list of some of " + values_of(field));
    json::array kept;
    for (const json::value& one : given.get_array()) {
      auto right = choice(field, one, path);
      if (!right) return std::nullopt;
      if (std::ranges::find(kept, *right) != kept.end()) return wrong(path, "has an answer twice");
      kept.push_back(std::move(*right));
    }
    return kept;
  }

  std::optional<json::value> list(const Field& field, const json::value& given, const std::string& path) {
    if (!given.is_array()) return wrong(path, "must be a list, [ … ]");
    const json::array& rows = given.get_array();
    if (rows.size() > field.max)
      return wrong(path,
                   field.too_many.empty() ? "has more than " + std::to_string(field.max) + " rows" : field.too_many);
    const auto fields = pointers(field.fields);
    json::array kept;
    std::set<std::string> seen;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::string at = path + "[" + std::to_string(row + 1) + "]";
      if (is_empty(rows[row])) continue;  // a blank form has empty rows; they count neither as rows nor as problems
      if (!rows[row].is_object()) {
        wrong(at, "must be a row, { … }");
        continue;
      }
      json::object right = members(fields, rows[row].get_object(), at + ".");
      const auto* key = right.if_contains(field.unique);
      if (key != nullptr && !seen.insert(json::serialize(*key)).second) {
        wrong(at + "." + field.unique, "is the same as in an earlier row");
        right.stable_erase(field.unique);
      }
      if (!right.empty()) kept.push_back(std::move(right));
    }
    if (kept.size() < field.min) wrong(path, field.too_few, Kind::missing);
    if (field.covers) all_covered(field, kept, path);
    return kept;
  }

  void all_covered(const Field& field, const json::array& rows, const std::string& path) {
    for (const std::string& wanted : field.covers->is) {
      const bool covered = std::ranges::any_of(rows, [&](const json::value& row) {
        const auto* value = row.get_object().if_contains(field.covers->field);
        return value != nullptr && value->is_string() && value->get_string() == json::string_view(wanted);
      });
      if (!covered) wrong(path, "has no row for " + wanted + " (" + field.cites + ")", Kind::missing);
    }
  }

  // Checks conditions, that required fields are there, and the order of dates.
  void look_at_others(const Field& field, const std::vector<const Field*>& fields, const json::object& given,
                      const std::string& path, json::object& kept) {
    const auto* value = kept.if_contains(field.id);
    if (!is_asked(field, kept)) {
      if (value == nullptr) return;
      wrong(path + field.id, "belongs to the form only if " + field.when->field + " is " + any_of(field.when->is));
      kept.stable_erase(field.id);
      return;
    }
    const auto* given_value = given.if_contains(field.id);
    const bool was_empty = given_value == nullptr || is_empty(*given_value);
    if (value == nullptr && was_empty && field.required)
      wrong(path + field.id, field.min > 0 ? field.too_few : "is missing", Kind::missing);
    if (value == nullptr) return;
    if (field.type == FieldType::choice) return look_at_option(field, *value, path, kept);
    if (field.not_before.empty()) return;
    const auto* other = kept.if_contains(field.not_before);
    if (other == nullptr || !(value->get_string() < other->get_string())) return;
    const auto found = std::ranges::find(fields, field.not_before, [](const Field* one) { return one->id; });
    wrong(path + field.id, "is before “" + (*found)->label + "” (" + field.not_before + ")");
    kept.stable_erase(field.id);
  }

  void look_at_option(const Field& field, const json::value& value, const std::string& path, json::object& kept) {
    const auto option = std::ranges::find(field.options, std::string_view(value.get_string()), &Option::value);
    if (!option->when || holds(*option->when, kept)) return;
    wrong(path + field.id, "may be " + option->value + " only if " + option->when->field + " is " +
                               any_of(option->when->is) + " (" + field.cites + ")");
    kept.stable_erase(field.id);
  }

  static std::string any_of(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : " or ") + word;
    return list;
  }

  Date today_;
  std::vector<Problem> problems_;
};

}  // namespace

bool holds(const Condition& condition, const json::object& beside) {
  const auto* other = beside.if_contains(condition.field);
  if (other == nullptr) return false;
  std::string_view word;
  if (other->is_bool())
    word = other->get_bool() ? "yes" : "no";
  else if (other->is_string())
    word = other->get_string();
  return std::ranges::find(condition.is, word) != condition.is.end();
}

bool is_asked(const Field& field, const json::object& beside) {
  return !field.when || holds(*field.when, beside);
}

bool FilledForm::is_wrong() const {
  return std::ranges::any_of(problems, [](const Problem& problem) { return problem.kind == Kind::wrong; });
}

FilledForm check_form(const Form& form, const json::object& values, const Date& today) {
  Checker checker(today);
  std::vector<const Field*> fields;
  for (const Section& section : form.sections)
    for (const Field& field : section.fields) fields.push_back(&field);
  FilledForm filled;
  filled.form = &form;
  filled.values = checker.members(fields, values, "");
  filled.problems = checker.take_problems();
  return filled;
}

std::vector<Problem> check_value(const Field& field, const json::value& value, const Date& today) {
  Checker checker(today);
  checker.value(field, value, field.id);
  return checker.take_problems();
}

Result<FilledForm> read_form(std::string_view text, const Date& today) {
  TRY(json::object object, parse(text));
  TRY(const Form* form, form_of(object));
  object.erase("form");
  object.erase("v");
  return check_form(*form, object, today);
}

Result<void> require_complete(const FilledForm& filled) {
  if (filled.is_complete()) return {};
  std::string message = "Document " + std::to_string(filled.form->document) + " is not ready: ";
  for (const Problem& problem : filled.problems)
    message += (&problem == &filled.problems.front() ? "" : "; ") + problem.field + " " + problem.what;
  if (filled.problems.size() == kMaxProblems) message += "; and perhaps more";
  return Error{Errc::invalid_argument, std::move(message)};
}

}  // namespace strongroom::review
