// Defines how the permission table is written and read. permit.cpp uses it for the one table that decides, and the
// tests use it for tables of several versions.
#pragma once
#include <limits>
#include <optional>
#include <span>

#include "access/permit.h"

namespace strongroom::access::table {

// A set of lock states or stages.
struct Set {
  std::uint64_t bits = 0;
  template <class E>
  constexpr bool has(E value) const {
    return (bits & (std::uint64_t{1} << static_cast<unsigned>(value))) != 0;
  }
};
template <class... E>
constexpr Set set_of(E... values) {
  return {((std::uint64_t{1} << static_cast<unsigned>(values)) | ... | 0)};
}

struct Rule {
  std::string_view name;
  std::string_view sentence;
};

inline constexpr PolicyVersion kStillInForce = std::numeric_limits<PolicyVersion>::max();

struct Row {
  Action action;
  Capacities who;  // any one of them is enough
  Set locks;
  Set stages;
  Rule rule;                      // the rule that is broken by those who have none of `who`
  std::optional<Action> seen_by;  // those who may not even do this are answered "not found"; none: nothing is hidden
  // The row holds from version `since` to version `until`, both included. A row of a released version is never changed:
  // it ends, and another row of the same action begins in the version after it.
  PolicyVersion since = 1;
  PolicyVersion until = kStillInForce;
};

// Returns the row of an action in that version, or none if the version does not have the action.
const Row* find(std::span<const Row> rows, Action action, PolicyVersion version);

// Decides as `permit` does, by the given table. An action that the version does not have is refused to everybody, as no
// such thing.
Verdict permit(std::span<const Row> rows, Action action, Capacities who, LockState lock, Stage stage,
               PolicyVersion version);

// Returns whether a table is in order: every action has rows, the rows of an action follow each other without a gap or
// an overlap, and the last one is still in force.
constexpr bool is_complete(std::span<const Row> rows, std::size_t actions) {
  std::size_t at = 0;
  for (std::size_t action = 0; action < actions; ++action) {
    if (at == rows.size() || static_cast<std::size_t>(rows[at].action) != action) return false;
    for (;; ++at) {
      if (rows[at].since > rows[at].until) return false;
      const bool more = at + 1 < rows.size() && rows[at + 1].action == rows[at].action;
      if (more ? rows[at].until + 1 != rows[at + 1].since : rows[at].until != kStillInForce) return false;
      if (!more) break;
    }
    ++at;
  }
  return at == rows.size();
}

}  // namespace strongroom::access::table
