#include "access/views.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>

#include "access/wire/page.h"
#include "audit/chain.h"
#include "tests/access/world.h"

namespace strongroom::access::testing {
namespace {

// Says how one read ended.
struct Seen {
  bool shown = false;
  std::optional<Refusal> refusal;
  std::optional<Error> error;
};

template <class T>
Seen seen(const Viewed<T>& viewed) {
  if (!viewed) return {.shown = false, .refusal = std::nullopt, .error = viewed.error()};
  if (const auto* refusal = std::get_if<Refusal>(&*viewed))
    return {.shown = false, .refusal = *refusal, .error = std::nullopt};
  return {.shown = true, .refusal = std::nullopt, .error = std::nullopt};
}

class ViewsTest : public ::testing::Test {
 protected:
  ViewsTest() {
    world.populate();
    world.open_case();
  }
  // Opens a snapshot, and a person's view of it.
  template <class Look>
  auto look(const Identity& who, const Look& use) {
    const auto txn = *world.store().engine().read();
    const auto view = View::of(world.store(), *txn, who.id, world.now());
    vault::invariant(view.has_value(), "whoever looks in these tests is enrolled");
    return use(*view);
  }
  template <class Look>
  auto shown(const Identity& who, const Look& use) {
    auto viewed = look(who, use);
    EXPECT_TRUE(seen(viewed).shown) << (viewed ? "refused" : viewed.error().message);
    using T = std::variant_alternative_t<0, std::remove_cvref_t<decltype(*viewed)>>;
    return seen(viewed).shown ? std::move(std::get<0>(*viewed)) : T();
  }
  std::vector<std::string> kinds(const std::vector<audit::ReceiptEntry>& entries) {
    std::vector<std::string> names;
    for (const auto& entry : entries)
      names.push_back(wire::decode<wire::EntryBody>(vault::as_text(entry.body), wire::Strictness::exact)->kind);
    return names;
  }
  std::vector<std::string> trail_kinds(const Identity& who, const TrailFilter& filter) {
    std::vector<std::string> names;
    for (const auto& entry : shown(who, [&](const View& view) { return view.trail(filter, ""); }).items)
      names.push_back(wire::decode<wire::EntryBody>(*entry.body, wire::Strictness::exact)->kind);
    std::erase(names, wire::ChainBegun::kKind);  // the test of these looks at them by itself
    return names;
  }
  CopyId issue(const std::vector<RecordId>& records, const Identity& holder) {
    const auto command = world.issuing(world.safe.id, records, holder);
    world.done(world.first, command);
    return command.copy;
  }
  void prepare(const CopyId& copy, std::size_t records, const Identity& holder) {
    wire::PrepareCopy command{.copy = copy, .headers = {}, .index = {}};
    for (std::size_t i = 0; i < records; ++i)
      command.headers.push_back(
          world.stage(world.first, vault::age::parse_header(world.age_file("x", holder.age.recipient()))->bytes));
    command.index = world.stage(world.first, world.age_file("{}", holder.age.recipient()));
    world.done(world.first, command);
  }
  Seen headers(const Identity& who, const CopyId& copy) {
    return look(who, [&](const View& view) { return seen(view.copy_headers(copy, "")); });
  }
  Seen files(const Identity& who, const CopyId& copy) {
    return look(who, [&](const View& view) { return seen(view.copy_files(copy, "")); });
  }
  Seen payload(const Identity& who, const CopyId& copy, const RecordId& record) {
    return look(who, [&](const View& view) { return seen(view.payload(copy, record)); });
  }
  static void expect_refused(const Seen& outcome, std::string_view rule, bool hidden) {
    ASSERT_TRUE(outcome.refusal) << (outcome.error ? outcome.error->message : "it was shown");
    EXPECT_EQ(outcome.refusal->rule, rule);
    EXPECT_EQ(outcome.refusal->hidden, hidden);
  }
  static void expect_error(const Seen& outcome, Errc code) {
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, code) << outcome.error->message;
  }

