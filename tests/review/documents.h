// Reads the filled-in documents of a fictional case (tests/review/data), as values that a test changes.
#pragma once
#include <cstdlib>
#include <string>
#include <vector>

#include "review/forms.h"
#include "vault/base/file.h"

namespace strongroom::review::test {

inline Date date(std::string_view text) {
  return vault::parse_date(text).value();
}
inline const Date kToday = date("2026-03-20");

inline const Form& form(int document) {
  return **find_form(document);
}

inline std::string document_text(int document) {
  const auto path = std::filesystem::path(std::getenv("STRONGROOM_SOURCE_DIR")) / "tests/review/data" /
                    ("document-" + std::to_string(document) + ".json");
  return vault::to_text(vault::read_file_limited(path, kMaxFormBytes).value());
}
inline FilledForm complete(int document) {
  return read_form(document_text(document), kToday).value();
}

// Returns the complete document with one value replaced by another.
inline FilledForm with(int document, std::string_view field, const json::value& value) {
  json::object values = complete(document).values;
  values[field] = value;
  return check_form(form(document), values, kToday);
}

// Returns "field: what" for each problem.
inline std::vector<std::string> problems(const FilledForm& filled) {
  std::vector<std::string> list;
  for (const Problem& problem : filled.problems) list.push_back(problem.field + ": " + problem.what);
  return list;
}

}  // namespace strongroom::review::test
