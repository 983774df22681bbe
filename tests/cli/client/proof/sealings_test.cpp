#include "cli/client/proof/sealings.h"

#include <boost/json.hpp>

#include "tests/cli/client/in_process.h"
#include "vault/age/file.h"

namespace cli::client::testing {
namespace {

Descriptor descriptor_of(std::string_view raw) {
  const EncodedPath path = encode_path(raw);
  Descriptor descriptor;
  descriptor.record = access::RecordId::generate(1);
  descriptor.path = path.text;
  const std::size_t slash = path.text.rfind('/');
  descriptor.name = slash == std::string::npos ? path.text : path.text.substr(slash + 1);
  descriptor.modified = "2026-11-22T09:30:00.000Z";
  descriptor.media_type = "text/plain";
  if (path.encoded) descriptor.encoded = true;
  return descriptor;
}

TEST(Descriptors, ComeBackByteForByteWhateverTheName) {
  std::string every_byte;
  for (int byte = 1; byte < 256; ++byte)
    if (byte != '/') every_byte += static_cast<char>(byte);
  const auto names = std::to_array<std::string>({"plain.txt", "a/b/c", "two\nlines", "tab\there", "\xc3\xa9t\xc3\xa9",
                                                 "100%", "%41 and \xff", "bad\xff/utf8", every_byte, "a b", "\x7f"});
  for (const std::string& raw : names) {
    const Descriptor descriptor = descriptor_of(raw);
    const auto text = encode_descriptor(descriptor);
    ASSERT_TRUE(text) << raw;
    const auto decoded = decode_descriptor(*text);
    ASSERT_TRUE(decoded) << raw << ": " << decoded.error().message;
    EXPECT_EQ(*raw_path(*decoded), raw);
    EXPECT_EQ(*raw_name(*decoded), raw.substr(raw.rfind('/') + 1));
    EXPECT_TRUE(vault::is_utf8(decoded->path));
    EXPECT_EQ(wire::encode(*decoded), *text);
  }
}

TEST(Descriptors, PathsThatClimbAreRefusedEncodedOrNot) {
  const auto climbing =
      std::to_array<std::string_view>({"", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", ".", "./a", "a/."});
  for (const std::string_view path : climbing) {
    EXPECT_FALSE(is_inner_path(path)) << path;
    Descriptor descriptor = descriptor_of("name");
    descriptor.path = path;
    EXPECT_FALSE(encode_descriptor(descriptor)) << path;
    EXPECT_FALSE(decode_descriptor(wire::encode(descriptor))) << path;
  }
  EXPECT_FALSE(is_inner_path(std::string_view("a\0b", 3)));
  Descriptor hidden = descriptor_of("name");
  hidden.encoded = true;
  hidden.path = "%2E%2E/x";
  EXPECT_FALSE(decode_descriptor(wire::encode(hidden)));
  hidden.path = "a%2F..%2F..%2Fx";
  EXPECT_FALSE(decode_descriptor(wire::encode(hidden)));
  EXPECT_TRUE(is_inner_path("..a/b..c/..."));
}

TEST(Descriptors, KeepToTheirLimits) {
  Descriptor descriptor = descriptor_of("name");
  descriptor.path = std::string(kMaxPathBytes, 'p');
  EXPECT_TRUE(encode_descriptor(descriptor));
  EXPECT_TRUE(decode_descriptor(wire::encode(descriptor)));
  descriptor.path += 'p';
  EXPECT_EQ(encode_descriptor(descriptor).code(), Errc::too_large);
  EXPECT_FALSE(decode_descriptor(wire::encode(descriptor)));
  descriptor = descriptor_of("name");
  descriptor.source = std::string(kMaxSourceBytes, 's');
  EXPECT_TRUE(encode_descriptor(descriptor));
  descriptor.source += 's';
  EXPECT_EQ(encode_descriptor(descriptor).code(), Errc::too_large);
  EXPECT_EQ(decode_descriptor(std::string(kMaxDescriptorBytes + 1, ' ')).code(), Errc::too_large);
}

TEST(Descriptors, OfANewerVersionAreNotGuessedAt) {
  Descriptor descriptor = descriptor_of("name");
  descriptor.v = 2;
  EXPECT_EQ(decode_descriptor(wire::encode(descriptor)).code(), Errc::unknown_version);
}

using SealingsTest = SecuringTest;

TEST_F(SealingsTest, AListingThatDiffersFromTheSealingIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.contains("/records") || request.target.contains("/chains/")) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    body["data"].as_object()["items"].as_array()[0].as_object()["class"] = "image";
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "differently from what its depositor sealed");
}

TEST_F(SealingsTest, ASubstitutedDescriptionIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.contains("/records") || request.target.contains("/chains/")) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    const auto recipient = vault::age::Identity::generate().recipient();
    const Bytes other = *vault::age::encrypt_small(vault::as_bytes("{}"), std::span(&recipient, 1));
    body["data"].as_object()["items"].as_array()[0].as_object()["descriptor"] =
        vault::base64(other, vault::Base64::url_unpadded);
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "not the one that its depositor sealed");
}

TEST_F(SealingsTest, ARecordThatOnlyTheServiceKnowsOfIsRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  vault_.alter = [](const HttpRequest& request, HttpAnswer& answer) {
    if (!request.target.contains("/records") || request.target.contains("/chains/")) return;
    auto body = wire::parse_json(vault::as_text(answer.body))->as_object();
    body["data"].as_object()["items"].as_array()[0].as_object()["record"] = access::RecordId::generate(7).to_string();
    answer.body = vault::to_bytes(wire::json::serialize(body));
  };
  EXPECT_TAMPERED(list(first_), "no sealing entry");
}

TEST_F(SealingsTest, RecordsSealedUnderAKeyThatIsNotTheDepositorsAreRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  auto sealings = fetch_records_chain(*third_.session, safe_of(third_));
  ASSERT_TRUE(sealings);
  auto& body = sealings->back().body;
  body.request = access::testing::signed_act("records.seal", std::get<std::string>(body.request->content), *body.actor,
                                             vault::crypto::SigningKey::generate(), sealings->back().envelope.time);
  EXPECT_TAMPERED(trust_sealings(first_.directory(), VerifiedSafe(), *sealings), "not signed by the person");
}

TEST_F(SealingsTest, RecordsSealedByTheStaffOfAnotherAgencyAreRefused) {
  write_text(folder() / "one", "1");
  ASSERT_DONE(secure_folder());
  const auto sealings = fetch_records_chain(*third_.session, safe_of(third_));
  ASSERT_TRUE(sealings);
  auto safe = verify_safe(*first_.session, first_.directory(), safe_);
  ASSERT_TRUE(safe);
  EXPECT_TRUE(trust_sealings(first_.directory(), *safe, *sealings));
  safe->agency = partner(0);  // so the depositor's agency is another one
  EXPECT_TAMPERED(trust_sealings(first_.directory(), *safe, *sealings), "not permitted");
  // Somebody who may not read the safe's chain knows only that the depositor may secure records somewhere.
  EXPECT_TRUE(trust_sealings(first_.directory(), VerifiedSafe(), *sealings));
}

}  // namespace
}  // namespace cli::client::testing
