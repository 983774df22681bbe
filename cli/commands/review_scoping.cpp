// review send-templates, return: Documents 2 and 3 out, Document 2 back (4.3).
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::RecordClass;
using access::Role;
using access::ScopingProgress;

void add_send_templates(CLI::App& group) {
  struct Options {
    std::string case_;
    std::vector<std::string> agencies;
    std::optional<std::string> letter;
    FreeText reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "send-templates",
                              "Documents 2 and 3 to each agency, filled in from the case; starts their clocks (4.3.3)",
                              "strongroom review send-templates RR-2026-0001");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--agency", options->agencies, "Only to these; otherwise to all that were not sent them yet");
  command->add_option("--letter", options->letter, "Fields of Document 3, such as contact and signed_by")
      ->type_name("FILE");
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    TRY_VOID(check_step(context, it, review::Step::send_templates));
    client::SendingTemplates sending;
    TRY(sending.letter, fields_from(options->letter, 3));
    for (const std::string& words : options->agencies) {
      TRY(const auto agency, context.agency(words));
      sending.agencies.push_back(agency);
    }
    if (sending.agencies.empty())
      for (const auto& agency : it.review.agencies)
        if (agency.scoping == ScopingProgress::not_sent) sending.agencies.push_back(agency.agency);
    if (sending.agencies.empty())
      return Error{Errc::conflict, "every agency that was asked has been sent Documents 2 and 3"};
    bool late = false;
    for (const auto& agency : sending.agencies) late = late || is_overdue(it.review, "templates", agency);
    TRY(const Words words, words_if(context, options->reason, late));
    sending.reason = words.digest;
    TRY(const auto sent,
        client::send_templates(context.session(), context.directory(), it, sending, names_of(context)));
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
                          : "none: the agency has no lead here; send them by other means"});
    }
    if (context.as_json) {
      Context::print(all);
      return {};
    }
    table.print("");
    note("Next: set the meeting (4.4.2). strongroom review dates " + it.case_.reference);
    return {};
  });
}

// Labels of the case that the form's searches name; all of them where a line is for everybody.
std::vector<std::string> searched_in(const review::FilledForm& form, const std::vector<std::string>& subjects) {
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

struct ReturnOptions {
  std::string case_;
  std::optional<std::string> form, agency;
  std::vector<std::string> searched;
  bool nil = false;
  FreeText reason;
};

// The agency whose return it is: --agency, by a SPOC; otherwise this person's own.
Result<access::AgencyId> returning_agency(Context& context, const ReturnOptions& options) {
  if (options.agency) return context.agency(*options.agency);
  return context.acting_agency(Role::agency_lead);
}

void add_return(CLI::App& group) {
  auto options = std::make_shared<ReturnOptions>();
  auto* command = add_command(group, "return", "Return Document 2, or that nobody is known to your agency (4.3.4)",
                              "strongroom review return RR-2026-0001 --form document-2.json\n"
                              "  strongroom review return RR-2026-0001 --nil");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  auto* form = command->add_option("--form", options->form, "Document 2, completed")->type_name("FILE");
  command->add_flag("--nil", options->nil, "Not known to us")->excludes(form);
  command->add_option("--searched", options->searched, "For whom was searched; everybody, unless the form says")
      ->delimiter(',');
  command->add_option("--agency", options->agency, "On behalf of this agency (by a SPOC)");
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    if (!options->form && !options->nil)
      return Error{Errc::invalid_argument, "give Document 2 with --form, or --nil: not known to us is a return too"};
    TRY(const auto it, open_review(context, options->case_));
    wire::ReturnScoping command_;
    command_.case_ = it.case_.case_;
    TRY(command_.agency, returning_agency(context, *options));
    const auto* row = it.find(command_.agency);
    if (row == nullptr) return Error{Errc::conflict, "your agency has not been asked in this case"};
    command_.version = row->return_version + 1;
    command_.searched = options->searched.empty() ? it.case_.subjects : options->searched;
    std::optional<review::FilledForm> filled;
    if (options->form) {
      TRY(filled, read_complete_document(*options->form, 2));
      if (options->searched.empty()) command_.searched = searched_in(*filled, it.case_.subjects);
    }
    if (row->scoping == ScopingProgress::not_sent)
      return Error{Errc::conflict, "Document 2 is returned once it has been sent out to the agency (4.3.4)"};
    const bool late = command_.version == 1 && is_overdue(it.review, "return", command_.agency);
    TRY(const Words words, words_if(context, options->reason, late));
    command_.reason = words.digest;
    if (late && !words.digest)
      return Error{Errc::conflict, "Document 2 is late (4.3.4): say why with --reason; it is recorded and shown"};
    if (filled) {
      std::string name =
          "document-2 " + context.name_of(command_.agency) + " returned-" + std::to_string(command_.version) + ".json";
      std::ranges::replace(name, '/', '-');
      TRY(command_.record,
          seal_form(context, it, RecordClass::document_2, name, review::write_form(*filled->form, filled->values)));
    }
    TRY_VOID(context.session().act(command_));
    if (context.as_json) {
      json::object object{{"agency", command_.agency.to_string()},
                          {"version", command_.version},
                          {"nil", options->nil},
                          {"late", late}};
      if (command_.record) object["record"] = command_.record->to_string();
      Context::print(object);
    } else {
      std::cout << "returned by " << printable(context.name_of(command_.agency)) << ", version " << command_.version
                << (late ? ", late\n" : "\n");
    }
    return {};
  });
}

}  // namespace

void add_review_scoping(CLI::App& group) {
  add_send_templates(group);
  add_return(group);
}

}  // namespace cli
