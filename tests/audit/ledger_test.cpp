#include "audit/ledger.h"

#include "audit/index.h"
#include "audit/rows.h"
#include "tests/audit/ledger_fixture.h"
#include "tests/audit/slow_tree.h"
#include "vault/crypto/hash.h"

namespace audit {
namespace {

using test::EngineKind;
using test::kOrigin;
using test::LedgerFixture;
using vault::engine::WriteTransaction;

class LedgerOnEveryEngine : public ::testing::TestWithParam<EngineKind>, public LedgerFixture {
 protected:
  LedgerOnEveryEngine() : LedgerFixture(GetParam()) {}

  std::vector<Bytes> envelopes() {
    const auto txn = read();
    std::vector<Bytes> all;
    for (LeafIndex seq; seq < LeafIndex{ledger().size(*txn)->value}; ++seq.value)
      all.push_back(*ledger().envelope_bytes(*txn, seq));
    return all;
  }
  std::uint64_t rows() {
    const auto txn = read();
    const LedgerTables& tables = ledger().tables();
    return *txn->count(tables.envelopes) + *txn->count(tables.tree) + *tables.bodies.count(*txn) +
           *tables.checkpoints.count(*txn) + *tables.chains.count(*txn);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, LedgerOnEveryEngine, ::testing::Values(EngineKind::memory, EngineKind::lmdb),
                         [](const auto& kind) { return kind.param == EngineKind::memory ? "Memory" : "Lmdb"; });

TEST_P(LedgerOnEveryEngine, EntriesAreNumberedInTheLedgerAndInTheirChain) {
  const auto txn = write();
  const Envelope first = *ledger().append(*txn, std::nullopt, time_of(0), body_of(0));
  const Envelope other = *ledger().append(*txn, std::nullopt, time_of(0), body_of(1));
  const Envelope second = *ledger().append(*txn, even, time_of(1), body_of(2));
  // The heads of a tree with one leaf, and with two.
  const Digest even_at_0 = head_leaf({even, 0, {0}});
  const Digest even_at_2 = head_leaf({even, 1, {2}});
  const Digest odd_at_1 = head_leaf({odd, 0, {1}});
  EXPECT_EQ(first, (Envelope{LeafIndex{0}, time_of(0), even, 0, std::nullopt, heads_digest(1, even_at_0),
                             vault::crypto::sha256(body_of(0))}));
  EXPECT_EQ(other, (Envelope{LeafIndex{1}, time_of(0), odd, 0, std::nullopt,
                             heads_digest(2, node_hash(even_at_0, odd_at_1)), vault::crypto::sha256(body_of(1))}));
  EXPECT_EQ(second, (Envelope{LeafIndex{2}, time_of(1), even, 1, leaf_hash(encode_envelope(first)),
                              heads_digest(2, node_hash(even_at_2, odd_at_1)), vault::crypto::sha256(body_of(2))}));
  ASSERT_TRUE(txn->commit());
  const auto later = read();
  EXPECT_EQ(*ledger().size(*later), TreeSize{3});
  EXPECT_EQ(*ledger().envelope(*later, LeafIndex{2}), second);
  EXPECT_EQ(*ledger().envelope_bytes(*later, LeafIndex{2}), encode_envelope(second));
  EXPECT_EQ(*ledger().body(*later, LeafIndex{2}), body_of(2));
  EXPECT_EQ(ledger().envelope(*later, LeafIndex{3}).code(), Errc::not_found);
}

TEST_P(LedgerOnEveryEngine, AnAbortedTransactionLeavesNothing) {
  fill(5);
  const std::uint64_t before = rows();
  {
    const auto txn = write();
    ASSERT_TRUE(ledger().append(*txn, even, time_of(9), body_of(5)));
    ASSERT_TRUE(ledger().append(*txn, std::nullopt, time_of(9), body_of(6)));
    ASSERT_TRUE(ledger().sign(*txn, log_key, kOrigin));
  }
  EXPECT_EQ(rows(), before);
  const auto txn = write();
  EXPECT_EQ(*ledger().size(*txn), TreeSize{5});
  const auto next = ledger().append(*txn, even, time_of(5), body_of(5));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->seq, LeafIndex{5});
  EXPECT_EQ(next->n, 3U);
}

TEST_P(LedgerOnEveryEngine, WhatWasCommittedGoesOnAfterReopening) {
  if (GetParam() == EngineKind::memory) GTEST_SKIP() << "nothing survives the memory engine";
  fill(3);
  const std::vector<Bytes> before = envelopes();
  reopen();
  EXPECT_EQ(envelopes(), before);
  fill(2);
  const auto txn = read();
  EXPECT_EQ(*ledger().size(*txn), TreeSize{5});
  EXPECT_EQ(*ledger().root(*txn, TreeSize{5}), slow_root(envelopes()));
}

TEST_P(LedgerOnEveryEngine, ProofsAtEverySizeAgreeWithTheSlowTree) {
  fill(21);
  const std::vector<Bytes> leaves = envelopes();
  const auto txn = read();
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const Leaves first = Leaves(leaves).first(size);
    ASSERT_EQ(*ledger().root(*txn, TreeSize{size}), slow_root(first));
    for (std::size_t m = 0; m < size; ++m)
      ASSERT_EQ(*ledger().inclusion(*txn, LeafIndex{m}, TreeSize{size}), slow_path(m, first));
    for (std::size_t m = 1; m <= size; ++m)
      ASSERT_EQ(*ledger().consistency(*txn, TreeSize{m}, TreeSize{size}), slow_subproof(m, first, true));
  }
  EXPECT_EQ(ledger().root(*txn, TreeSize{22}).code(), Errc::invalid_argument);
  EXPECT_EQ(ledger().inclusion(*txn, LeafIndex{0}, TreeSize{22}).code(), Errc::invalid_argument);
  EXPECT_EQ(ledger().consistency(*txn, TreeSize{1}, TreeSize{22}).code(), Errc::invalid_argument);
}

TEST_P(LedgerOnEveryEngine, AnEntryOlderThanTheLastOfAnyChainIsAConflict) {
  fill(2);
  const auto txn = write();
  EXPECT_EQ(ledger().append(*txn, even, {time_of(1).unix_ms - 1}, body_of(2)).code(), Errc::conflict);
  EXPECT_TRUE(ledger().append(*txn, even, time_of(1), body_of(2)));
}

TEST_P(LedgerOnEveryEngine, ABodyFillsItsLimitAndNoMore) {
  const auto txn = write();
  EXPECT_EQ(ledger().append(*txn, std::nullopt, time_of(0), Bytes(kMaxBodyBytes + 1, std::byte{'x'})).code(),
            Errc::too_large);
  EXPECT_TRUE(ledger().append(*txn, std::nullopt, time_of(0), Bytes(kMaxBodyBytes, std::byte{'x'})));
}

TEST_P(LedgerOnEveryEngine, ABodyIsTextWithoutControlCharacters) {
  const auto txn = write();
  EXPECT_EQ(ledger().append(*txn, std::nullopt, time_of(0), vault::as_bytes("\xff")).code(), Errc::invalid_argument);
  EXPECT_EQ(ledger().append(*txn, std::nullopt, time_of(0), vault::as_bytes("{\n}")).code(), Errc::invalid_argument);
  EXPECT_TRUE(ledger().append(*txn, std::nullopt, time_of(0), vault::as_bytes("{\"name\":\"\u00e9\"}")));
}

TEST_P(LedgerOnEveryEngine, TimesThatHaveNoTextAreInvalid) {
  const auto txn = write();
  EXPECT_EQ(ledger().append(*txn, std::nullopt, {-1}, body_of(0)).code(), Errc::invalid_argument);
  EXPECT_EQ(ledger().append(*txn, std::nullopt, {253'402'300'800'000}, body_of(0)).code(), Errc::invalid_argument);
  EXPECT_TRUE(ledger().append(*txn, std::nullopt, {0}, body_of(0)));
  EXPECT_TRUE(ledger().append(*txn, std::nullopt, {253'402'300'799'999}, body_of(0)));
}

TEST_P(LedgerOnEveryEngine, AChainIsReadInPages) {
  fill(9);
  const auto txn = read();
  EXPECT_EQ(*ledger().chain_length(*txn, even), 5U);
  EXPECT_EQ(*ledger().chain_length(*txn, odd), 4U);
  EXPECT_EQ(*ledger().chain_length(*txn, ChainNumber{2}), 0U);
  EXPECT_EQ(*ledger().chains(*txn), 2U);
  using Seqs = std::vector<LeafIndex>;
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 0, 2), (Seqs{{0}, {2}}));
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 2, 2), (Seqs{{4}, {6}}));
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 4, 2), (Seqs{{8}}));
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 5, 2), Seqs{});
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 0, 0), Seqs{});
  EXPECT_EQ(*ledger().chain_entries(*txn, odd, 0, 99), (Seqs{{1}, {3}, {5}, {7}}));
}

