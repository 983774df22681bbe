#include "audit/ledger.h"

#include <algorithm>

#include "audit/rows.h"
#include "vault/crypto/hash.h"

namespace audit {
namespace {

using vault::engine::ReadTransaction;
using vault::engine::WriteTransaction;
using vault::keyring::SealedTable;
using vault::keyring::TableClass;

constexpr vault::Instant kLatestTime{253'402'300'799'999};  // 9999-12-31T23:59:59.999Z

Result<SignedCheckpoint> read_checkpoint(ByteView note) {
  SignedCheckpoint checkpoint;
  checkpoint.note = vault::to_text(note);
  TRY(const Note parsed, parse_note(checkpoint.note));
  TRY(checkpoint.checkpoint, parse_checkpoint(parsed.text));
  return checkpoint;
}

// The rows of the heads' tree in a transaction.
class StoredHeadRows final : public HeadRows {
 public:
  StoredHeadRows(const ReadTransaction& txn, vault::engine::Table table, WriteTransaction* writes = nullptr)
      : txn_(txn), table_(table), writes_(writes) {}
  Result<HeadRow> get(HeadRowId id) const override {
    TRY(const auto found, txn_.get(table_, heads_row(id)));
    HeadRow row{};
    if (!found) return row;
    if (found->size() != kHeadRowBytes) return Error{Errc::tampered, "a row of the chain heads has the wrong length"};
    for (std::size_t i = 0; i < kHeadRowNodes; ++i)
      std::ranges::copy(found->subspan(i * sizeof(Digest), sizeof(Digest)), row[i].begin());
    return row;
  }
  Result<void> put(HeadRowId id, const HeadRow& row) override {
    if (writes_ == nullptr) return Error{Errc::internal, "the chain heads are only being read"};
    return writes_->put(table_, heads_row(id), std::as_bytes(std::span(row)));
  }

 private:
  const ReadTransaction& txn_;
  vault::engine::Table table_;
  WriteTransaction* writes_;
};

}  // namespace

Result<Ledger> Ledger::open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
  TRY(const auto envelopes, engine.table("ledger.envelope"));
  TRY(const auto tree, engine.table("ledger.tree"));
  TRY(const auto heads, engine.table("ledger.heads"));
  TRY(SealedTable bodies, SealedTable::make(engine, sealer, "ledger.body", TableClass::ledger));
  TRY(SealedTable checkpoints, SealedTable::make(engine, sealer, "ledger.checkpoint", TableClass::ledger));
  TRY(SealedTable chains, SealedTable::make(engine, sealer, "ledger.chain", TableClass::projection));
  return Ledger(LedgerTables{envelopes, tree, heads, std::move(bodies), std::move(checkpoints), std::move(chains)});
}

