#include "access/state/state.h"

#include <algorithm>
#include <charconv>

#include "access/state/row_cache.h"
#include "access/wire/describe_json.h"
#include "vault/crypto/hash.h"

namespace strongroom::access {

namespace {

// Numbers the projections by their places in State::projections_, and names them.
enum Projection : std::size_t {
  kDirectory,
  kAgencies,
  kPeople,
  kRoles,
  kInvitations,
  kCases,
  kReferences,
  kSafes,
  kCaseSafes,
  kEpochs,
  kNominations,
  kPersonSafes,
  kRecords,
  kRecordOrder,
  kCopies,
  kCopyPages,
  kCopyNumbers,
  kCopiesByCase,
  kCopiesByPerson,
  kNonces,
  kNonceTimes,
  kTexts,
  kItems,
  kNotes,
  kReviews,
  kAgencyReviews,
  kIncidents,
  kDocuments1,
  kCalendar,
  kChains,
};
constexpr std::string_view kProjectionNames[] = {
    "directory",        "agencies",       "people",      "roles",       "invitations",  "cases",
    "references",       "safes",          "case_safes",  "epochs",      "nominations",  "person_safes",
    "records",          "record_order",   "copies",      "copy_pages",  "copy_numbers", "copies_by_case",
    "copies_by_person", "nonces",         "nonce_times", "texts",       "items",        "notes",
    "reviews",          "agency_reviews", "incidents",   "documents_1", "calendar",     "chains",
};
static_assert(std::size(kProjectionNames) == kChains + 1);
enum Local : std::size_t { kStaged, kStagedTimes };

constexpr std::byte kOpen{0};
constexpr std::byte kEnded{1};
constexpr std::size_t kNoncesForgottenAtOnce = 64;
constexpr std::size_t kFewRows = 64;
constexpr std::size_t kUuidSize = 16;
constexpr std::size_t kNumberSize = 8;

class Key {
 public:
  template <class Tag>
  Key& id(const vault::TypeId<Tag>& id) {
    return raw(id.uuid());
  }
  Key& number(std::uint64_t value) { return raw(vault::big_endian64(value)); }
  Key& raw(ByteView bytes) {
    vault::append(bytes_, bytes);
    return *this;
  }
  Key& byte(std::byte value) {
    bytes_.push_back(value);
    return *this;
  }
  operator ByteView() const { return bytes_; }  // NOLINT: a key is nothing but its bytes
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

template <class Id>
Key key_of(const Id& id) {
  return Key().id(id);
}
Key role_key(Role role) {
  return Key().byte(static_cast<std::byte>(role));
}
// The times of entries are after 1970, and so they are not negative.
Key time_key(Instant time) {
  return Key().number(static_cast<std::uint64_t>(std::max<std::int64_t>(time.unix_ms, 0)));
}
// The dates in an index are of incidents to living people, and so after 1970. Earlier dates share one key.
std::uint64_t day_number(const Date& date) {
  return static_cast<std::uint64_t>(
      std::max<std::chrono::days::rep>(0, std::chrono::sys_days(date).time_since_epoch().count()));
}
std::uint64_t number_at(ByteView key, std::size_t offset) {
  vault::invariant(key.size() >= offset + kNumberSize, "a number in a key of the state has its full length");
  return vault::read_big_endian64(key.subspan(offset).first<kNumberSize>());
}
template <class Id>
Id id_at(ByteView bytes, std::size_t offset = 0) {
  vault::invariant(bytes.size() >= offset + kUuidSize, "an id of the state has its full length");
  std::array<std::byte, kUuidSize> uuid;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), kUuidSize, uuid.begin());
  return Id::from_uuid(uuid);
}

Digest digest_at(ByteView key, std::size_t offset) {
  vault::invariant(key.size() == offset + sizeof(Digest), "a digest of the state ends its key");
  Digest digest;
  std::ranges::copy(key.subspan(offset), digest.begin());
  return digest;
}

template <class Row>
Result<Row> decode_row(ByteView value) {
  return wire::decode<Row>(vault::as_text(value), wire::Strictness::exact);
}
template <class Row>
Result<std::optional<Row>> find(const SealedTable& table, const ReadTransaction& txn, ByteView key) {
  TRY(const auto value, table.get(txn, key));
  if (!value) return std::optional<Row>();
  TRY(Row row, decode_row<Row>(*value));
  return std::optional<Row>(std::move(row));
}
template <class Row>
Result<std::optional<Row>> find(const SealedTable& table, RowCache<Row>& cache, const ReadTransaction& txn,
                                ByteView key) {
  TRY(const auto sealed, table.get_sealed(txn, key));
  if (!sealed) return std::optional<Row>();
  if (auto known = cache.find(key, *sealed)) return known;
  TRY(const Bytes value, table.open(key, *sealed));
  TRY(Row row, decode_row<Row>(value));
  cache.keep(key, *sealed, row);
  return std::optional<Row>(std::move(row));
}
template <class Row>
Result<void> put_row(SealedTable& table, WriteTransaction& txn, ByteView key, const Row& row) {
  return table.put(txn, key, vault::as_bytes(wire::encode(row)));
}
template <class Id>
Result<std::optional<Id>> find_id(const SealedTable& table, const ReadTransaction& txn, ByteView key) {
  TRY(const auto value, table.get(txn, key));
  if (!value) return std::optional<Id>();
  return std::optional<Id>(id_at<Id>(*value));
}
template <class Row>
Result<void> scan_rows(const SealedTable& table, const ReadTransaction& txn, ByteView from, const Visit<Row>& visit) {
  return table.scan(txn, {}, from, [&](ByteView, ByteView value) -> Result<bool> {
    TRY(const Row row, decode_row<Row>(value));
    return visit(row);
  });
}
Error dangling(std::string_view what) {
  return {Errc::tampered, "a table of the state names a " + std::string(what) + " that is not there"};
}

Bytes nonce_key(std::string_view keyid, std::string_view nonce) {
  const Digest digest = vault::crypto::sha256({vault::as_bytes(keyid), vault::as_bytes("\n"), vault::as_bytes(nonce)});
  return vault::to_bytes(ByteView(digest));
}
Bytes staged_key(std::string_view keyid, const Digest& digest) {
  const Digest owner = vault::crypto::sha256(vault::as_bytes(keyid));
  return Key().raw(owner).raw(digest).bytes();
}

// Writes a decimal number without a sign, with leading zeros only up to `least_digits`.
std::string padded(std::uint64_t number, std::size_t least_digits) {
  std::string digits = std::to_string(number);
  if (digits.size() < least_digits) digits.insert(0, least_digits - digits.size(), '0');
  return digits;
}
Result<std::uint64_t> parse_padded(std::string_view digits, std::size_t least_digits) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size() || padded(number, least_digits) != digits ||
      number > wire::kMaxJsonInteger)
    return Error{Errc::malformed, "not a number as it is written here"};
  return number;
}
constexpr std::size_t kYearDigits = 4;
constexpr std::size_t kLeastNumberDigits = 4;
constexpr std::string_view kReferencePrefix = "RR-";
constexpr std::string_view kCopyPrefix = "C-";

}  // namespace

