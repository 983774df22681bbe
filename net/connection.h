// One connection: its TLS handshake (unless it is plain), its requests one after another, its end. It runs on the one
// thread of its executor. Only the server uses it.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <tuple>

#include "net/asio.h"
#include "net/head.h"
#include "net/server.h"
#include "net/turns.h"

namespace net {

// The part of a server that its connections use. It outlives them.
struct Shared {
  Router router;
  Limits limits;
  std::function<Response(unsigned status, std::string_view detail)> problem;
  std::function<void(const Completed&)> completed;
  std::function<void(std::string_view what)> fault;
  Counters counters;
  asio::thread_pool* blocking = nullptr;
  std::atomic<std::size_t> large_streams = 0;  // answers being streamed in large pieces
  std::atomic<bool> stopping = false;
};

class Connection final : public BodyReader, public std::enable_shared_from_this<Connection> {
 public:
  // `turns` belongs to the thread. Without `tls` the connection is plain.
  Connection(Shared& shared, Tcp::socket socket, asio::ssl::context* tls, std::string peer, Turns& turns);
  ~Connection() override;
  asio::awaitable<void> run();
  void finish();  // call it on the thread: closes now if no request is being answered, else after the answer

 private:
  // The only functions that transfer bytes of HTTP. `receive` returns as soon as there is a byte, `transmit` when all
  // bytes are sent.
  using Transferred = asio::awaitable<std::tuple<ErrorCode, std::size_t>>;
  Transferred receive(asio::mutable_buffer into);
  Transferred transmit(asio::const_buffer bytes);

  asio::awaitable<bool> begin();
  asio::awaitable<bool> shake_hands();
  asio::awaitable<ErrorCode> read_client_hello();
  asio::awaitable<std::optional<Head>> read_head();
  asio::awaitable<unsigned> read_body(std::size_t length, std::string& body);
  std::optional<Response> ask_before_body(const Head& head);
  asio::awaitable<Response> answer(Head& head);
  asio::awaitable<bool> send(Response response, bool head_only, bool keep_alive);
  asio::awaitable<bool> send_source(BodySource source, std::string& header);
  asio::awaitable<std::size_t> read_piece(const BodySource& source, std::span<std::byte> into);
  asio::awaitable<bool> write(std::span<const char> bytes);
  asio::awaitable<std::size_t> read_some(std::span<std::byte> into, std::chrono::milliseconds at_most);
  bool has_more_come();
  asio::awaitable<void> pause_before_pipelined();
  asio::awaitable<void> drain();
  asio::awaitable<void> close();
  asio::awaitable<void> close_plain();
  Response problem(unsigned status, std::string_view detail) const;
  void expire_after(std::chrono::milliseconds time);
  void rest() { deadline_ = std::chrono::steady_clock::time_point::max(); }  // no wait is running
  void watch();
  void look_at_the_clock();
  void note_timeout();
  std::chrono::milliseconds patience() const;
  bool reserve(std::size_t bytes);
  void release();

  std::uint64_t length() const override { return body_length_; }
  std::uint64_t remaining() const override { return body_length_ - body_read_; }
  asio::awaitable<vault::Result<std::size_t>> read(std::span<std::byte> into) override;

  Shared& shared_;
  Tcp::socket socket_;
  std::optional<TlsStream> tls_;  // over socket_; empty if the connection is plain
  beast::flat_buffer buffer_;
  // One timer serves every wait, because setting a timer is slow and writing down a deadline is not.
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point watched_ = std::chrono::steady_clock::time_point::max();  // when the timer ends
  bool timed_out_ = false;
  const std::string peer_;
  Turns& turns_;
  bool idle_ = false;       // waiting for the first byte of a request
  bool asked_ = false;      // has sent a well-formed request
  bool broken_ = false;     // nothing more can be read or written
  bool expecting_ = false;  // the client waits for "100 Continue"
  std::uint64_t body_length_ = 0;
  std::uint64_t body_read_ = 0;
  std::chrono::steady_clock::duration body_waited_{};  // for the client; the time that a handler takes is not counted
  std::optional<std::chrono::steady_clock::time_point> body_deadline_;  // if the body is held in memory
  std::uint64_t sent_ = 0;                                              // bytes of the current answer's body
  std::size_t reserved_ = 0;                                            // this connection's part of bytes_buffered
};

}  // namespace net
