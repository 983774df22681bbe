// Serves a vault: starts the gate, the routes, the server and the background jobs in the right order, and stops them.
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
// Parses for example "127.0.0.1:8443" or "[::1]:8443". Errc::invalid_argument.
vault::Result<ListenAddress> parse_listen_address(std::string_view text);

struct DaemonOptions {
  ListenAddress listen;
  access::Clocks clocks;
  access::RequestRate rate;
  net::Limits limits;
  Log::To log = Log::To::standard_error;
  bool run_jobs = true;  // false: the owner calls their steps
  // Called if the outcome of a commit is unknown. It must end the process without answering anybody.
  std::function<void(const vault::Error&)> fatal;
};

class Daemon {
 public:
  // The daemon accepts requests when this returns. Errc::busy if another program listens on the address.
  static vault::Result<std::unique_ptr<Daemon>> start(OpenVault vault, DaemonOptions options);
  ~Daemon();  // stops
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const { return port_; }
  access::Store& store() { return *vault_.store; }
  Jobs& jobs() { return *jobs_; }
  ScrubJob& scrub() { return scrub_; }
  // Accepts nothing more, lets running requests finish (options.limits.stop_grace at most), and returns. It may be
  // called again, but never from a handler.
  void stop();

 private:
  Daemon(OpenVault vault, DaemonOptions options);
  vault::Result<void> listen(const DaemonOptions& options);
  void add_values();

  // Made in this order; each member uses the ones before it.
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

// Ends the process at once, without answering anybody. A commit may or may not be on the disk, and only opening the
// vault again shows which. Clients try again with the same nonce.
[[noreturn]] void end_unanswered(const vault::Error& why);

// Serves until SIGTERM or SIGINT. Prints one line on stdout when it accepts requests.
vault::Result<void> serve(OpenVault vault, const ListenAddress& listen, access::RequestRate rate = {});

}  // namespace service
