#include "cli/client/proof/directory.h"

#include <algorithm>
#include <boost/json.hpp>

#include "access/wire/register.h"
#include "cli/client/proof/trail.h"
#include "review/calendar.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace json = wire::json;
using access::Role;

class DirectoryTest : public Partnership {
 protected:
  // An enrolment that the operator would like: keys of its own, as a practitioner of the school.
  wire::PersonEnrolled sock_puppet(const access::InvitationId& invitation) {
    wire::PersonEnrolled event;
    event.invitation = invitation;
    event.person = lead_.session->make_id<access::PersonId>();
    event.agency = school_;
    event.roles = {Role::practitioner};
    event.signing_key = puppet_.signing.verify_key();
    event.recipient = puppet_.identity.recipient();
    return event;
  }
  wire::InvitePerson invitation(const std::vector<Role>& roles, const access::AgencyId& agency) {
    wire::InvitePerson command;
    command.invitation = lead_.session->make_id<access::InvitationId>();
    command.agency = agency;
    command.roles = roles;
    command.key = one_time_.verify_key();
    command.expires = {vault_.now().unix_ms + 1000};
    return command;
  }
  static wire::PersonInvited invited(const wire::InvitePerson& c) {
    return {c.invitation, c.agency, c.roles, c.key, c.expires, c.name, c.replaces};
  }
  static wire::EnrolPerson command_of_enrolment(const wire::PersonEnrolled& e) {
    return {e.invitation, e.person, e.signing_key, e.recipient, e.name};
  }
  Result<void> update() { return lead_.directory_->update(*lead_.session); }
  void SetUp() override { lead_.directory(); }

  Keys puppet_ = Keys::generate();
  vault::crypto::SigningKey one_time_ = vault::crypto::SigningKey::generate();
};

TEST_F(DirectoryTest, EverybodyWhoWasInvitedIsCertifiedWithTheirOwnKeys) {
  const Directory& directory = lead_.directory();
  const auto person = directory.certified(third_.id());
  ASSERT_TRUE(person) << person.error().message;
  EXPECT_EQ((*person)->recipient, third_.session->keys().identity.recipient());
  EXPECT_EQ((*person)->invited_by, lead_.id());
  EXPECT_TRUE((*person)->has_role(Role::practitioner, school_));
  EXPECT_FALSE((*person)->has_role(Role::practitioner, partner(0)));
  EXPECT_FALSE((*person)->has_role(Role::practitioner, school_, (*person)->enrolled - 1));
  EXPECT_FALSE((*person)->root);
  EXPECT_TRUE((*directory.certified(icb_root_.id()))->root);
  ASSERT_EQ(directory.partners().size(), 3U);
  for (const auto& agency : directory.partners()) EXPECT_EQ(directory.custodians(agency).size(), 2U);
  ASSERT_EQ(directory.spocs().size(), 1U);
  EXPECT_EQ(directory.spocs().front()->id, spoc_.id());
  EXPECT_EQ(directory.chain().agencies().size(), 4U);
}

TEST_F(DirectoryTest, AGenesisClientPinsTheRootsOnceAllThreeHaveEnrolled) {
  EXPECT_EQ(authority_root_.session->pins().roots.size(), 3U);
  EXPECT_EQ(authority_root_.session->home().pins()->roots.size(), 3U);
}

TEST_F(DirectoryTest, AnIdThatNobodyEnrolledIsNotCertified) {
  EXPECT_TAMPERED(lead_.directory().certified(access::PersonId::generate(1)), "not certified");
}

TEST_F(DirectoryTest, ARevokedPersonIsNotCertifiedAnyMoreButWasBefore) {
  const Seq before = lead_.session->checkpoint()->checkpoint.size.value - 1;
  ASSERT_DONE(lead_.session->act(wire::RevokePerson{third_.id(), {}}));
  const Directory& directory = lead_.directory();
  EXPECT_TAMPERED(directory.certified(third_.id()), "revoked");
  EXPECT_TRUE(directory.certified(third_.id(), before));
}

