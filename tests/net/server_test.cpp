#include "net/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <latch>
#include <thread>

#include "net/client_hello.h"
#include "tests/net/server_fixture.h"

namespace net {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Client;
using test::eventually;
using vault::Errc;

constexpr Callers kAnyone("anyone");
constexpr std::size_t kSmallBody = 100;
constexpr std::uint64_t kLarge = 64U << 20;

std::byte pattern_at(std::uint64_t offset) {
  return static_cast<std::byte>(offset * 31 >> 3);
}

asio::awaitable<Response> hello(Request&) {
  co_return Response{200, {{"Content-Type", "text/plain"}}, "hello"};
}

asio::awaitable<Response> echo(Request& request) {
  Response response;
  response.body = request.method + " " + request.path + " " + request.query + " " + request.body;
  co_return response;
}

asio::awaitable<Response> show(Request& request) {
  Response response;
  response.body = request.parameter("thing") + "|" + request.field("x-many").value_or("none") + "|" + request.peer;
  co_return response;
}

asio::awaitable<Response> fail(Request& request) {
  if (request.query == "?strange") throw 7;
  throw std::runtime_error("broken on purpose");
  co_return Response{};
}

asio::awaitable<Response> split_header(Request&) {
  co_return Response{200, {{"X-A", "a\r\nX-B: b"}}, std::string()};
}

// Checks what comes, with 256 KiB of memory.
asio::awaitable<Response> upload(Request& request) {
  std::vector<std::byte> chunk(256U << 10);
  std::uint64_t total = 0;
  bool right = true;
  while (true) {
    const auto got = co_await request.stream->read(chunk);
    if (!got) co_return Response{499, {}, got.error().message};
    if (*got == 0) break;
    right = right && chunk.front() == pattern_at(total) && chunk[*got - 1] == pattern_at(total + *got - 1);
    total += *got;
  }
  co_return Response{200, {}, std::to_string(total) + (right ? " right" : " wrong")};
}

asio::awaitable<Response> ignore_upload(Request&) {
  co_return Response{403, {}, "no"};
}

asio::awaitable<Response> download(Request& request) {
  auto offset = std::make_shared<std::uint64_t>(0);
  const std::uint64_t fails_at = request.query == "?broken" ? 1U << 20 : kLarge;
  BodySource source;
  source.size = kLarge;
  source.read = [offset, fails_at](std::span<std::byte> into) -> vault::Result<std::size_t> {
    if (*offset >= fails_at) return vault::Error{Errc::io, "unreadable"};
    for (std::byte& b : into) b = pattern_at((*offset)++);
    return into.size();
  };
  co_return Response{200, {}, std::move(source)};
}

// How much was asked for by the reads of each answer that was streamed, in their order.
struct Asked {
  std::mutex mutex;
  std::vector<std::vector<std::size_t>> answers;
  std::vector<std::size_t> reads_of_last() {
    const std::scoped_lock lock(mutex);
    return answers.empty() ? std::vector<std::size_t>() : answers.back();
  }
};
Asked asked;

asio::awaitable<Response> measure(Request&) {
  std::size_t place = 0;
  {
    const std::scoped_lock lock(asked.mutex);
    place = asked.answers.size();
    asked.answers.emplace_back();
  }
  BodySource source;
  source.size = kLarge;
  source.read = [place](std::span<std::byte> into) -> vault::Result<std::size_t> {
    const std::scoped_lock lock(asked.mutex);
    const bool begins_on_a_page = reinterpret_cast<std::uintptr_t>(into.data()) % 4096 == 0;
    asked.answers[place].push_back(begins_on_a_page ? into.size() : 0);
    return into.size();
  };
  co_return Response{200, {}, std::move(source)};
}

// Now a byte, now as much as may be.
asio::awaitable<Response> stutter(Request&) {
  constexpr std::uint64_t kSize = 2 * kLargePieceBytes + 5;
  BodySource source;
  source.size = kSize;
  source.read = [offset = std::uint64_t{0},
                 reads = 0](std::span<std::byte> into) mutable -> vault::Result<std::size_t> {
    const std::size_t size = ++reads % 2 == 1 ? 1 : into.size();
    for (std::byte& b : into.first(size)) b = pattern_at(offset++);
    return size;
  };
  co_return Response{200, {}, std::move(source)};
}

Router routes() {
  Router router;
  router.route(Verb::get, "/hello", kAnyone, hello);
  router.route(Verb::post, "/echo", kAnyone, {.max_body = kSmallBody}, echo);
  router.route(Verb::post, "/large", kAnyone, {.max_body = 1U << 20}, echo);
  const auto friends_only = [](const Request& request) -> std::optional<Response> {
    if (request.field("x-friend")) return std::nullopt;
    if (request.query == "?throw") throw std::runtime_error("broken on purpose");
    return Response{401, {}, "who are you"};
  };
  router.route(Verb::post, "/friends", kAnyone, {.max_body = 1U << 20, .before_body = friends_only}, echo);
  router.route(Verb::get, "/things/{thing}", kAnyone, show);
  router.route(Verb::get, "/fail", kAnyone, fail);
  router.route(Verb::get, "/split", kAnyone, split_header);
  router.route(Verb::put, "/upload", kAnyone, {.streams_body = true}, upload);
  router.route(Verb::put, "/refused-upload", kAnyone, {.streams_body = true}, ignore_upload);
  router.route(Verb::get, "/download", kAnyone, download);
  router.route(Verb::get, "/measure", kAnyone, measure);
  router.route(Verb::get, "/stutter", kAnyone, stutter);
  return router;
}

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body);
}

class ServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) { running = test::start(routes(), std::move(options)); }
  std::uint16_t port() const { return running.port; }
  const Counters& counters() const { return running.server->counters(); }
  test::Running running;
};

// ---- Requests and answers ----

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  Client client(port());
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

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  Client client(port());
  client.send(get("/hello") + post("/echo", "one") + post("/echo?q=1", "two"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive().body, "POST /echo ? one");
  EXPECT_EQ(client.receive().body, "POST /echo ?q=1 two");
}

TEST_F(ServerTest, WhoPipelinesLeavesAPauseBeforeEachOfThem) {
  constexpr int kRequests = 5;
  ServerOptions options;
  options.limits.pipeline_pause = 20ms;
  start(std::move(options));
  Client client(port());
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += get("/hello");
  const auto before = std::chrono::steady_clock::now();
  client.send(all);
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(client.receive().status, 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, (kRequests - 1) * 20ms);
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  start();
  Client client(port());
  const Answer answer = client.ask(get("/hello", "Connection: close\r\n"));
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(client.rest(), "");
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  start();
  Client client(port());
  const Answer answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: test\r\n\r\n", true);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST_F(ServerTest, HandlersSeeParametersJoinedFieldsAndThePeer) {
  start();
  Client client(port());
  EXPECT_EQ(client.ask(get("/things/a%20b", "X-Many: 1\r\nx-many: 2\r\n")).body, "a b|1, 2|127.0.0.1");
}

TEST_F(ServerTest, UnknownPathsAre404AndOtherVerbs405WithAllow) {
  start();
  Client client(port());
  EXPECT_EQ(client.ask(get("/nothing")).status, 404U);
  const Answer answer = client.ask(post("/hello", ""));
  EXPECT_EQ(answer.status, 405U);
  EXPECT_THAT(answer.head, testing::HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: test\r\n\r\n").status, 405U);
  EXPECT_EQ(client.ask(get("/hello")).status, 200U) << "none of this ends the connection";
}

TEST_F(ServerTest, AHandlerThatThrowsIs500AndIsReported) {
  std::mutex mutex;
  std::vector<std::string> faults;
  ServerOptions options;
  options.fault = [&](std::string_view what) {
    const std::scoped_lock lock(mutex);
    faults.emplace_back(what);
  };
  start(std::move(options));
  Client client(port());
  const Answer answer = client.ask(get("/fail"));
  EXPECT_EQ(answer.status, 500U);
  EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("purpose")));
  EXPECT_EQ(client.ask(get("/fail?strange")).status, 500U);
  EXPECT_EQ(client.ask(get("/split")).status, 500U) << "a field that would write another";
  EXPECT_EQ(client.ask(get("/hello")).status, 200U);
  EXPECT_EQ(counters().faults, 3U);
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(faults.front(), "broken on purpose");
}

