#include "cli/client/session/transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>

#include "access/wire/authority.h"

namespace cli::client {
namespace {

using vault::ByteView;
using vault::Errc;
using vault::Error;
using vault::Result;

constexpr long kBufferBytes = 256L << 10;  // of libcurl's, in either direction

struct EasyFree {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyFree>;

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool start_curl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;  // once, by the first thread
  return started;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

Result<void> check_request(const HttpRequest& request) {
  if (!is_token(request.method) || !request.target.starts_with('/') ||
      !std::ranges::all_of(request.target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; }))
    return Error{Errc::invalid_argument, "a request's method or target cannot be sent"};
  for (const auto& [name, value] : request.fields)
    if (!is_token(name) || std::ranges::any_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }))
      return Error{Errc::invalid_argument, "a request's field cannot be sent"};
  return {};
}

// The state of one request, to which libcurl's callbacks belong.
struct Exchange {
  explicit Exchange(const HttpRequest& sent) : request(sent) {}
  const HttpRequest& request;
  std::size_t body_sent = 0;
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  std::optional<Error> failure;  // of this program or of a callback, not of the network

  bool to_sink() const { return request.sink && (answer.status == 200 || answer.status == 206); }

  std::size_t take_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kMaxAnswerHeaderBytes) {
      failure = Error{Errc::too_large, "the service's answer has too large a header"};
      return 0;
    }
    if (line.starts_with("HTTP/")) {  // a second time after "100 Continue"
      answer.fields.clear();
      const std::size_t space = line.find(' ');
      answer.status = 0;
      if (space != std::string_view::npos)
        for (const char c : line.substr(space + 1, 3))
          answer.status = c >= '0' && c <= '9' ? answer.status * 10 + static_cast<unsigned>(c - '0') : 0;
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      answer.fields.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
    return line.size();
  }

  std::size_t take_body(ByteView bytes) {
    if (to_sink()) {
      if (auto taken = request.sink(bytes); !taken) {
        failure = taken.error();
        return bytes.empty() ? 1 : 0;
      }
    } else {
      if (bytes.size() > kMaxAnswerBytes - answer.body.size()) {
        failure = Error{Errc::too_large, "the service's answer is too large"};
        return 0;
      }
      vault::append(answer.body, bytes);
    }
    return bytes.size();
  }

  std::size_t give_body(std::span<std::byte> into) {
    if (request.source) {
      const std::uint64_t left = request.source_length - body_sent;
      if (left == 0) return 0;
      auto given = request.source(into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left))));
      if (!given || *given == 0) {
        failure = given ? Error{Errc::invalid_argument, "an upload ended before its length"} : given.error();
        return CURL_READFUNC_ABORT;
      }
      body_sent += *given;
      return *given;
    }
    const ByteView piece = request.body.subspan(body_sent, std::min(into.size(), request.body.size() - body_sent));
    std::ranges::copy(piece, into.begin());
    body_sent += piece.size();
    return piece.size();
  }

  // libcurl sends the body's beginning again if a kept connection turns out to be dead. A source cannot give it again.
  int seek(curl_off_t offset, int origin) {
    if (request.source || origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > request.body.size())
      return CURL_SEEKFUNC_CANTSEEK;
    body_sent = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->take_header({data, size});
}
std::size_t on_body(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->take_body(std::as_bytes(std::span(data, size)));
}
std::size_t on_read(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->give_body(std::as_writable_bytes(std::span(data, size)));
}
int on_seek(void* exchange, curl_off_t offset, int origin) {
  return static_cast<Exchange*>(exchange)->seek(offset, origin);
}
int on_progress(void* data, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
  auto* exchange = static_cast<Exchange*>(data);
  if (exchange->request.progress(static_cast<std::uint64_t>(sent), static_cast<std::uint64_t>(received))) return 0;
  exchange->failure = Error{Errc::cancelled, "stopped as asked"};
  return 1;
}

// Sets the options of one request. If libcurl refuses one of them, the request must not be sent.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}
  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (code != CURLE_OK && refused_ == CURLE_OK) refused_ = code;
  }
  // Sets an option that only makes a request faster. libcurl refuses to change the size of a buffer that it has kept
  // from a request that never began, for example because a host name was not known. That buffer has this size already.
  template <class Value>
  void prefer(CURLoption option, Value value) {
    static_cast<void>(curl_easy_setopt(easy_, option, value));
  }
  Result<void> taken() const {
    if (refused_ == CURLE_OK) return {};
    return Error{Errc::internal, std::string("libcurl cannot make this request: ") + curl_easy_strerror(refused_)};
  }

 private:
  CURL* easy_;
  CURLcode refused_ = CURLE_OK;
};

