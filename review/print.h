// Documents 1 to 5 as people read them: a page of HTML (review/page.h) and plain text. The letters, Documents 3 and 5,
// come as letters. `values` are those of a FilledForm or of `prefill`: right as far as they go, escaped here.
#pragma once
#include <string>

#include "review/forms.h"

namespace strongroom::review {

enum class Unanswered {
  is_said,    // "Not answered": a document for the file
  is_a_blank  // a box or a line to write in: a form to fill in by hand, wholly or from where the values end
};
std::string print_html(const Form& form, const json::object& values, Unanswered unanswered = Unanswered::is_said);
std::string print_text(const Form& form, const json::object& values, Unanswered unanswered = Unanswered::is_said);
inline std::string print_blank_html(const Form& form) {
  return print_html(form, {}, Unanswered::is_a_blank);
}
inline std::string print_blank_text(const Form& form) {
  return print_text(form, {}, Unanswered::is_a_blank);
}

// What a form says with the partners' names of that date in the place of `{health_partner}`.
std::string words_by_date(std::string_view text, const Date& date);
// "2 March 2026".
std::string long_date(const Date& date);
// The three safeguarding partners by date: "the local authority, the integrated care board and the police".
std::string partners_named(const Date& date);

}  // namespace strongroom::review
