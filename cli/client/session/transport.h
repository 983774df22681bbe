// Carries requests to one service over TLS 1.3 and believes only its pinned key. libcurl; no redirects, no proxies, no
// cookies, no compression, https alone.
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
inline constexpr std::size_t kMaxAnswerHeaderBytes = 64U << 10;  // of all its fields
inline constexpr std::size_t kMaxOneWrite = 64U << 10;           // of a body that goes out together with its header
inline constexpr unsigned kDefaultConnections = 8;
inline constexpr std::chrono::seconds kConnectTimeout{10};
inline constexpr std::chrono::seconds kStallTimeout{60};  // without one byte in either direction, an answer included

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query
  HttpFields fields;
  vault::ByteView body;  // borrowed for the call
  // For large downloads: takes a 200's or 206's body as it comes; other bodies are held in the answer. What it returns
  // ends the transfer and is the call's error.
  std::function<vault::Result<void>(vault::ByteView)> sink;
  // For large uploads, instead of `body`: gives exactly `source_length` bytes in all, at most the span at a time, 0 at
  // the end. What it returns ends the transfer.
  std::function<vault::Result<std::size_t>(std::span<std::byte>)> source;
  std::uint64_t source_length = 0;
  // Called often while the request is under way; false ends it (Errc::cancelled).
  std::function<bool(std::uint64_t sent, std::uint64_t received)> progress;
};

struct HttpAnswer {
  unsigned status = 0;
  HttpFields fields;  // names in lower case
  vault::Bytes body;
  // The first of that name, or nullptr.
  const std::string* field(std::string_view lower_case_name) const;
};

// Asked when another TLS key than the pinned one answers: the key to believe instead, which is the pinned one where
// there is none, or what to say. Nothing was sent when it is asked.
using Successor = std::function<vault::Result<vault::Digest>(const vault::Digest& pinned)>;

// Thread safe. Keeps its connections open between requests.
class Transport {
 public:
  // `url` is "https://host[:port]" and nothing after it; `tls_pin` the SHA-256 of the key's SubjectPublicKeyInfo.
  // Nothing is sent yet. At most `connections` requests are under way at once; more wait. Errc::invalid_argument.
  static vault::Result<Transport> make(std::string_view url, const vault::Digest& tls_pin,
                                       unsigned connections = kDefaultConnections, Successor successor = {});
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  // Any status is an answer. Errc::unavailable when the service cannot be reached or the connection broke: the same
  // request may be sent again. Errc::tampered when the TLS key is not the pinned one; nothing was sent then.
  // Errc::too_large for an answer over a limit, Errc::malformed for one that is not HTTP, Errc::invalid_argument for a
  // request that could not be one, Errc::cancelled.
  vault::Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Impl;
  explicit Transport(std::unique_ptr<Impl> impl);
  friend vault::Result<HttpAnswer> ask_anybody(std::string_view url, const HttpRequest& request);
  std::unique_ptr<Impl> impl_;
};

// What a session needs of a transport; tests put something else in its place.
using Carrier = std::function<vault::Result<HttpAnswer>(const HttpRequest&)>;
vault::Result<Carrier> carrier_to(std::string_view url, const vault::Digest& tls_pin,
                                  unsigned connections = kDefaultConnections, Successor successor = {});

// Asks whoever answers at the URL, whatever their TLS key. Nothing of the answer may be believed that is not signed by
// a key of ours, and nothing of the request may be secret. Errors as Transport's.
vault::Result<HttpAnswer> ask_anybody(std::string_view url, const HttpRequest& request);

}  // namespace cli::client
