// review decide, agree, endorse: Document 4, and the partners' answers to it (4.6.2, 4.6.3).
#include <iostream>

#include "cli/commands/review.h"

namespace cli {
namespace {

using access::PartnerAnswer;
using access::ReviewDecision;
using access::Role;

// --- review decide --------------------------------------------------------------------------------------------------

struct ReviewDecide : CaseArgument {
  std::string form;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_option("--form", form, "Document 4: facts, actions, improvements, decision and its reasons")
        ->required()
        ->type_name("FILE");
    reason.add_flags(command);
  }
};

Result<ReviewDecision> read_decision(const review::FilledForm& form) {
  const std::string word(form.values.at("decision").as_string());
  // The form has this as a question of its own below "neither"; the ledger has it as a decision.
  const auto* acted = form.values.if_contains("learning_acted_upon");
  if (word == "neither" && acted != nullptr && acted->is_bool() && acted->as_bool())
    return ReviewDecision::learning_acted_upon;
  return wire::parse_enum<ReviewDecision>(word);
}

// Checks that the form is about this case and its meeting.
Result<void> check_form_matches(const review::FilledForm& form, const client::ReviewCase& review) {
  const auto text = [&](const char* field) {
    const auto* value = form.values.if_contains(field);
    return value == nullptr ? std::string() : std::string(value->as_string());
  };
  if (text("reference") != review.case_.reference)
    return Error{Errc::invalid_argument, "reference: the form is about the case " + text("reference") + ", not about " +
                                             review.case_.reference};
  if (review.review.meeting && text("meeting_date") != vault::to_string(review.review.meeting->date))
    return Error{Errc::invalid_argument, "meeting_date: the form says " + text("meeting_date") +
                                             ", but the meeting was set for " +
                                             vault::to_string(review.review.meeting->date)};
  return {};
}

// Gives Document 4 to everyone who represented a partner at the meeting, encrypted to their own key, because they can
// only agree to a document that they can read.
std::vector<client::IssuedCopy> give_to_representatives(Context& context, const client::ReviewCase& review,
                                                        const access::RecordId& document_4) {
  std::vector<client::IssuedCopy> given;
  if (!review.review.attendance) return given;
  for (const wire::Attendee& one : review.review.attendance->present) {
    if (!one.standing_for || one.person == context.session().person()) continue;
    const auto copy = client::give_copy(context.session(), context.directory(),
                                        {review.case_.review_safe,
                                         one.person,
                                         access::Purpose::rapid_review,
                                         review::plus_days(review.review.today, client::kReviewCopyDays),
                                         {document_4}});
    if (copy)
      given.push_back(*copy);
    else  // the decision is recorded already, so this is not an error of the command
      note(context.name_of(one.person) + " has no copy of Document 4: " + copy.error().message +
           ". Give them one with: strongroom checkout " + document_4.to_string() + " --for " + one.person.to_string() +
           " --purpose rapid-review --due DATE");
  }
  return given;
}

Result<void> run(Context& context, const ReviewDecide& options) {
  TRY(const auto review, open_review(context, options.case_));
  TRY_VOID(check_step(context, review, review::Step::decide));
  TRY(const auto form, read_complete_document(options.form, 4));
  TRY_VOID(check_form_matches(form, review));
  wire::DecideReview act;
  act.case_ = review.case_.case_;
  act.version = review.review.decisions + 1;
  TRY(act.decision, read_decision(form));
  if (const auto* actions = form.values.if_contains("actions")) act.actions = actions->as_array().size();
  TRY(const StagedText reason, stage_if_needed(context, options.reason, is_overdue(review.review, "outcome")));
  act.reason = reason.digest;
  TRY(act.record, seal_form(context, review, access::RecordClass::document_4,
                            "document-4 version " + std::to_string(act.version) + ".json",
                            review::write_form(*form.form, form.values)));
  TRY_VOID(context.session().act(act));
  const auto given = give_to_representatives(context, review, act.record);
  if (context.as_json) {
    json::object object{{"version", act.version},
                        {"record", act.record.to_string()},
                        {"decision", wire::enum_name(act.decision)},
                        {"actions", act.actions}};
    json::array copies;
    for (const client::IssuedCopy& copy : given)
      copies.push_back({{"person", copy.holder.to_string()}, {"copy", client::copy_name(copy.number)}});
    object["copies"] = std::move(copies);
    print_json(object);
    return {};
  }
  std::cout << "decided: " << wire::enum_name(act.decision) << ", version " << act.version << '\n';
  for (const client::IssuedCopy& copy : given)
    std::cout << client::copy_name(copy.number) << "  of Document 4 for " << printable(context.name_of(copy.holder))
              << '\n';
  note("Next, each safeguarding partner answers with: strongroom review agree " + review.case_.reference);
  return {};
}

// --- review agree ---------------------------------------------------------------------------------------------------

struct ReviewAgree : CaseArgument {
  std::optional<std::string> partner;
  bool dissent = false;
  FreeText reason{"reason"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    command.add_flag("--dissent", dissent, "Dissent; the reasons are printed with the document");
    command.add_option("--partner", partner, "Which partner; a SPOC records an answer from the meeting, marked so");
    reason.add_flags(command);
  }
};

// Finds the Document 4 to sign. If this person never opened it on this machine, they are told how to.
Result<access::RecordId> find_document_to_sign(Context& context, const client::ReviewCase& review) {
  TRY(const auto document, client::document_to_sign(context.session(), review));
  if (review.review.decision && !document.opened)
    note("You have not opened this Document 4 on this machine: strongroom document print " + review.case_.reference +
         " 4");
  return document.record;
}

// Finds the partner that answers: the one that was named, or the only one in which this person has the role partner.
Result<access::AgencyId> find_answering_partner(Context& context, const std::optional<std::string>& partner) {
  if (partner) return context.find_agency(*partner);
  if (context.as_agency) return context.find_agency(*context.as_agency);
  TRY(const client::Person* self, context.directory().certified(context.session().person()));
  std::vector<access::AgencyId> possible;
  for (const access::AgencyId& agency : context.directory().partners())
    if (self->has_role(Role::partner, agency)) possible.push_back(agency);
  if (possible.size() == 1) return possible.front();
  return Error{Errc::invalid_argument, "say which safeguarding partner answers: --partner PARTNER"};
}

Result<void> run(Context& context, const ReviewAgree& options) {
  TRY(const auto review, open_review(context, options.case_));
  wire::AnswerDecision act;
  act.case_ = review.case_.case_;
  act.version = review.review.decision ? review.review.decision->version : review.review.decisions;
  TRY(act.record, find_document_to_sign(context, review));
  TRY(act.partner, find_answering_partner(context, options.partner));
  act.answer = options.dissent ? PartnerAnswer::dissent : PartnerAnswer::agree;
  if (options.dissent || options.reason.is_given()) {
    TRY(act.reason, stage_required(context, options.reason));
  }
  TRY(const auto answer, context.session().act(act));
  TRY(const auto answered, client::event_of<wire::DecisionAnswered>(answer.entries.front().body));
  if (context.as_json) {
    print_json({{"version", answered.version},
                {"record", answered.record.to_string()},
                {"partner", answered.partner.to_string()},
                {"answer", wire::enum_name(answered.answer)},
                {"by_spoc", answered.by_spoc},
                {"frozen", answered.frozen}});
  } else {
    std::cout << printable(context.name_of(answered.partner)) << (options.dissent ? " dissents" : " agrees")
              << (answered.by_spoc ? ", recorded by the SPOC" : "")
              << (answered.frozen ? "; all three have answered, and Document 4 is frozen\n" : "\n");
  }
  return {};
}

// --- review endorse -------------------------------------------------------------------------------------------------

struct ReviewEndorse : CaseArgument {
  FreeText remark{"note"};

