#include "cli/client/records.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>

#include "cli/client/copies.h"
#include "cli/client/files/large_upload.h"
#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"
#include "vault/crypto/hash.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;

Descriptor descriptor_of(std::string_view raw) {
  const EncodedPath path = encode_path(raw);
  Descriptor descriptor;
  descriptor.record = access::RecordId::generate(1);
  descriptor.path = path.text;
  const std::size_t slash = path.text.rfind('/');
  descriptor.name = slash == std::string::npos ? path.text : path.text.substr(slash + 1);
  descriptor.modified = "2026-11-22T09:30:00.000Z";
  descriptor.media_type = "text/plain";
  if (path.encoded) descriptor.encoded = true;
  return descriptor;
}

TEST(Descriptors, ComeBackByteForByteWhateverTheName) {
  std::string every_byte;
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/') every_byte += static_cast<char>(byte);
  const auto names = std::to_array<std::string>({"plain.txt", "a/b/c", "two\nlines", "tab\there", "\xc3\xa9t\xc3\xa9",
                                                 "100%", "%41 and \xff", "bad\xff/utf8", every_byte, "a b", "\x7f"});
  for (const std::string& raw : names) {
    const Descriptor descriptor = descriptor_of(raw);
    const auto text = encode_descriptor(descriptor);
    ASSERT_TRUE(text) << raw;
    const auto decoded = decode_descriptor(*text);
    ASSERT_TRUE(decoded) << raw << ": " << decoded.error().message;
    EXPECT_EQ(*raw_path(*decoded), raw);
    EXPECT_EQ(*raw_name(*decoded), raw.substr(raw.rfind('/') + 1));
    EXPECT_TRUE(vault::is_utf8(decoded->path));
    EXPECT_EQ(wire::encode(*decoded), *text);
  }
}

TEST(Descriptors, PlainNamesAreNotEncodedAndOthersAre) {
  EXPECT_FALSE(encode_path("100% plain").encoded);
  EXPECT_EQ(encode_path("a\nb%").text, "a%0Ab%25");
  EXPECT_TRUE(encode_path("\xff").encoded);
  EXPECT_FALSE(decode_path("%4"));
  EXPECT_FALSE(decode_path("%4g"));
  EXPECT_FALSE(decode_path("%ff"));  // one spelling only
}

