// Tests that cached rows never differ from the stored rows.

#include "access/state/state.h"

#include <gtest/gtest.h>

#include "access/state/row_cache.h"
#include "vault/engine/engine.h"
#include "vault/keyring/sealed_table.h"

namespace strongroom::access {
namespace {

using vault::Bytes;
using vault::Errc;

class StateTest : public ::testing::Test {
 protected:
  void put(const AgencyRow& row) {
    const auto txn = std::move(engine_->write().value());
    ASSERT_TRUE(state_.put(*txn, row));
    ASSERT_TRUE(txn->commit());
  }
  vault::Result<std::optional<AgencyRow>> find(const AgencyId& id) {
    const auto txn = std::move(engine_->read().value());
    return state_.agency(*txn, id);
  }
  // Returns the stored row of the one agency.
  void change_stored(const std::function<void(Bytes&)>& change) {
    bool changed = false;
    for (const vault::keyring::SealedTable* table : state_.tables()) {
      if (!table->name().ends_with("agencies") || table->name().ends_with("_agencies")) continue;
      changed = true;
      const auto txn = std::move(engine_->write().value());
      const auto found = txn->seek(table->table(), {});
      ASSERT_TRUE(found && *found);
      const Bytes key = vault::to_bytes((*found)->key);
      Bytes value = vault::to_bytes((*found)->value);
      change(value);
      ASSERT_TRUE(txn->put(table->table(), key, value));
      ASSERT_TRUE(txn->commit());
    }
    EXPECT_TRUE(changed);
  }

  bool started_ = vault::start_secure_memory().has_value();
  std::unique_ptr<vault::engine::Engine> engine_ = vault::engine::make_memory_engine();
  vault::keyring::Sealer sealer_{vault::keyring::SealingKey::generate()};
  State state_ = std::move(State::open(*engine_, sealer_).value());
};

TEST_F(StateTest, ARowThatWasWrittenAgainIsReadAnew) {
  const AgencyId id = AgencyId::generate(1);
  EXPECT_FALSE(*find(id));
  put({id, AgencyKind::police, {}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ((*find(id))->kind, AgencyKind::police);
  put({id, AgencyKind::other, {}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ((*find(id))->kind, AgencyKind::other);
}

TEST_F(StateTest, AReaderSeesTheRowOfItsSnapshot) {
  const AgencyId id = AgencyId::generate(1);
  put({id, AgencyKind::police, {}});
  const auto before = std::move(engine_->read().value());
  put({id, AgencyKind::other, {}});
  EXPECT_EQ((*find(id))->kind, AgencyKind::other);
  EXPECT_EQ((*state_.agency(*before, id))->kind, AgencyKind::police);
  EXPECT_EQ((*find(id))->kind, AgencyKind::other);
}

TEST_F(StateTest, WhatATransactionDroppedIsNotRemembered) {
  const AgencyId id = AgencyId::generate(1);
  put({id, AgencyKind::police, {}});
  {
    const auto txn = std::move(engine_->write().value());
    ASSERT_TRUE(state_.put(*txn, AgencyRow{id, AgencyKind::other, {}}));
    EXPECT_EQ((*state_.agency(*txn, id))->kind, AgencyKind::other);
  }
  EXPECT_EQ((*find(id))->kind, AgencyKind::police);
}

TEST_F(StateTest, AlteredBytesAreRefusedThoughTheRowIsKnown) {
  const AgencyId id = AgencyId::generate(1);
  put({id, AgencyKind::police, {}});
  EXPECT_TRUE(*find(id));
  change_stored([](Bytes& value) { value.back() ^= std::byte{1}; });
  EXPECT_EQ(find(id).code(), Errc::tampered);
  change_stored([](Bytes& value) { value.back() ^= std::byte{1}; });
  EXPECT_EQ((*find(id))->kind, AgencyKind::police);
}

TEST(RowCaches, AreBoundedInRowsAndInBytes) {
  RowCache<int> cache;
  const auto key = [](std::size_t i) { return vault::to_bytes(std::to_string(i)); };
  const Bytes sealed(kMaxCachedRowBytes), longer(kMaxCachedRowBytes + 1);
  cache.keep(key(0), longer, 7);
  EXPECT_FALSE(cache.find(key(0), longer));
  for (std::size_t i = 0; i < kCachedRows; ++i) cache.keep(key(i), sealed, static_cast<int>(i));
  EXPECT_EQ(cache.find(key(0), sealed), 0);
  cache.keep(key(0), sealed, 1);  // the same place
  EXPECT_EQ(cache.find(key(kCachedRows - 1), sealed), static_cast<int>(kCachedRows - 1));
  cache.keep(key(kCachedRows), sealed, 2);
  EXPECT_FALSE(cache.find(key(0), sealed));
  EXPECT_EQ(cache.find(key(kCachedRows), sealed), 2);
}

}  // namespace
}  // namespace strongroom::access
