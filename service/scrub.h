// Reads every payload again, slowly, and says which records are not what was sealed: disks rot in silence. Needs the
// vault key for the lists of digests, and nobody's key for the records.
//
// A round goes through all records by id; where it stands and what it found are in the store (a sealed row of
// access::Store::jobs), so it goes on after a restart. Damage stays listed until the next round begins.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "access/store.h"
#include "service/log.h"

namespace service {

namespace access = strongroom::access;

inline constexpr std::uint64_t kScrubBytesPerSecond = 64ULL << 20;           // of the command
inline constexpr std::uint64_t kBackgroundScrubBytesPerSecond = 8ULL << 20;  // of the service
inline constexpr std::int64_t kScrubEveryMs = 7LL * 24 * 3600 * 1000;        // from the end of a round to the next one
inline constexpr std::size_t kMaxScrubFindings = 100;                        // listed; more are counted
inline constexpr std::size_t kScrubStepRecords = 64;
inline constexpr std::uint64_t kScrubStepBytes = 64ULL << 20;  // a step ends behind the record that reaches it

struct ScrubFinding {
  std::string record;
  std::string problem;
};
BOOST_DESCRIBE_STRUCT(ScrubFinding, (), (record, problem))
struct ScrubState {
  std::uint64_t v = 1;
  vault::Instant started;
  std::optional<vault::Instant> finished;
  std::optional<std::string> after;  // the last record read
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::vector<ScrubFinding> damaged;
  std::uint64_t more_damaged = 0;
};
BOOST_DESCRIBE_STRUCT(ScrubState, (), (v, started, finished, after, records, bytes, damaged, more_damaged))

// When the next bytes may be read so that a rate is kept. A pure value.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Pace(std::uint64_t bytes_per_second, Time now) : rate_(bytes_per_second), due_(now) {}
  // After `bytes` were read: until when to wait. Time that went by unused is not made up for.
  Time after(std::uint64_t bytes, Time now);

 private:
  std::uint64_t rate_;
  Time due_;
};

// Not thread safe.
class Scrub {
 public:
  // Called before each block with its greatest size; waits as long as it likes, and false ends the step.
  using GoOn = std::function<bool(std::uint64_t bytes)>;
  Scrub(access::Store& store, vault::Clock clock) : store_(store), clock_(std::move(clock)) {}

  vault::Result<std::optional<ScrubState>> state() const;  // of the last round; nothing before the first
  vault::Result<void> begin();                             // a round from the first record
  vault::Result<void> put_off();                           // as if a round of no records had just ended
  // Some records on, durably; false at the end of the round, or when none goes on. Errc::cancelled when `go_on` says
  // so: the record that was being read is read again.
  vault::Result<bool> step(const GoOn& go_on);

 private:
  vault::Result<void> save(const ScrubState& state);
  access::Store& store_;
  vault::Clock clock_;
};

// Rounds in the service, on a thread of its own, kScrubEveryMs apart. The first one begins that long after the vault
// was first served.
class ScrubJob {
 public:
  ScrubJob(access::Store& store, vault::Clock clock, Log& log);  // both outlive it
  ~ScrubJob();                                                   // as `stop`
  ScrubJob(const ScrubJob&) = delete;
  ScrubJob& operator=(const ScrubJob&) = delete;
  void start();
  void stop();                                                           // after the current block
  std::uint64_t damaged() const { return damaged_; }                     // of the last round
  std::int64_t last_finished_seconds() const { return last_finished_; }  // Unix time; 0: none yet
  // What `start` does again and again: a step when one is due. Whether another is due at once. For tests.
  vault::Result<bool> turn(const Scrub::GoOn& go_on);

 private:
  void run(const std::stop_token& stop);
  void publish(const ScrubState& state);
  Scrub scrub_;
  vault::Clock clock_;
  Log& log_;
  std::atomic<std::uint64_t> damaged_{0};
  std::atomic<std::int64_t> last_finished_{0};
  std::uint64_t reported_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace service
