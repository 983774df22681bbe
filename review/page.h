// The shell of every page that we print: one HTML file that looks like GOV.UK, prints cleanly on A4 and asks for
// nothing from anywhere (its style within, system fonts, a policy that allows neither scripts nor other resources).
// What a page says comes as HTML in `Page::body`: whatever is not ours goes through `escape_html`. The classes that a
// body may use stand in review/pages/page.css.
#pragma once
#include <string>
#include <string_view>

namespace strongroom::review {

// Safe as text and within a quoted attribute. Control characters but LF, and all of a text that is not UTF-8, become
// "\xff" and the like.
std::string escape_html(std::string_view text);
// The same, each line end a <br>.
std::string escape_html_lines(std::string_view text);

struct Page {
  std::string title;      // plain text: of the window
  std::string reference;  // plain text: of the case; above the page and at the foot of each sheet; may be empty
  std::string marking = "Confidential: child safeguarding";
  std::string body;      // HTML
  std::string more_css;  // ours only: of a page with a layout of its own, such as labels
};
std::string html_page(const Page& page);

}  // namespace strongroom::review
