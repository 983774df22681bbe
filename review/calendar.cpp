#include "review/calendar.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "review/embedded_data.h"
#include "vault/crypto/hash.h"

namespace strongroom::review {
namespace {

namespace json = boost::json;
using std::chrono::sys_days;

constexpr std::string_view kDivision = "england-and-wales";
constexpr int kFirstYear = 2000;
constexpr int kLastYear = 2100;
constexpr std::size_t kMaxTitle = 120;
constexpr std::string_view kDigestPrefix = "strongroom/calendar/v1\n";

Error malformed(std::string_view why) {
  return {Errc::malformed, "this is not a bank-holidays.json of gov.uk: " + std::string(why)};
}

Result<Holiday> holiday_of(const json::value& event) {
  const auto* object = event.if_object();
  const auto* date = object != nullptr ? object->if_contains("date") : nullptr;
  if (date == nullptr || !date->is_string()) return malformed("an event has no date");
  const auto parsed = vault::parse_date(date->get_string());
  if (!parsed) return malformed("an event has no date such as 2026-12-25");
  const int year = static_cast<int>(parsed->year());
  if (year < kFirstYear || year > kLastYear)
    return Error{Errc::invalid_argument, "a bank holiday of " + std::to_string(year) + " cannot be right"};
  const auto* title = object->if_contains("title");
  if (title != nullptr && (!title->is_string() || title->get_string().size() > kMaxTitle))
    return malformed("an event's title is not text, or is longer than 120 bytes");
  return Holiday{*parsed, title == nullptr ? std::string() : std::string(title->get_string())};
}

Result<std::vector<Holiday>> events_of(const json::object& division) {
  const auto* events = division.if_contains("events");
  if (events == nullptr || !events->is_array()) return malformed("it has no events");
  if (events->get_array().size() > kMaxHolidays) return Error{Errc::too_large, "the file has too many bank holidays"};
  std::vector<Holiday> holidays;
  for (const json::value& event : events->get_array()) {
    TRY(Holiday holiday, holiday_of(event));
    holidays.push_back(std::move(holiday));
  }
  return holidays;
}

Error unknown_year(int year) {
  return {Errc::not_found, "the bank holidays of " + std::to_string(year) +
                               " are not known: import them with strongroom calendar import bank-holidays.json"};
}

std::string_view name_of(std::chrono::weekday weekday) {
  return weekday == std::chrono::Saturday ? "Saturday" : "Sunday";
}

}  // namespace

Date plus_days(const Date& date, int days) {
  return Date(sys_days(date) + std::chrono::days(days));
}

const Calendar& Calendar::shipped() {
  static const Calendar calendar = [] {
    const json::value data = json::parse(json::string_view(data::k_data_bank_holidays));
    auto events = events_of(data.as_object());
    vault::invariant(events.has_value(), "the shipped bank holidays parse");
    auto made = Calendar().merged_with(*events);
    vault::invariant(made.has_value(), "the shipped bank holidays fit");
    made->proclaimed_to_ = static_cast<int>(data.at("proclaimed_to").as_int64());
    return std::move(*made);
  }();
  return calendar;
}

Result<Calendar> Calendar::parse_gov_uk(std::string_view text) {
  if (text.size() > kMaxCalendarBytes) return Error{Errc::too_large, "a bank-holidays.json has at most 1 MiB"};
  boost::system::error_code failed;
  const json::value parsed = json::parse(json::string_view(text), failed);
  if (failed || !parsed.is_object()) return malformed("it is not a JSON object");
  const auto* division = parsed.get_object().if_contains(kDivision);
  if (division == nullptr || !division->is_object()) return malformed("it has no \"england-and-wales\"");
  TRY(const auto events, events_of(division->get_object()));
  if (events.empty()) return malformed("it has no events");
  return Calendar().merged_with(events);
}

Result<Calendar> Calendar::merged_with(std::span<const Holiday> more) const {
  Calendar merged = *this;
  for (const Holiday& holiday : more) {
    std::string& title = merged.holidays_[holiday.date];
    if (title.empty()) title = holiday.title;  // a known title stays, so that merging again changes nothing
    merged.years_.insert(static_cast<int>(holiday.date.year()));
  }
  if (merged.holidays_.size() > kMaxHolidays) return Error{Errc::too_large, "a calendar has at most 2000 holidays"};
  // A year that somebody imports counts as proclaimed, because the file comes from those who proclaim the holidays.
  for (const Holiday& holiday : more)
    merged.proclaimed_to_ = std::max(merged.proclaimed_to_, static_cast<int>(holiday.date.year()));
  return merged;
}

Calendar Calendar::without(std::span<const Date> days) const {
  Calendar fewer = *this;
  for (const Date& day : days) fewer.holidays_.erase(day);
  return fewer;
}

std::vector<Holiday> Calendar::holidays() const {
  std::vector<Holiday> list;
  for (const auto& [date, title] : holidays_) list.push_back({date, title});
  return list;
}

std::vector<Holiday> Calendar::lacking(const Calendar& other) const {
  std::vector<Holiday> list;
  for (const auto& [date, title] : other.holidays_)
    if (!holidays_.contains(date)) list.push_back({date, title});
  return list;
}

vault::Digest Calendar::digest() const {
  std::string text(kDigestPrefix);
  for (const auto& [date, title] : holidays_) text += vault::to_string(date) + "\n";
  return vault::crypto::sha256(vault::as_bytes(text));
}

Result<Day> Calendar::day(const Date& date) const {
  const int year = static_cast<int>(date.year());
  if (!knows(year)) return unknown_year(year);
  const std::chrono::weekday weekday{sys_days(date)};
  if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday)
    return Day{date, false, std::string(name_of(weekday))};
  const auto holiday = holidays_.find(date);
  if (holiday == holidays_.end()) return Day{date, true, {}};
  std::string reason = holiday->second.empty() ? "bank holiday" : holiday->second;
  if (!is_proclaimed(year)) reason += " (not proclaimed yet)";
  return Day{date, false, std::move(reason)};
}

