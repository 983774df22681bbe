// Working days of England and Wales (4.2.2 to 4.7.1): Monday to Friday without the bank holidays. Day 0 is the trigger,
// whatever day it is; the first working day after it is day 1. Dates are those of Europe/London.
// A calendar is a value; it is safe to share between threads once made. Data: review/data/bank_holidays.json
#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/base/time.h"

namespace strongroom::review {

using vault::Date;
using vault::Errc;
using vault::Error;
using vault::Result;

inline constexpr std::size_t kMaxCalendarBytes = 1U << 20;  // of a file that is imported
inline constexpr std::size_t kMaxHolidays = 2000;           // of one calendar
inline constexpr int kMaxWorkingDays = 1000;                // counted at once
inline constexpr int kMaxCalendarSpanDays = 366 * 12;       // explained at once

struct Holiday {
  Date date;
  std::string title;  // empty where only the date is known
  bool operator==(const Holiday&) const = default;
};

// One day of a working: whether it counts, and why not.
struct Day {
  Date date;
  bool working = false;
  std::string reason;  // "Saturday", "Good Friday", …; empty for a working day
};

class Calendar {
 public:
  // 2018 to 2028. The holidays of 2028 are what the law of today leads to; they are not proclaimed yet.
  static const Calendar& shipped();
  // The gov.uk format: {"england-and-wales": {"division": …, "events": [{"title", "date", …}]}}. A year counts as known
  // when the file has a holiday in it. Errc::too_large, malformed (no such division, no date), invalid_argument (a
  // holiday in a year before 2000 or after 2100).
  static Result<Calendar> parse_gov_uk(std::string_view json);

  // This calendar and these days too: nothing is ever taken away. Errc::too_large over kMaxHolidays.
  Result<Calendar> merged_with(std::span<const Holiday> more) const;
  // Without those days, which are none after all; their years stay known. What it has not is passed over.
  Calendar without(std::span<const Date> days) const;
  std::vector<Holiday> holidays() const;                      // in order
  std::vector<Holiday> lacking(const Calendar& other) const;  // what `other` has and this has not

  bool knows(int year) const { return years_.contains(year); }
  bool is_proclaimed(int year) const { return knows(year) && year <= proclaimed_to_; }
  int proclaimed_to() const { return proclaimed_to_; }
  const std::set<int>& years() const { return years_; }  // that are known
  // SHA-256 of "strongroom/calendar/v1\n" and one line "2026-12-25\n" for each holiday, in order.
  vault::Digest digest() const;

  // Errc::not_found names a year whose bank holidays are not known, and what to do.
  Result<Day> day(const Date& date) const;
  Result<bool> is_working(const Date& date) const;
  // The date that is `working_days` after day 0; 0 is `from` itself. Errc::invalid_argument below 0 or above
  // kMaxWorkingDays.
  Result<Date> add(const Date& from, int working_days) const;
  // The last date from which `working_days` reach `to` at the latest: add() backwards.
  Result<Date> subtract(const Date& to, int working_days) const;
  // How many working days after `from` `to` is; 0 where it is not after it.
  Result<int> count(const Date& from, const Date& to) const;
  // Every day after `from` up to `to`, counted or skipped, and why. Errc::invalid_argument over kMaxCalendarSpanDays.
  Result<std::vector<Day>> explain(const Date& from, const Date& to) const;

 private:
  std::map<Date, std::string> holidays_;
  std::set<int> years_;
  int proclaimed_to_ = 0;
};

// The next date, `days` later (or earlier).
Date plus_days(const Date& date, int days);

}  // namespace strongroom::review
