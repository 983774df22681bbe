// Compares the permission table with rules that are written a second time, by hand, in terms of roles and nominations.
#include "access/permit.h"

#include <fstream>
#include <sstream>

#include "access/permit_table.h"
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

enum class Kind { agency_safe, review_safe };

// Describes somebody with one role, and their relation to a safe, a copy of its records and an entry about it.
struct Somebody {
  Role role = Role::witness;
  bool in_agency = false;  // they hold the role in the agency of the safe, which also referred the case
  bool root = false;       // of the agency that the action concerns
  NominationState nomination = NominationState::none;
  bool issued = false;
  bool holds = false;
};

bool staff_role(Role role) {
  return role == Role::agency_lead || role == Role::practitioner || role == Role::depositor;
}
bool runs_or_reviews(Role role) {
  return role == Role::spoc || role == Role::partner || role == Role::reviewer || role == Role::chair;
}

// True for the steps of a review that only a SPOC takes.
constexpr Action kSpocsSteps[] = {Action::send_templates,      Action::set_meeting,     Action::share_pack,
                                  Action::record_attendance,   Action::decide_review,   Action::send_outcome,
                                  Action::record_panel_answer, Action::inform_agencies, Action::close_review,
                                  Action::drop_review,         Action::step_back,       Action::move_clock};
bool is_spocs_step(Action action) {
  return std::ranges::find(kSpocsSteps, action) != std::end(kSpocsSteps);
}

// Says who may do an action of a review; nothing if the action is none of these.
std::optional<bool> right_person_in_review(Action action, const Somebody& who, bool lead) {
  if (is_spocs_step(action)) return who.role == Role::spoc;
  switch (action) {
    case Action::read_review:
      return runs_or_reviews(who.role);
    case Action::answer_duties:
    case Action::record_duty:
    case Action::import_calendar:
      return who.role == Role::spoc || who.role == Role::partner;
    case Action::return_scoping:
      return who.role == Role::spoc || lead;
    case Action::answer_decision:
      return who.role == Role::spoc || (who.role == Role::partner && who.in_agency);
    case Action::endorse_decision:
      return who.role == Role::chair;
    case Action::acknowledge_outcome:
    case Action::record_inspectorate:
      return lead;
    default:
      return std::nullopt;
  }
}

// Says who may do the action, lock and stage apart. It deliberately uses no table, but one rule after the other.
bool right_person(Action action, const Somebody& who, Kind kind) {
  const bool agency_safe = kind == Kind::agency_safe;
  const bool lead = who.role == Role::agency_lead && who.in_agency;
  const bool local = staff_role(who.role) && who.in_agency;
  const bool keyholder = who.nomination == NominationState::active;
  const bool pending = who.nomination == NominationState::pending;
  const bool referrer = lead && !agency_safe;
  const bool sees_safe = runs_or_reviews(who.role) || who.role == Role::administrator || keyholder || pending ||
                         (agency_safe ? local : referrer);
  if (const auto right = right_person_in_review(action, who, lead)) return *right;
  switch (action) {
    case Action::invite:
    case Action::confirm_roots:
    case Action::revoke:
    case Action::invite_for_partner:  // `root` belongs to the agency concerned
      return who.root;
    case Action::invite_staff:
    case Action::revoke_staff:
      return who.root || lead;
    case Action::enrol:
    case Action::join:
      return false;  // it takes an invitation
    case Action::add_agency:
      return who.root || who.role == Role::partner;
    case Action::read_directory:
    case Action::stage_values:
      return true;
    case Action::upload:
      return staff_role(who.role) || runs_or_reviews(who.role);
    case Action::refer_case:
      return who.role == Role::spoc || lead;
    case Action::ask_agencies:
      return who.role == Role::spoc;
    case Action::see_case:
      return runs_or_reviews(who.role) || who.role == Role::administrator || local;
    case Action::open_safe:
      return lead;
    case Action::see_safe:
      return sees_safe;
    case Action::read_safe_chain:
      return who.role == Role::spoc || keyholder || pending || (agency_safe ? local : referrer);
    case Action::read_safe_keys:
    case Action::confirm_nomination:
      return keyholder || pending;
    case Action::nominate:
    case Action::end_nomination:
    case Action::pause_nomination:
    case Action::reassign_copies:
      return agency_safe && lead;
    case Action::declare:
      return agency_safe && lead;
    case Action::change_custody:
      return agency_safe && (lead || keyholder);
    case Action::nominate_participant:
    case Action::end_participation:
    case Action::pause_participation:
    case Action::reassign_review_copies:
      return who.role == Role::spoc;
    case Action::wrap_nomination:
    case Action::start_epoch:
    case Action::complete_shares:
    case Action::read_descriptors:
    case Action::issue_copy:
      return keyholder;
    case Action::deposit:
    case Action::add_item:
    case Action::remove_originals:
      return agency_safe && (local || keyholder);
    case Action::deposit_in_review:
    case Action::deposit_return:
      return !agency_safe ? (who.role == Role::spoc || keyholder || referrer) : who.role == Role::spoc;
    case Action::deposit_on_behalf:
      return who.role == Role::spoc || (agency_safe && lead);
    case Action::list_records:
      return runs_or_reviews(who.role) || keyholder || (agency_safe ? local : referrer);
    case Action::see_copy:
      return runs_or_reviews(who.role) || keyholder || who.issued || who.holds || (agency_safe && lead);
    case Action::read_released_headers:
    case Action::prepare_copy:
      return who.issued && keyholder;
    case Action::collect_copy:
    case Action::read_collected_copy:
    case Action::deliver_copy:
      return who.holds;
    case Action::return_copy:
      return who.holds || who.issued || (agency_safe && lead);
    case Action::read_entry:
      return runs_or_reviews(who.role) || keyholder || who.issued || who.holds || (agency_safe && lead);
    case Action::read_case_entry:
      return local;  // its agency referred the case, and has been asked
    default:
      ADD_FAILURE() << "no rule says who may " << wire::enum_name(action);
      return false;
  }
}

