// Tests on each engine the promises that every engine makes (vault/engine/engine.h).
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <random>
#include <thread>

#include "tests/support/temporary_directory.h"
#include "vault/engine/engine.h"
#include "vault/engine/lmdb.h"

namespace vault::engine {
namespace {

struct InMemory {
  std::unique_ptr<Engine> engine = make_memory_engine();
};

struct OnDisk {
  test::TemporaryDirectory directory;
  std::unique_ptr<Engine> engine = [this] {
    auto opened = open_lmdb(directory.path());
    invariant(opened.has_value(), opened ? "" : opened.error().message);
    return std::move(*opened);
  }();
};

template <class Home>
class EngineContract : public ::testing::Test {
 protected:
  Engine& engine() { return *home_.engine; }
  Table table(std::string_view name) { return engine().table(name).value(); }
  std::unique_ptr<WriteTransaction> write() { return std::move(engine().write().value()); }
  std::unique_ptr<ReadTransaction> read() { return std::move(engine().read().value()); }
  void put(Table at, std::string_view key, std::string_view value) {
    const auto txn = write();
    ASSERT_TRUE(txn->put(at, as_bytes(key), as_bytes(value)));
    ASSERT_TRUE(txn->commit());
  }

 private:
  Home home_;
};

struct HomeNames {
  template <class Home>
  static std::string GetName(int) {
    return std::is_same_v<Home, InMemory> ? "Memory" : "Lmdb";
  }
};
using Homes = ::testing::Types<InMemory, OnDisk>;
TYPED_TEST_SUITE(EngineContract, Homes, HomeNames);

std::string get(const ReadTransaction& txn, Table table, std::string_view key) {
  const auto found = txn.get(table, as_bytes(key)).value();
  return found ? to_text(*found) : "(absent)";
}
std::string key_at(const Result<std::optional<KeyValue>>& found) {
  return found.value() ? to_text((*found)->key) : "(none)";
}
std::vector<std::string> keys(const ReadTransaction& txn, Table table, std::string_view prefix = "",
                              std::string_view from = "") {
  std::vector<std::string> out;
  EXPECT_TRUE(txn.scan(table, as_bytes(prefix), as_bytes(from), [&](KeyValue pair) {
    out.push_back(to_text(pair.key));
    return true;
  }));
  return out;
}
using Keys = std::vector<std::string>;

TYPED_TEST(EngineContract, AWriteTransactionReadsItsOwnWrites) {
  const Table table = this->table("t");
  const auto txn = this->write();
  ASSERT_TRUE(txn->put(table, as_bytes("k"), as_bytes("one")));
  EXPECT_EQ(get(*txn, table, "k"), "one");
  ASSERT_TRUE(txn->put(table, as_bytes("k"), as_bytes("two")));
  EXPECT_EQ(get(*txn, table, "k"), "two");
  EXPECT_EQ(key_at(txn->seek(table, {})), "k");
  EXPECT_EQ(*txn->count(table), 1U);
  EXPECT_TRUE(*txn->erase(table, as_bytes("k")));
  EXPECT_EQ(get(*txn, table, "k"), "(absent)");
  EXPECT_FALSE(*txn->erase(table, as_bytes("k")));
}

TYPED_TEST(EngineContract, WhatIsCommittedIsThere) {
  const Table table = this->table("t");
  this->put(table, "k", "v");
  EXPECT_EQ(get(*this->read(), table, "k"), "v");
}

TYPED_TEST(EngineContract, AnAbortLeavesNothing) {
  const Table table = this->table("t");
  this->put(table, "kept", "v");
  {
    const auto txn = this->write();
    ASSERT_TRUE(txn->put(table, as_bytes("k"), as_bytes("v")));
    ASSERT_TRUE(txn->put(table, as_bytes("kept"), as_bytes("changed")));
    ASSERT_TRUE(txn->clear(table));
    ASSERT_TRUE(txn->put(table, as_bytes("other"), as_bytes("v")));
  }
  const auto txn = this->read();
  EXPECT_EQ(keys(*txn, table), Keys{"kept"});
  EXPECT_EQ(get(*txn, table, "kept"), "v");
}

TYPED_TEST(EngineContract, KeysAreInMemcmpOrder) {
  const Table table = this->table("t");
  const Keys ordered{std::string("\0", 1),
                     std::string("\0\0", 2),
                     "\x01",
                     "a",
                     std::string("a\0", 2),
                     "aa",
                     "b",
                     "\x7f",
                     "\x80",
                     "\xff",
                     "\xff\xff"};
  const auto txn = this->write();
  for (std::size_t i = 0; i < ordered.size(); ++i)
    ASSERT_TRUE(txn->put(table, as_bytes(ordered[(i * 7) % ordered.size()]), {}));
  EXPECT_EQ(keys(*txn, table), ordered);
}

TYPED_TEST(EngineContract, KeysOfOneAndOf511BytesAreStoredAndNoneShorterOrLonger) {
  const Table table = this->table("t");
  const auto txn = this->write();
  const std::string longest(kMaxKeySize, 'k');
  const std::string too_long(kMaxKeySize + 1, 'k');
  EXPECT_TRUE(txn->put(table, as_bytes("k"), as_bytes("short")));
  EXPECT_TRUE(txn->put(table, as_bytes(longest), as_bytes("long")));
  EXPECT_EQ(txn->put(table, {}, as_bytes("v")).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->put(table, as_bytes(too_long), as_bytes("v")).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->get(table, {}).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->get(table, as_bytes(too_long)).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->erase(table, {}).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->erase(table, as_bytes(too_long)).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->seek(table, as_bytes(too_long)).code(), Errc::invalid_argument);
  EXPECT_EQ(txn->seek_back(table, as_bytes(too_long)).code(), Errc::invalid_argument);
  ASSERT_TRUE(txn->commit());  // a refused call does not spoil the transaction
  EXPECT_EQ(get(*this->read(), table, longest), "long");
}

TYPED_TEST(EngineContract, ValuesOfNothingAndOfTheLimitAreStoredAndNoneLarger) {
  const Table table = this->table("t");
  const Bytes largest(kMaxValueSize, std::byte{7});
  const Bytes too_large(kMaxValueSize + 1);
  {
    const auto txn = this->write();
    EXPECT_TRUE(txn->put(table, as_bytes("empty"), {}));
    EXPECT_TRUE(txn->put(table, as_bytes("largest"), largest));
    EXPECT_EQ(txn->put(table, as_bytes("larger"), too_large).code(), Errc::invalid_argument);
    ASSERT_TRUE(txn->commit());
  }
  const auto txn = this->read();
  EXPECT_EQ(get(*txn, table, "empty"), "");
  EXPECT_TRUE(std::ranges::equal(*txn->get(table, as_bytes("largest")).value(), largest));
  EXPECT_EQ(get(*txn, table, "larger"), "(absent)");
}

TYPED_TEST(EngineContract, AReadTransactionSeesOneStateForAsLongAsItLives) {
  const Table table = this->table("t");
  this->put(table, "k", "before");
  const auto old = this->read();
  EXPECT_EQ(get(*old, table, "k"), "before");
  this->put(table, "k", "after");
  this->put(table, "k2", "new");
  EXPECT_EQ(get(*old, table, "k"), "before");
  EXPECT_EQ(keys(*old, table), Keys{"k"});
  EXPECT_EQ(*old->count(table), 1U);
  EXPECT_EQ(get(*this->read(), table, "k"), "after");
}

TYPED_TEST(EngineContract, ReadersDoNotSeeWhatIsNotCommitted) {
  const Table table = this->table("t");
  const auto txn = this->write();
  ASSERT_TRUE(txn->put(table, as_bytes("k"), as_bytes("v")));
  EXPECT_EQ(get(*this->read(), table, "k"), "(absent)");
}

TYPED_TEST(EngineContract, AReadTransactionMayMoveToAnotherThread) {
  const Table table = this->table("t");
  this->put(table, "k", "v");
  auto txn = this->read();
  std::thread([&, moved = std::move(txn)]() mutable {
    EXPECT_EQ(get(*moved, table, "k"), "v");
    moved.reset();
  }).join();
}

TYPED_TEST(EngineContract, ManyReadTransactionsLiveOnOneThread) {
  const Table table = this->table("t");
  std::vector<std::unique_ptr<ReadTransaction>> readers;
  for (int i = 0; i < 20; ++i) {
    this->put(table, "k", std::to_string(i));
    readers.push_back(this->read());
  }
  for (std::size_t i = 0; i < readers.size(); ++i) EXPECT_EQ(get(*readers[i], table, "k"), std::to_string(i));
}

TYPED_TEST(EngineContract, ViewsLastUntilTheNextWrite) {
  const Table table = this->table("t");
  this->put(table, "a", "first");
  this->put(table, "b", "second");
  const auto txn = this->read();
  const auto a = txn->seek(table, as_bytes("a")).value().value();
  const auto b = txn->seek(table, as_bytes("b")).value().value();
  EXPECT_EQ(as_text(a.key), "a");
  EXPECT_EQ(as_text(a.value), "first");
  EXPECT_EQ(as_text(b.value), "second");
}

TYPED_TEST(EngineContract, SeekFindsTheFirstKeyNotLess) {
  const Table table = this->table("t");
  const auto txn = this->write();
  EXPECT_EQ(key_at(txn->seek(table, {})), "(none)");
  for (const char* key : {"b", "d", "f"}) ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes("v")));
  EXPECT_EQ(key_at(txn->seek(table, {})), "b");
  EXPECT_EQ(key_at(txn->seek(table, as_bytes("a"))), "b");
  EXPECT_EQ(key_at(txn->seek(table, as_bytes("d"))), "d");
  EXPECT_EQ(key_at(txn->seek(table, as_bytes("d0"))), "f");
  EXPECT_EQ(key_at(txn->seek(table, as_bytes("g"))), "(none)");
}

