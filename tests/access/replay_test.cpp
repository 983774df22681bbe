#include "access/replay.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "audit/rows.h"
#include "tests/access/mutations.h"
#include "tests/access/world.h"
#include "tests/audit/linked.h"

namespace strongroom::access::testing {
namespace {

namespace json = wire::json;

struct Stored {
  audit::Envelope envelope;
  std::string body;
};

// All tests of this file share one world: they only read it, or put back what they change.
World& lived_world() {
  static World* world = [] {
    auto* made = new World();
    made->populate();
    made->open_case();
    made->live_through_everything();
    made->live_through_a_review();
    return made;
  }();
  return *world;
}

std::vector<Stored> entries_of(World& world) {
  std::vector<Stored> entries;
  const auto txn = *world.store().engine().read();
  const auto size = world.store().ledger().size(*txn)->value;
  for (std::uint64_t seq = 0; seq < size; ++seq)
    entries.push_back({*world.store().ledger().envelope(*txn, audit::LeafIndex{seq}),
                       vault::to_text(*world.store().ledger().body(*txn, audit::LeafIndex{seq}))});
  return entries;
}

Result<void> feed(Replay& replay, const Stored& entry) {
  return replay.next(entry.envelope, ByteView(vault::as_bytes(entry.body)));
}

// Gives the entry another body, and an envelope that binds it, as somebody who rewrites the ledger would.
Stored with_body(const Stored& entry, const json::value& body) {
  Stored changed{entry.envelope, json::serialize(body)};
  changed.envelope.body = vault::crypto::sha256(vault::as_bytes(changed.body));
  return changed;
}

using Path = std::vector<std::variant<std::string, std::size_t>>;

void leaves_of(const json::value& value, Path& path, std::vector<Path>& leaves) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      path.push_back(std::string(name));
      leaves_of(member, path, leaves);
      path.pop_back();
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      path.push_back(i);
      leaves_of((*array)[i], path, leaves);
      path.pop_back();
    }
  } else {
    leaves.push_back(path);
  }
}

json::value& at(json::value& value, const Path& path) {
  json::value* found = &value;
  for (const auto& step : path)
    found = std::holds_alternative<std::string>(step) ? &found->as_object().at(std::get<std::string>(step))
                                                      : &found->as_array().at(std::get<std::size_t>(step));
  return *found;
}

std::string text_of(const Path& path) {
  std::string text;
  for (const auto& step : path)
    text += "/" + (std::holds_alternative<std::string>(step) ? std::get<std::string>(step)
                                                             : std::to_string(std::get<std::size_t>(step)));
  return text;
}

// Changes the value to another of the same form, if there is one.
void alter(json::value& leaf) {
  if (leaf.is_bool()) {
    leaf = !leaf.as_bool();
  } else if (leaf.is_number()) {
    leaf = leaf.to_number<std::uint64_t>() + 1;
  } else {
    json::string& text = leaf.as_string();
    if (text.empty())
      text = "x";
    else
      text.back() = text.back() == '0' ? '1' : '0';
  }
}

// True for the members that a verifier takes as given, and for those that nobody signs.
bool is_given(const std::string& kind, const Path& path) {
  const std::string text = text_of(path);
  if (text == "/salt") return true;
  if (kind == "case.referred" && text == "/detail/reference") return true;
  if (kind == "copy.issued" && text == "/detail/number") return true;
  if (kind == "requests.limited") return text == "/detail/count" || text == "/detail/since";
  if (kind == "clock.stepped") return text == "/detail/from";
  if (kind == "genesis.invited") return text != "/kind" && text != "/v" && text != "/policy";
  return false;
}

TEST(ReplayTest, AWholeLedgerIsDerivedAgain) {
  auto replay = *Replay::begin("vault.example:8443", kPolicyVersion, lived_world().store().state().log());
  std::set<std::string> kinds;
  for (const Stored& entry : entries_of(lived_world())) {
    const auto taken = feed(*replay, entry);
    ASSERT_TRUE(taken) << taken.error().message << "\n" << entry.body;
    kinds.insert(std::string(json::parse(entry.body).at("kind").as_string()));
  }
  EXPECT_TRUE(replay->finish());
  // Every kind of entry is in this world, so the tests below cover every kind.
  EXPECT_EQ(kinds.size(), 53U);
}

