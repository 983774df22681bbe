#include "net/server.h"

#include <chrono>
#include <mutex>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;
using vault::Errc;

TEST_P(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  Client client = connect();
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client.ask(get("/hello"));
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_THAT(answer.head,
                testing::AllOf(testing::StartsWith("HTTP/1.1 200 OK\r\n"), testing::HasSubstr("\r\nDate: "),
                               testing::HasSubstr("Content-Type: text/plain\r\n"),
                               testing::Not(testing::HasSubstr("Connection: close"))));
  }
  EXPECT_EQ(counters().connections_accepted, 1U);
  EXPECT_EQ(counters().requests, 3U);
}

TEST_P(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  Client client = connect();
  client.send(get("/hello") + post("/echo", "one") + post("/echo?q=1", "two"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive().body, "POST /echo ? one");
  EXPECT_EQ(client.receive().body, "POST /echo ?q=1 two");
}

TEST_P(ServerTest, PipelinedRequestsAreAnsweredWithAPauseBeforeEach) {
  constexpr int kRequests = 5;
  ServerOptions options;
  options.limits.pipeline_pause = 20ms;
  start(std::move(options));
  Client client = connect();
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += get("/hello");
  const auto before = std::chrono::steady_clock::now();
  client.send(all);
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(client.receive().status, 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, (kRequests - 1) * 20ms);
}

TEST_P(ServerTest, ClosesWhenAskedTo) {
  start();
  Client client = connect();
  const Answer answer = client.ask(get("/hello", "Connection: close\r\n"));
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(client.rest(), "");
}

TEST_P(ServerTest, HeadHasTheLengthAndNoBody) {
  start();
  Client client = connect();
  const Answer answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: test\r\n\r\n", true);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST_P(ServerTest, HandlersSeeParametersJoinedFieldsAndThePeer) {
  start();
  Client client = connect();
  EXPECT_EQ(client.ask(get("/things/a%20b", "X-Many: 1\r\nx-many: 2\r\n")).body, "a b|1, 2|127.0.0.1");
}

TEST_P(ServerTest, UnknownPathsAre404AndOtherVerbs405WithAllow) {
  start();
  Client client = connect();
  EXPECT_EQ(client.ask(get("/nothing")).status, 404U);
  const Answer answer = client.ask(post("/hello", ""));
  EXPECT_EQ(answer.status, 405U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: test\r\n\r\n").status, 405U);
  EXPECT_EQ(client.ask(get("/hello")).status, 200U) << "none of this ends the connection";
}

TEST_P(ServerTest, AHandlerThatThrowsIs500AndIsReported) {
  std::mutex mutex;
  std::vector<std::string> faults;
  ServerOptions options;
  options.fault = [&](std::string_view what) {
    const std::scoped_lock lock(mutex);
    faults.emplace_back(what);
  };
  start(std::move(options));
  Client client = connect();
  const Answer answer = client.ask(get("/fail"));
  EXPECT_EQ(answer.status, 500U);
  EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("purpose")));
  EXPECT_EQ(client.ask(get("/fail?strange")).status, 500U);
  EXPECT_EQ(client.ask(get("/split")).status, 500U) << "a field whose value would add another";
  EXPECT_EQ(client.ask(get("/hello")).status, 200U);
  EXPECT_EQ(counters().faults, 3U);
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(faults.front(), "broken on purpose");
}

TEST_P(ServerTest, ReportsEveryRequestByItsPatternAndNotItsTarget) {
  std::mutex mutex;
  std::vector<std::string> seen;
  ServerOptions options;
  options.completed = [&](const Completed& done) {
    const std::scoped_lock lock(mutex);
    seen.push_back(std::string(done.method) + " " + std::string(done.pattern) + " " + std::to_string(done.status) +
                   " " + std::to_string(done.received) + " " + std::to_string(done.sent));
  };
  start(std::move(options));
  Client client = connect();
  client.ask(get("/things/secret"));
  client.ask(post("/echo", "body"));
  client.ask(get("/unknown"));
  running.server->stop();
  EXPECT_THAT(seen,
              testing::ElementsAre("GET /things/{thing} 200 0 21", "POST /echo 200 4 17", "GET unmatched 404 0 22"));
}

TEST_P(ServerTest, ProblemsLookAsTheServiceSays) {
  ServerOptions options;
  options.problem = [](unsigned status, std::string_view) {
    return Response{status, {{"Content-Type", "application/problem+json"}}, std::string("{}")};
  };
  start(std::move(options));
  Client client = connect();
  const Answer answer = client.ask(get("/nothing"));
  EXPECT_EQ(answer.status, 404U);
  EXPECT_THAT(answer.head, testing::HasSubstr("application/problem+json"));
}

TEST_P(ServerTest, ListensOnAFreeNumericAddressOnly) {
  start();
  EXPECT_EQ(running.server->listen("127.0.0.1", port()).code(), Errc::busy);
  EXPECT_EQ(running.server->listen("localhost", 0).code(), Errc::invalid_argument);
}

TEST_P(ServerTest, MalformedRequestsAreAnsweredAndTheConnectionEnds) {
  start();
  const std::vector<std::pair<std::string, unsigned>> requests{
      {"nonsense\r\n\r\n", 400},
      {"GET /hello HTTP/1.0\r\nHost: test\r\n\r\n", 505},
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET hello HTTP/1.1\r\nHost: test\r\n\r\n", 400},
      {"GET https://test/hello HTTP/1.1\r\nHost: test\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", 400},
      {"GET /hello#x HTTP/1.1\r\nHost: test\r\n\r\n", 400},
      {"GET /hell\xc3\xb6 HTTP/1.1\r\nHost: test\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: test\r\nbad field\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost : test\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost:\r\n\ttest\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length:\r\n 1\r\n\r\na", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: x\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1, 1\r\n\r\na", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n", 411},
      {"POST /echo HTTP/1.1\r\nHost: test\r\nExpect: payment\r\nContent-Length: 1\r\n\r\na", 417},
      {"GET /" + std::string(kMaxTargetBytes, 'a') + " HTTP/1.1\r\nHost: test\r\n\r\n", 414},
  };
  for (const auto& [request, status] : requests) {
    Client client = connect();
    const Answer answer = client.ask(request);
    EXPECT_EQ(answer.status, status) << request.substr(0, 200);
    EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close\r\n")) << request.substr(0, 200);
    client.finish();
    EXPECT_EQ(client.rest(), "") << "nothing of the rest is taken for another request";
  }
  EXPECT_EQ(ask_once(get("/hello")).status, 200U);
}

// Each request is sent by itself, so none is in the connection's buffer when the previous one is answered.
TEST_P(ServerTest, APipelinedRequestThatWaitsInTheSocketCounts) {
  constexpr int kRequests = 5;
  Gate gate;
  ServerOptions options;
  options.limits.pipeline_pause = 20ms;
  serve(gate.routes(), std::move(options));
  Client client = connect();
  client.send(get("/slow"));
  gate.entered.wait();
  for (int i = 0; i < kRequests; ++i) client.send(get("/hello"));
  const auto before = std::chrono::steady_clock::now();
  gate.open = true;
  for (int i = 0; i <= kRequests; ++i) EXPECT_EQ(client.receive().status, 200U);
  // The first does not count: the kernel may still be delivering it when the slow one is answered.
  EXPECT_GE(std::chrono::steady_clock::now() - before, (kRequests - 1) * 20ms);
}

}  // namespace
}  // namespace net::test
