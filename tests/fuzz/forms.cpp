// Reads filled forms as a stranger may have written them. Requires that a form that is kept is read again as it is
// written, and that nothing in its print acts in a page or on a terminal.
#include "review/forms.h"

#include "review/print.h"
#include "tests/fuzz/require.h"

namespace {

using namespace strongroom::review;
using vault::fuzz::require;

bool acts(std::string_view text, std::string_view page_only) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && text[at] != '\n') || byte == 0x7f) return true;
    if (byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return true;
  }
  return !page_only.empty() && text.find(page_only) != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = vault::as_text(std::as_bytes(std::span(data, size)));
  const auto today = vault::parse_date("2026-03-20").value();
  const auto filled = read_form(input, today);
  if (!filled) return 0;
  require(filled->problems.size() <= kMaxProblems);
  for (const Problem& problem : filled->problems) require(!problem.what.empty());
  const auto again = read_form(write_form(*filled->form, filled->values), today);
  require(again.has_value() && again->form == filled->form);
  require(again->values == filled->values);
  require(!again->is_wrong());
  if (filled->is_complete()) require(again->is_complete());
  for (const auto unanswered : {Unanswered::is_said, Unanswered::is_a_blank}) {
    require(!acts(print_html(*filled->form, filled->values, unanswered), "<script"));
    require(!acts(print_text(*filled->form, filled->values, unanswered), {}));
  }
  return 0;
}
