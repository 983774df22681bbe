#include "net/server.h"

#include "net/client_hello.h"
#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using vault::Errc;

TEST_F(ServerTest, RefusesTls12) {
  start();
  EXPECT_FALSE(Client(port(), TLS1_2_VERSION).connected());
  EXPECT_TRUE(Client(port()).connected());
  EXPECT_TRUE(eventually([&] { return counters().handshakes_failed == 1; }));
}

TEST_F(ServerTest, ExchangesKeysInGroupsThatAreStrongAndCheap) {
  start();
  const auto status = [&](const char* group) {
    Client client(port(), TLS1_3_VERSION, nullptr, group);
    return client.connected() ? client.ask(get("/hello")).status : 0U;
  };
  for (const char* group : {"X25519", "P-256", "P-384"}) EXPECT_EQ(status(group), 200U) << group;
  for (const char* group : {"P-521", "X448", "ffdhe2048", "ffdhe8192"}) EXPECT_EQ(status(group), 0U) << group;
}

TEST_F(ServerTest, ResumesASession) {
  start();
  Client first(port());
  first.ask(get("/hello"));  // the tickets come with the first answer
  SSL_SESSION* session = SSL_get1_session(first.native());
  Client second(port(), TLS1_3_VERSION, session);
  EXPECT_EQ(second.ask(get("/hello")).status, 200U);
  EXPECT_EQ(SSL_session_reused(second.native()), 1);
  SSL_SESSION_free(session);
}

TEST_F(ServerTest, SurvivesWhatIsNotTls) {
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
  EXPECT_EQ(Client(port()).ask(get("/hello")).status, 200U);
}

// A TLS client's side without a socket.
struct Handshake {
  Handshake() {
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl.get());
  }
  // What it says next.
  std::string step(std::string_view heard = {}) {
    BIO_write(SSL_get_rbio(ssl.get()), heard.data(), static_cast<int>(heard.size()));
    SSL_do_handshake(ssl.get());
    std::string said(BIO_ctrl_pending(SSL_get_wbio(ssl.get())), '\0');
    BIO_read(SSL_get_wbio(ssl.get()), said.data(), static_cast<int>(said.size()));
    return said;
  }
  asio::ssl::context context{asio::ssl::context::tls_client};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context.native_handle()), &SSL_free};
};

TEST_F(ServerTest, AHelloMayComeInPiecesAndInSeveralRecords) {
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
  EXPECT_EQ(splitting.read_some(asio::buffer(heard), error), 0U) << "in too many: closed unanswered";
  EXPECT_TRUE(eventually([&] { return counters().handshakes_failed == 1; }));
}

TEST(ServerMake, ACertificateOrKeyThatIsNoneIsMalformed) {
  ServerOptions options;
  options.certificate_pem = "no";
  options.key_pem = identity().key;
  EXPECT_EQ(Server::make({}, options).code(), Errc::malformed);
  const TestIdentity other = make_identity();
  options.certificate_pem = other.certificate;
  EXPECT_EQ(Server::make({}, options).code(), Errc::malformed) << "another certificate's key";
}

TEST_F(ServerTest, AnAddressThatIsTakenOrNoneIsSaidSo) {
  start();
  EXPECT_EQ(running.server->listen("127.0.0.1", port()).code(), Errc::busy);
  EXPECT_EQ(running.server->listen("localhost", 0).code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace net::test
