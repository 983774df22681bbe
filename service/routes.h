// The routes of docs/formats.md: HTTP on one side, the gate and the views on the other. No rule lives here. What each
// route takes and gives stands in docs/api/openapi.yaml, which a test holds equal to this list.
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

// Bodies that are held in memory, by route.
inline constexpr std::size_t kMaxStagingBytes = 16U << 20;  // of `POST /v1/beside`, as JSON
inline constexpr std::size_t kMaxFirstBytes = 4U << 20;     // that come with an upload's creation
// Of `POST /v1/upload-batches`: each payload with its length before it.
inline constexpr std::size_t kMaxBatchBody =
    vault::payload::kMaxBatchBytes + vault::payload::kMaxBatchUploads * sizeof(std::uint32_t);
inline constexpr std::size_t kUploadPieceBytes = 512U << 10;  // held at a time of what is streamed

// Who may call a route. What a caller may do with what is there, the permission table says.
inline constexpr net::Callers kAnybody("anybody");  // unsigned
inline constexpr net::Callers kEnrolled("enrolled");
inline constexpr net::Callers kEnrolledOrInvited("enrolled-or-invited");  // a person, or an invitation's one-time key

// What the handlers work with. Outlives the server.
struct Service {
  access::Store& store;
  access::Gate& gate;
  Metrics& metrics;
  Log& log;
  asio::thread_pool& workers;  // for what blocks: the database and payloads
  // For what takes long: one of the workers at most, so that reads have the others.
  asio::strand<asio::thread_pool::executor_type> large_bodies = asio::make_strand(workers);
  vault::Clock clock;
  std::string authority;             // of the configured URL, in its normal form: what requests sign
  std::string tls_successions = {};  // wire::TlsSuccessions, as JSON
};

// `service` may be null where the list of routes is all that is wanted.
net::Router make_router(Service* service);

// Its parts.
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
