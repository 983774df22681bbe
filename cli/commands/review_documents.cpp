// document print, calendar import: the commands in the groups of documents.cpp that need a server.
#include <iostream>

#include "cli/commands/documents.h"
#include "cli/commands/review.h"
#include "review/print.h"

namespace cli {
namespace {

using access::RecordClass;
using access::Role;

// --- document print -------------------------------------------------------------------------------------------------

struct DocumentPrint : CaseArgument {
  int document = 0;
  std::optional<std::string> html, agency;

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("DOCUMENT", document, "1 to 5")->required()->type_name("1|2|3|4|5");
    command.add_option("--html", html, "A page that prints on A4 (\"-\": standard output)")->type_name("FILE");
    command.add_option("--agency", agency, "Of Documents 2 and 3: this agency's");
  }
};

// Where a document of the case is stored: in a record of the review safe, or, for people of an agency who do not see
// the whole review, in the copy that their agency was given.
struct DocumentPlace {
  std::optional<access::RecordId> record;
  std::optional<access::CopyId> copy;
  std::optional<access::AgencyId> agency;
};

// Documents 2 and 3 are made for each agency. Finds the agency: the one that was named, the only one that this person
// sees, or the one that they lead.
Result<const wire::AgencyReviewView*> find_agency_row(Context& context, const client::ReviewCase& review,
                                                      const DocumentPrint& options) {
  std::optional<access::AgencyId> agency;
  if (options.agency) {
    TRY(agency, context.find_agency(*options.agency));
  } else if (review.review.agencies.size() == 1) {
    agency = review.review.agencies.front().agency;
  } else {
    const auto own = context.acting_agency(Role::agency_lead);
    if (!own)
      return Error{Errc::invalid_argument, "Documents 2 and 3 are made for each agency: say which with --agency"};
    agency = *own;
  }
  const auto* row = review.find(*agency);
  if (row == nullptr)
    return Error{Errc::not_found,
                 printable(context.name_of(*agency)) + " has not been asked in " + review.case_.reference};
  return row;
}

Result<DocumentPlace> find_document(Context& context, const client::ReviewCase& review, const DocumentPrint& options) {
  const wire::ReviewView& view = review.review;
  DocumentPlace place;
  if (options.document == 2 || options.document == 3) {
    TRY(const auto* row, find_agency_row(context, review, options));
    place.agency = row->agency;
    if (options.document == 3)
      place.record = row->document_3;
    else
      place.record = row->return_record ? row->return_record : row->document_2;
  } else if (options.document == 1) {
    if (view.pack && !view.pack->document_1.empty()) place.record = view.pack->document_1.back();
  } else if (options.document == 4) {
    if (view.decision) place.record = view.decision->record;
  } else if (view.outcome) {
    place.record = view.outcome->document_5;
  }
  if (!view.whole && options.document >= 4)
    for (const wire::AgencyReviewView& row : view.agencies)
      if (row.outcome_copy) place.copy = row.outcome_copy;
  return place;
}

// Reads the document from a copy that the agency was given, which may contain other documents too.
Result<client::ReadRecord> read_from_copy(Context& context, const client::ReviewCase& review,
                                          const access::CopyId& copy, int document) {
  TRY(auto read, client::read_copy(context.session(), context.directory(), copy, review::kMaxFormBytes));
  for (client::ReadRecord& one : read)
    if (client::form_in(one, document, review.review.today)) return std::move(one);
  return Error{Errc::not_found, "your agency was not given a copy of Document " + std::to_string(document)};
}

// Reads a record. A keyholder of the review safe reads it there, and others in a copy that they were given.
Result<client::ReadRecord> read_record(Context& context, const client::ReviewCase& review,
                                       const access::RecordId& record, access::Purpose purpose) {
  const client::Person* self = context.directory().find(context.session().person());
  std::optional<access::CopyId> copy;
  if (self == nullptr || !self->has_role(Role::spoc)) {
    TRY(copy, client::copy_holding(context.session(), review.case_.case_, record));
  }
  std::vector<client::ReadRecord> read;
  if (copy) {
    TRY(read, client::read_copy(context.session(), context.directory(), *copy, review::kMaxFormBytes));
  } else {
    TRY(read, client::read_records(context.session(), context.directory(), review.case_.review_safe,
                                   std::span(&record, 1), purpose));
  }
  for (client::ReadRecord& one : read)
    if (one.record == record) return std::move(one);
  return Error{Errc::not_found, "the copy that you hold does not contain this document"};
}

struct Printed {
  const review::Form* form = nullptr;
  json::object values;
  review::Unanswered unanswered = review::Unanswered::is_said;
};

Result<Printed> read_document_at(Context& context, const client::ReviewCase& review, const DocumentPlace& place,
                                 int document) {
  const auto purpose = place.agency ? access::Purpose::scoping : access::Purpose::rapid_review;
  TRY(const client::ReadRecord record, place.record ? read_record(context, review, *place.record, purpose)
                                                    : read_from_copy(context, review, *place.copy, document));
  const auto filled = client::form_in(record, document, review.review.today);
  if (!filled)
    return Error{filled.code(), "the record in the review safe is not a form that can be printed (" +
                                    filled.error().message + "): open it with strongroom checkout"};
  // Written down, so that this person does not sign for another Document 4 than the one they have read.
  if (document == 4) TRY_VOID(client::note_opened(context.session(), review.case_.case_, record.record));
  return Printed{filled->form, document == 4
                                   ? client::with_answers(*filled, review, context.directory(), names_of(context))
                                   : filled->values};
}

Result<Printed> draft(Context& context, const client::ReviewCase& review, const DocumentPlace& place, int document) {
  const std::string name = "Document " + std::to_string(document);
  if (!review.review.whole && !place.agency)
    return Error{Errc::not_found, "your agency has no copy of " + name + " in this case"};
  TRY(const review::Form* form, review::find_form(document));
  note("This is a draft, filled in from the case: there is no " + name + " in the review safe yet.");
  return Printed{form, review::prefill(*form, client::facts_of(review, names_of(context), place.agency)),
                 review::Unanswered::is_a_blank};
}

Result<void> run(Context& context, const DocumentPrint& options) {
  TRY_VOID(review::find_form(options.document));  // a wrong number is reported before the service is asked
  TRY(const auto review, open_review(context, options.case_));
  TRY(const DocumentPlace place, find_document(context, review, options));
  const bool is_stored = place.record || place.copy;
  TRY(const Printed printed, is_stored ? read_document_at(context, review, place, options.document)
                                       : draft(context, review, place, options.document));
  if (options.html)
    return write_document(*options.html, review::print_html(*printed.form, printed.values, printed.unanswered));
  if (context.as_json)
    print_json(json::parse(review::write_form(*printed.form, printed.values)));
  else
    std::cout << review::print_text(*printed.form, printed.values, printed.unanswered) << std::flush;
  return {};
}

// --- calendar import ------------------------------------------------------------------------------------------------

struct CalendarImport {
  std::string file;
  bool correct = false;

