// Tests that files go both ways between us, Debian's age and npm's age-encryption.
#include <gtest/gtest.h>

#include "tests/conformance/process.h"
#include "tests/conformance/vectors.h"
#include "tests/support/temporary_directory.h"
#include "vault/age/armor.h"
#include "vault/age/file.h"
#include "vault/age/identity_file.h"

namespace vault::age {
namespace {

using test::Finished;
using test::read_file;
using test::write_file;

const std::string kPassphrase = "correct horse battery staple";
constexpr unsigned kQuickLogN = 10;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 99;
  for (auto& b : bytes) {
    state = state * 1664525 + 1013904223;
    b = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}
constexpr std::size_t kSizes[] = {0, 1, kChunkSize, kChunkSize + 1, 2 * kChunksPerUnit* kChunkSize + 3};

class Interop : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (directory.path() / name).string(); }
  Bytes encrypted(ByteView plain, bool armored) const {
    Bytes file;
    EXPECT_TRUE(encrypt(read_from(plain), append_to(file), std::span(&identity.recipient(), 1), {.armor = armored}));
    return file;
  }
  Result<Bytes> decrypted(ByteView file) const {
    Bytes plain;
    TRY_VOID(decrypt(read_from(file), append_to(plain), std::span(&identity, 1)));
    return plain;
  }
  Bytes encrypted_with_passphrase(ByteView plain) const {
    Bytes file;
    EXPECT_TRUE(encrypt_with_passphrase(read_from(plain), append_to(file), SecretText(kPassphrase), kQuickLogN));
    return file;
  }
  Result<Bytes> decrypted_with_passphrase(ByteView file) const {
    Bytes plain;
    TRY_VOID(decrypt_with_passphrase(read_from(file), append_to(plain), SecretText(kPassphrase)));
    return plain;
  }

  test::TemporaryDirectory directory;
  Identity identity = Identity::generate();
  std::string identity_text{identity.to_text().expose()};
};

class DebianAge : public Interop {
 protected:
  void SetUp() override {
    if (!test::is_installed("age") || !test::is_installed("age-keygen")) GTEST_SKIP() << "age is not installed";
    write_file(path("key.txt"), as_bytes(identity_text + "\n"));
  }
};

TEST_F(DebianAge, OpensWhatWeEncrypt) {
  for (const std::size_t size : kSizes) {
    for (const bool armored : {false, true}) {
      write_file(path("in.age"), encrypted(pattern(size), armored));
      // This age writes to its standard output, because with -o it makes no file for an empty plaintext.
      const Finished age = test::run({"age", "-d", "-i", path("key.txt"), path("in.age")});
      ASSERT_EQ(age.exit_code, 0) << age.output;
      EXPECT_TRUE(to_bytes(age.output) == pattern(size)) << size;
    }
  }
}

TEST_F(DebianAge, EncryptsWhatWeOpen) {
  const std::string other = Identity::generate().recipient().to_string();
  for (const std::size_t size : kSizes) {
    for (const bool armored : {false, true}) {
      write_file(path("in"), pattern(size));
      std::vector<std::string> command = {"age", "-r",           other, "-r", identity.recipient().to_string(),
                                          "-o",  path("out.age")};
      if (armored) command.push_back("-a");
      command.push_back(path("in"));
      const Finished age = test::run(command);
      ASSERT_EQ(age.exit_code, 0) << age.output;
      const Bytes file = read_file(path("out.age"));
      EXPECT_EQ(looks_armored(file), armored);
      const auto plain = decrypted(file);
      ASSERT_TRUE(plain) << plain.error().message;
      EXPECT_TRUE(*plain == pattern(size)) << size;
      EXPECT_TRUE(*decrypt_small(file, std::span(&identity, 1)) == pattern(size));
      if (armored) EXPECT_EQ(armor(*unarmor(as_text(file))), as_text(file));
    }
  }
}

TEST_F(DebianAge, OpensTheSameFileForEachOfOurRecipients) {
  const Identity second = Identity::generate();
  const std::vector<Recipient> recipients = {second.recipient(), identity.recipient()};
  write_file(path("in.age"), *encrypt_small(as_bytes("for two"), recipients));
  const Finished age = test::run({"age", "-d", "-i", path("key.txt"), path("in.age")});
  EXPECT_EQ(age.exit_code, 0);
  EXPECT_EQ(age.output, "for two");
}

TEST_F(DebianAge, RefusesWhatWeRefuse) {
  Bytes file = encrypted(pattern(100), false);
  file.back() ^= std::byte{1};
  write_file(path("in.age"), file);
  EXPECT_NE(test::run({"age", "-d", "-i", path("key.txt"), path("in.age")}).exit_code, 0);
  EXPECT_EQ(decrypted(file).code(), Errc::tampered);
}

TEST_F(DebianAge, KeygenAndWeReadEachOthersIdentities) {
  const Finished ours = test::run({"age-keygen", "-y", path("key.txt")});
  ASSERT_EQ(ours.exit_code, 0) << ours.output;
  EXPECT_EQ(ours.output, identity.recipient().to_string() + "\n");

  ASSERT_EQ(test::run({"age-keygen", "-o", path("theirs.txt")}).exit_code, 0);
  const auto theirs = read_identity_file(read_file(path("theirs.txt")),
                                         [] { return Result<SecretText>(Errc::cancelled, "not encrypted"); });
  ASSERT_TRUE(theirs) << theirs.error().message;
  ASSERT_EQ(theirs->identities.size(), 1U);
  EXPECT_EQ(test::run({"age-keygen", "-y", path("theirs.txt")}).output,
            theirs->identities[0].recipient().to_string() + "\n");
}

