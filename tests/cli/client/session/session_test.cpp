#include "cli/client/session/session.h"

#include <algorithm>
#include <boost/json.hpp>

#include "access/acts/act.h"
#include "cli/client/session/act_receipt.h"
#include "cli/client/session/upload.h"
#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace json = wire::json;

// Changes the JSON of answers to requests that `about` picks.
void alter_json(Vault& vault, const std::function<bool(const HttpRequest&)>& about,
                const std::function<void(json::object&)>& change) {
  vault.alter = [=](const HttpRequest& request, HttpAnswer& answer) {
    if (!about(request)) return;
    auto value = wire::parse_json(vault::as_text(answer.body));
    if (!value || !value->is_object()) return;
    change(value->as_object());
    answer.body = vault::to_bytes(json::serialize(*value));
  };
}
std::function<bool(const HttpRequest&)> target_begins(std::string start) {
  return [start](const HttpRequest& request) { return request.target.starts_with(start); };
}

// A single person: the root of the local authority.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : root_(enrol_client(vault_, wire::format_invitation(vault_.invitations()[0]))) {}
  Session& session() { return *root_.session; }
  wire::AddAgency agency() {
    wire::AddAgency command;
    command.agency = session().make_id<access::AgencyId>();
    command.kind = access::AgencyKind::school;
    command.name = *session().stage_text("Fictional Primary School", access::kMaxNameBytes);
    return command;
  }
  std::uint64_t kept_size() { return session().checkpoint()->checkpoint.size.value; }
  // A checkpoint that the operator signs for any size and root.
  std::string sign(std::uint64_t size, const Digest& root) {
    audit::Checkpoint checkpoint;
    checkpoint.origin = vault_.store().config().origin;
    checkpoint.size = {size};
    checkpoint.root = root;
    return audit::sign_checkpoint(checkpoint, vault_.store().log_key())->note;
  }
  std::size_t pending() { return session().home().pending()->size(); }

  Vault vault_;
  Client root_;
};

TEST(ActReceipt, ACommandOfANewerProgramIsLeftToIt) {
  PendingCommand pending;
  pending.kind = "case.enchant";
  const auto key = vault::crypto::SigningKey::generate();
  EXPECT_EQ(check_receipt(pending, {}, key.verify_key(), "vault.example").code(), Errc::unknown_version);
}

TEST_F(SessionTest, EachAnswersCheckpointIsKept) {
  const std::uint64_t before = kept_size();
  const auto answer = session().act(agency());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(kept_size(), before + 1);
  EXPECT_EQ(*session().home().checkpoint_note(), session().checkpoint()->note);
  EXPECT_EQ(answer->entries.front().body.kind, "agency.added");
}

TEST_F(SessionTest, ALedgerThatWentBackwardsIsRefused) {
  const std::string old = session().checkpoint()->note;
  ASSERT_DONE(session().act(agency()));
  const std::uint64_t kept = kept_size();
  alter_json(vault_, target_begins("/v1/whoami"), [&](json::object& body) {
    body["log"].as_object()["checkpoint"] = old;
    body["log"].as_object()["consistency"] = json::array();
  });
  EXPECT_TAMPERED(session().get_json("/v1/whoami"), "went backwards");
  EXPECT_EQ(kept_size(), kept);
}

TEST_F(SessionTest, ASplitViewIsRefused) {
  const std::uint64_t kept = kept_size();
  alter_json(vault_, target_begins("/v1/whoami"),
             [&](json::object& body) { body["log"].as_object()["checkpoint"] = sign(kept, Digest{}); });
  EXPECT_TAMPERED(session().get_json("/v1/whoami"), "different entries to different readers");
}

TEST_F(SessionTest, AHistoryThatDoesNotExtendTheKnownOneIsRefused) {
  const std::uint64_t kept = kept_size();
  alter_json(vault_, target_begins("/v1/whoami"),
             [&](json::object& body) { body["log"].as_object()["checkpoint"] = sign(kept + 5, Digest{}); });
  EXPECT_TAMPERED(session().get_json("/v1/whoami"), "rewritten");
}

