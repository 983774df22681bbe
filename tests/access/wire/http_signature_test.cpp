#include "access/wire/http_signature.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>

#include "tests/conformance/vectors.h"

namespace strongroom::access::wire {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using vault::Errc;
using vault::Result;
using vault::crypto::Signature;
using vault::crypto::SigningKey;
using vault::crypto::VerifyKey;
using vault::test::read_json;

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

// ---- RFC 9421 and 9530 ----

class Rfc9421 : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  }
  const fs::path folder = vault::test::vectors_directory() / "rfc9421";
};

template <class Array>
Array exactly(std::string_view text, vault::Base64 form) {
  Array out{};
  const auto bytes = vault::unbase64(text, form);
  EXPECT_TRUE(bytes && bytes->size() == out.size());
  if (bytes && bytes->size() == out.size()) std::ranges::copy(*bytes, out.begin());
  return out;
}

void set_start_line(HttpMessage& message, std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (line.starts_with("HTTP/")) {
    message.status = line.substr(first + 1, 3);
  } else {
    message.method = line.substr(0, first);
    message.target = line.substr(first + 1, last - first - 1);
  }
}

// Parses the head of a message with LF line ends.
HttpMessage parse_message(std::string_view text) {
  HttpMessage message;
  std::string_view head = text.substr(0, text.find("\n\n"));
  bool first = true;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(head.size(), line.size() + 1));
    const std::size_t colon = line.find(": ");
    if (first) {
      set_start_line(message, line);
    } else {
      message.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      if (message.fields.back().first == "Host") message.authority = message.fields.back().second;
    }
    first = false;
  }
  return message;
}

sf::InnerList parse_covered(std::string_view text) {
  const auto list = sf::parse_list(text);
  EXPECT_TRUE(list && list->size() == 1);
  return std::get<sf::InnerList>(list->front());
}

TEST_F(Rfc9421, EveryMessageGivesItsSignatureBase) {
  const json::value file = read_json(folder / "cases.json");
  int bases = 0;
  for (const json::value& test : file.at("cases").as_array()) {
    if (test.at("signature_base").is_null()) continue;
    SCOPED_TRACE(text_of(test.at("id")));
    const auto base = signature_base(parse_covered(text_of(test.at("signature_input_member"))),
                                     parse_message(text_of(test.at("message"))));
    ASSERT_TRUE(base) << base.error().message;
    EXPECT_EQ(*base, text_of(test.at("signature_base")));
    ++bases;
  }
  EXPECT_EQ(bases, 12);
}

TEST_F(Rfc9421, EveryEd25519SignatureVerifiesUnlessItsMessageWasChanged) {
  const json::value keys = read_json(folder / "keys.json");
  const VerifyKey key{exactly<std::array<std::byte, 32>>(text_of(keys.at("test-key-ed25519").at("jwk").at("x")),
                                                         vault::Base64::url_unpadded)};
  const json::value file = read_json(folder / "cases.json");
  int valid = 0, invalid = 0;
  for (const json::value& test : file.at("cases").as_array()) {
    if (text_of(test.at("algorithm")) != "ed25519") continue;
    SCOPED_TRACE(text_of(test.at("id")));
    const auto base = signature_base(parse_covered(text_of(test.at("signature_input_member"))),
                                     parse_message(text_of(test.at("message"))));
    ASSERT_TRUE(base);
    const auto signature = exactly<Signature>(text_of(test.at("signature_b64")), vault::Base64::padded);
    const bool expected = text_of(test.at("expect")) == "valid";
    EXPECT_EQ(check_signature({{}, *base, signature}, key).has_value(), expected);
    ++(expected ? valid : invalid);
  }
  EXPECT_EQ(valid, 5);
  EXPECT_EQ(invalid, 2);
}

