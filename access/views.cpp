#include "access/views.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "vault/crypto/hash.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;

// The kinds that a safe's chain consists of, apart from the referral.
constexpr std::string_view kSafeChainKinds[] = {
    wire::SafeOpened::kKind,          wire::NominationMade::kKind,   wire::NominationWrapped::kKind,
    wire::NominationConfirmed::kKind, wire::NominationEnded::kKind,  wire::EpochStarted::kKind,
    wire::SharesCompleted::kKind,     wire::NominationPaused::kKind, wire::NominationResumed::kKind};
// What an agency said and did at its desk.
constexpr std::string_view kHoldingsKinds[] = {wire::DeclarationMade::kKind, wire::ItemAdded::kKind,
                                               wire::ItemChanged::kKind, wire::OriginalsRemoved::kKind};
// The course of a review, by its safe.
constexpr std::string_view kReviewKinds[] = {
    wire::CaseReferred::kKind,        wire::AgenciesAsked::kKind,        wire::DutiesAnswered::kKind,
    wire::DutyRecorded::kKind,        wire::TemplatesSent::kKind,        wire::ScopingReturned::kKind,
    wire::MeetingScheduled::kKind,    wire::PackShared::kKind,           wire::AttendanceRecorded::kKind,
    wire::ReviewDecided::kKind,       wire::DecisionAnswered::kKind,     wire::DecisionEndorsed::kKind,
    wire::OutcomeSent::kKind,         wire::PanelAnswered::kKind,        wire::OutcomeInformed::kKind,
    wire::OutcomeAcknowledged::kKind, wire::InspectorateRecorded::kKind, wire::ReviewClosed::kKind,
    wire::ReviewDropped::kKind,       wire::SteppedBack::kKind,          wire::ClockMoved::kKind,
    wire::RecordsSealed::kKind};
// What concerns a case as a whole: whoever is of an agency in it reads that too.
constexpr std::string_view kCaseKinds[] = {
    wire::CaseReferred::kKind, wire::AgenciesAsked::kKind, wire::MeetingScheduled::kKind, wire::ClockMoved::kKind,
    wire::ReviewClosed::kKind, wire::ReviewDropped::kKind, wire::SteppedBack::kKind};
constexpr std::size_t kSafesPage = 256;  // a page of safes ends with the case that fills it

Error bad_cursor() {
  return {Errc::invalid_argument, "`from` is not what a page's `next` said"};
}

Result<std::uint64_t> number_from(std::string_view text, std::uint64_t at_first = 0) {
  if (text.empty()) return at_first;
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number > wire::kMaxJsonInteger) return bad_cursor();
  return number;
}

template <class Id>
Result<Id> id_from(std::string_view text) {
  if (text.empty()) return Id();
  const auto id = Id::parse(text);
  if (!id) return bad_cursor();
  return *id;
}

// Counts what a page holds and what it looked at.
class PageLimit {
 public:
  explicit PageLimit(std::size_t items = wire::kMaxPage) : items_(items) {}
  bool is_reached() const { return held_ >= items_ || bytes_ >= kMaxPageBytes || seen_ >= kMaxScan; }
  void look() { ++seen_; }
  void hold(std::size_t bytes = 0) {
    ++held_;
    bytes_ += bytes;
  }

 private:
  std::size_t items_;
  std::size_t held_ = 0;
  std::size_t bytes_ = 0;
  std::size_t seen_ = 0;
};

Refusal refusal_of(Action action, const Verdict& verdict) {
  Refusal refusal;
  refusal.action = action;
  refusal.rule = std::string(verdict.rule);
  refusal.hidden = verdict.outcome == Outcome::hidden;
  return refusal;
}

Refusal refusal_in(Action action, const Verdict& verdict, const CaseRow& row) {
  Refusal refusal = refusal_of(action, verdict);
  refusal.ids.case_ = row.case_;
  refusal.chain = row.case_;
  return refusal;
}

Refusal refusal_in(Action action, const Verdict& verdict, const CaseRow& row, const SafeRow& safe) {
  Refusal refusal = refusal_in(action, verdict, row);
  refusal.ids.safe = safe.safe;
  refusal.ids.agency = safe.agency;
  return refusal;
}

Refusal unknown(Action action) {
  return refusal_of(action, {.outcome = Outcome::hidden, .rule = kRuleUnknown});
}

Error dangling() {
  return {Errc::tampered, "the tables name something that is not there"};
}

// Declares what a Viewed holds, or returns its error or refusal.
#define ENTER(decl, ...)                                                                                       \
  auto STRONGROOM_CONCAT(entered_, __LINE__) = (__VA_ARGS__);                                                  \
  if (!STRONGROOM_CONCAT(entered_, __LINE__)) return std::move(STRONGROOM_CONCAT(entered_, __LINE__)).error(); \
  if (auto* refused_here = std::get_if<Refusal>(&*STRONGROOM_CONCAT(entered_, __LINE__)))                      \
    return std::move(*refused_here);                                                                           \
  decl = std::move(std::get<0>(*STRONGROOM_CONCAT(entered_, __LINE__)))

}  // namespace

Result<View> View::of(const Store& store, const ReadTransaction& txn, const PersonId& person, Instant now) {
  TRY(Standing standing, Standing::of(store.state(), txn, person));
  if (!standing.enrolled()) return Error{Errc::refused, "only enrolled persons may read"};
  return View(store, txn, std::move(standing), now);
}

// --- places ---------------------------------------------------------------------------------------------------------

Result<View::SafePlace> View::place_of(const SafeRow& safe) const {
  TRY(const auto row, store_->state().find_case(*txn_, safe.case_));
  if (!row) return dangling();
  TRY(const Capacities who, standing_.in_safe(*row, safe));
  return SafePlace{.case_ = *row, .safe = safe, .who = who};
}