TEST_F(SessionTest, ACheckpointOfAnotherKeyIsRefused) {
  alter_json(vault_, target_begins("/v1/whoami"), [&](json::object& body) {
    audit::Checkpoint checkpoint = session().checkpoint()->checkpoint;
    const auto other = vault::crypto::SigningKey::generate();
    body["log"].as_object()["checkpoint"] = audit::sign_checkpoint(checkpoint, other)->note;
  });
  EXPECT_TAMPERED(session().get_json("/v1/whoami"), "not signed by the log key");
}

TEST_F(SessionTest, AnAnswerThatSaysNothingOfTheLedgerIsRefused) {
  alter_json(vault_, target_begins("/v1/whoami"), [](json::object& body) { body.erase("log"); });
  EXPECT_TAMPERED(session().get_json("/v1/whoami"), "says nothing about the ledger");
}

// Errc::malformed is for input that people type, and ends with exit 2. It must not be used for answers of the service.
TEST_F(SessionTest, AnAnswerThatMakesNoSenseIsTheServicesFailure) {
  vault_.alter = [](const HttpRequest&, HttpAnswer& answer) { answer.body = vault::to_bytes("{\"data\":"); };
  EXPECT_EQ(session().get_json("/v1/whoami").code(), Errc::internal);
  alter_json(vault_, target_begins("/v1/whoami"), [](json::object& body) { body["data"] = json::array{1, 2}; });
  EXPECT_EQ(session().get<wire::PersonView>("/v1/whoami").code(), Errc::internal);
  alter_json(vault_, target_begins("/v1/whoami"), [](json::object& body) { body.erase("data"); });
  EXPECT_EQ(session().get<wire::PersonView>("/v1/whoami").code(), Errc::internal);
  alter_json(vault_, target_begins("/v1/persons"), [](json::object& body) {
    body["data"] = json::object{{"items", json::array{}}, {"next", access::PersonId::generate(1).to_string()}};
  });
  EXPECT_EQ(session().all<wire::PersonView>("/v1/persons").code(), Errc::internal);
  vault_.alter = {};
  EXPECT_TRUE(session().get<wire::PersonView>("/v1/whoami"));
}

// A cursor before everybody who is enrolled, so a page of people that begins there has all of them.
std::string cursor(std::uint64_t number) {
  return access::PersonId::generate(number).to_string();
}

TEST_F(SessionTest, APageMayBeEmptyWhileMoreFollow) {
  const std::vector<std::string> cursors{cursor(1), cursor(2)};
  std::vector<std::string> asked;
  alter_json(vault_, target_begins("/v1/persons"), [&](json::object& body) {
    if (asked.size() <= cursors.size())
      body["data"] = json::object{{"items", json::array()}, {"next", cursors[asked.size() - 1]}};
  });
  vault_.lose_request = [&](const HttpRequest& request) {
    asked.push_back(request.target.substr(0, request.target.find("known=") - 1));
    return false;
  };
  const auto people = session().all<wire::PersonView>("/v1/persons");
  ASSERT_TRUE(people) << people.error().message;
  EXPECT_EQ(people->size(), 1U);
  const std::string path = "/v1/persons";
  EXPECT_EQ(asked, (std::vector{path, path + "?from=" + cursors[0], path + "?from=" + cursors[1]}));
}

TEST_F(SessionTest, AListingThatDoesNotGoForwardIsRefused) {
  const std::vector<std::string> cursors{cursor(1), cursor(2)};
  // Each list has the cursors that the pages name as the next one, in order.
  for (const std::vector<std::string>& named : {std::vector<std::string>{""},
                                                {cursors[1], cursors[1]},
                                                {cursors[1], cursors[0]},
                                                {cursors[0], cursors[1], cursors[0]}}) {
    std::size_t pages = 0;
    alter_json(vault_, target_begins("/v1/persons"),
               [&](json::object& body) { body["data"].as_object()["next"] = named.at(pages++); });
    const auto people = session().all<wire::PersonView>("/v1/persons");
    ASSERT_EQ(people.code(), Errc::internal);
    EXPECT_TRUE(people.error().message.contains("does not go forward")) << people.error().message;
    EXPECT_EQ(pages, named.size());
  }
  alter_json(vault_, target_begins("/v1/log/directory"),
             [](json::object& body) { body["data"].as_object()["next"] = "1"; });
  const auto entries = session().entries("/v1/log/directory");
  ASSERT_EQ(entries.code(), Errc::internal);
  EXPECT_TRUE(entries.error().message.contains("does not go forward")) << entries.error().message;
}

