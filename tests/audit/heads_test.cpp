#include "audit/heads.h"

#include <gtest/gtest.h>

#include "tests/audit/linked.h"
#include "vault/crypto/hash.h"

namespace audit {
namespace {

// The root as RFC 6962 defines it, from all leaves.
Digest root_of(const std::vector<ChainHead>& heads) {
  Frontier tree;
  for (const ChainHead& head : heads) tree.append(head_leaf(head));
  return tree.root();
}

TEST(HeadsTree, HasItsTextsAsTheFormatSaysThem) {
  EXPECT_EQ(head_leaf({{3}, 7, {42}}), leaf_hash(vault::as_bytes("strongroom/head/v1\n3 7 42\n")));
  const Digest root = head_leaf({{0}, 0, {0}});
  EXPECT_EQ(heads_digest(1, root),
            vault::crypto::sha256(vault::as_bytes("strongroom/heads/v1\n1\n" + vault::hex(root) + "\n")));
}

// Sizes on both sides of a row's border, and of the border of the row above.
TEST(HeadsTree, HasTheRootOfRfc6962WhateverChangesInIt) {
  HeadRowsInMemory rows;
  std::vector<ChainHead> heads;
  std::uint64_t seq = 0;
  for (std::uint64_t size = 1; size <= 300; ++size) {
    heads.push_back({{size - 1}, 0, {seq++}});
    ASSERT_EQ(*put_head(rows, heads.back(), size), root_of(heads)) << size;
    for (const std::uint64_t chain : {std::uint64_t{0}, size / 2, size * 7 % size, size - 1}) {
      heads[chain].n += 1;
      heads[chain].seq = {seq++};
      ASSERT_EQ(*put_head(rows, heads[chain], size), root_of(heads)) << size << " " << chain;
    }
  }
}

TEST(HeadsTree, ProvesEveryHeadAndNothingElse) {
  for (const std::uint64_t size : std::vector<std::uint64_t>{1, 2, 3, 15, 16, 17, 31, 33, 255, 256, 257, 273}) {
    HeadRowsInMemory rows;
    std::vector<ChainHead> heads;
    for (std::uint64_t chain = 0; chain < size; ++chain) {
      heads.push_back({{chain}, chain % 5, {100 + chain}});
      ASSERT_TRUE(put_head(rows, heads.back(), chain + 1));
    }
    const Digest digest = heads_digest(size, root_of(heads));
    for (const ChainHead& head : heads) {
      const HeadProof proof{head, size, *prove_head(rows, head.chain, size)};
      ASSERT_TRUE(verify_head(proof, digest)) << size << " " << head.chain.value;
      HeadProof other = proof;
      other.head.n += 1;
      EXPECT_EQ(verify_head(other, digest).code(), Errc::tampered);
      other = proof;
      other.head.seq.value -= 1;
      EXPECT_EQ(verify_head(other, digest).code(), Errc::tampered);
      other = proof;
      other.chains += 1;
      EXPECT_EQ(verify_head(other, digest).code(), Errc::tampered);
      other = proof;
      other.head.chain.value = (head.chain.value + 1) % size;  // the leaf must be at its chain's index
      if (size > 1) EXPECT_EQ(verify_head(other, digest).code(), Errc::tampered);
      other = proof;
      other.head.chain.value = size;
      EXPECT_EQ(verify_head(other, digest).code(), Errc::tampered);
      EXPECT_EQ(verify_head(proof, Digest{}).code(), Errc::tampered);
    }
    EXPECT_EQ(prove_head(rows, {size}, size).code(), Errc::invalid_argument);
    EXPECT_EQ(put_head(rows, {{size}, 0, {0}}, size).code(), Errc::invalid_argument);
  }
}

// --- a whole ledger -------------------------------------------------------------------------------------------------

class HeadsOfALedger : public ::testing::Test {
 protected:
  // Forty entries: a chain begins with every third, and the others continue one.
  HeadsOfALedger() {
    for (std::uint64_t seq = 0; seq < 40; ++seq) {
      const std::uint64_t chain = seq % 3 == 0 ? linked_.chains() : seq * 5 % linked_.chains();
      add(made(seq, chain));
    }
  }
  Envelope made(std::uint64_t seq, std::uint64_t chain) const {
    Envelope envelope;
    envelope.seq = {seq};
    envelope.chain = {chain};
    linked_.link(envelope);
    return envelope;
  }
  void add(const Envelope& envelope) {
    linked_.add(envelope);
    entries_.push_back(envelope);
  }
  static Result<void> next(HeadsVerifier& verifier, const Envelope& envelope) {
    return verifier.next(envelope, leaf_hash(encode_envelope(envelope)));
  }

  test::Linked linked_;
  std::vector<Envelope> entries_;
};

TEST_F(HeadsOfALedger, AreDerivedAgain) {
  HeadsVerifier verifier;
  for (const Envelope& entry : entries_) ASSERT_TRUE(next(verifier, entry)) << entry.seq.value;
  EXPECT_EQ(verifier.chains(), linked_.chains());
  const ChainHead last = verifier.head(entries_.back().chain);
  EXPECT_EQ(last.seq, entries_.back().seq);
  EXPECT_EQ(last.n, entries_.back().n);
}

// After a failure the verifier is as it was, so the right entry is still accepted.
TEST_F(HeadsOfALedger, AWrongPlaceOrWrongHeadsAreRefusedAndChangeNothing) {
  HeadsVerifier verifier;
  for (const Envelope& entry : entries_) {
    const auto refused = [&](auto change) {
      Envelope wrong = entry;
      change(wrong);
      EXPECT_EQ(next(verifier, wrong).code(), Errc::tampered) << entry.seq.value;
    };
    refused([](Envelope& e) { e.heads[0] ^= std::byte{1}; });
    refused([](Envelope& e) { e.n += 1; });
    refused([](Envelope& e) { e.chain.value += 1; });
    refused([](Envelope& e) { e.chain.value += 2; });
    refused([](Envelope& e) { e.seq.value += 1; });
    refused([](Envelope& e) { e.prev = e.prev ? std::optional<Digest>() : Digest{}; });
    if (entry.prev) refused([](Envelope& e) { (*e.prev)[31] ^= std::byte{1}; });
    // A chain that begins where this entry continues one, with the heads that would go with it.
    if (entry.n > 0) refused([&](Envelope& e) { e.heads = heads_digest(verifier.chains() + 1, Digest{}); });
    ASSERT_TRUE(next(verifier, entry)) << entry.seq.value;
  }
}

TEST_F(HeadsOfALedger, AnEntryLeftOutRepeatedOrExchangedIsRefused) {
  for (std::size_t at = 0; at + 1 < entries_.size(); ++at) {
    HeadsVerifier verifier;
    for (std::size_t i = 0; i < at; ++i) ASSERT_TRUE(next(verifier, entries_[i]));
    EXPECT_FALSE(next(verifier, entries_[at + 1])) << "without entry " << at;
    ASSERT_TRUE(next(verifier, entries_[at]));
    EXPECT_FALSE(next(verifier, entries_[at])) << "entry " << at << " twice";
  }
}

}  // namespace
}  // namespace audit
