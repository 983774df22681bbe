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
// An idle client does not read our farewell before its next request: a stop does not wait for it.
constexpr milliseconds kFarewellTimeout{50};
// A body's memory grows with what has come, not with what is claimed, and by no more than others can wait for.
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

// A field that could end its line would let a handler's data write fields of its own.
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
  if (got && (*got == 0 || *got > into.size())) got = Error{Errc::internal, "its source broke its promise"};
  co_return got;
}

// Where the pieces of an answer that is streamed are read to, in turn.
class Pieces {
 public:
  explicit Pieces(std::atomic<std::size_t>& large_streams) : large_streams_(large_streams) {}
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;
  ~Pieces() {
    if (is_large_) large_streams_.fetch_sub(1);
  }
  // For the next of `left` bytes. The one before it stays as it is.
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

Connection::Connection(Shared& shared, Tcp::socket socket, asio::ssl::context& tls, std::string peer, Turns& turns)
    : shared_(shared),
      stream_(beast::tcp_stream(std::move(socket)), tls),
      buffer_(kReadBufferBytes),
      timer_(stream_.get_executor()),
      peer_(std::move(peer)),
      turns_(turns) {}

Connection::~Connection() {
  release();
}

void Connection::finish() {
  if (idle_) stream_.next_layer().cancel();
}

// A handshake costs as much as several requests, and strangers come in crowds: it begins when the client's hello is
// whole and it is its turn, and one that fails is cleared away in a turn too.
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
        co_await stream_.async_handshake(asio::ssl::stream_base::server, buffer_.data(), kToken);
    buffer_.consume(buffer_.size());  // exactly the hello
  }
  rest();
  idle_ = false;
  if (!error) co_return true;
  ++shared_.counters.handshakes_failed;
  note_timeout();
  co_await turns_.take();
  co_return false;
}

// Into the buffer, and no byte of what may come after it.
asio::awaitable<ErrorCode> Connection::read_client_hello() {
  while (true) {
    if (shared_.stopping) co_return make_error_code(asio::error::operation_aborted);
    const auto have = buffer_.data();
    const auto missing = missing_of_client_hello({static_cast<const std::byte*>(have.data()), have.size()});
    if (!missing) co_return make_error_code(asio::error::message_size);
    if (*missing == 0) co_return ErrorCode();
    const auto [error, size] = co_await asio::async_read(stream_.next_layer(), buffer_.prepare(*missing), kToken);
    buffer_.commit(size);
    if (error) co_return error;
  }
}

asio::awaitable<void> Connection::run() {
  const bool shaken = co_await shake_hands();
  if (!shaken) co_return;
  buffer_.reserve(kReadBufferBytes);  // an empty one starts with reads of 512 bytes
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

// Of the next request, whose sender has not had this one's answer: here, in what TLS has not opened yet, or in the
// socket.
bool Connection::has_more_come() {
  ErrorCode ignored;
  return buffer_.size() > 0 || BIO_pending(SSL_get_rbio(stream_.native_handle())) > 0 ||
         stream_.next_layer().socket().available(ignored) > 0;
}

asio::awaitable<void> Connection::pause_before_pipelined() {
  asio::steady_timer pause(stream_.get_executor(), shared_.limits.pipeline_pause);
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
    if (error) return;  // another deadline took its place
    if (const auto alive = weak.lock()) alive->look_at_the_clock();
  });
}

