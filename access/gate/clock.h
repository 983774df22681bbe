// Decides the time of an entry. Time never runs backwards: an entry is never before the one ahead of it in the ledger.
// If the system's clock was set, an entry records it (`clock.stepped`).
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "access/wire/entry.h"
#include "vault/base/time.h"

namespace strongroom::access {

using wire::Instant;

namespace limits {
// The wall clock and the steady clock may drift apart by this much between two batches before it counts as a jump.
inline constexpr std::int64_t kClockJumpMs = 60'000;
}  // namespace limits

// Both clocks, read at one moment.
struct ClockReading {
  Instant wall;
  std::int64_t steady_ms = 0;  // of a clock that nobody can set; only differences mean anything
};

// Returns the time of the system's steady clock.
std::int64_t system_steady_ms();

// The functions that the gate reads time from. Tests pass their own clocks here.
struct Clocks {
  vault::Clock wall = vault::system_clock();
  std::function<std::int64_t()> steady_ms = system_steady_ms;

  ClockReading read() const { return {.wall = wall(), .steady_ms = steady_ms()}; }
};

// Compares each reading with the last entry and with the reading before. It is not thread safe.
class EntryClock {
 public:
  struct Moment {
    Instant time;  // of the entries that come next
    std::optional<wire::ClockStepped> stepped;
  };
  Moment observe(ClockReading now, Instant last_entry) const;
  // Call it once the entries of that moment are durable. `observe` then compares with this reading.
  void keep(ClockReading now, Instant last_entry);

 private:
  std::optional<ClockReading> kept_;
  bool behind_ = false;  // the clock is before the last entry, and an entry records it
};

}  // namespace strongroom::access
