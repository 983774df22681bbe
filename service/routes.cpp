#include "service/routes.h"

#include <algorithm>

#include "service/answers.h"
#include "service/byte_range.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;
using vault::payload::Reader;

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kOctets = "application/octet-stream";
constexpr unsigned kRangeNotSatisfiable = 416;

// --- the service itself ----------------------------------------------------------------------------------------------

Awaitable alive(Service&, net::Request&) {
  co_return answer_text(200, kText, "ok\n");
}

Awaitable ready(Service& service, net::Request&) {
  if (!service.gate.is_taking())
    co_return answer_problem(
        problem_of({Errc::unavailable, "The service accepts no writes now. Try again later."}, Fault::ours));
  co_return answer_text(200, kText, "ready\n");
}

Awaitable metrics(Service& service, net::Request&) {
  co_return answer_text(200, kMetricsType, service.metrics.render());
}

Awaitable checkpoint(Service& service, net::Request&) {
  auto work = [&service]() -> Result<std::string> {
    TRY(const auto txn, service.store.engine().read());
    TRY(const auto latest, service.store.ledger().latest_checkpoint(*txn));
    if (!latest) return Error{Errc::internal, "the ledger has no checkpoint"};
    return latest->note;
  };
  auto note = co_await run_on(service.workers, std::move(work));
  if (!note) co_return answer_error(service, "checkpoint", note.error(), Fault::ours);
  co_return answer_text(200, kText, std::move(*note));
}

Awaitable tls_successions(Service& service, net::Request&) {
  co_return answer_text(200, kJson, service.tls_successions);
}

// --- downloads -------------------------------------------------------------------------------------------------------

Awaitable copy_index(Service& service, net::Request& request) {
  auto caller = authenticate_person(service, request);
  if (!caller) co_return std::move(caller.error());
  const auto parameters = parameters_of(request);
  if (!parameters) co_return parameters.error();
  auto view = [&](const access::View& from, const vault::engine::ReadTransaction&) -> access::Viewed<vault::Bytes> {
    TRY(const auto id, parameters->of_path<access::CopyId>("copy"));
    return from.copy_index(id);
  };
  auto index = co_await look<vault::Bytes>(service, *caller->actor.person, std::move(view));
  if (!index) co_return answer_look_error(service, "index", index.error());
  if (auto* refusal = std::get_if<access::Refusal>(&*index))
    co_return co_await refuse(service, std::move(*caller), std::move(*refusal), parameters->known().value_or(0));
  co_return answer_text(200, kOctets, vault::to_text(std::get<vault::Bytes>(*index)));
}

// The position of a download. The copies of a std::function share it, and one thread at a time uses it.
struct Download {
  std::unique_ptr<Reader> reader;
  std::uint64_t at = 0;
  std::uint64_t end = 0;
};

net::Response answer_payload(std::unique_ptr<Reader> reader, const std::optional<std::string>& range_field) {
  const std::uint64_t size = reader->payload().length;
  net::Response response{
      .status = 200,
      .fields = {{"Content-Type", std::string(kOctets)}, {"Cache-Control", "no-store"}, {"Accept-Ranges", "bytes"}},
      .body = std::string()};
  ByteRange range{0, size};
  if (range_field) {
    const auto parsed = parse_byte_range(*range_field, size);
    if (!parsed) {
      Problem problem = problem_of(parsed.error(), Fault::callers);
      problem.status = kRangeNotSatisfiable;
      response = answer_problem(problem);
      response.fields.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      return response;
    }
    range = *parsed;
    response.status = 206;
    response.fields.emplace_back("Content-Range", content_range(range, size));
  }
  auto download = std::make_shared<Download>(Download{std::move(reader), range.first, range.first + range.length});
  auto read = [download](std::span<std::byte> into) -> Result<std::size_t> {
    const std::size_t size_now = size_of_piece({download->at, download->end - download->at}, into.size());
    TRY_VOID(download->reader->read(download->at, into.first(size_now)));
    download->at += size_now;
    return size_now;
  };
  response.body = net::BodySource{.size = range.length, .read = std::move(read)};
  return response;
}

Awaitable payload(Service& service, net::Request& request) {
  auto caller = authenticate_person(service, request, wire::Coverage::command_or_read, Rate::only_refusals);
  if (!caller) co_return std::move(caller.error());
  const auto parameters = parameters_of(request);
  if (!parameters) co_return parameters.error();
  auto view = [&](const access::View& from,
                  const vault::engine::ReadTransaction&) -> access::Viewed<access::PayloadPermit> {
    TRY(const auto copy, parameters->of_path<access::CopyId>("copy"));
    TRY(const auto record, parameters->of_path<access::RecordId>("record"));
    return from.payload(copy, record);
  };
  auto permit = co_await look<access::PayloadPermit>(service, *caller->actor.person, std::move(view));
  if (!permit) co_return answer_look_error(service, "payload", permit.error());
  if (auto* refusal = std::get_if<access::Refusal>(&*permit))
    co_return co_await refuse(service, std::move(*caller), std::move(*refusal), parameters->known().value_or(0),
                              Rate::only_refusals);

  const auto record = vault::payload::RecordId::from_uuid(std::get<access::PayloadPermit>(*permit).record.uuid());
  auto open = [&service, record]() { return service.store.payload().open(record); };
  auto reader = co_await run_on(service.workers, std::move(open));
  if (!reader) co_return answer_error(service, "payload", reader.error(), Fault::ours);
  co_return answer_payload(std::move(*reader), request.field("range"));
}

}  // namespace

void add_service_routes(net::Router& router, Service* service) {
  const auto get = [&router, service](std::string_view pattern, net::Callers callers,
                                      Awaitable (*handler)(Service&, net::Request&)) {
    router.route(net::Verb::get, pattern, callers,
                 [service, handler](net::Request& request) { return handler(*service, request); });
  };
  get("/healthz", kAnybody, alive);
  get("/readyz", kAnybody, ready);
  get("/metrics", kAnybody, metrics);
  get("/v1/log/checkpoint", kAnybody, checkpoint);
  get("/v1/log/tls-successions", kAnybody, tls_successions);
  get("/v1/copies/{copy}/index", kEnrolled, copy_index);
  get("/v1/copies/{copy}/records/{record}/payload", kEnrolled, payload);
}

net::Router make_router(Service* service) {
  net::Router router;
  add_service_routes(router, service);
  add_act_routes(router, service);
  add_upload_routes(router, service);
  add_read_routes(router, service);
  return router;
}

std::vector<RouteDescription> describe_routes() {
  std::vector<RouteDescription> routes;
  for (const net::Route& route : make_router(nullptr).routes())
    routes.push_back({std::string(net::to_string(route.verb)), route.pattern, route.callers.name() != kAnybody.name()});
  return routes;
}

}  // namespace service
