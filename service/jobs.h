// Background work of the service: it deletes uploads and staged values that nobody came back for. It works in bounded
// steps, so that no step keeps the database's writer busy for long. Each step finds its work in the tables, so a
// restart loses nothing.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/gate/gate.h"
#include "service/log.h"
#include "vault/payload/store.h"

namespace service {

inline constexpr std::int64_t kAbandonedUploadMs = 7LL * 24 * 3600 * 1000;  // after its last byte
inline constexpr std::size_t kUploadsPerStep = 64;
inline constexpr std::size_t kExtentsPerStep = 64;
inline constexpr std::chrono::seconds kPauseBetweenRounds{60};

class Jobs {
 public:
  // The gate, the payload store and the log must outlive it.
  Jobs(strongroom::access::Gate& gate, vault::payload::Store& payload, vault::Clock clock, Log& log);
  ~Jobs();  // stops
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Does one bounded step. A round deletes unclaimed staged values and writes aggregate entries, then deletes abandoned
  // uploads, then frees the space of deleted payloads. Returns false at the end of a round. Not thread safe; do not
  // call it after `start`.
  bool step();
  // Runs round after round on a thread of its own, with a pause between them.
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
