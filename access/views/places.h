// What each action of reading is asked of: the one list for the views, which are compared with it when they are
// compiled, and for the gate and replay, which find the place in a request's target.
#pragma once
#include <optional>

#include "access/permit.h"

namespace strongroom::access {

enum class ReadPlace { directory, case_, safe, copy };

// Nothing for an action that no read is refused by: an act, or read_entry, since entries that somebody may not read are
// left out of what they are shown.
constexpr std::optional<ReadPlace> place_of_read(Action action) {
  switch (action) {
    case Action::read_directory:
    case Action::upload:
      return ReadPlace::directory;
    case Action::see_case:
    case Action::read_review:
    case Action::read_case_entry:
      return ReadPlace::case_;
    case Action::see_safe:
    case Action::read_safe_chain:
    case Action::read_safe_keys:
    case Action::list_records:
    case Action::read_descriptors:
      return ReadPlace::safe;
    case Action::see_copy:
    case Action::read_released_headers:
    case Action::read_collected_copy:
      return ReadPlace::copy;
    case Action::invite:
    case Action::invite_for_partner:
    case Action::invite_staff:
    case Action::enrol:
    case Action::join:
    case Action::revoke:
    case Action::revoke_staff:
    case Action::add_agency:
    case Action::stage_values:
    case Action::refer_case:
    case Action::ask_agencies:
    case Action::open_safe:
    case Action::nominate:
    case Action::nominate_participant:
    case Action::wrap_nomination:
    case Action::confirm_nomination:
    case Action::end_nomination:
    case Action::end_participation:
    case Action::pause_nomination:
    case Action::pause_participation:
    case Action::start_epoch:
    case Action::complete_shares:
    case Action::deposit:
    case Action::deposit_in_review:
    case Action::deposit_on_behalf:
    case Action::issue_copy:
    case Action::prepare_copy:
    case Action::collect_copy:
    case Action::deliver_copy:
    case Action::return_copy:
    case Action::reassign_copies:
    case Action::reassign_review_copies:
    case Action::declare:
    case Action::add_item:
    case Action::change_custody:
    case Action::remove_originals:
    case Action::deposit_return:
    case Action::answer_duties:
    case Action::record_duty:
    case Action::send_templates:
    case Action::return_scoping:
    case Action::set_meeting:
    case Action::share_pack:
    case Action::record_attendance:
    case Action::decide_review:
    case Action::answer_decision:
    case Action::endorse_decision:
    case Action::send_outcome:
    case Action::record_panel_answer:
    case Action::inform_agencies:
    case Action::acknowledge_outcome:
    case Action::record_inspectorate:
    case Action::close_review:
    case Action::drop_review:
    case Action::step_back:
    case Action::move_clock:
    case Action::import_calendar:
    case Action::read_entry:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace strongroom::access