TEST_F(Rfc9421, EveryComponentGivesItsLineOrAnError) {
  const json::value file = read_json(folder / "components.json");
  for (const json::value& test : file.at("cases").as_array()) {
    SCOPED_TRACE(text_of(test.at("id")));
    HttpMessage message;
    message.scheme = text_of(test.at("scheme"));
    set_start_line(message, text_of(test.at("start_line")));
    for (const json::value& field : test.at("headers").as_array()) {
      message.fields.emplace_back(text_of(field.at(0)), text_of(field.at(1)));
      if (message.fields.back().first == "Host") message.authority = message.fields.back().second;
    }
    const auto identifier = sf::parse_item(text_of(test.at("component")));
    ASSERT_TRUE(identifier);
    const auto value = component_value(*identifier, message);
    // To re-serialise a field, a program needs its type, which only the field's specification has. This is not
    // supported, so it is an error.
    const bool unsupported = sf::find(identifier->parameters, "sf") != nullptr;
    if (unsupported || test.at("line").is_null()) {
      EXPECT_FALSE(value);
    } else {
      ASSERT_TRUE(value) << value.error().message;
      EXPECT_EQ(text_of(test.at("component")) + ": " + *value, text_of(test.at("line")));
    }
  }
  EXPECT_EQ(file.at("cases").as_array().size(), 51U);
}

TEST_F(Rfc9421, ContentDigestsMatchMismatchOrAreRefusedAsListed) {
  const json::value file = read_json(folder / "content-digest.json");
  for (const json::value& test : file.at("cases").as_array()) {
    SCOPED_TRACE(text_of(test.at("id")));
    const auto body = vault::unbase64(text_of(test.at("body_b64")), vault::Base64::padded);
    const auto checked = check_content_digest(text_of(test.at("content_digest")), *body);
    const std::string expected = text_of(test.at("expect"));
    if (expected == "match") {
      EXPECT_TRUE(checked);
    } else {
      ASSERT_FALSE(checked);
      EXPECT_EQ(checked.code(), expected == "mismatch"           ? Errc::tampered
                                : expected == "no-usable-digest" ? Errc::refused
                                                                 : Errc::malformed);
    }
  }
  EXPECT_EQ(file.at("cases").as_array().size(), 19U);
}

TEST_F(Rfc9421, WebBotAuthSignaturesVerifyAndAreMadeAlike) {
  const json::value file = read_json(folder / "web-bot-auth-ed25519.json");
  for (const json::value& test : file.as_array()) {
    const std::string label = text_of(test.at("label"));
    SCOPED_TRACE(label);
    HttpMessage message;
    message.method = "GET";
    message.authority = "example.com";
    message.target = "/path/to/resource";
    if (test.as_object().contains("signature_agent"))
      message.fields.emplace_back("Signature-Agent", text_of(test.at("signature_agent")));
    const auto input = sf::parse_dictionary(text_of(test.at("signature_input")));
    const auto signatures = sf::parse_dictionary(text_of(test.at("signature")));
    ASSERT_TRUE(input && signatures);
    const auto base = signature_base(std::get<sf::InnerList>(*sf::find(*input, label)), message);
    ASSERT_TRUE(base) << base.error().message;
    const auto& bytes = std::get<vault::Bytes>(std::get<sf::Item>(*sf::find(*signatures, label)).value);
    auto seed = exactly<std::array<std::byte, 32>>(text_of(test.at("key").at("d")), vault::Base64::url_unpadded);
    const SigningKey key(vault::crypto::SigningSeed::copy_of(seed));
    EXPECT_TRUE(std::ranges::equal(key.sign(vault::as_bytes(*base)), bytes));
  }
  EXPECT_EQ(file.as_array().size(), 2U);
}

TEST(SignatureBase, AComponentCoveredTwiceIsMalformedWhateverTheOrderOfItsParameters) {
  HttpMessage message;
  message.method = "GET";
  message.target = "/";
  EXPECT_TRUE(signature_base(parse_covered(R"(("@method" "@path"))"), message));
  EXPECT_EQ(signature_base(parse_covered(R"(("@method" "@method"))"), message).code(), Errc::malformed);
  message.fields.emplace_back("a", "b=1");
  EXPECT_EQ(signature_base(parse_covered(R"(("a" "a"))"), message).code(), Errc::malformed);
  EXPECT_TRUE(signature_base(parse_covered(R"(("a" "a";bs "a";key="b"))"), message));
}

TEST(SignatureBase, ItsOwnParametersCannotBeCovered) {
  HttpMessage message;
  message.method = "GET";
  EXPECT_FALSE(signature_base(parse_covered(R"(("@signature-params"))"), message));
}

TEST(SignatureBase, ALineEndOrAByteOutsideAsciiInAValueIsMalformed) {
  for (const char* value : {"a\nb", "a\rb", "caf\xc3\xa9"}) {
    HttpMessage message;
    message.method = "GET";
    message.fields.emplace_back("x", value);
    EXPECT_EQ(signature_base(parse_covered(R"(("x"))"), message).code(), Errc::malformed);
  }
}