TEST(ReplayTest, AStatementOfRootsThatNamesAnotherLogKeyIsFound) {
  const audit::NoteKey other{.name = lived_world().store().config().origin,
                             .key = vault::crypto::SigningKey::generate().verify_key()};
  auto replay = *Replay::begin(std::nullopt, kPolicyVersion, other);
  for (const Stored& entry : entries_of(lived_world())) {
    if (const auto taken = feed(*replay, entry); !taken) {
      EXPECT_EQ(taken.code(), Errc::tampered);
      EXPECT_EQ(json::parse(entry.body).at("kind"), "roots.confirmed");
      return;
    }
  }
  ADD_FAILURE() << "every entry was accepted";
}

TEST(ReplayTest, AnyFieldOfAnyKindOfEntryAlteredIsFound) {
  auto replay = *Replay::begin();
  std::map<std::string, int> seen;
  for (const Stored& entry : entries_of(lived_world())) {
    const json::value body = json::parse(entry.body);
    const std::string kind(body.at("kind").as_string());
    const json::value* request = body.as_object().if_contains("request");
    const std::string method(request != nullptr ? request->at("method").as_string() : json::string());
    if (++seen[kind + " " + method] <= 2) {
      std::vector<Path> leaves;
      Path path;
      leaves_of(body, path, leaves);
      for (const Path& leaf : leaves) {
        if (is_given(kind, leaf)) continue;
        json::value changed = body;
        alter(at(changed, leaf));
        const auto taken = feed(*replay, with_body(entry, changed));
        EXPECT_FALSE(taken) << "entry " << entry.envelope.seq.value << " " << kind << ": " << text_of(leaf);
        if (taken) return;
      }
    }
    const auto taken = feed(*replay, entry);
    ASSERT_TRUE(taken) << taken.error().message;
  }
}

// A verifier could overlook optional members, so each one is left out, added or changed.
TEST(ReplayTest, AnyOptionalMemberOfAnyKindOfEntryMutatedIsFound) {
  auto replay = *Replay::begin();
  std::map<std::string, int> seen;
  for (const Stored& entry : entries_of(lived_world())) {
    const auto body = *wire::decode<wire::EntryBody>(entry.body, wire::Strictness::exact);
    if (++seen[body.kind] <= 2 && body.kind != wire::GenesisInvited::kKind)
      each_mutation_of_entry(body, [&](const std::string& path, const wire::EntryBody& other) {
        EXPECT_FALSE(feed(*replay, with_body(entry, wire::to_json(other)))) << body.kind << ": " << path;
      });
    ASSERT_TRUE(feed(*replay, entry)) << body.kind;
  }
}

TEST(ReplayTest, EachEntryIsDecidedByItsOwnPolicyAndNobodyGoesBackToAnOlderOne) {
  constexpr PolicyVersion kNewer = kPolicyVersion + 1;
  auto replay = *Replay::begin(std::nullopt, kNewer);
  const auto under = [](const Stored& entry, PolicyVersion policy) {
    json::value body = json::parse(entry.body);
    body.at("policy") = policy;
    return with_body(entry, body);
  };
  const auto entries = entries_of(lived_world());
  audit::test::Linked linked;  // with the bodies as they are changed here
  for (Stored entry : entries) {
    linked.link(entry.envelope);
    const bool after_the_change = entry.envelope.seq.value >= entries.size() / 2;
    if (after_the_change && entry.envelope.seq.value > entries.size() / 2)
      EXPECT_EQ(feed(*replay, entry).code(), Errc::tampered) << entry.envelope.seq.value;
    EXPECT_EQ(feed(*replay, under(entry, kNewer + 1)).code(), Errc::unknown_version) << entry.envelope.seq.value;
    const Stored decided = under(entry, after_the_change ? kNewer : kPolicyVersion);
    const auto taken = feed(*replay, decided);
    ASSERT_TRUE(taken) << taken.error().message;
    linked.add(decided.envelope);
  }
  EXPECT_TRUE(replay->finish());
}

