#include "net/server.h"

#include <future>
#include <thread>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;

TEST_F(TlsServerTest, AHandshakeThatDoesNotComeIsCutOff) {
  ServerOptions options;
  options.limits.handshake_timeout = 30ms;
  start(std::move(options));
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), port()});
  char sink[10];
  ErrorCode error;
  EXPECT_EQ(socket.read_some(asio::buffer(sink), error), 0U);  // returns when the server closes
  EXPECT_TRUE(error);
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_P(ServerTest, AnIdleConnectionIsClosed) {
  ServerOptions options;
  options.limits.idle_timeout = 30ms;
  start(std::move(options));
  Client client = connect();
  EXPECT_EQ(client.ask(get("/hello")).status, 200U);
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(counters().timeouts, 0U) << "this is nobody's fault";
}

TEST_P(ServerTest, AConnectionThatAsksForNothingIsClosedSoonerThanOneThatHas) {
  ServerOptions options;
  options.limits.header_timeout = 200ms;
  start(std::move(options));
  Client silent = connect();
  Client regular = connect();
  EXPECT_EQ(regular.ask(get("/hello")).status, 200U);
  EXPECT_EQ(silent.rest(), "");
  EXPECT_EQ(regular.ask(get("/hello")).status, 200U);
}

TEST_P(ServerTest, AHeaderThatTricklesIsCutOff) {
  ServerOptions options;
  options.limits.header_timeout = 50ms;
  start(std::move(options));
  Client client = connect();
  client.send("GET /hello HTTP/1.1\r\n");
  std::future<void> trickle = std::async(std::launch::async, [&] {
    while (counters().timeouts == 0 && client.send("X")) std::this_thread::sleep_for(1ms);
  });
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
  EXPECT_EQ(counters().requests, 0U);
  trickle.wait();
}

TEST_P(ServerTest, ABodyThatStallsIsCutOff) {
  ServerOptions options;
  options.limits.stall_timeout = 50ms;
  start(std::move(options));
  Client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_P(ServerTest, ABodyHeldInMemoryMustBeWholeInItsTime) {
  ServerOptions options;
  options.limits.body_timeout = 50ms;
  start(std::move(options));
  Client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_P(ServerTest, AStreamedBodyThatTricklesIsCutOff) {
  ServerOptions options;
  options.limits.progress_grace = 50ms;
  options.limits.min_bytes_per_second = 1'000'000'000;
  start(std::move(options));
  Client client = connect();
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
  std::future<void> trickle = std::async(std::launch::async, [&] {
    while (counters().timeouts == 0 && client.send("x")) std::this_thread::sleep_for(1ms);
  });
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
  trickle.wait();
}

TEST_P(ServerTest, AClientThatDoesNotReadItsAnswerIsCutOff) {
  ServerOptions options;
  options.limits.stall_timeout = 100ms;
  start(std::move(options));
  Client client = connect();
  client.send(get("/download"));
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_P(ServerTest, AClientThatDoesNotCloseAfterTheLastAnswerIsCutOff) {
  ServerOptions options;
  options.limits.close_timeout = 50ms;
  start(std::move(options));
  Client client = connect();
  EXPECT_EQ(client.ask(get("/hello", "Connection: close\r\n")).status, 200U);
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
  EXPECT_EQ(counters().timeouts, 0U) << "the request was answered";
}

}  // namespace
}  // namespace net::test
