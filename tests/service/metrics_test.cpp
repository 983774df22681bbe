#include "service/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace service {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Metrics, CountRequestsByRouteAndStatus) {
  Metrics metrics;
  metrics.count_request("GET /v1/whoami", 200, 3ms);
  metrics.count_request("GET /v1/whoami", 200, 3ms);
  metrics.count_request("GET /v1/whoami", 401, 1ms);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("strongroom_requests_total{route=\"GET /v1/whoami\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_requests_total{route=\"GET /v1/whoami\",status=\"401\"} 1\n"));
}

TEST(Metrics, HistogramsAreCumulativeAndEndInAllThatWasCounted) {
  Metrics metrics;
  metrics.count_request("GET /healthz", 200, 1ms);  // on a bound: in that bucket
  metrics.count_request("GET /healthz", 200, 30ms);
  metrics.count_request("GET /healthz", 200, 60s);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("strongroom_request_seconds_bucket{route=\"GET /healthz\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_request_seconds_bucket{route=\"GET /healthz\",le=\"0.05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_request_seconds_bucket{route=\"GET /healthz\",le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_request_seconds_bucket{route=\"GET /healthz\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_request_seconds_count{route=\"GET /healthz\"} 3\n"));
}

TEST(Metrics, BatchesCountCommitsAndCommands) {
  Metrics metrics;
  metrics.count_batch(1);
  metrics.count_batch(200);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("strongroom_commit_commands_bucket{le=\"128\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("strongroom_commit_commands_sum 201\nstrongroom_commit_commands_count 2\n"));
}

TEST(Metrics, ValuesOfOthersAreReadWhenRendered) {
  Metrics metrics;
  double depth = 1;
  metrics.add(Metrics::Type::gauge, "strongroom_queued_commands", "Commands waiting.", [&depth] { return depth; });
  depth = 7;
  EXPECT_THAT(metrics.render(), HasSubstr("# TYPE strongroom_queued_commands gauge\nstrongroom_queued_commands 7\n"));
}

TEST(Metrics, AnonymousMemoryIsSomeOfThisProcess) {
  EXPECT_GT(anonymous_memory(), 4096);
}

}  // namespace
}  // namespace service
