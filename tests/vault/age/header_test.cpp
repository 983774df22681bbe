#include "vault/age/header.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vault/crypto/hash.h"

namespace vault::age {
namespace {

constexpr std::string_view kIntro = "age-encryption.org/v1\n";
const std::string kMacLine = "--- " + std::string(43, 'A') + "\n";

std::string with_stanzas(std::string_view stanzas) {
  return std::string(kIntro).append(stanzas).append(kMacLine);
}
Errc code_of(std::string_view text) {
  const auto header = parse_header(as_bytes(text));
  return header ? Errc::internal : header.code();
}
// Makes a header of any stanzas with the right MAC under `key`, computed as the format says.
Header authentic(const FileKey& key, std::vector<Stanza> stanzas) {
  const Bytes zero_mac = encode_header(stanzas, Digest{});
  Digest mac_key;
  crypto::hkdf_sha256(key.expose(), {}, as_bytes("header"), mac_key);
  const Digest mac = crypto::hmac_sha256(mac_key, ByteView(zero_mac).first(zero_mac.size() - 45));
  return *parse_header(encode_header(stanzas, mac));
}
Header made_for(const FileKey& key, std::span<const Recipient> recipients) {
  return *parse_header(*make_header(key, recipients));
}
bool same(const FileKey& a, const FileKey& b) {
  return constant_time_equal(a.expose(), b.expose());
}

struct Keys {
  FileKey file_key = FileKey::generate();
  std::vector<Identity> identities;
  std::vector<Recipient> recipients;
  explicit Keys(int count) {
    for (int i = 0; i < count; ++i) recipients.push_back(identities.emplace_back(Identity::generate()).recipient());
  }
  std::span<const Identity> only(std::size_t i) const { return std::span(identities).subspan(i, 1); }
};

TEST(AgeHeader, EachRecipientOpensWhatWasMadeForAll) {
  const Keys keys(3);
  const Header header = made_for(keys.file_key, keys.recipients);
  ASSERT_EQ(header.stanzas.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(same(*open_header(header, keys.only(i)), keys.file_key));
}

TEST(AgeHeader, AnotherIdentityOrNoneIsTheWrongKey) {
  const Keys keys(1), others(2);
  const Header header = made_for(keys.file_key, keys.recipients);
  EXPECT_EQ(open_header(header, others.identities).code(), Errc::wrong_key);
  EXPECT_EQ(open_header(header, {}).code(), Errc::wrong_key);
  EXPECT_EQ(open_scrypt_header(header, SecretText("password")).code(), Errc::wrong_key);
}

TEST(AgeHeader, DecodingThenEncodingGivesTheSameBytes) {
  const Keys keys(2);
  const Bytes bytes = *make_header(keys.file_key, keys.recipients);
  const Header header = *parse_header(bytes);
  EXPECT_EQ(header.bytes, bytes);
  EXPECT_EQ(encode_header(header.stanzas, header.mac), bytes);
  for (const std::size_t size : {0U, 1U, 47U, 48U, 49U, 96U, 200U}) {
    const Stanza stanza{"a", {"b", "c"}, Bytes(size, std::byte{5})};
    const Bytes encoded = encode_header(std::span(&stanza, 1), Digest{});
    const auto parsed = parse_header(encoded);
    ASSERT_TRUE(parsed) << size;
    EXPECT_EQ(parsed->stanzas, std::vector{stanza}) << size;
  }
}

TEST(AgeHeader, WhatFollowsIsPayloadAndNotPartOfIt) {
  const Keys keys(1);
  Bytes bytes = *make_header(keys.file_key, keys.recipients);
  const std::size_t size = bytes.size();
  append(bytes, as_bytes("-> payload\n\0\xff"));
  EXPECT_EQ(parse_header(bytes)->bytes.size(), size);
}

TEST(AgeHeader, EveryBeginningAsksForMoreAndIsMalformedAtTheEnd) {
  const Keys keys(2);
  const Bytes bytes = *make_header(keys.file_key, keys.recipients);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto so_far = parse_header_so_far(ByteView(bytes).first(size));
    ASSERT_TRUE(so_far) << size;
    EXPECT_FALSE(*so_far) << size;
    EXPECT_EQ(parse_header(ByteView(bytes).first(size)).code(), Errc::malformed) << size;
  }
  EXPECT_TRUE(*parse_header_so_far(bytes));
}

TEST(AgeHeader, EveryFlippedBitIsRefused) {
  const Keys keys(1);
  const Bytes bytes = *make_header(keys.file_key, keys.recipients);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[i] ^= static_cast<std::byte>(1U << bit);
      const auto header = parse_header(changed);
      EXPECT_FALSE(header && open_header(*header, keys.identities)) << i << ' ' << bit;
    }
  }
}

