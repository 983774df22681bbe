#include "access/gate/clock.h"

#include <chrono>
#include <cstdlib>

namespace strongroom::access {

std::int64_t system_steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

EntryClock::Moment EntryClock::observe(ClockReading now, Instant last_entry) const {
  if (now.wall < last_entry) {
    Moment moment{.time = last_entry, .stepped = std::nullopt};
    if (!behind_) moment.stepped = wire::ClockStepped{.from = last_entry, .to = now.wall};
    return moment;
  }
  Moment moment{.time = now.wall, .stepped = std::nullopt};
  // After a start there is no earlier reading, so a long time without the service is not taken for a jump.
  if (!kept_) return moment;
  const Instant expected{kept_->wall.unix_ms + (now.steady_ms - kept_->steady_ms)};
  if (std::abs(now.wall.unix_ms - expected.unix_ms) > limits::kClockJumpMs)
    moment.stepped = wire::ClockStepped{.from = expected, .to = now.wall};
  return moment;
}

void EntryClock::keep(ClockReading now, Instant last_entry) {
  behind_ = now.wall < last_entry;
  kept_ = now;
}

}  // namespace strongroom::access
