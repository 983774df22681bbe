// Computes the capacities that roles give somebody, for `permit`. It is one rule for the service, which decides
// (access/place.h), and for clients, which verify what it decided (cli/client/proof/directory.h).
#pragma once
#include <algorithm>
#include <span>

#include "access/permit.h"

namespace strongroom::access {

// Returns the capacities that roles give in every agency: administrator, partner, spoc, reviewer, chair, staff.
Capacities general_capacities(std::span<const Role> roles);
// Returns the capacities that roles give only in the agency where they are held: own_partner, lead, practitioner,
// depositor.
Capacities capacities_in_agency(std::span<const Role> roles);
// Returns the capacities in a case, from what somebody is in each agency: `general`, and referrer, asked or asked_lead.
// `in_agency(AgencyId)` must return their capacities in that agency.
template <class InAgency>
Capacities capacities_in_case(Capacities general, const AgencyId& referrer, std::span<const AgencyId> asked,
                              const InAgency& in_agency) {
  Capacities who = general;
  if (in_agency(referrer).has(Capacity::lead)) who.add(Capacity::referrer);
  for (const AgencyId& agency : asked) {
    const Capacities there = in_agency(agency);
    if (there.any_of({Capacity::lead, Capacity::practitioner, Capacity::depositor})) who.add(Capacity::asked);
    if (there.has(Capacity::lead)) who.add(Capacity::asked_lead);
  }
  return who;
}
// Returns the capacities in one agency of the case. Those in the agency count once it has been asked. Only a
// safeguarding partner answers for itself whether it has been asked or not.
template <class InAgency>
Capacities capacities_in_case(Capacities general, const AgencyId& referrer, std::span<const AgencyId> asked,
                              const AgencyId& agency, const InAgency& in_agency) {
  Capacities who = capacities_in_case(general, referrer, asked, in_agency);
  const Capacities there = in_agency(agency);
  if (std::ranges::find(asked, agency) != asked.end()) who.add(there);
  if (there.has(Capacity::own_partner)) who.add(Capacity::own_partner);
  return who;
}
// Returns the capacities that somebody's nomination gives in its safe: representative, participant, nominee, former, or
// none of these.
Capacities capacities_by_nomination(NominationState state, bool agency_safe);
// Returns whether somebody may be nominated for a safe. For an agency's safe `who` must be their capacities in that
// agency, because only its practitioners and leads may be nominated. For a review safe SPOCs, partners, reviewers and
// chairs may be.
bool may_be_nominated(Capacities who, bool agency_safe);

}  // namespace strongroom::access
