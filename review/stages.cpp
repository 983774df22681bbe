#include "review/stages.h"

#include <array>
#include <span>

namespace strongroom::review {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

// Makes a set of stages, with one bit for each.
template <class... More>
constexpr unsigned set_of(More... more) {
  return (0U | ... | (1U << static_cast<unsigned>(more)));
}

struct Row {
  Step step;
  unsigned at = 0;
  std::string_view otherwise;  // the sentence for a step at another stage

  constexpr bool has(Stage stage) const { return ((at >> static_cast<unsigned>(stage)) & 1U) != 0; }
};

using enum Stage;

constexpr unsigned kGoingOn =
    set_of(referred, scoping, meeting_set, decided, outcome_sent, practice_review, alternative_review);
constexpr unsigned kAfterOutcome = set_of(outcome_sent, practice_review, alternative_review, closed);
constexpr unsigned kAlways = kGoingOn | set_of(closed, not_pursued);

// The rows are in the order of Step. docs/policy.md prints the sentences.
constexpr auto kTable = std::to_array<Row>({
    {Step::answer_duties, kGoingOn, "the local authority's duties are asked about while the review goes on (4.1.2)"},
    {Step::record_duty, kAlways, "a duty is recorded when it is done (4.1.2)"},
    {Step::send_templates, kGoingOn,
     "Documents 2 and 3 go out when the referral has been received, while the review goes on (4.3.3)"},
    {Step::return_scoping, set_of(scoping, meeting_set, decided, outcome_sent, practice_review, alternative_review),
     "Document 2 is returned once it has been sent out, while the review goes on (4.3.4)"},
    {Step::set_meeting, set_of(scoping, meeting_set),
     "the date of the meeting is set once the templates have been sent out, and before it decides (4.4.2)"},
    {Step::share_pack, set_of(meeting_set),
     "the documents are shared with those attending once the meeting is set, and before it decides (4.5)"},
    {Step::record_attendance, set_of(meeting_set), "attendance is recorded at the meeting, once it is set (4.6.1)"},
    {Step::decide, set_of(meeting_set, decided), "the decision is taken at the Rapid Review meeting (4.6.2)"},
    {Step::answer_document, set_of(decided), "Document 4 is agreed once the meeting has completed it (4.6.3)"},
    {Step::endorse, set_of(decided, outcome_sent), "an independent chair endorses an outcome that there is (4.6.3)"},
    {Step::send_outcome, set_of(decided), "Document 4 goes to the Panel once, after the meeting has decided (4.7.1)"},
    {Step::inform, kAfterOutcome, "agencies and the referrer are informed of an outcome once it has been sent (4.7.2)"},
    {Step::acknowledge, kAfterOutcome, "an agency acknowledges an outcome once it has been sent (4.7.2)"},
    {Step::record_panel_answer, kAfterOutcome, "the Panel answers an outcome once it has been sent (4.7.1)"},
    {Step::record_inspectorate, kAlways, "an agency notifies its inspectorate when it is required to (4.7.3)"},
    {Step::move_clock, kGoingOn, "the clocks of a review that has ended stand still (4.2.2)"},
    {Step::close, set_of(outcome_sent, practice_review, alternative_review),
     "a review is closed once its outcome has been sent to the Panel (4.7.1)"},
    {Step::drop, set_of(referred, scoping, meeting_set),
     "once a decision is recorded, it stands in place of not pursuing the review (4.6.2)"},
});

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].step) != i) return false;
  return true;
}
static_assert(table_is_in_order());

std::string list_of(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Error forbidden(std::string text) {
  return {Errc::conflict, std::move(text)};
}

Result<Stage> decide(const Facts& facts) {
  if (!facts.meeting_reached) return forbidden("the meeting takes the decision, and has not been held yet (4.6.2)");
  if (!facts.partners_absent.empty())
    return forbidden("the meeting is not quorate without a representative of each safeguarding partner (4.6.1): " +
                     list_of(facts.partners_absent) + " not present");
  if (facts.frozen) return forbidden("all three partners have answered Document 4: it is frozen (4.6.3)");
  return Stage::decided;
}

Result<Stage> send_outcome(const Facts& facts) {
  if (!facts.partners_silent.empty())
    return forbidden("Document 4 must be completed and agreed first (4.6.3): there is no answer yet from " +
                     list_of(facts.partners_silent));
  return Stage::outcome_sent;
}

Stage close(const Facts& facts) {
  if (facts.stage == Stage::outcome_sent && facts.decision == Decision::practice_review) return Stage::practice_review;
  if (facts.stage == Stage::outcome_sent && facts.decision == Decision::alternative_review)
    return Stage::alternative_review;
  return Stage::closed;
}

}  // namespace

