#include "access/views/reading.h"

#include <algorithm>
#include <charconv>

#include "vault/crypto/hash.h"

namespace strongroom::access {

using audit::LeafIndex;

Error bad_cursor() {
  return {Errc::invalid_argument, "`from` is not what a page's `next` said"};
}

Result<std::uint64_t> number_from(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number > wire::kMaxJsonInteger) return bad_cursor();
  return number;
}

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

Result<View> View::of(const Store& store, const ReadTransaction& txn, const PersonId& person, Instant now) {
  TRY(Standing standing, Standing::of(store.state(), txn, person));
  if (!standing.enrolled()) return Error{Errc::refused, "only enrolled persons may read"};
  return View(store, txn, std::move(standing), now);
}

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

Viewed<View::SafePlace> View::enter_safe(const SafeId& id, Action action) const {
  TRY(const auto safe, store_->state().safe(*txn_, id));
  if (!safe) return unknown(action);
  TRY(SafePlace place, place_of(*safe));
  const Verdict verdict = permit(action, place.who, place.case_.lock, place.case_.stage);
  if (!verdict.permitted()) return refusal_in(action, verdict, place.case_, place.safe);
  return place;
}

Viewed<View::CopyPlace> View::enter_copy(const CopyId& id, Action action) const {
  TRY(const auto copy, store_->state().copy(*txn_, id));
  if (!copy) return unknown(action);
  TRY(CopyPlace place, place_of(*copy));
  const Verdict verdict = permit(action, place.who, place.case_.lock, place.case_.stage);
  if (verdict.permitted()) return place;
  Refusal refusal = refusal_in(action, verdict, place.case_, place.safe);
  refusal.ids.copy = id;
  return refusal;
}

Viewed<CaseRow> View::enter_case(const CaseId& id, Action action) const {
  TRY(const auto row, store_->state().find_case(*txn_, id));
  if (!row) return unknown(action);
  const Verdict verdict = permit(action, standing_.in_case(*row), row->lock, row->stage);
  if (!verdict.permitted()) return refusal_in(action, verdict, *row);
  return *row;
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

Result<std::vector<LeafIndex>> View::seqs_in(const SafeId& id, wire::Listing listing, std::uint64_t first) const {
  std::vector<LeafIndex> seqs;
  for (const std::string_view kind : wire::kinds_in(listing)) {
    std::size_t seen = 0;
    TRY_VOID(store_->index().scan(*txn_, kSafeKindField, safe_kind_id(id, kind), LeafIndex{first}, [&](LeafIndex seq) {
      seqs.push_back(seq);
      return ++seen <= audit::kMaxReceiptEntries;
    }));
  }
  std::ranges::sort(seqs);
  return seqs;
}

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
}  // namespace strongroom::access
