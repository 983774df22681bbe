// The routes that the tests of the server use, requests for them, and the fixtures.
#pragma once
#include <atomic>
#include <cstdint>
#include <latch>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/net/server_fixture.h"

namespace net::test {

inline constexpr Callers kAnyone("anyone");
inline constexpr std::size_t kSmallBody = 100;      // the most that /echo takes
inline constexpr std::uint64_t kLarge = 64U << 20;  // the length of /download and /measure

Router routes();

// The bytes that /upload wants and /download gives.
std::byte pattern_at(std::uint64_t offset);
std::string pattern(std::uint64_t offset, std::size_t size);

// For each answer of /measure, the sizes that its reads asked for, in order.
struct Asked {
  std::mutex mutex;
  std::vector<std::vector<std::size_t>> answers;
  std::vector<std::size_t> reads_of_last() {
    const std::scoped_lock lock(mutex);
    return answers.empty() ? std::vector<std::size_t>() : answers.back();
  }
};
extern Asked asked;

std::string get(std::string_view target, std::string_view more = "");
std::string post(std::string_view target, std::string_view body, std::string_view more = "");

// A server of these routes, and clients of it.
class Served {
 protected:
  explicit Served(Over over) : over_(over) {}
  void start(ServerOptions options = {}) { serve(routes(), std::move(options)); }
  void serve(Router router, ServerOptions options) {
    running = test::start(std::move(router), std::move(options), over_);
  }
  Client connect() const { return Client(port(), over_); }
  std::unique_ptr<Client> connect_another() const { return std::make_unique<Client>(port(), over_); }
  // On a connection of its own.
  Answer ask_once(std::string_view request) const { return connect().ask(request); }
  std::uint16_t port() const { return running.port; }
  const Counters& counters() const { return running.server->counters(); }

  const Over over_;
  Running running;
};

// For tests that must pass both over TLS and plain.
class ServerTest : public Served, public testing::TestWithParam<Over> {
 protected:
  ServerTest() : Served(GetParam()) {}
};
class TlsServerTest : public Served, public testing::Test {
 protected:
  TlsServerTest() : Served(Over::tls) {}
};
class PlainServerTest : public Served, public testing::Test {
 protected:
  PlainServerTest() : Served(Over::plain) {}
};

// A handler of /slow, which answers when it is opened.
struct Gate {
  std::latch entered{1};
  std::atomic<bool> open = false;
  asio::awaitable<Response> wait(Request&);
  Router routes();  // and /slow
};

}  // namespace net::test