TEST(ReplayTest, AGivenMemberOfAnotherTypeIsFound) {
  auto replay = *Replay::begin();
  std::set<std::string> seen;
  for (const Stored& entry : entries_of(lived_world())) {
    json::value body = json::parse(entry.body);
    for (const auto& [name, value] : wire::given_of(body.at("kind").as_string(), body.at("detail"))) {
      for (const json::value& other : std::vector<json::value>{-1, 0.5, true, nullptr, json::object()}) {
        body.at("detail").as_object()[name] = other;
        const auto taken = feed(*replay, with_body(entry, body));
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.code(), Errc::tampered) << name << ": " << other;
      }
      seen.insert(name);
    }
    ASSERT_TRUE(feed(*replay, entry));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"number", "reference"}));
}

TEST(ReplayTest, AnEntryWithoutItsRequestIsFound) {
  auto replay = *Replay::begin();
  for (const Stored& entry : entries_of(lived_world())) {
    json::value body = json::parse(entry.body);
    if (body.as_object().contains("request")) {
      body.as_object().erase("request");
      EXPECT_FALSE(feed(*replay, with_body(entry, body)));
      body.as_object().erase("actor");
      EXPECT_FALSE(feed(*replay, with_body(entry, body)));
    }
    ASSERT_TRUE(feed(*replay, entry));
  }
}

TEST(ReplayTest, AnotherTimeOrChainIsFound) {
  auto replay = *Replay::begin();
  audit::test::Linked linked;
  std::set<audit::ChainNumber> chains;
  for (const Stored& entry : entries_of(lived_world())) {
    const bool is_signed = json::parse(entry.body).as_object().contains("request");
    Stored late = entry;
    late.envelope.time.unix_ms += 62'000;
    if (is_signed) EXPECT_FALSE(feed(*replay, late)) << entry.envelope.seq.value;
    Stored early = entry;
    early.envelope.time.unix_ms -= 1;
    if (entry.envelope.seq.value > kGenesisEntries && early.envelope.time < entry.envelope.time && !chains.empty() &&
        entry.envelope.seq.value > 0) {
      // The entry is now earlier than the one before it, or too early for its signature. A difference of one
      // millisecond would still be allowed.
      early.envelope.time.unix_ms -= 62'000;
      EXPECT_FALSE(feed(*replay, early)) << entry.envelope.seq.value;
    }
    for (const audit::ChainNumber chain : chains) {
      if (chain == entry.envelope.chain) continue;
      Stored moved = entry;
      moved.envelope.chain = chain;
      linked.link(moved.envelope);
      EXPECT_FALSE(feed(*replay, moved));
    }
    Stored own = entry;
    own.envelope.chain = {linked.chains()};
    linked.link(own.envelope);
    if (entry.envelope.n != 0) EXPECT_FALSE(feed(*replay, own)) << entry.envelope.seq.value;
    chains.insert(entry.envelope.chain);
    linked.add(entry.envelope);
    ASSERT_TRUE(feed(*replay, entry));
  }
}

TEST(ReplayTest, AnEntryLeftOutIsFound) {
  const auto entries = entries_of(lived_world());
  for (std::size_t left_out = kGenesisEntries; left_out + 1 < entries.size(); left_out += 7) {
    auto replay = *Replay::begin();
    for (std::size_t i = 0; i < left_out; ++i) ASSERT_TRUE(feed(*replay, entries[i]));
    EXPECT_FALSE(feed(*replay, entries[left_out + 1]));
  }
}

TEST(ReplayTest, ARequestHasItsEffectOnce) {
  const auto entries = entries_of(lived_world());
  auto replay = *Replay::begin();
  audit::test::Linked linked;
  for (const Stored& entry : entries) {
    ASSERT_TRUE(feed(*replay, entry));
    linked.add(entry.envelope);
    const json::value body = json::parse(entry.body);
    if (!body.as_object().contains("request") || body.at("kind").as_string() == "access.refused") continue;
    Stored again = entry;
    again.envelope.seq.value += 1;
    linked.link(again.envelope);
    EXPECT_FALSE(feed(*replay, again)) << entry.body;
  }
}

