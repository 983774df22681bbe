#include "access/wire/structured_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "tests/conformance/vectors.h"

namespace strongroom::access::wire::sf {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using vault::Errc;
using vault::Result;
using vault::test::read_json;

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

// ---- The tests of the HTTP working group ----

vault::Bytes unbase32(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  vault::Bytes out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text.substr(0, text.find('='))) {
    bits = bits << 5 | static_cast<std::uint32_t>(alphabet.find(c));
    count += 5;
    if (count >= 8) out.push_back(static_cast<std::byte>(bits >> (count -= 8) & 0xff));
  }
  return out;
}

Result<BareItem> bare_item(const json::value& value) {
  if (value.is_bool()) return BareItem{value.as_bool()};
  if (value.is_int64()) return BareItem{value.as_int64()};
  if (value.is_string()) return BareItem{text_of(value)};
  if (value.is_double()) {
    TRY(const Decimal decimal, to_decimal(value.as_double()));
    return BareItem{decimal};
  }
  const std::string type = text_of(value.at("__type"));
  const json::value& inner = value.at("value");
  if (type == "token") return BareItem{Token{text_of(inner)}};
  if (type == "binary") return BareItem{unbase32(text_of(inner))};
  if (type == "date") return BareItem{Date{inner.as_int64()}};
  EXPECT_EQ(type, "displaystring");
  return BareItem{DisplayString{text_of(inner)}};
}

Result<Parameters> parameters(const json::value& value) {
  Parameters out;
  for (const json::value& pair : value.as_array()) {
    TRY(BareItem item, bare_item(pair.at(1)));
    out.emplace_back(text_of(pair.at(0)), std::move(item));
  }
  return out;
}

Result<Item> item(const json::value& value) {
  TRY(BareItem bare, bare_item(value.at(0)));
  TRY(Parameters params, parameters(value.at(1)));
  return Item{std::move(bare), std::move(params)};
}

Result<Member> member(const json::value& value) {
  if (!value.at(0).is_array()) {
    TRY(Item one, item(value));
    return Member{std::move(one)};
  }
  InnerList list;
  for (const json::value& inner : value.at(0).as_array()) {
    TRY(Item one, item(inner));
    list.items.push_back(std::move(one));
  }
  TRY(list.parameters, parameters(value.at(1)));
  return Member{std::move(list)};
}

Result<List> list(const json::value& value) {
  List out;
  for (const json::value& one : value.as_array()) {
    TRY(Member parsed, member(one));
    out.push_back(std::move(parsed));
  }
  return out;
}

Result<Dictionary> dictionary(const json::value& value) {
  Dictionary out;
  for (const json::value& pair : value.as_array()) {
    TRY(Member parsed, member(pair.at(1)));
    out.emplace_back(text_of(pair.at(0)), std::move(parsed));
  }
  return out;
}

std::string joined(const json::value& lines) {
  std::string out;
  bool first = true;
  for (const json::value& line : lines.as_array()) {
    if (!first) out += ", ";
    first = false;
    out += text_of(line);
  }
  return out;
}

template <class Parse, class Build>
void run_case(const json::object& test, Parse parse, Build build) {
  const bool must_fail = test.contains("must_fail") && test.at("must_fail").as_bool();
  const bool can_fail = test.contains("can_fail") && test.at("can_fail").as_bool();
  if (test.contains("raw")) {
    const auto parsed = parse(joined(test.at("raw")));
    ASSERT_FALSE(must_fail && parsed.has_value());
    if (must_fail || (can_fail && !parsed)) return;
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, *build(test.at("expected")));
  }
  const auto value = build(test.at("expected"));
  const auto text = value ? serialise(*value) : Result<std::string>(value.error());
  ASSERT_EQ(text.has_value(), !must_fail);
  if (!must_fail) EXPECT_EQ(*text, joined(test.contains("canonical") ? test.at("canonical") : test.at("raw")));
}

std::size_t run_file(const fs::path& path) {
  const json::value tests = read_json(path);
  for (const json::value& value : tests.as_array()) {
    const json::object& test = value.as_object();
    SCOPED_TRACE(path.filename().string() + ": " + text_of(test.at("name")));
    const std::string type = text_of(test.at("header_type"));
    if (type == "item") {
      run_case(test, parse_item, item);
    } else if (type == "list") {
      run_case(test, parse_list, list);
    } else {
      EXPECT_EQ(type, "dictionary");
      run_case(test, parse_dictionary, dictionary);
    }
  }
  return tests.as_array().size();
}

