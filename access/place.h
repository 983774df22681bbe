// Where an action happens: the directory, a case, a safe or a copy as one person meets it, with everything that
// `permit` asks for and the ids that an entry names. Acts, reads and the refusals of both find their places here and
// nowhere else.
#pragma once
#include <variant>

#include "access/permit.h"
#include "access/state/state.h"
#include "access/wire/entry.h"

namespace strongroom::access {

// An attempt that `permit` refused. It is recorded as `access.refused`: in the chain of the case that `ids` names, or
// else in the directory's.
struct Refusal {
  Action action = Action::read_directory;
  std::string rule;
  bool hidden = false;  // the caller is told "not found"
  wire::Concerned ids;
};

struct Place {
  Capacities who;  // what the person is there
  LockState lock = LockState::open;
  Stage stage = Stage::referred;
  PolicyVersion policy = kPolicyVersion;  // the version of the table that decides there
  wire::Concerned ids;                    // as an entry about it names them

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
// The place that an id names.
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

// Declares what a read or an act found, or returns its error or its refusal: for a Result of a variant of the thing and
// a Refusal.
#define ENTER(decl, ...)                                                                                       \
  auto STRONGROOM_CONCAT(entered_, __LINE__) = (__VA_ARGS__);                                                  \
  if (!STRONGROOM_CONCAT(entered_, __LINE__)) return std::move(STRONGROOM_CONCAT(entered_, __LINE__)).error(); \
  if (auto* refused_here = std::get_if<Refusal>(&*STRONGROOM_CONCAT(entered_, __LINE__)))                      \
    return std::move(*refused_here);                                                                           \
  decl = std::move(std::get<0>(*STRONGROOM_CONCAT(entered_, __LINE__)))

// The refusal of an action at a place. Nothing if the action is permitted there.
std::optional<Refusal> refusal(Action action, const Place& place);
// The refusal of an id that names nothing. It reads the same as the refusal of a thing that the person may not see.
Refusal no_such_thing(Action action);

// One person, or nobody yet, in one state of the tables. A revoked or unknown person has no capacity at all. Lives no
// longer than its transaction.
class Standing {
 public:
  // `policy` is the version of the permission table that decides at this person's places.
  static Result<Standing> of(const State& state, const ReadTransaction& txn, const PersonId& person,
                             PolicyVersion policy = kPolicyVersion);

  bool enrolled() const { return row_.has_value(); }
  // Only when enrolled.
  const PersonRow& person() const { return *row_; }

  // ---- Places, by id ----

  // Nothing if the id names nothing. Errc::tampered if the tables contradict themselves.
  Result<std::optional<CasePlace>> find(const CaseId& id) const;
  Result<std::optional<SafePlace>> find(const SafeId& id) const;
  Result<std::optional<CopyPlace>> find(const CopyId& id) const;

  // ---- Places, by the row ----

  // Here the person is: enrolled, root, administrator, partner, spoc, reviewer, chair, staff.
  Place in_directory() const;
  // And own_root, own_partner, lead, practitioner, depositor.
  Place in_agency(const AgencyId& agency) const;
  // And referrer, asked, asked_lead.
  CasePlace in_case(CaseRow row) const;
  // The case and the agency. The capacities in the agency count once it has been asked; only a safeguarding partner
  // answers for itself, asked or not.
  CasePlace in_case(CaseRow row, const AgencyId& agency) const;
  // And representative, participant, nominee, former. Somebody from the agency that referred the case has a part in the
  // review safe, and none in another agency's safe.
  Result<SafePlace> in_safe(SafeRow safe) const;
  Result<SafePlace> in_safe(CaseRow row, SafeRow safe) const;
  // And issuer, past_issuer, holder.
  Result<CopyPlace> in_copy(CopyRow copy) const;
  Result<CopyPlace> in_copy(CaseRow row, SafeRow safe, CopyRow copy) const;
  // In the case, safe, agency and copy that an entry concerns, all together. And concerned.
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

// The invitation while somebody may still enrol or join with it: not used, not expired, its inviter not revoked.
Result<std::optional<InvitationRow>> open_invitation(const State& state, const ReadTransaction& txn,
                                                     const InvitationId& id, Instant time);

// Whether somebody may be nominated for a safe: practitioners and leads of its agency; for a review safe SPOCs,
// partners, reviewers and chairs.
bool may_be_nominated(const PersonRow& person, const SafeRow& safe);
// Whether at least two certified custodians of each partner hold a share of the safe's current epoch.
Result<bool> is_recovery_complete(const State& state, const ReadTransaction& txn, const SafeRow& safe);
bool has_role(const PersonRow& person, const AgencyId& agency, Role role);
bool has_role_anywhere(const PersonRow& person, Role role);
bool is_member(const PersonRow& person, const AgencyId& agency);

}  // namespace strongroom::access
