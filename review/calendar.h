// Working days of England and Wales (4.2.2 to 4.7.1): Monday to Friday without the bank holidays. Day 0 is the day of
// the trigger, even if it is not a working day, and the first working day after it is day 1. For example, if a referral
// is received on a Saturday, the Monday after it is day 1. Dates are those of Europe/London. A calendar is a value that
// threads may share. Data: review/data/bank_holidays.json
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
inline constexpr int kMaxWorkingDays = 1000;                // in one call
inline constexpr int kMaxCalendarSpanDays = 366 * 12;       // in one call of `explain`

struct Holiday {
  Date date;
  std::string title;  // empty if only the date is known
  bool operator==(const Holiday&) const = default;
};

// One day, whether it counts as a working day, and the reason if it does not.
struct Day {
  Date date;
  bool working = false;
  std::string reason;  // "Saturday", "Good Friday", …; empty for a working day
};

class Calendar {
 public:
  // The calendar that is built in, for 2018 to 2028. The holidays of 2028 follow from the law but are not proclaimed
  // yet.
  static const Calendar& shipped();
  // Reads the gov.uk format: {"england-and-wales": {"division": …, "events": [{"title", "date", …}]}}. A year counts as
  // known if the file has a holiday in it. Errc::too_large; Errc::malformed (no such division, no date);
  // Errc::invalid_argument (a holiday in a year before 2000 or after 2100).
  static Result<Calendar> parse_gov_uk(std::string_view json);

  // Returns this calendar with more days. It takes no day away. Errc::too_large over kMaxHolidays.
  Result<Calendar> merged_with(std::span<const Holiday> more) const;
  // Returns this calendar without those days, for holidays that were imported by mistake. Their years stay known. Days
  // that are not in the calendar are ignored.
  Calendar without(std::span<const Date> days) const;
  std::vector<Holiday> holidays() const;                      // in order
  std::vector<Holiday> lacking(const Calendar& other) const;  // the holidays that only `other` has

  bool knows(int year) const { return years_.contains(year); }
  bool is_proclaimed(int year) const { return knows(year) && year <= proclaimed_to_; }
  int proclaimed_to() const { return proclaimed_to_; }
  const std::set<int>& years() const { return years_; }  // the known years
  // SHA-256 of "strongroom/calendar/v1\n" and one line "2026-12-25\n" for each holiday, in order.
  vault::Digest digest() const;

  // All of these return Errc::not_found if the bank holidays of a year that they need are not known. The message names
  // the year and the command that imports them.
  Result<Day> day(const Date& date) const;
  Result<bool> is_working(const Date& date) const;
  // Returns the date that is `working_days` after day 0, or `from` itself for 0. Errc::invalid_argument below 0 or
  // above kMaxWorkingDays.
  Result<Date> add(const Date& from, int working_days) const;
  // Counts backwards: returns the last date from which add(…, working_days) is not later than `to`.
  Result<Date> subtract(const Date& to, int working_days) const;
  // Returns how many working days `to` is after `from`, or 0 if it is not after it.
  Result<int> count(const Date& from, const Date& to) const;
  // Returns every day after `from` up to `to`, with the reason for each that does not count. Errc::invalid_argument
  // over kMaxCalendarSpanDays.
  Result<std::vector<Day>> explain(const Date& from, const Date& to) const;

 private:
  std::map<Date, std::string> holidays_;
  std::set<int> years_;
  int proclaimed_to_ = 0;
};

// Returns the date that is `days` calendar days later, or earlier if `days` is negative.
Date plus_days(const Date& date, int days);

}  // namespace strongroom::review
