// document, calendar: forms and working days, for which neither a server nor an identity is needed.
#include "cli/commands/documents.h"

#include <fstream>
#include <iostream>

#include "cli/commands/command.h"
#include "cli/commands/fill_form.h"
#include "review/calendar.h"
#include "review/print.h"
#include "vault/base/file.h"
#include "vault/base/terminal.h"

namespace cli {
namespace {

using review::FilledForm;
using review::Form;

constexpr int kCalendarDays = 92;  // how many days are listed without --to

bool is_standard_stream(const std::filesystem::path& file) {
  return file == "-";
}

Result<std::string> read_text(const std::filesystem::path& file) {
  if (!is_standard_stream(file)) {
    TRY(const auto bytes, vault::read_file_limited(file, review::kMaxFormBytes));
    return vault::to_text(bytes);
  }
  std::string text(review::kMaxFormBytes + 1, '\0');  // one byte too many lets read_form refuse what is too long
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  return text;
}

void print_problems(const FilledForm& filled) {
  for (const review::Problem& problem : filled.problems)
    note("  " + printable(problem.field) + ": " + printable(problem.what));
  if (filled.problems.size() == review::kMaxProblems) note("  … and there may be more");
}

// --- document blank -------------------------------------------------------------------------------------------------

void add_document_number(CLI::App& command, int& document) {
  command
      .add_option("DOCUMENT", document,
                  "1 referral, 2 scoping, 3 letter to agencies, 4 Rapid Review, 5 letter to the Panel")
      ->required()
      ->check(CLI::Range(review::kFirstDocument, review::kLastDocument))
      ->type_name("1|2|3|4|5");
}

struct DocumentBlank {
  int document = 0;
  std::optional<std::string> html;

  void add_flags(CLI::App& command) {
    add_document_number(command, document);
    command.add_option("--html", html, "A page to print and fill in by hand")->type_name("FILE");
  }
};

Result<void> run(Context& context, const DocumentBlank& options) {
  TRY(const Form* form, review::find_form(options.document));
  if (options.html) {
    TRY_VOID(write_document(*options.html, review::print_blank_html(*form)));
  }
  if (context.as_json)
    print_json(review::describe_form(*form));
  else if (!options.html)
    std::cout << review::print_blank_text(*form) << std::flush;
  return {};
}

// --- document fill --------------------------------------------------------------------------------------------------

struct DocumentFill {
  int document = 0;
  std::optional<std::string> from, to, html;

  void add_flags(CLI::App& command) {
    add_document_number(command, document);
    command.add_option("--from", from, "Answers as JSON (\"-\": standard input); wrong ones are listed")
        ->type_name("FILE");
    command.add_option("-o,--output", to, "Where it is kept; run again to continue it")->type_name("FILE");
    command.add_option("--html", html, "The filled-in document as a page")->type_name("FILE");
  }
};

// Reads the answers that the file has already. Wrong ones are listed and left out.
Result<boost::json::object> read_answers(const std::string& file, int document) {
  if (!std::filesystem::exists(file)) return boost::json::object();
  TRY(const FilledForm filled, read_document(file, document));
  if (filled.is_wrong()) {
    note("These answers are not valid, and you are asked for them again:");
    for (const review::Problem& problem : filled.problems)
      if (problem.kind == review::Problem::Kind::wrong)
        note("  " + printable(problem.field) + ": " + printable(problem.what));
  }
  return filled.values;
}

// Asks field by field. Every answer is written to the file at once, so that an interrupted conversation loses none.
Result<FilledForm> fill_at_terminal(const Form& form, const std::string& file) {
  TRY(auto values, read_answers(file, form.document));
  const auto keep = [&](const boost::json::object& answered) -> Result<void> {
    return write_document(file, review::write_form(form, answered));
  };
  TRY(values, fill_in(form, std::move(values), today(), std::cin, std::cerr, keep));
  FilledForm filled = review::check_form(form, values, today());
  if (!filled.is_complete())
    note("Your answers are in " + printable(file) + ". To continue: strongroom document fill " +
         std::to_string(form.document) + " -o " + printable(file));
  TRY_VOID(check_complete(filled));
  return filled;
}

// Refuses to replace another form: it is somebody's work. A form may be filled in place.
Result<void> check_may_write(const DocumentFill& options) {
  std::error_code ignored;
  if (!options.to || *options.to == "-" || !std::filesystem::exists(*options.to, ignored)) return {};
  if (options.from && std::filesystem::equivalent(*options.from, *options.to, ignored)) return {};
  return Error{Errc::conflict, printable(*options.to) + " exists already: choose another name, or remove it"};
}

Result<void> run(Context&, const DocumentFill& options) {
  TRY(const Form* form, review::find_form(options.document));
  const bool has_terminal = vault::is_terminal(vault::Standard::input);
  if (!options.from && !has_terminal)
    return Error{Errc::invalid_argument, "there is no terminal to ask at: give --from FILE (\"-\": standard input)"};
  FilledForm filled;
  if (options.from) {
    TRY_VOID(check_may_write(options));
    TRY(filled, read_complete_document(*options.from, options.document));
    TRY_VOID(write_document(options.to.value_or("-"), review::write_form(*form, filled.values)));
  } else {
    const std::string file = options.to.value_or(form->name() + ".json");
    TRY(filled, fill_at_terminal(*form, file));
    note(printable(file) + " is complete.");
  }
  if (!options.html) return {};
  return write_document(*options.html, review::print_html(*form, filled.values));
}

// --- calendar -------------------------------------------------------------------------------------------------------

struct CalendarList {
  std::optional<std::string> from, to;

