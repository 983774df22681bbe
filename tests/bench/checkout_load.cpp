// Audited checkouts over TLS, as fast as the service gives them: each a signed `copy.issue`, durable before it is
// answered, its receipt verified here (checkpoint's signature, inclusion proof, the entry's body). Beside it, raw LMDB
// sync commits on the same disk. One line of JSON on stdout; tests/bench/whole_program.py drives it.
//
//   checkout_load --home DIR --passphrase-file FILE --safe SAFE --records FILE --clients N --seconds S --due DATE
//   checkout_load --raw-commits DIR --seconds S
#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <latch>
#include <map>
#include <thread>

#include "access/wire/http_signature.h"
#include "audit/receipt.h"
#include "cli/client/home.h"
#include "cli/client/transport.h"

namespace cli::client {
namespace {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kRawValueBytes = 2048;  // about what a checkout's rows come to

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::cerr << "checkout_load: " << result.error().message << std::endl;
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double percentile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

void print_latencies(std::string_view what, std::vector<double> milliseconds, double seconds) {
  std::ranges::sort(milliseconds);
  std::cout << json::object{{"what", what},
                            {"count", milliseconds.size()},
                            {"seconds", seconds},
                            {"rate", static_cast<double>(milliseconds.size()) / seconds},
                            {"p50_ms", percentile(milliseconds, 0.5)},
                            {"p99_ms", percentile(milliseconds, 0.99)}}
            << std::endl;
}

// --- raw commits ----------------------------------------------------------------------------------------------------

void raw_commits(const std::filesystem::path& folder, double seconds) {
  std::filesystem::create_directories(folder);
  const auto check = [](int code) { vault::invariant(code == 0, "LMDB does as it is told"); };
  MDB_env* env = nullptr;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, std::size_t{4} << 30));
  check(mdb_env_open(env, folder.c_str(), MDB_NOTLS, 0600));
  MDB_dbi table = 0;
  Bytes value(kRawValueBytes);
  vault::fill_random(value);
  std::vector<double> took;
  const auto begun = Steady::now();
  const auto until = begun + std::chrono::duration<double>(seconds);
  for (std::uint64_t i = 0; Steady::now() < until; ++i) {
    const auto at = Steady::now();
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env, nullptr, 0, &txn));
    if (i == 0) check(mdb_dbi_open(txn, nullptr, 0, &table));
    auto name = vault::big_endian64(i);
    MDB_val key{name.size(), name.data()};
    MDB_val data{value.size(), value.data()};
    check(mdb_put(txn, table, &key, &data, 0));
    check(mdb_txn_commit(txn));
    took.push_back(std::chrono::duration<double, std::milli>(Steady::now() - at).count());
  }
  const double all = std::chrono::duration<double>(Steady::now() - begun).count();
  mdb_env_close(env);
  print_latencies("raw-commits", std::move(took), all);
}

// --- checkouts ------------------------------------------------------------------------------------------------------

struct Load {
  Pins pins;
  std::string authority;
  audit::NoteKey log_key;
  access::SafeId safe;
  std::vector<access::RecordId> records;
  vault::Date due{};
  vault::Instant now() const { return vault::system_clock()(); }
};

std::string fresh_nonce() {
  std::array<std::byte, kNonceBytes> bytes;
  vault::fill_random(bytes);
  return vault::hex(bytes);
}

HttpRequest signed_request(const Load& load, const vault::crypto::SigningKey& key, std::string target,
                           std::string_view body) {
  HttpRequest http;
  http.method = "POST";
  http.target = std::move(target);
  http.body = vault::as_bytes(body);
  wire::RequestHead head;
  head.method = http.method;
  head.authority = load.authority;
  head.path = http.target;
  head.has_body = true;
  head.content_digest = wire::content_digest(http.body);
  wire::SignatureParameters parameters;
  parameters.created = load.now().unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 300;
  parameters.nonce = fresh_nonce();
  parameters.keyid = load.pins.person.to_string();
  auto fields = must(wire::sign_request(head, wire::Coverage::command_or_read, parameters, key));
  http.fields = {{"Content-Type", "application/json"},
                 {"Content-Digest", *head.content_digest},
                 {"Signature-Input", std::move(fields.signature_input)},
                 {"Signature", std::move(fields.signature)}};
  return http;
}

Result<void> check_out(const Load& load, Transport& transport, const vault::crypto::SigningKey& key, std::size_t turn) {
  wire::IssueCopy command;
  command.copy = access::CopyId::generate(static_cast<std::uint64_t>(load.now().unix_ms));
  command.safe = load.safe;
  command.holder = load.pins.person;
  command.due = load.due;
  command.records = {load.records[turn % load.records.size()]};
  const std::string body = wire::encode(command);
  TRY(const HttpAnswer answer, transport.send(signed_request(load, key, "/v1/acts/copy.issue", body)));
  if (answer.status != 201)
    return Error{Errc::unavailable, std::to_string(answer.status) + " " + vault::to_text(answer.body)};
  TRY(const json::value value, wire::parse_json(vault::as_text(answer.body)));
  TRY(const audit::Receipt receipt, audit::receipt_from_json(value.at("receipt")));
  TRY(const audit::VerifiedReceipt verified, audit::verify_receipt(receipt, load.log_key.name, load.log_key.key));
  const bool mine = verified.envelopes.size() == 1 &&
                    vault::to_text(receipt.entries.front().body).find(command.copy.to_string()) != std::string::npos;
  if (!mine) return Error{Errc::tampered, "the receipt is of another checkout"};
  return {};
}

void run_load(const Load& load, const vault::crypto::SigningKey& key, unsigned clients, double seconds) {
  std::vector<std::vector<double>> took(clients);
  std::latch ready(clients + 1);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      auto transport = must(Transport::make(load.pins.url, load.pins.tls_pin, 1));
      must(check_out(load, transport, key, i));  // the handshake is not measured
      ready.arrive_and_wait();
      for (std::size_t turn = i; !stop; turn += clients) {
        const auto at = Steady::now();
        must(check_out(load, transport, key, turn));
        took[i].push_back(std::chrono::duration<double, std::milli>(Steady::now() - at).count());
      }
    });
  }
  ready.arrive_and_wait();
  const auto begun = Steady::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  const double all = std::chrono::duration<double>(Steady::now() - begun).count();
  for (std::thread& thread : threads) thread.join();
  std::vector<double> together;
  for (const auto& one : took) together.insert(together.end(), one.begin(), one.end());
  print_latencies("checkouts", std::move(together), all);
}

int run(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const double seconds = std::stod(options["--seconds"]);
  if (options.contains("--raw-commits")) {
    raw_commits(options["--raw-commits"], seconds);
    return 0;
  }
  const Home home = must(Home::open(options["--home"]));
  const Keys keys = must(home.unlock(passphrase_from_file(options["--passphrase-file"])));
  Load load;
  load.pins = must(home.pins());
  load.authority = load.pins.url.substr(std::string_view("https://").size());
  load.log_key = must(audit::parse_note_key(load.pins.log_key));
  load.safe = must(access::SafeId::parse(options["--safe"]));
  load.due = must(vault::parse_date(options["--due"]));
  std::ifstream records(options["--records"]);
  for (std::string id; records >> id;) load.records.push_back(must(access::RecordId::parse(id)));
  run_load(load, keys.signing, static_cast<unsigned>(std::stoul(options["--clients"])), seconds);
  return 0;
}

}  // namespace
}  // namespace cli::client

int main(int argc, char** argv) {
  if (auto started = vault::start_secure_memory(); !started) return 1;
  return cli::client::run(argc, argv);
}
