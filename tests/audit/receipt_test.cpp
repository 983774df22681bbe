#include "audit/receipt.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "audit/chain.h"
#include "tests/audit/ledger_fixture.h"

namespace audit {
namespace {

using test::kOrigin;

class ReceiptTest : public ::testing::Test, public test::LedgerFixture {
 protected:
  ReceiptTest() {
    fill(9);
    receipt_ = *ledger().receipt(*read(), std::vector<LeafIndex>{{3}, {6}});
  }
  std::optional<Errc> verdict(const Receipt& receipt) const {
    const auto verified = verify_receipt(receipt, kOrigin, log_key.verify_key());
    return verified ? std::nullopt : std::optional(verified.code());
  }
  Receipt receipt_;
};

TEST_F(ReceiptTest, IsReadBackAsItWasWritten) {
  EXPECT_EQ(*decode_receipt(encode_receipt(receipt_)), receipt_);
  EXPECT_EQ(verdict(receipt_), std::nullopt);
}

TEST_F(ReceiptTest, OneChangeIsRefused) {
  const auto changed = [&](auto&& change) {
    Receipt receipt = receipt_;
    change(receipt);
    return verdict(receipt);
  };
  EXPECT_EQ(changed([](Receipt& r) { r.entries[0].index.value++; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[0].index.value = 9; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[0].envelope = r.entries[1].envelope; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[0].envelope[7] ^= std::byte{1}; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1].body[3] ^= std::byte{1}; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1].body.clear(); }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1].proof.pop_back(); }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1].proof.push_back({}); }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1].proof[0][0] ^= std::byte{1}; }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { r.checkpoint.replace(r.checkpoint.find("\n9\n"), 3, "\n8\n"); }), Errc::tampered);
  EXPECT_EQ(changed([](Receipt& r) { std::swap(r.entries[0], r.entries[1]); }), Errc::malformed);
  EXPECT_EQ(changed([](Receipt& r) { r.entries[1] = r.entries[0]; }), Errc::malformed);
  EXPECT_EQ(changed([](Receipt& r) { r.entries.clear(); }), Errc::malformed);
}

TEST_F(ReceiptTest, AnotherLogKeyOrOriginIsAWrongKey) {
  const auto stranger = vault::crypto::SigningKey::generate();
  EXPECT_EQ(verify_receipt(receipt_, kOrigin, stranger.verify_key()).code(), Errc::wrong_key);
  EXPECT_EQ(verify_receipt(receipt_, "elsewhere.example/ledger", log_key.verify_key()).code(), Errc::wrong_key);
}

TEST_F(ReceiptTest, MayBeVerifiedAgainstACheckpointThatWasVerifiedBefore) {
  const auto checkpoint = verify_checkpoint(receipt_.checkpoint, kOrigin, log_key.verify_key());
  ASSERT_TRUE(checkpoint);
  const auto verified = verify_receipt(receipt_, *checkpoint);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->envelopes.size(), 2U);
  Receipt altered = receipt_;
  altered.entries[1].body[3] ^= std::byte{1};
  EXPECT_EQ(verify_receipt(altered, *checkpoint).code(), Errc::tampered);
  altered.entries.clear();
  EXPECT_EQ(verify_receipt(altered, *checkpoint).code(), Errc::malformed);
  fill(1);
  const Receipt later = *ledger().receipt(*read(), std::vector<LeafIndex>{{3}});
  EXPECT_EQ(verify_receipt(later, *checkpoint).code(), Errc::conflict);
}

TEST_F(ReceiptTest, AnEnvelopeOfAnotherPlaceIsRefusedThoughTheLogSignedIt) {
  const Bytes envelope = encode_envelope({LeafIndex{1}, time_of(0), even, 0, {}, Digest{}});
  const Digest root = leaf_hash(envelope);
  const auto signed_ = sign_checkpoint({std::string(kOrigin), TreeSize{1}, root, {}}, log_key);
  EXPECT_EQ(verdict({signed_->note, {{LeafIndex{0}, envelope, {}, {}}}}), Errc::tampered);
}

TEST_F(ReceiptTest, AnotherSpellingIsMalformed) {
  const std::string text = encode_receipt(receipt_);
  const auto respelt = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return decode_receipt(changed).code();
  };
  EXPECT_EQ(respelt("{\"checkpoint\"", "{ \"checkpoint\""), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3", "\"index\":3.0"), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3", "\"index\":-3"), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3", "\"index\":9007199254740993"), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3", "\"index\":3,\"more\":1"), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3", "\"index\":3,\"index\":3"), Errc::malformed);
  EXPECT_EQ(respelt("\"index\":3,", ""), Errc::malformed);
  EXPECT_EQ(respelt("\"proof\":[\"", "\"proof\":[\"0"), Errc::malformed);
  EXPECT_EQ(decode_receipt(text + " ").code(), Errc::malformed);
  EXPECT_EQ(decode_receipt("").code(), Errc::malformed);
  EXPECT_EQ(decode_receipt("[[[[[[[[[[[[[[[[").code(), Errc::malformed);
}