TYPED_TEST(EngineContract, SeekBackFindsTheLastKeyNotGreater) {
  const Table table = this->table("t");
  const auto txn = this->write();
  EXPECT_EQ(key_at(txn->seek_back(table, {})), "(none)");
  EXPECT_EQ(key_at(txn->seek_back(table, as_bytes("z"))), "(none)");
  for (const char* key : {"b", "d", "f"}) ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes("v")));
  EXPECT_EQ(key_at(txn->seek_back(table, {})), "f");
  EXPECT_EQ(key_at(txn->seek_back(table, as_bytes("g"))), "f");
  EXPECT_EQ(key_at(txn->seek_back(table, as_bytes("d"))), "d");
  EXPECT_EQ(key_at(txn->seek_back(table, as_bytes("d0"))), "d");
  EXPECT_EQ(key_at(txn->seek_back(table, as_bytes("a"))), "(none)");
}

TYPED_TEST(EngineContract, AScanKeepsToItsPrefixAndStart) {
  const Table table = this->table("t");
  const auto txn = this->write();
  for (const char* key : {"a1", "b1", "b2", "b3", "c1"}) ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes("v")));
  EXPECT_EQ(keys(*txn, table, "b"), (Keys{"b1", "b2", "b3"}));
  EXPECT_EQ(keys(*txn, table, "b", "b2"), (Keys{"b2", "b3"}));
  EXPECT_EQ(keys(*txn, table, "b", "a1"), (Keys{"b1", "b2", "b3"}));
  EXPECT_EQ(keys(*txn, table, "b", "c"), Keys{});
  EXPECT_EQ(keys(*txn, table, "", "b3"), (Keys{"b3", "c1"}));
  EXPECT_EQ(keys(*txn, table, "x"), Keys{});
}

