// review decide, agree, endorse: Document 4, and what the partners say to it (4.6.2, 4.6.3).
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::PartnerAnswer;
using access::ReviewDecision;
using access::Role;

// What the form decided.
Result<ReviewDecision> decision_in(const review::FilledForm& form) {
  const std::string word(form.values.at("decision").as_string());
  const auto* acted = form.values.if_contains("learning_acted_upon");
  if (word == "neither" && acted != nullptr && acted->is_bool() && acted->as_bool())
    return ReviewDecision::learning_acted_upon;
  return wire::parse_enum<ReviewDecision>(word);
}

// The form is of this case and of its meeting.
Result<void> check_fits(const review::FilledForm& form, const client::ReviewCase& it) {
  const auto text = [&](const char* field) {
    const auto* value = form.values.if_contains(field);
    return value == nullptr ? std::string() : std::string(value->as_string());
  };
  if (text("reference") != it.case_.reference)
    return Error{Errc::invalid_argument,
                 "reference: the form is of the case " + text("reference") + ", and not of " + it.case_.reference};
  if (it.review.meeting && text("meeting_date") != vault::to_string(it.review.meeting->date))
    return Error{Errc::invalid_argument,
                 "meeting_date: the meeting was set for " + vault::to_string(it.review.meeting->date)};
  return {};
}

// Document 4 for whoever stood for a partner at the meeting, under their own key: they agree to what they can read.
std::vector<client::IssuedCopy> give_to_representatives(Context& context, const client::ReviewCase& it,
                                                        const access::RecordId& document_4) {
  std::vector<client::IssuedCopy> given;
  if (!it.review.attendance) return given;
  for (const wire::Attendee& one : it.review.attendance->present) {
    if (!one.standing_for || one.person == context.session().person()) continue;
    const auto copy = client::give_copy(context.session(), context.directory(),
                                        {it.case_.review_safe,
                                         one.person,
                                         access::Purpose::rapid_review,
                                         review::plus_days(it.review.today, client::kReviewCopyDays),
                                         {document_4}});
    if (copy)
      given.push_back(*copy);
    else  // the decision stands
      note("No copy of Document 4 for " + context.name_of(one.person) + ": " + copy.error().message +
           ". Give them one with: strongroom checkout " + document_4.to_string() + " --for " + one.person.to_string() +
           " --purpose rapid-review --due DATE");
  }
  return given;
}

// What is signed for is what was read.
Result<access::RecordId> to_sign(Context& context, const client::ReviewCase& it) {
  TRY(const auto document, client::document_to_sign(context.session(), it));
  if (it.review.decision && !document.opened)
    note("You have not opened this Document 4 on this machine: strongroom document print " + it.case_.reference + " 4");
  return document.record;
}

void add_decide(CLI::App& group) {
  struct Options {
    std::string case_, form;
    FreeText reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "decide", "Document 4 as the meeting completed it (4.6.2, 4.6.3)",
                              "strongroom review decide RR-2026-0001 --form document-4.json");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_option("--form", options->form, "Document 4: facts, actions, improvements, decision and its reasons")
      ->required()
      ->type_name("FILE");
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    TRY_VOID(check_step(context, it, review::Step::decide));
    TRY(const auto form, read_complete_document(options->form, 4));
    TRY_VOID(check_fits(form, it));
    wire::DecideReview command_;
    command_.case_ = it.case_.case_;
    command_.version = it.review.decisions + 1;
    TRY(command_.decision, decision_in(form));
    if (const auto* actions = form.values.if_contains("actions")) command_.actions = actions->as_array().size();
    TRY(const Words words, words_if(context, options->reason, is_overdue(it.review, "outcome")));
    command_.reason = words.digest;
    TRY(command_.record, seal_form(context, it, access::RecordClass::document_4,
                                   "document-4 version " + std::to_string(command_.version) + ".json",
                                   review::write_form(*form.form, form.values)));
    TRY_VOID(context.session().act(command_));
    const auto given = give_to_representatives(context, it, command_.record);
    if (context.as_json) {
      json::object object{{"version", command_.version},
                          {"record", command_.record.to_string()},
                          {"decision", wire::enum_name(command_.decision)},
                          {"actions", command_.actions}};
      json::array copies;
      for (const client::IssuedCopy& copy : given)
        copies.push_back({{"person", copy.holder.to_string()}, {"copy", client::copy_name(copy.number)}});
      object["copies"] = std::move(copies);
      Context::print(object);
    } else {
      std::cout << "decided: " << wire::enum_name(command_.decision) << ", version " << command_.version << '\n';
      for (const client::IssuedCopy& copy : given)
        std::cout << client::copy_name(copy.number) << "  of Document 4 for " << printable(context.name_of(copy.holder))
                  << '\n';
      note("Each safeguarding partner answers now: strongroom review agree " + it.case_.reference);
    }
    return {};
  });
}

