#include "cli/commands/fill_form.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <ostream>

#include "cli/commands/terminal.h"
#include "review/print.h"
#include "review/text_lines.h"

namespace cli {
namespace {

namespace json = boost::json;
using review::Field;
using review::FieldType;
using vault::Result;

constexpr std::size_t kLineWidth = 78;
constexpr std::string_view kEndOfText = ".";

class Conversation {
 public:
  Conversation(const review::Form& form, json::object values, const review::Date& today, std::istream& in,
               std::ostream& out, const KeepAnswers& keep)
      : form_(form), values_(std::move(values)), today_(today), in_(in), out_(out), keep_(keep) {}

  Result<json::object> hold() {
    out_ << "Document " << form_.document << ": " << form_.title << '\n';
    say(form_.purpose, 0);
    out_ << "\nAn empty line leaves a question open. Ctrl-D stops, and your answers are kept.\n";
    for (const review::Section& section : form_.sections) {
      bool is_titled = false;
      for (const Field& field : section.fields) {
        if (has_ended_) break;
        if (!is_open(field, values_)) continue;
        if (!std::exchange(is_titled, true)) out_ << "\n== " << section.title << '\n';
        TRY_VOID(ask_top(field));
      }
    }
    out_ << '\n';
    return std::move(values_);
  }

 private:
  void say(std::string_view text, std::size_t indent) {
    for (const std::string& line : review::lines_of(text, kLineWidth - indent))
      out_ << std::string(indent, ' ') << line << '\n';
  }

  // Whether a field must be asked for: it has no answer, or its person or one of its rows lacks something.
  static bool is_open(const Field& field, const json::object& beside) {
    if (!review::is_asked(field, beside)) return false;
    const auto* value = beside.if_contains(field.id);
    if (value == nullptr) return true;
    if (const auto* person = value->if_object()) return lacks_something(field, *person);
    if (field.type != FieldType::list) return false;
    return std::ranges::any_of(value->get_array(),
                               [&](const json::value& row) { return lacks_something(field, row.get_object()); });
  }
  static bool lacks_something(const Field& field, const json::object& members) {
    return std::ranges::any_of(field.fields, [&](const Field& member) {
      return member.required && review::is_asked(member, members) && !members.contains(member.id);
    });
  }

  Result<void> ask_top(const Field& field) {
    if (field.type == FieldType::list) return ask_rows(field);
    if (field.type == FieldType::person) {
      heading(field);
      json::object person = values_.contains(field.id) ? values_.at(field.id).get_object() : json::object();
      if (!ask_members(field, person, true)) return {};
      return keep(field.id, std::move(person));
    }
    auto answer = ask(field, values_);
    return answer ? keep(field.id, std::move(*answer)) : Result<void>();
  }

  Result<void> keep(const std::string& id, json::value answer) {
    values_[id] = std::move(answer);
    return keep_(values_);
  }

  void heading(const Field& field) {
    out_ << '\n' << field.label << (field.required ? "" : " (optional)") << '\n';
    if (!field.help.empty()) say(field.help, 2);
  }

  // Completes the rows that lack something, then asks for new ones until an empty line says that there are no more.
  Result<void> ask_rows(const Field& field) {
    heading(field);
    json::array rows = values_.contains(field.id) ? values_.at(field.id).get_array() : json::array();
    for (std::size_t row = 0; row < rows.size() && !has_ended_; ++row) {
      json::object& members = rows[row].get_object();
      if (!lacks_something(field, members)) continue;
      out_ << "  " << field.row << ' ' << row + 1 << '\n';
      ask_members(field, members, false);
      TRY_VOID(keep(field.id, rows));
    }
    while (rows.size() < field.max && !has_ended_) {
      out_ << "  " << field.row << ' ' << rows.size() + 1 << (rows.empty() ? "" : " (an empty line: no more)") << '\n';
      json::object members;
      if (!ask_members(field, members, true)) break;
      rows.push_back(std::move(members));
      TRY_VOID(keep(field.id, rows));
    }
    return {};
  }

  // Returns false if `may_skip` and the first question was left open: then there is no such person or row.
  bool ask_members(const Field& field, json::object& members, bool may_skip) {
    const bool was_empty = members.empty();
    for (const Field& member : field.fields) {
      if (has_ended_ || members.contains(member.id) || !review::is_asked(member, members)) continue;
      if (auto answer = ask(member, members))
        members[member.id] = std::move(*answer);
      else if (may_skip && was_empty && members.empty())
        return false;
    }
    return !members.empty();
  }