TYPED_TEST(EngineContract, AScanEndsWhenItsVisitorHasSeenEnough) {
  const Table table = this->table("t");
  const auto txn = this->write();
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes("v")));
  int seen = 0;
  ASSERT_TRUE(txn->scan(table, {}, {}, [&](KeyValue) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TYPED_TEST(EngineContract, AScanPassesKeysOfTheGreatestLength) {
  const Table table = this->table("t");
  const std::string low = std::string(kMaxKeySize - 1, 'k') + "\xff";
  const std::string next = std::string(kMaxKeySize - 2, 'k') + "l";
  const std::string greatest(kMaxKeySize, '\xff');
  const auto txn = this->write();
  for (const auto& key : {low, next, greatest}) ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes("v")));
  EXPECT_EQ(keys(*txn, table), (Keys{low, next, greatest}));
}

TYPED_TEST(EngineContract, AVisitorMayWriteInTheTransactionItScans) {
  const Table table = this->table("t");
  const Table other = this->table("other");
  const auto txn = this->write();
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(txn->put(table, big_endian32(static_cast<std::uint32_t>(i)), as_bytes("v")));
  int seen = 0;
  ASSERT_TRUE(txn->scan(table, {}, {}, [&](KeyValue pair) {
    ++seen;
    const Bytes key = to_bytes(pair.key);
    EXPECT_TRUE(txn->put(other, key, as_bytes("moved")));
    EXPECT_TRUE(*txn->erase(table, key));
    return true;
  }));
  EXPECT_EQ(seen, 300);
  EXPECT_EQ(*txn->count(table), 0U);
  EXPECT_EQ(*txn->count(other), 300U);
}

