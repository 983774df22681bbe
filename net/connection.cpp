#include "net/connection.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <ctime>
#include <tuple>

#include "net/client_hello.h"
#include "vault/base/file.h"

namespace net {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// An idle client reads our farewell only with its next request, so a stop does not wait for it.
constexpr milliseconds kFarewellTimeout{50};
// A body's memory grows with the bytes that have come, not with the length that is claimed. A step is small enough for
// other connections of the thread to wait for.
constexpr std::size_t kFirstBodyStep = 64U << 10;
constexpr std::size_t kLargestBodyStep = 512U << 10;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// IMF-fixdate (RFC 9110, 5.6.7).
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

bool has_body(unsigned status) {
  return status >= 200 && status != 204 && status != 304;
}

// If a value could end its line, data that a handler put into a field could add fields of its own.
bool fields_are_sound(const Fields& fields) {
  return std::ranges::all_of(fields, [](const auto& field) {
    return is_printable(field.first) && !field.first.empty() && !field.first.contains(':') &&
           std::ranges::none_of(field.second, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  });
}

std::string header_text(const Response& response, std::uint64_t size, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(http::obsolete_reason(static_cast<http::status>(response.status))) + "\r\n";
  text += "Date: " + http_date() + "\r\n";
  for (const auto& [name, value] : response.fields) text += name + ": " + value + "\r\n";
  if (has_body(response.status)) text += "Content-Length: " + std::to_string(size) + "\r\n";
  if (!keep_alive) text += "Connection: close\r\n";
  return text + "\r\n";
}

asio::awaitable<Result<std::size_t>> read_source(const BodySource& source, std::span<std::byte> into) {
  auto got = source.read(into);
  if (got && (*got == 0 || *got > into.size()))
    got = Error{Errc::internal, "it returned no bytes, or more than there was room for"};
  co_return got;
}

// The two buffers of a streamed answer: a piece is read into one while the other is sent.
class Pieces {
 public:
  explicit Pieces(std::atomic<std::size_t>& large_streams) : large_streams_(large_streams) {}
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  ~Pieces() {
    if (is_large_) large_streams_.fetch_sub(1);
  }
  // A buffer for the next of `left` bytes. The previous one keeps its bytes until the next call.
  std::span<std::byte> next(std::uint64_t left) {
    if (begun_ && !is_large_ && left > kPieceBytes) take_large();
    begun_ = true;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(left, is_large_ ? kLargePieceBytes : kPieceBytes));
    std::swap(next_, other_);
    if (next_.span().size() < size) next_ = vault::PageBuffer(size);
    return next_.span().first(size);
  }

 private:
  void take_large() {
    is_large_ = large_streams_.fetch_add(1) < kLargePieceStreams;
    if (!is_large_) large_streams_.fetch_sub(1);
  }
  std::atomic<std::size_t>& large_streams_;
  bool is_large_ = false;
  bool begun_ = false;
  vault::PageBuffer next_{0};
  vault::PageBuffer other_{0};
};

}  // namespace

Connection::Connection(Shared& shared, Tcp::socket socket, asio::ssl::context* tls, std::string peer, Turns& turns)
    : shared_(shared),
      socket_(std::move(socket)),
      buffer_(kReadBufferBytes),
      timer_(socket_.get_executor()),
      peer_(std::move(peer)),
      turns_(turns) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

Connection::~Connection() {
  release();
}

void Connection::finish() {
  ErrorCode ignored;  // if it is closed already, nothing waits
  if (idle_) socket_.cancel(ignored);
}

Connection::Transferred Connection::receive(asio::mutable_buffer into) {
  return tls_ ? tls_->async_read_some(into, kToken) : socket_.async_read_some(into, kToken);
}

Connection::Transferred Connection::transmit(asio::const_buffer bytes) {
  return tls_ ? asio::async_write(*tls_, bytes, kToken) : asio::async_write(socket_, bytes, kToken);
}

// ---- The beginning ----

// Strangers come in crowds, so each connection begins in a turn of its own. False if there is nothing more to do.
asio::awaitable<bool> Connection::begin() {
  if (tls_) co_return co_await shake_hands();
  co_await turns_.take();
  co_return true;
}

