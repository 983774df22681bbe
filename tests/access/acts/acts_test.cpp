// Every act's rules, both sides: what it does, what it refuses, and what it leaves in the tables.
#include <algorithm>

#include "access/wire/http_signature.h"
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

class Directory : public Partnership {};
class Cases : public Partnership {};
class Safes : public Partnership {};
class Records : public Partnership {};
class Copies : public Partnership {};
class Acts : public Partnership {};

// --- the directory --------------------------------------------------------------------------------------------------

TEST_F(Directory, GenesisMakesThreePartnersWithTheirRoots) {
  const DirectoryRow directory = *tables_.state().directory(*tables_.read());
  ASSERT_EQ(directory.partners.size(), 3U);
  EXPECT_EQ(directory.partners[0].root, authority_root_.id);
  EXPECT_EQ(directory.partners[1].root, icb_root_.id);
  EXPECT_EQ(directory.partners[2].root, police_root_.id);
  EXPECT_TRUE(person_row(police_root_.id).root);
  EXPECT_FALSE(person_row(administrator_.id).root);
  EXPECT_EQ(directory.chain, entries_.front().envelope.chain.to_string());
}

TEST_F(Directory, RootsInviteOnlyOnceAllThreeHaveEnrolled) {
  DirectoryRow directory = *tables_.state().directory(*tables_.read());
  directory.partners[2].root.reset();
  const auto txn = tables_.write();
  ASSERT_TRUE(tables_.state().put(*txn, directory));
  ASSERT_TRUE(txn->commit());
  expect_error(act(authority_root_.id, invitation_to(school_, {Role::agency_lead})), Errc::conflict);
}

TEST_F(Directory, ARootInvitesAnyRoleButPartnerAndCustodianOnlyInItsOwnAgency) {
  expect_done(act(icb_root_.id, invitation_to(school_, {Role::chair, Role::administrator})));
  expect_done(act(icb_root_.id, invitation_to(icb_, {Role::partner, Role::custodian})));
  expect_refused(act(icb_root_.id, invitation_to(police_, {Role::custodian})), "own-root");
  expect_refused(act(icb_root_.id, invitation_to(school_, {Role::practitioner, Role::partner})), "own-root");
}

TEST_F(Directory, ALeadInvitesPractitionersAndDepositorsOfTheOwnAgencyOnly) {
  expect_done(act(lead_.id, invitation_to(school_, {Role::practitioner, Role::depositor})));
  expect_refused(act(lead_.id, invitation_to(school_, {Role::agency_lead})), "root");
  expect_refused(act(lead_.id, invitation_to(clinic_, {Role::practitioner})), "root-or-lead");
}

TEST_F(Directory, AdministratorsAndPractitionersInviteNobody) {
  expect_refused(act(administrator_.id, invitation_to(authority_, {Role::practitioner})), "root-or-lead");
  expect_refused(act(first_.id, invitation_to(school_, {Role::depositor})), "root-or-lead");
}

TEST_F(Directory, AnInvitationNamesRolesOnceAndExpiresWithinThirtyDays) {
  auto command = invitation_to(school_, {});
  expect_error(act(authority_root_.id, command), Errc::invalid_argument);
  command.roles = {Role::depositor, Role::depositor};
  expect_error(act(authority_root_.id, command), Errc::invalid_argument);
  command.roles = {Role::depositor};
  command.expires = now_;
  expect_error(act(authority_root_.id, command), Errc::invalid_argument);
  command.expires = {now_.unix_ms + kMaxInvitationDays * kDayMs + 1};
  expect_error(act(authority_root_.id, command), Errc::invalid_argument);
  command.expires = {now_.unix_ms + kMaxInvitationDays * kDayMs};
  expect_done(act(authority_root_.id, command));
  expect_error(act(authority_root_.id, command), Errc::conflict);
  make_id(command.invitation);
  command.agency = new_id<AgencyId>();
  expect_error(act(authority_root_.id, command), Errc::not_found);
}

TEST_F(Directory, AnInvitationIsUsedOnce) {
  const auto invitation = invitation_to(school_, {Role::depositor});
  expect_done(act(lead_.id, invitation));
  const Member member = new_member();
  expect_done(enrol_with(invitation.invitation, member));
  const PersonRow row = person_row(member.id);
  EXPECT_EQ(row.inviter, lead_.id);
  EXPECT_EQ(row.invitation, invitation.invitation);
  EXPECT_EQ(row.name, invitation.name);
  expect_error(enrol_with(invitation.invitation, new_member()), Errc::refused);
}

TEST_F(Directory, AnInvitationThatExpiredLetsNobodyIn) {
  const auto invitation = invitation_to(school_, {Role::depositor});
  expect_done(act(lead_.id, invitation));
  now_ = invitation.expires;
  expect_error(enrol_with(invitation.invitation, new_member()), Errc::refused);
}

TEST_F(Directory, AnInvitationFallsWithWhoeverMadeIt) {
  const auto invitation = invitation_to(school_, {Role::depositor});
  expect_done(act(lead_.id, invitation));
  expect_done(act(authority_root_.id, wire::RevokePerson{lead_.id, std::nullopt}));
  expect_error(enrol_with(invitation.invitation, new_member()), Errc::refused);
}

TEST_F(Directory, AnInvitationEnrolsWithItselfAndDoesNothingElse) {
  const auto invitation = invitation_to(school_, {Role::depositor});
  const auto other = invitation_to(school_, {Role::practitioner});
  expect_done(act(lead_.id, invitation));
  expect_done(act(lead_.id, other));
  wire::EnrolPerson command;
  command.invitation = other.invitation;
  make_id(command.person);
  const Actor actor{invitation.invitation.to_string(), std::nullopt, invitation.invitation};
  expect_error(act_as(actor, "person.enrol", wire::encode(command)), Errc::invalid_argument);
  expect_error(act_as(actor, "agency.add",
                      wire::encode(wire::AddAgency{new_id<AgencyId>(), AgencyKind::other, random_digest()})),
               Errc::refused);
  expect_refused(act(lead_.id, command), "invitation");
}

TEST_F(Directory, APersonIdIsEnrolledOnce) {
  const auto invitation = invitation_to(school_, {Role::depositor});
  expect_done(act(lead_.id, invitation));
  Member again = new_member();
  again.id = first_.id;
  expect_error(enrol_with(invitation.invitation, again), Errc::conflict);
}

TEST_F(Directory, SomebodyEnrolledJoinsAnotherAgencyWithProofOfTheInvitation) {
  const auto invitation = invitation_to(clinic_, {Role::practitioner});
  expect_done(act(other_lead_.id, invitation));
  auto command = joining(invitation.invitation, second_.id);
  expect_refused(act(first_.id, command), "invitation");  // the proof is the second's
  expect_done(act(second_.id, command));
  EXPECT_TRUE(has_role(person_row(second_.id), clinic_, Role::practitioner));
  EXPECT_TRUE(has_role(person_row(second_.id), school_, Role::practitioner));
  expect_refused(act(second_.id, command), "invitation");  // it is used
}

