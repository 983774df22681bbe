// Tests the acts of an agency's desk: declarations, physical items and originals.
#include "tests/access/partnership.h"

namespace strongroom::access::testing {
namespace {

class Declarations : public Partnership {
 protected:
  static wire::DeclaredSource closed() {
    return {SourceKind::system, SourceState::removed, std::nullopt, std::nullopt};
  }
  static wire::DeclaredSource open() {
    return {SourceKind::share, SourceState::still_open, OpenReason::ongoing_care, date(2026, 12, 1)};
  }
  wire::MakeDeclaration declaring(std::uint64_t version, std::vector<wire::DeclaredSource> sources) {
    wire::MakeDeclaration command;
    command.safe = safe_;
    command.version = version;
    command.searched = {"child-1"};
    command.sources = std::move(sources);
    command.form = random_digest();
    return command;
  }
  wire::MakeDeclaration nothing_held() {
    wire::MakeDeclaration command = declaring(1, {});
    command.nothing_held = true;
    command.form.reset();
    return command;
  }
  wire::AddItem adding() {
    wire::AddItem command;
    command.safe = safe_;
    make_id(command.item);
    command.class_ = RecordClass::case_notes;
    command.pages = 120;
    command.note = random_digest();
    return command;
  }
  wire::ChangeCustody changing(const ItemId& item, CustodyChange change) {
    wire::ChangeCustody command;
    command.safe = safe_;
    command.item = item;
    command.change = change;
    command.note = random_digest();
    if (change == CustodyChange::loaned) {
      command.purpose = Purpose::court;
      command.due = date(2026, 12, 1);
    }
    return command;
  }
};
class Items : public Declarations {};
class Originals : public Declarations {
 protected:
  // Each partner gets a second custodian with a share, so that recovery is complete.
  void complete_recovery() {
    wire::CompleteShares command{safe_, 0, {}};
    const std::pair<Member, AgencyId> partners[] = {
        {authority_root_, authority_}, {icb_root_, icb_}, {police_root_, police_}};
    for (const auto& [root, partner] : partners)
      command.shares.push_back({enrol(root, partner, {Role::custodian}).id, partner, random_digest()});
    expect_done(act(first_.id, command));
  }
};

TEST_F(Declarations, ASafeIsSecuredWhenSomethingIsHeldAndEverySourceIsClosed) {
  open_safe();
  seal(1);
  EXPECT_FALSE(safe_row(safe_).is_secured());
  const Decision decision = expect_done(act(lead_.id, declaring(1, {closed(), open()})));
  EXPECT_EQ(decision.besides.size(), 1U);
  EXPECT_EQ(safe_row(safe_).open_sources, 1U);
  EXPECT_FALSE(safe_row(safe_).is_secured());
  expect_done(act(lead_.id, declaring(2, {closed(), closed()})));
  EXPECT_TRUE(safe_row(safe_).is_secured());
}

TEST_F(Declarations, NothingHeldIsADeclarationAndASafeWithRecordsCannotMakeIt) {
  open_safe();
  expect_done(act(lead_.id, nothing_held()));
  EXPECT_TRUE(safe_row(safe_).is_secured());
  auto sealing_late = sealing(safe_, 1);
  sealing_late.records.front().late = true;
  expect_done(act(depositor_.id, sealing_late));
  EXPECT_FALSE(safe_row(safe_).is_secured());  // until the agency declares what it found
  auto again = nothing_held();
  again.version = 2;
  expect_error(act(lead_.id, again), Errc::conflict);
}

TEST_F(Declarations, VersionsFollowEachOther) {
  open_safe();
  expect_error(act(lead_.id, declaring(2, {closed()})), Errc::conflict);
  expect_done(act(lead_.id, declaring(1, {closed()})));
  expect_error(act(lead_.id, declaring(1, {closed()})), Errc::conflict);
  auto stale = declaring(2, {closed()});
  stale.epoch = 7;
  expect_error(act(lead_.id, stale), Errc::conflict);
}

TEST_F(Declarations, WhatCannotBeADeclarationIsAnError) {
  open_safe();
  const auto refuse = [&](const auto& change, Errc code = Errc::invalid_argument) {
    auto command = declaring(1, {closed(), open()});
    change(command);
    expect_error(act(lead_.id, command), code);
  };
  refuse([](auto& c) { c.searched.clear(); });
  refuse([](auto& c) { c.searched = {"child-1", "child-1"}; });
  refuse([](auto& c) { c.searched = {"child-9"}; });
  refuse([](auto& c) { c.sources.clear(); });
  refuse([](auto& c) { c.form.reset(); });
  refuse([](auto& c) { c.sources[0].reason = OpenReason::other; });
  refuse([](auto& c) { c.sources[1].reason.reset(); });
  refuse([](auto& c) { c.sources[1].until.reset(); });
  refuse([](auto& c) { c.sources[1].until = date(2026, 11, 21); });
  refuse([](auto& c) { c.sources.assign(kMaxDeclaredSources + 1, closed()); }, Errc::too_large);
  refuse([](auto& c) { c.gaps.assign(kMaxDeclaredGaps + 1, GapKind::lost); }, Errc::too_large);
  EXPECT_EQ(safe_row(safe_).declaration, 0U);
}

TEST_F(Declarations, OnlyTheLeadDeclares) {
  open_safe();
  expect_refused(act(first_.id, declaring(1, {closed()})), "lead");
  expect_refused(act(spoc_.id, declaring(1, {closed()})), "lead");
  expect_hidden(act(other_lead_.id, declaring(1, {closed()})), "lead");
}

TEST_F(Declarations, WhatIsSecuredAfterwardsIsLateAndMarkedSo) {
  open_safe();
  auto command = sealing(safe_, 1);
  command.records.front().late = true;
  expect_error(act(depositor_.id, command), Errc::conflict);  // no record can be late before the agency declares
  expect_done(act(lead_.id, declaring(1, {closed()})));
  expect_error(act(depositor_.id, sealing(safe_, 1)), Errc::conflict);
  expect_error(act(depositor_.id, adding()), Errc::conflict);
  expect_done(act(depositor_.id, command));
  auto item = adding();
  item.late = true;
  expect_done(act(depositor_.id, item));
}

TEST_F(Items, AnItemIsNumberedInItsSafeAndItsNoteKept) {
  open_safe();
  auto command = adding();
  const Decision decision = expect_done(act(depositor_.id, command));
  ASSERT_EQ(decision.besides.size(), 1U);
  EXPECT_EQ(decision.besides.front().table, BesideTable::note);
  expect_done(act(depositor_.id, adding()));
  EXPECT_EQ(safe_row(safe_).items, 2U);
  EXPECT_EQ((**tables_.state().item(*tables_.read(), command.item)).number, 1U);
  expect_error(act(depositor_.id, command), Errc::conflict);
  command.pages = kMaxItemPages + 1;
  make_id(command.item);
  expect_error(act(depositor_.id, command), Errc::invalid_argument);
}

TEST_F(Items, CustodyIsRecordedByRepresentativesAndTheLead) {
  open_safe();
  const auto item = adding();
  expect_done(act(depositor_.id, item));
  expect_refused(act(depositor_.id, changing(item.item, CustodyChange::moved)), "custody");
  expect_refused(act(third_.id, changing(item.item, CustodyChange::moved)), "custody");
  expect_done(act(first_.id, changing(item.item, CustodyChange::moved)));
  expect_done(act(lead_.id, changing(item.item, CustodyChange::resealed)));
  EXPECT_EQ((**tables_.state().item(*tables_.read(), item.item)).changes, 2U);
}

TEST_F(Items, ALoanHasAPurposeAndADateAndEndsWithTheReturn) {
  open_safe();
  const auto item = adding();
  expect_done(act(depositor_.id, item));
  auto loan = changing(item.item, CustodyChange::loaned);
  loan.due = date(2026, 11, 21);
  expect_error(act(first_.id, loan), Errc::invalid_argument);
  loan.due.reset();
  expect_error(act(first_.id, loan), Errc::invalid_argument);
  expect_error(act(first_.id, changing(item.item, CustodyChange::returned)), Errc::conflict);
  expect_done(act(first_.id, changing(item.item, CustodyChange::loaned)));
  for (const CustodyChange change : {CustodyChange::loaned, CustodyChange::moved, CustodyChange::resealed})
    expect_error(act(first_.id, changing(item.item, change)), Errc::conflict);
  auto back = changing(item.item, CustodyChange::returned);
  back.pages = 119;
  expect_done(act(first_.id, back));
  EXPECT_EQ((**tables_.state().item(*tables_.read(), item.item)).custody, Custody::held);
}

TEST_F(Items, AnItemOfAnotherSafeIsNotThere) {
  open_safe();
  expect_error(act(first_.id, changing(new_id<ItemId>(), CustodyChange::moved)), Errc::not_found);
}

TEST_F(Originals, TheirRemovalIsRecordedOnceForEachRecord) {
  open_safe();
  complete_recovery();
  const auto records = seal(3);
  const Decision decision = expect_done(act(depositor_.id, wire::RemoveOriginals{safe_, records, std::nullopt}));
  const auto& detail = decision.events.front().detail.as_object();
  EXPECT_EQ(detail.at("keyholders").to_number<std::uint64_t>(), 2U);
  EXPECT_TRUE(detail.at("recovery_complete").as_bool());
  EXPECT_EQ(safe_row(safe_).originals_removed, 3U);
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, {records[0]}, std::nullopt}), Errc::conflict);
}

