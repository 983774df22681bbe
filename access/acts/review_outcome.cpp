// Implements the acts about the outcome of a review (4.7): it goes to the Panel, which answers, and to the agencies and
// the referrer; and inspectorates are notified.
#include "access/acts/review_acts.h"

namespace strongroom::access::acts {

// --- outcome.send ---------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::SendOutcome& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::send_outcome, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        const auto& decided = place.review.row.decision;
        if (!decided || decided->record != command.document_4)
          return Error{Errc::conflict, "the Panel must be sent the Document 4 that the meeting completed (4.7.1)"};
        TRY_VOID(document(context, place, command.document_5, RecordClass::document_5));
        TRY(const auto outcome, place.review.due("outcome"));
        TRY(const auto whole, place.review.due("rapid-review"));
        TRY_VOID(check_reason(outcome.is_past, command.reason, "the outcome is sent after it was due (4.7.1)"));
        TRY_VOID(check_reason(whole.is_past, command.reason, "the Rapid Review is completed after it was due (4.2.2)"));
        Decision decision;
        decision.events.push_back(review_event(
            wire::OutcomeSent{command.case_, command.document_4, command.document_5, command.manifest, outcome.is_past,
                              whole.is_past, command.reason, place.review.calendar.digest()},
            place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::OutcomeSent& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, Stage::outcome_sent));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    OutcomeRow outcome;
    outcome.document_4 = detail.document_4;
    outcome.document_5 = detail.document_5;
    outcome.manifest = detail.manifest;
    outcome.sent = entry.time();
    outcome.outcome_late = detail.outcome_late;
    outcome.review_late = detail.review_late;
    outcome.reason = detail.reason;
    row.outcome = std::move(outcome);
    return {};
  });
}

// --- panel.answer ---------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::RecordPanelAnswer& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::record_panel_answer, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        if (!place.review.row.outcome)  // closed before an outcome was sent
          return Error{Errc::conflict, std::string(review::sentence_of(review::Step::record_panel_answer))};
        TRY_VOID(check_between(vault::london_date(place.review.row.outcome->sent), command.on, place.review.today,
                               "the day of the Panel's answer"));
        if (command.record) {
          TRY(const auto record, context.state.record(context.txn, *command.record));
          if (!record || record->safe != place.case_.review_safe)
            return Error{Errc::not_found, "there is no such record in the review safe"};
        }
        Decision decision;
        decision.events.push_back(
            review_event(wire::PanelAnswered{command.case_, command.answer, command.on, command.record}, place));
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::PanelAnswered& detail) {
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    if (!row.outcome) return Error{Errc::tampered, "the Panel answers an outcome that no earlier entry sent"};
    row.outcome->panel_answer = detail.answer;
    row.outcome->panel_answered = detail.on;
    row.outcome->panel_record = detail.record;
    return {};
  });
}

// --- outcome.inform, outcome.acknowledge ----------------------------------------------------------------------------

namespace {

Result<void> check_informed(const Context& context, const ReviewPlace& place, const wire::InformedAgency& informed) {
  TRY(const AgencyReviewRow row, asked_agency(place, informed.agency));
  if (row.informed) return Error{Errc::conflict, "an agency of these has been informed already"};
  if (!informed.copy) return {};
  TRY(const CopyRow copy, copy_of_review(context, place, *informed.copy));
  TRY(const auto holder, context.state.person(context.txn, copy.holder));
  if (!holder || holder->revoked || !is_member(*holder, informed.agency))
    return Error{kInvalid, "the holder of the copy must be a member of the agency that is informed"};
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::InformAgencies& command) {
  return in_review(context, command.case_, action_of(command), review::Step::inform, std::nullopt,
                   [&](const ReviewPlace& place) -> Decided {
                     if (command.agencies.size() > kMaxAgenciesPerAsk)
                       return Error{Errc::too_large, "too many agencies at once"};
                     std::vector<AgencyId> agencies;
                     for (const auto& informed : command.agencies) agencies.push_back(informed.agency);
                     if (agencies.empty() || has_duplicates(std::move(agencies)))
                       return Error{kInvalid, "name at least one agency, and each only once"};
                     Decision decision;
                     for (const auto& informed : command.agencies) {
                       TRY_VOID(check_informed(context, place, informed));
                       decision.events.push_back(
                           review_event(wire::OutcomeInformed{command.case_, informed.agency,
                                                              informed.agency == place.case_.agency, informed.copy},
                                        place, informed.agency, std::nullopt, informed.copy));
                     }
                     return decision;
                   });
}

Result<void> apply(const Entry& entry, const wire::OutcomeInformed& detail) {
  return change_agency(entry, detail.case_, detail.agency, [&](AgencyReviewRow& row) {
    row.informed = entry.time();
    row.outcome_copy = detail.copy;
  });
}

Decided decide(const Context& context, const wire::AcknowledgeOutcome& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::acknowledge, command.agency,
      [&](const ReviewPlace& place) -> Decided {
        TRY(const AgencyReviewRow row, asked_agency(place, command.agency));
        if (!row.informed) return Error{Errc::conflict, "the agency has not been informed yet (4.7.2)"};
        if (row.acknowledged) return Error{Errc::conflict, "the agency has acknowledged already"};
        Decision decision;
        decision.events.push_back(review_event(wire::OutcomeAcknowledged{command.case_, command.agency}, place));
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::OutcomeAcknowledged& detail) {
  return change_agency(entry, detail.case_, detail.agency,
                       [&](AgencyReviewRow& row) { row.acknowledged = entry.time(); });
}

// --- inspectorate.record --------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::RecordInspectorate& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::record_inspectorate, command.agency,
      [&](const ReviewPlace& place) -> Decided {
        TRY(const AgencyReviewRow row, asked_agency(place, command.agency));
        if (std::ranges::find(row.inspectorates, command.body, &NotifiedRow::body) != row.inspectorates.end())
          return Error{Errc::conflict, "the agency has recorded that inspectorate already"};
        if (command.body == Inspectorate::none_required && !row.inspectorates.empty())
          return Error{Errc::conflict, "the agency has notified an inspectorate: one was required"};
        TRY_VOID(check_between(place.case_.incident_date, command.on, place.review.today, "the day of a notification"));
        Decision decision;
        decision.events.push_back(
            review_event(wire::InspectorateRecorded{command.case_, command.agency, command.body, command.on}, place));
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::InspectorateRecorded& detail) {
  return change_agency(entry, detail.case_, detail.agency,
                       [&](AgencyReviewRow& row) { row.inspectorates.push_back({detail.body, detail.on}); });
}

}  // namespace strongroom::access::acts
