// Defines the ids and the fixed lists of words that commands, entries and answers use. Every enrolled person may see
// all of them, so nothing here may name a child. Docs: docs/formats.md
#pragma once
#include <boost/describe.hpp>

#include "review/duties.h"
#include "review/stages.h"
#include "vault/base/type_id.h"

namespace strongroom::access {

struct AgencyTag {
  static constexpr std::string_view kPrefix = "agency";
};
struct PersonTag {
  static constexpr std::string_view kPrefix = "person";
};
struct InvitationTag {
  static constexpr std::string_view kPrefix = "invitation";
};
struct CaseTag {
  static constexpr std::string_view kPrefix = "case";
};
struct SafeTag {
  static constexpr std::string_view kPrefix = "safe";
};
struct RecordTag {
  static constexpr std::string_view kPrefix = "rec";
};
struct CopyTag {
  static constexpr std::string_view kPrefix = "copy";
};
struct UploadTag {
  static constexpr std::string_view kPrefix = "upload";
};
struct ItemTag {
  static constexpr std::string_view kPrefix = "item";
};
using AgencyId = vault::TypeId<AgencyTag>;
using PersonId = vault::TypeId<PersonTag>;
using InvitationId = vault::TypeId<InvitationTag>;
using CaseId = vault::TypeId<CaseTag>;
using SafeId = vault::TypeId<SafeTag>;
using RecordId = vault::TypeId<RecordTag>;
using CopyId = vault::TypeId<CopyTag>;
using UploadId = vault::TypeId<UploadTag>;
using ItemId = vault::TypeId<ItemTag>;

// On the wire an enumerator's "_" is "-": agency_lead is "agency-lead".
BOOST_DEFINE_ENUM_CLASS(Role, administrator, partner, spoc, agency_lead, practitioner, depositor, reviewer, chair,
                        custodian, witness)
BOOST_DEFINE_ENUM_CLASS(AgencyKind, local_authority, icb, police, health, school, probation, voluntary, other)
BOOST_DEFINE_ENUM_CLASS(Involvement, none, supervised, practised)
BOOST_DEFINE_ENUM_CLASS(Purpose, case_work, scoping, rapid_review, practice_review, court, coroner, police,
                        subject_access)
BOOST_DEFINE_ENUM_CLASS(RecordClass, case_notes, assessment, plan, chronology, correspondence, health_record,
                        education_record, police_log, probation_record, court_document, meeting_record, form, image,
                        recording, working_copy, document_1, document_2, document_3, document_4, document_5,
                        notification, other)
BOOST_DEFINE_ENUM_CLASS(CopyEnd, returned, destroyed, lost)
BOOST_DEFINE_ENUM_CLASS(CopyState, issued, prepared, collected, delivered, returned, destroyed, lost)
BOOST_DEFINE_ENUM_CLASS(NominationState, none, pending, active, ended, paused)
BOOST_DEFINE_ENUM_CLASS(LockState, open, engaged, released)
// These are the review's own words, as its stage machine knows them.
using review::Duty;
using review::DutyAnswers;
using review::Stage;
using ReviewDecision = review::Decision;

// These words are for the agency's desk (holdings.h).
BOOST_DEFINE_ENUM_CLASS(SourceKind, system, share, mailbox, device, cupboard, archive, third_party, other)
BOOST_DEFINE_ENUM_CLASS(SourceState, removed, blocked_in_place, still_open)
BOOST_DEFINE_ENUM_CLASS(OpenReason, ongoing_care, technical, awaiting_somebody, with_third_party, legal, other)
BOOST_DEFINE_ENUM_CLASS(GapKind, destroyed, lost, not_found, withheld, held_elsewhere, other)
BOOST_DEFINE_ENUM_CLASS(Custody, held, on_loan)
BOOST_DEFINE_ENUM_CLASS(CustodyChange, moved, loaned, returned, resealed)

// These words are for the review (scoping.h, meeting.h, decision.h, outcome.h, course.h).
BOOST_DEFINE_ENUM_CLASS(MeetingKind, standing, extraordinary)
BOOST_DEFINE_ENUM_CLASS(MeetingMode, in_person, teleconference)
BOOST_DEFINE_ENUM_CLASS(PackSharing, in_advance, tabled)
// The body that somebody who is not enrolled attended for.
BOOST_DEFINE_ENUM_CLASS(AttendeeBody, local_authority, icb, police, health, school, probation, voluntary, legal, chair,
                        other)
BOOST_DEFINE_ENUM_CLASS(PartnerAnswer, agree, dissent)
BOOST_DEFINE_ENUM_CLASS(PanelAnswer, acknowledged, agreed, disagreed, more_information, national_review)
BOOST_DEFINE_ENUM_CLASS(Inspectorate, ofsted, cqc, hmicfrs, hmip, hmi_prisons, isi, other, none_required)
// How far an agency is with securing (4.3.5). nominated: somebody may open its safe. securing: the safe contains
// something. declared: the agency has declared, but a source is open or the safe is empty. secured: the agency has
// declared, its records are in the vault and every source is closed.
BOOST_DEFINE_ENUM_CLASS(SecuringProgress, asked, nominated, securing, declared, secured)
// How far an agency is with Document 2. opened: its copy was collected. acknowledged: the copy's delivery was
// acknowledged. nil: it was returned as "not known to us".
BOOST_DEFINE_ENUM_CLASS(ScopingProgress, not_sent, sent, opened, acknowledged, returned, nil)
// The things that a review may wait for.
BOOST_DEFINE_ENUM_CLASS(ReviewTask, send_templates, return_scoping, secure_records, set_meeting, share_pack,
                        record_attendance, decide, answer_document_4, send_outcome, inform, acknowledge, duty,
                        answer_duties, notify_inspectorate, close)
BOOST_DEFINE_ENUM_CLASS(ReviewActor, spoc, partner, agency)

// What a chain of the ledger is about (DESIGN 4, Chains). A vault has one chain of each of the first four sorts, a case
// one `review` and one `refusals` of its own, and a safe one of each of the last four.
BOOST_DEFINE_ENUM_CLASS(ChainSort, directory, cases, refusals, service, review, keys, recovery, records, copies)

inline constexpr bool is_of_safe(ChainSort sort) {
  return sort == ChainSort::keys || sort == ChainSort::recovery || sort == ChainSort::records ||
         sort == ChainSort::copies;
}

namespace wire {
// A listing shows the bodies of entries to people who may read that listing. The register says which kinds of entry
// each listing has; the permission table says who reads it (`reader_of`).
enum class Listing : std::uint8_t {
  case_wide,  // about a case as a whole: the referrer and everybody asked read it in the trail
  course,     // the course of a review
  safe_keys,  // a safe's keys after its opening
  holdings,   // about an agency's work at its desk
  sealings,   // about records that were sealed in a safe
  copy,       // about a copy after its issue
};
BOOST_DESCRIBE_ENUM(Listing, case_wide, course, safe_keys, holdings, sealings, copy)
}  // namespace wire

// These limits apply to one command. A command over a limit is Errc::too_large before anything is decided.
inline constexpr std::size_t kMaxCommandBytes = 1U << 20;
inline constexpr std::size_t kMaxRolesPerInvitation = 10;
inline constexpr std::size_t kMaxSubjects = 32;
inline constexpr std::size_t kMaxSubjectLength = 32;  // "child-1": lower-case letters, digits and "-"
inline constexpr std::size_t kMaxChildren = 4;        // in one referral: the notification form takes no more
inline constexpr std::size_t kMaxAgenciesPerAsk = 64;
inline constexpr std::size_t kMaxAttendees = 64;      // at one meeting, enrolled or not
inline constexpr std::size_t kMaxPacks = 256;         // people with whom the pack of one meeting is shared
inline constexpr std::size_t kMaxPackRecords = 1000;  // in one pack
inline constexpr std::uint64_t kMaxActions = 1000;    // that one meeting agreed
inline constexpr std::size_t kMaxCalendarChanges = 400;
inline constexpr std::uint64_t kMaxReviewVersions = 1000;  // of one agency's Document 2, of Document 4, of the meeting
inline constexpr std::size_t kMaxRepresentatives = 32;     // keyholders of one safe, former ones not counted
inline constexpr std::size_t kMaxCustodians = 64;          // certified custodians of all three partners together
inline constexpr std::size_t kMaxRecordsPerSeal = 256;
inline constexpr std::size_t kMaxCopiesPerReassign = 256;
inline constexpr std::size_t kMaxRecordsPerRemoval = 1000;
inline constexpr std::size_t kMaxDeclaredSources = 128;
inline constexpr std::size_t kMaxDeclaredGaps = 128;
inline constexpr std::uint64_t kMaxItemsPerSafe = 10'000;
inline constexpr std::uint64_t kMaxItemPages = 1'000'000;
inline constexpr std::uint64_t kMaxCustodyChanges = 1'000;  // of one item
inline constexpr std::size_t kMaxRecordsPerCopy = 10'000;
inline constexpr std::size_t kMaxBesideValueBytes = 64U << 10;  // one header, descriptor, wrap, share or text
inline constexpr std::size_t kMaxBesideValuesPerRequest = 512;
inline constexpr std::size_t kMaxIndexBytes = 16U << 20;  // a prepared copy's index.age
inline constexpr std::size_t kMaxFreeTextBytes = 4096;    // of the text, which follows 32 random bytes
inline constexpr std::size_t kMaxNameBytes = 200;
inline constexpr std::int64_t kMaxInvitationDays = 30;

}  // namespace strongroom::access
