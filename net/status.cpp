#include "net/status.h"

namespace net {

using vault::Errc;

unsigned status_of(Errc code, Fault fault) {
  switch (code) {
    case Errc::invalid_argument:
    case Errc::malformed:
      return 400;
    case Errc::refused:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
    case Errc::busy:
      return 409;
    case Errc::too_large:
      return 413;
    case Errc::tampered:
    case Errc::wrong_key:
    case Errc::unknown_version:
    case Errc::unsupported:
      return fault == Fault::callers ? 422 : 500;
    case Errc::limited:
      return 429;
    case Errc::io:
    case Errc::internal:
      return 500;
    case Errc::retry:
    case Errc::unavailable:
    case Errc::cancelled:
      return 503;
    case Errc::full:
      return 507;
  }
  return 500;
}

std::string problem_type(Errc code) {
  return std::string(kProblemTypePrefix) + std::string(vault::to_string(code));
}

std::optional<Errc> errc_of_problem_type(std::string_view type) {
  if (!type.starts_with(kProblemTypePrefix)) return std::nullopt;
  type.remove_prefix(kProblemTypePrefix.size());
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i)
    if (vault::to_string(static_cast<Errc>(i)) == type) return static_cast<Errc>(i);
  return std::nullopt;
}

Errc errc_of_status(unsigned status) {
  switch (status) {
    case 400:
    case 411:  // the statuses without a code of their own are those of net/head.cpp and net/connection.cpp
    case 417:
    case 505:
      return Errc::malformed;
    case 401:
    case 403:
      return Errc::refused;
    case 404:
    case 405:
      return Errc::not_found;
    case 409:
      return Errc::conflict;
    case 413:
    case 414:
    case 431:
      return Errc::too_large;
    case 429:
      return Errc::limited;
    case 408:
    case 502:
    case 503:
    case 504:
      return Errc::unavailable;
    case 507:
      return Errc::full;
    default:  // foreign: HTTP's statuses
      return Errc::internal;
  }
}

}  // namespace net
