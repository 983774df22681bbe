#include "cli/client/declare.h"

#include <algorithm>
#include <boost/json.hpp>

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

constexpr std::string_view kForm =
    R"({"form":"declaration","v":1,"searched":["child-1"],"sources":[)"
    R"({"name":"Case system","kind":"system","state":"removed"},)"
    R"({"name":"Shared drive","kind":"share","state":"still-open","reason":"ongoing-care","until":"2026-12-01"}],)"
    R"("missing":[{"kind":"destroyed","what":"Diary"}],"note":"By two people."})";

std::string form_with(std::string_view member, std::string_view value) {
  auto object = wire::parse_json(kForm)->as_object();
  object[member] = *wire::parse_json(value);
  return wire::json::serialize(object);
}

TEST(DeclarationForms, ComeBackAsTheyWereWritten) {
  const auto form = read_declaration(kForm);
  ASSERT_TRUE(form) << form.error().message;
  EXPECT_EQ(wire::encode(*form), kForm);
  EXPECT_TRUE(read_declaration(R"({"sources":[{"name":"x","kind":"other","state":"removed"}]})"));
}

TEST(DeclarationForms, AWrongOneNamesTheField) {
  const auto says = [](const std::string& text, std::string_view words) {
    const auto form = read_declaration(text);
    ASSERT_FALSE(form) << text;
    EXPECT_EQ(form.code(), Errc::invalid_argument) << form.error().message;
    EXPECT_NE(form.error().message.find(words), std::string::npos) << form.error().message;
  };
  says(form_with("v", "2"), "v: ");
  says(form_with("v", "\"1\""), "v: ");
  says(form_with("form", "\"document-2\""), "form: ");
  says(form_with("searched", "[7]"), "searched: ");
  says(form_with("sources", "{}"), "sources: ");
  says(form_with("sources", "[]"), "sources: ");
  says(form_with("sources", "[7]"), "sources[0]: ");
  says(form_with("sources", R"([{"name":"x","kind":"drawer","state":"removed"}])"), "sources[0].kind: ");
  says(form_with("sources", R"([{"name":"x","kind":"share"}])"), "sources[0].state: ");
  says(form_with("sources", R"([{"name":"a\u0007","kind":"share","state":"removed"}])"), "sources[0].name: ");
  says(form_with("sources", R"([{"name":"x","kind":"share","state":"removed","until":"2026-12-01"}])"),
       "sources[0].until: ");
  says(form_with("sources", R"([{"name":"x","kind":"share","state":"still-open","until":"2026-12-01"}])"),
       "sources[0].reason: ");
  says(form_with("sources", R"([{"name":"x","kind":"share","state":"still-open","reason":"legal","until":"soon"}])"),
       "sources[0].until: ");
  says(form_with("missing", R"([{"kind":"lost","what":""}])"), "missing[0].what: ");
  says(form_with("signature", "1"), "\"signature\"");
  says("[]", "declaration: ");
  says("nonsense", "not JSON");
}

TEST(DeclarationForms, KeepToTheirLimits) {
  const auto source = [](std::size_t name) {
    return R"({"name":")" + std::string(name, 'n') + R"(","kind":"share","state":"removed"})";
  };
  EXPECT_TRUE(read_declaration(form_with("sources", "[" + source(kMaxSourceNameBytes) + "]")));
  EXPECT_EQ(read_declaration(form_with("sources", "[" + source(kMaxSourceNameBytes + 1) + "]")).code(),
            Errc::too_large);
  const auto sources = [&](std::size_t count) {
    std::string list = "[" + source(1);
    for (std::size_t i = 1; i < count; ++i) list += "," + source(1);
    return list + "]";
  };
  EXPECT_TRUE(read_declaration(form_with("sources", sources(access::kMaxDeclaredSources))));
  EXPECT_EQ(read_declaration(form_with("sources", sources(access::kMaxDeclaredSources + 1))).code(), Errc::too_large);
  std::string padded(kForm);
  padded.append(kMaxDeclarationBytes - padded.size(), ' ');
  EXPECT_TRUE(read_declaration(padded));
  EXPECT_EQ(read_declaration(padded + " ").code(), Errc::too_large);
}

class DeclareTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
};

TEST_F(DeclareTest, TextsKeepToTheirLimits) {
  AddItemRequest request;
  request.words.location = "Shelf 4";
  EXPECT_EQ(add_item(*third_.session, safe_of(third_), request).code(), Errc::invalid_argument);
  request.words.description = std::string(kMaxItemTextBytes, 'd');
  ASSERT_DONE(add_item(*third_.session, safe_of(third_), request));
  request.words.description = std::string(kMaxItemTextBytes + 1, 'd');
  EXPECT_EQ(add_item(*third_.session, safe_of(third_), request).code(), Errc::too_large);
  request.words.description = "bell\a";
  EXPECT_EQ(add_item(*third_.session, safe_of(third_), request).code(), Errc::invalid_argument);
  EXPECT_EQ(read_holdings(*first_.session, first_.directory(), safe_of(first_), nullptr)->items.size(), 1U);
}

}  // namespace
}  // namespace cli::client::testing
