// Attacks of a service that leaves entries out of what it shows. The operator in these tests may change every answer,
// and add entries to the ledger, but signs for nobody.
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "access/replay.h"
#include "audit/rows.h"
#include "cli/client/proof/review_shown.h"
#include "cli/client/proof/trail.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace json = wire::json;

class WithheldEntries : public SecuringTest {
 protected:
  void SetUp() override {
    SecuringTest::SetUp();
    spoc_.sync();
    write_text(folder() / "one", "1");
    ASSERT_DONE(secure_folder());
    ASSERT_DONE(lead_.session->act(wire::MakeNomination{safe_, {third_.id(), access::Involvement::none, {}}}));
    paths_ = {{"keys", "/v1/safes/" + safe_.to_string() + "/chains/keys"},
              {"recovery", "/v1/safes/" + safe_.to_string() + "/chains/recovery"},
              {"records", "/v1/safes/" + safe_.to_string() + "/chains/records"},
              {"review", "/v1/cases/" + case_.to_string() + "/chains/review"}};
  }
  // Reads a chain as somebody who may read all of these.
  Result<ProvedChain> read(const std::string& name) {
    return spoc_.session->chain(paths_.at(name), *wire::parse_enum<access::ChainSort>(name));
  }
  // Changes the next answers for a path.
  void lie(const std::string& path, const std::function<void(json::object&)>& change) {
    vault_.alter = [path, change](const HttpRequest& request, HttpAnswer& answer) {
      if (request.target.substr(0, request.target.find('?')) != path) return;
      auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
      change(body);
      answer.body = vault::to_bytes(json::serialize(body));
    };
  }
  static json::array& entries_of(json::object& body) { return body["receipt"].as_object()["entries"].as_array(); }
  // The answer that the service gives now, as an operator would keep it for later.
  json::object answer_to(Client& client, const std::string& path) {
    json::object kept;
    lie(path.substr(0, path.find('?')), [&](json::object& body) { kept = body; });
    EXPECT_TRUE(client.session->get_json(path));
    vault_.alter = {};
    return kept;
  }

  std::map<std::string, std::string> paths_;
};

TEST_F(WithheldEntries, AtAnyPlaceOfAnyChainAreMissed) {
  for (const auto& [name, path] : paths_) {
    const auto whole = read(name);
    ASSERT_TRUE(whole) << name << ": " << whole.error().message;
    const std::size_t shown = 1 + whole->entries.size();
    for (std::size_t at = 0; at < shown; ++at) {
      lie(path, [at](json::object& body) {
        auto& entries = entries_of(body);
        entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
      });
      EXPECT_EQ(read(name).code(), Errc::tampered) << name << " without entry " << at << " of " << shown;
    }
    lie(path, [](json::object& body) { body.erase("receipt"); });
    EXPECT_EQ(read(name).code(), Errc::tampered) << name;
    lie(path, [](json::object& body) { body.erase("chain"); });
    EXPECT_EQ(read(name).code(), Errc::tampered) << name;
    vault_.alter = {};
  }
}

TEST_F(WithheldEntries, AtAnyPlaceOfTheDirectoryAreMissed) {
  const std::size_t size = lead_.directory().chain().size();
  for (std::size_t at = 0; at < size; at += at + 1 < size && at + 5 >= size ? 1 : 5) {
    lie("/v1/log/directory", [at](json::object& body) {
      auto& entries = entries_of(body);
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
    });
    ASSERT_DONE(lead_.session->home().forget_directory());
    EXPECT_EQ(Directory::load(*lead_.session).code(), Errc::tampered) << at << " of " << size;
  }
}

// A client that knows the beginning is shown nothing of what followed.
TEST_F(WithheldEntries, ARevocationAtTheEndOfTheDirectoryIsMissed) {
  lead_.directory();
  ASSERT_DONE(authority_root_.session->act(wire::RevokePerson{third_.id(), {}}));
  lie("/v1/log/directory", [](json::object& body) { body.erase("receipt"); });
  EXPECT_TAMPERED(lead_.directory_->update(*lead_.session), "only a part of a chain");
  // With the proof that was right before the revocation.
  vault_.alter = {};
  ASSERT_DONE(lead_.directory_->update(*lead_.session));
  const json::object before = answer_to(lead_, "/v1/log/directory?from=" + std::to_string(1));
  ASSERT_DONE(authority_root_.session->act(wire::RevokePerson{second_.id(), {}}));
  lie("/v1/log/directory", [&](json::object& body) {
    body.erase("receipt");
    body["chain"] = before.at("chain");
  });
  EXPECT_TAMPERED(lead_.directory_->update(*lead_.session), "the end of a chain");
}

