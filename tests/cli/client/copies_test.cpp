#include "cli/client/copies.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "cli/client/files/verified_payload.h"
#include "cli/client/open.h"
#include "cli/client/safes.h"
#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;
using vault::age::Identity;

bool has_age() {
  return fs::exists("/usr/bin/age");
}
// Opens a file with an identity in the stock age program.
std::string stock_age(const fs::path& file, const Identity& identity, const fs::path& scratch) {
  write_text(scratch / "identity", identity.to_text().expose());
  const std::string command = "/usr/bin/age -d -i '" + (scratch / "identity").string() + "' -o '" +
                              (scratch / "opened").string() + "' '" + file.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: a test
  std::string text = read_text(scratch / "opened");
  fs::remove(scratch / "opened");
  return text;
}

TEST(RewritingHeaders, GivesTheSameFileToTheHolderAlone) {
  ASSERT_TRUE(vault::start_secure_memory());
  const Identity safe = Identity::generate();
  const Identity holder = Identity::generate();
  const auto recipient = safe.recipient();
  const Bytes file = *vault::age::encrypt_small(vault::as_bytes("the content"), std::span(&recipient, 1));
  const auto header = vault::age::parse_header(file);
  const auto rewritten = rewrite_header(header->bytes, safe, holder.recipient());
  ASSERT_TRUE(rewritten) << rewritten.error().message;
  Bytes copy = *rewritten;
  vault::append(copy, ByteView(file).subspan(header->bytes.size()));
  EXPECT_EQ(vault::as_text(*vault::age::decrypt_small(copy, std::span(&holder, 1))), "the content");
  EXPECT_FALSE(vault::age::decrypt_small(copy, std::span(&safe, 1)));
  if (!has_age()) GTEST_SKIP() << "age is not installed";
  const vault::test::TemporaryDirectory scratch;
  write_text(scratch.path() / "copy.age", vault::as_text(copy));
  EXPECT_EQ(stock_age(scratch.path() / "copy.age", holder, scratch.path()), "the content");
}

TEST(RewritingHeaders, NeedsTheSafesKeyAndASingleRecipient) {
  ASSERT_TRUE(vault::start_secure_memory());
  const Identity safe = Identity::generate();
  const std::array both{safe.recipient(), Identity::generate().recipient()};
  const auto key = vault::age::FileKey::generate();
  const Bytes two = *vault::age::make_header(key, both);
  EXPECT_FALSE(rewrite_header(two, safe, both[1]));
  const Bytes one = *vault::age::make_header(key, std::span(both).first(1));
  EXPECT_EQ(rewrite_header(one, Identity::generate(), both[1]).code(), Errc::wrong_key);
  EXPECT_TRUE(rewrite_header(one, safe, both[1]));
}

class CopiesTest : public Partnership {
 protected:
  void SetUp() override {
    open_case();
    big_ = std::string(kSmallFile + 5, 'b');
    secured_ = secure_files(third_, {{"a.txt", "first"}, {"two\nlines", "second"}, {"big.bin", big_}});
    ASSERT_EQ(secured_.size(), 3U);
  }
  CopyRequest request(const Client& holder) {
    CopyRequest copy{safe_, holder.id(), access::Purpose::case_work, *vault::parse_date("2026-12-01"), {}};
    for (const SecuredResult& one : secured_) copy.records.push_back(*one.record);
    return copy;
  }
  access::CopyId issue(Client& holder) {
    const auto issued = issue_copy(*first_.session, first_.directory(), request(holder));
    EXPECT_TRUE(issued) << issued.error().message;
    return issued->copy;
  }
  Result<CollectedCopy> collect(Client& client, const access::CopyId& copy, CopyForm form = CopyForm::secured) {
    CopyProgress progress;
    return collect_copy(*client.session, client.directory(), copy, out_.path(), form, progress);
  }
  access::CopyState state(Client& client, const access::CopyId& copy) {
    return client.session->get<wire::CopyView>("/v1/copies/" + copy.to_string())->state;
  }
  fs::path folder() const { return out_.path() / "C-0001"; }
  std::size_t files_written() const {
    return fs::exists(folder()) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(folder()), {})) : 0;
  }
  void alter_items(std::string part, const std::function<void(wire::json::object&)>& change) {
    vault_.alter = [=](const HttpRequest& request, HttpAnswer& answer) {
      if (request.target.find(part) == std::string::npos) return;
      auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
      change(body["data"].as_object()["items"].as_array()[0].as_object());
      answer.body = vault::to_bytes(wire::json::serialize(body));
    };
  }

  std::string big_;
  std::vector<SecuredResult> secured_;  // a.txt, big.bin, two\nlines
  vault::test::TemporaryDirectory out_;
};