TEST_F(ServerTest, ReportsEveryRequestByItsPatternAndNotItsTarget) {
  std::mutex mutex;
  std::vector<std::string> seen;
  ServerOptions options;
  options.completed = [&](const Completed& done) {
    const std::scoped_lock lock(mutex);
    seen.push_back(std::string(done.method) + " " + std::string(done.pattern) + " " + std::to_string(done.status) +
                   " " + std::to_string(done.received) + " " + std::to_string(done.sent));
  };
  start(std::move(options));
  Client client(port());
  client.ask(get("/things/secret"));
  client.ask(post("/echo", "body"));
  client.ask(get("/unknown"));
  running.server->stop();
  EXPECT_THAT(seen,
              testing::ElementsAre("GET /things/{thing} 200 0 21", "POST /echo 200 4 17", "GET unmatched 404 0 22"));
}

TEST_F(ServerTest, ProblemsLookAsTheServiceSays) {
  ServerOptions options;
  options.problem = [](unsigned status, std::string_view) {
    return Response{status, {{"Content-Type", "application/problem+json"}}, std::string("{}")};
  };
  start(std::move(options));
  Client client(port());
  const Answer answer = client.ask(get("/nothing"));
  EXPECT_EQ(answer.status, 404U);
  EXPECT_THAT(answer.head, testing::HasSubstr("application/problem+json"));
}

// ---- TLS ----

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

TEST(ServerStop, DoesNotWaitForHalfAHello) {
  test::Running running = test::start(routes());
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), running.port});
  asio::write(socket, asio::buffer("\x16\x03\x01\x02", 4));
  ASSERT_TRUE(eventually([&] { return running.server->counters().connections_open == 1; }));
  const auto before = std::chrono::steady_clock::now();
  running.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kHandshakeTimeout / 2);
}

TEST(ServerMake, ACertificateOrKeyThatIsNoneIsMalformed) {
  ServerOptions options;
  options.certificate_pem = "no";
  options.key_pem = test::identity().key;
  EXPECT_EQ(Server::make({}, options).code(), Errc::malformed);
  const test::TestIdentity other = test::make_identity();
  options.certificate_pem = other.certificate;
  EXPECT_EQ(Server::make({}, options).code(), Errc::malformed) << "another certificate's key";
}

TEST_F(ServerTest, AnAddressThatIsTakenOrNoneIsSaidSo) {
  start();
  EXPECT_EQ(running.server->listen("127.0.0.1", port()).code(), Errc::busy);
  EXPECT_EQ(running.server->listen("localhost", 0).code(), Errc::invalid_argument);
}

// ---- Malformed requests ----

TEST_F(ServerTest, MalformedRequestsAreAnsweredAndTheConnectionEnds) {
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
    Client client(port());
    const Answer answer = client.ask(request);
    EXPECT_EQ(answer.status, status) << request.substr(0, 200);
    EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close\r\n")) << request.substr(0, 200);
    SSL_shutdown(client.native());
    ErrorCode ignored;
    client.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    EXPECT_EQ(client.rest(), "") << "nothing of what follows is taken for another request";
  }
  EXPECT_EQ(Client(port()).ask(get("/hello")).status, 200U);
}

// ---- Limits ----

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

// ---- Time ----

TEST_F(ServerTest, AHandshakeThatDoesNotComeIsCutOff) {
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

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  ServerOptions options;
  options.limits.idle_timeout = 30ms;
  start(std::move(options));
  Client client(port());
  EXPECT_EQ(client.ask(get("/hello")).status, 200U);
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(counters().timeouts, 0U) << "which is no fault of anybody";
}

