#include "access/views/reading.h"

#include <algorithm>
#include <charconv>

#include "vault/crypto/hash.h"

namespace strongroom::access {

using audit::LeafIndex;

Error bad_cursor() {
  return {Errc::invalid_argument, "`from` is not the `next` of a page"};
}

Result<std::uint64_t> number_from(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number > wire::kMaxJsonInteger) return bad_cursor();
  return number;
}

Error dangling() {
  return {Errc::tampered, "the tables name something that is not there"};
}

Result<View> View::of(const Store& store, const ReadTransaction& txn, const PersonId& person, Instant now) {
  TRY(Standing standing, Standing::of(store.state(), txn, person));
  if (!standing.enrolled()) return Error{Errc::refused, "only enrolled persons may read"};
  return View(store, txn, std::move(standing), now);
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
