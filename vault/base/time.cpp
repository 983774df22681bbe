#include "vault/base/time.h"

#include <cstdio>

namespace vault {
namespace {

using namespace std::chrono;

// Returns the number that the digits text[at, at+count) spell, or -1 if they are not digits.
int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

sys_time<milliseconds> last_sunday_at_one(year y, month m) {
  return sys_days{y / m / Sunday[last]} + hours{1};
}

}  // namespace

Clock system_clock() {
  return
      [] { return Instant{duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; };
}

std::string to_rfc3339(Instant instant) {
  const sys_time<milliseconds> at{milliseconds{instant.unix_ms}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return buffer;
}

Result<Instant> parse_rfc3339(std::string_view text) {
  const Error malformed{Errc::malformed, "not a time of the form 2026-11-22T09:30:00.000Z"};
  if (text.size() != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text[19] != '.' || text[23] != 'Z')
    return malformed;
  const int y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2), h = number(text, 11, 2),
            mi = number(text, 14, 2), s = number(text, 17, 2), ms = number(text, 20, 3);
  if (y < 1970 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59 || ms < 0)
    return malformed;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return malformed;
  const auto at = sys_days{date} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms};
  return Instant{duration_cast<milliseconds>(at.time_since_epoch()).count()};
}

std::string to_string(const Date& date) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return buffer;
}

Result<Date> parse_date(std::string_view text) {
  const Error malformed{Errc::malformed, "not a date of the form 2026-11-22"};
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return malformed;
  const int y = number(text, 0, 4), m = number(text, 5, 2), d = number(text, 8, 2);
  if (y < 1900 || m < 0 || d < 0) return malformed;
  const Date date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return malformed;
  return date;
}

Date london_date(Instant instant) {
  const sys_time<milliseconds> at{milliseconds{instant.unix_ms}};
  const year y = year_month_day{floor<days>(at)}.year();
  const bool summer = at >= last_sunday_at_one(y, March) && at < last_sunday_at_one(y, October);
  return year_month_day{floor<days>(at + (summer ? hours{1} : hours{0}))};
}

}  // namespace vault
