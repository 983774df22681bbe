// The routes for commands, and for the values that are staged before them.
#include <boost/json/serialize.hpp>

#include "access/wire/register.h"
#include "service/answers.h"
#include "service/staged_bodies.h"
#include "vault/crypto/hash.h"

namespace service {
namespace {

using vault::Bytes;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

wire::json::object digests_json(const std::vector<Digest>& digests) {
  return {{"digests", wire::to_json(digests)}};
}

asio::awaitable<Result<std::vector<Digest>>> stage(Service& service, access::Actor owner, std::vector<Bytes> values) {
  auto start = [&service, owner = std::move(owner), values = std::move(values)](auto done) mutable {
    service.gate.stage_besides(std::move(owner), std::move(values), std::move(done));
  };
  co_return co_await wait_for<Result<std::vector<Digest>>>(std::move(start));
}

net::Response answer_staging_error(Service& service, const Error& error) {
  if (error.code == Errc::refused) return answer_problem(unauthenticated());
  return answer_error(service, "staging", error, Fault::callers);
}

// A request to stage values. Its body is not kept, because it makes no entry.
struct Staging {
  access::Actor owner;
  std::uint64_t known = 0;
  std::vector<Bytes> values;
};
OrResponse<Staging> staging_of(Service& service, const net::Request& request) {
  auto caller = authenticate(service, request, wire::Coverage::command_or_read, Rate::request, access::KeepBody::no);
  if (!caller) return std::unexpected(std::move(caller.error()));
  const auto parameters = parameters_of(request);
  if (!parameters) return std::unexpected(parameters.error());
  auto values = staged_values(request.body);
  if (!values) return std::unexpected(answer_error(service, "staging", values.error(), Fault::callers));
  return Staging{std::move(caller->actor), parameters->known().value_or(0), std::move(*values)};
}
OrResponse<Staging> staging_of_one_value(Service& service, const net::Request& request) {
  auto caller =
      authenticate_person(service, request, wire::Coverage::command_or_read, Rate::request, access::KeepBody::no);
  if (!caller) return std::unexpected(std::move(caller.error()));
  const auto parameters = parameters_of(request);
  if (!parameters) return std::unexpected(parameters.error());
  const auto named = vault::parse_digest(parameters->path("digest"));
  if (!named || vault::crypto::sha256(vault::as_bytes(request.body)) != *named)
    return std::unexpected(answer_error(
        service, "staging", {Errc::invalid_argument, "the digest in the path is not the SHA-256 of the value"},
        Fault::callers));
  Staging staging{std::move(caller->actor), 0, {}};
  staging.values.push_back(vault::to_bytes(request.body));
  return staging;
}

Awaitable stage_values(Service& service, net::Request& request) {
  auto asked = co_await take_body(service, request, [&] { return staging_of(service, request); });
  if (!asked) co_return std::move(asked.error());
  const auto staged = co_await stage(service, std::move(asked->owner), std::move(asked->values));
  if (!staged) co_return answer_staging_error(service, staged.error());

  auto work = [&service, known = asked->known, shown = Shown{digests_json(*staged), {}, {}}]() -> Result<std::string> {
    TRY(const auto txn, service.store.engine().read());
    return answer_body(service.store, *txn, known, shown);
  };
  auto body = co_await run_on(service.workers, std::move(work));
  if (!body) co_return answer_error(service, "staging", body.error(), Fault::ours);
  co_return answer_json(201, std::move(*body));
}

Awaitable stage_one_value(Service& service, net::Request& request) {
  auto asked = co_await take_body(service, request, [&] { return staging_of_one_value(service, request); });
  if (!asked) co_return std::move(asked.error());
  const auto staged = co_await stage(service, std::move(asked->owner), std::move(asked->values));
  if (!staged) co_return answer_staging_error(service, staged.error());
  co_return answer_json(201, wire::json::serialize(wire::json::object{{"data", digests_json(*staged)}}));
}

// The body of the answer to an act that is durable.
Result<std::string> done_body(const access::Store& store, const access::Done& done, std::uint64_t known) {
  TRY(const auto txn, store.engine().read());
  wire::json::array entries;
  for (const audit::LeafIndex seq : done.seqs) entries.push_back(seq.value);
  wire::json::object data{{"entries", std::move(entries)}};
  for (const auto& [name, value] : done.data) data[name] = value;
  TRY(auto receipt, store.ledger().receipt(*txn, done.seqs));
  return answer_body(store, *txn, known, Shown{std::move(data), std::move(receipt), {}});
}

Awaitable act(Service& service, net::Request& request) {
  auto caller = co_await take_body(service, request, [&] { return authenticate(service, request); });
  if (!caller) co_return std::move(caller.error());
  const auto parameters = parameters_of(request);
  if (!parameters) co_return parameters.error();
  const std::uint64_t known = parameters->known().value_or(0);

  auto start = [&service, caller = std::move(*caller)](auto done) mutable {
    service.gate.submit(std::move(caller), std::move(done));
  };
  auto answer = co_await wait_for<Result<access::Answer>>(std::move(start));
  if (!answer && answer.error().code == Errc::refused) co_return answer_problem(unauthenticated());
  if (!answer) co_return answer_error(service, "act", answer.error(), Fault::callers);
  if (auto* refused = std::get_if<access::Refused>(&*answer))
    co_return co_await answer_refused(service, std::move(*refused), known);

  auto& done = std::get<access::Done>(*answer);
  const bool is_short = done.seqs.size() == 1;
  auto work = [&service, done = std::move(done), known]() { return done_body(service.store, done, known); };
  // The receipt of one entry is made on this thread. Its rows were written a moment ago, so to read them costs less
  // than to use another thread.
  auto body = is_short ? work() : co_await run_on(service.workers, std::move(work));
  if (!body) co_return answer_error(service, "act", body.error(), Fault::ours);
  co_return answer_json(201, std::move(*body));
}

}  // namespace

void add_act_routes(net::Router& router, Service* service) {
  const auto with = [service](Awaitable (*handler)(Service&, net::Request&)) {
    return [service, handler](net::Request& request) { return handler(*service, request); };
  };
  using net::Verb;
  const auto signed_up_to = [service](std::size_t max_body) {
    return net::RouteOptions{.max_body = max_body, .before_body = signed_before_body(service)};
  };
  router.route(Verb::post, "/v1/beside", kEnrolledOrInvited, signed_up_to(kMaxStagingBytes), with(stage_values));
  router.route(Verb::put, "/v1/beside/{digest}", kEnrolled, signed_up_to(access::kMaxIndexBytes),
               with(stage_one_value));
  router.route(Verb::post, "/v1/acts/{kind}", kEnrolledOrInvited, signed_up_to(access::kMaxCommandBytes), with(act));
}

}  // namespace service
