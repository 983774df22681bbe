// A request's header, judged before anything of it is believed. Pure: no socket, no clock. What passes has one meaning
// to everybody who reads HTTP (RFC 9112, 11.2): one Host, at most one Content-Length in its one spelling, no
// Transfer-Encoding, a target that is a path and a query of printable ASCII.
#pragma once
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "service/net/router.h"

namespace service::net {

using HeadParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

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

// `parser` has read a whole header.
Head judge_head(const HeadParser& parser, const Router& router);

}  // namespace service::net
