// The stages of a Rapid Review and the steps between them, as a pure state machine. A step that is not possible is
// refused with a sentence that cites section 4 of the guidance.
#pragma once
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace strongroom::review {

// Stages are in their usual order. Going back is an explicit step with a reason.
BOOST_DEFINE_ENUM_CLASS(Stage, referred, scoping, meeting_set, decided, outcome_sent, practice_review,
                        alternative_review, closed, not_pursued)

// `learning_acted_upon` means the same as `neither`, because the learning can be acted upon at once (4.6.2).
BOOST_DEFINE_ENUM_CLASS(Decision, practice_review, alternative_review, neither, learning_acted_upon)

// The steps of a review. Some do not change the stage (a return, an attendance, an answer to Document 4). They are
// listed too, because they are possible only at some stages.
BOOST_DEFINE_ENUM_CLASS(Step, answer_duties, record_duty, send_templates, return_scoping, set_meeting, share_pack,
                        record_attendance, decide, answer_document, endorse, send_outcome, inform, acknowledge,
                        record_panel_answer, record_inspectorate, move_clock, close, drop)

// The facts on which it depends whether a step is possible.
struct Facts {
  Stage stage = Stage::referred;
  bool templates_sent = false;               // to at least one agency
  bool meeting_reached = false;              // its date has come
  std::vector<std::string> partners_absent;  // from the meeting ("icb", "police", …); empty if it is quorate
  std::vector<std::string> partners_silent;  // have not answered Document 4
  std::optional<Decision> decision;
  bool frozen = false;  // Document 4 has its three answers
};

// Whether the step is possible at that stage at all. `sentence_of` returns the sentence that refuses it elsewhere.
bool is_possible_at(Step step, Stage stage);
std::string_view sentence_of(Step step);

// Returns the stage after the step. The message of Errc::conflict says what forbids the step and cites the guidance.
vault::Result<Stage> next_stage(Step step, const Facts& facts);

// Checks a step back. Errc::conflict unless `to` is an earlier stage of the usual order. A review never leaves `closed`
// or `not_pursued`, and never goes back to before something was sent: Documents 2 and 3 to the agencies, or the outcome
// to the Panel.
vault::Result<void> may_step_back(Stage from, Stage to);

// Describes in words what the review waits for next, and names who must do it. Empty if the review has ended.
struct NextAct {
  std::string what;
  std::string by;
};
std::optional<NextAct> next_act(const Facts& facts);

}  // namespace strongroom::review
