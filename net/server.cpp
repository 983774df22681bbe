#include "net/server.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "net/connection.h"
#include "net/task_group.h"
#include "vault/base/process.h"

namespace net {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::chrono::milliseconds kAcceptPause{50};  // after a failure such as "too many open files"
constexpr int kBacklog = 1024;
constexpr std::size_t kOtherFiles = 256;  // for the storage, the log and everything else that the process opens
// A stranger who chose ffdhe8192 would cause a hundred times the work, at no cost to themselves.
constexpr const char* kGroups = "X25519:P-256:P-384";

// An IPv4 address that arrives through an IPv6 socket is written as an IPv4 address, so that it is counted as the same.
std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

Result<void> configure(asio::ssl::context& tls, const TlsCredentials& credentials) {
  SSL_CTX* const native = tls.native_handle();
  if (SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) != 1)
    return Error{Errc::internal, "this OpenSSL does not support TLS 1.3"};
  if (SSL_CTX_set1_groups_list(native, kGroups) != 1)
    return Error{Errc::internal, "this OpenSSL does not support one of the groups X25519, P-256 and P-384"};
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);          // an idle connection keeps no buffers
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);  // clients resume with tickets, which they keep
  tls.set_verify_mode(asio::ssl::verify_none);
  ErrorCode error;
  const auto bytes = [](std::string_view text) { return asio::buffer(text.data(), text.size()); };
  tls.use_certificate_chain(bytes(credentials.certificate_pem), error);
  if (error) return Error{Errc::malformed, "the TLS certificate is not a PEM text that OpenSSL can read"};
  tls.use_private_key(bytes(credentials.key_pem), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(native) != 1)
    return Error{Errc::malformed,
                 "the TLS key does not belong to the certificate, or is not a PEM text that OpenSSL can read"};
  return {};
}

}  // namespace

// One thread's event loop. A connection stays on one loop. Only work that its handler gives to other threads runs
// elsewhere.
struct Loop {
  Turns turns{context};  // outlives the coroutines that wait in the context
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

// Members are destroyed in the opposite order, so what runs is destroyed before what it uses.
struct Server::Impl {
  Impl(Router routes, ServerOptions&& options, std::optional<asio::ssl::context> with_tls)
      : threads_wanted(options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency())),
        group([this](std::exception_ptr failure) { note(failure); }),
        tls(std::move(with_tls)),
        loops(threads_wanted),
        blocking(std::max(1U, options.blocking_threads)) {
    shared.router = std::move(routes);
    shared.limits = options.limits;
    shared.problem = std::move(options.problem);
    shared.completed = std::move(options.completed);
    shared.fault = std::move(options.fault);
    shared.blocking = &blocking;
  }

  void note(std::exception_ptr failure) {
    ++shared.counters.faults;
    if (!shared.fault) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& thrown) {
      shared.fault(thrown.what());
    } catch (...) {
      shared.fault("a connection threw something that is not a std::exception");
    }
  }

  // A place among the connections, which is free again when this is destroyed.
  class Place {
   public:
    Place(Impl& impl, std::string address) : impl_(&impl), address_(std::move(address)) {}
    Place(Place&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (impl_ == nullptr) return;
      --impl_->shared.counters.connections_open;
      const std::scoped_lock lock(impl_->mutex);
      const auto found = impl_->by_address.find(address_);
      if (--found->second == 0) impl_->by_address.erase(found);
    }

   private:
    Impl* impl_;
    std::string address_;
  };

  std::optional<Place> admit(const std::string& address) {
    const std::scoped_lock lock(mutex);
    std::size_t& here = by_address[address];
    if (here >= shared.limits.connections_per_address ||
        shared.counters.connections_open >= shared.limits.connections) {
      if (here == 0) by_address.erase(address);
      ++shared.counters.connections_refused;
      return std::nullopt;
    }
    ++here;
    ++shared.counters.connections_open;
    return Place(*this, address);
  }

  static asio::awaitable<void> serve(std::shared_ptr<Connection> connection, Place) { co_await connection->run(); }

  void start(Loop& loop, Tcp::socket socket) {
    ErrorCode error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;  // the client is gone already
    const std::string address = address_text(remote.address());
    auto place = admit(address);
    if (!place) return;
    socket.set_option(Tcp::no_delay(true), error);  // if this fails, answers are only late
    ++shared.counters.connections_accepted;
    const auto executor = socket.get_executor();
    // Shared, because the group may ask it to finish after it has ended and before the group knows.
    auto connection =
        std::make_shared<Connection>(shared, std::move(socket), tls ? &*tls : nullptr, address, loop.turns);
    group.spawn(executor, serve(connection, *std::move(place)), [weak = std::weak_ptr(connection)] {
      if (const auto alive = weak.lock()) alive->finish();
    });
  }

  asio::awaitable<void> accept(std::shared_ptr<Tcp::acceptor> acceptor) {
    asio::steady_timer pause(acceptor->get_executor());
    while (!shared.stopping) {
      Loop& loop = next_loop();
      auto [error, socket] = co_await acceptor->async_accept(loop.context, kToken);
      if (!error) {
        start(loop, std::move(socket));
      } else if (!shared.stopping) {
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kToken);
      }
    }
  }

  // Gives each new connection to the next loop.
  Loop& next_loop() { return loops[turn++ % loops.size()]; }

  void run(Loop& loop) {
    while (true) {
      try {
        loop.context.run();
        return;
      } catch (...) {
        note(std::current_exception());
      }
    }
  }

  const unsigned threads_wanted;
  Shared shared;
  std::mutex mutex;  // guards by_address
  std::map<std::string, std::size_t> by_address;
  TaskGroup group;
  std::optional<asio::ssl::context> tls;
  std::vector<Loop> loops;
  std::atomic<std::size_t> turn = 0;
  asio::thread_pool blocking;
  std::mutex stop_mutex;
  std::vector<std::jthread> threads;  // guarded by stop_mutex once started
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::make_tls(Router router, TlsCredentials credentials, ServerOptions options) {
  asio::ssl::context tls{asio::ssl::context::tls_server};
  TRY_VOID(configure(tls, credentials));
  return start(std::make_unique<Impl>(std::move(router), std::move(options), std::move(tls)));
}

