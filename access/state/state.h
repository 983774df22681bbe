// Keeps the state tables: projections of the ledger, each with one writer, and beside them the values that entries name
// by digest. It works on any engine: LMDB in a vault, memory in replay. rows.h describes each row.
//
//   table             key                                  value
//   directory         one zero byte                        DirectoryRow
//   agencies, people, invitations, cases, safes, records, copies: the id's 16 bytes, and the row
//   roles             role (1) agency (16) person (16)     -              certified memberships, revoked persons not
//   references        year (8) number (8)                  case           RR-2026-0001
//   case_safes        case (16) seq (8)                    safe           in the order of opening
//   epochs            safe (16) epoch (8)                  EpochRow
//   nominations       safe (16) person (16)                NominationRow
//   person_safes      person (16) safe (16)                -              their nominations, ended ones too
//   record_order      safe (16) ordinal (8)                record         in sealing order
//   copy_pages        copy (16) page (8)                   CopyPageRow
//   copy_numbers      number (8)                           copy
//   copies_by_case    case (16) ended (1) number (8)       copy
//   copies_by_person  person (16) ended (1) number (8)     copy           issuer's, holder's and who answers for it
//   nonces            SHA-256 of keyid LF nonce            UsedNonceRow
//   nonce_times       time in ms (8) nonces' key           -
//   texts             digest                               -              names and free text that entries name
//   items             item (16)                            ItemRow
//   notes             safe (16) digest                     -              sealed notes that entries name
//   reviews           case (16)                            ReviewRow
//   agency_reviews    case (16) agency (16)                AgencyReviewRow
//   incidents         agency (16) day (8) case (16)        -              by referring agency and date of the incident
//   documents_1       safe (16) record (16)                -              records of that class in a review safe
//   calendar          one zero byte                        CalendarRow
//   chains            sort (1) case or safe (16)           number (8)     genesis: the sort alone
//
// Numbers are big-endian. Projections change only in `apply` (access/acts/act.h).
#pragma once
#include <functional>
#include <memory>

#include "access/state/review_rows.h"
#include "access/wire/entry.h"
#include "audit/entry.h"
#include "audit/note.h"
#include "vault/keyring/sealed_table.h"

namespace strongroom::access {

namespace engine = vault::engine;
using engine::ReadTransaction;
using engine::WriteTransaction;
using vault::keyring::SealedTable;
using vault::keyring::TableClass;

// Each kind of beside value has a table with these keys.
//   header, descriptor   record (16)
//   wrap, share          safe (16) epoch (8) person (16)
//   previous             safe (16) epoch (8): the identity before that epoch
//   copy_header          copy (16) ordinal (8), from 0
//   copy_index           copy (16)
//   text                 digest (32)
//   note                 safe (16) digest (32)
BOOST_DEFINE_ENUM_CLASS(BesideTable, header, descriptor, wrap, share, previous, copy_header, copy_index, text, note)
std::size_t max_bytes(BesideTable table);

Bytes safe_epoch_key(const SafeId& safe, std::uint64_t epoch);
Bytes safe_epoch_person_key(const SafeId& safe, std::uint64_t epoch, const PersonId& person);
Bytes copy_header_key(const CopyId& copy, std::uint64_t ordinal);
Bytes note_key(const SafeId& safe, const Digest& digest);
template <class Id>
Bytes id_key(const Id& id) {
  return vault::to_bytes(ByteView(id.uuid()));
}

// Returns a reference such as "RR-2026-0001".
std::string format_reference(int year, std::uint64_t number);
struct ReferenceParts {
  int year = 0;
  std::uint64_t number = 0;
};
Result<ReferenceParts> parse_reference(std::string_view reference);  // Errc::malformed
std::string format_copy_number(std::uint64_t number);                // "C-0042"
Result<std::uint64_t> parse_copy_number(std::string_view text);      // Errc::malformed

// A visitor returns false to end a listing, or an error to make it fail.
template <class Row>
using Visit = std::function<Result<bool>(const Row&)>;

// It is as thread safe as its transactions are, because nothing in it changes after `open`.
class State {
 public:
  // Makes the tables that are new. `sealer` must outlive it.
  static Result<State> open(engine::Engine& engine, const vault::keyring::Sealer& sealer);

  // The ledger's origin and key, which no entry contains. The roots sign them. Absent: nobody has set them, so a
  // statement of the roots cannot be compared with them.
  const std::optional<audit::NoteKey>& log() const { return log_; }
  // Call it before anything is decided.
  void set_log(audit::NoteKey log) { log_ = std::move(log); }

  // Returns every table of this state with its class, so that `check`, `rebuild` and re-sealing can walk them.
  std::vector<const SealedTable*> tables() const;
  // Empties the projections.
  Result<void> clear_projections(WriteTransaction& txn);

