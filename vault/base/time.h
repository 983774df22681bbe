// Instants and dates. Nothing here reads a clock: callers pass the time, tests fake it.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace vault {

// Milliseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t unix_ms = 0;
  auto operator<=>(const Instant&) const = default;
};
inline constexpr std::int64_t kMillisecondsPerSecond = 1000;

using Clock = std::function<Instant()>;
Clock system_clock();

// RFC 3339 in UTC with milliseconds, exactly "2026-11-22T09:30:00.000Z". Years 1970 to 9999.
std::string to_rfc3339(Instant instant);
Result<Instant> parse_rfc3339(std::string_view text);  // only that form; Errc::malformed

// A civil date, "2026-11-22".
using Date = std::chrono::year_month_day;
std::string to_string(const Date& date);
Result<Date> parse_date(std::string_view text);  // a date that exists, years 1900 to 9999; Errc::malformed

// The date in Europe/London at that instant (summer time from 01:00 UTC on the last Sunday of March to 01:00 UTC on the
// last Sunday of October, the rule since 1996).
Date london_date(Instant instant);

}  // namespace vault
