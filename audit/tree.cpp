#include "audit/tree.h"

#include <algorithm>
#include <bit>

#include "vault/crypto/hash.h"

namespace audit {
namespace {

constexpr std::byte kLeafPrefix{0};
constexpr std::byte kNodePrefix{1};

Error unproven(std::string_view what) {
  return Error{Errc::tampered, std::string(what)};
}

// RFC 6962: "the largest power of two smaller than n", for n > 1.
std::uint64_t split(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

// Computes MTH(D[begin:end]) for a range that the recursive definitions reach: `begin` is a multiple of the least power
// of two that is >= end - begin. Reads the range's perfect subtrees, the largest first, and joins them from the right.
Result<Digest> range_hash(const NodeReader& read, std::uint64_t begin, std::uint64_t end) {
  std::vector<Digest> perfect;
  while (begin < end) {
    const std::uint64_t width = std::bit_floor(end - begin);
    const int level = std::countr_zero(width);
    TRY(const Digest hash, read(NodeId{static_cast<std::uint8_t>(level), begin >> level}));
    perfect.push_back(hash);
    begin += width;
  }
  Digest hash = perfect.back();
  for (std::size_t i = perfect.size() - 1; i-- > 0;) hash = node_hash(perfect[i], hash);
  return hash;
}

}  // namespace

Digest empty_root() {
  return vault::crypto::sha256(ByteView{});
}

Digest leaf_hash(ByteView entry) {
  return vault::crypto::sha256({ByteView(&kLeafPrefix, 1), entry});
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::byte, 65> input;
  input[0] = kNodePrefix;
  std::ranges::copy(left, input.begin() + 1);
  std::ranges::copy(right, input.begin() + 33);
  return vault::crypto::sha256(ByteView(input));
}

Result<Digest> to_digest(ByteView bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) return Error{Errc::malformed, "a hash of the tree is 32 bytes"};
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

// Follows RFC 9162 section 2.1.3.2, with its names of variables.
Result<Digest> root_of_inclusion(const Digest& leaf, LeafIndex index, TreeSize size, std::span<const Digest> proof) {
  if (size.value > kMaxTreeSize || proof.size() > kMaxProofHashes) return unproven("the inclusion proof is too long");
  if (index.value >= size.value) return unproven("the inclusion proof is for a leaf beyond the tree");
  std::uint64_t fn = index.value;
  std::uint64_t sn = size.value - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (sn == 0) return unproven("the inclusion proof is longer than the tree is deep");
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return unproven("the inclusion proof is too short");
  return hash;
}

Result<void> verify_inclusion(const Digest& leaf, LeafIndex index, TreeSize size, std::span<const Digest> proof,
                              const Digest& root) {
  TRY(const Digest hash, root_of_inclusion(leaf, index, size, proof));
  if (hash != root) return unproven("the inclusion proof does not lead to the tree's root");
  return {};
}

// Follows RFC 9162 section 2.1.4.2, with its names of variables.
Result<void> verify_consistency(TreeSize first, TreeSize second, std::span<const Digest> proof,
                                const Digest& first_root, const Digest& second_root) {
  if (second.value > kMaxTreeSize || proof.size() > kMaxProofHashes)
    return unproven("the consistency proof is too long");
  if (first.value == 0) return unproven("a consistency proof from an empty tree proves nothing");
  if (first > second) return unproven("the consistency proof leads to a smaller tree");
  if (first == second) {
    if (!proof.empty()) return unproven("a consistency proof between equal sizes must be empty");
    if (first_root != second_root) return unproven("two trees of one size have different roots");
    return {};
  }
  if (proof.empty()) return unproven("the consistency proof is too short");
  std::uint64_t fn = first.value - 1;
  std::uint64_t sn = second.value - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // A complete first tree is itself the node at which the path starts. The proof then leaves it out.
  const bool complete = std::has_single_bit(first.value);
  Digest fr = complete ? first_root : proof.front();
  Digest sr = fr;
  for (const Digest& sibling : complete ? proof : proof.subspan(1)) {
    if (sn == 0) return unproven("the consistency proof is longer than the tree is deep");
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(sibling, fr);
      sr = node_hash(sibling, sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return unproven("the consistency proof is too short");
  if (fr != first_root) return unproven("the consistency proof does not lead to the first root");
  if (sr != second_root) return unproven("the consistency proof does not lead to the second root");
  return {};
}

void Frontier::append(const Digest& leaf) {
  Digest hash = leaf;
  for (std::uint64_t n = size_.value; (n & 1) != 0; n >>= 1) {
    hash = node_hash(perfect_.back(), hash);
    perfect_.pop_back();
  }
  perfect_.push_back(hash);
  ++size_.value;
}

Digest Frontier::root() const {
  if (perfect_.empty()) return empty_root();
  Digest hash = perfect_.back();
  for (std::size_t i = perfect_.size() - 1; i-- > 0;) hash = node_hash(perfect_[i], hash);
  return hash;
}

std::string to_string(NodeId id) {
  return std::to_string(id.level) + "/" + std::to_string(id.index);
}

Result<std::vector<Node>> complete_nodes(const NodeReader& read, LeafIndex index, const Digest& leaf) {
  if (index.value >= kMaxTreeSize) return Error{Errc::invalid_argument, "the tree is full"};
  std::vector<Node> nodes{{NodeId{0, index.value}, leaf}};
  while ((nodes.back().id.index & 1) != 0) {
    const Node right = nodes.back();
    TRY(const Digest left, read(NodeId{right.id.level, right.id.index - 1}));
    nodes.push_back(
        {NodeId{static_cast<std::uint8_t>(right.id.level + 1), right.id.index >> 1}, node_hash(left, right.hash)});
  }
  return nodes;
}

Result<Digest> root_at(const NodeReader& read, TreeSize size) {
  if (size.value > kMaxTreeSize) return Error{Errc::invalid_argument, "no tree is that large"};
  if (size.value == 0) return empty_root();
  return range_hash(read, 0, size.value);
}

// Computes PATH(m, D[n]) of RFC 6962 from the root down, which gives the hashes in reverse order.
Result<Proof> inclusion_proof(const NodeReader& read, LeafIndex index, TreeSize size) {
  if (size.value > kMaxTreeSize || index.value >= size.value)
    return Error{Errc::invalid_argument, "the leaf is beyond the tree"};
  Proof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size.value;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = index.value < middle;
    TRY(const Digest other, left ? range_hash(read, middle, end) : range_hash(read, begin, middle));
    proof.push_back(other);
    (left ? end : begin) = middle;
  }
  std::ranges::reverse(proof);
  return proof;
}

// Computes SUBPROOF(m, D[n], true) of RFC 6962 in the same way.
Result<Proof> consistency_proof(const NodeReader& read, TreeSize first, TreeSize second) {
  if (second.value > kMaxTreeSize || first.value == 0 || first > second)
    return Error{Errc::invalid_argument, "a consistency proof must lead from at least one leaf to at least as many"};
  Proof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = second.value;
  while (end != first.value) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = first.value <= middle;
    TRY(const Digest other, left ? range_hash(read, middle, end) : range_hash(read, begin, middle));
    proof.push_back(other);
    (left ? end : begin) = middle;
  }
  if (begin != 0) {  // otherwise it is the first tree's root, which the verifier has
    TRY(const Digest subtree, range_hash(read, begin, end));
    proof.push_back(subtree);
  }
  std::ranges::reverse(proof);
  return proof;
}

}  // namespace audit
