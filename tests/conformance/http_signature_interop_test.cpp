// Tests that requests that we sign verify in npm's http-message-signatures, and that requests that it signs verify
// here. It is a peer only for accepted requests, not for refused ones, because it accepts much that RFC 9421 forbids.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "access/wire/http_signature.h"
#include "tests/conformance/process.h"
#include "tests/conformance/vectors.h"
#include "tests/support/temporary_directory.h"

namespace strongroom::access::wire {
namespace {

namespace json = boost::json;
namespace test = vault::test;

struct Case {
  std::string name;
  Coverage coverage;
  RequestHead head;
  std::vector<std::string> components;
};

std::vector<Case> cases() {
  RequestHead read;
  read.method = "GET";
  read.authority = "vault.example:8443";
  read.path = "/v1/safes/a%20b/records";
  read.query = "?from=1&class=case-notes&x=a+b%2F";
  RequestHead ranged = read;
  ranged.query = "?";
  ranged.range = "bytes=0-99";
  RequestHead command;
  command.method = "POST";
  command.authority = "vault.example";
  command.path = "/v1/acts/case.refer";
  command.content_digest = content_digest(vault::as_bytes(R"({"case":"x"})"));
  command.has_body = true;
  RequestHead chunk;
  chunk.method = "PATCH";
  chunk.authority = "vault.example:8443";
  chunk.path = "/v1/uploads/upload_x";
  chunk.upload_offset = "1048576";
  chunk.content_length = "4096";
  chunk.has_body = true;
  const std::vector<std::string> basic{"@method", "@authority", "@path", "@query"};
  const auto and_also = [&](std::initializer_list<std::string> more) {
    auto all = basic;
    all.insert(all.end(), more);
    return all;
  };
  return {{"read", Coverage::command_or_read, read, basic},
          {"range", Coverage::command_or_read, ranged, and_also({"range"})},
          {"command", Coverage::command_or_read, command, and_also({"content-digest"})},
          {"chunk", Coverage::upload_chunk, chunk, and_also({"upload-offset", "content-length"})}};
}

class HttpSignatureInterop : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::npm_directory() / ".installed"))
      GTEST_SKIP() << "npm's http-message-signatures is not installed";
    parameters.created = 1'795'000'000;
    parameters.expires = 4'102'444'800;  // the peer asks its own clock
    parameters.nonce = "0123456789abcdef0123456789abcdef";
    parameters.keyid = "person_01kb0000000000000000000000";
  }

  json::object describe(const Case& one) const {
    json::object headers;
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
      if (value) headers[name] = *value;
    };
    add("Content-Digest", one.head.content_digest);
    add("Range", one.head.range);
    add("Upload-Offset", one.head.upload_offset);
    add("Content-Length", one.head.content_length);
    add("Signature-Input", one.head.signature_input);
    add("Signature", one.head.signature);
    const std::string query = one.head.query == "?" ? "" : one.head.query;
    return {{"method", one.head.method},
            {"url", "https://" + one.head.authority + one.head.path + query},
            {"headers", headers},
            {"components", json::value_from(one.components)},
            {"key",
             {{"kty", "OKP"},
              {"crv", "Ed25519"},
              {"d", vault::base64(key.seed().expose(), vault::Base64::url_unpadded)},
              {"x", vault::base64(key.verify_key().bytes, vault::Base64::url_unpadded)}}},
            {"parameters",
             {{"created", parameters.created},
              {"expires", parameters.expires},
              {"nonce", parameters.nonce},
              {"keyid", parameters.keyid},
              {"alg", parameters.alg},
              {"tag", parameters.tag}}}};
  }

  json::value peer(const std::string& direction, const Case& one) const {
    const auto request = directory.path() / "request.json", answer = directory.path() / "answer.json";
    test::write_file(request, vault::as_bytes(json::serialize(describe(one))));
    const test::Finished finished = test::run(
        {"node", (test::npm_directory() / "httpsig.mjs").string(), direction, request.string(), answer.string()});
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    return test::read_json(answer);
  }

  test::TemporaryDirectory directory;
  SignatureParameters parameters;
  vault::crypto::SigningKey key = vault::crypto::SigningKey::generate();
};

TEST_F(HttpSignatureInterop, ThePeerAcceptsWhatWeSign) {
  for (Case one : cases()) {
    SCOPED_TRACE(one.name);
    const auto fields = sign_request(one.head, one.coverage, parameters, key);
    ASSERT_TRUE(fields) << fields.error().message;
    one.head.signature_input = fields->signature_input;
    one.head.signature = fields->signature;
    EXPECT_TRUE(peer("verify", one).at("accepted").as_bool());
    one.head.path += "x";
    EXPECT_FALSE(peer("verify", one).at("accepted").as_bool());
  }
}

TEST_F(HttpSignatureInterop, WeAcceptWhatThePeerSigns) {
  for (Case one : cases()) {
    SCOPED_TRACE(one.name);
    const json::value headers = peer("sign", one);
    one.head.signature_input = test::text_field(headers, "Signature-Input");
    one.head.signature = test::text_field(headers, "Signature");
    const auto parsed = parse_signed_request(one.head, one.coverage);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->parameters, parameters);
    EXPECT_TRUE(check_signature(*parsed, key.verify_key()));
  }
}

}  // namespace
}  // namespace strongroom::access::wire