TEST_P(LedgerOnEveryEngine, ChainsAreRebuiltFromTheEnvelopes) {
  fill(7);
  commit([&](WriteTransaction& txn) {
    vault::keyring::SealedTable chains = ledger().tables().chains;
    ASSERT_TRUE(chains.clear(txn));
    ASSERT_TRUE(chains.put(txn, chain_row(even, 100), number_row(0)));
    ASSERT_TRUE(ledger().rebuild_chains(txn));
  });
  const auto txn = read();
  EXPECT_EQ(*ledger().chain_entries(*txn, even, 0, 9), (std::vector<LeafIndex>{{0}, {2}, {4}, {6}}));
  EXPECT_EQ(*ledger().tables().chains.count(*txn), 7U);
}

TEST_P(LedgerOnEveryEngine, ASizeIsSignedOnce) {
  fill(3);
  const auto txn = write();
  const auto kept = *ledger().latest_checkpoint(*txn);
  const auto again = ledger().sign(*txn, log_key, kOrigin);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->note, kept->note);
  EXPECT_EQ(*ledger().tables().checkpoints.count(*txn), 1U);
  ASSERT_TRUE(ledger().append(*txn, even, time_of(3), body_of(3)));
  const auto next = ledger().sign(*txn, log_key, kOrigin);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->checkpoint.size, TreeSize{4});
  EXPECT_EQ((*ledger().checkpoint_at(*txn, TreeSize{3}))->note, kept->note);
  EXPECT_EQ((*ledger().latest_checkpoint(*txn))->note, next->note);
}

