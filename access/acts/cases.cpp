// A case begins with its referral, which engages the lock, and asks agencies to secure (4.1.1, 4.3.1).
#include "access/acts/acts.h"
#include "review/calendar.h"
#include "review/rules.h"

namespace strongroom::access::acts {

namespace {

constexpr std::int64_t kReceivedSkewMs = 60 * vault::kMillisecondsPerSecond;

Result<void> check_referral(const Context& context, const wire::ReferCase& command) {
  if (command.subjects.size() > kMaxSubjects) return Error{Errc::too_large, "too many subjects"};
  if (has_duplicates(command.subjects)) return Error{kInvalid, "a subject is named once"};
  if (command.incident_date > command.aware_date)
    return Error{kInvalid, "nobody becomes aware of an incident before it happens"};
  if (command.aware_date > vault::london_date(context.time)) return Error{kInvalid, "the date of awareness is to come"};
  if (command.received.unix_ms > context.time.unix_ms + kReceivedSkewMs)
    return Error{kInvalid, "the referral is received at a time to come"};
  if (vault::london_date(command.received) < command.incident_date)
    return Error{kInvalid, "the referral is received before the incident"};
  TRY(const auto same_case, context.state.find_case(context.txn, command.case_));
  TRY(const auto same_safe, context.state.safe(context.txn, command.review_safe));
  if (same_case || same_safe) return Error{Errc::conflict, "this case is referred already"};
  return {};
}

Result<std::string> reference_of(const Context& context, const wire::ReferCase& command) {
  const int year = static_cast<int>(vault::london_date(command.received).year());
  if (!context.given.reference) return context.state.next_reference(context.txn, year);
  TRY(const ReferenceParts parts, parse_reference(*context.given.reference));
  TRY(const auto same, context.state.case_by_reference(context.txn, *context.given.reference));
  if (parts.year != year || same) return Error{Errc::conflict, "the reference is another case's, or another year's"};
  return *context.given.reference;
}

}  // namespace

Decided decide(const Context& context, const wire::ReferCase& command) {
  if (auto refused = refusal(Action::refer_case, in_agency(context, command.agency))) return *refused;
  TRY(const auto agency, context.state.agency(context.txn, command.agency));
  if (!agency) return Error{Errc::not_found, "there is no such agency"};
  TRY_VOID(check_referral(context, command));
  TRY(auto spocs, context.state.holders_of(context.txn, Role::spoc));
  if (spocs.empty()) return Error{Errc::conflict, "without a certified SPOC there is no referral"};
  TRY_VOID(check_key(context, command.key, 0, std::move(spocs)));
  TRY(const std::string reference, reference_of(context, command));

  wire::Concerned ids;
  ids.case_ = command.case_;
  ids.safe = command.review_safe;
  ids.agency = command.agency;
  Decision decision;
  decision.events.push_back(
      event(wire::CaseReferred{command.case_, reference, command.agency, command.incident_date, command.aware_date,
                               command.received, command.subjects, command.review_safe, command.key,
                               command.rules.value_or(std::string(review::kDefaultRules)),
                               review::Calendar::shipped().digest(), command.linked_to},
            ids));
  add_key(decision, command.review_safe, 0, command.key);
  decision.data["reference"] = reference;
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CaseReferred& detail) {
  CaseRow row;
  row.case_ = detail.case_;
  row.reference = detail.reference;
  row.chain = entry.envelope.chain.to_string();
  row.agency = detail.agency;
  row.incident_date = detail.incident_date;
  row.aware_date = detail.aware_date;
  row.received = detail.received;
  row.subjects = detail.subjects;
  row.review_safe = detail.review_safe;
  row.asked = {detail.agency};
  row.seq = entry.seq();
  TRY_VOID(entry.state.put(entry.txn, row));
  SafeRow safe;
  safe.safe = detail.review_safe;
  safe.case_ = detail.case_;
  safe.seq = entry.seq();
  std::vector<wire::Nominee> participants;
  for (const wire::Wrap& wrap : detail.key.wraps)
    participants.push_back({wrap.person, Involvement::none, std::nullopt});
  return make_safe(entry, safe, detail.key, participants);
}

Decided decide(const Context& context, const wire::AskAgencies& command) {
  TRY(const auto place, find(context, command.case_));
  if (!place) return no_such_thing(Action::ask_agencies);
  if (auto refused = refusal(Action::ask_agencies, *place)) return *refused;
  if (command.agencies.size() > kMaxAgenciesPerAsk) return Error{Errc::too_large, "too many agencies at once"};
  if (command.agencies.empty() || has_duplicates(command.agencies))
    return Error{kInvalid, "one agency or more is asked, each once"};
  for (const AgencyId& agency : command.agencies) {
    TRY(const auto row, context.state.agency(context.txn, agency));
    if (!row) return Error{Errc::not_found, "there is no such agency"};
    if (listed(place->row.asked, agency)) return Error{Errc::conflict, "an agency has been asked already"};
  }
  wire::Concerned ids = place->ids;
  if (command.agencies.size() == 1) ids.agency = command.agencies.front();
  Decision decision;
  decision.events.push_back(event(wire::AgenciesAsked{command.case_, command.agencies}, ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::AgenciesAsked& detail) {
  TRY(CaseRow row, needed(entry.state.find_case(entry.txn, detail.case_)));
  row.asked.insert(row.asked.end(), detail.agencies.begin(), detail.agencies.end());
  return entry.state.put(entry.txn, row);
}

}  // namespace strongroom::access::acts