// The partner that answers: named, or the one in which this person has that role.
Result<access::AgencyId> answering_partner(Context& context, const std::optional<std::string>& partner) {
  if (partner) return context.agency(*partner);
  if (context.as_agency) return context.agency(*context.as_agency);
  TRY(const client::Person* self, context.directory().certified(context.session().person()));
  std::vector<access::AgencyId> possible;
  for (const access::AgencyId& agency : context.directory().partners())
    if (self->has_role(Role::partner, agency)) possible.push_back(agency);
  if (possible.size() == 1) return possible.front();
  return Error{Errc::invalid_argument, "say for which safeguarding partner: --partner PARTNER"};
}

void add_agree(CLI::App& group) {
  struct Options {
    std::string case_;
    std::optional<std::string> partner;
    bool dissent = false;
    FreeText reason;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "agree", "A safeguarding partner agrees to Document 4, or dissents (4.6.3)",
                              "strongroom review agree RR-2026-0001\n"
                              "  strongroom review agree RR-2026-0001 --partner police    (a SPOC, of what was said)");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  command->add_flag("--dissent", options->dissent, "Dissent; the reasons are printed with the document");
  command->add_option("--partner", options->partner, "Which partner; a SPOC records what was said, marked so");
  options->reason.bind(command, "reason");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    wire::AnswerDecision command_;
    command_.case_ = it.case_.case_;
    command_.version = it.review.decision ? it.review.decision->version : it.review.decisions;
    TRY(command_.record, to_sign(context, it));
    TRY(command_.partner, answering_partner(context, options->partner));
    command_.answer = options->dissent ? PartnerAnswer::dissent : PartnerAnswer::agree;
    if (options->dissent || options->reason.given()) {
      TRY(command_.reason, words_of(context, options->reason));
    }
    TRY(const auto answer, context.session().act(command_));
    TRY(const auto answered, client::event_of<wire::DecisionAnswered>(answer.entries.front().body));
    if (context.as_json) {
      Context::print({{"version", answered.version},
                      {"record", answered.record.to_string()},
                      {"partner", answered.partner.to_string()},
                      {"answer", wire::enum_name(answered.answer)},
                      {"by_spoc", answered.by_spoc},
                      {"frozen", answered.frozen}});
    } else {
      std::cout << printable(context.name_of(answered.partner)) << (options->dissent ? " dissents" : " agrees")
                << (answered.by_spoc ? ", recorded by the SPOC" : "")
                << (answered.frozen ? "; all three have answered, and Document 4 is frozen\n" : "\n");
    }
    return {};
  });
}

void add_endorse(CLI::App& group) {
  struct Options {
    std::string case_;
    FreeText note_;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(group, "endorse", "An independent chair endorses the outcome (4.6.3)",
                              "strongroom review endorse RR-2026-0001");
  command->add_option("CASE", options->case_, "Its reference or id")->required();
  options->note_.bind(command, "note");
  on_run(command, [options](Context& context) -> Result<void> {
    TRY(const auto it, open_review(context, options->case_));
    wire::EndorseDecision command_;
    command_.case_ = it.case_.case_;
    command_.version = it.review.decision ? it.review.decision->version : it.review.decisions;
    TRY(command_.record, to_sign(context, it));
    TRY(const Words words, words_if(context, options->note_, false, "note"));
    command_.remark = words.digest;
    TRY_VOID(context.session().act(command_));
    if (context.as_json)
      Context::print({{"version", command_.version}, {"endorsed", true}});
    else
      std::cout << "endorsed, version " << command_.version << '\n';
    return {};
  });
}

}  // namespace

void add_review_decision(CLI::App& group) {
  add_decide(group);
  add_agree(group);
  add_endorse(group);
}

}  // namespace cli
