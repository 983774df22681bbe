#include "access/gate/gate.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "access/state/standing.h"
#include "access/views.h"
#include "access/wire/register.h"
#include "vault/age/header.h"
#include "vault/crypto/hash.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;

constexpr int kStorageAttempts = 3;  // of one batch, while the store has to grow first

std::int64_t system_steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct CommandJob {
  SignedRequest request;
  Completion done;
};
struct RefusalJob {
  SignedRequest request;
  Refusal refusal;
  Completion done;
};
struct StagingJob {
  Actor owner;
  std::vector<Bytes> values;
  StagingCompletion done;
};
struct LimitedJob {
  wire::RequestsLimited limited;
};
struct Job {
  std::variant<CommandJob, RefusalJob, StagingJob, LimitedJob> work;
  std::size_t bytes = 0;
};

// What a job comes to. An Error leaves nothing behind; all else is durable before anybody is told. Functions that
// return a Result of it fail only as storage does: then the transaction must be aborted.
using JobResult = std::variant<std::monostate, Error, Answer, std::vector<Digest>>;

void complete(Job& job, JobResult result) {
  const auto tell = [&]<class T>(const std::function<void(Result<T>)>& done) {
    if (!done) return;
    if (auto* error = std::get_if<Error>(&result))
      done(std::move(*error));
    else
      done(std::get<T>(std::move(result)));
  };
  if (const auto* command = std::get_if<CommandJob>(&job.work)) return tell(command->done);
  if (const auto* refusal = std::get_if<RefusalJob>(&job.work)) return tell(refusal->done);
  if (const auto* staging = std::get_if<StagingJob>(&job.work)) return tell(staging->done);
}

std::size_t size_of(const wire::VerifiedRequest& request) {
  return request.target().size() + request.body().size() + request.stored().signature_input.size() +
         request.stored().signature.size();
}

std::array<std::byte, 16> random_salt() {
  std::array<std::byte, 16> salt;
  vault::fill_random(salt);
  return salt;
}

// The answer to a job whose storage failed. The message keeps the cause for the operator's log. The service shows
// callers a text of its own instead (service/problem.cpp).
Error storage_failure(const Error& cause) {
  if (cause.code == Errc::retry) return {Errc::retry, "this could not be stored just now; send it again"};
  const std::string message =
      "nothing of this was stored: " + cause.message + " (" + std::string(vault::to_string(cause.code)) + ")";
  return {cause.code == Errc::full ? Errc::full : Errc::internal, message};
}

// An act is answered with its entries and with what they were given, the first time and again.
void add_entry(Done& done, LeafIndex seq, const wire::EntryBody& body) {
  done.seqs.push_back(seq);
  for (const auto& [name, value] : wire::given_of(body.kind, body.detail)) done.data[name] = value;
}

// Headers, and everything else that is an age file, for exactly one X25519 recipient; text after 32 random bytes.
Result<void> check_beside(BesideTable table, ByteView value) {
  const auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid_argument, "a staged " + wire::enum_name(table) + " " + std::string(why)};
  };
  if (value.size() > max_bytes(table)) return Error{Errc::too_large, wrong("is too large").message};
  if (table == BesideTable::text) {
    if (value.size() < sizeof(Digest)) return wrong("does not begin with 32 random bytes");
    const std::string_view text = vault::as_text(value.subspan(sizeof(Digest)));
    if (text.size() > kMaxFreeTextBytes || !vault::is_utf8(text)) return wrong("is too long, or no UTF-8");
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) return wrong("has control characters");
    return {};
  }
  const auto header = vault::age::parse_header(value);
  if (!header || !vault::age::is_single_x25519(*header)) return wrong("is not for exactly one X25519 recipient");
  const bool bare = table == BesideTable::header || table == BesideTable::copy_header;
  if (bare && header->bytes.size() != value.size()) return wrong("has something after the header");
  return {};
}

// How many requests a key may still make, and how many it was refused.
struct Bucket {
  std::int64_t thousandths = 0;
  std::int64_t filled_ms = 0;
  std::uint64_t refused = 0;
  Instant since;
  std::int64_t since_ms = 0;

