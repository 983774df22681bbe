// Measures the gate on LMDB in one process, without a network: entries appended per second beside raw LMDB commits of
// as many bytes, and the cost of single steps as the ledger grows. The vault's time does not pass. It prints one JSON
// document on stdout.
//
//   ledger_growth 1000,100000        at which sizes of the ledger to look; in TMPDIR
#include <lmdb.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <sstream>

#include "tests/access/world.h"

namespace strongroom::access::testing {
namespace {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kGroup = limits::kMaxBatchCommands;
constexpr std::size_t kRawRowBytes = 512;
constexpr std::size_t kRecords = 64;
constexpr std::size_t kLooks = 101;  // of each step; their median counts
constexpr std::size_t kPages = 9;    // of a listing, which is long
constexpr std::uint64_t kRateEntries = 10'240;

double microseconds_since(Steady::time_point begun) {
  return std::chrono::duration<double, std::micro>(Steady::now() - begun).count();
}

double median_us(const std::function<void()>& step, std::size_t looks = kLooks) {
  std::vector<double> took;
  for (std::size_t i = 0; i < looks; ++i) {
    const auto begun = Steady::now();
    step();
    took.push_back(microseconds_since(begun));
  }
  std::ranges::sort(took);
  return took[looks / 2];
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::cerr << "ledger_growth: " << result.error().message << std::endl;
    std::exit(1);
  }
  return std::move(*result);
}

class Growth {
 public:
  Growth() {
    world_.populate();
    world_.open_case();
    records_ = world_.seal(world_.depositor, world_.safe, kRecords, 4096);
  }

  std::uint64_t size() {
    const auto txn = must(world_.store().engine().read());
    return must(world_.store().ledger().size(*txn)).value;
  }
  std::uint64_t database_bytes() const {
    return std::filesystem::file_size(world_.payload_directory().parent_path() / "db" / "data.mdb");
  }

  // Appends `count` more entries, and returns the seconds that the gate took.
  double append(std::uint64_t count) {
    double seconds = 0;
    while (count > 0) {
      std::vector<SignedRequest> signed_;
      for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, kGroup); ++i)
        signed_.push_back(must(world_.sign_act(world_.first, next_copy())));
      count -= signed_.size();
      const auto begun = Steady::now();
      std::vector<std::future<Result<Answer>>> answers;
      for (SignedRequest& request : signed_) answers.push_back(world_.submit(std::move(request)));
      for (auto& answer : answers) World::expect_done(answer.get());
      seconds += microseconds_since(begun) / 1e6;
    }
    return seconds;
  }

  // No snapshot is held while the gate writes: the database could not grow.
  json::object look() {
    Store& store = world_.store();
    const std::uint64_t entries = size();
    double receipt = 0, listing = 0;
    {
      const auto txn = must(store.engine().read());
      std::uint64_t turn = 0;
      receipt = median_us([&] {
        const audit::LeafIndex seq{(turn++ * 7919) % entries};
        must(store.ledger().receipt(*txn, std::span(&seq, 1)));
      });
      const View view = must(View::of(store, *txn, world_.reviewer.id, world_.now()));
      TrailFilter filter;
      filter.case_ = world_.case_id;
      listing = median_us([&] { must(view.trail(filter, "")); }, kPages);
    }
    const double append = median_us([&] { append_and_abort(); });
    CopyId copy;
    const double checkout = median_us([&] {
      const wire::IssueCopy command = next_copy();
      copy = command.copy;
      World::expect_done(world_.submit(must(world_.sign_act(world_.first, command))).get());
    });
    const auto txn = must(store.engine().read());
    const View holder = must(View::of(store, *txn, world_.first.id, world_.now()));
    const double headers = median_us([&] {
      const auto page = must(holder.copy_headers(copy, ""));
      vault::invariant(std::holds_alternative<wire::Page<wire::CopyHeader>>(page), "the issuer reads the headers");
    });
    return {{"entries", entries},    {"append_us", append},     {"receipt_us", receipt},
            {"listing_us", listing}, {"checkout_us", checkout}, {"headers_us", headers}};
  }

 private:
  wire::IssueCopy next_copy() {
    return world_.issuing(world_.safe.id, {records_[made_++ % records_.size()]}, world_.first);
  }
  void append_and_abort() {
    Store& store = world_.store();
    const auto txn = must(store.engine().write());
    constexpr audit::ChainNumber chain = wire::number_at_genesis(access::ChainSort::service);
    static const Bytes body(1000, std::byte{'x'});
    must(store.ledger().append(*txn, chain, world_.now(), body));
    must(store.ledger().sign(*txn, store.log_key(), store.config().origin));
  }

  World world_{On::lmdb};
  std::vector<RecordId> records_;
  std::size_t made_ = 0;
};

