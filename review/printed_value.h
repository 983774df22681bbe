// A value of a form in words, for both ways of printing it. Part of review/print.h; nobody else includes it.
#pragma once
#include <functional>

#include "review/forms.h"

namespace strongroom::review {

class PrintedForm {
 public:
  PrintedForm(const Form& form, const json::object& values);

  // What a person reads: "2 March 2026", "Yes", an option's label; several things stand with commas between.
  std::string value(const Field& field, const json::value& value) const;
  // Labels, help and options may speak of partners by their name of the day.
  std::string words(std::string_view text) const;
  // The text with its `{field}` placeholders filled in: our own words go through `plain`, values through `given`, and a
  // field without a value is `gap`.
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

// Whether a list prints as a table; a wider one prints row by row.
bool fits_a_table(const Field& list);

}  // namespace strongroom::review
