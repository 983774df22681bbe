// The routes translate HTTP to the gate and the views. They contain no rule. docs/api/openapi.yaml describes the
// request and the answers of each route, and a test compares its list with this one.
#pragma once
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "access/gate/gate.h"
#include "access/views.h"
#include "net/router.h"
#include "service/log.h"
#include "service/metrics.h"

namespace service {

namespace access = strongroom::access;
namespace wire = strongroom::access::wire;
namespace asio = boost::asio;

// The largest bodies that are held in memory.
inline constexpr std::size_t kMaxStagingBytes = 16U << 20;  // `POST /v1/beside`, as JSON
inline constexpr std::size_t kMaxFirstBytes = 4U << 20;     // `POST /v1/uploads`: the first bytes of the upload
// `POST /v1/upload-batches`: payloads, each with its length before it.
inline constexpr std::size_t kMaxBatchBody =
    vault::payload::kMaxBatchBytes + vault::payload::kMaxBatchUploads * sizeof(std::uint32_t);
inline constexpr std::size_t kUploadPieceBytes = 512U << 10;  // a streamed body is held in two such pieces

// Who may call a route. The permission table then decides what the caller may do.
inline constexpr net::Callers kAnybody("anybody");                        // the request needs no signature
inline constexpr net::Callers kEnrolled("enrolled");                      // a person
inline constexpr net::Callers kEnrolledOrInvited("enrolled-or-invited");  // a person, or an invitation's one-time key

// Everything that the handlers use. It outlives the server.
struct Service {
  access::Store& store;
  access::Gate& gate;
  Metrics& metrics;
  Log& log;
  asio::thread_pool& workers;  // for work that blocks: the database and payloads
  // For work that takes long. It uses one worker at most, so the others are free for reads.
  asio::strand<asio::thread_pool::executor_type> large_bodies = asio::make_strand(workers);
  vault::Clock clock;
  std::string authority;             // of the configured URL, in its normal form, as requests sign it
  std::string tls_successions = {};  // wire::TlsSuccessions, as JSON
};

// `service` may be null if only the list of routes is needed.
net::Router make_router(Service* service);

// The parts of `make_router`.
void add_service_routes(net::Router& router, Service* service);
void add_act_routes(net::Router& router, Service* service);
void add_upload_routes(net::Router& router, Service* service);
void add_read_routes(net::Router& router, Service* service);

struct RouteDescription {
  std::string method;
  std::string path;
  bool is_signed = true;
};
std::vector<RouteDescription> describe_routes();

}  // namespace service
