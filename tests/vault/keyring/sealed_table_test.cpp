#include "vault/keyring/sealed_table.h"

#include <gtest/gtest.h>

#include <set>

namespace vault::keyring {
namespace {

using namespace engine;

const ByteView kKey = as_bytes("key");
const ByteView kValue = as_bytes("value");

TEST(Sealer, OpensWhatItSealedAndSealsDifferentlyEachTime) {
  const Sealer sealer(SealingKey::generate());
  const Bytes once = sealer.seal("table", kKey, kValue);
  const Bytes again = sealer.seal("table", kKey, kValue);
  EXPECT_NE(once, again);
  EXPECT_EQ(once.size(), kValue.size() + kSealOverhead);
  EXPECT_EQ(sealer.open("table", kKey, once).value(), to_bytes(kValue));
  EXPECT_EQ(sealer.open("table", kKey, again).value(), to_bytes(kValue));
}

TEST(Sealer, AnEmptyValueIsSealedToo) {
  const Sealer sealer(SealingKey::generate());
  EXPECT_EQ(sealer.open("table", kKey, sealer.seal("table", kKey, {})).value(), Bytes{});
}

TEST(Sealer, AValueMovedToAnotherKeyOrTableDoesNotOpen) {
  const Sealer sealer(SealingKey::generate());
  const Bytes sealed = sealer.seal("table", kKey, kValue);
  EXPECT_EQ(sealer.open("table", as_bytes("kez"), sealed).code(), Errc::tampered);
  EXPECT_EQ(sealer.open("tablf", kKey, sealed).code(), Errc::tampered);
  EXPECT_EQ(sealer.open("tablek", as_bytes("ey"), sealed).code(), Errc::tampered);  // the table's end counts
}

TEST(Sealer, EveryAlteredByteIsFound) {
  const Sealer sealer(SealingKey::generate());
  const Bytes sealed = sealer.seal("table", kKey, kValue);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= std::byte{1};
    const Errc expected = i == 0 ? Errc::unknown_version : i <= 4 ? Errc::wrong_key : Errc::tampered;
    EXPECT_EQ(sealer.open("table", kKey, altered).code(), expected) << "byte " << i;
  }
}

TEST(Sealer, EveryShorterValueIsFound) {
  const Sealer sealer(SealingKey::generate());
  const Bytes sealed = sealer.seal("table", kKey, kValue);
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_EQ(sealer.open("table", kKey, ByteView(sealed).first(size)).code(), Errc::tampered) << size << " bytes";
}

TEST(Sealer, AnotherKeyIsNamedAsSuch) {
  const Sealer sealer(SealingKey::generate());
  const Sealer other(SealingKey::generate());
  EXPECT_NE(sealer.key_id(), other.key_id());
  EXPECT_EQ(other.open("table", kKey, sealer.seal("table", kKey, kValue)).code(), Errc::wrong_key);
}

TEST(Sealer, TheSameKeyHasTheSameId) {
  const SealingKey key = SealingKey::generate();
  EXPECT_EQ(Sealer(key.clone()).key_id(), Sealer(key.clone()).key_id());
}

TEST(Sealer, AfterARotationItOpensBothAndSealsUnderTheNewKey) {
  const SealingKey old_key = SealingKey::generate();
  const SealingKey new_key = SealingKey::generate();
  const Sealer before(old_key.clone());
  const Sealer during(new_key.clone(), old_key.clone());
  const Sealer after(new_key.clone());
  const Bytes old_value = before.seal("table", kKey, kValue);
  const Bytes new_value = during.seal("table", kKey, kValue);
  EXPECT_EQ(during.open("table", kKey, old_value).value(), to_bytes(kValue));
  EXPECT_FALSE(during.is_current(old_value));
  EXPECT_TRUE(during.is_current(new_value));
  EXPECT_EQ(after.open("table", kKey, new_value).value(), to_bytes(kValue));
  EXPECT_EQ(after.open("table", kKey, old_value).code(), Errc::wrong_key);
}

class SealedTables : public ::testing::Test {
 protected:
  SealedTable make(std::string_view name, TableClass table_class = TableClass::projection) {
    return SealedTable::make(*engine_, sealer_, name, table_class).value();
  }
  std::unique_ptr<WriteTransaction> write() { return std::move(engine_->write().value()); }