  World world;
};

// --- every read by everybody ----------------------------------------------------------------------------------------

TEST(ViewsOfEverythingTest, WhateverIsRefusedIsDerivedAgainFromItsTarget) {
  World world;
  world.populate();
  world.open_case();
  world.live_through_everything();
  const std::string safe = world.safe.id.to_string();
  const std::string review = world.review_safe.id.to_string();
  const std::string record = world.records[0].to_string();
  const std::string copy = world.copy.to_string();
  const SafeId no_safe = SafeId::generate(1);
  using Read = std::function<Seen(const View&)>;
  const std::vector<std::pair<std::string, Read>> reads{
      {"/v1/cases/" + world.case_id.to_string(),
       [&](const View& view) { return seen(view.find_case(world.case_id.to_string())); }},
      {"/v1/cases/" + world.reference, [&](const View& view) { return seen(view.find_case(world.reference)); }},
      {"/v1/cases/" + world.case_id.to_string() + "/chains/review",
       [&](const View& view) { return seen(view.review_chain(world.case_id, "")); }},
      {"/v1/cases/RR-2026-9999", [&](const View& view) { return seen(view.find_case("RR-2026-9999")); }},
      {"/v1/safes?case=" + world.case_id.to_string(),
       [&](const View& view) { return seen(view.safes(world.case_id, "")); }},
      {"/v1/safes/" + safe, [&](const View& view) { return seen(view.safe(world.safe.id)); }},
      {"/v1/safes/" + review, [&](const View& view) { return seen(view.safe(world.review_safe.id)); }},
      {"/v1/safes/" + no_safe.to_string(), [&](const View& view) { return seen(view.safe(no_safe)); }},
      {"/v1/safes/" + safe + "/keys", [&](const View& view) { return seen(view.safe_keys(world.safe.id)); }},
      {"/v1/safes/" + safe + "/chains/keys?from=",
       [&](const View& view) { return seen(view.keys_chain(world.safe.id, "")); }},
      {"/v1/safes/" + safe + "/chains/recovery",
       [&](const View& view) { return seen(view.recovery_chain(world.safe.id, "")); }},
      {"/v1/safes/" + safe + "/chains/records",
       [&](const View& view) { return seen(view.records_chain(world.safe.id, "")); }},
      {"/v1/safes/" + safe + "/records", [&](const View& view) { return seen(view.records(world.safe.id, {}, "")); }},
      {"/v1/records/" + record + "/sealing", [&](const View& view) { return seen(view.sealing(world.records[0])); }},
      {"/v1/records/" + record, [&](const View& view) { return seen(view.record(world.records[0])); }},
      {"/v1/copies/" + copy, [&](const View& view) { return seen(view.copy(copy)); }},
      {"/v1/copies/C-0002", [&](const View& view) { return seen(view.copy("C-0002")); }},
      {"/v1/copies?case=" + world.case_id.to_string(),
       [&](const View& view) { return seen(view.copies({.case_ = world.case_id, .number = {}}, "")); }},
      {"/v1/copies/" + copy + "/records", [&](const View& view) { return seen(view.copy_records(world.copy, "")); }},
      {"/v1/copies/" + copy + "/entries", [&](const View& view) { return seen(view.copy_entries(world.copy, "")); }},
      {"/v1/copies/" + copy + "/headers", [&](const View& view) { return seen(view.copy_headers(world.copy, "")); }},
      {"/v1/copies/" + copy + "/files", [&](const View& view) { return seen(view.copy_files(world.copy, "")); }},
      {"/v1/copies/" + copy + "/index", [&](const View& view) { return seen(view.copy_index(world.copy)); }},
      {"/v1/copies/" + copy + "/records/" + record + "/payload",
       [&](const View& view) { return seen(view.payload(world.copy, world.records[0])); }},
      {"/v1/trail?copy=" + copy,
       [&](const View& view) {
         TrailFilter filter;
         filter.copy = world.copy;
         return seen(view.trail(filter, ""));
       }},
      {"/v1/copies/C-0001", [&](const View& view) { return seen(view.copy("C-0001")); }},
      {"/v1/copies/C-0999", [&](const View& view) { return seen(view.copy("C-0999")); }},
      {"/v1/uploads", [&](const View& view) { return seen(view.may_upload()); }},
  };
  const std::vector<const Identity*> everybody{
      &world.authority_root, &world.administrator, &world.spoc,      &world.reviewer,   &world.lead,
      &world.first,          &world.second,        &world.depositor, &world.other_lead, &world.custodians[0]};
  const auto txn = *world.store().engine().read();
  std::size_t refused = 0;
  std::size_t shown = 0;
  for (const Identity* who : everybody) {
    const auto view = View::of(world.store(), *txn, who->id, world.now());
    ASSERT_TRUE(view);
    for (const auto& [target, read] : reads) {
      const Seen outcome = read(*view);
      shown += outcome.shown ? 1 : 0;
      if (!outcome.refusal) continue;
      ++refused;
      const Actor actor{who->id.to_string(), who->id, std::nullopt};
      const auto again = refusal_of_read(world.store().state(), *txn, actor, outcome.refusal->action, target);
      ASSERT_TRUE(again && *again) << target;
      EXPECT_EQ((*again)->rule, outcome.refusal->rule) << target;
      EXPECT_EQ((*again)->hidden, outcome.refusal->hidden) << target;
      EXPECT_EQ(wire::encode((*again)->ids), wire::encode(outcome.refusal->ids)) << target;
      // Anything else in the target, for example a cursor with a copy or a safe of their own, changes nothing.
      for (const std::string& own : {copy, safe, record}) {
        const std::string more = target + (target.contains('?') ? "&from=" : "?from=") + own + "&known=7";
        const auto same = refusal_of_read(world.store().state(), *txn, actor, outcome.refusal->action, more);
        ASSERT_TRUE(same && *same) << more;
        EXPECT_EQ(wire::encode((*same)->ids), wire::encode(outcome.refusal->ids)) << more;
      }
    }
  }
  EXPECT_GT(refused, 50U);
  EXPECT_GT(shown, 50U);
}

// --- the directory, cases and safes ---------------------------------------------------------------------------------

TEST_F(ViewsTest, NamesAreTheTextWithoutItsRandomBytes) {
  const auto me = look(world.lead, [](const View& view) { return view.whoami(); });
  ASSERT_TRUE(me);
  EXPECT_EQ(me->name, "Lead of the school");
  const auto agencies = look(world.lead, [](const View& view) { return view.agencies(""); });
  ASSERT_TRUE(agencies);
  std::vector<std::string> names;
  for (const auto& agency : agencies->items) names.push_back(agency.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("local-authority", "icb", "police", "Fictional School",
                                                     "Fictional Clinic"));
}

TEST_F(ViewsTest, ACaseIsListedForThoseWhoSeeIt) {
  const auto count = [&](const Identity& who) {
    return look(who, [](const View& view) { return view.cases("")->items.size(); });
  };
  EXPECT_EQ(count(world.spoc), 1U);
  EXPECT_EQ(count(world.first), 1U);
  EXPECT_EQ(count(world.outsider), 1U);  // of an agency that has been asked
  EXPECT_EQ(count(world.custodians[0]), 0U);
}

TEST_F(ViewsTest, AKeyholderGetsTheWrapThatOpensTheSafe) {
  const auto keys = shown(world.first, [&](const View& view) { return view.safe_keys(world.safe.id); });
  const auto opened = vault::age::decrypt_small(keys.wrap, std::span(&world.first.age, 1));
  ASSERT_TRUE(opened);
  EXPECT_EQ(vault::as_text(*opened), world.safe.key.to_text().expose());
  expect_refused(look(world.lead, [&](const View& view) { return seen(view.safe_keys(world.safe.id)); }),
                 "keyholder-or-nominee", false);
}

TEST_F(ViewsTest, ANomineeGetsNothingBeforeItIsWrapped) {
  const Identity third = world.invite(world.lead, world.school, {Role::practitioner}, "Third practitioner");
  world.done(world.lead, wire::MakeNomination{world.safe.id, {third.id, Involvement::none, std::nullopt}});
  expect_error(look(third, [&](const View& view) { return seen(view.safe_keys(world.safe.id)); }), Errc::conflict);
  const auto duties = look(world.first, [](const View& view) { return view.duties(); });
  ASSERT_TRUE(duties);
  ASSERT_EQ(duties->wraps.size(), 1U);
  EXPECT_EQ(duties->wraps[0].person, third.id);
  world.done(world.first,
             wire::WrapNomination{
                 world.safe.id, 0, {third.id, world.stage(world.first, world.age_file("x", third.age.recipient()))}});
  EXPECT_TRUE(look(third, [&](const View& view) { return seen(view.safe_keys(world.safe.id)); }).shown);
  EXPECT_EQ(look(third, [](const View& view) { return view.duties(); })->confirmations.size(), 1U);
  EXPECT_TRUE(look(world.first, [](const View& view) { return view.duties(); })->wraps.empty());
}

TEST_F(ViewsTest, ASafesChainIsItsOpeningNominationsAndEpochs) {
  world.seal(world.depositor, world.safe, 1);
  const auto page = shown(world.depositor, [&](const View& view) { return view.keys_chain(world.safe.id, ""); });
  ASSERT_TRUE(page.receipt && page.end);
  EXPECT_THAT(kinds(page.receipt->entries),
              ::testing::ElementsAre("safe.opened", "chain.begun", "nomination.confirmed", "nomination.confirmed"));
  EXPECT_EQ(page.end->head.head.n, 2U);
  const auto review = shown(world.spoc, [&](const View& view) { return view.keys_chain(world.review_safe.id, ""); });
  EXPECT_THAT(kinds(review.receipt->entries),
              ::testing::ElementsAre("case.referred", "chain.begun", "nomination.confirmed"));
  const auto recovery =
      shown(world.depositor, [&](const View& view) { return view.recovery_chain(world.safe.id, ""); });
  EXPECT_THAT(kinds(recovery.receipt->entries), ::testing::ElementsAre("safe.opened", "chain.begun"));
  const auto later = shown(world.depositor, [&](const View& view) { return view.keys_chain(world.safe.id, "3"); });
  EXPECT_FALSE(later.receipt);  // nothing was added, and the end is proved all the same
  EXPECT_EQ(later.end->head.head.n, 2U);
}

TEST_F(ViewsTest, CustodiansCertifiedSinceAreADutyUntilTheyHaveAShare) {
  EXPECT_TRUE(look(world.first, [](const View& view) { return view.duties(); })->shares.empty());
  EXPECT_TRUE(shown(world.first, [&](const View& view) { return view.safe(world.safe.id); }).recovery_complete);
  const Identity custodian = world.invite(world.icb_root, world.icb, {Role::custodian}, "Custodian");
  const auto duties = look(world.first, [](const View& view) { return view.duties(); });
  ASSERT_EQ(duties->shares.size(), 1U);
  EXPECT_EQ(duties->shares[0].custodians, std::vector<PersonId>{custodian.id});
}

// --- records --------------------------------------------------------------------------------------------------------

TEST_F(ViewsTest, DescriptorsAreForKeyholders) {
  world.seal(world.depositor, world.safe, 2);
  const auto has_descriptors = [&](const Identity& who) {
    const auto page = shown(who, [&](const View& view) { return view.records(world.safe.id, {}, ""); });
    EXPECT_EQ(page.items.size(), 2U);
    return std::ranges::all_of(page.items, [](const auto& item) { return item.descriptor.has_value(); });
  };
  EXPECT_TRUE(has_descriptors(world.first));
  EXPECT_FALSE(has_descriptors(world.depositor));
  EXPECT_FALSE(has_descriptors(world.reviewer));
  expect_refused(look(world.administrator, [&](const View& view) { return seen(view.records(world.safe.id, {}, "")); }),
                 "reader", false);
}

TEST_F(ViewsTest, RecordsAreFilteredByClassAndSubject) {
  world.seal(world.depositor, world.safe, 2);
  const auto count = [&](const RecordFilter& filter) {
    return shown(world.first, [&](const View& view) { return view.records(world.safe.id, filter, ""); }).items.size();
  };
  EXPECT_EQ(count({.class_ = RecordClass::case_notes, .subject = "child-1"}), 2U);
  EXPECT_EQ(count({.class_ = RecordClass::image, .subject = {}}), 0U);
  EXPECT_EQ(count({.class_ = {}, .subject = "child-2"}), 0U);
}

// One page looks at a limited number of rows, even if none of them matches its filter.
TEST_F(ViewsTest, APageOfFilteredRecordsIsBoundedByTheRowsThatItLooksAt) {
  const std::uint64_t found = kMaxScan + 5;  // the ordinal of the only image
  {
    const auto txn = *world.store().engine().write();
    RecordRow row;
    row.safe = world.safe.id;
    for (; row.ordinal <= 2 * kMaxScan; ++row.ordinal) {
      row.record = RecordId::generate(1);
      row.class_ = row.ordinal == found ? RecordClass::image : RecordClass::case_notes;
      ASSERT_TRUE(world.store().state().put(*txn, row));
    }
    ASSERT_TRUE(txn->commit());
  }
  const RecordFilter images{.class_ = RecordClass::image, .subject = {}};
  std::vector<std::size_t> items;
  std::string from;
  for (bool more = true; more;) {
    const auto page =
        shown(world.depositor, [&](const View& view) { return view.records(world.safe.id, images, from); });
    items.push_back(page.items.size());
    more = page.next.has_value();
    if (!more) break;
    EXPECT_EQ(*page.next, std::to_string(items.size() * kMaxScan));
    EXPECT_TRUE(wire::is_further(*page.next, from));
    from = *page.next;
  }
  EXPECT_THAT(items, ::testing::ElementsAre(0U, 1U, 0U));
}

TEST_F(ViewsTest, ARecordsSealingIsFoundAmongAll) {
  const auto first = world.seal(world.depositor, world.safe, 1);
  const auto second = world.seal(world.depositor, world.safe, 1);
  const auto all = shown(world.first, [&](const View& view) { return view.records_chain(world.safe.id, ""); });
  EXPECT_THAT(kinds(all.receipt->entries),
              ::testing::ElementsAre("safe.opened", "chain.begun", "records.sealed", "records.sealed"));
  const auto one = shown(world.first, [&](const View& view) { return view.sealing(second[0]); });
  ASSERT_EQ(one.receipt->entries.size(), 1U);
  EXPECT_EQ(one.receipt->entries[0], all.receipt->entries[3]);
  const auto none = look(world.first, [&](const View& view) { return seen(view.sealing(RecordId::generate(1))); });
  ASSERT_TRUE(none.refusal);
  EXPECT_TRUE(none.refusal->hidden);
}

// --- copies ---------------------------------------------------------------------------------------------------------

TEST_F(ViewsTest, HeadersAreReleasedToTheIssuerUntilTheCopyIsDelivered) {
  const auto records = world.seal(world.depositor, world.safe, 2);
  const CopyId copy = issue(records, world.first);
  const auto page = shown(world.first, [&](const View& view) { return view.copy_headers(copy, ""); });
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].record, records[0]);
  EXPECT_EQ(page.items[0].ordinal, 1U);
  EXPECT_TRUE(page.items[0].descriptor);
  const auto header = vault::age::parse_header(page.items[0].header);
  ASSERT_TRUE(header);
  EXPECT_TRUE(vault::age::open_header(*header, std::span(&world.safe.key, 1)));
  expect_refused(headers(world.second, copy), "issuer", false);
  EXPECT_TRUE(payload(world.first, copy, records[1]).shown);
  world.done(world.first, wire::DeliverCopy{copy});
  expect_error(headers(world.first, copy), Errc::conflict);
  EXPECT_TRUE(payload(world.first, copy, records[1]).shown);
}

