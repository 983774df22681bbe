// Opens a ledger on an engine of choice, with two chains to write to.
#pragma once
#include <gtest/gtest.h>

#include "audit/ledger.h"
#include "tests/support/temporary_directory.h"
#include "vault/engine/lmdb.h"

namespace audit::test {

inline constexpr std::string_view kOrigin = "vault.example/ledger";
inline constexpr std::int64_t kNoon = 1'795'348'800'000;

enum class EngineKind { memory, lmdb };

class LedgerFixture {
 public:
  explicit LedgerFixture(EngineKind kind = EngineKind::memory) : kind_(kind) { open(); }

  // Closes the engine and, if it is durable, opens it again.
  void reopen() { open(); }

  std::unique_ptr<vault::engine::ReadTransaction> read() const { return std::move(engine_->read().value()); }
  std::unique_ptr<vault::engine::WriteTransaction> write() { return std::move(engine_->write().value()); }
  // Runs `step` in a write transaction and commits it.
  template <class Step>
  void commit(Step&& step) {
    const auto txn = write();
    step(*txn);
    ASSERT_TRUE(txn->commit());
  }
  // Appends entries with the bodies {"body":0}, {"body":1}, … a second apart, alternating between the chains, and signs
  // the tree at the end.
  void fill(std::uint64_t count) {
    commit([&](vault::engine::WriteTransaction& txn) {
      const std::uint64_t from = ledger().size(txn)->value;
      for (std::uint64_t seq = from; seq < from + count; ++seq)
        ASSERT_TRUE(ledger().append(txn, chain_of(seq), time_of(seq), body_of(seq)));
      ASSERT_TRUE(ledger().sign(txn, log_key, kOrigin));
    });
  }
  static vault::Instant time_of(std::uint64_t seq) {
    return {kNoon + static_cast<std::int64_t>(seq) * vault::kMillisecondsPerSecond};
  }
  static Bytes body_of(std::uint64_t seq) { return vault::to_bytes("{\"body\":" + std::to_string(seq) + "}"); }

  Ledger& ledger() { return *ledger_; }
  vault::engine::Engine& engine() { return *engine_; }
  const vault::keyring::Sealer& sealer() const { return sealer_; }

  static constexpr ChainNumber even{0};
  static constexpr ChainNumber odd{1};
  const vault::crypto::SigningKey log_key = vault::crypto::SigningKey::generate();

 private:
  // The first two entries begin the chains.
  static std::optional<ChainNumber> chain_of(std::uint64_t seq) {
    return seq < 2 ? std::nullopt : std::optional(seq % 2 == 0 ? even : odd);
  }
  void open() {
    if (kind_ == EngineKind::memory) {
      if (!engine_) engine_ = vault::engine::make_memory_engine();
    } else {
      engine_.reset();
      engine_ = std::move(vault::engine::open_lmdb(home_.path() / "db").value());
    }
    ledger_.emplace(Ledger::open(*engine_, sealer_).value());
  }

  EngineKind kind_;
  vault::test::TemporaryDirectory home_;
  vault::keyring::Sealer sealer_{vault::keyring::SealingKey::generate()};
  std::unique_ptr<vault::engine::Engine> engine_;
  std::optional<Ledger> ledger_;
};

}  // namespace audit::test
