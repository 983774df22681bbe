// The register of acts: for each act its command and the entries that it makes. Every list of acts is made from this
// one.
//
// It also holds the rule that binds an entry to what somebody signed (DESIGN 4): a command is decoded from verified
// bytes and from nothing else, and an entry says what its command says. Client, service and replay verify with the
// functions at the end of this file. Docs: docs/formats.md
#pragma once
#include <boost/mp11/list.hpp>

#include "access/wire/desk_events.h"
#include "access/wire/review_events.h"

namespace strongroom::access::wire {

// ---- The acts ----

// An act and its own kind of entry. Where the command has a list of which each item gets an entry of its own, `List` is
// that member: such an entry says what its item says, and what the rest of the command says.
template <class Command_, class Event_, auto List = nullptr>
struct Act {
  using Command = Command_;
  using Event = Event_;
};

using Acts = boost::mp11::mp_list<
    // the directory
    Act<InvitePerson, PersonInvited>, Act<EnrolPerson, PersonEnrolled>, Act<JoinAgency, PersonJoined>,
    Act<RevokePerson, PersonRevoked>, Act<AddAgency, AgencyAdded>, Act<ImportCalendar, CalendarImported>,
    // cases, safes and their keys
    Act<ReferCase, CaseReferred>, Act<AskAgencies, AgenciesAsked>, Act<OpenSafe, SafeOpened>,
    Act<MakeNomination, NominationMade>, Act<WrapNomination, NominationWrapped>,
    Act<ConfirmNomination, NominationConfirmed>, Act<EndNomination, NominationEnded>,
    Act<PauseNomination, NominationPaused>, Act<ResumeNomination, NominationResumed>, Act<StartEpoch, EpochStarted>,
    Act<CompleteShares, SharesCompleted>,
    // records and copies
    Act<SealRecords, RecordsSealed>, Act<IssueCopy, CopyIssued>, Act<PrepareCopy, CopyPrepared>,
    Act<CollectCopy, CopyCollected>, Act<DeliverCopy, CopyDelivered>, Act<ReturnCopy, CopyReturned>,
    Act<ReassignCopies, CopyReassigned, &ReassignCopies::copies>,
    // the agency's desk
    Act<MakeDeclaration, DeclarationMade>, Act<AddItem, ItemAdded>, Act<ChangeCustody, ItemChanged>,
    Act<RemoveOriginals, OriginalsRemoved>,
    // the review
    Act<AnswerDuties, DutiesAnswered>, Act<RecordDuty, DutyRecorded>,
    Act<SendTemplates, TemplatesSent, &SendTemplates::templates>, Act<ReturnScoping, ScopingReturned>,
    Act<ScheduleMeeting, MeetingScheduled>, Act<SharePack, PackShared, &SharePack::packs>,
    Act<RecordAttendance, AttendanceRecorded>, Act<DecideReview, ReviewDecided>, Act<AnswerDecision, DecisionAnswered>,
    Act<EndorseDecision, DecisionEndorsed>, Act<SendOutcome, OutcomeSent>, Act<RecordPanelAnswer, PanelAnswered>,
    Act<InformAgencies, OutcomeInformed, &InformAgencies::agencies>, Act<AcknowledgeOutcome, OutcomeAcknowledged>,
    Act<RecordInspectorate, InspectorateRecorded>, Act<CloseReview, ReviewClosed>, Act<DropReview, ReviewDropped>,
    Act<StepBack, SteppedBack>, Act<MoveClock, ClockMoved>>;

template <class Act>
using CommandOf = typename Act::Command;
template <class Act>
using EventOf = typename Act::Event;
using Commands = boost::mp11::mp_transform<CommandOf, Acts>;
// The kinds of entry that a person's act makes. Each is the own kind of exactly one act.
using Events = boost::mp11::mp_transform<EventOf, Acts>;
// Entries that nobody's act makes: refusals (of any request), and what the system says by itself.
using OtherEvents = boost::mp11::mp_list<GenesisInvited, AccessRefused, RequestsLimited, ClockStepped>;

// The kinds of all commands, in the register's order.
std::vector<std::string_view> command_kinds();

// ---- Entries and what was signed ----

inline constexpr std::string_view kActsPath = "/v1/acts/";
// The kind of the act that a request is for: of a `POST /v1/acts/{kind}`. Nothing if it is another request.
std::optional<std::string> act_of(const VerifiedRequest& request);

// The command of a verified request. Errc::tampered if the request is not for this act, or its signed body is not
// exactly one such command.
template <class Command>
vault::Result<Command> command_of(const VerifiedRequest& request) {
  if (act_of(request) != Command::kKind)
    return vault::Error{vault::Errc::tampered, "an entry's request is not for the act that its kind needs"};
  auto command = decode<Command>(request.body(), Strictness::exact);
  if (!command)
    return vault::Error{vault::Errc::tampered, "an entry's signed request is not the command that its kind needs"};
  return command;
}

// Verifies the request that an entry says it was caused by: its signature under `key`, that the entry's actor signed
// it, for this service if `authority` is given, and within a minute of `entered`. Its body may be omitted only in an
// `access.refused` of something that is no act. Errc::tampered. The caller finds `key` by the entry's actor, and
// decides whether it was valid then.
vault::Result<VerifiedRequest> verify_cause(const EntryBody& body, vault::Instant entered,
                                            const vault::crypto::VerifyKey& key,
                                            const std::optional<std::string>& authority);

// That an entry says what its verified request makes of it: its kind is one that the act makes, each member says what
// the command says, and so do the ids that it concerns. Members that are given or computed are compared only as far as
// the command names them. Errc::tampered. Replay compares these as well; this is for whoever holds a single chain.
vault::Result<void> check_entered(const EntryBody& body, const VerifiedRequest& request);

// That `entries`, all of one verified request, are what its act makes: the act's own entries first, one for each item
// of its list, in order. Entries that follow from it may come after. Errc::tampered.
vault::Result<void> check_all_entered(std::span<const EntryBody* const> entries, const VerifiedRequest& request);

}  // namespace strongroom::access::wire