Result<View::CopyPlace> View::place_of(const CopyRow& copy) const {
  TRY(const auto row, store_->state().find_case(*txn_, copy.case_));
  TRY(const auto safe, store_->state().safe(*txn_, copy.safe));
  if (!row || !safe) return dangling();
  TRY(const Capacities who, standing_.in_copy(*row, *safe, copy));
  return CopyPlace{.case_ = *row, .safe = *safe, .copy = copy, .who = who};
}

Viewed<View::SafePlace> View::enter(const SafeId& id, Action action) const {
  TRY(const auto safe, store_->state().safe(*txn_, id));
  if (!safe) return unknown(action);
  TRY(SafePlace place, place_of(*safe));
  const Verdict verdict = permit(action, place.who, place.case_.lock, place.case_.stage);
  if (!verdict.permitted()) return refusal_in(action, verdict, place.case_, place.safe);
  return place;
}

Viewed<View::CopyPlace> View::enter(const CopyId& id, Action action) const {
  TRY(const auto copy, store_->state().copy(*txn_, id));
  if (!copy) return unknown(action);
  TRY(CopyPlace place, place_of(*copy));
  const Verdict verdict = permit(action, place.who, place.case_.lock, place.case_.stage);
  if (verdict.permitted()) return place;
  Refusal refusal = refusal_in(action, verdict, place.case_, place.safe);
  refusal.ids.copy = id;
  return refusal;
}

Result<std::optional<Refusal>> View::refuses_case(const CaseId& id) const {
  TRY(const auto row, store_->state().find_case(*txn_, id));
  if (!row) return std::optional(unknown(Action::see_case));
  const Verdict verdict = permit(Action::see_case, standing_.in_case(*row), row->lock, row->stage);
  if (verdict.permitted()) return std::optional<Refusal>();
  return std::optional(refusal_in(Action::see_case, verdict, *row));
}

Result<EntryPage> View::entry_page(std::vector<LeafIndex> seqs) const {
  EntryPage page;
  if (seqs.empty()) return page;
  const std::size_t taken = std::min(seqs.size(), audit::kMaxReceiptEntries);
  TRY(page.receipt, store_->ledger().receipt_page(*txn_, std::span(seqs).first(taken)));
  const std::size_t given = page.receipt->entries.size();
  if (given < seqs.size()) page.next = std::to_string(seqs[given].value);
  return page;
}

// --- the directory --------------------------------------------------------------------------------------------------

Result<Bytes> View::stored(BesideTable table, ByteView key, const Digest& digest) const {
  TRY(auto value, store_->state().beside(*txn_, table, key));
  if (!value || vault::crypto::sha256(*value) != digest)
    return Error{Errc::tampered, "a stored " + wire::enum_name(table) + " is not the one that its entry names"};
  return std::move(*value);
}

Result<std::string> View::text(const std::optional<Digest>& digest, std::string_view otherwise) const {
  if (!digest) return std::string(otherwise);
  TRY(const Bytes value, stored(BesideTable::text, *digest, *digest));
  if (value.size() < sizeof(Digest)) return dangling();
  return vault::to_text(ByteView(value).subspan(sizeof(Digest)));
}

Result<wire::PersonView> View::show(const PersonRow& row) const {
  TRY(std::string name, text(row.name, ""));
  return wire::PersonView{.person = row.person,
                          .name = std::move(name),
                          .memberships = row.memberships,
                          .signing_key = row.signing_key,
                          .recipient = row.recipient,
                          .root = row.root,
                          .revoked = row.revoked};
}

Result<wire::PersonView> View::whoami() const {
  return show(standing_.person());
}

Result<wire::Page<wire::AgencyView>> View::agencies(std::string_view from) const {
  TRY(const AgencyId first, id_from<AgencyId>(from));
  wire::Page<wire::AgencyView> page;
  PageLimit limit;
  TRY_VOID(store_->state().agencies(*txn_, first, [&](const AgencyRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.agency.to_string();
      return false;
    }
    TRY(std::string name, text(row.name, wire::enum_name(row.kind)));
    limit.hold(name.size());
    page.items.push_back({.agency = row.agency, .name = std::move(name), .kind = row.kind});
    return true;
  }));
  return page;
}

Result<wire::Page<wire::PersonView>> View::persons(std::string_view from) const {
  TRY(const PersonId first, id_from<PersonId>(from));
  wire::Page<wire::PersonView> page;
  PageLimit limit;
  TRY_VOID(store_->state().people(*txn_, first, [&](const PersonRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.person.to_string();
      return false;
    }
    TRY(wire::PersonView view, show(row));
    limit.hold(view.name.size());
    page.items.push_back(std::move(view));
    return true;
  }));
  return page;
}

Result<wire::DutiesView> View::duties() const {
  const State& state = store_->state();
  const PersonId& me = standing_.person().person;
  wire::DutiesView duties;
  TRY(const auto safes, state.safes_of_person(*txn_, me));
  for (const SafeId& id : safes) {
    TRY(const auto safe, state.safe(*txn_, id));
    TRY(const auto mine, state.nomination(*txn_, id, me));
    if (!safe || !mine) return dangling();
    if (mine->state == NominationState::pending && mine->wrapped)
      duties.confirmations.push_back({.safe = id, .epoch = safe->epoch});
    if (mine->state != NominationState::active) continue;
    if (safe->epoch_due) duties.epochs.push_back({.safe = id, .epoch = safe->epoch});
    TRY(const auto nominations, state.nominations_of(*txn_, id));
    for (const NominationRow& nomination : nominations)
      if (nomination.state == NominationState::pending && !nomination.wrapped)
        duties.wraps.push_back({.safe = id, .epoch = safe->epoch, .person = nomination.person});
    TRY(const auto epoch, state.epoch(*txn_, id, safe->epoch));
    if (!epoch) return dangling();
    TRY(const DirectoryRow directory, state.directory(*txn_));
    wire::ShareDuty shares{.safe = id, .epoch = safe->epoch, .custodians = {}};
    for (const PartnerRow& partner : directory.partners) {
      TRY(const auto custodians, state.holders_of(*txn_, Role::custodian, partner.agency));
      for (const PersonId& custodian : custodians)
        // One share for each, whoever is a custodian of two: nobody counts for two partners.
        if (std::ranges::none_of(epoch->key.shares,
                                 [&](const wire::Share& share) { return share.custodian == custodian; }) &&
            std::ranges::find(shares.custodians, custodian) == shares.custodians.end())
          shares.custodians.push_back(custodian);
    }
    if (!shares.custodians.empty()) duties.shares.push_back(std::move(shares));
  }
  TRY_VOID(state.copies_of_person(*txn_, me, State::Which::open, 0, [&](const CopyRow& copy) -> Result<bool> {
    if (copy.responsible() == me && copy.issuer != copy.holder && copy.state == CopyState::issued) {
      TRY(const CopyPlace place, place_of(copy));
      if (place.who.has(Capacity::issuer)) duties.preparations.push_back(copy.copy);
    }
    const bool own = copy.issuer == me && copy.state == CopyState::issued;
    if (copy.holder == me && (own || copy.state == CopyState::collected)) duties.deliveries.push_back(copy.copy);
    return duties.preparations.size() + duties.deliveries.size() < wire::kMaxPage;
  }));
  return duties;
}

