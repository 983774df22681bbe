// Tests the gate as a whole: acts, refusals, retries, signatures.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Engines, GateTest, ::testing::Values(On::memory), engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, DurableGateTest, ::testing::Values(On::memory, On::lmdb), engine_name);

TEST(GateGenesisTest, BeginsFourChainsAndInvitesFourPeopleUnderOneCheckpoint) {
  World world;
  const auto txn = *world.store().engine().read();
  EXPECT_EQ(world.store().ledger().size(*txn)->value, kGenesisEntries);
  const auto checkpoint = *world.store().ledger().latest_checkpoint(*txn);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->checkpoint.size.value, kGenesisEntries);
  EXPECT_EQ(*world.store().ledger().chains(*txn), 4U);
  ASSERT_EQ(world.genesis().size(), wire::kGenesisInvitations);
  EXPECT_EQ(world.genesis()[3].roles, std::vector<Role>{Role::administrator});
  EXPECT_EQ(world.genesis()[3].agency, world.genesis()[0].agency);
}

TEST_P(GateTest, AnActIsAnEntryUnderACheckpoint) {
  const Done done = world.done(world.icb_root, adding("Fictional Clinic"));
  ASSERT_EQ(done.seqs.size(), 1U);
  EXPECT_EQ(body(done.seqs[0].value).kind, "agency.added");
  const auto txn = *world.store().engine().read();
  const auto answer = world.store().log_answer(*txn, audit::TreeSize{0}, done.seqs);
  ASSERT_TRUE(answer && answer->receipt);
  EXPECT_TRUE(
      audit::verify_receipt(*answer->receipt, world.store().config().origin, world.store().log_key().verify_key()));
}

TEST_P(DurableGateTest, ABatchHasOneCheckpointAndLaterCommandsSeeEarlierOnes) {
  const wire::AddAgency blocker = adding("Blocker");
  const wire::AddAgency agency = adding("Fictional School");
  const wire::InvitePerson invitation{.invitation = InvitationId::generate(1),
                                      .agency = agency.agency,
                                      .roles = {Role::agency_lead},
                                      .key = vault::crypto::SigningKey::generate().verify_key(),
                                      .expires = {world.now().unix_ms + 1000},
                                      .name = world.stage_text(world.authority_root, "Lead"),
                                      .replaces = std::nullopt};
  const auto before = size();
  HeldWriter held(world);
  auto first = world.submit(*world.sign_act(world.icb_root, blocker));
  while (world.gate().queued() != 0) std::this_thread::yield();  // the writer has taken it and waits
  auto second = world.submit(*world.sign_act(world.icb_root, agency));
  auto third = world.submit(*world.sign_act(world.authority_root, invitation));
  held.release();
  World::expect_done(first.get());
  World::expect_done(second.get());
  World::expect_done(third.get());
  EXPECT_EQ(size(), before + 3);
  EXPECT_TRUE(has_checkpoint(before + 3));
  EXPECT_FALSE(has_checkpoint(before + 2));
}

TEST_P(DurableGateTest, ARefusalLeavesItsOwnEntryAndNothingElse) {
  const auto before = size();
  const wire::AddAgency command{
      .agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = world.stage_text(world.lead, "x")};
  const auto answer = world.act(world.lead, command);
  ASSERT_TRUE(answer);
  const auto& refused = std::get<Refused>(*answer);
  EXPECT_EQ(refused.rule, "partner");
  EXPECT_FALSE(refused.hidden);
  EXPECT_EQ(size(), before + 1);
  const wire::EntryBody entry = body(refused.seq.value);
  EXPECT_EQ(entry.kind, "access.refused");
  EXPECT_EQ(entry.actor, world.lead.id.to_string());
  EXPECT_TRUE(entry.request);
  const auto txn = *world.store().engine().read();
  EXPECT_FALSE(*world.store().state().agency(*txn, command.agency));
}

