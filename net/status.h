// How an Errc is written in HTTP: as a status, and as the `type` of a problem (RFC 9457). The program that answers and
// the program that reads the answer both use these functions. Table: docs/formats.md, "Errors"
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "vault/base/result.h"

namespace net {

// Data that is altered or cannot be read is the caller's if the request carried it, and ours if we stored it.
enum class Fault { callers, ours };

unsigned status_of(vault::Errc code, Fault fault);

// Every type of ours begins with this.
inline constexpr std::string_view kProblemTypePrefix = "urn:strongroom:problem:";
std::string problem_type(vault::Errc code);  // "urn:strongroom:problem:not_found"

// The inverse of `problem_type`. Nothing for any other text, for example a type that a newer program has.
std::optional<vault::Errc> errc_of_problem_type(std::string_view type);

// For an answer without a problem of ours, for example from a proxy or from this folder's own checks. Several codes
// share a status, and this returns one of them: 503 is `unavailable`, not `retry` or `cancelled`. A status that none
// of them has is `internal`, and so is 422: without a problem it is no proof that anything was altered.
vault::Errc errc_of_status(unsigned status);

}  // namespace net
