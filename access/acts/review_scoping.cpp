// Implements the acts at the beginning of a review: the local authority's duties (4.1.2), Documents 2 and 3 going out
// and Document 2 coming back (4.3).
#include "access/acts/review_acts.h"
#include "access/wire/describe_json.h"

namespace strongroom::access::acts {

// --- shared by the review's acts ------------------------------------------------------------------------------------

Decided in_review(const Context& context, const CaseId& id, Action action, std::optional<review::Step> step,
                  const std::optional<AgencyId>& agency, const DecideThere& decide) {
  TRY(const auto row, context.state.find_case(context.txn, id));
  if (!row) return no_such_thing(action);
  ReviewPlace place{agency ? context.standing.in_case(*row, *agency) : context.standing.in_case(*row), {}, {}};
  if (auto refused = refusal(action, place)) return *refused;
  TRY(place.review, review_status(context.state, context.txn, place.case_, context.time));
  place.next = place.case_.stage;
  if (step) {
    TRY(place.next, review::next_stage(*step, place.review.facts));
  }
  return decide(place);
}

Result<AgencyReviewRow> asked_agency(const ReviewPlace& place, const AgencyId& agency) {
  const AgencyReviewRow* row = place.review.find(agency);
  if (row == nullptr) return Error{Errc::conflict, "that agency has not been asked in this case"};
  return *row;
}

Result<RecordRow> document(const Context& context, const ReviewPlace& place, const RecordId& record,
                           RecordClass class_) {
  TRY(const auto row, context.state.record(context.txn, record));
  if (!row || row->safe != place.case_.review_safe)
    return Error{Errc::not_found, "there is no such record in the review safe"};
  if (row->class_ != class_)
    return Error{kInvalid, "the record is of class " + wire::enum_name(row->class_) + ", and should be of class " +
                               wire::enum_name(class_)};
  return *row;
}

Result<CopyRow> copy_of_review(const Context& context, const ReviewPlace& place, const CopyId& copy) {
  TRY(const auto row, context.state.copy(context.txn, copy));
  if (!row || row->safe != place.case_.review_safe)
    return Error{Errc::not_found, "there is no such copy of the review safe"};
  if (row->ended()) return Error{Errc::conflict, "the copy has ended"};
  if (row->state == CopyState::issued && row->holder != row->issuer)
    return Error{Errc::conflict, "the copy is not prepared yet: its holder could not open it"};
  return *row;
}

Result<std::vector<RecordId>> records_of_copy(const Context& context, const CopyRow& copy) {
  if (copy.records > kMaxPackRecords) return Error{Errc::too_large, "a copy of the review's documents holds too many"};
  std::vector<RecordId> records;
  TRY_VOID(context.state.copied_records(context.txn, copy.copy, 0,
                                        [&](std::uint64_t, const CopiedRecord& copied) -> Result<bool> {
                                          if (!copied.ended) records.push_back(copied.record);
                                          return true;
                                        }));
  std::ranges::sort(records);
  return records;
}

Result<void> check_reason(bool needed, const std::optional<Digest>& reason, std::string_view what) {
  if (!needed || reason) return {};
  return Error{Errc::conflict, std::string(what) + ": it needs a reason"};
}

Result<void> check_between(const Date& from, const Date& date, const Date& to, std::string_view what) {
  if (from <= date && date <= to) return {};
  return Error{kInvalid,
               std::string(what) + " must be between " + vault::to_string(from) + " and " + vault::to_string(to)};
}

Result<void> check_version(std::uint64_t given, std::uint64_t last, std::string_view what) {
  if (last >= kMaxReviewVersions) return Error{Errc::too_large, std::string(what) + " has too many versions"};
  if (given != last + 1)
    return Error{Errc::conflict,
                 std::string(what) + " is at " + std::to_string(last) + ": the next is " + std::to_string(last + 1)};
  return {};
}

Result<void> change_review(const Entry& entry, const CaseId& id,
                           const std::function<Result<void>(ReviewRow&)>& change) {
  TRY(ReviewRow row, needed(entry.state.review(entry.txn, id)));
  TRY_VOID(change(row));
  return entry.state.put(entry.txn, row);
}
Result<void> change_agency(const Entry& entry, const CaseId& id, const AgencyId& agency,
                           const std::function<void(AgencyReviewRow&)>& change) {
  TRY(AgencyReviewRow row, needed(entry.state.agency_review(entry.txn, id, agency)));
  change(row);
  return entry.state.put(entry.txn, row);
}
Result<void> put_stage(const Entry& entry, const CaseId& id, Stage stage) {
  TRY(CaseRow row, needed(entry.state.find_case(entry.txn, id)));
  if (row.stage == stage) return {};
  row.stage = stage;
  return entry.state.put(entry.txn, row);
}

// --- duties.answer, duty.record -------------------------------------------------------------------------------------

namespace {

std::vector<Duty> applying(const DutyAnswers& answers) {
  std::vector<Duty> duties;
  for (const review::DutyApplies& one : review::duties_of(answers)) duties.push_back(one.duty);
  return duties;
}

}  // namespace

Decided decide(const Context& context, const wire::AnswerDuties& command) {
  return in_review(context, command.case_, action_of(command), review::Step::answer_duties, std::nullopt,
                   [&](const ReviewPlace& place) -> Decided {
                     Decision decision;
                     decision.events.push_back(review_event(
                         wire::DutiesAnswered{command.case_, command.answers, applying(command.answers)}, place));
                     return decision;
                   });
}

Result<void> apply(const Entry& entry, const wire::DutiesAnswered& detail) {
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    row.duty_answers = detail.answers;
    return {};
  });
}