// ---- The profile ----

constexpr std::int64_t kCreated = 1'795'000'000;
constexpr vault::Instant kNow{kCreated * vault::kMillisecondsPerSecond};
const std::string kBody = R"({"kind":"case.refer"})";

SignatureParameters parameters() {
  SignatureParameters out;
  out.created = kCreated;
  out.expires = kCreated + 60;
  out.nonce = "0123456789abcdef0123456789abcdef";
  out.keyid = "person_01kb0000000000000000000000";
  return out;
}

RequestHead command() {
  RequestHead head;
  head.method = "POST";
  head.authority = "vault.example:8443";
  head.path = "/v1/cases";
  head.query = "?as=agency";
  head.content_digest = content_digest(vault::as_bytes(kBody));
  head.has_body = true;
  return head;
}

RequestHead chunk() {
  RequestHead head;
  head.method = "PATCH";
  head.authority = "vault.example:8443";
  head.path = "/v1/uploads/upload_01kb0000000000000000000000";
  head.upload_offset = "1048576";
  head.content_length = "4096";
  head.has_body = true;
  return head;
}

RequestHead read_of(std::optional<std::string> range) {
  RequestHead head;
  head.method = "GET";
  head.authority = "vault.example:8443";
  head.path = "/v1/records";
  head.range = std::move(range);
  return head;
}

const SigningKey& key() {
  static const SigningKey made = SigningKey::generate();
  return made;
}

RequestHead with_signature(RequestHead head, Coverage coverage) {
  const auto fields = sign_request(head, coverage, parameters(), key());
  EXPECT_TRUE(fields) << fields.error().message;
  head.signature_input = fields->signature_input;
  head.signature = fields->signature;
  return head;
}

Result<void> verify(const RequestHead& head, Coverage coverage) {
  TRY(const ParsedSignature parsed, parse_signed_request(head, coverage));
  TRY_VOID(check_freshness(parsed.parameters, kNow));
  return check_signature(parsed, key().verify_key());
}

TEST(SignedRequest, WhatWeSignVerifies) {
  for (const auto& [head, coverage] :
       {std::pair(command(), Coverage::command_or_read), std::pair(chunk(), Coverage::upload_chunk),
        std::pair(read_of("bytes=0-99"), Coverage::command_or_read),
        std::pair(read_of({}), Coverage::command_or_read)}) {
    const auto verified = verify(with_signature(head, coverage), coverage);
    EXPECT_TRUE(verified) << verified.error().message;
  }
  const auto parsed =
      parse_signed_request(with_signature(command(), Coverage::command_or_read), Coverage::command_or_read);
  EXPECT_EQ(parsed->parameters, parameters());
}

TEST(SignedRequest, TheBaseIsTheOneOfTheFormatPage) {
  RequestHead head = read_of({});
  head.query = "?from=1";
  const auto parsed = parse_signed_request(with_signature(head, Coverage::command_or_read), Coverage::command_or_read);
  EXPECT_EQ(parsed->base,
            "\"@method\": GET\n\"@authority\": vault.example:8443\n\"@path\": /v1/records\n\"@query\": ?from=1\n"
            "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"@query\");created=1795000000;"
            "expires=1795000060;nonce=\"0123456789abcdef0123456789abcdef\";keyid=\"person_01kb0000000000000000000000\";"
            "alg=\"ed25519\";tag=\"strongroom\"");
}

TEST(SignedRequest, ChangingAnyCoveredComponentIsTampered) {
  using Change = std::function<void(RequestHead&)>;
  const std::vector<std::pair<std::string, Change>> to_command{
      {"method", [](auto& head) { head.method = "PUT"; }},
      {"method's case", [](auto& head) { head.method = "post"; }},
      {"authority", [](auto& head) { head.authority = "vault.example:8444"; }},
      {"path", [](auto& head) { head.path = "/v1/cases/"; }},
      {"query", [](auto& head) { head.query = "?"; }},
      {"digest", [](auto& head) { head.content_digest = content_digest(vault::as_bytes("{}")); }},
  };
  for (const auto& [name, change] : to_command) {
    RequestHead head = with_signature(command(), Coverage::command_or_read);
    change(head);
    EXPECT_EQ(verify(head, Coverage::command_or_read).code(), Errc::tampered) << name;
  }
  const std::vector<std::pair<std::string, Change>> to_chunk{
      {"offset", [](auto& head) { head.upload_offset = "0"; }},
      {"length", [](auto& head) { head.content_length = "4097"; }},
  };
  for (const auto& [name, change] : to_chunk) {
    RequestHead head = with_signature(chunk(), Coverage::upload_chunk);
    change(head);
    EXPECT_EQ(verify(head, Coverage::upload_chunk).code(), Errc::tampered) << name;
  }
  RequestHead head = with_signature(read_of("bytes=0-99"), Coverage::command_or_read);
  head.range = "bytes=0-100";
  EXPECT_EQ(verify(head, Coverage::command_or_read).code(), Errc::tampered);
}

