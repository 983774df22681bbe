#include "cli/commands/fill_form.h"

#include <gmock/gmock.h>

#include <sstream>

#include "review/print.h"

namespace cli {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

const review::Date kToday = vault::parse_date("2026-03-20").value();

class FillIn : public testing::Test {
 protected:
  json::object fill(int document, json::object values, const std::string& answers) {
    std::istringstream in(answers);
    std::ostringstream out;
    const auto keep = [this](const json::object& answered) -> vault::Result<void> {
      kept.push_back(answered);
      return {};
    };
    auto filled = fill_in(**review::find_form(document), std::move(values), kToday, in, out, keep);
    said = out.str();
    return filled.value();
  }
  bool is_complete(int document, const json::object& values) {
    return review::check_form(**review::find_form(document), values, kToday).is_complete();
  }

  std::vector<json::object> kept;
  std::string said;
};

// A letter to an agency, of which the case has filled in the most.
json::object letter() {
  review::CaseFacts facts;
  facts.reference = "RR-2026-0001";
  facts.received = facts.incident_date = vault::parse_date("2026-03-02").value();
  facts.subjects = {"child-1"};
  return review::prefill(**review::find_form(3), facts);
}

TEST_F(FillIn, OnlyWhatIsNotAnsweredIsAskedFor) {
  const auto filled = fill(3, letter(), "Example School\n\n2026-03-03\n\n2026-03-10\n\n\n\n");
  EXPECT_TRUE(is_complete(3, filled));
  EXPECT_EQ(filled.at("agency"), "Example School");
  EXPECT_EQ(filled.at("return_due"), "2026-03-10");
  EXPECT_THAT(said, Not(HasSubstr("Reference of the case")));
  EXPECT_EQ(kept.size(), 3U);  // after each answer
  EXPECT_EQ(kept.back(), filled);
}

TEST_F(FillIn, AnAnswerThatCannotStandIsAskedForAgain) {
  const auto filled = fill(3, letter(), "Example School\n\nsoon\n2026-03-01\n2026-03-03\n");
  EXPECT_THAT(said, HasSubstr("it must be a date such as 2026-03-01"));
  EXPECT_THAT(said, HasSubstr("it is before received"));
  EXPECT_EQ(filled.at("sent_on"), "2026-03-03");
}

TEST_F(FillIn, CutShortItKeepsWhatWasAnsweredAndGoesOnThere) {
  const auto first = fill(3, letter(), "Example School\n");
  EXPECT_FALSE(is_complete(3, first));
  EXPECT_EQ(kept.back(), first);
  const auto second = fill(3, first, "\n2026-03-03\n\n2026-03-10\n\n\n\n");
  EXPECT_THAT(said, Not(HasSubstr("Example School")));
  EXPECT_TRUE(is_complete(3, second));
}

TEST_F(FillIn, OptionsAreChosenByNumberOrWordAndWhatTheyMakeNeededIsAsked) {
  const std::string before = "\nExample Police Service\nInspector\nDuty\n\n\n2026-03-02\n2026-03-01\n2026-03-02\n";
  auto filled = fill(1, {}, before + "2\ny\nin-area\n");
  EXPECT_EQ(filled.at("harm"), "seriously-harmed");
  EXPECT_EQ(filled.at("abuse_or_neglect"), true);
  EXPECT_EQ(filled.at("where"), "in-area");
  EXPECT_EQ(filled.at("referrer").as_object().size(), 2U);
}

TEST_F(FillIn, RowsAreAskedForUntilNobodyWantsAnother) {
  json::object values = letter();
  values.erase("subjects");
  for (const char* answered : {"agency", "recipient", "outline"}) values[answered] = "x";
  values["sent_on"] = "2026-03-03";
  const auto filled = fill(3, values, "child-1\nchild-2\n\n2026-03-10\n\n\n\n");
  EXPECT_EQ(json::serialize(filled.at("subjects")), R"([{"label":"child-1"},{"label":"child-2"}])");
  EXPECT_TRUE(is_complete(3, filled));
}

TEST_F(FillIn, LongTextEndsWithAFullStopAloneAndKeepsItsLines) {
  json::object values = letter();
  for (const char* answered : {"agency", "recipient"}) values[answered] = "x";
  values["sent_on"] = "2026-03-03";
  const auto filled = fill(3, values, "One.\n\nTwo.\n.\n2026-03-10\n");
  EXPECT_EQ(filled.at("outline"), "One.\n\nTwo.");
  EXPECT_EQ(filled.at("return_due"), "2026-03-10");
}

TEST_F(FillIn, AnOptionThatDoesNotGoWithAnEarlierAnswerIsRefused) {
  json::object values{{"reference", "RR-2026-0001"},
                      {"incident_date", "2026-03-01"},
                      {"aware_date", "2026-03-01"},
                      {"received", "2026-03-01"},
                      {"meeting_date", "2026-03-13"},
                      {"meeting_kind", "standing"},
                      {"subjects", json::array{{{"label", "child-1"}}}}};
  const auto filled = fill(4, values, "teleconference\nin-person\n");
  EXPECT_THAT(said, HasSubstr("does not go with what was answered before (4.4.2)"));
  EXPECT_EQ(filled.at("meeting_mode"), "in-person");
}

TEST_F(FillIn, AnAnswerThatCannotBeKeptEndsIt) {
  std::istringstream in("Example School\n");
  std::ostringstream out;
  const auto full = [](const json::object&) -> vault::Result<void> {
    return vault::Error{vault::Errc::full, "no space"};
  };
  EXPECT_EQ(fill_in(**review::find_form(3), letter(), kToday, in, out, full).code(), vault::Errc::full);
}

}  // namespace
}  // namespace cli
