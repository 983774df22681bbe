#include "net/server.h"

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;

class ServerStop : public ServerTest {
 protected:
  void stop_during_a_read(std::chrono::milliseconds read_takes, std::chrono::milliseconds patience);
};
INSTANTIATE_TEST_SUITE_P(Streams, ServerStop, testing::Values(Over::tls, Over::plain),
                         [](const auto& over) { return over.param == Over::tls ? "tls" : "plain"; });

TEST_P(ServerStop, DoesNotWaitForAClientThatHasSentNothing) {
  start();
  asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({asio::ip::make_address("127.0.0.1"), port()});
  ASSERT_TRUE(eventually([&] { return counters().connections_open == 1; }));
  const auto before = std::chrono::steady_clock::now();
  running.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kHandshakeTimeout / 2);
}

TEST_P(ServerStop, FinishesWhatIsInFlightAndTakesNoMore) {
  Gate gate;
  serve(gate.routes(), {});
  Client idle = connect(), slow = connect();
  idle.ask(get("/hello"));
  slow.send(get("/slow"));
  gate.entered.wait();
  std::future<void> stopped = std::async(std::launch::async, [&] { running.server->stop(); });
  EXPECT_EQ(idle.rest(), "") << "an idle connection ends at once";
  EXPECT_TRUE(eventually([&] { return !connect().connected(); }));
  gate.open = true;
  const Answer answer = slow.receive();
  EXPECT_EQ(answer.body, "late");
  EXPECT_THAT(answer.head, testing::HasSubstr("Connection: close"));
  slow.socket().close();
  stopped.wait();
  running.server->stop();  // again, which does nothing
}

TEST_P(ServerStop, CancelsWhatDoesNotEndInItsTime) {
  Gate gate;
  ServerOptions options;
  options.limits.stop_grace = 50ms;
  serve(gate.routes(), std::move(options));
  Client slow = connect();
  slow.send(get("/slow"));
  gate.entered.wait();
  running.server->stop();
  EXPECT_EQ(slow.receive().status, 0U);
  EXPECT_EQ(running.server->counters().connections_open, 0U);
}

// A read from a disk cannot be cancelled. An attempt to cancel one once ended the process.
void ServerStop::stop_during_a_read(std::chrono::milliseconds read_takes, std::chrono::milliseconds patience) {
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
  serve(std::move(router), std::move(options));
  Client client = connect();
  client.send(get("/slow"));
  reading.wait();
  running.server->stop();
  EXPECT_EQ(reads, 2) << "nothing more is read";
  running.server.reset();
  EXPECT_FALSE(client.receive().whole);
}

TEST_P(ServerStop, WaitsForAReadThatIsRunning) {
  stop_during_a_read(150ms, 100ms);
}

TEST_P(ServerStop, DoesNotWaitForeverForAReadThatIsRunning) {
  stop_during_a_read(300ms, 20ms);
}

}  // namespace
}  // namespace net::test
