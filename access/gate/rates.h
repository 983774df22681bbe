// Limits how many requests each key may make, and prepares the aggregate entry `requests.limited` about those that were
// turned away.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "access/acts/act.h"
#include "access/gate/clock.h"

namespace strongroom::access {

namespace limits {
inline constexpr std::int64_t kRequestsPerMinute = 600;  // of one key; they are given back evenly
inline constexpr std::int64_t kRequestBurst = 300;
inline constexpr std::int64_t kLimitedIntervalMs = 60'000;  // at most one requests.limited for each person and interval
}  // namespace limits

// The requests that one key may make. The operator may choose a lower or a higher rate.
struct RequestRate {
  std::int64_t per_minute = limits::kRequestsPerMinute;
  std::int64_t burst = limits::kRequestBurst;
};

// Keeps one bucket of tokens for each key. The caller passes the time in. It is thread safe.
class Rates {
 public:
  explicit Rates(const RequestRate& rate) : rate_(rate) {}

  struct Taken {
    bool admitted = true;
    std::optional<wire::RequestsLimited> due;  // must be entered now, because the person's interval is over
  };
  // Takes one of the key's tokens. If there is none left, it counts the request as turned away.
  Taken take(const Actor& actor, const ClockReading& now);

  // Returns the aggregates whose interval is over, each once. It forgets keys that have all their tokens back.
  std::vector<wire::RequestsLimited> due(std::int64_t steady_ms);
  // Returns all aggregates, also those whose interval is not over yet. Call it at the end.
  std::vector<wire::RequestsLimited> rest();
  // Returns the number of keys that are not back at their full burst, or whose aggregate is not entered yet.
  std::size_t keys() const;

 private:
  struct Bucket {
    std::optional<PersonId> person;  // absent for an invitation
    std::int64_t thousandths = 0;    // of a token
    std::int64_t filled_ms = 0;
    std::uint64_t refused = 0;
    ClockReading since;  // when the first of the refused requests came
  };
  void refill(Bucket& bucket, std::int64_t steady_ms) const;
  static bool is_due(const Bucket& bucket, std::int64_t steady_ms);
  static std::optional<wire::RequestsLimited> take_aggregate(Bucket& bucket);

  const RequestRate rate_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;  // by keyid
};

}  // namespace strongroom::access
