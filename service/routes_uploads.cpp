// The routes for uploads of ciphertext: tus 1.0 with creation, creation-with-upload and termination (https://tus.io).
// Bytes are written to their place as they arrive, so an upload needs the memory of two pieces. Metadata is refused,
// because it would contain file names. Many small payloads come in one request; each of them is a complete and durable
// upload when the request is answered.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/serialize.hpp>

#include "service/answers.h"
#include "service/staged_bodies.h"
#include "service/tus.h"
#include "vault/base/file.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;
using vault::payload::UploadId;
using vault::payload::UploadStatus;

constexpr std::string_view kBatchType = "application/octet-stream";
constexpr std::string_view kBatchOffset = "0";  // a batch is signed like a chunk that begins at 0
constexpr unsigned kPreconditionFailed = 412;

net::Response with_tus(net::Response response) {
  response.fields.emplace_back("Tus-Resumable", kTusVersion);
  return response;
}

net::Response answer_nothing(unsigned status, net::Fields fields = {}) {
  fields.emplace_back("Cache-Control", "no-store");
  return with_tus({.status = status, .fields = std::move(fields), .body = std::string()});
}

net::Response answer_upload_error(Service& service, const Error& error) {
  return with_tus(answer_error(service, "upload", error, Fault::ours));
}

// The answer to a request that does not name our version of tus, which every request except OPTIONS must.
std::optional<net::Response> wrong_version(const net::Request& request) {
  if (speaks_tus(request)) return std::nullopt;
  Problem problem = problem_of({Errc::unsupported, "an upload needs the field Tus-Resumable: 1.0.0"}, Fault::callers);
  problem.status = kPreconditionFailed;
  net::Response response = with_tus(answer_problem(problem));
  response.fields.emplace_back("Tus-Version", kTusVersion);
  return response;
}

// Checks the version of tus and the caller. Every handler of an upload begins with it.
OrResponse<access::SignedRequest> begin(Service& service, const net::Request& request,
                                        wire::Coverage coverage = wire::Coverage::command_or_read) {
  if (auto wrong = wrong_version(request)) return std::unexpected(std::move(*wrong));
  auto caller = authenticate_person(service, request, coverage, Rate::only_refusals);
  if (!caller) return std::unexpected(with_tus(std::move(caller.error())));
  if (auto parameters = parameters_of(request); !parameters)
    return std::unexpected(with_tus(std::move(parameters.error())));
  return caller;
}

// Another person's upload is not found, like one that does not exist.
Result<UploadStatus> own_upload(const access::Store& store, const UploadId& id, const access::Actor& actor) {
  TRY(UploadStatus status, store.payload().status(id));
  if (status.owner != actor.keyid) return Error{Errc::not_found, "there is no such upload"};
  return status;
}

asio::awaitable<Result<UploadStatus>> find_upload(Service& service, const net::Request& request, access::Actor actor) {
  auto id = UploadId::parse(request.parameter("upload"));
  if (!id) co_return Error{Errc::not_found, "there is no such upload"};
  auto work = [&service, id = *id, actor = std::move(actor)]() { return own_upload(service.store, id, actor); };
  co_return co_await run_on(service.workers, std::move(work));
}

