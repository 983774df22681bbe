#include "cli/client/files/large_upload.h"

#include "tests/cli/client/in_process.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;

class LargeUploadTest : public SecuringTest {
 protected:
  static constexpr std::size_t kChunks = 5;
  fs::path file() { return folder() / "large"; }
  void SetUp() override {
    SecuringTest::SetUp();
    std::string text(kChunks * kUploadChunk - kChunks * 10'000, '\0');  // so that its ciphertext has five chunks too
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7U);
    write_text(file(), text);
  }
  // The network goes away after so many chunks, as it does if this program is killed.
  void interrupt_after(int chunks) {
    vault_.lose_request = [=, sent = std::make_shared<std::atomic<int>>(0)](const HttpRequest& request) {
      return request.method == "PATCH" ? ++*sent > chunks : *sent > chunks;
    };
    EXPECT_EQ(secure_folder().code(), Errc::unavailable);
    vault_.lose_request = {};
  }
  // Counts the chunks that are sent, and the uploads that are begun, until the end.
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
  // The only record is the file as it is now.
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
  EXPECT_EQ(received, 2 + 1 + 3);  // two, one in the wrong place, and the three that were missing
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
      Bytes other(kUploadChunk);  // begins with the nonce, which is the same, and nothing follows
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