TEST_F(Directory, RevokingTakesEveryRoleAndTheKeyIsAcceptedNoMore) {
  expect_done(act(lead_.id, wire::RevokePerson{first_.id, random_digest()}));
  EXPECT_TRUE(person_row(first_.id).revoked);
  const auto practitioners = *tables_.state().holders_of(*tables_.read(), Role::practitioner, school_);
  EXPECT_FALSE(listed(practitioners, first_.id));
  EXPECT_TRUE(listed(practitioners, second_.id));
  expect_error(act(first_.id, wire::AskAgencies{new_id<CaseId>(), {school_}}), Errc::refused);
  expect_error(act(lead_.id, wire::RevokePerson{first_.id, std::nullopt}), Errc::conflict);
}

TEST_F(Directory, ALeadRevokesThoseWhomALeadMayInviteAndNobodyElse) {
  expect_refused(act(lead_.id, wire::RevokePerson{outsider_.id, std::nullopt}), "root-or-lead");
  expect_refused(act(other_lead_.id, wire::RevokePerson{lead_.id, std::nullopt}), "root");
  const auto invitation = invitation_to(clinic_, {Role::practitioner});
  expect_done(act(other_lead_.id, invitation));
  expect_done(act(second_.id, joining(invitation.invitation, second_.id)));
  expect_refused(act(lead_.id, wire::RevokePerson{second_.id, std::nullopt}), "root");  // the clinic's too
  expect_done(act(police_root_.id, wire::RevokePerson{second_.id, std::nullopt}));
}

TEST_F(Directory, ARootIsNotRevoked) {
  expect_error(act(icb_root_.id, wire::RevokePerson{police_root_.id, std::nullopt}), Errc::conflict);
}

TEST_F(Directory, InvitingALostIdentityAgainRevokesTheOldOne) {
  open_safe();
  auto command = invitation_to(school_, {Role::practitioner});
  command.replaces = first_.id;
  const Decision decision = expect_done(act(lead_.id, command));
  ASSERT_EQ(decision.events.size(), 3U);
  EXPECT_EQ(decision.events[1].kind, "person.revoked");
  EXPECT_EQ(decision.events[2].kind, "nomination.ended");
  EXPECT_EQ(decision.events[2].chain, case_);
  EXPECT_TRUE(person_row(first_.id).revoked);
  EXPECT_EQ(nomination_row(safe_, first_.id).state, NominationState::ended);
}

TEST_F(Directory, OnlyAMemberOfTheSameAgencyIsReplaced) {
  auto command = invitation_to(school_, {Role::practitioner});
  command.replaces = outsider_.id;
  expect_error(act(lead_.id, command), Errc::not_found);
  command.replaces = lead_.id;
  expect_refused(act(lead_.id, command), "root");
}

TEST_F(Directory, PartnersAddAgenciesAndOthersDoNot) {
  const wire::AddAgency command{new_id<AgencyId>(), AgencyKind::voluntary, random_digest()};
  expect_refused(act(spoc_.id, command), "partner");
  const Decision decision = expect_done(act(police_root_.id, command));
  EXPECT_EQ(
      decision.besides,
      std::vector<BesideUse>{(BesideUse{command.name, BesideTable::text, vault::to_bytes(ByteView(command.name))})});
  EXPECT_EQ((**tables_.state().agency(*tables_.read(), command.agency)).kind, AgencyKind::voluntary);
  expect_error(act(police_root_.id, command), Errc::conflict);
}

// --- cases ----------------------------------------------------------------------------------------------------------

TEST_F(Cases, AReferralOpensTheCaseEngagesTheLockAndAsksTheAgency) {
  const auto command = referral();
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_EQ(given(decision).reference, "RR-2026-0001");
  case_ = command.case_;
  const CaseRow row = case_row();
  EXPECT_EQ(row.lock, LockState::engaged);
  EXPECT_EQ(row.stage, Stage::referred);
  EXPECT_EQ(row.asked, std::vector<AgencyId>{school_});
  EXPECT_EQ(row.chain, entries_.back().envelope.chain.to_string());
  const NominationRow participant = nomination_row(command.review_safe, spoc_.id);
  EXPECT_EQ(participant.state, NominationState::pending);
  EXPECT_TRUE(participant.wrapped);
  EXPECT_EQ(*tables_.state().case_by_reference(*tables_.read(), "RR-2026-0001"), case_);
}

TEST_F(Cases, ReferencesCountWithinTheYearOfReceiving) {
  refer();
  auto command = referral();
  command.linked_to = case_;
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2026-0002");
  command = referral();
  command.linked_to = case_;
  now_ = *vault::parse_rfc3339("2027-01-04T09:00:00.000Z");
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2026-0003");
  command = referral();
  command.linked_to = case_;
  EXPECT_EQ(given(expect_done(act(spoc_.id, command))).reference, "RR-2027-0001");
}

TEST_F(Cases, ASpocOrTheAgencysLeadRefersAndNobodyElse) {
  expect_refused(act(other_lead_.id, referral()), "referrer");
  expect_refused(act(first_.id, referral()), "referrer");
  expect_refused(act(administrator_.id, referral()), "referrer");
}

TEST_F(Cases, TheReviewSafeIsWrappedForExactlyTheCertifiedSpocs) {
  const Member deputy = enrol(icb_root_, icb_, {Role::spoc});
  expect_error(act(lead_.id, referral()), Errc::conflict);
  auto command = referral();
  command.key = key_for({spoc_.id, deputy.id, lead_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key = key_for({deputy.id, spoc_.id});
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, WithoutACertifiedSpocThereIsNoReferral) {
  expect_done(act(icb_root_.id, wire::RevokePerson{spoc_.id, std::nullopt}));
  auto command = referral();
  command.key = key_for({});
  expect_error(act(lead_.id, command), Errc::conflict);
}

TEST_F(Cases, EachPartnersShareIsCommittedExactlyOnce) {
  auto command = referral();
  command.key.commitments.pop_back();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.commitments.push_back(command.key.commitments.front());
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, SharesGoToCertifiedCustodiansOfThatPartner) {
  auto command = referral();
  command.key.shares[0].custodian = custodians_[1].id;  // another partner's
  command.key.shares.pop_back();
  command.key.shares.pop_back();
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key.shares[0].custodian = lead_.id;
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key.shares[0] = {custodians_[0].id, school_, random_digest()};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.shares[0].partner = authority_;
  command.key.shares.push_back(command.key.shares[0]);
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.key.shares.clear();  // sealing must not wait for custodians
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, AFirstEpochHasNoPreviousIdentity) {
  auto command = referral();
  command.key.previous = random_digest();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, DatesOfAReferralAreInOrder) {
  auto command = referral();
  command.incident_date = date(2026, 11, 20);  // after the date of awareness
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command = referral();
  command.aware_date = date(2026, 11, 23);  // tomorrow
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command = referral();
  command.received = {now_.unix_ms + 60'001};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.received = {now_.unix_ms + 60'000};
  command.aware_date = date(2026, 11, 22);
  expect_done(act(lead_.id, command));
  command = referral();
  command.received = *vault::parse_rfc3339("2026-11-17T12:00:00.000Z");  // before the incident
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Cases, SubjectsAreOpaque) {
  for (const std::string subject : {"", "Child-1", "child 1", "1-child", "x\n", "abcdefghijklmnopqrstuvwxyz-1234567"}) {
    auto command = referral();
    command.subjects = {subject};
    expect_error(act(lead_.id, command), Errc::malformed);
    // Nor does a refusal keep the words: it would stand in the ledger for ever.
    expect_error(act(third_.id, command), Errc::malformed);
  }
  auto command = referral();
  command.subjects = {"child-1", "child-1"};
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.subjects.clear();
  for (std::size_t i = 0; i < kMaxSubjects; ++i) command.subjects.push_back("relative-" + std::to_string(i));
  command.subjects.push_back("child-1");
  expect_error(act(lead_.id, command), Errc::too_large);
  command.subjects.erase(command.subjects.begin());
  expect_done(act(lead_.id, command));
}

TEST_F(Cases, ASpocAsksAgenciesEachOnce) {
  refer();
  expect_refused(act(lead_.id, wire::AskAgencies{case_, {clinic_}}), "spoc");
  expect_hidden(act(outsider_.id, wire::AskAgencies{case_, {clinic_}}), "spoc");
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {}}), Errc::invalid_argument);
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {clinic_, clinic_}}), Errc::invalid_argument);
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {new_id<AgencyId>()}}), Errc::not_found);
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_, icb_}}));
  expect_error(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), Errc::conflict);
  EXPECT_EQ(case_row().asked, (std::vector<AgencyId>{school_, clinic_, icb_}));
}

