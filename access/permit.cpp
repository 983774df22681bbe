#include "access/permit.h"

#include <algorithm>
#include <array>

#include "access/permit_table.h"
#include "access/wire/register.h"

namespace strongroom::access {

namespace {

using table::Row;
using table::Rule;
using table::Set;
using table::set_of;

constexpr Set kAnyLock = set_of(LockState::open, LockState::engaged, LockState::released);
constexpr Set kEngaged = set_of(LockState::engaged);
constexpr Set kOnceEngaged = set_of(LockState::engaged, LockState::released);
constexpr Set kReviewing = set_of(Stage::referred, Stage::scoping, Stage::meeting_set, Stage::decided,
                                  Stage::outcome_sent, Stage::practice_review, Stage::alternative_review);
constexpr Set kAnyStage = {kReviewing.bits | set_of(Stage::closed, Stage::not_pursued).bits};

constexpr Rule kRoot{"root", "Only the root of a safeguarding partner may do this."};
constexpr Rule kOwnRoot{"own-root", "Only that partner's own root gives the roles partner and custodian."};
constexpr Rule kRootOrLead{"root-or-lead", "Only a root, or a lead of that agency, may do this."};
constexpr Rule kInvitation{"invitation", "This needs an invitation."};
constexpr Rule kEnrolled{"enrolled", "Only enrolled persons may do this."};
constexpr Rule kPartner{"partner", "Only a safeguarding partner may do this."};
constexpr Rule kMayDeposit{"may-deposit", "Only somebody who may secure records may upload."};
constexpr Rule kReferrer{"referrer", "A case is referred by a SPOC or by a lead of the agency that refers it."};
constexpr Rule kSpoc{"spoc", "Only a SPOC may do this."};
constexpr Rule kConcernedWithCase{"concerned-with-case", "Only those who have a part in the case see it."};
constexpr Rule kLead{"lead", "Only a lead of the safe's agency, once it has been asked, may do this."};
constexpr Rule kConcernedWithSafe{"concerned-with-safe", "Only those who have a part in the safe see it."};
constexpr Rule kDepositorOrKeyholder{"depositor-or-keyholder",
                                     "Only those who may deposit in the safe, or hold its key, may read this."};
constexpr Rule kKeyholder{"keyholder",
                          "Only an active keyholder of the safe may do this: a nominated representative "
                          "or, in a review safe, a participant."};
constexpr Rule kKeyholderOrNominee{"keyholder-or-nominee",
                                   "Only a keyholder of the safe, or somebody nominated to be one, may do this."};
constexpr Rule kDepositor{"depositor",
                          "Only depositors, practitioners, leads and representatives of the safe's "
                          "agency may secure records in it."};
constexpr Rule kReviewDepositor{"review-depositor",
                                "Only a SPOC, a participant of the review, or a lead of the agency "
                                "that referred the case may secure documents in a review safe."};
constexpr Rule kOnBehalf{"on-behalf",
                         "Only a SPOC or a lead of the safe's agency may secure records on behalf of an "
                         "agency."};
constexpr Rule kReader{"reader",
                       "Only those who may secure records in the safe, its keyholders and those who run or "
                       "review the case may list its records."};
constexpr Rule kConcernedWithCopy{"concerned-with-copy", "Only those who have a part in the copy see it."};
constexpr Rule kIssuer{"issuer", "Only the representative who issued the copy, while still a keyholder, may do this."};
constexpr Rule kHolder{"holder", "Only the copy's holder may do this."};
constexpr Rule kReturner{"returner", "A copy is ended by its holder, its issuer or a lead of the safe's agency."};
constexpr Rule kCustody{
    "custody", "Only a representative of the safe, or a lead of its agency, may record the custody of its items."};
constexpr Rule kReviewReader{"review-reader", "All of a review is for partners, SPOCs, reviewers and chairs."};
constexpr Rule kReturnDepositor{"return-depositor",
                                "Only a SPOC, a participant of the review, or a lead of an agency that has been asked "
                                "may secure its return in the review safe."};
constexpr Rule kSpocOrPartner{"spoc-or-partner", "Only a SPOC or a safeguarding partner may do this."};
constexpr Rule kScopingReturner{"scoping-returner",
                                "Document 2 is returned by a lead of the agency that was asked, or a SPOC."};
constexpr Rule kAnswerer{"answerer",
                         "A partner's answer is given by somebody with that role in that agency, or recorded by a "
                         "SPOC."};
constexpr Rule kChair{"chair", "Only an independent chair may do this."};
constexpr Rule kAskedLead{"asked-lead", "Only a lead of that agency, once it has been asked, may do this."};
constexpr Rule kTrailReader{"trail-reader",
                            "An entry is read by those whom it concerns and by those who run or review "
                            "the case."};
constexpr Rule kLock{kRuleLock,
                     "The case lock does not permit this: records are secured and copied while it is "
                     "engaged, and not after its release."};
constexpr Rule kStage{kRuleStage, "The review is over: nothing new is asked for, opened or secured."};
constexpr Rule kUnknown{kRuleUnknown, "There is no such thing, or it is not visible to you."};

using enum Capacity;
constexpr Capacities kKeyholders = {representative, participant};

// THE table. In the order of Action.
constexpr auto kTable = std::to_array<Row>({
    {Action::invite, {root}, kAnyLock, kAnyStage, kRoot, {}},
    {Action::invite_for_partner, {own_root}, kAnyLock, kAnyStage, kOwnRoot, {}},
    {Action::invite_staff, {root, lead}, kAnyLock, kAnyStage, kRootOrLead, {}},
    {Action::enrol, {invitee}, kAnyLock, kAnyStage, kInvitation, {}},
    {Action::join, {invitee}, kAnyLock, kAnyStage, kInvitation, {}},
    {Action::confirm_roots, {root}, kAnyLock, kAnyStage, kRoot, {}},
    {Action::revoke, {root}, kAnyLock, kAnyStage, kRoot, {}},
    {Action::revoke_staff, {root, lead}, kAnyLock, kAnyStage, kRootOrLead, {}},
    {Action::add_agency, {root, partner}, kAnyLock, kAnyStage, kPartner, {}},
    {Action::read_directory, {enrolled}, kAnyLock, kAnyStage, kEnrolled, {}},
    {Action::stage_values, {enrolled, invitee}, kAnyLock, kAnyStage, kEnrolled, {}},
    {Action::upload, {staff, partner, spoc, reviewer, chair}, kAnyLock, kAnyStage, kMayDeposit, {}},

    {Action::refer_case, {spoc, lead}, kAnyLock, kAnyStage, kReferrer, {}},
    {Action::ask_agencies, {spoc}, kEngaged, kReviewing, kSpoc, Action::see_case},
    {Action::see_case,
     {partner, spoc, reviewer, chair, administrator, referrer, asked},
     kAnyLock,
     kAnyStage,
     kConcernedWithCase,
     Action::see_case},

    {Action::open_safe, {lead}, kEngaged, kReviewing, kLead, Action::see_case},
    {Action::see_safe,
     {partner, spoc, reviewer, chair, administrator, referrer, asked_lead, lead, practitioner, depositor,
      representative, participant, nominee},
     kAnyLock,
     kAnyStage,
     kConcernedWithSafe,
     Action::see_safe},
    {Action::read_safe_chain,
     {spoc, referrer, asked_lead, lead, practitioner, depositor, representative, participant, nominee},
     kAnyLock,
     kAnyStage,
     kDepositorOrKeyholder,
     Action::see_safe},
    {Action::read_safe_keys,
     {representative, participant, nominee},
     kOnceEngaged,
     kAnyStage,
     kKeyholderOrNominee,
     Action::see_safe},
    {Action::nominate, {lead}, kOnceEngaged, kAnyStage, kLead, Action::see_safe},
    {Action::nominate_participant, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_safe},
    {Action::wrap_nomination, kKeyholders, kOnceEngaged, kAnyStage, kKeyholder, Action::see_safe},
    {Action::confirm_nomination,
     {nominee, representative, participant},
     kOnceEngaged,
     kAnyStage,
     kKeyholderOrNominee,
     Action::see_safe},
    {Action::end_nomination, {lead}, kAnyLock, kAnyStage, kLead, Action::see_safe},
    {Action::end_participation, {spoc}, kAnyLock, kAnyStage, kSpoc, Action::see_safe},
    {Action::pause_nomination, {lead}, kOnceEngaged, kAnyStage, kLead, Action::see_safe},
    {Action::pause_participation, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_safe},
    {Action::start_epoch, kKeyholders, kOnceEngaged, kAnyStage, kKeyholder, Action::see_safe},
    {Action::complete_shares, kKeyholders, kOnceEngaged, kAnyStage, kKeyholder, Action::see_safe},

    {Action::deposit,
     {depositor, practitioner, lead, representative},
     kEngaged,
     kReviewing,
     kDepositor,
     Action::see_safe},
    {Action::deposit_in_review,
     {spoc, participant, referrer},
     kEngaged,
     kReviewing,
     kReviewDepositor,
     Action::see_safe},
    {Action::deposit_on_behalf, {spoc, lead}, kEngaged, kReviewing, kOnBehalf, Action::see_safe},
    {Action::list_records,
     {partner, spoc, reviewer, chair, referrer, lead, practitioner, depositor, representative, participant},
     kAnyLock,
     kAnyStage,
     kReader,
     Action::see_safe},
    {Action::read_descriptors, kKeyholders, kOnceEngaged, kAnyStage, kKeyholder, Action::see_safe},

    {Action::issue_copy, kKeyholders, kEngaged, kAnyStage, kKeyholder, Action::see_safe},
    {Action::see_copy,
     {partner, spoc, reviewer, chair, lead, representative, participant, issuer, past_issuer, holder},
     kAnyLock,
     kAnyStage,
     kConcernedWithCopy,
     Action::see_copy},
    {Action::read_released_headers, {issuer}, kOnceEngaged, kAnyStage, kIssuer, Action::see_copy},
    {Action::prepare_copy, {issuer}, kOnceEngaged, kAnyStage, kIssuer, Action::see_copy},
    {Action::collect_copy, {holder}, kOnceEngaged, kAnyStage, kHolder, Action::see_copy},
    {Action::read_collected_copy, {holder}, kOnceEngaged, kAnyStage, kHolder, Action::see_copy},
    {Action::deliver_copy, {holder}, kAnyLock, kAnyStage, kHolder, Action::see_copy},
    {Action::return_copy, {holder, issuer, past_issuer, lead}, kAnyLock, kAnyStage, kReturner, Action::see_copy},
    {Action::reassign_copies, {lead}, kOnceEngaged, kAnyStage, kLead, Action::see_safe},
    {Action::reassign_review_copies, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_safe},

    {Action::declare, {lead}, kEngaged, kReviewing, kLead, Action::see_safe},
    {Action::add_item,
     {depositor, practitioner, lead, representative},
     kEngaged,
     kReviewing,
     kDepositor,
     Action::see_safe},
    {Action::change_custody, {lead, representative}, kOnceEngaged, kAnyStage, kCustody, Action::see_safe},
    {Action::remove_originals,
     {depositor, practitioner, lead, representative},
     kEngaged,
     kAnyStage,
     kDepositor,
     Action::see_safe},

    {Action::read_review, {partner, spoc, reviewer, chair}, kAnyLock, kAnyStage, kReviewReader, Action::see_case},
    {Action::deposit_return,
     {spoc, participant, referrer, asked_lead},
     kEngaged,
     kReviewing,
     kReturnDepositor,
     Action::see_safe},
    {Action::answer_duties, {spoc, partner}, kOnceEngaged, kAnyStage, kSpocOrPartner, Action::see_case},
    {Action::record_duty, {spoc, partner}, kOnceEngaged, kAnyStage, kSpocOrPartner, Action::see_case},
    {Action::send_templates, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::return_scoping, {lead, spoc}, kOnceEngaged, kAnyStage, kScopingReturner, Action::see_case},
    {Action::set_meeting, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::share_pack, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::record_attendance, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::decide_review, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::answer_decision, {own_partner, spoc}, kOnceEngaged, kAnyStage, kAnswerer, Action::see_case},
    {Action::endorse_decision, {chair}, kOnceEngaged, kAnyStage, kChair, Action::see_case},
    {Action::send_outcome, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::record_panel_answer, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::inform_agencies, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::acknowledge_outcome, {lead}, kOnceEngaged, kAnyStage, kAskedLead, Action::see_case},
    {Action::record_inspectorate, {lead}, kOnceEngaged, kAnyStage, kAskedLead, Action::see_case},
    {Action::close_review, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::drop_review, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::step_back, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::move_clock, {spoc}, kOnceEngaged, kAnyStage, kSpoc, Action::see_case},
    {Action::import_calendar, {spoc, partner}, kAnyLock, kAnyStage, kSpocOrPartner, {}},

    {Action::read_entry,
     {partner, spoc, reviewer, chair, lead, representative, participant, issuer, past_issuer, holder, concerned},
     kAnyLock,
     kAnyStage,
     kTrailReader,
     Action::see_case},
    {Action::read_case_entry, {referrer, asked}, kAnyLock, kAnyStage, kTrailReader, Action::see_case},
});

constexpr std::size_t kActions = boost::mp11::mp_size<boost::describe::describe_enumerators<Action>>::value;
static_assert(table::is_complete(kTable, kActions));

// The row that is in force now. Every action has one.
const Row& row_of(Action action) {
  return *table::find(kTable, action, kPolicyVersion);
}

template <class E>
std::string words(Set set, Set all) {
  if (set.bits == all.bits) return "any";
  std::string text;
  for (const E value : wire::kEnumValues<E>)
    if (set.has(value)) text += (text.empty() ? "" : ", ") + wire::enum_name(value);
  return text;
}
std::string words(Capacities who) {
  std::string text;
  for (const Capacity capacity : wire::kEnumValues<Capacity>)
    if (who.has(capacity)) text += (text.empty() ? "" : ", ") + wire::enum_name(capacity);
  return text;
}

constexpr std::string_view kIntroduction =
    R"(# Who may do what

`strongroomd policy` prints this page from the one table that decides (`access/permit.cpp`). A person may do an action if
they have one of the capacities that its row names, and if the case's lock and the review's stage are among those that
the row names. Otherwise the action is refused, by the row's rule, by `lock` or by `stage`, and the refusal is an entry
of the ledger. Somebody who may not even see the thing (last column) is told "not found"; the attempt is recorded all the
same.

For actions that concern no case, lock and stage do not matter. The records of a case stay locked when its review ends:
copies are issued until the lock is released, and new records are secured until the review is over.

## Capacities

A capacity says what an enrolled person is to the thing that they ask for. A revoked person has none.

| capacity | who |
|---|---|
| invitee | signs with the one-time key of an invitation that is open |
| enrolled | is certified and not revoked |
| root | is the root of a safeguarding partner, fixed at genesis |
| administrator, partner, spoc, reviewer, chair | has that role in some agency |
| staff | is agency-lead, practitioner or depositor in some agency |
| own-root | is the root of the agency concerned |
| own-partner | has the role partner in the agency concerned |
| lead, practitioner, depositor | is agency-lead, practitioner or depositor in the agency concerned; in a case only once that agency has been asked |
| referrer | is a lead of the agency that referred the case: in the case and its review safe |
| asked, asked-lead | is staff, or a lead, of an agency that has been asked in the case: in the case and its review safe |
| representative, participant | is an active keyholder of the agency safe, or of the review safe |
| nominee, former | is nominated for the safe but not confirmed; was nominated, and is paused or ended |
| issuer, past-issuer | issued the copy and is a keyholder of its safe; issued it and is no keyholder any more, or handed it over, or took it over |
| holder | holds the copy |
| concerned | is the actor of the entry, or the person whom it names |

A lead gives and takes only the roles practitioner and depositor (`invite-staff`, `revoke-staff`). `invite-for-partner` is
for the roles partner and custodian. `nominate-participant`, `end-participation`, `pause-participation`,
`reassign-review-copies` and `deposit-in-review` are for review safes, `nominate`, `end-nomination`, `pause-nomination`,
`reassign-copies` and `deposit` for agency safes. A person who may pause a nomination may resume it. `deposit-return` is
for records of class document-2 or notification in a review safe.

This table has the steps of a review at any stage, because a step that the stage does not have is a conflict, which is
answered in the words of the guidance: the last table of this page.
)";

// Who reads the body of an entry. Everybody who is enrolled gets every envelope.
std::string readers_markdown() {
  std::string text =
      "\n## Who reads an entry\n\nThe body of an entry of the directory is for everybody who may `read-directory`. The "
      "body of any other entry is for those who may `read-entry` it, and for those who may read one of its "
      "listings:\n\n"
      "| listing | who may | kinds of entry |\n|---|---|---|\n";
  for (const wire::Listing listing : wire::kEnumValues<wire::Listing>) {
    text += "| " + wire::enum_name(listing) + " | `" + wire::enum_name(reader_of(listing)) + "` |";
    for (const std::string_view kind : wire::kinds_in(listing)) text += " `" + std::string(kind) + "`";
    text += " |\n";
  }
  return text;
}

// The stage machine of review/stages.h, which the acts of a review are put to once they are permitted.
std::string steps_markdown() {
  std::string text =
      "\n## The steps of a review\n\nA permitted step is made at these stages, and is a conflict at any other. "
      "Going back is an act of its own: from meeting-set to scoping, from decided to scoping or meeting-set.\n\n"
      "| step | stages | at another |\n|---|---|---|\n";
  for (const review::Step step : wire::kEnumValues<review::Step>) {
    Set stages;
    for (const Stage stage : wire::kEnumValues<Stage>)
      if (review::is_possible_at(step, stage)) stages.bits |= set_of(stage).bits;
    text += "| " + wire::enum_name(step) + " | " + words<Stage>(stages, kAnyStage) + " | " +
            std::string(review::sentence_of(step)) + " |\n";
  }
  return text;
}

}  // namespace