bool is_possible_at(Step step, Stage stage) {
  return kTable[static_cast<std::size_t>(step)].has(stage);
}
std::string_view sentence_of(Step step) {
  return kTable[static_cast<std::size_t>(step)].otherwise;
}

Result<Stage> next_stage(Step step, const Facts& facts) {
  const Row& row = kTable[static_cast<std::size_t>(step)];
  if (!row.has(facts.stage)) return forbidden(std::string(row.otherwise));
  // The last group needs nothing but the right stage and does not change it. Its steps are named, so that a new step
  // does not compile without a decision here.
  switch (step) {
    case Step::send_templates:
      return facts.stage == Stage::referred ? Stage::scoping : facts.stage;
    case Step::set_meeting:
      if (!facts.templates_sent) return forbidden(std::string(row.otherwise));
      return Stage::meeting_set;
    case Step::record_attendance:
      if (!facts.meeting_reached)
        return forbidden("attendance is recorded at the meeting, and its date has not come yet (4.6.1)");
      return facts.stage;
    case Step::decide:
      return decide(facts);
    case Step::answer_document:
      if (facts.frozen) return forbidden("all three partners have answered Document 4: it is frozen (4.6.3)");
      return facts.stage;
    case Step::send_outcome:
      return send_outcome(facts);
    case Step::close:
      return close(facts);
    case Step::drop:
      return Stage::not_pursued;
    case Step::answer_duties:
    case Step::record_duty:
    case Step::acknowledge:
    case Step::record_inspectorate:
    case Step::move_clock:
    case Step::return_scoping:
    case Step::share_pack:
    case Step::endorse:
    case Step::inform:
    case Step::record_panel_answer:
      return facts.stage;
  }
  return facts.stage;
}

Result<void> may_step_back(Stage from, Stage to) {
  const auto order = [](Stage stage) { return static_cast<int>(stage); };
  if (from == Stage::closed || from == Stage::not_pursued)
    return forbidden("a review that has ended cannot be reopened: refer the incident again, and name this case");
  if (order(from) >= order(Stage::outcome_sent))
    return forbidden("the Panel already has the outcome (4.7.1), so the review cannot go back");
  if (from != Stage::referred && to == Stage::referred)
    return forbidden("Documents 2 and 3 have been sent (4.3.3), so the review cannot go back to before that");
  if (order(to) >= order(from)) return forbidden("that is not an earlier stage");
  return {};
}

std::optional<NextAct> next_act(const Facts& facts) {
  switch (facts.stage) {
    case Stage::referred:
      return NextAct{"send Documents 2 and 3 to every agency asked (4.3.3)", "spoc"};
    case Stage::scoping:
      return NextAct{"set the date of the meeting (4.4.2)", "spoc"};
    case Stage::meeting_set:
      if (!facts.meeting_reached) return NextAct{"share the documents and hold the meeting (4.5, 4.6)", "spoc"};
      return NextAct{"record who attended and what was decided (4.6)", "spoc"};
    case Stage::decided:
      if (!facts.partners_silent.empty()) return NextAct{"answer Document 4 (4.6.3)", list_of(facts.partners_silent)};
      return NextAct{"send Documents 4 and 5 to the Panel (4.7.1)", "spoc"};
    case Stage::outcome_sent:
      return NextAct{"inform agencies and the referrer, then close (4.7.2)", "spoc"};
    case Stage::practice_review:
    case Stage::alternative_review:
      return NextAct{"finish the review that was decided, then close", "spoc"};
    case Stage::closed:
    case Stage::not_pursued:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace strongroom::review
