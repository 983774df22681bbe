// Reads a file of bank holidays from elsewhere. Requires that an accepted file adds days and removes none, and that its
// arithmetic holds.
#include "review/calendar.h"
#include "tests/fuzz/require.h"

using namespace strongroom::review;

namespace fuzz = vault::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto calendar = Calendar::parse_gov_uk(text);
  if (!calendar) return 0;
  const auto days = calendar->holidays();
  fuzz::require(days.size() <= kMaxHolidays);
  for (std::size_t i = 1; i < days.size(); ++i) fuzz::require(days[i - 1].date < days[i].date);
  const auto merged = Calendar::shipped().merged_with(days);
  if (merged) {
    fuzz::require(Calendar::shipped().lacking(*merged).size() + Calendar::shipped().holidays().size() ==
                  merged->holidays().size());
    fuzz::require(merged->lacking(Calendar::shipped()).empty() && merged->lacking(*calendar).empty());
  }
  if (days.empty()) return 0;
  const auto& first = days.front().date;
  const auto later = calendar->add(first, 5);
  if (later) fuzz::require(calendar->count(first, *later).value_or(0) == 5);
  fuzz::require(!calendar->is_working(first).value_or(true));
  return 0;
}
