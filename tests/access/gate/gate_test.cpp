#include "access/gate/gate.h"

#include <latch>
#include <thread>

#include "tests/access/world.h"

namespace strongroom::access::testing {
namespace {

using vault::engine::Fault;

Actor actor_of(const Identity& who) {
  return {who.id.to_string(), who.id, std::nullopt};
}

// Holds the engine's writer: what is submitted meanwhile is queued, and becomes one batch behind the command that the
// gate's writer has taken already.
class HeldWriter {
 public:
  explicit HeldWriter(World& world) : txn_(std::move(*world.store().engine().write())) {}
  void release() { txn_.reset(); }

 private:
  std::unique_ptr<WriteTransaction> txn_;
};

class GateTest : public ::testing::TestWithParam<On> {
 protected:
  GateTest() : world(GetParam()) { world.populate(); }

  std::uint64_t size() {
    const auto txn = *world.store().engine().read();
    return world.store().ledger().size(*txn)->value;
  }
  wire::EntryBody body(std::uint64_t seq) {
    const auto txn = *world.store().engine().read();
    const auto text = world.store().ledger().body(*txn, audit::LeafIndex{seq});
    EXPECT_TRUE(text);
    return *wire::decode<wire::EntryBody>(vault::as_text(*text), wire::Strictness::exact);
  }
  audit::Envelope envelope(std::uint64_t seq) {
    const auto txn = *world.store().engine().read();
    return *world.store().ledger().envelope(*txn, audit::LeafIndex{seq});
  }
  bool has_checkpoint(std::uint64_t size) {
    const auto txn = *world.store().engine().read();
    return world.store().ledger().checkpoint_at(*txn, audit::TreeSize{size})->has_value();
  }
  wire::AddAgency adding(std::string_view name) {
    return {
        .agency = AgencyId::generate(1), .kind = AgencyKind::school, .name = world.stage_text(world.icb_root, name)};
  }
  static void expect_error(const Result<Answer>& answer, Errc code) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.code(), code) << answer.error().message;
  }
  void expect_sound() {
    const auto report = check(world.store());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->ledger.is_sound());
    for (const auto& finding : report->findings) ADD_FAILURE() << finding.value << ": " << finding.problem;
  }

  World world;
};
std::string engine_name(const ::testing::TestParamInfo<On>& info) {
  return info.param == On::memory ? "Memory" : "Lmdb";
}
INSTANTIATE_TEST_SUITE_P(Engines, GateTest, ::testing::Values(On::memory), engine_name);

// What depends on how the engine stores: on both.
class DurableGateTest : public GateTest {};
INSTANTIATE_TEST_SUITE_P(Engines, DurableGateTest, ::testing::Values(On::memory, On::lmdb), engine_name);

TEST(GateGenesisTest, MakesFourEntriesUnderACheckpointOfTheirSize) {
  World world;
  const auto txn = *world.store().engine().read();
  EXPECT_EQ(world.store().ledger().size(*txn)->value, kGenesisEntries);
  const auto checkpoint = *world.store().ledger().latest_checkpoint(*txn);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->checkpoint.size.value, kGenesisEntries);
  ASSERT_EQ(world.genesis().size(), kGenesisEntries);
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
  while (world.gate().queued() != 0) std::this_thread::yield();  // the writer has it, and waits; the others are a batch
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

// What comes with an upload is ciphertext, or whatever else its sender chose: its digest stays, which the signature
// covers.
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
  expect_sound();  // and the signature verifies with it
}

TEST_P(GateTest, AnErrorLeavesNothing) {
  const auto before = size();
  wire::AddAgency command = adding("Twice");
  world.done(world.icb_root, command);
  expect_error(world.act(world.icb_root, command), Errc::conflict);
  EXPECT_EQ(size(), before + 1);
}

// --- idempotency ----------------------------------------------------------------------------------------------------

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
  auto in_flight = *world.sign_act(added, command, nonce);  // authenticated before, decided after
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
  // And it stages nothing more.
  const auto staged = world.stage(Actor{invite.invitation.to_string(), std::nullopt, invite.invitation}, {Bytes(33)});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.code(), Errc::refused);
}

