// The routes that the server's tests ask, and the requests that ask them.
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

// How much was asked for by the reads of each answer that was streamed, in their order.
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

class ServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) { running = test::start(routes(), std::move(options)); }
  std::uint16_t port() const { return running.port; }
  const Counters& counters() const { return running.server->counters(); }
  test::Running running;
};

struct Gate {  // a handler that waits to be let go
  std::latch entered{1};
  std::atomic<bool> open = false;
  asio::awaitable<Response> wait(Request&);
};

Running start_gated(Gate& gate, ServerOptions options = {});

}  // namespace net::test
