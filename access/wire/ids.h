// The ids and the fixed lists of words that commands, entries and answers use (DESIGN 2). All of it is public to
// enrolled persons: nothing here may name a child.
#pragma once
#include <boost/describe.hpp>

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
// DESIGN 7. The order is the usual one; going back is an explicit act.
BOOST_DEFINE_ENUM_CLASS(Stage, referred, scoping, meeting_set, decided, outcome_sent, practice_review,
                        alternative_review, closed, not_pursued)

// The agency's desk (desk_commands.h).
BOOST_DEFINE_ENUM_CLASS(SourceKind, system, share, mailbox, device, cupboard, archive, third_party, other)
BOOST_DEFINE_ENUM_CLASS(SourceState, removed, blocked_in_place, still_open)
BOOST_DEFINE_ENUM_CLASS(OpenReason, ongoing_care, technical, awaiting_somebody, with_third_party, legal, other)
BOOST_DEFINE_ENUM_CLASS(GapKind, destroyed, lost, not_found, withheld, held_elsewhere, other)
BOOST_DEFINE_ENUM_CLASS(Custody, held, on_loan)
BOOST_DEFINE_ENUM_CLASS(CustodyChange, moved, loaned, returned, resealed)

// Limits on what one command may carry. Over them: Errc::too_large before anything is decided.
inline constexpr std::size_t kMaxCommandBytes = 1U << 20;
inline constexpr std::size_t kMaxRolesPerInvitation = 10;
inline constexpr std::size_t kMaxSubjects = 32;
inline constexpr std::size_t kMaxSubjectLength = 32;  // "child-1": lower-case letters, digits and "-"
inline constexpr std::size_t kMaxAgenciesPerAsk = 64;
inline constexpr std::size_t kMaxRepresentatives = 32;  // keyholders of one safe, former ones not counted
inline constexpr std::size_t kMaxCustodians = 64;       // certified custodians of all three partners together
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
inline constexpr std::size_t kMaxFreeTextBytes = 4096;    // the text; 32 random bytes stand before it
inline constexpr std::size_t kMaxNameBytes = 200;
inline constexpr std::int64_t kMaxInvitationDays = 30;

}  // namespace strongroom::access
