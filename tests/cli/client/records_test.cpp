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
  const auto sealings = fetch_records_chain(*third_.session, safe_of(third_));
  ASSERT_TRUE(sealings);
  EXPECT_EQ(sealings->size(), 3U);  // the first is the safe's opening
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

TEST_F(SecuringTest, ATextIsDescribedAsAFileIs) {
  const NewDocument document{access::RecordClass::other, "a\xff.json", "{}"};
  ASSERT_DONE(seal_texts(*third_.session, safe_of(third_), std::span(&document, 1), "review"));
  const auto listed = list(first_);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 1U);
  const ListedRecord& one = listed->front();
  ASSERT_TRUE(one.descriptor) << one.problem->message;
  EXPECT_EQ(*raw_name(*one.descriptor), document.name);
  EXPECT_EQ(one.descriptor->source, "review");
  EXPECT_EQ(one.descriptor->media_type, "application/json");
  EXPECT_EQ(one.descriptor->size, 2U);
  EXPECT_EQ(one.descriptor->sha256, vault::crypto::sha256(vault::as_bytes(document.text)));
}

// Before the only record of that class there are more others than the service looks at for one page.
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

}  // namespace
}  // namespace cli::client::testing