TEST_F(Cases, NothingNewIsAskedOnceTheReviewIsOver) {
  refer();
  set_review(LockState::engaged, Stage::closed);
  expect_refused(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), kRuleStage);
  set_review(LockState::released, Stage::not_pursued);
  expect_refused(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}), kRuleLock);
}

TEST_F(Cases, AnIdThatNamesNothingIsRefusedAsIfHiddenAndRecorded) {
  expect_hidden(act(spoc_.id, wire::AskAgencies{new_id<CaseId>(), {clinic_}}), kRuleUnknown);
  EXPECT_EQ(entries_.back().body.kind, "access.refused");
  EXPECT_EQ(wire::json::serialize(entries_.back().body.detail), R"({"action":"ask-agencies","rule":"no-such-thing"})");
}

// --- safes and nominations ------------------------------------------------------------------------------------------

TEST_F(Safes, TheLeadOfAnAskedAgencyOpensOneSafeInACase) {
  refer();
  auto command = opening({first_.id, second_.id});
  expect_hidden(act(other_lead_.id, command), "lead");
  expect_refused(act(depositor_.id, command), "lead");
  expect_refused(act(administrator_.id, command), "lead");
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_EQ(decision.besides.size(), 2U + 3U);  // wraps and shares
  EXPECT_EQ(*tables_.state().agency_safe(*tables_.read(), case_, school_), command.safe);
  EXPECT_EQ((*tables_.state().safes_of(*tables_.read(), case_)), (std::vector<SafeId>{review_safe_, command.safe}));
  expect_error(act(lead_.id, opening({first_.id, second_.id})), Errc::conflict);
}

TEST_F(Safes, AnAgencyThatWasNotAskedOpensNone) {
  refer();
  auto command = opening({outsider_.id});
  command.agency = clinic_;
  command.reason = random_digest();
  expect_hidden(act(other_lead_.id, command), "lead");
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  expect_done(act(other_lead_.id, command));
}

TEST_F(Safes, ALoneRepresentativeNeedsAReason) {
  refer();
  auto command = opening({first_.id});
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.reason = random_digest();
  const Decision decision = expect_done(act(lead_.id, command));
  EXPECT_TRUE(std::ranges::any_of(decision.besides, [&](const BesideUse& use) {
    return use.table == BesideTable::text && use.digest == *command.reason;
  }));
}

TEST_F(Safes, ASafeNeedsARepresentative) {
  refer();
  auto command = opening({});
  command.reason = random_digest();
  expect_error(act(lead_.id, command), Errc::invalid_argument);
}

TEST_F(Safes, InvolvementWithTheCaseNeedsAReason) {
  refer();
  auto command = opening({first_.id, second_.id});
  command.representatives[1].involvement = Involvement::practised;
  expect_error(act(lead_.id, command), Errc::invalid_argument);
  command.representatives[1].reason = random_digest();
  expect_done(act(lead_.id, command));
  EXPECT_EQ(nomination_row(command.safe, second_.id).involvement, Involvement::practised);
}

TEST_F(Safes, RepresentativesArePractitionersOrLeadsOfTheAgencyEachOnce) {
  refer();
  expect_error(act(lead_.id, opening({first_.id, depositor_.id})), Errc::invalid_argument);
  expect_error(act(lead_.id, opening({first_.id, outsider_.id})), Errc::invalid_argument);
  expect_error(act(lead_.id, opening({first_.id, first_.id})), Errc::invalid_argument);
  const auto own = opening({first_.id, lead_.id});
  expect_done(act(lead_.id, own));
  EXPECT_TRUE(nomination_row(own.safe, lead_.id).own);
  EXPECT_FALSE(nomination_row(own.safe, first_.id).own);
}

TEST_F(Safes, TheKeyIsWrappedForExactlyTheRepresentatives) {
  refer();
  auto command = opening({first_.id, second_.id});
  command.key = key_for({first_.id, second_.id, third_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
  command.key = key_for({first_.id});
  expect_error(act(lead_.id, command), Errc::conflict);
}

TEST_F(Safes, ARepresentativeIsActiveOnceConfirmed) {
  refer();
  const auto command = opening({first_.id, second_.id});
  expect_done(act(lead_.id, command));
  EXPECT_EQ(nomination_row(command.safe, first_.id).state, NominationState::pending);
  expect_error(act(first_.id, wire::ConfirmNomination{command.safe, 1}), Errc::conflict);
  expect_refused(act(third_.id, wire::ConfirmNomination{command.safe, 0}), "keyholder-or-nominee");
  expect_done(act(first_.id, wire::ConfirmNomination{command.safe, 0}));
  EXPECT_EQ(nomination_row(command.safe, first_.id).state, NominationState::active);
  expect_error(act(first_.id, wire::ConfirmNomination{command.safe, 0}), Errc::conflict);
}

TEST_F(Safes, ANomineeWaitsForTheWrapThenConfirms) {
  open_safe();
  expect_refused(act(first_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}), "lead");
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_error(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}), Errc::conflict);
  expect_error(act(third_.id, wire::ConfirmNomination{safe_, 0}), Errc::conflict);
  const wire::WrapNomination wrap{safe_, 0, {third_.id, random_digest()}};
  expect_refused(act(lead_.id, wrap), "keyholder");
  expect_refused(act(third_.id, wrap), "keyholder");
  expect_error(act(first_.id, wire::WrapNomination{safe_, 1, wrap.wrap}), Errc::conflict);
  expect_error(act(first_.id, wire::WrapNomination{safe_, 0, {second_.id, random_digest()}}), Errc::conflict);
  const Decision decision = expect_done(act(first_.id, wrap));
  ASSERT_EQ(decision.besides.size(), 1U);
  EXPECT_EQ(decision.besides[0].table, BesideTable::wrap);
  EXPECT_EQ(decision.besides[0].key, safe_epoch_person_key(safe_, 0, third_.id));
  expect_error(act(first_.id, wrap), Errc::conflict);
  expect_done(act(third_.id, wire::ConfirmNomination{safe_, 0}));
  EXPECT_EQ(nomination_row(safe_, third_.id).state, NominationState::active);
}