TEST(Listings, EndWhateverTheServiceSays) {
  Listing empty;
  std::uint64_t pages = 1;
  for (auto more = empty.turn("1", 0); more; more = empty.turn(std::to_string(pages), 0)) ++pages;
  EXPECT_EQ(pages, kMaxListedPages);
  Listing full;
  std::uint64_t items = 0;
  for (std::uint64_t page = 1; full.turn(std::to_string(page), wire::kMaxPage); ++page) items += wire::kMaxPage;
  EXPECT_EQ(items, kMaxListedItems / wire::kMaxPage * wire::kMaxPage);
  Listing last;
  EXPECT_FALSE(*last.turn(std::nullopt, 0));
}

TEST_F(SessionTest, AnActWithoutAReceiptIsNotDone) {
  alter_json(vault_, target_begins("/v1/acts/"), [](json::object& body) { body.erase("receipt"); });
  EXPECT_TAMPERED(session().act(agency()), "no receipt");
  EXPECT_EQ(pending(), 1U);
}

TEST_F(SessionTest, AReceiptForAnotherCommandIsRefused) {
  json::value other;
  alter_json(vault_, target_begins("/v1/acts/"), [&](json::object& body) { other = body["receipt"]; });
  ASSERT_DONE(session().act(agency()));
  alter_json(vault_, target_begins("/v1/acts/"), [&](json::object& body) {
    // The earlier entry, proved in the tree of this answer.
    const auto txn = vault_.store().engine().read();
    const std::array seqs{audit::LeafIndex{other.at("entries").at(0).at("index").to_number<std::uint64_t>()}};
    body["receipt"] = audit::to_json(*vault_.store().ledger().receipt(**txn, seqs));
  });
  EXPECT_TAMPERED(session().act(agency()), "for another command");
}

TEST_F(SessionTest, AnEntryThatIsNotWhatWasAskedForIsRefused) {
  // The operator enters the signed request under another detail.
  alter_json(vault_, target_begins("/v1/acts/"), [&](json::object& body) {
    auto entry = wire::decode<wire::EntryBody>(
        std::string_view(body["receipt"].at("entries").at(0).at("body").as_string()), wire::Strictness::exact);
    ASSERT_TRUE(entry);
    entry->detail.as_object()["kind"] = "police";
    entry->detail.as_object()["agency"] = session().make_id<access::AgencyId>().to_string();
    vault_.forge(*entry);
    const auto txn = vault_.store().engine().read();
    const std::array seqs{audit::LeafIndex{vault_.store().ledger().size(**txn)->value - 1}};
    body["receipt"] = audit::to_json(*vault_.store().ledger().receipt(**txn, seqs));
    const auto known = body["log"].at("from").to_number<std::uint64_t>();
    body["log"] = audit::to_json(vault_.store().log_answer(**txn, audit::TreeSize{known}, {})->update);
  });
  EXPECT_TAMPERED(session().act(agency()), "not what was asked for");
}

TEST_F(SessionTest, AReceiptWithAWrongProofIsRefused) {
  alter_json(vault_, target_begins("/v1/acts/"), [](json::object& body) {
    auto& proof = body["receipt"].as_object()["entries"].as_array()[0].as_object()["proof"].as_array();
    proof[0] = std::string(64, '0');
  });
  EXPECT_TAMPERED(session().act(agency()), "the receipt");
}

TEST_F(SessionTest, AReceiptUnderAnotherCheckpointThanTheAnswersIsRefused) {
  const std::string old = session().checkpoint()->note;
  alter_json(vault_, target_begins("/v1/acts/"),
             [&](json::object& body) { body["receipt"].as_object()["checkpoint"] = old; });
  EXPECT_TAMPERED(session().act(agency()), "another checkpoint");
}