TEST_F(DirectoryTest, ALostIdentityInvitedAgainRevokesTheOldOne) {
  const auto made = invite(*authority_root_.session, authority_root_.directory(), school_, {Role::practitioner},
                           "Third again", third_.id());
  ASSERT_TRUE(made) << made.error().message;
  const Client again = enrol_client(vault_, made->text);
  const Directory& directory = lead_.directory();
  EXPECT_FALSE(directory.certified(third_.id()));
  EXPECT_TRUE(directory.certified(again.id()));
}

TEST_F(DirectoryTest, ImportedBankHolidaysAreWhatASpocOrPartnerSigned) {
  const std::vector<strongroom::review::Holiday> more = {{*vault::parse_date("2029-01-01"), {}}};
  const auto after = strongroom::review::Calendar::shipped().merged_with(more)->digest();
  const wire::ImportCalendar command{{more.front().date}, {}, after};
  ASSERT_DONE(spoc_.session->act(command));
  EXPECT_TRUE(update());
  wire::CalendarImported event{command.added, {}, after, after};
  const auto forge = [&](Client& who) {
    vault_.forge(body_of(event, who.id().to_string(),
                         signed_request(command, who.id().to_string(), who.session->keys().signing, vault_.now())));
  };
  event.removed = {*vault::parse_date("2027-12-27")};
  forge(spoc_);
  EXPECT_TAMPERED(update(), "not what its signer asked for");
}

TEST_F(DirectoryTest, BankHolidaysOfSomebodyElseAreRefused) {
  const wire::ImportCalendar command{{*vault::parse_date("2029-01-01")}, {}, {}};
  vault_.forge(body_of(wire::CalendarImported{command.added, {}, {}, {}}, third_.id().to_string(),
                       signed_request(command, third_.id().to_string(), third_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "may not do so");
}

TEST_F(DirectoryTest, AnInvitationThatNobodySignedIsRefused) {
  const auto command = invitation({Role::practitioner}, school_);
  vault_.forge(body_of(invited(command), lead_.id().to_string(), std::nullopt));
  EXPECT_TAMPERED(update(), "no signed request");
}

TEST_F(DirectoryTest, AnInvitationSignedWithAnotherKeyThanTheInvitersIsRefused) {
  const auto command = invitation({Role::practitioner}, school_);
  vault_.forge(body_of(invited(command), lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), puppet_.signing, vault_.now())));
  EXPECT_TAMPERED(update(), "not signed by the person");
}

