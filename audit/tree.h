// The Merkle tree of the ledger (RFC 6962 section 2.1, RFC 9162 section 2.1, SHA-256): hashes, proofs and their
// verification. Everything here is pure; where the nodes are stored is the caller's affair (`NodeReader`).
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"

namespace audit {

using vault::Bytes;
using vault::ByteView;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

// How many leaves a tree has, and the place of one of them. Separate types, so that swapped arguments do not compile.
struct TreeSize {
  std::uint64_t value = 0;
  auto operator<=>(const TreeSize&) const = default;
};
struct LeafIndex {
  std::uint64_t value = 0;
  auto operator<=>(const LeafIndex&) const = default;
};
inline constexpr std::uint64_t kMaxTreeSize = (1ULL << 63) - 1;

// Leaf's sibling first, root's child last.
using Proof = std::vector<Digest>;
inline constexpr std::size_t kMaxProofHashes = 64;

Digest empty_root();
Digest leaf_hash(ByteView entry);
Digest node_hash(const Digest& left, const Digest& right);
// Errc::malformed unless it is 32 bytes: hashes of proofs as they come from outside.
Result<Digest> to_digest(ByteView bytes);

// Errc::tampered unless `proof` shows that `leaf` is at `index` of the tree of `size` leaves with `root`.
Result<void> verify_inclusion(const Digest& leaf, LeafIndex index, TreeSize size, std::span<const Digest> proof,
                              const Digest& root);
// Errc::tampered unless `proof` shows that the tree of `first` leaves is a prefix of the one of `second`. A first size
// of 0 is always refused: every tree extends the empty one and no proof says more, so a caller who knows nothing yet
// must not call it. Equal sizes need equal roots and an empty proof.
Result<void> verify_consistency(TreeSize first, TreeSize second, std::span<const Digest> proof,
                                const Digest& first_root, const Digest& second_root);

// The root of a tree, computed from its leaves in O(log n) memory: one hash for each set bit of the size.
class Frontier {
 public:
  void append(const Digest& leaf);
  TreeSize size() const { return size_; }
  Digest root() const;

 private:
  TreeSize size_;
  std::vector<Digest> perfect_;  // roots of the perfect subtrees, largest (leftmost) first
};

// A perfect subtree: the 2^level leaves from index * 2^level. Level 0 are the leaf hashes.
struct NodeId {
  std::uint8_t level = 0;
  std::uint64_t index = 0;
  auto operator<=>(const NodeId&) const = default;
};
std::string to_string(NodeId id);  // "level/index"
struct Node {
  NodeId id;
  Digest hash;
};
// Gives any perfect subtree of the tree. Its failures are passed on.
using NodeReader = std::function<Result<Digest>(NodeId)>;

// The nodes that a leaf completes, itself first: what is to be stored when it becomes leaf number `index`. Reads only
// nodes to its left.
Result<std::vector<Node>> complete_nodes(const NodeReader& read, LeafIndex index, const Digest& leaf);

// For any size up to what is stored. Errc::invalid_argument for an index or size outside its tree, or first size 0.
Result<Digest> root_at(const NodeReader& read, TreeSize size);
Result<Proof> inclusion_proof(const NodeReader& read, LeafIndex index, TreeSize size);
Result<Proof> consistency_proof(const NodeReader& read, TreeSize first, TreeSize second);

}  // namespace audit
