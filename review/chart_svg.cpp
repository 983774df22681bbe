#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "review/chart.h"
#include "review/embedded_data.h"
#include "review/page.h"
#include "review/print.h"
#include "review/text_lines.h"

namespace strongroom::review {
namespace {

// All lengths are user units. One is about a pixel on a screen.
constexpr int kWidth = 960;
constexpr int kMargin = 30;
constexpr int kRight = kWidth - kMargin;
constexpr int kRail = 48;  // the line that joins the steps
constexpr int kCardLeft = 84;
constexpr int kCardTextLeft = kCardLeft + 20;
constexpr int kGap = 22;   // between cards
constexpr int kLine = 22;  // of text
constexpr std::size_t kCardColumns = 92;
constexpr std::size_t kHeadColumns = 100;
constexpr std::size_t kMaxNoteLines = 4;
constexpr int kForkHeight = 70;
constexpr int kScaleLeft = 200;
constexpr int kMonthWidth = 75;
constexpr int kBarStep = 34;
constexpr int kBarHeight = 18;

std::string_view class_of(StepState state) {
  switch (state) {
    case StepState::done:
      return "done";
    case StepState::done_late:
      return "was-late";
    case StepState::now:
      return "now";
    case StepState::overdue:
      return "late";
    case StepState::waiting:
      return "waiting";
    case StepState::not_needed:
      return "unneeded";
    case StepState::left_open:
      return "left-open";
  }
  return "";
}

std::string_view sign_of(StepState state) {
  switch (state) {
    case StepState::done:
      return "M-6 0 L-2 5 L7 -5";
    case StepState::done_late:
    case StepState::overdue:
    case StepState::left_open:
      return "M0 -8 L0 2 M0 6 L0 8";
    case StepState::now:
      return "M-4 -6 L6 0 L-4 6 Z";
    case StepState::waiting:
    case StepState::not_needed:
      return "";
  }
  return "";
}

class SvgWriter {
 public:
  explicit SvgWriter(const Chart& chart) : chart_(chart) {}

  std::string svg() {
    head();
    for (std::size_t at = 0; at < chart_.steps.size(); ++at) {
      step(chart_.steps[at], at + 1 == chart_.steps.size());
      if (at == chart_.fork_after) fork();
    }
    timescale();
    const int height = y_ + kMargin;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
               "role=\"img\" "
               "aria-labelledby=\"title description\" lang=\"en-GB\">\n<title id=\"title\">Flow chart of the review "
               "{2}</title>\n"
               "<desc id=\"description\">{3}</desc>\n<style>{4}</style>\n",
               kWidth, height, escape_html(chart_.reference), escape_html(chart_text(chart_)), data::k_pages_chart) +
           fmt::format("<rect class=\"page\" width=\"{}\" height=\"{}\"/>\n", kWidth, height) + out_ + "</svg>\n";
  }