TEST_F(DirectoryTest, AnInvitationByAPractitionerIsRefused) {
  const auto command = invitation({Role::practitioner}, school_);
  vault_.forge(body_of(invited(command), third_.id().to_string(),
                       signed_request(command, third_.id().to_string(), third_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "may not give those roles");
}

TEST_F(DirectoryTest, ALeadWhoGivesMoreThanALeadMayIsRefused) {
  const auto command = invitation({Role::spoc}, school_);
  vault_.forge(body_of(invited(command), lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "may not give those roles");
}

TEST_F(DirectoryTest, ACustodianFromAnotherPartnersRootIsRefused) {
  const auto command = invitation({Role::custodian}, partner(1));
  const Session& root = *authority_root_.session;
  vault_.forge(body_of(invited(command), root.person().to_string(),
                       signed_request(command, root.person().to_string(), root.keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "may not give those roles");
}

TEST_F(DirectoryTest, ARootWhoJoinedAnotherPartnerIsNotItsRoot) {
  wire::InvitePerson own = invitation({Role::practitioner}, partner(1));
  const vault::crypto::SigningKey key = vault::crypto::SigningKey::generate();
  own.key = key.verify_key();
  Session& root = *authority_root_.session;
  own.name = *root.stage_text("Another membership");
  ASSERT_DONE(root.act(own));
  const std::string statement = wire::join_statement(own.invitation, root.person());
  ASSERT_DONE(root.act(wire::JoinAgency{own.invitation, key.sign(vault::as_bytes(statement))}));
  const auto command = invitation({Role::custodian}, partner(1));
  vault_.forge(body_of(invited(command), root.person().to_string(),
                       signed_request(command, root.person().to_string(), root.keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "may not give those roles");
}

// An invitation that was refused is signed too.
TEST_F(DirectoryTest, ARevocationByAnInvitationThatIsNotThereIsRefused) {
  wire::InvitePerson command = invitation({Role::depositor}, school_);
  command.replaces = first_.id();
  vault_.forge(body_of(wire::PersonRevoked{first_.id(), std::nullopt}, lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "an invitation that the directory does not have");
}

TEST_F(DirectoryTest, ARefusalHasNobodysOwnWords) {
  const wire::AddAgency command;
  vault_.forge(body_of(wire::AccessRefused{"add-agency", "A name that belongs in no ledger"}, lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(verify_trail(*lead_.session, lead_.directory(), {}), "a rule that the policy does not have");
}

TEST_F(DirectoryTest, ALeadRevokesNobodyButTheStaffOfTheirOwnAgency) {
  const wire::RevokePerson command{spoc_.id(), std::nullopt};
  vault_.forge(body_of(wire::PersonRevoked{command.person, command.reason}, lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "revoked by a person who may not");
}

// Its entry covers a field that no act has. If clients did not know it, nobody could verify the trail any more.
TEST_F(DirectoryTest, ARefusedUploadIsInTheTrailAndStopsNobody) {
  const Session& custodian = *custodians_[0].session;
  wire::RequestHead head;
  head.method = "POST";
  head.authority = "vault.example:8443";
  head.path = "/v1/uploads";
  head.upload_length = "100";
  wire::SignatureParameters parameters;
  parameters.created = vault_.now().unix_ms / 1000;
  parameters.expires = parameters.created + kSignatureLifeSeconds;
  parameters.nonce = "0123456789abcdef0123456789abcdef";
  parameters.keyid = custodian.person().to_string();
  const auto fields = *wire::sign_request(head, wire::Coverage::command_or_read, parameters, custodian.keys().signing);
  wire::EntryRequest request{head.method, head.authority, head.path, {}, fields.signature_input, fields.signature};
  request.upload_length = head.upload_length;
  vault_.forge(body_of(wire::AccessRefused{"upload", "may-deposit"}, parameters.keyid, request));
  ASSERT_DONE(update());
  const auto loaded = Directory::load(*spoc_.session);
  EXPECT_TRUE(loaded) << loaded.error().message;
  const auto trail = verify_trail(*custodians_[0].session, custodians_[0].directory(), {});
  EXPECT_TRUE(trail) << trail.error().message;
}

TEST_F(DirectoryTest, AnInvitationThatSaysMoreThanItsInviterSignedIsRefused) {
  const auto command = invitation({Role::depositor}, school_);
  auto event = invited(command);
  event.roles = {Role::practitioner};
  vault_.forge(body_of(event, lead_.id().to_string(),
                       signed_request(command, lead_.id().to_string(), lead_.session->keys().signing, vault_.now())));
  EXPECT_TAMPERED(update(), "not what its signer asked for");
}

// A true invitation, whose secret half the operator does not have.
class EnrolmentTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    command_ = invitation({Role::practitioner}, school_);
    command_.name = *lead_.session->stage_text("A newcomer");
    ASSERT_DONE(lead_.session->act(command_));
    event_ = sock_puppet(command_.invitation);
    keyid_ = command_.invitation.to_string();
  }
  wire::InvitePerson command_;
  wire::PersonEnrolled event_;
  std::string keyid_;
};

TEST_F(EnrolmentTest, ASockPuppetOfTheOperatorsIsRefused) {
  vault_.forge(
      body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, puppet_.signing, vault_.now())));
  EXPECT_TAMPERED(update(), "not signed");
}

TEST_F(EnrolmentTest, ASubstitutedKeyIsRefused) {
  auto honest = event_;
  honest.recipient = vault::age::Identity::generate().recipient();
  vault_.forge(body_of(event_, keyid_, signed_request(command_of_enrolment(honest), keyid_, one_time_, vault_.now())));
  EXPECT_TAMPERED(update(), "not what its signer asked for");
}

TEST_F(EnrolmentTest, RolesThatTheInvitationDoesNotGiveAreRefused) {
  event_.roles = {Role::agency_lead};
  vault_.forge(body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, one_time_, vault_.now())));
  EXPECT_TAMPERED(update(), "not what the invited person signed");
}

TEST_F(EnrolmentTest, AnEnrolmentAfterTheInvitationExpiredIsRefused) {
  vault_.pass(2000);
  vault_.forge(body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, one_time_, vault_.now())));
  EXPECT_TAMPERED(update(), "expired");
}

TEST_F(EnrolmentTest, ARequestSignedLongBeforeItsEntryIsRefused) {
  const vault::Instant early{vault_.now().unix_ms - 62'000};
  vault_.forge(body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, one_time_, early)));
  EXPECT_TAMPERED(update(), "was not made when its request was signed");
}

TEST_F(EnrolmentTest, AnHonestEnrolmentIsTaken) {
  vault_.forge(body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, one_time_, vault_.now())));
  ASSERT_DONE(update());
  EXPECT_TRUE(lead_.directory_->certified(event_.person));
}

