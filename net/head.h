// A request's header, judged before anything of it is believed. Pure: no socket, no clock. What passes has one meaning
// to everybody who reads HTTP (RFC 9112, 11.2): one Host, at most one Content-Length in its one spelling, no
// Transfer-Encoding, no field that goes over several lines, a target that is a path and a query of printable ASCII.
#pragma once
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <optional>
#include <string_view>

#include "net/router.h"

namespace net {

// Beast's parser with two rules that it lacks: the limit is for the whole header however many pieces it comes in, and a
// field stays on its line. Beast joins a folded field (RFC 9112, 5.2) silently, and readers before us may not.
class HeadParser {
 public:
  using Message = boost::beast::http::request<boost::beast::http::empty_body>;
  explicit HeadParser(std::size_t max_bytes);
  // Takes whole lines from the front of `bytes` and returns how many bytes they have: nothing of what follows the
  // header. `error` is need_more until the header is whole: then give what was not taken again, and more after it.
  std::size_t put(std::string_view bytes, boost::system::error_code& error);
  bool is_done() const { return parser_.is_header_done(); }
  std::size_t size() const { return size_; }  // of what was taken
  const Message& message() const { return parser_.get(); }
  std::optional<std::uint64_t> content_length() const;

 private:
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
  std::size_t max_bytes_;
  std::size_t size_ = 0;
};

struct Head {
  Request request;               // with neither body, stream nor peer yet
  const Route* route = nullptr;  // that answers it; of the router
  unsigned status = 0;           // not 0: answered without a handler, and these are the words
  std::string_view detail;
  std::string allow;              // with 405
  bool keep_alive = false;        // false where it is not known what follows the header
  bool expects_continue = false;  // 100-continue
  std::uint64_t body_length = 0;  // as claimed; kMaxDrainBytes where it cannot be known
};

// `parser` is done.
Head judge_head(const HeadParser& parser, const Router& router);

}  // namespace net
