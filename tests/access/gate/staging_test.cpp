// Tests staged values and uploaded payloads, and the commands that claim them.
#include "tests/access/gate/gate_fixture.h"

namespace strongroom::access::testing {
namespace {

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
  EXPECT_TRUE(stage(world.first, std::byte{0}));  // it is there already
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

// --- records ---------------------------------------------------------------------------------------------------------

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

}  // namespace
}  // namespace strongroom::access::testing