// --- cases and safes ------------------------------------------------------------------------------------------------

wire::CaseView View::show(const CaseRow& row) const {
  return {.case_ = row.case_,
          .reference = row.reference,
          .chain = row.chain,
          .agency = row.agency,
          .incident_date = row.incident_date,
          .aware_date = row.aware_date,
          .received = row.received,
          .subjects = row.subjects,
          .stage = row.stage,
          .lock = row.lock,
          .asked = row.asked,
          .review_safe = row.review_safe};
}

Result<wire::Page<wire::CaseView>> View::cases(std::string_view from) const {
  TRY(const CaseId first, id_from<CaseId>(from));
  wire::Page<wire::CaseView> page;
  PageLimit limit;
  TRY_VOID(store_->state().cases(*txn_, first, [&](const CaseRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.case_.to_string();
      return false;
    }
    limit.look();
    if (!permit(Action::see_case, standing_.in_case(row), row.lock, row.stage).permitted()) return true;
    limit.hold();
    page.items.push_back(show(row));
    return true;
  }));
  return page;
}

Viewed<wire::CaseView> View::find_case(std::string_view id_or_reference) const {
  std::optional<CaseId> id;
  if (const auto parsed = CaseId::parse(id_or_reference)) {
    id = *parsed;
  } else if (parse_reference(id_or_reference)) {
    TRY(id, store_->state().case_by_reference(*txn_, id_or_reference));
  } else {
    return Error{Errc::invalid_argument, "neither a case's id nor its reference"};
  }
  if (!id) return unknown(Action::see_case);
  TRY(const auto row, store_->state().find_case(*txn_, *id));
  if (!row) return unknown(Action::see_case);
  const Verdict verdict = permit(Action::see_case, standing_.in_case(*row), row->lock, row->stage);
  if (!verdict.permitted()) return refusal_in(Action::see_case, verdict, *row);
  return show(*row);
}

Result<wire::SafeView> View::show(const SafeRow& row) const {
  const State& state = store_->state();
  TRY(const auto epoch, state.epoch(*txn_, row.safe, row.epoch));
  if (!epoch) return dangling();
  wire::SafeView view{.safe = row.safe,
                      .case_ = row.case_,
                      .agency = row.agency,
                      .epoch = row.epoch,
                      .recipient = epoch->key.recipient,
                      .records = row.records,
                      .nominations = {},
                      .recovery_complete = false,
                      .items = row.items,
                      .declaration = row.declaration,
                      .nothing_held = row.nothing_held,
                      .sources = row.sources,
                      .open_sources = row.open_sources,
                      .secured = row.is_secured(),
                      .originals_removed = row.originals_removed};
  TRY(const auto nominations, state.nominations_of(*txn_, row.safe));
  for (const NominationRow& nomination : nominations)
    view.nominations.push_back({.person = nomination.person,
                                .state = nomination.state,
                                .involvement = nomination.involvement,
                                .own = nomination.own,
                                .wrapped = nomination.wrapped});
  TRY(view.recovery_complete, is_recovery_complete(state, *txn_, row));
  return view;
}

Viewed<wire::Page<wire::SafeView>> View::safes(const std::optional<CaseId>& id, std::string_view from) const {
  wire::Page<wire::SafeView> page;
  PageLimit limit(kSafesPage);
  const auto add_case = [&](const CaseRow& row) -> Result<void> {
    TRY(const auto safes, store_->state().safes_of(*txn_, row.case_));
    for (const SafeId& one : safes) {
      TRY(const auto safe, store_->state().safe(*txn_, one));
      if (!safe) return dangling();
      TRY(const Capacities who, standing_.in_safe(row, *safe));
      if (!permit(Action::see_safe, who, row.lock, row.stage).permitted()) continue;
      TRY(wire::SafeView view, show(*safe));
      limit.hold();
      page.items.push_back(std::move(view));
    }
    return {};
  };
  if (id) {
    TRY(const auto refused, refuses_case(*id));
    TRY(const auto row, store_->state().find_case(*txn_, *id));
    if (row) TRY_VOID(add_case(*row));
    if (page.items.empty() && refused) return *refused;  // a keyholder may see a safe and not the case
    return page;
  }
  TRY(const CaseId first, id_from<CaseId>(from));
  TRY_VOID(store_->state().cases(*txn_, first, [&](const CaseRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = row.case_.to_string();
      return false;
    }
    limit.look();
    TRY_VOID(add_case(row));
    return true;
  }));
  return page;
}

Viewed<wire::SafeView> View::safe(const SafeId& id) const {
  ENTER(const SafePlace place, enter(id, Action::see_safe));
  TRY(wire::SafeView view, show(place.safe));
  return view;
}