 private:
  void text(int x, int y, std::string_view css_class, std::string_view words, std::string_view anchor = "start") {
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, css_class, anchor,
                        escape_html(words));
  }
  void line(int x1, int y1, int x2, int y2, std::string_view css_class) {
    out_ += fmt::format("<path class=\"{}\" d=\"M{} {} L{} {}\"/>\n", css_class, x1, y1, x2, y2);
  }
  void box(int x, int y, int width, int height, std::string_view css_class) {
    out_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", css_class, x, y, width,
                        height);
  }

  void head() {
    text(kMargin, 52, "caption", "Rapid Review, as of " + long_date(chart_.today));
    text(kMargin, 92, "title", chart_.reference);
    y_ = 112;
    for (const std::string& words : lines_of(chart_.standing, kHeadColumns)) text(kMargin, y_ += 24, "standing", words);
    for (const std::string& warning : chart_.warnings) {
      const auto words = lines_of(warning, kHeadColumns - 6);
      y_ += 16;
      box(kMargin, y_, 5, static_cast<int>(words.size()) * kLine + 8, "warning-bar");
      for (const std::string& one : words) text(kMargin + 18, y_ += kLine, "warning", one);
      y_ += 8;
    }
    y_ += 26;
  }

  static std::vector<std::pair<std::string, std::string_view>> lines_of_step(const ChartStep& step) {
    std::vector<std::pair<std::string, std::string_view>> list;
    const auto add = [&](const std::string& words, std::string_view css_class) {
      if (words.empty()) return;
      auto lines = lines_of(words, kCardColumns);
      if (lines.size() > kMaxNoteLines) {
        lines.resize(kMaxNoteLines);
        lines.back() += " …";
      }
      for (std::string& one : lines) list.emplace_back(std::move(one), css_class);
    };
    add(step.limit, "limit");
    add(step.done, "when");
    add(step.note, "note");
    return list;
  }

  void step(const ChartStep& step, bool is_last) {
    const auto lines = lines_of_step(step);
    const int height = 44 + static_cast<int>(lines.size()) * kLine + (lines.empty() ? 0 : 4);
    const std::string_view css_class = class_of(step.state);
    out_ += fmt::format("<g class=\"step {}\">\n", css_class);
    if (!is_last) line(kRail, y_ + 22, kRail, y_ + height + kGap + 6, "rail");
    box(kCardLeft, y_, kRight - kCardLeft, height, "card");
    if (step.state == StepState::now || step.state == StepState::overdue) box(kCardLeft, y_, 7, height, "edge");
    line(kRail + 16, y_ + 22, kCardLeft, y_ + 22, "rail");
    out_ += fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"16\"/>\n", kRail, y_ + 22);
    if (const auto sign = sign_of(step.state); !sign.empty())
      out_ += fmt::format("<path class=\"sign\" transform=\"translate({} {})\" d=\"{}\"/>\n", kRail, y_ + 22, sign);
    text(kCardTextLeft, y_ + 28, "name", step.title);
    const std::string state(to_string(step.state));
    text(kRight - 16, y_ + 28, "state", lines.empty() ? step.cites + ", " + state : state, "end");
    int y = y_ + 30;
    for (const auto& [words, line_class] : lines) text(kCardTextLeft, y += kLine, line_class, words);
    if (!lines.empty()) text(kRight - 16, y_ + 30 + kLine, "cites", step.cites, "end");
    out_ += "</g>\n";
    y_ += height + kGap;
  }

  // Draws the three decisions side by side.
  void fork() {
    constexpr std::array kBranches{std::tuple{Decision::practice_review, "Child safeguarding", "practice review"},
                                   std::tuple{Decision::alternative_review, "Another form of", "learning review"},
                                   std::tuple{Decision::neither, "No further review;", "learning acted upon"}};
    constexpr int kSpace = 18;
    constexpr int kBranchWidth = (kRight - kCardLeft - 2 * kSpace) / 3;
    const int top = y_ + 12;
    const int middle = (kCardLeft + kRight) / 2;
    out_ += fmt::format("<g class=\"{}\">\n", class_of(chart_.steps[chart_.fork_after].state));
    // The rail goes past the three cards to the next step, in the colour of the step before.
    line(kRail, y_ - kGap, kRail, y_ + kForkHeight + kGap + 18, "rail");
    out_ += "</g>\n";
    line(middle, y_ - kGap, middle, top - 14, "rail");
    const bool is_over = chart_.decision || chart_.stage == Stage::not_pursued;
    int x = kCardLeft;
    for (const auto& [decision, first, second] : kBranches) {
      const bool is_it = chart_.decision == decision;
      const std::string_view css_class = is_it ? "chosen" : is_over ? "unchosen" : "open";
      const int centre = x + kBranchWidth / 2;
      out_ += fmt::format("<g class=\"branch {}\">\n", css_class);
      line(middle, top - 14, centre, top - 14, "rail");
      line(centre, top - 14, centre, top, "rail");
      box(x, top, kBranchWidth, kForkHeight, "card");
      text(centre, top + 31, "name", first, "middle");
      text(centre, top + 53, "name", second, "middle");
      out_ += "</g>\n";
      x += kBranchWidth + kSpace;
    }
    y_ = top + kForkHeight + kGap;
  }

  int x_of(const Date& date) const {
    const auto first = std::chrono::sys_days(chart_.days.front().date);
    const auto offset = std::clamp<std::int64_t>((std::chrono::sys_days(date) - first).count(), 0,
                                                 static_cast<std::int64_t>(chart_.days.size()));
    return kScaleLeft +
           static_cast<int>(offset * (kRight - kScaleLeft) / static_cast<std::int64_t>(chart_.days.size()));
  }
  int end_of(const Date& date) const { return x_of(plus_days(date, 1)); }

  void timescale() {
    if (chart_.days.empty() || chart_.bars.empty()) return;
    y_ += 26;
    text(kMargin, y_, "heading", "Timescale");
    text(kRight, y_, "cites", "Grey: not a working day", "end");
    y_ += 44;
    const int top = y_;
    const int bottom = top + 14 + static_cast<int>(chart_.bars.size()) * kBarStep;
    days(top, bottom);
    y_ = top + 14;
    for (const ChartBar& bar : chart_.bars) this->bar(bar);
    today(top, bottom);
    y_ = bottom + 44;
    text(kMargin, y_, "cites",
         "Bars: from the trigger, or the first day allowed, to the last. Diamonds: when it was done, or is planned.");
  }

  // Returns the place on the timescale at which the month ends.
  int end_of_month(const Date& date) const {
    return x_of(Date(std::chrono::sys_days(date.year() / date.month() / std::chrono::last) + std::chrono::days(1)));
  }

  void days(int top, int bottom) {
    const int day_width = (kRight - kScaleLeft) / static_cast<int>(chart_.days.size());
    const bool says_each = day_width >= 21;
    unsigned month = 0;
    for (const Day& day : chart_.days) {
      const int x = x_of(day.date);
      const auto number = static_cast<unsigned>(day.date.day());
      const bool is_monday = std::chrono::weekday(std::chrono::sys_days(day.date)) == std::chrono::Monday;
      if (!day.working) box(x, top, end_of(day.date) - x, bottom - top, "rest");
      if (says_each || is_monday) text((x + end_of(day.date)) / 2, top - 6, "day", std::to_string(number), "middle");
      if (const auto now = static_cast<unsigned>(day.date.month());
          now != month && x < end_of_month(day.date) - kMonthWidth) {
        const std::string name = long_date(day.date);
        text(x + 2, top - 24, "month", name.substr(name.find(' ') + 1));
        month = now;
      }
    }
    line(kScaleLeft, top, kRight, top, "axis");
    line(kScaleLeft, bottom, kRight, bottom, "axis");
  }

  void bar(const ChartBar& bar) {
    const int middle = y_ + kBarHeight / 2;
    text(kMargin, middle + 5, "label", bar.label);
    const int from = x_of(bar.from);
    const int to = end_of(bar.to);
    box(from, y_, std::max(3, to - from), kBarHeight, bar.is_late ? "bar is-late" : "bar");
    const bool runs_on = bar.is_late && !(bar.at && *bar.at <= chart_.today);
    const Date end = runs_on ? chart_.today : bar.at.value_or(bar.to);
    if (bar.is_late && bar.to < end) box(to, y_, std::max(3, end_of(end) - to), kBarHeight, "over");
    if (bar.at) {
      const int x = (x_of(*bar.at) + end_of(*bar.at)) / 2;
      out_ += fmt::format("<path class=\"{}\" d=\"M{} {} l8 8 l-8 8 l-8 -8 Z\"/>\n",
                          bar.is_late ? "mark is-late" : "mark", x, middle - 8);
    }
    y_ += kBarStep;
  }

  void today(int top, int bottom) {
    if (chart_.today < chart_.days.front().date || chart_.days.back().date < chart_.today) return;
    const int x = (x_of(chart_.today) + end_of(chart_.today)) / 2;
    line(x, top, x, bottom + 4, "today");
    text(x, bottom + 18, "today-label", "today", x > kRight - 40 ? "end" : "middle");
  }

  const Chart& chart_;
  std::string out_;
  int y_ = 0;
};

}  // namespace

std::string chart_svg(const Chart& chart) {
  return SvgWriter(chart).svg();
}

}  // namespace strongroom::review