  // --- reading. An empty optional is an absent row ---
  Result<DirectoryRow> directory(const ReadTransaction& txn) const;  // empty before genesis
  Result<std::optional<AgencyRow>> agency(const ReadTransaction& txn, const AgencyId& id) const;
  Result<std::optional<PersonRow>> person(const ReadTransaction& txn, const PersonId& id) const;
  Result<std::optional<InvitationRow>> invitation(const ReadTransaction& txn, const InvitationId& id) const;
  Result<std::optional<CaseRow>> find_case(const ReadTransaction& txn, const CaseId& id) const;
  Result<std::optional<SafeRow>> safe(const ReadTransaction& txn, const SafeId& id) const;
  Result<std::optional<EpochRow>> epoch(const ReadTransaction& txn, const SafeId& id, std::uint64_t epoch) const;
  Result<std::optional<NominationRow>> nomination(const ReadTransaction& txn, const SafeId& safe,
                                                  const PersonId& person) const;
  Result<std::optional<RecordRow>> record(const ReadTransaction& txn, const RecordId& id) const;
  Result<std::optional<ItemRow>> item(const ReadTransaction& txn, const ItemId& id) const;
  Result<std::optional<CopyRow>> copy(const ReadTransaction& txn, const CopyId& id) const;
  Result<std::optional<CopyPageRow>> copy_page(const ReadTransaction& txn, const CopyId& id, std::uint64_t page) const;

  Result<std::optional<CaseId>> case_by_reference(const ReadTransaction& txn, std::string_view reference) const;
  Result<std::optional<CopyId>> copy_by_number(const ReadTransaction& txn, std::uint64_t number) const;
  // Return the reference of the next case of that year, and the number of the next copy.
  Result<std::string> next_reference(const ReadTransaction& txn, int year) const;
  Result<std::uint64_t> next_copy_number(const ReadTransaction& txn) const;

  // Visit rows in the order of their ids, from `from` on. Ids begin with their time, so this is nearly the order in
  // which they were made.
  Result<void> agencies(const ReadTransaction& txn, const AgencyId& from, const Visit<AgencyRow>& visit) const;
  Result<void> people(const ReadTransaction& txn, const PersonId& from, const Visit<PersonRow>& visit) const;
  Result<void> cases(const ReadTransaction& txn, const CaseId& from, const Visit<CaseRow>& visit) const;
  // Returns people who are certified for the role and not revoked. Without an agency it looks in all of them, and
  // returns each person once.
  Result<std::vector<PersonId>> holders_of(const ReadTransaction& txn, Role role,
                                           const std::optional<AgencyId>& agency = std::nullopt) const;

  // Returns the review safe first, then agency safes in the order of opening.
  Result<std::vector<SafeId>> safes_of(const ReadTransaction& txn, const CaseId& id) const;
  Result<std::optional<SafeId>> agency_safe(const ReadTransaction& txn, const CaseId& id, const AgencyId& agency) const;
  Result<std::vector<NominationRow>> nominations_of(const ReadTransaction& txn,
                                                    const SafeId& safe) const;  // ended ones too
  Result<std::vector<SafeId>> safes_of_person(const ReadTransaction& txn,
                                              const PersonId& person) const;  // ended ones too
  // Visits records in sealing order, from that ordinal on.
  Result<void> records_of(const ReadTransaction& txn, const SafeId& safe, std::uint64_t from,
                          const Visit<RecordRow>& visit) const;

  // Visits the digests of the safe's sealed notes, ascending, from that one on.
  Result<void> notes_of(const ReadTransaction& txn, const SafeId& safe, const Digest& from,
                        const Visit<Digest>& visit) const;

  Result<std::optional<ReviewRow>> review(const ReadTransaction& txn, const CaseId& id) const;
  Result<std::optional<AgencyReviewRow>> agency_review(const ReadTransaction& txn, const CaseId& id,
                                                       const AgencyId& agency) const;
  // Returns the first few cases that the agency referred with that date of the incident.
  Result<std::vector<CaseId>> cases_of_incident(const ReadTransaction& txn, const AgencyId& agency,
                                                const Date& date) const;
  Result<std::vector<RecordId>> documents_1(const ReadTransaction& txn,
                                            const SafeId& review_safe) const;  // the first few
  Result<CalendarRow> calendar(const ReadTransaction& txn) const;

  // Returns the chain of that sort about these ids. Of them only the case counts, or the safe, as the sort requires.
  Result<std::optional<audit::ChainNumber>> chain(const ReadTransaction& txn, ChainSort sort,
                                                  const wire::Concerned& ids) const;