TEST_F(ViewsTest, HeadersAreNotReleasedAfterTheNominationEnded) {
  const CopyId copy = issue(world.seal(world.depositor, world.safe, 1), world.first);
  EXPECT_TRUE(headers(world.first, copy).shown);
  world.done(world.lead, wire::EndNomination{world.safe.id, world.first.id, std::nullopt});
  expect_refused(headers(world.first, copy), "issuer", false);
}

TEST_F(ViewsTest, AColleaguesCopyIsPreparedThenCollected) {
  const auto records = world.seal(world.depositor, world.safe, 2);
  const CopyId copy = issue(records, world.depositor);
  EXPECT_THAT(look(world.first, [](const View& view) { return view.duties(); })->preparations,
              ::testing::ElementsAre(copy));
  expect_refused(headers(world.depositor, copy), "issuer", false);
  expect_error(files(world.depositor, copy), Errc::conflict);
  expect_error(payload(world.depositor, copy, records[0]), Errc::conflict);
  prepare(copy, 2, world.depositor);
  expect_error(headers(world.first, copy), Errc::conflict);
  expect_error(files(world.depositor, copy), Errc::conflict);
  world.done(world.depositor, wire::CollectCopy{copy});
  EXPECT_THAT(look(world.depositor, [](const View& view) { return view.duties(); })->deliveries,
              ::testing::ElementsAre(copy));
  const auto page = shown(world.depositor, [&](const View& view) { return view.copy_files(copy, ""); });
  ASSERT_EQ(page.items.size(), 2U);
  const auto header = vault::age::parse_header(page.items[1].header);
  EXPECT_TRUE(vault::age::open_header(*header, std::span(&world.depositor.age, 1)));
  EXPECT_FALSE(page.items[1].descriptor);
  EXPECT_TRUE(look(world.depositor, [&](const View& view) { return seen(view.copy_index(copy)); }).shown);
  EXPECT_TRUE(payload(world.depositor, copy, records[0]).shown);
  expect_refused(payload(world.first, copy, records[0]), "holder", false);
  world.done(world.depositor, wire::DeliverCopy{copy});
  // The vault gives out no record whose copy has ended; when all have ended, it gives out nothing.
  world.done(world.depositor, wire::ReturnCopy{copy, {records[0]}, CopyEnd::destroyed});
  expect_error(payload(world.depositor, copy, records[0]), Errc::conflict);
  EXPECT_TRUE(payload(world.depositor, copy, records[1]).shown);
  EXPECT_EQ(shown(world.depositor, [&](const View& view) { return view.copy_files(copy, ""); }).items.size(), 1U);
  world.done(world.depositor, wire::ReturnCopy{copy, {}, CopyEnd::returned});
  expect_error(files(world.depositor, copy), Errc::conflict);
  expect_error(payload(world.depositor, copy, records[1]), Errc::conflict);
  expect_error(look(world.depositor, [&](const View& view) { return seen(view.copy_index(copy)); }), Errc::conflict);
}