  std::unique_ptr<Engine> engine_ = make_memory_engine();
  Sealer sealer_{SealingKey::generate()};
};

TEST_F(SealedTables, GivesBackWhatWasPut) {
  SealedTable table = make("people", TableClass::beside);
  EXPECT_EQ(table.name(), "people");
  EXPECT_EQ(table.table_class(), TableClass::beside);
  const auto txn = write();
  EXPECT_EQ(table.get(*txn, kKey).value(), std::nullopt);
  ASSERT_TRUE(table.put(*txn, kKey, kValue));
  EXPECT_EQ(table.get(*txn, kKey).value(), to_bytes(kValue));
  EXPECT_EQ(*table.count(*txn), 1U);
  EXPECT_TRUE(*table.erase(*txn, kKey));
  EXPECT_FALSE(*table.erase(*txn, kKey));
  ASSERT_TRUE(table.put(*txn, kKey, kValue));
  ASSERT_TRUE(table.clear(*txn));
  EXPECT_EQ(table.get(*txn, kKey).value(), std::nullopt);
}

TEST_F(SealedTables, TheEngineSeesNoPlaintext) {
  SealedTable table = make("people");
  const auto txn = write();
  const std::string secret = "plaintext that must not be stored";
  ASSERT_TRUE(table.put(*txn, kKey, as_bytes(secret)));
  const auto stored = txn->get(table.table(), kKey).value().value();
  EXPECT_EQ(as_text(stored).find(secret.substr(0, 4)), std::string_view::npos);
}

TEST_F(SealedTables, AnAlteredValueIsTamperedAndNeverAbsent) {
  SealedTable table = make("people");
  const auto txn = write();
  ASSERT_TRUE(table.put(*txn, kKey, kValue));
  Bytes stored = to_bytes(txn->get(table.table(), kKey).value().value());
  stored.back() ^= std::byte{1};
  ASSERT_TRUE(txn->put(table.table(), kKey, stored));
  EXPECT_EQ(table.get(*txn, kKey).code(), Errc::tampered);
  EXPECT_EQ(table.last(*txn, {}).code(), Errc::tampered);
  EXPECT_EQ(table.scan(*txn, {}, {}, [](ByteView, ByteView) { return true; }).code(), Errc::tampered);
}

TEST_F(SealedTables, AValueMovedBetweenTablesIsTampered) {
  SealedTable from = make("from");
  SealedTable to = make("to");
  const auto txn = write();
  ASSERT_TRUE(from.put(*txn, kKey, kValue));
  ASSERT_TRUE(txn->put(to.table(), kKey, to_bytes(txn->get(from.table(), kKey).value().value())));
  EXPECT_EQ(to.get(*txn, kKey).code(), Errc::tampered);
}

TEST_F(SealedTables, TheLargestValueThatFitsIsStoredAndNoneLarger) {
  SealedTable table = make("t");
  const auto txn = write();
  EXPECT_TRUE(table.put(*txn, kKey, Bytes(kMaxValueSize - kSealOverhead)));
  EXPECT_EQ(table.put(*txn, kKey, Bytes(kMaxValueSize - kSealOverhead + 1)).code(), Errc::invalid_argument);
}

TEST_F(SealedTables, ScansInOrderWithinAPrefixUntilTheVisitorStopsOrFails) {
  SealedTable table = make("t");
  const auto txn = write();
  for (const char* key : {"a", "b1", "b2", "b3", "c"}) ASSERT_TRUE(table.put(*txn, as_bytes(key), as_bytes(key)));
  std::string seen;
  ASSERT_TRUE(table.scan(*txn, as_bytes("b"), as_bytes("b2"), [&](ByteView key, ByteView value) {
    EXPECT_TRUE(std::ranges::equal(key, value));
    seen += to_text(key) + " ";
    return true;
  }));
  EXPECT_EQ(seen, "b2 b3 ");
  int visits = 0;
  ASSERT_TRUE(table.scan(*txn, {}, {}, [&](ByteView, ByteView) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
  EXPECT_EQ(table.scan(*txn, {}, {}, [](ByteView, ByteView) { return Result<bool>(Errc::conflict, "stop"); }).code(),
            Errc::conflict);
}

TEST_F(SealedTables, AVisitorMayEraseWhatItSees) {
  SealedTable table = make("t");
  const auto txn = write();
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(table.put(*txn, as_bytes(key), kValue));
  ASSERT_TRUE(table.scan(*txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
    TRY(const bool erased, table.erase(*txn, key));
    EXPECT_TRUE(erased);
    EXPECT_EQ(as_text(value), as_text(kValue));
    return true;
  }));
  EXPECT_EQ(*table.count(*txn), 0U);
}

TEST_F(SealedTables, SealsAnewWhatThePredecessorSealedInSteps) {
  const SealingKey old_key = SealingKey::generate();
  const Sealer before{old_key.clone()};
  const Sealer after{SealingKey::generate(), old_key.clone()};
  SealedTable old_table = SealedTable::make(*engine_, before, "t", TableClass::local).value();
  SealedTable table = SealedTable::make(*engine_, after, "t", TableClass::local).value();
  const auto txn = write();
  for (const char* key : {"a", "b", "c", "d"}) ASSERT_TRUE(old_table.put(*txn, as_bytes(key), as_bytes(key)));
  ASSERT_TRUE(table.put(*txn, as_bytes("c"), as_bytes("c")));
  const Bytes current = to_bytes(**txn->get(table.table(), as_bytes("c")));
  auto done = table.seal_anew(*txn, {}, 1);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->pairs, 1U);
  EXPECT_EQ(done->next, to_bytes(as_bytes("b")));
  done = table.seal_anew(*txn, *done->next, 1'000'000);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->pairs, 2U) << "c is current";
  EXPECT_EQ(done->next, std::nullopt);
  EXPECT_EQ(to_bytes(**txn->get(table.table(), as_bytes("c"))), current);
  const Sealer alone{SealingKey::generate()};
  for (const char* key : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(after.is_current(**txn->get(table.table(), as_bytes(key)))) << key;
    EXPECT_EQ(table.get(*txn, as_bytes(key)).value(), to_bytes(as_bytes(key)));
  }
  const SealedTable stranger = SealedTable::make(*engine_, alone, "t", TableClass::local).value();
  EXPECT_EQ(stranger.seal_anew(*txn, {}, 1'000'000).code(), Errc::wrong_key);
}

TEST_F(SealedTables, FindsTheLastKeyWithAPrefix) {
  SealedTable table = make("t");
  const auto txn = write();
  EXPECT_EQ(table.last(*txn, {}).value().has_value(), false);
  for (const char* key : {"a1", "a9", "b1", "b\xff", "d"}) ASSERT_TRUE(table.put(*txn, as_bytes(key), as_bytes(key)));
  const auto last = [&](std::string_view prefix) {
    const auto found = table.last(*txn, as_bytes(prefix)).value();
    return found ? to_text(found->key) + "=" + to_text(found->value) : "(none)";
  };
  EXPECT_EQ(last(""), "d=d");
  EXPECT_EQ(last("a"), "a9=a9");
  EXPECT_EQ(last("b"), "b\xff=b\xff");
  EXPECT_EQ(last("c"), "(none)");
  EXPECT_EQ(last("a1"), "a1=a1");
  EXPECT_EQ(last("0"), "(none)");
}

}  // namespace
}  // namespace vault::keyring