  void refill(std::int64_t now_ms, const RequestRate& rate) {
    const std::int64_t passed = std::max<std::int64_t>(0, now_ms - filled_ms);
    // Thousandths for each millisecond: per_minute * 1000 / 60'000.
    const std::int64_t more = std::min(passed, std::int64_t{3'600'000}) * rate.per_minute / 60;
    thousandths = std::min(rate.burst * 1000, thousandths + more);
    filled_ms = now_ms;
  }
  bool is_due(std::int64_t now_ms) const { return refused > 0 && now_ms - since_ms >= limits::kLimitedIntervalMs; }
  bool is_idle(const RequestRate& rate) const { return refused == 0 && thousandths == rate.burst * 1000; }
};

// What a key has staged and not claimed since `since`. Kept in memory: a quota against hoarding, not an account.
struct StagedUse {
  Instant since;
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;
};

}  // namespace

EntryClock::Moment EntryClock::observe(Reading now, Instant last_entry) const {
  if (now.wall < last_entry) {
    Moment moment{.time = last_entry, .stepped = std::nullopt};
    if (!behind_) moment.stepped = wire::ClockStepped{.from = last_entry, .to = now.wall};
    return moment;
  }
  Moment moment{.time = now.wall, .stepped = std::nullopt};
  if (!kept_) return moment;
  const Instant expected{kept_->wall.unix_ms + (now.steady_ms - kept_->steady_ms)};
  if (std::abs(now.wall.unix_ms - expected.unix_ms) > limits::kClockJumpMs)
    moment.stepped = wire::ClockStepped{.from = expected, .to = now.wall};
  return moment;
}

void EntryClock::keep(Reading now, Instant last_entry) {
  behind_ = now.wall < last_entry;
  kept_ = now;
}

class Gate::Core {
 public:
  Core(Store& store, Clocks clocks, std::function<void(const Error&)> fatal, std::function<void(std::size_t)> committed,
       RequestRate rate)
      : store_(store),
        clocks_(std::move(clocks)),
        fatal_(std::move(fatal)),
        committed_(std::move(committed)),
        rate_(rate) {
    if (!clocks_.steady_ms) clocks_.steady_ms = system_steady_ms;
    syncer_ = std::thread([this] { sync_loop(); });
    writer_ = std::thread([this] { write_loop(); });
    answerer_ = std::thread([this] { answer_loop(); });
  }
  ~Core() { stop(); }

  Result<SignedRequest> authenticate(const wire::RequestHead& head, std::string_view body, wire::Coverage coverage,
                                     KeepBody keep) const;
  Result<void> authenticate_head(const wire::RequestHead& head, wire::Coverage coverage) const;
  Result<void> admit(const Actor& actor);
  void enqueue(Job job);
  Result<std::size_t> collect_garbage();
  void stop();
  bool is_taking() const {
    const std::lock_guard lock(mutex_);
    return taking_;
  }
  std::size_t queued() const {
    const std::lock_guard lock(mutex_);
    return queued_commands_;
  }

 private:
  using Batch = std::vector<Job>;

  Result<VerifyKey> key_of(const wire::SignatureParameters& parameters) const;
  void sync_loop();
  Result<void> sync_uploads(const Actor& actor, std::span<const UploadId> uploads);
  void write_loop();
  void answer_loop();
  Batch take_batch();
  void run(Batch batch);
  Result<std::vector<JobResult>> attempt(std::span<Job> jobs);
  void answer(Job job, JobResult result);
  void answer(Batch batch, std::vector<JobResult> results);
  void die(const Error& why);

  // Within the write transaction.
  Result<JobResult> perform(WriteTransaction& txn, Job& job, Instant time);
  Result<JobResult> perform_command(WriteTransaction& txn, const CommandJob& job, Instant time);
  Result<JobResult> perform_refusal(WriteTransaction& txn, const SignedRequest& request, const Refusal& refusal,
                                    Instant time);
  Result<JobResult> perform_refused_read(WriteTransaction& txn, const RefusalJob& job, Instant time);
  Result<JobResult> perform_staging(WriteTransaction& txn, const StagingJob& job, Instant time);
  Result<void> accept_actor(const ReadTransaction& txn, const Actor& actor, Instant time) const;
  Result<void> check_upload(const ReadTransaction& txn, const UploadUse& use) const;
  Result<Done> repeat(const ReadTransaction& txn, const UsedNonceRow& row) const;
  struct Draft {
    audit::ChainTag chain;
    wire::EntryBody body;
    std::string text;
  };
  Result<Draft> draft(const ReadTransaction& txn, const Event& event, const SignedRequest* request) const;
  Result<LeafIndex> append(WriteTransaction& txn, const Draft& draft, Instant time);