TEST(SignedRequest, AFieldThatTheSignatureDoesNotCoverIsRefused) {
  const auto refused = [](RequestHead head, Coverage coverage) {
    const auto parsed = parse_signed_request(head, coverage);
    return !parsed && parsed.code() == Errc::refused;
  };
  RequestHead head = with_signature(read_of({}), Coverage::command_or_read);
  head.range = "bytes=0-99";
  EXPECT_TRUE(refused(head, Coverage::command_or_read)) << "range";
  head = with_signature(read_of({}), Coverage::command_or_read);
  head.upload_length = "10";
  EXPECT_TRUE(refused(head, Coverage::command_or_read)) << "upload-length";
  head = with_signature(read_of({}), Coverage::command_or_read);
  head.upload_offset = "10";
  EXPECT_TRUE(refused(head, Coverage::command_or_read)) << "upload-offset";
  head = with_signature(read_of({}), Coverage::command_or_read);
  head.has_body = true;
  EXPECT_TRUE(refused(head, Coverage::command_or_read)) << "a body alone";
  head.content_digest = content_digest({});
  EXPECT_TRUE(refused(head, Coverage::command_or_read)) << "a body and its digest";
  head = with_signature(chunk(), Coverage::upload_chunk);
  head.content_digest = content_digest({});
  EXPECT_TRUE(refused(head, Coverage::upload_chunk)) << "a digest on a chunk";
  EXPECT_TRUE(refused(with_signature(chunk(), Coverage::upload_chunk), Coverage::command_or_read))
      << "a chunk elsewhere";
}

TEST(SignedRequest, AFieldThatIsCoveredButMissingIsRefused) {
  RequestHead head = with_signature(read_of("bytes=0-99"), Coverage::command_or_read);
  head.range.reset();
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::refused);
  head = with_signature(command(), Coverage::command_or_read);
  head.content_digest.reset();
  head.has_body = false;
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::refused);
  head = with_signature(chunk(), Coverage::upload_chunk);
  head.upload_offset.reset();
  EXPECT_EQ(parse_signed_request(head, Coverage::upload_chunk).code(), Errc::refused);
}