TEST_F(ServerTest, AConnectionThatAsksForNothingIsClosedSoonerThanOneThatHas) {
  ServerOptions options;
  options.limits.header_timeout = 200ms;
  start(std::move(options));
  Client silent(port());
  Client regular(port());
  EXPECT_EQ(regular.ask(get("/hello")).status, 200U);
  EXPECT_EQ(silent.rest(), "");
  EXPECT_EQ(regular.ask(get("/hello")).status, 200U);
}

TEST_F(ServerTest, AHeaderThatTricklesIsCutOff) {
  ServerOptions options;
  options.limits.header_timeout = 50ms;
  start(std::move(options));
  Client client(port());
  client.send("GET /hello HTTP/1.1\r\n");
  std::future<void> trickle = std::async(std::launch::async, [&] {
    while (counters().timeouts == 0 && client.send("X")) std::this_thread::sleep_for(1ms);
  });
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
  EXPECT_EQ(counters().requests, 0U);
  trickle.wait();
}

TEST_F(ServerTest, ABodyThatStallsIsCutOff) {
  ServerOptions options;
  options.limits.stall_timeout = 50ms;
  start(std::move(options));
  Client client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_F(ServerTest, ABodyHeldInMemoryMustBeWholeInItsTime) {
  ServerOptions options;
  options.limits.body_timeout = 50ms;
  start(std::move(options));
  Client client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

TEST_F(ServerTest, AStreamedBodyThatTricklesIsCutOff) {
  ServerOptions options;
  options.limits.progress_grace = 50ms;
  options.limits.min_bytes_per_second = 1'000'000'000;
  start(std::move(options));
  Client client(port());
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
  std::future<void> trickle = std::async(std::launch::async, [&] {
    while (counters().timeouts == 0 && client.send("x")) std::this_thread::sleep_for(1ms);
  });
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
  trickle.wait();
}

TEST_F(ServerTest, AClientThatDoesNotReadItsAnswerIsCutOff) {
  ServerOptions options;
  options.limits.stall_timeout = 100ms;
  start(std::move(options));
  Client client(port());
  client.send(get("/download"));
  EXPECT_TRUE(eventually([&] { return counters().timeouts == 1; }));
}

// ---- Streams ----

std::string pattern(std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(pattern_at(offset + i));
  return out;
}

TEST_F(ServerTest, StreamsALargeBodyInWithoutHoldingIt) {
  start();
  Client client(port());
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
  constexpr std::size_t kStep = 1U << 20;
  for (std::uint64_t offset = 0; offset < kLarge; offset += kStep) ASSERT_TRUE(client.send(pattern(offset, kStep)));
  EXPECT_EQ(client.receive().body, std::to_string(kLarge) + " right");
  EXPECT_EQ(counters().bytes_buffered, 0U);
  EXPECT_EQ(client.ask(get("/hello")).status, 200U) << "the connection lives on";
}

TEST_F(ServerTest, StreamsALargeBodyOutAsFastAsItIsTaken) {
  start();
  Client client(port());
  client.send(get("/download"));
  // Sockets hold some megabytes; the rest must wait for the client, and is made only then.
  std::uint64_t before = 0;
  ASSERT_TRUE(eventually([&] {
    const std::uint64_t now = counters().bytes_sent;
    const bool still = now > 0 && now == before;
    before = now;
    if (!still) std::this_thread::sleep_for(20ms);
    return still;
  }));
  EXPECT_LT(before, kLarge / 2);
  const Answer answer = client.receive();
  EXPECT_TRUE(answer.whole);
  ASSERT_EQ(answer.body.size(), kLarge);
  EXPECT_EQ(answer.body.substr(kLarge - 1000), pattern(kLarge - 1000, 1000));
  EXPECT_EQ(client.ask(get("/hello")).status, 200U);
}

TEST_F(ServerTest, ASourceMayGiveLessThanItIsAskedFor) {
  start();
  Client client(port());
  const Answer answer = client.ask(get("/stutter"));
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, pattern(0, 2 * kLargePieceBytes + 5));
}

TEST_F(ServerTest, TheNextPieceIsReadWhileTheOneBeforeItIsSent) {
  start();
  asked.answers.clear();
  Client client(port());
  client.send(get("/measure"));  // and nothing is read of it, so that sending comes to a stop
  const auto read = [] {
    std::uint64_t sum = 0;
    for (const std::size_t size : asked.reads_of_last()) sum += size;
    return sum;
  };
  std::pair<std::uint64_t, std::uint64_t> before;
  ASSERT_TRUE(eventually([&] {
    const std::pair<std::uint64_t, std::uint64_t> now{read(), counters().bytes_sent};
    const bool still = now.first > kPieceBytes && now == before;
    before = now;
    if (!still) std::this_thread::sleep_for(20ms);
    return still;
  }));
  EXPECT_GT(read(), counters().bytes_sent + kLargePieceBytes) << "more than the piece that is being sent";
  EXPECT_LE(read(), counters().bytes_sent + 2 * kLargePieceBytes);
}

TEST_F(ServerTest, PiecesAreSmallAtFirstAndWhileManyAnswersAreStreamed) {
  start();
  asked.answers.clear();
  std::vector<std::unique_ptr<Client>> clients;
  const auto stream = [&] {
    const std::size_t before = asked.answers.size();
    clients.push_back(std::make_unique<Client>(port()));
    clients.back()->send(get("/measure"));  // and nothing is read of it
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(asked.mutex);
      return asked.answers.size() == before + 1 && asked.answers.back().size() >= 3;
    }));
    std::vector<std::size_t> reads = asked.reads_of_last();
    reads.resize(3);
    return reads;
  };
  const std::vector<std::size_t> large{kPieceBytes, kLargePieceBytes, kLargePieceBytes};
  const std::vector<std::size_t> small{kPieceBytes, kPieceBytes, kPieceBytes};
  for (std::size_t i = 0; i < kLargePieceStreams; ++i) ASSERT_EQ(stream(), large) << i;
  EXPECT_EQ(stream(), small);
  clients.erase(clients.begin(), clients.begin() + 2);
  ASSERT_TRUE(eventually([&] { return counters().connections_open == kLargePieceStreams - 1; }));
  EXPECT_EQ(stream(), large)
      << "two of them are over, and the one with small pieces has taken the place of one at most";
}