TEST_F(Originals, TheyStayWhileRecoveryIsIncompleteUnlessAReasonIsGiven) {
  open_safe();
  const auto records = seal(1);
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, records, std::nullopt}), Errc::conflict);
  expect_done(act(depositor_.id, wire::RemoveOriginals{safe_, records, random_digest()}));
}

TEST_F(Originals, TheyStayWhileOnePersonAloneHoldsTheKeyUnlessAReasonIsGiven) {
  open_safe();
  complete_recovery();
  const auto records = seal(1);
  expect_done(act(lead_.id, wire::PauseNomination{safe_, second_.id, std::nullopt}));
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, records, std::nullopt}), Errc::conflict);
  expect_done(act(depositor_.id, wire::RemoveOriginals{safe_, records, random_digest()}));
}

TEST_F(Originals, OnlyRecordsOfTheSafeAndWithinTheLimit) {
  open_safe();
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, {new_id<RecordId>()}, std::nullopt}), Errc::not_found);
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, {}, std::nullopt}), Errc::invalid_argument);
  std::vector<RecordId> many(kMaxRecordsPerRemoval + 1);
  expect_error(act(depositor_.id, wire::RemoveOriginals{safe_, many, std::nullopt}), Errc::too_large);
  expect_refused(act(spoc_.id, wire::RemoveOriginals{safe_, seal(1), std::nullopt}), "depositor");
}

}  // namespace
}  // namespace strongroom::access::testing
