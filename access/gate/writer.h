// The writer makes entries of jobs, with one write transaction for a whole batch.
//
// 1. The jobs of a batch are performed in order, and each sees the effects of those before it. One checkpoint and one
//    commit cover them all.
// 2. A command is checked in full before anything is written for it. A refusal leaves its own entry, `access.refused`,
//    and nothing else. An error leaves nothing.
// 3. If storage fails within a batch, all of it is undone and each job is written by itself, so that only the
//    culprit fails.
// 4. If a commit fails with Errc::io, nobody knows what is on the disk. The writer calls `fatal`, answers none of these
//    jobs, and writes nothing more.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "access/gate/clock.h"
#include "access/gate/queue.h"
#include "access/store.h"

namespace strongroom::access {

namespace limits {
inline constexpr std::int64_t kStagedMs = 24LL * 3600 * 1000;
// The most bytes that one key may stage and not claim within kStagedMs.
inline constexpr std::uint64_t kMaxStagedBytesPerKey = 64U << 20;
inline constexpr std::uint64_t kMaxStagedValuesPerKey = 20'000;
inline constexpr std::size_t kGarbageStep = 512;  // values that one step of `drop_unclaimed` removes
}  // namespace limits

// All of it must run on one thread, except `drop_unclaimed`, which any thread may call.
class Writer {
 public:
  // `store` must outlive it. `committed` is told how many jobs each commit had.
  Writer(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
         std::function<void(std::size_t)> committed = {});

  // It is called with jobs of the batch, each once, and with as many results.
  using Answering = std::function<void(std::span<Job>, std::vector<JobResult>)>;
  // Performs a batch. Every job is answered before it returns, unless `fatal` was called.
  void write(std::span<Job> batch, const Answering& answer);

  // Removes at most limits::kGarbageStep of the values that were staged more than limits::kStagedMs ago, and returns
  // how many.
  Result<std::size_t> drop_unclaimed();

 private:
  // An entry that is ready to be appended.
  struct Draft {
    wire::EntryBody body;
    std::string text;
  };
  // A command whose checks have all passed.
  struct Prepared {
    Decision decision;
    std::vector<Bytes> values;  // of decision.besides, in the same order
    std::vector<Draft> drafts;  // of decision.events
  };
  using Outcome = std::variant<Done, Refusal, Prepared>;
  // The bytes that a key has staged and not claimed since `since`. They are counted in memory only, because this is a
  // quota against hoarding and not an account.
  struct StagedUse {
    Instant since;
    std::uint64_t values = 0;
    std::uint64_t bytes = 0;
  };

  Result<std::vector<JobResult>> attempt(std::span<Job> jobs);
  Result<std::vector<JobResult>> perform_all(WriteTransaction& txn, std::span<Job> jobs);
  void lose(const Error& why);

  // If one of these returns an error, storage failed and the transaction must be aborted. A fault of the job itself is
  // an Error within the JobResult.
  Result<JobResult> perform(WriteTransaction& txn, const CommandJob& job, Instant time);
  Result<JobResult> perform(WriteTransaction& txn, const RefusalJob& job, Instant time);
  Result<JobResult> perform(WriteTransaction& txn, const StagingJob& job, Instant time);
  Result<JobResult> perform(WriteTransaction& txn, const LimitedJob& job, Instant time);
  Result<Done> carry_out(WriteTransaction& txn, const Actor& actor, const Prepared& prepared, Instant time);
  Result<JobResult> record(WriteTransaction& txn, const SignedRequest& request, const Refusal& refusal, Instant time);
  Result<audit::LeafIndex> append(WriteTransaction& txn, const Draft& draft, Instant time);
  template <class Detail>
  Result<void> append_own(WriteTransaction& txn, const Detail& detail, const std::optional<PersonId>& person,
                          Instant time);

  // These write nothing.
  Result<void> accept(const ReadTransaction& txn, const Actor& actor, Instant time) const;
  Result<Outcome> prepare(const ReadTransaction& txn, const SignedRequest& request, Instant time) const;
  Result<std::optional<Done>> repeat(const ReadTransaction& txn, const SignedRequest& request, Instant time) const;
  Result<Bytes> staged(const ReadTransaction& txn, const Actor& actor, const BesideUse& use) const;
  Result<void> check_upload(const ReadTransaction& txn, const UploadUse& use) const;
  Result<StagedUse> use_after(const ReadTransaction& txn, const StagingJob& job, std::span<const Digest> digests,
                              Instant time) const;
  static Result<Draft> draft(const Event& event, const SignedRequest* request);

  Store& store_;
  Clocks clocks_;
  std::function<void(const Error&)> fatal_;
  std::function<void(std::size_t)> committed_;
  EntryClock clock_;
  std::map<std::string, StagedUse, std::less<>> staged_use_;  // by keyid
  std::atomic<bool> lost_ = false;                            // whether `fatal` was called
};

}  // namespace strongroom::access
