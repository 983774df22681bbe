#include "net/server.h"

#include <sys/resource.h>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

TEST_F(ServerTest, AHeaderUpToTheLimitIsTaken) {
  start();
  const std::string frame = get("/hello", "X: \r\n");
  Client client(port());
  EXPECT_EQ(client.ask(get("/hello", "X: " + std::string(kMaxHeaderBytes - frame.size(), 'x') + "\r\n")).status, 200U);
  EXPECT_EQ(client.ask(get("/hello", "X: " + std::string(kMaxHeaderBytes, 'x') + "\r\n")).status, 431U);
  Client endless(port());
  EXPECT_EQ(endless.ask(std::string(kMaxHeaderBytes + 1, 'G')).status, 431U);
}

TEST_F(ServerTest, AHeaderOfManyShortFieldsIsLimitedAsOneLongFieldIs) {
  start();
  const std::string frame = get("/hello");
  const std::string field = "X: a\r\n";
  std::string fields;
  while (frame.size() + fields.size() + field.size() <= kMaxHeaderBytes) fields += field;
  EXPECT_EQ(Client(port()).ask(get("/hello", fields)).status, 200U);
  EXPECT_EQ(Client(port()).ask(get("/hello", fields + field)).status, 431U);
  // Without an end: what is parsed is not held for ever either.
  Client endless(port());
  endless.send("GET /hello HTTP/1.1\r\nHost: test\r\n");
  for (int i = 0; i < 1000 && endless.send(fields); ++i) {
  }
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
  EXPECT_LT(counters().bytes_received, 2U << 20);
}

TEST_F(ServerTest, ABodyUpToTheRoutesLimitIsTaken) {
  start();
  Client client(port());
  EXPECT_EQ(client.ask(post("/echo", std::string(kSmallBody, 'b'))).status, 200U);
  const Answer answer = client.ask(post("/echo", std::string(kSmallBody + 1, 'b')));
  EXPECT_EQ(answer.status, 413U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close"));
  EXPECT_EQ(Client(port()).ask(post("/hello", "b")).status, 405U);
  EXPECT_EQ(Client(port()).ask(get("/hello", "Content-Length: 1\r\n") + "b").status, 413U)
      << "a route takes none unless it says so";
}

TEST_F(ServerTest, BodiesOfAllConnectionsTogetherAreLimited) {
  ServerOptions options;
  options.limits.buffered_bytes = 200'000;
  start(std::move(options));
  Client holder(port());
  holder.send("POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: 150000\r\n\r\n" + std::string(140'000, 'a'));
  ASSERT_TRUE(eventually([&] { return counters().bytes_buffered == 150'000; }));
  EXPECT_EQ(Client(port()).ask(post("/large", std::string(60'000, 'b'))).status, 503U);
  EXPECT_EQ(Client(port()).ask(post("/large", std::string(40'000, 'b'))).status, 200U);
  EXPECT_EQ(holder.ask(std::string(10'000, 'a')).status, 200U);
  EXPECT_EQ(counters().bytes_buffered, 0U);
}

TEST_F(ServerTest, AClaimedLengthCostsNoMemoryBeforeItsBytesCome) {
  start();
  Client client(port());
  client.send("POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\na");
  ASSERT_TRUE(eventually([&] { return counters().bytes_buffered > 0; }));
  EXPECT_EQ(counters().bytes_buffered, 64U << 10);
}

TEST_F(ServerTest, ALargeBodyIsHeldForSomebodyWhomTheRouteKnows) {
  start();
  const std::string large(kMaxStrangersBodyBytes + 1, 'a');
  EXPECT_EQ(Client(port()).ask(post("/friends", large, "X-Friend: yes\r\n")).status, 200U);
  EXPECT_EQ(Client(port()).ask(post("/friends", std::string(kMaxStrangersBodyBytes, 'a'))).status, 200U);
  EXPECT_EQ(Client(port()).ask(post("/friends?throw", large)).status, 500U);
  // Answered before the body has come, and without a place for it.
  Client stranger(port());
  EXPECT_EQ(stranger.ask("POST /friends HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\na").status, 401U);
  EXPECT_EQ(counters().bytes_buffered, 0U);
  Client polite(port());
  const Answer answer =
      polite.ask("POST /friends HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(answer.status, 401U) << "and is not told to go on";
}

TEST_F(ServerTest, ConnectionsFromOneAddressAreLimited) {
  ServerOptions options;
  options.limits.connections_per_address = 2;
  start(std::move(options));
  auto first = std::make_unique<Client>(port());
  Client second(port());
  EXPECT_TRUE(first->connected() && second.connected());
  EXPECT_FALSE(Client(port()).connected());
  EXPECT_EQ(counters().connections_refused, 1U);
  first->ask(get("/hello", "Connection: close\r\n"));
  first.reset();
  ASSERT_TRUE(eventually([&] { return counters().connections_open == 1; }));
  EXPECT_TRUE(Client(port()).connected());
}

TEST_F(ServerTest, ConnectionsAltogetherAreLimited) {
  ServerOptions options;
  options.limits.connections = 1;
  start(std::move(options));
  Client first(port());
  EXPECT_TRUE(first.connected());
  EXPECT_FALSE(Client(port()).connected());
}

TEST_F(ServerTest, TheProcessMayOpenAsManyFilesAsItsConnectionsNeedAndMore) {
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