  // Asks until the answer is valid. Returns nothing if it is left open.
  std::optional<json::value> ask(const Field& field, const json::object& beside) {
    heading(field);
    while (!has_ended_) {
      options_of(field);
      const auto given = read(field);
      if (!given) return std::nullopt;
      json::value answer = understood(field, *given);
      std::string problem;
      if (const auto problems = review::check_value(field, answer, today_); !problems.empty())
        problem = problems.front().what;
      else if (is_too_early(field, answer, beside))
        problem = "is before " + field.not_before;
      else if (!is_allowed(field, answer, beside))
        problem = "does not go with what was answered before (" + field.cites + ")";
      if (problem.empty()) return answer;
      out_ << "  This answer is not valid: it " << printable(problem) << ".\n";
    }
    return std::nullopt;
  }

  static bool is_too_early(const Field& field, const json::value& answer, const json::object& beside) {
    const auto* other = beside.if_contains(field.not_before);
    return other != nullptr && other->is_string() && answer.is_string() && answer.get_string() < other->get_string();
  }

  static bool is_allowed(const Field& field, const json::value& answer, const json::object& beside) {
    return std::ranges::none_of(field.options, [&](const review::Option& option) {
      return answer.is_string() && option.value == std::string_view(answer.get_string()) && option.when &&
             !review::holds(*option.when, beside);
    });
  }

  void options_of(const Field& field) {
    for (std::size_t number = 0; number < field.options.size(); ++number)
      out_ << "  " << number + 1 << "  " << field.options[number].value << ": "
           << review::words_by_date(field.options[number].label, today_) << '\n';
    if (field.type == FieldType::yes_no) out_ << "  y or n\n";
    if (field.type == FieldType::choices) out_ << "  One or more, separated by commas\n";
    if (field.type == FieldType::date) out_ << "  As 2026-03-01\n";
    if (field.type == FieldType::long_text) out_ << "  One or more lines; a line with only a full stop ends them\n";
  }

  std::optional<std::string> line() {
    std::string text;
    out_ << "> " << std::flush;
    if (!std::getline(in_, text)) {
      has_ended_ = true;
      return std::nullopt;
    }
    if (!text.empty() && text.back() == '\r') text.pop_back();
    return text;
  }

  // Reads an answer, which may have several lines. Returns nothing if it is left open.
  std::optional<std::string> read(const Field& field) {
    auto text = line();
    if (!text || text->empty()) return std::nullopt;
    if (field.type != FieldType::long_text) return text;
    if (*text == kEndOfText) return std::nullopt;
    for (auto more = line(); more && *more != kEndOfText; more = line()) {
      if (text->size() > field.max) continue;  // it will be refused as too long, so the rest need not be kept
      *text += "\n" + *more;
    }
    return text;
  }

  // Returns the value of an option that is given by its number or its value: "2" or "seriously-harmed".
  static std::string option_of(const Field& field, std::string_view word) {
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    std::size_t number = 0;
    const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool is_number = failed == std::errc() && end == word.data() + word.size();
    if (is_number && number >= 1 && number <= field.options.size()) return field.options[number - 1].value;
    return std::string(word);
  }

  static json::value understood(const Field& field, const std::string& given) {
    if (field.type == FieldType::yes_no) {
      if (given == "y" || given == "Y") return true;
      if (given == "n" || given == "N") return false;
      return json::string(given);
    }
    if (field.type == FieldType::choice) return json::string(option_of(field, given));
    if (field.type != FieldType::choices) return json::string(given);
    json::array list;
    for (std::size_t at = 0; at <= given.size() && list.size() <= field.options.size();) {
      const auto comma = std::min(given.find(',', at), given.size());
      list.push_back(json::string(option_of(field, std::string_view(given).substr(at, comma - at))));
      at = comma + 1;
    }
    return list;
  }

  const review::Form& form_;
  json::object values_;
  review::Date today_;
  std::istream& in_;
  std::ostream& out_;
  const KeepAnswers& keep_;
  bool has_ended_ = false;
};

}  // namespace

Result<json::object> fill_in(const review::Form& form, json::object values, const review::Date& today, std::istream& in,
                             std::ostream& out, const KeepAnswers& keep) {
  return Conversation(form, std::move(values), today, in, out, keep).hold();
}

}  // namespace cli