TEST(ReplayTest, TheEntriesOfOneCommandAreAllThere) {
  // Revoking somebody with two nominations makes three entries.
  const auto entries = entries_of(lived_world());
  auto replay = *Replay::begin();
  for (const Stored& entry : entries) {
    ASSERT_TRUE(feed(*replay, entry));
    if (json::parse(entry.body).at("kind").as_string() != "person.revoked") continue;
    EXPECT_FALSE(replay->finish());
    return;
  }
  FAIL() << "nobody was revoked";
}

TEST(ReplayTest, OneCasesChainIsDerivedWithoutTheOthers) {
  World& world = lived_world();
  const auto entries = entries_of(world);
  for (const CaseId& id : {world.case_id, world.other_case}) {
    auto replay = *Replay::begin();
    std::size_t with_bodies = 0;
    for (const Stored& entry : entries) {
      const auto chain = entry.envelope.chain;
      const auto ids = wire::read_entry(entry.body)->ids;
      const bool has_body = chain == wire::number_at_genesis(ChainSort::directory) ||
                            chain == wire::number_at_genesis(ChainSort::service) || ids.case_ == id;
      with_bodies += has_body ? 1 : 0;
      const auto taken = has_body ? feed(*replay, entry) : replay->next(entry.envelope, std::nullopt);
      ASSERT_TRUE(taken) << taken.error().message;
    }
    EXPECT_TRUE(replay->finish());
    EXPECT_LT(with_bodies, entries.size());
  }
}

TEST(ReplayTest, ABodyMissingInTheMiddleOfAChainIsFound) {
  const auto entries = entries_of(lived_world());
  auto replay = *Replay::begin();
  const std::size_t chains = wire::kChainsOfGenesis.size();
  for (std::size_t i = 0; i < chains; ++i) ASSERT_TRUE(feed(*replay, entries[i]));
  ASSERT_EQ(entries[chains].envelope.chain, entries[0].envelope.chain);
  EXPECT_FALSE(replay->next(entries[chains].envelope, std::nullopt));
}

TEST(ReplayTest, RequestsForAnotherServiceAreFound) {
  auto replay = *Replay::begin("another.example:8443");
  const auto entries = entries_of(lived_world());
  for (std::size_t i = 0; i < kGenesisEntries; ++i) ASSERT_TRUE(feed(*replay, entries[i]));
  EXPECT_FALSE(feed(*replay, entries[kGenesisEntries]));
}

// --- check ----------------------------------------------------------------------------------------------------------

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() : world(lived_world()) {}

  CheckReport report(const CheckOptions& options = {}) {
    auto made = check(world.store(), options);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : CheckReport();
  }
  // Returns every finding, in the order of the report.
  static std::string all(const CheckReport& report) {
    std::string text;
    for (const auto* findings : {&report.ledger.findings, &report.findings})
      for (const auto& finding : *findings) text += finding.value + ": " + finding.problem + "\n";
    return text;
  }
  // Flips a bit of the value under the key, runs the check, and puts the value back.
  std::string with_flipped(vault::engine::Table table, ByteView key) {
    Bytes value = raw(table, key);
    Bytes changed = value;
    changed.back() ^= std::byte{1};
    put(table, key, changed);
    std::string found = all(report());
    put(table, key, value);
    return found;
  }
  // Puts another value under the key, properly sealed.
  std::string with_value(const SealedTable& table, ByteView key, ByteView other) {
    const Bytes value = raw(table.table(), key);
    put(table.table(), key, world.store().sealer().seal(table.name(), key, other));
    std::string found = all(report());
    put(table.table(), key, value);
    return found;
  }
  Bytes raw(vault::engine::Table table, ByteView key) {
    const auto txn = *world.store().engine().read();
    return vault::to_bytes(**txn->get(table, key));
  }
  Bytes first_key(vault::engine::Table table) {
    const auto txn = *world.store().engine().read();
    return vault::to_bytes((**txn->seek(table, {})).key);
  }
  void put(vault::engine::Table table, ByteView key, ByteView value) {
    const auto txn = *world.store().engine().write();
    ASSERT_TRUE(txn->put(table, key, value));
    ASSERT_TRUE(txn->commit());
  }
  const SealedTable& besides(BesideTable table) { return world.store().state().beside_table(table); }

  World& world;
};