TEST_P(GateTest, AnInvitationThatFellWithItsInviterStagesNothing) {
  const auto key = vault::crypto::SigningKey::generate();
  const auto inviter = world.invite(world.icb_root, world.school, {Role::agency_lead}, "Another lead");
  const wire::InvitePerson invite{.invitation = InvitationId::generate(1),
                                  .agency = world.school,
                                  .roles = {Role::depositor},
                                  .key = key.verify_key(),
                                  .expires = {world.now().unix_ms + 1000},
                                  .name = world.stage_text(inviter, "Depositor"),
                                  .replaces = std::nullopt};
  world.done(inviter, invite);
  const Actor invited{invite.invitation.to_string(), std::nullopt, invite.invitation};
  EXPECT_TRUE(world.stage(invited, {Bytes(33)}));
  world.done(world.icb_root, wire::RevokePerson{inviter.id, std::nullopt});
  const auto staged = world.stage(invited, {Bytes(33)});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.code(), Errc::refused);
}

// --- failing storage ------------------------------------------------------------------------------------------------

TEST_P(DurableGateTest, WhenAPutFailsOnlyTheCulpritFails) {
  const wire::AddAgency blocker = adding("Blocker");
  const wire::AddAgency good = adding("Good");
  const wire::AddAgency culprit = adding("Culprit");
  const wire::AddAgency other = adding("Other");
  const auto before = size();
  world.refuse_puts([digest = culprit.name](ByteView key) { return std::ranges::equal(key, digest); });
  HeldWriter held(world);
  auto first = world.submit(*world.sign_act(world.icb_root, blocker));
  auto second = world.submit(*world.sign_act(world.icb_root, good));
  auto third = world.submit(*world.sign_act(world.icb_root, culprit));
  auto fourth = world.submit(*world.sign_act(world.icb_root, other));
  held.release();
  World::expect_done(first.get());
  World::expect_done(second.get());
  expect_error(third.get(), Errc::full);
  World::expect_done(fourth.get());
  world.refuse_puts({});
  EXPECT_EQ(size(), before + 3);
  // Nothing of it was kept, so it can be done now.
  world.done(world.icb_root, culprit);
  expect_sound();
}

// The service logs this message, and shows callers another one (Problem.OfOursNeverTellsItsInnerCause).
TEST_P(GateTest, AStorageFailureKeepsItsCause) {
  const wire::AddAgency command = adding("Culprit");
  world.refuse_puts([digest = command.name](ByteView key) { return std::ranges::equal(key, digest); });
  const auto answer = world.act(world.icb_root, command);
  world.refuse_puts({});
  expect_error(answer, Errc::full);
  EXPECT_TRUE(answer.error().message.contains("refused by the test")) << answer.error().message;
}

TEST_P(GateTest, AFailureAtAnyPutLeavesAVaultThatIsSound) {
  for (std::uint64_t nth = 1;; ++nth) {
    const wire::AddAgency command = adding("Fictional Agency");
    world.engine().inject({.at = Fault::At::put, .nth = nth, .code = Errc::full, .takes_effect = false});
    world.done(world.icb_root, command);  // the second attempt is the one that counts
    if (world.engine().puts() < nth) break;
    ASSERT_LT(nth, 200U);
  }
  world.engine().heal();
  expect_sound();
}

TEST_P(DurableGateTest, ACommitThatChangedNothingIsTriedAgain) {
  const wire::AddAgency command = adding("Fictional Agency");
  world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::full, .takes_effect = false});
  world.done(world.icb_root, command);
  EXPECT_TRUE(world.engine().has_failed());
  EXPECT_TRUE(world.fatal().empty());
}

