// Makes audited checkouts over TLS, as fast as the service gives them. Each is a signed `copy.issue` that is durable
// before it is answered, and whose receipt is verified here (checkpoint's signature, inclusion proof, the entry's
// body). For comparison it also makes raw LMDB sync commits on the same disk. It prints one line of JSON on stdout;
// tests/bench/whole_program.py drives it.
//
//   checkout_load --home DIR --passphrase-file FILE --safe SAFE --records FILE --clients N --seconds S --due DATE
//   checkout_load --raw-commits DIR --seconds S
#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <latch>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "access/wire/authority.h"
#include "access/wire/http_signature.h"
#include "audit/receipt.h"
#include "cli/client/desk.h"
#include "cli/client/session/home.h"
#include "net/asio.h"

namespace cli::client {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kRawValueBytes = 2048;  // about the size of a checkout's rows

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

// Verifies the signature of each checkpoint once. Acts that were committed together have receipts of one checkpoint.
class Checkpoints {
 public:
  Result<audit::SignedCheckpoint> verify(const std::string& note, const audit::NoteKey& log_key) {
    const std::scoped_lock lock(mutex_);
    if (!last_ || last_->note != note) {
      TRY(last_, audit::verify_checkpoint(note, log_key.name, log_key.key));
    }
    return *last_;
  }

 private:
  std::mutex mutex_;
  std::optional<audit::SignedCheckpoint> last_;
};

struct Load {
  std::unique_ptr<Checkpoints> checkpoints = std::make_unique<Checkpoints>();
  Pins pins;
  wire::Authority url;
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

http::request<http::string_body> signed_request(const Load& load, const vault::crypto::SigningKey& key,
                                                std::string target, std::string body) {
  wire::RequestHead head;
  head.method = "POST";
  head.authority = load.url.to_string();
  head.path = target;
  head.has_body = true;
  head.content_digest = wire::content_digest(vault::as_bytes(body));
  wire::SignatureParameters parameters;
  parameters.created = load.now().unix_ms / vault::kMillisecondsPerSecond;
  parameters.expires = parameters.created + 300;
  parameters.nonce = fresh_nonce();
  parameters.keyid = load.pins.person.to_string();
  auto fields = must(wire::sign_request(head, wire::Coverage::command_or_read, parameters, key));
  http::request<http::string_body> request(http::verb::post, target, 11, std::move(body));
  request.set(http::field::host, load.url.to_string());
  request.set(http::field::content_type, "application/json");
  request.set("Content-Digest", *head.content_digest);
  request.set("Signature-Input", fields.signature_input);
  request.set("Signature", fields.signature);
  request.prepare_payload();
  return request;
}

// Keeps one blocking connection. It does as little as possible, since it runs on the service's own processors.
class Connection {
 public:
  explicit Connection(const Load& load) : stream_(io_, tls_) {
    asio::ip::tcp::resolver resolver(io_);
    asio::connect(stream_.next_layer(), resolver.resolve(load.url.host, std::to_string(load.url.port)));
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
    stream_.handshake(asio::ssl::stream_base::client);
  }
  http::response<http::string_body> send(const http::request<http::string_body>& request) {
    std::ostringstream text;
    text << request;  // header and body in one TLS record
    asio::write(stream_, asio::buffer(std::move(text).str()));
    http::response<http::string_body> response;
    http::read(stream_, buffer_, response);
    return response;
  }

 private:
  asio::io_context io_{1};
  asio::ssl::context tls_{asio::ssl::context::tlsv13_client};
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
};

Result<void> check_out(const Load& load, Connection& connection, const vault::crypto::SigningKey& key,
                       std::size_t turn) {
  wire::IssueCopy command;
  command.copy = access::CopyId::generate(static_cast<std::uint64_t>(load.now().unix_ms));
  command.safe = load.safe;
  command.holder = load.pins.person;
  command.due = load.due;
  command.records = {load.records[turn % load.records.size()]};
  const auto answer = connection.send(signed_request(load, key, "/v1/acts/copy.issue", wire::encode(command)));
  if (answer.result() != http::status::created)
    return Error{Errc::unavailable, std::to_string(answer.result_int()) + " " + answer.body()};
  TRY(const json::value value, wire::parse_json(answer.body()));
  TRY(const audit::Receipt receipt, audit::receipt_from_json(value.at("receipt")));
  TRY(const audit::SignedCheckpoint checkpoint, load.checkpoints->verify(receipt.checkpoint, load.log_key));
  TRY(const audit::VerifiedReceipt verified, audit::verify_receipt(receipt, checkpoint));
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
      Connection connection(load);
      must(check_out(load, connection, key, i));  // the handshake is not measured
      ready.arrive_and_wait();
      for (std::size_t turn = i; !stop; turn += clients) {
        const auto at = Steady::now();
        must(check_out(load, connection, key, turn));
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
  load.url = must(wire::parse_vault_url(load.pins.url));
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
