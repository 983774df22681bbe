#include "audit/tree.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/audit/slow_tree.h"

namespace audit {
namespace {

constexpr std::size_t kModelSize = 130;

// Keeps nodes in memory, filled as the ledger fills its table.
class MemoryTree {
 public:
  NodeReader reader() const {
    return [this](NodeId id) -> Result<Digest> {
      const auto found = nodes_.find(id);
      if (found == nodes_.end()) return Error{Errc::not_found, "no node " + to_string(id)};
      return found->second;
    };
  }
  void append(ByteView leaf) {
    for (const Node& node : *complete_nodes(reader(), LeafIndex{size_}, leaf_hash(leaf))) nodes_[node.id] = node.hash;
    ++size_;
  }
  std::map<NodeId, Digest>& nodes() { return nodes_; }

 private:
  std::map<NodeId, Digest> nodes_;
  std::uint64_t size_ = 0;
};

std::vector<Bytes> make_leaves(std::size_t count) {
  std::vector<Bytes> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(vault::to_bytes("leaf " + std::to_string(i)));
  return leaves;
}

class ModelTree : public ::testing::Test {
 protected:
  ModelTree() : leaves_(make_leaves(kModelSize)) {
    for (const Bytes& leaf : leaves_) tree_.append(leaf);
    for (std::size_t n = 0; n <= kModelSize; ++n) roots_.push_back(slow_root(first(n)));
  }
  Leaves first(std::size_t n) const { return Leaves(leaves_).first(n); }

