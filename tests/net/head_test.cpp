#include "net/head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/limits.h"

namespace net {
namespace {

namespace http = boost::beast::http;

boost::asio::awaitable<Response> nothing(Request&) {
  co_return Response{};
}

const Router& routes() {
  static const Router router = [] {
    constexpr Callers anyone("anyone");
    Router made;
    made.route(Verb::get, "/things/{thing}", anyone, nothing);
    made.route(Verb::post, "/acts", anyone, {.max_body = 100}, nothing);
    made.route(Verb::patch, "/uploads", anyone, {.streams_body = true}, nothing);
    return made;
  }();
  return router;
}

// Reads and judges `text` as a connection does, in two pieces that are cut at `cut`. The status is 400 if it is no
// header.
Head judge(std::string_view text, std::size_t cut = std::string_view::npos) {
  HeadParser parser(kMaxHeaderBytes);
  boost::system::error_code error;
  std::size_t used = parser.put(text.substr(0, cut), error);
  if (error == http::error::need_more && cut < text.size()) used += parser.put(text.substr(used), error);
  if (!error && parser.is_done()) return judge_head(parser, routes());
  Head none;
  none.status = 400;
  return none;
}
unsigned status(std::string_view line, std::string_view fields) {
  return judge(std::string(line) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n").status;
}

TEST(Head, WhatEverybodyReadsAlikeIsTaken) {
  const Head head =
      judge("POST /acts?a=b HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(head.status, 0U) << head.detail;
  EXPECT_EQ(head.body_length, 100U);
  EXPECT_EQ(head.request.content_length, 100U);
  EXPECT_EQ(head.request.path, "/acts");
  EXPECT_EQ(head.request.query, "?a=b");
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(status("POST /acts", "Host: test\r\nContent-Length: 0\r\n"), 0U);
  EXPECT_EQ(status("GET /things/a", "Host: test\r\n"), 0U);
  EXPECT_EQ(status("PATCH /uploads", "Host: test\r\nContent-Length: 99999999999\r\n"), 0U);
}

TEST(Head, ALengthHasOneSpelling) {
  for (const char* length :
       {"1, 1", "1,1", "01", "00", "+1", "1 1", "0x1", "1.0", "1e0", ", 1", "1,", "", "18446744073709551616", "-0"})
    EXPECT_EQ(status("POST /acts", "Host: test\r\nContent-Length: " + std::string(length) + "\r\n"), 400U) << length;
}

TEST(Head, NobodyIsAskedToChooseBetweenTwoLengths) {
  EXPECT_EQ(status("POST /acts", "Host: test\r\nContent-Length: 1\r\nContent-Length: 1\r\n"), 400U);
  EXPECT_EQ(status("POST /acts", "Host: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n"), 400U);
  for (const char* coding : {"chunked", "identity", "gzip, chunked", "xchunked", "chunked, identity", ""}) {
    const std::string field = "Transfer-Encoding: " + std::string(coding) + "\r\n";
    EXPECT_THAT(status("POST /acts", "Host: test\r\n" + field), testing::AnyOf(400U, 411U)) << coding;
    EXPECT_THAT(status("POST /acts", "Host: test\r\nContent-Length: 1\r\n" + field), testing::AnyOf(400U, 411U));
    EXPECT_THAT(status("POST /acts", "Host: test\r\n" + field + "Content-Length: 1\r\n"), testing::AnyOf(400U, 411U));
  }
}

TEST(Head, WhatEndsALineIsCrLfAlone) {
  EXPECT_EQ(judge("GET /things/a HTTP/1.1\nHost: test\n\n").status, 400U);
  EXPECT_EQ(judge("GET /things/a HTTP/1.1\r\nHost: test\nX: a\r\n\r\n").status, 400U);
  EXPECT_EQ(judge("GET /things/a HTTP/1.1\rHost: test\r\r").status, 400U);
  EXPECT_EQ(judge("GET /things/a HTTP/1.1\r\nHost: te\rst\r\n\r\n").status, 400U);
}

TEST(Head, NamesAndValuesHoldNoControlCharacters) {
  using namespace std::string_literals;
  for (const std::string& field : {"X: a\0b"s, "X\0: a"s, "X : a"s, "X: a\x01"s, "X: a\x7f"s, "X;: a"s, ": a"s})
    EXPECT_EQ(status("GET /things/a", "Host: test\r\n" + field + "\r\n"), 400U) << testing::PrintToString(field);
}

// Requests with a field that continues on a line beginning with a space or a tab (RFC 9112, 5.2), and no other fault.
struct Fold {
  const char* field;
  const char* first;   // the value before the line break
  const char* second;  // the value after it
};

class FoldedField : public testing::TestWithParam<Fold> {};

TEST_P(FoldedField, IsRefused) {
  const auto& [field, first, second] = GetParam();
  std::string others;
  if (std::string_view(field) != "Host") others += "Host: test\r\n";
  const auto request = [&](std::string_view between) {
    return judge("POST /acts HTTP/1.1\r\n" + others + field + ": " + first + std::string(between) + second +
                 "\r\n\r\n");
  };
  EXPECT_EQ(request("").status, 0U) << "without the fold there is nothing wrong with it";
  for (const char* fold : {"\r\n ", "\r\n\t", " \r\n ", "\r\n \r\n\t", "\r\n  \t"})
    EXPECT_EQ(request(fold).status, 400U) << testing::PrintToString(fold);
}

INSTANTIATE_TEST_SUITE_P(Head, FoldedField,
                         testing::Values(Fold{"Host", "", "test"}, Fold{"Host", "test", ""},
                                         Fold{"Content-Length", "", "1"}, Fold{"Content-Length", "1", ""},
                                         Fold{"Expect", "", "100-continue"}, Fold{"Connection", "", "keep-alive"},
                                         Fold{"Content-Digest", "", "sha-256=:AA==:"},
                                         Fold{"Signature-Input", "", "sig=()"},
                                         Fold{"Signature-Input", "sig=(\"@method\"", ");created=1"},
                                         Fold{"Signature", "", "sig=:AA==:"}, Fold{"X-Unknown", "", "a"},
                                         Fold{"X-Unknown", "a", "b"}, Fold{"X-Unknown", "a", "Content-Length: 1"}),
                         [](const auto& instance) {
                           std::string name = instance.param.field + std::to_string(instance.index);
                           std::erase(name, '-');
                           return name;
                         });

TEST(Head, AFoldIsRefusedHoweverTheHeaderIsCut) {
  const std::string text = "GET /things/a HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) EXPECT_EQ(judge(text, cut).status, 400U) << cut;
}

TEST(Head, ABodyMayBeginWithASpace) {
  HeadParser parser(kMaxHeaderBytes);
  boost::system::error_code error;
  const std::string_view head = "POST /acts HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(parser.put(std::string(head) + " b", error), head.size());
  EXPECT_FALSE(error);
  EXPECT_TRUE(parser.is_done());
}

TEST(Head, ThereIsOneHost) {
  EXPECT_EQ(status("GET /things/a", ""), 400U);
  EXPECT_EQ(status("GET /things/a", "Host: a\r\nHost: a\r\n"), 400U);
}

TEST(Head, TheTargetIsAPathAndAQuery) {
  for (const char* target :
       {"https://test/things/a", "*", "test:443", "things/a", "/things/a#b", "/th\xc3\xa4", "//?\x7f"})
    EXPECT_EQ(status("GET " + std::string(target), "Host: test\r\n"), 400U) << target;
  const std::string longest = "GET /things/" + std::string(kMaxTargetBytes - 8, 'a');
  EXPECT_EQ(status(longest, "Host: test\r\n"), 0U);
  EXPECT_EQ(status(longest + "a", "Host: test\r\n"), 414U);
}

TEST(Head, ARouteTakesNoMoreThanItsBody) {
  EXPECT_EQ(status("POST /acts", "Host: test\r\nContent-Length: 101\r\n"), 413U);
  EXPECT_EQ(status("GET /things/a", "Host: test\r\nContent-Length: 1\r\n"), 413U);
}

TEST(Head, AfterWhatIsRefusedNothingIsTakenForAnotherRequest) {
  for (const char* fields : {"Content-Length: 1, 1\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 101\r\n",
                             "Expect: payment\r\nContent-Length: 1\r\n"}) {
    const Head head = judge("POST /acts HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n");
    EXPECT_FALSE(head.keep_alive) << fields;
  }
}

}  // namespace
}  // namespace net