TEST(Descriptors, PathsThatClimbAreRefusedEncodedOrNot) {
  const auto climbing =
      std::to_array<std::string_view>({"", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", ".", "./a", "a/."});
  for (const std::string_view path : climbing) {
    EXPECT_FALSE(is_inner_path(path)) << path;
    Descriptor descriptor = descriptor_of("name");
    descriptor.path = path;
    EXPECT_FALSE(encode_descriptor(descriptor)) << path;
    EXPECT_FALSE(decode_descriptor(wire::encode(descriptor))) << path;
  }
  EXPECT_FALSE(is_inner_path(std::string_view("a\0b", 3)));
  Descriptor hidden = descriptor_of("name");
  hidden.encoded = true;
  hidden.path = "%2E%2E/x";
  EXPECT_FALSE(decode_descriptor(wire::encode(hidden)));
  hidden.path = "a%2F..%2F..%2Fx";
  EXPECT_FALSE(decode_descriptor(wire::encode(hidden)));
  EXPECT_TRUE(is_inner_path("..a/b..c/..."));
}

TEST(Descriptors, KeepToTheirLimits) {
  Descriptor descriptor = descriptor_of("name");
  descriptor.path = std::string(kMaxPathBytes, 'p');
  EXPECT_TRUE(encode_descriptor(descriptor));
  EXPECT_TRUE(decode_descriptor(wire::encode(descriptor)));
  descriptor.path += 'p';
  EXPECT_EQ(encode_descriptor(descriptor).code(), Errc::too_large);
  EXPECT_FALSE(decode_descriptor(wire::encode(descriptor)));
  descriptor = descriptor_of("name");
  descriptor.source = std::string(kMaxSourceBytes, 's');
  EXPECT_TRUE(encode_descriptor(descriptor));
  descriptor.source += 's';
  EXPECT_EQ(encode_descriptor(descriptor).code(), Errc::too_large);
  EXPECT_EQ(decode_descriptor(std::string(kMaxDescriptorBytes + 1, ' ')).code(), Errc::too_large);
}

TEST(Descriptors, OfANewerVersionAreNotGuessedAt) {
  Descriptor descriptor = descriptor_of("name");
  descriptor.v = 2;
  EXPECT_EQ(decode_descriptor(wire::encode(descriptor)).code(), Errc::unknown_version);
}

TEST(MediaTypes, GoByTheExtensionWhateverItsCase) {
  EXPECT_EQ(media_type_of("letter.PDF"), "application/pdf");
  EXPECT_EQ(media_type_of("notes.tar.txt"), "text/plain");
  EXPECT_EQ(media_type_of("no-extension"), "application/octet-stream");
  EXPECT_EQ(media_type_of("pdf"), "application/octet-stream");
}

class FindingFiles : public ::testing::Test {
 protected:
  fs::path root() const { return folder_.path() / "case files"; }
  void SetUp() override {
    fs::create_directories(root() / "b");
    write_text(root() / "z.txt", "z");
    write_text(root() / "b/a.txt", "a");
    write_text(root() / "b/.hidden", "h");
  }
  vault::test::TemporaryDirectory folder_;
};

TEST_F(FindingFiles, AFoldersNameBeginsThePathsOfItsFiles) {
  const std::array paths{root()};
  const auto found = find_files(paths);
  ASSERT_TRUE(found);
  std::vector<std::string> names;
  for (const FileToSecure& file : found->files) names.push_back(file.path);
  EXPECT_EQ(names, (std::vector<std::string>{"case files/b/.hidden", "case files/b/a.txt", "case files/z.txt"}));
  const std::array with_slash{fs::path(root().string() + "/")};
  EXPECT_EQ(find_files(with_slash)->files.size(), 3U);
}

TEST_F(FindingFiles, LinksAndSpecialFilesAreReportedAndNotFollowed) {
  fs::create_symlink("/etc/passwd", root() / "link");
  fs::create_symlink(root(), root() / "b/loop");
  ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  const std::array paths{root()};
  const auto found = find_files(paths);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->files.size(), 3U);
  EXPECT_EQ(found->passed_over.size(), 3U);
}

TEST_F(FindingFiles, APathThatIsNotThereIsAnError) {
  const std::array paths{folder_.path() / "absent"};
  EXPECT_EQ(find_files(paths).code(), Errc::not_found);
}

class SecuringTest : public Partnership {
 protected:
  void SetUp() override { open_case(); }
  fs::path folder() {
    const fs::path path = files_.path() / "case";
    fs::create_directories(path);
    return path;
  }
  Result<std::vector<SecuredResult>> secure_folder() {
    const std::array paths{folder()};
    const auto found = find_files(paths);
    EXPECT_TRUE(found);
    SecureProgress progress;
    return secure(*third_.session, safe_of(third_), found->files, options_, progress);
  }
  std::uint64_t records() { return third_.session->get<wire::SafeView>("/v1/safes/" + safe_.to_string())->records; }
  Result<std::vector<ListedRecord>> list(Client& client, std::string_view query = {}) {
    const VerifiedSafe safe = safe_of(client);
    TRY(const SafeSecrets secrets, open_safe(*client.session, safe));
    return list_records(*client.session, client.directory(), safe, &secrets, query);
  }
  SecureOptions options_;
};

TEST_F(SecuringTest, ARunAgainSkipsWhatStandsInTheJournal) {
  write_text(folder() / "one", "1");
  write_text(folder() / "two", std::string(kSmallFile + 1, '2'));
  const auto first = secure_folder();
  ASSERT_TRUE(first) << first.error().message;
  write_text(folder() / "one", "x");  // of the same size
  write_text(folder() / "three", "3");
  const auto again = secure_folder();
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), 3U);
  EXPECT_FALSE((*again)[0].skipped);
  EXPECT_FALSE((*again)[1].skipped);
  EXPECT_TRUE((*again)[2].skipped);
  EXPECT_EQ((*again)[2].record, (*first)[1].record);
  EXPECT_EQ(records(), 4U);
}