  EntryClock::Reading read_clocks() const { return {.wall = clocks_.wall(), .steady_ms = clocks_.steady_ms()}; }
  std::vector<Job> due_limits(std::int64_t now_ms, bool all);

  Store& store_;
  Clocks clocks_;
  std::function<void(const Error&)> fatal_;
  std::function<void(std::size_t)> committed_;
  const RequestRate rate_;

  mutable std::mutex mutex_;         // guards what follows, up to the blank line
  std::condition_variable syncing_;  // for the syncer
  std::condition_variable work_;     // for the writer
  std::condition_variable answers_;  // for the answerer
  std::deque<Job> to_sync_;
  std::deque<Job> queue_;
  std::deque<std::pair<Job, JobResult>> finished_;
  std::size_t queued_commands_ = 0;  // in to_sync_ and queue_, and between them
  std::size_t queued_bytes_ = 0;
  bool taking_ = true;
  bool syncer_ended_ = false;
  bool writer_ended_ = false;

  std::mutex buckets_mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;  // by keyid

  // The writer's own.
  EntryClock clock_;
  std::map<std::string, StagedUse, std::less<>> staged_use_;  // by keyid

  std::atomic<bool> dead_ = false;
  std::mutex stop_mutex_;
  std::thread syncer_;
  std::thread writer_;
  std::thread answerer_;
};

// --- before the queue -----------------------------------------------------------------------------------------------

// The key that a signature names, if it is fresh and the key is accepted now. A used invitation is let in here, because
// a retried enrolment asks what became of it: the writer decides.
Result<VerifyKey> Gate::Core::key_of(const wire::SignatureParameters& parameters) const {
  TRY_VOID(wire::check_freshness(parameters, clocks_.wall()));
  TRY(const Actor actor, actor_of(parameters.keyid));
  TRY(const auto txn, store_.engine().read());
  return access::key_of(store_.state(), *txn, actor);
}

Result<SignedRequest> Gate::Core::authenticate(const wire::RequestHead& head, std::string_view body,
                                               wire::Coverage coverage, KeepBody keep) const {
  auto verified = wire::verify_received_request(head, coverage, body, keep,
                                                [this](const auto& parameters) { return key_of(parameters); });
  // Nobody is told which part of a request was wrong.
  if (!verified && verified.code() == Errc::tampered)
    return Error{Errc::refused, "the request's signature or body is not what its key signed"};
  if (!verified) return verified.error();
  TRY(Actor actor, actor_of(verified->parameters().keyid));
  return SignedRequest{std::move(*verified), std::move(actor)};
}

Result<void> Gate::Core::authenticate_head(const wire::RequestHead& head, wire::Coverage coverage) const {
  return wire::verify_received_head(head, coverage, [this](const auto& parameters) { return key_of(parameters); });
}

Result<void> Gate::Core::admit(const Actor& actor) {
  const EntryClock::Reading now = read_clocks();
  std::vector<Job> due;
  bool admitted = true;
  {
    const std::lock_guard lock(buckets_mutex_);
    const auto [at, is_new] = buckets_.try_emplace(actor.keyid);
    Bucket& bucket = at->second;
    if (is_new) {
      bucket.thousandths = rate_.burst * 1000;
      bucket.filled_ms = now.steady_ms;
    }
    bucket.refill(now.steady_ms, rate_);
    if (bucket.thousandths >= 1000) {
      bucket.thousandths -= 1000;
    } else {
      admitted = false;
      if (bucket.refused == 0) {
        bucket.since = now.wall;
        bucket.since_ms = now.steady_ms;
      }
      ++bucket.refused;
    }
    if (bucket.is_due(now.steady_ms) && actor.person) {
      due.push_back({.work = LimitedJob{{.person = *actor.person, .count = bucket.refused, .since = bucket.since}}});
      bucket.refused = 0;
    }
  }
  for (Job& job : due) enqueue(std::move(job));
  if (!admitted) return Error{Errc::limited, "too many requests; wait a little"};
  return {};
}

