// document print, calendar import: what the two groups of documents.cpp need a server for.
#include <iostream>

#include "cli/commands/documents.h"
#include "cli/commands/review.h"
#include "review/print.h"

namespace cli {
namespace {

using access::RecordClass;
using access::Role;

// --- document print -------------------------------------------------------------------------------------------------

struct PrintOptions {
  std::string case_;
  int document = 0;
  std::optional<std::string> html, agency;
};

// Where a document of the case stands: the record; or, for people of an agency who do not see the review as a whole,
// the copy in which their agency was given it.
struct Standing {
  std::optional<access::RecordId> record;
  std::optional<access::CopyId> copy;
  std::optional<access::AgencyId> agency;
};

// Documents 2 and 3 are of one agency: the one named, this person's own, or the only one.
Result<const wire::AgencyReviewView*> agency_of(Context& context, const client::ReviewCase& it,
                                                const PrintOptions& options) {
  std::optional<access::AgencyId> agency;
  if (options.agency) {
    TRY(agency, context.agency(*options.agency));
  } else if (it.review.agencies.size() == 1) {
    agency = it.review.agencies.front().agency;
  } else {
    const auto own = context.acting_agency(Role::agency_lead);
    if (!own)
      return Error{Errc::invalid_argument, "Documents 2 and 3 are made for each agency: say which with --agency"};
    agency = *own;
  }
  const auto* row = it.find(*agency);
  if (row == nullptr) return Error{Errc::not_found, "that agency has not been asked in this case"};
  return row;
}

Result<Standing> find_document(Context& context, const client::ReviewCase& it, const PrintOptions& options) {
  const wire::ReviewView& view = it.review;
  Standing at;
  if (options.document == 2 || options.document == 3) {
    TRY(const auto* row, agency_of(context, it, options));
    at.agency = row->agency;
    if (options.document == 3)
      at.record = row->document_3;
    else
      at.record = row->return_record ? row->return_record : row->document_2;
  } else if (options.document == 1) {
    if (view.pack && !view.pack->document_1.empty()) at.record = view.pack->document_1.back();
  } else if (options.document == 4) {
    if (view.decision) at.record = view.decision->record;
  } else if (view.outcome) {
    at.record = view.outcome->document_5;
  }
  if (!view.whole && options.document >= 4)
    for (const wire::AgencyReviewView& row : view.agencies)
      if (row.outcome_copy) at.copy = row.outcome_copy;
  return at;
}

// The one of a copy's records that is the document asked for.
Result<client::ReadRecord> read_given(Context& context, const client::ReviewCase& it, const access::CopyId& copy,
                                      int document) {
  TRY(auto read, client::read_copy(context.session(), context.directory(), copy, review::kMaxFormBytes));
  for (client::ReadRecord& one : read)
    if (client::form_in(one, document, it.review.today)) return std::move(one);
  return Error{Errc::not_found, "your agency was not given a copy of Document " + std::to_string(document)};
}

// By a keyholder of the review safe from there, by others from a copy that they were given.
Result<client::ReadRecord> read_standing(Context& context, const client::ReviewCase& it, const Standing& at) {
  const client::Person* self = context.directory().find(context.session().person());
  std::optional<access::CopyId> copy;
  if (self == nullptr || !self->has_role(Role::spoc)) {
    TRY(copy, client::copy_holding(context.session(), it.case_.case_, *at.record));
  }
  std::vector<client::ReadRecord> read;
  if (copy) {
    TRY(read, client::read_copy(context.session(), context.directory(), *copy, review::kMaxFormBytes));
  } else {
    const auto purpose = at.agency ? access::Purpose::scoping : access::Purpose::rapid_review;
    TRY(read, client::read_records(context.session(), context.directory(), it.case_.review_safe,
                                   std::span(&*at.record, 1), purpose));
  }
  for (client::ReadRecord& one : read)
    if (one.record == *at.record) return std::move(one);
  return Error{Errc::not_found, "the copy that you hold is not of this document"};
}

Result<void> print_document(Context& context, const PrintOptions& options) {
  TRY(const review::Form* form, review::find_form(options.document));
  TRY(const auto it, open_review(context, options.case_));
  TRY(const Standing at, find_document(context, it, options));
  json::object values;
  auto unanswered = review::Unanswered::is_said;
  if (at.record || at.copy) {
    TRY(const client::ReadRecord record,
        at.record ? read_standing(context, it, at) : read_given(context, it, *at.copy, options.document));
    auto filled = client::form_in(record, options.document, it.review.today);
    if (!filled)
      return Error{filled.code(), "what stands in the review safe is no form that can be printed (" +
                                      filled.error().message + "): open it with strongroom checkout"};
    if (options.document == 4) TRY_VOID(client::note_opened(context.session(), it.case_.case_, record.record));
    form = filled->form;
    values = options.document == 4 ? client::with_answers(*filled, it, context.directory(), names_of(context))
                                   : filled->values;
  } else if (!it.review.whole && !at.agency) {
    return Error{Errc::not_found,
                 "your agency has no copy of Document " + std::to_string(options.document) + " in this case"};
  } else {
    values = review::prefill(*form, client::facts_of(it, names_of(context), at.agency));
    unanswered = review::Unanswered::is_a_blank;
    note("A draft: there is no Document " + std::to_string(options.document) +
         " in the review safe yet. It is filled in with what the case says.");
  }
  if (options.html) return write_document(*options.html, review::print_html(*form, values, unanswered));
  if (context.as_json)
    Context::print(json::parse(review::write_form(*form, values)));
  else
    std::cout << review::print_text(*form, values, unanswered) << std::flush;
  return {};
}

void add_print(CLI::App& group) {
  auto options = std::make_shared<PrintOptions>();
  auto* command = add_command(group, "print", "Print a document of a case, opened for it; the opening is recorded",
                              "strongroom document print RR-2026-0001 3 --agency AGENCY --html letter.html");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("DOCUMENT", options->document, "1 to 5")->required()->type_name("1|2|3|4|5");
  command->add_option("--html", options->html, "A page that prints on A4 (\"-\": standard output)")->type_name("FILE");
  command->add_option("--agency", options->agency, "Of Documents 2 and 3: this agency's");
  on_run(command, [options](Context& context) { return print_document(context, *options); });
}

// --- calendar import ------------------------------------------------------------------------------------------------

struct ImportOptions {
  std::string file;
  bool correct = false;
};

Result<void> import_calendar(Context& context, const ImportOptions& options) {
  TRY(const std::string text, read_text_file(options.file, review::kMaxCalendarBytes));
  TRY(const review::Calendar published, review::Calendar::parse_gov_uk(text));
  TRY_VOID(context.connect());
  TRY(const review::Calendar before, client::read_calendar(context.session(), context.directory()));
  const vault::Date today = vault::london_date(context.session().now());
  const auto added = before.lacking(published);
  wire::ImportCalendar command;
  for (const review::Holiday& holiday : added) command.added.push_back(holiday.date);
  std::size_t passed_over = 0;
  for (const review::Holiday& holiday : published.lacking(before)) {
    if (!published.knows(static_cast<int>(holiday.date.year())) || holiday.date <= today) continue;
    if (options.correct)
      command.removed.push_back(holiday.date);
    else
      ++passed_over;
  }
  if (!command.added.empty() || !command.removed.empty()) {
    TRY(const review::Calendar after, before.without(command.removed).merged_with(added));
    command.calendar = after.digest();
    TRY_VOID(context.session().act(command));
  }
  if (passed_over > 0)
    note(std::to_string(passed_over) +
         " days to come are bank holidays here and not in the file; --correct takes them away");
  if (context.as_json)
    Context::print({{"added", wire::to_json(command.added)}, {"removed", wire::to_json(command.removed)}});
  else if (command.added.empty() && command.removed.empty())
    std::cout << "the calendar has these bank holidays already\n";
  else
    std::cout << command.added.size() << " bank holidays added, " << command.removed.size() << " taken away\n";
  return {};
}

void add_import(CLI::App& group) {
  auto options = std::make_shared<ImportOptions>();
  auto* command = add_command(group, "import", "Merge bank holidays as gov.uk publishes them; recorded",
                              "strongroom calendar import bank-holidays.json");
  command->add_option("FILE", options->file, "bank-holidays.json")->required();
  command->add_flag("--correct", options->correct,
                    "Take away days to come, of the years in the file, that are none in it");
  on_run(command, [options](Context& context) { return import_calendar(context, *options); });
}

}  // namespace

void add_review_documents(CLI::App& app) {
  add_print(*app.get_subcommand("document"));
  add_import(*app.get_subcommand("calendar"));
}

}  // namespace cli