// A handshake costs as much as several requests. So it waits for a turn, and asks for one only when the client's hello
// is complete. To clean up after a handshake that failed costs as much, and takes a turn as well.
asio::awaitable<bool> Connection::shake_hands() {
  idle_ = true;
  if (shared_.stopping) co_return false;
  expire_after(shared_.limits.handshake_timeout);
  ErrorCode error = co_await read_client_hello();
  if (!error) {
    co_await turns_.take();
    if (shared_.stopping) co_return false;
    if (timed_out_) error = asio::error::operation_aborted;
  }
  if (!error) {
    std::tie(error, std::ignore) =
        co_await tls_->async_handshake(asio::ssl::stream_base::server, buffer_.data(), kToken);
    buffer_.consume(buffer_.size());  // the hello and nothing else
  }
  rest();
  idle_ = false;
  if (!error) co_return true;
  ++shared_.counters.handshakes_failed;
  note_timeout();
  co_await turns_.take();
  co_return false;
}

// Reads the hello into the buffer, and no byte after it.
asio::awaitable<ErrorCode> Connection::read_client_hello() {
  while (true) {
    if (shared_.stopping) co_return make_error_code(asio::error::operation_aborted);
    const auto have = buffer_.data();
    const auto missing = missing_of_client_hello({static_cast<const std::byte*>(have.data()), have.size()});
    if (!missing) co_return make_error_code(asio::error::message_size);
    if (*missing == 0) co_return ErrorCode();
    const auto [error, size] = co_await asio::async_read(socket_, buffer_.prepare(*missing), kToken);
    buffer_.commit(size);
    if (error) co_return error;
  }
}

asio::awaitable<void> Connection::run() {
  const bool begun = co_await begin();
  if (!begun) co_return;
  buffer_.reserve(kReadBufferBytes);  // an empty buffer would begin with reads of 512 bytes
  bool keep_alive = true;
  while (keep_alive && !broken_) {
    std::optional<Head> head = co_await read_head();
    if (!head) break;
    const auto since = steady_clock::now();
    ++shared_.counters.requests;
    Response response = co_await answer(*head);
    const unsigned status = response.status;
    keep_alive = head->keep_alive && remaining() == 0 && !shared_.stopping;
    const bool pipelined = keep_alive && !broken_ && has_more_come();
    if (!broken_) broken_ = !co_await send(std::move(response), head->request.method == "HEAD", keep_alive);
    if (shared_.completed)
      shared_.completed({head->request.method,
                         head->route == nullptr ? "unmatched" : std::string_view(head->route->pattern), status,
                         steady_clock::now() - since, body_read_, sent_});
    if (pipelined && !broken_) co_await pause_before_pipelined();
  }
  co_await close();
}

// Whether bytes of the next request are here although its sender does not have this request's answer yet. They may be
// in our buffer, in TLS records that are not decrypted yet, or in the socket.
bool Connection::has_more_come() {
  ErrorCode ignored;
  return buffer_.size() > 0 || (tls_ && BIO_pending(SSL_get_rbio(tls_->native_handle())) > 0) ||
         socket_.available(ignored) > 0;
}

asio::awaitable<void> Connection::pause_before_pipelined() {
  asio::steady_timer pause(socket_.get_executor(), shared_.limits.pipeline_pause);
  co_await pause.async_wait(kToken);
}

// ---- Deadlines ----

void Connection::expire_after(milliseconds time) {
  deadline_ = steady_clock::now() + time;
  if (deadline_ < watched_) watch();
}

void Connection::watch() {
  watched_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;  // the timer was set to another deadline
    if (const auto alive = weak.lock()) alive->look_at_the_clock();
  });
}

void Connection::look_at_the_clock() {
  watched_ = steady_clock::time_point::max();
  if (deadline_ == steady_clock::time_point::max()) return;  // no wait is running
  if (steady_clock::now() < deadline_) return watch();
  timed_out_ = true;
  ErrorCode ignored;
  socket_.close(ignored);  // which ends the wait with an error
}

