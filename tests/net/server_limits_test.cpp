#include "net/server.h"

#include <sys/resource.h>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

TEST_P(ServerTest, AHeaderUpToTheLimitIsTaken) {
  start();
  const std::string frame = get("/hello", "X: \r\n");
  Client client = connect();
  EXPECT_EQ(client.ask(get("/hello", "X: " + std::string(kMaxHeaderBytes - frame.size(), 'x') + "\r\n")).status, 200U);
  EXPECT_EQ(client.ask(get("/hello", "X: " + std::string(kMaxHeaderBytes, 'x') + "\r\n")).status, 431U);
  Client endless = connect();
  EXPECT_EQ(endless.ask(std::string(kMaxHeaderBytes + 1, 'G')).status, 431U);
}

TEST_P(ServerTest, AHeaderOfManyShortFieldsIsLimitedAsOneLongFieldIs) {
  start();
  const std::string frame = get("/hello");
  const std::string field = "X: a\r\n";
  std::string fields;
  while (frame.size() + fields.size() + field.size() <= kMaxHeaderBytes) fields += field;
  EXPECT_EQ(ask_once(get("/hello", fields)).status, 200U);
  EXPECT_EQ(ask_once(get("/hello", fields + field)).status, 431U);
  // A header without an end is not held in memory either.
  Client endless = connect();
  endless.send("GET /hello HTTP/1.1\r\nHost: test\r\n");
  for (int i = 0; i < 1000 && endless.send(fields); ++i) {
  }
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
  EXPECT_LT(counters().bytes_received, 2U << 20);
}

TEST_P(ServerTest, ABodyUpToTheRoutesLimitIsTaken) {
  start();
  Client client = connect();
  EXPECT_EQ(client.ask(post("/echo", std::string(kSmallBody, 'b'))).status, 200U);
  const Answer answer = client.ask(post("/echo", std::string(kSmallBody + 1, 'b')));
  EXPECT_EQ(answer.status, 413U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close"));
  EXPECT_EQ(ask_once(post("/hello", "b")).status, 405U);
  EXPECT_EQ(ask_once(get("/hello", "Content-Length: 1\r\n") + "b").status, 413U)
      << "a route takes no body unless it says so";
}

TEST_P(ServerTest, BodiesOfAllConnectionsTogetherAreLimited) {
  ServerOptions options;
  options.limits.buffered_bytes = 200'000;
  start(std::move(options));
  Client holder = connect();
  holder.send("POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: 150000\r\n\r\n" + std::string(140'000, 'a'));
  ASSERT_TRUE(eventually([&] { return counters().bytes_buffered == 150'000; }));
  EXPECT_EQ(ask_once(post("/large", std::string(60'000, 'b'))).status, 503U);
  EXPECT_EQ(ask_once(post("/large", std::string(40'000, 'b'))).status, 200U);
  EXPECT_EQ(holder.ask(std::string(10'000, 'a')).status, 200U);
  EXPECT_EQ(counters().bytes_buffered, 0U);
}

TEST_P(ServerTest, AClaimedLengthCostsNoMemoryBeforeItsBytesCome) {
  start();
  Client client = connect();
  client.send("POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\na");
  ASSERT_TRUE(eventually([&] { return counters().bytes_buffered > 0; }));
  EXPECT_EQ(counters().bytes_buffered, 64U << 10);
}

TEST_P(ServerTest, ALargeBodyIsHeldForSomebodyWhomTheRouteKnows) {
  start();
  const std::string large(kMaxStrangersBodyBytes + 1, 'a');
  EXPECT_EQ(ask_once(post("/friends", large, "X-Friend: yes\r\n")).status, 200U);
  EXPECT_EQ(ask_once(post("/friends", std::string(kMaxStrangersBodyBytes, 'a'))).status, 200U);
  EXPECT_EQ(ask_once(post("/friends?throw", large)).status, 500U);
  // The answer comes before the body, and no memory was taken for it.
  Client stranger = connect();
  EXPECT_EQ(stranger.ask("POST /friends HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\na").status, 401U);
  EXPECT_EQ(counters().bytes_buffered, 0U);
  Client polite = connect();
  const Answer answer =
      polite.ask("POST /friends HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(answer.status, 401U) << "instead of 100";
}

TEST_P(ServerTest, ConnectionsFromOneAddressAreLimited) {
  ServerOptions options;
  options.limits.connections_per_address = 2;
  start(std::move(options));
  auto first = connect_another();
  Client second = connect();
  EXPECT_EQ(first->ask(get("/hello")).status, 200U);
  EXPECT_EQ(second.ask(get("/hello")).status, 200U);
  EXPECT_EQ(ask_once(get("/hello")).status, 0U);
  EXPECT_EQ(counters().connections_refused, 1U);
  first->ask(get("/hello", "Connection: close\r\n"));
  first.reset();
  ASSERT_TRUE(eventually([&] { return counters().connections_open == 1; }));
  EXPECT_EQ(ask_once(get("/hello")).status, 200U);
}

TEST_P(ServerTest, ConnectionsAltogetherAreLimited) {
  ServerOptions options;
  options.limits.connections = 1;
  start(std::move(options));
  Client first = connect();
  EXPECT_EQ(first.ask(get("/hello")).status, 200U);
  EXPECT_EQ(ask_once(get("/hello")).status, 0U);
}

TEST_P(ServerTest, TheProcessMayOpenAsManyFilesAsItsConnectionsNeedAndMore) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < kMaxConnections + 256) GTEST_SKIP() << "the hard limit is too low to tell";
  limit.rlim_cur = 512;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  start();
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_GE(limit.rlim_cur, kMaxConnections + 256);
}

}  // namespace
}  // namespace net::test