TEST_F(Safes, ALeadWhoNominatesThemselvesIsRecordedAsSuch) {
  open_safe();
  const Decision decision = expect_done(act(lead_.id, wire::MakeNomination{safe_, {lead_.id, Involvement::none, {}}}));
  EXPECT_TRUE(decision.events[0].detail.at("own").as_bool());
  EXPECT_TRUE(nomination_row(safe_, lead_.id).own);
}

TEST_F(Safes, EndingANominationDeletesTheWrapAndAsksForANewEpoch) {
  open_safe();
  {
    const auto txn = tables_.write();
    ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::wrap, safe_epoch_person_key(safe_, 0, first_.id),
                                           vault::as_bytes("a wrap")));
    ASSERT_TRUE(txn->commit());
  }
  expect_refused(act(second_.id, wire::EndNomination{safe_, first_.id, std::nullopt}), "lead");
  expect_error(act(lead_.id, wire::EndNomination{safe_, third_.id, std::nullopt}), Errc::not_found);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, random_digest()}));
  EXPECT_TRUE(safe_row(safe_).epoch_due);
  EXPECT_EQ(nomination_row(safe_, first_.id).state, NominationState::ended);
  const EpochRow epoch = epoch_row(safe_, 0);
  ASSERT_EQ(epoch.key.wraps.size(), 1U);
  EXPECT_EQ(epoch.key.wraps[0].person, second_.id);
  EXPECT_EQ(*tables_.state().beside(*tables_.read(), BesideTable::wrap, safe_epoch_person_key(safe_, 0, first_.id)),
            std::nullopt);
  expect_error(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}), Errc::conflict);
}

TEST_F(Safes, ANomineeWhoNeverHadAWrapLeavesTheEpochAsItIs) {
  open_safe();
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(lead_.id, wire::EndNomination{safe_, third_.id, std::nullopt}));
  EXPECT_FALSE(safe_row(safe_).epoch_due);
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  EXPECT_EQ(nomination_row(safe_, third_.id).state, NominationState::pending);
}

TEST_F(Safes, RevokingAKeyholderEndsEveryNominationOfTheirs) {
  open_safe();
  const Decision decision = expect_done(act(lead_.id, wire::RevokePerson{first_.id, std::nullopt}));
  ASSERT_EQ(decision.events.size(), 2U);
  EXPECT_EQ(decision.events[0].chain, std::nullopt);
  EXPECT_EQ(decision.events[1].chain, case_);
  EXPECT_TRUE(safe_row(safe_).epoch_due);
  EXPECT_EQ(epoch_row(safe_, 0).key.wraps.size(), 1U);
}

TEST_F(Safes, ARemainingKeyholderStartsTheNextEpoch) {
  open_safe();
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  wire::StartEpoch command{safe_, 1, key_for({second_.id})};
  command.key.previous = random_digest();
  expect_refused(act(lead_.id, command), "keyholder");
  expect_refused(act(first_.id, command), "keyholder");  // sees the safe as a practitioner, holds no key any more
  auto wrong = command;
  wrong.epoch = 2;
  expect_error(act(second_.id, wrong), Errc::conflict);
  wrong = command;
  wrong.key.previous.reset();
  expect_error(act(second_.id, wrong), Errc::invalid_argument);
  wrong = command;
  wrong.key = key_for({second_.id, first_.id});
  wrong.key.previous = random_digest();
  expect_error(act(second_.id, wrong), Errc::conflict);
  const Decision decision = expect_done(act(second_.id, command));
  EXPECT_TRUE(std::ranges::any_of(decision.besides, [&](const BesideUse& use) {
    return use.table == BesideTable::previous && use.key == safe_epoch_key(safe_, 1);
  }));
  EXPECT_EQ(safe_row(safe_).epoch, 1U);
  EXPECT_FALSE(safe_row(safe_).epoch_due);
  EXPECT_EQ(nomination_row(safe_, second_.id).confirmed, 1U);
  expect_error(act(second_.id, command), Errc::conflict);
}

TEST_F(Safes, ANewEpochIsWrappedForPendingNomineesWhoHaveAWrapToo) {
  open_safe();
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {lead_.id, Involvement::none, {}}}));
  expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
  wire::StartEpoch command{safe_, 1, key_for({first_.id, second_.id, third_.id})};
  command.key.previous = random_digest();
  expect_done(act(first_.id, command));
  expect_done(act(third_.id, wire::ConfirmNomination{safe_, 1}));
  expect_done(act(second_.id, wire::ConfirmNomination{safe_, 1}));
  EXPECT_EQ(nomination_row(safe_, second_.id).confirmed, 1U);
  EXPECT_FALSE(nomination_row(safe_, lead_.id).wrapped);
}

TEST_F(Safes, AKeyholderCompletesSharesForCustodiansCertifiedSince) {
  open_safe();
  const Member late = enrol(police_root_, police_, {Role::custodian});
  const wire::CompleteShares command{safe_, 0, {{late.id, police_, random_digest()}}};
  expect_refused(act(lead_.id, command), "keyholder");
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {}}), Errc::invalid_argument);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 1, command.shares}), Errc::conflict);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {{custodians_[0].id, authority_, random_digest()}}}),
               Errc::conflict);
  expect_error(act(first_.id, wire::CompleteShares{safe_, 0, {{late.id, icb_, random_digest()}}}), Errc::conflict);
  expect_done(act(first_.id, command));
  EXPECT_EQ(epoch_row(safe_, 0).key.shares.size(), 4U);
}

TEST_F(Safes, TheSpocKeepsTheListOfAReviewSafesParticipants) {
  refer();
  const wire::MakeNomination nomination{review_safe_, {reviewer_.id, Involvement::none, {}}};
  expect_refused(act(lead_.id, nomination), "spoc");
  expect_error(act(spoc_.id, wire::MakeNomination{review_safe_, {first_.id, Involvement::none, {}}}),
               Errc::invalid_argument);
  expect_done(act(spoc_.id, nomination));
  expect_done(act(spoc_.id, wire::WrapNomination{review_safe_, 0, {reviewer_.id, random_digest()}}));
  expect_done(act(reviewer_.id, wire::ConfirmNomination{review_safe_, 0}));
  expect_done(act(spoc_.id, wire::EndNomination{review_safe_, reviewer_.id, std::nullopt}));
  EXPECT_TRUE(safe_row(review_safe_).epoch_due);
}

TEST_F(Safes, ASafeHasSoManyKeyholdersAndNoMore) {
  open_safe();
  for (std::size_t i = 2; i < kMaxRepresentatives; ++i) {
    const Member one = enrol(lead_, school_, {Role::practitioner});
    expect_done(act(lead_.id, wire::MakeNomination{safe_, {one.id, Involvement::none, {}}}));
  }
  const wire::MakeNomination further{safe_, {third_.id, Involvement::none, {}}};
  expect_error(act(lead_.id, further), Errc::too_large);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_done(act(lead_.id, further));
}

// --- records --------------------------------------------------------------------------------------------------------

