#include "cli/client/session/transport.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "tests/net/server_fixture.h"
#include "vault/crypto/hash.h"

namespace cli::client {
namespace {

namespace asio = boost::asio;

using net::Request;
using net::Response;
using net::Verb;
using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr net::Callers kAnyone("anyone");
constexpr std::uint64_t kLarge = 64U << 20;

std::byte pattern_at(std::uint64_t offset) {
  return static_cast<std::byte>(offset * 31 >> 3);
}

// Sends back everything that it received.
asio::awaitable<Response> mirror(Request& request) {
  Response response;
  response.fields = {{"X-Method", request.method},
                     {"X-Target", request.target},
                     {"X-Field", request.field("x-field").value_or("absent")},
                     {"X-Type", request.field("content-type").value_or("absent")},
                     {"X-Length", std::to_string(request.content_length.value_or(999))}};
  response.body = request.body;
  co_return response;
}

asio::awaitable<Response> count_upload(Request& request) {
  std::vector<std::byte> chunk(256U << 10);
  std::uint64_t total = 0;
  bool right = true;
  while (true) {
    const auto got = co_await request.stream->read(chunk);
    if (!got) co_return Response{499, {}, std::string()};
    if (*got == 0) break;
    right = right && chunk.front() == pattern_at(total) && chunk[*got - 1] == pattern_at(total + *got - 1);
    total += *got;
  }
  co_return Response{200, {}, std::to_string(total) + (right ? " right" : " wrong")};
}

asio::awaitable<Response> refuse_upload(Request&) {
  co_return Response{403, {}, "no"};
}

asio::awaitable<Response> download(Request& request) {
  const bool ranged = request.field("range") == "bytes=100-";
  auto offset = std::make_shared<std::uint64_t>(ranged ? 100 : 0);
  const std::uint64_t breaks_at = request.query == "?broken" ? 1U << 20 : kLarge;
  net::BodySource source;
  source.size = kLarge - *offset;
  source.read = [offset, breaks_at](std::span<std::byte> into) -> Result<std::size_t> {
    if (*offset >= breaks_at) return Error{Errc::io, "unreadable"};
    into = into.first(std::min<std::uint64_t>(into.size(), breaks_at - *offset));
    for (std::byte& b : into) b = pattern_at((*offset)++);
    return into.size();
  };
  co_return Response{ranged ? 206U : 200U, {}, std::move(source)};
}

asio::awaitable<Response> elsewhere(Request&) {
  co_return Response{302, {{"Location", "/mirror"}}, "moved"};
}

asio::awaitable<Response> huge(Request&) {
  net::BodySource source;
  source.size = kMaxAnswerBytes + 1;
  source.read = [](std::span<std::byte> into) -> Result<std::size_t> { return into.size(); };
  co_return Response{200, {}, std::move(source)};
}

class TransportTest : public testing::Test {
 protected:
  void SetUp() override {
    net::Router router;
    for (const Verb verb : {Verb::get, Verb::post, Verb::put, Verb::patch, Verb::del})
      router.route(verb, "/mirror", kAnyone, {.max_body = 4U << 20}, mirror);
    router.route(Verb::get, "/mirror/{x}/{y}", kAnyone, mirror);
    router.route(Verb::put, "/upload", kAnyone, {.streams_body = true}, count_upload);
    router.route(Verb::put, "/refused", kAnyone, {.streams_body = true}, refuse_upload);
    router.route(Verb::get, "/download", kAnyone, download);
    router.route(Verb::get, "/elsewhere", kAnyone, elsewhere);
    router.route(Verb::get, "/huge", kAnyone, huge);
    running = net::test::start(std::move(router));
    pin = vault::crypto::sha256(vault::as_bytes(net::test::identity().public_key));
    transport.emplace(*Transport::make(url(), pin));
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(running.port); }
  const net::Counters& counters() const { return running.server->counters(); }
  Result<HttpAnswer> send(HttpRequest request) { return transport->send(request); }

