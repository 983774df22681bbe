#include "audit/heads.h"

#include <algorithm>

#include "vault/crypto/hash.h"

namespace audit {
namespace {

constexpr unsigned kRowLevels = 4;  // of the tree, in one row
constexpr std::uint64_t kRowWidth = 1U << kRowLevels;

// The place in a row of a node that is `above` levels over the row's lowest nodes.
std::size_t place(unsigned above, std::uint64_t index) {
  constexpr std::size_t kFirst[kRowLevels] = {0, 16, 24, 28};
  return kFirst[above] + static_cast<std::size_t>(index);
}

// How many nodes a tree of `leaves` leaves has, that many levels above its leaves.
std::uint64_t nodes_at(std::uint64_t leaves, unsigned level) {
  return level >= 64 ? 1 : (leaves >> level) + ((leaves & ((std::uint64_t{1} << level) - 1)) != 0 ? 1 : 0);
}

// The parent of the pair that has node `index` of a row's level, where `count` nodes exist.
Digest parent(const HeadRow& row, unsigned above, std::uint64_t index, std::uint64_t count) {
  const std::uint64_t left = index & ~std::uint64_t{1};
  if (left + 1 == count) return row[place(above, left)];
  return node_hash(row[place(above, left)], row[place(above, left + 1)]);
}

}  // namespace

Digest head_leaf(const ChainHead& head) {
  const std::string data = "strongroom/head/v1\n" + std::to_string(head.chain.value) + " " + std::to_string(head.n) +
                           " " + std::to_string(head.seq.value) + "\n";
  return leaf_hash(vault::as_bytes(data));
}

Digest heads_digest(std::uint64_t chains, const Digest& root) {
  const std::string text = "strongroom/heads/v1\n" + std::to_string(chains) + "\n" + vault::hex(root) + "\n";
  return vault::crypto::sha256(vault::as_bytes(text));
}

Result<void> verify_head(const HeadProof& proof, const Digest& heads) {
  const Error tampered{Errc::tampered, "the end of a chain is not proved: entries may have been withheld"};
  if (proof.head.chain.value >= proof.chains) return tampered;
  // Only one root can be meant, so it is computed from the proof and compared through the digest.
  TRY(const Digest root,
      root_of_inclusion(head_leaf(proof.head), LeafIndex{proof.head.chain.value}, TreeSize{proof.chains}, proof.proof));
  if (heads_digest(proof.chains, root) != heads) return tampered;
  return {};
}

Result<HeadRow> HeadRowsInMemory::get(HeadRowId id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? HeadRow{} : found->second;
}

Result<void> HeadRowsInMemory::put(HeadRowId id, const HeadRow& row) {
  rows_[id] = row;
  return {};
}

Result<Digest> put_head(HeadRows& rows, const ChainHead& head, std::uint64_t chains) {
  if (head.chain.value >= chains) return Error{Errc::invalid_argument, "there is no such chain"};
  Digest node = head_leaf(head);
  std::uint64_t index = head.chain.value;
  // The first row above the root is written too. So when the tree grows into it, its first node is there already.
  for (std::uint8_t level = 0;; ++level) {
    const HeadRowId id{level, index / kRowWidth};
    const std::uint64_t all = nodes_at(chains, level * kRowLevels);
    TRY(HeadRow row, rows.get(id));
    std::uint64_t count = std::min(kRowWidth, all - id.index * kRowWidth);
    std::uint64_t at = index % kRowWidth;
    row[place(0, at)] = node;
    for (unsigned above = 1; above <= kRowLevels; ++above) {
      node = parent(row, above - 1, at, count);
      at /= 2;
      count = (count + 1) / 2;
      if (above < kRowLevels) row[place(above, at)] = node;
    }
    TRY_VOID(rows.put(id, row));
    if (all == 1) return node;
    index = id.index;
  }
}

Result<Proof> prove_head(const HeadRows& rows, ChainNumber chain, std::uint64_t chains) {
  if (chain.value >= chains) return Error{Errc::invalid_argument, "there is no such chain"};
  Proof proof;
  std::uint64_t index = chain.value;
  for (std::uint8_t level = 0; nodes_at(chains, level * kRowLevels) > 1; ++level) {
    const HeadRowId id{level, index / kRowWidth};
    TRY(const HeadRow row, rows.get(id));
    std::uint64_t count = std::min(kRowWidth, nodes_at(chains, level * kRowLevels) - id.index * kRowWidth);
    std::uint64_t at = index % kRowWidth;
    for (unsigned above = 0; above < kRowLevels; ++above) {
      const std::uint64_t sibling = at ^ 1;
      if (sibling < count) proof.push_back(row[place(above, sibling)]);
      at /= 2;
      count = (count + 1) / 2;
    }
    index = id.index;
  }
  return proof;
}

Result<void> HeadsVerifier::next(const Envelope& envelope, const Digest& leaf) {
  const auto broken = [&](std::string_view why) {
    return Error{Errc::tampered, "entry " + std::to_string(envelope.seq.value) + " " + std::string(why)};
  };
  const std::uint64_t chain = envelope.chain.value;
  if (chain > last_.size()) return broken("is in a chain that has not begun");
  if (chain == last_.size()) {
    if (envelope.n != 0 || envelope.prev) return broken("is in a chain that has not begun");
  } else {
    if (envelope.n != last_[chain].n + 1) return broken("is not the next entry of its chain");
    if (envelope.prev != last_[chain].leaf) return broken("does not name the entry before it");
  }
  const ChainHead head{envelope.chain, envelope.n, envelope.seq};
  const std::uint64_t chains = std::max<std::uint64_t>(last_.size(), chain + 1);
  TRY(const Digest root, put_head(rows_, head, chains));
  if (heads_digest(chains, root) != envelope.heads) {
    // The rows are put right again, so that another entry may be tried. All nodes over a leaf that should not be there
    // are over the leaf before it too.
    if (!last_.empty())
      TRY_VOID(
          put_head(rows_, this->head(ChainNumber{std::min<std::uint64_t>(chain, last_.size() - 1)}), last_.size()));
    return broken("commits to other chain heads than the entries before it have");
  }
  if (chain == last_.size()) last_.emplace_back();
  last_[chain] = {envelope.n, envelope.seq, leaf};
  return {};
}

ChainHead HeadsVerifier::head(ChainNumber chain) const {
  const Last& last = last_.at(chain.value);
  return {chain, last.n, last.seq};
}

}  // namespace audit
