#include "access/place.h"

#include <algorithm>

#include "access/role_capacities.h"

namespace strongroom::access {

bool has_role(const PersonRow& person, const AgencyId& agency, Role role) {
  return std::ranges::any_of(person.memberships, [&](const wire::MembershipView& membership) {
    return membership.agency == agency && listed(membership.roles, role);
  });
}
bool has_role_anywhere(const PersonRow& person, Role role) {
  return std::ranges::any_of(person.memberships,
                             [&](const wire::MembershipView& membership) { return listed(membership.roles, role); });
}
bool is_member(const PersonRow& person, const AgencyId& agency) {
  return std::ranges::any_of(person.memberships, [&](const auto& membership) { return membership.agency == agency; });
}

Result<std::optional<InvitationRow>> open_invitation(const State& state, const ReadTransaction& txn,
                                                     const InvitationId& id, Instant time) {
  TRY(auto row, state.invitation(txn, id));
  if (row && (row->used_by || time >= row->expires)) row.reset();
  if (row && row->inviter) {
    TRY(const Standing inviter, Standing::of(state, txn, *row->inviter));
    if (!inviter.enrolled()) row.reset();
  }
  return row;
}

bool may_be_nominated(const PersonRow& person, const SafeRow& safe) {
  if (person.revoked) return false;
  Capacities who;
  for (const wire::MembershipView& membership : person.memberships)
    if (!safe.agency)
      who.add(general_capacities(membership.roles));
    else if (membership.agency == *safe.agency)
      who.add(capacities_in_agency(membership.roles));
  return may_be_nominated(who, safe.agency.has_value());
}

// A share does not count if its custodian is no longer one.
Result<bool> is_recovery_complete(const State& state, const ReadTransaction& txn, const SafeRow& safe) {
  constexpr std::ptrdiff_t kSharesOfPartner = 2;
  TRY(const auto epoch, state.epoch(txn, safe.safe, safe.epoch));
  if (!epoch) return Error{Errc::tampered, "a safe's epoch is not there"};
  TRY(const DirectoryRow directory, state.directory(txn));
  for (const PartnerRow& partner : directory.partners) {
    TRY(const auto custodians, state.holders_of(txn, Role::custodian, partner.agency));
    const auto held = std::ranges::count_if(epoch->key.shares, [&](const wire::Share& share) {
      return share.partner == partner.agency && std::ranges::binary_search(custodians, share.custodian);
    });
    if (held < kSharesOfPartner) return false;
  }
  return true;
}

// ---- Refusals ----

std::optional<Refusal> refusal(Action action, const Place& place) {
  const Verdict verdict = permit(action, place.who, place.lock, place.stage, place.policy);
  if (verdict.permitted()) return std::nullopt;
  return Refusal{.action = action,
                 .rule = std::string(verdict.rule),
                 .hidden = verdict.outcome == Outcome::hidden,
                 .ids = place.ids};
}

Refusal no_such_thing(Action action) {
  return {.action = action, .rule = std::string(kRuleUnknown), .hidden = true, .ids = {}};
}

// ---- Standing ----

Result<Standing> Standing::of(const State& state, const ReadTransaction& txn, const PersonId& person,
                              PolicyVersion policy) {
  Standing standing(state, txn, policy);
  TRY(standing.row_, state.person(txn, person));
  if (standing.row_ && standing.row_->revoked) standing.row_.reset();
  if (!standing.row_) return standing;
  Capacities& general = standing.general_;
  general.add(Capacity::enrolled);
  if (standing.row_->root) general.add(Capacity::root);
  for (const auto& membership : standing.row_->memberships) general.add(general_capacities(membership.roles));
  return standing;
}

Place Standing::place() const {
  Place place;
  place.who = general_;
  place.policy = policy_;
  return place;
}

Place Standing::in_directory() const {
  return place();
}

Place Standing::in_agency(const AgencyId& agency) const {
  Place there = place();
  there.ids.agency = agency;
  if (!row_) return there;
  for (const auto& membership : row_->memberships)
    if (membership.agency == agency) there.who.add(capacities_in_agency(membership.roles));
  // A root's first membership is in the partner whose root it is. A later membership does not make it the root of
  // another.
  if (row_->root && row_->memberships.front().agency == agency) there.who.add(Capacity::own_root);
  return there;
}

CasePlace Standing::at(CaseRow row, Capacities who) const {
  CasePlace there{place(), {}};
  there.who = who;
  there.lock = row.lock;
  there.stage = row.stage;
  there.ids.case_ = row.case_;
  there.case_ = std::move(row);
  return there;
}

CasePlace Standing::in_case(CaseRow row) const {
  const Capacities who =
      capacities_in_case(general_, row.agency, row.asked, [&](const AgencyId& one) { return in_agency(one).who; });
  return at(std::move(row), who);
}

CasePlace Standing::in_case(CaseRow row, const AgencyId& agency) const {
  const Capacities who = capacities_in_case(general_, row.agency, row.asked, agency,
                                            [&](const AgencyId& one) { return in_agency(one).who; });
  CasePlace there = at(std::move(row), who);
  there.ids.agency = agency;
  return there;
}

Result<SafePlace> Standing::in_safe(SafeRow safe) const {
  TRY(auto row, state_->find_case(*txn_, safe.case_));
  if (!row) return Error{Errc::tampered, "a safe's case is not there"};
  return in_safe(std::move(*row), std::move(safe));
}

Result<SafePlace> Standing::in_safe(CaseRow row, SafeRow safe) const {
  SafePlace there{safe.agency ? at(std::move(row), in_agency(*safe.agency).who) : in_case(std::move(row)), {}};
  there.ids.safe = safe.safe;
  there.ids.agency = safe.agency;
  there.safe = std::move(safe);
  if (!row_) return there;
  TRY(const auto nomination, state_->nomination(*txn_, there.safe.safe, row_->person));
  if (nomination) there.who.add(capacities_by_nomination(nomination->state, there.safe.agency.has_value()));
  return there;
}

Result<CopyPlace> Standing::in_copy(CopyRow copy) const {
  TRY(auto row, state_->find_case(*txn_, copy.case_));
  TRY(auto safe, state_->safe(*txn_, copy.safe));
  if (!row || !safe) return Error{Errc::tampered, "a copy's case or safe is not there"};
  return in_copy(std::move(*row), std::move(*safe), std::move(copy));
}

Result<CopyPlace> Standing::in_copy(CaseRow row, SafeRow safe, CopyRow copy) const {
  TRY(SafePlace in_its_safe, in_safe(std::move(row), std::move(safe)));
  CopyPlace there{std::move(in_its_safe), std::move(copy)};
  there.ids.copy = there.copy.copy;
  if (!row_) return there;
  if (there.copy.holder == row_->person) there.who.add(Capacity::holder);
  const bool keyholder = there.who.any_of({Capacity::representative, Capacity::participant});
  const bool answers = there.copy.responsible() == row_->person;
  const bool issued = there.copy.issuer == row_->person;
  // Headers go only to the person who signed for them, which is the issuer. Somebody who took the copy over signed for
  // nothing.
  if (issued && answers && keyholder)
    there.who.add(Capacity::issuer);
  else if (issued || answers)
    there.who.add(Capacity::past_issuer);
  return there;
}

Result<std::optional<CasePlace>> Standing::find(const CaseId& id) const {
  TRY(auto row, state_->find_case(*txn_, id));
  if (!row) return std::optional<CasePlace>();
  return std::optional(in_case(std::move(*row)));
}

Result<std::optional<SafePlace>> Standing::find(const SafeId& id) const {
  TRY(auto row, state_->safe(*txn_, id));
  if (!row) return std::optional<SafePlace>();
  TRY(SafePlace there, in_safe(std::move(*row)));
  return std::optional(std::move(there));
}

Result<std::optional<CopyPlace>> Standing::find(const CopyId& id) const {
  TRY(auto row, state_->copy(*txn_, id));
  if (!row) return std::optional<CopyPlace>();
  TRY(CopyPlace there, in_copy(std::move(*row)));
  return std::optional(std::move(there));
}

Result<Place> Standing::in_entry(const wire::EntryBody& body) const {
  Place there = place();
  there.ids = body.ids;
  if (!row_) return there;
  if (body.ids.agency) there.who.add(in_agency(*body.ids.agency).who);
  std::optional<CaseRow> row;
  std::optional<SafeRow> safe;
  std::optional<CopyRow> copy;
  if (body.ids.case_) {
    TRY(row, state_->find_case(*txn_, *body.ids.case_));
  }
  if (row && body.ids.safe) {
    TRY(safe, state_->safe(*txn_, *body.ids.safe));
  }
  if (safe && body.ids.copy) {
    TRY(copy, state_->copy(*txn_, *body.ids.copy));
  }
  if (row) {
    there.lock = row->lock;
    there.stage = row->stage;
    there.who.add(in_case(*row).who);
  }
  // A person in the copy also has their capacities in its safe, so one of the two is enough.
  if (copy) {
    TRY(const CopyPlace in_it, in_copy(*row, *safe, *copy));
    there.who.add(in_it.who);
  } else if (safe) {
    TRY(const SafePlace in_it, in_safe(*row, *safe));
    there.who.add(in_it.who);
  }
  if (body.actor == row_->person.to_string() || body.ids.person == row_->person) there.who.add(Capacity::concerned);
  return there;
}

}  // namespace strongroom::access
