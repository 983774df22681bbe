#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "audit/receipt.h"
#include "service/problem.h"
#include "tests/service/served_world.h"

namespace service::test {
namespace {

namespace access = strongroom::access;
using net::test::eventually;
using testing::HasSubstr;
using testing::Not;

// One partnership for all tests that leave it as they find it or do not mind what is there.
class Routes : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<ServedWorld>(); }
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override { served().world().pass(600'000); }  // every key has all its tokens again
  static ServedWorld& served() { return *shared_; }
  static World& world() { return shared_->world(); }

  // A command that its sender may give, different each time.
  static access::wire::AddAgency add_agency() {
    return {.agency = access::AgencyId::generate(static_cast<std::uint64_t>(world().now().unix_ms)),
            .kind = access::AgencyKind::voluntary,
            .name = world().stage_text(world().authority_root, "Fictional Charity")};
  }
  static audit::LogUpdate log_of(const Answer& answer) {
    auto update = audit::log_update_from_json(json_of(answer).at("log"));
    EXPECT_TRUE(update) << update.error().message;
    return update.value_or(audit::LogUpdate{});
  }
  static vault::Result<audit::SignedCheckpoint> verify(const audit::LogUpdate& update,
                                                       const std::optional<audit::Checkpoint>& kept) {
    const auto& config = world().store().config();
    return audit::verify_update(update, kept, config.origin, audit::parse_note_key(config.log_key)->key);
  }

 private:
  static inline std::unique_ptr<ServedWorld> shared_;
};

// --- answers ---------------------------------------------------------------------------------------------------------

TEST_F(Routes, AReadIsAnsweredWithDataAndAProofFromTheKnownCheckpoint) {
  const Answer first = served().ask(served().get(world().lead, "/v1/whoami"));
  ASSERT_EQ(first.status, 200U) << first.body;
  EXPECT_EQ(json_of(first).at("data").at("person").as_string(), world().lead.id.to_string());
  const auto kept = verify(log_of(first), std::nullopt);
  ASSERT_TRUE(kept) << kept.error().message;

  world().done(world().authority_root, add_agency());
  const Answer second =
      served().ask(served().get(world().lead, "/v1/whoami?known=" + std::to_string(kept->checkpoint.size.value)));
  const auto grown = verify(log_of(second), kept->checkpoint);
  ASSERT_TRUE(grown) << grown.error().message;
  EXPECT_EQ(grown->checkpoint.size.value, kept->checkpoint.size.value + 1);
}

TEST_F(Routes, AnActIsAnsweredWithAReceiptThatVerifies) {
  const Answer answer = served().ask(served().act(world().authority_root, add_agency()));
  ASSERT_EQ(answer.status, 201U) << answer.body;
  const auto receipt = audit::receipt_from_json(json_of(answer).at("receipt"));
  ASSERT_TRUE(receipt) << receipt.error().message;
  const auto& config = world().store().config();
  const auto verified = audit::verify_receipt(*receipt, config.origin, audit::parse_note_key(config.log_key)->key);
  ASSERT_TRUE(verified) << verified.error().message;
  const auto entries = json_of(answer).at("data").at("entries").as_array();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].to_number<std::uint64_t>(), verified->envelopes[0].seq.value);
}

TEST_F(Routes, APageWithReceiptsHasItsEntriesInTheReceiptAlone) {
  const Answer answer =
      served().ask(served().get(world().first, "/v1/safes/" + world().safe.id.to_string() + "/chains/keys"));
  ASSERT_EQ(answer.status, 200U) << answer.body;
  EXPECT_TRUE(json_of(answer).at("data").at("items").as_array().empty());
  EXPECT_TRUE(audit::receipt_from_json(json_of(answer).at("receipt")));
  EXPECT_TRUE(audit::chain_end_from_json(json_of(answer).at("chain")));
}

