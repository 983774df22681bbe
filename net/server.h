// A server of HTTP/1.1 over TLS 1.3 that knows nothing of Strongroom's rules. Each connection stays on one of a few
// threads; bodies are held up to the route's limit or streamed; every wait has a deadline. Bodies need Content-Length:
// chunked ones are answered 411.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/limits.h"
#include "net/router.h"

namespace boost::asio {
class io_context;
}

namespace net {

// Since the start. Thread safe.
struct Counters {
  std::atomic<std::uint64_t> connections_accepted = 0;
  std::atomic<std::uint64_t> connections_refused = 0;  // over a limit
  std::atomic<std::uint64_t> connections_open = 0;     // now
  std::atomic<std::uint64_t> handshakes_failed = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> timeouts = 0;
  std::atomic<std::uint64_t> faults = 0;  // handlers that threw
  std::atomic<std::uint64_t> bytes_received = 0;
  std::atomic<std::uint64_t> bytes_sent = 0;
  std::atomic<std::uint64_t> bytes_buffered = 0;  // of bodies, now
};

// One answered request, for logs and metrics. Of the target it has the route's pattern only, and no address.
struct Completed {
  std::string_view method;
  std::string_view pattern;  // "unmatched" without a route
  unsigned status = 0;
  std::chrono::nanoseconds took{};  // from the end of its header to the end of its answer
  std::uint64_t received = 0;       // body bytes
  std::uint64_t sent = 0;
};

struct ServerOptions {
  std::string_view certificate_pem;  // the chain; read at `make` only, as the key is
  std::string_view key_pem;
  unsigned threads = 0;           // 0: as many as there are processors
  unsigned blocking_threads = 2;  // that run BodySource::read
  Limits limits;
  // The answer to what never reaches a handler or fails in it (400, 404, 405, 408, 411, 413, 414, 417, 431, 500, 501,
  // 503, 505). Empty: a line of text. `detail` is our own text, without anything from the request.
  std::function<Response(unsigned status, std::string_view detail)> problem;
  std::function<void(const Completed&)> completed;   // on the connection's thread
  std::function<void(std::string_view what)> fault;  // what a handler threw; for the log
};

class Server {
 public:
  // Errc::malformed for a certificate or key that OpenSSL does not take.
  static vault::Result<std::unique_ptr<Server>> make(Router router, ServerOptions options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves there from now on. `address` is numeric, port 0 any free one; gives the port. Errc::invalid_argument,
  // Errc::busy when somebody else listens there, Errc::io.
  vault::Result<std::uint16_t> listen(std::string_view address, std::uint16_t port);
  // Accepts no more, closes idle connections, lets the others finish their request (limits.stop_grace), then cancels
  // them. Blocks until nothing runs. Not to be called from a handler; may be called again.
  void stop();

  const Counters& counters() const;
  const Router& router() const;
  boost::asio::io_context& context();  // for what runs beside the requests; runs until `stop`

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace net
