// Turns the values of a form into words, for both ways of printing it. Part of review/print.h; nobody else includes it.
#pragma once
#include <functional>

#include "review/forms.h"

namespace strongroom::review {

class PrintedForm {
 public:
  PrintedForm(const Form& form, const json::object& values);

  // Returns a value as people read it: "2 March 2026", "Yes", an option's label. Commas separate several values.
  std::string value(const Field& field, const json::value& value) const;
  // Puts the partners' names, on the date of the form, into a label, a help text or an option.
  std::string words(std::string_view text) const;
  // Fills in the `{field}` placeholders of a letter. Our own words go through `plain` and values through `given`, which
  // must escape them. A field without a value becomes `gap`.
  using Writer = std::function<std::string(std::string_view)>;
  std::string letter_text(std::string_view text, const Writer& plain, const Writer& given,
                          const std::string& gap) const;
  // Whether a block or a line of the letter is printed.
  bool has(std::string_view field) const { return field.empty() || values_.contains(field); }

 private:
  const Form& form_;
  const json::object& values_;
  Date names_as_of_;
};

// Whether a list is narrow enough to be printed as a table. A wider one is printed row by row.
bool fits_a_table(const Field& list);

}  // namespace strongroom::review