TEST(SignedRequest, AnotherDigestThanOneSha256IsRefused) {
  RequestHead head = command();
  for (const std::string& digest :
       {std::string(
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"),
        *head.content_digest + ";a", *head.content_digest + ", md5=:AAAA:", " " + *head.content_digest,
        std::string("a b")}) {
    head.content_digest = digest;
    EXPECT_EQ(sign_request(head, Coverage::command_or_read, parameters(), key()).code(), Errc::refused) << digest;
  }
}

// Makes a read whose Signature-Input has one thing changed; the signature's bytes do not matter to the parser.
Result<ParsedSignature> parse_with(std::string_view what, std::string_view instead) {
  RequestHead head = with_signature(read_of({}), Coverage::command_or_read);
  std::string& input = *head.signature_input;
  const std::size_t at = input.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  input.replace(at, what.size(), instead);
  return parse_signed_request(head, Coverage::command_or_read);
}

TEST(SignedRequest, ComponentsOtherThanTheProfilesAreRefused) {
  EXPECT_TRUE(parse_with(R"("@query")", R"(  "@query")"));  // spaces vanish
  for (const auto* instead : {R"()", R"("@query" "@query")", R"("@query" "date")", R"("@query" "@target-uri")",
                              R"("@query" "content-length")", R"("@query";x)", R"("@query";sf)", R"("@foo")",
                              R"("@Query")", R"(query)", R"(1)", R"("@query" "@signature-params")"}) {
    const auto parsed = parse_with(R"("@query")", instead);
    ASSERT_FALSE(parsed) << instead;
    EXPECT_EQ(parsed.code(), Errc::refused) << instead;
  }
}

TEST(SignedRequest, ParametersOtherThanTheProfilesAreRefused) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {";created=1795000000", ""},
      {";created=1795000000", ";created=\"1795000000\""},
      {";created=1795000000", ";created=1795000000.0"},
      {";created=1795000000", ";created=@1795000000"},
      {";created=1795000000", ";created=-1"},
      {";created=1795000000", ";created"},
      {";expires=1795000060", ""},
      {";expires=1795000060", ";expires=\"1795000060\""},
      {";nonce=\"0123456789abcdef0123456789abcdef\"", ""},
      {";nonce=\"0123456789abcdef0123456789abcdef\"", ";nonce=abcdefabcdefabcdef"},
      {";nonce=\"0123456789abcdef0123456789abcdef\"", ";nonce=\"0123456789abcde\""},
      {";nonce=\"0123456789abcdef0123456789abcdef\"", ";nonce=\"" + std::string(kMaxNonceLength + 1, 'a') + "\""},
      {";keyid=\"person_01kb0000000000000000000000\"", ""},
      {";keyid=\"person_01kb0000000000000000000000\"", ";keyid=person_01kb0000000000000000000000"},
      {";keyid=\"person_01kb0000000000000000000000\"", ";keyid=\"\""},
      {";keyid=\"person_01kb0000000000000000000000\"", ";keyid=\"" + std::string(kMaxKeyIdLength + 1, 'a') + "\""},
      {";alg=\"ed25519\"", ""},
      {";alg=\"ed25519\"", ";alg=\"Ed25519\""},
      {";alg=\"ed25519\"", ";alg=\"hmac-sha256\""},
      {";alg=\"ed25519\"", ";alg=ed25519"},
      {";tag=\"strongroom\"", ""},
      {";tag=\"strongroom\"", ";tag=\"strongroon\""},
      {";tag=\"strongroom\"", ";tag=strongroom"},
      {";tag=\"strongroom\"", ";tag=\"strongroom\";x"},
      {"strongroom=(", "sig1=("},
      {"strongroom=(", "sig1=(), strongroom=("},
  };
  for (const auto& [what, instead] : changes) {
    const auto parsed = parse_with(what, instead);
    ASSERT_FALSE(parsed) << instead;
    EXPECT_EQ(parsed.code(), Errc::refused) << instead;
  }
}

TEST(SignedRequest, TheLongestAndShortestNonceAndKeyIdAreTaken) {
  for (const std::size_t length : {kMinNonceLength, kMaxNonceLength}) {
    SignatureParameters with = parameters();
    with.nonce = std::string(length, 'n');
    with.keyid = std::string(length == kMinNonceLength ? 1 : kMaxKeyIdLength, 'k');
    EXPECT_TRUE(sign_request(read_of({}), Coverage::command_or_read, with, key()));
  }
}

TEST(SignedRequest, AnUnsignedRequestOrAHalfIsRefused) {
  EXPECT_EQ(parse_signed_request(read_of({}), Coverage::command_or_read).code(), Errc::refused);
  RequestHead head = with_signature(read_of({}), Coverage::command_or_read);
  head.signature.reset();
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::refused);
  head = with_signature(read_of({}), Coverage::command_or_read);
  head.signature_input.reset();
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::refused);
}

TEST(SignedRequest, FieldsOfAnotherShapeAreMalformed) {
  const RequestHead good = with_signature(read_of({}), Coverage::command_or_read);
  for (const auto* signature :
       {"strongroom=:AAAA:", "strongroom=1", "strongroom=(:AAAA:)", "strongroom", "", "strongroom=:"}) {
    RequestHead head = good;
    head.signature = signature;
    EXPECT_FALSE(parse_signed_request(head, Coverage::command_or_read)) << signature;
  }
  RequestHead head = good;
  head.signature = *good.signature + ";x";
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::malformed);
  head = good;
  head.signature_input = "strongroom=\"@method\"";
  EXPECT_EQ(parse_signed_request(head, Coverage::command_or_read).code(), Errc::malformed);
}

