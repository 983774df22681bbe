// Finds the refusal of a read again, from the request's target.
#include <algorithm>

#include "access/views.h"

namespace strongroom::access {
namespace {

// The ids that a request's path names. If the path names none, those of its query; cursors (`from`, `known`) do not
// count.
struct Target {
  std::optional<CaseId> case_;
  std::optional<std::string> reference;
  std::optional<SafeId> safe;
  std::optional<RecordId> record;
  std::optional<CopyId> copy;
  std::optional<std::uint64_t> number;
  bool names_something() const { return case_ || reference || safe || record || copy || number; }
};
Target parse_words(std::string_view text) {
  Target found;
  const auto keep = [](auto& place, const auto& parsed) {
    if (parsed && !place) place = *parsed;
  };
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of("/&"));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.starts_with("from=") || word.starts_with("known=")) continue;
    const std::string_view value = word.substr(word.find('=') + 1);
    keep(found.case_, CaseId::parse(value));
    keep(found.safe, SafeId::parse(value));
    keep(found.record, RecordId::parse(value));
    keep(found.copy, CopyId::parse(value));
    keep(found.number, parse_copy_number(value));
    if (parse_reference(value) && !found.reference) found.reference = std::string(value);
  }
  return found;
}
Target parse_target(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  Target of_path = parse_words(target.substr(0, mark));
  if (of_path.names_something() || mark == target.size()) return of_path;
  return parse_words(target.substr(mark + 1));
}

// Returns the refusal at the place that `id` names, or nothing if the action is permitted there.
template <class Id>
Result<std::optional<Refusal>> refusal_there(const Standing& standing, Action action, const std::optional<Id>& id) {
  if (!id) return std::optional(no_such_thing(action));
  TRY(const auto place, standing.find(*id));
  if (!place) return std::optional(no_such_thing(action));
  return refusal(action, *place);
}

}  // namespace

Result<std::optional<Refusal>> refusal_of_read(const State& state, const ReadTransaction& txn, const Actor& actor,
                                               Action action, std::string_view target_text, PolicyVersion policy) {
  const std::optional<ReadPlace> place = place_of_read(action);
  if (!place) return std::optional<Refusal>();
  TRY(const Standing standing, Standing::of(state, txn, actor.person.value_or(PersonId()), policy));
  Target target = parse_target(target_text);
  switch (*place) {
    case ReadPlace::directory:
      break;
    case ReadPlace::case_:
      // A view accepts a case's reference, a safe's record or a copy's number too, so they must lead to the same place.
      if (!target.case_ && target.reference) {
        TRY(target.case_, state.case_by_reference(txn, *target.reference));
      }
      return refusal_there(standing, action, target.case_);
    case ReadPlace::safe:
      if (!target.safe && target.record) {
        TRY(const auto record, state.record(txn, *target.record));
        if (record) target.safe = record->safe;
      }
      return refusal_there(standing, action, target.safe);
    case ReadPlace::copy:
      if (!target.copy && target.number) {
        TRY(target.copy, state.copy_by_number(txn, *target.number));
      }
      return refusal_there(standing, action, target.copy);
  }
  return refusal(action, standing.in_directory());
}

}  // namespace strongroom::access
