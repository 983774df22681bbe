// How every folder reports what went wrong. A failure a caller may answer differently is a Result; a broken
// invariant of ours aborts (see `invariant`), and nothing an outsider sends can reach one.
#pragma once
#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace vault {

// "Absent", "altered", "not allowed" and "unknown version" are different answers; so are "full" and "retry".
// One switch maps these to HTTP statuses (service), one to exit codes (cli). Neither has a `default:`.
enum class Errc {
  invalid_argument,  // the caller's input breaks a stated rule or limit
  malformed,         // bytes that do not parse as what they claim to be
  too_large,         // over a named limit, found before allocation
  not_found,         // absent, or not visible to this person
  refused,           // not permitted; the message names the rule
  conflict,          // stale, already done differently, or an impossible step
  tampered,          // authentication, digest, proof or certificate does not verify
  wrong_key,         // well-formed, but no key of ours opens it
  unknown_version,   // written by a newer program
  unsupported,       // a known construction that this program does not implement (e.g. post-quantum recipients)
  full,              // no space left: disk, map or quota
  retry,             // lost a race; the same call may succeed now
  busy,              // somebody else holds it (a second `serve` on one directory)
  limited,           // over a rate limit; later the same call may succeed
  unavailable,       // the other side cannot be reached, or is stopping
  cancelled,         // asked to stop
  io,                // the system refused a read, write or sync
  internal,          // a fault of ours that was contained
};

// The name used in logs and problem details: "invalid_argument", "tampered", …
std::string_view to_string(Errc code);

// `message` is for people: it names the problem and what to do next. It never holds a secret, a file name that the
// server should not know, or free text of a case.
struct Error {
  Errc code = Errc::internal;
  std::string message;
};

template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  using Base::Base;
  Result(Error error) : Base(std::unexpect, std::move(error)) {}  // NOLINT: implicit on purpose
  Result(Errc code, std::string message) : Base(std::unexpect, Error{code, std::move(message)}) {}
  Errc code() const { return this->error().code; }
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
  using Base = std::expected<void, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Error error) : Base(std::unexpect, std::move(error)) {}  // NOLINT: implicit on purpose
  Result(Errc code, std::string message) : Base(std::unexpect, Error{code, std::move(message)}) {}
  Errc code() const { return this->error().code; }
};

// Ends the process with a message when `holds` is false. For invariants of ours only, never for input.
void invariant(bool holds, std::string_view what, std::source_location where = std::source_location::current());

}  // namespace vault

// TRY(auto x, f()) declares x from a Result or returns its error. TRY_VOID(f()) does so for a Result<void>.
// In a coroutine: CO_TRY and CO_TRY_VOID.
#define STRONGROOM_CONCAT_(a, b) a##b
#define STRONGROOM_CONCAT(a, b) STRONGROOM_CONCAT_(a, b)
#define STRONGROOM_TRY_(ret, tmp, decl, ...) \
  auto tmp = (__VA_ARGS__);                  \
  if (!tmp) ret std::move(tmp).error();      \
  decl = std::move(*tmp)
#define STRONGROOM_TRY_VOID_(ret, tmp, ...) \
  do {                                      \
    auto tmp = (__VA_ARGS__);               \
    if (!tmp) ret std::move(tmp).error();   \
  } while (false)
#define TRY(decl, ...) STRONGROOM_TRY_(return, STRONGROOM_CONCAT(try_result_, __LINE__), decl, __VA_ARGS__)
#define TRY_VOID(...) STRONGROOM_TRY_VOID_(return, STRONGROOM_CONCAT(try_result_, __LINE__), __VA_ARGS__)
#define CO_TRY(decl, ...) STRONGROOM_TRY_(co_return, STRONGROOM_CONCAT(try_result_, __LINE__), decl, __VA_ARGS__)
#define CO_TRY_VOID(...) STRONGROOM_TRY_VOID_(co_return, STRONGROOM_CONCAT(try_result_, __LINE__), __VA_ARGS__)
