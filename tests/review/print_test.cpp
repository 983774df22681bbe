#include "review/print.h"

#include <gmock/gmock.h>

#include "review/text_lines.h"
#include "tests/review/documents.h"

namespace strongroom::review {
namespace {

using test::complete;
using test::form;
using test::kToday;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EveryPrintedDocument : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Print, EveryPrintedDocument, testing::Range(kFirstDocument, kLastDocument + 1));

// Collects every text that a filled form holds.
void collect(const json::value& value, std::vector<std::string>& texts) {
  if (value.is_object())
    for (const auto& member : value.get_object()) collect(member.value(), texts);
  else if (value.is_array())
    for (const json::value& one : value.get_array()) collect(one, texts);
  else if (value.is_string() && value.get_string().find('\n') == json::string::npos &&
           !vault::parse_date(value.get_string()))
    texts.emplace_back(value.get_string());
}

TEST_P(EveryPrintedDocument, SaysWhatWasFilledIn) {
  const auto filled = complete(GetParam());
  std::string html = print_html(*filled.form, filled.values);
  std::string text = print_text(*filled.form, filled.values);
  for (char& c : text)
    if (c == '\n') c = ' ';
  for (const Section& section : filled.form->sections)
    for (const Field& field : section.fields) {
      const bool is_in_words = field.type == FieldType::text || field.type == FieldType::person;
      if (!is_in_words || !filled.values.contains(field.id)) continue;
      std::vector<std::string> texts;
      collect(filled.values.at(field.id), texts);
      for (const std::string& one : texts) {
        EXPECT_THAT(html, HasSubstr(one)) << field.id;
        EXPECT_THAT(text, HasSubstr(one)) << field.id;
      }
    }
}

TEST_P(EveryPrintedDocument, BlankHasRoomForEveryAnswerAndIsOnePage) {
  const std::string html = print_blank_html(form(GetParam()));
  EXPECT_THAT(html, Not(HasSubstr("Not answered")));
  EXPECT_THAT(html, HasSubstr(form(GetParam()).letter ? "class=\"gap\"" : "class=\"field\""));
  EXPECT_THAT(print_blank_text(form(GetParam())), HasSubstr("____"));
  EXPECT_EQ(html.find("</html>"), html.rfind("</html>"));
}

// Every text of a form is replaced by markup that would act in a page.
json::value with_every_text(const json::value& value, const std::string& evil) {
  if (value.is_object()) {
    json::object out;
    for (const auto& [name, member] : value.get_object()) out[name] = with_every_text(member, evil);
    return out;
  }
  if (value.is_array()) {
    json::array out;
    for (const json::value& one : value.get_array()) out.push_back(with_every_text(one, evil));
    return out;
  }
  return value.is_string() ? json::value(evil) : value;
}

TEST_P(EveryPrintedDocument, NothingFilledInActsInAPageOrATerminal) {
  const auto filled = complete(GetParam());
  const json::value evil =
      with_every_text(filled.values, "<script src='https://x.example'>{outline}\"&\x1b[2J\xc2\x9b");
  for (const auto unanswered : {Unanswered::is_said, Unanswered::is_a_blank}) {
    const std::string html = print_html(*filled.form, evil.as_object(), unanswered);
    for (const char* acting : {"<script", "src='", "\x1b", "\xc2\x9b"}) EXPECT_THAT(html, Not(HasSubstr(acting)));
    EXPECT_THAT(html, HasSubstr("&lt;script"));
    const std::string text = print_text(*filled.form, evil.as_object(), unanswered);
    for (const char* acting : {"\x1b", "\xc2\x9b"}) EXPECT_THAT(text, Not(HasSubstr(acting)));
  }
}

TEST_P(EveryPrintedDocument, TextKeepsToItsWidth) {
  for (const std::string& text :
       {print_text(form(GetParam()), complete(GetParam()).values), print_blank_text(form(GetParam()))}) {
    std::size_t begin = 0;
    while (begin < text.size()) {
      const auto end = text.find('\n', begin);
      const std::string line = text.substr(begin, end - begin);
      const auto columns =
          std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
      EXPECT_LE(columns, 84) << line;
      begin = end + 1;
    }
  }
}

TEST(Print, ValuesReadAsPeopleWriteThem) {
  const auto filled = complete(4);
  const std::string html = print_html(*filled.form, filled.values);
  for (const char* words :
       {"13 March 2026", "The standing group", "Undertake a local child safeguarding practice review",
        "The referral form (Document 1); The local authority’s notification", "<dd>Yes</dd>"})
    EXPECT_THAT(html, HasSubstr(words));
  EXPECT_THAT(html, Not(HasSubstr("practice-review")));
}

TEST(Print, AnOptionalAnswerThatIsMissingIsSaidAndOneThatIsNotAskedIsNot) {
  auto values = complete(1).values;
  values.erase("place");
  values.erase("notified_on");
  values["notified"] = false;
  const std::string html = print_html(form(1), values);
  EXPECT_THAT(html, HasSubstr("<dt>Place</dt>\n<dd><span class=\"none\">Not answered</span></dd>"));
  EXPECT_THAT(html, Not(HasSubstr("Date of the notification")));
}

TEST(Print, WhatIsAskedOfFewCasesIsPrintedOnlyWhereItIsAnswered) {
  constexpr std::string_view kLate = "later than 15 working days";
  auto values = complete(4).values;
  for (const char* field : {"endorsed_by", "endorsed_on", "late_reason"}) values.erase(field);
  EXPECT_THAT(print_html(form(4), values), Not(HasSubstr(kLate)));
  EXPECT_THAT(print_text(form(4), values), AllOf(Not(HasSubstr(kLate)), Not(HasSubstr("Endorsed"))));
  EXPECT_THAT(print_blank_html(form(4)), AllOf(HasSubstr(kLate), HasSubstr("Endorsed on")));
  values["late_reason"] = "A partner was away.";
  EXPECT_THAT(print_html(form(4), values), AllOf(HasSubstr(kLate), HasSubstr("A partner was away.")));
}

TEST(Print, PartnersHaveTheirNameOfTheDay) {
  auto values = complete(3).values;
  EXPECT_THAT(print_html(form(3), values), HasSubstr("the integrated care board and the police"));
  values["sent_on"] = "2022-06-30";
  const std::string then = print_html(form(3), values);
  EXPECT_THAT(then, HasSubstr("the clinical commissioning group and the police"));
  EXPECT_THAT(then, Not(HasSubstr("integrated care board")));
  auto review = complete(4).values;
  review["meeting_date"] = "2022-06-30";
  EXPECT_THAT(print_html(form(4), review), HasSubstr("<td>Clinical commissioning group</td>"));
  EXPECT_EQ(partners_named(test::date("2022-07-01")), "the local authority, the integrated care board and the police");
}

TEST(Print, AParagraphOfALetterStandsOnlyWithItsField) {
  auto values = complete(3).values;
  EXPECT_THAT(print_html(form(3), values), HasSubstr("The Rapid Review meeting is on 13 March 2026"));
  values.erase("meeting_date");
  EXPECT_THAT(print_html(form(3), values), Not(HasSubstr("The Rapid Review meeting is on")));
}

TEST(Print, ATemplateThatTheAgencyFillsInHasItsFactsAndRoomForTheRest) {
  const auto values = prefill(form(2), {.reference = "RR-2026-0001", .subjects = {"child-1"}});
  const std::string html = print_html(form(2), values, Unanswered::is_a_blank);
  EXPECT_THAT(html, HasSubstr("<dd>RR-2026-0001</dd>"));
  EXPECT_THAT(html, HasSubstr("<td>child-1</td>"));
  EXPECT_THAT(html, HasSubstr("Is any of them known to your agency?"));
}

TEST(LinesOf, WordsStayWholeWhereTheyFit) {
  EXPECT_THAT(lines_of("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(lines_of("a\n\nb", 7), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("été été été", 7), ElementsAre("été été", "été"));
  EXPECT_THAT(lines_of("x éééééé yy", 4), ElementsAre("x", "éééé", "éé", "yy"));
  EXPECT_THAT(lines_of("", 4), ElementsAre(""));
}

TEST(LongDate, IsWrittenOut) {
  EXPECT_EQ(long_date(test::date("2026-03-02")), "2 March 2026");
  EXPECT_EQ(long_date(test::date("2028-12-31")), "31 December 2028");
}

}  // namespace
}  // namespace strongroom::review