TYPED_TEST(EngineContract, ClearEmptiesOneTableAndNoOther) {
  const Table table = this->table("t");
  const Table other = this->table("other");
  this->put(table, "k", "v");
  this->put(other, "k", "v");
  {
    const auto txn = this->write();
    EXPECT_EQ(key_at(txn->seek(table, {})), "k");
    ASSERT_TRUE(txn->clear(table));
    EXPECT_EQ(key_at(txn->seek(table, {})), "(none)");
    ASSERT_TRUE(txn->put(table, as_bytes("new"), as_bytes("v")));
    ASSERT_TRUE(txn->commit());
  }
  const auto txn = this->read();
  EXPECT_EQ(keys(*txn, table), Keys{"new"});
  EXPECT_EQ(keys(*txn, other), Keys{"k"});
}

TYPED_TEST(EngineContract, ATableIsFoundAgainByItsName) {
  const Table first = this->table("first");
  const Table second = this->table("second");
  EXPECT_NE(first.index, second.index);
  EXPECT_EQ(this->table("first").index, first.index);
}

TYPED_TEST(EngineContract, TableNamesOfOneAndOf64BytesAreTakenAndNoneShorterOrLonger) {
  EXPECT_TRUE(this->engine().table("t"));
  EXPECT_TRUE(this->engine().table(std::string(kMaxTableNameSize, 't')));
  EXPECT_EQ(this->engine().table("").code(), Errc::invalid_argument);
  EXPECT_EQ(this->engine().table(std::string(kMaxTableNameSize + 1, 't')).code(), Errc::invalid_argument);
  EXPECT_EQ(this->engine().table(std::string_view("a\0b", 3)).code(), Errc::invalid_argument);
}

TYPED_TEST(EngineContract, AsManyTablesAsTheLimitAreKeptApartAndOneMoreIsRefused) {
  std::vector<Table> tables;
  for (std::size_t i = 0; i < kMaxTables; ++i) tables.push_back(this->table("table-" + std::to_string(i)));
  EXPECT_EQ(this->engine().table("one more").code(), Errc::too_large);
  {
    const auto txn = this->write();
    for (const Table table : tables) ASSERT_TRUE(txn->put(table, as_bytes("k"), big_endian32(table.index)));
    ASSERT_TRUE(txn->commit());
  }
  const auto txn = this->read();
  for (const Table table : tables)
    EXPECT_TRUE(std::ranges::equal(*txn->get(table, as_bytes("k")).value(), big_endian32(table.index)));
}

TYPED_TEST(EngineContract, TheNextWriterWaitsForTheFirstToEnd) {
  const Table table = this->table("t");
  auto first = this->write();
  ASSERT_TRUE(first->put(table, as_bytes("k"), as_bytes("1")));
  auto second = std::async(std::launch::async, [&] {
    const auto txn = this->write();
    const std::string seen = get(*txn, table, "k");
    EXPECT_TRUE(txn->put(table, as_bytes("k"), as_bytes("2")));
    EXPECT_TRUE(txn->commit());
    return seen;
  });
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(second.get(), "1");  // the first one's commit, never its absence
  first.reset();
  EXPECT_EQ(get(*this->read(), table, "k"), "2");
}

