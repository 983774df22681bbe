#include "review/page.h"

#include <gmock/gmock.h>

#include "vault/base/bytes.h"
#include "vault/crypto/hash.h"

namespace strongroom::review {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EscapeHtml, WhatHasMeaningInAPageHasNoneLeft) {
  EXPECT_EQ(escape_html("<b a=\"1\" c='2'>&</b>"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;");
  EXPECT_EQ(escape_html("Relevé – été\nnext"), "Relevé – été\nnext");
  EXPECT_EQ(escape_html_lines("a\n<b>"), "a<br>\n&lt;b&gt;");
}

TEST(EscapeHtml, ControlCharactersAndBytesThatAreNotTextAreShown) {
  EXPECT_EQ(escape_html(std::string_view("a\0b\x1b[2J\x7f", 8)), "a\\x00b\\x1b[2J\\x7f");
  EXPECT_EQ(escape_html("a\xc2\x9b"), "a\\x9b");
  EXPECT_EQ(escape_html("\xff<"), "\\xff&lt;");
}

Page labels() {
  return {.title = "Labels </title><script>",
          .reference = "RR-2026-0001\"}</style><script>",
          .body = "<p>body</p>",
          .more_css = ".label { height: 60mm; }\n"};
}

TEST(HtmlPage, TitleAndReferenceCannotBecomePartOfIt) {
  const std::string page = html_page(labels());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("<title>Labels &lt;/title&gt;&lt;script&gt;</title>"));
  EXPECT_EQ(page.find("</style>"), page.rfind("</style>"));
}

TEST(HtmlPage, ItsPolicyAllowsItsOwnStyleAndNothingElse) {
  const std::string page = html_page(labels());
  const auto begin = page.find("<style>") + 7;
  const std::string style = page.substr(begin, page.find("</style>") - begin);
  const auto digest = vault::base64(vault::crypto::sha256(vault::as_bytes(style)), vault::Base64::padded);
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'sha256-" + digest +
                              "'; base-uri 'none'; form-action 'none'\""));
  for (const char* other : {"http:", "https:", "url(", "@import", " src=", " href=", " style=", "javascript"})
    EXPECT_THAT(page, Not(HasSubstr(other))) << other;
  EXPECT_THAT(style, HasSubstr(".label { height: 60mm; }"));
}

}  // namespace
}  // namespace strongroom::review
