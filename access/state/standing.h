// What a person is with respect to something: the capacities that `permit` asks for, from memberships and nominations.
#pragma once
#include "access/permit.h"
#include "access/state/state.h"

namespace strongroom::access {

// One person (or nobody yet) in one state of the tables. Lives no longer than its transaction. A revoked or unknown
// person has no capacity at all.
class Standing {
 public:
  static Result<Standing> of(const State& state, const ReadTransaction& txn, const PersonId& person);

  bool enrolled() const { return row_.has_value(); }
  // Only when enrolled.
  const PersonRow& person() const { return *row_; }

  // Whatever is asked for: enrolled, root, administrator, partner, spoc, reviewer, chair, staff.
  Capacities general() const { return general_; }
  // And in an agency: own_root, own_partner, lead, practitioner, depositor.
  Capacities in_agency(const AgencyId& agency) const;
  // And in a case: referrer, asked, asked_lead.
  Capacities in_case(const CaseRow& row) const;
  // Both, with the agency's only once it has been asked.
  Capacities in_case(const CaseRow& row, const AgencyId& agency) const;
  // And in a safe: representative, participant, nominee, former, and what there is in its agency.
  Result<Capacities> in_safe(const CaseRow& row, const SafeRow& safe) const;
  // And in a copy: issuer, past_issuer, holder.
  Result<Capacities> in_copy(const CaseRow& row, const SafeRow& safe, const CopyRow& copy) const;
  // In an entry: what there is in the case, safe, agency and copy that it concerns, and `concerned`.
  Result<Capacities> in_entry(const wire::EntryBody& body) const;

 private:
  Standing(const State& state, const ReadTransaction& txn) : state_(&state), txn_(&txn) {}
  bool has_role(const AgencyId& agency, Role role) const;
  const State* state_;          // not owned
  const ReadTransaction* txn_;  // not owned
  std::optional<PersonRow> row_;
  Capacities general_;
};

// The invitation while somebody may still enrol or join with it: not used, not expired, its inviter not revoked.
Result<std::optional<InvitationRow>> open_invitation(const State& state, const ReadTransaction& txn,
                                                     const InvitationId& id, Instant time);

// Whether somebody may be nominated for a safe: practitioners and leads of its agency; for a review safe SPOCs,
// partners, reviewers and chairs.
bool may_be_nominated(const PersonRow& person, const SafeRow& safe);
// Whether two certified custodians or more of each partner hold a share of the safe's current epoch.
Result<bool> is_recovery_complete(const State& state, const ReadTransaction& txn, const SafeRow& safe);
bool has_role(const PersonRow& person, const AgencyId& agency, Role role);
bool has_role_anywhere(const PersonRow& person, Role role);
bool is_member(const PersonRow& person, const AgencyId& agency);

}  // namespace strongroom::access