TEST(SignedRequest, ATargetThatIsNoPathAndQueryIsRefused) {
  for (const auto& [path, query] :
       {std::pair("*", "?"), std::pair("", "?"), std::pair("/a?b", "?"), std::pair("/a", "b")}) {
    RequestHead head = read_of({});
    head.path = path;
    head.query = query;
    EXPECT_EQ(sign_request(head, Coverage::command_or_read, parameters(), key()).code(), Errc::refused);
  }
}

TEST(SignedRequest, AnotherKeyDoesNotVerify) {
  const auto parsed =
      parse_signed_request(with_signature(command(), Coverage::command_or_read), Coverage::command_or_read);
  EXPECT_EQ(check_signature(*parsed, SigningKey::generate().verify_key()).code(), Errc::tampered);
}

TEST(Freshness, CreatedLiesWithinTheSkewBothWaysAndBeforeExpires) {
  const auto at = [](std::int64_t created, std::int64_t expires, std::int64_t now_ms) {
    SignatureParameters with = parameters();
    with.created = created;
    with.expires = expires;
    return check_freshness(with, vault::Instant{now_ms}).has_value();
  };
  EXPECT_TRUE(at(1000, 2000, 1'000'000));
  EXPECT_TRUE(at(1000, 2000, 1'060'000));
  EXPECT_FALSE(at(1000, 2000, 1'060'001));
  EXPECT_TRUE(at(1000, 2000, 940'000));
  EXPECT_FALSE(at(1000, 2000, 939'999));
  EXPECT_TRUE(at(1000, 1010, 1'009'999));
  EXPECT_FALSE(at(1000, 1010, 1'010'000));
  EXPECT_FALSE(at(1000, 1000, 990'000));
  EXPECT_FALSE(at(sf::kMaxInteger + 1, sf::kMaxInteger + 2, 0));
}

EntryRequest stored() {
  const RequestHead head = with_signature(command(), Coverage::command_or_read);
  return {head.method,        head.authority,        head.path + head.query,
          std::string(kBody), *head.signature_input, *head.signature};
}

TEST(StoredRequestTest, VerifiesLaterFromWhatAnEntryKeeps) {
  const auto verified = verify_stored_request(stored(), key().verify_key());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->parameters(), parameters());
  EXPECT_EQ(verified->body(), kBody);
  const RequestHead head = with_signature(read_of({}), Coverage::command_or_read);
  for (const auto* target : {"/v1/records", "/v1/records?"})  // the signature base is the same
    EXPECT_TRUE(verify_stored_request({"GET", head.authority, target, {}, *head.signature_input, *head.signature},
                                      key().verify_key()));
}

TEST(StoredRequestTest, NeedsTheRangeThatWasSigned) {
  RequestHead head = read_of({});
  head.range = "bytes=0-99";
  head = with_signature(head, Coverage::command_or_read);
  EntryRequest request{"GET", head.authority, head.path + head.query, {}, *head.signature_input, *head.signature};
  EXPECT_FALSE(verify_stored_request(request, key().verify_key()));
  request.range = "bytes=0-99";
  EXPECT_TRUE(verify_stored_request(request, key().verify_key()));
}

TEST(StoredRequestTest, ChangingAnyPartOfItIsFound) {
  using Change = std::function<void(EntryRequest&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"method", [](auto& request) { request.method = "PUT"; }},
      {"authority", [](auto& request) { request.authority = "other.example"; }},
      {"path", [](auto& request) { request.target = "/v1/case?as=agency"; }},
      {"query", [](auto& request) { request.target = "/v1/cases?as=agenc"; }},
      {"no query", [](auto& request) { request.target = "/v1/cases"; }},
      {"body", [](auto& request) { std::get<std::string>(request.content) += " "; }},
      {"no body", [](auto& request) { request.content = {}; }},
      {"empty body", [](auto& request) { request.content = std::string(); }},
      {"another body's digest", [](auto& request) { request.content = OmittedBody{}; }},
      {"input",
       [](auto& request) {
         request.signature_input.replace(request.signature_input.find("1795000000"), 10, "1795000001");
       }},
      {"signature", [](auto& request) { request.signature[20] = request.signature[20] == 'A' ? 'B' : 'A'; }},
  };
  for (const auto& [name, change] : changes) {
    EntryRequest request = stored();
    change(request);
    EXPECT_FALSE(verify_stored_request(request, key().verify_key())) << name;
  }
}

}  // namespace
}  // namespace strongroom::access::wire