TEST_F(Records, StaffOfTheAgencySealIntoItsSafe) {
  open_safe();
  for (const Member& one : {depositor_, third_, lead_, first_}) expect_done(act(one.id, sealing(safe_, 2)));
  expect_refused(act(spoc_.id, sealing(safe_, 1)), "depositor");
  expect_refused(act(administrator_.id, sealing(safe_, 1)), "depositor");
  expect_hidden(act(outsider_.id, sealing(safe_, 1)), "depositor");
  EXPECT_EQ(safe_row(safe_).records, 8U);
}

TEST_F(Records, ASealingNamesHeadersDescriptorsAndUploads) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].subject = "child-1";
  const Decision decision = expect_done(act(depositor_.id, command));
  const wire::NewRecord& record = command.records[0];
  EXPECT_EQ(decision.besides,
            (std::vector<BesideUse>{{record.header, BesideTable::header, id_key(record.record)},
                                    {record.descriptor, BesideTable::descriptor, id_key(record.record)}}));
  ASSERT_EQ(decision.uploads.size(), 1U);
  EXPECT_EQ(decision.uploads[0].upload, record.upload);
  EXPECT_EQ(decision.uploads[0].payload, record.payload);
  const RecordRow row = **tables_.state().record(*tables_.read(), record.record);
  EXPECT_EQ(row.depositor, depositor_.id);
  EXPECT_EQ(row.header, record.header);
  EXPECT_EQ(row.subject, "child-1");
  EXPECT_EQ(row.seq, entries_.back().envelope.seq.value);
}

TEST_F(Records, AStaleEpochTakesNoMoreDeposits) {
  open_safe();
  const auto command = sealing(safe_, 1);
  wire::StartEpoch epoch{safe_, 1, key_for({first_.id, second_.id})};
  epoch.key.previous = random_digest();
  expect_done(act(first_.id, epoch));
  expect_error(act(depositor_.id, command), Errc::conflict);
  expect_done(act(depositor_.id, sealing(safe_, 1)));
}

TEST_F(Records, ARecordIsSealedOnce) {
  open_safe();
  auto command = sealing(safe_, 2);
  command.records[1].record = command.records[0].record;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 2);
  command.records[1].upload = command.records[0].upload;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 1);
  expect_done(act(depositor_.id, command));
  expect_error(act(depositor_.id, command), Errc::conflict);
}

TEST_F(Records, ASealingIsOfOneTo256Records) {
  open_safe();
  expect_error(act(depositor_.id, sealing(safe_, 0)), Errc::invalid_argument);
  expect_error(act(depositor_.id, sealing(safe_, kMaxRecordsPerSeal + 1)), Errc::too_large);
  expect_done(act(depositor_.id, sealing(safe_, kMaxRecordsPerSeal)));
}

TEST_F(Records, APayloadIsNoShorterThanAnyAgePayload) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].length = 31;
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command.records[0].length = 32;
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, ARecordNamesOnlyTheCasesSubjectsAndCopies) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records[0].subject = "child-9";
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
  command = sealing(safe_, 1);
  command.records[0].derived_from = new_id<CopyId>();
  expect_error(act(depositor_.id, command), Errc::not_found);
  command.records[0].derived_from = issue(seal(1), first_.id);
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, TheReferrerAndTheSpocSealIntoTheReviewSafe) {
  refer();
  expect_done(act(lead_.id, sealing(review_safe_, 1)));  // Document 1, by the lead who referred
  expect_done(act(spoc_.id, sealing(review_safe_, 1)));
  expect_refused(act(reviewer_.id, sealing(review_safe_, 1)), "review-depositor");
  expect_hidden(act(first_.id, sealing(review_safe_, 1)), "review-depositor");
}

TEST_F(Records, OnBehalfOfAnAskedAgencyASpocOrALeadSeals) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.on_behalf_of = clinic_;
  expect_refused(act(depositor_.id, command), "on-behalf");
  expect_error(act(spoc_.id, command), Errc::conflict);
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  expect_done(act(spoc_.id, command));
  EXPECT_EQ((**tables_.state().record(*tables_.read(), command.records[0].record)).on_behalf_of, clinic_);
}

TEST_F(Records, NothingIsSealedOnceTheReviewIsOverOrTheLockReleased) {
  open_safe();
  const auto command = sealing(safe_, 1);
  set_review(LockState::engaged, Stage::closed);
  expect_refused(act(depositor_.id, command), kRuleStage);
  set_review(LockState::released, Stage::closed);
  expect_refused(act(depositor_.id, command), kRuleLock);
  set_review(LockState::engaged, Stage::practice_review);
  expect_done(act(depositor_.id, command));
}

TEST_F(Records, AreListedInSealingOrderFromAnywhere) {
  open_safe();
  const auto records = seal(600);
  std::vector<RecordId> listed_from;
  ASSERT_TRUE(tables_.state().records_of(*tables_.read(), safe_, 590, [&](const RecordRow& row) -> Result<bool> {
    listed_from.push_back(row.record);
    return true;
  }));
  EXPECT_EQ(listed_from, std::vector<RecordId>(records.begin() + 590, records.end()));
}

// --- copies ---------------------------------------------------------------------------------------------------------

TEST_F(Copies, OnlyAnActiveRepresentativeIssues) {
  open_safe();
  const auto records = seal(3);
  for (const Member& other : {lead_, third_, depositor_, spoc_, administrator_})
    expect_refused(act(other.id, issuing(records, other.id)), "keyholder");
  expect_hidden(act(outsider_.id, issuing(records, outsider_.id)), "keyholder");
  const Decision decision = expect_done(act(first_.id, issuing(records, first_.id)));
  EXPECT_EQ(given(decision).number, 1U);
  EXPECT_EQ(given(expect_done(act(second_.id, issuing(records, second_.id)))).number, 2U);
  EXPECT_TRUE(decision.besides.empty());
}

TEST_F(Copies, ANomineeWhoHasNotConfirmedIssuesNothing) {
  open_safe();
  const auto records = seal(1);
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::none, {}}}));
  expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
  expect_refused(act(third_.id, issuing(records, third_.id)), "keyholder");
}

TEST_F(Copies, AFormerRepresentativeIssuesNothing) {
  open_safe();
  const auto records = seal(1);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_refused(act(first_.id, issuing(records, first_.id)), "keyholder");
}

