// A request and its answer as handlers see them.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vault/base/result.h"

namespace net {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Every line of a field joined with ", ", or nothing. `name` in lower case, as the names in `fields` are.
std::optional<std::string> joined_field(const Fields& fields, std::string_view name);

// The pairs of "a=1&b=2", with or without a "?" before them, percent and plus decoded. Errc::malformed, Errc::too_large
// over kMaxQueryParameters.
vault::Result<Fields> parse_query(std::string_view query);

// "%2F" is "/", "+" stays. Errc::malformed for a broken escape.
vault::Result<std::string> percent_decode(std::string_view text);

// The body of a streaming route, in order. Used on the connection's thread, by one coroutine at a time.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual std::uint64_t length() const = 0;     // as Content-Length says
  virtual std::uint64_t remaining() const = 0;  // of it, not yet read
  // Fills `into`, less only at the end of the body; 0 after it. Errc::unavailable when the client went, stalled or was
  // too slow.
  virtual boost::asio::awaitable<vault::Result<std::size_t>> read(std::span<std::byte> into) = 0;
};

struct Request {
  std::string method;
  std::string target;            // as sent
  std::string path;              // of it, not decoded
  std::string query = "?";       // of it, with its "?", which stands alone when there is none
  Fields fields;                 // names in lower case, in the order received
  Fields parameters;             // of the route's pattern, decoded: "safe" for "{safe}"
  std::string body;              // whole, on a route that does not stream
  BodyReader* stream = nullptr;  // on a route that streams; lives as long as the request
  std::optional<std::uint64_t> content_length;
  std::string peer;  // the address it came from: never to be logged

  std::optional<std::string> field(std::string_view lower_case_name) const {
    return joined_field(fields, lower_case_name);
  }
  // The value of "{name}"; the route's pattern must have it.
  const std::string& parameter(std::string_view name) const;
};

// A body that is made while it is sent. `read` gives the next bytes, at least one and at most the span; it runs on a
// thread that may block, never twice at once. The span begins on a page of memory. When it fails the connection is
// broken off, since the status has gone.
struct BodySource {
  std::uint64_t size = 0;
  std::function<vault::Result<std::size_t>(std::span<std::byte> into)> read;
};

struct Response {
  unsigned status = 200;
  Fields fields;  // Date, Content-Length and Connection are the server's
  std::variant<std::string, BodySource> body;
};

}  // namespace net
