#include "net/server.h"

#include <algorithm>
#include <future>
#include <thread>

#include "tests/net/server_routes.h"

namespace net::test {
namespace {

using namespace std::chrono_literals;

TEST_P(ServerTest, StreamsALargeBodyInWithoutHoldingIt) {
  start();
  Client client = connect();
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
  constexpr std::size_t kStep = 1U << 20;
  for (std::uint64_t offset = 0; offset < kLarge; offset += kStep) ASSERT_TRUE(client.send(pattern(offset, kStep)));
  EXPECT_EQ(client.receive().body, std::to_string(kLarge) + " right");
  EXPECT_EQ(counters().bytes_buffered, 0U);
  EXPECT_EQ(client.ask(get("/hello")).status, 200U) << "the connection lives on";
}

TEST_P(ServerTest, StreamsALargeBodyOutAsFastAsItIsTaken) {
  start();
  Client client = connect();
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

TEST_P(ServerTest, ASourceMayGiveLessThanItIsAskedFor) {
  start();
  Client client = connect();
  const Answer answer = client.ask(get("/stutter"));
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, pattern(0, 2 * kLargePieceBytes + 5));
}

TEST_P(ServerTest, TheNextPieceIsReadWhileTheOneBeforeItIsSent) {
  start();
  asked.answers.clear();
  Client client = connect();
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

TEST_P(ServerTest, PiecesAreSmallAtFirstAndWhileManyAnswersAreStreamed) {
  start();
  asked.answers.clear();
  std::vector<std::unique_ptr<Client>> clients;
  const auto stream = [&] {
    const std::size_t before = asked.answers.size();
    clients.push_back(connect_another());
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

TEST_P(ServerTest, ASourceThatFailsBreaksTheAnswerOff) {
  start();
  Client client = connect();
  const Answer answer = client.ask(get("/download?broken"));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_FALSE(answer.whole);
  EXPECT_TRUE(eventually([&] { return counters().faults == 1; }));
}

TEST_P(ServerTest, AnUploadThatIsRefusedUnreadStillGetsItsAnswer) {
  start();
  for (const std::size_t size : {1U << 10, 200U << 10, 4U << 20}) {
    Client client = connect();
    std::future<void> sender = std::async(std::launch::async, [&] {
      client.send("PUT /refused-upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    });
    sender.wait();
    client.send(std::string(std::min<std::size_t>(size, kMaxDrainBytes), 'x'));
    EXPECT_EQ(client.receive().status, 403U) << size;
  }
}

TEST_P(ServerTest, AnExpectationIsMetWhenTheBodyIsWantedAndNotWhenItIsRefused) {
  start();
  Client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 100U);
  EXPECT_EQ(client.ask("body").body, "POST /echo ? body");
  client.send("PUT /upload HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 100U);
  EXPECT_EQ(client.ask(pattern(0, 4)).body, "4 right");
  EXPECT_EQ(
      client.ask("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n").status,
      413U);
  Client other = connect();
  EXPECT_EQ(other.ask("PUT /refused-upload HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
                .status,
            403U);
  EXPECT_EQ(other.rest(), "");
}

TEST_P(ServerTest, ManyClientsAtOnceAreAllAnswered) {
  start();
  constexpr int kClients = 16, kRequests = 50;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i)
      clients.emplace_back([&, i] {
        Client client = connect();
        for (int j = 0; j < kRequests; ++j) {
          const std::string body = std::to_string(i * kRequests + j);
          if (client.ask(post("/echo", body)).body == "POST /echo ? " + body) ++right;
        }
      });
  }
  EXPECT_EQ(right, kClients * kRequests);
  EXPECT_TRUE(eventually([&] { return counters().connections_open == 0; }));
}

}  // namespace
}  // namespace net::test