TEST_F(Copies, AreOfRecordsOfThatSafeEachOnce) {
  open_safe();
  const auto records = seal(2);
  expect_error(act(first_.id, issuing({}, first_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing({records[0], records[0]}, first_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing({records[0], new_id<RecordId>()}, first_.id)), Errc::not_found);
  const auto document = sealing(review_safe_, 1);
  expect_done(act(spoc_.id, document));
  expect_error(act(first_.id, issuing({document.records[0].record}, first_.id)), Errc::not_found);
  const CopyId copy = issue({records[1], records[0]}, first_.id);
  const CopyPageRow page = **tables_.state().copy_page(*tables_.read(), copy, 0);
  ASSERT_EQ(page.records.size(), 2U);
  EXPECT_EQ(page.records[0].record, records[1]);  // the order asked for
}

TEST_F(Copies, AreDueTodayInLondonOrLater) {
  open_safe();
  const auto records = seal(1);
  now_ = *vault::parse_rfc3339("2027-06-30T23:30:00.000Z");  // already July in London
  auto command = issuing(records, first_.id);
  command.due = date(2027, 6, 30);
  expect_error(act(first_.id, command), Errc::invalid_argument);
  command.due = date(2027, 7, 1);
  expect_done(act(first_.id, command));
}

TEST_F(Copies, AColleagueIsACertifiedMemberOfTheAgency) {
  open_safe();
  const auto records = seal(1);
  expect_error(act(first_.id, issuing(records, outsider_.id)), Errc::invalid_argument);
  expect_error(act(first_.id, issuing(records, new_id<PersonId>())), Errc::invalid_argument);
  expect_done(act(lead_.id, wire::RevokePerson{third_.id, std::nullopt}));
  expect_error(act(first_.id, issuing(records, third_.id)), Errc::invalid_argument);
  expect_done(act(first_.id, issuing(records, depositor_.id)));
}

TEST_F(Copies, OneForOneselfIsDeliveredWithoutPreparation) {
  open_safe();
  const CopyId copy = issue(seal(1), first_.id);
  expect_error(act(first_.id, preparing(copy, 1)), Errc::conflict);
  expect_refused(act(second_.id, wire::DeliverCopy{copy}), "holder");
  expect_done(act(first_.id, wire::DeliverCopy{copy}));
  EXPECT_EQ(copy_row(copy).state, CopyState::delivered);
  expect_error(act(first_.id, wire::DeliverCopy{copy}), Errc::conflict);
}

TEST_F(Copies, OneForAColleagueIsPreparedCollectedAndDelivered) {
  open_safe();
  const CopyId copy = issue(seal(2), depositor_.id);
  expect_error(act(depositor_.id, wire::CollectCopy{copy}), Errc::conflict);
  expect_refused(act(second_.id, preparing(copy, 2)), "issuer");
  expect_refused(act(depositor_.id, preparing(copy, 2)), "issuer");
  expect_error(act(first_.id, preparing(copy, 1)), Errc::invalid_argument);
  const auto prepared = preparing(copy, 2);
  const Decision decision = expect_done(act(first_.id, prepared));
  ASSERT_EQ(decision.besides.size(), 3U);
  EXPECT_EQ(decision.besides[1], (BesideUse{prepared.headers[1], BesideTable::copy_header, copy_header_key(copy, 1)}));
  EXPECT_EQ(decision.besides[2], (BesideUse{prepared.index, BesideTable::copy_index, id_key(copy)}));
  expect_error(act(first_.id, prepared), Errc::conflict);
  expect_error(act(depositor_.id, wire::DeliverCopy{copy}), Errc::conflict);
  expect_refused(act(first_.id, wire::CollectCopy{copy}), "holder");
  expect_hidden(act(third_.id, wire::CollectCopy{copy}), "holder");
  expect_done(act(depositor_.id, wire::CollectCopy{copy}));
  expect_error(act(depositor_.id, wire::CollectCopy{copy}), Errc::conflict);
  expect_done(act(depositor_.id, wire::DeliverCopy{copy}));
}

TEST_F(Copies, AFormerKeyholderPreparesNothingButMayReturn) {
  open_safe();
  const CopyId copy = issue(seal(1), depositor_.id);
  expect_done(act(lead_.id, wire::EndNomination{safe_, first_.id, std::nullopt}));
  expect_refused(act(first_.id, preparing(copy, 1)), "issuer");
  expect_done(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::destroyed}));
}

TEST_F(Copies, NothingIsPreparedForAHolderWhoIsRevoked) {
  open_safe();
  const CopyId copy = issue(seal(1), third_.id);
  expect_done(act(lead_.id, wire::RevokePerson{third_.id, std::nullopt}));
  expect_error(act(first_.id, preparing(copy, 1)), Errc::invalid_argument);
}

TEST_F(Copies, AreReturnedInPartsAndEndWithTheLast) {
  open_safe();
  const auto records = seal(3);
  const CopyId copy = issue(records, first_.id);
  expect_done(act(first_.id, wire::DeliverCopy{copy}));
  Decision decision = expect_done(act(first_.id, wire::ReturnCopy{copy, {records[1]}, CopyEnd::lost}));
  EXPECT_FALSE(decision.events[0].detail.at("complete").as_bool());
  EXPECT_EQ(copy_row(copy).out, 2U);
  EXPECT_EQ(copy_row(copy).state, CopyState::delivered);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {records[1]}, CopyEnd::returned}), Errc::conflict);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {new_id<RecordId>()}, CopyEnd::returned}), Errc::not_found);
  expect_error(act(first_.id, wire::ReturnCopy{copy, {records[0], records[0]}, CopyEnd::returned}),
               Errc::invalid_argument);
  decision = expect_done(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_TRUE(decision.events[0].detail.at("complete").as_bool());
  EXPECT_EQ(decision.events[0].detail.at("records").as_array().size(), 2U);
  EXPECT_EQ(copy_row(copy).state, CopyState::lost);  // no better than its worst record
  expect_error(act(first_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), Errc::conflict);
}

TEST_F(Copies, AreEndedByHolderIssuerOrLead) {
  open_safe();
  const auto records = seal(1);
  for (const Member& one : {depositor_, first_, lead_})
    expect_done(act(one.id, wire::ReturnCopy{issue(records, depositor_.id), {}, CopyEnd::returned}));
  const CopyId copy = issue(records, depositor_.id);
  expect_refused(act(second_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
  expect_refused(act(spoc_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
  expect_hidden(act(third_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}), "returner");
}

TEST_F(Copies, WhatWasRewrittenForTheHolderGoesWithTheCopysEnd) {
  open_safe();
  const auto records = seal(2);
  const CopyId copy = issue(records, depositor_.id);
  expect_done(act(first_.id, preparing(copy, 2)));
  {
    const auto txn = tables_.write();
    for (std::uint64_t i = 0; i < 2; ++i)
      ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::copy_header, copy_header_key(copy, i),
                                             vault::as_bytes("a header")));
    ASSERT_TRUE(tables_.state().put_beside(*txn, BesideTable::copy_index, id_key(copy), vault::as_bytes("an index")));
    ASSERT_TRUE(txn->commit());
  }
  const auto kept = [&](BesideTable table) { return *tables_.state().beside_table(table).count(*tables_.read()); };
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {records[0]}, CopyEnd::returned}));
  EXPECT_EQ(kept(BesideTable::copy_header), 1U);
  EXPECT_EQ(kept(BesideTable::copy_index), 1U);
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_EQ(kept(BesideTable::copy_header), 0U);
  EXPECT_EQ(kept(BesideTable::copy_index), 0U);
}

TEST_F(Copies, AreIssuedWhileTheLockIsEngagedAndFinishedAfterwards) {
  open_safe();
  const auto records = seal(1);
  set_review(LockState::engaged, Stage::closed);
  const CopyId copy = issue(records, depositor_.id);
  set_review(LockState::released, Stage::closed);
  expect_refused(act(first_.id, issuing(records, first_.id)), kRuleLock);
  expect_done(act(first_.id, preparing(copy, 1)));
  expect_done(act(depositor_.id, wire::CollectCopy{copy}));
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
}