Decided decide(const Context& context, const wire::RecordDuty& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::record_duty, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        const ReviewRow& row = place.review.row;
        if (!row.duty_answers || !listed(applying(*row.duty_answers), command.duty))
          return Error{Errc::conflict,
                       "by the answers to the questionnaire this duty does not apply (4.1.2): if that is wrong, "
                       "answer it again"};
        if (std::ranges::find(row.duties, command.duty, &DoneDutyRow::duty) != row.duties.end())
          return Error{Errc::conflict, "this duty is recorded as done already"};
        TRY_VOID(check_between(place.case_.incident_date, command.on, place.review.today, "the day of a duty"));
        const bool form = command.duty == Duty::document_1;
        if (form && !command.record)
          return Error{kInvalid, "the referral form is a record of the review safe: name it (4.1.2)"};
        if (command.record)
          TRY_VOID(
              document(context, place, *command.record, form ? RecordClass::document_1 : RecordClass::notification));
        Decision decision;
        decision.events.push_back(
            review_event(wire::DutyRecorded{command.case_, command.duty, command.on, command.record}, place));
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::DutyRecorded& detail) {
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    row.duties.push_back({detail.duty, detail.on, detail.record});
    return {};
  });
}

// --- templates.send -------------------------------------------------------------------------------------------------

namespace {

Result<void> check_templates_copy(const Context& context, const ReviewPlace& place,
                                  const wire::AgencyTemplates& templates) {
  TRY(const CopyRow copy, copy_of_review(context, place, *templates.copy));
  TRY(const auto holder, context.state.person(context.txn, copy.holder));
  if (!holder || holder->revoked || !has_role(*holder, templates.agency, Role::agency_lead))
    return Error{kInvalid, "the holder of the copy must be a lead of the agency that it is for"};
  TRY(const auto records, records_of_copy(context, copy));
  if (!std::ranges::binary_search(records, templates.document_2) ||
      !std::ranges::binary_search(records, templates.document_3))
    return Error{kInvalid, "the copy does not hold the agency's Documents 2 and 3"};
  return {};
}

Result<wire::TemplatesSent> sent_to(const Context& context, const ReviewPlace& place,
                                    const wire::SendTemplates& command, const wire::AgencyTemplates& templates) {
  TRY(const AgencyReviewRow row, asked_agency(place, templates.agency));
  if (row.templates_sent) return Error{Errc::conflict, "Documents 2 and 3 went to an agency of these already"};
  TRY_VOID(document(context, place, templates.document_2, RecordClass::document_2));
  TRY_VOID(document(context, place, templates.document_3, RecordClass::document_3));
  if (templates.copy) TRY_VOID(check_templates_copy(context, place, templates));
  TRY(const auto due, place.review.due("templates", templates.agency));
  if (!due.date) return Error{Errc::tampered, "the templates' clock has no trigger"};
  TRY_VOID(check_reason(
      due.is_past, command.reason,
      "Documents 2 and 3 were due by " + vault::to_string(*due.date) + ", 2 working days after the referral (4.3.3)"));
  return wire::TemplatesSent{command.case_,        templates.agency, templates.document_2,
                             templates.document_3, templates.copy,   *due.date,
                             due.is_past,          command.reason,   place.review.calendar.digest()};
}

}  // namespace