void Connection::look_at_the_clock() {
  watched_ = steady_clock::time_point::max();
  if (deadline_ == steady_clock::time_point::max()) return;  // nothing is waited for
  if (steady_clock::now() < deadline_) return watch();
  timed_out_ = true;
  stream_.next_layer().close();
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
    // Whoever has asked for nothing yet has no claim to a place for long.
    expire_after(asked_ ? shared_.limits.idle_timeout
                        : std::min(shared_.limits.idle_timeout, shared_.limits.header_timeout));
    const auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(kReadBufferBytes), kToken);
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
    const auto [failed, more] = co_await stream_.async_read_some(
        buffer_.prepare(std::min(kReadBufferBytes, buffer_.max_size() - buffer_.size())), kToken);
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
  body_length_ = kMaxDrainBytes;  // whatever else has been sent
  if (error == http::error::header_limit) {
    bad.status = 431;
    bad.detail = "the header is too large";
    co_return bad;
  }
  if (error == http::error::bad_obs_fold) {
    bad.status = 400;
    bad.detail = "a header field goes over several lines: send each field on one line";
    co_return bad;
  }
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    bad.status = 400;
    bad.detail = "not an HTTP request";
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
  const Error gone{Errc::unavailable, "the client went away or was too slow"};
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
  const auto [error, size] = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), kToken);
  rest();
  if (error) {
    note_timeout();
    broken_ = true;
    co_return 0;
  }
  shared_.counters.bytes_received += size;
  co_return size;
}

// The whole body into `body`; the status to answer instead, or 0.
asio::awaitable<unsigned> Connection::read_body(std::size_t length, std::string& body) {
  body_deadline_ = steady_clock::now() + shared_.limits.body_timeout;
  body.reserve(length);  // of addresses; memory comes with the bytes
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

// A large body is read from somebody whom the route knows by the header.
std::optional<Response> Connection::ask_before_body(const Head& head) {
  const auto& ask = head.route->options.before_body;
  if (!ask || body_length_ <= kMaxStrangersBodyBytes) return std::nullopt;
  try {
    return ask(head.request);
  } catch (const std::exception& thrown) {
    ++shared_.counters.faults;
    if (shared_.fault) shared_.fault(thrown.what());
    return problem(500, "a fault of this service");
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
      co_return problem(status, status == 503 ? "too many requests at once" : "the body did not come in time");
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
    fault = "an answer's field holds a control character";
  } catch (const std::exception& thrown) {
    fault = thrown.what();
  } catch (...) {
    fault = "something that is no exception";
  }
  request.body = {};
  release();
  ++shared_.counters.faults;
  if (shared_.fault) shared_.fault(fault);
  co_return problem(500, "a fault of this service");
}

asio::awaitable<bool> Connection::send(Response response, bool head_only, bool keep_alive) {
  auto* text = std::get_if<std::string>(&response.body);
  auto* source = std::get_if<BodySource>(&response.body);
  std::string header = header_text(response, text != nullptr ? text->size() : source->size, keep_alive);
  if (head_only || !has_body(response.status)) co_return co_await write(header);
  if (source != nullptr) co_return co_await send_source(std::move(*source), header);
  sent_ = text->size();
  if (text->size() <= kReadBufferBytes) {  // in one write: small answers are the many
    header += *text;
    co_return co_await write(header);
  }
  const bool begun = co_await write(header);
  if (!begun) co_return false;
  co_return co_await write(*text);
}

// One piece is read while the one before it is sent.
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
      // Both are waited for, whatever becomes of either: they use what stands here.
      std::tie(good, got) = co_await (write(piece) && read_piece(source, read));
    } else {
      good = co_await write(piece);
    }
  }
  co_return (good && sent_ == source.size);
}

// Zero when it failed, or broke its promise.
asio::awaitable<std::size_t> Connection::read_piece(const BodySource& source, std::span<std::byte> into) {
  // A read is not cancelled, and its coroutine must not be: Asio would end the process (Boost 1.81).
  const auto [failure, got] = co_await asio::co_spawn(*shared_.blocking, read_source(source, into),
                                                      asio::bind_cancellation_slot(asio::cancellation_slot(), kToken));
  if (!failure && got) co_return *got;
  ++shared_.counters.faults;
  if (shared_.fault)
    shared_.fault("a body could not be read to its end: " +
                  (failure ? std::string("an exception") : got.error().message));
  co_return 0;
}

asio::awaitable<bool> Connection::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kWriteBytes));
    expire_after(shared_.limits.stall_timeout);
    const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(piece.data(), piece.size()), kToken);
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

// Reads what the client is still sending, a little of it: closing at once would reset the connection and could take
// the answer away from under it.
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
  co_await stream_.async_shutdown(kToken);  // whatever it says: there is nothing left to do
}

}  // namespace net
