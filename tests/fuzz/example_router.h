// Makes a router with a route of each kind, for the targets that read a request before its handler does.
#pragma once
#include "net/router.h"

namespace vault::fuzz {

inline net::Router example_router() {
  using namespace net;
  constexpr Callers anyone("anyone");
  const auto nothing = [](Request&) -> boost::asio::awaitable<Response> { co_return Response{}; };
  Router router;
  router.route(Verb::get, "/v1/safes/{safe}", anyone, nothing);
  router.route(Verb::get, "/v1/safes/mine", anyone, nothing);
  router.route(Verb::post, "/v1/acts/{kind}", anyone, {.max_body = 1U << 20}, nothing);
  router.route(Verb::post, "/v1/acts/{kind}/of/{thing}", anyone, nothing);
  router.route(Verb::patch, "/v1/uploads/{upload}", anyone, {.streams_body = true}, nothing);
  router.route(Verb::options, "/v1/uploads", anyone, nothing);
  return router;
}

}  // namespace vault::fuzz
