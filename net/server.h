// A server of HTTP/1.1 that knows nothing of Strongroom's rules, over TLS 1.3 on any address or plain on a loopback
// address. A connection stays on one of a few threads. A body is held in memory up to the limit of its route, or
// streamed. Every wait has a deadline. A request's body needs Content-Length: a chunked one is answered with 411.
//
// Plain HTTP is for programs on this machine, for example a page in a browser. It has all the limits, and no
// protection:
// - Every user and program of this machine can connect, and so can every web page that a browser on it shows: its
//   scripts may send requests to any address, and its name may be made to mean 127.0.0.1 (DNS rebinding). The routes
//   must find out who is asking, for example by Host, Origin and a secret.
// - Nothing is encrypted or signed, and a client cannot tell whether it reached this server: any program may listen on
//   the port before it starts or after it stops.
// - All clients have the same address, so anybody on this machine can take all the places that one address may have.
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

// Counted since the start. Thread safe.
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

// One answered request, for logs and metrics. It has the route's pattern instead of the target, and no address.
struct Completed {
  std::string_view method;
  std::string_view pattern;  // "unmatched" if no route matched
  unsigned status = 0;
  std::chrono::nanoseconds took{};  // from the end of its header to the end of its answer
  std::uint64_t received = 0;       // body bytes
  std::uint64_t sent = 0;
};

// Both are read before `make_tls` returns, and not kept.
struct TlsCredentials {
  std::string_view certificate_pem;  // the server's certificate, then the rest of its chain
  std::string_view key_pem;
};

struct ServerOptions {
  unsigned threads = 0;           // 0: as many as there are processors
  unsigned blocking_threads = 2;  // these run BodySource::read
  Limits limits;
  // Makes the answer to a request that reaches no handler, or whose handler fails (400, 404, 405, 408, 411, 413, 414,
  // 417, 431, 500, 503, 505). If empty, the answer is a line of text. `detail` contains nothing of the request.
  std::function<Response(unsigned status, std::string_view detail)> problem;
  std::function<void(const Completed&)> completed;   // on the connection's thread
  std::function<void(std::string_view what)> fault;  // a message for the log, for example of an exception in a handler
};

class Server {
 public:
  // Errc::malformed if OpenSSL does not accept the certificate or the key, or if they do not belong together.
  static vault::Result<std::unique_ptr<Server>> make_tls(Router router, TlsCredentials credentials,
                                                         ServerOptions options);
  // Read above what plain HTTP does not protect.
  static std::unique_ptr<Server> make_plain(Router router, ServerOptions options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Also serves on this address from now on, and returns the port; port 0 takes any free one. Errc::invalid_argument if
  // `address` is not numeric, or if the server is plain and it is not a loopback address. Errc::busy if another program
  // listens there. Errc::io if the system refuses.
  vault::Result<std::uint16_t> listen(std::string_view address, std::uint16_t port);
  // Accepts nothing more, closes idle connections, gives the others limits.stop_grace to finish their request, and then
  // cancels them. Blocks until nothing runs. It may be called again, but never from a handler.
  void stop();

  const Counters& counters() const;
  const Router& router() const;
  boost::asio::io_context& context();  // for tasks that run beside the requests, until `stop`

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  static std::unique_ptr<Server> start(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace net