  void add_flags(CLI::App& command) {
    command.add_option("FILE", file, "bank-holidays.json")->required();
    command.add_flag("--correct", correct,
                     "Take away days to come that are not in the file, in the years that the file has");
  }
};

Result<void> run(Context& context, const CalendarImport& options) {
  TRY(const std::string text, read_text_file(options.file, review::kMaxCalendarBytes));
  TRY(const review::Calendar published, review::Calendar::parse_gov_uk(text));
  TRY_VOID(context.connect());
  TRY(const review::Calendar before, client::read_calendar(context.session(), context.directory()));
  const vault::Date today = vault::london_date(context.session().now());
  const auto added = before.lacking(published);
  wire::ImportCalendar act;
  for (const review::Holiday& holiday : added) act.added.push_back(holiday.date);
  std::size_t passed_over = 0;
  for (const review::Holiday& holiday : published.lacking(before)) {
    // Past days stay, because clocks were counted with them.
    if (!published.knows(static_cast<int>(holiday.date.year())) || holiday.date <= today) continue;
    if (options.correct)
      act.removed.push_back(holiday.date);
    else
      ++passed_over;
  }
  const bool changes = !act.added.empty() || !act.removed.empty();
  if (changes) {
    TRY(const review::Calendar after, before.without(act.removed).merged_with(added));
    act.calendar = after.digest();
    TRY_VOID(context.session().act(act));
  }
  if (passed_over > 0)
    note(std::to_string(passed_over) +
         " days to come are bank holidays in this vault but not in the file; --correct takes them away");
  if (context.as_json)
    print_json({{"added", wire::to_json(act.added)}, {"removed", wire::to_json(act.removed)}});
  else if (!changes)
    std::cout << "the calendar has these bank holidays already\n";
  else
    std::cout << act.added.size() << " bank holidays added, " << act.removed.size() << " taken away\n";
  return {};
}

}  // namespace

void add_review_documents(CLI::App& app) {
  add_command<DocumentPrint>(*app.get_subcommand("document"), "print",
                             "Print a document of a case; the record is opened for it, which is recorded",
                             "strongroom document print RR-2026-0001 3 --agency AGENCY --html letter.html");
  add_command<CalendarImport>(*app.get_subcommand("calendar"), "import",
                              "Merge bank holidays as gov.uk publishes them; recorded",
                              "strongroom calendar import bank-holidays.json");
}

}  // namespace cli