TEST_F(ViewsTest, APayloadIsOfTheCopysRecordsAlone) {
  const auto records = world.seal(world.depositor, world.safe, 2);
  const CopyId copy = issue({records[0]}, world.first);
  const CopyId other = issue({records[1]}, world.first);
  EXPECT_TRUE(payload(world.first, copy, records[0]).shown);
  expect_error(payload(world.first, copy, records[1]), Errc::not_found);
  expect_error(payload(world.first, other, records[0]), Errc::not_found);
}

TEST_F(ViewsTest, ACopysEntriesAreItsSealingsIssueAndPreparation) {
  const auto first = world.seal(world.depositor, world.safe, 1);
  world.seal(world.depositor, world.safe, 1);
  const auto third = world.seal(world.depositor, world.safe, 1);
  const CopyId copy = issue({third[0], first[0]}, world.depositor);
  prepare(copy, 2, world.depositor);
  const auto page = shown(world.depositor, [&](const View& view) { return view.copy_entries(copy, ""); });
  EXPECT_THAT(kinds(page.receipt->entries),
              ::testing::ElementsAre("records.sealed", "records.sealed", "copy.issued", "copy.prepared"));
  EXPECT_FALSE(page.next);
  EXPECT_TRUE(look(world.first, [&](const View& view) { return seen(view.copy_entries(copy, "")); }).shown);
  expect_refused(look(world.second, [&](const View& view) { return seen(view.copy_entries(copy, "")); }), "holder",
                 false);
}