Awaitable create_upload(Service& service, net::Request& request) {
  auto caller = co_await take_body(service, request, [&] { return begin(service, request); });
  if (!caller) co_return std::move(caller.error());
  const auto length = new_upload_length(request);
  if (!length) co_return answer_upload_error(service, length.error());

  auto may = [](const access::View& view, const vault::engine::ReadTransaction&) { return view.may_upload(); };
  auto permitted = co_await look<std::monostate>(service, *caller->actor.person, std::move(may));
  if (!permitted) co_return with_tus(answer_look_error(service, "upload", permitted.error()));
  if (auto* refusal = std::get_if<access::Refusal>(&*permitted)) {
    auto refused = co_await refuse(service, std::move(*caller), std::move(*refusal), 0, Rate::only_refusals);
    co_return with_tus(std::move(refused));
  }

  const UploadId id = UploadId::generate(static_cast<std::uint64_t>(service.clock().unix_ms));
  auto work = [&service, &request, id, owner = caller->actor.keyid, length = *length]() -> Result<std::uint64_t> {
    TRY_VOID(service.store.payload().create(id, owner, length));
    if (request.body.empty()) return std::uint64_t{0};
    return service.store.payload().write(id, 0, vault::as_bytes(request.body));
  };
  const auto offset = co_await run_on(service.workers, std::move(work));
  if (!offset) co_return answer_upload_error(service, offset.error());
  co_return answer_nothing(201,
                           {{"Location", "/v1/uploads/" + id.to_string()}, {"Upload-Offset", std::to_string(*offset)}});
}

Awaitable head_upload(Service& service, net::Request& request) {
  auto caller = begin(service, request);
  if (!caller) co_return std::move(caller.error());
  const auto status = co_await find_upload(service, request, caller->actor);
  if (!status) co_return answer_upload_error(service, status.error());
  co_return answer_nothing(
      200, {{"Upload-Offset", std::to_string(status->offset)}, {"Upload-Length", std::to_string(status->length)}});
}

// Writes the body to its place in the upload, and returns the offset after it. One piece is written while the next one
// is read.
asio::awaitable<Result<std::uint64_t>> receive(Service& service, net::BodyReader& body, UploadId id,
                                               std::uint64_t offset) {
  using asio::experimental::awaitable_operators::operator&&;
  const std::size_t piece = std::min<std::uint64_t>(kUploadPieceBytes, body.length());
  vault::PageBuffer being_read(piece);
  vault::PageBuffer being_written(piece);
  auto got = co_await body.read(being_read.span().first(piece));
  while (got && *got != 0) {
    std::swap(being_read, being_written);
    auto write = [&service, id, offset, bytes = being_written.view().first(*got)]() {
      return service.store.payload().write(id, offset, bytes);
    };
    // Waits for both, even if one fails, because both use variables of this function.
    auto [next, wrote] =
        co_await (body.read(being_read.span().first(piece)) && run_on(service.workers, std::move(write)));
    if (!wrote) co_return wrote.error();
    offset = *wrote;
    got = std::move(next);
  }
  if (!got) co_return got.error();
  co_return offset;
}

Awaitable patch_upload(Service& service, net::Request& request) {
  auto caller = begin(service, request, wire::Coverage::upload_chunk);
  if (!caller) co_return std::move(caller.error());
  const auto begins = chunk_offset(request);
  if (!begins) co_return answer_upload_error(service, begins.error());
  const auto status = co_await find_upload(service, request, caller->actor);
  if (!status) co_return answer_upload_error(service, status.error());
  if (*begins != status->offset)
    co_return answer_upload_error(service,
                                  {Errc::conflict, "the upload continues at another offset: ask for it with HEAD"});
  if (request.stream->length() > status->length - status->offset)
    co_return answer_upload_error(service, {Errc::too_large, "the chunk has more bytes than the upload lacks"});

  const auto id = UploadId::parse(request.parameter("upload"));
  const auto written = co_await receive(service, *request.stream, *id, *begins);
  if (!written) co_return answer_upload_error(service, written.error());
  co_return answer_nothing(204, {{"Upload-Offset", std::to_string(*written)}});
}

Awaitable delete_upload(Service& service, net::Request& request) {
  auto caller = begin(service, request);
  if (!caller) co_return std::move(caller.error());
  const auto status = co_await find_upload(service, request, caller->actor);
  if (!status) co_return answer_upload_error(service, status.error());
  const auto id = UploadId::parse(request.parameter("upload"));
  auto work = [&service, id = *id]() -> Result<std::monostate> {
    TRY_VOID(service.store.payload().discard(id));
    return std::monostate{};
  };
  const auto gone = co_await run_on(service.workers, std::move(work));
  if (!gone) co_return answer_upload_error(service, gone.error());
  co_return answer_nothing(204);
}

