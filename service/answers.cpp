#include "service/answers.h"

#include <boost/json/serialize.hpp>

#include "access/wire/authority.h"
#include "audit/receipt.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::string_view kJson = "application/json";
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kUnavailable = 503;
constexpr std::string_view kRetryAfterSeconds = "1";

wire::RequestHead head_of(const Service& service, const net::Request& request) {
  return {.method = request.method,
          .authority = service.authority,
          .path = request.path,
          .query = request.query,
          .content_digest = request.field("content-digest"),
          .range = request.field("range"),
          .upload_length = request.field("upload-length"),
          .upload_offset = request.field("upload-offset"),
          .content_length = request.field("content-length"),
          .signature_input = request.field("signature-input"),
          .signature = request.field("signature"),
          .has_body = request.content_length.value_or(0) != 0};
}

// A request that names another service in Host is not for us, even if its signature is for our name.
bool is_for_us(const Service& service, const net::Request& request) {
  const auto host = request.field("host");
  return host && wire::is_authority(*host, service.authority);
}

// Whether the caller's key could not be looked up. Then nobody knows whether the signature is right.
bool is_storage_failure(Errc code) {
  return code == Errc::io || code == Errc::full || code == Errc::retry;
}

// A refusal that is recorded, and the size of the ledger that the caller knows.
struct RefusalAnswer {
  Problem problem;
  std::uint64_t known = 0;
};

Result<Problem> with_log(const access::Store& store, RefusalAnswer answer) {
  TRY(const auto txn, store.engine().read());
  TRY(const access::LogAnswer log, store.log_answer(*txn, audit::TreeSize{answer.known}, {}));
  answer.problem.log = audit::to_json(log.update);
  return std::move(answer.problem);
}

}  // namespace