TEST_F(ViewsTest, CopiesAreListedByCaseMineOverdueAndNumber) {
  const auto records = world.seal(world.depositor, world.safe, 1);
  const CopyId mine = issue(records, world.first);
  const CopyId theirs = issue(records, world.depositor);
  world.done(world.first, wire::DeliverCopy{mine});
  world.done(world.first, wire::ReturnCopy{mine, {}, CopyEnd::returned});
  const auto list = [&](const Identity& who, const CopyFilter& filter) {
    std::vector<CopyId> found;
    for (const auto& item : shown(who, [&](const View& view) { return view.copies(filter, ""); }).items)
      found.push_back(item.copy);
    return found;
  };
  EXPECT_THAT(list(world.first, {.case_ = world.case_id, .number = {}}), ::testing::ElementsAre(theirs, mine));
  EXPECT_THAT(list(world.first, {.case_ = {}, .number = {}}), ::testing::ElementsAre(mine, theirs));
  EXPECT_THAT(list(world.depositor, {.case_ = {}, .number = {}, .overdue = false, .mine = true}),
              ::testing::ElementsAre(theirs));
  EXPECT_THAT(list(world.first, {.case_ = {}, .number = 1}), ::testing::ElementsAre(mine));
  EXPECT_THAT(list(world.first, {.case_ = {}, .number = 3}), ::testing::IsEmpty());
  EXPECT_THAT(list(world.outsider, {.case_ = {}, .number = {}}), ::testing::IsEmpty());
  const CopyFilter overdue{.case_ = {}, .number = {}, .overdue = true, .mine = false};
  EXPECT_THAT(list(world.first, overdue), ::testing::IsEmpty());
  world.pass(10LL * 86'400'000);  // the second of December
  EXPECT_THAT(list(world.first, overdue), ::testing::ElementsAre(theirs));
}

