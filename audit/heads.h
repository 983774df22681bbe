// The heads of all chains, in a Merkle tree of their own. Every envelope commits to it, so that nobody can leave out
// the end of a chain: the service proves for each chain that it shows which entry is the last (DESIGN 4, Chain heads).
//
// The tree has one leaf for each chain, in the order of their numbers, and the shape of RFC 6962. Its leaves change, so
// only inclusion is ever proved in it, never consistency.
#pragma once
#include <map>
#include <span>

#include "audit/entry.h"

namespace audit {

// The last entry of a chain.
struct ChainHead {
  ChainNumber chain;
  std::uint64_t n = 0;  // the entry's number in its chain
  LeafIndex seq;        // its place in the ledger
  auto operator<=>(const ChainHead&) const = default;
};

// The leaf's data is "strongroom/head/v1", LF, the chain, n and seq in decimal with single spaces, LF.
Digest head_leaf(const ChainHead& head);
// Returns the SHA-256 of "strongroom/heads/v1", LF, the number of chains in decimal, LF, the tree's root in
// hexadecimal, LF. This is an envelope's `heads`.
Digest heads_digest(std::uint64_t chains, const Digest& root);

// Proves the head of one chain in the tree to which an envelope's `heads` commits.
struct HeadProof {
  ChainHead head;
  std::uint64_t chains = 0;  // that the tree has
  Proof proof;               // of the head's leaf; its index is the chain's number
  bool operator==(const HeadProof&) const = default;
};
// Errc::tampered unless the proof leads to these heads.
Result<void> verify_head(const HeadProof& proof, const Digest& heads);

// The tree is kept in rows of 16 nodes. A row of level r has 16 neighbouring nodes of the tree's level 4 r, and the
// nodes over them up to the level before 4 (r + 1): 16 + 8 + 4 + 2. Nodes that do not exist are zero. A node without a
// right sibling goes up unchanged.
struct HeadRowId {
  std::uint8_t level = 0;
  std::uint64_t index = 0;
  auto operator<=>(const HeadRowId&) const = default;
};
inline constexpr std::size_t kHeadRowNodes = 16 + 8 + 4 + 2;
using HeadRow = std::array<Digest, kHeadRowNodes>;
inline constexpr std::size_t kHeadRowBytes = kHeadRowNodes * sizeof(Digest);

// Where the rows are kept: in a transaction of the ledger's, or in memory.
class HeadRows {
 public:
  virtual ~HeadRows() = default;
  // Returns a row of zeros if there is none.
  virtual Result<HeadRow> get(HeadRowId id) const = 0;
  virtual Result<void> put(HeadRowId id, const HeadRow& row) = 0;
};
class HeadRowsInMemory final : public HeadRows {
 public:
  Result<HeadRow> get(HeadRowId id) const override;
  Result<void> put(HeadRowId id, const HeadRow& row) override;
  const std::map<HeadRowId, HeadRow>& rows() const { return rows_; }

 private:
  std::map<HeadRowId, HeadRow> rows_;
};

// Sets a chain's head, and returns the tree's root. `chains` is the number of chains, this one included; it may be one
// more than before, if this is the last one.
Result<Digest> put_head(HeadRows& rows, const ChainHead& head, std::uint64_t chains);
// Returns the proof of a chain's leaf. Errc::invalid_argument if there is no such chain.
Result<Proof> prove_head(const HeadRows& rows, ChainNumber chain, std::uint64_t chains);

// Derives chain numbers, `n`, `prev` and `heads` of a whole ledger again, entry by entry. It keeps about 110 bytes for
// each chain.
class HeadsVerifier {
 public:
  // Errc::tampered if the envelope does not continue its chain, begins one out of turn, or commits to other heads.
  // `leaf` is the entry's leaf hash. A failure changes nothing.
  Result<void> next(const Envelope& envelope, const Digest& leaf);
  std::uint64_t chains() const { return last_.size(); }
  // The last entry of a chain that has begun.
  ChainHead head(ChainNumber chain) const;
  const HeadRowsInMemory& rows() const { return rows_; }

 private:
  struct Last {
    std::uint64_t n = 0;
    LeafIndex seq;
    Digest leaf{};
  };
  std::vector<Last> last_;  // by chain
  HeadRowsInMemory rows_;
};

}  // namespace audit