TEST_F(CheckTest, AVaultThatLivedIsSound) {
  const CheckReport made = report();
  EXPECT_TRUE(made.is_sound()) << all(made);
  EXPECT_EQ(made.records, 16U);
}

TEST_F(CheckTest, AnAlteredEnvelopeBodyOrTreeNodeIsNamed) {
  const auto& tables = world.store().ledger().tables();
  const Bytes seq = vault::to_bytes(vault::big_endian64(20));
  EXPECT_THAT(with_flipped(tables.envelopes, seq), ::testing::HasSubstr("envelope of entry 20"));
  EXPECT_THAT(with_flipped(tables.bodies.table(), seq), ::testing::HasSubstr("body of entry 20"));
  EXPECT_THAT(with_flipped(tables.tree, first_key(tables.tree)), ::testing::HasSubstr("tree node 0/0"));
  EXPECT_TRUE(report().is_sound());
}

TEST_F(CheckTest, AnyAlteredBesideValueIsNamed) {
  for (const BesideTable table :
       {BesideTable::header, BesideTable::descriptor, BesideTable::wrap, BesideTable::share, BesideTable::previous,
        BesideTable::copy_header, BesideTable::copy_index, BesideTable::text}) {
    const SealedTable& stored = besides(table);
    const Bytes key = first_key(stored.table());
    const std::string name = "row " + vault::hex(key) + " of " + stored.name();
    EXPECT_THAT(with_flipped(stored.table(), key), ::testing::HasSubstr(name));
    EXPECT_THAT(with_value(stored, key, vault::as_bytes("something else")), ::testing::HasSubstr(name));
  }
  EXPECT_TRUE(report().is_sound());
}

TEST_F(CheckTest, ABesideValueThatNoEntryNamesIsNamed) {
  const SealedTable& stored = besides(BesideTable::wrap);
  Bytes key = first_key(stored.table());
  key.back() ^= std::byte{1};
  put(stored.table(), key, world.store().sealer().seal(stored.name(), key, vault::as_bytes("planted")));
  EXPECT_THAT(all(report()), ::testing::HasSubstr("row " + vault::hex(key) + " of " + stored.name()));
  const auto txn = *world.store().engine().write();
  ASSERT_TRUE(txn->erase(stored.table(), key));
  ASSERT_TRUE(txn->commit());
  EXPECT_TRUE(report().is_sound());
}

TEST_F(CheckTest, AnyAlteredProjectionRowIsNamed) {
  for (const SealedTable* table : world.store().tables()) {
    if (table->table_class() != TableClass::projection || table->name() == "ledger.chain") continue;
    const Bytes key = first_key(table->table());
    EXPECT_THAT(with_value(*table, key, vault::as_bytes("something else")),
                ::testing::HasSubstr("row " + vault::hex(key) + " of " + table->name()))
        << table->name();
  }
  EXPECT_TRUE(report().is_sound());
}

TEST_F(CheckTest, AMissingProjectionRowIsNamed) {
  const SealedTable& table = world.store().index().table();
  const Bytes key = first_key(table.table());
  const Bytes value = raw(table.table(), key);
  {
    const auto txn = *world.store().engine().write();
    ASSERT_TRUE(txn->erase(table.table(), key));
    ASSERT_TRUE(txn->commit());
  }
  EXPECT_THAT(all(report()),
              ::testing::HasSubstr("row " + vault::hex(key) + " of " + table.name() + ": it is missing"));
  put(table.table(), key, value);
}