TEST(AgeHeader, RulesOfTheGrammarAreKept) {
  EXPECT_TRUE(parse_header(as_bytes(with_stanzas("-> a\n\n"))));
  EXPECT_EQ(code_of(""), Errc::malformed);
  EXPECT_EQ(code_of("age-encryption.org/v2\n-> a\n\n" + kMacLine), Errc::malformed);
  EXPECT_EQ(code_of(with_stanzas("")), Errc::malformed);                                        // no stanza
  EXPECT_EQ(code_of(with_stanzas("->\n\n")), Errc::malformed);                                  // no argument
  EXPECT_EQ(code_of(with_stanzas("-> \n\n")), Errc::malformed);                                 // an empty one
  EXPECT_EQ(code_of(with_stanzas("-> a  b\n\n")), Errc::malformed);                             // two spaces
  EXPECT_EQ(code_of(with_stanzas("-> a \n\n")), Errc::malformed);                               // a trailing space
  EXPECT_EQ(code_of(with_stanzas("-> a\xc3\xa9\n\n")), Errc::malformed);                        // not ASCII
  EXPECT_EQ(code_of(with_stanzas("-> a\r\n\r\n")), Errc::malformed);                            // CR
  EXPECT_EQ(code_of(with_stanzas("-> a\n")), Errc::malformed);                                  // no body line
  EXPECT_EQ(code_of(with_stanzas("-> a\nAA==\n")), Errc::malformed);                            // padding
  EXPECT_EQ(code_of(with_stanzas("-> a\nAB\n")), Errc::malformed);                              // not canonical
  EXPECT_EQ(code_of(with_stanzas("-> a\nAA\nAA\n")), Errc::malformed);                          // a second short line
  EXPECT_EQ(code_of(with_stanzas("-> a\n" + std::string(64, 'A') + "\n")), Errc::malformed);    // no short line
  EXPECT_EQ(code_of(with_stanzas("-> a\n" + std::string(68, 'A') + "\n\n")), Errc::malformed);  // too long a line
  EXPECT_TRUE(parse_header(as_bytes(with_stanzas("-> a\n" + std::string(64, 'A') + "\n\n"))));
}

TEST(AgeHeader, TheMacLineIsExact) {
  const std::string start = std::string(kIntro) + "-> a\n\n";
  EXPECT_TRUE(parse_header(as_bytes(start + "--- " + std::string(43, 'A') + "\n")));
  for (const std::string& line :
       {std::string("---"), "---" + std::string(43, 'A'), "---  " + std::string(43, 'A'),
        "--- " + std::string(43, 'A') + " ", "--- " + std::string(42, 'A'), "--- " + std::string(42, 'A') + "B",
        "--- " + std::string(43, 'A') + "=", "---- " + std::string(43, 'A')})
    EXPECT_EQ(code_of(start + line + "\n"), Errc::malformed) << line;
}