// ---- The header ----

asio::awaitable<std::optional<Head>> Connection::read_head() {
  body_length_ = body_read_ = sent_ = 0;
  body_waited_ = {};
  body_deadline_.reset();
  expecting_ = false;
  if (buffer_.size() == 0) {
    idle_ = true;
    if (shared_.stopping) co_return std::nullopt;
    // A client that has asked for nothing yet may not take a place for long.
    expire_after(asked_ ? shared_.limits.idle_timeout
                        : std::min(shared_.limits.idle_timeout, shared_.limits.header_timeout));
    const auto [error, size] = co_await receive(buffer_.prepare(kReadBufferBytes));
    rest();
    idle_ = false;
    if (error) {
      broken_ = timed_out_ || error != asio::error::operation_aborted;
      co_return std::nullopt;
    }
    buffer_.commit(size);
  }
  HeadParser parser(shared_.limits.header_bytes);
  expire_after(shared_.limits.header_timeout);
  ErrorCode error;
  while (true) {
    buffer_.consume(parser.put({static_cast<const char*>(buffer_.data().data()), buffer_.size()}, error));
    if (error != http::error::need_more) break;
    const auto [failed, more] =
        co_await receive(buffer_.prepare(std::min(kReadBufferBytes, buffer_.max_size() - buffer_.size())));
    buffer_.commit(more);
    error = failed;
    if (error) break;
  }
  rest();
  shared_.counters.bytes_received += parser.size();
  if (!error) {
    asked_ = true;
    Head head = judge_head(parser, shared_.router);
    head.request.peer = peer_;
    if (head.route != nullptr && head.route->options.streams_body) head.request.stream = this;
    body_length_ = head.body_length;
    expecting_ = head.expects_continue && buffer_.size() == 0;
    co_return head;
  }
  Head bad;
  body_length_ = kMaxDrainBytes;  // nobody can tell how much more the client is sending
  if (error == http::error::header_limit) {
    bad.status = 431;
    bad.detail = "the header of the request is too large";
    co_return bad;
  }
  if (error == http::error::bad_obs_fold) {
    bad.status = 400;
    bad.detail = "a header field continues on another line: send each field on one line";
    co_return bad;
  }
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    bad.status = 400;
    bad.detail = "this is not a request of HTTP/1.1";
    co_return bad;
  }
  note_timeout();
  broken_ = true;
  co_return std::nullopt;
}

// ---- The body ----

milliseconds Connection::patience() const {
  const Limits& limits = shared_.limits;
  const auto earned = std::chrono::seconds(body_read_ / std::max<std::uint64_t>(limits.min_bytes_per_second, 1));
  auto left = limits.progress_grace + duration_cast<milliseconds>(earned) - duration_cast<milliseconds>(body_waited_);
  if (body_deadline_) left = std::min(left, duration_cast<milliseconds>(*body_deadline_ - steady_clock::now()));
  return std::min(limits.stall_timeout, left);
}

asio::awaitable<Result<std::size_t>> Connection::read(std::span<std::byte> into) {
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), remaining()));
  const Error gone{Errc::unavailable, "the client closed the connection or was too slow"};
  if (expecting_) {
    expecting_ = false;
    const bool sent = co_await write(kContinue);
    if (!sent) broken_ = true;
  }
  std::size_t filled = 0;
  while (filled < want) {
    const milliseconds at_most = patience();
    if (at_most <= milliseconds::zero() && !broken_) {
      ++shared_.counters.timeouts;
      broken_ = true;
    }
    if (broken_) co_return gone;
    const auto before = steady_clock::now();
    const std::size_t got = co_await read_some(into.subspan(filled, want - filled), at_most);
    body_waited_ += steady_clock::now() - before;
    if (got == 0) co_return gone;
    filled += got;
    body_read_ += got;
  }
  co_return filled;
}

