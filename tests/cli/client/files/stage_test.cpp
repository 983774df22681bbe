#include "cli/client/files/stage.h"

#include <gtest/gtest.h>

#include <atomic>

#include "cli/client/files/staged_file.h"
#include "tests/support/temporary_directory.h"

namespace cli::client {
namespace {

namespace fs = std::filesystem;

vault::Bytes numbered(std::size_t size) {
  vault::Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + i / 251);
  return bytes;
}

TEST(Stage, EachTakesAllBytesInOrder) {
  const vault::Bytes all = numbered(5 * kStageBlockBytes + 77);
  vault::Bytes first, second;
  Stage one([&](ByteView bytes) -> Result<void> {
    vault::append(first, bytes);
    return {};
  });
  Stage two([&](ByteView bytes) -> Result<void> {
    vault::append(second, bytes);
    return {};
  });
  StageFeed feed({&one, &two});
  for (std::size_t at = 0; at < all.size(); at += 100'003)
    ASSERT_TRUE(feed.push(ByteView(all).subspan(at, std::min<std::size_t>(100'003, all.size() - at))));
  ASSERT_TRUE(feed.flush());
  ASSERT_TRUE(one.finish());
  ASSERT_TRUE(two.finish());
  EXPECT_EQ(first, all);
  EXPECT_EQ(second, all);
}

TEST(Stage, AnErrorStopsItAndComesBack) {
  std::atomic<int> steps = 0;
  Stage failing([&](ByteView) -> Result<void> {
    if (++steps == 2) return Error{Errc::tampered, "the second block"};
    return {};
  });
  StageFeed feed({&failing});
  Result<void> pushed;
  for (std::size_t i = 0; i < 4 * kStageBlocks && pushed; ++i) pushed = feed.push(vault::Bytes(kStageBlockBytes));
  EXPECT_EQ(pushed.code(), Errc::tampered);
  EXPECT_EQ(failing.finish().code(), Errc::tampered);
  EXPECT_EQ(steps, 2);
}

TEST(Stage, WhatWaitsIsDroppedWithIt) {
  std::atomic<int> steps = 0;
  {
    Stage slow([&](ByteView) -> Result<void> {
      ++steps;
      return {};
    });
    StageFeed feed({&slow});
    for (std::size_t i = 0; i < kStageBlocks; ++i) ASSERT_TRUE(feed.push(vault::Bytes(kStageBlockBytes)));
  }
  EXPECT_LE(steps, static_cast<int>(kStageBlocks));
}

class StagedFilesTest : public ::testing::Test {
 protected:
  StagedFile written(const std::string& name, std::string_view text) {
    auto staged = StagedFile::create(folder_.path(), name);
    EXPECT_TRUE(staged) << staged.error().message;
    EXPECT_TRUE(staged->write(vault::as_bytes(text)));
    return std::move(*staged);
  }
  std::size_t count() const {
    std::size_t files = 0;
    for (const auto& item : fs::recursive_directory_iterator(folder_.path())) files += item.is_regular_file() ? 1 : 0;
    return files;
  }
  vault::test::TemporaryDirectory folder_;
};

TEST_F(StagedFilesTest, FilesAreNamedAGroupAtATime) {
  StagedFiles names;
  std::size_t told = 0;
  const auto named = [&](Result<void> outcome) -> Result<void> {
    EXPECT_TRUE(outcome);
    ++told;
    return {};
  };
  for (std::size_t i = 0; i < kStagedFiles - 1; ++i)
    ASSERT_TRUE(names.add(written("a/" + std::to_string(i), "x"), 1, named));
  EXPECT_EQ(count(), 0U);
  ASSERT_TRUE(names.add(written("b", "x"), 1, named));
  EXPECT_EQ(count(), kStagedFiles);
  ASSERT_TRUE(names.add(written("c", "x"), kStagedFilesBytes, named));  // so many bytes fill a group too
  EXPECT_EQ(count(), kStagedFiles + 1);
  ASSERT_TRUE(names.add(written("d", "x"), 1, named));
  EXPECT_EQ(told, kStagedFiles + 1);
  ASSERT_TRUE(names.finish());
  EXPECT_EQ(told, kStagedFiles + 2);
  EXPECT_EQ(count(), kStagedFiles + 2);
}

TEST_F(StagedFilesTest, ANameThatIsTakenConcernsItsOwnFileAlone) {
  StagedFiles names;
  std::vector<Errc> told;
  const auto named = [&](Result<void> outcome) -> Result<void> {
    told.push_back(outcome ? Errc::internal : outcome.code());
    return outcome;
  };
  ASSERT_TRUE(names.add(written("same", "first"), 5, named));
  ASSERT_TRUE(names.add(written("same", "second"), 6, named));
  ASSERT_TRUE(names.add(written("other", "third"), 5, named));
  EXPECT_EQ(names.finish().code(), Errc::conflict);
  EXPECT_EQ(told, (std::vector<Errc>{Errc::internal, Errc::conflict, Errc::internal}));
  EXPECT_EQ(fs::file_size(folder_.path() / "same"), 5U);
  EXPECT_TRUE(fs::exists(folder_.path() / "other"));
}

TEST_F(StagedFilesTest, ALargeFileIsWrittenPastThePageCacheWhateverItsSizeAndHoweverItIsCut) {
  constexpr std::size_t kOdd = 77'777;
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, (1U << 20) - std::size_t{1}}) {
    const std::size_t size = kDirectFile + more;
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * i >> 7U);
    const std::string name = std::to_string(size);
    auto staged = StagedFile::create(folder_.path(), name, size);
    ASSERT_TRUE(staged) << staged.error().message;
    for (std::size_t at = 0; at < size; at += kOdd)
      ASSERT_TRUE(staged->write(vault::as_bytes(std::string_view(text).substr(at, kOdd))));
    ASSERT_TRUE(staged->commit());
    const auto read = vault::read_file_limited(folder_.path() / name, size);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(vault::as_text(*read) == text);
  }
}

TEST_F(StagedFilesTest, WhatIsNotFinishedLeavesNothing) {
  {
    StagedFiles names;
    ASSERT_TRUE(names.add(written("one", "x"), 1, [](Result<void> outcome) { return outcome; }));
  }
  EXPECT_EQ(count(), 0U);
}

TEST_F(StagedFilesTest, AFileThatIsKeptIsResumedByOneProgramOnly) {
  const auto resumed = [&] { return StagedFile::resume(folder_.path(), "a/large"); };
  {
    auto staged = resumed();
    ASSERT_TRUE(staged) << staged.error().message;
    ASSERT_TRUE(staged->write(vault::as_bytes("first ")));
    EXPECT_EQ(resumed().code(), Errc::conflict) << "while it is open";
  }
  EXPECT_TRUE(fs::exists(folder_.path() / "a/.large.part"));
  {
    auto staged = resumed();
    ASSERT_TRUE(staged) << staged.error().message;
    ASSERT_TRUE(staged->write(vault::as_bytes("second")));
    ASSERT_TRUE(staged->commit());
  }
  EXPECT_EQ(vault::read_file_limited(folder_.path() / "a/large", 100).value(), vault::to_bytes("first second"));
  EXPECT_EQ(count(), 1U);
  fs::create_hard_link(folder_.path() / "a/large", folder_.path() / "a/.other.part");
  EXPECT_EQ(StagedFile::resume(folder_.path(), "a/other").code(), Errc::tampered) << "it would be written through";
}

TEST_F(StagedFilesTest, AFileKeepsTheTimeThatItWasGiven) {
  StagedFile staged = written("dated", "x");
  staged.set_modified(vault::Instant{1'234'000});
  ASSERT_TRUE(staged.commit());
  EXPECT_EQ(vault::look_at(folder_.path() / "dated")->modified.seconds, 1234);
}

TEST_F(StagedFilesTest, NothingIsWrittenThroughALink) {
  const vault::test::TemporaryDirectory elsewhere;
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "link");
  EXPECT_EQ(StagedFile::create(folder_.path(), "link/a").code(), Errc::tampered);
  fs::create_symlink(elsewhere.path() / "absent", folder_.path() / "dangling");
  EXPECT_EQ(StagedFile::create(folder_.path(), "dangling").code(), Errc::conflict);
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST_F(StagedFilesTest, AHiddenFileGetsItsNameWithoutReplacingAnother) {
  const Folder folder = Folder::open(folder_.path()).value();
  UnnamedFile file{folder.open_or_make(".hidden", folder_.path() / "name").value(), ".hidden"};
  ASSERT_TRUE(vault::write_new_file(folder_.path() / "taken", vault::as_bytes("stays")));
  EXPECT_EQ(folder.give_name(file, "taken").code(), Errc::conflict);
  ASSERT_TRUE(folder.give_name(file, "name"));
  EXPECT_TRUE(folder.has("name"));
  EXPECT_FALSE(folder.has(".hidden"));
  EXPECT_EQ(fs::file_size(folder_.path() / "taken"), 5U);
  folder.drop("name");
  EXPECT_FALSE(folder.has("name"));
}

TEST_F(StagedFilesTest, AnOriginalIsReachedThroughRealFoldersAndRemovedOnlyAsItWasChecked) {
  const fs::path real = folder_.path() / "real";
  const fs::path file = real / "file";
  fs::create_directory(real);
  fs::create_directory_symlink(real, folder_.path() / "link");
  ASSERT_TRUE(vault::write_new_file(file, vault::as_bytes("content")));
  fs::create_symlink(file, real / "link");
  EXPECT_EQ(Place::of("relative").code(), Errc::invalid_argument);
  EXPECT_EQ(Place::of("/a/../b").code(), Errc::invalid_argument);
  EXPECT_EQ(Place::of(vault::text_of(folder_.path() / "absent/file")).code(), Errc::not_found);
  EXPECT_EQ(Place::of(vault::text_of(folder_.path() / "link/file")).code(), Errc::conflict);
  EXPECT_EQ(Place::of(vault::text_of(file / "below")).code(), Errc::conflict);
  EXPECT_EQ(Place::of(vault::text_of(real / "link"))->open_to_read().code(), Errc::conflict);

  const Place place = Place::of(vault::text_of(file)).value();
  const vault::FileFacts before = place.open_to_read()->facts().value();
  ASSERT_TRUE(vault::write_file_atomically(file, vault::as_bytes("content")));
  EXPECT_EQ(place.remove_checked(before).code(), Errc::conflict) << "another file has the name";
  ASSERT_TRUE(place.remove_checked(place.open_to_read()->facts().value()));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(place.remove_checked(before).code(), Errc::not_found);
}

}  // namespace
}  // namespace cli::client
