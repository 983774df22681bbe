#include "cli/client/session/home.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"

namespace cli::client::testing {
namespace {

namespace fs = std::filesystem;

class HomeTest : public ::testing::Test {
 protected:
  HomeTest() : keys_(Keys::generate()) { EXPECT_TRUE(vault::start_secure_memory()); }
  Home make() {
    auto home = Home::create(path(), keys_, vault::SecretText(kPassphrase), kCheapScrypt);
    EXPECT_TRUE(home) << home.error().message;
    return std::move(*home);
  }
  fs::path path() const { return folder_.path() / "home"; }
  static Pins pins() {
    Pins pins;
    pins.url = "https://vault.example:8443";
    pins.origin = "vault.example/fictional";
    pins.log_key = "key";
    pins.person = access::PersonId::generate(1);
    return pins;
  }
  static PendingCommand pending(std::string nonce, std::int64_t made) {
    PendingCommand command;
    command.nonce = std::move(nonce);
    command.kind = "copy.issue";
    command.body = "{}";
    command.made = {made};
    return command;
  }

  vault::test::TemporaryDirectory folder_;
  Keys keys_;
};

TEST_F(HomeTest, AFolderWithoutAnIdentitySaysToEnrol) {
  const auto home = Home::open(path());
  ASSERT_FALSE(home);
  EXPECT_EQ(home.code(), Errc::not_found);
  EXPECT_NE(home.error().message.find("run strongroom enrol"), std::string::npos);
}

TEST_F(HomeTest, AnIdentityIsUnlockedAsItWasMade) {
  const Home home = make();
  const auto keys = home.unlock(passphrase());
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->signing.verify_key(), keys_.signing.verify_key());
  EXPECT_EQ(keys->identity.recipient(), keys_.identity.recipient());
}

TEST_F(HomeTest, AnIdentityIsNeverMadeOverAnother) {
  make();
  const auto again = Home::create(path(), keys_, vault::SecretText(kPassphrase), kCheapScrypt);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.code(), Errc::conflict);
}

TEST_F(HomeTest, AWrongPassphraseIsSaidToBeOne) {
  const auto keys =
      make().unlock([](std::string_view) -> Result<vault::SecretText> { return vault::SecretText("another"); });
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.code(), Errc::wrong_key);
  EXPECT_EQ(keys.error().message, "wrong passphrase");
}

TEST_F(HomeTest, AnIdentityCutShortAnywhereIsSaidToBeDamaged) {
  const Home home = make();
  const std::string whole = read_text(path() / "identity.age");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(path() / "identity.age", whole.substr(0, size));
    const auto keys = home.unlock(passphrase());
    ASSERT_FALSE(keys) << size;
    EXPECT_EQ(keys.code(), Errc::tampered) << size;
    EXPECT_NE(keys.error().message.find("is damaged"), std::string::npos) << size;
  }
}

TEST_F(HomeTest, AnIdentityOfANewerVersionIsNotGuessedAt) {
  const Home home = make();
  const vault::SecretText identity = keys_.identity.to_text();
  const std::string text = "# strongroom identity v2\n" + std::string(identity.expose()) + "\n";
  const auto file =
      vault::age::encrypt_small_with_passphrase(vault::as_bytes(text), vault::SecretText(kPassphrase), kCheapScrypt);
  write_text(path() / "identity.age", vault::as_text(*file));
  const auto keys = home.unlock(passphrase());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.code(), Errc::unknown_version);
}