// Names the thing that an action concerns.
enum class Concern { directory, case_, review, copy, entry, safe };
Concern concern_of(Action action) {
  if (is_spocs_step(action)) return Concern::review;
  switch (action) {
    case Action::invite:
    case Action::invite_for_partner:
    case Action::invite_staff:
    case Action::enrol:
    case Action::join:
    case Action::confirm_roots:
    case Action::revoke:
    case Action::revoke_staff:
    case Action::add_agency:
    case Action::read_directory:
    case Action::stage_values:
    case Action::upload:
    case Action::refer_case:
    case Action::import_calendar:
      return Concern::directory;
    case Action::ask_agencies:
    case Action::see_case:
    case Action::read_case_entry:
      return Concern::case_;
    case Action::read_review:
    case Action::answer_duties:
    case Action::record_duty:
    case Action::return_scoping:
    case Action::answer_decision:
    case Action::endorse_decision:
    case Action::acknowledge_outcome:
    case Action::record_inspectorate:
      return Concern::review;
    case Action::see_copy:
    case Action::read_released_headers:
    case Action::prepare_copy:
    case Action::collect_copy:
    case Action::read_collected_copy:
    case Action::deliver_copy:
    case Action::return_copy:
      return Concern::copy;
    case Action::read_entry:
      return Concern::entry;
    default:
      return Concern::safe;
  }
}

bool right_time(Action action, LockState lock, Stage stage) {
  const bool over = stage == Stage::closed || stage == Stage::not_pursued;
  if (concern_of(action) == Concern::review && action != Action::read_review) return lock != LockState::open;
  switch (action) {
    case Action::ask_agencies:
    case Action::open_safe:
    case Action::deposit:
    case Action::deposit_in_review:
    case Action::deposit_return:
    case Action::deposit_on_behalf:
    case Action::declare:
    case Action::add_item:
      return lock == LockState::engaged && !over;
    case Action::remove_originals:
    case Action::issue_copy:
      return lock == LockState::engaged;
    case Action::read_safe_keys:
    case Action::nominate:
    case Action::nominate_participant:
    case Action::change_custody:
    case Action::pause_nomination:
    case Action::pause_participation:
    case Action::reassign_copies:
    case Action::reassign_review_copies:
    case Action::wrap_nomination:
    case Action::confirm_nomination:
    case Action::start_epoch:
    case Action::complete_shares:
    case Action::read_descriptors:
    case Action::read_released_headers:
    case Action::prepare_copy:
    case Action::collect_copy:
    case Action::read_collected_copy:
      return lock != LockState::open;
    default:
      return true;
  }
}

// The directory has nothing to hide, so everybody is told why they are refused; elsewhere only those who see the thing
// are.
bool told_why(Action action, const Somebody& who, Kind kind) {
  switch (concern_of(action)) {
    case Concern::directory:
      return true;
    case Concern::case_:
    case Concern::review:
    case Concern::entry:
      return right_person(Action::see_case, who, kind);
    case Concern::copy:
      return right_person(Action::see_copy, who, kind);
    case Concern::safe:
      return right_person(action == Action::open_safe ? Action::see_case : Action::see_safe, who, kind);
  }
  return false;
}

