// review send-templates, return: Documents 2 and 3 go out, and Document 2 comes back (4.3).
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::RecordClass;
using access::Role;
using access::ScopingProgress;

// --- review send-templates ------------------------------------------------------------------------------------------

struct ReviewSendTemplates : CaseArgument {
  std::vector<std::string> agencies;
  std::optional<std::string> letter;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--agency", agencies, "Only to these; otherwise to all that were not sent them yet");
    command.add_option("--letter", letter, "Fields of Document 3, such as contact and signed_by")->type_name("FILE");
    reason.add_flags(command);
  }
};

// The agencies that were named, or all that were not sent the templates yet.
Result<std::vector<access::AgencyId>> choose_agencies(Context& context, const client::ReviewCase& review,
                                                      const std::vector<std::string>& named) {
  std::vector<access::AgencyId> agencies;
  for (const std::string& words : named) {
    TRY(const auto agency, context.find_agency(words));
    agencies.push_back(agency);
  }
  if (agencies.empty())
    for (const auto& agency : review.review.agencies)
      if (agency.scoping == ScopingProgress::not_sent) agencies.push_back(agency.agency);
  if (agencies.empty())
    return Error{Errc::conflict, "every agency that was asked has been sent Documents 2 and 3 already"};
  return agencies;
}

void print_sent(Context& context, const std::vector<client::SentTemplates>& sent) {
  json::array all;
  Table table({"agency", "document 2", "document 3", "copy"});
  for (const client::SentTemplates& one : sent) {
    json::object item{{"agency", one.agency.to_string()},
                      {"document_2", one.document_2.to_string()},
                      {"document_3", one.document_3.to_string()}};
    if (one.copy) item["copy"] = client::copy_name(one.copy->number);
    if (one.copy) item["holder"] = one.copy->holder.to_string();
    all.push_back(std::move(item));
    table.add({context.name_of(one.agency), one.document_2.to_string(), one.document_3.to_string(),
               one.copy ? client::copy_name(one.copy->number) + " for " + context.name_of(one.copy->holder)
                        : "none: the agency has no lead in this vault; print the documents and send them"});
  }
  if (context.as_json)
    print_json(all);
  else
    table.print("");
}

Result<void> run(Context& context, const ReviewSendTemplates& options) {
  TRY(const auto review, open_review(context, options.case_));
  TRY_VOID(check_step(context, review, review::Step::send_templates));
  client::SendingTemplates sending;
  TRY(sending.letter, read_fields(options.letter, 3));
  TRY(sending.agencies, choose_agencies(context, review, options.agencies));
  const bool late = std::ranges::any_of(
      sending.agencies, [&](const access::AgencyId& agency) { return is_overdue(review.review, "templates", agency); });
  TRY(const StagedText reason, stage_if_needed(context, options.reason, late));
  sending.reason = reason.digest;
  TRY(const auto sent,
      client::send_templates(context.session(), context.directory(), review, sending, names_of(context)));
  print_sent(context, sent);
  if (!context.as_json)
    note("Next: set the meeting (4.4.2). strongroom review dates " + review.case_.reference + " shows when it may be");
  return {};
}

// --- review return --------------------------------------------------------------------------------------------------

struct ReviewReturn : CaseArgument {
  std::optional<std::string> form, agency;
  std::vector<std::string> searched;
  bool nil = false;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    auto* from_form = command.add_option("--form", form, "Document 2, completed")->type_name("FILE");
    command.add_flag("--nil", nil, "Not known to us")->excludes(from_form);
    command.add_option("--searched", searched, "Who was searched for; everybody, unless the form says who")
        ->delimiter(',');
    command.add_option("--agency", agency, "On behalf of this agency (by a SPOC)");
    reason.add_flags(command);
  }
};

