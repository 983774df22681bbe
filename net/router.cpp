#include "net/router.h"

#include <algorithm>
#include <set>

namespace net {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  return std::ranges::equal(pattern, path, [](std::string_view want, std::string_view have) {
    return is_parameter(want) ? !have.empty() : want == have;
  });
}

// True if, at the first segment where only one of them has a parameter, `a` has the literal.
bool more_literal(std::string_view a, std::string_view b) {
  const auto kinds = [](std::string_view pattern) {
    std::vector<bool> out;
    for (const std::string_view segment : segments_of(pattern)) out.push_back(is_parameter(segment));
    return out;
  };
  return kinds(a) < kinds(b);
}

// The pattern without the names of its parameters. Two routes of a verb must not have the same shape.
std::string shape_of(std::string_view pattern) {
  std::string shape;
  for (const std::string_view segment : segments_of(pattern))
    shape += "/" + std::string(is_parameter(segment) ? "{}" : segment);
  return shape;
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::get:
      return "GET";
    case Verb::head:
      return "HEAD";
    case Verb::post:
      return "POST";
    case Verb::put:
      return "PUT";
    case Verb::patch:
      return "PATCH";
    case Verb::del:
      return "DELETE";
    case Verb::options:
      return "OPTIONS";
  }
  return "GET";
}

void Router::route(Verb verb, std::string_view pattern, Callers callers, RouteOptions options, Handler handler) {
  vault::invariant(pattern.starts_with('/'), "a pattern begins with a slash");
  vault::invariant(std::ranges::none_of(routes_,
                                        [&](const Route& other) {
                                          return other.verb == verb && shape_of(other.pattern) == shape_of(pattern);
                                        }),
                   "no two routes answer the same requests");
  routes_.push_back({verb, std::string(pattern), callers, options, std::move(handler)});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  const auto segments = segments_of(path);
  const Route* as_get = nullptr;
  std::set<std::string_view> allowed;
  const auto prefer = [](const Route*& chosen, const Route& route) {
    if (chosen == nullptr || more_literal(route.pattern, chosen->pattern)) chosen = &route;
  };
  for (const Route& route : routes_) {
    if (!fits(segments_of(route.pattern), segments)) continue;
    allowed.insert(to_string(route.verb));
    if (route.verb == Verb::get) allowed.insert(to_string(Verb::head));
    if (method == to_string(route.verb)) prefer(match.route, route);
    if (method == to_string(Verb::head) && route.verb == Verb::get) prefer(as_get, route);
  }
  if (match.route == nullptr) match.route = as_get;
  if (match.route != nullptr) {
    const auto pattern = segments_of(match.route->pattern);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (!is_parameter(pattern[i])) continue;
      auto value = percent_decode(segments[i]);
      if (!value) return Match{};
      match.parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), *std::move(value));
    }
  }
  for (const std::string_view verb : allowed) match.allow += (match.allow.empty() ? "" : ", ") + std::string(verb);
  return match;
}

}  // namespace net
