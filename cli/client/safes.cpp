#include "cli/client/safes.h"

#include <algorithm>

#include "cli/client/duties.h"
#include "cli/client/proof/safe_secrets.h"

namespace cli::client {
namespace {

using access::NominationState;

Result<std::vector<wire::Nominee>> stage_nominees(Session& session, std::span<const NomineeWords> words) {
  std::vector<wire::Nominee> nominees;
  for (const NomineeWords& one : words) {
    wire::Nominee nominee{one.person, one.involvement, {}};
    if (!one.reason.empty()) {
      TRY(nominee.reason, session.stage_text(one.reason));
    }
    nominees.push_back(std::move(nominee));
  }
  return nominees;
}

NominationState state_of(const VerifiedSafe& safe, const access::PersonId& person) {
  const auto found = safe.nominations.find(person);
  return found == safe.nominations.end() ? NominationState::none : found->second;
}

// Nominates the successor, or resumes their nomination, and wraps the key if this client can.
Result<VerifiedSafe> bring_in(Session& session, Directory& directory, const HandoverRequest& request,
                              VerifiedSafe safe) {
  const NominationState before = state_of(safe, request.nominee.person);
  if (before == NominationState::none || before == NominationState::ended) {
    NomineeWords nominee = request.nominee;
    if (request.reason) {
      TRY(nominee.reason, request.reason());
    }
    TRY_VOID(nominate(session, directory, request.safe, nominee));
  } else if (before == NominationState::paused) {
    TRY_VOID(session.act(wire::ResumeNomination{request.safe, request.nominee.person}));
  }
  // The person named the successor in the command, so this question is answered.
  const auto wraps_for_them = [&](const Question& question) {
    return !question.copy && question.person == request.nominee.person ? Consent::yes : Consent::unanswered;
  };
  if (safe.keyholder(session.person())) TRY_VOID(sync(session, directory, wraps_for_them, request.safe));
  return verify_safe(session, directory, request.safe);
}

Result<void> reassign(Session& session, const VerifiedSafe& safe, const HandoverRequest& request, HandedOver& done) {
  TRY(const auto copies, session.all<wire::CopyView>("/v1/copies?case=" + safe.case_.to_string()));
  std::vector<access::CopyId> open;
  for (const wire::CopyView& copy : copies) {
    const bool ended = copy.state == access::CopyState::returned || copy.state == access::CopyState::destroyed ||
                       copy.state == access::CopyState::lost;
    if (copy.safe != request.safe || copy.responsible != request.from || ended) continue;
    open.push_back(copy.copy);
    if (copy.state == access::CopyState::issued && copy.issuer != copy.holder) done.unprepared.push_back(copy.copy);
  }
  for (std::size_t first = 0; first < open.size(); first += access::kMaxCopiesPerReassign) {
    const auto some = std::span(open).subspan(first, std::min(open.size() - first, access::kMaxCopiesPerReassign));
    TRY_VOID(session.act(wire::ReassignCopies{request.safe, {some.begin(), some.end()}, request.nominee.person}));
  }
  done.copies = open.size();
  return {};
}

}  // namespace

Result<OpenedSafe> open_new_safe(Session& session, const Directory& directory, const access::CaseId& case_,
                                 const access::AgencyId& agency, std::span<const NomineeWords> representatives,
                                 std::string_view reason) {
  wire::OpenSafe command;
  command.case_ = case_;
  command.safe = session.make_id<access::SafeId>();
  command.agency = agency;
  std::vector<access::PersonId> keyholders;
  for (const NomineeWords& one : representatives) keyholders.push_back(one.person);
  TRY(NewEpoch epoch, make_epoch(directory, command.safe, 0, keyholders, nullptr));
  TRY(command.representatives, stage_nominees(session, representatives));
  if (!reason.empty()) {
    TRY(command.reason, session.stage_text(reason));
  }
  TRY_VOID(session.stage(epoch.values));
  command.key = std::move(epoch.key);
  TRY(ActAnswer answer, session.act(command));
  return OpenedSafe{command.safe, std::move(answer)};
}

Result<ReferredCase> refer_case(Session& session, const Directory& directory, const ReferralWords& referral) {
  wire::ReferCase command;
  command.case_ = session.make_id<access::CaseId>();
  command.agency = referral.agency;
  command.incident_date = referral.incident_date;
  command.aware_date = referral.aware_date;
  command.received = referral.received;
  command.subjects = referral.subjects;
  command.rules = referral.rules;
  command.linked_to = referral.linked_to;
  command.review_safe = session.make_id<access::SafeId>();
  std::vector<access::PersonId> keyholders;
  for (const Person* spoc : directory.spocs()) keyholders.push_back(spoc->id);
  if (keyholders.empty())
    return Error{Errc::conflict, "no SPOC is certified yet, so nobody can receive the referral; invite a SPOC first"};
  TRY(NewEpoch epoch, make_epoch(directory, command.review_safe, 0, keyholders, nullptr));
  TRY_VOID(session.stage(epoch.values));
  command.key = std::move(epoch.key);
  TRY(ActAnswer answer, session.act(command));
  TRY(const auto event, event_of<wire::CaseReferred>(answer.entries.front().body));
  return ReferredCase{command.case_, command.review_safe, event.reference, std::move(answer)};
}

Result<ActAnswer> nominate(Session& session, const Directory& directory, const access::SafeId& safe,
                           const NomineeWords& nominee) {
  TRY_VOID(directory.certified(nominee.person));
  TRY(auto nominees, stage_nominees(session, std::span(&nominee, 1)));
  return session.act(wire::MakeNomination{safe, std::move(nominees.front())});
}

Result<HandedOver> hand_over(Session& session, Directory& directory, const HandoverRequest& request) {
  if (request.from == request.nominee.person)
    return Error{Errc::invalid_argument, "a representative cannot hand over to themselves; name somebody else"};
  TRY(VerifiedSafe safe, verify_safe(session, directory, request.safe));
  if (state_of(safe, request.from) == NominationState::none)
    return Error{Errc::not_found, "the person who hands over was never nominated for this safe"};
  if (!safe.keyholder(request.nominee.person)) {
    TRY(safe, bring_in(session, directory, request, std::move(safe)));
  }
  if (!safe.keyholder(request.nominee.person)) {
    const bool wrapped = safe.current().wraps.contains(request.nominee.person);
    return HandedOver{wrapped ? HandoverState::waits_for_confirmation : HandoverState::waits_for_wrap, 0, {}};
  }
  HandedOver done;
  TRY_VOID(reassign(session, safe, request, done));
  if (state_of(safe, request.from) != NominationState::ended)
    TRY_VOID(session.act(wire::EndNomination{request.safe, request.from, std::nullopt}));
  // Begins the new epoch if this client is a keyholder's. Otherwise the next command of any keyholder begins it.
  if (safe.keyholder(session.person()) && session.person() != request.from) TRY_VOID(sync(session, directory));
  return done;
}

}  // namespace cli::client
