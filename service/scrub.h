// Reads every payload again, slowly, and reports the records that differ from what was sealed, because disks lose data
// without an error. It needs the vault key for the digests, and no key of a record.
//
// A round reads all records in the order of their ids. Its position and findings are kept in a sealed row of
// access::Store::jobs, so it resumes after a restart. Findings are kept until the next round begins.
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

inline constexpr std::uint64_t kScrubBytesPerSecond = 64ULL << 20;           // by the command
inline constexpr std::uint64_t kBackgroundScrubBytesPerSecond = 8ULL << 20;  // by the service
inline constexpr std::int64_t kScrubEveryMs = 7LL * 24 * 3600 * 1000;        // from the end of a round to the next
inline constexpr std::size_t kMaxScrubFindings = 100;                        // more are only counted
inline constexpr std::size_t kScrubStepRecords = 64;
inline constexpr std::uint64_t kScrubStepBytes = 64ULL << 20;  // a step ends after the record that reaches it

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

// Tells when the next bytes may be read at a given rate. A pure value.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Pace(std::uint64_t bytes_per_second, Time now) : rate_(bytes_per_second), due_(now) {}
  // Returns until when to wait after `bytes` were read. Time in which nothing was read is not made up for.
  Time after(std::uint64_t bytes, Time now);

 private:
  std::uint64_t rate_;
  Time due_;
};

// Not thread safe.
class Scrub {
 public:
  // Called before each block with the most bytes that it may have. It may wait. If it returns false, the step ends.
  using GoOn = std::function<bool(std::uint64_t bytes)>;
  Scrub(access::Store& store, vault::Clock clock) : store_(store), clock_(std::move(clock)) {}

  vault::Result<std::optional<ScrubState>> state() const;  // of the last round; nothing before the first one
  vault::Result<void> begin();                             // begins a round at the first record
  vault::Result<void> put_off();                           // writes down a round without records that has just ended
  // Reads some records and writes down the position. False if the round has ended, or if there is none. Errc::cancelled
  // if `go_on` ended the step; the next step reads the same record again.
  vault::Result<bool> step(const GoOn& go_on);

 private:
  vault::Result<void> save(const ScrubState& state);
  access::Store& store_;
  vault::Clock clock_;
};

// Runs rounds in the service, on a thread of its own, kScrubEveryMs apart. The first one begins kScrubEveryMs after the
// vault was first served.
class ScrubJob {
 public:
  ScrubJob(access::Store& store, vault::Clock clock, Log& log);  // store and log must outlive it
  ~ScrubJob();                                                   // stops
  ScrubJob(const ScrubJob&) = delete;
  ScrubJob& operator=(const ScrubJob&) = delete;
  void start();
  void stop();                                        // after the current block
  std::uint64_t damaged() const { return damaged_; }  // records, in the last round
  std::int64_t last_finished_seconds() const {
    return last_finished_;
  }  // Unix time; 0 before the first round has ended
  // Does a step if one is due, and returns whether another is due at once. `start` calls it repeatedly; tests too.
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