  net::test::Running running;
  vault::Digest pin{};
  std::optional<Transport> transport;
};

HttpRequest get(std::string target) {
  HttpRequest request;
  request.method = "GET";
  request.target = std::move(target);
  return request;
}

std::string text_of(const HttpAnswer& answer) {
  return vault::to_text(answer.body);
}

TEST_F(TransportTest, SendsMethodTargetFieldsAndBodyAsTheyAre) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    HttpRequest request;
    request.method = method;
    request.target = "/mirror?a=%2F&b=x+y";
    request.fields = {{"X-Field", "one, two"}};
    request.body = vault::as_bytes("body");
    const auto answer = send(request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(*answer->field("x-method"), method);
    EXPECT_EQ(*answer->field("x-target"), request.target);
    EXPECT_EQ(*answer->field("x-field"), "one, two");
    EXPECT_EQ(*answer->field("x-length"), "4");
    EXPECT_EQ(text_of(*answer), "body");
  }
}

TEST_F(TransportTest, ARequestWithoutABodySaysSo) {
  EXPECT_EQ(*send(get("/mirror"))->field("x-length"), "999") << "a read has no Content-Length";
  HttpRequest request;
  request.method = "POST";
  request.target = "/mirror";
  EXPECT_EQ(*send(request)->field("x-length"), "0");
  request.method = "DELETE";
  EXPECT_EQ(*send(request)->field("x-length"), "999");
  request.method = "HEAD";
  const auto answer = send(request);
  EXPECT_EQ(*answer->field("x-method"), "HEAD");
  EXPECT_TRUE(answer->body.empty());
}

TEST_F(TransportTest, ThePathIsNotTidied) {
  EXPECT_EQ(*send(get("/mirror/../%2B"))->field("x-target"), "/mirror/../%2B");
}

TEST_F(TransportTest, AnyStatusIsAnAnswerAndRedirectsAreNotFollowed) {
  EXPECT_EQ(send(get("/nothing"))->status, 404U);
  const auto answer = send(get("/elsewhere"));
  EXPECT_EQ(answer->status, 302U);
  EXPECT_EQ(text_of(*answer), "moved");
}

TEST_F(TransportTest, RequestsShareAConnection) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(send(get("/mirror")));
  EXPECT_EQ(counters().connections_accepted, 1U);
}

TEST_F(TransportTest, AtMostTheGivenNumberOfConnectionsIsOpen) {
  transport.emplace(*Transport::make(url(), pin, 2));
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j)
          if (send(get("/mirror"))) ++answered;
      });
  }
  EXPECT_EQ(answered, 60);
  EXPECT_LE(counters().connections_accepted, 2U);
}

TEST_F(TransportTest, AnotherTlsKeyIsTamperedAndNothingIsSent) {
  pin[0] ^= std::byte{1};
  transport.emplace(*Transport::make(url(), pin));
  const auto answer = send(get("/mirror"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.code(), Errc::tampered);
  EXPECT_THAT(answer.error().message, testing::HasSubstr("pinned"));
  EXPECT_EQ(send(get("/mirror")).code(), Errc::tampered) << "nor the second time";
  EXPECT_EQ(counters().requests, 0U);
}

TEST_F(TransportTest, AServiceThatDoesNotListenIsUnavailable) {
  running.server->stop();
  const auto answer = send(get("/mirror"));
  EXPECT_EQ(answer.code(), Errc::unavailable);
  EXPECT_THAT(answer.error().message, testing::HasSubstr("https://127.0.0.1:"));
}

// RFC 6761: no name ends in .invalid. libcurl keeps a buffer from the first try and then refuses its size.
TEST(TransportMake, AServiceWhoseNameNobodyKnowsIsUnavailableEachTime) {
  auto transport = Transport::make("https://vault.invalid:8443", {}, 1);
  ASSERT_TRUE(transport);
  for (int i = 0; i < 3; ++i) {
    const auto answer = transport->send(get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.code(), Errc::unavailable);
    EXPECT_THAT(answer.error().message, testing::HasSubstr("https://vault.invalid:8443"));
  }
}

TEST_F(TransportTest, AConnectionThatDiedBetweenRequestsIsMadeAnew) {
  ASSERT_TRUE(send(get("/mirror")));
  const std::uint16_t port = running.port;
  running.server->stop();
  running.server.reset();
  net::Router router;
  router.route(Verb::post, "/mirror", kAnyone, {.max_body = 100}, mirror);
  const auto& identity = net::test::identity();
  running.server = *net::Server::make_tls(std::move(router), {identity.certificate, identity.key}, {});
  ASSERT_TRUE(running.server->listen("127.0.0.1", port));
  HttpRequest request;
  request.method = "POST";
  request.target = "/mirror";
  request.body = vault::as_bytes("again");
  const auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(text_of(*answer), "again");
}

TEST_F(TransportTest, TheEnvironmentsProxiesAreNotUsed) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const auto answer = send(get("/mirror"));
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
  EXPECT_TRUE(answer);
}