TEST_F(Routes, EveryJsonReadIsAnsweredToSomebody) {
  const auto records = world().seal(world().first, world().safe, 1);
  const auto issued = world().issuing(world().safe.id, records, world().first);
  world().done(world().first, issued);
  const std::string safe = "/v1/safes/" + world().safe.id.to_string();
  const std::string copy = "/v1/copies/" + issued.copy.to_string();
  for (const std::string& target : {std::string("/v1/whoami"),
                                    std::string("/v1/duties"),
                                    std::string("/v1/agencies"),
                                    std::string("/v1/persons"),
                                    std::string("/v1/cases"),
                                    "/v1/cases/" + world().reference,
                                    "/v1/cases/" + world().case_id.to_string(),
                                    "/v1/safes?case=" + world().case_id.to_string(),
                                    safe,
                                    safe + "/keys",
                                    safe + "/chains/keys",
                                    safe + "/chains/recovery",
                                    safe + "/chains/records?from=1",
                                    safe + "/records?class=case-notes&subject=child-1",
                                    "/v1/records/" + records[0].to_string() + "/sealing",
                                    "/v1/records/" + records[0].to_string(),
                                    std::string("/v1/copies?mine=true&overdue=false"),
                                    copy,
                                    copy + "/records",
                                    copy + "/entries",
                                    copy + "/headers",
                                    std::string("/v1/log/consistency?from=4&to=5"),
                                    std::string("/v1/log/envelopes?from=2"),
                                    std::string("/v1/log/directory?from=1"),
                                    "/v1/trail?kind=copy.issued&record=" + records[0].to_string()}) {
    const Answer answer = served().ask(served().get(world().first, target));
    EXPECT_EQ(answer.status, 200U) << target << " " << answer.body;
    if (answer.status == 200) EXPECT_TRUE(verify(log_of(answer), std::nullopt)) << target;
  }
}

// --- who asks --------------------------------------------------------------------------------------------------------

TEST_F(Routes, AnUnsignedRequestIsRefusedOnEveryRouteButTheOpenOnes) {
  const std::uint64_t before = served().ledger_size();
  for (const RouteDescription& route : describe_routes()) {
    const Sent sent{.method = route.method, .target = route.path, .fields = {{"Tus-Resumable", "1.0.0"}}};
    const Answer answer = served().ask(sent);
    if (route.is_signed)
      EXPECT_EQ(answer.status, 401U) << route.method << " " << route.path;
    else
      EXPECT_LT(answer.status, 300U) << route.method << " " << route.path;
  }
  EXPECT_EQ(served().ledger_size(), before);
}

TEST_F(Routes, ARequestAlteredInAnyPartThatIsSignedIsRefusedAndLeavesNothing) {
  const Sent good =
      served().sign(world().authority_root,
                    {.method = "POST", .target = "/v1/acts/agency.add?known=4", .body = wire::encode(add_agency())});
  const std::string stranger = world().outsider.id.to_string();
  const auto replaced = [](std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
  };
  const auto in_signature = [&](std::string_view what, std::string_view with) {
    Sent altered = good;
    altered.signature_input = replaced(good.signature_input, what, with);
    return altered;
  };
  std::vector<std::pair<std::string, Sent>> altered;
  const auto alter = [&](std::string what, auto change) {
    Sent sent = good;
    change(sent);
    altered.emplace_back(std::move(what), std::move(sent));
  };
  alter("method", [](Sent& sent) { sent.method = "PUT", sent.target = "/v1/beside/" + std::string(64, '0'); });
  alter("path", [](Sent& sent) { sent.target = "/v1/acts/person.revoke?known=4"; });
  alter("query", [](Sent& sent) { sent.target = "/v1/acts/agency.add?known=5"; });
  alter("no query", [](Sent& sent) { sent.target = "/v1/acts/agency.add"; });
  alter("authority", [](Sent& sent) { sent.host = "other.example:8443"; });
  alter("body", [&](Sent& sent) { sent.body = replaced(sent.body, "voluntary", "probation"); });
  alter("body and its digest", [&](Sent& sent) {
    sent.body = replaced(sent.body, "voluntary", "probation");
    sent.content_digest = wire::content_digest(vault::as_bytes(sent.body));
  });
  alter("digest", [](Sent& sent) { sent.content_digest = wire::content_digest(vault::as_bytes("other")); });
  alter("no digest", [](Sent& sent) { sent.content_digest.clear(); });
  alter("no body", [](Sent& sent) { sent.body.clear(); });
  alter("signature", [&](Sent& sent) {
    sent.signature[sent.signature.size() / 2] = sent.signature[sent.signature.size() / 2] == 'A' ? 'B' : 'A';
  });
  alter("no signature", [](Sent& sent) { sent.signature.clear(); });
  alter("no input", [](Sent& sent) { sent.signature_input.clear(); });
  alter("a range that is not signed", [](Sent& sent) { sent.fields.emplace_back("Range", "bytes=0-1"); });
  altered.emplace_back("created", in_signature("created=1", "created=2"));
  altered.emplace_back("expires", in_signature("expires=1", "expires=3"));
  altered.emplace_back("nonce", in_signature("nonce=\"nonce", "nonce=\"other"));
  altered.emplace_back("keyid", in_signature(world().authority_root.id.to_string(), stranger));
  altered.emplace_back("alg", in_signature("alg=\"ed25519\"", "alg=\"hmac-sha256\""));
  altered.emplace_back("tag", in_signature("tag=\"strongroom\"", "tag=\"other\""));
  altered.emplace_back("label", in_signature("strongroom=(", "sig1=("));
  altered.emplace_back("a component less", in_signature("\"@query\" ", ""));
  altered.emplace_back("a component more", in_signature("\"@query\" ", "\"@query\" \"host\" "));

  const std::uint64_t before = served().ledger_size();
  const std::string refusal = to_json(unauthenticated());
  for (const auto& [what, sent] : altered) {
    const Answer answer = served().ask(sent);
    EXPECT_EQ(answer.status, 401U) << what << " " << answer.body;
    EXPECT_EQ(answer.body, refusal) << what;  // whatever it was, the answer is the same
  }
  EXPECT_EQ(served().ledger_size(), before);
  EXPECT_EQ(served().ask(good).status, 201U);  // so that each of them failed for what was altered
}

