// Prints Documents 1 to 5 for people, as a page of HTML (review/page.h) and as plain text. Documents 3 and 5 are
// printed as letters. `values` are those of a FilledForm or of `prefill`; they may be incomplete, and are escaped here.
#pragma once
#include <string>

#include "review/forms.h"

namespace strongroom::review {

enum class Unanswered {
  is_said,    // "Not answered": a document for the file
  is_a_blank  // a box or a line to write in: a form in which the rest is filled in by hand
};
std::string print_html(const Form& form, const json::object& values, Unanswered unanswered = Unanswered::is_said);
std::string print_text(const Form& form, const json::object& values, Unanswered unanswered = Unanswered::is_said);
inline std::string print_blank_html(const Form& form) {
  return print_html(form, {}, Unanswered::is_a_blank);
}
inline std::string print_blank_text(const Form& form) {
  return print_text(form, {}, Unanswered::is_a_blank);
}

// Replaces `{health_partner}` by the partner's name on that date.
std::string words_by_date(std::string_view text, const Date& date);
// Writes a date as in "2 March 2026".
std::string long_date(const Date& date);
// Names the three safeguarding partners on that date: "the local authority, the integrated care board and the police".
std::string partners_named(const Date& date);

}  // namespace strongroom::review
