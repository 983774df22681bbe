// Breaks text into lines, for printing without a page. Part of review/print.h and review/chart.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace strongroom::review {

// Counts columns. Each code point counts as one.
std::size_t columns_of(std::string_view text);
// Replaces control characters except LF, for example by "\x1b", because they would act on a terminal.
std::string harmless(std::string_view text);
// Puts words into lines of at most `width` columns, which must be at least 1. Cuts a longer word. LF ends a line.
std::vector<std::string> lines_of(std::string_view text, std::size_t width);

}  // namespace strongroom::review