TEST_F(Routes, ASignatureCountsForSixtySecondsAndNoLonger) {
  const auto whoami = [&](std::int64_t created_after) {
    return served().ask(served().sign(world().lead, {.target = "/v1/whoami"}, {}, created_after)).status;
  };
  EXPECT_EQ(whoami(-60), 200U);
  EXPECT_EQ(whoami(60), 200U);
  EXPECT_EQ(whoami(-61), 401U);
  EXPECT_EQ(whoami(61), 401U);
}

TEST_F(Routes, AnActSentTwiceHappensOnce) {
  const Sent sent = served().act(world().authority_root, add_agency());
  const Answer first = served().ask(sent);
  const std::uint64_t after_first = served().ledger_size();
  const Answer again = served().ask(sent);
  EXPECT_EQ(again.status, 201U);
  EXPECT_EQ(json_of(again).at("data"), json_of(first).at("data"));
  EXPECT_EQ(served().ledger_size(), after_first);
}

TEST_F(Routes, ANonceWithOtherContentIsAConflict) {
  const std::string nonce = world().new_nonce();
  EXPECT_EQ(served().ask(served().act(world().authority_root, add_agency(), nonce)).status, 201U);
  const Answer answer = served().ask(served().act(world().authority_root, add_agency(), nonce));
  EXPECT_EQ(answer.status, 409U);
  EXPECT_EQ(problem_of(answer), "conflict");
}

TEST_F(Routes, ARevokedKeyIsAnsweredAsIfItHadNeverBeen) {
  const auto person = world().invite(world().lead, world().school, {access::Role::practitioner}, "Third practitioner");
  EXPECT_EQ(served().ask(served().get(person, "/v1/whoami")).status, 200U);
  world().done(world().lead, access::wire::RevokePerson{person.id, std::nullopt});
  const Answer answer = served().ask(served().get(person, "/v1/whoami"));
  EXPECT_EQ(answer.status, 401U);
  EXPECT_EQ(answer.body, to_json(unauthenticated()));
}

