#include "vault/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace vault {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::malformed:
      return "malformed";
    case Errc::too_large:
      return "too_large";
    case Errc::not_found:
      return "not_found";
    case Errc::refused:
      return "refused";
    case Errc::conflict:
      return "conflict";
    case Errc::tampered:
      return "tampered";
    case Errc::wrong_key:
      return "wrong_key";
    case Errc::unknown_version:
      return "unknown_version";
    case Errc::unsupported:
      return "unsupported";
    case Errc::full:
      return "full";
    case Errc::retry:
      return "retry";
    case Errc::busy:
      return "busy";
    case Errc::limited:
      return "limited";
    case Errc::unavailable:
      return "unavailable";
    case Errc::cancelled:
      return "cancelled";
    case Errc::io:
      return "io";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

void invariant(bool holds, std::string_view what, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "strongroom: broken invariant at %s:%u: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace vault