class Permit : public Partnership {
 protected:
  // Enters the same somebody in the state's tables, and asks for their capacities there.
  Capacities capacities(Action action, const Somebody& who, Kind kind) {
    const auto txn = tables_.write();  // this transaction is never committed
    State& state = tables_.state();
    PersonRow person;
    make_id(person.person);
    person.memberships = {{who.in_agency ? school_ : clinic_, {who.role}}};
    person.root = who.root;
    EXPECT_TRUE(state.put(*txn, person));
    const SafeId id = kind == Kind::agency_safe ? safe_ : review_safe_;
    if (who.nomination != NominationState::none) {
      NominationRow nomination;
      nomination.safe = id;
      nomination.person = person.person;
      nomination.state = who.nomination;
      EXPECT_TRUE(state.put(*txn, nomination));
    }
    const CaseRow row = **state.find_case(*txn, case_);
    const SafeRow safe = **state.safe(*txn, id);
    CopyRow copy;
    copy.safe = id;
    copy.case_ = case_;
    copy.issuer = who.issued ? person.person : first_.id;
    copy.holder = who.holds ? person.person : second_.id;
    const Standing standing = *Standing::of(state, *txn, person.person);
    switch (concern_of(action)) {
      case Concern::directory:
        return standing.in_agency(who.root ? person.memberships.front().agency : school_).who;
      case Concern::case_:
        return standing.in_case(row).who;
      case Concern::review:
        return standing.in_case(row, school_).who;
      case Concern::copy:
        return standing.in_copy(row, safe, copy)->who;
      case Concern::entry: {
        Capacities both = standing.in_copy(row, safe, copy)->who;
        both.add(standing.in_case(row).who);
        return both;
      }
      case Concern::safe:
        return action == Action::open_safe ? standing.in_case(row, school_).who : standing.in_safe(row, safe)->who;
    }
    return {};
  }
};

TEST_F(Permit, AgreesWithTheRulesForEveryRoleNominationLockStageAndAction) {
  open_safe();
  std::size_t permitted = 0;
  std::size_t refused = 0;
  std::size_t hidden = 0;
  const auto check = [&](Action action, const Somebody& who, Kind kind) {
    const Capacities capacities_there = capacities(action, who, kind);
    for (int lock = 0; lock <= static_cast<int>(LockState::released); ++lock)
      for (int stage = 0; stage <= static_cast<int>(Stage::not_pursued); ++stage) {
        const Verdict verdict =
            permit(action, capacities_there, static_cast<LockState>(lock), static_cast<Stage>(stage));
        const bool may = right_person(action, who, kind) &&
                         right_time(action, static_cast<LockState>(lock), static_cast<Stage>(stage));
        const auto expected = may                           ? Outcome::permitted
                              : told_why(action, who, kind) ? Outcome::refused
                                                            : Outcome::hidden;
        ASSERT_EQ(verdict.outcome, expected)
            << wire::enum_name(action) << " by " << wire::enum_name(who.role)
            << (who.in_agency ? " of the" : " of another") << " agency, nomination " << wire::enum_name(who.nomination)
            << (who.root ? ", root" : "") << (who.issued ? ", issuer" : "") << (who.holds ? ", holder" : "")
            << (kind == Kind::agency_safe ? ", agency safe" : ", review safe") << ", lock "
            << wire::enum_name(static_cast<LockState>(lock)) << ", stage "
            << wire::enum_name(static_cast<Stage>(stage));
        ASSERT_EQ(verdict.rule.empty(), may);
        if (!right_person(action, who, kind)) ASSERT_TRUE(verdict.rule != kRuleLock && verdict.rule != kRuleStage);
        (may ? permitted : verdict.outcome == Outcome::refused ? refused : hidden) += 1;
      }
  };
  for (const Action action : wire::kEnumValues<Action>)
    for (const Role role : wire::kEnumValues<Role>)
      for (const bool in_agency : {true, false})
        for (const Kind kind : {Kind::agency_safe, Kind::review_safe})
          for (int nomination = 0; nomination <= static_cast<int>(NominationState::paused); ++nomination)
            for (const bool issued : {false, true})
              for (const bool holds : {false, true}) {
                if (HasFatalFailure()) return;
                check(action, {role, in_agency, false, static_cast<NominationState>(nomination), issued, holds}, kind);
              }
  if (HasFatalFailure()) return;
  for (const Action action : {Action::invite, Action::invite_for_partner, Action::invite_staff, Action::confirm_roots,
                              Action::revoke, Action::revoke_staff, Action::add_agency})
    check(action, {Role::partner, false, true, NominationState::none, false, false}, Kind::agency_safe);
  EXPECT_GT(permitted, 0U);
  EXPECT_GT(refused, 0U);
  EXPECT_GT(hidden, 0U);
}