TEST_F(Routes, AnInvitationsKeyStagesAndEnrolsAndReadsNothing) {
  const auto key = vault::crypto::SigningKey::generate();
  const access::wire::InvitePerson invite{
      .invitation = access::InvitationId::generate(static_cast<std::uint64_t>(world().now().unix_ms)),
      .agency = world().school,
      .roles = {access::Role::practitioner},
      .key = key.verify_key(),
      .expires = {world().now().unix_ms + 86'400'000},
      .name = world().stage_text(world().lead, "Fourth practitioner"),
      .replaces = std::nullopt};
  world().done(world().lead, invite);
  const std::string keyid = invite.invitation.to_string();
  EXPECT_EQ(served().ask(served().sign(keyid, key, {.target = "/v1/whoami"})).status, 401U);

  vault::Bytes name(32);
  vault::fill_random(name);
  vault::append(name, vault::as_bytes("Fourth"));
  const std::string staging = "{\"values\":[\"" + vault::base64(name, vault::Base64::url_unpadded) + "\"]}";
  const Answer staged =
      served().ask(served().sign(keyid, key, {.method = "POST", .target = "/v1/beside", .body = staging}));
  ASSERT_EQ(staged.status, 201U) << staged.body;
  EXPECT_EQ(json_of(staged).at("data").at("digests").as_array()[0].as_string(),
            vault::hex(vault::crypto::sha256(name)));

  Identity person;
  person.id = access::PersonId::generate(static_cast<std::uint64_t>(world().now().unix_ms));
  const access::wire::EnrolPerson enrol{.invitation = invite.invitation,
                                        .person = person.id,
                                        .signing_key = person.signing.verify_key(),
                                        .recipient = person.age.recipient(),
                                        .name = vault::crypto::sha256(name)};
  const Answer enrolled = served().ask(
      served().sign(keyid, key, {.method = "POST", .target = "/v1/acts/person.enrol", .body = wire::encode(enrol)}));
  EXPECT_EQ(enrolled.status, 201U) << enrolled.body;
  EXPECT_EQ(served().ask(served().get(person, "/v1/whoami")).status, 200U);
}

// --- refusals --------------------------------------------------------------------------------------------------------

TEST_F(Routes, ARefusedReadIsInTheLedgerBeforeItIsAnswered) {
  const std::uint64_t before = served().ledger_size();
  const Answer answer =
      served().ask(served().get(world().administrator, "/v1/safes/" + world().safe.id.to_string() + "/records"));
  EXPECT_EQ(answer.status, 403U) << answer.body;
  EXPECT_EQ(problem_of(answer), "refused");
  EXPECT_FALSE(json_of(answer).at("rule").as_string().empty());
  EXPECT_EQ(served().ledger_size(), before + 1);
  const auto kept = verify(log_of(answer), std::nullopt);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->checkpoint.size.value, before + 1);  // the answer's checkpoint covers the refusal
}

// Somebody who sees the case is told why, and the refusal is in the case's own chain.
TEST_F(Routes, ARefusedCourseOfAReviewIsAnsweredWithItsRule) {
  const std::string target = "/v1/cases/" + world().case_id.to_string() + "/chains/review";
  const Answer answer = served().ask(served().get(world().lead, target));
  EXPECT_EQ(answer.status, 403U) << answer.body;
  EXPECT_EQ(json_of(answer).at("rule").as_string(), "review-reader");
  const auto& store = world().store();
  const auto txn = *store.engine().read();
  const auto last = *store.ledger().envelope(*txn, {served().ledger_size() - 1});
  wire::Concerned ids;
  ids.case_ = world().case_id;
  EXPECT_EQ(last.chain, *store.state().chain(*txn, access::ChainSort::refusals, ids));
}

TEST_F(Routes, WhatMayNotBeSeenIsAnsweredAsWhatIsNotThere) {
  const auto bare = [](const Answer& answer) {
    auto json = json_of(answer);
    json.erase("log");
    return json;
  };
  const Answer unseen =
      served().ask(served().get(world().outsider, "/v1/safes/" + world().review_safe.id.to_string() + "/records"));
  const Answer absent =
      served().ask(served().get(world().outsider, "/v1/safes/" + access::SafeId::generate(1).to_string() + "/records"));
  EXPECT_EQ(unseen.status, 404U);
  EXPECT_EQ(absent.status, 404U);
  EXPECT_EQ(bare(unseen), bare(absent));
  EXPECT_FALSE(json_of(unseen).contains("rule"));
}

TEST_F(Routes, ARefusedActIsAnsweredWithItsRule) {
  const std::uint64_t before = served().ledger_size();
  const access::wire::AddAgency command{.agency = access::AgencyId::generate(1),
                                        .kind = access::AgencyKind::school,
                                        .name = world().stage_text(world().outsider, "Fictional Other School")};
  const Answer answer = served().ask(served().act(world().outsider, command));
  EXPECT_EQ(answer.status, 403U) << answer.body;
  EXPECT_TRUE(json_of(answer).contains("rule"));
  EXPECT_EQ(served().ledger_size(), before + 1);
}

