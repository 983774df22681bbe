#include "access/gate/writer.h"

#include "access/place.h"
#include "access/views.h"
#include "access/wire/register.h"
#include "vault/age/header.h"
#include "vault/crypto/hash.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;

constexpr int kStorageAttempts = 3;  // of one job; the store may have to grow between them

// Makes the answer to a job whose storage failed. The message keeps the cause for the operator's log. The service shows
// callers a text of its own instead (service/problem.cpp).
Error storage_failure(const Error& cause) {
  if (cause.code == Errc::retry) return {Errc::retry, "this could not be stored just now; send it again"};
  const std::string message =
      "nothing of this was stored: " + cause.message + " (" + std::string(vault::to_string(cause.code)) + ")";
  return {cause.code == Errc::full ? Errc::full : Errc::internal, message};
}

std::array<std::byte, 16> random_salt() {
  std::array<std::byte, 16> salt;
  vault::fill_random(salt);
  return salt;
}

// A text must be UTF-8 after 32 random bytes.
Result<void> check_text(ByteView value) {
  const auto wrong = [](std::string_view why) {
    return Error{Errc::invalid_argument, "a staged text " + std::string(why)};
  };
  if (value.size() < sizeof(Digest)) return wrong("does not begin with 32 random bytes");
  const std::string_view text = vault::as_text(value.subspan(sizeof(Digest)));
  if (text.size() > kMaxFreeTextBytes || !vault::is_utf8(text)) return wrong("is too long, or no UTF-8");
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) return wrong("has control characters");
  return {};
}

// Checks that a staged value is what its table stores: a text, a bare age header, or a whole age file. Headers and
// files must be for exactly one X25519 recipient, because a second one would be given a key without anybody noticing.
Result<void> check_beside(BesideTable table, ByteView value) {
  const auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid_argument, "a staged " + wire::enum_name(table) + " " + std::string(why)};
  };
  if (value.size() > max_bytes(table)) return Error{Errc::too_large, wrong("is too large").message};
  if (table == BesideTable::text) return check_text(value);
  const auto header = vault::age::parse_header(value);
  if (!header || !vault::age::is_single_x25519(*header)) return wrong("is not for exactly one X25519 recipient");
  const bool bare = table == BesideTable::header || table == BesideTable::copy_header;
  if (bare && header->bytes.size() != value.size()) return wrong("has something after the header");
  return {};
}

// An act is answered with its entries and with the values that they were given. A repeated request gets the same
// answer.
void add_entry(Done& done, LeafIndex seq, const wire::EntryBody& body) {
  done.seqs.push_back(seq);
  for (const auto& [name, value] : wire::given_of(body.kind, body.detail)) done.data[name] = value;
}

}  // namespace

Writer::Writer(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
               std::function<void(std::size_t)> committed)
    : store_(store), clocks_(std::move(clocks)), fatal_(std::move(fatal)), committed_(std::move(committed)) {}

// --- batches, and storage that fails --------------------------------------------------------------------------------

void Writer::write(std::span<Job> batch, const Answering& answer) {
  if (lost_) return;
  if (auto results = attempt(batch)) return answer(batch, std::move(*results));
  // Storage failed within the batch, and all of it was undone. Each job is now written by itself (rule 3).
  for (Job& job : batch) {
    if (lost_) return;
    const std::span alone(&job, 1);
    auto result = attempt(alone);
    for (int i = 1; !result && result.code() == Errc::retry && i < kStorageAttempts; ++i) result = attempt(alone);
    if (lost_) return;
    answer(alone, result ? std::move(*result) : std::vector<JobResult>{storage_failure(result.error())});
  }
}

// Performs all of the jobs in one transaction. After an error either nothing was stored, or `lost_` is set.
Result<std::vector<JobResult>> Writer::attempt(std::span<Job> jobs) {
  const auto staged_use = staged_use_;
  TRY(const auto txn, store_.engine().write());
  // `drop_unclaimed` may have lost a commit while this waited for its transaction.
  if (lost_) return Error{Errc::unavailable, "the outcome of a commit is unknown"};
  auto results = perform_all(*txn, jobs);
  if (!results) staged_use_ = staged_use;
  return results;
}

