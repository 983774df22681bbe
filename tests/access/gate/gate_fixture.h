// Makes a whole vault with its gate, for the tests of this folder.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "access/gate/gate.h"
#include "tests/access/world.h"

namespace strongroom::access::testing {

using vault::engine::Fault;

inline Actor actor_of(const Identity& who) {
  return {who.id.to_string(), who.id, std::nullopt};
}

// Holds the engine's only write transaction. Jobs that are submitted meanwhile wait, and become one batch behind the
// job that the gate's writer has taken already.
class HeldWriter {
 public:
  explicit HeldWriter(World& world) : txn_(std::move(*world.store().engine().write())) {}
  void release() { txn_.reset(); }

 private:
  std::unique_ptr<WriteTransaction> txn_;
};

// The tests of GateTest run on the engine in memory. Those of DurableGateTest, which depend on how an engine stores,
// run on both engines.
class GateTest : public ::testing::TestWithParam<On> {
 protected:
  GateTest() : world(GetParam()) { world.populate(); }

  std::uint64_t size() {
    const auto txn = *world.store().engine().read();
    return world.store().ledger().size(*txn)->value;
  }
  wire::EntryBody body(std::uint64_t seq) {
    const auto txn = *world.store().engine().read();
    const auto text = world.store().ledger().body(*txn, audit::LeafIndex{seq});
    EXPECT_TRUE(text);
    return *wire::decode<wire::EntryBody>(vault::as_text(*text), wire::Strictness::exact);
  }
  audit::Envelope envelope(std::uint64_t seq) {
    const auto txn = *world.store().engine().read();
    return *world.store().ledger().envelope(*txn, audit::LeafIndex{seq});
  }
  bool has_checkpoint(std::uint64_t size) {
    const auto txn = *world.store().engine().read();
    return world.store().ledger().checkpoint_at(*txn, audit::TreeSize{size})->has_value();
  }
  wire::AddAgency adding(std::string_view name) {
    return {
        .agency = AgencyId::generate(1), .kind = AgencyKind::school, .name = world.stage_text(world.icb_root, name)};
  }
  static void expect_error(const Result<Answer>& answer, Errc code) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.code(), code) << answer.error().message;
  }
  void expect_sound() {
    const auto report = check(world.store());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->ledger.is_sound());
    for (const auto& finding : report->findings) ADD_FAILURE() << finding.value << ": " << finding.problem;
  }

  World world;
};
class DurableGateTest : public GateTest {};
inline std::string engine_name(const ::testing::TestParamInfo<On>& info) {
  return info.param == On::memory ? "Memory" : "Lmdb";
}

}  // namespace strongroom::access::testing
