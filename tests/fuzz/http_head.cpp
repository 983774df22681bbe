// Reads the header of a request, as the connection reads and judges it. Requires that it means the same however it is
// cut into pieces, and that a request that reaches a handler has one meaning to every reader of HTTP: if it is written
// again from its parsed parts, it is parsed as the same.
#include "net/head.h"
#include "net/limits.h"
#include "tests/fuzz/example_router.h"
#include "tests/fuzz/require.h"

using namespace net;

namespace http = boost::beast::http;
namespace fuzz = vault::fuzz;

namespace {

// Reads a header as Connection does: the bytes after it remain for the next round. Returns nothing if it is no header,
// or not a whole one.
std::optional<Head> read(const Router& router, std::string_view input, std::size_t first_piece) {
  HeadParser parser(kMaxHeaderBytes);
  boost::system::error_code error;
  parser.put(input.substr(0, first_piece), error);
  if (error == http::error::need_more) parser.put(input.substr(parser.size()), error);
  if (error) return std::nullopt;
  fuzz::require(parser.is_done() && parser.size() <= kMaxHeaderBytes);
  // Each line after the first begins with a field's name, even in a header that is refused for another reason.
  const std::string_view header = input.substr(0, parser.size());
  fuzz::require(!header.contains("\r\n ") && !header.contains("\r\n\t"));
  return judge_head(parser, router);
}

bool same(const Head& a, const Head& b) {
  return a.status == b.status && a.route == b.route && a.keep_alive == b.keep_alive && a.body_length == b.body_length &&
         a.expects_continue == b.expects_continue && a.request.method == b.request.method &&
         a.request.target == b.request.target && a.request.fields == b.request.fields &&
         a.request.parameters == b.request.parameters && a.request.content_length == b.request.content_length;
}

std::string written(const Request& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.fields) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

void check_accepted(const Head& head) {
  const Request& request = head.request;
  std::size_t hosts = 0, lengths = 0;
  for (const auto& [name, value] : request.fields) {
    hosts += name == "host" ? 1 : 0;
    lengths += name == "content-length" ? 1 : 0;
    fuzz::require(name != "transfer-encoding" && !name.empty());
    for (const char c : value) fuzz::require(c != '\r' && c != '\n' && c != '\0');
  }
  fuzz::require(hosts == 1 && lengths <= 1);
  fuzz::require(request.content_length.has_value() == (lengths == 1));
  fuzz::require(head.body_length == request.content_length.value_or(0));
  if (lengths == 1) fuzz::require(request.field("content-length") == std::to_string(head.body_length));
  fuzz::require(request.target.starts_with('/') && request.target.size() <= kMaxTargetBytes);
  fuzz::require(request.target ==
                request.path + (request.query == "?" && !request.target.ends_with('?') ? "" : request.query));
  if (head.route == nullptr) return;
  fuzz::require(head.route->options.streams_body || head.body_length <= head.route->options.max_body);
  fuzz::require(request.method == to_string(head.route->verb) || request.method == "HEAD");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Router router = fuzz::example_router();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto head = read(router, input, size);
  const auto in_pieces = read(router, input, size == 0 ? 0 : data[size / 2] % size);
  fuzz::require(head.has_value() == in_pieces.has_value());
  if (!head) return 0;
  fuzz::require(same(*head, *in_pieces));
  if (head->status != 0) {
    fuzz::require(!head->detail.empty() && head->status >= 400 && head->status < 600);
    return 0;
  }
  check_accepted(*head);
  const std::string text = written(head->request);
  if (text.size() > kMaxHeaderBytes) return 0;  // a space more for each field
  const auto again = read(router, text, text.size());
  fuzz::require(again && same(*head, *again));
  return 0;
}
