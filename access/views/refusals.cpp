// Refusals once more, from a request's target alone.
#include <algorithm>

#include "access/views.h"

namespace strongroom::access {
namespace {

// The ids that a request's path names or, where it names none, its query; cursors (`from`, `known`) are no part of
// that.
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

template <class Row>
Result<void> find_row(Result<std::optional<Row>> found, std::optional<Row>& row) {
  TRY(row, std::move(found));
  return {};
}

}  // namespace

Result<std::optional<Refusal>> refusal_of_read(const State& state, const ReadTransaction& txn, const Actor& actor,
                                               Action action, std::string_view target_text) {
  const std::optional<ReadPlace> place = place_of_read(action);
  if (!place) return std::optional<Refusal>();
  TRY(const Standing standing, Standing::of(state, txn, actor.person.value_or(PersonId())));
  const Target target = parse_target(target_text);
  std::optional<CopyRow> copy;
  std::optional<SafeRow> safe;
  std::optional<CaseRow> row;
  bool is_of_something = true;
  switch (*place) {
    case ReadPlace::copy:
      if (!target.copy && target.number) {
        TRY(const auto id, state.copy_by_number(txn, *target.number));
        if (id) TRY_VOID(find_row(state.copy(txn, *id), copy));
      } else if (target.copy) {
        TRY_VOID(find_row(state.copy(txn, *target.copy), copy));
      }
      if (copy) TRY_VOID(find_row(state.safe(txn, copy->safe), safe));
      break;
    case ReadPlace::safe:
      if (target.safe) {
        TRY_VOID(find_row(state.safe(txn, *target.safe), safe));
      } else if (target.record) {
        TRY(const auto record, state.record(txn, *target.record));
        if (record) TRY_VOID(find_row(state.safe(txn, record->safe), safe));
      }
      break;
    case ReadPlace::case_:
      if (target.case_) {
        TRY_VOID(find_row(state.find_case(txn, *target.case_), row));
      } else if (target.reference) {
        TRY(const auto id, state.case_by_reference(txn, *target.reference));
        if (id) TRY_VOID(find_row(state.find_case(txn, *id), row));
      }
      break;
    case ReadPlace::directory:
      is_of_something = false;
      break;
  }
  if (safe) TRY_VOID(find_row(state.find_case(txn, safe->case_), row));

  Refusal refusal;
  refusal.action = action;
  if (is_of_something && !row) {
    refusal.rule = std::string(kRuleUnknown);
    refusal.hidden = true;
    return std::optional(std::move(refusal));
  }
  Capacities who = standing.general();
  if (copy) {
    TRY(who, standing.in_copy(*row, *safe, *copy));
    refusal.ids.copy = copy->copy;
  } else if (safe) {
    TRY(who, standing.in_safe(*row, *safe));
  } else if (row) {
    who = standing.in_case(*row);
  }
  if (safe) {
    refusal.ids.safe = safe->safe;
    refusal.ids.agency = safe->agency;
  }
  if (row) {
    refusal.ids.case_ = row->case_;
    refusal.chain = row->case_;
  }
  const Verdict verdict = row ? permit(action, who, row->lock, row->stage) : permit(action, who);
  if (verdict.permitted()) return std::optional<Refusal>();
  refusal.rule = std::string(verdict.rule);
  refusal.hidden = verdict.outcome == Outcome::hidden;
  return std::optional(std::move(refusal));
}

}  // namespace strongroom::access