// The subjects of the case that the form's searches name. All of them if the form names none, because a line without a
// subject is about everybody.
std::vector<std::string> subjects_searched(const review::FilledForm& form, const std::vector<std::string>& subjects) {
  std::vector<std::string> searched;
  const auto* rows = form.values.if_contains("searches");
  if (rows == nullptr) return subjects;
  for (const std::string& subject : subjects)
    for (const json::value& row : rows->as_array()) {
      const auto* words = row.as_object().if_contains("subject");
      if (words == nullptr || std::string_view(words->as_string()).find(subject) == std::string_view::npos) continue;
      searched.push_back(subject);
      break;
    }
  return searched.empty() ? subjects : searched;
}

// Finds the agency whose return it is: the one that a SPOC named, or this person's own.
Result<access::AgencyId> find_returning_agency(Context& context, const ReviewReturn& options) {
  if (options.agency) return context.find_agency(*options.agency);
  return context.acting_agency(Role::agency_lead);
}

// Makes the act without its reason and record, which are staged and sealed only once nothing else is wrong.
Result<wire::ReturnScoping> prepare_return(Context& context, const client::ReviewCase& review,
                                           const ReviewReturn& options,
                                           const std::optional<review::FilledForm>& filled) {
  wire::ReturnScoping act;
  act.case_ = review.case_.case_;
  TRY(act.agency, find_returning_agency(context, options));
  const auto* row = review.find(act.agency);
  if (row == nullptr)
    return Error{Errc::conflict,
                 printable(context.name_of(act.agency)) + " has not been asked in " + review.case_.reference};
  if (row->scoping == ScopingProgress::not_sent)
    return Error{Errc::conflict, "Document 2 has not been sent to " + printable(context.name_of(act.agency)) +
                                     " yet, so it cannot be returned (4.3.4)"};
  act.version = row->return_version + 1;
  if (!options.searched.empty())
    act.searched = options.searched;
  else
    act.searched = filled ? subjects_searched(*filled, review.case_.subjects) : review.case_.subjects;
  return act;
}

Result<void> run(Context& context, const ReviewReturn& options) {
  if (!options.form && !options.nil)
    return Error{Errc::invalid_argument, "give Document 2 with --form, or --nil if nobody is known to the agency"};
  TRY(const auto review, open_review(context, options.case_));
  std::optional<review::FilledForm> filled;
  if (options.form) {
    TRY(filled, read_complete_document(*options.form, 2));
  }
  TRY(wire::ReturnScoping act, prepare_return(context, review, options, filled));
  const bool late = act.version == 1 && is_overdue(review.review, "return", act.agency);
  TRY(const StagedText reason, stage_if_needed(context, options.reason, late));
  act.reason = reason.digest;
  if (late && !reason.digest)
    return Error{Errc::conflict, "Document 2 is late (4.3.4): say why with --reason. The reason is recorded and shown"};
  if (filled) {
    std::string name =
        "document-2 " + context.name_of(act.agency) + " returned-" + std::to_string(act.version) + ".json";
    std::ranges::replace(name, '/', '-');  // an agency's name is not part of a path
    TRY(act.record,
        seal_form(context, review, RecordClass::document_2, name, review::write_form(*filled->form, filled->values)));
  }
  TRY_VOID(context.session().act(act));
  if (context.as_json) {
    json::object object{
        {"agency", act.agency.to_string()}, {"version", act.version}, {"nil", options.nil}, {"late", late}};
    if (act.record) object["record"] = act.record->to_string();
    print_json(object);
  } else {
    std::cout << "returned by " << printable(context.name_of(act.agency)) << ", version " << act.version
              << (late ? ", late\n" : "\n");
  }
  return {};
}

}  // namespace

void add_review_scoping(CLI::App& group) {
  add_command<ReviewSendTemplates>(
      group, "send-templates", "Documents 2 and 3 to each agency, filled in from the case; starts their clocks (4.3.3)",
      "strongroom review send-templates RR-2026-0001");
  add_command<ReviewReturn>(group, "return", "Return Document 2, or that nobody is known to your agency (4.3.4)",
                            "strongroom review return RR-2026-0001 --form document-2.json\n"
                            "  strongroom review return RR-2026-0001 --nil");
}

}  // namespace cli
