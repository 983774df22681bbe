// Decides who may do what, with one table (permit.cpp) over role × nomination × lock × stage × action. It is pure. It
// is evaluated inside the write transaction for every act, and inside a read for everything that is shown.
// docs/policy.md is printed from it.
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "access/wire/ids.h"

namespace strongroom::access {

// Every entry names the version of the table under which it was decided, and is verified by that version. After a
// release, any change of what an act's row permits needs a new version. Each row says for which versions it holds
// (permit_table.h).
using PolicyVersion = std::uint64_t;
inline constexpr PolicyVersion kFirstPolicyVersion = 1;
inline constexpr PolicyVersion kPolicyVersion = 1;  // the version that decides now

// Lists every act, and every kind of reading or sending that may be refused. There are two lists because
// Boost.Describe's macros take 52 words at most.
#define STRONGROOM_VAULT_ACTIONS                                                                                      \
  invite, invite_for_partner, invite_staff, enrol, join, confirm_roots, revoke, revoke_staff, add_agency,             \
      read_directory, stage_values, upload, refer_case, ask_agencies, see_case, open_safe, see_safe, read_safe_chain, \
      read_safe_keys, nominate, nominate_participant, wrap_nomination, confirm_nomination, end_nomination,            \
      end_participation, pause_nomination, pause_participation, start_epoch, complete_shares, deposit,                \
      deposit_in_review, deposit_on_behalf, list_records, read_descriptors, issue_copy, see_copy,                     \
      read_released_headers, prepare_copy, collect_copy, read_collected_copy, deliver_copy, return_copy,              \
      reassign_copies, reassign_review_copies, declare, add_item, change_custody, remove_originals
#define STRONGROOM_REVIEW_ACTIONS                                                                                   \
  read_review, deposit_return, answer_duties, record_duty, send_templates, return_scoping, set_meeting, share_pack, \
      record_attendance, decide_review, answer_decision, endorse_decision, send_outcome, record_panel_answer,       \
      inform_agencies, acknowledge_outcome, record_inspectorate, close_review, drop_review, step_back, move_clock,  \
      import_calendar, read_entry, read_case_entry
enum class Action { STRONGROOM_VAULT_ACTIONS, STRONGROOM_REVIEW_ACTIONS };
inline auto boost_enum_descriptor_fn(Action**) {
  return boost::describe::detail::enum_descriptor_fn_impl(
      0 BOOST_DESCRIBE_PP_FOR_EACH(BOOST_DESCRIBE_ENUM_ENTRY, Action, STRONGROOM_VAULT_ACTIONS)
          BOOST_DESCRIBE_PP_FOR_EACH(BOOST_DESCRIBE_ENUM_ENTRY, Action, STRONGROOM_REVIEW_ACTIONS));
}
#undef STRONGROOM_VAULT_ACTIONS
#undef STRONGROOM_REVIEW_ACTIONS

// A capacity is what somebody is with respect to the thing they ask for: role × nomination, computed by access/place.h.
BOOST_DEFINE_ENUM_CLASS(Capacity,
                        // in the directory, for any action
                        invitee, enrolled, root, administrator, partner, spoc, reviewer, chair, staff,
                        // in the agency concerned; where a case is concerned too, only once the agency has been asked
                        own_root, own_partner, lead, practitioner, depositor,
                        // in the case: a lead of the agency that referred it; staff, and a lead, of an agency that has
                        // been asked
                        referrer, asked, asked_lead,
                        // in the safe: its active, its pending, and its paused or former keyholder
                        representative, participant, nominee, former,
                        // in the copy: issuer issued it, is still a keyholder and answers for it; past_issuer issued it
                        // and is no longer that, or took it over; holder is the person it was issued for
                        issuer, past_issuer, holder,
                        // in the entry: its actor, or the person whom it names
                        concerned)

class Capacities {
 public:
  constexpr Capacities() = default;
  constexpr Capacities(std::initializer_list<Capacity> list) {
    for (const Capacity one : list) add(one);
  }
  constexpr void add(Capacity one) { bits_ |= bit(one); }
  constexpr void add(Capacities more) { bits_ |= more.bits_; }
  constexpr bool has(Capacity one) const { return (bits_ & bit(one)) != 0; }
  constexpr bool any_of(Capacities others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool operator==(const Capacities&) const = default;

 private:
  static constexpr std::uint64_t bit(Capacity one) { return std::uint64_t{1} << static_cast<unsigned>(one); }
  std::uint64_t bits_ = 0;
};

// If the outcome is `hidden`, the caller is answered "not found", so that refusals do not tell what exists. It is
// recorded like any refusal.
enum class Outcome { permitted, refused, hidden };
struct Verdict {
  Outcome outcome = Outcome::refused;
  std::string_view rule;  // empty when permitted
  bool permitted() const { return outcome == Outcome::permitted; }
  bool operator==(const Verdict&) const = default;
};

// These rules do not belong to one action.
inline constexpr std::string_view kRuleLock = "lock";    // the case lock is not in the state that the action needs
inline constexpr std::string_view kRuleStage = "stage";  // the review is not at a stage that has this action
inline constexpr std::string_view kRuleUnknown = "no-such-thing";  // the id names nothing

// Decides one action. If no case is concerned, pass the lock `open` and the stage `referred`: actions of the directory
// ignore both. `version` is the version of the table that decides. An action that this version does not have is refused
// to everybody.
Verdict permit(Action action, Capacities who, LockState lock = LockState::open, Stage stage = Stage::referred,
               PolicyVersion version = kPolicyVersion);
// Returns whether the capacities suffice at some lock and stage. A reader who knows neither the lock nor the stage
// cannot check more than this.
bool has_capacity_for(Action action, Capacities who, PolicyVersion version = kPolicyVersion);

// Returns the action that lets somebody read the entries of a listing. The body of an entry is shown to those who may
// `read_entry` it, and to those who may read one of its listings.
Action reader_of(wire::Listing listing);

// Returns whether a refusal names an action that exists and a rule that it can break. If it does, the refusal contains
// nobody's own words.
bool is_refusal(std::string_view action, std::string_view rule, PolicyVersion version = kPolicyVersion);

// Returns the sentence that explains a rule, for the detail of an answer.
std::string_view sentence_of(std::string_view rule);

// Returns the whole text of docs/policy.md.
std::string policy_markdown();

}  // namespace strongroom::access
