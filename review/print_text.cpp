#include <algorithm>

#include "review/print.h"
#include "review/printed_value.h"
#include "review/text_lines.h"

namespace strongroom::review {
namespace {

constexpr std::size_t kLineWidth = 78;

// Breaks a text into lines of at most kLineWidth columns, each with `indent` spaces before it.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  for (const std::string& line : lines_of(text, kLineWidth - indent))
    out += line.empty() ? "\n" : std::string(indent, ' ') + line + "\n";
  return out;
}

class TextWriter {
 public:
  TextWriter(const Form& form, const json::object& values, Unanswered unanswered)
      : form_(form), values_(values), printed_(form, values), is_blank_(unanswered == Unanswered::is_a_blank) {}

  std::string text() {
    if (form_.letter) return letter();
    std::string out = "DOCUMENT " + std::to_string(form_.document) + ": " + form_.title + "\n\n";
    out += wrapped(form_.purpose, 0);
    for (const Section& section : form_.sections) {
      out += "\n" + section.title + "\n" + std::string(columns_of(section.title), '-') + "\n";
      if (!section.help.empty()) out += wrapped(section.help, 0);
      for (const Field& field : section.fields)
        if (is_blank_ || values_.contains(field.id) || (!field.if_any && is_asked(field, values_)))
          out += field_text(field, values_.if_contains(field.id), 0);
    }
    return out;
  }

 private:
  std::string field_text(const Field& field, const json::value* value, std::size_t indent) {
    if (field.type == FieldType::list && field.fields.size() > 1) return rows(field, value);
    const std::string margin(indent, ' ');
    const std::string label = printed_.words(field.label);
    const std::string colon = label.ends_with('?') ? "" : ":";
    if (value == nullptr) {
      std::string answers;
      for (const Option& option : field.options)
        answers += (answers.empty() ? "" : " / ") + printed_.words(option.label);
      if (field.type == FieldType::yes_no) answers = "Yes / No";
      if (is_blank_ && !answers.empty()) return wrapped(label + colon + " [" + answers + "]", indent);
      return margin + label + colon + (is_blank_ ? " ____________________" : " (not answered)") + "\n";
    }
    const std::string text = harmless(printed_.value(field, *value));
    const bool is_short =
        text.find('\n') == std::string::npos && indent + columns_of(label) + 2 + columns_of(text) <= kLineWidth;
    if (is_short) return margin + label + colon + " " + text + "\n";
    return margin + label + colon + "\n" + wrapped(text, indent + 2);
  }

  std::string rows(const Field& field, const json::value* value) {
    std::string out = printed_.words(field.label) + ":" + (value == nullptr && !is_blank_ ? " (none)" : "") + "\n";
    json::array shown;
    if (value != nullptr)
      shown = value->get_array();
    else if (is_blank_)
      shown.push_back(json::object{});
    for (std::size_t row = 0; row < shown.size(); ++row) {
      const json::object& members = shown[row].get_object();
      out += "  " + field.row + " " + std::to_string(row + 1) + "\n";
      for (const Field& member : field.fields) {
        const auto* one = members.if_contains(member.id);
        if (one != nullptr || is_blank_) out += field_text(member, one, 4);
      }
    }
    return out;
  }

  std::string in_letter(std::string_view text) const {
    const auto plain = [](std::string_view words) { return std::string(words); };
    return printed_.letter_text(text, plain, harmless, "__________");
  }

  std::string letter() {
    const Letter& letter = *form_.letter;
    std::string out;
    for (const std::string& line : letter.to)
      if (const std::string text = in_letter(line); is_blank_ || !text.starts_with("____")) out += text + "\n";
    out += "\nReference: " + in_letter("{reference}") + "\n" + in_letter("{" + letter.date + "}") + "\n\n";
    out += wrapped(in_letter(letter.subject), 0) + "\n";
    for (const LetterBlock& block : letter.blocks) {
      if (!is_blank_ && !printed_.has(block.when)) continue;
      for (const std::string& text : block.text) {
        std::string lines = wrapped(in_letter(text), block.kind == LetterBlock::Kind::list ? 2 : 0);
        if (block.kind == LetterBlock::Kind::list) lines[0] = '-';
        out += lines;
      }
      out += "\n";
    }
    out += "Yours faithfully,\n\n\n" + in_letter("{" + letter.sign + "}") +
           "\nfor the safeguarding partners\n\nEnclosed:\n";
    for (const std::string& one : letter.enclosed) out += "- " + one + "\n";
    return out;
  }

  const Form& form_;
  const json::object& values_;
  PrintedForm printed_;
  bool is_blank_;
};

}  // namespace

std::string print_text(const Form& form, const json::object& values, Unanswered unanswered) {
  return TextWriter(form, values, unanswered).text();
}

}  // namespace strongroom::review
