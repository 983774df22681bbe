// What the service answers to reads. Each stands in {"data": …, "log": …} (audit/receipt.h has the log's half).
// Listings come in pages; `next` is the `from` of the following page, absent on the last. Docs: docs/formats.md
#pragma once
#include "access/wire/commands.h"

namespace strongroom::access::wire {

inline constexpr std::size_t kMaxPage = 1000;  // items of a listing, at most

struct MembershipView {
  AgencyId agency;
  std::vector<Role> roles;
};
BOOST_DESCRIBE_STRUCT(MembershipView, (), (agency, roles))

struct PersonView {
  PersonId person;
  std::string name;  // not certified by anybody: text the inviter or the person gave
  std::vector<MembershipView> memberships;
  VerifyKey signing_key;
  Recipient recipient{};
  bool root = false;
  bool revoked = false;
};
BOOST_DESCRIBE_STRUCT(PersonView, (), (person, name, memberships, signing_key, recipient, root, revoked))

struct AgencyView {
  AgencyId agency;
  std::string name;
  AgencyKind kind = AgencyKind::other;
};
BOOST_DESCRIBE_STRUCT(AgencyView, (), (agency, name, kind))

struct CaseView {
  CaseId case_;
  std::string reference;
  std::string chain;  // its chain's tag
  AgencyId agency;    // that referred it
  Date incident_date{};
  Date aware_date{};
  Instant received;
  std::vector<std::string> subjects;
  Stage stage = Stage::referred;
  LockState lock = LockState::engaged;
  std::vector<AgencyId> asked;
  SafeId review_safe;
};
BOOST_DESCRIBE_STRUCT(CaseView, (),
                      (case_, reference, chain, agency, incident_date, aware_date, received, subjects, stage, lock,
                       asked, review_safe))

struct NominationView {
  PersonId person;
  NominationState state = NominationState::pending;
  Involvement involvement = Involvement::none;
  bool own = false;
  bool wrapped = false;
};
BOOST_DESCRIBE_STRUCT(NominationView, (), (person, state, involvement, own, wrapped))

struct SafeView {
  SafeId safe;
  CaseId case_;
  std::optional<AgencyId> agency;  // absent: the review safe
  std::uint64_t epoch = 0;
  Recipient recipient{};
  std::uint64_t records = 0;
  std::vector<NominationView> nominations;  // in a review safe its participants
  bool recovery_complete = false;           // two custodians or more of each partner hold a share of the current epoch
  std::uint64_t items = 0;                  // physical ones
  std::uint64_t declaration = 0;            // the last version that the agency declared; 0: none
  bool nothing_held = false;                // as it declared
  std::uint64_t sources = 0;                // that it declared, and how many of them are still open
  std::uint64_t open_sources = 0;
  bool secured = false;  // declared, every source closed, and something held unless it declared that nothing is
  std::uint64_t originals_removed = 0;
};
BOOST_DESCRIBE_STRUCT(SafeView, (),
                      (safe, case_, agency, epoch, recipient, records, nominations, recovery_complete, items,
                       declaration, nothing_held, sources, open_sources, secured, originals_removed))

// A sealed note of a safe, for its keyholders: an age file (docs/formats.md, "Notes of a safe").
struct SealedNote {
  Digest digest{};
  vault::Bytes note;
};
BOOST_DESCRIBE_STRUCT(SealedNote, (), (digest, note))

// What a keyholder's client needs to come by every epoch's secret: its wrap of the current epoch, then the chain back.
struct SafeKeysView {
  std::uint64_t epoch = 0;
  vault::Bytes wrap;
  std::vector<vault::Bytes> previous;  // previous[i]: epoch i's identity, encrypted to the recipient of epoch i + 1
};
BOOST_DESCRIBE_STRUCT(SafeKeysView, (), (epoch, wrap, previous))

struct RecordView {
  RecordId record;
  SafeId safe;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;  // of the sealing entry
  Instant sealed;
  PersonId depositor;
  std::uint64_t length = 0;
  Digest header{};
  Digest payload{};
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;
  std::optional<CopyId> derived_from;
  std::optional<AgencyId> on_behalf_of;
  std::optional<bool> original_removed;    // the file that it was made from is gone, as its agency recorded
  std::optional<vault::Bytes> descriptor;  // for keyholders
};
BOOST_DESCRIBE_STRUCT(RecordView, (),
                      (record, safe, epoch, seq, sealed, depositor, length, header, payload, class_, subject, late,
                       derived_from, on_behalf_of, original_removed, descriptor))

struct CopyRecordView {
  RecordId record;
  std::optional<CopyEnd> ended;
};
BOOST_DESCRIBE_STRUCT(CopyRecordView, (), (record, ended))

struct CopyView {
  CopyId copy;
  std::uint64_t number = 0;
  CaseId case_;
  SafeId safe;
  PersonId issuer;
  PersonId responsible;  // the issuer, or whom it was handed over to
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};
  Instant issued;
  CopyState state = CopyState::issued;
  bool overdue = false;
  std::uint64_t records = 0;
};
BOOST_DESCRIBE_STRUCT(CopyView, (),
                      (copy, number, case_, safe, issuer, responsible, holder, purpose, due, issued, state, overdue,
                       records))

// One released header: of the record (to the issuer) or rewritten (to the holder).
struct CopyHeader {
  RecordId record;
  std::uint64_t ordinal = 0;  // from 1, the copy's order
  std::uint64_t epoch = 0;
  std::uint64_t length = 0;
  Digest payload{};
  vault::Bytes header;
  std::optional<vault::Bytes> descriptor;  // to the issuer
};
BOOST_DESCRIBE_STRUCT(CopyHeader, (), (record, ordinal, epoch, length, payload, header, descriptor))

// An entry as a reader gets it: the envelope's exact text and, if this person may read it, the body's.
struct EntryView {
  std::string envelope;
  std::optional<std::string> body;
};
BOOST_DESCRIBE_STRUCT(EntryView, (), (envelope, body))

struct WrapDuty {
  SafeId safe;
  std::uint64_t epoch = 0;
  PersonId person;
};
BOOST_DESCRIBE_STRUCT(WrapDuty, (), (safe, epoch, person))
struct EpochDuty {
  SafeId safe;
  std::uint64_t epoch = 0;  // the current one
};
BOOST_DESCRIBE_STRUCT(EpochDuty, (), (safe, epoch))
struct ShareDuty {
  SafeId safe;
  std::uint64_t epoch = 0;
  std::vector<PersonId> custodians;  // certified, and without a share
};
BOOST_DESCRIBE_STRUCT(ShareDuty, (), (safe, epoch, custodians))

// What this person's client owes.
struct DutiesView {
  std::vector<WrapDuty> wraps;
  std::vector<EpochDuty> confirmations;
  std::vector<EpochDuty> epochs;  // a nomination ended since this epoch began
  std::vector<ShareDuty> shares;
  std::vector<CopyId> preparations;  // issued by this person for a colleague, not prepared
  std::vector<CopyId> deliveries;    // collected by this person (or issued to themselves), not acknowledged
};
BOOST_DESCRIBE_STRUCT(DutiesView, (), (wraps, confirmations, epochs, shares, preparations, deliveries))

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;
  BOOST_DESCRIBE_CLASS(Page, (), (items, next), (), ())
};

}  // namespace strongroom::access::wire
