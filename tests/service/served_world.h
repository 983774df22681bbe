// The fictional partnership of tests/access/world.h behind a real server: TLS on loopback, the real routes, the real
// gate. Requests are written by hand, so that each of their parts can be altered after it was signed.
#pragma once
#include <atomic>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "service/routes.h"
#include "tests/access/world.h"
#include "tests/net/server_fixture.h"

namespace service::test {

namespace testing_world = strongroom::access::testing;
using net::test::Answer;
using testing_world::Identity;
using testing_world::On;
using testing_world::World;

inline constexpr std::string_view kAuthority = "vault.example:8443";

// A request before it is signed, and after.
struct Sent {
  std::string method = "GET";
  std::string target{};
  std::string host{kAuthority};
  net::Fields fields{};  // what is signed of them is signed
  std::string body{};
  std::string signature_input{};
  std::string signature{};
  std::string content_digest{};

  bool is_chunk() const { return method == "PATCH" || target == "/v1/upload-batches"; }
  std::string text() const {
    std::string out = method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
    for (const auto& [name, value] : fields) out += name + ": " + value + "\r\n";
    if (!content_digest.empty()) out += "Content-Digest: " + content_digest + "\r\n";
    if (!signature_input.empty()) out += "Signature-Input: " + signature_input + "\r\n";
    if (!signature.empty()) out += "Signature: " + signature + "\r\n";
    if (!body.empty() || is_chunk()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + body;
  }
};

class ServedWorld {
 public:
  explicit ServedWorld(On on = On::memory, bool populated = true) : world_(on) {
    if (populated) {
      world_.populate();
      world_.open_case();
    }
    start();
  }
  ~ServedWorld() { stop(); }

  World& world() { return world_; }
  Metrics& metrics() { return metrics_; }

  void start() {
    workers_ = std::make_unique<asio::thread_pool>(2);
    service_ = std::make_unique<Service>(Service{.store = world_.store(),
                                                 .gate = world_.gate(),
                                                 .metrics = metrics_,
                                                 .log = log_,
                                                 .workers = *workers_,
                                                 .clock = [this] { return world_.now(); },
                                                 .authority = std::string(kAuthority)});
    running_ = net::test::start(make_router(service_.get()));
  }
  void stop() {
    if (running_.server) running_.server->stop();
    running_.server.reset();
    if (workers_) workers_->join();
    service_.reset();
  }
  // As after a restart of the program: what was not durable is gone.
  void restart() {
    stop();
    ASSERT_TRUE(world_.reopen());
    start();
  }

  // Signs what `sent` has, for `who`.
  Sent sign(const std::string& keyid, const vault::crypto::SigningKey& key, Sent sent, std::string nonce = {},
            std::int64_t created_after = 0) {
    wire::RequestHead head = head_of(sent);
    wire::SignatureParameters parameters;
    parameters.created = world_.now().unix_ms / vault::kMillisecondsPerSecond + created_after;
    parameters.expires = parameters.created + 300;
    parameters.nonce = nonce.empty() ? world_.new_nonce() : std::move(nonce);
    parameters.keyid = keyid;
    const auto coverage = sent.is_chunk() ? wire::Coverage::upload_chunk : wire::Coverage::command_or_read;
    const auto fields = wire::sign_request(head, coverage, parameters, key);
    EXPECT_TRUE(fields) << fields.error().message;
    if (!fields) return sent;
    sent.content_digest = head.content_digest.value_or("");
    sent.signature_input = fields->signature_input;
    sent.signature = fields->signature;
    return sent;
  }
  Sent sign(const Identity& who, Sent sent, std::string nonce = {}, std::int64_t created_after = 0) {
    return sign(who.id.to_string(), who.signing, std::move(sent), std::move(nonce), created_after);
  }
  template <class Command>
  Sent act(const Identity& who, const Command& command, std::string nonce = {}) {
    return sign(who,
                {.method = "POST", .target = "/v1/acts/" + std::string(Command::kKind), .body = wire::encode(command)},
                std::move(nonce));
  }
  Sent get(const Identity& who, std::string target) { return sign(who, {.target = std::move(target)}); }

  // Each on a connection of its own.
  Answer ask(const Sent& sent) {
    net::test::Client client(running_.port);
    EXPECT_TRUE(client.connected());
    return client.ask(sent.text(), sent.method == "HEAD");
  }
  std::uint16_t port() const { return running_.port; }
  net::Server& server() { return *running_.server; }
  Service& service() { return *service_; }

  std::uint64_t ledger_size() {
    const auto txn = world_.store().engine().read();
    return world_.store().ledger().size(**txn)->value;
  }

 private:
  static wire::RequestHead head_of(const Sent& sent) {
    wire::RequestHead head;
    head.method = sent.method;
    head.authority = sent.host;
    const std::size_t query = sent.target.find('?');
    head.path = sent.target.substr(0, query);
    if (query != std::string::npos) head.query = sent.target.substr(query);
    const bool chunk = sent.is_chunk();
    head.has_body = !sent.body.empty() || chunk;
    if (chunk)
      head.content_length = std::to_string(sent.body.size());
    else if (head.has_body)
      head.content_digest = wire::content_digest(vault::as_bytes(sent.body));
    for (const auto& [name, value] : sent.fields) {
      if (name == "Range") head.range = value;
      if (name == "Upload-Length") head.upload_length = value;
      if (name == "Upload-Offset" && chunk) head.upload_offset = value;
    }
    return head;
  }

  World world_;
  Metrics metrics_;
  Log log_{Log::To::nowhere};
  std::unique_ptr<asio::thread_pool> workers_;
  std::unique_ptr<Service> service_;
  net::test::Running running_;
};

inline boost::json::object json_of(const Answer& answer) {
  boost::system::error_code error;
  const auto value = boost::json::parse(answer.body, error);
  EXPECT_FALSE(error) << answer.status << " " << answer.body;
  return value.is_object() ? value.get_object() : boost::json::object();
}
inline std::string problem_of(const Answer& answer) {
  constexpr std::string_view kPrefix = "urn:strongroom:problem:";
  const auto json = json_of(answer);
  const auto* type = json.if_contains("type");
  return type == nullptr ? answer.body : std::string(type->as_string()).substr(kPrefix.size());
}
// The value of a field of the answer; "" without it.
inline std::string field_of(const Answer& answer, std::string_view name) {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const std::size_t at = answer.head.find(start);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + start.size();
  return answer.head.substr(begin, answer.head.find("\r\n", begin) - begin);
}

}  // namespace service::test
