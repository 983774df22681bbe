// Instants and dates. Only `system_clock` reads a clock. Other code is given the time or a Clock, so tests can set it.
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

// RFC 3339 in UTC with milliseconds, exactly as in "2026-11-22T09:30:00.000Z". Years 1970 to 9999.
std::string to_rfc3339(Instant instant);
Result<Instant> parse_rfc3339(std::string_view text);  // accepts only that form; Errc::malformed

// A civil date, written as in "2026-11-22".
using Date = std::chrono::year_month_day;
std::string to_string(const Date& date);
Result<Date> parse_date(std::string_view text);  // the date must exist, in years 1900 to 9999; Errc::malformed

// Returns the date in Europe/London at that instant. Summer time is from 01:00 UTC on the last Sunday of March to
// 01:00 UTC on the last Sunday of October, which has been the rule since 1996. For example, it is already 1 July in
// London at 2026-06-30T23:30:00.000Z.
Date london_date(Instant instant);

}  // namespace vault