TEST_F(ReceiptTest, PartsOfANewerAnswerAreReadWithoutWhatIsNotKnown) {
  boost::json::value value = to_json(receipt_);
  value.as_object()["more"] = true;
  EXPECT_EQ(*receipt_from_json(value), receipt_);
  value.as_object().erase("entries");
  EXPECT_EQ(receipt_from_json(value).code(), Errc::malformed);
}

TEST_F(ReceiptTest, LimitsAreInclusive) {
  EXPECT_EQ(decode_receipt(std::string(kMaxReceiptBytes + 1, ' ')).code(), Errc::too_large);
  EXPECT_EQ(decode_receipt(std::string(kMaxReceiptBytes, ' ')).code(), Errc::malformed);
  Receipt many{receipt_.checkpoint, std::vector<ReceiptEntry>(kMaxReceiptEntries)};
  EXPECT_TRUE(decode_receipt(encode_receipt(many)));
  many.entries.emplace_back();
  EXPECT_EQ(decode_receipt(encode_receipt(many)).code(), Errc::too_large);
  Receipt large{receipt_.checkpoint, std::vector<ReceiptEntry>(1)};
  large.entries[0].body = Bytes(kMaxBodyBytes, std::byte{'x'});
  large.entries[0].envelope = Bytes(kMaxEnvelopeBytes, std::byte{'x'});
  large.entries[0].proof.resize(kMaxProofHashes);
  EXPECT_TRUE(decode_receipt(encode_receipt(large)));
  large.entries[0].body.push_back(std::byte{'x'});
  EXPECT_EQ(decode_receipt(encode_receipt(large)).code(), Errc::too_large);
}

class UpdateTest : public ::testing::Test, public test::LedgerFixture {
 protected:
  UpdateTest() {
    fill(5);
    kept_ = (*ledger().latest_checkpoint(*read()))->checkpoint;
    fill(4);
    update_ = *ledger().update(*read(), kept_.size);
  }
  // Returns the verifier's complaint, or "" if it accepts the update.
  std::string verdict(const LogUpdate& update, const std::optional<Checkpoint>& kept) const {
    const auto verified = verify_update(update, kept, kOrigin, log_key.verify_key());
    return verified ? "" : verified.error().message;
  }
  LogUpdate signed_update(TreeSize size, const Digest& root) const {
    const auto made = sign_checkpoint({std::string(kOrigin), size, root, {}}, log_key);
    return {made->note, kept_.size, {}};
  }
  Checkpoint kept_;
  LogUpdate update_;
};

TEST_F(UpdateTest, IsReadBackAsItWasWritten) {
  EXPECT_EQ(*decode_log_update(encode_log_update(update_)), update_);
  EXPECT_EQ(decode_log_update(encode_log_update(update_) + " ").code(), Errc::malformed);
  EXPECT_EQ(decode_log_update(std::string(kMaxLogUpdateBytes + 1, ' ')).code(), Errc::too_large);
  EXPECT_EQ(decode_log_update(std::string(kMaxLogUpdateBytes, ' ')).code(), Errc::malformed);
}

TEST_F(UpdateTest, WhatExtendsTheKeptCheckpointIsTaken) {
  EXPECT_EQ(verdict(update_, kept_), "");
  EXPECT_EQ(verdict(signed_update(kept_.size, kept_.root), kept_), "");
}

TEST_F(UpdateTest, ASmallerLedgerWentBackwards) {
  EXPECT_EQ(verdict(signed_update(TreeSize{4}, *ledger().root(*read(), TreeSize{4})), kept_), kLedgerWentBackwards);
  EXPECT_EQ(verdict(signed_update(TreeSize{0}, empty_root()), kept_), kLedgerWentBackwards);
}

TEST_F(UpdateTest, AnotherRootOfTheSameSizeIsASplitView) {
  EXPECT_EQ(verdict(signed_update(kept_.size, Digest{}), kept_), kLedgerIsSplit);
}

TEST_F(UpdateTest, AProofThatDoesNotHoldIsARewrite) {
  LogUpdate changed = update_;
  changed.consistency[0][0] ^= std::byte{1};
  EXPECT_EQ(verdict(changed, kept_), kLedgerWasRewritten);
  changed = update_;
  changed.consistency.clear();
  EXPECT_EQ(verdict(changed, kept_), kLedgerWasRewritten);
  Checkpoint other = kept_;
  other.root[0] ^= std::byte{1};
  EXPECT_EQ(verdict(update_, other), kLedgerWasRewritten);
}

