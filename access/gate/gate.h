// The gate: the only door through which an act of a person enters the ledger (DESIGN 6).
//
// A signed request is authenticated in parallel (`authenticate`) and queued (`submit`). One writer takes what is
// queued, up to a batch, and opens one write transaction; each command in order is permitted, decided, appended and
// applied, and sees the effects of those before it. One checkpoint and one commit cover the batch; then every
// completion is called.
//
// 1. Nothing is answered before its entry is durable; uploads that a command names are durable before it is decided.
// 2. A refusal leaves its own entry, `access.refused`, and nothing else. An error leaves nothing.
// 3. When storage fails within a batch, all of it is undone and each command runs alone: only the culprit fails.
// 4. When the commit itself fails the outcome is unknown: `fatal` is called and nobody is answered.
// 5. The time of an entry is never before the one of the entry before it.
//
// Format: docs/formats.md
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "access/acts/act.h"
#include "access/store.h"

namespace strongroom::access {

namespace limits {
inline constexpr std::size_t kMaxBatchCommands = 256;
inline constexpr std::size_t kMaxBatchBytes = 8U << 20;
inline constexpr std::size_t kMaxQueuedCommands = 4096;  // beyond: Errc::unavailable
inline constexpr std::size_t kMaxQueuedBytes = 64U << 20;
inline constexpr std::int64_t kStagedMs = 24LL * 3600 * 1000;
// What one key may stage and not claim in kStagedMs.
inline constexpr std::uint64_t kMaxStagedBytesPerKey = 64U << 20;
inline constexpr std::uint64_t kMaxStagedValuesPerKey = 20'000;
// That are synced for one command, as many as an act may name.
inline constexpr std::size_t kMaxUploadsPerCommand = kMaxRecordsPerSeal;
inline constexpr std::int64_t kClockJumpMs = 60'000;     // apart from the steady clock by more: an entry of its own
inline constexpr std::int64_t kRequestsPerMinute = 600;  // of one key, given back evenly
inline constexpr std::int64_t kRequestBurst = 300;
inline constexpr std::int64_t kLimitedIntervalMs = 60'000;  // one requests.limited for each person and interval
inline constexpr std::size_t kGarbageStep = 512;            // rows that one step of collect_garbage removes
}  // namespace limits

// How many requests one key may make. The operator's to choose; the service's own limits stand above.
struct RequestRate {
  std::int64_t per_minute = limits::kRequestsPerMinute;
  std::int64_t burst = limits::kRequestBurst;
};

// What the gate reads time from.
struct Clocks {
  vault::Clock wall = vault::system_clock();
  std::function<std::int64_t()> steady_ms;  // absent: the system's steady clock
};

// A request whose signature `authenticate` has verified, and who signed it.
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
// Called once, on a thread of the gate's own that is not the writer, or on the caller's for what is not even queued. It
// must not block.
// An error of Errc::refused (and not a Refused) is a request that is not accepted as signed: it leaves no entry.
using Completion = std::function<void(Result<Answer>)>;
using StagingCompletion = std::function<void(Result<std::vector<Digest>>)>;

using wire::KeepBody;

// Thread safe.
class Gate {
 public:
  // `store` must outlive it. `fatal` ends the process; where it returns (tests), the gate takes and answers nothing
  // more.
  // `committed` is told, on the writer's thread, how many commands, refusals and stagings each commit had.
  Gate(Store& store, Clocks clocks, std::function<void(const Error&)> fatal,
       std::function<void(std::size_t)> committed = {}, RequestRate rate = {});
  ~Gate();  // as `stop`

  // The signature over head and body, against the key as it stands. Errc::refused for an unknown or revoked key,
  // another authority, a signature or digest that is not right, or a time that is not ours; Errc::malformed.
  Result<SignedRequest> authenticate(const wire::RequestHead& head, std::string_view body,
                                     wire::Coverage coverage = wire::Coverage::command_or_read,
                                     KeepBody keep = KeepBody::yes) const;
  // Checks the request head before the body arrives. Same checks as `authenticate`, except the body's digest.
  Result<void> authenticate_head(const wire::RequestHead& head,
                                 wire::Coverage coverage = wire::Coverage::command_or_read) const;
  // Takes one of the key's tokens. Errc::limited when there is none; the gate writes the aggregate entry.
  Result<void> admit(const Actor& actor);

  // A command: the request must be for an act (Errc::invalid_argument). Errc::too_large, and Errc::unavailable when the
  // queue is full or the gate is stopping, come through `done` as well.
  void submit(SignedRequest request, Completion done);
  // Records that a read was refused; completes with a Refused, or with Errc::retry where it is permitted by now.
  void refuse(SignedRequest request, Refusal refusal, Completion done);
  // Keeps values until a command of the same key claims them, limits::kStagedMs at most; durable when it completes.
  // Errc::too_large; Errc::full over the key's quota; Errc::refused for an invitation that is used, expired or void.
  void stage_besides(Actor owner, std::vector<Bytes> values, StagingCompletion done);

  // One bounded step of dropping what was staged and never claimed, and of writing aggregate entries that are due.
  // Gives how many values went: call again while it is limits::kGarbageStep.
  Result<std::size_t> collect_garbage();

  // Takes nothing more, finishes and answers what is queued, and returns.
  void stop();
  // False after `fatal`, or once stopping.
  bool is_taking() const;
  // Commands, refusals and stagings that the writer has not taken up yet.
  std::size_t queued() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

// When an entry is made, seen against the entry before it and a clock that cannot be set. Exposed for its tests.
class EntryClock {
 public:
  struct Reading {
    Instant wall;
    std::int64_t steady_ms = 0;
  };
  struct Moment {
    Instant time;  // of the entries to come
    std::optional<wire::ClockStepped> stepped;
  };
  Moment observe(Reading now, Instant last_entry) const;
  // Once the moment's entries are durable.
  void keep(Reading now, Instant last_entry);

 private:
  std::optional<Reading> kept_;
  bool behind_ = false;  // the clock is before the last entry, and an entry says so
};

}  // namespace strongroom::access
