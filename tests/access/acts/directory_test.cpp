// Tests people and agencies: who may invite, enrol, join and revoke whom.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

class Directory : public Partnership {};

TEST_F(Directory, GenesisMakesThreePartnersWithTheirRoots) {
  const DirectoryRow directory = *tables_.state().directory(*tables_.read());
  ASSERT_EQ(directory.partners.size(), 3U);
  EXPECT_EQ(directory.partners[0].root, authority_root_.id);
  EXPECT_EQ(directory.partners[1].root, icb_root_.id);
  EXPECT_EQ(directory.partners[2].root, police_root_.id);
  EXPECT_TRUE(person_row(police_root_.id).root);
  EXPECT_FALSE(person_row(administrator_.id).root);
}

// A vault before the police's root has signed, and perhaps before anybody has enrolled as that root.
class RootsTest : public Directory {
 protected:
  void take_back(bool enrolment) {
    DirectoryRow directory = *tables_.state().directory(*tables_.read());
    directory.partners[2].confirmed.reset();
    if (enrolment) directory.partners[2].root.reset();
    const auto txn = tables_.write();
    ASSERT_TRUE(tables_.state().put(*txn, directory));
    ASSERT_TRUE(txn->commit());
  }
};

TEST_F(RootsTest, InviteOnlyOnceAllThreeHaveEnrolled) {
  take_back(true);
  const auto answer = act(authority_root_.id, invitation_to(school_, {Role::agency_lead}));
  expect_error(answer, Errc::conflict);
  EXPECT_TRUE(answer.error().message.contains("the root of police, who has not enrolled")) << answer.error().message;
}

TEST_F(RootsTest, InviteOnlyOnceAllThreeHaveConfirmed) {
  take_back(false);
  const auto answer = act(authority_root_.id, invitation_to(school_, {Role::agency_lead}));
  expect_error(answer, Errc::conflict);
  EXPECT_TRUE(answer.error().message.ends_with("Missing: the root of police")) << answer.error().message;
  expect_done(act(police_root_.id, confirming(police_root_.id)));
  expect_done(act(authority_root_.id, invitation_to(school_, {Role::agency_lead})));
}

TEST_F(RootsTest, AreConfirmedWithTheDigestOfTheirStatement) {
  const DirectoryRow directory = *tables_.state().directory(*tables_.read());
  const Digest statement = vault::crypto::sha256(vault::as_bytes(roots_statement()));
  for (const PartnerRow& partner : directory.partners) EXPECT_EQ(partner.confirmed, statement);
}

TEST_F(RootsTest, AreConfirmedOnceByEach) {
  expect_error(act(police_root_.id, confirming(police_root_.id)), Errc::conflict);
}

TEST_F(RootsTest, AreConfirmedOnlyByARoot) {
  expect_refused(act(spoc_.id, confirming(spoc_.id)), "root");
  expect_refused(act(lead_.id, confirming(lead_.id)), "root");
}

TEST_F(RootsTest, AreConfirmedOnlyOnceAllThreeHaveEnrolled) {
  const auto command = confirming(authority_root_.id);
  take_back(true);
  const auto answer = act(authority_root_.id, command);
  expect_error(answer, Errc::conflict);
  EXPECT_TRUE(answer.error().message.contains("police")) << answer.error().message;
}

TEST_F(RootsTest, AreConfirmedWithTheirOwnSignature) {
  take_back(false);
  auto command = confirming(police_root_.id);
  command.signature = confirming(icb_root_.id).signature;
  expect_error(act(police_root_.id, command), Errc::conflict);
}

TEST_F(RootsTest, AreConfirmedOnlyByTheStatementOfThisVault) {
  take_back(false);
  std::string other = roots_statement();
  other[other.find("fictional")] = 'F';
  expect_error(act(police_root_.id, confirming(police_root_.id, other)), Errc::conflict);
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
  expect_refused(act(first_.id, command), "invitation");  // the second person made the proof
  expect_done(act(second_.id, command));
  EXPECT_TRUE(has_role(person_row(second_.id), clinic_, Role::practitioner));
  EXPECT_TRUE(has_role(person_row(second_.id), school_, Role::practitioner));
  expect_refused(act(second_.id, command), "invitation");  // an invitation can be used once
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
  // They have a role in the clinic too.
  expect_refused(act(lead_.id, wire::RevokePerson{second_.id, std::nullopt}), "root");
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
  EXPECT_EQ(decision.events[2].ids.safe, safe_);
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

}  // namespace
}  // namespace strongroom::access::testing