Result<std::vector<JobResult>> Writer::perform_all(WriteTransaction& txn, std::span<Job> jobs) {
  TRY(const audit::TreeSize before, store_.ledger().size(txn));
  TRY(const audit::Envelope last, store_.ledger().envelope(txn, LeafIndex{before.value - 1}));
  const ClockReading now = clocks_.read();
  const EntryClock::Moment moment = clock_.observe(now, last.time);
  if (moment.stepped) TRY_VOID(append_own(txn, *moment.stepped, std::nullopt, moment.time));
  std::vector<JobResult> results;
  results.reserve(jobs.size());
  for (const Job& job : jobs) {
    TRY(auto result, std::visit([&](const auto& work) { return perform(txn, work, moment.time); }, job.work));
    results.push_back(std::move(result));
  }
  TRY(const audit::TreeSize after, store_.ledger().size(txn));
  if (after != before) TRY_VOID(store_.ledger().sign(txn, store_.log_key(), store_.config().origin));
  if (const auto committed = txn.commit(); !committed) {
    if (committed.code() == Errc::io) lose(committed.error());
    return committed.error();
  }
  if (committed_) committed_(jobs.size());
  clock_.keep(now, moment.time);
  return results;
}

void Writer::lose(const Error& why) {
  lost_ = true;
  fatal_(why);
}

Result<std::size_t> Writer::drop_unclaimed() {
  TRY(const auto txn, store_.engine().write());
  const Instant before{clocks_.wall().unix_ms - limits::kStagedMs};
  TRY(const std::size_t gone, store_.state().expire_staged(*txn, before, limits::kGarbageStep));
  if (gone == 0) return gone;
  if (const auto committed = txn->commit(); !committed) {
    if (committed.code() == Errc::io) lose(committed.error());
    return committed.error();
  }
  return gone;
}

// --- commands -------------------------------------------------------------------------------------------------------

Result<JobResult> Writer::perform(WriteTransaction& txn, const CommandJob& job, Instant time) {
  auto outcome = prepare(txn, job.request, time);
  if (!outcome) return JobResult(std::move(outcome).error());
  if (auto* done = std::get_if<Done>(&*outcome)) return JobResult(Answer(std::move(*done)));
  if (const auto* refusal = std::get_if<Refusal>(&*outcome)) return record(txn, job.request, *refusal, time);
  TRY(Done done, carry_out(txn, job.request.actor, std::get<Prepared>(*outcome), time));
  return JobResult(Answer(std::move(done)));
}

// Finds every fault that a command may have, before anything is written.
Result<Writer::Outcome> Writer::prepare(const ReadTransaction& txn, const SignedRequest& request, Instant time) const {
  TRY_VOID(wire::check_freshness(request.request.parameters(), time));
  TRY(auto repeated, repeat(txn, request, time));
  if (repeated) return Outcome(std::move(*repeated));
  TRY(auto decided, decide(store_.state(), txn, request.actor, request.request, time, Given{}));
  if (auto* refusal = std::get_if<Refusal>(&decided)) return Outcome(std::move(*refusal));
  Prepared prepared{.decision = std::get<Decision>(std::move(decided)), .values = {}, .drafts = {}};
  for (const BesideUse& use : prepared.decision.besides) {
    TRY(Bytes value, staged(txn, request.actor, use));
    prepared.values.push_back(std::move(value));
  }
  for (const UploadUse& use : prepared.decision.uploads) TRY_VOID(check_upload(txn, use));
  for (const Event& event : prepared.decision.events) {
    // Nobody signed for the beginning of a chain: it follows from the entry before it.
    TRY(Draft entry, draft(event, event.kind == wire::ChainBegun::kKind ? nullptr : &request));
    prepared.drafts.push_back(std::move(entry));
  }
  return Outcome(std::move(prepared));
}