TEST(AgeHeader, LimitsHoldOnBothSides) {
  std::string most;
  for (std::size_t i = 0; i < kMaxStanzas; ++i) most += "-> a\n\n";
  EXPECT_TRUE(parse_header(as_bytes(with_stanzas(most))));
  EXPECT_EQ(code_of(with_stanzas(most + "-> a\n\n")), Errc::too_large);

  std::string arguments = "-> a";
  for (std::size_t i = 0; i < kMaxStanzaArguments; ++i) arguments += " b";
  EXPECT_TRUE(parse_header(as_bytes(with_stanzas(arguments + "\n\n"))));
  EXPECT_EQ(code_of(with_stanzas(arguments + " b\n\n")), Errc::too_large);

  const std::size_t frame = with_stanzas("-> \n\n").size();
  EXPECT_TRUE(parse_header(as_bytes(with_stanzas("-> " + std::string(kMaxHeaderSize - frame, 'a') + "\n\n"))));
  EXPECT_EQ(code_of(with_stanzas("-> " + std::string(kMaxHeaderSize - frame + 1, 'a') + "\n\n")), Errc::too_large);
  EXPECT_EQ(parse_header_so_far(as_bytes(std::string(kIntro) + "-> " + std::string(kMaxHeaderSize, 'a'))).code(),
            Errc::too_large);
}

TEST(AgeHeader, AHeaderWithoutAUsableRecipientIsNotMade) {
  const Keys keys(1);
  EXPECT_EQ(make_header(keys.file_key, {}).code(), Errc::invalid_argument);
  const Recipient low_order{};
  EXPECT_EQ(make_header(keys.file_key, std::span(&low_order, 1)).code(), Errc::invalid_argument);
  const std::vector<Recipient> too_many(kMaxStanzas + 1, keys.recipients[0]);
  EXPECT_EQ(make_header(keys.file_key, too_many).code(), Errc::invalid_argument);
}

TEST(AgeHeader, AWrongMacIsTamperedOnlyOnceAKeyOpens) {
  const Keys keys(1), others(1);
  Header header = made_for(keys.file_key, keys.recipients);
  header.mac[0] ^= std::byte{1};
  EXPECT_EQ(open_header(header, keys.identities).code(), Errc::tampered);
  EXPECT_EQ(open_header(header, others.identities).code(), Errc::wrong_key);
}

TEST(AgeHeader, AStanzaAddedOrTakenAwayIsTampered) {
  const Keys keys(2);
  const Header header = made_for(keys.file_key, keys.recipients);
  std::vector<Stanza> more = header.stanzas;
  more.push_back({"grease", {}, {}});
  EXPECT_EQ(open_header(*parse_header(encode_header(more, header.mac)), keys.identities).code(), Errc::tampered);
  EXPECT_EQ(
      open_header(*parse_header(encode_header(std::span(header.stanzas).first(1), header.mac)), keys.identities).code(),
      Errc::tampered);
}

TEST(AgeHeader, UnknownStanzasAreSkipped) {
  const Keys keys(1);
  std::vector<Stanza> stanzas = made_for(keys.file_key, keys.recipients).stanzas;
  stanzas.insert(stanzas.begin(), {"x25519", {"unknown", "type"}, Bytes(5)});
  EXPECT_TRUE(open_header(authentic(keys.file_key, stanzas), keys.identities));
}

TEST(AgeHeader, OneMalformedNativeStanzaFailsAFileThatAnotherWouldOpen) {
  const Keys keys(1);
  const Stanza good = made_for(keys.file_key, keys.recipients).stanzas[0];
  const auto opened_beside = [&](Stanza bad) {
    return open_header(authentic(keys.file_key, {good, std::move(bad)}), keys.identities).code();
  };
  Stanza no_argument = good, two_arguments = good, short_share = good, long_body = good, not_canonical = good;
  no_argument.arguments.clear();
  two_arguments.arguments.push_back("x");
  short_share.arguments[0] = base64(Bytes(31), Base64::unpadded);
  long_body.body.push_back(std::byte{0});
  not_canonical.arguments[0] = std::string(42, 'A') + "B";
  for (const Stanza& bad : {no_argument, two_arguments, short_share, long_body, not_canonical})
    EXPECT_EQ(opened_beside(bad), Errc::malformed);
  EXPECT_EQ(opened_beside({"mlkem768x25519", {base64(Bytes(1119), Base64::unpadded)}, Bytes(32)}), Errc::malformed);
  EXPECT_EQ(opened_beside({"scrypt", {base64(Bytes(16), Base64::unpadded), "4"}, Bytes(32)}), Errc::malformed);
  const Stanza hybrid{"mlkem768x25519", {base64(Bytes(1120), Base64::unpadded)}, Bytes(32)};
  EXPECT_TRUE(open_header(authentic(keys.file_key, {good, hybrid}), keys.identities));
}