const Row* table::find(std::span<const Row> rows, Action action, PolicyVersion version) {
  const auto found = std::ranges::find_if(
      rows, [&](const Row& row) { return row.action == action && row.since <= version && version <= row.until; });
  return found == rows.end() ? nullptr : &*found;
}

Verdict table::permit(std::span<const Row> rows, Action action, Capacities who, LockState lock, Stage stage,
                      PolicyVersion version) {
  const Row* row = find(rows, action, version);
  if (row == nullptr) return {Outcome::hidden, kRuleUnknown};
  std::string_view broken;
  if (!who.any_of(row->who))
    broken = row->rule.name;
  else if (!row->locks.has(lock))
    broken = kRuleLock;
  else if (!row->stages.has(stage))
    broken = kRuleStage;
  else
    return {Outcome::permitted, {}};
  const Row* seen_by = row->seen_by ? find(rows, *row->seen_by, version) : nullptr;
  const bool seen = !row->seen_by || (seen_by != nullptr && who.any_of(seen_by->who));
  return {seen ? Outcome::refused : Outcome::hidden, broken};
}

Verdict permit(Action action, Capacities who, LockState lock, Stage stage, PolicyVersion version) {
  return table::permit(kTable, action, who, lock, stage, version);
}

bool has_capacity_for(Action action, Capacities who, PolicyVersion version) {
  const Row* row = table::find(kTable, action, version);
  return row != nullptr && who.any_of(row->who);
}

