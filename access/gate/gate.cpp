#include "access/gate/gate.h"

#include "access/wire/register.h"

namespace strongroom::access {
namespace {

std::size_t size_of(const wire::VerifiedRequest& request) {
  return request.target().size() + request.body().size() + request.stored().signature_input.size() +
         request.stored().signature.size();
}

}  // namespace

Gate::Gate(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
           std::function<void(std::size_t)> committed, const RequestRate& rate)
    : store_(store),
      clocks_(clocks),
      rates_(rate),
      writer_(
          store, std::move(clocks),
          [this, fatal = std::move(fatal)](const Error& why) {
            queue_.abandon();
            fatal(why);
          },
          std::move(committed)) {
  syncer_ = std::thread([this] { sync_loop(); });
  writing_ = std::thread([this] { write_loop(); });
  answerer_ = std::thread([this] {
    while (queue_.complete()) {
    }
  });
}

Gate::~Gate() {
  stop();
}

// --- before the queue -----------------------------------------------------------------------------------------------

// Returns the key that a signature names, if the signature is fresh and the key is accepted now. A used invitation is
// let in here, because a retried enrolment asks for its result: the writer decides.
Result<VerifyKey> Gate::key_of(const wire::SignatureParameters& parameters) const {
  TRY_VOID(wire::check_freshness(parameters, clocks_.wall()));
  TRY(const Actor actor, actor_of(parameters.keyid));
  TRY(const auto txn, store_.engine().read());
  return access::key_of(store_.state(), *txn, actor);
}

Result<SignedRequest> Gate::authenticate(const wire::RequestHead& head, std::string_view body, wire::Coverage coverage,
                                         KeepBody keep) const {
  auto verified = wire::verify_received_request(head, coverage, body, keep,
                                                [this](const auto& parameters) { return key_of(parameters); });
  // The answer does not tell which part of a request was wrong.
  if (!verified && verified.code() == Errc::tampered)
    return Error{Errc::refused, "the request's signature or body is not what its key signed"};
  if (!verified) return verified.error();
  TRY(Actor actor, actor_of(verified->parameters().keyid));
  return SignedRequest{std::move(*verified), std::move(actor)};
}

Result<void> Gate::authenticate_head(const wire::RequestHead& head, wire::Coverage coverage) const {
  return wire::verify_received_head(head, coverage, [this](const auto& parameters) { return key_of(parameters); });
}

Result<void> Gate::admit(const Actor& actor) {
  const Rates::Taken taken = rates_.take(actor, clocks_.read());
  if (taken.due) enter(*taken.due);
  if (!taken.admitted) return Error{Errc::limited, "too many requests; wait a little"};
  return {};
}

void Gate::enter(const wire::RequestsLimited& limited) {
  queue_.push({.work = LimitedJob{limited}});
}

// --- into the queue -------------------------------------------------------------------------------------------------

void Gate::submit(SignedRequest request, Completion done) {
  if (request.request.body().size() > kMaxCommandBytes) return done(Error{Errc::too_large, "the command is too large"});
  if (!wire::act_of(request.request)) return done(Error{Errc::invalid_argument, "the request is for no act"});
  const std::size_t bytes = size_of(request.request);
  const bool names_uploads = wire::names_uploads(request.request);
  queue_.push(
      {.work = CommandJob{std::move(request), std::move(done)}, .bytes = bytes, .names_uploads = names_uploads});
}

void Gate::refuse(SignedRequest request, Refusal refusal, Completion done) {
  // The body may be an upload: ciphertext, or anything else that its sender chose, so it must not get into the ledger.
  // The entry keeps its digest, which the signature covers.
  SignedRequest kept{std::move(request.request).without_body(), std::move(request.actor)};
  const std::size_t bytes = size_of(kept.request);
  queue_.push({.work = RefusalJob{std::move(kept), std::move(refusal), std::move(done)}, .bytes = bytes});
}

void Gate::stage_besides(Actor owner, std::vector<Bytes> values, StagingCompletion done) {
  if (values.size() > kMaxBesideValuesPerRequest) return done(Error{Errc::too_large, "too many values in one request"});
  std::size_t bytes = 0;
  for (const Bytes& value : values) {
    // A value that comes by itself may be a copy's index, which has a higher limit.
    if (value.size() > (values.size() == 1 ? kMaxIndexBytes : kMaxBesideValueBytes))
      return done(Error{Errc::too_large, "a staged value is too large"});
    bytes += value.size();
  }
  queue_.push({.work = StagingJob{std::move(owner), std::move(values), std::move(done)}, .bytes = bytes});
}

// --- the threads ----------------------------------------------------------------------------------------------------

// Uploads are synced on a thread beside the writer, because a sync may take long and every other job would wait for it.
void Gate::sync_loop() {
  while (auto job = queue_.take_to_sync()) {
    const auto synced = sync_uploads(std::get<CommandJob>(job->work).request);
    queue_.put_synced(std::move(*job), synced);
  }
}

Result<void> Gate::sync_uploads(const SignedRequest& request) const {
  const auto uploads = wire::uploads_of(request.request);
  // A command that does not parse, or that names too many uploads, is answered when it is decided.
  if (!uploads || uploads->size() > limits::kMaxUploadsPerCommand) return {};
  std::vector<vault::payload::UploadId> ids;
  for (const UploadId& upload : *uploads) {
    const auto id = payload_id(upload);
    const auto status = store_.payload().status(id);
    // An earlier try of this very command may have sealed the upload. The writer finds out by the nonce.
    if (!status && status.code() == Errc::not_found) continue;
    if (!status) return status.error();
    if (status->owner != request.actor.keyid) return Error{Errc::not_found, "the upload is not there"};
    ids.push_back(id);
  }
  return store_.payload().sync(ids);  // one sync for all of them
}

void Gate::write_loop() {
  while (true) {
    std::vector<Job> batch = queue_.take_batch();
    if (batch.empty()) return;
    writer_.write(batch, [this](std::span<Job> jobs, std::vector<JobResult> results) {
      queue_.put_answers(jobs, std::move(results));
    });
  }
}

// --- garbage, and the end -------------------------------------------------------------------------------------------

Result<std::size_t> Gate::collect_garbage() {
  for (const wire::RequestsLimited& limited : rates_.due(clocks_.steady_ms())) enter(limited);
  return writer_.drop_unclaimed();
}

void Gate::stop() {
  const std::lock_guard one_at_a_time(stop_mutex_);
  for (const wire::RequestsLimited& limited : rates_.rest()) enter(limited);
  queue_.stop();
  for (std::thread* thread : {&syncer_, &writing_, &answerer_})
    if (thread->joinable()) thread->join();
}

}  // namespace strongroom::access