// --- the log --------------------------------------------------------------------------------------------------------

TEST_F(ViewsTest, TheTrailShowsWhatAPersonMayRead) {
  world.seal(world.depositor, world.safe, 1);
  TrailFilter of_case;
  of_case.case_ = world.case_id;
  EXPECT_THAT(trail_kinds(world.reviewer, of_case),
              ::testing::ElementsAre("case.referred", "nomination.confirmed", "agencies.asked", "safe.opened",
                                     "nomination.confirmed", "nomination.confirmed", "records.sealed"));
  // The other agency sees the entries that concern the case as a whole.
  EXPECT_THAT(trail_kinds(world.outsider, of_case), ::testing::ElementsAre("case.referred", "agencies.asked"));
  EXPECT_THAT(trail_kinds(world.depositor, of_case),
              ::testing::ElementsAre("case.referred", "agencies.asked", "safe.opened", "nomination.confirmed",
                                     "nomination.confirmed", "records.sealed"));
  expect_refused(look(world.custodians[0], [&](const View& view) { return seen(view.trail(of_case, "")); }),
                 "concerned-with-case", true);
}

// Otherwise nobody could show that a chain is whole.
TEST_F(ViewsTest, TheBeginningsOfChainsAreReadByThoseWhoReadTheirEntries) {
  const auto begun = [&](const Identity& who) {
    TrailFilter filter;
    filter.case_ = world.case_id;
    filter.kind = wire::ChainBegun::kKind;
    std::size_t count = 0;
    for (const auto& entry : shown(who, [&](const View& view) { return view.trail(filter, ""); }).items)
      count += wire::read_entry(*entry.body)->kind == wire::ChainBegun::kKind ? 1 : 0;
    return count;
  };
  EXPECT_EQ(begun(world.reviewer), 10U);  // of the case, of its review safe and of the school's safe
  EXPECT_EQ(begun(world.first), 4U);      // of the safe that they hold
  EXPECT_EQ(begun(world.outsider), 0U);
}

