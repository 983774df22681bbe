// Text in lines, for what is printed without a page. Part of review/print.h and review/chart.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace strongroom::review {

// Code points, as which columns are counted here.
std::size_t columns_of(std::string_view text);
// Control characters but LF, which would act on a terminal, as "\x1b".
std::string harmless(std::string_view text);
// Words in lines of at most `width` columns (1 at least); a longer word is cut. LF ends a line.
std::vector<std::string> lines_of(std::string_view text, std::size_t width);

}  // namespace strongroom::review
