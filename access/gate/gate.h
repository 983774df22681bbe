// The gate is the only door through which an act of a person enters the ledger.
//
// A signed request is authenticated in parallel (`authenticate`), admitted by its key's rate (`admit`) and queued
// (`submit`). One writer takes batches from the queue and makes entries of them; then every completion is called.
//
// 1. Nothing is answered before its entry is durable. Uploads that a command names are durable before it is decided.
// 2. If a commit's outcome is unknown, `fatal` is called and nobody is answered.
//
// Its parts are beside this file: rates.h, clock.h (times of entries), queue.h, and writer.h with the rules of a batch.
// Format: docs/formats.md
#pragma once
#include <functional>
#include <mutex>
#include <thread>

#include "access/gate/clock.h"
#include "access/gate/queue.h"
#include "access/gate/rates.h"
#include "access/gate/writer.h"
#include "access/store.h"

namespace strongroom::access {

namespace limits {
// The most uploads that are synced for one command: as many as an act may name.
inline constexpr std::size_t kMaxUploadsPerCommand = kMaxRecordsPerSeal;
}  // namespace limits

using wire::KeepBody;

// Thread safe.
class Gate {
 public:
  // `store` must outlive it. `fatal` must end the process; if it returns, as in tests, the gate takes and answers
  // nothing more. `committed` is told, on the writer's thread, how many jobs each commit had.
  Gate(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
       std::function<void(std::size_t)> committed = {}, const RequestRate& rate = {});
  ~Gate();  // does the same as `stop`
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Verifies the signature over head and body with the key that the directory has now. Errc::refused for an unknown or
  // revoked key, another authority, a wrong signature or digest, or a time too far from our clock; Errc::malformed.
  Result<SignedRequest> authenticate(const wire::RequestHead& head, std::string_view body,
                                     wire::Coverage coverage = wire::Coverage::command_or_read,
                                     KeepBody keep = KeepBody::yes) const;
  // Checks the request head before the body arrives. It checks the same as `authenticate`, except the body's digest.
  Result<void> authenticate_head(const wire::RequestHead& head,
                                 wire::Coverage coverage = wire::Coverage::command_or_read) const;
  // Takes one of the key's tokens. Errc::limited if there is none left; the gate writes the aggregate entry.
  Result<void> admit(const Actor& actor);

  // Queues a command. The request must be for an act (Errc::invalid_argument). Errc::too_large, and Errc::unavailable
  // if the queue is full or the gate is stopping, come through `done` as well. If storage fails, the message of
  // Errc::full or Errc::internal has the cause, which is for the operator's log and not for callers.
  void submit(SignedRequest request, Completion done);
  // Records that a read was refused. It completes with a Refused, or with Errc::retry if the read is permitted by now.
  void refuse(SignedRequest request, Refusal refusal, Completion done);
  // Keeps values until a command of the same key claims them, for at most limits::kStagedMs. They are durable when it
  // completes. Errc::too_large; Errc::full over the key's quota; Errc::refused for an invitation that is used, expired
  // or void.
  void stage_besides(Actor owner, std::vector<Bytes> values, StagingCompletion done);

  // Takes one bounded step: it drops values that were staged and never claimed, and writes aggregate entries that are
  // due. It returns how many values it dropped. Call it again while that is limits::kGarbageStep.
  Result<std::size_t> collect_garbage();

  // Takes nothing more, finishes and answers the jobs in the queue, and then returns.
  void stop();
  // Returns false after `fatal`, or once the gate is stopping.
  bool is_taking() const { return queue_.is_taking(); }
  // Returns how many jobs the writer has not taken yet.
  std::size_t queued() const { return queue_.size(); }

 private:
  Result<VerifyKey> key_of(const wire::SignatureParameters& parameters) const;
  Result<void> sync_uploads(const SignedRequest& request) const;
  void enter(const wire::RequestsLimited& limited);
  void sync_loop();
  void write_loop();

  Store& store_;
  Clocks clocks_;
  Rates rates_;
  Queue queue_;
  Writer writer_;
  std::mutex stop_mutex_;
  std::thread syncer_;
  std::thread writing_;
  std::thread answerer_;
};

}  // namespace strongroom::access
