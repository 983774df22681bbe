// What is asked of the gate, and the queue in which it waits for the writer.
//
// A job goes through at most three hands: the syncing thread (only if its command names uploads), the writer, and the
// answering thread. Each thread is a loop over the functions of its part below; the threads themselves are the gate's.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "access/acts/act.h"

namespace strongroom::access {

namespace limits {
inline constexpr std::size_t kMaxBatchCommands = 256;
inline constexpr std::size_t kMaxBatchBytes = 8U << 20;
inline constexpr std::size_t kMaxQueuedCommands = 4096;  // beyond: Errc::unavailable
inline constexpr std::size_t kMaxQueuedBytes = 64U << 20;
}  // namespace limits

// A request whose signature was verified, and who signed it.
struct SignedRequest {
  wire::VerifiedRequest request;
  Actor actor;
};

struct Done {
  std::vector<audit::LeafIndex> seqs;
  wire::json::object data;  // what its entries were given, such as a case's reference (docs/formats.md)
  bool repeated = false;    // an earlier act with this nonce did it
};
struct Refused {
  audit::LeafIndex seq;
  std::string rule;
  bool hidden = false;  // to be answered as not found
};
using Answer = std::variant<Done, Refused>;
// Called once, on the answering thread, or on the caller's thread for what is not even queued. It must not block.
// An error of Errc::refused (and not a Refused) is a request that is not accepted as signed: it leaves no entry.
using Completion = std::function<void(Result<Answer>)>;
using StagingCompletion = std::function<void(Result<std::vector<Digest>>)>;

struct CommandJob {
  SignedRequest request;
  Completion done;
};
// A read that was refused.
struct RefusalJob {
  SignedRequest request;
  Refusal refusal;
  Completion done;
};
// Values to be kept until a command claims them.
struct StagingJob {
  Actor owner;
  std::vector<Bytes> values;
  StagingCompletion done;
};
// Requests that were turned away (rates.h). Nobody is told.
struct LimitedJob {
  wire::RequestsLimited limited;
};
struct Job {
  std::variant<CommandJob, RefusalJob, StagingJob, LimitedJob> work;
  std::size_t bytes = 0;
  bool names_uploads = false;  // they are synced before the writer gets it
};

// What a job comes to. An Error leaves nothing behind; everything else is durable before anybody is told.
using JobResult = std::variant<std::monostate, Error, Answer, std::vector<Digest>>;

// Thread safe.
class Queue {
 public:
  // Calls the job's completion with Errc::unavailable if the queue is full or takes nothing more.
  void push(Job job);

  // --- The syncing thread ---
  // Waits for a job that names uploads. Nothing: the queue has ended.
  std::optional<Job> take_to_sync();
  // Passes the job on to the writer, or answers it with the error.
  void put_synced(Job job, const Result<void>& synced);

  // --- The writer's thread ---
  // Waits for jobs, and takes as many as a batch may have, in order. The first is taken whatever its size.
  // Empty: the queue has ended.
  std::vector<Job> take_batch();
  // For jobs of a batch, each once, with as many results.
  void put_answers(std::span<Job> jobs, std::vector<JobResult> results);

  // --- The answering thread ---
  // Waits for answered jobs and calls their completions. False: the queue has ended, and there will be no more.
  bool complete();

  // Takes nothing more. The threads finish and answer everything that waits, and then the queue has ended.
  void stop();
  // Takes nothing more, and ends at once. The jobs that wait are never answered.
  void abandon();
  // False after `stop` or `abandon`.
  bool is_taking() const;
  // Jobs that the writer has not taken yet.
  std::size_t size() const;

 private:
  bool is_written_out() const { return abandoned_ || (!taking_ && waiting_ == 0); }
  void wake_all();

  mutable std::mutex mutex_;         // guards everything below but the conditions
  std::condition_variable syncing_;  // for the syncing thread
  std::condition_variable work_;     // for the writer
  std::condition_variable answers_;  // for the answering thread
  std::deque<Job> to_sync_;
  std::deque<Job> to_write_;
  std::vector<std::pair<Job, JobResult>> answered_;
  std::size_t waiting_ = 0;  // jobs in to_sync_, being synced, or in to_write_
  std::size_t waiting_bytes_ = 0;
  std::size_t writing_ = 0;  // jobs that the writer has taken and not answered
  bool taking_ = true;
  bool abandoned_ = false;
};

}  // namespace strongroom::access
