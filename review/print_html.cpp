#include <algorithm>

#include "review/page.h"
#include "review/print.h"
#include "review/printed_value.h"

namespace strongroom::review {
namespace {

std::string element(std::string_view name, std::string_view html) {
  std::string out = "<" + std::string(name) + ">";
  out += html;
  return out + "</" + std::string(name.substr(0, name.find(' '))) + ">\n";
}

class HtmlWriter {
 public:
  HtmlWriter(const Form& form, const json::object& values, Unanswered unanswered)
      : form_(form), values_(values), printed_(form, values), is_blank_(unanswered == Unanswered::is_a_blank) {}

  std::string page() {
    Page page;
    page.title = "Document " + std::to_string(form_.document) + ": " + form_.title;
    if (const auto* reference = values_.if_contains("reference"); reference != nullptr && reference->is_string())
      page.reference = std::string(reference->get_string());
    page.body = form_.letter ? letter() : document();
    return html_page(page);
  }

 private:
  std::string document() {
    std::string out = element("span class=\"caption\"", "Document " + std::to_string(form_.document) +
                                                            " &middot; version " + std::to_string(form_.version) +
                                                            " &middot; guidance " + escape_html(form_.cites));
    out += element("h1", escape_html(form_.title));
    out += element("p class=\"lead\"", escape_html(form_.purpose));
    for (const Section& section : form_.sections) out += this->section(section);
    return out;
  }

  std::string section(const Section& section) {
    std::string out = element("h2", escape_html(section.title));
    if (!section.help.empty()) out += element("p", escape_html(section.help));
    const bool is_alone = section.fields.size() == 1;  // the section's title then serves as its heading
    std::string facts;                                 // consecutive answers share one <dl>
    for (const Field& field : section.fields) {
      const auto* value = values_.if_contains(field.id);
      if (value == nullptr && !is_blank_ && (field.if_any || !is_asked(field, values_))) continue;
      if (is_blank_ && value == nullptr) {
        out += close_facts(facts);
        out += field.type == FieldType::list ? list(field, {}, is_alone) : to_fill(field);
      } else if (field.type == FieldType::list && value != nullptr && field.fields.size() > 1) {
        out += close_facts(facts);
        out += list(field, value->get_array(), is_alone);
      } else
        facts += fact(field, value);
    }
    return out + close_facts(facts);
  }

  static std::string close_facts(std::string& facts) {
    if (facts.empty()) return {};
    std::string out = element("dl", "\n" + facts);
    facts.clear();
    return out;
  }

  std::string label(const Field& field) const { return escape_html(printed_.words(field.label)); }

  std::string fact(const Field& field, const json::value* value) const {
    const std::string answer = value == nullptr ? "<span class=\"none\">Not answered</span>"
                                                : escape_html_lines(printed_.value(field, *value));
    return element("div", element("dt", label(field)) + element("dd", answer));
  }

  // Prints a list as a table, or each row as a card if it has too many columns.
  std::string list(const Field& field, const json::array& rows, bool is_alone) {
    std::string out = is_alone ? "" : element("h3", label(field));
    json::array shown = rows;
    if (shown.empty()) shown.resize(std::max<std::size_t>(1, field.blank_rows), json::object{});
    std::string help = is_blank_ ? printed_.words(field.help) : "";
    if (is_blank_ && rows.empty() && !fits_a_table(field))
      help += " Copy this part for each further one, up to " + std::to_string(field.max) + ".";
    if (!help.empty()) out += element("p class=\"hint\"", escape_html(help));
    return out + (fits_a_table(field) ? table(field, shown) : cards(field, shown));
  }

  static std::string width_of(const Field& column) {
    constexpr std::size_t kNarrowBytes = 32;
    if (column.type == FieldType::date || column.type == FieldType::yes_no || column.max <= kNarrowBytes)
      return " class=\"narrow\"";
    return column.type == FieldType::choice ? " class=\"medium\"" : "";
  }

  std::string table(const Field& field, const json::array& rows) {
    std::string head;
    for (const Field& member : field.fields) {
      std::string name = label(member);
      if (is_blank_) {
        std::string answers = member.type == FieldType::yes_no ? "Yes or no" : "";
        for (const Option& option : member.options)
          answers += (answers.empty() ? "" : " / ") + printed_.words(option.label);
        if (!answers.empty()) name += "<span class=\"hint\">" + escape_html(answers) + "</span>";
      }
      head += element("th scope=\"col\"" + width_of(member), name);
    }
    std::string body;
    for (const json::value& row : rows) {
      std::string cells;
      for (const Field& member : field.fields) {
        const auto* value = row.get_object().if_contains(member.id);
        cells += element(is_blank_ && value == nullptr ? "td class=\"fill\"" : "td",
                         value == nullptr ? "" : escape_html_lines(printed_.value(member, *value)));
      }
      body += element("tr", cells);
    }
    return element("table", element("thead", element("tr", head)) + element("tbody", body));
  }