TEST_F(ViewsTest, TheTrailIsFilteredByEachOfItsParameters) {
  const auto records = world.seal(world.depositor, world.safe, 2);
  world.pass(1000);
  const Instant later = world.now();
  const CopyId copy = issue({records[1]}, world.first);
  TrailFilter filter;
  filter.record = records[1];
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::ElementsAre("records.sealed", "copy.issued"));
  filter.since = later;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::ElementsAre("copy.issued"));
  filter.since.reset();
  filter.until = later;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::ElementsAre("records.sealed"));
  filter = {};
  filter.copy = copy;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::ElementsAre("copy.issued"));
  filter = {};
  filter.kind = "records.sealed";
  filter.person = world.depositor.id;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::ElementsAre("records.sealed"));
  filter.person = world.second.id;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::IsEmpty());
  filter = {};
  filter.agency = world.clinic;
  EXPECT_THAT(trail_kinds(world.first, filter), ::testing::Contains("person.invited"));
}

TEST_F(ViewsTest, PagesOfTheLogGoOnWhereTheyEnd) {
  std::vector<Bytes> names;
  for (std::size_t i = 0; i < audit::kMaxReceiptEntries; ++i) {
    names.emplace_back(32);
    vault::fill_random(names.back());
  }
  std::vector<Digest> digests;
  const Actor actor{world.icb_root.id.to_string(), world.icb_root.id, std::nullopt};
  for (std::size_t at = 0; at < names.size(); at += kMaxBesideValuesPerRequest) {
    const auto end = std::min(at + kMaxBesideValuesPerRequest, names.size());
    const auto staged = world.stage(
        actor, {names.begin() + static_cast<std::ptrdiff_t>(at), names.begin() + static_cast<std::ptrdiff_t>(end)});
    ASSERT_TRUE(staged);
    digests.insert(digests.end(), staged->begin(), staged->end());
  }
  std::vector<std::future<Result<Answer>>> answers;
  for (const Digest& digest : digests)
    answers.push_back(world.submit(
        *world.sign_act(world.icb_root, wire::AddAgency{AgencyId::generate(1), AgencyKind::other, digest})));
  for (auto& answer : answers) World::expect_done(answer.get());

  const auto txn = *world.store().engine().read();
  const auto view = *View::of(world.store(), *txn, world.lead.id, world.now());
  const std::uint64_t size = world.store().ledger().size(*txn)->value;
  std::uint64_t next = 0;
  std::string from;
  for (bool more = true; more;) {
    const auto page = view.envelopes(from);
    ASSERT_TRUE(page);
    EXPECT_LE(page->items.size(), wire::kMaxPage);
    for (const auto& item : page->items)
      EXPECT_EQ(audit::decode_envelope(vault::as_bytes(item.envelope))->seq.value, next++);
    more = page->next.has_value();
    from = page->next.value_or("");
  }
  EXPECT_EQ(next, size);

  const auto chain = wire::number_at_genesis(ChainSort::directory);
  audit::ChainVerifier verifier(chain);
  from.clear();
  std::size_t pages = 0;
  for (bool more = true; more; ++pages) {
    const auto page = view.directory(from);
    ASSERT_TRUE(page && page->receipt);
    for (const auto& entry : page->receipt->entries) EXPECT_TRUE(verifier.next({entry.envelope, entry.body}));
    more = page->next.has_value();
    from = page->next.value_or("");
  }
  EXPECT_EQ(pages, 2U);
  EXPECT_EQ(verifier.last()->n + 1, *world.store().ledger().chain_length(*txn, chain));

  // The trail is read page after page.
  TrailFilter added;
  added.kind = "agency.added";
  from.clear();
  std::size_t found = 0;
  for (bool more = true; more;) {
    const auto viewed = view.trail(added, from);
    ASSERT_TRUE(viewed);
    const auto& page = std::get<0>(*viewed);
    found += page.items.size();
    more = page.next.has_value();
    from = page.next.value_or("");
  }
  EXPECT_EQ(found, names.size() + 2);
}