// Answers again if the request's nonce has had its effect already. The answer is made from the entries themselves, so
// it contains only what is in the ledger.
Result<std::optional<Done>> Writer::repeat(const ReadTransaction& txn, const SignedRequest& request,
                                           Instant time) const {
  const std::string& keyid = request.actor.keyid;
  TRY(const auto row, store_.state().used_nonce(txn, keyid, request.request.parameters().nonce, time));
  if (!row) return std::optional<Done>();
  // Enrolment uses its invitation up, and the client may still ask for its result.
  if (request.actor.person) TRY_VOID(accept(txn, request.actor, time));
  if (row->method != request.request.method() || row->target != request.request.target() ||
      row->content != wire::body_sha256(request.request.stored().content))
    return Error{Errc::conflict, "this nonce was used for another request"};
  Done done{.seqs = {}, .data = {}, .repeated = true};
  for (const std::uint64_t seq : row->seqs) {
    TRY(const Bytes text, store_.ledger().body(txn, LeafIndex{seq}));
    TRY(const auto body, wire::read_entry(vault::as_text(text)));
    add_entry(done, LeafIndex{seq}, body);
  }
  return std::optional(std::move(done));
}

Result<Bytes> Writer::staged(const ReadTransaction& txn, const Actor& actor, const BesideUse& use) const {
  TRY(auto row, store_.state().staged(txn, actor.keyid, use.digest));
  if (!row)
    return Error{Errc::not_found,
                 "the " + wire::enum_name(use.table) + " " + vault::hex(use.digest) + " is not staged by this key"};
  TRY_VOID(check_beside(use.table, row->value));
  return std::move(row->value);
}

Result<void> Writer::check_upload(const ReadTransaction& txn, const UploadUse& use) const {
  TRY(const vault::payload::Payload payload, store_.payload().finished(txn, payload_id(use.upload)));
  if (payload.length != use.length)
    return Error{Errc::invalid_argument, "the upload " + use.upload.to_string() + " has another length"};
  if (payload.digest != use.payload)
    return Error{Errc::tampered, "the upload " + use.upload.to_string() + " did not arrive as it was sent"};
  return {};
}

// Every failure from here on is a failure of storage.
Result<Done> Writer::carry_out(WriteTransaction& txn, const Actor& actor, const Prepared& prepared, Instant time) {
  const auto& besides = prepared.decision.besides;
  for (std::size_t i = 0; i < besides.size(); ++i)
    TRY_VOID(store_.state().put_beside(txn, besides[i].table, besides[i].key, prepared.values[i]));
  // This is done after all of them, because two places may use one staged value.
  for (std::size_t i = 0; i < besides.size(); ++i) {
    TRY(const bool was_there, store_.state().unstage(txn, actor.keyid, besides[i].digest));
    if (!was_there) continue;
    StagedUse& use = staged_use_[actor.keyid];
    use.values -= std::min<std::uint64_t>(use.values, 1);
    use.bytes -= std::min<std::uint64_t>(use.bytes, prepared.values[i].size());
  }
  for (const UploadUse& use : prepared.decision.uploads)
    TRY_VOID(store_.payload().seal(txn, payload_id(use.upload), payload_id(use.record)));
  Done done;
  for (const Draft& entry : prepared.drafts) {
    TRY(const LeafIndex seq, append(txn, entry, time));
    if (entry.body.request) add_entry(done, seq, entry.body);
  }
  return done;
}

// --- refusals, limits and staging -----------------------------------------------------------------------------------

// The snapshot that refused the read may be old. The entry must record what follows from the entries before it.
Result<JobResult> Writer::perform(WriteTransaction& txn, const RefusalJob& job, Instant time) {
  const SignedRequest& request = job.request;
  if (const auto accepted = accept(txn, request.actor, time); !accepted) return JobResult(accepted.error());
  const auto refusal =
      refusal_of_read(store_.state(), txn, request.actor, job.refusal.action, request.request.target());
  if (!refusal) return JobResult(refusal.error());
  if (!*refusal) return JobResult(Error{Errc::retry, "this is permitted now: send it again"});
  if (const auto fresh = wire::check_freshness(request.request.parameters(), time); !fresh)
    return JobResult(fresh.error());
  return record(txn, request, **refusal, time);
}