// The service wraps the new epoch for somebody whose nomination has ended, if the keyholder does not see the end.
TEST_F(WithheldEntries, AnEndedNominationIsMissedBeforeANewEpochIsMade) {
  const json::object before = answer_to(first_, paths_["keys"]);
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  lie(paths_["keys"], [&](json::object& body) {
    auto& entries = entries_of(body);
    entries.erase(entries.end() - 1);
  });
  EXPECT_TAMPERED(verify_safe(*first_.session, first_.directory(), safe_), "only a part of a chain");
  lie(paths_["keys"], [&](json::object& body) {
    auto& entries = entries_of(body);
    entries.erase(entries.end() - 1);
    body["chain"] = before.at("chain");
  });
  EXPECT_TAMPERED(verify_safe(*first_.session, first_.directory(), safe_), "the end of a chain");
  // The whole answer of then, under the checkpoint of then.
  lie(paths_["keys"], [&](json::object& body) { body = before; });
  EXPECT_EQ(verify_safe(*first_.session, first_.directory(), safe_).code(), Errc::tampered);
}

// The service has a depositor seal to the key of a former representative, if they do not see the new epoch.
TEST_F(WithheldEntries, ANewEpochIsMissedBeforeAnythingIsSealed) {
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), {}}));
  first_.sync();
  ASSERT_EQ(safe_of(third_).current().epoch, 1U);
  lie(paths_["keys"], [](json::object& body) {
    auto& entries = entries_of(body);
    while (!std::string_view(entries.back().at("body").as_string()).contains("nomination.ended"))
      entries.erase(entries.end() - 1);
  });
  write_text(folder() / "two", "2");
  const std::array paths{folder()};
  const auto found = find_files(paths);
  const auto safe = verify_safe(*third_.session, third_.directory(), safe_);
  EXPECT_TAMPERED(safe, "only a part of a chain");
}

TEST_F(WithheldEntries, TheEndOfAnotherChainIsNotTakenForThisOnes) {
  const json::object other = answer_to(spoc_, paths_["recovery"]);
  lie(paths_["keys"], [&](json::object& body) { body["chain"] = other.at("chain"); });
  EXPECT_TAMPERED(read("keys"), "only a part of a chain");
  // The whole other chain, which is whole and proved, but of another sort.
  lie(paths_["keys"], [&](json::object& body) {
    body["receipt"] = other.at("receipt");
    body["chain"] = other.at("chain");
  });
  EXPECT_TAMPERED(read("keys"), "does not begin where its subject was made");
}

TEST_F(WithheldEntries, AnotherSafesChainsAreNotTakenForThisOnes) {
  const std::string review = "/v1/safes/" + review_safe_.to_string() + "/chains/";
  for (const std::string& name : {"keys", "recovery", "records"}) {
    const json::object other = answer_to(spoc_, review + name);
    lie(paths_[name], [&](json::object& body) {
      body["receipt"] = other.at("receipt");
      body["chain"] = other.at("chain");
    });
    if (name == "records") {
      const VerifiedSafe safe = safe_of(spoc_);
      EXPECT_TAMPERED(fetch_records_chain(*spoc_.session, safe), "another safe");
    } else {
      EXPECT_EQ(verify_safe(*spoc_.session, spoc_.directory(), safe_).code(), Errc::tampered) << name;
    }
    vault_.alter = {};
  }
}

// The operator begins a second, empty chain for the safe and shows it in place of the first.
TEST_F(WithheldEntries, AChainThatWasBegunTwiceIsRefused) {
  wire::EntryBody begun;
  vault::fill_random(begun.salt);
  begun.kind = wire::ChainBegun::kKind;
  begun.detail = wire::to_json(wire::ChainBegun{access::ChainSort::keys});
  begun.ids = {case_, safe_, school_, {}, {}};
  {
    const auto txn = vault_.store().engine().write();
    ASSERT_TRUE(
        vault_.store().ledger().append(**txn, std::nullopt, vault_.now(), vault::as_bytes(wire::encode(begun))));
    ASSERT_TRUE(vault_.store().ledger().sign(**txn, vault_.store().log_key(), vault_.store().config().origin));
    ASSERT_TRUE((*txn)->commit());
  }
  const auto txn = *vault_.store().engine().read();
  const audit::LeafIndex last{vault_.store().ledger().size(*txn)->value - 1};
  const audit::ChainNumber second = vault_.store().ledger().envelope(*txn, last)->chain;
  const VerifiedSafe safe = safe_of(spoc_);
  lie(paths_["keys"], [&](json::object& body) {
    const std::array seqs{audit::LeafIndex{safe.epochs.front().since}, last};
    body["receipt"] = audit::to_json(*vault_.store().ledger().receipt(*txn, seqs));
    body["chain"] = audit::to_json(*vault_.store().ledger().chain_end(*txn, second));
  });
  EXPECT_TAMPERED(read("keys"), "does not begin where its subject was made");
  // Everybody who holds the entries finds it too.
  vault_.alter = {};
  EXPECT_TAMPERED(verify_trail(*spoc_.session, spoc_.directory()), "");
  const auto report = access::check(vault_.store());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->is_sound());
}