TEST_P(LedgerOnEveryEngine, AnEmptyLedgerCanBeSigned) {
  const auto txn = write();
  EXPECT_FALSE(*ledger().latest_checkpoint(*txn));
  const auto made = ledger().sign(*txn, log_key, kOrigin);
  ASSERT_TRUE(made);
  EXPECT_TRUE(verify_checkpoint(made->note, kOrigin, log_key.verify_key()));
}

TEST_P(LedgerOnEveryEngine, ARewrittenTreeIsNotSigned) {
  fill(4);
  const auto txn = write();
  ASSERT_TRUE(txn->put(ledger().tables().tree, node_row(NodeId{2, 0}), Bytes(32)));
  ASSERT_TRUE(ledger().append(*txn, even, time_of(4), body_of(4)));
  EXPECT_EQ(ledger().sign(*txn, log_key, kOrigin).code(), Errc::tampered);
}

TEST_P(LedgerOnEveryEngine, AnotherRootForASignedSizeIsNotSigned) {
  fill(4);
  const auto txn = write();
  ASSERT_TRUE(txn->put(ledger().tables().tree, node_row(NodeId{2, 0}), Bytes(32)));
  EXPECT_EQ(ledger().sign(*txn, log_key, kOrigin).code(), Errc::tampered);
}

TEST_P(LedgerOnEveryEngine, AShortenedLedgerIsNotSigned) {
  fill(4);
  const auto txn = write();
  ASSERT_TRUE(txn->erase(ledger().tables().envelopes, number_row(3)));
  EXPECT_EQ(ledger().sign(*txn, log_key, kOrigin).code(), Errc::tampered);
}

TEST_P(LedgerOnEveryEngine, AnotherOriginIsNotSigned) {
  fill(1);
  const auto txn = write();
  EXPECT_EQ(ledger().sign(*txn, log_key, "elsewhere.example/ledger").code(), Errc::tampered);
}