std::vector<Job> Gate::Core::due_limits(std::int64_t now_ms, bool all) {
  std::vector<Job> due;
  const std::lock_guard lock(buckets_mutex_);
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    Bucket& bucket = at->second;
    bucket.refill(now_ms, rate_);
    if (bucket.is_due(now_ms) || (all && bucket.refused > 0)) {
      // Invitations have no person to name: their limit leaves no entry.
      if (const auto person = PersonId::parse(at->first))
        due.push_back({.work = LimitedJob{{.person = *person, .count = bucket.refused, .since = bucket.since}}});
      bucket.refused = 0;
    }
    at = bucket.is_idle(rate_) ? buckets_.erase(at) : std::next(at);
  }
  return due;
}

void Gate::Core::enqueue(Job job) {
  const auto* command = std::get_if<CommandJob>(&job.work);
  const bool has_uploads = command != nullptr && wire::names_uploads(command->request.request);
  std::optional<Error> rejected;
  {
    const std::lock_guard lock(mutex_);
    if (!taking_) {
      rejected = Error{Errc::unavailable, "the service is stopping"};
    } else if (queued_commands_ >= limits::kMaxQueuedCommands || queued_bytes_ + job.bytes > limits::kMaxQueuedBytes) {
      rejected = Error{Errc::unavailable, "too much is waiting; try again"};
    } else {
      ++queued_commands_;
      queued_bytes_ += job.bytes;
      (has_uploads ? to_sync_ : queue_).push_back(std::move(job));
    }
  }
  if (rejected)
    complete(job, *rejected);
  else
    (has_uploads ? syncing_ : work_).notify_one();
}

// Uploads are made durable here, beside the writer: a sync takes as long as the disk likes.
void Gate::Core::sync_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    syncing_.wait(lock, [this] { return !to_sync_.empty() || !taking_; });
    if (to_sync_.empty()) break;
    Job job = std::move(to_sync_.front());
    to_sync_.pop_front();
    lock.unlock();
    const SignedRequest& request = std::get<CommandJob>(job.work).request;
    const auto uploads = wire::uploads_of(request.request);
    Result<void> synced;
    // A command that does not parse or names too many is refused when it is decided, so nothing is synced for it.
    if (uploads && uploads->size() <= limits::kMaxUploadsPerCommand) synced = sync_uploads(request.actor, *uploads);
    lock.lock();
    if (synced) {
      queue_.push_back(std::move(job));
      work_.notify_one();
    } else {
      --queued_commands_;
      queued_bytes_ -= job.bytes;
      finished_.emplace_back(std::move(job), std::move(synced).error());
      answers_.notify_one();
    }
  }
  syncer_ended_ = true;
  work_.notify_one();
}

// An upload that is not there any more may have been sealed by an earlier try of this very command: the nonce tells.
Result<void> Gate::Core::sync_uploads(const Actor& actor, std::span<const UploadId> uploads) {
  std::vector<vault::payload::UploadId> ids;
  for (const UploadId& upload : uploads) {
    const auto id = payload_id(upload);
    const auto status = store_.payload().status(id);
    if (!status && status.code() == Errc::not_found) continue;
    if (!status) return status.error();
    if (status->owner != actor.keyid) return Error{Errc::not_found, "the upload is not there"};
    ids.push_back(id);
  }
  return store_.payload().sync(ids);  // all of them for the price of one
}

// --- the writer -----------------------------------------------------------------------------------------------------

void Gate::Core::write_loop() {
  while (true) {
    Batch batch = take_batch();
    if (batch.empty()) break;
    run(std::move(batch));
  }
  const std::lock_guard lock(mutex_);
  writer_ended_ = true;
  answers_.notify_one();
}

// Empty at the end only.
Gate::Core::Batch Gate::Core::take_batch() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return !queue_.empty() || (!taking_ && syncer_ended_) || dead_; });
  Batch batch;
  if (dead_) return batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < limits::kMaxBatchCommands) {
    if (!batch.empty() && bytes + queue_.front().bytes > limits::kMaxBatchBytes) break;
    bytes += queue_.front().bytes;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_commands_ -= batch.size();
  queued_bytes_ -= bytes;
  return batch;
}