std::unique_ptr<Server> Server::make_plain(Router router, ServerOptions options) {
  return start(std::make_unique<Impl>(std::move(router), std::move(options), std::nullopt));
}

std::unique_ptr<Server> Server::start(std::unique_ptr<Impl> impl) {
  // With the usual soft limit of 1024, strangers' connections could prevent the storage from opening its files. If the
  // limit stays lower, the server only accepts fewer connections.
  vault::allow_open_files(impl->shared.limits.connections + kOtherFiles);
  for (Loop& loop : impl->loops) impl->threads.emplace_back([raw = impl.get(), &loop] { raw->run(loop); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  stop();
}

Result<std::uint16_t> Server::listen(std::string_view address, std::uint16_t port) {
  ErrorCode error;
  const auto numeric = asio::ip::make_address(std::string(address), error);
  if (error)
    return Error{Errc::invalid_argument,
                 "cannot listen on " + std::string(address) + ": give a numeric address, for example 127.0.0.1 or ::1"};
  if (!impl_->tls && !numeric.is_loopback())
    return Error{Errc::invalid_argument, "cannot listen on " + std::string(address) +
                                             " without TLS: plain HTTP is only for loopback addresses, for example "
                                             "127.0.0.1 or ::1"};
  const Tcp::endpoint endpoint(numeric, port);
  const asio::any_io_executor executor = impl_->next_loop().context.get_executor();
  auto acceptor = std::make_shared<Tcp::acceptor>(executor);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error == asio::error::address_in_use)
    return Error{Errc::busy, "another program listens on this address and port"};
  if (error) return Error{Errc::io, "cannot listen: " + error.message()};
  const std::uint16_t bound = acceptor->local_endpoint().port();
  impl_->group.spawn(executor, impl_->accept(acceptor), [acceptor] {
    ErrorCode ignored;  // it fails only if the acceptor is closed already
    acceptor->close(ignored);
  });
  return bound;
}

void Server::stop() {
  const std::scoped_lock lock(impl_->stop_mutex);
  if (impl_->threads.empty()) return;
  const Limits& limits = impl_->shared.limits;
  impl_->shared.stopping = true;
  impl_->group.ask();
  if (!impl_->group.wait(limits.stop_grace)) {
    impl_->group.cancel();
    impl_->group.wait(limits.stop_grace);  // a task that ignores even this ends with its context
  }
  for (Loop& loop : impl_->loops) {
    loop.work.reset();
    loop.context.stop();
  }
  impl_->threads.clear();  // joins
  impl_->blocking.join();
}

const Counters& Server::counters() const {
  return impl_->shared.counters;
}

const Router& Server::router() const {
  return impl_->shared.router;
}

asio::io_context& Server::context() {
  return impl_->loops.front().context;
}

}  // namespace net