TEST_P(LedgerOnEveryEngine, AlteredEnvelopesAndBodiesAreTamperedAndNeverAbsent) {
  fill(4);
  const auto txn = write();
  const LedgerTables& tables = ledger().tables();
  Envelope altered = *ledger().envelope(*txn, LeafIndex{1});
  ++altered.time.unix_ms;
  ASSERT_TRUE(txn->put(tables.envelopes, number_row(1), encode_envelope(altered)));
  EXPECT_EQ(ledger().envelope(*txn, LeafIndex{1}).code(), Errc::tampered);
  vault::keyring::SealedTable bodies = tables.bodies;
  ASSERT_TRUE(bodies.put(*txn, number_row(2), body_of(3)));
  EXPECT_EQ(ledger().body(*txn, LeafIndex{2}).code(), Errc::tampered);
  ASSERT_TRUE(txn->erase(tables.bodies.table(), number_row(3)));
  EXPECT_EQ(ledger().body(*txn, LeafIndex{3}).code(), Errc::tampered);
  ASSERT_TRUE(txn->erase(tables.envelopes, number_row(0)));
  EXPECT_EQ(ledger().envelope(*txn, LeafIndex{0}).code(), Errc::tampered);
  EXPECT_EQ(ledger().envelope(*txn, LeafIndex{4}).code(), Errc::not_found);
}

TEST_P(LedgerOnEveryEngine, ReceiptsVerifyUnderTheLatestCheckpoint) {
  fill(6);
  fill(5);
  const auto txn = read();
  const std::vector<LeafIndex> seqs{{2}, {7}, {10}};
  const auto receipt = ledger().receipt(*txn, seqs);
  ASSERT_TRUE(receipt);
  const auto verified = verify_receipt(*receipt, kOrigin, log_key.verify_key());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->checkpoint.checkpoint.size, TreeSize{11});
  EXPECT_EQ(verified->envelopes[1], *ledger().envelope(*txn, LeafIndex{7}));
  EXPECT_EQ(receipt->entries[1].body, body_of(7));
}

TEST_P(LedgerOnEveryEngine, AReceiptIsForSignedEntriesEachOnceAscending) {
  fill(3);
  const auto txn = write();
  ASSERT_TRUE(ledger().append(*txn, even, time_of(3), body_of(3)));
  using Seqs = std::vector<LeafIndex>;
  for (const Seqs& seqs : {Seqs{}, Seqs{{3}}, Seqs{{1}, {1}}, Seqs{{2}, {1}}})
    EXPECT_EQ(ledger().receipt(*txn, seqs).code(), Errc::invalid_argument);
  EXPECT_TRUE(ledger().receipt(*txn, Seqs{{0}, {1}, {2}}));
}

TEST_P(LedgerOnEveryEngine, AReceiptHasAsManyEntriesAsItsLimit) {
  fill(kMaxReceiptEntries + 1);
  const auto txn = read();
  std::vector<LeafIndex> seqs;
  for (std::uint64_t seq = 0; seq <= kMaxReceiptEntries; ++seq) seqs.push_back(LeafIndex{seq});
  EXPECT_EQ(ledger().receipt(*txn, seqs).code(), Errc::invalid_argument);
  EXPECT_EQ(ledger().receipt_page(*txn, seqs)->entries.size(), kMaxReceiptEntries);
  seqs.pop_back();
  EXPECT_EQ(ledger().receipt(*txn, seqs)->entries.size(), kMaxReceiptEntries);
}

TEST_P(LedgerOnEveryEngine, BodiesBeyondTheLimitOfAReceiptAreTooLarge) {
  commit([&](WriteTransaction& txn) {
    for (std::uint64_t seq = 0; seq < 3; ++seq)
      ASSERT_TRUE(ledger().append(txn, std::nullopt, time_of(seq), Bytes(kMaxReceiptBodies / 2, std::byte{'"'})));
    ASSERT_TRUE(ledger().sign(txn, log_key, kOrigin));
  });
  const auto txn = read();
  const auto receipt = ledger().receipt(*txn, std::vector<LeafIndex>{{0}, {1}});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(*decode_receipt(encode_receipt(*receipt)), *receipt);
  EXPECT_EQ(ledger().receipt(*txn, std::vector<LeafIndex>{{0}, {1}, {2}}).code(), Errc::too_large);
  EXPECT_EQ(*ledger().receipt_page(*txn, std::vector<LeafIndex>{{0}, {1}, {2}}), *receipt);
}

