// The Merkle tree of the ledger (RFC 6962 section 2.1, RFC 9162 section 2.1, SHA-256): hashes, proofs and their
// verification. Everything here is pure. The caller stores the nodes and provides a `NodeReader` for them.
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

// The number of leaves of a tree, and the place of one leaf. They have types of their own, so that swapped arguments do
// not compile.
struct TreeSize {
  std::uint64_t value = 0;
  auto operator<=>(const TreeSize&) const = default;
};
struct LeafIndex {
  std::uint64_t value = 0;
  auto operator<=>(const LeafIndex&) const = default;
};
inline constexpr std::uint64_t kMaxTreeSize = (1ULL << 63) - 1;

// The hashes of a path: the leaf's sibling is first, and the root's child is last.
using Proof = std::vector<Digest>;
inline constexpr std::size_t kMaxProofHashes = 64;

Digest empty_root();
Digest leaf_hash(ByteView entry);
Digest node_hash(const Digest& left, const Digest& right);
// Converts a hash that was received, for example in a proof. Errc::malformed unless it has 32 bytes.
Result<Digest> to_digest(ByteView bytes);

// Returns Errc::tampered unless `proof` shows that `leaf` is at `index` in the tree of `size` leaves with that root.
Result<void> verify_inclusion(const Digest& leaf, LeafIndex index, TreeSize size, std::span<const Digest> proof,
                              const Digest& root);
// Returns the root to which an inclusion proof leads, for a caller that knows it only through a digest.
Result<Digest> root_of_inclusion(const Digest& leaf, LeafIndex index, TreeSize size, std::span<const Digest> proof);
// Returns Errc::tampered unless `proof` shows that the tree of `first` leaves is a prefix of the tree of `second`
// leaves. A first size of 0 is always refused: every tree extends the empty one, so there is nothing to prove, and a
// caller that knows nothing yet must not call this. Equal sizes need equal roots and an empty proof.
Result<void> verify_consistency(TreeSize first, TreeSize second, std::span<const Digest> proof,
                                const Digest& first_root, const Digest& second_root);

// Computes the root of a tree from its leaves. It needs O(log n) memory: one hash for each set bit of the size.
class Frontier {
 public:
  void append(const Digest& leaf);
  TreeSize size() const { return size_; }
  Digest root() const;

 private:
  TreeSize size_;
  std::vector<Digest> perfect_;  // roots of the perfect subtrees, largest (leftmost) first
};

// Names a perfect subtree: the 2^level leaves from index * 2^level on. Level 0 is the leaf hashes. For example, level 2
// and index 1 is the subtree of the leaves 4 to 7.
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
// Returns the hash of any perfect subtree of the tree. Its errors are returned to the caller.
using NodeReader = std::function<Result<Digest>(NodeId)>;

// Returns the nodes that a leaf completes, beginning with itself. They must be stored when it becomes leaf number
// `index`. Reads only nodes to the left of the leaf.
Result<std::vector<Node>> complete_nodes(const NodeReader& read, LeafIndex index, const Digest& leaf);

// These work for any size up to the number of stored leaves. Errc::invalid_argument for an index or a size outside its
// tree, or for a first size of 0.
Result<Digest> root_at(const NodeReader& read, TreeSize size);
Result<Proof> inclusion_proof(const NodeReader& read, LeafIndex index, TreeSize size);
Result<Proof> consistency_proof(const NodeReader& read, TreeSize first, TreeSize second);

}  // namespace audit