  // Visits copies in the order of their numbers, from that one on.
  enum class Which { all, open, ended };
  Result<void> copies(const ReadTransaction& txn, std::uint64_t from, const Visit<CopyRow>& visit) const;
  // Visits open copies before ended ones if both are asked for; `from` applies to each part.
  Result<void> copies_of_case(const ReadTransaction& txn, const CaseId& id, Which which, std::uint64_t from,
                              const Visit<CopyRow>& visit) const;
  // Visits the copies that the person issued, holds or answers for.
  Result<void> copies_of_person(const ReadTransaction& txn, const PersonId& id, Which which, std::uint64_t from,
                                const Visit<CopyRow>& visit) const;
  // Visits records in the copy's order, from that ordinal on. The first is 0.
  Result<void> copied_records(
      const ReadTransaction& txn, const CopyId& id, std::uint64_t from,
      const std::function<Result<bool>(std::uint64_t ordinal, const CopiedRecord&)>& visit) const;

  // Returns nothing once the nonce is older than kNonceMemoryMs at `now`.
  Result<std::optional<UsedNonceRow>> used_nonce(const ReadTransaction& txn, std::string_view keyid,
                                                 std::string_view nonce, Instant now) const;

  // --- the one writer of each table (with its indexes) ---
  // Errc::tampered if there is a chain of that sort about these ids already, or if an id that the sort requires is
  // missing.
  Result<void> put_chain(WriteTransaction& txn, ChainSort sort, const wire::Concerned& ids, audit::ChainNumber number);
  Result<void> put(WriteTransaction& txn, const DirectoryRow& row);
  Result<void> put(WriteTransaction& txn, const AgencyRow& row);
  Result<void> put(WriteTransaction& txn, const PersonRow& row);
  Result<void> put(WriteTransaction& txn, const InvitationRow& row);
  Result<void> put(WriteTransaction& txn, const CaseRow& row);
  Result<void> put(WriteTransaction& txn, const SafeRow& row);
  Result<void> put(WriteTransaction& txn, const EpochRow& row);
  Result<void> put(WriteTransaction& txn, const NominationRow& row);
  Result<void> put(WriteTransaction& txn, const RecordRow& row);
  Result<void> put(WriteTransaction& txn, const CopyRow& row);
  Result<void> put(WriteTransaction& txn, const CopyId& copy, std::uint64_t page, const CopyPageRow& row);
  Result<void> put(WriteTransaction& txn, const ItemRow& row);
  Result<void> put(WriteTransaction& txn, const ReviewRow& row);
  Result<void> put(WriteTransaction& txn, const AgencyReviewRow& row);
  Result<void> put(WriteTransaction& txn, const CalendarRow& row);
  Result<void> put_document_1(WriteTransaction& txn, const SafeId& review_safe, const RecordId& record);
  Result<void> put_text_use(WriteTransaction& txn, const Digest& digest);
  Result<void> put_note_use(WriteTransaction& txn, const SafeId& safe, const Digest& digest);
  // Adds the entries of `row` to those of the nonce, and forgets a bounded number of nonces that are too old.
  Result<void> put_nonce(WriteTransaction& txn, std::string_view keyid, std::string_view nonce,
                         const UsedNonceRow& row);

  // --- beside values ---
  Result<std::optional<Bytes>> beside(const ReadTransaction& txn, BesideTable table, ByteView key) const;
  Result<void> put_beside(WriteTransaction& txn, BesideTable table, ByteView key, ByteView value);
  Result<bool> erase_beside(WriteTransaction& txn, BesideTable table, ByteView key);
  const SealedTable& beside_table(BesideTable table) const { return besides_[static_cast<std::size_t>(table)]; }
  // Visits every beside value that the projections name, with its digest. `check` compares in both directions: each
  // must be there, and nothing else may be.
  Result<void> expected_besides(
      const ReadTransaction& txn,
      const std::function<Result<bool>(BesideTable table, ByteView key, const Digest& digest)>& visit) const;

  // --- staged values (local): by digest and by who staged them, `keyid` as the request had it ---
  Result<void> stage(WriteTransaction& txn, std::string_view keyid, ByteView value, Instant time);
  Result<std::optional<StagedRow>> staged(const ReadTransaction& txn, std::string_view keyid,
                                          const Digest& digest) const;
  Result<bool> unstage(WriteTransaction& txn, std::string_view keyid, const Digest& digest);
  // Forgets up to `limit` values that were staged before that time. Returns how many it forgot.
  Result<std::size_t> expire_staged(WriteTransaction& txn, Instant before, std::size_t limit);

 private:
  explicit State(std::vector<SealedTable> projections, std::vector<SealedTable> besides,
                 std::vector<SealedTable> local);
  // of the rows that every request reads
  struct Caches;
  std::shared_ptr<Caches> caches_;
  std::optional<audit::NoteKey> log_;
  std::vector<SealedTable> projections_;
  std::vector<SealedTable> besides_;  // by BesideTable
  std::vector<SealedTable> local_;    // staged values, and when each was staged
};

}  // namespace strongroom::access