class UnknownOutcomeTest : public GateTest {
 protected:
  // The commit fails, with or without effect; nobody is told; then the vault is opened again.
  void fail_commit(const wire::AddAgency& command, const std::string& nonce, bool takes_effect) {
    auto request = *world.sign_act(world.icb_root, command, nonce);
    const auto later = request;
    world.engine().inject({.at = Fault::At::commit, .nth = 1, .code = Errc::io, .takes_effect = takes_effect});
    auto answer = world.submit(std::move(request));
    EXPECT_THROW(static_cast<void>(answer.get()), std::future_error);  // the completion went unused
    EXPECT_FALSE(world.gate().is_taking());
    EXPECT_EQ(world.fatal().size(), 1U);
    expect_error(world.submit(later).get(), Errc::unavailable);
    const auto reopened = world.reopen();
    ASSERT_TRUE(reopened) << reopened.error().message;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, UnknownOutcomeTest, ::testing::Values(On::memory, On::lmdb), engine_name);

TEST_P(UnknownOutcomeTest, ARetryFindsWhatWasKept) {
  const wire::AddAgency command = adding("Fictional Agency");
  const std::string nonce = world.new_nonce();
  const auto before = size();
  fail_commit(command, nonce, true);
  EXPECT_EQ(size(), before + 1);
  EXPECT_TRUE(world.done(world.icb_root, command, nonce).repeated);
  expect_sound();
}

TEST_P(UnknownOutcomeTest, ARetryDoesWhatWasLost) {
  const wire::AddAgency command = adding("Fictional Agency");
  const std::string nonce = world.new_nonce();
  const auto before = size();
  fail_commit(command, nonce, false);
  EXPECT_EQ(size(), before);
  EXPECT_FALSE(world.done(world.icb_root, command, nonce).repeated);
  expect_sound();
}

// --- time -----------------------------------------------------------------------------------------------------------

TEST_P(GateTest, WhenTheClockStepsBackTimeStandsStillAndOneEntrySaysSo) {
  const Done done = world.done(world.icb_root, adding("Before"));
  const Instant last = envelope(done.seqs[0].value).time;
  const auto first = adding("First");
  const auto second = adding("Second");
  const auto before = size();
  world.set_wall({last.unix_ms - 30'000});
  const Done one = world.done(world.icb_root, first);
  const Done two = world.done(world.icb_root, second);
  EXPECT_EQ(size(), before + 3);
  EXPECT_EQ(body(before).kind, "clock.stepped");
  EXPECT_EQ(envelope(one.seqs[0].value).time, last);
  EXPECT_EQ(envelope(two.seqs[0].value).time, last);
  expect_sound();
}

TEST_P(GateTest, AJumpAheadIsAnEntryOfItsOwn) {
  const auto before = adding("Before");
  const auto after = adding("After");
  world.done(world.icb_root, before);
  const auto at = size();
  world.set_wall({world.now().unix_ms + limits::kClockJumpMs + 1});
  world.done(world.icb_root, after);
  EXPECT_EQ(body(at).kind, "clock.stepped");
  EXPECT_EQ(size(), at + 2);
  expect_sound();
}

TEST_P(GateTest, ARequestThatWaitedTooLongIsNotAccepted) {
  const wire::AddAgency command = adding("Late");
  auto request = *world.sign_act(world.icb_root, command);
  const auto before = size();
  world.pass(61'000);
  expect_error(world.submit(std::move(request)).get(), Errc::refused);
  EXPECT_EQ(size(), before);
}

TEST(EntryClockTest, WithoutAStepTimeIsTheClocks) {
  EntryClock clock;
  clock.keep({.wall = {1000}, .steady_ms = 0}, {1000});
  const auto moment = clock.observe({.wall = {61'000}, .steady_ms = 60'000}, {1000});
  EXPECT_EQ(moment.time, Instant{61'000});
  EXPECT_FALSE(moment.stepped);
}

TEST(EntryClockTest, AJumpOfTheLimitIsNoneAndOneMoreIs) {
  EntryClock clock;
  clock.keep({.wall = {1000}, .steady_ms = 0}, {1000});
  EXPECT_FALSE(clock.observe({.wall = {1010 + limits::kClockJumpMs}, .steady_ms = 10}, {1000}).stepped);
  const auto moment = clock.observe({.wall = {1011 + limits::kClockJumpMs}, .steady_ms = 10}, {1000});
  ASSERT_TRUE(moment.stepped);
  EXPECT_EQ(moment.stepped->from, Instant{1010});
  EXPECT_EQ(moment.stepped->to, moment.time);
}

TEST(EntryClockTest, ALongRestIsNoJump) {
  const EntryClock clock;  // just started: nothing to compare with
  EXPECT_FALSE(clock.observe({.wall = {1'000'000'000}, .steady_ms = 5}, {1000}).stepped);
}

TEST(EntryClockTest, AStepBackIsSaidOnceUntilTheClockHasCaughtUp) {
  EntryClock clock;
  EXPECT_TRUE(clock.observe({.wall = {500}, .steady_ms = 0}, {1000}).stepped);
  clock.keep({.wall = {500}, .steady_ms = 0}, {1000});
  EXPECT_FALSE(clock.observe({.wall = {600}, .steady_ms = 100}, {1000}).stepped);
  EXPECT_EQ(clock.observe({.wall = {600}, .steady_ms = 100}, {1000}).time, Instant{1000});
  clock.keep({.wall = {1100}, .steady_ms = 600}, {1100});
  EXPECT_TRUE(clock.observe({.wall = {900}, .steady_ms = 700}, {1100}).stepped);
}

// --- staging --------------------------------------------------------------------------------------------------------

TEST_P(GateTest, AMissingValueIsNamedAndNothingIsAppended) {
  const auto before = size();
  wire::AddAgency command{.agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = {}};
  command.name.fill(std::byte{0xab});
  const auto answer = world.act(world.icb_root, command);
  expect_error(answer, Errc::not_found);
  EXPECT_NE(answer.error().message.find(vault::hex(command.name)), std::string::npos);
  EXPECT_EQ(size(), before);
}

TEST_P(GateTest, WhatSomebodyElseStagedIsNotThere) {
  const wire::AddAgency command{.agency = AgencyId::generate(1),
                                .kind = AgencyKind::other,
                                .name = world.stage_text(world.police_root, "Fictional Agency")};
  expect_error(world.act(world.icb_root, command), Errc::not_found);
}

TEST_P(GateTest, TextWithControlCharactersIsNotAccepted) {
  const wire::AddAgency command{.agency = AgencyId::generate(1),
                                .kind = AgencyKind::other,
                                .name = world.stage_text(world.icb_root, "with a \t tab")};
  expect_error(world.act(world.icb_root, command), Errc::invalid_argument);
}

TEST_P(GateTest, WhatIsNotClaimedIsCollectedAfterADay) {
  const Digest digest = world.stage_text(world.icb_root, "Fictional Agency");
  world.pass(limits::kStagedMs);
  EXPECT_EQ(*world.gate().collect_garbage(), 0U);
  world.pass(1);
  EXPECT_EQ(*world.gate().collect_garbage(), 1U);
  EXPECT_EQ(*world.gate().collect_garbage(), 0U);
  expect_error(world.act(world.icb_root, wire::AddAgency{AgencyId::generate(1), AgencyKind::other, digest}),
               Errc::not_found);
}

TEST_P(GateTest, StagingHasAQuotaForEachKey) {
  const Bytes index(kMaxIndexBytes, std::byte{1});
  const auto stage = [&](const Identity& who, std::byte mark) {
    Bytes value = index;
    value[0] = mark;
    return world.stage(actor_of(who), {value});
  };
  for (unsigned i = 0; i < limits::kMaxStagedBytesPerKey / kMaxIndexBytes; ++i)
    ASSERT_TRUE(stage(world.first, static_cast<std::byte>(i)));
  EXPECT_TRUE(stage(world.first, std::byte{0}));  // there already
  const auto over = stage(world.first, std::byte{99});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.code(), Errc::full);
  EXPECT_TRUE(stage(world.second, std::byte{99}));
}

TEST_P(GateTest, AStagedValueIsAtMostSoLarge) {
  EXPECT_TRUE(world.stage(actor_of(world.first), {Bytes(kMaxBesideValueBytes), Bytes(1)}));
  const auto large = world.stage(actor_of(world.first), {Bytes(kMaxBesideValueBytes + 1), Bytes(1)});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.code(), Errc::too_large);
  const auto many = world.stage(actor_of(world.first), std::vector<Bytes>(kMaxBesideValuesPerRequest + 1, Bytes(1)));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.code(), Errc::too_large);
}

// --- records --------------------------------------------------------------------------------------------------------

class SealingTest : public GateTest {
 protected:
  SealingTest() { world.open_case(); }
  wire::SealRecords sealing(const wire::NewRecord& record) { return {world.safe.id, 0, {record}, std::nullopt}; }
  wire::NewRecord record() { return world.new_record(world.depositor, world.safe, Bytes(1000)); }
};
INSTANTIATE_TEST_SUITE_P(Engines, SealingTest, ::testing::Values(On::memory), engine_name);

TEST_P(SealingTest, ASealedRecordHasItsPayloadHeaderAndDescriptor) {
  const auto records = world.seal(world.depositor, world.safe, 3);
  const auto txn = *world.store().engine().read();
  for (const RecordId& id : records) {
    const auto row = **world.store().state().record(*txn, id);
    EXPECT_EQ((**world.store().payload().find(*txn, payload_id(id))).digest, row.payload);
    EXPECT_EQ(vault::crypto::sha256(**world.store().state().beside(*txn, BesideTable::header, id_key(id))), row.header);
  }
  expect_sound();
}

TEST_P(SealingTest, AnUploadThatIsNotCompleteIsAConflict) {
  wire::NewRecord one = record();
  ASSERT_TRUE(world.store().payload().discard(payload_id(one.upload)));
  ASSERT_TRUE(world.store().payload().create(payload_id(one.upload), world.depositor.id.to_string(), one.length));
  expect_error(world.act(world.depositor, sealing(one)), Errc::conflict);
}

TEST_P(SealingTest, AnUploadWithAnotherDigestIsNotSealed) {
  wire::NewRecord one = record();
  one.payload[0] ^= std::byte{1};
  const auto before = size();
  expect_error(world.act(world.depositor, sealing(one)), Errc::tampered);
  EXPECT_EQ(size(), before);
}

TEST_P(SealingTest, SomebodyElsesUploadIsNotThere) {
  const wire::NewRecord one = record();
  expect_error(world.act(world.first, sealing(one)), Errc::not_found);
}

TEST_P(SealingTest, AHeaderForTwoRecipientsIsNotAccepted) {
  wire::NewRecord one = record();
  const vault::age::Recipient two[] = {world.safe.key.recipient(), world.first.age.recipient()};
  const Bytes file = *vault::age::encrypt_small(vault::as_bytes("x"), two);
  one.header = world.stage(world.depositor, vault::age::parse_header(file)->bytes);
  expect_error(world.act(world.depositor, sealing(one)), Errc::invalid_argument);
}

TEST_P(SealingTest, AHeaderWithSomethingBehindItIsNotAccepted) {
  wire::NewRecord one = record();
  one.header = world.stage(world.depositor, world.age_file("x", world.safe.key.recipient()));
  expect_error(world.act(world.depositor, sealing(one)), Errc::invalid_argument);
}

TEST_P(SealingTest, ARetriedSealingIsAnsweredThoughItsUploadsAreGone) {
  const auto command = sealing(record());
  const std::string nonce = world.new_nonce();
  const Done done = world.done(world.depositor, command, nonce);
  EXPECT_EQ(world.done(world.depositor, command, nonce).seqs, done.seqs);
}

// --- authentication and limits --------------------------------------------------------------------------------------

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

TEST_P(GateTest, OverTheLimitOneEntryTellsHowManyWereTurnedAway) {
  const auto before = size();
  for (std::int64_t i = 0; i < limits::kRequestBurst; ++i) ASSERT_TRUE(world.gate().admit(actor_of(world.first)));
  for (int i = 0; i < 5; ++i) {
    const auto admitted = world.gate().admit(actor_of(world.first));
    ASSERT_FALSE(admitted);
    EXPECT_EQ(admitted.code(), Errc::limited);
  }
  EXPECT_TRUE(world.gate().admit(actor_of(world.second)));
  EXPECT_TRUE(world.gate().collect_garbage());
  EXPECT_EQ(size(), before);  // the interval is not over
  world.pass(limits::kLimitedIntervalMs);
  EXPECT_TRUE(world.gate().admit(actor_of(world.first)));
  ASSERT_TRUE(world.reopen());
  ASSERT_EQ(size(), before + 1);
  const auto limited = *wire::from_json<wire::RequestsLimited>(body(before).detail);
  EXPECT_EQ(limited.person, world.first.id);
  EXPECT_EQ(limited.count, 5U);
  expect_sound();
}

TEST_P(DurableGateTest, AFullQueueTakesNothingMore) {
  std::atomic<std::size_t> unavailable = 0;
  std::atomic<std::size_t> answered = 0;
  const auto request = *world.sign_act(world.icb_root, adding("Fictional Agency"), "the-same-nonce-again");
  {
    HeldWriter held(world);
    // The writer has taken a batch of at most kMaxBatchCommands of them.
    const std::size_t sent = limits::kMaxQueuedCommands + limits::kMaxBatchCommands + 1;
    for (std::size_t i = 0; i < sent; ++i)
      world.gate().submit(request, [&](const Result<Answer>& answer) {
        ++answered;
        if (!answer && answer.code() == Errc::unavailable) ++unavailable;
      });
    EXPECT_GE(unavailable, 1U);
  }
  world.gate().stop();
  EXPECT_EQ(answered, limits::kMaxQueuedCommands + limits::kMaxBatchCommands + 1);
  expect_error(world.submit(request).get(), Errc::unavailable);
}

TEST_P(DurableGateTest, ManyAtOnceAllHaveTheirEntries) {
  constexpr int kThreads = 8;
  constexpr int kEach = 15;
  const auto before = size();
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        const Identity& who = t % 2 == 0 ? world.icb_root : world.police_root;
        for (int i = 0; i < kEach; ++i) {
          const wire::AddAgency command{
              .agency = AgencyId::generate(1), .kind = AgencyKind::other, .name = world.stage_text(who, "Agency")};
          const auto answer = world.act(who, command);
          if (answer && std::holds_alternative<Done>(*answer)) ++done;
        }
      });
  }
  EXPECT_EQ(done, kThreads * kEach);
  EXPECT_EQ(size(), before + kThreads * kEach);
  expect_sound();
}

}  // namespace
}  // namespace strongroom::access::testing
