#include <algorithm>

#include "review/chart.h"
#include "review/text_lines.h"

namespace strongroom::review {
namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kIndent = 4;

std::string_view mark_of(StepState state) {
  switch (state) {
    case StepState::done:
      return "✓";
    case StepState::done_late:
    case StepState::overdue:
    case StepState::left_open:
      return "!";
    case StepState::now:
      return "▶";
    case StepState::waiting:
      return "○";
    case StepState::not_needed:
      return "–";
  }
  return " ";
}

std::string lines(std::string_view text, std::string_view margin) {
  std::string out;
  for (const std::string& line : lines_of(harmless(text), kColumns - kIndent)) out += std::string(margin) + line + "\n";
  return out;
}

std::string fork_text(const Chart& chart) {
  const auto branch = [&](Decision decision, std::string_view words) {
    const bool is_it = chart.decision == decision;
    return std::string(is_it ? "[" : " ") + std::string(words) + (is_it ? "]" : " ");
  };
  return " ├── " + branch(Decision::practice_review, "practice review") + " ── " +
         branch(Decision::alternative_review, "alternative review") + " ── " +
         branch(Decision::neither, "no further review") + "\n";
}

}  // namespace

std::string chart_text(const Chart& chart) {
  std::string out = harmless(chart.reference) + ", " + vault::to_string(chart.today) + "\n" + lines(chart.standing, "");
  for (const std::string& warning : chart.warnings) out += lines("! " + warning, "");
  out += "\n";
  for (std::size_t at = 0; at < chart.steps.size(); ++at) {
    const ChartStep& step = chart.steps[at];
    const bool is_last = at + 1 == chart.steps.size();
    const std::string margin = is_last ? "    " : " │  ";
    out += " " + std::string(mark_of(step.state)) + "  " + step.title + " (" + step.cites + ")";
    const bool is_said = step.state != StepState::done && step.state != StepState::waiting;
    out += (is_said ? ": " + std::string(to_string(step.state)) : "") + "\n";
    if (!step.limit.empty()) out += lines(step.limit, margin);
    if (!step.done.empty()) out += lines(step.done, margin);
    if (!step.note.empty()) out += lines(step.note, margin);
    if (at == chart.fork_after) out += fork_text(chart);
    if (!is_last) out += " │\n";
  }
  return out;
}

}  // namespace strongroom::review