TEST_F(SecuringTest, AFileThatCannotBeReadDoesNotStopTheOthers) {
  write_text(folder() / "good", "good");
  write_text(folder() / "gone", "gone");
  const std::array paths{folder()};
  const auto found = find_files(paths);
  fs::remove(folder() / "gone");
  SecureProgress progress;
  const auto secured = secure(*third_.session, safe_of(third_), found->files, {}, progress);
  ASSERT_TRUE(secured) << secured.error().message;
  EXPECT_TRUE((*secured)[0].failure);
  EXPECT_FALSE((*secured)[0].record);
  EXPECT_FALSE((*secured)[1].failure);
  EXPECT_TRUE((*secured)[1].record);
}

TEST_F(SecuringTest, AFileThatChangesWhileItIsSentIsNotSealed) {
  const fs::path file = folder() / "large";
  write_text(file, std::string(3 * kUploadChunk, 'l'));
  write_text(folder() / "small", "s");
  bool grown = false;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method == "PATCH" && !grown) {
      std::ofstream(file, std::ios::app) << "more";
      grown = true;
    }
    return false;
  };
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  ASSERT_TRUE((*secured)[0].failure);
  EXPECT_EQ((*secured)[0].failure->code, Errc::conflict);
  EXPECT_FALSE((*secured)[1].failure);
  EXPECT_EQ(records(), 1U);
}

TEST_F(SecuringTest, FilesAtTheBordersOfEncryptionAndSendingComeThrough) {
  const auto sizes = std::to_array<std::size_t>({0, 1, 65535, 65536, 65537, kSmallFile - 1, kSmallFile, kSmallFile + 1,
                                                 kUploadChunk - 200, kUploadChunk, kUploadChunk + 1});
  for (const std::size_t size : sizes) write_text(folder() / std::to_string(size), std::string(size, 'x'));
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  for (const SecuredResult& one : *secured) EXPECT_TRUE(one.record) << one.path;
  const auto listed = list(first_);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), sizes.size());
  for (const ListedRecord& one : *listed) EXPECT_EQ(one.descriptor->name, std::to_string(one.descriptor->size));
}

TEST_F(SecuringTest, MoreFilesThanOneCommandSealsTakeSeveral) {
  for (std::size_t i = 0; i < access::kMaxRecordsPerSeal + 1; ++i)
    write_text(folder() / std::to_string(i), std::to_string(i));
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  EXPECT_EQ(records(), access::kMaxRecordsPerSeal + 1);
  const auto sealings = third_.session->entries("/v1/safes/" + safe_.to_string() + "/sealings");
  ASSERT_TRUE(sealings);
  EXPECT_EQ(sealings->size(), 2U);
}

TEST_F(SecuringTest, SmallFilesAreSentManyAtATime) {
  for (std::size_t i = 0; i < 200; ++i) write_text(folder() / std::to_string(i), std::string(i, 'x'));
  std::atomic<int> batches = 0, others = 0;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.target == "/v1/upload-batches") ++batches;
    if (request.target.starts_with("/v1/uploads")) ++others;
    return false;
  };
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  EXPECT_LE(batches, static_cast<int>(kFilesInFlight));
  EXPECT_EQ(others, 0);
  EXPECT_EQ(records(), 200U);
  const auto listed = list(first_);
  ASSERT_TRUE(listed) << listed.error().message;
  for (const ListedRecord& one : *listed) EXPECT_EQ(one.descriptor->name, std::to_string(one.descriptor->size));
}

TEST_F(SecuringTest, ABatchWhoseAnswerIsLostIsSentAgain) {
  for (std::size_t i = 0; i < 20; ++i) write_text(folder() / std::to_string(i), std::to_string(i));
  std::atomic<int> lost = 0;
  vault_.lose_answer = [&](const HttpRequest& request) {
    return request.target == "/v1/upload-batches" && lost++ == 0;
  };
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  EXPECT_GE(lost, 2);
  EXPECT_EQ(records(), 20U);
}