TEST_F(Routes, OverItsRateAKeyIsAnswered429AndNothingIsRecorded) {
  const std::uint64_t before = served().ledger_size();
  net::test::Client client(served().port());
  unsigned allowed = 0;
  Answer answer;
  do {
    answer = client.ask(served().get(world().reviewer, "/v1/whoami").text());
    if (answer.status == 200) ++allowed;
  } while (answer.status == 200 && allowed <= access::limits::kRequestBurst);
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(problem_of(answer), "limited");
  EXPECT_EQ(field_of(answer, "Retry-After"), "1");
  EXPECT_EQ(allowed, access::limits::kRequestBurst);
  EXPECT_EQ(served().ledger_size(), before);
  EXPECT_EQ(served().ask(served().get(world().lead, "/v1/whoami")).status, 200U);  // nobody else notices
}

// --- forms and limits ------------------------------------------------------------------------------------------------

TEST_F(Routes, AProblemIsProblemJson) {
  const Answer answer = served().ask(served().get(world().lead, "/v1/cases/RR-1999-0001"));
  EXPECT_EQ(field_of(answer, "Content-Type"), "application/problem+json");
  EXPECT_EQ(json_of(answer).at("status").to_number<unsigned>(), answer.status);
  EXPECT_EQ(field_of(answer, "Cache-Control"), "no-store");
}

TEST_F(Routes, AQueryThatTheRouteDoesNotKnowIsMalformed) {
  for (const std::string target : {"/v1/whoami?who=me", "/v1/agencies?from=1&from=2", "/v1/whoami?known=x",
                                   "/v1/copies?mine=perhaps", "/v1/safes?case=1"})
    EXPECT_EQ(served().ask(served().get(world().lead, target)).status, 400U) << target;
}

TEST_F(Routes, ACommandThatIsNotItsOwnOneFormIsMalformed) {
  std::string body = wire::encode(add_agency());
  body.insert(1, " ");
  const Answer answer = served().ask(
      served().sign(world().authority_root, {.method = "POST", .target = "/v1/acts/agency.add", .body = body}));
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(problem_of(answer), "malformed");
}

TEST_F(Routes, ACommandOverItsLimitIsNotRead) {
  const Answer answer = served().ask(served().sign(
      world().authority_root,
      {.method = "POST", .target = "/v1/acts/agency.add", .body = std::string(access::kMaxCommandBytes + 1, 'x')}));
  EXPECT_EQ(answer.status, 413U);
}