std::size_t max_bytes(BesideTable table) {
  return table == BesideTable::copy_index ? kMaxIndexBytes : kMaxBesideValueBytes;
}

Bytes safe_epoch_key(const SafeId& safe, std::uint64_t epoch) {
  return Key().id(safe).number(epoch).bytes();
}
Bytes safe_epoch_person_key(const SafeId& safe, std::uint64_t epoch, const PersonId& person) {
  return Key().id(safe).number(epoch).id(person).bytes();
}
Bytes copy_header_key(const CopyId& copy, std::uint64_t ordinal) {
  return Key().id(copy).number(ordinal).bytes();
}

Bytes note_key(const SafeId& safe, const Digest& digest) {
  return Key().id(safe).raw(digest).bytes();
}

std::string format_reference(int year, std::uint64_t number) {
  return std::string(kReferencePrefix) + padded(static_cast<std::uint64_t>(year), kYearDigits) + "-" +
         padded(number, kLeastNumberDigits);
}
Result<ReferenceParts> parse_reference(std::string_view reference) {
  const std::size_t number_at = kReferencePrefix.size() + kYearDigits + 1;
  if (!reference.starts_with(kReferencePrefix) || reference.size() <= number_at || reference[number_at - 1] != '-')
    return Error{Errc::malformed, "not a case's reference (RR-2026-0001)"};
  TRY(const std::uint64_t year, parse_padded(reference.substr(kReferencePrefix.size(), kYearDigits), kYearDigits));
  TRY(const std::uint64_t number, parse_padded(reference.substr(number_at), kLeastNumberDigits));
  return ReferenceParts{static_cast<int>(year), number};
}
std::string format_copy_number(std::uint64_t number) {
  return std::string(kCopyPrefix) + padded(number, kLeastNumberDigits);
}
Result<std::uint64_t> parse_copy_number(std::string_view text) {
  if (!text.starts_with(kCopyPrefix)) return Error{Errc::malformed, "not a copy's number (C-0042)"};
  return parse_padded(text.substr(kCopyPrefix.size()), kLeastNumberDigits);
}

struct State::Caches {
  RowCache<AgencyRow> agencies;
  RowCache<PersonRow> people;
  RowCache<CaseRow> cases;
  RowCache<SafeRow> safes;
  RowCache<EpochRow> epochs;
  RowCache<NominationRow> nominations;
  RowCache<RecordRow> records;
  RowCache<ReviewRow> reviews;
};