TEST_F(Copies, AreFoundByNumberCaseAndPersonOpenOrEnded) {
  open_safe();
  const auto records = seal(1);
  const CopyId own = issue(records, first_.id);
  const CopyId colleagues = issue(records, depositor_.id);
  const CopyId ended = issue(records, depositor_.id);
  expect_done(act(lead_.id, wire::ReturnCopy{ended, {}, CopyEnd::returned}));
  const auto txn = tables_.read();
  const State& state = tables_.state();
  std::vector<CopyId> found;
  const Visit<CopyRow> collect = [&](const CopyRow& row) -> Result<bool> {
    found.push_back(row.copy);
    return true;
  };
  EXPECT_EQ(*state.copy_by_number(*txn, 2), colleagues);
  ASSERT_TRUE(state.copies_of_person(*txn, depositor_.id, State::Which::open, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{colleagues});
  ASSERT_TRUE(state.copies_of_person(*txn, depositor_.id, State::Which::ended, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{ended});
  ASSERT_TRUE(state.copies_of_person(*txn, first_.id, State::Which::all, 0, collect));
  EXPECT_EQ(std::exchange(found, {}), (std::vector<CopyId>{own, colleagues, ended}));
  ASSERT_TRUE(state.copies_of_case(*txn, case_, State::Which::open, 2, collect));
  EXPECT_EQ(std::exchange(found, {}), std::vector<CopyId>{colleagues});
  ASSERT_TRUE(state.copies(*txn, 2, collect));
  EXPECT_EQ(std::exchange(found, {}), (std::vector<CopyId>{colleagues, ended}));
}

TEST_F(Copies, HoldTenThousandRecordsAndNoMore) {
  open_safe();
  auto records = seal(kMaxRecordsPerCopy + 1);
  expect_error(act(first_.id, issuing(records, first_.id)), Errc::too_large);
  records.pop_back();
  const CopyId copy = issue(records, depositor_.id);
  expect_done(act(first_.id, preparing(copy, records.size())));
  std::uint64_t ordinal = 9'990;
  ASSERT_TRUE(tables_.state().copied_records(*tables_.read(), copy, ordinal,
                                             [&](std::uint64_t at, const CopiedRecord& record) -> Result<bool> {
                                               EXPECT_EQ(at, ordinal);
                                               EXPECT_EQ(record.record, records[ordinal]);
                                               ++ordinal;
                                               return true;
                                             }));
  EXPECT_EQ(ordinal, records.size());
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {records[5'000]}, CopyEnd::returned}));
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {}, CopyEnd::returned}));
  EXPECT_EQ(copy_row(copy).state, CopyState::returned);
}

// --- all of them ----------------------------------------------------------------------------------------------------

TEST_F(Acts, ACommandIsInItsOneExactForm) {
  refer();
  const Actor actor{spoc_.id.to_string(), spoc_.id, std::nullopt};
  const std::string body = wire::encode(wire::AskAgencies{case_, {clinic_}});
  expect_error(act_as(actor, "case.ask", body + " "), Errc::malformed);
  expect_error(act_as(actor, "case.ask", "{}"), Errc::malformed);
  expect_error(act_as(actor, "case.forget", body), Errc::unsupported);
  expect_error(act_as(actor, "case.ask", std::string(kMaxCommandBytes + 1, ' ')), Errc::too_large);
  expect_done(act_as(actor, "case.ask", body));
}

TEST_F(Acts, AKeyThatNobodyCertifiedIsNotAccepted) {
  expect_error(act(new_id<PersonId>(), wire::AskAgencies{case_, {clinic_}}), Errc::refused);
  expect_error(act_as(Actor{"nobody", std::nullopt, std::nullopt}, "case.ask", "{}"), Errc::refused);
  const auto unknown = new_id<InvitationId>();
  expect_error(act_as(Actor{unknown.to_string(), std::nullopt, unknown}, "person.enrol", "{}"), Errc::refused);
}

TEST_F(Acts, TheSameEntriesMakeTheSameTablesAgain) {
  open_safe();
  const auto records = seal(5);
  expect_done(act(spoc_.id, wire::AskAgencies{case_, {clinic_}}));
  expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::supervised, random_digest()}}));
  expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}}));
  expect_done(act(third_.id, wire::ConfirmNomination{safe_, 0}));
  const CopyId copy = issue(records, depositor_.id);
  expect_done(act(first_.id, preparing(copy, records.size())));
  expect_done(act(depositor_.id, wire::CollectCopy{copy}));
  expect_done(act(depositor_.id, wire::ReturnCopy{copy, {records[2]}, CopyEnd::lost}));
  expect_refused(act(administrator_.id, issuing(records, first_.id)), "keyholder");
  expect_done(act(lead_.id, wire::RevokePerson{first_.id, random_digest()}));
  wire::StartEpoch epoch{safe_, 1, key_for({second_.id, third_.id})};
  epoch.key.previous = random_digest();
  expect_done(act(second_.id, epoch));

  Tables again;
  for (const Stored& entry : entries_) ASSERT_TRUE(again.apply_entry(entry)) << entry.body.kind;
  EXPECT_EQ(again.projections(), tables_.projections());

  // And once more over what is there, as rebuild does.
  {
    const auto txn = again.write();
    ASSERT_TRUE(again.state().clear_projections(*txn));
    ASSERT_TRUE(txn->commit());
  }
  for (const Stored& entry : entries_) ASSERT_TRUE(again.apply_entry(entry));
  EXPECT_EQ(again.projections(), tables_.projections());
}

TEST_F(Acts, WhatIsExpectedBesideIsWhatTheCommandsNamed) {
  open_safe();
  std::map<std::pair<BesideTable, Bytes>, Digest> named;
  const auto remember = [&](const Decision& decision) {
    for (const BesideUse& use : decision.besides) named[{use.table, use.key}] = use.digest;
  };
  const auto expected_now = [&] {
    std::map<std::pair<BesideTable, Bytes>, Digest> expected;
    EXPECT_TRUE(tables_.state().expected_besides(
        *tables_.read(), [&](BesideTable table, ByteView key, const Digest& digest) -> Result<bool> {
          expected[{table, vault::to_bytes(key)}] = digest;
          return true;
        }));
    return expected;
  };
  named = expected_now();
  const auto sealed = sealing(safe_, 3);
  remember(expect_done(act(depositor_.id, sealed)));
  std::vector<RecordId> records;
  for (const auto& record : sealed.records) records.push_back(record.record);
  const CopyId copy = issue(records, depositor_.id);
  remember(expect_done(act(first_.id, preparing(copy, records.size()))));
  remember(
      expect_done(act(lead_.id, wire::MakeNomination{safe_, {third_.id, Involvement::supervised, random_digest()}})));
  remember(expect_done(act(first_.id, wire::WrapNomination{safe_, 0, {third_.id, random_digest()}})));
  wire::StartEpoch epoch{safe_, 1, key_for({first_.id, second_.id, third_.id})};
  epoch.key.previous = random_digest();
  remember(expect_done(act(first_.id, epoch)));
  EXPECT_EQ(expected_now(), named);
  EXPECT_GT(named.size(), 20U);
}

TEST_F(Acts, AnEntryOfAnUnknownKindOrWithAStrayMemberIsNotApplied) {
  Stored entry = entries_.back();
  entry.body.kind = "person.forgotten";
  EXPECT_EQ(tables_.apply_entry(entry).code(), Errc::unsupported);
  entry = entries_.back();
  entry.body.detail.as_object()["note"] = "x";
  EXPECT_EQ(tables_.apply_entry(entry).code(), Errc::malformed);
}

