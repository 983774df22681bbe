// The ledger consists of envelopes, sealed bodies, the tree over the envelopes and every checkpoint that was signed.
// Nothing is kept in memory between calls. So nothing can disagree with the caller's transaction, and an aborted
// transaction leaves nothing behind. Format: docs/formats.md
//
// 1. Entries are numbered from 0 without a gap. Their times never run backwards.
// 2. The tree has one row for each perfect subtree of its leaves, and no other rows.
// 3. An entry's envelope, body, nodes, chain row and heads are written in one transaction.
// 4. There is only one checkpoint of each size, and its tree is a prefix of the tree of every later one.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/heads.h"
#include "audit/receipt.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"

namespace audit {

inline constexpr std::size_t kMaxChainPage = 1000;

// audit/rows.h describes keys and values. Envelopes and hashes are not sealed: every enrolled person may read them.
struct LedgerTables {
  vault::engine::Table envelopes;           // ledger: seq, envelope
  vault::engine::Table tree;                // ledger: node, hash
  vault::engine::Table heads;               // projection: row of the heads' tree, its nodes
  vault::keyring::SealedTable bodies;       // ledger: seq, body
  vault::keyring::SealedTable checkpoints;  // ledger: size, signed note
  vault::keyring::SealedTable chains;       // projection: chain and n, seq
};

// It is cheap to copy, and as thread safe as the transactions. Every function works in the transaction that it is
// given.
class Ledger {
 public:
  using ReadTransaction = vault::engine::ReadTransaction;
  using WriteTransaction = vault::engine::WriteTransaction;

  // Makes the tables if they are new. `sealer` must outlive every copy of the result.
  static Result<Ledger> open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer);

  // Adds an entry at the end of the ledger and of its chain, or begins a chain with it. Errc::not_found if there is no
  // such chain; Errc::conflict if `time` is before the last entry's;
  // Errc::too_large for a body over kMaxBodyBytes; Errc::invalid_argument for a body that is not UTF-8 text without
  // control characters, or for a time outside the years 1970 to 9999; Errc::full. The caller must abort the transaction
  // after any failure, since part of the entry may have been written.
  Result<Envelope> append(WriteTransaction& txn, std::optional<ChainNumber> chain, vault::Instant time, ByteView body);
  // Signs the ledger as `txn` sees it. If that size has a checkpoint already, it is returned, so that a size is signed
  // only once. Errc::tampered, and nothing is signed, if the tree does not extend the last checkpoint.
  Result<SignedCheckpoint> sign(WriteTransaction& txn, const vault::crypto::SigningKey& log_key,
                                std::string_view origin);

  Result<TreeSize> size(const ReadTransaction& txn) const;
  // Errc::not_found beyond the end; Errc::tampered if an earlier envelope is missing or is not the leaf of the tree.
  Result<Bytes> envelope_bytes(const ReadTransaction& txn, LeafIndex seq) const;
  Result<Envelope> envelope(const ReadTransaction& txn, LeafIndex seq) const;
  // Errc::tampered if the body does not open or is not the one that the envelope binds.
  Result<Bytes> body(const ReadTransaction& txn, LeafIndex seq) const;

  // Returns how many chains there are.
  Result<std::uint64_t> chains(const ReadTransaction& txn) const;
  // Returns how many entries the chain has, and 0 for a chain that was never begun.
  Result<std::uint64_t> chain_length(const ReadTransaction& txn, ChainNumber chain) const;
  // Returns the seqs of the chain's entries from number `from_n` on: at most `limit`, and at most kMaxChainPage.
  Result<std::vector<LeafIndex>> chain_entries(const ReadTransaction& txn, ChainNumber chain, std::uint64_t from_n,
                                               std::size_t limit) const;
  // Proves which entry is the chain's last, under the heads of the ledger's last entry. Errc::not_found for a chain
  // that was never begun.
  Result<HeadProof> head(const ReadTransaction& txn, ChainNumber chain) const;
  // Same, with the proof that the heads are those of the latest checkpoint. Errc::not_found before the first one.
  Result<ChainEnd> chain_end(const ReadTransaction& txn, ChainNumber chain) const;
  // Makes the chain rows and the heads again from the envelopes.
  Result<void> rebuild_chains(WriteTransaction& txn);

  // Empty optional before the first checkpoint, or if there is none of that size.
  Result<std::optional<SignedCheckpoint>> latest_checkpoint(const ReadTransaction& txn) const;
  Result<std::optional<SignedCheckpoint>> checkpoint_at(const ReadTransaction& txn, TreeSize size) const;

  // These work for any size up to the ledger's. Errc::invalid_argument beyond; Errc::tampered if a node is missing.
  Result<Digest> root(const ReadTransaction& txn, TreeSize size) const;
  Result<Proof> inclusion(const ReadTransaction& txn, LeafIndex seq, TreeSize size) const;
  Result<Proof> consistency(const ReadTransaction& txn, TreeSize first, TreeSize second) const;
  // The result reads `txn`, which must outlive it. Errc::tampered for a node that is missing.
  NodeReader nodes(const ReadTransaction& txn) const;

  // Makes a receipt for these entries, which must ascend, under the latest checkpoint. Errc::invalid_argument for no
  // entry, too many entries, or one that is not signed yet; Errc::too_large if their bodies are over kMaxReceiptBodies.
  Result<Receipt> receipt(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  // Same as `receipt`, but takes only as many of the first entries as fit one receipt, and at least one. The caller
  // begins the next page after the receipt's last entry.
  Result<Receipt> receipt_page(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  // Proves that the latest checkpoint extends the size that a client knows. A client that knows more entries than there
  // are gets an empty proof, and finds that the ledger went backwards. Errc::not_found before the first checkpoint.
  Result<LogUpdate> update(const ReadTransaction& txn, TreeSize known) const;

  const LedgerTables& tables() const { return tables_; }

 private:
  explicit Ledger(LedgerTables tables) : tables_(std::move(tables)) {}
  Result<void> put_chain_row(WriteTransaction& txn, const Envelope& envelope);
  Result<std::optional<ChainHead>> last_of(const ReadTransaction& txn, ChainNumber chain) const;
  Result<Receipt> receipt_that_fits(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  LedgerTables tables_;
};

}  // namespace audit
