#include "net/server.h"

#include <openssl/ssl.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <thread>

#include "net/connection.h"
#include "net/task_group.h"

namespace net {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::chrono::milliseconds kAcceptPause{50};  // after a failure such as "too many open files"
constexpr int kBacklog = 1024;
constexpr rlim_t kOtherDescriptors = 256;  // of the storage, the log and whatever else the process has open
// A stranger who chose ffdhe8192 would have a hundred times the work done for a handshake that costs them nothing.
constexpr const char* kGroups = "X25519:P-256:P-384";

// An IPv4 address that arrives through an IPv6 socket is the same address.
std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

// The usual soft limit of 1024 would have strangers' connections keep the storage from opening its files.
void allow_descriptors(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, connections + kOtherDescriptors);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // where it fails, accepting pauses sooner, and no more than that
}

Result<void> configure(asio::ssl::context& tls, std::string_view certificate, std::string_view key) {
  SSL_CTX* const native = tls.native_handle();
  if (SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) != 1)
    return Error{Errc::internal, "this OpenSSL has no TLS 1.3"};
  if (SSL_CTX_set1_groups_list(native, kGroups) != 1)
    return Error{Errc::internal, "this OpenSSL lacks a group of the key exchange"};
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);          // an idle connection holds none
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);  // resumption is by tickets, which the client keeps
  tls.set_verify_mode(asio::ssl::verify_none);
  ErrorCode error;
  tls.use_certificate_chain(asio::buffer(certificate.data(), certificate.size()), error);
  if (error) return Error{Errc::malformed, "the TLS certificate is not PEM that OpenSSL reads"};
  tls.use_private_key(asio::buffer(key.data(), key.size()), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(native) != 1)
    return Error{Errc::malformed, "the TLS key is not PEM that OpenSSL reads, or not the certificate's"};
  return {};
}

}  // namespace

// A thread and what it runs. Each connection stays on one: nothing of it is handed from thread to thread but what a
// handler has others do.
struct Loop {
  Turns turns{context};  // outlives what waits in the context
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

// Members are destroyed in the opposite order: first what runs, then what it uses.
struct Server::Impl {
  Impl(Router routes, ServerOptions&& options)
      : threads_wanted(options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency())),
        group([this](std::exception_ptr failure) { note(failure); }),
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
      shared.fault("something that is no exception");
    }
  }

  // A place among the connections, given back when it goes.
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
    if (error) return;  // gone already
    const std::string address = address_text(remote.address());
    auto place = admit(address);
    if (!place) return;
    socket.set_option(Tcp::no_delay(true), error);  // without it answers are merely late
    ++shared.counters.connections_accepted;
    const auto executor = socket.get_executor();
    // Shared, because the request to finish may come between its end and the group's knowing.
    auto connection = std::make_shared<Connection>(shared, std::move(socket), tls, address, loop.turns);
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

  // The connections take turns.
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
  asio::ssl::context tls{asio::ssl::context::tls_server};
  std::vector<Loop> loops;
  std::atomic<std::size_t> turn = 0;
  asio::thread_pool blocking;
  std::mutex stop_mutex;
  std::vector<std::jthread> threads;  // guarded by stop_mutex once started
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::make(Router router, ServerOptions options) {
  const std::string_view certificate = options.certificate_pem, key = options.key_pem;
  auto impl = std::make_unique<Impl>(std::move(router), std::move(options));
  TRY_VOID(configure(impl->tls, certificate, key));
  allow_descriptors(impl->shared.limits.connections);
  for (Loop& loop : impl->loops) impl->threads.emplace_back([raw = impl.get(), &loop] { raw->run(loop); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  stop();
}

Result<std::uint16_t> Server::listen(std::string_view address, std::uint16_t port) {
  ErrorCode error;
  const auto numeric = asio::ip::make_address(std::string(address), error);
  if (error) return Error{Errc::invalid_argument, "not a numeric address to listen on"};
  const Tcp::endpoint endpoint(numeric, port);
  const asio::any_io_executor executor = impl_->next_loop().context.get_executor();
  auto acceptor = std::make_shared<Tcp::acceptor>(executor);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error == asio::error::address_in_use) return Error{Errc::busy, "somebody else listens on this address and port"};
  if (error) return Error{Errc::io, "cannot listen: " + error.message()};
  const std::uint16_t bound = acceptor->local_endpoint().port();
  impl_->group.spawn(executor, impl_->accept(acceptor), [acceptor] {
    ErrorCode ignored;  // a closed one is what is wanted
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
    impl_->group.wait(limits.stop_grace);  // what ignores even that ends with its context
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