TEST(AgeHeader, ALowOrderShareIsMalformed) {
  const Keys keys(1);
  const Stanza stanza{"X25519", {base64(Bytes(32), Base64::unpadded)}, Bytes(32)};
  EXPECT_EQ(open_header(authentic(keys.file_key, {stanza}), keys.identities).code(), Errc::malformed);
}

TEST(AgeScryptHeader, ThePassphraseOpensAndAnotherDoesNot) {
  const FileKey key = FileKey::generate();
  const Header header = *parse_header(*make_scrypt_header(key, SecretText("correct horse"), 4));
  EXPECT_TRUE(is_single_scrypt(header));
  EXPECT_TRUE(same(*open_scrypt_header(header, SecretText("correct horse")), key));
  EXPECT_EQ(open_scrypt_header(header, SecretText("correct horsf")).code(), Errc::wrong_key);
  EXPECT_EQ(open_header(header, Keys(1).identities).code(), Errc::wrong_key);
  Header altered = header;
  altered.mac[31] ^= std::byte{1};
  EXPECT_EQ(open_scrypt_header(altered, SecretText("correct horse")).code(), Errc::tampered);
}

TEST(AgeScryptHeader, WorkOverTheLimitIsRefusedBeforeItIsDone) {
  const FileKey key = FileKey::generate();
  const Header header = *parse_header(*make_scrypt_header(key, SecretText("p"), 5));
  EXPECT_TRUE(open_scrypt_header(header, SecretText("p"), 5));
  EXPECT_EQ(open_scrypt_header(header, SecretText("p"), 4).code(), Errc::malformed);
  for (const char* log_n : {"0", "00", "05", "+5", "-5", "5x", "0x5", "23", "99", "100", "18446744073709551621", "a"}) {
    Stanza stanza = header.stanzas[0];
    stanza.arguments[1] = log_n;
    EXPECT_EQ(open_scrypt_header(authentic(key, {stanza}), SecretText("p")).code(), Errc::malformed) << log_n;
  }
  EXPECT_EQ(make_scrypt_header(key, SecretText("p"), crypto::kMaxScryptLogN + 1).code(), Errc::invalid_argument);
  EXPECT_EQ(make_scrypt_header(key, SecretText("p"), 0).code(), Errc::invalid_argument);
  EXPECT_EQ(make_scrypt_header(key, SecretText(""), 4).code(), Errc::invalid_argument);
}

TEST(AgeHeader, IsSingleX25519OnlyForExactlyOneWellFormedStanza) {
  const Keys keys(2);
  const Header both = made_for(keys.file_key, keys.recipients);
  const Header one = made_for(keys.file_key, std::span(keys.recipients).first(1));
  EXPECT_TRUE(is_single_x25519(one));
  EXPECT_FALSE(is_single_x25519(both));
  EXPECT_FALSE(is_single_x25519(authentic(keys.file_key, {one.stanzas[0], {"grease", {}, {}}})));
  EXPECT_FALSE(is_single_x25519(*parse_header(*make_scrypt_header(keys.file_key, SecretText("p"), 1))));
  Stanza bad = one.stanzas[0];
  bad.body.pop_back();
  EXPECT_FALSE(is_single_x25519(authentic(keys.file_key, {bad})));
}

}  // namespace
}  // namespace vault::age
