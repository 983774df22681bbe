// Describes the calendar of bank holidays that a vault's clocks use. Its commands and entries belong to the directory,
// because it changes the clocks of every case that runs. Docs: docs/formats.md
#pragma once
#include "access/wire/describe_json.h"
#include "access/wire/ids.h"

namespace strongroom::access::wire {

// Merges bank holidays of England and Wales with those that are known (review/calendar.h). A SPOC or a partner signs
// it, and its entry is in the directory's chain.
struct ImportCalendar {
  static constexpr std::string_view kKind = "calendar.import";
  std::vector<Date> added;    // bank holidays that the calendar lacks, ascending
  std::vector<Date> removed;  // future days that turned out to be no bank holidays, ascending
  Digest calendar{};          // of the merged calendar (Calendar::digest); any other digest is a conflict
};
BOOST_DESCRIBE_STRUCT(ImportCalendar, (), (added, removed, calendar))

struct CalendarImported {
  static constexpr std::string_view kKind = "calendar.imported";
  static constexpr auto kComputed = std::to_array<std::string_view>({"before"});
  std::vector<Date> added;
  std::vector<Date> removed;
  Digest before{};  // of the calendar before the import
  Digest calendar{};
};
BOOST_DESCRIBE_STRUCT(CalendarImported, (), (added, removed, before, calendar))

struct HolidayView {
  Date date{};
  std::string title;  // empty if only the date is known
};
BOOST_DESCRIBE_STRUCT(HolidayView, (), (date, title))

// Shows the calendar that Calendar::shipped() and the imports lead to. A client computes it as
// `shipped().without(removed)` merged with `added`.
struct CalendarView {
  Digest calendar{};
  std::uint64_t first_year = 0;  // known without a gap from here
  std::uint64_t last_year = 0;   // to here
  std::uint64_t proclaimed_to = 0;
  std::vector<HolidayView> holidays;
  std::vector<Date> added;
  std::vector<Date> removed;
};
BOOST_DESCRIBE_STRUCT(CalendarView, (), (calendar, first_year, last_year, proclaimed_to, holidays, added, removed))

}  // namespace strongroom::access::wire
