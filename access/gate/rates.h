// How many requests each key may make, and the aggregate entry `requests.limited` about those that were turned away.
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
inline constexpr std::int64_t kRequestsPerMinute = 600;  // of one key, given back evenly
inline constexpr std::int64_t kRequestBurst = 300;
inline constexpr std::int64_t kLimitedIntervalMs = 60'000;  // one requests.limited for each person and interval
}  // namespace limits

// How many requests one key may make. The operator may choose less or more.
struct RequestRate {
  std::int64_t per_minute = limits::kRequestsPerMinute;
  std::int64_t burst = limits::kRequestBurst;
};

// One bucket of tokens for each key. Time is passed in. Thread safe.
class Rates {
 public:
  explicit Rates(const RequestRate& rate) : rate_(rate) {}

  struct Taken {
    bool admitted = true;
    std::optional<wire::RequestsLimited> due;  // to be entered now, because the person's interval is over
  };
  // Takes one of the key's tokens, or counts the request as turned away if there is none.
  Taken take(const Actor& actor, const ClockReading& now);

  // Aggregates whose interval is over, each returned once. Forgets keys that have all their tokens back.
  std::vector<wire::RequestsLimited> due(std::int64_t steady_ms);
  // All aggregates, for the end: also those whose interval is not over yet.
  std::vector<wire::RequestsLimited> rest();
  // Keys that are not back at their full burst, or whose aggregate is not entered yet.
  std::size_t keys() const;

 private:
  struct Bucket {
    std::optional<PersonId> person;  // absent for an invitation
    std::int64_t thousandths = 0;    // of a token
    std::int64_t filled_ms = 0;
    std::uint64_t refused = 0;
    ClockReading since;  // the first refused request
  };
  void refill(Bucket& bucket, std::int64_t steady_ms) const;
  static bool is_due(const Bucket& bucket, std::int64_t steady_ms);
  static std::optional<wire::RequestsLimited> take_aggregate(Bucket& bucket);

  const RequestRate rate_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;  // by keyid
};

}  // namespace strongroom::access