  void add_flags(CLI::App& command) {
    command.add_option("--from", from, "Today unless given")->type_name("DATE");
    command.add_option("--to", to, "Three months later unless given")->type_name("DATE");
  }
};

Result<void> run(Context& context, const CalendarList& options) {
  review::Date from = today();
  if (options.from) {
    TRY(from, parse_day("--from", *options.from));
  }
  review::Date to = review::plus_days(from, kCalendarDays);
  if (options.to) {
    TRY(to, parse_day("--to", *options.to));
  }
  if (to < from) return Error{Errc::invalid_argument, "--to is before --from"};
  // `explain` begins with the day after its first date.
  TRY(const auto days, review::Calendar::shipped().explain(review::plus_days(from, -1), to));
  if (context.as_json) {
    json::array list;
    for (const review::Day& day : days)
      list.push_back({{"date", vault::to_string(day.date)}, {"working", day.working}, {"reason", day.reason}});
    print_json(list);
    return {};
  }
  Table table({"date", "working", "reason"});
  for (const review::Day& day : days) table.add({vault::to_string(day.date), day.working ? "yes" : "no", day.reason});
  table.print("");
  return {};
}

}  // namespace

review::Date today() {
  return vault::london_date(vault::system_clock()());
}

Result<FilledForm> read_document(const std::filesystem::path& file, int document) {
  TRY(const std::string text, read_text(file));
  TRY(FilledForm filled, review::read_form(text, today()));
  if (filled.form->document != document)
    return Error{Errc::invalid_argument,
                 (is_standard_stream(file) ? "standard input" : printable(vault::text_of(file))) +
                     " contains Document " + std::to_string(filled.form->document) + ", not Document " +
                     std::to_string(document)};
  return filled;
}

Result<void> check_complete(const FilledForm& filled) {
  if (filled.is_complete()) return {};
  print_problems(filled);
  return Error{Errc::invalid_argument, "Document " + std::to_string(filled.form->document) +
                                           " is not complete yet; the list above says what is missing or wrong"};
}

Result<FilledForm> read_complete_document(const std::filesystem::path& file, int document) {
  TRY(FilledForm filled, read_document(file, document));
  TRY_VOID(check_complete(filled));
  return filled;
}

bool looks_like_form(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  char first = ' ';
  return in >> first && first == '{';
}

Result<void> write_document(const std::filesystem::path& file, std::string_view content) {
  if (is_standard_stream(file)) {
    std::cout << content << std::flush;
    return {};
  }
  return vault::write_file_atomically(file, vault::as_bytes(content));
}

void add_document_commands(CLI::App& app) {
  auto& group = add_group(app, "document", "Documents 1 to 5 of the guidance");
  add_command<DocumentBlank>(group, "blank", "Print an empty document; --json describes its fields",
                             "strongroom document blank 1 --html referral.html");
  add_command<DocumentFill>(group, "fill", "Fill in a document: from a file, or by answering field by field",
                            "strongroom document fill 1 -o referral.json\n"
                            "  strongroom document blank 1 --json | jq .blank >answers.json   # edit it, then:\n"
                            "  strongroom document fill 1 --from answers.json -o referral.json");
  add_command<CalendarList>(app, "calendar", "Working days of England and Wales, from what this program knows",
                            "strongroom calendar --from 2026-03-30 --to 2026-04-10");
}

}  // namespace cli