  std::string cards(const Field& field, const json::array& rows) {
    std::string out;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const json::object& values = rows[row].get_object();
      const std::string title = element("h3", escape_html(field.row) + " " + std::to_string(row + 1));
      std::string members, blanks;
      for (const Field& member : field.fields) {
        const auto* value = values.if_contains(member.id);
        if (value == nullptr && is_blank_)
          blanks += to_fill(member);
        else if (value != nullptr || is_asked(member, values))
          members += fact(member, value);
      }
      if (!members.empty()) members = element("dl", members);
      if (!blanks.empty()) blanks = element("div class=\"fields pair\"", blanks);
      out += element("div class=\"card\"", title + members + blanks);
    }
    return out;
  }

  std::string condition(const Condition& when) const {
    const Field* other = form_.find(when.field);
    if (other == nullptr) return "Only if it applies. ";
    return "Only if the answer to “" + printed_.words(other->label) + "” asks for it. ";
  }

  // Prints a question with room for an answer by hand.
  std::string to_fill(const Field& field) const {
    std::string out = "<span class=\"label\">" + label(field) +
                      (field.required ? "" : " <span class=\"optional\">(optional)</span>") + "</span>";
    std::string help = printed_.words(field.help);
    if (field.when) help = condition(*field.when) + help;
    if (!help.empty()) out += "<span class=\"hint\">" + escape_html(help) + "</span>";
    return element("div class=\"field\"", out + room(field));
  }

  std::string room(const Field& field) const {
    switch (field.type) {
      case FieldType::text:
        return "<span class=\"line\"></span>";
      case FieldType::long_text:
        return field.required && field.max > 1000 ? "<span class=\"area tall\"></span>"
                                                  : "<span class=\"area\"></span>";
      case FieldType::date:
        return "<span class=\"boxes\"><i>Day</i><i>Month</i><i class=\"year\">Year</i></span>";
      case FieldType::yes_no:
        return element("ul class=\"options row\"", "<li>Yes</li><li>No</li>");
      case FieldType::choice:
      case FieldType::choices: {
        std::string items;
        for (const Option& option : field.options) items += element("li", escape_html(printed_.words(option.label)));
        return element(field.type == FieldType::choice ? "ul class=\"options\"" : "ul class=\"options several\"",
                       items);
      }
      case FieldType::person:
      case FieldType::list: {
        std::string members;
        for (const Field& member : field.fields)
          members += element("div", "<span class=\"hint\">" + label(member) + "</span><span class=\"line\"></span>");
        return element("div class=\"pair\"", members);
      }
    }
    return {};
  }

  std::string in_letter(std::string_view text) const {
    return printed_.letter_text(text, escape_html, escape_html_lines, "<span class=\"gap\">&nbsp;</span>");
  }

  std::string letter() {
    const Letter& letter = *form_.letter;
    std::string to;
    for (const std::string& line : letter.to) {
      const std::string text = in_letter(line);
      const bool is_only_gap = text.starts_with("<span class=\"gap\"");
      if (is_only_gap && !is_blank_) continue;
      to += (to.empty() ? "" : "<br>") + text;
    }
    std::string about = "Reference: " + in_letter("{reference}") + "<br>" + in_letter("{" + letter.date + "}");
    std::string out = element("div class=\"address\"", element("p", to) + element("p", about));
    out += element("h1", in_letter(letter.subject));
    for (const LetterBlock& block : letter.blocks) {
      if (!is_blank_ && !printed_.has(block.when)) continue;
      out += this->block(block);
    }
    std::string enclosed;
    for (const std::string& one : letter.enclosed) enclosed += (enclosed.empty() ? "" : "; ") + escape_html(one);
    // The list of enclosures is in one block with the signature, so that it is never alone on a page.
    out += element("div class=\"sign\"", element("p", "Yours faithfully,") + element("p", "<br>" + signature(letter)) +
                                             element("p", "for the safeguarding partners") +
                                             element("p class=\"hint\"", "Enclosed: " + enclosed + "."));
    return element("div class=\"letter\"", out);
  }
  std::string signature(const Letter& letter) const {
    return values_.contains(letter.sign) || is_blank_ ? in_letter("{" + letter.sign + "}")
                                                      : std::string("<span class=\"gap\">&nbsp;</span>");
  }

  std::string block(const LetterBlock& block) const {
    using Kind = LetterBlock::Kind;
    if (block.kind != Kind::list)
      return element(block.kind == Kind::heading ? "h2" : "p", in_letter(block.text.front()));
    std::string points;
    for (const std::string& point : block.text) points += element("li", in_letter(point));
    return element("ul", points);
  }

  const Form& form_;
  const json::object& values_;
  PrintedForm printed_;
  bool is_blank_;
};

}  // namespace

std::string print_html(const Form& form, const json::object& values, Unanswered unanswered) {
  return HtmlWriter(form, values, unanswered).page();
}

}  // namespace strongroom::review
