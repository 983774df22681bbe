#include "net/head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "net/limits.h"

namespace net {
namespace {

namespace http = boost::beast::http;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// `lines` must be whole lines.
bool has_fold(std::string_view lines) {
  return lines.contains("\r\n ") || lines.contains("\r\n\t");
}

struct Refusal {
  unsigned status = 0;  // 0: there is nothing wrong
  std::string_view detail;
};

// Looks for what is wrong with any request, before the route is known.
Refusal refusal_of(const HeadParser& parser, std::string_view target) {
  const auto& message = parser.message();
  if (message.version() != 11) return {505, "this server speaks HTTP/1.1 only"};
  if (message.count(http::field::host) != 1) return {400, "the request must have exactly one Host field"};
  if (message.count(http::field::transfer_encoding) > 0)
    return {411, "send the body with Content-Length and without Transfer-Encoding"};
  if (message.count(http::field::content_length) > 1)
    return {400, "the request must not have more than one Content-Length field"};
  // Some programs read "1, 1" and "01" as numbers, and others do not.
  if (const auto length = parser.content_length())
    if (std::string_view(message[http::field::content_length]) != std::to_string(*length))
      return {400, "Content-Length must be one decimal number without leading zeros"};
  if (target.size() > kMaxTargetBytes) return {414, "the target of the request is too long"};
  if (!target.starts_with('/') || !is_printable(target) || target.contains('#'))
    return {400, "the target of the request must be a path and a query in printable ASCII"};
  return {};
}

}  // namespace

HeadParser::HeadParser(std::size_t max_bytes) : max_bytes_(max_bytes) {
  parser_.header_limit(static_cast<std::uint32_t>(max_bytes));
  parser_.body_limit(boost::none);  // the limit of the route is checked when the route is known
}

std::size_t HeadParser::put(std::string_view bytes, boost::system::error_code& error) {
  const std::size_t taken = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  size_ += taken;
  // Beast takes a field only after it has seen the next line, so a field and its continuation are never cut apart.
  if (has_fold(bytes.substr(0, taken))) error = http::error::bad_obs_fold;
  // Beast's own limit is for each piece that it is given, and does not count what it has parsed before.
  if (size_ > max_bytes_) error = http::error::header_limit;
  return taken;
}

std::optional<std::uint64_t> HeadParser::content_length() const {
  if (const auto length = parser_.content_length()) return *length;
  return std::nullopt;
}

Head judge_head(const HeadParser& parser, const Router& router) {
  const auto& message = parser.message();
  Head head;
  Request& request = head.request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) request.fields.emplace_back(lower(field.name_string()), std::string(field.value()));
  const auto refuse = [&](unsigned status, std::string_view detail) {
    head.status = status;
    head.detail = detail;
    head.keep_alive = false;
  };
  if (const Refusal refusal = refusal_of(parser, request.target); refusal.status != 0) {
    refuse(refusal.status, refusal.detail);
    const bool claims_body =
        message.count(http::field::transfer_encoding) + message.count(http::field::content_length) > 0;
    head.body_length = claims_body ? kMaxDrainBytes : 0;
    return head;
  }
  if (const auto length = parser.content_length()) {
    request.content_length = *length;
    head.body_length = *length;
  }
  const std::size_t mark = request.target.find('?');
  request.path = request.target.substr(0, mark);
  if (mark != std::string::npos) request.query = request.target.substr(mark);
  if (const auto expect = request.field("expect")) {
    if (lower(*expect) != "100-continue") {
      refuse(417, "this server supports no expectation but 100-continue");
      return head;
    }
    head.expects_continue = head.body_length > 0;
  }
  head.keep_alive = message.keep_alive();
  auto match = router.match(request.method, request.path);
  if (match.route == nullptr) {
    head.allow = std::move(match.allow);
    head.status = head.allow.empty() ? 404 : 405;
    head.detail = head.allow.empty() ? "there is no such path" : "this path does not have this method";
    return head;
  }
  head.route = match.route;
  request.parameters = std::move(match.parameters);
  const RouteOptions& options = head.route->options;
  if (!options.streams_body && head.body_length > options.max_body)
    refuse(413, "the body is larger than this route accepts");
  return head;
}

}  // namespace net
