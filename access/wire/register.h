// Keeps the register of acts: for each act its command and the entries that it makes. Every list of acts is made from
// this one.
//
// It also keeps the rule that binds an entry to what somebody signed: a command is decoded only from verified bytes,
// and an entry has the values of its command. Client, service and replay verify with the functions at the end of this
// file. Docs: docs/formats.md ("The acts and their entries")
#pragma once
#include <boost/mp11/list.hpp>

#include "access/wire/calendar.h"
#include "access/wire/cases.h"
#include "access/wire/copies.h"
#include "access/wire/course.h"
#include "access/wire/decision.h"
#include "access/wire/directory.h"
#include "access/wire/entry.h"
#include "access/wire/holdings.h"
#include "access/wire/meeting.h"
#include "access/wire/outcome.h"
#include "access/wire/records.h"
#include "access/wire/safes.h"
#include "access/wire/scoping.h"
#include "audit/entry.h"

namespace strongroom::access::wire {

// ---- The acts ----

// Pairs an act's command with the kind of entry that it makes, and with the listings that show it. If each item of a
// list in the command gets an entry of its own, `List` is that member: such an entry has the values of its item and
// those of the rest of the command. For example, `SharePack` makes one `PackShared` for each of its packs.
template <class Command_, class Event_, auto List = nullptr, Listing... Listings>
struct Act {
  using Command = Command_;
  using Event = Event_;
  static constexpr std::array<Listing, sizeof...(Listings)> kListings{Listings...};
};
// An act that makes one entry.
template <class Command, class Event, Listing... Listings>
using One = Act<Command, Event, nullptr, Listings...>;

// Acts whose entries are in chains of this sort.
template <ChainSort Sort, class... Acts_>
struct InChain {
  static constexpr ChainSort kSort = Sort;
  using Acts = boost::mp11::mp_list<Acts_...>;
};

using Register = boost::mp11::mp_list<
    InChain<ChainSort::directory,  //
            One<InvitePerson, PersonInvited>, One<EnrolPerson, PersonEnrolled>, One<JoinAgency, PersonJoined>,
            One<ConfirmRoots, RootsConfirmed>, One<RevokePerson, PersonRevoked>, One<AddAgency, AgencyAdded>,
            One<ImportCalendar, CalendarImported>>,
    InChain<ChainSort::cases,  //
            One<ReferCase, CaseReferred, Listing::case_wide, Listing::course>>,
    InChain<ChainSort::review,  //
            One<AskAgencies, AgenciesAsked, Listing::case_wide, Listing::course>,
            One<OpenSafe, SafeOpened, Listing::safe_keys>>,
    InChain<ChainSort::keys,  //
            One<MakeNomination, NominationMade, Listing::safe_keys>,
            One<WrapNomination, NominationWrapped, Listing::safe_keys>,
            One<ConfirmNomination, NominationConfirmed, Listing::safe_keys>,
            One<EndNomination, NominationEnded, Listing::safe_keys>,
            One<PauseNomination, NominationPaused, Listing::safe_keys>,
            One<ResumeNomination, NominationResumed, Listing::safe_keys>,
            One<StartEpoch, EpochStarted, Listing::safe_keys>>,
    InChain<ChainSort::recovery,  //
            One<CompleteShares, SharesCompleted, Listing::safe_keys>>,
    InChain<ChainSort::records,  //
            One<SealRecords, RecordsSealed, Listing::sealings, Listing::course>>,
    InChain<ChainSort::copies,  //
            One<IssueCopy, CopyIssued>, One<PrepareCopy, CopyPrepared, Listing::copy>, One<CollectCopy, CopyCollected>,
            One<DeliverCopy, CopyDelivered>, One<ReturnCopy, CopyReturned>,
            Act<ReassignCopies, CopyReassigned, &ReassignCopies::copies, Listing::copy>>,
    InChain<ChainSort::records,  // the agency's desk
            One<MakeDeclaration, DeclarationMade, Listing::holdings>, One<AddItem, ItemAdded, Listing::holdings>,
            One<ChangeCustody, ItemChanged, Listing::holdings>,
            One<RemoveOriginals, OriginalsRemoved, Listing::holdings>>,
    InChain<ChainSort::review,  //
            One<AnswerDuties, DutiesAnswered, Listing::course>, One<RecordDuty, DutyRecorded, Listing::course>,
            Act<SendTemplates, TemplatesSent, &SendTemplates::templates, Listing::course>,
            One<ReturnScoping, ScopingReturned, Listing::course>,
            One<ScheduleMeeting, MeetingScheduled, Listing::course, Listing::case_wide>,
            Act<SharePack, PackShared, &SharePack::packs, Listing::course>,
            One<RecordAttendance, AttendanceRecorded, Listing::course>,
            One<DecideReview, ReviewDecided, Listing::course>, One<AnswerDecision, DecisionAnswered, Listing::course>,
            One<EndorseDecision, DecisionEndorsed, Listing::course>, One<SendOutcome, OutcomeSent, Listing::course>,
            One<RecordPanelAnswer, PanelAnswered, Listing::course>,
            Act<InformAgencies, OutcomeInformed, &InformAgencies::agencies, Listing::course>,
            One<AcknowledgeOutcome, OutcomeAcknowledged, Listing::course>,
            One<RecordInspectorate, InspectorateRecorded, Listing::course>,
            One<CloseReview, ReviewClosed, Listing::course, Listing::case_wide>,
            One<DropReview, ReviewDropped, Listing::course, Listing::case_wide>,
            One<StepBack, SteppedBack, Listing::course, Listing::case_wide>,
            One<MoveClock, ClockMoved, Listing::course, Listing::case_wide>>>;

template <class InChain>
using ActsOf = typename InChain::Acts;
using Acts = boost::mp11::mp_flatten<boost::mp11::mp_transform<ActsOf, Register>>;

template <class Act>
using CommandOf = typename Act::Command;
template <class Act>
using EventOf = typename Act::Event;
using Commands = boost::mp11::mp_transform<CommandOf, Acts>;
// The kinds of entry that people's acts make. Each belongs to exactly one act.
using Events = boost::mp11::mp_transform<EventOf, Acts>;
// The kinds of entry that nobody's act makes: refusals (of any request), and those that the system makes by itself.
using OtherEvents = boost::mp11::mp_list<ChainBegun, GenesisInvited, AccessRefused, RequestsLimited, ClockStepped>;

// Returns the kinds of all commands, in the register's order.
std::vector<std::string_view> command_kinds();
// Returns the kinds of entry that a listing has, in the register's order.
std::span<const std::string_view> kinds_in(Listing listing);
bool is_in(Listing listing, std::string_view kind);

// Prints the acts and their kinds of entry as the Markdown table of docs/formats.md.
std::string print_register();

// Returns the sort of the chain that entries of this kind are in. Returns nothing for `chain.begun`, which begins a
// chain of any sort, and for a kind that does not exist.
std::optional<ChainSort> chain_sort_of(std::string_view kind);
// Returns the chains that begin directly after an entry of this kind, in this order. The kind declares them with
// `kBegins`.
std::span<const ChainSort> chains_begun_by(std::string_view kind);
// Begin at genesis, in this order. So their sorts are also their numbers.
inline constexpr auto kChainsOfGenesis =
    std::to_array({ChainSort::directory, ChainSort::cases, ChainSort::refusals, ChainSort::service});
constexpr audit::ChainNumber number_at_genesis(ChainSort sort) {
  return {static_cast<std::uint64_t>(sort)};
}
static_assert(number_at_genesis(kChainsOfGenesis[0]).value == 0 && number_at_genesis(kChainsOfGenesis[1]).value == 1 &&
              number_at_genesis(kChainsOfGenesis[2]).value == 2 && number_at_genesis(kChainsOfGenesis[3]).value == 3);
// The invitations that genesis makes after them: for the three partners' roots and for the administrator.
inline constexpr std::uint64_t kGenesisInvitations = 4;

// Returns the members of an entry's detail that its kind declares as `kGiven`, by their names in JSON: for example the
// reference of a `case.referred`. The object is empty for a kind that declares none.
json::object given_of(std::string_view kind, const json::value& detail);

// ---- Entries and what was signed ----

inline constexpr std::string_view kActsPath = "/v1/acts/";
// Returns the kind of the act that a `POST /v1/acts/{kind}` is for. Returns nothing for any other request.
std::optional<std::string> act_of(const VerifiedRequest& request);

// Decodes the command of a verified request. Errc::tampered if the request is not for this act, or if its signed body
// is not exactly one such command.
template <class Command>
vault::Result<Command> command_of(const VerifiedRequest& request) {
  if (act_of(request) != Command::kKind)
    return vault::Error{vault::Errc::tampered, "an entry's request is not for the act that its kind needs"};
  auto command = decode<Command>(request.body(), Strictness::exact);
  if (!command)
    return vault::Error{vault::Errc::tampered, "an entry's signed request is not the command that its kind needs"};
  return command;
}

// Returns whether the request is for an act whose command names uploads, in a member of the type `UploadId` at any
// depth.
bool names_uploads(const VerifiedRequest& request);
// Returns all uploads that the request's command names. Errc::tampered as for `command_of`.
vault::Result<std::vector<UploadId>> uploads_of(const VerifiedRequest& request);

// Verifies the request that an entry names as its cause: its signature under `key`, that the entry's actor signed it,
// that it is for this service if `authority` is given, and that it was signed within a minute of `entered`. Its body
// may be omitted only in an `access.refused` of a request that is no act. Errc::tampered. The caller must find `key` by
// the entry's actor, and decide whether it was valid at that time.
vault::Result<VerifiedRequest> verify_cause(const EntryBody& body, vault::Instant entered,
                                            const vault::crypto::VerifyKey& key,
                                            const std::optional<std::string>& authority);

// Checks that an entry follows from its verified request: its kind is one that the act makes, and each member and each
// id that it concerns has the value that the command gives it. Members that are given or computed are compared only if
// the command names them. Errc::tampered. Replay compares the others as well; this is for a reader who has a single
// chain.
vault::Result<void> check_entered(const EntryBody& body, const VerifiedRequest& request);

// Checks that `entries`, all of one verified request, are those that its act makes: the act's own entries first, one
// for each item of its list, in order. Entries that follow from the act may come after them. Errc::tampered.
vault::Result<void> check_all_entered(std::span<const EntryBody* const> entries, const VerifiedRequest& request);

}  // namespace strongroom::access::wire
