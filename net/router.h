// Which handler answers what. A table that is complete before the server starts and never changes after.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/message.h"

namespace net {

enum class Verb { get, head, post, put, patch, del, options };
std::string_view to_string(Verb verb);  // "GET", …

// Who may call a route, by name. It has no default: a route without callers does not compile. What the name means is
// for the handlers.
class Callers {
 public:
  explicit constexpr Callers(std::string_view name) : name_(name) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;  // of static duration
};

struct RouteOptions {
  std::size_t max_body = 0;   // bytes held in memory; a longer body is 413
  bool streams_body = false;  // the handler reads `request.stream` instead, whatever its length
  // Asked with the header alone before a body of more than kMaxStrangersBodyBytes is read: the answer to give instead.
  // As a handler: on the connection's thread, without blocking.
  std::function<std::optional<Response>(const Request& request)> before_body = {};
};

// Runs on the connection's thread; must not block. The request outlives it. What it throws is answered 500.
using Handler = std::function<boost::asio::awaitable<Response>(Request& request)>;

struct Route {
  Verb verb;
  std::string pattern;  // "/v1/safes/{safe}/records"
  Callers callers;
  RouteOptions options;
  Handler handler;
};

class Router {
 public:
  // A second handler for the same verb and shape of path breaks an invariant.
  void route(Verb verb, std::string_view pattern, Callers callers, RouteOptions options, Handler handler);
  void route(Verb verb, std::string_view pattern, Callers callers, Handler handler) {
    route(verb, pattern, callers, RouteOptions{}, std::move(handler));
  }
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // nullptr: no such path when `allow` is empty, else no such verb
    Fields parameters;
    std::string allow;  // the verbs of the path, as the Allow field has them
  };
  // A literal segment goes before a parameter, which stands for one segment that is not empty. A HEAD without a route
  // of its own goes to GET's. A segment with a broken escape matches nothing.
  Match match(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace net
