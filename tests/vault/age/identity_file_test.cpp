#include "vault/age/identity_file.h"

#include <gtest/gtest.h>

#include "vault/age/armor.h"
#include "vault/age/bech32.h"
#include "vault/age/file.h"

namespace vault::age {
namespace {

std::string text_of(const Identity& identity) {
  return std::string(identity.to_text().expose());
}
Result<SecretText> passphrase() {
  return SecretText("correct horse");
}
Result<SecretText> never_asked() {
  ADD_FAILURE() << "no passphrase is needed";
  return Error{Errc::cancelled, ""};
}

TEST(IdentityFile, KeysCommentsAndBlankLinesAreRead) {
  const Identity a = Identity::generate(), b = Identity::generate();
  const std::string text = "# created: 2026-11-22\r\n#public\n\n" + text_of(a) + "\r\n#\n" + text_of(b);
  const auto file = read_identity_file(as_bytes(text), never_asked);
  ASSERT_TRUE(file);
  ASSERT_EQ(file->identities.size(), 2U);
  EXPECT_EQ(file->identities[0].recipient(), a.recipient());
  EXPECT_EQ(file->identities[1].recipient(), b.recipient());
  ASSERT_EQ(file->comments.size(), 3U);
  EXPECT_EQ(file->comments[0].expose(), "created: 2026-11-22");
  EXPECT_EQ(file->comments[1].expose(), "public");
  EXPECT_EQ(file->comments[2].expose(), "");
}

TEST(IdentityFile, AnyOtherLineIsRefusedByNumberAndWithoutItsContent) {
  const std::string key = text_of(Identity::generate());
  for (const std::string& line :
       {std::string("hunter2"), " " + key, key + " ", Identity::generate().recipient().to_string(),
        std::string(" # comment"), std::string("\t")}) {
    const auto file = parse_identity_file("# first\n" + line + "\n" + key + "\n");
    ASSERT_EQ(file.code(), Errc::malformed) << line;
    EXPECT_NE(file.error().message.find("line 2"), std::string::npos) << file.error().message;
    EXPECT_EQ(file.error().message.find(line), std::string::npos);
  }
}

TEST(IdentityFile, PostQuantumIdentitiesAreUnsupported) {
  const std::string key = encode_bech32("AGE-SECRET-KEY-PQ-", Bytes(32));
  EXPECT_EQ(parse_identity_file(key + "\n").code(), Errc::unsupported);
}

TEST(IdentityFile, OneWithoutAnIdentityIsRefused) {
  EXPECT_EQ(parse_identity_file("").code(), Errc::malformed);
  EXPECT_EQ(parse_identity_file("# nothing\n\n").code(), Errc::malformed);
}

TEST(IdentityFile, LimitsHoldOnBothSides) {
  const std::string key = text_of(Identity::generate()) + "\n";
  std::string most, comments = key;
  for (std::size_t i = 0; i < kMaxIdentities; ++i) most += key;
  for (std::size_t i = 0; i < kMaxIdentityComments; ++i) comments += "#c\n";
  EXPECT_EQ(parse_identity_file(most)->identities.size(), kMaxIdentities);
  EXPECT_EQ(parse_identity_file(most + key).code(), Errc::too_large);
  EXPECT_TRUE(parse_identity_file(comments));
  EXPECT_EQ(parse_identity_file(comments + "#\n").code(), Errc::too_large);
  EXPECT_TRUE(parse_identity_file(key + std::string(kMaxIdentityFileSize - key.size(), '\n')));
  EXPECT_EQ(parse_identity_file(key + std::string(kMaxIdentityFileSize - key.size() + 1, '\n')).code(),
            Errc::too_large);
}

TEST(IdentityFile, OneUnderAPassphraseOpensBinaryAndArmored) {
  const Identity identity = Identity::generate();
  const std::string text = "# key\n" + text_of(identity) + "\n";
  const Bytes binary = *encrypt_small_with_passphrase(as_bytes(text), *passphrase(), 4);
  const std::string armored = armor(binary);
  for (const ByteView file : {ByteView(binary), as_bytes(armored)}) {
    EXPECT_TRUE(is_encrypted(file));
    const auto read = read_identity_file(file, passphrase);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->identities[0].recipient(), identity.recipient());
    EXPECT_EQ(read_identity_file(file, [] { return Result<SecretText>(SecretText("wrong")); }).code(), Errc::wrong_key);
    EXPECT_EQ(read_identity_file(file, [] { return Result<SecretText>(Errc::cancelled, "no"); }).code(),
              Errc::cancelled);
  }
}

TEST(IdentityFile, OneEncryptedToAnIdentityIsTheWrongKey) {
  const Identity identity = Identity::generate();
  const Bytes file = *encrypt_small(as_bytes(text_of(identity)), std::span(&identity.recipient(), 1));
  EXPECT_EQ(read_identity_file(file, passphrase).code(), Errc::wrong_key);
}

}  // namespace
}  // namespace vault::age
