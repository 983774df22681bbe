// A request and its answer, as handlers see them.
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

// The values of all lines of a field, joined with ", ", or nothing if there is none. `name` and the names in `fields`
// are in lower case.
std::optional<std::string> joined_field(const Fields& fields, std::string_view name);

// The pairs of "a=1&b=2", which may begin with "?", with percent escapes and plus signs decoded. Errc::malformed for a
// wrong escape. Errc::too_large for more than kMaxQueryParameters.
vault::Result<Fields> parse_query(std::string_view query);

// Decodes percent escapes: "%2F" becomes "/", and "+" is left as it is. Errc::malformed for a wrong escape.
vault::Result<std::string> percent_decode(std::string_view text);

// The body of a streaming route, read from its beginning to its end. One coroutine at a time may use it, on the
// connection's thread.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual std::uint64_t length() const = 0;     // the value of Content-Length
  virtual std::uint64_t remaining() const = 0;  // how many bytes of it are not read yet
  // Fills `into` and returns its size; at the end of the body it returns less, and then 0. Errc::unavailable if the
  // client closed the connection, stalled or was too slow.
  virtual boost::asio::awaitable<vault::Result<std::size_t>> read(std::span<std::byte> into) = 0;
};

struct Request {
  std::string method;
  std::string target;            // as sent
  std::string path;              // the part of the target before "?", not decoded
  std::string query = "?";       // the part from "?" on; "?" if the target has none
  Fields fields;                 // names in lower case, in the order received
  Fields parameters;             // the parameters of the route's pattern, decoded, for example "safe" for "{safe}"
  std::string body;              // the whole body, unless the route streams it
  BodyReader* stream = nullptr;  // set if the route streams the body; lives as long as the request
  std::optional<std::uint64_t> content_length;
  std::string peer;  // the address of the client; never write it to a log

  std::optional<std::string> field(std::string_view lower_case_name) const {
    return joined_field(fields, lower_case_name);
  }
  // The value of "{name}", which the route's pattern must have.
  const std::string& parameter(std::string_view name) const;
};

// A body that is read while it is sent. `read` puts the next bytes into the span and returns how many, at least one. It
// may block, and is never called twice at once. The span begins on a page of memory. If `read` fails, the connection is
// closed, because the status has been sent already.
struct BodySource {
  std::uint64_t size = 0;
  std::function<vault::Result<std::size_t>(std::span<std::byte> into)> read;
};

struct Response {
  unsigned status = 200;
  Fields fields;  // without Date, Content-Length and Connection, which the server adds
  std::variant<std::string, BodySource> body;
};

}  // namespace net