TYPED_TEST(EngineContract, AWriterThatAbortsLetsTheNextOneIn) {
  const Table table = this->table("t");
  this->write().reset();
  this->put(table, "k", "v");
  EXPECT_EQ(get(*this->read(), table, "k"), "v");
}

TYPED_TEST(EngineContract, ConcurrentReadersAlwaysSeeWholeTransactions) {
  const Table left = this->table("left");
  const Table right = this->table("right");
  this->put(left, "k", "0");
  this->put(right, "k", "0");
  {
    const auto txn = this->write();
    ASSERT_TRUE(txn->put(left, as_bytes("k"), as_bytes("start")));
    ASSERT_TRUE(txn->put(right, as_bytes("k"), as_bytes("start")));
    ASSERT_TRUE(txn->commit());
  }
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto txn = this->read();
        EXPECT_EQ(get(*txn, left, "k"), get(*txn, right, "k"));
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const auto txn = this->write();
    EXPECT_TRUE(txn->put(left, as_bytes("k"), as_bytes(std::to_string(i))));
    EXPECT_TRUE(txn->put(right, as_bytes("k"), as_bytes(std::to_string(i))));
    EXPECT_TRUE(txn->commit());
  }
  done = true;
  for (auto& reader : readers) reader.join();
}

// Compares random operations with a std::map, with commits and aborts between them.
TYPED_TEST(EngineContract, AgreesWithAnOrderedMapOverRandomOperations) {
  using Model = std::map<std::string, std::string>;
  constexpr std::uint32_t kSeed = 20260722;
  constexpr int kTransactions = 120;
  constexpr int kOperations = 40;
  std::mt19937 random(kSeed);
  const auto pick = [&](std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random);
  };
  const auto random_key = [&] {
    std::string key(1 + pick(3), 'a');
    for (char& c : key) c = static_cast<char>('a' + pick(6));
    return pick(20) == 0 ? key + std::string(kMaxKeySize - key.size(), '\xff') : key;
  };
  const std::array<Table, 2> tables{this->table("one"), this->table("two")};
  std::array<Model, 2> committed;
  for (int t = 0; t < kTransactions; ++t) {
    const auto txn = this->write();
    std::array<Model, 2> working = committed;
    for (int i = 0; i < kOperations; ++i) {
      const std::size_t which = pick(2);
      const Table table = tables[which];
      Model& model = working[which];
      const std::string key = random_key();
      switch (pick(8)) {
        case 0:
        case 1:
        case 2: {
          const std::string value(pick(pick(10) == 0 ? 9000 : 60), static_cast<char>('0' + pick(10)));
          ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes(value)));
          model[key] = value;
          break;
        }
        case 3:
          ASSERT_EQ(*txn->erase(table, as_bytes(key)), model.erase(key) == 1);
          break;
        case 4:
          ASSERT_EQ(get(*txn, table, key), model.contains(key) ? model[key] : "(absent)");
          break;
        case 5: {
          const auto at = model.lower_bound(key);
          ASSERT_EQ(key_at(txn->seek(table, as_bytes(key))), at == model.end() ? "(none)" : at->first);
          break;
        }
        case 6: {
          const auto at = model.upper_bound(key);
          ASSERT_EQ(key_at(txn->seek_back(table, as_bytes(key))),
                    at == model.begin() ? "(none)" : std::prev(at)->first);
          break;
        }
        default:
          if (pick(30) == 0) {
            ASSERT_TRUE(txn->clear(table));
            model.clear();
          }
          ASSERT_EQ(*txn->count(table), model.size());
      }
    }
    if (pick(4) != 0) {
      ASSERT_TRUE(txn->commit());
      committed = std::move(working);
    }
    if (t % 10 != 0) continue;
    const auto reader = this->read();
    for (std::size_t which = 0; which < tables.size(); ++which) {
      Model found;
      ASSERT_TRUE(reader->scan(tables[which], {}, {}, [&](KeyValue pair) {
        found.emplace(to_text(pair.key), to_text(pair.value));
        return true;
      }));
      ASSERT_EQ(found, committed[which]);
    }
  }
}

}  // namespace
}  // namespace vault::engine
