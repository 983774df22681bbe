// Tests the rules that every act follows, and the tables that store what acts change.
#include "access/wire/http_signature.h"
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Acts : public Partnership {};

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

  // Applies the entries once more over the existing rows, as `rebuild` does.
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

// The vault remembers a signed request by its nonce for seven days, together with the entries that it made.
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
  EXPECT_EQ(rows(), 1U);  // the first entry after seven days makes the vault forget the old one
}

TEST_F(Acts, ARefusalMapsNoNonce) {
  Stored entry = entries_.back();
  entry.body.kind = "access.refused";
  entry.body.detail = wire::to_json(wire::AccessRefused{"issue-copy", "keyholder"});
  entry.body.request = wire::EntryRequest{"POST", "vault.example", "/v1/acts/copy.issue", std::string("{}"), "x", "y"};
  EXPECT_TRUE(tables_.apply_entry(entry));
  EXPECT_TRUE(tables_.projections().at("state/nonces").empty());
}

// --- state -----------------------------------------------------------------------------------------------------------

TEST(StagedValues, BelongToWhoStagedThemUntilTheyAreUsedOrExpire) {
  Tables tables;
  const Bytes value = vault::to_bytes(std::string_view("a wrap"));
  const Digest digest = vault::crypto::sha256(value);
  const auto txn = tables.write();
  State& state = tables.state();
  ASSERT_TRUE(state.stage(*txn, "person_a", value, {1000}));
  ASSERT_TRUE(state.stage(*txn, "person_a", value, {2000}));  // if a value is staged again, the later time counts
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
  EXPECT_EQ(classes[TableClass::projection], 30);
  EXPECT_EQ(classes[TableClass::beside], 9);
  EXPECT_EQ(classes[TableClass::local], 2);
}

}  // namespace
}  // namespace strongroom::access::testing