State::State(std::vector<SealedTable> projections, std::vector<SealedTable> besides, std::vector<SealedTable> local)
    : caches_(std::make_shared<Caches>()),
      projections_(std::move(projections)),
      besides_(std::move(besides)),
      local_(std::move(local)) {}

Result<State> State::open(engine::Engine& engine, const vault::keyring::Sealer& sealer) {
  const auto add = [&](std::vector<SealedTable>& to, const std::string& name, TableClass kind) -> Result<void> {
    TRY(SealedTable table, SealedTable::make(engine, sealer, name, kind));
    to.push_back(std::move(table));
    return {};
  };
  std::vector<SealedTable> projections;
  for (const std::string_view name : kProjectionNames)
    TRY_VOID(add(projections, "state/" + std::string(name), TableClass::projection));
  std::vector<SealedTable> besides;
  for (const std::string& name : wire::enum_names<BesideTable>())
    TRY_VOID(add(besides, "beside/" + name, TableClass::beside));
  std::vector<SealedTable> local;
  TRY_VOID(add(local, "local/staged", TableClass::local));
  TRY_VOID(add(local, "local/staged-times", TableClass::local));
  return State(std::move(projections), std::move(besides), std::move(local));
}

std::vector<const SealedTable*> State::tables() const {
  std::vector<const SealedTable*> all;
  for (const auto* group : {&projections_, &besides_, &local_})
    for (const SealedTable& table : *group) all.push_back(&table);
  return all;
}

Result<void> State::clear_projections(WriteTransaction& txn) {
  for (SealedTable& table : projections_) TRY_VOID(table.clear(txn));
  return {};
}

// --- the directory --------------------------------------------------------------------------------------------------

Result<DirectoryRow> State::directory(const ReadTransaction& txn) const {
  TRY(auto row, find<DirectoryRow>(projections_[kDirectory], txn, Key().byte(std::byte{0})));
  return row ? std::move(*row) : DirectoryRow();
}
Result<void> State::put(WriteTransaction& txn, const DirectoryRow& row) {
  return put_row(projections_[kDirectory], txn, Key().byte(std::byte{0}), row);
}

