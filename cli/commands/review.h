// What the commands of the review share. For the files of this folder alone.
#pragma once
#include "access/wire/register.h"
#include "cli/client/review.h"
#include "cli/commands/context.h"
#include "cli/commands/documents.h"
#include "review/stages.h"

namespace cli {

namespace review = strongroom::review;

// Connects, and fetches the case and where its review stands.
Result<client::ReviewCase> open_review(Context& context, std::string_view case_);
client::Names names_of(Context& context);

// Words that may be needed. Given, they are staged. Not given, they are asked for where `needed` and there is a
// terminal; otherwise nothing is sent, and the service says what lacks a reason.
struct Words {
  std::string text;
  std::optional<vault::Digest> digest;
};
Result<Words> words_if(Context& context, const FreeText& given, bool needed, std::string_view what = "reason");
// Errc::invalid_argument where there are none and there is no terminal.
Result<vault::Digest> words_of(Context& context, const FreeText& given, std::string_view what = "reason");

// Whether a clock that has not been met is past its date.
bool is_overdue(const wire::ReviewView& view, std::string_view clock,
                const std::optional<access::AgencyId>& agency = std::nullopt);

// The stage machine's own answer, before anything is sealed for a step that cannot be made; of somebody who is no SPOC
// nothing is said, since the service answers whether it is theirs to make. Errc::conflict.
Result<void> check_step(Context& context, const client::ReviewCase& it, review::Step step);

// The fields of a filled form that need not be complete; without a file, none.
Result<boost::json::object> fields_from(const std::optional<std::string>& file, int document);
Result<std::string> read_text_file(const std::string& file, std::size_t max);
// Seals one document in the case's review safe.
Result<access::RecordId> seal_form(Context& context, const client::ReviewCase& it, access::RecordClass class_,
                                   const std::string& name, std::string text);

// "Mon 2 March".
std::string short_day(const vault::Date& date);
std::string yes_no(bool value);

// The parts of `strongroom review`, each file's own.
void add_review_status(CLI::App& group);
void add_review_scoping(CLI::App& group);
void add_review_meeting(CLI::App& group);
void add_review_decision(CLI::App& group);
void add_review_outcome(CLI::App& group);
void add_review_course(CLI::App& group);
// `document print` and `calendar import`, in the groups of documents.cpp.
void add_review_documents(CLI::App& app);

}  // namespace cli