TEST_F(SessionTest, AnAnswerThatIsLostIsAskedForAgainWithOneEffect) {
  const std::uint64_t before = kept_size();
  int lost = 0;
  vault_.lose_answer = [&](const HttpRequest& request) {
    return request.target.starts_with("/v1/acts/") && lost++ < 2;
  };
  ASSERT_DONE(session().act(agency()));
  EXPECT_EQ(lost, 3);
  EXPECT_EQ(kept_size(), before + 1);
  EXPECT_EQ(pending(), 0U);
}

TEST_F(SessionTest, ACommandThatCannotBeSentWaitsInTheOutboxAndIsFinishedOnce) {
  const wire::AddAgency command = agency();
  const std::uint64_t before = kept_size();
  bool lose = true;
  vault_.lose_answer = [&](const HttpRequest&) { return lose; };  // done, but its answer is lost
  const int requests = vault_.requests;
  const auto answer = session().act(command);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.code(), Errc::unavailable);
  EXPECT_EQ(vault_.requests - requests, kMaxAttempts);
  EXPECT_EQ(pending(), 1U);
  EXPECT_EQ(session().finish_outbox().code(), Errc::unavailable);
  EXPECT_EQ(pending(), 1U);
  lose = false;
  ASSERT_DONE(session().get_json("/v1/whoami"));  // so that this home knows a larger ledger by now
  const auto lines = session().finish_outbox();
  ASSERT_TRUE(lines) << lines.error().message;
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_TRUE(lines->front().starts_with("Finished: agency.add"));
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(kept_size(), before + 1);
  EXPECT_TRUE(session().finish_outbox()->empty());
}

TEST_F(SessionTest, ACommandTooOldForItsNonceIsGivenUp) {
  vault_.lose_request = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/"); };
  EXPECT_EQ(session().act(agency()).code(), Errc::unavailable);
  vault_.lose_request = {};
  vault_.pass((kMaxPendingDays * 24 * 3600 + 1) * 1000);
  const auto lines = session().finish_outbox();
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_TRUE(lines->front().starts_with("Given up: agency.add"));
  EXPECT_EQ(pending(), 0U);
}

TEST_F(SessionTest, ARefusalNamesItsRuleAndSettlesTheCommand) {
  Client administrator = enrol_client(vault_, wire::format_invitation(vault_.invitations()[3]));
  wire::AddAgency command = agency();
  command.name = *administrator.session->stage_text("Fictional Clinic", access::kMaxNameBytes);
  const auto answer = administrator.session->act(command);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.code(), Errc::refused);
  EXPECT_NE(answer.error().message.find("(rule: partner)"), std::string::npos) << answer.error().message;
  EXPECT_TRUE(administrator.session->home().pending()->empty());
}

TEST_F(SessionTest, AReadIsTriedAgainWhileTheNetworkFails) {
  int lost = 0;
  vault_.lose_request = [&](const HttpRequest&) { return ++lost < kMaxAttempts; };
  EXPECT_TRUE(session().get_json("/v1/whoami"));
  lost = 0;
  vault_.lose_request = [&](const HttpRequest&) { return ++lost <= kMaxAttempts; };
  EXPECT_EQ(session().get_json("/v1/whoami").code(), Errc::unavailable);
}

TEST_F(SessionTest, AServiceThatAsksForPatienceIsWaitedFor) {
  std::vector<std::int64_t> waits;
  auto other = Session::start(
      session().home(), session().keys().clone(),
      {vault_.carrier(), vault_.clock(), [&](std::chrono::milliseconds time) { waits.push_back(time.count()); }});
  ASSERT_TRUE(other);
  int answers = 0;
  vault_.alter = [&](const HttpRequest&, HttpAnswer& answer) {
    if (++answers <= 10) answer = {429, {{"retry-after", "2"}}, {}};
  };
  EXPECT_TRUE((*other)->get_json("/v1/whoami"));
  EXPECT_EQ(waits, std::vector<std::int64_t>(10, 2000));
  vault_.alter = [](const HttpRequest&, HttpAnswer& answer) { answer = {429, {}, {}}; };
  EXPECT_EQ((*other)->get_json("/v1/whoami").code(), Errc::limited);
}