TEST_P(GateTest, ARefusedReadIsRecordedWithItsSignedRequest) {
  world.open_case();
  const std::string target = "/v1/safes/" + world.safe.id.to_string();
  const auto txn = *world.store().engine().read();
  const auto view = *View::of(world.store(), *txn, world.outsider.id, world.now());
  auto safe = view.safe(world.safe.id);
  ASSERT_TRUE(safe);
  std::promise<Result<Answer>> promise;
  world.gate().refuse(*world.sign(world.outsider, "GET", target, ""), std::get<Refusal>(*safe),
                      [&](auto answer) { promise.set_value(std::move(answer)); });
  const auto answer = promise.get_future().get();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::get<Refused>(*answer).hidden);
  const wire::EntryBody entry = body(std::get<Refused>(*answer).seq.value);
  EXPECT_EQ(entry.request->target, target);
  EXPECT_EQ(entry.ids.safe, world.safe.id);
  expect_sound();
}

TEST_P(GateTest, ARefusalOfAReadThatIsPermittedByNowIsNotRecorded) {
  world.open_case();
  const std::string target = "/v1/safes/" + world.safe.id.to_string();
  auto request = *world.sign(world.first, "GET", target, "");
  Refusal outdated;
  outdated.action = Action::see_safe;
  const auto before = size();
  std::promise<Result<Answer>> promise;
  world.gate().refuse(std::move(request), outdated, [&](auto answer) { promise.set_value(std::move(answer)); });
  expect_error(promise.get_future().get(), Errc::retry);
  EXPECT_EQ(size(), before);
}

// The body of an upload is ciphertext, or anything else that its sender chose. The entry keeps its digest, which the
// signature covers.
TEST_P(GateTest, ARefusedUploadKeepsTheDigestOfWhatCameWithIt) {
  const std::string bytes = "not for the ledger \xff";
  auto request = *world.sign(world.administrator, "POST", "/v1/uploads", bytes);
  Refusal refusal;
  refusal.action = Action::upload;
  std::promise<Result<Answer>> promise;
  world.gate().refuse(std::move(request), refusal, [&](auto answer) { promise.set_value(std::move(answer)); });
  const auto answer = promise.get_future().get();
  ASSERT_TRUE(answer) << answer.error().message;
  const wire::EntryBody entry = body(std::get<Refused>(*answer).seq.value);
  const auto* omitted = std::get_if<wire::OmittedBody>(&entry.request->content);
  ASSERT_TRUE(omitted);
  EXPECT_EQ(omitted->sha256, vault::crypto::sha256(vault::as_bytes(bytes)));
  expect_sound();  // this also verifies the signature, with that digest
}

TEST_P(GateTest, AnErrorLeavesNothing) {
  const auto before = size();
  wire::AddAgency command = adding("Twice");
  world.done(world.icb_root, command);
  expect_error(world.act(world.icb_root, command), Errc::conflict);
  EXPECT_EQ(size(), before + 1);
}

// --- retries ---------------------------------------------------------------------------------------------------------

TEST_P(DurableGateTest, ARetriedNonceIsAnsweredWithTheSameEntriesAlsoAfterReopening) {
  const wire::AddAgency command = adding("Once");
  const std::string nonce = world.new_nonce();
  const Done done = world.done(world.icb_root, command, nonce);
  const auto after = size();
  world.pass(120'000);
  const Done again = world.done(world.icb_root, command, nonce);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.seqs, done.seqs);
  EXPECT_EQ(again.data, done.data);
  const auto reopened = world.reopen();
  ASSERT_TRUE(reopened) << reopened.error().message;
  EXPECT_EQ(world.done(world.icb_root, command, nonce).seqs, done.seqs);
  EXPECT_EQ(size(), after);
}

TEST_P(GateTest, ARetriedReferralIsAnsweredWithItsReference) {
  world.open_case();
  // The referral is the first entry of the case.
  const auto txn = *world.store().engine().read();
  const auto row = **world.store().state().find_case(*txn, world.case_id);
  const auto request = *body(row.seq).request;
  const auto detail = *wire::decode<wire::ReferCase>(std::get<std::string>(request.content), wire::Strictness::exact);
  const std::size_t at = request.signature_input.find("nonce=\"") + 7;
  const std::string nonce = request.signature_input.substr(at, request.signature_input.find('"', at) - at);
  const Done again = world.done(world.spoc, detail, nonce);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.data.at("reference").as_string(), world.reference);
}

