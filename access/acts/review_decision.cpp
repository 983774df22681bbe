// Implements the acts about the meeting's decision (4.6.2): Document 4, the partners' answers to it, and an independent
// chair's endorsement (4.6.3).
#include "access/acts/review_acts.h"

namespace strongroom::access::acts {

// --- review.decide --------------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::DecideReview& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::decide, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        if (!place.review.row.meeting) return Error{Errc::tampered, "a review is at its decision, and has no meeting"};
        TRY_VOID(check_version(command.version, place.review.row.decisions, "Document 4"));
        TRY_VOID(document(context, place, command.record, RecordClass::document_4));
        if (place.review.row.decision && place.review.row.decision->record == command.record)
          return Error{Errc::conflict, "that Document 4 is decided on already"};
        if (command.actions > kMaxActions) return Error{kInvalid, "a meeting agrees a thousand actions at most"};
        TRY(const auto due, place.review.due("outcome"));
        TRY_VOID(check_reason(due.is_past, command.reason,
                              "Document 4 is completed at the meeting (4.6.3), and its outcome is overdue"));
        Decision decision;
        decision.events.push_back(review_event(
            wire::ReviewDecided{command.case_, command.version, place.review.row.meeting->number, command.record,
                                command.decision, command.actions, due.is_past, command.reason},
            place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::ReviewDecided& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY_VOID(put_stage(entry, detail.case_, Stage::decided));
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    DecisionRow decision;
    decision.version = detail.version;
    decision.record = detail.record;
    decision.decision = detail.decision;
    decision.actions = detail.actions;
    decision.time = entry.time();
    decision.late = detail.late;
    decision.reason = detail.reason;
    row.decision = std::move(decision);
    row.decisions = detail.version;
    return {};
  });
}

// --- decision.answer ------------------------------------------------------------------------------------------------

namespace {

Result<void> check_answer(const Context& context, const DecisionRow& decision, const wire::AnswerDecision& command,
                          const DirectoryRow& directory, bool own) {
  if (std::ranges::find(directory.partners, command.partner, &PartnerRow::agency) == directory.partners.end())
    return Error{kInvalid, "only the three safeguarding partners agree Document 4 (4.6.3)"};
  if (command.version != decision.version)
    return Error{Errc::conflict, "Document 4 is at version " + std::to_string(decision.version)};
  if (command.record != decision.record)
    return Error{Errc::conflict, "that record is not the Document 4 which the meeting completed (4.6.3)"};
  if (std::ranges::find(decision.answers, command.partner, &AnswerRow::partner) != decision.answers.end())
    return Error{Errc::conflict, "that partner has answered this version already"};
  const auto by_same = [&](const AnswerRow& answer) { return !answer.by_spoc && answer.person == context.self(); };
  if (own && std::ranges::any_of(decision.answers, by_same))
    return Error{Errc::conflict, "nobody answers for two partners (4.6.1)"};
  if (command.answer == PartnerAnswer::dissent && !command.reason)
    return Error{kInvalid, "a dissent needs its reasons, which are printed with Document 4"};
  return {};
}

}  // namespace

Decided decide(const Context& context, const wire::AnswerDecision& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::answer_document, command.partner,
      [&](const ReviewPlace& place) -> Decided {
        if (!place.review.row.decision) return Error{Errc::tampered, "a review is decided, and has no decision"};
        const DecisionRow& current = *place.review.row.decision;
        TRY(const DirectoryRow directory, context.state.directory(context.txn));
        const bool own = has_role(context.standing.person(), command.partner, Role::partner);
        TRY_VOID(check_answer(context, current, command, directory, own));
        Decision decision;
        decision.events.push_back(review_event(
            wire::DecisionAnswered{command.case_, command.version, command.record, command.partner, command.answer,
                                   command.reason, !own, current.answers.size() + 1 == directory.partners.size()},
            place));
        add_text(decision, command.reason);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::DecisionAnswered& detail) {
  TRY_VOID(keep_text(entry, detail.reason));
  TRY(const PersonId person, entry.actor());
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    if (!row.decision) return Error{Errc::tampered, "an entry answers a decision that no earlier entry made"};
    row.decision->answers.push_back(
        {detail.partner, detail.answer, person, detail.by_spoc, entry.time(), detail.reason});
    row.decision->frozen = detail.frozen;
    return {};
  });
}

// --- decision.endorse -----------------------------------------------------------------------------------------------

Decided decide(const Context& context, const wire::EndorseDecision& command) {
  return in_review(
      context, command.case_, action_of(command), review::Step::endorse, std::nullopt,
      [&](const ReviewPlace& place) -> Decided {
        const auto& current = place.review.row.decision;
        if (!current || current->version != command.version)
          return Error{Errc::conflict, "Document 4 has another version meanwhile"};
        if (current->record != command.record)
          return Error{Errc::conflict, "that record is not the Document 4 which the meeting completed (4.6.3)"};
        if (current->endorsed) return Error{Errc::conflict, "this version is endorsed already"};
        Decision decision;
        decision.events.push_back(review_event(
            wire::DecisionEndorsed{command.case_, command.version, command.record, command.remark}, place));
        add_text(decision, command.remark);
        return decision;
      });
}

Result<void> apply(const Entry& entry, const wire::DecisionEndorsed& detail) {
  TRY_VOID(keep_text(entry, detail.remark));
  TRY(const PersonId person, entry.actor());
  return change_review(entry, detail.case_, [&](ReviewRow& row) -> Result<void> {
    if (!row.decision) return Error{Errc::tampered, "an entry endorses a decision that no earlier entry made"};
    row.decision->endorsed = EndorsementRow{person, entry.time(), detail.remark};
    return {};
  });
}

}  // namespace strongroom::access::acts