TEST_F(ServerTest, ASourceThatFailsBreaksTheAnswerOff) {
  start();
  Client client(port());
  const Answer answer = client.ask(get("/download?broken"));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_FALSE(answer.whole);
  EXPECT_TRUE(eventually([&] { return counters().faults == 1; }));
}

TEST_F(ServerTest, AnUploadThatIsRefusedUnreadStillGetsItsAnswer) {
  start();
  for (const std::size_t size : {1U << 10, 200U << 10, 4U << 20}) {
    Client client(port());
    std::future<void> sender = std::async(std::launch::async, [&] {
      client.send("PUT /refused-upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    });
    sender.wait();
    client.send(std::string(std::min<std::size_t>(size, kMaxDrainBytes), 'x'));
    EXPECT_EQ(client.receive().status, 403U) << size;
  }
}

TEST_F(ServerTest, AnExpectationIsMetWhenTheBodyIsWantedAndNotWhenItIsRefused) {
  start();
  Client client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 100U);
  EXPECT_EQ(client.ask("body").body, "POST /echo ? body");
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 100U);
  EXPECT_EQ(client.ask(pattern(0, 4)).body, "4 right");
  EXPECT_EQ(
      client.ask("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n").status,
      413U);
  Client other(port());
  EXPECT_EQ(other.ask("PUT /refused-upload HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
                .status,
            403U);
  EXPECT_EQ(other.rest(), "");
}

TEST_F(ServerTest, ManyClientsAtOnceAreAllAnswered) {
  start();
  constexpr int kClients = 16, kRequests = 50;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i)
      clients.emplace_back([&, i] {
        Client client(port());
        for (int j = 0; j < kRequests; ++j) {
          const std::string body = std::to_string(i * kRequests + j);
          if (client.ask(post("/echo", body)).body == "POST /echo ? " + body) ++right;
        }
      });
  }
  EXPECT_EQ(right, kClients * kRequests);
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
}

// ---- Stopping ----