void Gate::Core::run(Batch batch) {
  auto results = attempt(batch);
  if (results) {
    answer(std::move(batch), std::move(*results));
    return;
  }
  for (Job& job : batch) {
    if (dead_) return;
    auto alone = attempt(std::span(&job, 1));
    for (int i = 1; !alone && alone.code() == Errc::retry && i < kStorageAttempts; ++i)
      alone = attempt(std::span(&job, 1));
    if (dead_) return;
    if (alone)
      answer(std::move(job), std::move(alone->front()));
    else
      answer(std::move(job), storage_failure(alone.error()));
  }
}

// One transaction. An error: nothing of it was stored.
Result<std::vector<JobResult>> Gate::Core::attempt(std::span<Job> jobs) {
  const auto staged_use = staged_use_;
  const auto undo = [&](Error error) {
    staged_use_ = staged_use;
    return error;
  };
  TRY(const auto txn, store_.engine().write());
  TRY(const audit::TreeSize before, store_.ledger().size(*txn));
  TRY(const audit::Envelope last, store_.ledger().envelope(*txn, LeafIndex{before.value - 1}));
  const EntryClock::Reading now = read_clocks();
  const EntryClock::Moment moment = clock_.observe(now, last.time);
  if (moment.stepped) {
    const Event event{.kind = std::string(wire::ClockStepped::kKind),
                      .detail = wire::to_json(*moment.stepped),
                      .ids = wire::Concerned(),
                      .chain = std::nullopt};
    TRY(const Draft entry, draft(*txn, event, nullptr));
    TRY_VOID(append(*txn, entry, moment.time));
  }
  std::vector<JobResult> results;
  results.reserve(jobs.size());
  for (Job& job : jobs) {
    auto result = perform(*txn, job, moment.time);
    if (!result) return undo(std::move(result).error());
    results.push_back(std::move(*result));
  }
  TRY(const audit::TreeSize after, store_.ledger().size(*txn));
  if (after != before) {
    const auto signed_checkpoint = store_.ledger().sign(*txn, store_.log_key(), store_.config().origin);
    if (!signed_checkpoint) return undo(signed_checkpoint.error());
  }
  const auto committed = txn->commit();
  if (!committed) {
    if (committed.code() == Errc::io) die(committed.error());
    return undo(committed.error());
  }
  if (committed_) committed_(jobs.size());
  clock_.keep(now, moment.time);
  return results;
}

Result<JobResult> Gate::Core::perform(WriteTransaction& txn, Job& job, Instant time) {
  if (const auto* command = std::get_if<CommandJob>(&job.work)) return perform_command(txn, *command, time);
  if (const auto* staging = std::get_if<StagingJob>(&job.work)) return perform_staging(txn, *staging, time);
  if (const auto* refusal = std::get_if<RefusalJob>(&job.work)) return perform_refused_read(txn, *refusal, time);
  const wire::RequestsLimited& limited = std::get<LimitedJob>(job.work).limited;
  Event event{.kind = std::string(wire::RequestsLimited::kKind),
              .detail = wire::to_json(limited),
              .ids = wire::Concerned(),
              .chain = std::nullopt};
  event.ids.person = limited.person;
  TRY(const Draft entry, draft(txn, event, nullptr));
  TRY_VOID(append(txn, entry, time));
  return JobResult();
}

Result<void> Gate::Core::accept_actor(const ReadTransaction& txn, const Actor& actor, Instant time) const {
  TRY_VOID(access::key_of(store_.state(), txn, actor));
  if (!actor.invitation) return {};
  TRY(const auto open, open_invitation(store_.state(), txn, *actor.invitation, time));
  if (!open) return Error{Errc::refused, "the invitation was used, has expired, or fell with its inviter"};
  return {};
}