TEST_F(Permit, GivesNothingToSomebodyWhoIsRevokedOrUnknown) {
  open_safe();
  expect_done(act(lead_.id, wire::RevokePerson{first_.id, std::nullopt}));
  const auto txn = tables_.read();
  for (const PersonId& nobody : {first_.id, new_id<PersonId>()}) {
    const Standing standing = *Standing::of(tables_.state(), *txn, nobody);
    EXPECT_EQ(standing.in_directory().who, Capacities());
    EXPECT_EQ(standing.in_case(case_row(), school_).who, Capacities());
    EXPECT_EQ(standing.in_safe(case_row(), safe_row(safe_))->who, Capacities());
  }
  for (const Action action : wire::kEnumValues<Action>)
    EXPECT_FALSE(permit(action, {}, LockState::engaged).permitted());
}

TEST_F(Permit, LetsAnInvitationEnrolJoinAndStageAndNothingElse) {
  for (const Action action : wire::kEnumValues<Action>) {
    const bool may = action == Action::enrol || action == Action::join || action == Action::stage_values;
    EXPECT_EQ(permit(action, {Capacity::invitee}, LockState::engaged).permitted(), may) << wire::enum_name(action);
  }
}

TEST_F(Permit, MakesNobodyRootOfAnotherPartnersAgency) {
  const auto txn = tables_.read();
  const Standing root = *Standing::of(tables_.state(), *txn, icb_root_.id);
  EXPECT_TRUE(root.in_agency(icb_).who.has(Capacity::own_root));
  EXPECT_FALSE(root.in_agency(police_).who.has(Capacity::own_root));
  EXPECT_FALSE(root.in_agency(clinic_).who.has(Capacity::own_root));
}

TEST_F(Permit, ShowsTheReferringLeadTheReviewSafeButNoOtherAgencysSafe) {
  open_safe();
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  const auto txn = tables_.read();
  SafeRow clinics;
  make_id(clinics.safe);
  clinics.case_ = case_;
  clinics.agency = clinic_;
  const Standing lead = *Standing::of(tables_.state(), *txn, lead_.id);
  EXPECT_TRUE(lead.in_safe(case_row(), safe_row(review_safe_))->permits(Action::see_safe));
  EXPECT_TRUE(refusal(Action::see_safe, *lead.in_safe(case_row(), clinics))->hidden);
}

TEST_F(Permit, LetsThoseWhomAnEntryConcernsReadIt) {
  open_safe();
  const auto at = std::ranges::find(entries_, "safe.opened", [](const Stored& entry) { return entry.body.kind; });
  ASSERT_NE(at, entries_.end());
  const wire::EntryBody& opened = at->body;
  const auto txn = tables_.read();
  const auto may_read = [&](const Member& who) {
    const Standing standing = *Standing::of(tables_.state(), *txn, who.id);
    return standing.in_entry(opened)->permits(Action::read_entry);
  };
  EXPECT_TRUE(may_read(lead_));      // its actor, and the agency's lead
  EXPECT_TRUE(may_read(first_));     // a keyholder
  EXPECT_TRUE(may_read(reviewer_));  // reviews the case
  EXPECT_TRUE(may_read(spoc_));
  EXPECT_FALSE(may_read(outsider_));
  EXPECT_FALSE(may_read(other_lead_));
  EXPECT_FALSE(may_read(administrator_));
}

// ---- Versions ----

using table::kStillInForce;
using table::Row;
constexpr table::Set kAnyLock = table::set_of(LockState::open, LockState::engaged, LockState::released);
constexpr table::Set kAnyStage = table::set_of(Stage::referred, Stage::closed);
constexpr table::Rule kSpocs{"spoc", "Only a SPOC."};
constexpr table::Rule kLeads{"lead", "Only a lead."};