asio::awaitable<std::size_t> Connection::read_some(std::span<std::byte> into, milliseconds at_most) {
  if (buffer_.size() > 0) {
    const std::size_t size = asio::buffer_copy(asio::buffer(into.data(), into.size()), buffer_.data());
    buffer_.consume(size);
    shared_.counters.bytes_received += size;
    co_return size;
  }
  expire_after(at_most);
  const auto [error, size] = co_await receive(asio::buffer(into.data(), into.size()));
  rest();
  if (error) {
    note_timeout();
    broken_ = true;
    co_return 0;
  }
  shared_.counters.bytes_received += size;
  co_return size;
}

// Reads the whole body into `body`. Returns 0, or the status to answer if that failed.
asio::awaitable<unsigned> Connection::read_body(std::size_t length, std::string& body) {
  body_deadline_ = steady_clock::now() + shared_.limits.body_timeout;
  body.reserve(length);  // takes addresses only; memory is taken as bytes are written
  while (body.size() < length) {
    const std::size_t have = body.size();
    const std::size_t size = std::min(length, have + std::clamp(have, kFirstBodyStep, kLargestBodyStep));
    if (!reserve(size - have)) co_return 503;
    body.resize(size);
    const auto got = co_await read(std::as_writable_bytes(std::span(body).subspan(have)));
    if (!got) co_return 408;
  }
  co_return 0;
}

bool Connection::reserve(std::size_t bytes) {
  const std::uint64_t before = shared_.counters.bytes_buffered.fetch_add(bytes);
  reserved_ += bytes;
  return before + bytes <= shared_.limits.buffered_bytes;
}

void Connection::release() {
  shared_.counters.bytes_buffered -= reserved_;
  reserved_ = 0;
}

// ---- The answer ----

Response Connection::problem(unsigned status, std::string_view detail) const {
  if (shared_.problem) return shared_.problem(status, detail);
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(detail) + "\n"};
}

// A large body is read only if the route, which knows the sender from the header, does not answer first.
std::optional<Response> Connection::ask_before_body(const Head& head) {
  const auto& ask = head.route->options.before_body;
  if (!ask || body_length_ <= kMaxStrangersBodyBytes) return std::nullopt;
  try {
    return ask(head.request);
  } catch (const std::exception& thrown) {
    ++shared_.counters.faults;
    if (shared_.fault) shared_.fault(thrown.what());
    return problem(500, "the server failed");
  }
}

asio::awaitable<Response> Connection::answer(Head& head) {
  if (head.status != 0) {
    Response response = problem(head.status, head.detail);
    if (!head.allow.empty()) response.fields.emplace_back("Allow", head.allow);
    co_return response;
  }
  Request& request = head.request;
  if (request.stream == nullptr) {
    if (auto refused = ask_before_body(head)) co_return *std::move(refused);
    const unsigned status = co_await read_body(static_cast<std::size_t>(body_length_), request.body);
    if (status != 0) {
      request.body = {};
      release();
      co_return problem(status, status == 503 ? "the server is answering too many large requests: try again later"
                                              : "the body of the request did not come in time");
    }
  }
  std::string fault;
  try {
    Response response = co_await head.route->handler(request);
    if (fields_are_sound(response.fields)) {
      request.body = {};
      release();
      co_return response;
    }
    fault = "a field of the handler's answer contains a control character";
  } catch (const std::exception& thrown) {
    fault = thrown.what();
  } catch (...) {
    fault = "a handler threw something that is not a std::exception";
  }
  request.body = {};
  release();
  ++shared_.counters.faults;
  if (shared_.fault) shared_.fault(fault);
  co_return problem(500, "the server failed");
}

asio::awaitable<bool> Connection::send(Response response, bool head_only, bool keep_alive) {
  auto* text = std::get_if<std::string>(&response.body);
  auto* source = std::get_if<BodySource>(&response.body);
  std::string header = header_text(response, text != nullptr ? text->size() : source->size, keep_alive);
  if (head_only || !has_body(response.status)) co_return co_await write(header);
  if (source != nullptr) co_return co_await send_source(std::move(*source), header);
  sent_ = text->size();
  if (text->size() <= kReadBufferBytes) {  // most answers are small, and one write is cheaper than two
    header += *text;
    co_return co_await write(header);
  }
  const bool begun = co_await write(header);
  if (!begun) co_return false;
  co_return co_await write(*text);
}

