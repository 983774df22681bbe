// Names the action of the permission table that each act asks for. The service decides with this list, and clients
// verify with the same list what the service decided.
#pragma once
#include "access/permit.h"
#include "access/wire/register.h"

namespace strongroom::access {

// Pairs a command with the action that it asks for. `in_review_safe` differs where the act asks for another action in a
// review safe.
template <class Command_, Action action, Action in_review_safe = action>
struct Asks {
  using Command = Command_;
  static constexpr Action kAction = action;
  static constexpr Action kInReviewSafe = in_review_safe;
};

using AskedActions = boost::mp11::mp_list<
    // the directory
    Asks<wire::InvitePerson, Action::invite>, Asks<wire::EnrolPerson, Action::enrol>,
    Asks<wire::JoinAgency, Action::join>, Asks<wire::ConfirmRoots, Action::confirm_roots>,
    Asks<wire::RevokePerson, Action::revoke>, Asks<wire::AddAgency, Action::add_agency>,
    Asks<wire::ImportCalendar, Action::import_calendar>,
    // cases, safes and their keys
    Asks<wire::ReferCase, Action::refer_case>, Asks<wire::AskAgencies, Action::ask_agencies>,
    Asks<wire::OpenSafe, Action::open_safe>, Asks<wire::MakeNomination, Action::nominate, Action::nominate_participant>,
    Asks<wire::WrapNomination, Action::wrap_nomination>, Asks<wire::ConfirmNomination, Action::confirm_nomination>,
    Asks<wire::EndNomination, Action::end_nomination, Action::end_participation>,
    Asks<wire::PauseNomination, Action::pause_nomination, Action::pause_participation>,
    Asks<wire::ResumeNomination, Action::pause_nomination, Action::pause_participation>,
    Asks<wire::StartEpoch, Action::start_epoch>, Asks<wire::CompleteShares, Action::complete_shares>,
    // records and copies
    Asks<wire::SealRecords, Action::deposit, Action::deposit_in_review>, Asks<wire::IssueCopy, Action::issue_copy>,
    Asks<wire::PrepareCopy, Action::prepare_copy>, Asks<wire::CollectCopy, Action::collect_copy>,
    Asks<wire::DeliverCopy, Action::deliver_copy>, Asks<wire::ReturnCopy, Action::return_copy>,
    Asks<wire::ReassignCopies, Action::reassign_copies, Action::reassign_review_copies>,
    // the agency's desk
    Asks<wire::MakeDeclaration, Action::declare>, Asks<wire::AddItem, Action::add_item>,
    Asks<wire::ChangeCustody, Action::change_custody>, Asks<wire::RemoveOriginals, Action::remove_originals>,
    // the review
    Asks<wire::AnswerDuties, Action::answer_duties>, Asks<wire::RecordDuty, Action::record_duty>,
    Asks<wire::SendTemplates, Action::send_templates>, Asks<wire::ReturnScoping, Action::return_scoping>,
    Asks<wire::ScheduleMeeting, Action::set_meeting>, Asks<wire::SharePack, Action::share_pack>,
    Asks<wire::RecordAttendance, Action::record_attendance>, Asks<wire::DecideReview, Action::decide_review>,
    Asks<wire::AnswerDecision, Action::answer_decision>, Asks<wire::EndorseDecision, Action::endorse_decision>,
    Asks<wire::SendOutcome, Action::send_outcome>, Asks<wire::RecordPanelAnswer, Action::record_panel_answer>,
    Asks<wire::InformAgencies, Action::inform_agencies>, Asks<wire::AcknowledgeOutcome, Action::acknowledge_outcome>,
    Asks<wire::RecordInspectorate, Action::record_inspectorate>, Asks<wire::CloseReview, Action::close_review>,
    Asks<wire::DropReview, Action::drop_review>, Asks<wire::StepBack, Action::step_back>,
    Asks<wire::MoveClock, Action::move_clock>>;

template <class Asked>
using CommandAsking = typename Asked::Command;
static_assert(std::is_same_v<boost::mp11::mp_transform<CommandAsking, AskedActions>, wire::Commands>,
              "every act of the register asks for an action, in the register's order");
template <class Command>
using AskedBy = boost::mp11::mp_at<AskedActions, boost::mp11::mp_find<wire::Commands, Command>>;

// Returns the action that the command asks for. `is_review_safe` says whether the place is a review safe: for example,
// sealing the Document 2 of an agency there asks for `deposit_return`, and sealing anything else for
// `deposit_in_review`.
template <class Command>
constexpr Action action_of(const Command&, bool is_review_safe = false) {
  return is_review_safe ? AskedBy<Command>::kInReviewSafe : AskedBy<Command>::kAction;
}

constexpr bool is_staff_role(Role role) {
  return role == Role::practitioner || role == Role::depositor;
}
// An invitation asks for one of three actions, depending on the roles that it gives.
inline Action action_of(const wire::InvitePerson& command, bool = false) {
  const auto is_partner_role = [](Role role) { return role == Role::partner || role == Role::custodian; };
  if (std::ranges::any_of(command.roles, is_partner_role)) return Action::invite_for_partner;
  return std::ranges::all_of(command.roles, is_staff_role) ? Action::invite_staff : Action::invite;
}
// Returns the action that revoking a person asks for. A lead revokes only people whom a lead may invite, so
// `staff_only` must say whether the person is nothing but a practitioner or depositor of one agency.
constexpr Action action_of_revoking(bool staff_only) {
  return staff_only ? Action::revoke_staff : Action::revoke;
}
// Anyone who was asked may secure in the review safe the documents that come back from them, and nothing else.
inline Action action_of(const wire::SealRecords& command, bool is_review_safe = false) {
  if (command.on_behalf_of) return Action::deposit_on_behalf;
  if (!is_review_safe) return Action::deposit;
  const bool returns = std::ranges::all_of(command.records, [](const wire::NewRecord& record) {
    return record.class_ == RecordClass::document_2 || record.class_ == RecordClass::notification;
  });
  return returns ? Action::deposit_return : Action::deposit_in_review;
}

}  // namespace strongroom::access