TEST_F(ViewsTest, ACursorThatIsNoneIsNotAccepted) {
  for (const std::string from : {"x", "-1", "99999999999999999999", "1 "}) {
    expect_error(look(world.first, [&](const View& view) { return seen(view.records(world.safe.id, {}, from)); }),
                 Errc::invalid_argument);
    const auto cases = look(world.first, [&](const View& view) { return view.cases(from); });
    ASSERT_FALSE(cases);
    EXPECT_EQ(cases.code(), Errc::invalid_argument);
  }
}

TEST_F(ViewsTest, NobodyButTheEnrolledLooks) {
  const auto txn = *world.store().engine().read();
  EXPECT_EQ(View::of(world.store(), *txn, PersonId::generate(1), world.now()).code(), Errc::refused);
}

TEST_F(ViewsTest, AnAlteredHeaderIsNeverGiven) {
  const auto records = world.seal(world.depositor, world.safe, 1);
  const CopyId copy = issue(records, world.first);
  SealedTable table = world.store().state().beside_table(BesideTable::header);
  {
    const auto txn = *world.store().engine().write();
    ASSERT_TRUE(table.put(*txn, id_key(records[0]), vault::as_bytes("another header")));
    ASSERT_TRUE(txn->commit());
  }
  expect_error(headers(world.first, copy), Errc::tampered);
}

}  // namespace
}  // namespace strongroom::access::testing
