// Makes the frame of every page that we print: one HTML file that looks like GOV.UK and prints cleanly on A4. It loads
// nothing from anywhere: its style is inside, it uses system fonts, and its policy allows neither scripts nor other
// resources. The caller gives the content as HTML in `Page::body`, and must pass every text that is not a constant of
// ours through `escape_html`. The classes that a body may use are in review/pages/page.css.
#pragma once
#include <string>
#include <string_view>

namespace strongroom::review {

// Makes a text safe in HTML, also within a quoted attribute. Control characters except LF become, for example, "\x1b".
// In a text that is not UTF-8 every byte above 0x7f does too.
std::string escape_html(std::string_view text);
// Same, and each line end becomes a <br>.
std::string escape_html_lines(std::string_view text);

struct Page {
  std::string title;      // of the window, as plain text
  std::string reference;  // of the case, as plain text; printed above the page and at each sheet's foot; may be empty
  std::string marking = "Confidential: child safeguarding";
  std::string body;      // HTML
  std::string more_css;  // constants of ours only, for a page with a layout of its own, such as labels
};
std::string html_page(const Page& page);

}  // namespace strongroom::review