TEST_F(CopiesTest, ACopyForOneselfIsWrittenAndDelivered) {
  const auto copy = issue(first_);
  const auto collected = collect(first_, copy);
  ASSERT_TRUE(collected) << collected.error().message;
  ASSERT_EQ(collected->files.size(), 3U);
  EXPECT_EQ(collected->files[0].file, folder() / "0001.age");
  EXPECT_TRUE(fs::exists(folder() / "index.age"));
  EXPECT_EQ(fs::status(folder() / "0001.age").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder()).permissions(), fs::perms::owner_all);
  EXPECT_EQ(state(first_, copy), access::CopyState::delivered);
}

TEST_F(CopiesTest, StockAgeOpensASecuredCopy) {
  if (!has_age()) GTEST_SKIP() << "age is not installed";
  ASSERT_DONE(collect(first_, issue(first_)));
  const Identity& own = first_.session->keys().identity;
  EXPECT_EQ(stock_age(folder() / "0001.age", own, out_.path()), "first");
  EXPECT_EQ(stock_age(folder() / "0002.age", own, out_.path()), big_);
  EXPECT_NE(stock_age(folder() / "index.age", own, out_.path()).find("\"number\":1"), std::string::npos);
}

// For example on another machine of the same person, or after the home was restored.
TEST_F(CopiesTest, AHomeThatDoesNotRememberTheIssueAsksBeforeItPrepares) {
  const auto copy = issue(third_);
  ASSERT_DONE(first_.session->home().drop_note(copy.to_string() + ".issue"));
  std::vector<Question> asked;
  for (const Consent answer : {Consent::no, Consent::unanswered}) {
    const auto done = client::sync(*first_.session, first_.directory(), [&](const Question& question) {
      asked.push_back(question);
      return answer;
    });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->size(), 1U);
    EXPECT_FALSE(done->front().done);
    EXPECT_EQ(done->front().code, Errc::conflict);
    EXPECT_EQ(state(third_, copy), access::CopyState::issued);
  }
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].person, third_.id());
  EXPECT_EQ(asked[0].fingerprint, fingerprint(third_.session->keys().signing.verify_key()));
  ASSERT_EQ(asked[0].safes.size(), 1U);
  EXPECT_EQ(asked[0].safes[0].safe, safe_);
  EXPECT_EQ(asked[0].safes[0].agency, school_);
  EXPECT_EQ(asked[0].safes[0].by, first_.id());
  ASSERT_TRUE(asked[0].copy);
  EXPECT_EQ(asked[0].copy->copy, copy);
  EXPECT_EQ(asked[0].copy->number, 1U);
  EXPECT_EQ(asked[0].copy->records, 3U);
  EXPECT_EQ(asked[0].copy->purpose, access::Purpose::case_work);
  first_.sync();  // agrees
  EXPECT_EQ(state(third_, copy), access::CopyState::prepared);
}

TEST_F(CopiesTest, AnotherCommandThanTheOneThatWasSignedHereIsAskedAbout) {
  const auto copy = issue(third_);
  wire::IssueCopy other;
  other.copy = copy;
  ASSERT_DONE(first_.session->home().put_note(copy.to_string() + ".issue",
                                              vault::hex(vault::crypto::sha256(vault::as_bytes(wire::encode(other))))));
  const auto done = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 1U);
  EXPECT_FALSE(done->front().done);
  EXPECT_EQ(state(third_, copy), access::CopyState::issued);
}

