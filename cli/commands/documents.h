// Documents 1 to 5 as files: what `strongroom document` and the commands that take a `--form FILE` share.
#pragma once
#include <filesystem>
#include <string_view>

#include "review/forms.h"

namespace cli {

namespace review = strongroom::review;

// The date of today in Europe/London.
review::Date today();

// The filled form in the file ("-": standard input), which must be of that document; not necessarily complete. Errors
// are those of review::read_form, Errc::not_found where there is no such file, invalid_argument for another document.
vault::Result<review::FilledForm> read_document(const std::filesystem::path& file, int document);

// The same, complete. Each problem goes to stderr on a line of its own; Errc::invalid_argument then.
vault::Result<review::FilledForm> read_complete_document(const std::filesystem::path& file, int document);
vault::Result<void> require_complete_saying_why(const review::FilledForm& filled);

// Whether the file is JSON, as a form of ours is; any other is taken as it comes: a scan, a PDF.
bool looks_like_form(const std::filesystem::path& file);

// A page or a form under its name, replacing what was there, mode 0600; "-" is standard output.
vault::Result<void> write_document(const std::filesystem::path& file, std::string_view content);

}  // namespace cli
