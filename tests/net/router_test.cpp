#include "net/router.h"

#include <gtest/gtest.h>

#include "net/asio.h"

namespace net {
namespace {

constexpr Callers kAnyone("anyone");

asio::awaitable<Response> nothing(Request&) {
  co_return Response{};
}

Router example() {
  Router router;
  router.route(Verb::get, "/v1/copies/{copy}", kAnyone, nothing);
  router.route(Verb::del, "/v1/copies/{copy}", kAnyone, nothing);
  router.route(Verb::get, "/v1/copies/mine", kAnyone, nothing);
  router.route(Verb::get, "/v1/copies/{copy}/records/{record}", kAnyone, nothing);
  router.route(Verb::post, "/v1/acts/{kind}", kAnyone, {.max_body = 10}, nothing);
  return router;
}

std::string pattern_for(std::string_view method, std::string_view path) {
  const Router router = example();
  const auto match = router.match(method, path);
  return match.route == nullptr ? "none, allow: " + match.allow : match.route->pattern;
}

TEST(Router, FindsTheRouteAndItsParametersDecoded) {
  const Router router = example();
  const auto match = router.match("GET", "/v1/copies/C%201/records/r");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->pattern, "/v1/copies/{copy}/records/{record}");
  EXPECT_EQ(match.parameters, (Fields{{"copy", "C 1"}, {"record", "r"}}));
}

TEST(Router, ALiteralGoesBeforeAParameter) {
  EXPECT_EQ(pattern_for("GET", "/v1/copies/mine"), "/v1/copies/mine");
  EXPECT_EQ(pattern_for("DELETE", "/v1/copies/mine"), "/v1/copies/{copy}");
}

TEST(Router, HeadGoesToGetAndOtherVerbsAreToldWhatIsAllowed) {
  EXPECT_EQ(pattern_for("HEAD", "/v1/copies/c"), "/v1/copies/{copy}");
  EXPECT_EQ(pattern_for("PUT", "/v1/copies/c"), "none, allow: DELETE, GET, HEAD");
  EXPECT_EQ(pattern_for("get", "/v1/acts/x"), "none, allow: POST");
}

TEST(Router, OtherPathsAreNotFound) {
  for (const char* path : {"", "*", "/", "/v1", "/v1/copies", "/v1/copies/", "/v1/copies/c/", "//v1/copies/c",
                           "/v1/copies/%zz", "/v1/copies/c/records/", "/V1/copies/c"})
    EXPECT_EQ(pattern_for("GET", path), "none, allow: ") << path;
}

TEST(Router, EveryRouteCanBeListedWithItsCallers) {
  const Router router = example();
  ASSERT_EQ(router.routes().size(), 5U);
  EXPECT_EQ(router.routes()[4].callers.name(), "anyone");
  EXPECT_EQ(to_string(router.routes()[4].verb), "POST");
}

TEST(RouterDeath, TwoRoutesForTheSameRequestsBreakAnInvariant) {
  Router router = example();
  EXPECT_DEATH(router.route(Verb::get, "/v1/copies/{other}", kAnyone, nothing), "no two routes");
}

}  // namespace
}  // namespace net