Result<JobResult> Gate::Core::perform_command(WriteTransaction& txn, const CommandJob& job, Instant time) {
  const SignedRequest& request = job.request;
  if (const auto fresh = wire::check_freshness(request.request.parameters(), time); !fresh)
    return JobResult(fresh.error());

  const auto used = store_.state().used_nonce(txn, request.actor.keyid, request.request.parameters().nonce, time);
  if (!used) return JobResult(used.error());
  if (*used) {
    const UsedNonceRow& row = **used;
    // An invitation's enrolment used it up; asking again what became of it stays permitted.
    if (request.actor.person)
      if (const auto accepted = accept_actor(txn, request.actor, time); !accepted) return JobResult(accepted.error());
    if (row.method != request.request.method() || row.target != request.request.target() ||
        row.content != wire::body_sha256(request.request.stored().content))
      return JobResult(Error{Errc::conflict, "this nonce was used for another request"});
    auto done = repeat(txn, row);
    if (!done) return JobResult(std::move(done).error());
    return JobResult(Answer(std::move(*done)));
  }

  auto decided = decide(store_.state(), txn, request.actor, request.request, time, Given{});
  if (!decided) return JobResult(std::move(decided).error());
  if (const auto* refusal = std::get_if<Refusal>(&*decided)) return perform_refusal(txn, request, *refusal, time);
  Decision& decision = std::get<Decision>(*decided);

  // Everything that may be wrong with it, before anything is written.
  std::vector<Bytes> values;
  for (const BesideUse& use : decision.besides) {
    auto staged = store_.state().staged(txn, request.actor.keyid, use.digest);
    if (!staged) return JobResult(std::move(staged).error());
    if (!*staged)
      return JobResult(Error{Errc::not_found, "the " + wire::enum_name(use.table) + " " + vault::hex(use.digest) +
                                                  " is not staged by this key"});
    if (const auto right = check_beside(use.table, (*staged)->value); !right) return JobResult(right.error());
    values.push_back(std::move((*staged)->value));
  }
  for (const UploadUse& use : decision.uploads)
    if (const auto right = check_upload(txn, use); !right) return JobResult(right.error());
  std::vector<Draft> drafts;
  for (const Event& event : decision.events) {
    auto entry = draft(txn, event, &request);
    if (!entry) return JobResult(std::move(entry).error());
    drafts.push_back(std::move(*entry));
  }

  // From here on whatever fails is storage.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const BesideUse& use = decision.besides[i];
    TRY_VOID(store_.state().put_beside(txn, use.table, use.key, values[i]));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    TRY(const bool was_there, store_.state().unstage(txn, request.actor.keyid, decision.besides[i].digest));
    if (!was_there) continue;
    StagedUse& use = staged_use_[request.actor.keyid];
    use.values -= std::min<std::uint64_t>(use.values, 1);
    use.bytes -= std::min<std::uint64_t>(use.bytes, values[i].size());
  }
  for (const UploadUse& use : decision.uploads)
    TRY_VOID(store_.payload().seal(txn, payload_id(use.upload), payload_id(use.record)));
  Done done;
  for (const Draft& entry : drafts) {
    TRY(const LeafIndex seq, append(txn, entry, time));
    add_entry(done, seq, entry.body);
  }
  return JobResult(Answer(std::move(done)));
}

Result<void> Gate::Core::check_upload(const ReadTransaction& txn, const UploadUse& use) const {
  TRY(const vault::payload::Payload payload, store_.payload().finished(txn, payload_id(use.upload)));
  if (payload.length != use.length)
    return Error{Errc::invalid_argument, "the upload " + use.upload.to_string() + " has another length"};
  if (payload.digest != use.payload)
    return Error{Errc::tampered, "the upload " + use.upload.to_string() + " did not arrive as it was sent"};
  return {};
}

// From the entries themselves, so that nothing is answered that is not in the ledger.
Result<Done> Gate::Core::repeat(const ReadTransaction& txn, const UsedNonceRow& row) const {
  Done done{.seqs = {}, .data = {}, .repeated = true};
  for (const std::uint64_t seq : row.seqs) {
    TRY(const Bytes text, store_.ledger().body(txn, LeafIndex{seq}));
    TRY(const auto body, wire::read_entry(vault::as_text(text)));
    add_entry(done, LeafIndex{seq}, body);
  }
  return done;
}