Decided decide(const Context& context, const wire::SendTemplates& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::send_templates, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        if (command.templates.size() > kMaxAgenciesPerAsk) return Error{Errc::too_large, "too many agencies at once"};
        std::vector<AgencyId> agencies;
        for (const auto& templates : command.templates) agencies.push_back(templates.agency);
        if (agencies.empty() || has_duplicates(std::move(agencies)))
          return Error{kInvalid, "name at least one agency, and each only once"};
        Decision decision;
        for (const auto& templates : command.templates) {
          TRY(const wire::TemplatesSent sent, sent_to(context, place, command, templates));
          decision.events.push_back(review_event(sent, place, templates.agency, std::nullopt, templates.copy));
        }
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::TemplatesSent& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY(const CaseRow row, needed(entry.state.find_case(entry.txn, detail.case_)));
  if (row.stage == Stage::referred) TRY_VOID(put_stage(entry, detail.case_, Stage::scoping));
  return change_agency(entry, detail.case_, detail.agency, [&](AgencyReviewRow& agency) {
    agency.templates_sent = entry.time();
    agency.document_2 = detail.document_2;
    agency.document_3 = detail.document_3;
    agency.copy = detail.copy;
    agency.templates_late = detail.late;
    agency.templates_reason = detail.reason;
  });
}

// --- scoping.return -------------------------------------------------------------------------------------------------

namespace {

Result<void> check_return(const Context& context, const ReviewPlace& place, const AgencyReviewRow& row,
                          const wire::ReturnScoping& command) {
  if (!row.templates_sent)
    return Error{Errc::conflict, "Document 2 is returned once it has been sent out to the agency (4.3.4)"};
  TRY_VOID(check_version(command.version, row.return_version, "the agency's return"));
  if (command.searched.empty() || has_duplicates(command.searched) ||
      !std::ranges::all_of(command.searched,
                           [&](const auto& subject) { return listed(place.case_.subjects, subject); }))
    return Error{kInvalid, "a return names the case's subjects that were searched for, each once (4.3.1)"};
  if (command.record) {
    TRY(const RecordRow record, document(context, place, *command.record, RecordClass::document_2));
    if (command.record == row.document_2 || command.record == row.return_record)
      return Error{Errc::conflict, "that is the Document 2 that was sent out, or the one that was returned already"};
    if (record.depositor != context.self())
      return Error{kInvalid, "the person who returns Document 2 must have secured it in the review safe"};
    return {};
  }
  TRY(const auto safe, context.state.agency_safe(context.txn, command.case_, command.agency));
  if (!safe) return {};
  TRY(const SafeRow held, needed(context.state.safe(context.txn, *safe)));
  if (held.records + held.items > 0)
    return Error{Errc::conflict, "the agency's safe holds records, so \"not known to us\" cannot be its return"};
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::ReturnScoping& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::return_scoping, command.agency,
      [&](const ReviewPlace& place) -> Decided {
        TRY(const AgencyReviewRow row, asked_agency(place, command.agency));
        TRY_VOID(check_return(context, place, row, command));
        TRY(const auto due, place.review.due("return", command.agency));
        if (!due.date) return Error{Errc::tampered, "the return's clock has no trigger"};
        const bool late = command.version == 1 && due.is_past;
        TRY_VOID(
            check_reason(late, command.reason, "Document 2 was due by " + vault::to_string(*due.date) + " (4.3.4)"));
        const bool on_behalf = !has_role(context.standing.person(), command.agency, Role::agency_lead);
        Decision decision;
        decision.events.push_back(review_event(
            wire::ScopingReturned{command.case_, command.agency, command.version, command.record, command.searched,
                                  on_behalf, *due.date, late, command.reason, place.review.calendar.digest()},
            place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::ScopingReturned& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  return change_agency(entry, detail.case_, detail.agency, [&](AgencyReviewRow& row) {
    if (!row.returned) row.returned = entry.time();
    row.return_version = detail.version;
    row.return_record = detail.record;
    if (detail.version == 1) {
      row.return_late = detail.late;
      row.return_reason = detail.reason;
    }
    row.on_behalf = detail.on_behalf;
  });
}

}  // namespace strongroom::access::acts
