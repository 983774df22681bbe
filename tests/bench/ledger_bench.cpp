// Measures the ledger on the engine in memory: the cost of an entry without the disk.
#include <benchmark/benchmark.h>

#include "audit/ledger.h"
#include "vault/keyring/keyring.h"

namespace audit {
namespace {

void append_in_batches(benchmark::State& state) {
  const auto engine = vault::engine::make_memory_engine();
  const auto vault_key = vault::keyring::VaultKey::generate();
  const auto sealer = vault::keyring::make_sealer(vault_key);
  auto ledger = Ledger::open(*engine, sealer);
  const auto log_key = vault::crypto::SigningKey::generate();
  std::optional<ChainNumber> chain;  // the first entry begins it
  const Bytes body(600, std::byte{'x'});
  const auto batch = state.range(0);
  for (auto _ : state) {
    const auto txn = engine->write();
    for (std::int64_t i = 0; i < batch; ++i)
      if (const auto made = ledger->append(**txn, chain, {1}, body))
        chain = made->chain;
      else
        state.SkipWithError("append");
    if (!ledger->sign(**txn, log_key, "bench.example/log") || !(*txn)->commit()) state.SkipWithError("commit");
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(append_in_batches)->Arg(1)->Arg(64)->Arg(256);

}  // namespace
}  // namespace audit