Result<Envelope> Ledger::append(WriteTransaction& txn, std::optional<ChainNumber> chain, vault::Instant time,
                                ByteView body) {
  if (body.size() > kMaxBodyBytes) return Error{Errc::too_large, "the body of an entry is too large"};
  const std::string_view text = vault::as_text(body);
  if (!vault::is_utf8(text) || std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return Error{Errc::invalid_argument, "the body of an entry must be UTF-8 text without control characters"};
  if (time < vault::Instant{0} || time > kLatestTime)
    return Error{Errc::invalid_argument, "the time of an entry is out of range"};
  // The place in the ledger and in the chain is read in this transaction, so two writers cannot take the same one.
  TRY(const TreeSize before, size(txn));
  if (before.value > kMaxSeq) return Error{Errc::full, "the ledger is full"};
  if (before.value > 0) {
    TRY(const Envelope last, this->envelope(txn, LeafIndex{before.value - 1}));
    if (time < last.time) return Error{Errc::conflict, "the entry is older than the last entry of the ledger"};
  }
  Envelope envelope;
  envelope.seq = LeafIndex{before.value};
  envelope.time = time;
  envelope.body = vault::crypto::sha256(body);
  TRY(std::uint64_t chains, this->chains(txn));
  if (chain) {
    TRY(const auto last, last_of(txn, *chain));
    if (!last) return Error{Errc::not_found, "the ledger has no chain " + std::to_string(chain->value)};
    envelope.chain = *chain;
    envelope.n = last->n + 1;
    TRY(envelope.prev, nodes(txn)(NodeId{0, last->seq.value}));
  } else {
    envelope.chain = ChainNumber{chains};
    ++chains;
  }
  StoredHeadRows heads(txn, tables_.heads, &txn);
  TRY(const Digest heads_root, put_head(heads, {envelope.chain, envelope.n, envelope.seq}, chains));
  envelope.heads = heads_digest(chains, heads_root);
  // These bytes are both hashed and stored. The leaf is never encoded again, so it stays valid in later versions.
  const Bytes bytes = encode_envelope(envelope);
  TRY_VOID(txn.put(tables_.envelopes, number_row(envelope.seq.value), bytes));
  TRY_VOID(tables_.bodies.put(txn, number_row(envelope.seq.value), body));
  TRY(const std::vector<Node> nodes, complete_nodes(this->nodes(txn), envelope.seq, leaf_hash(bytes)));
  for (const Node& node : nodes) TRY_VOID(txn.put(tables_.tree, node_row(node.id), node.hash));
  TRY_VOID(put_chain_row(txn, envelope));
  return envelope;
}

Result<void> Ledger::put_chain_row(WriteTransaction& txn, const Envelope& envelope) {
  return tables_.chains.put(txn, chain_row(envelope.chain, envelope.n), number_row(envelope.seq.value));
}

Result<SignedCheckpoint> Ledger::sign(WriteTransaction& txn, const vault::crypto::SigningKey& log_key,
                                      std::string_view origin) {
  TRY(const TreeSize now, size(txn));
  Checkpoint checkpoint{std::string(origin), now, {}, {}};
  TRY(checkpoint.root, root(txn, now));
  // A signature cannot be taken back. So an altered database must be noticed before its root is signed.
  TRY(auto last, latest_checkpoint(txn));
  if (last) {
    const Checkpoint& before = last->checkpoint;
    if (before.origin != origin) return Error{Errc::tampered, "the last checkpoint belongs to another ledger"};
    if (before.size > now) return Error{Errc::tampered, "the ledger is shorter than its last checkpoint"};
    TRY(const Digest root_before, root(txn, before.size));
    if (root_before != before.root) return Error{Errc::tampered, "the ledger does not extend its last checkpoint"};
    if (before.size == now) return std::move(*last);
  }
  TRY(SignedCheckpoint made, sign_checkpoint(checkpoint, log_key));
  TRY_VOID(tables_.checkpoints.put(txn, number_row(now.value), vault::as_bytes(made.note)));
  return made;
}

Result<TreeSize> Ledger::size(const ReadTransaction& txn) const {
  TRY(const auto last, txn.seek_back(tables_.envelopes, {}));
  if (!last) return TreeSize{0};
  TRY(const std::uint64_t seq, read_number(last->key));
  if (seq > kMaxSeq) return Error{Errc::tampered, "the ledger has an entry beyond its limit"};
  return TreeSize{seq + 1};
}

Result<Bytes> Ledger::envelope_bytes(const ReadTransaction& txn, LeafIndex seq) const {
  TRY(const auto found, txn.get(tables_.envelopes, number_row(seq.value)));
  if (!found) {
    TRY(const TreeSize size, this->size(txn));
    if (seq.value < size.value)
      return Error{Errc::tampered, "the envelope of entry " + std::to_string(seq.value) + " is missing"};
    return Error{Errc::not_found, "the ledger has no entry " + std::to_string(seq.value)};
  }
  Bytes bytes = vault::to_bytes(*found);
  // Envelopes are not sealed, so only their hash shows that nobody has altered one.
  TRY(const Digest leaf, nodes(txn)(NodeId{0, seq.value}));
  if (leaf_hash(bytes) != leaf)
    return Error{Errc::tampered, "the envelope of entry " + std::to_string(seq.value) + " is not the leaf of the tree"};
  return bytes;
}

Result<Envelope> Ledger::envelope(const ReadTransaction& txn, LeafIndex seq) const {
  TRY(const Bytes bytes, envelope_bytes(txn, seq));
  TRY(Envelope envelope, decode_envelope(bytes));
  if (envelope.seq != seq) return Error{Errc::tampered, "an entry is in the place of another entry of the ledger"};
  return envelope;
}

Result<Bytes> Ledger::body(const ReadTransaction& txn, LeafIndex seq) const {
  TRY(const Envelope envelope, this->envelope(txn, seq));
  TRY(auto body, tables_.bodies.get(txn, number_row(seq.value)));
  if (!body) return Error{Errc::tampered, "the body of entry " + std::to_string(seq.value) + " is missing"};
  TRY_VOID(verify_body(envelope, *body));
  return std::move(*body);
}

Result<std::uint64_t> Ledger::chains(const ReadTransaction& txn) const {
  // The key says it, so the value need not be opened.
  TRY(const auto last, txn.seek_back(tables_.chains.table(), {}));
  if (!last) return std::uint64_t{0};
  TRY(const ChainRow row, read_chain_row(last->key));
  return row.chain.value + 1;
}

Result<std::optional<ChainHead>> Ledger::last_of(const ReadTransaction& txn, ChainNumber chain) const {
  TRY(const auto last, tables_.chains.last(txn, number_row(chain.value)));
  if (!last) return std::optional<ChainHead>();
  TRY(const ChainRow row, read_chain_row(last->key));
  TRY(const std::uint64_t seq, read_number(last->value));
  return std::optional(ChainHead{row.chain, row.n, LeafIndex{seq}});
}

Result<std::uint64_t> Ledger::chain_length(const ReadTransaction& txn, ChainNumber chain) const {
  TRY(const auto last, last_of(txn, chain));
  return last ? last->n + 1 : 0;
}

Result<HeadProof> Ledger::head(const ReadTransaction& txn, ChainNumber chain) const {
  TRY(const auto last, last_of(txn, chain));
  if (!last) return Error{Errc::not_found, "the ledger has no chain " + std::to_string(chain.value)};
  HeadProof made{.head = *last, .chains = 0, .proof = {}};
  TRY(made.chains, chains(txn));
  TRY(made.proof, prove_head(StoredHeadRows(txn, tables_.heads), chain, made.chains));
  return made;
}

Result<ChainEnd> Ledger::chain_end(const ReadTransaction& txn, ChainNumber chain) const {
  TRY(const auto checkpoint, latest_checkpoint(txn));
  if (!checkpoint) return Error{Errc::not_found, "the ledger has no checkpoint yet"};
  TRY(const TreeSize now, size(txn));
  if (checkpoint->checkpoint.size != now)
    return Error{Errc::tampered, "the last checkpoint is not of the ledger's size"};
  ChainEnd end;
  const LeafIndex last{now.value - 1};
  TRY(end.last, envelope_bytes(txn, last));
  TRY(end.inclusion, inclusion(txn, last, now));
  TRY(end.head, head(txn, chain));
  return end;
}

Result<std::vector<LeafIndex>> Ledger::chain_entries(const ReadTransaction& txn, ChainNumber chain,
                                                     std::uint64_t from_n, std::size_t limit) const {
  limit = std::min(limit, kMaxChainPage);
  std::vector<LeafIndex> seqs;
  if (limit == 0) return seqs;
  TRY_VOID(tables_.chains.scan(txn, number_row(chain.value), chain_row(chain, from_n),
                               [&](ByteView, ByteView value) -> Result<bool> {
                                 TRY(const std::uint64_t seq, read_number(value));
                                 seqs.push_back(LeafIndex{seq});
                                 return seqs.size() < limit;
                               }));
  return seqs;
}

Result<void> Ledger::rebuild_chains(WriteTransaction& txn) {
  TRY_VOID(tables_.chains.clear(txn));
  TRY_VOID(txn.clear(tables_.heads));
  StoredHeadRows heads(txn, tables_.heads, &txn);
  TRY(const TreeSize now, size(txn));
  std::uint64_t chains = 0;
  for (LeafIndex seq; seq.value < now.value; ++seq.value) {
    TRY(const Envelope one, envelope(txn, seq));
    TRY_VOID(put_chain_row(txn, one));
    chains = std::max(chains, one.chain.value + 1);
    TRY_VOID(put_head(heads, {one.chain, one.n, one.seq}, chains));
  }
  return {};
}

Result<std::optional<SignedCheckpoint>> Ledger::latest_checkpoint(const ReadTransaction& txn) const {
  TRY(const auto last, tables_.checkpoints.last(txn, {}));
  if (!last) return std::optional<SignedCheckpoint>();
  TRY(SignedCheckpoint checkpoint, read_checkpoint(last->value));
  return std::optional(std::move(checkpoint));
}

Result<std::optional<SignedCheckpoint>> Ledger::checkpoint_at(const ReadTransaction& txn, TreeSize size) const {
  TRY(const auto note, tables_.checkpoints.get(txn, number_row(size.value)));
  if (!note) return std::optional<SignedCheckpoint>();
  TRY(SignedCheckpoint checkpoint, read_checkpoint(*note));
  return std::optional(std::move(checkpoint));
}

NodeReader Ledger::nodes(const ReadTransaction& txn) const {
  return [&txn, table = tables_.tree](NodeId id) -> Result<Digest> {
    TRY(const auto found, txn.get(table, node_row(id)));
    if (!found) return Error{Errc::tampered, "tree node " + to_string(id) + " is missing"};
    return to_digest(*found);
  };
}

Result<Digest> Ledger::root(const ReadTransaction& txn, TreeSize size) const {
  TRY(const TreeSize now, this->size(txn));
  if (size > now) return Error{Errc::invalid_argument, "the ledger has fewer entries than that"};
  return root_at(nodes(txn), size);
}

Result<Proof> Ledger::inclusion(const ReadTransaction& txn, LeafIndex seq, TreeSize size) const {
  TRY(const TreeSize now, this->size(txn));
  if (size > now) return Error{Errc::invalid_argument, "the ledger has fewer entries than that"};
  return inclusion_proof(nodes(txn), seq, size);
}

Result<Proof> Ledger::consistency(const ReadTransaction& txn, TreeSize first, TreeSize second) const {
  TRY(const TreeSize now, this->size(txn));
  if (second > now) return Error{Errc::invalid_argument, "the ledger has fewer entries than that"};
  return consistency_proof(nodes(txn), first, second);
}

Result<Receipt> Ledger::receipt(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const {
  if (seqs.size() > kMaxReceiptEntries) return Error{Errc::invalid_argument, "a receipt is for at most 1024 entries"};
  TRY(Receipt receipt, receipt_that_fits(txn, seqs));
  if (receipt.entries.size() != seqs.size()) return Error{Errc::too_large, "the entries do not fit one receipt"};
  return receipt;
}

Result<Receipt> Ledger::receipt_page(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const {
  return receipt_that_fits(txn, seqs.first(std::min(seqs.size(), kMaxReceiptEntries)));
}

Result<Receipt> Ledger::receipt_that_fits(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const {
  static_assert(kMaxBodyBytes <= kMaxReceiptBodies, "any one entry fits");
  if (seqs.empty() || std::ranges::adjacent_find(seqs, std::ranges::greater_equal()) != seqs.end())
    return Error{Errc::invalid_argument, "the entries of a receipt must ascend, and there must be at least one"};
  TRY(const auto checkpoint, latest_checkpoint(txn));
  if (!checkpoint || seqs.back().value >= checkpoint->checkpoint.size.value)
    return Error{Errc::invalid_argument, "no checkpoint covers the entry yet"};
  Receipt receipt{checkpoint->note, {}};
  std::size_t bytes = 0;
  for (const LeafIndex seq : seqs) {
    ReceiptEntry entry;
    entry.index = seq;
    TRY(entry.envelope, envelope_bytes(txn, seq));
    TRY(entry.body, body(txn, seq));
    TRY(entry.proof, inclusion(txn, seq, checkpoint->checkpoint.size));
    bytes += entry.body.size();
    if (bytes > kMaxReceiptBodies) break;  // never at the first entry, since any one body fits
    receipt.entries.push_back(std::move(entry));
  }
  return receipt;
}

Result<LogUpdate> Ledger::update(const ReadTransaction& txn, TreeSize known) const {
  TRY(const auto checkpoint, latest_checkpoint(txn));
  if (!checkpoint) return Error{Errc::not_found, "the ledger has no checkpoint yet"};
  LogUpdate update{checkpoint->note, known, {}};
  if (known.value > 0 && known < checkpoint->checkpoint.size) {
    TRY(update.consistency, consistency(txn, known, checkpoint->checkpoint.size));
  }
  return update;
}

}  // namespace audit