struct Gate {  // a handler that waits to be let go
  std::latch entered{1};
  std::atomic<bool> open = false;
  asio::awaitable<Response> wait(Request&) {
    entered.count_down();
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!open) {
      timer.expires_after(1ms);
      co_await timer.async_wait(kToken);
    }
    co_return Response{200, {}, "late"};
  }
};

test::Running start_gated(Gate& gate, ServerOptions options = {}) {
  Router router = routes();
  router.route(Verb::get, "/slow", kAnyone, [&](Request& request) { return gate.wait(request); });
  return test::start(std::move(router), std::move(options));
}

// Each request in a TLS record of its own, so that none is in the connection's buffer when the one before is answered.
TEST(ServerPipelining, WhatWaitsInTheSocketCounts) {
  constexpr int kRequests = 5;
  Gate gate;
  ServerOptions options;
  options.limits.pipeline_pause = 20ms;
  test::Running running = start_gated(gate, std::move(options));
  Client client(running.port);
  client.send(get("/slow"));
  gate.entered.wait();
  for (int i = 0; i < kRequests; ++i) client.send(get("/hello"));
  const auto before = std::chrono::steady_clock::now();
  gate.open = true;
  for (int i = 0; i <= kRequests; ++i) EXPECT_EQ(client.receive().status, 200U);
  // But for the first, which the kernel may still be carrying when the slow one is answered.
  EXPECT_GE(std::chrono::steady_clock::now() - before, (kRequests - 1) * 20ms);
}

TEST(ServerStop, FinishesWhatIsInFlightAndTakesNoMore) {
  Gate gate;
  test::Running running = start_gated(gate);
  Client idle(running.port), slow(running.port);
  idle.ask(get("/hello"));
  slow.send(get("/slow"));
  gate.entered.wait();
  std::future<void> stopped = std::async(std::launch::async, [&] { running.server->stop(); });
  EXPECT_EQ(idle.rest(), "") << "an idle connection ends at once";
  EXPECT_TRUE(eventually([&] { return !Client(running.port).connected(); }));
  gate.open = true;
  const Answer answer = slow.receive();
  EXPECT_EQ(answer.body, "late");
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close"));
  slow.socket().close();
  stopped.wait();
  running.server->stop();  // again, which does nothing
}

TEST(ServerStop, CancelsWhatDoesNotEndInItsTime) {
  Gate gate;
  ServerOptions options;
  options.limits.stop_grace = 50ms;
  test::Running running = start_gated(gate, std::move(options));
  Client slow(running.port);
  slow.send(get("/slow"));
  gate.entered.wait();
  running.server->stop();
  EXPECT_EQ(slow.receive().status, 0U);
  EXPECT_EQ(running.server->counters().connections_open, 0U);
}

// A read from a disk cannot be cancelled. To try it ended the process once.
void stop_during_a_read(std::chrono::milliseconds read_takes, std::chrono::milliseconds patience) {
  std::latch reading(1);
  std::atomic<int> reads = 0;
  Router router;
  router.route(Verb::get, "/slow", kAnyone, [&](Request&) -> asio::awaitable<Response> {
    BodySource source;
    source.size = kLarge;
    source.read = [&](std::span<std::byte> into) -> vault::Result<std::size_t> {
      if (++reads == 2) {
        reading.count_down();
        std::this_thread::sleep_for(read_takes);
      }
      return into.size();
    };
    co_return Response{200, {}, std::move(source)};
  });
  ServerOptions options;
  options.limits.stop_grace = patience;
  test::Running running = test::start(std::move(router), std::move(options));
  Client client(running.port);
  client.send(get("/slow"));
  reading.wait();
  running.server->stop();
  EXPECT_EQ(reads, 2) << "nothing more is read";
  running.server.reset();
  EXPECT_FALSE(client.receive().whole);
}

TEST(ServerStop, WaitsForAReadThatGoesOn) {
  stop_during_a_read(150ms, 100ms);
}

TEST(ServerStop, DoesNotWaitForeverForAReadThatGoesOn) {
  stop_during_a_read(300ms, 20ms);
}

}  // namespace
}  // namespace net
