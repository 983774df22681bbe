// Problem details (RFC 9457), the form of every answer that is not a success. A problem says what is wrong with the
// request, and never the inner cause. Docs: docs/formats.md, "Errors"
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
  std::optional<std::string> instance;    // for a failure of ours: its id in the operator's log
  std::optional<std::string> rule;        // the rule of the permission table that refused
  std::optional<boost::json::value> log;  // for a refusal: proof of the entry that records it
};

// For a failure of ours (io, internal, altered data in the vault) the detail is general, and only the log has the
// message.
Problem problem_of(const vault::Error& error, Fault fault);
// The same answer for every request whose signature is not accepted, so that it does not show what was wrong.
Problem unauthenticated();
std::string to_json(const Problem& problem);

}  // namespace service
