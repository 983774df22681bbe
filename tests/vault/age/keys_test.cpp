#include "vault/age/keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/age/bech32.h"

namespace vault::age {
namespace {

constexpr std::string_view kIdentity = "AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQGPQYEE";
constexpr std::string_view kRecipient = "age1q73he0q5yzfu3d64msd3p6rvksnrwjk3d2598mgtmlqt9wrdr37q2vrn72";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}
std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

TEST(AgeKeys, AnIdentityGivesItsTextAndItsRecipient) {
  const auto identity = Identity::parse(kIdentity);
  ASSERT_TRUE(identity);
  EXPECT_EQ(hex(identity->secret().expose()), "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  EXPECT_EQ(identity->to_text().expose(), kIdentity);
  EXPECT_EQ(identity->recipient().to_string(), kRecipient);
  EXPECT_EQ(*Recipient::parse(kRecipient), identity->recipient());
  EXPECT_EQ(identity->clone().recipient(), identity->recipient());
}

TEST(AgeKeys, GeneratedIdentitiesDifferAndParseBack) {
  const Identity a = Identity::generate(), b = Identity::generate();
  EXPECT_NE(a.recipient(), b.recipient());
  EXPECT_EQ(Identity::parse(a.to_text().expose())->recipient(), a.recipient());
}

TEST(AgeKeys, OneChangedCharacterIsRefusedWhereverItIs) {
  for (std::size_t i = 0; i < kRecipient.size(); ++i) {
    std::string text(kRecipient);
    text[i] = text[i] == 'q' ? 'p' : 'q';
    EXPECT_FALSE(Recipient::parse(text)) << text;
  }
  for (std::size_t i = 0; i < kIdentity.size(); ++i) {
    std::string text(kIdentity);
    text[i] = text[i] == 'Q' ? 'P' : 'Q';
    EXPECT_FALSE(Identity::parse(text)) << i;
  }
}

TEST(AgeKeys, OnlyTheCaseThatAgeProgramsPrintIsAccepted) {
  EXPECT_EQ(Recipient::parse(upper(kRecipient)).code(), Errc::malformed);
  EXPECT_EQ(Identity::parse(lower(kIdentity)).code(), Errc::malformed);
  std::string mixed(kRecipient);
  mixed[4] = static_cast<char>(std::toupper(mixed[4]));
  EXPECT_EQ(Recipient::parse(mixed).code(), Errc::malformed);
}

TEST(AgeKeys, AnIdentityIsNoRecipientAndTheReverse) {
  EXPECT_EQ(Recipient::parse(kIdentity).code(), Errc::malformed);
  EXPECT_EQ(Identity::parse(kRecipient).code(), Errc::malformed);
}

TEST(AgeKeys, PostQuantumKeysAreUnsupportedWithAMessageThatSaysSo) {
  const Bytes seed(32, std::byte{7}), key(1216, std::byte{9});
  const auto identity = Identity::parse(encode_bech32("AGE-SECRET-KEY-PQ-", seed));
  ASSERT_EQ(identity.code(), Errc::unsupported);
  EXPECT_NE(identity.error().message.find("post-quantum"), std::string::npos);
  const std::string text = encode_bech32("age1pq", key);
  EXPECT_EQ(text.size(), 1959U);
  const auto recipient = Recipient::parse(text);
  ASSERT_EQ(recipient.code(), Errc::unsupported);
  EXPECT_NE(recipient.error().message.find("post-quantum"), std::string::npos);
}

TEST(AgeKeys, PluginKeysAreUnsupported) {
  const Bytes key(33, std::byte{2});
  EXPECT_EQ(Recipient::parse(encode_bech32("age1tag", key)).code(), Errc::unsupported);
  EXPECT_EQ(Identity::parse(encode_bech32("AGE-PLUGIN-YUBIKEY-", key)).code(), Errc::unsupported);
}

TEST(AgeKeys, KeysOfAnotherLengthAreRefused) {
  for (const std::size_t size : {0U, 31U, 33U}) {
    EXPECT_EQ(Recipient::parse(encode_bech32("age", Bytes(size))).code(), Errc::malformed) << size;
    EXPECT_EQ(Identity::parse(encode_bech32("AGE-SECRET-KEY-", Bytes(size))).code(), Errc::malformed) << size;
  }
}

TEST(Bech32, ValidStringsOfBip173AreRead) {
  EXPECT_EQ(decode_bech32("A12UEL5L")->prefix, "A");
  EXPECT_EQ(decode_bech32("?1ezyfcl")->prefix, "?");
}

TEST(Bech32, InvalidStringsOfBip173AreRefused) {
  for (const std::string_view text :
       {"pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee", "", "1", "a1"})
    EXPECT_EQ(decode_bech32(text).code(), Errc::malformed) << text;
}

TEST(Bech32, EveryLengthOfDataSurvives) {
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes data(size);
    fill_random(data);
    const auto back = decode_bech32(encode_bech32("age", data));
    ASSERT_TRUE(back) << size;
    EXPECT_TRUE(std::ranges::equal(back->data.view(), data)) << size;
  }
}

TEST(Bech32, TextOverTheLimitIsRefusedBeforeItIsRead) {
  const Bytes data((kMaxBech32Length - 11) * 5 / 8);
  const std::string longest = encode_bech32("aged", data);
  ASSERT_LE(longest.size(), kMaxBech32Length);
  EXPECT_TRUE(decode_bech32(longest));
  EXPECT_EQ(decode_bech32(std::string(kMaxBech32Length + 1, 'q')).code(), Errc::too_large);
  EXPECT_EQ(decode_bech32(std::string(kMaxBech32Length, 'q')).code(), Errc::malformed);
}

}  // namespace
}  // namespace vault::age
