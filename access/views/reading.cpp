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

Result<EntryPage> View::chain_page(audit::ChainNumber chain, std::optional<LeafIndex> beginning,
                                   std::string_view from) const {
  TRY(const std::uint64_t first, number_from(from));
  const bool begins = first == 0 && beginning.has_value();
  std::vector<LeafIndex> seqs;
  if (begins) seqs.push_back(*beginning);
  TRY(const auto run,
      store_->ledger().chain_entries(*txn_, chain, first, audit::kMaxReceiptEntries - (begins ? 1 : 0)));
  seqs.insert(seqs.end(), run.begin(), run.end());
  TRY(EntryPage page, entry_page(std::move(seqs)));
  TRY(page.end, store_->ledger().chain_end(*txn_, chain));
  const std::uint64_t given = page.receipt ? page.receipt->entries.size() - (begins ? 1 : 0) : 0;
  page.next.reset();
  if (first + given <= page.end->head.head.n) page.next = std::to_string(first + given);
  return page;
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