Result<bool> Calendar::is_working(const Date& date) const {
  TRY(const Day found, day(date));
  return found.working;
}

Result<Date> Calendar::add(const Date& from, int working_days) const {
  if (working_days < 0 || working_days > kMaxWorkingDays)
    return Error{Errc::invalid_argument, "working days are counted from 0 to " + std::to_string(kMaxWorkingDays)};
  Date date = from;
  for (int counted = 0; counted < working_days;) {
    date = plus_days(date, 1);
    TRY(const bool works, is_working(date));
    counted += works ? 1 : 0;
  }
  return date;
}

Result<Date> Calendar::subtract(const Date& to, int working_days) const {
  if (working_days < 0 || working_days > kMaxWorkingDays)
    return Error{Errc::invalid_argument, "working days are counted from 0 to " + std::to_string(kMaxWorkingDays)};
  Date date = to;
  for (int counted = 0; counted < working_days; date = plus_days(date, -1)) {
    TRY(const bool works, is_working(date));
    counted += works ? 1 : 0;
  }
  return date;
}

Result<int> Calendar::count(const Date& from, const Date& to) const {
  TRY(const auto days, explain(from, to));
  return static_cast<int>(std::ranges::count_if(days, &Day::working));
}

Result<std::vector<Day>> Calendar::explain(const Date& from, const Date& to) const {
  std::vector<Day> days;
  if (!(from < to)) return days;
  if ((sys_days(to) - sys_days(from)).count() > kMaxCalendarSpanDays)
    return Error{Errc::invalid_argument, "ask for at most twelve years at once"};
  for (Date date = plus_days(from, 1); date <= to; date = plus_days(date, 1)) {
    TRY(Day found, day(date));
    days.push_back(std::move(found));
  }
  return days;
}

}  // namespace strongroom::review
