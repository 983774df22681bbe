// The ledger: envelopes, sealed bodies, the tree over the envelopes and every checkpoint that was signed (DESIGN 4).
// Nothing is kept in memory between calls, so nothing can disagree with the transaction in hand, and an aborted
// transaction leaves nothing behind. Format: docs/formats.md
//
// 1. Entries are numbered from 0 without a gap; their times never run backwards.
// 2. The tree has one row for each perfect subtree of its leaves, and no other.
// 3. An entry's envelope, body, nodes and chain row are written in one transaction.
// 4. No two checkpoints of one size differ, and each is a prefix of every later one.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/receipt.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"

namespace audit {

inline constexpr std::size_t kMaxChainPage = 1000;

// Keys and values are in audit/rows.h. Envelopes and hashes are not sealed: enrolled persons read them anyway.
struct LedgerTables {
  vault::engine::Table envelopes;           // ledger: seq, envelope
  vault::engine::Table tree;                // ledger: node, hash
  vault::keyring::SealedTable bodies;       // ledger: seq, body
  vault::keyring::SealedTable checkpoints;  // ledger: size, signed note
  vault::keyring::SealedTable chains;       // projection: chain and n, seq
};

// A cheap value; thread safe as far as the transactions are. Each read takes the transaction that it reads in.
class Ledger {
 public:
  using ReadTransaction = vault::engine::ReadTransaction;
  using WriteTransaction = vault::engine::WriteTransaction;

  // Makes the tables if they are new. `sealer` must outlive it.
  static Result<Ledger> open(vault::engine::Engine& engine, const vault::keyring::Sealer& sealer);

  // Adds an entry at the end of the ledger and of its chain. Errc::conflict when `time` is before the last entry's;
  // Errc::too_large for a body over kMaxBodyBytes; Errc::invalid_argument for one that is not UTF-8 text without
  // control characters, or a time outside the years 1970 to 9999; Errc::full. Abort the transaction after any failure.
  Result<Envelope> append(WriteTransaction& txn, const ChainTag& chain, vault::Instant time, ByteView body);
  // Signs the ledger as it stands in `txn`, once: a size that has a checkpoint answers with it. Errc::tampered, and
  // nothing is signed, when the tree does not extend the last checkpoint or an existing one says otherwise.
  Result<SignedCheckpoint> sign(WriteTransaction& txn, const vault::crypto::SigningKey& log_key,
                                std::string_view origin);

  Result<TreeSize> size(const ReadTransaction& txn) const;
  // Errc::not_found beyond the end; Errc::tampered when it is missing before it, or not the leaf that the tree holds.
  Result<Bytes> envelope_bytes(const ReadTransaction& txn, LeafIndex seq) const;
  Result<Envelope> envelope(const ReadTransaction& txn, LeafIndex seq) const;
  // Errc::tampered when it does not open or is not the one that the envelope binds.
  Result<Bytes> body(const ReadTransaction& txn, LeafIndex seq) const;

  // How many entries the chain has; 0 for one that nobody began.
  Result<std::uint64_t> chain_length(const ReadTransaction& txn, const ChainTag& chain) const;
  // The seqs of the chain's entries from number `from_n` on, at most `limit` and kMaxChainPage of them.
  Result<std::vector<LeafIndex>> chain_entries(const ReadTransaction& txn, const ChainTag& chain, std::uint64_t from_n,
                                               std::size_t limit) const;
  // Makes the chain rows again from the envelopes.
  Result<void> rebuild_chains(WriteTransaction& txn);

  // Empty optional before the first one.
  Result<std::optional<SignedCheckpoint>> latest_checkpoint(const ReadTransaction& txn) const;
  Result<std::optional<SignedCheckpoint>> checkpoint_at(const ReadTransaction& txn, TreeSize size) const;

  // For any size up to the ledger's. Errc::invalid_argument beyond; Errc::tampered when a node is missing.
  Result<Digest> root(const ReadTransaction& txn, TreeSize size) const;
  Result<Proof> inclusion(const ReadTransaction& txn, LeafIndex seq, TreeSize size) const;
  Result<Proof> consistency(const ReadTransaction& txn, TreeSize first, TreeSize second) const;
  // Reads `txn`, which must outlive it. Errc::tampered for a node that is missing.
  NodeReader nodes(const ReadTransaction& txn) const;

  // For entries under the latest checkpoint, ascending. Errc::invalid_argument for none, too many, or one that is not
  // signed yet; Errc::too_large when their bodies are over kMaxReceiptBodies.
  Result<Receipt> receipt(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  // The same for a page: for as many of the first as fit one receipt, at least one. The next page begins after the
  // receipt's last entry.
  Result<Receipt> receipt_page(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  // From what a client knows to the latest checkpoint. A client who knows more than there is gets an empty proof, and
  // finds that the ledger went backwards. Errc::not_found before the first checkpoint.
  Result<LogUpdate> update(const ReadTransaction& txn, TreeSize known) const;

  const LedgerTables& tables() const { return tables_; }

 private:
  explicit Ledger(LedgerTables tables) : tables_(std::move(tables)) {}
  Result<void> put_chain_row(WriteTransaction& txn, const Envelope& envelope);
  Result<Receipt> receipt_that_fits(const ReadTransaction& txn, std::span<const LeafIndex> seqs) const;
  LedgerTables tables_;
};

}  // namespace audit
