#include "vault/age/armor.h"

#include <gtest/gtest.h>

namespace vault::age {
namespace {

constexpr std::string_view kBegin = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view kEnd = "-----END AGE ENCRYPTED FILE-----";

Bytes numbers(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}
std::string block(std::string_view body) {
  return std::string(kBegin).append("\n").append(body).append(kEnd).append("\n");
}
std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}
const std::string kFullLine(64, 'A');

TEST(AgeArmor, EverySizeAroundALineBorderSurvives) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text = armor(numbers(size));
    ASSERT_TRUE(unarmor(text)) << size;
    EXPECT_EQ(*unarmor(text), numbers(size)) << size;
  }
  EXPECT_EQ(armor(numbers(3)), block("AAEC\n"));
  EXPECT_EQ(armor(Bytes(48)), block(kFullLine + "\n"));
  EXPECT_EQ(armor({}), block(""));
}

TEST(AgeArmor, PiecesOfAnySizeGiveTheSame) {
  const Bytes file = numbers(500);
  const std::string whole = armor(file);
  for (const std::size_t piece : {1U, 7U, 48U, 65U}) {
    std::string text;
    Armorer armorer;
    for (std::size_t at = 0; at < file.size(); at += piece)
      armorer.push(ByteView(file).subspan(at, std::min<std::size_t>(piece, file.size() - at)), text);
    armorer.finish(text);
    EXPECT_EQ(text, whole);
    Bytes back;
    Unarmorer unarmorer;
    for (std::size_t at = 0; at < whole.size(); at += piece)
      ASSERT_TRUE(unarmorer.push(as_bytes(std::string_view(whole).substr(at, piece)), back));
    ASSERT_TRUE(unarmorer.finish(back));
    EXPECT_EQ(back, file);
  }
}

TEST(AgeArmor, CrLfAMissingLastLineEndAndWhitespaceAroundAreAccepted) {
  const std::string text = armor(numbers(100));
  for (const std::string& variant :
       {replaced(text, "\n", "\r\n"), text.substr(0, text.size() - 1), "\n \t\r\n" + text + "\n  \n\t",
        std::string(kMaxArmorWhitespace - 1, ' ') + "\n" + text + std::string(kMaxArmorWhitespace - 1, '\n')})
    EXPECT_TRUE(unarmor(variant)) << variant;
}

TEST(AgeArmor, WhitespaceAroundIsLimited) {
  const std::string text = armor(numbers(100));
  EXPECT_FALSE(unarmor(std::string(kMaxArmorWhitespace + 1, '\n') + text));
  EXPECT_FALSE(unarmor(text + std::string(kMaxArmorWhitespace + 1, '\n')));
  EXPECT_FALSE(unarmor(std::string(1 << 20, ' ')));
}

TEST(AgeArmor, AnythingElseIsRefused) {
  const std::string text = armor(numbers(100));
  const std::string two_lines = kFullLine + "\n" + kFullLine + "\n";
  ASSERT_TRUE(unarmor(block(two_lines)));
  for (const std::string& variant : {
           std::string(),
           std::string(kBegin),
           std::string(kEnd) + "\n",
           "x\n" + text,
           text + "x",
           text + text,
           " " + text,                             // on the BEGIN line itself
           replaced(text, "-----\n", "----- \n"),  // after a marker
           replaced(text, "BEGIN", "begin"),
           replaced(text, "AGE", "PGP"),
           replaced(text, std::string(kEnd) + "\n", ""),
           replaced(text, "\n", "\r\r\n"),
           block("\n" + two_lines),  // empty lines
           block(two_lines + "\n"),
           block(kFullLine + "\n\n" + kFullLine + "\n"),
           block("Header: x\n\n" + two_lines),
           block(kFullLine + "AAAA\n"),  // long and short lines
           block("AAAA\n" + two_lines),
           block(std::string(62, 'A') + "==\n" + kFullLine + "\n"),
           block(two_lines + "AA\n"),    // no padding
           block(two_lines + "AB==\n"),  // not canonical
           block(two_lines + "AA=\n=\n"),
           block(two_lines + "=AAA\n"),  // a checksum as in OpenPGP
           block(two_lines + "AA*A\n"),
           block(" " + two_lines),
           block(kFullLine + " \n"),
       })
    EXPECT_EQ(unarmor(variant).code(), Errc::malformed) << variant;
}

TEST(AgeArmor, IsRecognisedByItsFirstLine) {
  EXPECT_TRUE(looks_armored(as_bytes(" \r\n\n-----BEGIN")));
  EXPECT_FALSE(looks_armored(as_bytes("age-encryption.org/v1\n-----BEGIN")));
  EXPECT_FALSE(looks_armored({}));
}

}  // namespace
}  // namespace vault::age
