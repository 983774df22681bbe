// The acts that give a safe its keyholders and change them: referring a case, opening a safe, nominating somebody, and
// handing a safe over from one keyholder to another (4.3.5).
#pragma once
#include <functional>

#include "cli/client/proof/safe_chain.h"

namespace cli::client {

struct NomineeWords {
  access::PersonId person;
  access::Involvement involvement = access::Involvement::none;
  std::string reason;  // may be empty
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
  std::optional<std::string> rules = std::nullopt;  // absent: the rules of the guidance
  std::optional<access::CaseId> linked_to = std::nullopt;
};
struct ReferredCase {
  access::CaseId case_;
  access::SafeId review_safe;
  std::string reference;
  ActAnswer answer;
};
// Refers a case, and opens its review safe with all certified SPOCs as keyholders. Errc::conflict if there is no SPOC.
Result<ReferredCase> refer_case(Session& session, const Directory& directory, const ReferralWords& referral);

Result<ActAnswer> nominate(Session& session, const Directory& directory, const access::SafeId& safe,
                           const NomineeWords& nominee);

// --- handing over ---------------------------------------------------------------------------------------------------
//
// One keyholder of a safe takes over from another. The successor gets the key first, then the open copies, and then the
// other's nomination ends. Each step is an act of its own and is skipped if it is done already, so the same call
// continues after an interruption. The lead (for a review safe a SPOC) signs all steps except the key's: a keyholder's
// client must wrap it, and the successor's client must confirm it.

struct HandoverRequest {
  access::SafeId safe;
  access::PersonId from;
  NomineeWords nominee;  // the successor, who is nominated unless they are already
  // Asked for the nominee's reason only if the successor must be nominated, so a continued hand-over does not ask
  // again.
  std::function<Result<std::string>()> reason = {};
};
BOOST_DEFINE_ENUM_CLASS(HandoverState, waits_for_wrap, waits_for_confirmation, done)
struct HandedOver {
  HandoverState state = HandoverState::done;
  std::uint64_t copies = 0;                // that this call handed over
  std::vector<access::CopyId> unprepared;  // those of them that their holders cannot collect; they need another copy
};
// Errc::not_found if `from` never was nominated, Errc::invalid_argument if both are the same person, and any refusal of
// the service.
Result<HandedOver> hand_over(Session& session, Directory& directory, const HandoverRequest& request);

}  // namespace cli::client