  void add_flags(CLI::App& command) {
    CaseArgument::add_flags(command);
    remark.add_flags(command, "A remark; do not name the child");
  }
};

Result<void> run(Context& context, const ReviewEndorse& options) {
  TRY(const auto review, open_review(context, options.case_));
  wire::EndorseDecision act;
  act.case_ = review.case_.case_;
  act.version = review.review.decision ? review.review.decision->version : review.review.decisions;
  TRY(act.record, find_document_to_sign(context, review));
  TRY(const StagedText remark, stage_if_needed(context, options.remark, false));
  act.remark = remark.digest;
  TRY_VOID(context.session().act(act));
  if (context.as_json)
    print_json({{"version", act.version}, {"endorsed", true}});
  else
    std::cout << "endorsed, version " << act.version << '\n';
  return {};
}

}  // namespace

void add_review_decision(CLI::App& group) {
  add_command<ReviewDecide>(group, "decide", "Record Document 4 as the meeting completed it (4.6.2, 4.6.3)",
                            "strongroom review decide RR-2026-0001 --form document-4.json");
  add_command<ReviewAgree>(group, "agree", "A safeguarding partner agrees to Document 4, or dissents (4.6.3)",
                           "strongroom review agree RR-2026-0001\n"
                           "  strongroom review agree RR-2026-0001 --partner police    (a SPOC, after the meeting)");
  add_command<ReviewEndorse>(group, "endorse", "An independent chair endorses the outcome (4.6.3)",
                             "strongroom review endorse RR-2026-0001");
}

}  // namespace cli