TEST_F(HomeTest, StockAgeDecryptsTheIdentityFile) {
  if (!fs::exists("/usr/bin/age")) GTEST_SKIP() << "age is not installed";
  make();
  int terminal = -1;
  const fs::path out = folder_.path() / "out";
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::execl("/usr/bin/age", "age", "-d", "-o", out.c_str(), (path() / "identity.age").c_str(), nullptr);
    ::_exit(127);
  }
  std::string said;
  char buffer[256];
  bool answered = false;
  for (ssize_t got; (got = ::read(terminal, buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<std::size_t>(got));
    if (!answered && said.find("passphrase") != std::string::npos) {
      const std::string line = std::string(kPassphrase) + "\n";
      answered = ::write(terminal, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  ASSERT_EQ(status, 0) << said;
  const std::string text = read_text(out);
  EXPECT_NE(text.find("# strongroom signing key: "), std::string::npos);
  EXPECT_NE(text.find("\nAGE-SECRET-KEY-1"), std::string::npos);
}

TEST_F(HomeTest, NothingOfAHomeIsReadableByOthers) {
  Home home = make();
  ASSERT_DONE(home.write_pins(pins()));
  ASSERT_DONE(home.put_pending(pending("0123456789abcdef", 1)));
  ASSERT_DONE(home.replace_checkpoint(std::nullopt, "note"));
  const wire::EntryView entry{"envelope", "body"};
  ASSERT_DONE(home.append_directory(0, std::span(&entry, 1)));
  std::size_t seen = 0;
  for (const auto& item : fs::recursive_directory_iterator(folder_.path())) {
    struct stat status{};
    ASSERT_EQ(::stat(item.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, item.is_directory() ? 0700U : 0600U) << item.path();
    ++seen;
  }
  EXPECT_GE(seen, 6U);
}

TEST_F(HomeTest, PinsAreReadAsWrittenAndNewerOnesAreRefused) {
  Home home = make();
  EXPECT_EQ(home.pins().code(), Errc::not_found);
  const Pins written = pins();
  ASSERT_DONE(home.write_pins(written));
  EXPECT_EQ(wire::encode(*home.pins()), wire::encode(written));
  Pins newer = written;
  newer.v = 2;
  write_text(path() / "pins.json", wire::encode(newer));
  EXPECT_EQ(home.pins().code(), Errc::unknown_version);
  write_text(path() / "pins.json", wire::encode(written).substr(0, 40));
  EXPECT_EQ(home.pins().code(), Errc::tampered);
}

TEST_F(HomeTest, ACheckpointIsReplacedOnlyFromTheOneThatWasRead) {
  Home home = make();
  EXPECT_EQ(*home.checkpoint_note(), std::nullopt);
  EXPECT_TRUE(*home.replace_checkpoint(std::nullopt, "first"));
  EXPECT_FALSE(*home.replace_checkpoint(std::nullopt, "second"));
  EXPECT_FALSE(*home.replace_checkpoint("another", "second"));
  EXPECT_EQ(*home.checkpoint_note(), "first");
  EXPECT_TRUE(*home.replace_checkpoint("first", "second"));
  EXPECT_EQ(*home.checkpoint_note(), "second");
}

TEST_F(HomeTest, ADirectoryLineCutShortByACrashIsDroppedAndWrittenOver) {
  Home home = make();
  const std::vector<wire::EntryView> entries{{"one", "1"}, {"two", "2"}};
  ASSERT_DONE(home.append_directory(0, entries));
  write_text(path() / "directory.jsonl", read_text(path() / "directory.jsonl") + "{\"envelope\":\"thr");
  EXPECT_EQ(home.directory_entries()->size(), 2U);
  const wire::EntryView third{"three", "3"};
  ASSERT_DONE(home.append_directory(2, std::span(&third, 1)));
  const auto all = home.directory_entries();
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->back().envelope, "three");
}

TEST_F(HomeTest, TwoProgramsThatExtendTheDirectoryDoNotWriteItTwice) {
  Home one = make();
  Home other = *Home::open(path());
  const wire::EntryView entry{"one", "1"};
  ASSERT_DONE(one.append_directory(0, std::span(&entry, 1)));
  EXPECT_EQ(other.append_directory(0, std::span(&entry, 1)).code(), Errc::retry);
  EXPECT_EQ(one.directory_entries()->size(), 1U);
}

TEST_F(HomeTest, PendingCommandsComeBackOldestFirstUntilTheyAreDropped) {
  Home home = make();
  ASSERT_DONE(home.put_pending(pending("bbbbbbbbbbbbbbbb", 2)));
  ASSERT_DONE(home.put_pending(pending("cccccccccccccccc", 1)));
  auto all = home.pending();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().nonce, "cccccccccccccccc");
  ASSERT_DONE(home.drop_pending("cccccccccccccccc"));
  EXPECT_EQ(home.pending()->size(), 1U);
}

TEST_F(HomeTest, FinishingACommandWritesItsJournalLines) {
  Home home = make();
  SecuredFile file;
  file.safe = access::SafeId::generate(1);
  file.path = "/a/b";
  file.size = 7;
  file.record = access::RecordId::generate(1);
  PendingCommand command = pending("bbbbbbbbbbbbbbbb", 2);
  command.journal = journal_line(file);
  ASSERT_DONE(home.put_pending(command));
  EXPECT_TRUE(home.secured_files(file.safe)->empty());
  ASSERT_DONE(home.finish_pending(command));
  const auto files = home.secured_files(file.safe);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().record, file.record);
  EXPECT_TRUE(home.secured_files(access::SafeId::generate(2))->empty());
  EXPECT_TRUE(home.pending()->empty());
}

TEST_F(HomeTest, AnOutboxHoldsAThousandCommandsAndNoMore) {
  Home home = make();
  ASSERT_DONE(home.put_pending(pending("aaaaaaaaaaaaaaaa", 1)));
  const std::string text = read_text(path() / "outbox/aaaaaaaaaaaaaaaa.json");
  for (std::size_t i = 1; i < kMaxPendingCommands - 1; ++i)
    write_text(path() / "outbox" / (std::to_string(i) + ".json"), text);
  EXPECT_TRUE(home.put_pending(pending("bbbbbbbbbbbbbbbb", 1)));
  EXPECT_EQ(home.put_pending(pending("cccccccccccccccc", 1)).code(), Errc::too_large);
}

TEST_F(HomeTest, AppendingFromTwoThreadsLosesNoLine) {
  Home home = make();
  SecuredFile file;
  file.safe = access::SafeId::generate(1);
  const auto work = [&](char letter) {
    Home own = *Home::open(path());
    for (int i = 0; i < 50; ++i) {
      PendingCommand command = pending(std::string(16, letter), i);
      command.journal = journal_line(file);
      EXPECT_TRUE(own.put_pending(command));
      EXPECT_TRUE(own.finish_pending(command));
    }
  };
  std::thread first(work, 'a');
  std::thread second(work, 'b');
  first.join();
  second.join();
  EXPECT_EQ(home.secured_files(file.safe)->size(), 100U);
}

}  // namespace
}  // namespace cli::client::testing