Viewed<wire::SafeKeysView> View::safe_keys(const SafeId& id) const {
  ENTER(const SafePlace place, enter(id, Action::read_safe_keys));
  const std::uint64_t current = place.safe.epoch;
  wire::SafeKeysView view{.epoch = current, .wrap = {}, .previous = {}};
  TRY(const auto epoch, store_->state().epoch(*txn_, id, current));
  if (!epoch) return dangling();
  const PersonId& me = standing_.person().person;
  const auto wrap = std::ranges::find(epoch->key.wraps, me, &wire::Wrap::person);
  if (wrap == epoch->key.wraps.end())
    return Error{Errc::conflict, "the safe's key is not wrapped for you yet; a keyholder's next contact does it"};
  TRY(view.wrap, stored(BesideTable::wrap, safe_epoch_person_key(id, current, me), wrap->digest));
  for (std::uint64_t later = 1; later <= current; ++later) {
    TRY(const auto row, store_->state().epoch(*txn_, id, later));
    if (!row || !row->key.previous) return dangling();
    TRY(Bytes previous, stored(BesideTable::previous, safe_epoch_key(id, later), *row->key.previous));
    view.previous.push_back(std::move(previous));
  }
  return view;
}

Viewed<EntryPage> View::safe_chain(const SafeId& id, std::string_view from) const {
  ENTER(const SafePlace place, enter(id, Action::read_safe_chain));
  TRY(const std::uint64_t first, number_from(from));
  TRY(std::vector<LeafIndex> seqs, seqs_of_kinds(id, kSafeChainKinds, first));
  if (place.safe.seq >= first) seqs.insert(seqs.begin(), LeafIndex{place.safe.seq});
  std::ranges::sort(seqs);
  seqs.erase(std::ranges::unique(seqs).begin(), seqs.end());
  TRY(EntryPage page, entry_page(std::move(seqs)));
  return page;
}

Result<std::vector<LeafIndex>> View::seqs_of_kinds(const SafeId& id, std::span<const std::string_view> kinds,
                                                   std::uint64_t first) const {
  std::vector<LeafIndex> seqs;
  for (const std::string_view kind : kinds) {
    std::size_t seen = 0;
    TRY_VOID(store_->index().scan(*txn_, kSafeKindField, safe_kind_id(id, kind), LeafIndex{first}, [&](LeafIndex seq) {
      seqs.push_back(seq);
      return ++seen <= audit::kMaxReceiptEntries;
    }));
  }
  std::ranges::sort(seqs);
  return seqs;
}

Viewed<EntryPage> View::review_course(const CaseId& id, std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  TRY(const auto row, store_->state().find_case(*txn_, id));
  if (!row) return unknown(Action::read_review);
  const Verdict verdict = permit(Action::read_review, standing_.in_case(*row), row->lock, row->stage);
  if (!verdict.permitted()) return refusal_in(Action::read_review, verdict, *row);
  TRY(std::vector<LeafIndex> seqs, seqs_of_kinds(row->review_safe, kReviewKinds, first));
  TRY(EntryPage page, entry_page(std::move(seqs)));
  return page;
}

// --- the agency's desk ----------------------------------------------------------------------------------------------

Viewed<EntryPage> View::holdings(const SafeId& id, std::string_view from) const {
  ENTER([[maybe_unused]] const SafePlace place, enter(id, Action::list_records));
  TRY(const std::uint64_t first, number_from(from));
  TRY(std::vector<LeafIndex> seqs, seqs_of_kinds(id, kHoldingsKinds, first));
  TRY(EntryPage page, entry_page(std::move(seqs)));
  return page;
}

Viewed<wire::Page<wire::SealedNote>> View::notes(const SafeId& id, std::string_view from) const {
  ENTER([[maybe_unused]] const SafePlace place, enter(id, Action::read_descriptors));
  Digest first{};
  if (!from.empty()) {
    const auto parsed = vault::parse_digest(from);
    if (!parsed) return bad_cursor();
    first = *parsed;
  }
  wire::Page<wire::SealedNote> page;
  PageLimit limit;
  TRY_VOID(store_->state().notes_of(*txn_, id, first, [&](const Digest& digest) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = vault::hex(digest);
      return false;
    }
    TRY(Bytes note, stored(BesideTable::note, note_key(id, digest), digest));
    limit.hold(note.size());
    page.items.push_back({.digest = digest, .note = std::move(note)});
    return true;
  }));
  return page;
}

// --- records --------------------------------------------------------------------------------------------------------

Result<wire::RecordView> View::show(const RecordRow& row, bool with_descriptor) const {
  wire::RecordView view{.record = row.record,
                        .safe = row.safe,
                        .epoch = row.epoch,
                        .seq = row.seq,
                        .sealed = row.sealed,
                        .depositor = row.depositor,
                        .length = row.length,
                        .header = row.header,
                        .payload = row.payload,
                        .class_ = row.class_,
                        .subject = row.subject,
                        .late = row.late,
                        .derived_from = row.derived_from,
                        .on_behalf_of = row.on_behalf_of,
                        .original_removed = row.original_removed,
                        .descriptor = std::nullopt};
  if (with_descriptor) {
    TRY(view.descriptor, stored(BesideTable::descriptor, id_key(row.record), row.descriptor));
  }
  return view;
}

Viewed<wire::Page<wire::RecordView>> View::records(const SafeId& id, const RecordFilter& filter,
                                                   std::string_view from) const {
  ENTER(const SafePlace place, enter(id, Action::list_records));
  TRY(const std::uint64_t first, number_from(from));
  const bool opens = permit(Action::read_descriptors, place.who, place.case_.lock, place.case_.stage).permitted();
  wire::Page<wire::RecordView> page;
  PageLimit limit;
  TRY_VOID(store_->state().records_of(*txn_, id, first, [&](const RecordRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = std::to_string(row.ordinal);
      return false;
    }
    limit.look();
    if (filter.class_ && row.class_ != *filter.class_) return true;
    if (filter.subject && row.subject != *filter.subject) return true;
    TRY(wire::RecordView view, show(row, opens));
    limit.hold(view.descriptor ? view.descriptor->size() : 0);
    page.items.push_back(std::move(view));
    return true;
  }));
  return page;
}

