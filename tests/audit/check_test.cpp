#include "audit/check.h"

#include "audit/rows.h"
#include "tests/audit/ledger_fixture.h"
#include "vault/crypto/hash.h"

namespace audit {
namespace {

using test::EngineKind;
using test::kOrigin;
using vault::engine::Table;
using vault::engine::WriteTransaction;
using vault::keyring::SealedTable;

constexpr std::uint64_t kEntries = 27;  // perfect subtrees of 16, 8, 2 and 1 leaves

class CheckOnEveryEngine : public ::testing::TestWithParam<EngineKind>, public test::LedgerFixture {
 protected:
  CheckOnEveryEngine() : LedgerFixture(GetParam()) {
    for (const std::uint64_t batch : {1U, 4U, 12U, 10U}) fill(batch);
  }
  LedgerReport check() { return *check_ledger(*read(), ledger(), kOrigin, log_key.verify_key()); }
  std::vector<std::string> named() {
    std::vector<std::string> values;
    for (const Finding& finding : check().findings) values.push_back(finding.value);
    return values;
  }
  using Names = std::vector<std::string>;

  // Changes one bit of a stored value, sealed or not.
  void flip(Table table, const Bytes& key, std::size_t at = 0) {
    commit([&](WriteTransaction& txn) {
      Bytes value = vault::to_bytes(**txn.get(table, key));
      value[at] ^= std::byte{1};
      ASSERT_TRUE(txn.put(table, key, value));
    });
  }
  void erase(Table table, const Bytes& key) {
    commit([&](WriteTransaction& txn) { ASSERT_TRUE(*txn.erase(table, key)); });
  }
  void put(Table table, const Bytes& key, ByteView value) {
    commit([&](WriteTransaction& txn) { ASSERT_TRUE(txn.put(table, key, value)); });
  }
  // Puts a value as somebody with the vault key can.
  void put(SealedTable table, const Bytes& key, ByteView value) {
    commit([&](WriteTransaction& txn) { ASSERT_TRUE(table.put(txn, key, value)); });
  }
  const LedgerTables& tables() { return ledger().tables(); }
  std::string chain_row_name(ChainNumber chain, std::uint64_t n) {
    return "chain row " + std::to_string(chain.value) + "/" + std::to_string(n);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, CheckOnEveryEngine, ::testing::Values(EngineKind::memory, EngineKind::lmdb),
                         [](const auto& kind) { return kind.param == EngineKind::memory ? "Memory" : "Lmdb"; });

TEST_P(CheckOnEveryEngine, ASoundLedgerHasNoFindings) {
  const LedgerReport report = check();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.size, TreeSize{kEntries});
  EXPECT_EQ(report.checkpoints, 4U);
  EXPECT_EQ(report.root, *ledger().root(*read(), TreeSize{kEntries}));
}

TEST_P(CheckOnEveryEngine, AnAlteredBodyIsNamed) {
  flip(tables().bodies.table(), number_row(17), 40);
  EXPECT_EQ(named(), Names{"body of entry 17"});
}

TEST_P(CheckOnEveryEngine, AnotherBodyUnderTheVaultKeyIsNamed) {
  put(tables().bodies, number_row(17), body_of(18));
  EXPECT_EQ(named(), Names{"body of entry 17"});
}

TEST_P(CheckOnEveryEngine, AMissingBodyIsNamed) {
  erase(tables().bodies.table(), number_row(26));
  EXPECT_EQ(named(), Names{"body of entry 26"});
}

TEST_P(CheckOnEveryEngine, AnAlteredEnvelopeIsNamedWhereverItStands) {
  for (std::uint64_t seq = 0; seq < kEntries; ++seq) {
    const Bytes before = *ledger().envelope_bytes(*read(), LeafIndex{seq});
    Envelope altered = *decode_envelope(before);
    altered.time.unix_ms += 1;
    put(tables().envelopes, number_row(seq), encode_envelope(altered));
    EXPECT_EQ(named(), Names{"envelope of entry " + std::to_string(seq)});
    put(tables().envelopes, number_row(seq), vault::as_bytes("not an envelope"));
    EXPECT_EQ(named(), Names{"envelope of entry " + std::to_string(seq)});
    put(tables().envelopes, number_row(seq), before);
  }
}

TEST_P(CheckOnEveryEngine, AMissingEnvelopeIsNamed) {
  erase(tables().envelopes, number_row(9));
  EXPECT_EQ(named(), Names{"envelope of entry 9"});
}

TEST_P(CheckOnEveryEngine, AnAlteredOrMissingTreeNodeIsNamedWhereverItStands) {
  for (std::uint8_t level = 0; kEntries >> level != 0; ++level)
    for (std::uint64_t index = 0; index < kEntries >> level; ++index) {
      const NodeId id{level, index};
      const Digest before = *ledger().nodes(*read())(id);
      flip(tables().tree, node_row(id), 31);
      EXPECT_EQ(named(), Names{"tree node " + to_string(id)});
      put(tables().tree, node_row(id), vault::as_bytes("short"));
      EXPECT_EQ(named(), Names{"tree node " + to_string(id)});
      erase(tables().tree, node_row(id));
      EXPECT_EQ(named(), Names{"tree node " + to_string(id)});
      put(tables().tree, node_row(id), before);
    }
  EXPECT_EQ(named(), Names{});
}

TEST_P(CheckOnEveryEngine, AnEntryRewrittenWithItsLeafHashIsFoundInTheTree) {
  Envelope altered = *ledger().envelope(*read(), LeafIndex{8});
  altered.time.unix_ms += 1;
  const Bytes bytes = encode_envelope(altered);
  put(tables().envelopes, number_row(8), bytes);
  put(tables().tree, node_row(NodeId{0, 8}), leaf_hash(bytes));
  // The next entry of its chain names the hash of the entry as it was.
  EXPECT_EQ(named(), (Names{"tree node 1/4", "envelope of entry 10"}));
}

TEST_P(CheckOnEveryEngine, AnEntryRewrittenWithTheWholeTreeIsFoundByTheCheckpointsThatCoverIt) {
  Envelope altered = *ledger().envelope(*read(), LeafIndex{8});
  altered.time.unix_ms += 1;
  put(tables().envelopes, number_row(8), encode_envelope(altered));
  commit([&](WriteTransaction& txn) {
    for (std::uint64_t seq = 0; seq < kEntries; ++seq) {
      const Bytes envelope = vault::to_bytes(**txn.get(tables().envelopes, number_row(seq)));
      const auto nodes = complete_nodes(ledger().nodes(txn), LeafIndex{seq}, leaf_hash(envelope));
      for (const Node& node : *nodes) ASSERT_TRUE(txn.put(tables().tree, node_row(node.id), node.hash));
    }
  });
  EXPECT_EQ(named(), (Names{"envelope of entry 10", "checkpoint of size 17", "checkpoint of size 27"}));
}

TEST_P(CheckOnEveryEngine, AChainRowAlteredMissingOrInventedIsNamed) {
  flip(tables().chains.table(), chain_row(even, 3), 50);
  EXPECT_EQ(named(), Names{chain_row_name(even, 3)});
  put(tables().chains, chain_row(even, 3), number_row(8));
  EXPECT_EQ(named(), Names{chain_row_name(even, 3)});
  put(tables().chains, chain_row(even, 3), number_row(6));
  put(tables().chains, chain_row(even, 14), number_row(6));
  EXPECT_EQ(named(), Names{chain_row_name(even, 14)});
  erase(tables().chains.table(), chain_row(even, 14));
  erase(tables().chains.table(), chain_row(odd, 0));
  EXPECT_EQ(named(), Names{chain_row_name(odd, 0)});
}

TEST_P(CheckOnEveryEngine, ARowOfTheHeadsAlteredMissingOrInventedIsNamed) {
  const Bytes row = vault::to_bytes(**read()->get(tables().heads, heads_row({0, 0})));
  Bytes altered = row;
  altered[40] ^= std::byte{1};
  put(tables().heads, heads_row({0, 0}), altered);
  EXPECT_EQ(named(), Names{"chain heads 0/0"});
  erase(tables().heads, heads_row({0, 0}));
  EXPECT_EQ(named(), Names{"chain heads 0/0"});
  put(tables().heads, heads_row({0, 0}), row);
  put(tables().heads, heads_row({0, 7}), row);
  EXPECT_EQ(named(), Names{"chain heads"});
  erase(tables().heads, heads_row({0, 7}));
  EXPECT_EQ(named(), Names{});
}

// Somebody with the log's key appends an entry that leaves another one out of the heads.
TEST_P(CheckOnEveryEngine, HeadsThatLeaveAnEntryOutAreNamed) {
  commit([&](WriteTransaction& txn) {
    Envelope forged = *ledger().append(txn, odd, time_of(kEntries), body_of(kEntries));
    forged.heads = heads_digest(2, node_hash(head_leaf({even, 12, {24}}), head_leaf({odd, 13, {27}})));
    const Bytes bytes = encode_envelope(forged);
    ASSERT_TRUE(txn.put(tables().envelopes, number_row(kEntries), bytes));
    const auto nodes = complete_nodes(ledger().nodes(txn), LeafIndex{kEntries}, leaf_hash(bytes));
    for (const Node& node : *nodes) ASSERT_TRUE(txn.put(tables().tree, node_row(node.id), node.hash));
    ASSERT_TRUE(ledger().sign(txn, log_key, kOrigin));
  });
  EXPECT_EQ(named(), Names{"envelope of entry 27"});
}

TEST_P(CheckOnEveryEngine, ACheckpointAlteredMissingOrOfAnotherKeyIsNamed) {
  flip(tables().checkpoints.table(), number_row(5), 60);
  EXPECT_EQ(named(), Names{"checkpoint of size 5"});
  const auto stranger = vault::crypto::SigningKey::generate();
  const Checkpoint genuine{std::string(kOrigin), TreeSize{5}, *ledger().root(*read(), TreeSize{5}), {}};
  put(tables().checkpoints, number_row(5), vault::as_bytes(sign_checkpoint(genuine, stranger)->note));
  EXPECT_EQ(named(), Names{"checkpoint of size 5"});
  put(tables().checkpoints, number_row(5), vault::as_bytes(sign_checkpoint(genuine, log_key)->note));
  EXPECT_EQ(named(), Names{});
  erase(tables().checkpoints.table(), number_row(kEntries));
  EXPECT_EQ(named(), Names{"checkpoint of size 27"});
}

TEST_P(CheckOnEveryEngine, AShortenedLedgerIsFoundByTheCheckpointThatRemembers) {
  commit([&](WriteTransaction& txn) {
    ASSERT_TRUE(*txn.erase(tables().envelopes, number_row(26)));
    ASSERT_TRUE(*txn.erase(tables().bodies.table(), number_row(26)));
    ASSERT_TRUE(*txn.erase(tables().tree, node_row(NodeId{0, 26})));
    ASSERT_TRUE(*txn.erase(tables().chains.table(), chain_row(even, 13)));
  });
  const Names names = named();
  EXPECT_EQ(names, (Names{"checkpoint of size 26", "chain heads 0/0", "chain heads 1/0", "checkpoint of size 27"}));
}

TEST_P(CheckOnEveryEngine, RowsOfNoEntryAreNamed) {
  put(tables().bodies, number_row(99), body_of(0));
  put(tables().tree, node_row(NodeId{3, 3}), Digest{});
  put(tables().tree, node_row(NodeId{200, 0}), Digest{});
  put(tables().tree, vault::to_bytes("odd"), Digest{});
  put(tables().checkpoints, vault::to_bytes("odd"), vault::as_bytes("note"));
  put(tables().chains, vault::to_bytes("odd"), number_row(0));
  put(tables().envelopes, vault::to_bytes("odd"), vault::as_bytes("envelope"));
  EXPECT_EQ(named(), (Names{"envelope under the key 6f6464", "checkpoint under the key 6f6464", "body of entry 99",
                            "tree node 3/3", "tree node under the key 6f6464", "tree node 200/0",
                            "chain row under the key 6f6464"}));
}

TEST_P(CheckOnEveryEngine, SeveralFaultsAreAllNamed) {
  flip(tables().bodies.table(), number_row(2), 40);
  flip(tables().envelopes, number_row(11), 9);
  flip(tables().tree, node_row(NodeId{2, 4}));
  flip(tables().checkpoints.table(), number_row(17), 60);
  EXPECT_EQ(named(), (Names{"body of entry 2", "envelope of entry 11", "checkpoint of size 17", "tree node 2/4"}));
}

TEST_P(CheckOnEveryEngine, AnEntryFarBeyondTheEndIsFoundAtOnce) {
  Envelope far = *ledger().envelope(*read(), LeafIndex{2});
  far.seq = LeafIndex{kMaxSeq};
  put(tables().envelopes, number_row(kMaxSeq), encode_envelope(far));
  const Names names = named();
  ASSERT_GE(names.size(), 2U);
  EXPECT_EQ(names[0], "envelopes of entries 27 to 9007199254740990");
  EXPECT_EQ(names[1], "tree node 0/27");
}

TEST_P(CheckOnEveryEngine, FindingsBeyondTheLimitAreCounted) {
  commit([&](WriteTransaction& txn) {
    for (std::uint64_t i = 0; i < kMaxFindings + 5; ++i)
      ASSERT_TRUE(txn.put(tables().bodies.table(), number_row(1000 + i), {}));
  });
  const LedgerReport report = check();
  EXPECT_EQ(report.findings.size(), kMaxFindings);
  EXPECT_EQ(report.more_findings, 5U);
}

TEST_P(CheckOnEveryEngine, AnEntryThatFollowsNothingOfItsChainIsNamed) {
  // Somebody with the keys appends this entry, past the ledger's own rules.
  commit([&](WriteTransaction& txn) {
    const Envelope forged{
        LeafIndex{kEntries}, time_of(0), even, 14, Digest{}, Digest{}, vault::crypto::sha256(body_of(0))};
    const Bytes bytes = encode_envelope(forged);
    ASSERT_TRUE(txn.put(tables().envelopes, number_row(kEntries), bytes));
    SealedTable bodies = tables().bodies, chains = tables().chains;
    ASSERT_TRUE(bodies.put(txn, number_row(kEntries), body_of(0)));
    ASSERT_TRUE(chains.put(txn, chain_row(even, 14), number_row(kEntries)));
    const auto nodes = complete_nodes(ledger().nodes(txn), LeafIndex{kEntries}, leaf_hash(bytes));
    for (const Node& node : *nodes) ASSERT_TRUE(txn.put(tables().tree, node_row(node.id), node.hash));
    ASSERT_TRUE(ledger().sign(txn, log_key, kOrigin));
  });
  EXPECT_EQ(named(), (Names{"envelope of entry 27", "envelope of entry 27"}));
}

}  // namespace
}  // namespace audit