// Sends the pieces in order. Each is read while the previous one is sent.
asio::awaitable<bool> Connection::send_source(BodySource source, std::string& header) {
  using asio::experimental::awaitable_operators::operator&&;
  bool good = co_await write(header);
  Pieces pieces(shared_.large_streams);
  std::span<std::byte> read = pieces.next(source.size);
  std::size_t got = good && !read.empty() ? co_await read_piece(source, read) : 0;
  while (good && got != 0) {
    const std::span piece(reinterpret_cast<const char*>(read.data()), got);
    sent_ += got;
    got = 0;
    if (sent_ < source.size) {
      read = pieces.next(source.size - sent_);
      // Waits for both, even if one fails, because both use variables of this function.
      std::tie(good, got) = co_await (write(piece) && read_piece(source, read));
    } else {
      good = co_await write(piece);
    }
  }
  co_return (good && sent_ == source.size);
}

// Returns 0 if the source failed or broke its contract.
asio::awaitable<std::size_t> Connection::read_piece(const BodySource& source, std::span<std::byte> into) {
  // A read of a disk cannot be cancelled, and to cancel its coroutine would end the process (Asio of Boost 1.81). So
  // this coroutine gets no cancellation slot.
  const auto [failure, got] = co_await asio::co_spawn(*shared_.blocking, read_source(source, into),
                                                      asio::bind_cancellation_slot(asio::cancellation_slot(), kToken));
  if (!failure && got) co_return *got;
  ++shared_.counters.faults;
  if (shared_.fault)
    shared_.fault("the body of an answer could not be read to its end: " +
                  (failure ? std::string("its source threw an exception") : got.error().message));
  co_return 0;
}

asio::awaitable<bool> Connection::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kWriteBytes));
    expire_after(shared_.limits.stall_timeout);
    const auto [error, size] = co_await transmit(asio::buffer(piece.data(), piece.size()));
    rest();
    shared_.counters.bytes_sent += size;
    if (error) {
      note_timeout();
      co_return false;
    }
    bytes = bytes.subspan(piece.size());
  }
  co_return true;
}

// ---- The end ----

void Connection::note_timeout() {
  if (timed_out_) ++shared_.counters.timeouts;
}

// Reads a limited part of what the client is still sending. Closing at once would reset the connection, and the client
// could lose the answer that it has not read yet.
asio::awaitable<void> Connection::drain() {
  const auto until = steady_clock::now() + shared_.limits.close_timeout;
  std::vector<std::byte> sink(kReadBufferBytes);
  std::size_t drained = 0;
  while (!broken_ && remaining() > 0 && drained < kMaxDrainBytes) {
    const auto left = duration_cast<milliseconds>(until - steady_clock::now());
    if (left <= milliseconds::zero()) break;
    const std::size_t got = co_await read_some(sink, left);
    body_read_ += std::min<std::uint64_t>(got, remaining());
    drained += got;
  }
}

asio::awaitable<void> Connection::close() {
  if (!broken_ && !expecting_) co_await drain();
  if (broken_) co_return;
  expire_after(shared_.stopping ? kFarewellTimeout : shared_.limits.close_timeout);
  if (tls_)
    co_await tls_->async_shutdown(kToken);  // the connection ends, even if this fails
  else
    co_await close_plain();
}

// Says that no more will come, and then waits until the client has read everything and closes too (RFC 9112, 9.6). TLS
// does the same with its closing messages.
asio::awaitable<void> Connection::close_plain() {
  ErrorCode error;
  socket_.shutdown(Tcp::socket::shutdown_send, error);
  buffer_.consume(buffer_.size());
  std::size_t thrown_away = 0;
  while (!error && thrown_away < kMaxDrainBytes) {
    std::size_t size = 0;
    std::tie(error, size) = co_await receive(buffer_.prepare(kReadBufferBytes));
    shared_.counters.bytes_received += size;
    thrown_away += size;
  }
}

}  // namespace net
