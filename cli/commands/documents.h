// Documents 1 to 5 as files, for `strongroom document` and the commands that take a `--form FILE`.
#pragma once
#include <filesystem>
#include <string_view>

#include "review/forms.h"

namespace cli {

namespace review = strongroom::review;

// Today's date in Europe/London.
review::Date today();

// Reads a filled form of that document from a file ("-": standard input). It need not be complete. Errors are those of
// review::read_form, Errc::not_found if there is no such file, Errc::invalid_argument if it is another document.
vault::Result<review::FilledForm> read_document(const std::filesystem::path& file, int document);

// As `read_document`, but the form must be complete. If it is not, prints each problem on a line of its own on stderr
// and returns Errc::invalid_argument.
vault::Result<review::FilledForm> read_complete_document(const std::filesystem::path& file, int document);
vault::Result<void> check_complete(const review::FilledForm& filled);

// Whether the file is JSON, and so meant as a form of ours. Other files, for example a scan, are secured as they come.
bool looks_like_form(const std::filesystem::path& file);

// Writes a page or a form with mode 0600, replacing what the file contained. "-" is standard output.
vault::Result<void> write_document(const std::filesystem::path& file, std::string_view content);

}  // namespace cli