TEST_F(SessionTest, TwoProgramsOfOneHomeKeepOneHistory) {
  auto other = Session::start(session().home(), session().keys().clone(), {vault_.carrier(), vault_.clock(), {}});
  ASSERT_TRUE(other) << other.error().message;
  ASSERT_DONE((*other)->act(agency()));
  const std::uint64_t ahead = (*other)->checkpoint()->checkpoint.size.value;
  ASSERT_GT(ahead, kept_size());
  ASSERT_DONE(session().get_json("/v1/whoami"));
  EXPECT_EQ(kept_size(), ahead);
  EXPECT_EQ(*session().home().checkpoint_note(), session().checkpoint()->note);
}

TEST_F(SessionTest, AnotherProgramsHistoryThatDoesNotFitIsRefused) {
  // The other program was shown another history.
  ASSERT_DONE(session().home().replace_checkpoint(session().checkpoint()->note, sign(kept_size() + 1, Digest{})));
  EXPECT_TAMPERED(session().act(agency()), "different entries");
}

TEST_F(SessionTest, ADamagedKeptCheckpointStopsTheStart) {
  write_text(root_.home() / "checkpoint", session().checkpoint()->note.substr(0, 50));
  const auto again = Session::start(session().home(), session().keys().clone(), {vault_.carrier(), vault_.clock(), {}});
  EXPECT_TAMPERED(again, "checkpoint");
}

TEST_F(SessionTest, StagingChecksWhatTheServiceSaysItHolds) {
  alter_json(vault_, target_begins("/v1/beside"),
             [](json::object& body) { body["data"].as_object()["digests"].as_array()[0] = std::string(64, '0'); });
  EXPECT_TAMPERED(session().stage(vault::to_bytes("a value")), "other values");
}

TEST_F(SessionTest, FreeTextIsBlindedBoundedAndPlain) {
  const auto one = session().stage_text("the same", 8);
  const auto other = session().stage_text("the same", 8);
  ASSERT_TRUE(one && other);
  EXPECT_NE(*one, *other);
  EXPECT_EQ(session().stage_text("the same!", 8).code(), Errc::too_large);
  EXPECT_EQ(session().stage_text("a\tb").code(), Errc::invalid_argument);
  EXPECT_EQ(session().stage_text("\xff").code(), Errc::invalid_argument);
  EXPECT_EQ(session().stage_text("").code(), Errc::invalid_argument);
  EXPECT_TRUE(session().stage_text("two\nlines"));
}

TEST_F(SessionTest, MoreValuesThanOneRequestTakesAreStagedInSeveral) {
  std::vector<Bytes> values;
  for (std::size_t i = 0; i < access::kMaxBesideValuesPerRequest + 1; ++i)
    values.push_back(vault::to_bytes(std::to_string(i)));
  const int before = vault_.requests;
  const auto digests = session().stage(values);
  ASSERT_TRUE(digests) << digests.error().message;
  EXPECT_EQ(digests->size(), values.size());
  EXPECT_EQ(vault_.requests - before, 2);
  values.assign(1, Bytes(access::kMaxBesideValueBytes));
  EXPECT_TRUE(session().stage(values));
  values.assign(1, Bytes(access::kMaxBesideValueBytes + 1));
  EXPECT_EQ(session().stage(values).code(), Errc::too_large);
}

TEST_F(SessionTest, AnUploadGoesOnWhereTheServiceStands) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload) << upload.error().message;
  EXPECT_EQ(upload->offset(), 10U);
  int lost = 0;
  vault_.lose_answer = [&](const HttpRequest& request) { return request.method == "PATCH" && lost++ == 0; };
  const Bytes rest(90, std::byte{'x'});
  ASSERT_DONE(upload->write(rest));
  EXPECT_EQ(upload->offset(), 100U);
  EXPECT_EQ(upload->write(rest).code(), Errc::invalid_argument);
}