Awaitable create_batch(Service& service, net::Request& request) {
  auto caller =
      authenticate_person(service, request, wire::Coverage::upload_chunk, Rate::only_refusals, access::KeepBody::no);
  if (!caller) co_return std::move(caller.error());
  if (auto parameters = parameters_of(request); !parameters) co_return std::move(parameters.error());
  if (request.field("content-type") != kBatchType)
    co_return answer_error(service, "upload",
                           {Errc::invalid_argument, "the Content-Type of a batch must be application/octet-stream"},
                           Fault::callers);
  if (request.field("upload-offset") != kBatchOffset)
    co_return answer_error(service, "upload", {Errc::invalid_argument, "the Upload-Offset of a batch must be 0"},
                           Fault::callers);
  const auto payloads = batch_payloads(vault::as_bytes(request.body));
  if (!payloads) co_return answer_error(service, "upload", payloads.error(), Fault::callers);

  auto may = [](const access::View& view, const vault::engine::ReadTransaction&) { return view.may_upload(); };
  auto permitted = co_await look<std::monostate>(service, *caller->actor.person, std::move(may));
  if (!permitted) co_return answer_look_error(service, "upload", permitted.error());
  // The signature does not cover the content, so this refusal makes no entry. A refused `POST /v1/uploads` makes one.
  if (const auto* refusal = std::get_if<access::Refusal>(&*permitted)) {
    Problem problem = problem_of({Errc::refused, std::string(access::sentence_of(refusal->rule))}, Fault::callers);
    problem.rule = refusal->rule;
    co_return answer_problem(problem);
  }

  std::vector<vault::payload::WholeUpload> uploads;
  const auto now = static_cast<std::uint64_t>(service.clock().unix_ms);
  for (const vault::ByteView bytes : *payloads) uploads.push_back({UploadId::generate(now), bytes});
  auto work = [&service, &uploads, owner = caller->actor.keyid]() -> Result<std::monostate> {
    TRY_VOID(service.store.payload().receive(uploads, owner));
    return std::monostate{};
  };
  const auto received = co_await run_on(service.workers, std::move(work));
  if (!received) co_return answer_error(service, "upload", received.error(), Fault::ours);
  wire::json::array ids;
  for (const auto& upload : uploads) ids.emplace_back(upload.id.to_string());
  co_return answer_json(
      201, wire::json::serialize(wire::json::object{{"data", wire::json::object{{"uploads", std::move(ids)}}}}));
}

Awaitable describe_uploads(Service&, net::Request&) {
  co_return answer_nothing(204, {{"Tus-Version", std::string(kTusVersion)},
                                 {"Tus-Extension", std::string(kTusExtensions)},
                                 {"Tus-Max-Size", std::to_string(vault::payload::kMaxPayloadBytes)}});
}

}  // namespace

void add_upload_routes(net::Router& router, Service* service) {
  const auto with = [service](Awaitable (*handler)(Service&, net::Request&)) {
    return [service, handler](net::Request& request) { return handler(*service, request); };
  };
  using net::Verb;
  router.route(Verb::options, "/v1/uploads", kAnybody, with(describe_uploads));
  router.route(Verb::post, "/v1/uploads", kEnrolled,
               {.max_body = kMaxFirstBytes, .before_body = signed_before_body(service)}, with(create_upload));
  router.route(Verb::head, "/v1/uploads/{upload}", kEnrolled, with(head_upload));
  router.route(Verb::patch, "/v1/uploads/{upload}", kEnrolled, {.streams_body = true}, with(patch_upload));
  router.route(Verb::del, "/v1/uploads/{upload}", kEnrolled, with(delete_upload));
  router.route(Verb::post, "/v1/upload-batches", kEnrolled,
               {.max_body = kMaxBatchBody, .before_body = signed_before_body(service, wire::Coverage::upload_chunk)},
               with(create_batch));
}

}  // namespace service
