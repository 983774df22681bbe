// The acts by which a safe gets and changes its keyholders: a case is referred, a safe is opened, somebody is
// nominated, and one keyholder takes over from another (4.3.5).
#pragma once
#include <functional>

#include "cli/client/proof/safe_chain.h"

namespace cli::client {

struct NomineeWords {
  access::PersonId person;
  access::Involvement involvement = access::Involvement::none;
  std::string reason;  // empty: none given
};
struct OpenedSafe {
  access::SafeId safe;
  ActAnswer answer;
};
Result<OpenedSafe> open_new_safe(Session& session, const Directory& directory, const access::CaseId& case_,
                                 const access::AgencyId& agency, std::span<const NomineeWords> representatives,
                                 std::string_view reason);

struct ReferralWords {
  access::AgencyId agency;
  vault::Date incident_date{};
  vault::Date aware_date{};
  vault::Instant received;
  std::vector<std::string> subjects;
  std::optional<std::string> rules = std::nullopt;  // absent: the guidance's own
  std::optional<access::CaseId> linked_to = std::nullopt;
};
struct ReferredCase {
  access::CaseId case_;
  access::SafeId review_safe;
  std::string reference;
  ActAnswer answer;
};
// Errc::conflict when no SPOC is certified.
Result<ReferredCase> refer_case(Session& session, const Directory& directory, const ReferralWords& referral);

Result<ActAnswer> nominate(Session& session, const Directory& directory, const access::SafeId& safe,
                           const NomineeWords& nominee);

// --- handing over ---------------------------------------------------------------------------------------------------
//
// One keyholder of a safe takes over from another: the key first, then the open copies, then the end of the
// other's nomination. Each step is an act of its own that looks at what is done already, so the same call goes on after
// whatever stopped it. The lead signs all of it (in a review safe a SPOC) but for the key: that takes a keyholder's
// client to wrap, and the successor's to confirm.

struct HandoverRequest {
  access::SafeId safe;
  access::PersonId from;
  NomineeWords nominee;  // whoever takes over; nominated unless they are already
  // Asked for the nominee's reason when it comes to that: a hand-over that goes on asks no more.
  std::function<Result<std::string>()> reason = {};
};
BOOST_DEFINE_ENUM_CLASS(HandoverState, waits_for_wrap, waits_for_confirmation, done)
struct HandedOver {
  HandoverState state = HandoverState::done;
  std::uint64_t copies = 0;                // handed over by this call
  std::vector<access::CopyId> unprepared;  // of these: their holders cannot collect them, and need another copy
};
// Errc::not_found when `from` never was nominated, Errc::invalid_argument when both are one person. What the service
// refuses it refuses.
Result<HandedOver> hand_over(Session& session, Directory& directory, const HandoverRequest& request);

}  // namespace cli::client
