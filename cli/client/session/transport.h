// Carries requests to one service over TLS 1.3, and believes only its pinned key. It uses libcurl, and only https: no
// redirects, proxies, cookies or compression.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/base/bytes.h"

namespace cli::client {

inline constexpr std::size_t kMaxAnswerBytes = 64U << 20;        // of an answer that is held in memory
inline constexpr std::size_t kMaxAnswerHeaderBytes = 64U << 10;  // of all fields of an answer
inline constexpr std::size_t kMaxOneWrite = 64U << 10;           // of a body that is sent in one write with its header
inline constexpr unsigned kDefaultConnections = 8;
inline constexpr std::chrono::seconds kConnectTimeout{10};
inline constexpr std::chrono::seconds kStallTimeout{60};  // without a byte in either direction, also before an answer

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query
  HttpFields fields;
  vault::ByteView body;  // borrowed for the call
  // For large downloads: takes the body of a 200 or 206 as it arrives. Other bodies are held in the answer. An error
  // that it returns ends the transfer and becomes the call's error.
  std::function<vault::Result<void>(vault::ByteView)> sink;
  // For large uploads, instead of `body`: gives `source_length` bytes in all, at most a span at a time. An error that
  // it returns ends the transfer.
  std::function<vault::Result<std::size_t>(std::span<std::byte>)> source;
  std::uint64_t source_length = 0;
  // Called often during the request. If it returns false, the request ends with Errc::cancelled.
  std::function<bool(std::uint64_t sent, std::uint64_t received)> progress;
};

struct HttpAnswer {
  unsigned status = 0;
  HttpFields fields;  // names in lower case
  vault::Bytes body;
  // The first field of that name, or nullptr.
  const std::string* field(std::string_view lower_case_name) const;
};

// Asked if another TLS key than the pinned one answers, before anything is sent. It returns the key to believe instead,
// the pinned key if there is no other, or the error to report.
using Successor = std::function<vault::Result<vault::Digest>(const vault::Digest& pinned)>;

// Thread safe. It keeps its connections open between requests.
class Transport {
 public:
  // `url` is "https://host[:port]" and nothing after it. `tls_pin` is the SHA-256 of the key's SubjectPublicKeyInfo. At
  // most `connections` requests run at once, and others wait. Sends nothing yet. Errc::invalid_argument for another
  // URL.
  static vault::Result<Transport> make(std::string_view url, const vault::Digest& tls_pin,
                                       unsigned connections = kDefaultConnections, Successor successor = {});
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  // Returns the answer, whatever its status. Errc::unavailable if the service cannot be reached or the connection
  // broke: the same request may be sent again. Errc::tampered if the TLS key is not the pinned one; nothing was sent
  // then. Errc::too_large if the answer is over a limit, Errc::malformed if it is not HTTP, Errc::invalid_argument if
  // the request cannot be expressed in HTTP, Errc::cancelled.
  vault::Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Impl;
  explicit Transport(std::unique_ptr<Impl> impl);
  friend vault::Result<HttpAnswer> ask_anybody(std::string_view url, const HttpRequest& request);
  std::unique_ptr<Impl> impl_;
};

// The part of a transport that a session needs. Tests use another implementation.
using Carrier = std::function<vault::Result<HttpAnswer>(const HttpRequest&)>;
vault::Result<Carrier> carrier_to(std::string_view url, const vault::Digest& tls_pin,
                                  unsigned connections = kDefaultConnections, Successor successor = {});

// Sends a request to any server that answers at the URL, with any TLS key. The caller may believe only the parts of the
// answer that a pinned key has signed, and must put no secret into the request. Fails as Transport::send does.
vault::Result<HttpAnswer> ask_anybody(std::string_view url, const HttpRequest& request);

}  // namespace cli::client