Viewed<EntryPage> View::sealings(const SafeId& id, const std::optional<RecordId>& record, std::string_view from) const {
  ENTER(const SafePlace place, enter(id, Action::list_records));
  TRY(const std::uint64_t first, number_from(from));
  std::vector<LeafIndex> seqs;
  if (record) {
    TRY(const auto row, store_->state().record(*txn_, *record));
    if (!row || row->safe != id) return Error{Errc::not_found, "there is no such record in this safe"};
    seqs.push_back(LeafIndex{row->seq});
  } else {
    TRY_VOID(store_->index().scan(*txn_, kSafeKindField, safe_kind_id(id, wire::RecordsSealed::kKind), LeafIndex{first},
                                  [&](LeafIndex seq) {
                                    seqs.push_back(seq);
                                    return seqs.size() <= audit::kMaxReceiptEntries;
                                  }));
  }
  TRY(EntryPage page, entry_page(std::move(seqs)));
  return page;
}

Viewed<wire::RecordView> View::record(const RecordId& id) const {
  TRY(const auto row, store_->state().record(*txn_, id));
  if (!row) return unknown(Action::list_records);
  ENTER(const SafePlace place, enter(row->safe, Action::list_records));
  const bool opens = permit(Action::read_descriptors, place.who, place.case_.lock, place.case_.stage).permitted();
  TRY(wire::RecordView view, show(*row, opens));
  return view;
}

// --- copies ---------------------------------------------------------------------------------------------------------

wire::CopyView View::show(const CopyRow& row) const {
  return {.copy = row.copy,
          .number = row.number,
          .case_ = row.case_,
          .safe = row.safe,
          .issuer = row.issuer,
          .responsible = row.responsible(),
          .holder = row.holder,
          .purpose = row.purpose,
          .due = row.due,
          .issued = row.issued,
          .state = row.state,
          .overdue = !row.ended() && vault::london_date(now_) > row.due,
          .records = row.records};
}

// The cursor is the number to go on with; in the listings of a case or person it stands behind "open" or "ended".
Viewed<wire::Page<wire::CopyView>> View::copies(const CopyFilter& filter, std::string_view from) const {
  const State& state = store_->state();
  wire::Page<wire::CopyView> page;
  PageLimit limit;
  std::string next_prefix;
  const auto visit = [&](const CopyRow& row) -> Result<bool> {
    if (limit.is_reached()) {
      page.next = next_prefix + std::to_string(row.number);
      return false;
    }
    limit.look();
    if (filter.case_ && row.case_ != *filter.case_) return true;
    const PersonId& me = standing_.person().person;
    if (filter.mine && row.holder != me && row.issuer != me && row.responsible() != me) return true;
    wire::CopyView view = show(row);
    if (filter.overdue && !view.overdue) return true;
    TRY(const CopyPlace place, place_of(row));
    if (!permit(Action::see_copy, place.who, place.case_.lock, place.case_.stage).permitted()) return true;
    limit.hold();
    page.items.push_back(std::move(view));
    return true;
  };
  if (filter.number) {
    TRY(const auto id, state.copy_by_number(*txn_, *filter.number));
    if (!id) return page;
    TRY(const auto row, state.copy(*txn_, *id));
    if (!row) return dangling();
    TRY_VOID(visit(*row));
    return page;
  }
  if (!filter.case_ && !filter.mine) {
    TRY(const std::uint64_t first, number_from(from));
    TRY_VOID(state.copies(*txn_, first, visit));
    return page;
  }
  if (filter.case_) {
    TRY(const auto refused, refuses_case(*filter.case_));
    if (refused) return *refused;
  }
  constexpr std::string_view kOpen = "open:";
  constexpr std::string_view kEnded = "ended:";
  State::Which which = State::Which::open;
  std::string_view rest = from;
  if (from.starts_with(kEnded)) {
    which = State::Which::ended;
    rest.remove_prefix(kEnded.size());
  } else if (from.starts_with(kOpen)) {
    rest.remove_prefix(kOpen.size());
  }
  TRY(std::uint64_t first, number_from(rest));
  for (;;) {
    next_prefix = which == State::Which::open ? kOpen : kEnded;
    if (filter.mine)
      TRY_VOID(state.copies_of_person(*txn_, standing_.person().person, which, first, visit));
    else
      TRY_VOID(state.copies_of_case(*txn_, *filter.case_, which, first, visit));
    // What has ended is never overdue.
    if (page.next || which == State::Which::ended || filter.overdue) return page;
    which = State::Which::ended;
    first = 0;
  }
}

Viewed<wire::CopyView> View::copy(std::string_view id_or_number) const {
  std::optional<CopyId> id;
  if (const auto parsed = CopyId::parse(id_or_number)) {
    id = *parsed;
  } else if (const auto number = parse_copy_number(id_or_number)) {
    TRY(id, store_->state().copy_by_number(*txn_, *number));
  } else {
    return Error{Errc::invalid_argument, "neither a copy's id nor its number"};
  }
  if (!id) return unknown(Action::see_copy);
  ENTER(const CopyPlace place, enter(*id, Action::see_copy));
  return show(place.copy);
}

Viewed<wire::Page<wire::CopyRecordView>> View::copy_records(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter(id, Action::see_copy));
  TRY(const std::uint64_t first, number_from(from));
  wire::Page<wire::CopyRecordView> page;
  PageLimit limit;
  TRY_VOID(store_->state().copied_records(*txn_, id, first,
                                          [&](std::uint64_t ordinal, const CopiedRecord& record) -> Result<bool> {
                                            if (limit.is_reached()) {
                                              page.next = std::to_string(ordinal);
                                              return false;
                                            }
                                            limit.hold();
                                            page.items.push_back({.record = record.record, .ended = record.ended});
                                            return true;
                                          }));
  return page;
}