TEST_F(TransportTest, ABodyIsSentAsItIsWhetherWithTheHeaderOrAfterIt) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMaxOneWrite, kMaxOneWrite + 1}) {
    vault::Bytes body(size);
    for (std::size_t i = 0; i < size; ++i) body[i] = pattern_at(i);
    for (const std::string_view method : {"POST", "PUT", "PATCH"}) {
      HttpRequest request;
      request.method = method;
      request.target = "/mirror";
      request.body = body;
      auto answer = send(request);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->body, body) << method << " " << size;
      EXPECT_EQ(*answer->field("x-method"), method);
      EXPECT_EQ(*answer->field("x-length"), std::to_string(size));
      EXPECT_EQ(*answer->field("x-type"), "absent");
      request.fields = {{"Content-Type", "application/json"}};
      answer = send(request);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(*answer->field("x-type"), "application/json");
    }
  }
}

TEST_F(TransportTest, UploadsFromASource) {
  std::uint64_t offset = 0;
  std::uint64_t last_progress = 0;
  HttpRequest request;
  request.method = "PUT";
  request.target = "/upload";
  request.source_length = kLarge;
  request.source = [&](std::span<std::byte> into) -> Result<std::size_t> {
    for (std::byte& b : into) b = pattern_at(offset++);
    return into.size();
  };
  request.progress = [&](std::uint64_t sent, std::uint64_t) {
    last_progress = sent;
    return true;
  };
  const auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(text_of(*answer), std::to_string(kLarge) + " right");
  EXPECT_EQ(last_progress, kLarge);
}

TEST_F(TransportTest, AnUploadThatIsRefusedIsAnAnswer) {
  const vault::Bytes body(8U << 20);
  HttpRequest request;
  request.method = "PUT";
  request.target = "/refused";
  request.body = body;
  const auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 403U);
}

TEST_F(TransportTest, ASourceThatFailsOrEndsEarlyIsTheCallsError) {
  HttpRequest request;
  request.method = "PUT";
  request.target = "/upload";
  request.source_length = 1000;
  request.source = [](std::span<std::byte>) -> Result<std::size_t> { return Error{Errc::io, "unreadable"}; };
  EXPECT_EQ(send(request).code(), Errc::io);
  request.source = [](std::span<std::byte>) -> Result<std::size_t> { return 0U; };
  EXPECT_EQ(send(request).code(), Errc::invalid_argument);
  EXPECT_TRUE(send(get("/mirror"))) << "the transport lives on";
}

TEST_F(TransportTest, DownloadsIntoASink) {
  std::uint64_t offset = 0;
  bool right = true;
  HttpRequest request = get("/download");
  request.sink = [&](ByteView bytes) -> Result<void> {
    right = right && bytes.front() == pattern_at(offset) && bytes.back() == pattern_at(offset + bytes.size() - 1);
    offset += bytes.size();
    return {};
  };
  auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(offset, kLarge);
  EXPECT_TRUE(right);
  EXPECT_TRUE(answer->body.empty());
  offset = 100;
  request.fields = {{"Range", "bytes=100-"}};
  answer = send(request);
  EXPECT_EQ(answer->status, 206U);
  EXPECT_EQ(offset, kLarge);
  EXPECT_TRUE(right);
}

TEST_F(TransportTest, ASinkGetsNoProblems) {
  HttpRequest request = get("/nothing");
  request.sink = [](ByteView) -> Result<void> { return Error{Errc::internal, "not for a sink"}; };
  const auto answer = send(request);
  EXPECT_EQ(answer->status, 404U);
  EXPECT_FALSE(answer->body.empty());
}

TEST_F(TransportTest, ASinkThatFailsEndsTheDownload) {
  HttpRequest request = get("/download");
  request.sink = [](ByteView) -> Result<void> { return Error{Errc::full, "no space"}; };
  EXPECT_EQ(send(request).code(), Errc::full);
}

TEST_F(TransportTest, ADownloadThatBreaksOffIsUnavailable) {
  std::uint64_t received = 0;
  HttpRequest request = get("/download?broken");
  request.sink = [&](ByteView bytes) -> Result<void> {
    received += bytes.size();
    return {};
  };
  EXPECT_EQ(send(request).code(), Errc::unavailable);
  EXPECT_EQ(received, 1U << 20);
}

TEST_F(TransportTest, ProgressCanCancel) {
  HttpRequest request = get("/download");
  request.sink = [](ByteView) -> Result<void> { return {}; };
  request.progress = [](std::uint64_t, std::uint64_t received) { return received == 0; };
  EXPECT_EQ(send(request).code(), Errc::cancelled);
}

