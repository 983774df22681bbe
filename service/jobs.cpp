#include "service/jobs.h"

namespace service {

Jobs::Jobs(strongroom::access::Gate& gate, vault::payload::Store& payload, vault::Clock clock, Log& log)
    : gate_(gate), payload_(payload), clock_(std::move(clock)), log_(log) {}

Jobs::~Jobs() {
  stop();
}

// Whether the job has more to do, because it did as much as one step may. A job that fails waits for the next round.
bool Jobs::ran(std::string_view job, const vault::Result<std::size_t>& went, std::size_t at_most) {
  if (!went) log_.failure(job, went.error());
  return went && *went >= at_most;
}

bool Jobs::step() {
  switch (turn_) {
    case Turn::values:
      if (!ran("staged values", gate_.collect_garbage(), strongroom::access::limits::kGarbageStep))
        turn_ = Turn::uploads;
      return true;
    case Turn::uploads: {
      const vault::Instant before{clock_().unix_ms - kAbandonedUploadMs};
      if (!ran("abandoned uploads", payload_.discard_orphans(before, kUploadsPerStep), kUploadsPerStep))
        turn_ = Turn::extents;
      return true;
    }
    case Turn::extents:
      if (ran("extents", payload_.punch(kExtentsPerStep), kExtentsPerStep)) return true;
      turn_ = Turn::values;
      return false;
  }
  return false;
}

void Jobs::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Jobs::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (step()) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, kPauseBetweenRounds, [] { return false; });
  }
}

void Jobs::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace service
