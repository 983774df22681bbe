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

}  // namespace

Result<Ledger> Ledger::open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer) {
  TRY(const auto envelopes, engine.table("ledger.envelope"));
  TRY(const auto tree, engine.table("ledger.tree"));
  TRY(SealedTable bodies, SealedTable::make(engine, sealer, "ledger.body", TableClass::ledger));
  TRY(SealedTable checkpoints, SealedTable::make(engine, sealer, "ledger.checkpoint", TableClass::ledger));
  TRY(SealedTable chains, SealedTable::make(engine, sealer, "ledger.chain", TableClass::projection));
  return Ledger(LedgerTables{envelopes, tree, std::move(bodies), std::move(checkpoints), std::move(chains)});
}

Result<Envelope> Ledger::append(WriteTransaction& txn, const ChainTag& chain, vault::Instant time, ByteView body) {
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
  envelope.chain = chain;
  envelope.body = vault::crypto::sha256(body);
  TRY(const auto last_of_chain, tables_.chains.last(txn, chain.bytes));
  if (last_of_chain) {
    TRY(const ChainRow row, read_chain_row(last_of_chain->key));
    TRY(const std::uint64_t prev, read_number(last_of_chain->value));
    envelope.n = row.n + 1;
    envelope.prev = LeafIndex{prev};
  }
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

Result<std::uint64_t> Ledger::chain_length(const ReadTransaction& txn, const ChainTag& chain) const {
  TRY(const auto last, tables_.chains.last(txn, chain.bytes));
  if (!last) return std::uint64_t{0};
  TRY(const ChainRow row, read_chain_row(last->key));
  return row.n + 1;
}

Result<std::vector<LeafIndex>> Ledger::chain_entries(const ReadTransaction& txn, const ChainTag& chain,
                                                     std::uint64_t from_n, std::size_t limit) const {
  limit = std::min(limit, kMaxChainPage);
  std::vector<LeafIndex> seqs;
  if (limit == 0) return seqs;
  TRY_VOID(
      tables_.chains.scan(txn, chain.bytes, chain_row(chain, from_n), [&](ByteView, ByteView value) -> Result<bool> {
        TRY(const std::uint64_t seq, read_number(value));
        seqs.push_back(LeafIndex{seq});
        return seqs.size() < limit;
      }));
  return seqs;
}

Result<void> Ledger::rebuild_chains(WriteTransaction& txn) {
  TRY_VOID(tables_.chains.clear(txn));
  TRY(const TreeSize now, size(txn));
  for (LeafIndex seq; seq.value < now.value; ++seq.value) {
    TRY(const Envelope one, envelope(txn, seq));
    TRY_VOID(put_chain_row(txn, one));
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
