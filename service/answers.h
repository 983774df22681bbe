// What every handler begins and ends with: who asks, and the forms of an answer. Docs: docs/formats.md ("Requests")
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

// What a read shows.
struct Shown {
  wire::json::value data;
  std::optional<audit::Receipt> receipt;
};
using Read = std::function<access::Viewed<Shown>(const access::View&, const Parameters&)>;
struct ReadRoute {
  std::string_view pattern;                // "/v1/safes/{safe}/records"
  std::vector<std::string_view> accepted;  // names of its query; "known" is always one
  Read read;
};
// Every GET whose answer is JSON and signed for.
std::vector<ReadRoute> read_routes();

// --- answers ---------------------------------------------------------------------------------------------------------

net::Response answer_problem(const Problem& problem);
// A failure of ours (status 500) is logged, and the answer carries the line's id. Altered data is logged whosever it
// is.
net::Response answer_error(Service& service, std::string_view where, const vault::Error& error, Fault fault);
net::Response answer_json(unsigned status, std::string body);
net::Response answer_text(unsigned status, std::string_view type, std::string body);

// {"data":…,"log":…,"receipt":…} with the ledger as `txn` has it, which is also where the receipt comes from.
vault::Result<std::string> answer_body(const access::Store& store, const vault::engine::ReadTransaction& txn,
                                       std::uint64_t known, const Shown& shown);

// --- who asks --------------------------------------------------------------------------------------------------------

// What a request takes of its key's rate. Ciphertext comes and goes in many requests of one act, each bounded by the
// upload's or the copy's own size: such a route takes nothing unless it is refused, which makes an entry.
enum class Rate { request, only_refusals };

// The request's signature and the key's rate: 401, always the same whatever is wrong, or 429. Nothing is recorded.
OrResponse<access::SignedRequest> authenticate(Service& service, const net::Request& request,
                                               wire::Coverage coverage = wire::Coverage::command_or_read,
                                               Rate rate = Rate::request,
                                               access::KeepBody keep = access::KeepBody::yes);
// As `authenticate`, for routes that an invitation's key may not use.
OrResponse<access::SignedRequest> authenticate_person(Service& service, const net::Request& request,
                                                      wire::Coverage coverage = wire::Coverage::command_or_read,
                                                      Rate rate = Rate::request,
                                                      access::KeepBody keep = access::KeepBody::yes);
// RouteOptions::before_body of a route whose handler authenticates: 401 unless the header is signed.
std::function<std::optional<net::Response>(const net::Request&)> signed_before_body(
    Service* service, wire::Coverage coverage = wire::Coverage::command_or_read);
// 400 where the query is not as the route takes it.
OrResponse<Parameters> parameters_of(const net::Request& request, std::span<const std::string_view> accepted = {});

// Hashing a large body and taking it apart takes so long that everybody else on this connection's thread would wait: a
// worker does it, one body after another. `call` gives an OrResponse, of a small body at once.
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

// Records that the read was refused, then answers 403, or 404 where the refusal is hidden. `rate` as the request was
// authenticated with: 429 and no entry over it.
Awaitable refuse(Service& service, access::SignedRequest request, access::Refusal refusal, std::uint64_t known,
                 Rate rate = Rate::request);
// The answer to a refusal that is recorded already.
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

// Why `look` came to nothing: 401 for a key that was revoked since the request was authenticated.
net::Response answer_look_error(Service& service, std::string_view where, const vault::Error& error);

// A signed GET whose answer is JSON: authenticates, reads, records a refusal.
net::Handler read_route(Service* service, std::vector<std::string_view> accepted, Read read);

}  // namespace service