TEST_F(SessionTest, AChunkIsGivenAgainFromWhereTheServiceStands) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload) << upload.error().message;
  int lost = 0;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method != "PATCH" || lost++ > 0) return false;
    std::array<std::byte, 40> some;  // the connection breaks after a part of it
    return request.source(some).has_value();
  };
  std::vector<std::uint64_t> asked;
  ASSERT_DONE(upload->write(90, [&](std::uint64_t at, std::span<std::byte> into) -> Result<std::size_t> {
    asked.push_back(at);
    const std::size_t size = std::min<std::size_t>(into.size(), 40);
    std::ranges::fill(into.first(size), std::byte{'x'});
    return size;
  }));
  EXPECT_EQ(upload->offset(), 100U);
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{10, 10, 50, 90}));
  auto other = Upload::create(session(), 10);
  ASSERT_TRUE(other);
  const auto none = other->write(
      10, [](std::uint64_t, std::span<std::byte>) -> Result<std::size_t> { return Error{Errc::cancelled, "stopped"}; });
  EXPECT_EQ(none.code(), Errc::cancelled);
}

TEST_F(SessionTest, WhatAnEarlierRunsConnectionStillBroughtIsGoneOnFrom) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload) << upload.error().message;
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "PATCH") answer = {409, {}, {}};
    if (request.method == "HEAD") answer.fields = {{"upload-offset", "70"}};
  };
  const auto some = upload->write(40, [](std::uint64_t, std::span<std::byte> into) -> Result<std::size_t> {
    return std::min<std::size_t>(into.size(), 40);
  });
  EXPECT_EQ(some.code(), Errc::retry);
  EXPECT_EQ(upload->offset(), 70U);
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "PATCH") answer = {409, {}, {}};
    if (request.method == "HEAD") answer.fields = {{"upload-offset", "101"}};
  };
  EXPECT_EQ(upload->write(Bytes(30)).code(), Errc::internal);
}

TEST_F(SessionTest, AServiceThatTakesNothingIsNotAskedForEver) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload) << upload.error().message;
  int chunks = 0;
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "PATCH") ++chunks;
    if (request.method == "PATCH" || request.method == "HEAD") answer = {204, {{"upload-offset", "10"}}, {}};
  };
  EXPECT_FALSE(upload->write(Bytes(90)));
  EXPECT_EQ(chunks, kMaxAttempts);
}

TEST_F(SessionTest, AServiceCannotHaveMoreOfAnUploadThanItWasGiven) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload) << upload.error().message;
  const Carrier eager = [carry = vault_.carrier()](const HttpRequest& request) -> Result<HttpAnswer> {
    if (request.method != "PATCH") return carry(request);
    std::array<std::byte, 40> some;
    TRY_VOID(request.source(some));
    return HttpAnswer{204, {{"upload-offset", "51"}}, {}};
  };
  auto other = Session::start(session().home(), session().keys().clone(), {eager, vault_.clock(), {}});
  ASSERT_TRUE(other) << other.error().message;
  auto same = Upload::resume(**other, upload->id(), 100);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same->write(Bytes(90)).code(), Errc::internal);
}

TEST_F(SessionTest, AnUploadThatLostWhatWasSentIsBegunAgain) {
  auto upload = Upload::create(session(), 100, vault::as_bytes("0123456789"));
  ASSERT_TRUE(upload);
  vault_.lose_request = [&](const HttpRequest& request) { return request.method == "PATCH"; };
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "HEAD") answer.fields = {{"upload-offset", "4"}};
  };
  EXPECT_EQ(upload->write(Bytes(90)).code(), Errc::retry);
}