TEST_F(Acts, AnEntryThatNamesWhatNoEntryMadeIsAltered) {
  Stored entry = entries_.back();
  entry.body.kind = "copy.collected";
  entry.body.detail = wire::to_json(wire::CopyCollected{new_id<CopyId>()});
  EXPECT_EQ(tables_.apply_entry(entry).code(), Errc::tampered);
}

// A signed request stays known by its nonce for seven days, with the entries it made.
TEST_F(Acts, ARequestIsRememberedByItsNonceForSevenDays) {
  const auto key = vault::crypto::SigningKey::generate();
  const auto entry_of = [&](const std::string& nonce, const std::string& body) {
    Stored entry = entries_.back();
    entry.envelope.seq.value += 1;
    entry.envelope.time = now_;
    entry.body.kind = "agency.added";
    entry.body.detail = wire::to_json(wire::AgencyAdded{new_id<AgencyId>(), AgencyKind::other, random_digest()});
    entry.body.request = signed_act("agency.add", body, police_root_.id.to_string(), key, now_, nonce);
    entries_.push_back(entry);
    return entry;
  };
  const auto known = [&](const std::string& nonce) {
    return *tables_.state().used_nonce(*tables_.read(), police_root_.id.to_string(), nonce, now_);
  };
  const Stored first = entry_of("0123456789abcdef", "{}");
  ASSERT_TRUE(tables_.apply_entry(first));
  const Stored second = entry_of("0123456789abcdef", "{}");  // one command, two entries
  ASSERT_TRUE(tables_.apply_entry(second));
  ASSERT_TRUE(known("0123456789abcdef"));
  EXPECT_EQ(known("0123456789abcdef")->seqs,
            (std::vector<std::uint64_t>{first.envelope.seq.value, second.envelope.seq.value}));
  EXPECT_EQ(known("0123456789abcdef")->target, "/v1/acts/agency.add");
  EXPECT_EQ(known("0123456789abcdef")->content, vault::crypto::sha256(vault::as_bytes("{}")));
  EXPECT_FALSE(known("another-nonce-of-theirs"));

  now_.unix_ms += kNonceMemoryMs - 1;
  EXPECT_TRUE(known("0123456789abcdef"));
  now_.unix_ms += 1;
  EXPECT_FALSE(known("0123456789abcdef"));
  const auto rows = [&] { return tables_.projections().at("state/nonces").size(); };
  EXPECT_EQ(rows(), 1U);
  ASSERT_TRUE(tables_.apply_entry(entry_of("fedcba9876543210", "{}")));
  EXPECT_EQ(rows(), 1U);  // the old one is forgotten by the entry after its time
}

TEST_F(Acts, ARefusalMapsNoNonce) {
  Stored entry = entries_.back();
  entry.body.kind = "access.refused";
  entry.body.detail = wire::to_json(wire::AccessRefused{"issue-copy", "keyholder"});
  entry.body.request = wire::EntryRequest{"POST", "vault.example", "/v1/acts/copy.issue", std::string("{}"), "x", "y"};
  EXPECT_TRUE(tables_.apply_entry(entry));
  EXPECT_TRUE(tables_.projections().at("state/nonces").empty());
}

// --- state ----------------------------------------------------------------------------------------------------------

TEST(StagedValues, BelongToWhoStagedThemUntilTheyAreUsedOrExpire) {
  Tables tables;
  const Bytes value = vault::to_bytes(std::string_view("a wrap"));
  const Digest digest = vault::crypto::sha256(value);
  const auto txn = tables.write();
  State& state = tables.state();
  ASSERT_TRUE(state.stage(*txn, "person_a", value, {1000}));
  ASSERT_TRUE(state.stage(*txn, "person_a", value, {2000}));  // again: the later time counts
  EXPECT_FALSE(*state.staged(*txn, "person_b", digest));
  const auto found = *state.staged(*txn, "person_a", digest);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, value);
  EXPECT_EQ(found->time.unix_ms, 2000);
  EXPECT_EQ(*state.expire_staged(*txn, {2000}, 10), 0U);
  EXPECT_EQ(*state.expire_staged(*txn, {2001}, 10), 1U);
  EXPECT_FALSE(*state.staged(*txn, "person_a", digest));
  ASSERT_TRUE(state.stage(*txn, "person_a", value, {3000}));
  EXPECT_TRUE(*state.unstage(*txn, "person_a", digest));
  EXPECT_FALSE(*state.unstage(*txn, "person_a", digest));
  EXPECT_EQ(*state.expire_staged(*txn, {9000}, 10), 0U);
}

TEST(StagedValues, ExpireSoManyAtATime) {
  Tables tables;
  const auto txn = tables.write();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(tables.state().stage(*txn, "person_a", vault::as_bytes(std::to_string(i)), {i}));
  EXPECT_EQ(*tables.state().expire_staged(*txn, {100}, 3), 3U);
  EXPECT_EQ(*tables.state().expire_staged(*txn, {100}, 3), 2U);
}

TEST(BesideValues, HaveTheLimitOfTheirTable) {
  Tables tables;
  const auto txn = tables.write();
  const Bytes key = id_key(new_id<CopyId>());
  const Bytes large(kMaxBesideValueBytes + 1);
  EXPECT_EQ(tables.state().put_beside(*txn, BesideTable::header, key, large).code(), Errc::too_large);
  EXPECT_TRUE(tables.state().put_beside(*txn, BesideTable::header, key, ByteView(large).subspan(1)));
  EXPECT_TRUE(tables.state().put_beside(*txn, BesideTable::copy_index, key, large));
}

TEST(ReferencesAndNumbers, AreWrittenOneWay) {
  EXPECT_EQ(format_reference(2026, 1), "RR-2026-0001");
  EXPECT_EQ(format_reference(2026, 12'345), "RR-2026-12345");
  EXPECT_EQ(parse_reference("RR-2026-12345")->number, 12'345U);
  EXPECT_EQ(parse_reference("RR-2026-0001")->year, 2026);
  EXPECT_EQ(format_reference(parse_reference("RR-0262-2026")->year, 2026), "RR-0262-2026");
  for (const std::string_view wrong : {"", "RR-2026-1", "RR-2026-00001", "rr-2026-0001", "RR-26-0001", "RR-2026-",
                                       "RR-2026-000x", "RR-2026-0001 ", "RR-2026-99999999999999999999"})
    EXPECT_EQ(parse_reference(wrong).code(), Errc::malformed) << wrong;
  EXPECT_EQ(format_copy_number(42), "C-0042");
  EXPECT_EQ(*parse_copy_number("C-0042"), 42U);
  for (const std::string_view wrong : {"C-42", "c-0042", "0042", "C-", "C--001"})
    EXPECT_EQ(parse_copy_number(wrong).code(), Errc::malformed) << wrong;
}

TEST(StateTables, NameTheirClass) {
  Tables tables;
  std::map<TableClass, int> classes;
  for (const SealedTable* table : tables.state().tables()) ++classes[table->table_class()];
  EXPECT_EQ(classes[TableClass::projection], 29);
  EXPECT_EQ(classes[TableClass::beside], 9);
  EXPECT_EQ(classes[TableClass::local], 2);
}

}  // namespace
}  // namespace strongroom::access::testing