TEST_F(CopiesTest, AnIssueThatWasRefusedIsNotRemembered) {
  CopyRequest refused = request(third_);
  refused.due = *vault::parse_date("2026-01-01");
  EXPECT_EQ(issue_copy(*first_.session, first_.directory(), refused).code(), Errc::invalid_argument);
  EXPECT_TRUE(first_.session->home().notes(".issue")->empty());
}

// The service seems to be away, enters the issue nevertheless, and later says that it refused the command.
TEST_F(CopiesTest, AnIssueThatTheOutboxHearsIsRefusedIsNotRemembered) {
  vault_.lose_request = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/copy.issue"); };
  EXPECT_EQ(issue_copy(*first_.session, first_.directory(), request(third_)).code(), Errc::unavailable);
  EXPECT_EQ(first_.session->home().notes(".issue")->size(), 1U);  // the command is still to be sent
  vault_.lose_request = {};
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.starts_with("/v1/acts/copy.issue")) return;
    answer.status = 409;
    answer.body = vault::to_bytes(std::string_view(
        R"({"type":"urn:strongroom:problem:conflict","title":"conflict","status":409,"detail":"no"})"));
  };
  const auto done = client::sync(*first_.session, first_.directory());
  vault_.alter = {};
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(first_.session->home().notes(".issue")->empty());
  const auto again = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), 1U);
  EXPECT_FALSE(again->front().done) << again->front().text;
}

TEST_F(CopiesTest, ACopyForAColleagueIsPreparedCollectedAndOpened) {
  const auto copy = issue(third_);
  EXPECT_EQ(collect(third_, copy).code(), Errc::conflict);  // not prepared yet
  const auto done = first_.sync();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].duty, "prepare");
  EXPECT_TRUE(prepare_copy(*first_.session, first_.directory(), copy, as_asked));  // again: nothing happens
  const auto collected = collect(third_, copy);
  ASSERT_TRUE(collected) << collected.error().message;
  EXPECT_EQ(state(third_, copy), access::CopyState::delivered);
  Openers openers;
  openers.identities.push_back(third_.session->keys().identity.clone());
  CopyProgress progress;
  const auto opened = open_copy(folder(), out_.path() / "plain", openers, progress);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(read_text(out_.path() / "plain/folder-0/two\nlines"), "second");
  EXPECT_EQ(read_text(out_.path() / "plain/folder-0/big.bin"), big_);
  EXPECT_EQ(collect(first_, copy).code(), Errc::refused);  // the issuer is not the holder
}

TEST_F(CopiesTest, APlainCopyHasTheRealNamesAndTimes) {
  ASSERT_DONE(collect(first_, issue(first_), CopyForm::plain));
  EXPECT_EQ(read_text(folder() / "folder-0/a.txt"), "first");
  EXPECT_EQ(read_text(folder() / "folder-0/two\nlines"), "second");
  const auto made = fs::last_write_time(folder() / "folder-0/a.txt").time_since_epoch();
  const auto original = fs::last_write_time(files_.path() / "folder-0/a.txt").time_since_epoch();
  EXPECT_EQ(std::chrono::floor<std::chrono::milliseconds>(made),
            std::chrono::floor<std::chrono::milliseconds>(original));
}

TEST_F(CopiesTest, AnInterruptedCollectionGoesOnWhereItStopped) {
  const auto copy = issue(first_);
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.find(secured_[2].record->to_string()) != std::string::npos) answer = {503, {}, {}};
  };
  EXPECT_FALSE(collect(first_, copy));
  vault_.alter = {};
  EXPECT_GE(files_written(), 1U);
  EXPECT_FALSE(fs::exists(folder() / "index.age"));
  EXPECT_EQ(state(first_, copy), access::CopyState::issued);
  ASSERT_DONE(collect(first_, copy));
  EXPECT_EQ(files_written(), 4U);
}

