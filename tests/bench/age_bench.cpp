// Measures the age pipeline beside Debian's age, in one run: read the ratio, not the seconds.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "vault/age/file.h"

namespace vault::age {
namespace {

constexpr std::size_t kSize = 256U << 20;

const Bytes& content() {
  static const Bytes bytes = [] {
    Bytes made(kSize);
    fill_random(made);
    return made;
  }();
  return bytes;
}

void encrypt_here(benchmark::State& state) {
  const Identity identity = Identity::generate();
  benchmark::DoNotOptimize(content().data());  // they are made before the clock runs
  for (auto _ : state) {
    std::uint64_t size = 0;
    const Writer count = [&](ByteView bytes) -> Result<void> {
      size += bytes.size();
      return {};
    };
    if (!encrypt(read_from(content()), count, std::span(&identity.recipient(), 1))) state.SkipWithError("encrypt");
    benchmark::DoNotOptimize(size);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
}
BENCHMARK(encrypt_here)->Unit(benchmark::kMillisecond)->UseRealTime();

void decrypt_here(benchmark::State& state) {
  const Identity identity = Identity::generate();
  Bytes file;
  if (!encrypt(read_from(content()), append_to(file), std::span(&identity.recipient(), 1)))
    state.SkipWithError("encrypt");
  for (auto _ : state) {
    const Writer drop = [](ByteView) -> Result<void> { return {}; };
    if (!decrypt(read_from(file), drop, std::span(&identity, 1))) state.SkipWithError("decrypt");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
}
BENCHMARK(decrypt_here)->Unit(benchmark::kMillisecond)->UseRealTime();

// Runs the peer as a whole process, with its input in the page cache and its output dropped.
void debian_age(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / "strongroom-bench";
  std::filesystem::create_directories(folder);
  const Identity identity = Identity::generate();
  std::ofstream(folder / "plain", std::ios::binary).write(reinterpret_cast<const char*>(content().data()), kSize);
  const std::string command =
      "age -r " + identity.recipient().to_string() + " " + (folder / "plain").string() + " >/dev/null";
  for (auto _ : state)
    if (std::system(command.c_str()) != 0) state.SkipWithError("age is not installed");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
  std::filesystem::remove_all(folder);
}
BENCHMARK(debian_age)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace vault::age