TEST_F(EnrolmentTest, AnInvitationIsUsedOnce) {
  const auto forge = [&] {
    vault_.forge(
        body_of(event_, keyid_, signed_request(command_of_enrolment(event_), keyid_, one_time_, vault_.now())));
  };
  forge();
  event_.person = lead_.session->make_id<access::PersonId>();
  forge();
  EXPECT_TAMPERED(update(), "used twice");
}

TEST_F(DirectoryTest, AnEntryLeftOutOfTheChainIsMissed) {
  ASSERT_DONE(lead_.session->act(wire::RevokePerson{third_.id(), {}}));
  ASSERT_DONE(lead_.session->act(wire::RevokePerson{second_.id(), {}}));
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.starts_with("/v1/log/directory")) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    auto& entries = body["receipt"].as_object()["entries"].as_array();
    entries.erase(entries.begin());
    answer.body = vault::to_bytes(json::serialize(body));
  };
  EXPECT_TAMPERED(update(), "is not the next entry of its chain");
}

TEST_F(DirectoryTest, RootsOtherThanThePinnedOnesAreRefused) {
  Pins pins = lead_.session->pins();
  pins.roots[1].signing_key = puppet_.signing.verify_key();
  ASSERT_DONE(lead_.session->pin_roots(pins.roots));
  EXPECT_TAMPERED(Directory::load(*lead_.session), "pinned");
}

TEST_F(DirectoryTest, APinnedRootThatNeverEnrolledIsMissed) {
  Vault other;
  Client root = enrol_client(other, wire::format_invitation(other.invitations()[0]));
  ASSERT_DONE(root.session->pin_roots(lead_.session->pins().roots));
  EXPECT_TAMPERED(Directory::load(*root.session), "pinned");
}

TEST_F(DirectoryTest, OtherKeysForOneselfAreRefused) {
  // Somebody else's session under the lead's id, so the home's keys are not those in the directory.
  Pins pins = lead_.session->pins();
  pins.person = third_.id();
  Home home = lead_.session->home();
  ASSERT_DONE(home.write_pins(pins));
  const Carrier as_third = [this](const HttpRequest& request) -> Result<HttpAnswer> {
    Session& third = *third_.session;
    EXPECT_TRUE(request.target.starts_with("/v1/log/directory"));
    HttpAnswer answer;
    vault_.alter = [&](const HttpRequest&, HttpAnswer& seen) { answer = seen; };
    static_cast<void>(third.get_json("/v1/log/directory"));
    vault_.alter = {};
    return answer;
  };
  ASSERT_DONE(home.forget_directory());
  auto other = Session::start(home, puppet_.clone(), {as_third, vault_.clock(), {}});
  ASSERT_TRUE(other);
  ASSERT_DONE(third_.session->get_json("/v1/whoami"));
  EXPECT_TAMPERED(Directory::load(**other), "other keys for this person");
}

TEST_F(DirectoryTest, ADamagedMirrorIsFetchedAgain) {
  const std::string whole = read_text(lead_.home() / "directory.jsonl");
  std::string altered = whole;
  altered[altered.size() / 2] ^= 1;
  write_text(lead_.home() / "directory.jsonl", altered);
  const auto loaded = Directory::load(*lead_.session);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(read_text(lead_.home() / "directory.jsonl"), whole);
}

}  // namespace
}  // namespace cli::client::testing