TEST_F(DebianAge, OpensOurPassphraseFileAndNotWithAnother) {
  write_file(path("in.age"), encrypted_with_passphrase(as_bytes("by passphrase")));
  const Finished age = test::run_on_terminal({"age", "-d", "-o", path("out"), path("in.age")}, {kPassphrase});
  ASSERT_EQ(age.exit_code, 0) << age.output;
  EXPECT_EQ(to_text(read_file(path("out"))), "by passphrase");
  EXPECT_NE(test::run_on_terminal({"age", "-d", "-o", path("out2"), path("in.age")}, {"wrong"}).exit_code, 0);
}

TEST_F(DebianAge, EncryptsWithAPassphraseWhatWeOpen) {
  write_file(path("in"), pattern(1000));
  for (const bool armored : {false, true}) {
    std::vector<std::string> command = {"age", "-p", "-o", path("out.age")};
    if (armored) command.push_back("-a");
    command.push_back(path("in"));
    const Finished age = test::run_on_terminal(command, {kPassphrase, kPassphrase});
    ASSERT_EQ(age.exit_code, 0) << age.output;
    const auto plain = decrypted_with_passphrase(read_file(path("out.age")));
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_TRUE(*plain == pattern(1000));
  }
}

TEST_F(DebianAge, UsesOurPassphraseProtectedIdentityFile) {
  const std::string text = "# signing key: kept in a comment\n" + identity_text + "\n";
  write_file(path("identity.age"), *encrypt_small_with_passphrase(as_bytes(text), SecretText(kPassphrase), kQuickLogN));
  write_file(path("in.age"), encrypted(as_bytes("by identity"), false));
  const Finished age = test::run_on_terminal(
      {"age", "-d", "-i", path("identity.age"), "-o", path("out"), path("in.age")}, {kPassphrase});
  ASSERT_EQ(age.exit_code, 0) << age.output;
  EXPECT_EQ(to_text(read_file(path("out"))), "by identity");
}

TEST_F(DebianAge, ProtectsAnIdentityFileThatWeRead) {
  const Finished age =
      test::run_on_terminal({"age", "-p", "-o", path("identity.age"), path("key.txt")}, {kPassphrase, kPassphrase});
  ASSERT_EQ(age.exit_code, 0) << age.output;
  const auto file =
      read_identity_file(read_file(path("identity.age")), [] { return Result<SecretText>(SecretText(kPassphrase)); });
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->identities[0].recipient(), identity.recipient());
}

class Typage : public Interop {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::npm_directory() / ".installed"))
      GTEST_SKIP() << "npm could not install age-encryption into " << test::npm_directory();
  }
  Finished typage(const std::string& direction, const std::string& key, bool armored) const {
    std::vector<std::string> command = {
        "node", (test::npm_directory() / "typage.mjs").string(), direction, key, path("in"), path("out")};
    if (armored) command.push_back("armor");
    return test::run(command);
  }
};

TEST_F(Typage, OpensWhatWeEncrypt) {
  for (const std::size_t size : {std::size_t{0}, kChunkSize, kChunkSize + 1}) {
    for (const bool armored : {false, true}) {
      write_file(path("in"), encrypted(pattern(size), armored));
      const Finished node = typage("decrypt", identity_text, armored);
      ASSERT_EQ(node.exit_code, 0) << node.output;
      EXPECT_TRUE(read_file(path("out")) == pattern(size)) << size;
    }
  }
}

TEST_F(Typage, EncryptsWhatWeOpen) {
  for (const std::size_t size : {std::size_t{0}, kChunkSize, kChunkSize + 1}) {
    for (const bool armored : {false, true}) {
      write_file(path("in"), pattern(size));
      const Finished node = typage("encrypt", identity.recipient().to_string(), armored);
      ASSERT_EQ(node.exit_code, 0) << node.output;
      const auto plain = decrypted(read_file(path("out")));
      ASSERT_TRUE(plain) << plain.error().message;
      EXPECT_TRUE(*plain == pattern(size)) << size;
    }
  }
}

TEST_F(Typage, AndWeOpenEachOthersPassphraseFiles) {
  write_file(path("in"), encrypted_with_passphrase(pattern(1000)));
  const Finished opened = typage("decrypt", "passphrase:" + kPassphrase, false);
  ASSERT_EQ(opened.exit_code, 0) << opened.output;
  EXPECT_TRUE(read_file(path("out")) == pattern(1000));

  write_file(path("in"), pattern(1000));
  const Finished made = typage("encrypt", "passphrase:" + kPassphrase, true);
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const auto plain = decrypted_with_passphrase(read_file(path("out")));
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(*plain == pattern(1000));
}

TEST_F(Typage, RefusesWhatWeRefuse) {
  Bytes file = encrypted(pattern(100), false);
  file.back() ^= std::byte{1};
  write_file(path("in"), file);
  EXPECT_NE(typage("decrypt", identity_text, false).exit_code, 0);
  EXPECT_EQ(decrypted(file).code(), Errc::tampered);
}

}  // namespace
}  // namespace vault::age
