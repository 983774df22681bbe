// A vault being served: the gate, the routes, the server and the background jobs, begun and ended in the right order.
#pragma once
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>

#include "access/gate/gate.h"
#include "net/server.h"
#include "service/jobs.h"
#include "service/log.h"
#include "service/metrics.h"
#include "service/routes.h"
#include "service/scrub.h"
#include "service/vault_directory.h"

namespace service {

inline constexpr unsigned kWorkers = 4;  // threads that may block on the database and on payloads

struct ListenAddress {
  std::string address;  // numeric
  std::uint16_t port = 0;
};
// "127.0.0.1:8443", "[::1]:8443". Errc::invalid_argument.
vault::Result<ListenAddress> parse_listen_address(std::string_view text);

struct DaemonOptions {
  ListenAddress listen;
  access::Clocks clocks;
  access::RequestRate rate;
  net::Limits limits;
  Log::To log = Log::To::standard_error;
  bool run_jobs = true;  // false: the owner steps them
  // When a commit's outcome is unknown: must end the process without an answer to anybody.
  std::function<void(const vault::Error&)> fatal;
};

class Daemon {
 public:
  // Takes requests once it returns. Errc::busy when somebody listens there already.
  static vault::Result<std::unique_ptr<Daemon>> start(OpenVault vault, DaemonOptions options);
  ~Daemon();  // as `stop`
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const { return port_; }
  access::Store& store() { return *vault_.store; }
  Jobs& jobs() { return *jobs_; }
  ScrubJob& scrub() { return scrub_; }
  // Accepts nothing more, finishes what is in flight (options.limits.stop_grace at most), and returns. Not from a
  // handler; may be called again.
  void stop();

 private:
  Daemon(OpenVault vault, DaemonOptions options);
  vault::Result<void> listen(const DaemonOptions& options);
  void add_values();

  // In the order of their making; each uses those before it.
  OpenVault vault_;
  Log log_;
  Metrics metrics_;
  asio::thread_pool workers_;
  access::Gate gate_;
  std::unique_ptr<Jobs> jobs_;
  ScrubJob scrub_;
  Service service_;
  std::unique_ptr<net::Server> server_;
  std::uint16_t port_ = 0;
};

// Ends the process at once, without answering anybody: a commit may or may not be on the disk, and only opening the
// vault again tells. Clients ask again under the same nonce.
[[noreturn]] void end_unanswered(const vault::Error& why);

// Serves until SIGTERM or SIGINT, printing one line on stdout once it takes requests.
vault::Result<void> serve(OpenVault vault, const ListenAddress& listen, access::RequestRate rate = {});

}  // namespace service
