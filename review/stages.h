// The stages of a Rapid Review and the steps between them, as a pure state machine (DESIGN 7). A step that cannot be
// made is refused with what section 4 of the guidance says about it.
#pragma once
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/result.h"

namespace strongroom::review {

// The order is the usual one; going back is an explicit, reasoned step.
BOOST_DEFINE_ENUM_CLASS(Stage, referred, scoping, meeting_set, decided, outcome_sent, practice_review,
                        alternative_review, closed, not_pursued)

// neither; learning_acted_upon: neither, since what was learned can be acted upon at once (4.6.2).
BOOST_DEFINE_ENUM_CLASS(Decision, practice_review, alternative_review, neither, learning_acted_upon)

// What moves a review on. Steps that leave the stage as it is (a return, an attendance, an answer to Document 4) are
// listed too: they also are possible at some stages alone.
BOOST_DEFINE_ENUM_CLASS(Step, answer_duties, record_duty, send_templates, return_scoping, set_meeting, share_pack,
                        record_attendance, decide, answer_document, endorse, send_outcome, inform, acknowledge,
                        record_panel_answer, record_inspectorate, move_clock, close, drop)

// What the guards look at.
struct Facts {
  Stage stage = Stage::referred;
  bool templates_sent = false;               // to one agency at least
  bool meeting_reached = false;              // its date has come
  std::vector<std::string> partners_absent;  // of the meeting: it is quorate when nobody is ("icb", "police", …)
  std::vector<std::string> partners_silent;  // have not answered Document 4
  std::optional<Decision> decision;
  bool frozen = false;  // Document 4 has its three answers
};

// Whether the step can be made at that stage at all, and the sentence for it elsewhere.
bool is_possible_at(Step step, Stage stage);
std::string_view sentence_of(Step step);

// The stage after the step. Errc::conflict says what forbids it, and where the guidance says so.
vault::Result<Stage> next_stage(Step step, const Facts& facts);

// Going back: to an earlier stage of the usual order, never out of `closed` or `not_pursued`, and never behind what has
// gone out (Documents 2 and 3 to the agencies, the outcome to the Panel). Errc::conflict.
vault::Result<void> may_step_back(Stage from, Stage to);

// What the review waits for next, in words, and who owes it; empty when it has ended.
struct NextAct {
  std::string what;
  std::string by;
};
std::optional<NextAct> next_act(const Facts& facts);

}  // namespace strongroom::review