TEST_F(CopiesTest, AnotherFileUnderACopysNameIsNeverOverwritten) {
  const auto copy = issue(first_);
  fs::create_directories(folder());
  write_text(folder() / "0002.age", "something else");
  EXPECT_EQ(collect(first_, copy).code(), Errc::conflict);
  EXPECT_EQ(read_text(folder() / "0002.age"), "something else");
}

TEST_F(CopiesTest, AnAlteredPayloadNeverAppearsUnderItsName) {
  const auto copy = issue(first_);
  for (const std::size_t place : {std::size_t{0}, std::size_t{20}, std::size_t{kSmallFile}}) {
    vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
      if (request.target.find(secured_[1].record->to_string() + "/payload") != std::string::npos)
        answer.body[place] ^= std::byte{1};
    };
    EXPECT_TAMPERED(collect(first_, copy), "");
    EXPECT_FALSE(fs::exists(folder() / "0002.age"));
    EXPECT_FALSE(fs::exists(folder() / "index.age"));
  }
  EXPECT_EQ(state(first_, copy), access::CopyState::issued);
}

TEST_F(CopiesTest, AnotherRecordsPayloadIsRefused) {
  const auto copy = issue(first_);
  Bytes small;
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.find(secured_[0].record->to_string() + "/payload") == std::string::npos) return;
    // It is as long as the record, and an age payload too.
    answer.body = Bytes(answer.body.size(), std::byte{7});
  };
  EXPECT_TAMPERED(collect(first_, copy), "");
  EXPECT_FALSE(fs::exists(folder() / "0001.age"));
}

TEST_F(CopiesTest, ASubstitutedHeaderIsRefused) {
  const auto copy = issue(first_);
  alter_items("/headers", [&](wire::json::object& item) {
    const std::array recipient{safe_of(lead_).current().recipient};
    const Bytes other = *vault::age::make_header(vault::age::FileKey::generate(), recipient);
    item["header"] = vault::base64(other, vault::Base64::url_unpadded);
  });
  EXPECT_TAMPERED(collect(first_, copy), "not the one that its depositor sealed");
}

TEST_F(CopiesTest, HeadersInAnotherOrderOrOfOtherRecordsAreRefused) {
  const auto copy = issue(first_);
  alter_items("/headers", [&](wire::json::object& item) { item["record"] = secured_[1].record->to_string(); });
  EXPECT_TAMPERED(collect(first_, copy), "differently from");
  alter_items("/headers", [&](wire::json::object& item) { item["ordinal"] = 2; });
  EXPECT_TAMPERED(collect(first_, copy), "differently from");
  alter_items("/headers", [&](wire::json::object& item) { item["payload"] = std::string(64, '0'); });
  EXPECT_TAMPERED(collect(first_, copy), "differently from");
}

TEST_F(CopiesTest, WhatTheIssuerDidNotPrepareIsRefused) {
  const auto copy = issue(third_);
  first_.sync();
  alter_items("/files", [&](wire::json::object& item) {
    const std::array recipient{third_.session->keys().identity.recipient()};
    const Bytes other = *vault::age::make_header(vault::age::FileKey::generate(), recipient);
    item["header"] = vault::base64(other, vault::Base64::url_unpadded);
  });
  EXPECT_TAMPERED(collect(third_, copy), "not the one that its issuer prepared");
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.ends_with("/index")) return;
    const std::array recipient{third_.session->keys().identity.recipient()};
    answer.body = *vault::age::encrypt_small(vault::as_bytes("{}"), recipient);
  };
  EXPECT_TAMPERED(collect(third_, copy), "not the one that its issuer prepared");
  EXPECT_EQ(files_written(), 0U);
}

TEST_F(CopiesTest, WhoeverTakesOverIssuesAnewWhatTheIssuerDidNotPrepare) {
  const auto copy = issue(third_);  // and the issuer's client goes away before it prepares
  const auto handed = hand_over(*lead_.session, lead_.directory(), {safe_, first_.id(), {second_.id(), {}, {}}});
  ASSERT_TRUE(handed) << handed.error().message;
  EXPECT_EQ(handed->state, HandoverState::done);
  EXPECT_EQ(handed->copies, 1U);
  EXPECT_EQ(collect(third_, copy).code(), Errc::conflict);
  // A header is only released to the person who signed for it, and the hand-over was signed by the lead.
  EXPECT_EQ(prepare_copy(*second_.session, second_.directory(), copy, as_asked).code(), Errc::refused);
  EXPECT_EQ(handed->unprepared, std::vector{copy});
}