// Writes as many bytes in rows of kRawRowBytes, in order of their keys, in groups as large as the gate's.
double raw_seconds(const std::filesystem::path& folder, std::uint64_t entries, double bytes_of_one) {
  std::filesystem::create_directories(folder);
  const auto check = [](int code) { vault::invariant(code == 0, "LMDB does as it is told"); };
  MDB_env* env = nullptr;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, std::size_t{16} << 30));
  check(mdb_env_open(env, folder.c_str(), MDB_NOTLS, 0600));
  const auto rows = static_cast<std::size_t>(std::max(1.0, bytes_of_one / kRawRowBytes));
  Bytes value(kRawRowBytes);
  vault::fill_random(value);
  std::uint64_t number = 0;
  const auto begun = Steady::now();
  for (std::uint64_t done = 0; done < entries; done += kGroup) {
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    check(mdb_txn_begin(env, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, 0, &table));
    for (std::size_t i = 0; i < kGroup * rows; ++i) {
      auto name = vault::big_endian64(number++);
      MDB_val key{name.size(), name.data()};
      MDB_val data{value.size(), value.data()};
      check(mdb_put(txn, table, &key, &data, 0));
    }
    check(mdb_txn_commit(txn));
  }
  const double seconds = microseconds_since(begun) / 1e6;
  mdb_env_close(env);
  return seconds;
}

int run(const std::string& sizes) {
  Growth growth;
  json::array looks;
  json::object group;
  std::istringstream words(sizes);
  for (std::string word; std::getline(words, word, ',');) {
    const std::uint64_t wanted = std::stoull(word);
    const std::uint64_t now = growth.size();
    const std::uint64_t missing = wanted > now ? wanted - now : 0;
    const std::uint64_t measured = std::min(missing, kRateEntries);
    growth.append(missing - measured);
    const std::uint64_t before = growth.database_bytes();
    const double seconds = growth.append(measured);
    if (measured > 0) {
      const double bytes = static_cast<double>(growth.database_bytes() - before) / static_cast<double>(measured);
      const auto folder = std::filesystem::temp_directory_path() / "strongroom-raw-lmdb";
      const double raw = raw_seconds(folder, measured, bytes);
      std::filesystem::remove_all(folder);
      const auto entries = static_cast<double>(measured);
      group = {{"entries", wanted}, {"bytes", bytes}, {"gate_per_s", entries / seconds}, {"raw_per_s", entries / raw}};
    }
    looks.push_back(growth.look());
    std::cerr << "ledger of " << wanted << ": " << json::serialize(looks.back()) << std::endl;
  }
  std::cout << json::object{{"group", std::move(group)}, {"growth", std::move(looks)}} << std::endl;
  return ::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? 1 : 0;
}

}  // namespace
}  // namespace strongroom::access::testing

int main(int argc, char** argv) {
  if (auto started = vault::start_secure_memory(); !started) return 1;
  return strongroom::access::testing::run(argc > 1 ? argv[1] : "1000,10000");
}