// `url` is the service's address.
Error error_of(CURLcode code, const std::string& url) {
  switch (code) {
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {
          Errc::tampered,
          "the service's TLS key is not the one pinned at enrolment: somebody may be between you and the service, or "
          "the service was given another key. Nothing was sent. Ask its operator by another way before you do "
          "anything else"};
    case CURLE_URL_MALFORMAT:
      return {Errc::invalid_argument, "the service's address cannot be used"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
      return {Errc::malformed, "the server at " + url + " does not speak HTTP/1.1"};
    case CURLE_OPERATION_TIMEDOUT:
      return {Errc::unavailable, "the service at " + url + " did not answer in time"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Errc::unavailable, "the service cannot be reached, because nothing knows the name in its address, " +
                                     url + ": check this computer's network connection, or ask the service's operator"};
    default:  // foreign: libcurl's codes
      return {Errc::unavailable, "the service at " + url + " cannot be reached: " + curl_easy_strerror(code)};
  }
}

}  // namespace

const std::string* HttpAnswer::field(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find(fields, lower_case_name, [](const auto& field) -> std::string_view { return field.first; });
  return found == fields.end() ? nullptr : &found->second;
}

struct Transport::Impl {
  std::string url;
  bool is_pinned = true;  // false: any key is accepted
  Successor successor;
  std::mutex renewing;  // held by the thread that asks for a successor; taken before `mutex`
  std::mutex mutex;
  std::condition_variable returned;
  vault::Digest pin{};  // guarded by mutex, as are `idle` and `unmade`
  std::vector<Easy> idle;
  unsigned unmade = 0;  // handles that may still be made

  Result<Easy> take() {
    std::unique_lock lock(mutex);
    returned.wait(lock, [this] { return !idle.empty() || unmade > 0; });
    if (!idle.empty()) {
      Easy easy = std::move(idle.back());  // the one used last, because its connection most likely still lives
      idle.pop_back();
      return easy;
    }
    Easy easy(curl_easy_init());
    if (!easy) return Error{Errc::internal, "libcurl cannot start"};
    --unmade;
    return easy;
  }
  void give_back(Easy easy) {
    {
      const std::scoped_lock lock(mutex);
      idle.push_back(std::move(easy));
    }
    returned.notify_one();
  }

  vault::Digest pinned() {
    const std::scoped_lock lock(mutex);
    return pin;
  }
  // Another key than `known` to try, if there is one.
  Result<std::optional<vault::Digest>> another_than(const vault::Digest& known) {
    if (!successor) return std::optional<vault::Digest>();
    const std::scoped_lock asking(renewing);
    if (const vault::Digest now = pinned(); now != known) return std::optional(now);  // another thread has asked
    TRY(const vault::Digest next, successor(known));
    if (next == known) return std::optional<vault::Digest>();
    const std::scoped_lock lock(mutex);
    pin = next;
    return std::optional(next);
  }

  struct Outcome {
    Result<HttpAnswer> answer;
    bool met_another_key = false;
  };
  Outcome perform(CURL* easy, const HttpRequest& request, const vault::Digest& key);
};