TEST_F(SecuringTest, AFileThatCannotBeDescribedDoesNotHarmThoseSentWithIt) {
  fs::path deep = folder();
  for (int i = 0; i < 10; ++i) deep /= std::string(200, '\xff');  // three times as long once it is encoded
  fs::create_directories(deep);
  write_text(deep / "far", "far");
  write_text(folder() / "a", "first");
  write_text(folder() / "z", "last");
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  ASSERT_EQ(secured->size(), 3U);
  EXPECT_FALSE((*secured)[0].failure);
  EXPECT_FALSE((*secured)[1].failure);
  ASSERT_TRUE((*secured)[2].failure);
  EXPECT_EQ((*secured)[2].failure->code, Errc::too_large);
  const auto listed = list(first_);
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->size(), 2U);
}

TEST_F(SecuringTest, ASealingWhoseAnswerIsLostIsInTheJournalOnceItIsFinished) {
  write_text(folder() / "one", "1");
  vault_.lose_answer = [](const HttpRequest& request) { return request.target.starts_with("/v1/acts/"); };
  EXPECT_EQ(secure_folder().code(), Errc::unavailable);
  vault_.lose_answer = {};
  ASSERT_DONE(third_.session->finish_outbox());
  const auto again = secure_folder();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->front().skipped);
  EXPECT_EQ(records(), 1U);
}

TEST_F(SecuringTest, WhatTheDepositorSaysOfARecordIsWhatKeyholdersSee) {
  write_text(folder() / "letter.pdf", "content");
  options_.class_ = access::RecordClass::correspondence;
  options_.source = "Filing cabinet";
  options_.subject = "child-1";
  options_.dates = "2020-01-01..2026-11-01";
  options_.late = true;
  ASSERT_DONE(lead_.session->act(wire::MakeDeclaration{safe_, 1, 0, true, {"child-1"}, {}, {}, {}}));
  ASSERT_DONE(secure_folder());
  const auto listed = list(first_);
  ASSERT_TRUE(listed) << listed.error().message;
  const ListedRecord& one = listed->front();
  EXPECT_EQ(one.view.class_, access::RecordClass::correspondence);
  EXPECT_EQ(one.view.subject, "child-1");
  EXPECT_EQ(one.view.late, true);
  EXPECT_EQ(one.descriptor->path, "case/letter.pdf");
  EXPECT_EQ(one.descriptor->source, "Filing cabinet");
  EXPECT_EQ(one.descriptor->dates, "2020-01-01..2026-11-01");
  EXPECT_EQ(one.descriptor->media_type, "application/pdf");
  EXPECT_EQ(one.descriptor->size, 7U);
  EXPECT_EQ(one.descriptor->sha256, vault::crypto::sha256(vault::as_bytes("content")));
}

// More records than the service looks at for one page stand before the only one of that class.
TEST_F(SecuringTest, ARecordOfAClassIsFoundBehindThousandsOfOthers) {
  constexpr std::uint64_t kOthers = 2 * access::kMaxScan + 1;
  {
    access::State& state = vault_.store().state();
    const auto txn = *vault_.store().engine().write();
    auto safe = *state.safe(*txn, safe_);
    access::RecordRow row;
    row.safe = safe_;
    row.class_ = access::RecordClass::case_notes;
    for (; row.ordinal < kOthers; ++row.ordinal) {
      row.record = access::RecordId::generate(1);
      ASSERT_DONE(state.put(*txn, row));
    }
    safe->records = kOthers;
    ASSERT_DONE(state.put(*txn, *safe));
    ASSERT_DONE(txn->commit());
  }
  write_text(folder() / "photograph.jpg", "1");
  options_.class_ = access::RecordClass::image;
  ASSERT_DONE(secure_folder());
  const auto images = list(first_, "class=image");
  ASSERT_TRUE(images) << images.error().message;
  ASSERT_EQ(images->size(), 1U);
  EXPECT_EQ(images->front().descriptor->path, "case/photograph.jpg");
  const auto none = list(first_, "class=police-log");
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->empty());
}

TEST_F(SecuringTest, AListingThatDiffersFromTheSealingIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.find("/records") == std::string::npos) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    body["data"].as_object()["items"].as_array()[0].as_object()["class"] = "image";
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "otherwise than its depositor sealed it");
}