Result<JobResult> Writer::record(WriteTransaction& txn, const SignedRequest& request, const Refusal& refusal,
                                 Instant time) {
  const auto entry = draft(refused_event(refusal), &request);
  if (!entry) return JobResult(entry.error());
  TRY(const LeafIndex seq, append(txn, *entry, time));
  return JobResult(Answer(Refused{.seq = seq, .rule = refusal.rule, .hidden = refusal.hidden}));
}

Result<JobResult> Writer::perform(WriteTransaction& txn, const LimitedJob& job, Instant time) {
  TRY_VOID(append_own(txn, job.limited, job.limited.person, time));
  return JobResult();
}

Result<JobResult> Writer::perform(WriteTransaction& txn, const StagingJob& job, Instant time) {
  if (const auto accepted = accept(txn, job.owner, time); !accepted) return JobResult(accepted.error());
  std::vector<Digest> digests;
  for (const Bytes& value : job.values) digests.push_back(vault::crypto::sha256(value));
  const auto use = use_after(txn, job, digests, time);
  if (!use) return JobResult(use.error());
  // This is done for values that are staged already too: their day begins anew.
  for (const Bytes& value : job.values) TRY_VOID(store_.state().stage(txn, job.owner.keyid, value, time));
  staged_use_[job.owner.keyid] = *use;
  return JobResult(std::move(digests));
}

// Returns the key's use with this job. Errc::full if it is over the key's quota.
Result<Writer::StagedUse> Writer::use_after(const ReadTransaction& txn, const StagingJob& job,
                                            std::span<const Digest> digests, Instant time) const {
  const auto found = staged_use_.find(job.owner.keyid);
  StagedUse use = found == staged_use_.end() ? StagedUse() : found->second;
  if (time.unix_ms - use.since.unix_ms > limits::kStagedMs) use = {.since = time};
  for (std::size_t i = 0; i < digests.size(); ++i) {
    TRY(const auto present, store_.state().staged(txn, job.owner.keyid, digests[i]));
    if (present) continue;
    use.values += 1;
    use.bytes += job.values[i].size();
  }
  if (use.values > limits::kMaxStagedValuesPerKey || use.bytes > limits::kMaxStagedBytesPerKey)
    return Error{Errc::full, "this key has staged too much without using it; unused values are dropped after a day"};
  return use;
}

// --- entries --------------------------------------------------------------------------------------------------------

// Checks the key as the entries before this one leave it, because it may have been revoked while the request waited.
Result<void> Writer::accept(const ReadTransaction& txn, const Actor& actor, Instant time) const {
  TRY_VOID(key_of(store_.state(), txn, actor));
  if (!actor.invitation) return {};
  TRY(const auto open, open_invitation(store_.state(), txn, *actor.invitation, time));
  if (!open) return Error{Errc::refused, "the invitation was used, has expired, or its inviter was revoked"};
  return {};
}

Result<Writer::Draft> Writer::draft(const Event& event, const SignedRequest* request) {
  Draft made;
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

Result<LeafIndex> Writer::append(WriteTransaction& txn, const Draft& draft, Instant time) {
  // An entry may belong to a chain that an entry before it has begun, so its chain is found only now.
  TRY(const auto chain, chain_of(store_.state(), txn, draft.body.kind, draft.body.ids));
  TRY(const audit::Envelope envelope, store_.ledger().append(txn, chain, time, vault::as_bytes(draft.text)));
  TRY_VOID(store_.project(txn, envelope, draft.body));
  return envelope.seq;
}

// Appends an entry that nobody's act makes, in the chain of the service.
template <class Detail>
Result<void> Writer::append_own(WriteTransaction& txn, const Detail& detail, const std::optional<PersonId>& person,
                                Instant time) {
  Event event{.kind = std::string(Detail::kKind), .detail = wire::to_json(detail), .ids = {}};
  event.ids.person = person;
  TRY(const Draft entry, draft(event, nullptr));
  TRY_VOID(append(txn, entry, time));
  return {};
}

}  // namespace strongroom::access
