#include "service/problem.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace service {
namespace {

using vault::Errc;

std::string_view title(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "The request breaks a stated rule";
    case Errc::malformed:
      return "The request could not be read";
    case Errc::too_large:
      return "The request is over a limit";
    case Errc::not_found:
      return "Not found";
    case Errc::refused:
      return "Not permitted";
    case Errc::conflict:
      return "Not possible in the present state";
    case Errc::tampered:
      return "Altered data";
    case Errc::wrong_key:
      return "Not encrypted to the expected key";
    case Errc::unknown_version:
      return "Written by a newer program";
    case Errc::unsupported:
      return "Not supported";
    case Errc::full:
      return "No space left";
    case Errc::retry:
      return "Try again";
    case Errc::busy:
      return "In use";
    case Errc::limited:
      return "Too many requests";
    case Errc::unavailable:
      return "Not available now";
    case Errc::cancelled:
      return "Stopping";
    case Errc::io:
      return "Internal failure";
    case Errc::internal:
      return "Internal failure";
  }
  return "Internal failure";
}

}  // namespace

Problem problem_of(const vault::Error& error, Fault fault) {
  Problem problem;
  problem.code = error.code;
  problem.status = net::status_of(error.code, fault);
  problem.detail = error.message;
  if (problem.status == 500)
    problem.detail = "The service failed. Its operator can find the reason in the service's log.";
  if (problem.code == Errc::full)
    problem.detail =
        "The service has no room for this. Its operator must make room; the service's log has the details.";
  return problem;
}

Problem unauthenticated() {
  Problem problem;
  problem.code = Errc::refused;
  problem.status = 401;
  problem.detail = "The request's signature, key or time is not accepted.";
  return problem;
}

std::string to_json(const Problem& problem) {
  boost::json::object object;
  object["type"] = net::problem_type(problem.code);
  object["title"] = title(problem.code);
  object["status"] = problem.status;
  object["detail"] = problem.detail;
  if (problem.instance) object["instance"] = *problem.instance;
  if (problem.rule) object["rule"] = *problem.rule;
  if (problem.log) object["log"] = *problem.log;
  return boost::json::serialize(object);
}

}  // namespace service
