// What roles make of somebody, for `permit`: one rule for the service, which decides (access/place.h), and for
// clients, which verify what it decided (cli/client/proof/directory.h).
#pragma once
#include <span>

#include "access/permit.h"

namespace strongroom::access {

// Wherever the roles are held: administrator, partner, spoc, reviewer, chair, staff.
Capacities general_capacities(std::span<const Role> roles);
// In the agency where they are held, and besides: own_partner, lead, practitioner, depositor.
Capacities capacities_in_agency(std::span<const Role> roles);
// Whether somebody may be nominated for a safe. Of an agency's safe: its practitioners and leads, so `who` is what they
// are in that agency; of a review safe: SPOCs, partners, reviewers and chairs.
bool may_be_nominated(Capacities who, bool agency_safe);

}  // namespace strongroom::access
