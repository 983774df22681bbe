#include "access/role_capacities.h"

namespace strongroom::access {
namespace {

bool any(std::span<const Role> roles, Role role) {
  return std::ranges::find(roles, role) != roles.end();
}

}  // namespace

Capacities general_capacities(std::span<const Role> roles) {
  Capacities who;
  for (const Role role : roles) switch (role) {
      case Role::administrator:
        who.add(Capacity::administrator);
        break;
      case Role::partner:
        who.add(Capacity::partner);
        break;
      case Role::spoc:
        who.add(Capacity::spoc);
        break;
      case Role::reviewer:
        who.add(Capacity::reviewer);
        break;
      case Role::chair:
        who.add(Capacity::chair);
        break;
      case Role::agency_lead:
      case Role::practitioner:
      case Role::depositor:
        who.add(Capacity::staff);
        break;
      case Role::custodian:
      case Role::witness:
        break;
    }
  return who;
}

Capacities capacities_in_agency(std::span<const Role> roles) {
  Capacities who;
  if (any(roles, Role::partner)) who.add(Capacity::own_partner);
  if (any(roles, Role::agency_lead)) who.add(Capacity::lead);
  if (any(roles, Role::practitioner)) who.add(Capacity::practitioner);
  if (any(roles, Role::depositor)) who.add(Capacity::depositor);
  return who;
}

Capacities capacities_by_nomination(NominationState state, bool agency_safe) {
  switch (state) {
    case NominationState::none:
      return {};
    case NominationState::pending:
      return {Capacity::nominee};
    case NominationState::active:
      return {agency_safe ? Capacity::representative : Capacity::participant};
    case NominationState::ended:
    case NominationState::paused:
      return {Capacity::former};
  }
  return {};
}

bool may_be_nominated(Capacities who, bool agency_safe) {
  return agency_safe ? who.any_of({Capacity::practitioner, Capacity::lead})
                     : who.any_of({Capacity::spoc, Capacity::partner, Capacity::reviewer, Capacity::chair});
}

}  // namespace strongroom::access
