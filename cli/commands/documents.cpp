// document, calendar: forms and working days, which need neither a server nor an identity.
#include "cli/commands/documents.h"

#include <unistd.h>

#include <fstream>
#include <iostream>

#include "cli/commands/context.h"
#include "cli/commands/fill_form.h"
#include "review/calendar.h"
#include "review/print.h"
#include "vault/base/file.h"

namespace cli {
namespace {

using review::FilledForm;
using review::Form;

constexpr int kCalendarDays = 92;  // listed unless --to says otherwise

bool is_stdin(const std::filesystem::path& file) {
  return file == "-";
}

Result<std::string> read_text(const std::filesystem::path& file) {
  if (!is_stdin(file)) {
    auto bytes = vault::read_file_limited(file, review::kMaxFormBytes);
    if (!bytes) return Error{bytes.code(), printable(file.native()) + ": " + bytes.error().message};
    return vault::to_text(*bytes);
  }
  std::string text(review::kMaxFormBytes + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  return text;
}

void say_problems(const FilledForm& filled) {
  for (const review::Problem& problem : filled.problems)
    note("  " + printable(problem.field) + ": " + printable(problem.what));
  if (filled.problems.size() == review::kMaxProblems) note("  … and perhaps more");
}

struct Blank {
  int document = 0;
  std::optional<std::string> html;
};

Result<void> blank(const Context& context, const Blank& options) {
  TRY(const Form* form, review::find_form(options.document));
  if (options.html) {
    TRY_VOID(write_document(*options.html, review::print_blank_html(*form)));
  }
  if (context.as_json)
    Context::print(review::describe_form(*form));
  else if (!options.html)
    std::cout << review::print_blank_text(*form) << std::flush;
  return {};
}

struct Fill {
  int document = 0;
  std::optional<std::string> from, to, html;
};

// What a file holds already, wrong answers said and left out.
Result<boost::json::object> answers_so_far(const Fill& options) {
  const auto& source = options.from ? options.from : options.to;
  if (!source || (!options.from && !std::filesystem::exists(*source))) return boost::json::object();
  TRY(const FilledForm filled, read_document(*source, options.document));
  if (filled.is_wrong()) {
    note("These answers cannot stand and are asked for again:");
    for (const review::Problem& problem : filled.problems)
      if (problem.kind == review::Problem::Kind::wrong)
        note("  " + printable(problem.field) + ": " + printable(problem.what));
  }
  return filled.values;
}

Result<FilledForm> converse(const Form& form, const Fill& options) {
  TRY(auto values, answers_so_far(options));
  const auto keep = [&](const boost::json::object& answered) -> Result<void> {
    return write_document(*options.to, review::write_form(form, answered));
  };
  TRY(values, fill_in(form, std::move(values), today(), std::cin, std::cerr, keep));
  FilledForm filled = review::check_form(form, values, today());
  if (!filled.is_complete())
    note("What is answered stands in " + printable(*options.to) + ". To go on: strongroom document fill " +
         std::to_string(form.document) + " -o " + printable(*options.to));
  TRY_VOID(require_complete_saying_why(filled));
  return filled;
}

// Another form under that name is somebody's work.
Result<void> refuse_to_replace(const Fill& options) {
  std::error_code ignored;
  if (!options.to || *options.to == "-" || !std::filesystem::exists(*options.to, ignored)) return {};
  if (options.from && std::filesystem::equivalent(*options.from, *options.to, ignored)) return {};
  return Error{Errc::conflict, printable(*options.to) + " is there already; choose another name, or remove it"};
}

Result<void> fill(Fill options) {
  TRY(const Form* form, review::find_form(options.document));
  const bool has_terminal = isatty(STDIN_FILENO) == 1;
  if (!options.from && !has_terminal)
    return Error{Errc::invalid_argument, "there is no terminal to ask at: give --from FILE (\"-\": standard input)"};
  FilledForm filled;
  if (options.from) {
    TRY_VOID(refuse_to_replace(options));
    TRY(filled, read_complete_document(*options.from, options.document));
    TRY_VOID(write_document(options.to.value_or("-"), review::write_form(*form, filled.values)));
  } else {
    if (!options.to) options.to = form->name() + ".json";
    TRY(filled, converse(*form, options));
    note(printable(*options.to) + " is complete.");
  }
  if (!options.html) return {};
  return write_document(*options.html, review::print_html(*form, filled.values));
}

CLI::Option* add_document_number(CLI::App* command, int& document) {
  return command
      ->add_option("DOCUMENT", document,
                   "1 referral, 2 scoping, 3 letter to agencies, 4 Rapid Review, 5 letter to the Panel")
      ->required()
      ->check(CLI::Range(review::kFirstDocument, review::kLastDocument))
      ->type_name("1|2|3|4|5");
}

void add_document(CLI::App& app) {
  auto* group = add_command(app, "document", "Documents 1 to 5 of the guidance", "");
  group->require_subcommand(1);

  auto blank_options = std::make_shared<Blank>();
  auto* command = add_command(*group, "blank", "Print an empty document; --json describes its fields",
                              "strongroom document blank 1 --html referral.html");
  add_document_number(command, blank_options->document);
  command->add_option("--html", blank_options->html, "A page to print and fill in by hand")->type_name("FILE");
  on_run(command, [blank_options](Context& context) { return blank(context, *blank_options); });

  auto fill_options = std::make_shared<Fill>();
  command = add_command(*group, "fill", "Fill in a document: from a file, or by answering field by field",
                        "strongroom document fill 1 -o referral.json\n"
                        "  strongroom document blank 1 --json | jq .blank >answers.json   # edit it, then:\n"
                        "  strongroom document fill 1 --from answers.json -o referral.json");
  add_document_number(command, fill_options->document);
  command->add_option("--from", fill_options->from, "Answers as JSON (\"-\": standard input); what is wrong is named")
      ->type_name("FILE");
  command->add_option("-o,--output", fill_options->to, "Where it is kept; run again to continue it")->type_name("FILE");
  command->add_option("--html", fill_options->html, "The filled-in document as a page")->type_name("FILE");
  on_run(command, [fill_options](Context&) { return fill(*fill_options); });
}

struct Span {
  std::optional<std::string> from, to;
};

Result<void> calendar(const Context& context, const Span& options) {
  review::Date from = today();
  if (options.from) {
    TRY(from, parse_day("--from", *options.from));
  }
  review::Date to = review::plus_days(from, kCalendarDays);
  if (options.to) {
    TRY(to, parse_day("--to", *options.to));
  }
  if (to < from) return Error{Errc::invalid_argument, "--to is before --from"};
  TRY(const auto days, review::Calendar::shipped().explain(review::plus_days(from, -1), to));
  if (context.as_json) {
    json::array list;
    for (const review::Day& day : days)
      list.push_back({{"date", vault::to_string(day.date)}, {"working", day.working}, {"reason", day.reason}});
    Context::print(list);
    return {};
  }
  Table table({"date", "working", "reason"});
  for (const review::Day& day : days) table.add({vault::to_string(day.date), day.working ? "yes" : "no", day.reason});
  table.print("");
  return {};
}

void add_calendar(CLI::App& app) {
  auto options = std::make_shared<Span>();
  auto* command = add_command(app, "calendar", "Working days of England and Wales, from what this program knows",
                              "strongroom calendar --from 2026-03-30 --to 2026-04-10");
  command->add_option("--from", options->from, "Today unless given")->type_name("DATE");
  command->add_option("--to", options->to, "Three months later unless given")->type_name("DATE");
  on_run(command, [options](Context& context) { return calendar(context, *options); });
}

}  // namespace

review::Date today() {
  return vault::london_date(vault::system_clock()());
}

Result<FilledForm> read_document(const std::filesystem::path& file, int document) {
  TRY(const std::string text, read_text(file));
  TRY(FilledForm filled, review::read_form(text, today()));
  if (filled.form->document != document)
    return Error{Errc::invalid_argument, "this is Document " + std::to_string(filled.form->document) +
                                             ", not Document " + std::to_string(document)};
  return filled;
}

Result<void> require_complete_saying_why(const FilledForm& filled) {
  if (filled.is_complete()) return {};
  say_problems(filled);
  return Error{Errc::invalid_argument, "Document " + std::to_string(filled.form->document) + " cannot stand as it is"};
}

Result<FilledForm> read_complete_document(const std::filesystem::path& file, int document) {
  TRY(FilledForm filled, read_document(file, document));
  TRY_VOID(require_complete_saying_why(filled));
  return filled;
}

bool looks_like_form(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  char first = ' ';
  return in >> first && first == '{';
}

Result<void> write_document(const std::filesystem::path& file, std::string_view content) {
  if (is_stdin(file)) {
    std::cout << content << std::flush;
    return {};
  }
  return vault::write_file_atomically(file, vault::as_bytes(content));
}

void add_document_commands(CLI::App& app) {
  add_document(app);
  add_calendar(app);
}

}  // namespace cli
