#include "review/forms.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/review/documents.h"

namespace strongroom::review {
namespace {

using test::complete;
using test::document_text;
using test::form;
using test::kToday;
using test::problems;
using test::with;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EveryDocument : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Forms, EveryDocument, testing::Range(kFirstDocument, kLastDocument + 1));

TEST_P(EveryDocument, FilledInIsCompleteAndIsWrittenAsItIsRead) {
  const auto filled = complete(GetParam());
  EXPECT_TRUE(require_complete(filled)) << require_complete(filled).error().message;
  const std::string text = write_form(*filled.form, filled.values);
  const auto again = read_form(text, kToday).value();
  EXPECT_EQ(again.values, filled.values);
  EXPECT_EQ(write_form(*again.form, again.values), text);
}

TEST_P(EveryDocument, WithoutAnswersLacksWhatIsRequiredAndIsNotWrong) {
  const Form& empty = form(GetParam());
  const auto filled = check_form(empty, {}, kToday);
  EXPECT_FALSE(filled.is_wrong());
  std::set<std::string> missing, required;
  for (const Problem& problem : filled.problems) missing.insert(problem.field);
  for (const Section& section : empty.sections)
    for (const Field& field : section.fields)
      if (field.required && !field.when) required.insert(field.id);
  EXPECT_EQ(missing, required);
  EXPECT_FALSE(required.empty());
}

TEST_P(EveryDocument, ItsBlankIsReadAsAFormWithoutAnswers) {
  const auto described = describe_form(form(GetParam()));
  const auto filled = read_form(json::serialize(described.at("blank")), kToday).value();
  EXPECT_TRUE(filled.values.empty());
  EXPECT_FALSE(filled.is_wrong());
}

// The forms that we ship are complete: ids are unique, there are paragraphs and options, and every name exists.
void check_field(const Field& field, const std::vector<Field>& beside) {
  SCOPED_TRACE(field.id);
  EXPECT_FALSE(field.label.empty());
  EXPECT_TRUE(field.cites.starts_with("4."));
  EXPECT_GT(field.max, 0U);
  const bool has_options = field.type == FieldType::choice || field.type == FieldType::choices;
  EXPECT_EQ(has_options, !field.options.empty());
  EXPECT_EQ(field.type == FieldType::list, !field.row.empty());
  if (field.min > 0) EXPECT_FALSE(field.too_few.empty());
  const auto has = [&](const std::string& id) { return std::ranges::find(beside, id, &Field::id) != beside.end(); };
  if (field.when) EXPECT_TRUE(has(field.when->field));
  if (!field.not_before.empty()) EXPECT_TRUE(has(field.not_before));
  std::set<std::string> ids;
  for (const Field& member : field.fields) {
    EXPECT_TRUE(ids.insert(member.id).second);
    check_field(member, field.fields);
  }
  if (!field.unique.empty()) EXPECT_TRUE(ids.contains(field.unique));
  if (field.covers) EXPECT_TRUE(ids.contains(field.covers->field));
}

TEST_P(EveryDocument, IsSoundAsItShips) {
  const Form& shipped = form(GetParam());
  std::vector<Field> all;
  for (const Section& section : shipped.sections) all.insert(all.end(), section.fields.begin(), section.fields.end());
  std::set<std::string> ids{"form", "v"};
  for (const Field& field : all) {
    EXPECT_TRUE(ids.insert(field.id).second) << field.id;
    check_field(field, all);
    for (const std::string& from : field.carry) {
      const Form& earlier = form(from[from.find('-') + 1] - '0');
      EXPECT_LT(earlier.document, shipped.document);
      EXPECT_NE(earlier.find(from.substr(from.find('.') + 1)), nullptr) << from;
    }
  }
  EXPECT_NE(shipped.find(shipped.names_as_of), nullptr);
  EXPECT_EQ(shipped.letter.has_value(), GetParam() == 3 || GetParam() == 5);
}

TEST(FindForm, OnlyTheFiveDocumentsInTheirVersionsAreThere) {
  EXPECT_EQ(find_form(0).code(), Errc::not_found);
  EXPECT_EQ(find_form(6).code(), Errc::not_found);
  EXPECT_EQ((*find_form(1, 1))->document, 1);
  const auto older = find_form(4, 0);
  EXPECT_EQ(older.code(), Errc::invalid_argument);
  EXPECT_THAT(older.error().message, HasSubstr("version 0 of Document 4, which was never released"));
  const auto newer = find_form(4, 2);
  EXPECT_EQ(newer.code(), Errc::invalid_argument);
  EXPECT_THAT(newer.error().message, HasSubstr("version 2 of Document 4, newer than this program"));
}

TEST(ReadForm, WhatIsNoFormIsRefusedAsSuch) {
  const std::pair<const char*, Errc> cases[] = {
      {"", Errc::malformed},
      {"[]", Errc::malformed},
      {"{\"form\":\"document-1\",\"v\":1", Errc::malformed},
      {"{\"form\":\"document-1\",\"v\":1} x", Errc::malformed},
      {"{\"v\":1}", Errc::malformed},
      {"{\"form\":1,\"v\":1}", Errc::malformed},
      {"{\"form\":\"document-1\"}", Errc::malformed},
      {"{\"form\":\"document-1\",\"v\":\"1\"}", Errc::malformed},
      {"{\"form\":\"document-9\",\"v\":1}", Errc::not_found},
      {"{\"form\":\"document-\",\"v\":1}", Errc::not_found},
      {"{\"form\":\"declaration\",\"v\":1}", Errc::not_found},
      {"{\"form\":\"document-1\",\"v\":0}", Errc::invalid_argument},
      {"{\"form\":\"document-1\",\"v\":2}", Errc::invalid_argument},
      {"{\"form\":\"document-1\",\"v\":4294967297}", Errc::invalid_argument},
      {"{\"form\":\"document-1\",\"v\":1,\"place\":\"\xff\"}", Errc::malformed},
  };
  for (const auto& [text, code] : cases) EXPECT_EQ(read_form(text, kToday).code(), code) << text;
}

TEST(ReadForm, AMemberThatStandsTwiceWouldLoseOneOfThem) {
  const std::string twice = R"({"form":"document-1","v":1,"place":"a","place":"b"})";
  EXPECT_THAT(read_form(twice, kToday).error().message, HasSubstr("given twice"));
  const std::string in_a_row = R"({"form":"document-1","v":1,"children":[{"label":"a"},{"label":"b","label":"c"}]})";
  EXPECT_EQ(read_form(in_a_row, kToday).code(), Errc::malformed);
  EXPECT_TRUE(read_form(R"({"form":"document-1","v":1,"children":[{"label":"a"},{"label":"b"}]})", kToday));
}

TEST(ReadForm, ItsSizeAndDepthAreLimited) {
  const std::string begin = R"({"form":"document-1","v":1)";
  const std::string room(kMaxFormBytes - begin.size() - 1, ' ');
  EXPECT_TRUE(read_form(begin + room + "}", kToday));
  EXPECT_EQ(read_form(begin + room + " }", kToday).code(), Errc::too_large);
  const auto nested = [&](std::size_t depth) {
    return begin + ",\"place\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(read_form(nested(kMaxFormDepth - 1), kToday));
  EXPECT_EQ(read_form(nested(kMaxFormDepth), kToday).code(), Errc::malformed);
  EXPECT_EQ(read_form(nested(100'000), kToday).code(), Errc::malformed);
}

TEST(ReadForm, EachTypeTakesItsOwnValuesAndNamesTheField) {
  EXPECT_THAT(problems(with(1, "place", 7)), ElementsAre("place: must be text in quotation marks"));
  EXPECT_THAT(problems(with(1, "place", "two\nlines")), ElementsAre("place: must be one line"));
  EXPECT_THAT(problems(with(1, "place", "bell\x07")), ElementsAre("place: contains a control character"));
  EXPECT_THAT(problems(with(1, "incident_date", "1/3/2026")),
              ElementsAre("incident_date: must be a date such as 2026-03-01"));
  EXPECT_THAT(problems(with(1, "incident_date", "2026-02-30")),
              ElementsAre("incident_date: must be a date such as 2026-03-01"));
  EXPECT_THAT(problems(with(1, "abuse_or_neglect", "maybe")), ElementsAre("abuse_or_neglect: must be true or false"));
  EXPECT_THAT(problems(with(1, "harm", "harmed")), ElementsAre("harm: must be one of died, seriously-harmed, other"));
  EXPECT_THAT(problems(with(1, "proceedings", "police")),
              ElementsAre(HasSubstr("proceedings: must be a list of some of police,")));
  EXPECT_THAT(problems(with(1, "proceedings", json::array{"police", "police"})),
              ElementsAre("proceedings: has an answer twice"));
  EXPECT_THAT(problems(with(1, "referrer", "Inspector")), ElementsAre(HasSubstr("referrer: must be a person")));
  EXPECT_THAT(problems(with(1, "referrer", {{"name", "Inspector"}})), ElementsAre("referrer.role: is missing"));
  EXPECT_THAT(problems(with(1, "children", "one")), ElementsAre("children: must be a list, [ … ]"));
  EXPECT_THAT(problems(with(1, "children", json::array{"one"})), Contains("children[1]: must be a row, { … }"));
  EXPECT_THAT(problems(with(1, "unheard_of", "x")), ElementsAre("unheard_of: is not a field of this form"));
}

TEST(ReadForm, AProblemWithinARowSaysWhichRow) {
  json::array children = complete(1).values.at("children").as_array();
  children[1].as_object()["date_of_birth"] = "yesterday";
  EXPECT_THAT(problems(with(1, "children", children)),
              ElementsAre("children[2].date_of_birth: must be a date such as 2026-03-01"));
}

TEST(ReadForm, YesAndNoInWordsAreTakenAndTextIsTidied) {
  const auto filled =
      check_form(form(1), {{"abuse_or_neglect", "no"}, {"place", "  At home \r\n"}, {"account", "a\r\nb\n"}}, kToday);
  EXPECT_EQ(filled.values.at("abuse_or_neglect"), false);
  EXPECT_EQ(filled.values.at("place"), "At home");
  EXPECT_EQ(filled.values.at("account"), "a\nb");
}

TEST(ReadForm, TextIsTakenUpToItsLimitAndNotBeyond) {
  EXPECT_THAT(problems(with(1, "place", json::string(kMaxTextBytes, 'a'))), IsEmpty());
  EXPECT_THAT(problems(with(1, "place", json::string(kMaxTextBytes + 1, 'a'))),
              ElementsAre("place: is longer than 200 bytes"));
  EXPECT_THAT(problems(with(1, "account", json::string(kMaxLongTextBytes, 'a'))), IsEmpty());
  EXPECT_THAT(problems(with(1, "account", json::string(kMaxLongTextBytes + 1, 'a'))),
              ElementsAre("account: is longer than 16384 bytes"));
}

json::array searches(std::size_t count) {
  json::array rows;
  for (std::size_t row = 0; row < count; ++row)
    rows.push_back({{"subject", "child-1"}, {"source", "System"}, {"found", false}});
  return rows;
}

TEST(ReadForm, ListsAreTakenUpToTheirLimitAndNotBeyond) {
  EXPECT_THAT(problems(with(2, "searches", searches(kMaxListRows))), IsEmpty());
  EXPECT_THAT(problems(with(2, "searches", searches(kMaxListRows + 1))),
              ElementsAre("searches: has more than 200 rows"));
}

TEST(ReadForm, NoMoreProblemsAreReportedThanCanBeRead) {
  json::object many;
  for (std::size_t number = 0; number < 3 * kMaxProblems; ++number) many["unknown_" + std::to_string(number)] = 1;
  EXPECT_EQ(check_form(form(1), many, kToday).problems.size(), kMaxProblems);
}

TEST(ReadForm, WhatIsRightIsKeptWhateverElseIsWrong) {
  json::object values = complete(1).values;
  values["incident_date"] = "never";
  values["children"].as_array()[0].as_object()["sex"] = "x";
  const auto filled = check_form(form(1), values, kToday);
  EXPECT_EQ(filled.problems.size(), 2U);
  EXPECT_EQ(filled.values.at("agency"), "Example Police Service");
  EXPECT_EQ(filled.values.at("children").as_array()[0].as_object().at("name"), "Child One");
  EXPECT_FALSE(filled.values.contains("incident_date"));
}

TEST(ReadForm, AnIncidentInTheFutureIsRefused) {
  json::object values = complete(1).values;
  values["incident_date"] = values["aware_date"] = values["referred_on"] = values["notified_on"] = "2026-03-21";
  EXPECT_THAT(problems(check_form(form(1), values, kToday)), Contains("incident_date: is in the future"));
  values["incident_date"] = values["aware_date"] = values["referred_on"] = values["notified_on"] = "2026-03-20";
  EXPECT_THAT(problems(check_form(form(1), values, kToday)), IsEmpty());
}

TEST(ReadForm, NobodyIsAwareBeforeTheIncident) {
  EXPECT_THAT(problems(with(1, "aware_date", "2026-02-28")),
              ElementsAre("aware_date: is before “Date of the incident” (incident_date)"));
  EXPECT_THAT(problems(with(1, "aware_date", "2026-03-01")), IsEmpty());
}

TEST(ReadForm, AReferralHasAChildAndAtMostFour) {
  const json::value child = complete(1).values.at("children").as_array()[0];
  const auto children = [&](std::size_t count) { return json::array(count, child); };
  EXPECT_THAT(problems(with(1, "children", children(0))), ElementsAre("children: a referral names at least one child"));
  EXPECT_THAT(problems(with(1, "children", children(1))), IsEmpty());
  EXPECT_THAT(problems(with(1, "children", children(kMaxChildren))), IsEmpty());
  EXPECT_THAT(problems(with(1, "children", children(kMaxChildren + 1))),
              ElementsAre("children: the form takes up to four children: use a second form for the others"));
}

TEST(ReadForm, AFieldIsAskedOnlyWhereItsConditionHolds) {
  EXPECT_THAT(problems(with(1, "notified", false)),
              ElementsAre("notified_on: belongs to the form only if notified is yes"));
  json::object values = complete(1).values;
  values.erase("notified_on");
  EXPECT_THAT(problems(check_form(form(1), values, kToday)), ElementsAre("notified_on: is missing"));
  values["notified"] = false;
  EXPECT_THAT(problems(check_form(form(1), values, kToday)), IsEmpty());
}

TEST(ReadForm, ANilReturnNeedsItsSearchesAndItsSignOffAlone) {
  json::object values;
  for (const char* name : {"reference", "agency", "sent_on", "return_due", "incident_date", "subjects", "completed_by",
                           "searches", "signed_by", "returned_on"})
    values[name] = complete(2).values.at(name);
  values["known"] = false;
  EXPECT_THAT(problems(check_form(form(2), values, kToday)), IsEmpty());
}

TEST(ReadForm, OnePersonIsNoQuorumForTwoPartners) {
  json::array attendance = complete(4).values.at("attendance").as_array();
  attendance[1].as_object()["name"] = attendance[0].as_object()["name"];
  EXPECT_THAT(problems(with(4, "attendance", attendance)),
              ElementsAre("attendance[2].name: is the same as in an earlier row"));
}

TEST(ReadForm, AnIncompleteFormSaysEverythingThatIsToBeDone) {
  const auto refused = require_complete(check_form(form(5), {}, kToday));
  ASSERT_EQ(refused.code(), Errc::invalid_argument);
  for (const char* part : {"Document 5 is not ready: reference is missing; ", "; meeting_date is missing",
                           "; subjects the letter concerns at least one child"})
    EXPECT_THAT(refused.error().message, HasSubstr(part));
}

TEST(CheckValue, SaysOfOneValueWhatReadingTheFormWouldSay) {
  const Field& date = *form(1).find("incident_date");
  EXPECT_THAT(check_value(date, "2026-03-01", kToday), IsEmpty());
  EXPECT_EQ(check_value(date, "2026-03-21", kToday).at(0).what, "is in the future");
  EXPECT_EQ(check_value(date, "soon", kToday).at(0).field, "incident_date");
}

TEST(HealthPartner, IsTheGroupUntilTheEndOfJune2022AndTheBoardSince) {
  EXPECT_EQ(health_partner(test::date("2022-06-30")), "clinical commissioning group");
  EXPECT_EQ(health_partner(test::date("2022-07-01")), "integrated care board");
}

CaseFacts facts() {
  CaseFacts facts;
  facts.reference = "RR-2026-0001";
  facts.agency = "Example Community Health Trust";
  facts.referred_by = "Example Police Service";
  facts.incident_date = test::date("2026-03-01");
  facts.aware_date = facts.received = test::date("2026-03-02");
  facts.subjects = {"child-1", "child-2", "parent-1"};
  facts.sent_on = test::date("2026-03-03");
  facts.return_due = test::date("2026-03-10");
  return facts;
}

TEST(Prefill, TheLetterToAnAgencyIsCompleteFromTheCaseAlone) {
  const Form& letter = form(3);
  const auto filled = check_form(letter, prefill(letter, facts()), kToday);
  EXPECT_TRUE(require_complete(filled)) << require_complete(filled).error().message;
  EXPECT_EQ(filled.values.at("subjects").as_array().size(), 3U);
  EXPECT_EQ(filled.values.at("return_due"), "2026-03-10");
}

TEST(Prefill, TheScopingTemplateLeavesToTheAgencyWhatItAnswers) {
  const Form& template_ = form(2);
  const auto filled = check_form(template_, prefill(template_, facts()), kToday);
  EXPECT_FALSE(filled.is_wrong());
  EXPECT_THAT(problems(filled), ElementsAre("completed_by: is missing", "known: is missing",
                                            "searches: say what was searched, also when nothing was found",
                                            "signed_by: is missing", "returned_on: is missing"));
}

TEST(Prefill, TheReferralKeepsChildrenAndOthersApart) {
  const auto values = prefill(form(1), facts());
  EXPECT_EQ(json::serialize(values.at("children")), R"([{"label":"child-1"},{"label":"child-2"}])");
  EXPECT_EQ(json::serialize(values.at("adults")), R"([{"label":"parent-1"}])");
}

TEST(Prefill, TheReferralTellsTheScopingTemplateWhoToSearchFor) {
  const FilledForm earlier[] = {complete(1)};
  const auto values = prefill(form(2), facts(), earlier);
  const auto& subjects = values.at("subjects").as_array();
  ASSERT_EQ(subjects.size(), 3U);
  EXPECT_EQ(subjects[0].as_object().at("name"), "Child One");
  EXPECT_EQ(subjects[2].as_object().at("name"), "Parent One");
  EXPECT_FALSE(subjects[0].as_object().contains("looked_after"));  // this form's rows have no such member
  EXPECT_EQ(prefill(form(3), facts(), earlier).at("outline"), complete(1).values.at("outline"));
}

TEST(Prefill, TheLetterToThePanelTakesItsDecisionFromTheRapidReview) {
  const FilledForm earlier[] = {complete(4)};
  auto values = prefill(form(5), {.reference = "RR-2026-0001"}, earlier);
  EXPECT_EQ(values.at("decision"), "practice-review");
  EXPECT_EQ(values.at("meeting_date"), "2026-03-13");
  EXPECT_EQ(values.at("panel_address"), "Mailbox.NationalReviewPanel@education.gov.uk");
  values["sent_on"] = "2026-03-17";
  EXPECT_THAT(problems(check_form(form(5), values, kToday)), IsEmpty());
}

TEST(Prefill, ACaseThatSaysNothingFillsInNothing) {
  CaseFacts nothing;
  nothing.panel_address.clear();
  for (int document = kFirstDocument; document <= kLastDocument; ++document)
    EXPECT_THAT(prefill(form(document), nothing), IsEmpty());
}

}  // namespace
}  // namespace strongroom::review