TEST_F(SecuringTest, ASubstitutedDescriptionIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.find("/records") == std::string::npos) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    const auto recipient = vault::age::Identity::generate().recipient();
    const Bytes other = *vault::age::encrypt_small(vault::as_bytes("{}"), std::span(&recipient, 1));
    body["data"].as_object()["items"].as_array()[0].as_object()["descriptor"] =
        vault::base64(other, vault::Base64::url_unpadded);
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "not the one that its depositor sealed");
}

TEST_F(SecuringTest, ARecordThatOnlyTheServiceKnowsOfIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.target.find("/records") == std::string::npos) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    body["data"].as_object()["items"].as_array()[0].as_object()["record"] = access::RecordId::generate(7).to_string();
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "no sealing entry");
}

TEST_F(SecuringTest, RecordsSealedUnderAKeyThatIsNotTheDepositorsAreRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  auto sealings = third_.session->entries("/v1/safes/" + safe_.to_string() + "/sealings");
  ASSERT_TRUE(sealings);
  auto& body = sealings->front().body;
  body.request = access::testing::signed_act("records.seal", std::get<std::string>(body.request->content), *body.actor,
                                             vault::crypto::SigningKey::generate(), sealings->front().envelope.time);
  EXPECT_TAMPERED(trust_sealings(first_.directory(), VerifiedSafe(), *sealings), "not signed by the person");
}

TEST_F(SecuringTest, RecordsSealedByTheStaffOfAnotherAgencyAreRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  const auto sealings = third_.session->entries("/v1/safes/" + safe_.to_string() + "/sealings");
  ASSERT_TRUE(sealings);
  auto safe = verify_safe(*first_.session, first_.directory(), safe_);
  ASSERT_TRUE(safe);
  EXPECT_TRUE(trust_sealings(first_.directory(), *safe, *sealings));
  safe->agency = partner(0);  // so the depositor's agency is another one
  EXPECT_TAMPERED(trust_sealings(first_.directory(), *safe, *sealings), "not permitted");
  // Somebody who may not read the safe's chain knows only that the depositor may secure records somewhere.
  EXPECT_TRUE(trust_sealings(first_.directory(), VerifiedSafe(), *sealings));
}

// --- large files that are interrupted ------------------------------------------------------------------------------

class LargeUploadTest : public SecuringTest {
 protected:
  static constexpr std::size_t kChunks = 5;
  fs::path file() { return folder() / "large"; }
  void SetUp() override {
    SecuringTest::SetUp();
    std::string text(kChunks * kUploadChunk - kChunks * 10'000, '\0');  // its ciphertext too is five chunks
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7U);
    write_text(file(), text);
  }
  // The network goes away after so many chunks, as when this program is killed.
  void interrupt_after(int chunks) {
    vault_.lose_request = [=, sent = std::make_shared<std::atomic<int>>(0)](const HttpRequest& request) {
      return request.method == "PATCH" ? ++*sent > chunks : *sent > chunks;
    };
    EXPECT_EQ(secure_folder().code(), Errc::unavailable);
    vault_.lose_request = {};
  }
  // Chunks that are sent, and uploads that are begun, until the end.
  struct Sent {
    std::atomic<int> chunks = 0;
    std::atomic<int> uploads = 0;
  };
  std::shared_ptr<Sent> count() {
    auto sent = std::make_shared<Sent>();
    vault_.lose_request = [sent](const HttpRequest& request) {
      if (request.method == "PATCH") ++sent->chunks;
      if (request.method == "POST" && request.target == "/v1/uploads") ++sent->uploads;
      return false;
    };
    return sent;
  }
  // The one record is the file as it stands now.
  void expect_secured(const Result<std::vector<SecuredResult>>& secured) {
    ASSERT_TRUE(secured) << secured.error().message;
    ASSERT_EQ(secured->size(), 1U);
    ASSERT_TRUE((*secured)[0].record);
    EXPECT_EQ(records(), 1U);
    const auto issued = issue_copy(
        *first_.session, first_.directory(),
        {safe_, first_.id(), access::Purpose::case_work, *vault::parse_date("2026-12-01"), {*(*secured)[0].record}});
    ASSERT_TRUE(issued) << issued.error().message;
    CopyProgress progress;
    const vault::test::TemporaryDirectory out;
    const auto collected =
        collect_copy(*first_.session, first_.directory(), issued->copy, out.path(), CopyForm::plain, progress);
    ASSERT_TRUE(collected) << collected.error().message;
    EXPECT_EQ(read_text(collected->files[0].file), read_text(file()));
  }
  std::size_t notes() {
    const fs::path notes = third_.home() / "notes";
    return fs::exists(notes) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(notes), {})) : 0;
  }
};