Action reader_of(wire::Listing listing) {
  switch (listing) {
    case wire::Listing::case_wide:
      return Action::read_case_entry;
    case wire::Listing::course:
      return Action::read_review;
    case wire::Listing::safe_keys:
      return Action::read_safe_chain;
    case wire::Listing::holdings:
    case wire::Listing::sealings:
      return Action::list_records;
    case wire::Listing::copy:
      return Action::see_copy;
  }
  return Action::read_entry;
}

bool is_refusal(std::string_view action, std::string_view rule, PolicyVersion version) {
  const auto known = wire::parse_enum<Action>(action);
  if (!known) return false;
  const Row* row = table::find(kTable, *known, version);
  return rule == kRuleLock || rule == kRuleStage || rule == kRuleUnknown || (row != nullptr && rule == row->rule.name);
}

std::string_view sentence_of(std::string_view rule) {
  for (const Rule& general : {kLock, kStage, kUnknown})
    if (general.name == rule) return general.sentence;
  for (const Row& row : kTable)
    if (row.rule.name == rule) return row.rule.sentence;
  return "This is not permitted.";
}

std::string policy_markdown() {
  std::string text(kIntroduction);
  text += "\n## The table, version " + std::to_string(kPolicyVersion) + "\n\n";
  text += "| action | who | lock | stage | rule | seen by people who may |\n|---|---|---|---|---|---|\n";
  for (const Action action : wire::kEnumValues<Action>) {
    const Row& row = row_of(action);
    text += "| " + wire::enum_name(row.action) + " | " + words(row.who) + " | " +
            words<LockState>(row.locks, kAnyLock) + " | " + words<Stage>(row.stages, kAnyStage) + " | " +
            std::string(row.rule.name) + " | " + (row.seen_by ? wire::enum_name(*row.seen_by) : "") + " |\n";
  }
  text += readers_markdown();
  text += "\n## Rules\n\n| rule | in words |\n|---|---|\n";
  std::string named = " ";
  const auto add = [&](const Rule& rule) {
    const std::string key = " " + std::string(rule.name) + " ";
    if (named.find(key) != std::string::npos) return;
    named += std::string(rule.name) + " ";
    text += "| " + std::string(rule.name) + " | " + std::string(rule.sentence) + " |\n";
  };
  for (const Row& row : kTable) add(row.rule);
  for (const Rule& general : {kLock, kStage, kUnknown}) add(general);
  return text + steps_markdown();
}

}  // namespace strongroom::access
