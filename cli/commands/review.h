// Functions that the commands of the review share. Only files of this folder include it.
#pragma once
#include "access/wire/register.h"
#include "cli/client/review.h"
#include "cli/commands/command.h"
#include "cli/commands/documents.h"
#include "review/stages.h"

namespace cli {

namespace review = strongroom::review;

// Connects, and fetches the case and the state of its review.
Result<client::ReviewCase> open_review(Context& context, std::string_view case_);
client::Names names_of(Context& context);

// Stages a text that is needed only in some cases. If it was not given, it is asked for if it is `needed` and there is
// a terminal; otherwise there is no digest, and the service refuses an act that lacks its reason.
struct StagedText {
  std::string text;
  std::optional<vault::Digest> digest;
};
Result<StagedText> stage_if_needed(Context& context, const FreeText& text, bool needed);

// Whether a clock that has not been met is past its date.
bool is_overdue(const wire::ReviewView& view, std::string_view clock,
                const std::optional<access::AgencyId>& agency = std::nullopt);

// Returns Errc::conflict if the review cannot make this step at its stage, so that nothing is sealed for a step that
// would be refused. For anyone but a SPOC it returns no error: the service must refuse them, so that it is recorded.
Result<void> check_step(Context& context, const client::ReviewCase& review, review::Step step);

// Reads the fields of a filled form, which need not be complete. Without a file there are none.
Result<boost::json::object> read_fields(const std::optional<std::string>& file, int document);
Result<std::string> read_text_file(const std::string& file, std::size_t max);
// Seals one document in the case's review safe.
Result<access::RecordId> seal_form(Context& context, const client::ReviewCase& review, access::RecordClass class_,
                                   const std::string& name, std::string text);
// Seals a file of somebody else's making, such as a letter, under its own name.
Result<access::RecordId> seal_file(Context& context, const client::ReviewCase& review, access::RecordClass class_,
                                   const std::string& file);

// "Mon 2026-03-02".
std::string short_day(const vault::Date& date);

// The commands of `strongroom review`, by file, for add_review_commands.
void add_review_status(CLI::App& group);
void add_review_scoping(CLI::App& group);
void add_review_meeting(CLI::App& group);
void add_review_decision(CLI::App& group);
void add_review_outcome(CLI::App& group);
void add_review_course(CLI::App& group);
// Adds `document print` and `calendar import` to the commands of documents.cpp.
void add_review_documents(CLI::App& app);

}  // namespace cli
