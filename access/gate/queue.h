// Defines the jobs of the gate, and the queue in which they wait for the writer.
//
// A job passes through at most three threads: the syncing thread (only if its command names uploads), the writer, and
// the answering thread. Each thread is a loop over the functions of its part below. The gate owns the threads
// themselves.
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
inline constexpr std::size_t kMaxQueuedCommands = 4096;  // more than these: Errc::unavailable
inline constexpr std::size_t kMaxQueuedBytes = 64U << 20;
}  // namespace limits

// A request whose signature was verified, with the actor who signed it.
struct SignedRequest {
  wire::VerifiedRequest request;
  Actor actor;
};

struct Done {
  std::vector<audit::LeafIndex> seqs;
  wire::json::object data;  // values that its entries were given, such as a case's reference (docs/formats.md)
  bool repeated = false;    // an earlier act with this nonce did it
};
struct Refused {
  audit::LeafIndex seq;
  std::string rule;
  bool hidden = false;  // whether the caller must be answered "not found"
};
using Answer = std::variant<Done, Refused>;
// It is called once, on the answering thread, or on the caller's thread if the job cannot even be queued. It must not
// block. An error of Errc::refused is not a Refused: it means that the request is not accepted as signed, and it leaves
// no entry.
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
// Values that are kept until a command claims them.
struct StagingJob {
  Actor owner;
  std::vector<Bytes> values;
  StagingCompletion done;
};
// Requests that were turned away (rates.h). Nobody waits for an answer to it.
struct LimitedJob {
  wire::RequestsLimited limited;
};
struct Job {
  std::variant<CommandJob, RefusalJob, StagingJob, LimitedJob> work;
  std::size_t bytes = 0;
  bool names_uploads = false;  // the syncing thread syncs them before the writer gets the job
};

// The result of a job. An Error leaves nothing behind; everything else is durable before anybody is told.
using JobResult = std::variant<std::monostate, Error, Answer, std::vector<Digest>>;

// Thread safe.
class Queue {
 public:
  // Queues the job. Calls its completion with Errc::unavailable if the queue is full or takes nothing more.
  void push(Job job);

  // --- The syncing thread ---
  // Waits for a job that names uploads. Returns nothing once the queue has ended.
  std::optional<Job> take_to_sync();
  // Passes the job on to the writer if its uploads are synced, or answers it with the error.
  void put_synced(Job job, const Result<void>& synced);

  // --- The writer's thread ---
  // Waits for jobs, and takes as many as a batch may have, in order. The first job is taken even if it is larger than a
  // batch. Returns an empty list once the queue has ended.
  std::vector<Job> take_batch();
  // Passes on the jobs of a batch, each once, with as many results.
  void put_answers(std::span<Job> jobs, std::vector<JobResult> results);

  // --- The answering thread ---
  // Waits for answered jobs and calls their completions. Returns false once the queue has ended.
  bool complete();

  // Takes nothing more. The threads finish and answer every job that waits, and then the queue has ended.
  void stop();
  // Takes nothing more, and ends at once. The jobs that wait are never answered.
  void abandon();
  // Returns false after `stop` or `abandon`.
  bool is_taking() const;
  // Returns how many jobs the writer has not taken yet.
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
