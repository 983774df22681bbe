#include "cli/client/proof/holdings.h"

#include <algorithm>
#include <boost/json.hpp>

#include "cli/client/declare.h"
#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"

namespace cli::client::testing {
namespace {

constexpr std::string_view kForm =
    R"({"form":"declaration","v":1,"searched":["child-1"],"sources":[)"
    R"({"name":"Case system","kind":"system","state":"removed"},)"
    R"({"name":"Shared drive","kind":"share","state":"still-open","reason":"ongoing-care","until":"2026-12-01"}],)"
    R"("missing":[{"kind":"destroyed","what":"Diary"}],"note":"By two people."})";

TEST(ItemNames, HaveFourDigitsOrMore) {
  EXPECT_EQ(item_name(1), "P-0001");
  EXPECT_EQ(item_name(10'000), "P-10000");
}

class HoldingsTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }

  AddedItem add(std::string_view description, std::string_view seal = "1") {
    AddItemRequest request;
    request.pages = 3;
    request.words.description = description;
    request.words.location = "Shelf 4";
    request.words.seal = seal;
    const auto added = add_item(*third_.session, safe_of(third_), request);
    EXPECT_TRUE(added) << added.error().message;
    return *added;
  }
  Result<ActAnswer> change(const AddedItem& item, access::CustodyChange change, ItemWords words) {
    CustodyRequest request;
    request.item = item.item;
    request.change = change;
    request.words = std::move(words);
    if (change == access::CustodyChange::loaned) {
      request.purpose = access::Purpose::court;
      request.due = *vault::parse_date("2026-12-01");
    }
    return change_custody(*first_.session, safe_of(first_), request);
  }
  Result<Holdings> read(Client& client) {
    const VerifiedSafe safe = safe_of(client);
    if (!safe.keyholder(client.id())) return read_holdings(*client.session, client.directory(), safe, nullptr);
    TRY(const SafeSecrets secrets, open_safe(*client.session, safe));
    return read_holdings(*client.session, client.directory(), safe, &secrets);
  }
  void declare_form() {
    DeclareRequest request;
    request.version = 1;
    request.searched = {"child-1"};
    request.form = *read_declaration(kForm);
    ASSERT_DONE(declare(*lead_.session, safe_of(lead_), request));
  }
  // The operator edits the answers to requests whose target contains `part`.
  void alter(std::string_view part, std::function<void(wire::json::object&)> edit) {
    vault_.alter = [part = std::string(part), edit = std::move(edit)](const HttpRequest& request, HttpAnswer& answer) {
      if (request.target.find(part) == std::string::npos) return;
      auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
      edit(body);
      answer.body = vault::to_bytes(wire::json::serialize(body));
    };
  }
  static wire::json::array& items_of(wire::json::object& body) { return body["data"].as_object()["items"].as_array(); }
};

TEST_F(HoldingsTest, WhatIsRecordedOfAnItemIsWhatKeyholdersRead) {
  const AddedItem item = add("Blue folder");
  EXPECT_EQ(item.number, 1U);
  ItemWords lent;
  lent.to = "Fictional court";
  ASSERT_DONE(change(item, access::CustodyChange::loaned, lent));
  auto holdings = read(first_);
  ASSERT_TRUE(holdings) << holdings.error().message;
  ASSERT_EQ(holdings->items.size(), 1U);
  EXPECT_EQ(holdings->items[0].custody, access::Custody::on_loan);
  EXPECT_EQ(holdings->items[0].words.to, "Fictional court");
  EXPECT_EQ(holdings->items[0].words.description, "Blue folder");
  ASSERT_NE(holdings->items[0].loan(), nullptr);
  EXPECT_EQ(holdings->items[0].loan()->purpose, access::Purpose::court);
  ItemWords back;
  back.location = "Shelf 5";
  ASSERT_DONE(change(item, access::CustodyChange::returned, back));
  holdings = read(first_);
  ASSERT_TRUE(holdings) << holdings.error().message;
  EXPECT_EQ(holdings->items[0].words.to, std::nullopt);
  EXPECT_EQ(holdings->items[0].words.location, "Shelf 5");
  EXPECT_EQ(holdings->items[0].history.size(), 3U);
}

TEST_F(HoldingsTest, WhoeverHoldsNoKeySeesNoWords) {
  add("Blue folder");
  declare_form();
  const auto holdings = read(third_);
  ASSERT_TRUE(holdings) << holdings.error().message;
  EXPECT_EQ(holdings->items[0].words.description, std::nullopt);
  EXPECT_EQ(holdings->declarations[0].form, std::nullopt);
  EXPECT_EQ(holdings->declarations[0].said.sources.size(), 2U);
}

TEST_F(HoldingsTest, AnItemIsReadWithTheKeyOfItsEpoch) {
  add("Before");
  ASSERT_DONE(lead_.session->act(wire::EndNomination{safe_, second_.id(), std::nullopt}));
  first_.sync();
  ASSERT_EQ(safe_of(first_).current().epoch, 1U);
  add("After");
  const auto holdings = read(first_);
  ASSERT_TRUE(holdings) << holdings.error().message;
  EXPECT_EQ(holdings->items[0].words.description, "Before");
  EXPECT_EQ(holdings->items[1].words.description, "After");
}

TEST_F(HoldingsTest, ADeclarationsFormIsReadAsItWasGiven) {
  declare_form();
  const auto holdings = read(first_);
  ASSERT_TRUE(holdings) << holdings.error().message;
  EXPECT_EQ(wire::encode(*holdings->declarations[0].form), kForm);
}

TEST_F(HoldingsTest, ADeclarationThatSaysOtherwiseInItsWordsIsRefused) {
  DeclarationForm form = *read_declaration(kForm);
  const vault::age::Recipient recipient = safe_of(lead_).current().recipient;
  const Bytes note = *vault::age::encrypt_small(vault::as_bytes(wire::encode(form)), std::span(&recipient, 1));
  const auto digest = lead_.session->stage(note);
  ASSERT_TRUE(digest);
  wire::MakeDeclaration command;
  command.safe = safe_;
  command.version = 1;
  command.searched = {"child-1"};
  command.sources = {{access::SourceKind::system, access::SourceState::removed, {}, {}}};  // the open one is left out
  command.form = *digest;
  ASSERT_DONE(lead_.session->act(command));
  EXPECT_TAMPERED(read(first_), "contradict its entry");
}

TEST_F(HoldingsTest, AnAlteredNoteIsNoticed) {
  add("Blue folder");
  alter("/notes", [this](wire::json::object& body) {
    const auto recipient = safe_of(third_).current().recipient;
    const Bytes other = *vault::age::encrypt_small(vault::as_bytes(R"({"v":1})"), std::span(&recipient, 1));
    items_of(body)[0].as_object()["note"] = vault::base64(other, vault::Base64::url_unpadded);
  });
  EXPECT_TAMPERED(read(first_), "not the one that its signer named");
}

TEST_F(HoldingsTest, NotesPutToEachOthersItemsAreNoticed) {
  add("Blue folder");
  add("Red folder");
  alter("/notes", [](wire::json::object& body) {
    auto& notes = items_of(body);
    std::swap(notes[0].as_object()["note"], notes[1].as_object()["note"]);
  });
  EXPECT_TAMPERED(read(first_), "not the one that its signer named");
}

TEST_F(HoldingsTest, AWithheldNoteIsNoticed) {
  add("Blue folder");
  add("Red folder");
  alter("/notes", [](wire::json::object& body) { items_of(body).pop_back(); });
  EXPECT_TAMPERED(read(first_), "withholds a note");
}

TEST_F(HoldingsTest, AWithheldItemIsNoticed) {
  add("Blue folder");
  add("Red folder");
  const VerifiedSafe safe = safe_of(first_);
  const auto withhold_item = [&](std::size_t number) {
    alter("/chains/records", [number](wire::json::object& body) {
      auto& entries = body["receipt"].as_object()["entries"].as_array();
      entries.erase(entries.begin() + 1 + static_cast<std::ptrdiff_t>(number));  // after the opening and the beginning
    });
  };
  withhold_item(1);
  EXPECT_TAMPERED(read(first_), "is not the next entry of its chain");
  withhold_item(2);
  EXPECT_TAMPERED(read(first_), "only a part of a chain");
}

TEST_F(HoldingsTest, ANoteThatItsSignerMadeForAnotherItemIsRefused) {
  const AddedItem first = add("Blue folder");
  const AddedItem second = add("Red folder");
  const vault::age::Recipient recipient = safe_of(first_).current().recipient;
  ItemWords words;
  words.item = first.item;
  words.location = "Shelf 9";
  const Bytes note = *vault::age::encrypt_small(vault::as_bytes(wire::encode(words)), std::span(&recipient, 1));
  wire::ChangeCustody command;
  command.safe = safe_;
  command.item = second.item;
  command.note = *first_.session->stage(note);
  ASSERT_DONE(first_.session->act(command));
  EXPECT_TAMPERED(read(first_), "about another item");
}

TEST_F(HoldingsTest, AnEntryThatTheOperatorMadeUpIsRefused) {
  const AddedItem item = add("Blue folder");
  wire::ChangeCustody command;
  command.safe = safe_;
  command.item = item.item;
  vault::fill_random(command.note);
  const wire::ItemChanged event{safe_, 0, item.item, access::CustodyChange::moved, command.note, {}, {}, {}};
  const std::string actor = first_.id().to_string();
  auto body =
      body_of(event, actor, signed_request(command, actor, vault::crypto::SigningKey::generate(), vault_.now()));
  body.ids.case_ = case_;
  body.ids.safe = safe_;
  vault_.forge(body);
  EXPECT_TAMPERED(read(first_), "not signed by the person");
}

TEST_F(HoldingsTest, AnEntrySignedByWhoeverMayNotIsRefused) {
  add("Blue folder");
  const auto entries = fetch_records_chain(*first_.session, safe_of(first_));
  ASSERT_TRUE(entries);
  VerifiedSafe safe = safe_of(first_);
  safe.agency = partner(0);  // as if it were another agency's
  safe.history.clear();
  EXPECT_TAMPERED(trust_holdings(first_.directory(), safe, *entries), "not permitted");
}

// The agency's staff may add items, yet only its lead and those who are representatives then may change their custody.
TEST_F(HoldingsTest, AChangeOfCustodyByAFormerRepresentativeIsRefused) {
  const AddedItem item = add("Blue folder");
  CustodyRequest request;
  request.item = item.item;
  request.words.location = "Strong room";
  ASSERT_DONE(change_custody(*first_.session, safe_of(first_), request));
  const auto entries = fetch_records_chain(*first_.session, safe_of(first_));
  ASSERT_TRUE(entries);
  VerifiedSafe safe = safe_of(first_);
  EXPECT_TRUE(trust_holdings(first_.directory(), safe, *entries));
  const Seq changed = entries->back().envelope.seq.value;
  safe.history[first_.id()][changed] = access::NominationState::ended;  // by a later entry, or by this one
  EXPECT_TRUE(trust_holdings(first_.directory(), safe, *entries));
  safe.history[first_.id()][changed - 1] = access::NominationState::ended;
  EXPECT_TAMPERED(trust_holdings(first_.directory(), safe, *entries), "item.changed");
}

TEST_F(HoldingsTest, WhoeverReviewsTheCaseReadsThemWithoutTheChain) {
  add("Blue folder");
  declare_form();
  Client reviewer = invite_client(authority_root_, partner(0), {access::Role::reviewer}, "Reviewer");
  auto readable = open_for_reading(*reviewer.session, reviewer.directory(), safe_);
  ASSERT_TRUE(readable) << readable.error().message;
  EXPECT_TRUE(readable->safe.epochs.empty());
  EXPECT_EQ(readable->keys(), nullptr);
  const auto holdings = read_holdings(*reviewer.session, reviewer.directory(), readable->safe, readable->keys());
  ASSERT_TRUE(holdings) << holdings.error().message;
  EXPECT_EQ(holdings->items.size(), 1U);
  EXPECT_EQ(holdings->declarations.size(), 1U);
  readable->safe.agency = partner(0);  // the service's word: the staff that signed is not this agency's
  EXPECT_TAMPERED(read_holdings(*reviewer.session, reviewer.directory(), readable->safe, nullptr), "not permitted");
}

}  // namespace
}  // namespace cli::client::testing