TEST_F(CopiesTest, AHandOverThatGoesOnAsksForNoReasonAgain) {
  int asked = 0;
  HandoverRequest request{safe_, first_.id(), {third_.id(), {}, {}}};
  request.reason = [&]() -> Result<std::string> {
    ++asked;
    return std::string("a longer leave");
  };
  const auto begun = hand_over(*lead_.session, lead_.directory(), request);
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(begun->state, HandoverState::waits_for_wrap);
  EXPECT_EQ(asked, 1);
  first_.sync();
  third_.sync();
  const auto done = hand_over(*lead_.session, lead_.directory(), request);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->state, HandoverState::done);
  EXPECT_EQ(asked, 1);
}

TEST_F(CopiesTest, AHandOverWithoutTheReasonThatItAsksForChangesNothing) {
  HandoverRequest request{safe_, first_.id(), {third_.id(), {}, {}}};
  request.reason = []() -> Result<std::string> { return Error{Errc::invalid_argument, "a reason is needed"}; };
  EXPECT_EQ(hand_over(*lead_.session, lead_.directory(), request).code(), Errc::invalid_argument);
  const auto safe = verify_safe(*lead_.session, lead_.directory(), safe_);
  ASSERT_TRUE(safe) << safe.error().message;
  EXPECT_FALSE(safe->nominations.contains(third_.id()));
}

TEST_F(CopiesTest, AnIssuerWhoHandedOverPreparesNoMore) {
  const auto copy = issue(third_);
  ASSERT_TRUE(lead_.session->act(wire::ReassignCopies{safe_, {copy}, second_.id()}));
  EXPECT_EQ(prepare_copy(*first_.session, first_.directory(), copy, as_asked).code(), Errc::refused);
}

TEST_F(CopiesTest, ACopyIsNotIssuedToSomebodyUncertified) {
  CopyRequest copy = request(third_);
  copy.holder = access::PersonId::generate(5);
  EXPECT_TAMPERED(issue_copy(*first_.session, first_.directory(), copy), "not certified");
}

TEST_F(CopiesTest, ADeliveryIsAcknowledgedByTheNextSyncWhenItsAnswerWasLost) {
  const auto copy = issue(first_);
  vault_.lose_request = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/copy.deliver"); };
  EXPECT_EQ(collect(first_, copy).code(), Errc::unavailable);
  vault_.lose_request = {};
  EXPECT_EQ(state(first_, copy), access::CopyState::issued);
  first_.sync();
  EXPECT_EQ(state(first_, copy), access::CopyState::delivered);
}

TEST_F(CopiesTest, ACopyThatIsNotOnThisMachineIsNotAcknowledged) {
  const auto copy = issue(first_);
  EXPECT_EQ(acknowledge_delivery(*first_.session, copy).code(), Errc::conflict);
  const auto done = client::sync(*first_.session, first_.directory());
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(done->size(), 1U);
  EXPECT_FALSE(done->front().done);
  EXPECT_EQ(state(first_, copy), access::CopyState::issued);
}