TEST_F(UpdateTest, AnUpdateFromAnotherSizeIsAConflictAndNoAccusation) {
  Checkpoint later = kept_;
  later.size = TreeSize{6};
  EXPECT_EQ(verify_update(update_, later, kOrigin, log_key.verify_key()).code(), Errc::conflict);
  EXPECT_EQ(verify_update(update_, std::nullopt, kOrigin, log_key.verify_key()).code(), Errc::conflict);
}

TEST_F(UpdateTest, AFirstUpdateIsTakenFromSizeZeroWithoutAProof) {
  LogUpdate first = *ledger().update(*read(), TreeSize{0});
  EXPECT_EQ(verdict(first, std::nullopt), "");
  EXPECT_EQ(verdict(first, Checkpoint{std::string(kOrigin), TreeSize{0}, empty_root(), {}}), "");
  first.consistency = update_.consistency;
  EXPECT_EQ(verdict(first, std::nullopt), kLedgerWasRewritten);
}

TEST_F(UpdateTest, AnotherLogKeyIsAWrongKey) {
  const auto stranger = vault::crypto::SigningKey::generate();
  EXPECT_EQ(verify_update(update_, kept_, kOrigin, stranger.verify_key()).code(), Errc::wrong_key);
}

class ChainTest : public ::testing::Test, public test::LedgerFixture {
 protected:
  ChainTest() {
    fill(8);
    const auto txn = read();
    for (const LeafIndex seq : *ledger().chain_entries(*txn, even, 0, 9)) {
      envelopes_.push_back(*ledger().envelope_bytes(*txn, seq));
      bodies_.push_back(*ledger().body(*txn, seq));
    }
  }
  std::vector<EntryBytes> entries() const {
    std::vector<EntryBytes> all;
    for (std::size_t i = 0; i < envelopes_.size(); ++i) all.push_back({envelopes_[i], bodies_[i]});
    return all;
  }
  std::optional<Errc> verdict(const std::vector<EntryBytes>& entries) const {
    const auto verified = verify_chain(even, entries);
    return verified ? std::nullopt : std::optional(verified.code());
  }
  Bytes respelt(std::size_t i, void (*change)(Envelope&)) const {
    Envelope envelope = *decode_envelope(envelopes_[i]);
    change(envelope);
    return encode_envelope(envelope);
  }
  std::vector<Bytes> envelopes_, bodies_;
};

TEST_F(ChainTest, AWholeChainVerifies) {
  const auto verified = verify_chain(even, entries());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->size(), 4U);
  EXPECT_EQ(verified->back().n, 3U);
}

TEST_F(ChainTest, AnEntryMissingRepeatedExchangedOrOfAnotherChainIsTampered) {
  auto missing_first = entries(), missing_middle = entries(), repeated = entries(), exchanged = entries();
  missing_first.erase(missing_first.begin());
  EXPECT_EQ(verdict(missing_first), Errc::tampered);
  missing_middle.erase(missing_middle.begin() + 1);
  EXPECT_EQ(verdict(missing_middle), Errc::tampered);
  repeated.push_back(repeated.back());
  EXPECT_EQ(verdict(repeated), Errc::tampered);
  std::swap(exchanged[1], exchanged[2]);
  EXPECT_EQ(verdict(exchanged), Errc::tampered);
  EXPECT_EQ(verify_chain(odd, entries()).code(), Errc::tampered);
}

TEST_F(ChainTest, AnotherPredecessorTimeOrBodyIsTampered) {
  auto changed = entries();
  const Bytes predecessor = respelt(2, [](Envelope& envelope) { envelope.prev = Digest{}; });
  changed[2].envelope = predecessor;
  EXPECT_EQ(verdict(changed), Errc::tampered);
  changed = entries();
  const Bytes older = respelt(2, [](Envelope& envelope) { envelope.time = time_of(0); });
  changed[2].envelope = older;
  EXPECT_EQ(verdict(changed), Errc::tampered);
  changed = entries();
  changed[2].body = bodies_[1];
  EXPECT_EQ(verdict(changed), Errc::tampered);
}

TEST_F(ChainTest, VerificationGoesOnWhereItStopped) {
  const Envelope last = *decode_envelope(envelopes_[1]);
  ChainVerifier verifier(last);
  EXPECT_EQ(verifier.next(entries()[3]).code(), Errc::tampered);
  EXPECT_TRUE(verifier.next(entries()[2]));
  EXPECT_TRUE(verifier.next(entries()[3]));
  EXPECT_EQ(verifier.last()->n, 3U);
}

}  // namespace
}  // namespace audit
