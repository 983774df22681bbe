// What the service does besides answering: dropping what was left behind. In bounded steps, so that no step holds the
// one writer for long; each step finds its place in the tables, so a restart loses nothing.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/gate/gate.h"
#include "service/log.h"
#include "vault/payload/store.h"

namespace service {

inline constexpr std::int64_t kAbandonedUploadMs = 7LL * 24 * 3600 * 1000;  // since the last byte
inline constexpr std::size_t kUploadsPerStep = 64;
inline constexpr std::size_t kExtentsPerStep = 64;
inline constexpr std::chrono::seconds kPauseBetweenRounds{60};

class Jobs {
 public:
  // All must outlive it.
  Jobs(strongroom::access::Gate& gate, vault::payload::Store& payload, vault::Clock clock, Log& log);
  ~Jobs();  // as `stop`
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // One bounded step: unclaimed staged values and aggregate entries, then abandoned uploads, then let-go extents. False
  // at the end of a round. Not thread safe, and not to be called once started.
  bool step();
  // Rounds on a thread of its own, with a pause between them.
  void start();
  void stop();  // after the current step

 private:
  enum class Turn { values, uploads, extents };
  void run(const std::stop_token& stop);
  bool ran(std::string_view job, const vault::Result<std::size_t>& went, std::size_t at_most);

  strongroom::access::Gate& gate_;
  vault::payload::Store& payload_;
  vault::Clock clock_;
  Log& log_;
  Turn turn_ = Turn::values;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace service