TEST(StructuredFields, TheWorkingGroupsTestsPass) {
  const fs::path folder = vault::test::vectors_directory() / "sf-tests";
  if (!fs::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  std::size_t parsing = 0, serialising = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") parsing += run_file(entry.path());
  for (const auto& entry : fs::directory_iterator(folder / "serialisation-tests"))
    if (entry.path().extension() == ".json") serialising += run_file(entry.path());
  EXPECT_GE(parsing, 235U);    // counts the hand-written vectors only: the tests below are exhaustive
  EXPECT_GE(serialising, 9U);  // over the same characters
}

// ---- Every character in every place ----

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool one_of(char c, std::initializer_list<std::string_view> sets) {
  return std::ranges::any_of(sets, [c](std::string_view set) { return set.contains(c); });
}

class EveryCharacter : public testing::TestWithParam<int> {
 protected:
  const char c = static_cast<char>(GetParam());
  const std::string text = std::string(1, c);
};
INSTANTIATE_TEST_SUITE_P(Bytes, EveryCharacter, testing::Range(0, 256));

TEST_P(EveryCharacter, BeginsAKeyOnlyIfLowerCaseOrAStar) {
  const bool allowed = one_of(c, {kLower, "*"});
  EXPECT_EQ(parse_dictionary(text + "a=1").has_value(), allowed || c == ' ');
  EXPECT_EQ(parse_item("1;" + text + "a").has_value(), allowed || c == ' ');
  EXPECT_EQ(serialise(Dictionary{{text + "a", Item{true, {}}}}).has_value(), allowed);
}

TEST_P(EveryCharacter, ContinuesAKeyOnlyIfOfItsAlphabet) {
  const bool allowed = one_of(c, {kLower, kDigits, "_-.*"});
  const auto parsed = parse_dictionary("a" + text + "a=1");
  EXPECT_EQ(parsed && parsed->size() == 1 && parsed->front().first == "a" + text + "a", allowed);
  EXPECT_EQ(serialise(Item{true, {{"a" + text, true}}}).has_value(), allowed);
}

TEST_P(EveryCharacter, BeginsATokenOnlyIfALetterOrAStar) {
  const bool allowed = one_of(c, {kLower, kUpper, "*"});
  const auto parsed = parse_item(text + "a");
  EXPECT_EQ(parsed && parsed->value == BareItem{Token{text + "a"}}, allowed);
  EXPECT_EQ(serialise(BareItem{Token{text + "a"}}).has_value(), allowed);
}

TEST_P(EveryCharacter, ContinuesATokenOnlyIfATokenCharacterColonOrSlash) {
  const bool allowed = one_of(c, {kLower, kUpper, kDigits, "!#$%&'*+-.^_`|~:/"});
  const auto parsed = parse_item("a" + text + "a");
  EXPECT_EQ(parsed && parsed->value == BareItem{Token{"a" + text + "a"}}, allowed);
  EXPECT_EQ(serialise(BareItem{Token{"a" + text}}).has_value(), allowed);
}

TEST_P(EveryCharacter, StandsInAStringOnlyIfPrintable) {
  const bool printable = c >= 0x20 && c <= 0x7e;
  EXPECT_EQ(parse_item("\" " + text + " \"").has_value(), printable && c != '"' && c != '\\');
  EXPECT_EQ(parse_item("\"\\" + text + "\"").has_value(), c == '"' || c == '\\');
  const auto written = serialise(BareItem{text});
  ASSERT_EQ(written.has_value(), printable);
  if (printable) EXPECT_EQ(*parse_item(*written), (Item{text, {}}));
}

TEST_P(EveryCharacter, ComesBackFromByteSequencesAndDisplayStrings) {
  const Item bytes{vault::to_bytes(text), {}};
  EXPECT_EQ(*parse_item(*serialise(bytes)), bytes);
  const Item display{DisplayString{text}, {}};
  const auto written = serialise(display);
  ASSERT_EQ(written.has_value(), GetParam() < 0x80);
  if (written) EXPECT_EQ(*parse_item(*written), display);
}

TEST_P(EveryCharacter, IsNoEscapeOfAStringByItself) {
  EXPECT_FALSE(parse_item("\"\\" + text).has_value());
}

// ---- Limits, on both sides ----

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(StructuredFields, AFieldMayHave64KiB) {
  EXPECT_TRUE(parse_item("\"" + std::string(kMaxFieldBytes - 2, 'a') + "\""));
  EXPECT_EQ(parse_item("\"" + std::string(kMaxFieldBytes - 1, 'a') + "\"").code(), Errc::too_large);
}

TEST(StructuredFields, AListMayHave1024Members) {
  EXPECT_TRUE(parse_list("1" + repeated(",1", kMaxMembers - 1)));
  EXPECT_EQ(parse_list("1" + repeated(",1", kMaxMembers)).code(), Errc::too_large);
}

TEST(StructuredFields, ADictionaryMayHave1024Members) {
  std::string field = "a0";
  for (std::size_t i = 1; i < kMaxMembers; ++i) field += ",a" + std::to_string(i);
  EXPECT_TRUE(parse_dictionary(field));
  EXPECT_TRUE(parse_dictionary(field + ",a0")) << "a repeated key is not another member";
  EXPECT_EQ(parse_dictionary(field + ",b").code(), Errc::too_large);
}

TEST(StructuredFields, AnInnerListMayHave256Items) {
  EXPECT_TRUE(parse_list("(" + repeated("1 ", kMaxInnerListItems) + ")"));
  EXPECT_EQ(parse_list("(" + repeated("1 ", kMaxInnerListItems + 1) + ")").code(), Errc::too_large);
}

TEST(StructuredFields, AnItemMayHave256Parameters) {
  std::string field = "1";
  for (std::size_t i = 0; i < kMaxParameters; ++i) field += ";a" + std::to_string(i);
  EXPECT_TRUE(parse_item(field));
  EXPECT_EQ(parse_item(field + ";b").code(), Errc::too_large);
}

TEST(StructuredFields, NumbersHaveFifteenDigitsOrTwelveAndThree) {
  EXPECT_EQ(parse_item("-999999999999999")->value, BareItem{-kMaxInteger});
  EXPECT_FALSE(parse_item("1000000000000000"));
  EXPECT_EQ(parse_item("999999999999.999")->value, BareItem{Decimal{kMaxInteger}});
  EXPECT_FALSE(parse_item("1000000000000.0"));
  EXPECT_FALSE(parse_item("1.0000"));
  EXPECT_FALSE(serialise(BareItem{kMaxInteger + 1}));
  EXPECT_FALSE(serialise(BareItem{Decimal{-kMaxInteger - 1}}));
  EXPECT_FALSE(to_decimal(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(*serialise(BareItem{Decimal{-5}}), "-0.005");
}

}  // namespace
}  // namespace strongroom::access::wire::sf