Viewed<EntryPage> View::copy_entries(const CopyId& id, std::string_view from) const {
  // Whoever made the copy, still a keyholder or not, and whoever holds it.
  ENTER(const CopyPlace place, enter(id, Action::see_copy));
  if (!place.who.any_of({Capacity::issuer, Capacity::past_issuer, Capacity::holder})) {
    const Verdict verdict = permit(Action::read_collected_copy, place.who, place.case_.lock, place.case_.stage);
    Refusal refusal = refusal_in(Action::read_collected_copy, verdict, place.case_, place.safe);
    refusal.ids.copy = id;
    return refusal;
  }
  TRY(const std::uint64_t first, number_from(from));
  std::set<LeafIndex> seqs;
  TRY_VOID(store_->state().copied_records(*txn_, id, 0, [&](std::uint64_t, const CopiedRecord& record) -> Result<bool> {
    TRY(const auto row, store_->state().record(*txn_, record.record));
    if (!row) return dangling();
    seqs.insert(LeafIndex{row->seq});
    return true;
  }));
  seqs.insert(LeafIndex{place.copy.seq});
  for (const std::string_view kind : {wire::CopyPrepared::kKind, wire::CopyReassigned::kKind})
    TRY_VOID(store_->index().scan(*txn_, kCopyKindField, copy_kind_id(id, kind), LeafIndex{}, [&](LeafIndex seq) {
      seqs.insert(seq);
      return true;
    }));
  TRY(EntryPage page, entry_page({seqs.lower_bound(LeafIndex{first}), seqs.end()}));
  return page;
}

// Ordinals count from 1 on the wire, from 0 in the tables and in cursors.
Result<wire::Page<wire::CopyHeader>> View::header_page(const CopyRow& copy, bool rewritten,
                                                       std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  wire::Page<wire::CopyHeader> page;
  PageLimit limit;
  TRY_VOID(store_->state().copied_records(
      *txn_, copy.copy, first, [&](std::uint64_t ordinal, const CopiedRecord& copied) -> Result<bool> {
        if (limit.is_reached()) {
          page.next = std::to_string(ordinal);
          return false;
        }
        if (copied.ended) return true;
        TRY(const auto row, store_->state().record(*txn_, copied.record));
        if (!row) return dangling();
        wire::CopyHeader header{.record = row->record,
                                .ordinal = ordinal + 1,
                                .epoch = row->epoch,
                                .length = row->length,
                                .payload = row->payload,
                                .header = {},
                                .descriptor = std::nullopt};
        if (rewritten) {
          if (!copied.header) return dangling();
          TRY(header.header, stored(BesideTable::copy_header, copy_header_key(copy.copy, ordinal), *copied.header));
        } else {
          TRY(header.header, stored(BesideTable::header, id_key(row->record), row->header));
          TRY(header.descriptor, stored(BesideTable::descriptor, id_key(row->record), row->descriptor));
        }
        limit.hold(header.header.size() + (header.descriptor ? header.descriptor->size() : 0));
        page.items.push_back(std::move(header));
        return true;
      }));
  return page;
}

Viewed<wire::Page<wire::CopyHeader>> View::copy_headers(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter(id, Action::read_released_headers));
  const CopyRow& copy = place.copy;
  const bool own = copy.holder == copy.issuer;
  if (own && copy.holder != standing_.person().person)
    return Error{Errc::conflict, "the copy is its issuer's own: its headers are for them alone"};
  if (copy.ended() || !(copy.state == CopyState::issued || (own && copy.state == CopyState::collected)))
    return Error{Errc::conflict, "the copy is prepared, delivered or ended: its headers are released no more"};
  TRY(wire::Page<wire::CopyHeader> page, header_page(copy, false, from));
  return page;
}

Viewed<wire::Page<wire::CopyHeader>> View::copy_files(const CopyId& id, std::string_view from) const {
  ENTER(const CopyPlace place, enter(id, Action::read_collected_copy));
  const CopyRow& copy = place.copy;
  if (copy.holder == copy.issuer)
    return Error{Errc::conflict, "a copy for oneself has no headers but the records' own"};
  if (copy.ended() || !(copy.state == CopyState::collected || copy.state == CopyState::delivered))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  TRY(wire::Page<wire::CopyHeader> page, header_page(copy, true, from));
  return page;
}

Viewed<Bytes> View::copy_index(const CopyId& id) const {
  ENTER(const CopyPlace place, enter(id, Action::read_collected_copy));
  const CopyRow& copy = place.copy;
  if (!copy.index || copy.ended() || !(copy.state == CopyState::collected || copy.state == CopyState::delivered))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  TRY(Bytes index, stored(BesideTable::copy_index, id_key(id), *copy.index));
  return index;
}

Viewed<PayloadPermit> View::payload(const CopyId& id, const RecordId& record) const {
  ENTER(const CopyPlace place, enter(id, Action::read_collected_copy));
  const CopyRow& copy = place.copy;
  const bool own = copy.holder == copy.issuer;
  const bool collected = copy.state == CopyState::collected || copy.state == CopyState::delivered;
  if (copy.ended() || !(collected || (own && copy.state == CopyState::issued)))
    return Error{Errc::conflict, "the copy is not collected, or has ended"};
  // The index knows the issuing entry by each of its records.
  bool issued = false;
  TRY_VOID(store_->index().scan(*txn_, "record", record.to_string(), LeafIndex{copy.seq}, [&](LeafIndex seq) {
    issued = seq.value == copy.seq;
    return false;
  }));
  if (!issued) return Error{Errc::not_found, "there is no such record in this copy"};
  bool ended = false;
  if (copy.out != copy.records)
    TRY_VOID(
        store_->state().copied_records(*txn_, id, 0, [&](std::uint64_t, const CopiedRecord& copied) -> Result<bool> {
          if (copied.record != record) return true;
          ended = copied.ended.has_value();
          return false;
        }));
  if (ended) return Error{Errc::conflict, "this record of the copy has been given back"};
  TRY(const auto row, store_->state().record(*txn_, record));
  if (!row) return dangling();
  return PayloadPermit{.record = record, .length = row->length};
}

