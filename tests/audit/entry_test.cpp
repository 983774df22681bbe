#include "audit/entry.h"

#include <gtest/gtest.h>

#include "vault/crypto/hash.h"

namespace audit {
namespace {

constexpr std::string_view kFirst = R"({"v":1,"seq":0,"time":"2026-11-22T09:30:00.000Z","chain":0,"n":0,)"
                                    R"("heads":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
                                    R"("body":"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"})";

Envelope third_of_its_chain() {
  Envelope envelope;
  envelope.seq = LeafIndex{17};
  envelope.time = *vault::parse_rfc3339("2026-11-22T09:30:00.125Z");
  envelope.chain = ChainNumber{5};
  envelope.n = 2;
  envelope.prev = vault::crypto::sha256(vault::as_bytes("0"));
  envelope.heads = vault::crypto::sha256({});
  envelope.body = vault::crypto::sha256(vault::as_bytes("body"));
  return envelope;
}

TEST(Envelope, IsWrittenInTheOneFormThatIsReadBack) {
  const Envelope envelope = third_of_its_chain();
  const Bytes bytes = encode_envelope(envelope);
  EXPECT_EQ(vault::as_text(bytes), R"({"v":1,"seq":17,"time":"2026-11-22T09:30:00.125Z","chain":5,"n":2,)"
                                   R"("prev":"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",)"
                                   R"("heads":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
                                   R"("body":"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"})");
  EXPECT_EQ(*decode_envelope(bytes), envelope);
}

TEST(Envelope, TheFirstOfAChainHasNoPredecessor) {
  const auto envelope = decode_envelope(vault::as_bytes(kFirst));
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->prev, std::nullopt);
  EXPECT_EQ(vault::as_text(encode_envelope(*envelope)), kFirst);
}

TEST(Envelope, TheLargestFitsItsLimit) {
  Envelope envelope = third_of_its_chain();
  envelope.seq = LeafIndex{kMaxSeq};
  envelope.chain = ChainNumber{kMaxSeq / 2};
  envelope.n = kMaxSeq / 2;
  const Bytes bytes = encode_envelope(envelope);
  EXPECT_LE(bytes.size(), kMaxEnvelopeBytes);
  EXPECT_EQ(*decode_envelope(bytes), envelope);
}

TEST(Envelope, MoreBytesThanTheLimitAreTooLarge) {
  EXPECT_EQ(decode_envelope(Bytes(kMaxEnvelopeBytes + 1, std::byte{'{'})).code(), Errc::too_large);
  EXPECT_EQ(decode_envelope(Bytes(kMaxEnvelopeBytes, std::byte{'{'})).code(), Errc::malformed);
}

TEST(Envelope, AnotherVersionIsUnknownRatherThanMalformed) {
  std::string text(kFirst);
  text.replace(text.find("\"v\":1"), 5, "\"v\":2");
  EXPECT_EQ(decode_envelope(vault::as_bytes(text)).code(), Errc::unknown_version);
}

struct Respelling {
  const char* name;
  const char* from;
  const char* to;
};

class RespeltEnvelope : public ::testing::TestWithParam<Respelling> {};

TEST_P(RespeltEnvelope, IsMalformed) {
  const std::string text = vault::to_text(encode_envelope(third_of_its_chain()));
  std::string changed = text;
  const std::size_t at = changed.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  changed.replace(at, std::string_view(GetParam().from).size(), GetParam().to);
  EXPECT_EQ(decode_envelope(vault::as_bytes(changed)).code(), Errc::malformed) << changed;
}

INSTANTIATE_TEST_SUITE_P(
    Every, RespeltEnvelope,
    ::testing::Values(
        Respelling{"LeadingZero", "\"seq\":17", "\"seq\":017"}, Respelling{"NegativeZero", "\"n\":2", "\"n\":-2"},
        Respelling{"Exponent", "\"seq\":17", "\"seq\":17e0"}, Respelling{"Fraction", "\"seq\":17", "\"seq\":17.0"},
        Respelling{"SeqBeyondTheLimit", "\"seq\":17", "\"seq\":9007199254740992"},
        Respelling{"SeqBeyond64Bits", "\"seq\":17", "\"seq\":18446744073709551633"},
        Respelling{"WhiteSpace", "{\"v\"", "{ \"v\""},
        Respelling{"FieldsExchanged", "\"chain\":5,\"n\":2", "\"n\":2,\"chain\":5"},
        Respelling{"FieldMissing", ",\"n\":2", ""}, Respelling{"FieldMore", ",\"prev\"", ",\"more\":1,\"prev\""},
        Respelling{"ShortDigest", "acb5\"}", "acb\"}"}, Respelling{"UpperCaseDigest", "230d8358dc", "230D8358dc"},
        Respelling{"TimeWithoutMilliseconds", "09:30:00.125Z", "09:30:00Z"},
        Respelling{"TimeWithOffset", "00.125Z", "00.125+00:00"}, Respelling{"EscapedCharacter", "\"v\"", "\"\\u0076\""},
        Respelling{"TrailingByte", "acb5\"}", "acb5\"}\n"},
        Respelling{"PredecessorNull", "\"prev\":\"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9\"",
                   "\"prev\":null"},
        Respelling{"PredecessorOfTheFirst", "\"n\":2", "\"n\":0"},
        Respelling{"PredecessorByItsNumber",
                   "\"prev\":\"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9\"", "\"prev\":11"},
        Respelling{"ChainOfMoreThanCanHaveBegun", "\"chain\":5", "\"chain\":16"},
        Respelling{"NumberBeyondSeq", "\"n\":2", "\"n\":18"}),
    [](const auto& spelling) { return spelling.param.name; });

TEST(Envelope, BindsExactlyItsBody) {
  const Envelope envelope = third_of_its_chain();
  EXPECT_TRUE(verify_body(envelope, vault::as_bytes("body")));
  EXPECT_EQ(verify_body(envelope, vault::as_bytes("bodY")).code(), Errc::tampered);
  EXPECT_EQ(verify_body(envelope, {}).code(), Errc::tampered);
}

}  // namespace
}  // namespace audit