TEST_P(LedgerOnEveryEngine, UpdatesLeadFromAnyKnownSizeToTheLatestCheckpoint) {
  EXPECT_EQ(ledger().update(*read(), TreeSize{0}).code(), Errc::not_found);
  std::vector<std::optional<Checkpoint>> kept{std::nullopt};
  for (const std::uint64_t count : {1U, 2U, 5U, 1U}) {
    fill(count);
    const auto txn = read();
    for (const auto& one : kept) {
      const auto update = ledger().update(*txn, one ? one->size : TreeSize{0});
      ASSERT_TRUE(update);
      const auto verified = verify_update(*update, one, kOrigin, log_key.verify_key());
      ASSERT_TRUE(verified) << verified.error().message;
      EXPECT_EQ(verified->checkpoint.size, *ledger().size(*txn));
    }
    kept.push_back((*ledger().latest_checkpoint(*txn))->checkpoint);
  }
}

TEST_P(LedgerOnEveryEngine, AClientWhoKnowsMoreFindsThatTheLedgerWentBackwards) {
  fill(3);
  const Checkpoint known{std::string(kOrigin), TreeSize{4}, Digest{}, {}};
  const auto update = ledger().update(*read(), known.size);
  ASSERT_TRUE(update);
  const auto verdict = verify_update(*update, known, kOrigin, log_key.verify_key());
  EXPECT_EQ(verdict.code(), Errc::tampered);
  EXPECT_EQ(verdict.error().message, kLedgerWentBackwards);
}

TEST_P(LedgerOnEveryEngine, TheIndexFindsTheEntriesOfAnIdFromAnyPlace) {
  Index index = *Index::open(engine(), sealer());
  const auto txn = write();
  for (const std::uint64_t seq : {3U, 1U, 300U, 3U}) ASSERT_TRUE(index.put(*txn, "case", "a", LeafIndex{seq}));
  ASSERT_TRUE(index.put(*txn, "case", "ab", LeafIndex{2}));
  ASSERT_TRUE(index.put(*txn, "person", "a", LeafIndex{2}));
  const auto found = [&](LeafIndex from) {
    std::vector<LeafIndex> seqs;
    EXPECT_TRUE(index.scan(*txn, "case", "a", from, [&](LeafIndex seq) {
      seqs.push_back(seq);
      return true;
    }));
    return seqs;
  };
  using Seqs = std::vector<LeafIndex>;
  EXPECT_EQ(found(LeafIndex{0}), (Seqs{{1}, {3}, {300}}));
  EXPECT_EQ(found(LeafIndex{2}), (Seqs{{3}, {300}}));
  EXPECT_EQ(found(LeafIndex{301}), Seqs{});
  ASSERT_TRUE(index.clear(*txn));
  EXPECT_EQ(found(LeafIndex{0}), Seqs{});
}

TEST_P(LedgerOnEveryEngine, FieldsAndIdsOfTheIndexHaveLimits) {
  Index index = *Index::open(engine(), sealer());
  const auto txn = write();
  const auto put = [&](std::string_view field, std::string_view id) {
    const auto done = index.put(*txn, field, id, LeafIndex{0});
    return done ? std::nullopt : std::optional(done.code());
  };
  EXPECT_EQ(put(std::string(kMaxFieldBytes, 'f'), std::string(kMaxIndexedIdBytes, 'i')), std::nullopt);
  EXPECT_EQ(put(std::string(kMaxFieldBytes + 1, 'f'), "i"), Errc::invalid_argument);
  EXPECT_EQ(put("f", std::string(kMaxIndexedIdBytes + 1, 'i')), Errc::invalid_argument);
  EXPECT_EQ(put("", "i"), Errc::invalid_argument);
  EXPECT_EQ(put("f", ""), Errc::invalid_argument);
  EXPECT_EQ(put("f", std::string_view("i\0j", 3)), Errc::invalid_argument);
}

}  // namespace
}  // namespace audit
