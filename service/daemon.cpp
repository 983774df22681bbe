#include "service/daemon.h"

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "access/wire/authority.h"
#include "service/problem.h"
#include "vault/base/process.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

// The answer to a request that reaches no handler.
net::Response net_problem(unsigned status, std::string_view detail) {
  Problem problem;
  problem.code = net::errc_of_status(status);
  problem.status = status;
  problem.detail = detail;
  return {.status = status,
          .fields = {{"Content-Type", std::string(kProblemType)}, {"Cache-Control", "no-store"}},
          .body = to_json(problem)};
}

// A stranger can send any method, so it must not become a label or a line of the log.
std::string route_name(const net::Completed& done) {
  constexpr std::string_view kUnmatched = "unmatched";
  if (done.pattern == kUnmatched) return std::string(kUnmatched);
  return std::string(done.method) + " " + std::string(done.pattern);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error wrong{Errc::invalid_argument,
                    "give the address to listen on as ADDRESS:PORT, for example 127.0.0.1:8443 or [::1]:8443"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong;
  std::string_view address = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (address.empty() || (!bracketed && address.find(':') != std::string_view::npos)) return wrong;
  ListenAddress listen{std::string(address), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return wrong;
  return listen;
}

Daemon::Daemon(OpenVault vault, DaemonOptions options)
    : vault_(std::move(vault)),
      log_(options.log),
      workers_(kWorkers),
      gate_(
          *vault_.store, options.clocks, std::move(options.fatal),
          [this](std::size_t commands) { metrics_.count_batch(commands); }, options.rate),
      jobs_(std::make_unique<Jobs>(gate_, vault_.store->payload(), options.clocks.wall, log_)),
      scrub_(*vault_.store, options.clocks.wall, log_),
      service_{.store = *vault_.store,
               .gate = gate_,
               .metrics = metrics_,
               .log = log_,
               .workers = workers_,
               .clock = options.clocks.wall,
               .authority = {},
               .tls_successions = wire::encode(vault_.successions)} {}

Result<std::unique_ptr<Daemon>> Daemon::start(OpenVault vault, DaemonOptions options) {
  TRY(const wire::Authority authority, wire::parse_vault_url(vault.store->config().url));
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(vault), options));
  daemon->service_.authority = authority.to_string();
  TRY_VOID(daemon->listen(options));
  if (options.run_jobs) {
    daemon->jobs_->start();
    daemon->scrub_.start();
  }
  return daemon;
}

Result<void> Daemon::listen(const DaemonOptions& options) {
  net::ServerOptions server{.limits = options.limits, .problem = net_problem, .completed = {}, .fault = {}};
  server.completed = [this](const net::Completed& done) {
    metrics_.count_request(route_name(done), done.status, done.took);
    log_.request(route_name(done), done);
  };
  server.fault = [this](std::string_view what) { log_.failure("handler", {Errc::internal, std::string(what)}); };
  TRY(server_, net::Server::make_tls(make_router(&service_), {vault_.tls.certificate, vault_.tls.key.expose()},
                                     std::move(server)));

  add_values();
  TRY(port_, server_->listen(options.listen.address, options.listen.port));
  return {};
}

void Daemon::add_values() {
  using enum Metrics::Type;
  const auto add = [this](Metrics::Type type, std::string name, std::string help,
                          const std::atomic<std::uint64_t>& value) {
    metrics_.add(type, std::move(name), std::move(help), [&value] { return static_cast<double>(value.load()); });
  };
  const net::Counters& counters = server_->counters();
  add(gauge, "strongroom_connections", "Open connections.", counters.connections_open);
  add(counter, "strongroom_connections_total", "Connections accepted.", counters.connections_accepted);
  add(counter, "strongroom_connections_refused_total", "Connections closed because of a limit.",
      counters.connections_refused);
  add(counter, "strongroom_handshakes_failed_total", "TLS handshakes that failed.", counters.handshakes_failed);
  add(counter, "strongroom_timeouts_total", "Waits that their deadline ended.", counters.timeouts);
  add(counter, "strongroom_received_bytes_total", "Bytes received.", counters.bytes_received);
  add(counter, "strongroom_sent_bytes_total", "Bytes sent.", counters.bytes_sent);
  add(gauge, "strongroom_buffered_bytes", "Bytes of bodies that are held in memory.", counters.bytes_buffered);
  metrics_.add(gauge, "strongroom_queued_commands", "Commands, refusals and stagings that wait for the writer.",
               [this] { return static_cast<double>(gate_.queued()); });
  metrics_.add(gauge, "strongroom_scrub_damaged_records", "Records that the last scrub found damaged.",
               [this] { return static_cast<double>(scrub_.damaged()); });
  metrics_.add(gauge, "strongroom_scrub_finished_seconds",
               "When the last scrub ended, in Unix time; 0 before the first one.",
               [this] { return static_cast<double>(scrub_.last_finished_seconds()); });
  metrics_.add(gauge, "strongroom_anonymous_bytes", "Anonymous memory of the process (RssAnon).", anonymous_memory);
}

void Daemon::stop() {
  scrub_.stop();
  jobs_->stop();
  if (server_) server_->stop();  // before the gate, which must still answer the running requests
  gate_.stop();
  workers_.join();
}

Daemon::~Daemon() {
  stop();
}

void end_unanswered(const Error& why) {
  std::cerr
      << "strongroomd: the service ends without answering, because nobody can tell whether the last commit is on the "
         "disk. Start it again. The reason: "
      << why.message << std::endl;
  std::_Exit(1);
}

Result<void> serve(OpenVault vault, const ListenAddress& listen, access::RequestRate rate) {
  vault::hold_end_signals();  // before any thread starts, so that only the wait below receives the signals
  vault::ignore_broken_pipes();

  const access::Config config = vault.store->config();
  DaemonOptions options;
  options.listen = listen;
  options.rate = rate;
  options.fatal = end_unanswered;
  TRY(const std::unique_ptr<Daemon> daemon, Daemon::start(std::move(vault), std::move(options)));
  std::cout << "ready " << config.url << " origin " << config.origin << " listening on "
            << wire::bracketed(listen.address) << ":" << daemon->port() << std::endl;
  // The program that started the service would wait for that line for ever.
  if (!std::cout)
    return Error{Errc::io,
                 "the service has ended, because it could not print the line that says it is ready. Check where "
                 "standard output goes"};
  vault::wait_for_end_signal();
  daemon->stop();
  return {};
}

}  // namespace service
