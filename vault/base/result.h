// How every folder reports errors. A failure that a caller may answer differently is a Result. A broken invariant of
// our own aborts the process (see `invariant`); nothing that an outsider sends can break one.
#pragma once
#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace vault {

// Callers answer these differently: for example, an altered record (tampered) is never reported as absent (not_found),
// and a full disk (full) is not worth another try at once, but a lost race (retry) is. One switch (net/status.h) maps
// these codes to HTTP statuses and one (cli) to exit codes. Neither has a `default:`.
enum class Errc {
  invalid_argument,  // the caller's input breaks a stated rule or limit
  malformed,         // the bytes do not parse as the thing that they claim to be
  too_large,         // over a named limit, found before allocation
  not_found,         // absent, or not visible to this person
  refused,           // not permitted; the message names the rule
  conflict,          // stale, already done differently, or an impossible step
  tampered,          // authentication, digest, proof or certificate does not verify
  wrong_key,         // well-formed, but none of our keys opens it
  unknown_version,   // written by a newer program
  unsupported,       // a known construction that this program does not implement (e.g. post-quantum recipients)
  full,              // no space left: disk, map or quota
  retry,             // lost a race; the same call may succeed now
  busy,              // somebody else is using it, for example a second `serve` on one directory
  limited,           // over a rate limit; later the same call may succeed
  unavailable,       // the other side cannot be reached, or is stopping
  cancelled,         // the caller asked us to stop
  io,                // the system refused a read, write or sync
  internal,          // a fault of our own that was contained
};

// Returns the name that logs and problem details use: "invalid_argument", "tampered", …
std::string_view to_string(Errc code);

// `message` is for people: it names the problem and what to do next. It never contains a secret, a file name that the
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

// Ends the process with a message if `holds` is false. Use it only for our own invariants, never to check input.
void invariant(bool holds, std::string_view what, std::source_location where = std::source_location::current());

}  // namespace vault

// TRY(auto x, f()) declares x with the value of a Result, or returns its error from the calling function. TRY_VOID(f())
// does so for a Result<void>. Coroutines use CO_TRY and CO_TRY_VOID.
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
