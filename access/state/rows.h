// Defines the rows of the state tables, which hold the result of the entries so far. Each is stored as the JSON of its
// description, sealed.
#pragma once
#include <algorithm>

#include "access/wire/cases.h"
#include "access/wire/copies.h"
#include "access/wire/directory.h"
#include "access/wire/entry.h"
#include "access/wire/holdings.h"
#include "access/wire/records.h"
#include "access/wire/safes.h"

namespace strongroom::access {

using vault::Bytes;
using vault::ByteView;
using vault::Date;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Instant;
using vault::Result;
using wire::EpochKey;
using wire::Recipient;
using wire::VerifyKey;

// There is one such row, about the partnership as a whole.
struct PartnerRow {
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  std::optional<PersonId> root;     // once enrolled; it never changes afterwards
  std::optional<Digest> confirmed;  // of the statement that its root has signed
};
BOOST_DESCRIBE_STRUCT(PartnerRow, (), (agency, kind, root, confirmed))
struct DirectoryRow {
  std::vector<PartnerRow> partners;  // the three safeguarding partners, in the order of the genesis entries
};
BOOST_DESCRIBE_STRUCT(DirectoryRow, (), (partners))

struct AgencyRow {
  AgencyId agency;
  AgencyKind kind = AgencyKind::other;
  std::optional<Digest> name;  // absent for agencies of genesis, which are named by their kind
};
BOOST_DESCRIBE_STRUCT(AgencyRow, (), (agency, kind, name))

struct PersonRow {
  PersonId person;
  VerifyKey signing_key;
  Recipient recipient{};
  std::vector<wire::MembershipView> memberships;  // one for each agency
  std::optional<Digest> name;                     // absent for people of genesis who gave none
  InvitationId invitation;                        // the invitation that certifies the keys
  std::optional<PersonId> inviter;                // absent at genesis
  bool root = false;
  bool revoked = false;
  std::uint64_t seq = 0;  // of the enrolment
};
BOOST_DESCRIBE_STRUCT(PersonRow, (),
                      (person, signing_key, recipient, memberships, name, invitation, inviter, root, revoked, seq))

struct InvitationRow {
  InvitationId invitation;
  AgencyId agency;
  std::vector<Role> roles;
  VerifyKey key;
  Instant expires;
  std::optional<Digest> name;
  std::optional<PersonId> inviter;  // absent at genesis
  bool root = false;                // the person who enrols with it is the root of that partner
  std::optional<PersonId> used_by;
};
BOOST_DESCRIBE_STRUCT(InvitationRow, (), (invitation, agency, roles, key, expires, name, inviter, root, used_by))

struct CaseRow {
  CaseId case_;
  std::string reference;
  AgencyId agency;  // the agency that referred it
  Date incident_date{};
  Date aware_date{};
  Instant received;
  std::vector<std::string> subjects;
  SafeId review_safe;
  Stage stage = Stage::referred;
  LockState lock = LockState::engaged;
  std::vector<AgencyId> asked;
  std::uint64_t seq = 0;  // of the referral
};
BOOST_DESCRIBE_STRUCT(CaseRow, (),
                      (case_, reference, agency, incident_date, aware_date, received, subjects, review_safe, stage,
                       lock, asked, seq))

struct SafeRow {
  SafeId safe;
  CaseId case_;
  std::optional<AgencyId> agency;  // absent for the review safe
  std::uint64_t epoch = 0;         // the current one
  bool epoch_due = false;          // somebody who had a wrap of the current epoch is no longer a keyholder
  std::uint64_t records = 0;
  std::uint64_t items = 0;
  std::uint64_t declaration = 0;  // the last version; 0: none
  bool nothing_held = false;      // as the declaration states
  std::uint64_t sources = 0;
  std::uint64_t open_sources = 0;
  std::uint64_t originals_removed = 0;
  std::optional<Instant> secured;  // the time since when it is secured
  std::uint64_t seq = 0;           // of the opening, or for a review safe of the referral
  // A safe is secured (4.3.5) when the agency has declared, every source is closed, and the safe contains something
  // exactly if the agency did not declare that it holds nothing.
  bool is_secured() const {
    if (declaration == 0 || open_sources > 0) return false;
    return nothing_held == (records + items == 0) && (nothing_held || sources > 0);
  }
};
BOOST_DESCRIBE_STRUCT(SafeRow, (),
                      (safe, case_, agency, epoch, epoch_due, records, items, declaration, nothing_held, sources,
                       open_sources, originals_removed, secured, seq))

// `key` is the entry's key with later changes: shares and wraps that were added since are in it, and wraps of former
// keyholders are not. So it names exactly the wraps, shares and previous identity that are kept beside.
struct EpochRow {
  SafeId safe;
  std::uint64_t epoch = 0;
  EpochKey key;
  std::uint64_t seq = 0;
};
BOOST_DESCRIBE_STRUCT(EpochRow, (), (safe, epoch, key, seq))

struct NominationRow {
  SafeId safe;
  PersonId person;
  Involvement involvement = Involvement::none;
  bool own = false;
  NominationState state = NominationState::pending;  // never none
  bool wrapped = false;                              // for the current epoch
  std::optional<std::uint64_t> confirmed;            // the last epoch whose secret the person confirmed
  std::optional<std::uint64_t> paused;               // the epoch whose secret they knew at the last pause
  std::uint64_t seq = 0;                             // of the nomination
};
BOOST_DESCRIBE_STRUCT(NominationRow, (), (safe, person, involvement, own, state, wrapped, confirmed, paused, seq))

struct RecordRow {
  RecordId record;
  SafeId safe;
  std::uint64_t ordinal = 0;  // in the safe, from 0, in sealing order
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Instant sealed;
  PersonId depositor;
  std::optional<AgencyId> on_behalf_of;
  std::uint64_t length = 0;
  Digest header{};
  Digest descriptor{};
  Digest payload{};
  RecordClass class_ = RecordClass::other;
  std::optional<std::string> subject;
  std::optional<bool> late;
  std::optional<CopyId> derived_from;
  std::optional<bool> original_removed;
};
BOOST_DESCRIBE_STRUCT(RecordRow, (),
                      (record, safe, ordinal, epoch, seq, sealed, depositor, on_behalf_of, length, header, descriptor,
                       payload, class_, subject, late, derived_from, original_removed))

struct ItemRow {
  ItemId item;
  SafeId safe;
  std::uint64_t number = 0;  // in the safe, from 1
  Custody custody = Custody::held;
  std::uint64_t changes = 0;
  std::uint64_t seq = 0;  // of the entry that added it
};
BOOST_DESCRIBE_STRUCT(ItemRow, (), (item, safe, number, custody, changes, seq))

struct CopyRow {
  CopyId copy;
  std::uint64_t number = 0;
  CaseId case_;
  SafeId safe;
  PersonId issuer;
  std::optional<PersonId> reassigned;  // the person who answers for it instead of the issuer
  PersonId holder;
  Purpose purpose = Purpose::case_work;
  Date due{};
  Instant issued;
  CopyState state = CopyState::issued;
  std::uint64_t records = 0;
  std::uint64_t out = 0;         // records of it that have not ended
  std::optional<CopyEnd> worst;  // of its records that ended: lost is worse than destroyed, destroyed than returned
  std::optional<Digest> index;   // of index.age, from `prepared` until the copy ends
  std::uint64_t seq = 0;         // of the issuing entry
  bool ended() const { return out == 0; }
  const PersonId& responsible() const { return reassigned ? *reassigned : issuer; }
};
BOOST_DESCRIBE_STRUCT(CopyRow, (),
                      (copy, number, case_, safe, issuer, reassigned, holder, purpose, due, issued, state, records, out,
                       worst, index, seq))

// One record of a copy. The records are kept in pages, in the copy's order.
struct CopiedRecord {
  RecordId record;
  std::optional<CopyEnd> ended;
  std::optional<Digest> header;  // of the header rewritten for the holder, from `prepared` until it ends
};
BOOST_DESCRIBE_STRUCT(CopiedRecord, (), (record, ended, header))
struct CopyPageRow {
  std::vector<CopiedRecord> records;
};
BOOST_DESCRIBE_STRUCT(CopyPageRow, (), (records))
inline constexpr std::uint64_t kRecordsPerCopyPage = 256;

// Remembers the request that used a (keyid, nonce) (docs/formats.md, Idempotency).
struct UsedNonceRow {
  std::string method;
  std::string target;
  Digest content{};  // SHA-256 of the request's body
  std::vector<std::uint64_t> seqs;
  Instant time;  // of the first entry
};
BOOST_DESCRIBE_STRUCT(UsedNonceRow, (), (method, target, content, seqs, time))
inline constexpr std::int64_t kNonceMemoryMs = std::int64_t{7} * 24 * 3600 * 1000;

template <class T>
bool listed(const std::vector<T>& list, const T& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// A staged value, which waits until a command names it.
struct StagedRow {
  Bytes value;
  Instant time;
};

}  // namespace strongroom::access
