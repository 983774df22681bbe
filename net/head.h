// Reads and judges a request's header before anything in it is used. Pure: no socket, no clock. A header that is
// accepted means the same to everybody who reads HTTP (RFC 9112, 11.2): it has one Host, at most one Content-Length in
// its only spelling, no Transfer-Encoding, no field that continues on another line, and a target that is a path and a
// query in printable ASCII.
#pragma once
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <optional>
#include <string_view>

#include "net/router.h"

namespace net {

// Beast's parser with two more rules. The limit is for the whole header, in however many pieces it comes. And a field
// that continues on another line (RFC 9112, 5.2) is refused: Beast joins the lines, and a proxy in front of us may not.
class HeadParser {
 public:
  using Message = boost::beast::http::request<boost::beast::http::empty_body>;
  explicit HeadParser(std::size_t max_bytes);
  // Takes whole lines from the front of `bytes`, never anything after the header, and returns how many bytes it took.
  // `error` is need_more until the header is complete: call again with the bytes that were not taken and more after
  // them.
  std::size_t put(std::string_view bytes, boost::system::error_code& error);
  bool is_done() const { return parser_.is_header_done(); }
  std::size_t size() const { return size_; }  // bytes taken so far
  const Message& message() const { return parser_.get(); }
  std::optional<std::uint64_t> content_length() const;

 private:
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
  std::size_t max_bytes_;
  std::size_t size_ = 0;
};

struct Head {
  Request request;               // body, stream and peer are set later
  const Route* route = nullptr;  // owned by the router
  unsigned status = 0;           // if not 0, the request is answered with this and `detail`, and no handler is called
  std::string_view detail;
  std::string allow;              // the Allow field of a 405
  bool keep_alive = false;        // false also if the end of the request cannot be told
  bool expects_continue = false;  // "Expect: 100-continue"
  std::uint64_t body_length = 0;  // as claimed; kMaxDrainBytes if it cannot be told
};

// `parser` must be done.
Head judge_head(const HeadParser& parser, const Router& router);

}  // namespace net