Transport::Impl::Outcome Transport::Impl::perform(CURL* easy, const HttpRequest& request, const vault::Digest& key) {
  curl_easy_reset(easy);  // keeps its connections
  Options options(easy);
  Exchange exchange(request);
  const std::string whole = url + request.target;
  options.set(CURLOPT_URL, whole.c_str());
  options.set(CURLOPT_PATH_AS_IS, 1L);  // the path that is sent must be the one that was signed
  options.set(CURLOPT_PROTOCOLS_STR, "https");
  options.set(CURLOPT_FOLLOWLOCATION, 0L);
  options.set(CURLOPT_PROXY, "");  // ignores the environment's proxies too
  options.set(CURLOPT_NOSIGNAL, 1L);
  options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
  // All trust is in the pin. It came with the invitation, which was signed and compared in person, and it names one
  // key. Checks of certificate authorities or names could only refuse the right key, so they are off. They may only be
  // off because there is a pin, or because nobody believes the answer (ask_anybody).
  const std::string pin_text = "sha256//" + vault::base64(key, vault::Base64::padded);
  if (is_pinned) options.set(CURLOPT_PINNEDPUBLICKEY, pin_text.c_str());
  options.set(CURLOPT_SSL_VERIFYPEER, 0L);
  options.set(CURLOPT_SSL_VERIFYHOST, 0L);
  options.set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(kConnectTimeout.count()));
  options.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  options.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(kStallTimeout.count()));
  options.prefer(CURLOPT_BUFFERSIZE, kBufferBytes);
  options.prefer(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  options.set(CURLOPT_HEADERFUNCTION, &on_header);
  options.set(CURLOPT_HEADERDATA, &exchange);
  options.set(CURLOPT_WRITEFUNCTION, &on_body);
  options.set(CURLOPT_WRITEDATA, &exchange);
  if (request.progress) {
    options.set(CURLOPT_NOPROGRESS, 0L);
    options.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    options.set(CURLOPT_XFERINFODATA, &exchange);
  }
  const bool carries_body = request.source || !request.body.empty() || request.method == "POST" ||
                            request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    options.set(CURLOPT_NOBODY, 1L);
  } else if (carries_body && !request.source && request.body.size() <= kMaxOneWrite) {
    // Unlike an upload's body, this one is sent together with the header, as one TLS record.
    options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    options.set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
  } else if (carries_body) {
    const std::uint64_t length = request.source ? request.source_length : request.body.size();
    options.set(CURLOPT_UPLOAD, 1L);
    options.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length));
    options.set(CURLOPT_READFUNCTION, &on_read);
    options.set(CURLOPT_READDATA, &exchange);
    options.set(CURLOPT_SEEKFUNCTION, &on_seek);
    options.set(CURLOPT_SEEKDATA, &exchange);
  }
  if (request.method != "HEAD") options.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  HeaderList headers;
  headers.add("Content-Type:");  // removes the one that libcurl adds to a POST; the request's own is added below
  for (const auto& [name, value] : request.fields) headers.add(value.empty() ? name + ";" : name + ": " + value);
  options.set(CURLOPT_HTTPHEADER, headers.get());
  if (const auto taken = options.taken(); !taken) return {taken.error()};

  const CURLcode code = curl_easy_perform(easy);
  if (exchange.failure) return {*std::move(exchange.failure)};
  if (code != CURLE_OK) return {error_of(code, url), code == CURLE_SSL_PINNEDPUBKEYNOTMATCH};
  return {std::move(exchange.answer)};
}

Transport::Transport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;
Transport::~Transport() = default;

Result<Transport> Transport::make(std::string_view url, const vault::Digest& tls_pin, unsigned connections,
                                  Successor successor) {
  if (!start_curl()) return Error{Errc::internal, "libcurl cannot start"};
  auto impl = std::make_unique<Impl>();
  TRY(const auto authority, strongroom::access::wire::parse_vault_url(url));
  impl->url = authority.url();  // so that the Host field is the authority that requests are signed for
  impl->pin = tls_pin;
  impl->successor = std::move(successor);
  impl->unmade = std::max(1U, connections);
  return Transport(std::move(impl));
}

Result<HttpAnswer> Transport::send(const HttpRequest& request) {
  TRY_VOID(check_request(request));
  TRY(Easy easy, impl_->take());
  const vault::Digest pinned = impl_->pinned();
  auto outcome = impl_->perform(easy.get(), request, pinned);
  if (outcome.met_another_key) {
    const auto other = impl_->another_than(pinned);
    if (!other)
      outcome.answer = other.error();
    else if (*other)
      outcome = impl_->perform(easy.get(), request, **other);
  }
  impl_->give_back(std::move(easy));
  return std::move(outcome.answer);
}

Result<HttpAnswer> ask_anybody(std::string_view url, const HttpRequest& request) {
  TRY(Transport transport, Transport::make(url, {}, 1));
  transport.impl_->is_pinned = false;
  return transport.send(request);
}

Result<Carrier> carrier_to(std::string_view url, const vault::Digest& tls_pin, unsigned connections,
                           Successor successor) {
  TRY(Transport made, Transport::make(url, tls_pin, connections, std::move(successor)));
  // A shared_ptr, because a std::function must be copyable.
  return Carrier([transport = std::make_shared<Transport>(std::move(made))](const HttpRequest& request) {
    return transport->send(request);
  });
}

}  // namespace cli::client
