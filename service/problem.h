// Problem details (RFC 9457): the one form in which the service says no. A problem names what is wrong, never its inner
// cause. Docs: docs/formats.md, "Errors"
#pragma once
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "net/status.h"
#include "vault/base/result.h"

namespace service {

inline constexpr std::string_view kProblemType = "application/problem+json";

using net::Fault;

struct Problem {
  vault::Errc code = vault::Errc::internal;
  unsigned status = 500;
  std::string detail;
  std::optional<std::string> instance;    // of a failure of ours: what the operator's log calls it
  std::optional<std::string> rule;        // of the permission table
  std::optional<boost::json::value> log;  // of a refusal: the entry that records it
};

// For io and internal, and for anything altered within the vault, the detail is left general: the log has the message.
Problem problem_of(const vault::Error& error, Fault fault);
// The one answer to every request whose signature is not accepted, whatever was wrong with it.
Problem unauthenticated();
std::string to_json(const Problem& problem);

}  // namespace service