TEST_F(Routes, ALargeBodyIsNotReadFromAStranger) {
  const std::vector<std::pair<std::string, std::string>> routes{{"POST", "/v1/beside"},
                                                                {"PUT", "/v1/beside/" + std::string(64, 'a')},
                                                                {"POST", "/v1/acts/agency.add"},
                                                                {"POST", "/v1/uploads"},
                                                                {"POST", "/v1/upload-batches"}};
  for (const auto& [method, target] : routes) {
    net::test::Client client(served().port());
    // Only a part of the body comes; whoever waited for the rest would not answer.
    const std::string head = method + " " + target + " HTTP/1.1\r\nHost: " + std::string(kAuthority) +
                             "\r\nTus-Resumable: 1.0.0\r\nContent-Length: 100000\r\n\r\n";
    EXPECT_EQ(client.ask(head + std::string(70'000, 'x')).status, 401U) << target;
  }
}

TEST_F(Routes, AJsonOfCountlessValuesIsNotTakenApart) {
  std::string body = "{\"values\":[0";
  while (body.size() < kMaxStagingBytes - 2) body += ",0";
  const Answer answer =
      served().ask(served().sign(world().depositor, {.method = "POST", .target = "/v1/beside", .body = body + "]}"}));
  EXPECT_EQ(answer.status, 413U);
  EXPECT_EQ(problem_of(answer), "too_large");
}

TEST_F(Routes, LargeBodiesAreTakenApartByOneWorkerAndOthersAreAnsweredMeanwhile) {
  std::latch go_on(1);
  asio::post(served().service().large_bodies, [&] { go_on.wait(); });
  const std::string body(kMaxStagingBytes, '[');
  const net::Counters& counters = served().server().counters();
  const std::uint64_t before = counters.bytes_received;
  std::vector<std::unique_ptr<net::test::Client>> senders;
  for (int i = 0; i < 3; ++i) {  // more than there are workers
    senders.push_back(std::make_unique<net::test::Client>(served().port()));
    senders.back()->send(
        served().sign(world().depositor, {.method = "POST", .target = "/v1/beside", .body = body}).text());
  }
  EXPECT_TRUE(eventually([&] { return counters.bytes_received >= before + senders.size() * body.size(); }));
  // One on each of the server's two threads: whatever the large ones had them do is done.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(served().ask({.target = "/healthz"}).status, 200U);
  EXPECT_EQ(served().ask(served().get(world().lead, "/v1/whoami")).status, 200U) << "which a worker reads";
  EXPECT_GE(counters.bytes_buffered, senders.size() * body.size());
  go_on.count_down();
  for (const auto& sender : senders) EXPECT_EQ(sender->receive().status, 413U);
}

TEST_F(Routes, StagedValuesAreLimitedInSizeAndNumber) {
  const auto stage = [&](std::size_t count, std::size_t size) {
    const std::string value = "\"" + vault::base64(vault::Bytes(size), vault::Base64::url_unpadded) + "\"";
    std::string body = "{\"values\":[" + value;
    for (std::size_t i = 1; i < count; ++i) body += "," + value;
    return served()
        .ask(served().sign(world().depositor, {.method = "POST", .target = "/v1/beside", .body = body + "]}"}))
        .status;
  };
  EXPECT_EQ(stage(1, access::kMaxBesideValueBytes), 201U);
  EXPECT_EQ(stage(1, access::kMaxBesideValueBytes + 1), 413U);
  EXPECT_EQ(stage(access::kMaxBesideValuesPerRequest, 33), 201U);
  EXPECT_EQ(stage(access::kMaxBesideValuesPerRequest + 1, 33), 413U);
}

TEST_F(Routes, ALargeValueIsStagedUnderItsOwnDigest) {
  const std::string value(access::kMaxBesideValueBytes + 1, 'x');
  const auto put = [&](const vault::Digest& digest) {
    return served().ask(
        served().sign(world().first, {.method = "PUT", .target = "/v1/beside/" + vault::hex(digest), .body = value}));
  };
  EXPECT_EQ(put(vault::crypto::sha256(vault::as_bytes(value))).status, 201U);
  EXPECT_EQ(put(vault::crypto::sha256(vault::as_bytes("other"))).status, 400U);
}

TEST_F(Routes, AFullDiskIsSaidToBeFull) {
  world().refuse_puts([](vault::ByteView) { return true; });
  const Answer answer =
      served().ask(served().get(world().administrator, "/v1/safes/" + world().safe.id.to_string() + "/records"));
  world().refuse_puts({});
  EXPECT_EQ(answer.status, 507U) << answer.body;
  EXPECT_EQ(problem_of(answer), "full");
}

TEST_F(Routes, WhatIsAlteredInTheVaultIsAFailureOfOursThatTellsNothing) {
  auto& store = world().store();
  const auto tables = store.tables();
  const auto cases = std::ranges::find(tables, "state/cases", [](const auto* table) { return table->name(); });
  ASSERT_NE(cases, tables.end());
  const auto flip = [&] {
    auto txn = *store.engine().write();
    const auto row = *txn->seek((*cases)->table(), {});
    const vault::Bytes key = vault::to_bytes(row->key);
    vault::Bytes value = vault::to_bytes(row->value);
    value.back() ^= std::byte{1};
    ASSERT_TRUE(txn->put((*cases)->table(), key, value));
    ASSERT_TRUE(txn->commit());
  };
  flip();
  const Answer answer = served().ask(served().get(world().spoc, "/v1/cases"));
  flip();
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(problem_of(answer), "tampered");
  EXPECT_EQ(json_of(answer).at("detail").as_string(),
            "The service failed. Its operator can find the reason in the service's log.");
  EXPECT_TRUE(json_of(answer).at("instance").as_string().starts_with("urn:strongroom:failure:"));
}

TEST_F(Routes, TheCheckpointIsForAnybody) {
  const Answer answer = served().ask({.target = "/v1/log/checkpoint"});
  EXPECT_EQ(answer.status, 200U);
  const auto& config = world().store().config();
  EXPECT_TRUE(audit::verify_checkpoint(answer.body, config.origin, audit::parse_note_key(config.log_key)->key));
}

// --- downloads -------------------------------------------------------------------------------------------------------

class Downloads : public Routes {
 protected:
  static constexpr std::size_t kPlainBytes = 2'500'000;  // more than two pieces of an answer

  void SetUp() override {
    Routes::SetUp();
    record_ = world().seal(world().first, world().safe, 1, kPlainBytes)[0];
    const auto issued = world().issuing(world().safe.id, {record_}, world().first);
    world().done(world().first, issued);
    target_ = "/v1/copies/" + issued.copy.to_string() + "/records/" + record_.to_string() + "/payload";
  }
  std::string stored() {
    const auto id = vault::payload::RecordId::from_uuid(record_.uuid());
    const auto reader = world().store().payload().open(id);
    std::string bytes((*reader)->payload().length, '\0');
    EXPECT_TRUE((*reader)->read(0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  }
  Answer range(std::string text) {
    return served().ask(served().sign(world().first, {.target = target_, .fields = {{"Range", std::move(text)}}}));
  }
  access::RecordId record_;
  std::string target_;
};

TEST_F(Downloads, AreTheWholePayload) {
  const Answer answer = served().ask(served().get(world().first, target_));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, stored());
}

TEST_F(Downloads, MayBeOneRange) {
  const std::string whole = stored();
  const Answer answer = range("bytes=1000-300999");
  EXPECT_EQ(answer.status, 206U);
  EXPECT_EQ(answer.body, whole.substr(1000, 300'000));
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes 1000-300999/" + std::to_string(whole.size()));
  EXPECT_EQ(range("bytes=-16").body, whole.substr(whole.size() - 16));
  EXPECT_TRUE(range("bytes=1000-2299999").body == whole.substr(1000, 2'299'000)) << "of several pieces";
}

TEST_F(Downloads, OutsideThePayloadAreNotSatisfiable) {
  const Answer answer = range("bytes=600100000-");
  EXPECT_EQ(answer.status, 416U);
  EXPECT_EQ(field_of(answer, "Content-Range"), "bytes */" + std::to_string(stored().size()));
  EXPECT_EQ(range("bytes=0-1,3-4").status, 416U);
}

TEST_F(Downloads, WithARangeThatWasNotSignedAreRefused) {
  Sent sent = served().get(world().first, target_);
  sent.fields.emplace_back("Range", "bytes=0-9");
  EXPECT_EQ(served().ask(sent).status, 401U);
  sent = served().sign(world().first, {.target = target_, .fields = {{"Range", "bytes=0-9"}}});
  sent.fields[0].second = "bytes=0-99";
  EXPECT_EQ(served().ask(sent).status, 401U);
}

TEST_F(Downloads, TakeNothingOfTheirHoldersRate) {
  net::test::Client client(served().port());
  for (std::int64_t i = 0; i <= access::limits::kRequestBurst; ++i) {
    const Answer answer =
        client.ask(served().sign(world().first, {.target = target_, .fields = {{"Range", "bytes=0-0"}}}).text());
    ASSERT_EQ(answer.status, 206U) << answer.body;
  }
}

TEST_F(Downloads, ThatAreRefusedTakeOfTheRateAndSoOfTheLedger) {
  const std::uint64_t before = served().ledger_size();
  net::test::Client client(served().port());
  Answer answer;
  for (std::int64_t i = 0; i <= access::limits::kRequestBurst; ++i)
    answer = client.ask(served().get(world().reviewer, target_).text());
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(served().ledger_size(), before + access::limits::kRequestBurst);
}

TEST_F(Downloads, AreForTheHolderOfTheCopyAlone) {
  const std::uint64_t before = served().ledger_size();
  EXPECT_GE(served().ask(served().get(world().second, target_)).status, 403U);
  EXPECT_EQ(served().ledger_size(), before + 1);
}

}  // namespace
}  // namespace service::test