net::Response answer_text(unsigned status, std::string_view type, std::string body) {
  return {.status = status,
          .fields = {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

net::Response answer_json(unsigned status, std::string body) {
  return answer_text(status, kJson, std::move(body));
}

net::Response answer_problem(const Problem& problem) {
  net::Response response = answer_text(problem.status, kProblemType, to_json(problem));
  if (problem.status == kTooManyRequests || problem.status == kUnavailable)
    response.fields.emplace_back("Retry-After", std::string(kRetryAfterSeconds));
  return response;
}

net::Response answer_error(Service& service, std::string_view where, const Error& error, Fault fault) {
  Problem problem = problem_of(error, fault);
  constexpr unsigned kOurs = 500;
  if (problem.status == kOurs || error.code == Errc::tampered || error.code == Errc::full) {
    const std::string id = service.log.failure(where, error);
    if (problem.status == kOurs) problem.instance = "urn:strongroom:failure:" + id;
  }
  return answer_problem(problem);
}

Result<std::string> answer_body(const access::Store& store, const vault::engine::ReadTransaction& txn,
                                std::uint64_t known, const Shown& shown) {
  TRY(const access::LogAnswer log, store.log_answer(txn, audit::TreeSize{known}, {}));
  wire::json::object body;
  body["data"] = shown.data;
  body["log"] = audit::to_json(log.update);
  if (shown.receipt) body["receipt"] = audit::to_json(*shown.receipt);
  if (shown.end) body["chain"] = audit::to_json(*shown.end);
  return wire::json::serialize(body);
}

OrResponse<access::SignedRequest> authenticate(Service& service, const net::Request& request, wire::Coverage coverage,
                                               Rate rate, access::KeepBody keep) {
  if (!is_for_us(service, request)) return std::unexpected(answer_problem(unauthenticated()));
  auto accepted = service.gate.authenticate(head_of(service, request), request.body, coverage, keep);
  if (!accepted && is_storage_failure(accepted.code()))
    return std::unexpected(answer_error(service, "authenticate", accepted.error(), Fault::ours));
  if (!accepted) return std::unexpected(answer_problem(unauthenticated()));
  if (rate == Rate::request)
    if (const auto admitted = service.gate.admit(accepted->actor); !admitted)
      return std::unexpected(answer_error(service, "rate", admitted.error(), Fault::callers));
  return std::move(*accepted);
}

std::function<std::optional<net::Response>(const net::Request&)> signed_before_body(Service* service,
                                                                                    wire::Coverage coverage) {
  return [service, coverage](const net::Request& request) -> std::optional<net::Response> {
    if (is_for_us(*service, request) && service->gate.authenticate_head(head_of(*service, request), coverage))
      return std::nullopt;
    return answer_problem(unauthenticated());
  };
}

OrResponse<access::SignedRequest> authenticate_person(Service& service, const net::Request& request,
                                                      wire::Coverage coverage, Rate rate, access::KeepBody keep) {
  auto accepted = authenticate(service, request, coverage, rate, keep);
  if (accepted && !accepted->actor.person) return std::unexpected(answer_problem(unauthenticated()));
  return accepted;
}

OrResponse<Parameters> parameters_of(const net::Request& request, std::span<const std::string_view> accepted) {
  auto parameters = Parameters::parse(request.parameters, request.query, accepted);
  if (parameters) {
    if (const auto known = parameters->known(); known) return std::move(*parameters);
    return std::unexpected(
        answer_problem(problem_of({Errc::malformed, "known must be the size of a checkpoint"}, Fault::callers)));
  }
  return std::unexpected(answer_problem(problem_of(parameters.error(), Fault::callers)));
}

Awaitable answer_refused(Service& service, access::Refused refused, std::uint64_t known) {
  Error error{Errc::refused, std::string(access::sentence_of(refused.rule))};
  if (refused.hidden) error = {Errc::not_found, "There is no such thing, or it is not visible to you."};
  RefusalAnswer answer{problem_of(error, Fault::callers), known};
  if (!refused.hidden) answer.problem.rule = refused.rule;
  auto work = [&service, answer]() { return with_log(service.store, answer); };
  const auto problem = co_await run_on(service.workers, std::move(work));
  if (!problem) co_return answer_error(service, "refusal", problem.error(), Fault::ours);
  co_return answer_problem(*problem);
}

Awaitable refuse(Service& service, access::SignedRequest request, access::Refusal refusal, std::uint64_t known,
                 Rate rate) {
  if (rate == Rate::only_refusals)
    if (const auto admitted = service.gate.admit(request.actor); !admitted)
      co_return answer_error(service, "rate", admitted.error(), Fault::callers);
  auto start = [&service, request = std::move(request), refusal = std::move(refusal)](auto done) mutable {
    service.gate.refuse(std::move(request), std::move(refusal), std::move(done));
  };
  auto answer = co_await wait_for<Result<access::Answer>>(std::move(start));
  if (!answer && answer.error().code == Errc::refused) co_return answer_problem(unauthenticated());
  if (!answer) co_return answer_error(service, "refusal", answer.error(), Fault::ours);
  auto* refused = std::get_if<access::Refused>(&*answer);
  vault::invariant(refused != nullptr, "the gate answers a refusal with a refusal");
  co_return co_await answer_refused(service, std::move(*refused), known);
}

net::Response answer_look_error(Service& service, std::string_view where, const Error& error) {
  if (error.code == Errc::refused) return answer_problem(unauthenticated());
  return answer_error(service, where, error, Fault::ours);
}

net::Handler read_route(Service* service, std::vector<std::string_view> accepted, Read read) {
  return [service, accepted = std::move(accepted), read = std::move(read)](net::Request& request) -> Awaitable {
    auto caller = authenticate_person(*service, request);
    if (!caller) co_return std::move(caller.error());
    auto parameters = parameters_of(request, accepted);
    if (!parameters) co_return std::move(parameters.error());
    const std::uint64_t known = parameters->known().value_or(0);

    auto view = [&](const access::View& from,
                    const vault::engine::ReadTransaction& txn) -> access::Viewed<std::string> {
      TRY(auto shown, read(from, *parameters));
      if (auto* refusal = std::get_if<access::Refusal>(&shown)) return std::move(*refusal);
      TRY(std::string body, answer_body(service->store, txn, known, std::get<Shown>(shown)));
      return std::move(body);
    };
    auto body = co_await look<std::string>(*service, *caller->actor.person, std::move(view));
    if (!body) co_return answer_look_error(*service, "read", body.error());
    if (auto* refusal = std::get_if<access::Refusal>(&*body))
      co_return co_await refuse(*service, std::move(*caller), std::move(*refusal), known);
    co_return answer_json(200, std::move(std::get<std::string>(*body)));
  };
}

}  // namespace service
