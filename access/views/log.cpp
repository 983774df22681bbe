// Answers from the log: envelopes, the directory's chain, and the bodies that a person may read.
#include <algorithm>

#include "access/views/reading.h"

namespace strongroom::access {
namespace {

using audit::LeafIndex;
using wire::Listing;

// Returns the index's terms that an entry must have for the filter. The rarest kind of term comes first.
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

// Returns the first entry that is not before `time`. It may search by halves, because times never run backwards.
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
  return chain_page(wire::number_at_genesis(ChainSort::directory), std::nullopt, from);
}

// Returns whether the person may read an entry of this listing about these ids. The permission table decides it at the
// place that the listing's readers are asked about.
Result<bool> View::reads_listing(Listing listing, const wire::Concerned& ids) const {
  const Action action = reader_of(listing);
  const auto permits = [&](const auto& place) { return place && place->permits(action); };
  switch (place_of_read(action).value_or(ReadPlace::directory)) {
    case ReadPlace::directory:
      break;
    case ReadPlace::case_:
      if (ids.case_) {
        TRY(const auto place, standing_.find(*ids.case_));
        return permits(place);
      }
      break;
    case ReadPlace::safe:
      if (ids.safe) {
        TRY(const auto place, standing_.find(*ids.safe));
        return permits(place);
      }
      break;
    case ReadPlace::copy:
      if (ids.copy) {
        TRY(const auto place, standing_.find(*ids.copy));
        return permits(place);
      }
      break;
  }
  return false;
}

Result<bool> View::may_read(const audit::Envelope& envelope, const wire::EntryBody& body) const {
  if (envelope.chain == wire::number_at_genesis(ChainSort::directory) ||
      envelope.chain == wire::number_at_genesis(ChainSort::service))
    return standing_.in_directory().permits(Action::read_directory);
  TRY(const Place place, standing_.in_entry(body));
  if (place.permits(Action::read_entry)) return true;
  for (const Listing listing : wire::kEnumValues<Listing>) {
    if (!wire::is_in(listing, body.kind)) continue;
    TRY(const bool reads, reads_listing(listing, body.ids));
    if (reads) return true;
  }
  return false;
}

Viewed<wire::Page<wire::EntryView>> View::trail(const TrailFilter& filter, std::string_view from) const {
  const audit::Ledger& ledger = store_->ledger();
  if (filter.case_) {
    ENTER([[maybe_unused]] const CasePlace place, enter<Action::see_case>(*filter.case_));
  }
  if (filter.copy) {
    ENTER([[maybe_unused]] const CopyPlace place, enter<Action::see_copy>(*filter.copy));
  }
  TRY(std::uint64_t first, number_from(from));
  TRY(const audit::TreeSize size, ledger.size(*txn_));
  if (filter.since) {
    TRY(const std::uint64_t since, first_since(ledger, *txn_, *filter.since, size.value));
    first = std::max(first, since);
  }
  const std::vector<IndexTerm> terms = terms_of(filter);
  std::vector<LeafIndex> seqs;  // one more than the page looks at
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
    TRY(const auto body, wire::read_entry(vault::as_text(text)));
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

}  // namespace strongroom::access
