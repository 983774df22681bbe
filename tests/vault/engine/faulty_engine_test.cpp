// Tests the tester: the promises of the fault-injecting engine to the tests that use it.
#include "tests/vault/engine/faulty_engine.h"

#include <gtest/gtest.h>

namespace vault::engine {
namespace {

class Faulty : public ::testing::Test {
 protected:
  Result<void> put_two() {
    TRY(const auto txn, engine_.write());
    TRY_VOID(txn->put(table_, as_bytes("one"), as_bytes("v")));
    TRY_VOID(txn->put(table_, as_bytes("two"), as_bytes("v")));
    return txn->commit();
  }
  std::uint64_t stored() { return *std::move(engine_.read().value())->count(table_); }

  FaultyEngine engine_{make_memory_engine()};
  Table table_ = *engine_.table("t");
};

TEST_F(Faulty, FailsTheNthPutOnceWithTheCodeAskedFor) {
  for (const Errc code : {Errc::full, Errc::retry, Errc::io}) {
    engine_.inject({.at = Fault::At::put, .nth = 2, .code = code});
    EXPECT_EQ(put_two().code(), code);
    EXPECT_TRUE(engine_.has_failed());
    EXPECT_EQ(stored(), 0U);
  }
  EXPECT_TRUE(put_two());
  EXPECT_EQ(stored(), 2U);
}

TEST_F(Faulty, AFailedCommitLeavesNothingUnlessItTakesEffect) {
  engine_.inject({.at = Fault::At::commit, .nth = 1, .code = Errc::full});
  EXPECT_EQ(put_two().code(), Errc::full);
  EXPECT_EQ(stored(), 0U);
  engine_.inject({.at = Fault::At::commit, .nth = 1, .code = Errc::io, .takes_effect = true});
  EXPECT_EQ(put_two().code(), Errc::io);
  EXPECT_EQ(stored(), 2U);
}

TEST_F(Faulty, CountsOverTransactions) {
  engine_.inject({.at = Fault::At::put, .nth = 4});
  EXPECT_TRUE(put_two());
  EXPECT_EQ(put_two().code(), Errc::full);
  EXPECT_EQ(engine_.puts(), 4U);
  EXPECT_EQ(engine_.commits(), 1U);
}

}  // namespace
}  // namespace vault::engine