TEST_F(LargeUploadTest, AnotherRunGoesOnWhereItStopped) {
  interrupt_after(3);
  EXPECT_EQ(notes(), 1U);
  const auto sent = count();
  expect_secured(secure_folder());
  EXPECT_EQ(sent->chunks, 2);
  EXPECT_EQ(sent->uploads, 0);
  EXPECT_EQ(notes(), 0U);
}

TEST_F(LargeUploadTest, WhatTheServiceLostIsSentAgainAndNoMore) {
  int answered = 0;
  int received = 0;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method == "PATCH") ++received;
    return false;
  };
  // The third chunk is acknowledged and never kept; the fourth comes too late.
  const auto carry = vault_.carrier();
  const Carrier forgetful = [&](const HttpRequest& request) -> Result<HttpAnswer> {
    if (request.method != "PATCH" || ++answered != 3) return carry(request);
    std::vector<std::byte> sent(1U << 20);
    for (std::uint64_t left = request.source_length; left > 0;) {
      const auto got = request.source(std::span(sent).first(std::min<std::size_t>(sent.size(), left)));
      if (!got) return got.error();
      left -= *got;
    }
    return HttpAnswer{204, {{"upload-offset", std::to_string(3 * kUploadChunk)}}, {}};
  };
  third_.session = *Session::start(third_.session->home(), third_.session->keys().clone(),
                                   {forgetful, vault_.clock(), [](std::chrono::milliseconds) {}});
  expect_secured(secure_folder());
  EXPECT_EQ(received, 2 + 1 + 3);  // two, one in the wrong place, the three that were missing
}

TEST_F(LargeUploadTest, EveryChunkMayBreakOnce) {
  std::atomic<int> chunks = 0;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method != "PATCH" || chunks++ % 2 != 0) return false;
    Bytes some(kUploadChunk / 3);
    return request.source(some).has_value();
  };
  expect_secured(secure_folder());
  EXPECT_EQ(chunks, 2 * static_cast<int>(kChunks));
}

TEST_F(LargeUploadTest, AFileThatIsCutShortMeanwhileIsNotSealed) {
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method == "PATCH") fs::resize_file(file(), kUploadChunk / 2);
    return false;
  };
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  ASSERT_TRUE((*secured)[0].failure);
  EXPECT_EQ((*secured)[0].failure->code, Errc::conflict);
  EXPECT_EQ(records(), 0U);
}

TEST_F(LargeUploadTest, AFileThatChangedMeanwhileIsBegunAnew) {
  interrupt_after(3);
  std::string text = read_text(file());
  text.front() ^= 1;
  write_text(file(), text);  // of the same size
  const auto sent = count();
  expect_secured(secure_folder());
  EXPECT_EQ(sent->chunks, static_cast<int>(kChunks));
  EXPECT_EQ(sent->uploads, 1);
  EXPECT_EQ(notes(), 0U);
}

// A service that says it lost everything is sent the same bytes again, and never others under the same key.
TEST_F(LargeUploadTest, AFileThatChangesIsNotSentAgainUnderTheSameKey) {
  int chunks = 0;
  vault_.lose_request = [&](const HttpRequest& request) {
    if (request.method != "PATCH") return false;
    if (++chunks == 3) {
      std::string text = read_text(file());
      text.front() ^= 1;
      write_text(file(), text);  // of the same size
    } else if (chunks > 3) {
      Bytes other(kUploadChunk);  // its beginning is the nonce, which is the same; nothing follows
      EXPECT_EQ(request.source(other).value_or(0), sizeof(vault::age::PayloadNonce));
      EXPECT_FALSE(request.source(other)) << "another text under the same key";
    }
    return false;
  };
  vault_.alter = [&](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "PATCH" && chunks >= 3) answer = {409, {}, {}};
    if (request.method == "HEAD") answer.fields = {{"upload-offset", "0"}};
  };
  const auto secured = secure_folder();
  ASSERT_TRUE(secured) << secured.error().message;
  ASSERT_TRUE((*secured)[0].failure);
  EXPECT_EQ((*secured)[0].failure->code, Errc::conflict);
  EXPECT_GE(chunks, 3);
  EXPECT_EQ(notes(), 0U);
}

