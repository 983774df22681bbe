#include "vault/keyring/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "tests/support/temporary_directory.h"
#include "vault/base/file.h"

namespace vault::keyring {
namespace {

namespace fs = std::filesystem;

constexpr crypto::Argon2Cost kQuick{.passes = 1, .memory_bytes = 64U << 10};

Opener passphrase(std::string_view text = "correct horse battery staple") {
  return SecretText(text);
}

bool same(const VaultKey& a, const VaultKey& b) {
  return constant_time_equal(a.expose(), b.expose());
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class Keyrings : public ::testing::Test {
 protected:
  Keyrings() { fs::create_directory(vault_); }
  Keyring create(const Opener& opener = passphrase()) {
    auto made = Keyring::create(vault_, opener, kQuick);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  Keyring load() const { return Keyring::load(vault_).value(); }
  Opener key_file(std::string_view name = "vault.key") const { return KeyFile{home_.path() / name}; }

  test::TemporaryDirectory home_;
  fs::path vault_ = home_.path() / "vault";
};

TEST_F(Keyrings, ThePassphraseThatSealedTheVaultKeyOpensItAgain) {
  const VaultKey made = create().unlock(passphrase()).value();
  EXPECT_TRUE(same(made, load().unlock(passphrase()).value()));
}

TEST_F(Keyrings, AnotherPassphraseDoesNot) {
  create();
  const auto opened = load().unlock(passphrase("correct horse battery stable"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.code(), Errc::wrong_key);
  EXPECT_EQ(opened.error().message, "the passphrase does not open the vault key");
}

TEST_F(Keyrings, AKeyFileIsMadeWhenItIsAbsentAndOpens) {
  const VaultKey made = create(key_file()).unlock(key_file()).value();
  struct stat status;
  ASSERT_EQ(::stat((home_.path() / "vault.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(status.st_size, static_cast<off_t>(kMinKeyFileBytes));
  EXPECT_TRUE(same(made, load().unlock(key_file()).value()));
}

TEST_F(Keyrings, AKeyFileThatIsThereIsUsedAndLeftAlone) {
  const fs::path path = home_.path() / "vault.key";
  const std::string content(40, 'k');
  ASSERT_TRUE(write_new_file(path, as_bytes(content)));
  const VaultKey made = create(key_file()).unlock(key_file()).value();
  EXPECT_EQ(read_file_limited(path, 100).value(), to_bytes(content));
}

TEST_F(Keyrings, AnotherKeyFileDoesNotOpen) {
  create(key_file());
  ASSERT_TRUE(make_key_file(home_.path() / "other.key"));
  EXPECT_EQ(load().unlock(key_file("other.key")).code(), Errc::wrong_key);
}

TEST_F(Keyrings, AMissingKeyFileIsNotMadeWhenItShouldOpen) {
  create(key_file());
  EXPECT_EQ(load().unlock(key_file("absent.key")).code(), Errc::not_found);
  EXPECT_FALSE(fs::exists(home_.path() / "absent.key"));
}

TEST_F(Keyrings, AKeyFileInsideTheVaultIsRefused) {
  EXPECT_EQ(Keyring::create(vault_, KeyFile{vault_ / "vault.key"}).code(), Errc::invalid_argument);
  EXPECT_EQ(Keyring::create(vault_, KeyFile{home_.path() / "x" / ".." / "vault" / "vault.key"}).code(),
            Errc::invalid_argument);
  fs::create_directory_symlink(vault_, home_.path() / "alias");
  EXPECT_EQ(Keyring::create(vault_, KeyFile{home_.path() / "alias" / "vault.key"}).code(), Errc::invalid_argument);
  EXPECT_TRUE(fs::is_empty(vault_));
}

TEST_F(Keyrings, AKeyFileThatOthersMayReadIsRefused) {
  const fs::path path = home_.path() / "vault.key";
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    ASSERT_TRUE(make_key_file(path));
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(Keyring::create(vault_, key_file()).code(), Errc::invalid_argument) << std::oct << mode;
    fs::remove(path);
  }
}

TEST_F(Keyrings, KeyFilesAreFrom32To4096Bytes) {
  const fs::path path = home_.path() / "vault.key";
  const auto create_with = [&](std::size_t size) {
    fs::remove(path);
    fs::remove(vault_ / kKeyringFileName);
    EXPECT_TRUE(write_new_file(path, Bytes(size, std::byte{1})));
    return Keyring::create(vault_, key_file());
  };
  EXPECT_TRUE(create_with(kMinKeyFileBytes));
  EXPECT_TRUE(create_with(kMaxKeyFileBytes));
  EXPECT_EQ(create_with(kMinKeyFileBytes - 1).code(), Errc::invalid_argument);
  EXPECT_EQ(create_with(kMaxKeyFileBytes + 1).code(), Errc::too_large);
}

TEST_F(Keyrings, PassphrasesAreFrom8To1024Bytes) {
  const auto create_with = [&](std::size_t size) {
    fs::remove(vault_ / kKeyringFileName);
    return Keyring::create(vault_, passphrase(std::string(size, 'p')), kQuick);
  };
  EXPECT_TRUE(create_with(kMinPassphraseBytes));
  EXPECT_TRUE(create_with(kMaxPassphraseBytes));
  EXPECT_EQ(create_with(kMinPassphraseBytes - 1).code(), Errc::invalid_argument);
  EXPECT_EQ(create_with(kMaxPassphraseBytes + 1).code(), Errc::invalid_argument);
}

TEST_F(Keyrings, AKeyringThatIsThereIsNeverReplaced) {
  const VaultKey first = create().unlock(passphrase()).value();
  EXPECT_EQ(Keyring::create(vault_, passphrase(), kQuick).code(), Errc::conflict);
  EXPECT_EQ(Keyring::create(vault_, key_file()).code(), Errc::conflict);
  EXPECT_FALSE(fs::exists(home_.path() / "vault.key"));
  EXPECT_TRUE(same(first, load().unlock(passphrase()).value()));
}

TEST_F(Keyrings, SeveralSealsCoexistAndAnyOneOpens) {
  Keyring keyring = create();
  const VaultKey key = keyring.unlock(passphrase()).value();
  ASSERT_TRUE(keyring.add_seal(key, key_file()));
  ASSERT_TRUE(keyring.add_seal(key, passphrase("another passphrase"), kQuick));
  const Keyring loaded = load();
  EXPECT_EQ(loaded.seals().size(), 3U);
  EXPECT_TRUE(same(key, loaded.unlock(passphrase()).value()));
  EXPECT_TRUE(same(key, loaded.unlock(passphrase("another passphrase")).value()));
  EXPECT_TRUE(same(key, loaded.unlock(key_file()).value()));
}

TEST_F(Keyrings, EachOpenerIsToldTheSealThatItOpens) {
  Keyring keyring = create();
  const VaultKey key = keyring.unlock(passphrase()).value();
  const std::string added = keyring.add_seal(key, key_file()).value();
  EXPECT_EQ(keyring.seal_opened_by(key_file()).value(), added);
  EXPECT_EQ(keyring.seal_opened_by(passphrase()).value(), keyring.seals()[0].id);
  EXPECT_EQ(keyring.seal_opened_by(passphrase("another passphrase")).code(), Errc::wrong_key);
}

TEST_F(Keyrings, ACredentialOfSystemdsMayShowItsAccessListAsTheGroupsBit) {
  ASSERT_TRUE(make_key_file(home_.path() / "vault.key"));
  fs::permissions(home_.path() / "vault.key", fs::perms::owner_read | fs::perms::group_read);
  EXPECT_EQ(Keyring::create(vault_, key_file(), kQuick).code(), Errc::invalid_argument);
  ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", home_.path().c_str(), 1), 0);
  create(key_file());
  EXPECT_TRUE(load().unlock(key_file()));
  for (const fs::perms wrong : {fs::perms::others_read, fs::perms::group_write}) {
    fs::permissions(home_.path() / "vault.key", wrong, fs::perm_options::add);
    EXPECT_EQ(load().unlock(key_file()).code(), Errc::invalid_argument);
    fs::permissions(home_.path() / "vault.key", wrong, fs::perm_options::remove);
  }
  ::setenv("CREDENTIALS_DIRECTORY", (home_.path() / "elsewhere").c_str(), 1);
  EXPECT_EQ(load().unlock(key_file()).code(), Errc::invalid_argument);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(Keyrings, ARemovedSealOpensNoMore) {
  Keyring keyring = create();
  const VaultKey key = keyring.unlock(passphrase()).value();
  const std::string first = keyring.seals().front().id;
  const std::string second = keyring.add_seal(key, key_file()).value();
  EXPECT_NE(first, second);
  ASSERT_TRUE(keyring.remove_seal(first));
  EXPECT_EQ(keyring.remove_seal(first).code(), Errc::not_found);
  const Keyring loaded = load();
  const auto opened = loaded.unlock(passphrase());
  EXPECT_EQ(opened.code(), Errc::wrong_key);
  EXPECT_NE(opened.error().message.find("not sealed with a passphrase"), std::string::npos);
  EXPECT_TRUE(same(key, loaded.unlock(key_file()).value()));
}

TEST_F(Keyrings, TheLastSealCannotBeRemoved) {
  Keyring keyring = create();
  EXPECT_EQ(keyring.remove_seal(keyring.seals().front().id).code(), Errc::refused);
  EXPECT_TRUE(load().unlock(passphrase()));
}

TEST_F(Keyrings, SixteenSealsAreTakenAndNoMore) {
  Keyring keyring = create(key_file());
  const VaultKey key = keyring.unlock(key_file()).value();
  while (keyring.seals().size() < kMaxSeals) ASSERT_TRUE(keyring.add_seal(key, key_file()));
  EXPECT_EQ(keyring.add_seal(key, key_file()).code(), Errc::too_large);
  EXPECT_EQ(load().seals().size(), kMaxSeals);
}

TEST_F(Keyrings, ASealForAnotherVaultKeyIsRefused) {
  Keyring keyring = create();
  EXPECT_EQ(keyring.add_seal(VaultKey::generate(), key_file()).code(), Errc::wrong_key);
  EXPECT_EQ(load().seals().size(), 1U);
}

TEST_F(Keyrings, AnAbsentKeyringIsNotFound) {
  EXPECT_EQ(Keyring::load(vault_).code(), Errc::not_found);
}

TEST_F(Keyrings, TheFileSaysNothingOfTheKeyAndOnlyItsOwnerReadsIt) {
  const VaultKey key = create().unlock(passphrase()).value();
  const Bytes content = read_file_limited(vault_ / kKeyringFileName, kMaxKeyringFileBytes).value();
  EXPECT_EQ(as_text(content).find(hex(key.expose())), std::string_view::npos);
  EXPECT_EQ(as_text(content).find(base64(key.expose(), Base64::url_unpadded)), std::string_view::npos);
  struct stat status;
  ASSERT_EQ(::stat((vault_ / kKeyringFileName).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(vault_), {}), 1);  // no temporary file remains
}

TEST_F(Keyrings, WhatIsReadIsWrittenTheSame) {
  Keyring keyring = create();
  const VaultKey key = keyring.unlock(passphrase()).value();
  ASSERT_TRUE(keyring.add_seal(key, key_file()));
  EXPECT_EQ(Keyring::parse(keyring.encode()).value().encode(), keyring.encode());
}

TEST_F(Keyrings, ANewerVersionIsNamedAsSuch) {
  const std::string text = create().encode();
  EXPECT_EQ(Keyring::parse(replaced(text, "\"v\":1", "\"v\":2")).code(), Errc::unknown_version);
  EXPECT_EQ(Keyring::parse(R"({"v":2,"anything":[]})").code(), Errc::unknown_version);
  EXPECT_EQ(Keyring::parse(replaced(text, "\"v\":1", "\"v\":0")).code(), Errc::malformed);
}

TEST_F(Keyrings, WhatThisProgramWouldNotWriteIsRefused) {
  const std::string text = create().encode();
  ASSERT_TRUE(Keyring::parse(text));
  for (const std::string& wrong : {
           std::string(),
           std::string("{}"),
           std::string("[]"),
           text + "{}",
           text.substr(0, text.size() / 2),
           " " + text,
           replaced(text, "\"v\":1", "\"v\":1,\"v\":1"),
           replaced(text, "\"v\":1", "\"v\":1,\"more\":1"),
           replaced(text, "\"v\":1", "\"v\":\"1\""),
           replaced(text, "\"id\"", "\"name\""),
           replaced(text, "\"passphrase\"", "\"retina\""),
           replaced(text, "\"passphrase\"", "\"key-file\""),
           replaced(text, "\"passes\":1", "\"passes\":0"),
           replaced(text, "\"passes\":1", "\"passes\":17"),
           replaced(text, "\"passes\":1", "\"passes\":1.0"),
           replaced(text, "\"memory_kib\":64", "\"memory_kib\":7"),
           replaced(text, "\"memory_kib\":64", "\"memory_kib\":1048577"),
           replaced(text, "\"sealed\":\"", "\"sealed\":\"AAAA"),
           replaced(text, "\"salt\":\"", "\"salt\":\"AAAA"),
           replaced(text, "\"seals\":[", "\"seals\":[3,"),
           replaced(text, "\"seals\"", "\"previous\":\"AAAA\",\"seals\""),
       })
    EXPECT_EQ(Keyring::parse(wrong).code(), Errc::malformed) << wrong;
  EXPECT_EQ(Keyring::parse(std::string(kMaxKeyringFileBytes + 1, ' ')).code(), Errc::too_large);
}

TEST_F(Keyrings, WorkUpToTheLimitsIsRead) {
  const std::string text = create().encode();
  EXPECT_TRUE(Keyring::parse(replaced(text, "\"passes\":1,", "\"passes\":16,")));
  EXPECT_TRUE(Keyring::parse(replaced(text, "\"memory_kib\":64", "\"memory_kib\":1048576")));
  EXPECT_TRUE(Keyring::parse(replaced(text, "\"memory_kib\":64", "\"memory_kib\":8")));
}

TEST_F(Keyrings, SealsAreFromOneToSixteenWithIdsOfTheirOwn) {
  const std::string text = create(key_file()).encode();
  const auto from = text.find("[{") + 1;
  const std::string seal = text.substr(from, text.rfind(']') - from);
  const auto with = [&](std::size_t count, bool distinct) {
    std::string seals;
    for (std::size_t i = 0; i < count; ++i) {
      std::string next = seal;
      if (distinct) next.replace(next.find("\"id\":\"") + 6, 2, hex(std::array{static_cast<std::byte>(i)}));
      seals += (i == 0 ? "" : ",") + next;
    }
    return Keyring::parse(std::string(text).replace(from, seal.size(), seals));
  };
  EXPECT_FALSE(with(0, true));
  EXPECT_TRUE(with(1, true));
  EXPECT_TRUE(with(kMaxSeals, true));
  EXPECT_EQ(with(kMaxSeals + 1, true).code(), Errc::malformed);
  EXPECT_EQ(with(2, false).code(), Errc::malformed);
}

TEST_F(Keyrings, EveryAlteredParameterOfASealKeepsItShut) {
  const std::string text = create().encode();
  EXPECT_EQ(Keyring::parse(replaced(text, "\"passes\":1", "\"passes\":2")).value().unlock(passphrase()).code(),
            Errc::wrong_key);
  for (const std::string_view field : {"\"id\":\"", "\"salt\":\"", "\"sealed\":\""}) {
    std::string altered = text;
    char& c = altered[altered.find(field) + field.size()];
    c = c == '0' ? '1' : '0';
    EXPECT_EQ(Keyring::parse(altered).value().unlock(passphrase()).code(), Errc::wrong_key) << field;
  }
}

TEST_F(Keyrings, AKeyringOfAnotherVaultKeyIsTampered) {
  const std::string text = create().encode();
  std::string altered = text;
  char& c = altered[altered.find("\"key_id\":\"") + 10];
  c = c == '0' ? '1' : '0';
  EXPECT_EQ(Keyring::parse(altered).value().unlock(passphrase()).code(), Errc::tampered);
}

TEST_F(Keyrings, ARotationKeepsThePreviousKeyUntilItIsForgotten) {
  Keyring keyring = create();
  const VaultKey old_key = keyring.unlock(passphrase()).value();
  const Bytes stored = make_sealer(old_key).seal("t", as_bytes("k"), as_bytes("v"));

  const VaultKey fresh = keyring.rotate(old_key, key_file()).value();
  EXPECT_FALSE(same(old_key, fresh));
  Keyring loaded = load();
  EXPECT_TRUE(loaded.is_rotating());
  EXPECT_EQ(loaded.unlock(passphrase()).code(), Errc::wrong_key);  // the old key's seals were removed with it
  const VaultKey opened = loaded.unlock(key_file()).value();
  EXPECT_TRUE(same(opened, fresh));
  const auto previous = loaded.previous(opened).value();
  ASSERT_TRUE(previous);
  EXPECT_TRUE(same(*previous, old_key));
  EXPECT_EQ(make_sealer(opened, &*previous).open("t", as_bytes("k"), stored).value(), to_bytes("v"));
  EXPECT_EQ(loaded.rotate(opened, key_file()).code(), Errc::conflict);

  ASSERT_TRUE(loaded.forget_previous());
  EXPECT_FALSE(load().is_rotating());
  EXPECT_FALSE(load().previous(opened).value());
  EXPECT_TRUE(same(load().unlock(key_file()).value(), fresh));
  EXPECT_EQ(make_sealer(opened).open("t", as_bytes("k"), stored).code(), Errc::wrong_key);
}

TEST_F(Keyrings, OnlyTheVaultKeyCanBeRotatedFrom) {
  Keyring keyring = create();
  EXPECT_EQ(keyring.rotate(VaultKey::generate(), passphrase(), kQuick).code(), Errc::wrong_key);
}

TEST(DerivedKeys, DifferFromLabelToLabelAndFromKeyToKey) {
  const VaultKey key = VaultKey::generate();
  const auto differ = [](const DerivedKey& a, const DerivedKey& b) {
    return !constant_time_equal(a.expose(), b.expose());
  };
  EXPECT_TRUE(differ(derive(key, "one"), derive(key, "two")));
  EXPECT_TRUE(differ(derive(key, "one"), derive(VaultKey::generate(), "one")));
  EXPECT_FALSE(differ(derive(key, "one"), derive(key, "one")));
}

}  // namespace
}  // namespace vault::keyring