TEST_F(SessionTest, ADownloadIsResumedWhereItBroke) {
  const std::string whole(1000, 'd');
  std::vector<std::string> ranges;
  const Carrier flaky = [&](const HttpRequest& request) -> Result<HttpAnswer> {
    std::string range;
    for (const auto& [name, value] : request.fields)
      if (name == "Range") range = value;
    ranges.push_back(range);
    const std::size_t from = range.empty() ? 0 : static_cast<std::size_t>(std::stoul(range.substr(6)));
    const std::string part = whole.substr(from, ranges.size() < 4 ? 300 : std::string::npos);
    TRY_VOID(request.sink(vault::as_bytes(part)));
    if (from + part.size() < whole.size()) return Error{Errc::unavailable, "broke"};
    return HttpAnswer{range.empty() ? 200U : 206U, {}, {}};
  };
  auto other = Session::start(session().home(), session().keys().clone(),
                              {flaky, vault_.clock(), [](std::chrono::milliseconds) {}});
  ASSERT_TRUE(other);
  std::string got;
  const auto done = (*other)->download("/v1/x", 0, whole.size(), [&](ByteView bytes) -> Result<void> {
    got += vault::as_text(bytes);
    return {};
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(got, whole);
  EXPECT_EQ(ranges, (std::vector<std::string>{"", "bytes=300-999", "bytes=600-999", "bytes=900-999"}));
}

TEST_F(SessionTest, MoreThanWasSealedIsRefusedWhileItComes) {
  const Carrier generous = [&](const HttpRequest& request) -> Result<HttpAnswer> {
    TRY_VOID(request.sink(Bytes(11)));
    return HttpAnswer{200, {}, {}};
  };
  auto other = Session::start(session().home(), session().keys().clone(),
                              {generous, vault_.clock(), [](std::chrono::milliseconds) {}});
  ASSERT_TRUE(other);
  EXPECT_TAMPERED((*other)->download("/v1/x", 0, 10, [](ByteView) { return Result<void>(); }), "more of a record");
}

TEST_F(SessionTest, AnInvitationOrPinsWithAUrlThatNoVaultHasAreRefused) {
  constexpr std::string_view kUrlOfAPage = "https://vault.example/page";
  wire::Invitation invitation = vault_.invitations()[1];
  invitation.url = kUrlOfAPage;
  const auto read = wire::parse_invitation(wire::format_invitation(invitation));
  ASSERT_EQ(read.code(), Errc::malformed);
  EXPECT_TRUE(read.error().message.contains("it has a path")) << read.error().message;
  Pins pins = session().pins();
  pins.url = kUrlOfAPage;
  ASSERT_DONE(session().home().write_pins(pins));
  const auto started =
      Session::start(session().home(), session().keys().clone(), World{vault_.carrier(), vault_.clock(), {}});
  ASSERT_EQ(started.code(), Errc::malformed);
  EXPECT_TRUE(started.error().message.contains("it has a path")) << started.error().message;
}

// An entry contains the authority that its signer signed, in its normal form.
TEST(Vaults, AreEnrolledInAndUsedOnHttpsOwnPortAsOnAnother) {
  for (const std::string_view url : {"https://vault.example", "https://vault.example:443", "https://Vault.Example/",
                                     "https://[::1]", "https://[0:0::1]:443", "https://[::1]:8443"}) {
    Vault vault(url);
    Client root = enrol_client(vault, wire::format_invitation(vault.invitations()[0]));
    ASSERT_TRUE(root.session) << url;
    wire::AddAgency command;
    command.agency = root.session->make_id<access::AgencyId>();
    command.kind = access::AgencyKind::school;
    command.name = *root.session->stage_text("Fictional Primary School", access::kMaxNameBytes);
    ASSERT_DONE(root.session->act(command));
    EXPECT_EQ(root.directory().chain().roots().size(), 1U) << url;
  }
}

TEST(ProblemAnswers, GiveTheirCodeWordsAndRule) {
  const auto answer = [](unsigned status, std::string_view body) {
    return error_of({status, {}, vault::to_bytes(body)});
  };
  const Error refused =
      answer(403, R"({"type":"urn:strongroom:problem:refused","title":"t","detail":"No.","rule":"keyholder"})");
  EXPECT_EQ(refused.code, Errc::refused);
  EXPECT_EQ(refused.message, "No. (rule: keyholder)");
  EXPECT_EQ(answer(404, R"({"type":"urn:strongroom:problem:not_found","title":"gone"})").message, "gone");
  EXPECT_EQ(answer(507, "<html>").code, Errc::full);
  EXPECT_EQ(answer(503, "").code, Errc::unavailable);
  EXPECT_EQ(answer(418, "").code, Errc::internal);
}

}  // namespace
}  // namespace cli::client::testing