// The operator has the log's key, and signs heads in which a chain ends earlier than this client has seen it end.
TEST_F(WithheldEntries, AChainIsNotShorterThanItWas) {
  lead_.directory();
  const auto whole = read("keys");
  ASSERT_DONE(whole);
  const audit::ChainNumber chain = whole->entries.front().envelope.chain;
  const audit::Ledger& ledger = vault_.store().ledger();
  audit::HeadProof shown;
  {
    const auto txn = std::move(*vault_.store().engine().write());
    wire::EntryBody remark;
    remark.kind = wire::ClockStepped::kKind;
    remark.detail = wire::to_json(wire::ClockStepped{vault_.now(), vault_.now()});
    const Bytes body = vault::to_bytes(wire::encode(remark));
    audit::Envelope last =
        *vault_.store().ledger().append(*txn, wire::number_at_genesis(access::ChainSort::service), vault_.now(), body);
    const std::uint64_t chains = *ledger.chains(*txn);
    audit::HeadRowsInMemory rows;
    Digest root{};
    for (std::uint64_t number = 0; number < chains; ++number) {
      audit::ChainHead head = ledger.head(*txn, {number})->head;
      if (head.chain == chain) {
        head = {chain, head.n - 1, ledger.chain_entries(*txn, chain, head.n - 1, 1)->front()};
        shown.head = head;
      }
      root = *audit::put_head(rows, head, number + 1);
    }
    shown.chains = chains;
    shown.proof = *audit::prove_head(rows, chain, chains);
    last.heads = audit::heads_digest(chains, root);
    const Bytes bytes = audit::encode_envelope(last);
    ASSERT_TRUE(txn->put(ledger.tables().envelopes, audit::number_row(last.seq.value), bytes));
    for (const audit::Node& node : *audit::complete_nodes(ledger.nodes(*txn), last.seq, audit::leaf_hash(bytes)))
      ASSERT_TRUE(txn->put(ledger.tables().tree, audit::node_row(node.id), node.hash));
    ASSERT_TRUE(vault_.store().ledger().sign(*txn, vault_.store().log_key(), vault_.store().config().origin));
    ASSERT_TRUE(txn->commit());
  }
  const auto shorten = [&](json::object& body) {
    auto& entries = entries_of(body);
    entries.erase(entries.end() - 1);
    auto& end = body["chain"].as_object();
    end["n"] = shown.head.n;
    end["seq"] = shown.head.seq.value;
    end["proof"] = wire::to_json(shown.proof);
  };
  lie(paths_["keys"], shorten);
  // Somebody who never saw the chain cannot know better, until they or a witness derive all heads.
  EXPECT_TRUE(lead_.session->chain(paths_["keys"], access::ChainSort::keys));
  EXPECT_TAMPERED(read("keys"), "shorter than it was");
  vault_.alter = {};
  EXPECT_TAMPERED(verify_trail(*lead_.session, *lead_.directory_), "other chain heads");
}

// Most people may read only some chains of a case, and not all entries of others. They replay none of it, and verify
// the signatures of what they may read. A SPOC reads everything.
TEST_F(WithheldEntries, AreNotSuspectedWhereSomebodyMayNotReadThem) {
  for (Client* one : {&first_, &third_, &lead_, &custodians_[0], &authority_root_, &spoc_}) {
    const auto trail = verify_trail(*one->session, one->directory());
    ASSERT_TRUE(trail) << trail.error().message;
    EXPECT_GT(trail->replayed, 0U);
    if (one == &spoc_) EXPECT_EQ(trail->replayed, trail->size);
  }
}

TEST_F(WithheldEntries, OfAReviewAreMissedBeforeItIsShown) {
  lie(paths_["review"], [](json::object& body) {
    auto& entries = entries_of(body);
    entries.erase(entries.end() - 1);
  });
  Directory& directory = spoc_.directory();
  EXPECT_TAMPERED(read_review(*spoc_.session, directory, case_), "only a part of a chain");
}

}  // namespace
}  // namespace cli::client::testing