Viewed<std::monostate> View::may_upload() const {
  const Verdict verdict = permit(Action::upload, standing_.general());
  if (!verdict.permitted()) return refusal_of(Action::upload, verdict);
  return std::monostate();
}

// --- the log --------------------------------------------------------------------------------------------------------

Result<std::vector<Digest>> View::consistency(std::uint64_t from, std::uint64_t to) const {
  return store_->ledger().consistency(*txn_, audit::TreeSize{from}, audit::TreeSize{to});
}

Result<wire::Page<wire::EntryView>> View::envelopes(std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  TRY(const audit::TreeSize size, store_->ledger().size(*txn_));
  wire::Page<wire::EntryView> page;
  std::uint64_t seq = first;
  for (; seq < size.value && page.items.size() < wire::kMaxPage; ++seq) {
    TRY(const Bytes envelope, store_->ledger().envelope_bytes(*txn_, LeafIndex{seq}));
    page.items.push_back({.envelope = vault::to_text(envelope), .body = std::nullopt});
  }
  if (seq < size.value) page.next = std::to_string(seq);
  return page;
}

Result<EntryPage> View::directory(std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  TRY(const DirectoryRow row, store_->state().directory(*txn_));
  TRY(const audit::ChainTag chain, audit::ChainTag::parse(row.chain));
  TRY(std::vector<LeafIndex> seqs, store_->ledger().chain_entries(*txn_, chain, first, audit::kMaxReceiptEntries));
  TRY(EntryPage page, entry_page(std::move(seqs)));
  page.next.reset();
  TRY(const std::uint64_t length, store_->ledger().chain_length(*txn_, chain));
  const std::uint64_t reached = first + (page.receipt ? page.receipt->entries.size() : 0);
  if (page.receipt && reached < length) page.next = std::to_string(reached);
  return page;
}

Result<bool> View::may_read(const audit::Envelope& envelope, const wire::EntryBody& body) const {
  TRY(const DirectoryRow directory, store_->state().directory(*txn_));
  if (envelope.chain.to_string() == directory.chain) return true;
  TRY(const Capacities who, standing_.in_entry(body));
  if (permit(Action::read_entry, who).permitted()) return true;
  const bool of_case = std::ranges::find(kCaseKinds, body.kind) != std::end(kCaseKinds);
  if (of_case) return who.any_of({Capacity::referrer, Capacity::asked});
  if (!body.ids.safe) return false;
  TRY(const auto safe, store_->state().safe(*txn_, *body.ids.safe));
  if (!safe) return false;
  TRY(const SafePlace place, place_of(*safe));
  const bool of_chain = std::ranges::find(kSafeChainKinds, body.kind) != std::end(kSafeChainKinds);
  const bool of_holdings = std::ranges::find(kHoldingsKinds, body.kind) != std::end(kHoldingsKinds);
  if (!of_chain && !of_holdings && body.kind != wire::RecordsSealed::kKind) return false;
  const Action action = of_chain ? Action::read_safe_chain : Action::list_records;
  return permit(action, place.who, place.case_.lock, place.case_.stage).permitted();
}