TEST_F(CheckTest, AnAlteredPayloadBlockIsNamed) {
  const auto path = world.payload_directory() / "00000001.seg";
  const auto flip = [&] {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(100);
    const int byte = file.get();
    file.seekp(100);
    file.put(static_cast<char>(byte ^ 1));
  };
  flip();
  const std::string found = all(report());
  EXPECT_THAT(found, ::testing::HasSubstr("payload of rec_"));
  EXPECT_THAT(found, ::testing::HasSubstr("block"));
  EXPECT_TRUE(report({.payloads = false, .go_on = {}}).is_sound());
  flip();
  EXPECT_TRUE(report().is_sound());
}

TEST_F(CheckTest, StopsWhenItIsAskedTo) {
  const auto stopped = check(world.store(), {.payloads = true, .go_on = [] { return false; }});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.code(), Errc::cancelled);
}

// --- rebuild --------------------------------------------------------------------------------------------------------

std::map<std::string, std::map<Bytes, Bytes>> projections_of(World& world) {
  std::map<std::string, std::map<Bytes, Bytes>> all;
  const auto txn = *world.store().engine().read();
  for (const SealedTable* table : world.store().tables()) {
    if (table->table_class() != TableClass::projection) continue;
    EXPECT_TRUE(table->scan(*txn, {}, {}, [&](ByteView key, ByteView value) -> Result<bool> {
      all[table->name()][vault::to_bytes(key)] = vault::to_bytes(value);
      return true;
    }));
  }
  return all;
}

TEST(RebuildTest, MakesTheSameTablesAgainFromTheLedgerAlone) {
  World& world = lived_world();
  const auto before = projections_of(world);
  {
    const auto txn = *world.store().engine().write();
    for (const SealedTable* table : world.store().tables())
      if (table->table_class() == TableClass::projection) {
        SealedTable emptied = *table;
        ASSERT_TRUE(emptied.clear(*txn));
      }
    ASSERT_TRUE(txn->commit());
  }
  EXPECT_NE(projections_of(world), before);
  const auto rebuilt = rebuild(world.store());
  ASSERT_TRUE(rebuilt) << rebuilt.error().message;
  EXPECT_EQ(projections_of(world), before);
  const auto report = check(world.store());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->is_sound());
}

TEST(RebuildTest, ThatFailsLeavesTheOldTables) {
  World& world = lived_world();
  const auto before = projections_of(world);
  world.engine().inject({.at = vault::engine::Fault::At::put, .nth = 50, .code = Errc::full, .takes_effect = false});
  EXPECT_FALSE(rebuild(world.store()));
  world.engine().heal();
  EXPECT_EQ(projections_of(world), before);
}

// --- opening --------------------------------------------------------------------------------------------------------

TEST(StoreOpenTest, AnAlteredTailOrWrapIsFound) {
  World world;
  world.populate();
  world.open_case();
  const auto alter = [&](vault::engine::Table table, ByteView key) {
    const auto txn = *world.engine().write();
    Bytes value = vault::to_bytes(**txn->get(table, key));
    value.back() ^= std::byte{1};
    ASSERT_TRUE(txn->put(table, key, value));
    ASSERT_TRUE(txn->commit());
  };
  Bytes last;
  Bytes wrap;
  {
    const auto txn = *world.store().engine().read();
    last = vault::to_bytes(vault::big_endian64(world.store().ledger().size(*txn)->value - 1));
    wrap = vault::to_bytes((**txn->seek(world.store().state().beside_table(BesideTable::wrap).table(), {})).key);
  }
  const auto envelopes = world.store().ledger().tables().envelopes;
  const auto bodies = world.store().ledger().tables().bodies.table();
  const auto wraps = world.store().state().beside_table(BesideTable::wrap).table();
  for (const auto& [table, key] : {std::pair(envelopes, last), std::pair(bodies, last), std::pair(wraps, wrap)}) {
    alter(table, key);
    const auto opened = world.reopen();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.code(), Errc::tampered);
    alter(table, key);
  }
  EXPECT_TRUE(world.reopen());
}

}  // namespace
}  // namespace strongroom::access::testing
