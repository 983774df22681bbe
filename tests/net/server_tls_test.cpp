#include "net/server.h"

#include "net/client_hello.h"
#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using vault::Errc;

TEST_F(TlsServerTest, RefusesTls12) {
  start();
  EXPECT_FALSE(Client(port(), TlsChoices{.max_version = TLS1_2_VERSION}).connected());
  EXPECT_TRUE(connect().connected());
  EXPECT_TRUE(eventually([&] { return counters().handshakes_failed == 1; }));
}

TEST_F(TlsServerTest, ExchangesKeysInGroupsThatAreStrongAndCheap) {
  start();
  const auto status = [&](const char* group) {
    Client client(port(), TlsChoices{.group = group});
    return client.connected() ? client.ask(get("/hello")).status : 0U;
  };
  for (const char* group : {"X25519", "P-256", "P-384"}) EXPECT_EQ(status(group), 200U) << group;
  for (const char* group : {"P-521", "X448", "ffdhe2048", "ffdhe8192"}) EXPECT_EQ(status(group), 0U) << group;
}

TEST_F(TlsServerTest, ResumesASession) {
  start();
  Client first = connect();
  first.ask(get("/hello"));  // the tickets come with the first answer
  SSL_SESSION* session = SSL_get1_session(first.native());
  Client second(port(), TlsChoices{.session = session});
  EXPECT_EQ(second.ask(get("/hello")).status, 200U);
  EXPECT_EQ(SSL_session_reused(second.native()), 1);
  SSL_SESSION_free(session);
}

TEST_F(TlsServerTest, SurvivesWhatIsNotTls) {
  start();
  asio::io_context context;
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100, '\0'), std::string("\x16\x03\x01")}) {
    Tcp::socket socket(context);
    socket.connect({asio::ip::make_address("127.0.0.1"), port()});
    asio::write(socket, asio::buffer(bytes));
    ErrorCode error;
    socket.shutdown(Tcp::socket::shutdown_send, error);
    char sink[1000];
    while (!error) socket.read_some(asio::buffer(sink), error);
  }
  EXPECT_TRUE(eventually([&] { return counters().handshakes_failed == 3; }));
  EXPECT_EQ(ask_once(get("/hello")).status, 200U);
}

TEST_F(TlsServerTest, AHelloMayComeInPiecesAndInSeveralRecords) {
  start();
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), port()});
  socket.set_option(Tcp::no_delay(true));
  Handshake handshake;
  const std::string hello = handshake.step();
  const std::string message = hello.substr(5);
  const std::string first = message.substr(0, 3), second = message.substr(3);
  const auto record = [](std::string_view part) {
    return std::string("\x16\x03\x01") + static_cast<char>(part.size() >> 8) + static_cast<char>(part.size()) +
           std::string(part);
  };
  for (const char byte : record(first) + record(second)) asio::write(socket, asio::buffer(&byte, 1));
  ErrorCode error;
  char heard[4096];
  while (!error && SSL_is_init_finished(handshake.ssl.get()) == 0) {
    const std::size_t size = socket.read_some(asio::buffer(heard), error);
    asio::write(socket, asio::buffer(handshake.step({heard, size})), error);
  }
  EXPECT_EQ(SSL_is_init_finished(handshake.ssl.get()), 1);
  EXPECT_EQ(counters().handshakes_failed, 0U);

  Tcp::socket splitting(context);
  splitting.connect({asio::ip::make_address("127.0.0.1"), port()});
  std::string many = record("\x01") + record({"\0\1", 2});
  for (std::size_t i = 2; i < kMaxClientHelloRecords; ++i) many += record({"\0", 1});
  asio::write(splitting, asio::buffer(many));
  EXPECT_EQ(splitting.read_some(asio::buffer(heard), error), 0U) << "too many records: closed without an answer";
  EXPECT_TRUE(eventually([&] { return counters().handshakes_failed == 1; }));
}

TEST_F(TlsServerTest, AStopDoesNotWaitForHalfAHello) {
  start();
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), port()});
  asio::write(socket, asio::buffer("\x16\x03\x01\x02", 4));
  ASSERT_TRUE(eventually([&] { return counters().connections_open == 1; }));
  const auto before = std::chrono::steady_clock::now();
  running.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kHandshakeTimeout / 2);
}

TEST(ServerMake, ATextThatIsNoCertificateOrKeyIsMalformed) {
  EXPECT_EQ(Server::make_tls({}, {"no", identity().key}, {}).code(), Errc::malformed);
  EXPECT_EQ(Server::make_tls({}, {identity().certificate, "no"}, {}).code(), Errc::malformed);
  const TestIdentity other = make_identity();
  EXPECT_EQ(Server::make_tls({}, {other.certificate, identity().key}, {}).code(), Errc::malformed)
      << "the key of another certificate";
}

}  // namespace
}  // namespace net::test
