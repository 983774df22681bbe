// The table of routes: which handler answers which method and path. It is filled before the server starts and does not
// change afterwards.
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

// The name of those who may call a route. It has no default, so a route that does not name its callers does not
// compile. The handlers decide what the name means.
class Callers {
 public:
  explicit constexpr Callers(std::string_view name) : name_(name) {}
  constexpr std::string_view name() const { return name_; }

 private:
  std::string_view name_;  // must live as long as the program
};

struct RouteOptions {
  std::size_t max_body = 0;   // bytes held in memory; a longer body is answered with 413
  bool streams_body = false;  // the handler reads the body from `request.stream`, and `max_body` is not used
  // Called with the header before a body of more than kMaxStrangersBodyBytes is read. An answer that it returns is sent
  // and the body is not read. It runs on the connection's thread and must not block.
  std::function<std::optional<Response>(const Request& request)> before_body = {};
};

// Runs on the connection's thread and must not block. The request outlives it. If it throws, the answer is 500.
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
  // A second handler for the same verb and the same pattern (with any names of its parameters) is a broken invariant.
  void route(Verb verb, std::string_view pattern, Callers callers, RouteOptions options, Handler handler);
  void route(Verb verb, std::string_view pattern, Callers callers, Handler handler) {
    route(verb, pattern, callers, RouteOptions{}, std::move(handler));
  }
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // nullptr if there is no such path (`allow` is empty) or the path lacks the verb
    Fields parameters;
    std::string allow;  // the verbs of the path, in the form of the Allow field
  };
  // A literal segment is preferred to a parameter, which matches one segment that is not empty. A HEAD without a route
  // of its own is given to GET's. A segment with a wrong escape matches nothing.
  Match match(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace net