TEST(CopyNames, AreFourDigitsAndMore) {
  EXPECT_EQ(copy_name(42), "C-0042");
  EXPECT_EQ(copy_name(12345), "C-12345");
  EXPECT_EQ(copy_file_name(1), "0001.age");
  EXPECT_EQ(copy_file_name(10'000), "10000.age");
}
// A payload that is longer than kKeptDownload, and the part of it that arrived before the network went away.
class LargeCopyTest : public CopiesTest {
 protected:
  void SetUp() override {
    open_case();
    big_ = std::string(kKeptDownload + 4'000'000, '\0');
    for (std::size_t i = 0; i < big_.size(); ++i) big_[i] = static_cast<char>(i * i >> 7U);
    secured_ = secure_files(third_, {{"big.bin", big_}});
    ASSERT_EQ(secured_.size(), 1U);
    copy_ = issue(first_);
    // The first answer breaks off; then there is no network.
    const auto carry = vault_.carrier();
    const Carrier breaking = [carry](const HttpRequest& request) -> Result<HttpAnswer> {
      if (!request.target.ends_with("/payload")) return carry(request);
      HttpRequest part = request;
      bool sent = false;
      part.sink = [&](ByteView bytes) {
        sent = true;
        return request.sink(bytes.first(kBegun));
      };
      if (!request.fields.empty() && request.fields[0].first == "Range") return Error{Errc::unavailable, "broke"};
      TRY(const HttpAnswer answer, carry(part));
      return sent ? Result<HttpAnswer>(Error{Errc::unavailable, "broke"}) : answer;
    };
    auto other = Session::start(first_.session->home(), first_.session->keys().clone(),
                                {breaking, vault_.clock(), [](std::chrono::milliseconds) {}});
    ASSERT_TRUE(other);
    CopyProgress progress;
    EXPECT_EQ(collect_copy(**other, first_.directory(), copy_, out_.path(), CopyForm::secured, progress).code(),
              Errc::unavailable);
    EXPECT_FALSE(fs::exists(folder() / "0001.age"));
    ASSERT_TRUE(fs::exists(part()));
    vault_.alter = [this](const HttpRequest& request, HttpAnswer& answer) {
      if (request.target.ends_with("/payload")) fetched_ += answer.body.size();
    };
  }
  void expect_whole(std::uint64_t most_fetched) {
    const auto collected = collect(first_, copy_);
    ASSERT_TRUE(collected) << collected.error().message;
    EXPECT_LE(fetched_, most_fetched);
    EXPECT_FALSE(fs::exists(part()));
    CopyProgress progress;
    Openers openers;
    openers.identities.push_back(first_.session->keys().identity.clone());
    const fs::path into = out_.path() / "opened";
    fs::create_directories(into);
    const auto opened = open_copy(folder(), into, openers, progress);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(read_text((*opened)[0].file) == big_);
  }
  fs::path part() const { return folder() / ".0001.age.part"; }

  static constexpr std::size_t kBegun = 12'000'000;
  static constexpr std::uint64_t kRunOfChunks = 2U << 20;  // what may be fetched twice, and the tags
  access::CopyId copy_;
  std::uint64_t fetched_ = 0;
};

TEST_F(LargeCopyTest, AnotherRunFetchesWhatIsMissing) {
  EXPECT_GE(fs::file_size(part()), kBegun);
  expect_whole(big_.size() - kBegun + kRunOfChunks);
  EXPECT_GT(fetched_, 0U);
}

TEST_F(LargeCopyTest, WhatWasAlteredMeanwhileIsFetchedAgain) {
  std::string kept = read_text(part());
  kept[kBegun / 2] ^= 1;
  write_text(part(), kept);
  expect_whole(big_.size() - kBegun / 2 + kRunOfChunks);
}

TEST_F(LargeCopyTest, WhatIsNotItsBeginningIsDropped) {
  write_text(part(), "something else");
  expect_whole(2 * big_.size());
  EXPECT_GT(fetched_, big_.size());
}

TEST_F(LargeCopyTest, AnEmptyBeginningIsNone) {
  write_text(part(), "");
  expect_whole(2 * big_.size());
  EXPECT_GT(fetched_, big_.size());
}

TEST_F(LargeCopyTest, ALinkInItsPlaceIsNotWrittenThrough) {
  const fs::path target = out_.path() / "target";
  write_text(target, "precious");
  fs::remove(part());
  fs::create_symlink(target, part());
  EXPECT_FALSE(collect(first_, copy_));
  fs::remove(part());
  fs::create_hard_link(target, part());
  EXPECT_FALSE(collect(first_, copy_));
  EXPECT_EQ(read_text(target), "precious");
}

TEST_F(LargeCopyTest, WhatTheServiceAlteredIsNotKept) {
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.ends_with("/payload")) answer.body.back() ^= std::byte{1};
  };
  EXPECT_TAMPERED(collect(first_, copy_), "");
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_FALSE(fs::exists(folder() / "0001.age"));
}

