#include "net/server.h"

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;

TEST(ServerStop, DoesNotWaitForHalfAHello) {
  Running running = start(routes());
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), running.port});
  asio::write(socket, asio::buffer("\x16\x03\x01\x02", 4));
  ASSERT_TRUE(eventually([&] { return running.server->counters().connections_open == 1; }));
  const auto before = std::chrono::steady_clock::now();
  running.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kHandshakeTimeout / 2);
}

TEST(ServerStop, FinishesWhatIsInFlightAndTakesNoMore) {
  Gate gate;
  Running running = start_gated(gate);
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
  Running running = start_gated(gate, std::move(options));
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
  Running running = start(std::move(router), std::move(options));
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
}  // namespace net::test