namespace {

// The index's terms that an entry must have for the filter; the rarest kind of term first.
std::vector<IndexTerm> terms_of(const TrailFilter& filter) {
  std::vector<IndexTerm> terms;
  if (filter.record) terms.push_back({"record", filter.record->to_string()});
  if (filter.copy) terms.push_back({"copy", filter.copy->to_string()});
  if (filter.person) terms.push_back({"person", filter.person->to_string()});
  if (filter.case_) terms.push_back({"case", filter.case_->to_string()});
  if (filter.agency) terms.push_back({"agency", filter.agency->to_string()});
  if (filter.kind) terms.push_back({"kind", *filter.kind});
  return terms;
}

// The first entry that is not before `time`: times never run backwards.
Result<std::uint64_t> first_since(const audit::Ledger& ledger, const ReadTransaction& txn, Instant time,
                                  std::uint64_t size) {
  std::uint64_t low = 0;
  std::uint64_t high = size;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    TRY(const audit::Envelope envelope, ledger.envelope(txn, LeafIndex{middle}));
    if (envelope.time < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace

Viewed<wire::Page<wire::EntryView>> View::trail(const TrailFilter& filter, std::string_view from) const {
  const audit::Ledger& ledger = store_->ledger();
  if (filter.case_) {
    TRY(const auto refused, refuses_case(*filter.case_));
    if (refused) return *refused;
  }
  if (filter.copy) {
    ENTER([[maybe_unused]] const CopyPlace place, enter(*filter.copy, Action::see_copy));
  }
  TRY(std::uint64_t first, number_from(from));
  TRY(const audit::TreeSize size, ledger.size(*txn_));
  if (filter.since) {
    TRY(const std::uint64_t since, first_since(ledger, *txn_, *filter.since, size.value));
    first = std::max(first, since);
  }
  const std::vector<IndexTerm> terms = terms_of(filter);
  std::vector<LeafIndex> seqs;  // one more than are looked at
  if (terms.empty()) {
    for (std::uint64_t seq = first; seq < size.value && seqs.size() <= kMaxScan; ++seq) seqs.push_back(LeafIndex{seq});
  } else {
    if (terms.front().field == "kind" && (filter.kind->empty() || filter.kind->size() > audit::kMaxIndexedIdBytes))
      return Error{Errc::invalid_argument, "there is no such kind of entry"};
    TRY_VOID(store_->index().scan(*txn_, terms.front().field, terms.front().id, LeafIndex{first}, [&](LeafIndex seq) {
      seqs.push_back(seq);
      return seqs.size() <= kMaxScan;
    }));
  }
  wire::Page<wire::EntryView> page;
  PageLimit limit;
  for (const LeafIndex seq : seqs) {
    if (limit.is_reached()) {
      page.next = std::to_string(seq.value);
      break;
    }
    limit.look();
    TRY(const Bytes envelope_text, ledger.envelope_bytes(*txn_, seq));
    TRY(const audit::Envelope envelope, audit::decode_envelope(envelope_text));
    if (filter.until && envelope.time >= *filter.until) break;
    TRY(const Bytes text, ledger.body(*txn_, seq));
    TRY(const auto body, wire::decode<wire::EntryBody>(vault::as_text(text), wire::Strictness::exact));
    const std::vector<IndexTerm> its = index_terms(body);
    const bool matches =
        std::ranges::all_of(terms, [&](const IndexTerm& term) { return std::ranges::find(its, term) != its.end(); });
    if (!matches) continue;
    TRY(const bool readable, may_read(envelope, body));
    if (!readable) continue;
    limit.hold(text.size());
    page.items.push_back({.envelope = vault::to_text(envelope_text), .body = vault::to_text(text)});
  }
  return page;
}

// --- refusals again -------------------------------------------------------------------------------------------------

namespace {

// What kind of thing an action of reading is about.
enum class PlaceOf { directory, case_, safe, copy };
PlaceOf place_of(Action action) {
  switch (action) {
    case Action::see_copy:
    case Action::read_released_headers:
    case Action::read_collected_copy:
      return PlaceOf::copy;
    case Action::see_safe:
    case Action::read_safe_chain:
    case Action::read_safe_keys:
    case Action::list_records:
    case Action::read_descriptors:
      return PlaceOf::safe;
    case Action::see_case:
      return PlaceOf::case_;
    default:  // nothing else is read
      return PlaceOf::directory;
  }
}

// The ids that a request's path names or, where it names none, its query; cursors (`from`, `known`) are no part of
// that.
struct Target {
  std::optional<CaseId> case_;
  std::optional<std::string> reference;
  std::optional<SafeId> safe;
  std::optional<RecordId> record;
  std::optional<CopyId> copy;
  std::optional<std::uint64_t> number;
  bool names_something() const { return case_ || reference || safe || record || copy || number; }
};
Target parse_words(std::string_view text) {
  Target found;
  const auto keep = [](auto& place, const auto& parsed) {
    if (parsed && !place) place = *parsed;
  };
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of("/&"));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.starts_with("from=") || word.starts_with("known=")) continue;
    const std::string_view value = word.substr(word.find('=') + 1);
    keep(found.case_, CaseId::parse(value));
    keep(found.safe, SafeId::parse(value));
    keep(found.record, RecordId::parse(value));
    keep(found.copy, CopyId::parse(value));
    keep(found.number, parse_copy_number(value));
    if (parse_reference(value) && !found.reference) found.reference = std::string(value);
  }
  return found;
}
Target parse_target(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  Target of_path = parse_words(target.substr(0, mark));
  if (of_path.names_something() || mark == target.size()) return of_path;
  return parse_words(target.substr(mark + 1));
}

template <class Row>
Result<void> find_row(Result<std::optional<Row>> found, std::optional<Row>& row) {
  TRY(row, std::move(found));
  return {};
}

}  // namespace

Result<std::optional<Refusal>> refusal_of_read(const State& state, const ReadTransaction& txn, const Actor& actor,
                                               Action action, std::string_view target_text) {
  TRY(const Standing standing, Standing::of(state, txn, actor.person.value_or(PersonId())));
  const Target target = parse_target(target_text);
  std::optional<CopyRow> copy;
  std::optional<SafeRow> safe;
  std::optional<CaseRow> row;
  bool is_of_something = true;
  switch (place_of(action)) {
    case PlaceOf::copy:
      if (!target.copy && target.number) {
        TRY(const auto id, state.copy_by_number(txn, *target.number));
        if (id) TRY_VOID(find_row(state.copy(txn, *id), copy));
      } else if (target.copy) {
        TRY_VOID(find_row(state.copy(txn, *target.copy), copy));
      }
      if (copy) TRY_VOID(find_row(state.safe(txn, copy->safe), safe));
      break;
    case PlaceOf::safe:
      if (target.safe) {
        TRY_VOID(find_row(state.safe(txn, *target.safe), safe));
      } else if (target.record) {
        TRY(const auto record, state.record(txn, *target.record));
        if (record) TRY_VOID(find_row(state.safe(txn, record->safe), safe));
      }
      break;
    case PlaceOf::case_:
      if (target.case_) {
        TRY_VOID(find_row(state.find_case(txn, *target.case_), row));
      } else if (target.reference) {
        TRY(const auto id, state.case_by_reference(txn, *target.reference));
        if (id) TRY_VOID(find_row(state.find_case(txn, *id), row));
      }
      break;
    case PlaceOf::directory:
      is_of_something = false;
      break;
  }
  if (safe) TRY_VOID(find_row(state.find_case(txn, safe->case_), row));

  Refusal refusal;
  refusal.action = action;
  if (is_of_something && !row) {
    refusal.rule = std::string(kRuleUnknown);
    refusal.hidden = true;
    return std::optional(std::move(refusal));
  }
  Capacities who = standing.general();
  if (copy) {
    TRY(who, standing.in_copy(*row, *safe, *copy));
    refusal.ids.copy = copy->copy;
  } else if (safe) {
    TRY(who, standing.in_safe(*row, *safe));
  } else if (row) {
    who = standing.in_case(*row);
  }
  if (safe) {
    refusal.ids.safe = safe->safe;
    refusal.ids.agency = safe->agency;
  }
  if (row) {
    refusal.ids.case_ = row->case_;
    refusal.chain = row->case_;
  }
  const Verdict verdict = row ? permit(action, who, row->lock, row->stage) : permit(action, who);
  if (verdict.permitted()) return std::optional<Refusal>();
  refusal.rule = std::string(verdict.rule);
  refusal.hidden = verdict.outcome == Outcome::hidden;
  return std::optional(std::move(refusal));
}

}  // namespace strongroom::access