TEST_F(TransportTest, AnAnswerInMemoryIsLimited) {
  EXPECT_EQ(send(get("/huge")).code(), Errc::too_large);
  const auto whole = send(get("/download"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body.size(), kMaxAnswerBytes);
}

TEST_F(TransportTest, WhatCannotBeARequestIsNotSent) {
  const auto refused = [&](const HttpRequest& request) {
    const auto answer = send(request);
    return !answer && answer.code() == Errc::invalid_argument;
  };
  for (const char* target : {"", "mirror", "/a b", "/a\r\nX: y", "/a#b", "/\xc3\xa9"})
    EXPECT_TRUE(refused(get(target)));
  HttpRequest request = get("/mirror");
  request.method = "GET /x";
  EXPECT_TRUE(refused(request));
  request.method = "GET";
  request.fields = {{"X-A", "a\r\nX-B: b"}};
  EXPECT_TRUE(refused(request));
  request.fields = {{"X-A:", "a"}};
  EXPECT_TRUE(refused(request));
  EXPECT_EQ(counters().requests, 0U);
}

TEST(TransportMake, TakesHttpsHostAndPortAndNothingMore) {
  for (const char* url :
       {"https://vault.example", "https://vault.example:8443", "https://vault.example/", "https://[::1]:8443"})
    EXPECT_TRUE(Transport::make(url, {})) << url;
  for (const char* url : {"", "vault.example", "http://vault.example", "https://", "https://vault.example/path",
                          "https://u:p@vault.example", "https://vault.example?q", "https://vault.example#f",
                          "file:///x", "https://vault.example:99999"})
    EXPECT_EQ(Transport::make(url, {}).code(), Errc::invalid_argument) << url;
}

TEST(TransportTls, AServerWithoutTls13IsUnavailable) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_server);
  const auto& identity = net::test::identity();
  tls.use_certificate_chain(asio::buffer(identity.certificate));
  tls.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
  SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
  net::Tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  std::jthread server([&] {
    asio::ssl::stream<net::Tcp::socket> stream(acceptor.accept(), tls);
    net::ErrorCode error;
    stream.handshake(asio::ssl::stream_base::server, error);
    EXPECT_TRUE(error);
  });
  auto transport = Transport::make("https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()),
                                   vault::crypto::sha256(vault::as_bytes(identity.public_key)));
  EXPECT_EQ(transport->send(get("/")).code(), Errc::unavailable);
}

// --- a key that was exchanged ---------------------------------------------------------------------------------------

vault::Digest another_pin() {
  vault::Digest pin{};
  pin[0] = std::byte{1};
  return pin;
}

TEST_F(TransportTest, AsksOnceWhatFollowsAKeyThatIsNotThePinnedOneAndBelievesThat) {
  int asked = 0;
  transport.emplace(
      *Transport::make(url(), another_pin(), 1, [&](const vault::Digest& pinned) -> Result<vault::Digest> {
        ++asked;
        EXPECT_EQ(pinned, another_pin());
        return pin;
      }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(get("/mirror"))->status, 200U);
  EXPECT_EQ(asked, 1);
}

TEST_F(TransportTest, AsksOnceHoweverManyMeetTheKeyAtOnce) {
  std::atomic<int> asked = 0;
  transport.emplace(*Transport::make(url(), another_pin(), 4, [&](const vault::Digest&) -> Result<vault::Digest> {
    ++asked;
    return pin;
  }));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(send(get("/mirror"))); });
  threads.clear();
  EXPECT_EQ(asked, 1);
}

TEST_F(TransportTest, SendsNothingToAKeyThatNothingFollows) {
  const auto received = [&] { return counters().bytes_received.load(); };
  for (const Result<vault::Digest>& said :
       {Result<vault::Digest>(another_pin()), Result<vault::Digest>(vault::Digest{}),
        Result<vault::Digest>(vault::Error{Errc::tampered, "said why"})}) {
    transport.emplace(*Transport::make(url(), another_pin(), 1, [&](const vault::Digest&) { return said; }));
    const auto answer = send(get("/mirror"));
    EXPECT_EQ(answer.code(), Errc::tampered);
    if (!said) EXPECT_EQ(answer.error().message, "said why");
  }
  EXPECT_EQ(received(), 0U);
}

TEST_F(TransportTest, AnybodyIsAskedWhateverTheirKey) {
  const auto answer = ask_anybody(url(), get("/mirror"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200U);
}

}  // namespace
}  // namespace cli::client