Result<JobResult> Gate::Core::perform_refusal(WriteTransaction& txn, const SignedRequest& request,
                                              const Refusal& refusal, Instant time) {
  if (const auto fresh = wire::check_freshness(request.request.parameters(), time); !fresh)
    return JobResult(fresh.error());
  auto entry = draft(txn, refused_event(refusal), &request);
  if (!entry) return JobResult(std::move(entry).error());
  TRY(const LeafIndex seq, append(txn, *entry, time));
  return JobResult(Answer(Refused{.seq = seq, .rule = refusal.rule, .hidden = refusal.hidden}));
}

// The snapshot that refused it may be behind: what is recorded is what the entries before it lead to.
Result<JobResult> Gate::Core::perform_refused_read(WriteTransaction& txn, const RefusalJob& job, Instant time) {
  if (const auto accepted = accept_actor(txn, job.request.actor, time); !accepted) return JobResult(accepted.error());
  const auto refusal =
      refusal_of_read(store_.state(), txn, job.request.actor, job.refusal.action, job.request.request.target());
  if (!refusal) return JobResult(refusal.error());
  if (!*refusal) return JobResult(Error{Errc::retry, "this is permitted by now"});
  return perform_refusal(txn, job.request, **refusal, time);
}

Result<JobResult> Gate::Core::perform_staging(WriteTransaction& txn, const StagingJob& job, Instant time) {
  if (const auto accepted = accept_actor(txn, job.owner, time); !accepted) return JobResult(accepted.error());
  StagedUse& use = staged_use_[job.owner.keyid];
  if (time.unix_ms - use.since.unix_ms > limits::kStagedMs) use = {.since = time};
  std::vector<Digest> digests;
  std::vector<const Bytes*> fresh;
  StagedUse after = use;
  for (const Bytes& value : job.values) {
    digests.push_back(vault::crypto::sha256(value));
    const auto present = store_.state().staged(txn, job.owner.keyid, digests.back());
    if (!present) return JobResult(present.error());
    fresh.push_back(&value);  // again from now on, were it there
    if (*present) continue;
    after.values += 1;
    after.bytes += value.size();
  }
  if (after.values > limits::kMaxStagedValuesPerKey || after.bytes > limits::kMaxStagedBytesPerKey)
    return JobResult(Error{Errc::full, "too much is staged and not used; it is dropped after a day"});
  for (const Bytes* value : fresh) TRY_VOID(store_.state().stage(txn, job.owner.keyid, *value, time));
  use = after;
  return JobResult(std::move(digests));
}

Result<Gate::Core::Draft> Gate::Core::draft(const ReadTransaction& txn, const Event& event,
                                            const SignedRequest* request) const {
  Draft made;
  TRY(const auto chain, chain_of(store_.state(), txn, event));
  made.chain = chain ? *chain : audit::ChainTag::generate();
  made.body.salt = random_salt();
  made.body.kind = event.kind;
  made.body.policy = kPolicyVersion;
  made.body.ids = event.ids;
  made.body.detail = event.detail;
  if (request != nullptr) {
    made.body.actor = request->actor.keyid;
    made.body.request = request->request.stored();
  }
  made.text = wire::encode(made.body);
  if (made.text.size() > audit::kMaxBodyBytes) return Error{Errc::too_large, "the act's entry would be too large"};
  if (!vault::is_utf8(made.text)) return Error{Errc::malformed, "the request is not UTF-8 text"};
  return made;
}

Result<LeafIndex> Gate::Core::append(WriteTransaction& txn, const Draft& entry, Instant time) {
  TRY(const audit::Envelope envelope, store_.ledger().append(txn, entry.chain, time, vault::as_bytes(entry.text)));
  TRY_VOID(store_.project(txn, envelope, entry.body));
  return envelope.seq;
}

void Gate::Core::die(const Error& why) {
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    taking_ = false;
  }
  work_.notify_one();
  syncing_.notify_one();
  answers_.notify_one();
  fatal_(why);
}

// --- answers --------------------------------------------------------------------------------------------------------

void Gate::Core::answer(Job job, JobResult result) {
  {
    const std::lock_guard lock(mutex_);
    finished_.emplace_back(std::move(job), std::move(result));
  }
  answers_.notify_one();
}

void Gate::Core::answer(Batch batch, std::vector<JobResult> results) {
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batch.size(); ++i) finished_.emplace_back(std::move(batch[i]), std::move(results[i]));
  }
  answers_.notify_one();
}