Result<std::optional<AgencyRow>> State::agency(const ReadTransaction& txn, const AgencyId& id) const {
  return find<AgencyRow>(projections_[kAgencies], caches_->agencies, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const AgencyRow& row) {
  return put_row(projections_[kAgencies], txn, key_of(row.agency), row);
}
Result<void> State::agencies(const ReadTransaction& txn, const AgencyId& from, const Visit<AgencyRow>& visit) const {
  return scan_rows<AgencyRow>(projections_[kAgencies], txn, key_of(from), visit);
}

Result<std::optional<PersonRow>> State::person(const ReadTransaction& txn, const PersonId& id) const {
  return find<PersonRow>(projections_[kPeople], caches_->people, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const PersonRow& row) {
  const auto for_each_role = [](const PersonRow& person, const auto& visit) -> Result<void> {
    if (person.revoked) return {};
    for (const auto& membership : person.memberships)
      for (const Role role : membership.roles) TRY_VOID(visit(role_key(role).id(membership.agency).id(person.person)));
    return {};
  };
  TRY(const auto before, person(txn, row.person));
  if (before)
    TRY_VOID(for_each_role(*before, [&](const Key& key) -> Result<void> {
      TRY_VOID(projections_[kRoles].erase(txn, key));
      return {};
    }));
  TRY_VOID(for_each_role(row, [&](const Key& key) { return projections_[kRoles].put(txn, key, {}); }));
  return put_row(projections_[kPeople], txn, key_of(row.person), row);
}
Result<void> State::people(const ReadTransaction& txn, const PersonId& from, const Visit<PersonRow>& visit) const {
  return scan_rows<PersonRow>(projections_[kPeople], txn, key_of(from), visit);
}
Result<std::vector<PersonId>> State::holders_of(const ReadTransaction& txn, Role role,
                                                const std::optional<AgencyId>& agency) const {
  Key prefix = role_key(role);
  if (agency) prefix.id(*agency);
  std::vector<PersonId> holders;
  TRY_VOID(projections_[kRoles].scan(txn, prefix, {}, [&](ByteView key, ByteView) -> Result<bool> {
    holders.push_back(id_at<PersonId>(key, 1 + kUuidSize));
    return true;
  }));
  std::ranges::sort(holders);
  holders.erase(std::ranges::unique(holders).begin(), holders.end());
  return holders;
}

Result<std::optional<InvitationRow>> State::invitation(const ReadTransaction& txn, const InvitationId& id) const {
  return find<InvitationRow>(projections_[kInvitations], txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const InvitationRow& row) {
  return put_row(projections_[kInvitations], txn, key_of(row.invitation), row);
}

// --- cases and safes ------------------------------------------------------------------------------------------------

Result<std::optional<CaseRow>> State::find_case(const ReadTransaction& txn, const CaseId& id) const {
  return find<CaseRow>(projections_[kCases], caches_->cases, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const CaseRow& row) {
  TRY(const ReferenceParts parts, parse_reference(row.reference));
  const Key reference = Key().number(static_cast<std::uint64_t>(parts.year)).number(parts.number);
  TRY_VOID(projections_[kReferences].put(txn, reference, row.case_.uuid()));
  TRY_VOID(
      projections_[kIncidents].put(txn, key_of(row.agency).number(day_number(row.incident_date)).id(row.case_), {}));
  return put_row(projections_[kCases], txn, key_of(row.case_), row);
}
Result<void> State::cases(const ReadTransaction& txn, const CaseId& from, const Visit<CaseRow>& visit) const {
  return scan_rows<CaseRow>(projections_[kCases], txn, key_of(from), visit);
}
Result<std::optional<CaseId>> State::case_by_reference(const ReadTransaction& txn, std::string_view reference) const {
  const auto parts = parse_reference(reference);
  if (!parts) return std::optional<CaseId>();
  const Key key = Key().number(static_cast<std::uint64_t>(parts->year)).number(parts->number);
  return find_id<CaseId>(projections_[kReferences], txn, key);
}
Result<std::string> State::next_reference(const ReadTransaction& txn, int year) const {
  TRY(const auto last, projections_[kReferences].last(txn, Key().number(static_cast<std::uint64_t>(year))));
  return format_reference(year, last ? number_at(last->key, kNumberSize) + 1 : 1);
}

Result<std::optional<SafeRow>> State::safe(const ReadTransaction& txn, const SafeId& id) const {
  return find<SafeRow>(projections_[kSafes], caches_->safes, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const SafeRow& row) {
  TRY_VOID(projections_[kCaseSafes].put(txn, key_of(row.case_).number(row.seq), row.safe.uuid()));
  return put_row(projections_[kSafes], txn, key_of(row.safe), row);
}
Result<std::vector<SafeId>> State::safes_of(const ReadTransaction& txn, const CaseId& id) const {
  std::vector<SafeId> safes;
  TRY_VOID(projections_[kCaseSafes].scan(txn, key_of(id), {}, [&](ByteView, ByteView value) -> Result<bool> {
    safes.push_back(id_at<SafeId>(value));
    return true;
  }));
  return safes;
}
Result<std::optional<SafeId>> State::agency_safe(const ReadTransaction& txn, const CaseId& id,
                                                 const AgencyId& agency) const {
  TRY(const auto safes, safes_of(txn, id));
  for (const SafeId& one : safes) {
    TRY(const auto row, safe(txn, one));
    if (!row) return dangling("safe");
    if (row->agency == agency) return std::optional<SafeId>(one);
  }
  return std::optional<SafeId>();
}

Result<std::optional<EpochRow>> State::epoch(const ReadTransaction& txn, const SafeId& id, std::uint64_t epoch) const {
  return find<EpochRow>(projections_[kEpochs], caches_->epochs, txn, safe_epoch_key(id, epoch));
}
Result<void> State::put(WriteTransaction& txn, const EpochRow& row) {
  return put_row(projections_[kEpochs], txn, safe_epoch_key(row.safe, row.epoch), row);
}

Result<std::optional<NominationRow>> State::nomination(const ReadTransaction& txn, const SafeId& safe,
                                                       const PersonId& person) const {
  return find<NominationRow>(projections_[kNominations], caches_->nominations, txn, key_of(safe).id(person));
}
Result<void> State::put(WriteTransaction& txn, const NominationRow& row) {
  TRY_VOID(projections_[kPersonSafes].put(txn, key_of(row.person).id(row.safe), {}));
  return put_row(projections_[kNominations], txn, key_of(row.safe).id(row.person), row);
}
Result<std::vector<NominationRow>> State::nominations_of(const ReadTransaction& txn, const SafeId& safe) const {
  std::vector<NominationRow> nominations;
  TRY_VOID(projections_[kNominations].scan(txn, key_of(safe), {}, [&](ByteView, ByteView value) -> Result<bool> {
    TRY(NominationRow row, decode_row<NominationRow>(value));
    nominations.push_back(std::move(row));
    return true;
  }));
  return nominations;
}
Result<std::vector<SafeId>> State::safes_of_person(const ReadTransaction& txn, const PersonId& person) const {
  std::vector<SafeId> safes;
  TRY_VOID(projections_[kPersonSafes].scan(txn, key_of(person), {}, [&](ByteView key, ByteView) -> Result<bool> {
    safes.push_back(id_at<SafeId>(key, kUuidSize));
    return true;
  }));
  return safes;
}

// --- records and copies ---------------------------------------------------------------------------------------------

Result<std::optional<RecordRow>> State::record(const ReadTransaction& txn, const RecordId& id) const {
  return find<RecordRow>(projections_[kRecords], caches_->records, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const RecordRow& row) {
  TRY_VOID(projections_[kRecordOrder].put(txn, key_of(row.safe).number(row.ordinal), row.record.uuid()));
  return put_row(projections_[kRecords], txn, key_of(row.record), row);
}
Result<void> State::records_of(const ReadTransaction& txn, const SafeId& safe, std::uint64_t from,
                               const Visit<RecordRow>& visit) const {
  return projections_[kRecordOrder].scan(txn, key_of(safe), key_of(safe).number(from),
                                         [&](ByteView, ByteView value) -> Result<bool> {
                                           TRY(const auto row, record(txn, id_at<RecordId>(value)));
                                           if (!row) return dangling("record");
                                           return visit(*row);
                                         });
}

Result<std::optional<CopyRow>> State::copy(const ReadTransaction& txn, const CopyId& id) const {
  return find<CopyRow>(projections_[kCopies], txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const CopyRow& row) {
  const auto index = [&](SealedTable& table, const auto& of) -> Result<void> {
    if (row.ended()) TRY_VOID(table.erase(txn, key_of(of).byte(kOpen).number(row.number)));
    return table.put(txn, key_of(of).byte(row.ended() ? kEnded : kOpen).number(row.number), row.copy.uuid());
  };
  TRY(const auto before, copy(txn, row.copy));
  if (before && before->reassigned && before->reassigned != row.reassigned && *before->reassigned != row.holder &&
      *before->reassigned != row.issuer)
    TRY_VOID(projections_[kCopiesByPerson].erase(txn, key_of(*before->reassigned).byte(kOpen).number(row.number)));
  TRY_VOID(projections_[kCopyNumbers].put(txn, Key().number(row.number), row.copy.uuid()));
  TRY_VOID(index(projections_[kCopiesByCase], row.case_));
  TRY_VOID(index(projections_[kCopiesByPerson], row.holder));
  if (row.issuer != row.holder) TRY_VOID(index(projections_[kCopiesByPerson], row.issuer));
  if (row.reassigned) TRY_VOID(index(projections_[kCopiesByPerson], *row.reassigned));
  return put_row(projections_[kCopies], txn, key_of(row.copy), row);
}
Result<std::optional<CopyPageRow>> State::copy_page(const ReadTransaction& txn, const CopyId& id,
                                                    std::uint64_t page) const {
  return find<CopyPageRow>(projections_[kCopyPages], txn, key_of(id).number(page));
}
Result<void> State::put(WriteTransaction& txn, const CopyId& copy, std::uint64_t page, const CopyPageRow& row) {
  return put_row(projections_[kCopyPages], txn, key_of(copy).number(page), row);
}

Result<std::optional<CopyId>> State::copy_by_number(const ReadTransaction& txn, std::uint64_t number) const {
  return find_id<CopyId>(projections_[kCopyNumbers], txn, Key().number(number));
}
Result<std::uint64_t> State::next_copy_number(const ReadTransaction& txn) const {
  TRY(const auto last, projections_[kCopyNumbers].last(txn, {}));
  return last ? number_at(last->key, 0) + 1 : 1;
}

namespace {
Result<void> scan_copies(const State& state, const SealedTable& index, const ReadTransaction& txn, ByteView prefix,
                         ByteView from, bool& more, const Visit<CopyRow>& visit) {
  return index.scan(txn, prefix, from, [&](ByteView, ByteView value) -> Result<bool> {
    TRY(const auto row, state.copy(txn, id_at<CopyId>(value)));
    if (!row) return dangling("copy");
    TRY(more, visit(*row));
    return more;
  });
}
template <class Id>
Result<void> scan_copies_by(const State& state, const SealedTable& index, const ReadTransaction& txn, const Id& id,
                            State::Which which, std::uint64_t from, const Visit<CopyRow>& visit) {
  bool more = true;
  for (const std::byte end : {kOpen, kEnded}) {
    if (which == State::Which::open && end == kEnded) continue;
    if (which == State::Which::ended && end == kOpen) continue;
    if (more)
      TRY_VOID(scan_copies(state, index, txn, key_of(id).byte(end), key_of(id).byte(end).number(from), more, visit));
  }
  return {};
}
}  // namespace

Result<void> State::copies(const ReadTransaction& txn, std::uint64_t from, const Visit<CopyRow>& visit) const {
  bool more = true;
  return scan_copies(*this, projections_[kCopyNumbers], txn, {}, Key().number(from), more, visit);
}
Result<void> State::copies_of_case(const ReadTransaction& txn, const CaseId& id, Which which, std::uint64_t from,
                                   const Visit<CopyRow>& visit) const {
  return scan_copies_by(*this, projections_[kCopiesByCase], txn, id, which, from, visit);
}
Result<void> State::copies_of_person(const ReadTransaction& txn, const PersonId& id, Which which, std::uint64_t from,
                                     const Visit<CopyRow>& visit) const {
  return scan_copies_by(*this, projections_[kCopiesByPerson], txn, id, which, from, visit);
}

Result<void> State::copied_records(
    const ReadTransaction& txn, const CopyId& id, std::uint64_t from,
    const std::function<Result<bool>(std::uint64_t ordinal, const CopiedRecord&)>& visit) const {
  for (std::uint64_t page = from / kRecordsPerCopyPage;; ++page) {
    TRY(const auto row, copy_page(txn, id, page));
    if (!row) return {};
    const std::uint64_t first = page * kRecordsPerCopyPage;
    for (std::size_t i = from > first ? from - first : 0; i < row->records.size(); ++i) {
      TRY(const bool more, visit(first + i, row->records[i]));
      if (!more) return {};
    }
  }
}

// --- items and sealed notes -----------------------------------------------------------------------------------------

Result<std::optional<ItemRow>> State::item(const ReadTransaction& txn, const ItemId& id) const {
  return find<ItemRow>(projections_[kItems], txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const ItemRow& row) {
  return put_row(projections_[kItems], txn, key_of(row.item), row);
}
Result<void> State::put_note_use(WriteTransaction& txn, const SafeId& safe, const Digest& digest) {
  return projections_[kNotes].put(txn, note_key(safe, digest), {});
}
Result<void> State::notes_of(const ReadTransaction& txn, const SafeId& safe, const Digest& from,
                             const Visit<Digest>& visit) const {
  return projections_[kNotes].scan(txn, key_of(safe), note_key(safe, from),
                                   [&](ByteView key, ByteView) { return visit(digest_at(key, kUuidSize)); });
}

// --- reviews --------------------------------------------------------------------------------------------------------

Result<std::optional<ReviewRow>> State::review(const ReadTransaction& txn, const CaseId& id) const {
  return find<ReviewRow>(projections_[kReviews], caches_->reviews, txn, key_of(id));
}
Result<void> State::put(WriteTransaction& txn, const ReviewRow& row) {
  return put_row(projections_[kReviews], txn, key_of(row.case_), row);
}
Result<std::optional<AgencyReviewRow>> State::agency_review(const ReadTransaction& txn, const CaseId& id,
                                                            const AgencyId& agency) const {
  return find<AgencyReviewRow>(projections_[kAgencyReviews], txn, key_of(id).id(agency));
}
Result<void> State::put(WriteTransaction& txn, const AgencyReviewRow& row) {
  return put_row(projections_[kAgencyReviews], txn, key_of(row.case_).id(row.agency), row);
}
Result<std::vector<CaseId>> State::cases_of_incident(const ReadTransaction& txn, const AgencyId& agency,
                                                     const Date& date) const {
  std::vector<CaseId> cases;
  TRY_VOID(projections_[kIncidents].scan(txn, key_of(agency).number(day_number(date)), {},
                                         [&](ByteView key, ByteView) -> Result<bool> {
                                           cases.push_back(id_at<CaseId>(key, kUuidSize + kNumberSize));
                                           return cases.size() < kFewRows;
                                         }));
  return cases;
}
Result<std::vector<RecordId>> State::documents_1(const ReadTransaction& txn, const SafeId& review_safe) const {
  std::vector<RecordId> records;
  TRY_VOID(projections_[kDocuments1].scan(txn, key_of(review_safe), {}, [&](ByteView key, ByteView) -> Result<bool> {
    records.push_back(id_at<RecordId>(key, kUuidSize));
    return records.size() < kFewRows;
  }));
  return records;
}
Result<void> State::put_document_1(WriteTransaction& txn, const SafeId& review_safe, const RecordId& record) {
  return projections_[kDocuments1].put(txn, key_of(review_safe).id(record), {});
}
Result<CalendarRow> State::calendar(const ReadTransaction& txn) const {
  TRY(auto row, find<CalendarRow>(projections_[kCalendar], txn, Key().byte(std::byte{0})));
  return row ? std::move(*row) : CalendarRow();
}
Result<void> State::put(WriteTransaction& txn, const CalendarRow& row) {
  return put_row(projections_[kCalendar], txn, Key().byte(std::byte{0}), row);
}

// --- chains ---------------------------------------------------------------------------------------------------------

// Returns nothing if an id that the sort requires is missing.
static std::optional<Key> chain_key(ChainSort sort, const wire::Concerned& ids) {
  Key key = Key().byte(static_cast<std::byte>(sort));
  if (is_of_safe(sort)) return ids.safe ? std::optional(key.id(*ids.safe)) : std::nullopt;
  switch (sort) {
    case ChainSort::review:
      return ids.case_ ? std::optional(key.id(*ids.case_)) : std::nullopt;
    case ChainSort::refusals:
      return ids.case_ ? key.id(*ids.case_) : key;
    case ChainSort::directory:
    case ChainSort::cases:
    case ChainSort::service:
    case ChainSort::keys:
    case ChainSort::recovery:
    case ChainSort::records:
    case ChainSort::copies:
      break;
  }
  return key;
}

Result<std::optional<audit::ChainNumber>> State::chain(const ReadTransaction& txn, ChainSort sort,
                                                       const wire::Concerned& ids) const {
  const auto key = chain_key(sort, ids);
  if (!key) return std::optional<audit::ChainNumber>();
  TRY(const auto found, projections_[kChains].get(txn, *key));
  if (!found) return std::optional<audit::ChainNumber>();
  return std::optional(audit::ChainNumber{number_at(*found, 0)});
}

Result<void> State::put_chain(WriteTransaction& txn, ChainSort sort, const wire::Concerned& ids,
                              audit::ChainNumber number) {
  const auto key = chain_key(sort, ids);
  if (!key) return Error{Errc::tampered, "a chain begins that is about nothing"};
  TRY(const auto before, projections_[kChains].get(txn, *key));
  if (before) return Error{Errc::tampered, "a chain begins for the second time"};
  return projections_[kChains].put(txn, *key, vault::big_endian64(number.value));
}

// --- nonces ---------------------------------------------------------------------------------------------------------

Result<std::optional<UsedNonceRow>> State::used_nonce(const ReadTransaction& txn, std::string_view keyid,
                                                      std::string_view nonce, Instant now) const {
  TRY(auto row, find<UsedNonceRow>(projections_[kNonces], txn, nonce_key(keyid, nonce)));
  if (row && row->time.unix_ms + kNonceMemoryMs <= now.unix_ms) row.reset();
  return row;
}
Result<void> State::put_nonce(WriteTransaction& txn, std::string_view keyid, std::string_view nonce,
                              const UsedNonceRow& row) {
  SealedTable& nonces = projections_[kNonces];
  SealedTable& times = projections_[kNonceTimes];
  std::vector<Bytes> over;
  TRY_VOID(times.scan(txn, {}, {}, [&](ByteView key, ByteView) -> Result<bool> {
    if (number_at(key, 0) + static_cast<std::uint64_t>(kNonceMemoryMs) > static_cast<std::uint64_t>(row.time.unix_ms))
      return false;
    over.push_back(vault::to_bytes(key));
    return over.size() < kNoncesForgottenAtOnce;
  }));
  for (const Bytes& key : over) {
    TRY_VOID(times.erase(txn, key));
    TRY_VOID(nonces.erase(txn, ByteView(key).subspan(kNumberSize)));
  }
  const Bytes key = nonce_key(keyid, nonce);
  TRY(auto before, find<UsedNonceRow>(nonces, txn, key));
  UsedNonceRow merged = row;
  if (before) {
    TRY_VOID(times.erase(txn, time_key(before->time).raw(key)));
    if (before->time.unix_ms + kNonceMemoryMs > row.time.unix_ms) {
      merged = std::move(*before);
      merged.seqs.insert(merged.seqs.end(), row.seqs.begin(), row.seqs.end());
    }
  }
  TRY_VOID(times.put(txn, time_key(merged.time).raw(key), {}));
  return put_row(nonces, txn, key, merged);
}

// --- beside and staged values ---------------------------------------------------------------------------------------

Result<void> State::put_text_use(WriteTransaction& txn, const Digest& digest) {
  return projections_[kTexts].put(txn, digest, {});
}

Result<std::optional<Bytes>> State::beside(const ReadTransaction& txn, BesideTable table, ByteView key) const {
  return beside_table(table).get(txn, key);
}
Result<void> State::put_beside(WriteTransaction& txn, BesideTable table, ByteView key, ByteView value) {
  if (value.size() > max_bytes(table)) return Error{Errc::too_large, "a staged value is too large for its use"};
  return besides_[static_cast<std::size_t>(table)].put(txn, key, value);
}
Result<bool> State::erase_beside(WriteTransaction& txn, BesideTable table, ByteView key) {
  return besides_[static_cast<std::size_t>(table)].erase(txn, key);
}

Result<void> State::expected_besides(
    const ReadTransaction& txn,
    const std::function<Result<bool>(BesideTable table, ByteView key, const Digest& digest)>& visit) const {
  bool more = true;
  const auto expect = [&](BesideTable table, ByteView key, const Digest& digest) -> Result<void> {
    if (!more) return {};
    TRY(more, visit(table, key, digest));
    return {};
  };
  TRY_VOID(projections_[kRecords].scan(txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY(const RecordRow row, decode_row<RecordRow>(value));
    TRY_VOID(expect(BesideTable::header, key, row.header));
    TRY_VOID(expect(BesideTable::descriptor, key, row.descriptor));
    return more;
  }));
  if (!more) return {};
  TRY_VOID(projections_[kEpochs].scan(txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY(const EpochRow row, decode_row<EpochRow>(value));
    for (const auto& wrap : row.key.wraps)
      TRY_VOID(expect(BesideTable::wrap, safe_epoch_person_key(row.safe, row.epoch, wrap.person), wrap.digest));
    for (const auto& share : row.key.shares)
      TRY_VOID(expect(BesideTable::share, safe_epoch_person_key(row.safe, row.epoch, share.custodian), share.digest));
    if (row.key.previous) TRY_VOID(expect(BesideTable::previous, key, *row.key.previous));
    return more;
  }));
  if (!more) return {};
  TRY_VOID(projections_[kCopyPages].scan(txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY(const CopyPageRow row, decode_row<CopyPageRow>(value));
    const std::uint64_t first = number_at(key, kUuidSize) * kRecordsPerCopyPage;
    for (std::size_t i = 0; i < row.records.size(); ++i)
      if (row.records[i].header)
        TRY_VOID(
            expect(BesideTable::copy_header, copy_header_key(id_at<CopyId>(key), first + i), *row.records[i].header));
    return more;
  }));
  if (!more) return {};
  TRY_VOID(projections_[kCopies].scan(txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY(const CopyRow row, decode_row<CopyRow>(value));
    if (row.index) TRY_VOID(expect(BesideTable::copy_index, key, *row.index));
    return more;
  }));
  if (!more) return {};
  TRY_VOID(projections_[kNotes].scan(txn, {}, {}, [&](ByteView key, ByteView) -> Result<bool> {
    TRY_VOID(expect(BesideTable::note, key, digest_at(key, kUuidSize)));
    return more;
  }));
  if (!more) return {};
  return projections_[kTexts].scan(txn, {}, {}, [&](ByteView key, ByteView) -> Result<bool> {
    TRY_VOID(expect(BesideTable::text, key, digest_at(key, 0)));
    return more;
  });
}

Result<void> State::stage(WriteTransaction& txn, std::string_view keyid, ByteView value, Instant time) {
  if (value.size() > kMaxIndexBytes) return Error{Errc::too_large, "a value to stage is too large"};
  const Digest digest = vault::crypto::sha256(value);
  TRY_VOID(unstage(txn, keyid, digest));
  const Bytes key = staged_key(keyid, digest);
  Bytes stored = Key().raw(time_key(time)).bytes();
  vault::append(stored, value);
  TRY_VOID(local_[kStagedTimes].put(txn, time_key(time).raw(key), {}));
  return local_[kStaged].put(txn, key, stored);
}
Result<std::optional<StagedRow>> State::staged(const ReadTransaction& txn, std::string_view keyid,
                                               const Digest& digest) const {
  TRY(const auto stored, local_[kStaged].get(txn, staged_key(keyid, digest)));
  if (!stored) return std::optional<StagedRow>();
  const Instant time{static_cast<std::int64_t>(number_at(*stored, 0))};
  return std::optional(StagedRow{vault::to_bytes(ByteView(*stored).subspan(kNumberSize)), time});
}
Result<bool> State::unstage(WriteTransaction& txn, std::string_view keyid, const Digest& digest) {
  TRY(const auto before, staged(txn, keyid, digest));
  if (!before) return false;
  const Bytes key = staged_key(keyid, digest);
  TRY_VOID(local_[kStagedTimes].erase(txn, time_key(before->time).raw(key)));
  return local_[kStaged].erase(txn, key);
}
Result<std::size_t> State::expire_staged(WriteTransaction& txn, Instant before, std::size_t limit) {
  std::vector<Bytes> over;
  TRY_VOID(local_[kStagedTimes].scan(txn, {}, {}, [&](ByteView key, ByteView) -> Result<bool> {
    if (over.size() >= limit || static_cast<std::int64_t>(number_at(key, 0)) >= before.unix_ms) return false;
    over.push_back(vault::to_bytes(key));
    return true;
  }));
  for (const Bytes& key : over) {
    TRY_VOID(local_[kStagedTimes].erase(txn, key));
    TRY_VOID(local_[kStaged].erase(txn, ByteView(key).subspan(kNumberSize)));
  }
  return over.size();
}

}  // namespace strongroom::access