// --- opening --------------------------------------------------------------------------------------------------------

class OpeningTest : public ::testing::Test {
 protected:
  OpeningTest() {
    EXPECT_TRUE(vault::start_secure_memory());
    own_ = std::make_unique<Identity>(Identity::generate());
    openers_.identities.push_back(own_->clone());
    openers_.passphrase = passphrase();
    index_.number = 1;
    index_.due = *vault::parse_date("2026-12-01");
    fs::create_directories(copy());
    fs::create_directories(into());
  }
  fs::path copy() const { return folder_.path() / "C-0001"; }
  fs::path into() const { return folder_.path() / "opened"; }
  Bytes encrypt(std::string_view text) {
    const auto recipient = own_->recipient();
    return *vault::age::encrypt_small(vault::as_bytes(text), std::span(&recipient, 1));
  }
  IndexedFile& add(std::string path, std::string_view text) {
    const Bytes file = encrypt(text);
    const std::size_t header = vault::age::parse_header(file)->bytes.size();
    IndexedFile indexed;
    indexed.file = copy_file_name(index_.records.size() + 1);
    indexed.path = std::move(path);
    indexed.size = text.size();
    indexed.sha256 = vault::crypto::sha256(vault::as_bytes(text));
    indexed.length = file.size() - header;
    vault::payload::PayloadDigest digest;
    digest.update(ByteView(file).subspan(header));
    indexed.payload = digest.finish();
    indexed.modified = "2020-02-02T02:02:02.000Z";
    write_text(copy() / indexed.file, vault::as_text(file));
    index_.records.push_back(indexed);
    return index_.records.back();
  }
  Result<std::vector<OpenedRecord>> open() {
    write_text(copy() / "index.age", vault::as_text(encrypt(wire::encode(index_))));
    CopyProgress progress;
    return open_copy(copy(), into(), openers_, progress);
  }

  vault::test::TemporaryDirectory folder_;
  std::unique_ptr<Identity> own_;
  Openers openers_;
  CopyIndex index_;
};

TEST_F(OpeningTest, RealNamesPathsAndTimesAreMadeAgain) {
  add("a/b/c.txt", "content");
  add("a%0Ab", "odd").encoded = true;
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(read_text(into() / "a/b/c.txt"), "content");
  EXPECT_EQ(read_text(into() / "a\nb"), "odd");
  EXPECT_EQ(std::distance(fs::directory_iterator(into()), {}), 2);  // nothing is left of the staging
}

TEST_F(OpeningTest, APathThatLeadsOutIsRefusedBeforeAnythingIsWritten) {
  const auto climbing = std::to_array<std::string>({"../outside", "/etc/outside", "a/../../outside", "a/./b", ""});
  for (const std::string& path : climbing) {
    index_.records.clear();
    add("good.txt", "good");
    add(path, "bad");
    EXPECT_TAMPERED(open(), "leads out");
    EXPECT_TRUE(fs::is_empty(into())) << path;
    EXPECT_FALSE(fs::exists(folder_.path() / "outside"));
  }
  index_.records.clear();
  add("%2E%2E/outside", "bad").encoded = true;
  EXPECT_TAMPERED(open(), "leads out");
  index_.records.clear();
  add("fine", "bad").file = "../0001.age";
  EXPECT_TAMPERED(open(), "leads out");
}

TEST_F(OpeningTest, ALinkOnTheWayIsNotFollowed) {
  fs::create_directories(folder_.path() / "outside");
  fs::create_directory_symlink(folder_.path() / "outside", into() / "a");
  add("a/file", "bad");
  const auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->front().failure);
  EXPECT_EQ(opened->front().failure->code, Errc::tampered);
  EXPECT_TRUE(fs::is_empty(folder_.path() / "outside"));
}