void Gate::Core::answer_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    answers_.wait(lock, [this] { return !finished_.empty() || writer_ended_; });
    if (finished_.empty()) return;
    auto finished = std::exchange(finished_, {});
    lock.unlock();
    for (auto& [job, result] : finished) complete(job, std::move(result));
    finished.clear();
    lock.lock();
  }
}

// --- garbage, and the end -------------------------------------------------------------------------------------------

Result<std::size_t> Gate::Core::collect_garbage() {
  const EntryClock::Reading now = read_clocks();
  for (Job& job : due_limits(now.steady_ms, false)) enqueue(std::move(job));
  TRY(const auto txn, store_.engine().write());
  TRY(const std::size_t gone,
      store_.state().expire_staged(*txn, Instant{now.wall.unix_ms - limits::kStagedMs}, limits::kGarbageStep));
  if (gone == 0) return gone;
  if (const auto committed = txn->commit(); !committed) {
    if (committed.code() == Errc::io) die(committed.error());
    return committed.error();
  }
  return gone;
}

void Gate::Core::stop() {
  const std::lock_guard one_at_a_time(stop_mutex_);
  for (Job& job : due_limits(clocks_.steady_ms(), true)) enqueue(std::move(job));
  {
    const std::lock_guard lock(mutex_);
    taking_ = false;
  }
  work_.notify_one();
  syncing_.notify_one();
  for (std::thread* thread : {&syncer_, &writer_, &answerer_})
    if (thread->joinable()) thread->join();
}

Gate::Gate(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
           std::function<void(std::size_t)> committed, RequestRate rate)
    : core_(std::make_unique<Core>(store, std::move(clocks), std::move(fatal), std::move(committed), rate)) {}

Gate::~Gate() = default;

Result<SignedRequest> Gate::authenticate(const wire::RequestHead& head, std::string_view body, wire::Coverage coverage,
                                         KeepBody keep) const {
  return core_->authenticate(head, body, coverage, keep);
}

Result<void> Gate::authenticate_head(const wire::RequestHead& head, wire::Coverage coverage) const {
  return core_->authenticate_head(head, coverage);
}

Result<void> Gate::admit(const Actor& actor) {
  return core_->admit(actor);
}

void Gate::submit(SignedRequest request, Completion done) {
  if (request.request.body().size() > kMaxCommandBytes) return done(Error{Errc::too_large, "the command is too large"});
  if (!wire::act_of(request.request)) return done(Error{Errc::invalid_argument, "the request is for no act"});
  const std::size_t bytes = size_of(request.request);
  core_->enqueue({.work = CommandJob{std::move(request), std::move(done)}, .bytes = bytes});
}

void Gate::refuse(SignedRequest request, Refusal refusal, Completion done) {
  // A read, or an upload: its bytes are ciphertext, or anything else, and do not belong in the ledger. The signature
  // covers their digest, and that is what is kept.
  SignedRequest kept{std::move(request.request).without_body(), std::move(request.actor)};
  const std::size_t bytes = size_of(kept.request);
  core_->enqueue({.work = RefusalJob{std::move(kept), std::move(refusal), std::move(done)}, .bytes = bytes});
}

void Gate::stage_besides(Actor owner, std::vector<Bytes> values, StagingCompletion done) {
  if (values.size() > kMaxBesideValuesPerRequest) return done(Error{Errc::too_large, "too many values in one request"});
  std::size_t bytes = 0;
  for (const Bytes& value : values) {
    // One value alone may be a copy's index.
    if (value.size() > (values.size() == 1 ? kMaxIndexBytes : kMaxBesideValueBytes))
      return done(Error{Errc::too_large, "a staged value is too large"});
    bytes += value.size();
  }
  core_->enqueue({.work = StagingJob{std::move(owner), std::move(values), std::move(done)}, .bytes = bytes});
}

Result<std::size_t> Gate::collect_garbage() {
  return core_->collect_garbage();
}

void Gate::stop() {
  core_->stop();
}

bool Gate::is_taking() const {
  return core_->is_taking();
}

std::size_t Gate::queued() const {
  return core_->queued();
}

}  // namespace strongroom::access