TEST_F(LargeUploadTest, AnUploadThatIsGoneIsBegunAnew) {
  interrupt_after(3);
  ASSERT_EQ(*vault_.store().payload().discard_orphans({vault_.now().unix_ms + 1}, 10), 1U);
  const auto sent = count();
  expect_secured(secure_folder());
  EXPECT_EQ(sent->uploads, 1);
}

TEST_F(LargeUploadTest, ASyncForgetsWhatTheServiceKnowsNoMore) {
  interrupt_after(3);
  third_.sync();
  EXPECT_EQ(notes(), 1U) << "it can be resumed";
  ASSERT_EQ(*vault_.store().payload().discard_orphans({vault_.now().unix_ms + 1}, 10), 1U);
  fs::remove(file());
  third_.sync();
  EXPECT_EQ(notes(), 0U);
}

TEST_F(LargeUploadTest, ASyncKeepsTheNoteOfAnotherProgramOrOfAServiceThatFails) {
  interrupt_after(3);
  ASSERT_EQ(*vault_.store().payload().discard_orphans({vault_.now().unix_ms + 1}, 10), 1U);
  {
    const auto other = third_.session->home().claim_note(third_.session->home().notes(".upload")->at(0));
    ASSERT_TRUE(other && *other);
    third_.sync();
    EXPECT_EQ(notes(), 1U);
  }
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (request.method == "HEAD") answer = {500, {}, {}};
  };
  third_.sync();
  EXPECT_EQ(notes(), 1U);
  vault_.alter = {};
  third_.sync();
  EXPECT_EQ(notes(), 0U);
}

TEST_F(LargeUploadTest, ASyncDropsANoteThatIsDamagedAndLeavesANewerPrograms) {
  interrupt_after(1);
  const std::string name = third_.session->home().notes(".upload")->at(0);
  const fs::path note = third_.home() / "notes" / name;
  const std::string text = read_text(note);
  ASSERT_TRUE(text.starts_with("{\"v\":1,"));
  write_text(note, "{\"v\":2," + text.substr(7));
  third_.sync();
  EXPECT_EQ(notes(), 1U);
  write_text(note, "not JSON");
  third_.sync();
  EXPECT_EQ(notes(), 0U);
}

TEST_F(LargeUploadTest, ANoteThatIsDamagedCostsTheUploadAndNoMore) {
  for (const std::string_view damage : {"", "{}", "not JSON"}) {
    write_text(file(), read_text(file()));
    interrupt_after(1);
    for (const auto& note : fs::directory_iterator(third_.home() / "notes"))
      write_text(note.path(), std::string(damage));
    const auto sent = count();
    const auto secured = secure_folder();
    ASSERT_TRUE(secured) << secured.error().message;
    EXPECT_TRUE((*secured)[0].record);
    EXPECT_EQ(sent->uploads, 1);
    EXPECT_EQ(notes(), 0U);
    fs::remove(third_.home() / "journal.jsonl");
  }
}

TEST_F(LargeUploadTest, TwoProgramsNeverShareAnUpload) {
  interrupt_after(3);
  std::string name;
  for (const auto& note : fs::directory_iterator(third_.home() / "notes")) name = note.path().filename();
  const auto other = third_.session->home().claim_note(name);
  ASSERT_TRUE(other && *other);
  const auto sent = count();
  expect_secured(secure_folder());
  EXPECT_EQ(sent->chunks, static_cast<int>(kChunks));
  EXPECT_EQ(sent->uploads, 1);
  EXPECT_EQ(notes(), 1U) << "it is the other program's";
}

}  // namespace
}  // namespace cli::client::testing