// In version 3 inviting passes from leads to SPOCs, and enrolling begins.
constexpr auto kVersions = std::to_array<Row>({
    {Action::invite, {Capacity::lead}, kAnyLock, kAnyStage, kLeads, {}, 1, 2},
    {Action::invite, {Capacity::spoc}, kAnyLock, kAnyStage, kSpocs, {}, 3, kStillInForce},
    {Action::invite_for_partner, {Capacity::spoc}, kAnyLock, kAnyStage, kSpocs, {}, 3, kStillInForce},
});
constexpr std::size_t kActionsOfVersions = 2;
static_assert(table::is_complete(kVersions, kActionsOfVersions));

Verdict at(PolicyVersion version, Action action, Capacity who) {
  return table::permit(kVersions, action, {who}, LockState::open, Stage::referred, version);
}

TEST(PolicyVersions, ARowDecidesInTheVersionsThatItNamesAndInNoOther) {
  for (const PolicyVersion version : {PolicyVersion{1}, PolicyVersion{2}}) {
    EXPECT_TRUE(at(version, Action::invite, Capacity::lead).permitted()) << version;
    EXPECT_EQ(at(version, Action::invite, Capacity::spoc), (Verdict{Outcome::refused, "lead"})) << version;
  }
  for (const PolicyVersion version : {PolicyVersion{3}, PolicyVersion{4}}) {
    EXPECT_TRUE(at(version, Action::invite, Capacity::spoc).permitted()) << version;
    EXPECT_EQ(at(version, Action::invite, Capacity::lead), (Verdict{Outcome::refused, "spoc"})) << version;
  }
}

TEST(PolicyVersions, AnActionThatTheVersionDoesNotHaveIsPermittedToNobody) {
  EXPECT_TRUE(at(3, Action::invite_for_partner, Capacity::spoc).permitted());
  EXPECT_EQ(at(2, Action::invite_for_partner, Capacity::spoc), (Verdict{Outcome::hidden, kRuleUnknown}));
  EXPECT_EQ(at(0, Action::invite, Capacity::lead), (Verdict{Outcome::hidden, kRuleUnknown}));
}

TEST(PolicyVersions, ATableWithAGapOrAnOverlapOrAnEndIsNotComplete) {
  const auto with = [](PolicyVersion until, PolicyVersion since, PolicyVersion last) {
    const std::vector<Row> rows = {
        {Action::invite, {Capacity::lead}, kAnyLock, kAnyStage, kLeads, {}, 1, until},
        {Action::invite, {Capacity::spoc}, kAnyLock, kAnyStage, kSpocs, {}, since, last},
    };
    return table::is_complete(rows, 1);
  };
  EXPECT_TRUE(with(2, 3, kStillInForce));
  EXPECT_FALSE(with(2, 4, kStillInForce));
  EXPECT_FALSE(with(3, 3, kStillInForce));
  EXPECT_FALSE(with(2, 3, 9));
  EXPECT_FALSE(with(0, 1, kStillInForce));
  EXPECT_FALSE(table::is_complete(kVersions, kActionsOfVersions + 1));
  EXPECT_FALSE(table::is_complete(std::span(kVersions).first(1), 1));
}

TEST(PolicyVersions, CapacityAloneIsAskedWithoutLockAndStage) {
  EXPECT_TRUE(has_capacity_for(Action::issue_copy, {Capacity::representative}));
  EXPECT_FALSE(permit(Action::issue_copy, {Capacity::representative}, LockState::released).permitted());
  EXPECT_FALSE(has_capacity_for(Action::issue_copy, {Capacity::lead}));
  EXPECT_FALSE(has_capacity_for(Action::issue_copy, {Capacity::representative}, 0)) << "no version 0 was ever in force";
}

TEST(PolicyText, IsTheDocumentThatStandsInDocs) {
  const char* source = std::getenv("STRONGROOM_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "set by CTest";
  std::ifstream file(std::string(source) + "/docs/policy.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == policy_markdown()) << "print it again with `strongroomd policy`";
}

TEST(PolicyText, HasASentenceForEveryRule) {
  for (const Action action : wire::kEnumValues<Action>) {
    const Verdict verdict = permit(action, {}, LockState::engaged);
    EXPECT_NE(sentence_of(verdict.rule), sentence_of("a rule that nobody made")) << wire::enum_name(action);
  }
  for (const std::string_view general : {kRuleLock, kRuleStage, kRuleUnknown})
    EXPECT_NE(sentence_of(general), sentence_of("a rule that nobody made"));
}

}  // namespace
}  // namespace strongroom::access::testing
