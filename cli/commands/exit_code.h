// Exit codes, by which scripts tell how a command ended. `strongroom --help` lists them too.
#pragma once
#include "vault/base/result.h"

namespace cli {

enum class ExitCode {
  done = 0,
  failure = 1,    // internal, or the server cannot be reached
  usage = 2,      // the command line is wrong
  refused = 3,    // not permitted: the message names the rule, and the refusal is in the trail
  not_found = 4,  // or not visible to this person
  integrity = 5,  // altered data, a proof or certificate that does not verify, a ledger that went backwards
  conflict = 6,   // stale, already done differently
};

constexpr ExitCode exit_code(vault::Errc code) {
  using vault::Errc;
  switch (code) {
    case Errc::invalid_argument:
    case Errc::malformed:
    case Errc::too_large:
      return ExitCode::usage;
    case Errc::refused:
      return ExitCode::refused;
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::tampered:
    case Errc::wrong_key:
    case Errc::unknown_version:
    case Errc::unsupported:
      return ExitCode::integrity;
    case Errc::conflict:
    case Errc::busy:
      return ExitCode::conflict;
    case Errc::full:
    case Errc::retry:
    case Errc::limited:
    case Errc::unavailable:
    case Errc::cancelled:
    case Errc::io:
    case Errc::internal:
      return ExitCode::failure;
  }
  return ExitCode::failure;
}

}  // namespace cli
