#include "access/state/standing.h"

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

// A share whose custodian is one no more does not count.
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

Result<Standing> Standing::of(const State& state, const ReadTransaction& txn, const PersonId& person) {
  Standing standing(state, txn);
  TRY(standing.row_, state.person(txn, person));
  if (standing.row_ && standing.row_->revoked) standing.row_.reset();
  if (!standing.row_) return standing;
  Capacities& general = standing.general_;
  general.add(Capacity::enrolled);
  if (standing.row_->root) general.add(Capacity::root);
  for (const auto& membership : standing.row_->memberships) general.add(general_capacities(membership.roles));
  return standing;
}

bool Standing::has_role(const AgencyId& agency, Role role) const {
  return row_ && access::has_role(*row_, agency, role);
}

Capacities Standing::in_agency(const AgencyId& agency) const {
  Capacities who = general_;
  if (!row_) return who;
  for (const auto& membership : row_->memberships)
    if (membership.agency == agency) who.add(capacities_in_agency(membership.roles));
  // A root's first membership is the partner whose root it is; later ones do not make it root of another.
  if (row_->root && row_->memberships.front().agency == agency) who.add(Capacity::own_root);
  return who;
}

Capacities Standing::in_case(const CaseRow& row) const {
  Capacities who = general_;
  if (has_role(row.agency, Role::agency_lead)) who.add(Capacity::referrer);
  for (const AgencyId& agency : row.asked) {
    const Capacities there = in_agency(agency);
    if (there.any_of({Capacity::lead, Capacity::practitioner, Capacity::depositor})) who.add(Capacity::asked);
    if (there.has(Capacity::lead)) who.add(Capacity::asked_lead);
  }
  return who;
}

Capacities Standing::in_case(const CaseRow& row, const AgencyId& agency) const {
  Capacities who = in_case(row);
  if (listed(row.asked, agency)) who.add(in_agency(agency));
  return who;
}

Result<Capacities> Standing::in_safe(const CaseRow& row, const SafeRow& safe) const {
  // Whose agency referred the case has a part in the review safe, and none in another agency's.
  Capacities who = safe.agency ? in_agency(*safe.agency) : in_case(row);
  if (!row_) return who;
  TRY(const auto nomination, state_->nomination(*txn_, safe.safe, row_->person));
  if (nomination) switch (nomination->state) {
      case NominationState::none:
        break;
      case NominationState::pending:
        who.add(Capacity::nominee);
        break;
      case NominationState::active:
        who.add(safe.agency ? Capacity::representative : Capacity::participant);
        break;
      case NominationState::ended:
      case NominationState::paused:
        who.add(Capacity::former);
        break;
    }
  return who;
}

Result<Capacities> Standing::in_copy(const CaseRow& row, const SafeRow& safe, const CopyRow& copy) const {
  TRY(Capacities who, in_safe(row, safe));
  if (!row_) return who;
  if (copy.holder == row_->person) who.add(Capacity::holder);
  const bool keyholder = who.any_of({Capacity::representative, Capacity::participant});
  const bool answers = copy.responsible() == row_->person;
  const bool issued = copy.issuer == row_->person;
  // Headers go to whoever signed for them, and that is the issuer: somebody who took the copy over signed nothing.
  if (issued && answers && keyholder)
    who.add(Capacity::issuer);
  else if (issued || answers)
    who.add(Capacity::past_issuer);
  return who;
}

Result<Capacities> Standing::in_entry(const wire::EntryBody& body) const {
  Capacities who = general_;
  if (!row_) return who;
  if (body.ids.agency) who.add(in_agency(*body.ids.agency));
  std::optional<CaseRow> row;
  std::optional<SafeRow> safe;
  if (body.ids.case_) {
    TRY(row, state_->find_case(*txn_, *body.ids.case_));
  }
  if (row) {
    who.add(in_case(*row));
    if (body.ids.safe) {
      TRY(safe, state_->safe(*txn_, *body.ids.safe));
    }
  }
  if (safe) {
    TRY(const Capacities more, in_safe(*row, *safe));
    who.add(more);
  }
  if (safe && body.ids.copy) {
    TRY(const auto copy, state_->copy(*txn_, *body.ids.copy));
    if (copy) {
      TRY(const Capacities more, in_copy(*row, *safe, *copy));
      who.add(more);
    }
  }
  if (body.actor == row_->person.to_string() || body.ids.person == row_->person) who.add(Capacity::concerned);
  return who;
}

}  // namespace strongroom::access