TEST_F(OpeningTest, AnExistingFileOrLinkIsNotOverwritten) {
  add("file", "new");
  add("other", "fine");
  write_text(into() / "file", "old");
  const auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE((*opened)[0].failure);
  EXPECT_EQ((*opened)[0].failure->code, Errc::conflict);
  EXPECT_FALSE((*opened)[1].failure);
  EXPECT_EQ(read_text(into() / "file"), "old");
  fs::remove(into() / "file");
  fs::create_symlink(folder_.path() / "target", into() / "file");
  EXPECT_TRUE(open()->front().failure);
  EXPECT_FALSE(fs::exists(folder_.path() / "target"));
}

TEST_F(OpeningTest, WhateverDisagreesWithTheIndexDoesNotAppear) {
  const auto expect_refused = [&](const std::function<void(IndexedFile&)>& change) {
    index_.records.clear();
    change(add("file", "content"));
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(opened->front().failure);
    EXPECT_EQ(opened->front().failure->code, Errc::tampered);
    EXPECT_TRUE(fs::is_empty(into()));
  };
  expect_refused([](IndexedFile& file) { ++file.size; });
  expect_refused([](IndexedFile& file) { file.sha256[0] ^= std::byte{1}; });
  expect_refused([](IndexedFile& file) { file.payload[0] ^= std::byte{1}; });
  expect_refused([](IndexedFile& file) { ++file.length; });
  expect_refused([](IndexedFile& file) { --file.length; });
  expect_refused([&](IndexedFile& file) {
    std::string bytes = read_text(copy() / file.file);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_text(copy() / file.file, bytes);
  });
  expect_refused([&](IndexedFile& file) { write_text(copy() / file.file, vault::as_text(encrypt("content"))); });
}

TEST_F(OpeningTest, SomebodyElsesCopyDoesNotOpen) {
  add("file", "content");
  openers_.identities.clear();
  openers_.identities.push_back(Identity::generate());
  EXPECT_EQ(open().code(), Errc::wrong_key);
}

TEST_F(OpeningTest, AnyAgeFileOpensWithAStockIdentityFile) {
  write_text(folder_.path() / "letter.txt.age", vault::as_text(encrypt("a letter")));
  write_text(folder_.path() / "key", "# a comment\n" + std::string(own_->to_text().expose()) + "\n");
  auto identities = read_identities(folder_.path() / "key", {});
  ASSERT_TRUE(identities) << identities.error().message;
  Openers openers;
  openers.identities = std::move(*identities);
  const auto opened = open_file(folder_.path() / "letter.txt.age", into(), openers);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->file, into() / "letter.txt");
  EXPECT_EQ(opened->size, 8U);
  EXPECT_EQ(read_text(into() / "letter.txt"), "a letter");
  EXPECT_EQ(open_file(folder_.path() / "letter.txt.age", into(), openers).code(), Errc::conflict);
  ASSERT_TRUE(open_file(folder_.path() / "letter.txt.age", folder_.path() / "new/name", openers));
  EXPECT_EQ(read_text(folder_.path() / "new/name"), "a letter");
}

TEST_F(OpeningTest, AFileUnderAPassphraseAsksForIt) {
  const auto file = vault::age::encrypt_small_with_passphrase(vault::as_bytes("secret"), vault::SecretText(kPassphrase),
                                                              kCheapScrypt);
  write_text(folder_.path() / "file.age", vault::as_text(*file));
  ASSERT_DONE(open_file(folder_.path() / "file.age", into(), openers_));
  EXPECT_EQ(read_text(into() / "file"), "secret");
}

TEST_F(OpeningTest, ADamagedFileLeavesNothingBehind) {
  std::string bytes = vault::to_text(encrypt(std::string(200'000, 'x')));
  bytes.pop_back();
  write_text(folder_.path() / "cut.age", bytes);
  EXPECT_FALSE(open_file(folder_.path() / "cut.age", into(), openers_));
  EXPECT_TRUE(fs::is_empty(into()));
}

}  // namespace
}  // namespace cli::client::testing
