#include "tests/net/server_routes.h"

#include <stdexcept>

namespace net::test {

using namespace std::chrono_literals;
using vault::Errc;

std::byte pattern_at(std::uint64_t offset) {
  return static_cast<std::byte>(offset * 31 >> 3);
}

namespace {

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

// Compares the body with the pattern, in 256 KiB of memory.
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

// Reads one byte and a full buffer in turn.
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

}  // namespace

Asked asked;

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

std::string get(std::string_view target, std::string_view more) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view more) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body);
}

std::string pattern(std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(pattern_at(offset + i));
  return out;
}

asio::awaitable<Response> Gate::wait(Request&) {
  entered.count_down();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!open) {
    timer.expires_after(1ms);
    co_await timer.async_wait(kToken);
  }
  co_return Response{200, {}, "late"};
}

Router Gate::routes() {
  Router router = test::routes();
  router.route(Verb::get, "/slow", kAnyone, [this](Request& request) { return wait(request); });
  return router;
}

INSTANTIATE_TEST_SUITE_P(Streams, ServerTest, testing::Values(Over::tls, Over::plain),
                         [](const auto& over) { return over.param == Over::tls ? "tls" : "plain"; });

}  // namespace net::test