  std::vector<Bytes> leaves_;
  MemoryTree tree_;
  std::vector<Digest> roots_;
};

TEST(MerkleTree, TheEightClassicLeavesHaveTheirPublishedRoot) {
  Frontier frontier;
  for (const char* leaf :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"})
    frontier.append(leaf_hash(*vault::unhex(leaf)));
  EXPECT_EQ(vault::hex(frontier.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  EXPECT_EQ(vault::hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(ModelTree, RootsAgreeWithTheSlowTreeAtEverySize) {
  Frontier frontier;
  EXPECT_EQ(frontier.root(), roots_[0]);
  EXPECT_EQ(*root_at(tree_.reader(), TreeSize{0}), roots_[0]);
  for (std::size_t n = 1; n <= kModelSize; ++n) {
    frontier.append(leaf_hash(leaves_[n - 1]));
    ASSERT_EQ(frontier.root(), roots_[n]) << n;
    ASSERT_EQ(*root_at(tree_.reader(), TreeSize{n}), roots_[n]) << n;
  }
}

TEST_F(ModelTree, InclusionProofsAgreeWithTheSlowTreeAndVerifyAtEverySize) {
  for (std::size_t n = 1; n <= kModelSize; ++n)
    for (std::size_t m = 0; m < n; ++m) {
      const auto proof = inclusion_proof(tree_.reader(), LeafIndex{m}, TreeSize{n});
      ASSERT_TRUE(proof) << m << " in " << n;
      ASSERT_EQ(*proof, slow_path(m, first(n))) << m << " in " << n;
      ASSERT_TRUE(verify_inclusion(leaf_hash(leaves_[m]), LeafIndex{m}, TreeSize{n}, *proof, roots_[n]));
    }
}

TEST_F(ModelTree, ConsistencyProofsAgreeWithTheSlowTreeAndVerifyAtEveryPairOfSizes) {
  for (std::size_t n = 1; n <= kModelSize; ++n)
    for (std::size_t m = 1; m <= n; ++m) {
      const auto proof = consistency_proof(tree_.reader(), TreeSize{m}, TreeSize{n});
      ASSERT_TRUE(proof) << m << " to " << n;
      ASSERT_EQ(*proof, slow_subproof(m, first(n), true)) << m << " to " << n;
      ASSERT_TRUE(verify_consistency(TreeSize{m}, TreeSize{n}, *proof, roots_[m], roots_[n])) << m << " to " << n;
    }
}

TEST_F(ModelTree, OneChangeToAnInclusionProofIsRefused) {
  for (const std::size_t n : {1U, 2U, 3U, 7U, 8U, 64U, 97U, 130U})
    for (std::size_t m = 0; m < n; ++m) {
      const Proof proof = *inclusion_proof(tree_.reader(), LeafIndex{m}, TreeSize{n});
      const Digest leaf = leaf_hash(leaves_[m]);
      const auto refused = [&](const Digest& hash, std::uint64_t index, std::uint64_t size, const Proof& changed,
                               const Digest& root) {
        const auto verdict = verify_inclusion(hash, LeafIndex{index}, TreeSize{size}, changed, root);
        return !verdict && verdict.code() == Errc::tampered;
      };
      ASSERT_TRUE(refused(leaf_hash(vault::as_bytes("another")), m, n, proof, roots_[n]));
      ASSERT_TRUE(refused(leaf, m + 1, n, proof, roots_[n]));
      ASSERT_TRUE(m == 0 || refused(leaf, m - 1, n, proof, roots_[n]));
      ASSERT_TRUE(refused(leaf, m + n, n, proof, roots_[n]));
      ASSERT_TRUE(refused(leaf, m, 4 * n + 4, proof, roots_[n]));
      ASSERT_TRUE(refused(leaf, m, n, proof, roots_[n - 1]));
      Proof longer = proof;
      longer.push_back(roots_[n]);
      ASSERT_TRUE(refused(leaf, m, n, longer, roots_[n]));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        Proof changed = proof;
        changed[i][31] ^= std::byte{1};
        ASSERT_TRUE(refused(leaf, m, n, changed, roots_[n]));
        Proof shorter = proof;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        ASSERT_TRUE(refused(leaf, m, n, shorter, roots_[n]));
        if (i == 0) continue;
        Proof swapped = proof;
        std::swap(swapped[i - 1], swapped[i]);
        ASSERT_TRUE(refused(leaf, m, n, swapped, roots_[n]));
      }
    }
}

TEST_F(ModelTree, OneChangeToAConsistencyProofIsRefused) {
  for (const std::size_t n : {2U, 3U, 8U, 64U, 97U, 130U})
    for (std::size_t m = 1; m < n; ++m) {
      const Proof proof = *consistency_proof(tree_.reader(), TreeSize{m}, TreeSize{n});
      const auto refused = [&](std::uint64_t first_size, std::uint64_t second_size, const Proof& changed,
                               const Digest& first_root, const Digest& second_root) {
        const auto verdict =
            verify_consistency(TreeSize{first_size}, TreeSize{second_size}, changed, first_root, second_root);
        return !verdict && verdict.code() == Errc::tampered;
      };
      ASSERT_TRUE(refused(n, m, proof, roots_[n], roots_[m]));
      ASSERT_TRUE(refused(m, n, proof, roots_[n], roots_[m]));
      ASSERT_TRUE(refused(0, n, proof, roots_[0], roots_[n]));
      ASSERT_TRUE(refused(m, m, proof, roots_[m], roots_[m]));
      ASSERT_TRUE(refused(m, 4 * n + 4, proof, roots_[m], roots_[n]));
      ASSERT_TRUE(refused(m, n, proof, roots_[m - 1], roots_[n]));
      ASSERT_TRUE(refused(m, n, proof, roots_[m], roots_[n - 1]));
      ASSERT_TRUE(refused(m, n, {}, roots_[m], roots_[n]));
      Proof longer = proof;
      longer.push_back(roots_[n]);
      ASSERT_TRUE(refused(m, n, longer, roots_[m], roots_[n]));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        Proof changed = proof;
        changed[i][0] ^= std::byte{0x80};
        ASSERT_TRUE(refused(m, n, changed, roots_[m], roots_[n]));
        Proof shorter = proof;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        ASSERT_TRUE(refused(m, n, shorter, roots_[m], roots_[n]));
      }
    }
}

TEST(MerkleProof, SizesBeyondTheLimitAndProofsLongerThanAnyTreeAreRefused) {
  const Digest leaf = leaf_hash(vault::as_bytes("leaf"));
  EXPECT_EQ(verify_inclusion(leaf, LeafIndex{0}, TreeSize{kMaxTreeSize + 1}, {}, leaf).code(), Errc::tampered);
  const Proof long_proof(kMaxProofHashes + 1, leaf);
  EXPECT_EQ(verify_inclusion(leaf, LeafIndex{0}, TreeSize{kMaxTreeSize}, long_proof, leaf).code(), Errc::tampered);
  EXPECT_EQ(verify_consistency(TreeSize{1}, TreeSize{kMaxTreeSize}, long_proof, leaf, leaf).code(), Errc::tampered);
  // The deepest tree needs 63 hashes, which the test folds by hand.
  const Proof deepest(63, leaf);
  Digest root = leaf;
  for (const Digest& sibling : deepest) root = node_hash(root, sibling);
  EXPECT_TRUE(verify_inclusion(leaf, LeafIndex{0}, TreeSize{kMaxTreeSize}, deepest, root));
}

TEST_F(ModelTree, ProofsOutsideTheTreeAreInvalidArguments) {
  EXPECT_EQ(inclusion_proof(tree_.reader(), LeafIndex{5}, TreeSize{5}).code(), Errc::invalid_argument);
  EXPECT_EQ(inclusion_proof(tree_.reader(), LeafIndex{0}, TreeSize{kMaxTreeSize + 1}).code(), Errc::invalid_argument);
  EXPECT_EQ(consistency_proof(tree_.reader(), TreeSize{0}, TreeSize{5}).code(), Errc::invalid_argument);
  EXPECT_EQ(consistency_proof(tree_.reader(), TreeSize{6}, TreeSize{5}).code(), Errc::invalid_argument);
  EXPECT_EQ(root_at(tree_.reader(), TreeSize{kMaxTreeSize + 1}).code(), Errc::invalid_argument);
}

TEST_F(ModelTree, AMissingNodeIsReported) {
  tree_.nodes().erase(NodeId{1, 64});
  EXPECT_TRUE(root_at(tree_.reader(), TreeSize{128}));
  EXPECT_EQ(root_at(tree_.reader(), TreeSize{130}).code(), Errc::not_found);
  EXPECT_EQ(inclusion_proof(tree_.reader(), LeafIndex{0}, TreeSize{130}).code(), Errc::not_found);
}

}  // namespace
}  // namespace audit