TEST_P(GateTest, ARetriedIssueIsAnsweredWithTheCopysNumber) {
  world.open_case();
  const auto records = world.seal(world.depositor, world.safe, 1);
  const auto command = world.issuing(world.safe.id, records, world.first);
  const std::string nonce = world.new_nonce();
  const Done done = world.done(world.first, command, nonce);
  EXPECT_EQ(done.data.at("number").to_number<int>(), 1);
  EXPECT_EQ(world.done(world.first, command, nonce).data, done.data);
}

TEST_P(GateTest, TheSameNonceWithOtherContentIsAConflict) {
  const std::string nonce = world.new_nonce();
  world.done(world.icb_root, adding("One"), nonce);
  expect_error(world.act(world.icb_root, adding("Another"), nonce), Errc::conflict);
}

TEST_P(GateTest, ANonceOfAnotherKeyIsAnother) {
  const std::string nonce = world.new_nonce();
  world.done(world.icb_root, adding("One"), nonce);
  const wire::AddAgency command{
      .agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = world.stage_text(world.police_root, "Two")};
  EXPECT_FALSE(world.done(world.police_root, command, nonce).repeated);
}

TEST_P(GateTest, ARetryAfterARevocationIsNotAccepted) {
  const auto added = world.invite(world.icb_root, world.icb, {Role::partner}, "Partner");
  const wire::AddAgency command{
      .agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = world.stage_text(added, "Added")};
  const std::string nonce = world.new_nonce();
  world.done(added, command, nonce);
  auto in_flight = *world.sign_act(added, command, nonce);  // authenticated before the revocation, decided after it
  world.done(world.icb_root, wire::RevokePerson{added.id, std::nullopt});
  const auto before = size();
  expect_error(world.submit(std::move(in_flight)).get(), Errc::refused);
  EXPECT_FALSE(world.sign_act(added, command, nonce));
  EXPECT_EQ(size(), before);
}

TEST_P(GateTest, ARetriedEnrolmentIsAnsweredThoughItsInvitationIsUsed) {
  const auto key = vault::crypto::SigningKey::generate();
  const wire::InvitePerson invite{.invitation = InvitationId::generate(1),
                                  .agency = world.school,
                                  .roles = {Role::depositor},
                                  .key = key.verify_key(),
                                  .expires = {world.now().unix_ms + 1000},
                                  .name = world.stage_text(world.lead, "Depositor"),
                                  .replaces = std::nullopt};
  world.done(world.lead, invite);
  const wire::EnrolPerson enrol{.invitation = invite.invitation,
                                .person = PersonId::generate(1),
                                .signing_key = vault::crypto::SigningKey::generate().verify_key(),
                                .recipient = vault::age::Identity::generate().recipient(),
                                .name = std::nullopt};
  const auto send = [&](const std::string& nonce) {
    return world
        .submit(*world.sign(invite.invitation.to_string(), key, "POST", "/v1/acts/person.enrol", wire::encode(enrol),
                            nonce))
        .get();
  };
  const Done done = World::expect_done(send("nonce-of-the-enrolment"));
  EXPECT_EQ(World::expect_done(send("nonce-of-the-enrolment")).seqs, done.seqs);
  expect_error(send("nonce-of-another-enrolment"), Errc::refused);
  // A used invitation can stage nothing more.
  const auto staged = world.stage(Actor{invite.invitation.to_string(), std::nullopt, invite.invitation}, {Bytes(33)});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.code(), Errc::refused);
}

// --- signatures ------------------------------------------------------------------------------------------------------

TEST_P(GateTest, AnotherKeysSignatureIsNotAccepted) {
  const auto request = world.sign(world.lead.id.to_string(), world.first.signing, "GET", "/v1/whoami", "");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.code(), Errc::refused);
}

TEST_P(GateTest, AnUnknownKeyIsNotAccepted) {
  const Identity nobody{.id = PersonId::generate(1)};
  const auto request = world.sign(nobody, "GET", "/v1/whoami", "");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.code(), Errc::refused);
}

TEST_P(GateTest, ARequestForNoActIsNotSubmitted) {
  auto request = *world.sign(world.icb_root, "GET", "/v1/acts/agency.add", "");
  std::promise<Result<Answer>> promise;
  world.gate().submit(std::move(request), [&](auto answer) { promise.set_value(std::move(answer)); });
  expect_error(promise.get_future().get(), Errc::invalid_argument);
}

}  // namespace
}  // namespace strongroom::access::testing
