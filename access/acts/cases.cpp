// Implements the acts that begin a case: the referral, which engages the lock, and asking agencies to secure (4.1.1,
// 4.3.1).
#include "access/acts/acts.h"
#include "access/state/review_status.h"

namespace strongroom::access::acts {

namespace {

constexpr std::int64_t kReceivedSkewMs = 60 * vault::kMillisecondsPerSecond;

// Returns whether the subject is "child-1", "child-2" and so on.
bool is_child(const std::string& subject) {
  constexpr std::string_view kChild = "child-";
  return subject.starts_with(kChild) && subject.size() > kChild.size() &&
         subject.find_first_not_of("0123456789", kChild.size()) == std::string::npos;
}

Result<void> check_subjects(const std::vector<std::string>& subjects) {
  if (subjects.size() > kMaxSubjects) return Error{Errc::too_large, "too many subjects"};
  if (has_duplicates(subjects)) return Error{kInvalid, "a subject is named twice"};
  const auto children = static_cast<std::size_t>(std::ranges::count_if(subjects, is_child));
  if (children == 0) return Error{kInvalid, "a case concerns a child: name child-1 among its subjects (4.1.1)"};
  if (children > kMaxChildren)
    return Error{kInvalid, "the notification form takes four children: refer the others as a case linked to this one"};
  return {};
}

// A second referral of an incident must name the first (4.1.1).
Result<void> check_incident(const Context& context, const wire::ReferCase& command) {
  TRY(const auto cases, context.state.cases_of_incident(context.txn, command.agency, command.incident_date));
  if (cases.empty() || command.linked_to) return {};
  TRY(const CaseRow first, needed(context.state.find_case(context.txn, cases.front())));
  return Error{Errc::conflict,
               "the agency has referred an incident of that day already, as " + first.reference +
                   ". If it is the same incident, secure its Document 1 in that case. If others were "
                   "hurt in it, or it is another incident of that day, link this referral to that case"};
}

Result<void> check_referral(const Context& context, const wire::ReferCase& command) {
  TRY_VOID(check_subjects(command.subjects));
  if (command.incident_date > vault::london_date(context.time))
    return Error{kInvalid, "the date of the incident is in the future"};
  if (command.incident_date > command.aware_date)
    return Error{kInvalid, "the date of awareness is before the incident"};
  if (command.aware_date > vault::london_date(context.time))
    return Error{kInvalid, "the date of awareness is in the future"};
  if (command.received.unix_ms > context.time.unix_ms + kReceivedSkewMs)
    return Error{kInvalid, "the time when the referral was received is in the future"};
  if (vault::london_date(command.received) < command.incident_date)
    return Error{kInvalid, "the referral was received before the incident"};
  TRY(const auto same_case, context.state.find_case(context.txn, command.case_));
  TRY(const auto same_safe, context.state.safe(context.txn, command.review_safe));
  if (same_case || same_safe) return Error{Errc::conflict, "this case is referred already"};
  return check_incident(context, command);
}

Result<std::string> reference_of(const Context& context, const wire::ReferCase& command) {
  const int year = static_cast<int>(vault::london_date(command.received).year());
  if (!context.given.reference) return context.state.next_reference(context.txn, year);
  TRY(const ReferenceParts parts, parse_reference(*context.given.reference));
  TRY(const auto same, context.state.case_by_reference(context.txn, *context.given.reference));
  if (parts.year != year || same) return Error{Errc::conflict, "the reference is another case's, or another year's"};
  return *context.given.reference;
}

Result<void> ask(const Entry& entry, const CaseId& id, const AgencyId& agency) {
  AgencyReviewRow row;
  row.case_ = id;
  row.agency = agency;
  row.asked = entry.time();
  return entry.state.put(entry.txn, row);
}
}  // namespace

Decided decide(const Context& context, const wire::ReferCase& command) {
  // This is checked before anybody is refused, because only known words may be in the ledger.
  if (!review::find_rules(command.rules.value_or(std::string(review::kDefaultRules))))
    return Error{kInvalid, "there is no such rule set: use guidance or panel"};
  if (auto refused = refusal(action_of(command), context.standing.in_agency(command.agency))) return *refused;
  TRY(const auto agency, context.state.agency(context.txn, command.agency));
  if (!agency) return Error{Errc::not_found, "there is no such agency"};
  if (command.linked_to) {
    TRY(const auto linked, context.standing.find(*command.linked_to));
    if (!linked) return no_such_thing(Action::see_case);
    if (auto refused = refusal(Action::see_case, *linked)) return *refused;
  }
  TRY_VOID(check_referral(context, command));
  TRY(const CalendarRow imported, context.state.calendar(context.txn));
  TRY(const review::Calendar calendar, calendar_of(imported));
  TRY(auto spocs, context.state.holders_of(context.txn, Role::spoc));
  if (spocs.empty())
    return Error{Errc::conflict, "there is no certified SPOC: one must enrol before a case is referred"};
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
                               command.rules.value_or(std::string(review::kDefaultRules)), calendar.digest(),
                               command.linked_to},
            ids));
  add_key(decision, command.review_safe, 0, command.key);
  return decision;
}

Result<void> apply(const Entry& entry, const wire::CaseReferred& detail) {
  CaseRow row;
  row.case_ = detail.case_;
  row.reference = detail.reference;
  row.agency = detail.agency;
  row.incident_date = detail.incident_date;
  row.aware_date = detail.aware_date;
  row.received = detail.received;
  row.subjects = detail.subjects;
  row.review_safe = detail.review_safe;
  row.asked = {detail.agency};  // the referral itself asks the referring agency
  row.seq = entry.seq();
  TRY_VOID(entry.state.put(entry.txn, row));
  ReviewRow review;
  review.case_ = detail.case_;
  review.rules = detail.rules;
  review.linked_to = detail.linked_to;
  TRY_VOID(entry.state.put(entry.txn, review));
  TRY_VOID(ask(entry, detail.case_, detail.agency));
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
  ENTER(const auto place, enter(context, command, command.case_));
  if (command.agencies.size() > kMaxAgenciesPerAsk) return Error{Errc::too_large, "too many agencies at once"};
  if (command.agencies.empty() || has_duplicates(command.agencies))
    return Error{kInvalid, "name at least one agency, and each only once"};
  for (const AgencyId& agency : command.agencies) {
    TRY(const auto row, context.state.agency(context.txn, agency));
    if (!row) return Error{Errc::not_found, "there is no such agency"};
    if (listed(place.case_.asked, agency)) return Error{Errc::conflict, "an agency has been asked already"};
  }
  wire::Concerned ids = place.ids;
  ids.safe = place.case_.review_safe;  // other entries of the review's course name its safe too
  if (command.agencies.size() == 1) ids.agency = command.agencies.front();
  Decision decision;
  decision.events.push_back(event(wire::AgenciesAsked{command.case_, command.agencies}, ids));
  return decision;
}

Result<void> apply(const Entry& entry, const wire::AgenciesAsked& detail) {
  TRY(CaseRow row, needed(entry.state.find_case(entry.txn, detail.case_)));
  row.asked.insert(row.asked.end(), detail.agencies.begin(), detail.agencies.end());
  for (const AgencyId& agency : detail.agencies) TRY_VOID(ask(entry, detail.case_, agency));
  return entry.state.put(entry.txn, row);
}

}  // namespace strongroom::access::acts
