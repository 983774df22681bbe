#include "access/gate/rates.h"

#include <algorithm>
#include <utility>

namespace strongroom::access {
namespace {

constexpr std::int64_t kToken = 1000;  // in thousandths
// Every bucket is full again after less time than this. The limit keeps the arithmetic far from overflow.
constexpr std::int64_t kLongestRestMs = 3'600'000;

}  // namespace

void Rates::refill(Bucket& bucket, std::int64_t steady_ms) const {
  const std::int64_t passed = std::clamp<std::int64_t>(steady_ms - bucket.filled_ms, 0, kLongestRestMs);
  // This is in thousandths for each millisecond: per_minute * 1000 / 60'000.
  const std::int64_t more = passed * rate_.per_minute / 60;
  bucket.thousandths = std::min(rate_.burst * kToken, bucket.thousandths + more);
  bucket.filled_ms = steady_ms;
}

bool Rates::is_due(const Bucket& bucket, std::int64_t steady_ms) {
  return bucket.refused > 0 && steady_ms - bucket.since.steady_ms >= limits::kLimitedIntervalMs;
}

std::optional<wire::RequestsLimited> Rates::take_aggregate(Bucket& bucket) {
  const std::uint64_t count = std::exchange(bucket.refused, 0);
  // An invitation has no person whom an entry could name, so its limit leaves no entry.
  if (count == 0 || !bucket.person) return std::nullopt;
  return wire::RequestsLimited{.person = *bucket.person, .count = count, .since = bucket.since.wall};
}

Rates::Taken Rates::take(const Actor& actor, const ClockReading& now) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = buckets_.try_emplace(actor.keyid);
  Bucket& bucket = at->second;
  if (is_new) {
    bucket.person = actor.person;
    bucket.thousandths = rate_.burst * kToken;
    bucket.filled_ms = now.steady_ms;
  }
  refill(bucket, now.steady_ms);
  Taken taken;
  if (bucket.thousandths >= kToken) {
    bucket.thousandths -= kToken;
  } else {
    taken.admitted = false;
    if (bucket.refused == 0) bucket.since = now;
    ++bucket.refused;
  }
  if (is_due(bucket, now.steady_ms)) taken.due = take_aggregate(bucket);
  return taken;
}

std::vector<wire::RequestsLimited> Rates::due(std::int64_t steady_ms) {
  std::vector<wire::RequestsLimited> due;
  const std::lock_guard lock(mutex_);
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    Bucket& bucket = at->second;
    refill(bucket, steady_ms);
    if (is_due(bucket, steady_ms))
      if (auto aggregate = take_aggregate(bucket)) due.push_back(std::move(*aggregate));
    const bool is_idle = bucket.refused == 0 && bucket.thousandths == rate_.burst * kToken;
    at = is_idle ? buckets_.erase(at) : std::next(at);
  }
  return due;
}

std::vector<wire::RequestsLimited> Rates::rest() {
  std::vector<wire::RequestsLimited> rest;
  const std::lock_guard lock(mutex_);
  for (auto& [keyid, bucket] : buckets_)
    if (auto aggregate = take_aggregate(bucket)) rest.push_back(std::move(*aggregate));
  return rest;
}

std::size_t Rates::keys() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace strongroom::access
