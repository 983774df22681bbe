// What roles make of somebody, for `permit`: one rule for the service, which decides (access/place.h), and for
// clients, which verify what it decided (cli/client/proof/directory.h).
#pragma once
#include <algorithm>
#include <span>

#include "access/permit.h"

namespace strongroom::access {

// Wherever the roles are held: administrator, partner, spoc, reviewer, chair, staff.
Capacities general_capacities(std::span<const Role> roles);
// In the agency where they are held, and besides: own_partner, lead, practitioner, depositor.
Capacities capacities_in_agency(std::span<const Role> roles);
// In a case, from what somebody is in each agency: referrer, asked, asked_lead, besides `general`.
// `in_agency(AgencyId)` returns their capacities in that agency.
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
// And in one agency of the case. The capacities in the agency count once it has been asked; only a safeguarding partner
// answers for itself, asked or not.
template <class InAgency>
Capacities capacities_in_case(Capacities general, const AgencyId& referrer, std::span<const AgencyId> asked,
                              const AgencyId& agency, const InAgency& in_agency) {
  Capacities who = capacities_in_case(general, referrer, asked, in_agency);
  const Capacities there = in_agency(agency);
  if (std::ranges::find(asked, agency) != asked.end()) who.add(there);
  if (there.has(Capacity::own_partner)) who.add(Capacity::own_partner);
  return who;
}
// In a safe, from somebody's nomination for it: representative, participant, nominee, former, or none of these.
Capacities capacities_by_nomination(NominationState state, bool agency_safe);
// Whether somebody may be nominated for a safe. Of an agency's safe: its practitioners and leads, so `who` is what they
// are in that agency; of a review safe: SPOCs, partners, reviewers and chairs.
bool may_be_nominated(Capacities who, bool agency_safe);

}  // namespace strongroom::access
