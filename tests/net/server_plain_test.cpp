#include "net/server.h"

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;
using vault::Errc;

TEST_F(PlainServerTest, ListensOnLoopbackAddressesOnly) {
  start();
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "10.0.0.1", "169.254.0.1", "::ffff:0.0.0.0",
                              "::ffff:192.0.2.1", "fe80::1", "2001:db8::1"})
    EXPECT_EQ(running.server->listen(address, 0).code(), Errc::invalid_argument) << address;
  EXPECT_TRUE(running.server->listen("127.0.0.2", 0));
  const auto version_6 = running.server->listen("::1", 0);
  EXPECT_TRUE(version_6 || version_6.code() == Errc::io) << "refused by nobody but a system without IPv6";
}

TEST_F(PlainServerTest, WhatAnotherProtocolSendsFirstIsAnsweredAtOnceAndEnds) {
  start();
  const std::vector<std::string> openings{
      Handshake().step(),      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",       "SSH-2.0-OpenSSH_9.2\r\n",
      "EHLO mail.example\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", std::string(100, '\0')};
  for (const std::string& opening : openings) {
    Client client = connect();
    EXPECT_EQ(client.ask(opening).status, 400U) << opening;
    client.finish();
    EXPECT_EQ(client.rest(), "") << opening;
    EXPECT_EQ(client.end(), asio::error::eof) << opening;
  }
  EXPECT_FALSE(Client(port(), Over::tls).connected()) << "and does not wait for the rest of its handshake";
  EXPECT_EQ(counters().timeouts, 0U);
  EXPECT_EQ(counters().handshakes_failed, 0U);
  EXPECT_EQ(ask_once(get("/hello")).status, 200U);
}

TEST_F(PlainServerTest, AClientThatHasFinishedSendingStillGetsItsAnswer) {
  start();
  Client client = connect();
  client.send(get("/hello") + get("/stutter"));
  client.finish();
  EXPECT_EQ(client.receive().body, "hello");
  const Answer answer = client.receive();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, pattern(0, 2 * kLargePieceBytes + 5));
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(client.end(), asio::error::eof);
}

TEST_F(PlainServerTest, ARequestThatIsCutShortIsNotAnswered) {
  start();
  for (const std::string& part :
       {std::string("GET /hello HTTP/1.1\r\nHost: te"), std::string("GET /hello HTTP/1.1\r\nHost: test\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf"),
        std::string("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf")}) {
    Client client = connect();
    client.send(part);
    client.finish();
    EXPECT_EQ(client.rest(), "") << part;
  }
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
  EXPECT_EQ(counters().timeouts, 0U);
}

// To close a socket that has unread bytes resets the connection. A client could then lose the answer.
TEST_F(PlainServerTest, BytesAfterTheLastRequestDoNotResetTheConnection) {
  Gate gate;
  serve(gate.routes(), {});
  Client client = connect();
  client.send(get("/slow", "Connection: close\r\n"));
  gate.entered.wait();
  client.send("more");  // which nobody reads before the answer
  gate.open = true;
  EXPECT_EQ(client.receive().body, "late");
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(client.end(), asio::error::eof);
}

TEST_F(PlainServerTest, AClientMayFinishSendingAfterItsLastAnswer) {
  start();
  Client client = connect();
  const std::string request = get("/hello", "Connection: close\r\n");
  EXPECT_EQ(client.ask(request).body, "hello");
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(client.send("more"));
  EXPECT_TRUE(eventually([&] { return counters().bytes_received == request.size() + 4; }));
  client.finish();
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
}

TEST_F(PlainServerTest, AClientThatSendsWithoutEndAfterTheLastRequestIsCutOff) {
  ServerOptions options;
  options.limits.close_timeout = 60s;  // so that the limit of bytes decides
  start(std::move(options));
  Client client = connect();
  ASSERT_EQ(client.ask(get("/hello", "Connection: close\r\n")).status, 200U);
  const std::string more(kReadBufferBytes, 'x');
  for (int i = 0; i < 10'000 && client.send(more); ++i) {
  }
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
  EXPECT_LE(counters().bytes_received, kMaxDrainBytes + 2 * kReadBufferBytes);
}

}  // namespace
}  // namespace net::test
