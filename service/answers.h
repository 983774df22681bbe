// The beginning and the end of every handler: find out who asks, and write the answer. Docs: docs/formats.md
// ("Requests")
#pragma once
#include <expected>
#include <span>

#include "net/limits.h"
#include "service/await.h"
#include "service/parameters.h"
#include "service/problem.h"
#include "service/routes.h"

namespace service {

using Awaitable = asio::awaitable<net::Response>;
template <class T>
using OrResponse = std::expected<T, net::Response>;

// The data that a read answers with.
struct Shown {
  wire::json::value data;
  std::optional<audit::Receipt> receipt;
  std::optional<audit::ChainEnd> end;  // of the chain that a page is of
};
using Read = std::function<access::Viewed<Shown>(const access::View&, const Parameters&)>;
struct ReadRoute {
  std::string_view pattern;                // "/v1/safes/{safe}/records"
  std::vector<std::string_view> accepted;  // names that its query may have, besides "known"
  Read read;
};
// Every GET that must be signed and is answered with JSON.
std::vector<ReadRoute> read_routes();

// --- answers ---------------------------------------------------------------------------------------------------------

net::Response answer_problem(const Problem& problem);
// Writes a failure of ours (status 500) to the log, and the id of the log's line into the answer. Altered data is
// logged too, even if it is the caller's.
net::Response answer_error(Service& service, std::string_view where, const vault::Error& error, Fault fault);
net::Response answer_json(unsigned status, std::string body);
net::Response answer_text(unsigned status, std::string_view type, std::string body);

// Makes {"data":…,"log":…,"receipt":…,"chain":…}. The log's state is read from `txn`, and the receipt and the chain's
// end must come from it too.
vault::Result<std::string> answer_body(const access::Store& store, const vault::engine::ReadTransaction& txn,
                                       std::uint64_t known, const Shown& shown);

// --- who asks --------------------------------------------------------------------------------------------------------

// Whether every request counts against its key's rate, or only refused ones. Uploads and downloads need many requests
// for one act, and the size of the upload or the copy limits them already, so on their routes only refusals count,
// because each of them makes an entry.
enum class Rate { request, only_refusals };

// Checks the request's signature and the key's rate. The answer is 429, or 401, which does not show what was wrong.
// Nothing is recorded.
OrResponse<access::SignedRequest> authenticate(Service& service, const net::Request& request,
                                               wire::Coverage coverage = wire::Coverage::command_or_read,
                                               Rate rate = Rate::request,
                                               access::KeepBody keep = access::KeepBody::yes);
// Like `authenticate`, for routes that the key of an invitation may not use.
OrResponse<access::SignedRequest> authenticate_person(Service& service, const net::Request& request,
                                                      wire::Coverage coverage = wire::Coverage::command_or_read,
                                                      Rate rate = Rate::request,
                                                      access::KeepBody keep = access::KeepBody::yes);
// The RouteOptions::before_body of a route whose handler authenticates. It answers 401 unless the header is signed.
std::function<std::optional<net::Response>(const net::Request&)> signed_before_body(
    Service* service, wire::Coverage coverage = wire::Coverage::command_or_read);
// Reads the parameters. The answer is 400 if the query has one that the route does not accept.
OrResponse<Parameters> parameters_of(const net::Request& request, std::span<const std::string_view> accepted = {});

// Runs `call`, which hashes and parses the body and returns an OrResponse. For a large body this takes so long that
// every other connection of the thread would wait, so a worker does it, one body at a time.
template <class Call>
asio::awaitable<std::invoke_result_t<Call&>> take_body(Service& service, const net::Request& request, Call call) {
  if (request.body.size() <= net::kMaxStrangersBodyBytes) co_return call();
  using Taken = std::invoke_result_t<Call&>;
  auto work = [call = std::move(call)]() -> vault::Result<Taken> { return call(); };
  auto taken = co_await run_by(service.large_bodies, std::move(work));
  if (!taken) co_return std::unexpected(answer_error(service, "body", taken.error(), Fault::ours));
  co_return *std::move(taken);
}

// --- ways to answer --------------------------------------------------------------------------------------------------

// Records that the read was refused, then answers 403, or 404 if the refusal is hidden. Give the `rate` with which the
// request was authenticated: over it the answer is 429, and nothing is recorded.
Awaitable refuse(Service& service, access::SignedRequest request, access::Refusal refusal, std::uint64_t known,
                 Rate rate = Rate::request);
// Answers a refusal that is recorded already.
Awaitable answer_refused(Service& service, access::Refused refused, std::uint64_t known);

// Runs `view` in one snapshot on a worker. `view(View, ReadTransaction) -> Viewed<T>`.
template <class T, class Call>
asio::awaitable<access::Viewed<T>> look(Service& service, access::PersonId person, Call call) {
  auto work = [&service, person, call = std::move(call)]() -> access::Viewed<T> {
    TRY(const auto txn, service.store.engine().read());
    TRY(const access::View view, access::View::of(service.store, *txn, person, service.clock()));
    return call(view, *txn);
  };
  co_return co_await run_on(service.workers, std::move(work));
}

// The answer if `look` failed, for example 401 if the key was revoked after the request was authenticated.
net::Response answer_look_error(Service& service, std::string_view where, const vault::Error& error);

// The handler of a signed GET that is answered with JSON: it authenticates, reads, and records a refusal.
net::Handler read_route(Service* service, std::vector<std::string_view> accepted, Read read);

}  // namespace service
