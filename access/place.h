// Finds where an action happens: the directory, a case, a safe or a copy, as one person meets it. A place has
// everything that `permit` asks for, and the ids that an entry names. Acts and reads find their places only here, so
// both are refused by the same rules.
#pragma once
#include <variant>

#include "access/permit.h"
#include "access/state/state.h"
#include "access/wire/entry.h"

namespace strongroom::access {

// An attempt that `permit` refused. It is recorded as `access.refused` in the chain of the case that `ids` names, or in
// the directory's chain if it names none.
struct Refusal {
  Action action = Action::read_directory;
  std::string rule;
  bool hidden = false;  // the caller is told "not found"
  wire::Concerned ids;
};

struct Place {
  Capacities who;  // which capacities the person has there
  LockState lock = LockState::open;
  Stage stage = Stage::referred;
  PolicyVersion policy = kPolicyVersion;  // the version of the table that decides there
  wire::Concerned ids;                    // the ids, as an entry about the place names them

  bool permits(Action action) const { return permit(action, who, lock, stage, policy).permitted(); }
};
struct CasePlace : Place {
  CaseRow case_;
};
struct SafePlace : CasePlace {
  SafeRow safe;
};
struct CopyPlace : SafePlace {
  CopyRow copy;
};
// PlaceOf<Id> is the type of place that such an id names.
template <class Id>
struct PlaceNamedBy;
template <>
struct PlaceNamedBy<CaseId> {
  using Type = CasePlace;
};
template <>
struct PlaceNamedBy<SafeId> {
  using Type = SafePlace;
};
template <>
struct PlaceNamedBy<CopyId> {
  using Type = CopyPlace;
};
template <class Id>
using PlaceOf = typename PlaceNamedBy<Id>::Type;

// Declares what a read or an act found, or returns its error or its refusal. The expression must be a Result of a
// variant of the thing and a Refusal.
#define ENTER(decl, ...)                                                                                       \
  auto STRONGROOM_CONCAT(entered_, __LINE__) = (__VA_ARGS__);                                                  \
  if (!STRONGROOM_CONCAT(entered_, __LINE__)) return std::move(STRONGROOM_CONCAT(entered_, __LINE__)).error(); \
  if (auto* refused_here = std::get_if<Refusal>(&*STRONGROOM_CONCAT(entered_, __LINE__)))                      \
    return std::move(*refused_here);                                                                           \
  decl = std::move(std::get<0>(*STRONGROOM_CONCAT(entered_, __LINE__)))

// Returns the refusal of an action at a place, or nothing if the action is permitted there.
std::optional<Refusal> refusal(Action action, const Place& place);
// Returns the refusal of an id that names nothing. It reads the same as the refusal of a thing that the person may not
// see, so that nobody learns which ids exist.
Refusal no_such_thing(Action action);

// Knows one person in one state of the tables, and finds the places that they meet. A revoked or unknown person has no
// capacity at all. It must not outlive its transaction.
class Standing {
 public:
  // `policy` is the version of the permission table that decides at this person's places.
  static Result<Standing> of(const State& state, const ReadTransaction& txn, const PersonId& person,
                             PolicyVersion policy = kPolicyVersion);

  bool enrolled() const { return row_.has_value(); }
  // Call it only if the person is enrolled.
  const PersonRow& person() const { return *row_; }

  // ---- Places, by id ----

  // Returns the place, or nothing if the id names nothing. Errc::tampered if the tables contradict themselves.
  Result<std::optional<CasePlace>> find(const CaseId& id) const;
  Result<std::optional<SafePlace>> find(const SafeId& id) const;
  Result<std::optional<CopyPlace>> find(const CopyId& id) const;

  // ---- Places, by the row ----

  // Finds the capacities enrolled, root, administrator, partner, spoc, reviewer, chair and staff. Every other place has
  // these too.
  Place in_directory() const;
  // Adds own_root, own_partner, lead, practitioner and depositor.
  Place in_agency(const AgencyId& agency) const;
  // Adds referrer, asked and asked_lead.
  CasePlace in_case(CaseRow row) const;
  // Combines the case and the agency. The capacities in the agency count once it has been asked. Only a safeguarding
  // partner answers for itself whether it has been asked or not.
  CasePlace in_case(CaseRow row, const AgencyId& agency) const;
  // Adds representative, participant, nominee and former. Somebody from the agency that referred the case has a part in
  // the review safe, but none in the safe of another agency.
  Result<SafePlace> in_safe(SafeRow safe) const;
  Result<SafePlace> in_safe(CaseRow row, SafeRow safe) const;
  // Adds issuer, past_issuer and holder.
  Result<CopyPlace> in_copy(CopyRow copy) const;
  Result<CopyPlace> in_copy(CaseRow row, SafeRow safe, CopyRow copy) const;
  // Combines the case, safe, agency and copy that an entry concerns, and adds `concerned`.
  Result<Place> in_entry(const wire::EntryBody& body) const;

 private:
  Standing(const State& state, const ReadTransaction& txn, PolicyVersion policy)
      : state_(&state), txn_(&txn), policy_(policy) {}
  Place place() const;
  CasePlace at(CaseRow row, Capacities who) const;

  const State* state_;          // not owned
  const ReadTransaction* txn_;  // not owned
  PolicyVersion policy_;
  std::optional<PersonRow> row_;
  Capacities general_;
};

// Returns the invitation while somebody may still enrol or join with it: it is not used, it has not expired, and its
// inviter is not revoked.
Result<std::optional<InvitationRow>> open_invitation(const State& state, const ReadTransaction& txn,
                                                     const InvitationId& id, Instant time);

// Returns whether somebody may be nominated for a safe. Practitioners and leads may be nominated for their agency's
// safe; SPOCs, partners, reviewers and chairs for a review safe.
bool may_be_nominated(const PersonRow& person, const SafeRow& safe);
// Returns whether at least two certified custodians of each partner hold a share of the safe's current epoch.
Result<bool> is_recovery_complete(const State& state, const ReadTransaction& txn, const SafeRow& safe);
bool has_role(const PersonRow& person, const AgencyId& agency, Role role);
bool has_role_anywhere(const PersonRow& person, Role role);
bool is_member(const PersonRow& person, const AgencyId& agency);

}  // namespace strongroom::access
