#include "access/wire/authority.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "access/wire/http_signature.h"

namespace strongroom::access::wire {
namespace {

using vault::Errc;

TEST(NormalAuthority, IsInLowerCaseWithoutTheSchemesOwnPort) {
  const std::vector<std::pair<std::string_view, std::string_view>> forms{{"vault.example", "vault.example"},
                                                                         {"vault.example:443", "vault.example"},
                                                                         {"vault.example:00443", "vault.example"},
                                                                         {"vault.example:", "vault.example"},
                                                                         {"Vault.EXAMPLE", "vault.example"},
                                                                         {"Vault.Example:8443", "vault.example:8443"},
                                                                         {"vault.example:08443", "vault.example:8443"},
                                                                         {"vault.example:80", "vault.example:80"},
                                                                         {"vault.example:65535", "vault.example:65535"},
                                                                         {"127.0.0.1", "127.0.0.1"},
                                                                         {"127.0.0.1:443", "127.0.0.1"},
                                                                         {"127.0.0.1:1", "127.0.0.1:1"},
                                                                         {"[::1]", "[::1]"},
                                                                         {"[::1]:443", "[::1]"},
                                                                         {"[::1]:8443", "[::1]:8443"},
                                                                         {"[2001:DB8::A]:8443", "[2001:db8::a]:8443"},
                                                                         {"[2001:db8:0:0:0:0:0:a]", "[2001:db8::a]"},
                                                                         {"localhost", "localhost"},
                                                                         {"1.vault-2.example", "1.vault-2.example"}};
  for (const auto& [text, normal] : forms) {
    const auto found = normal_authority(text);
    ASSERT_TRUE(found) << text << ": " << found.error().message;
    EXPECT_EQ(*found, normal) << text;
    EXPECT_EQ(*normal_authority(*found), normal) << text;
    EXPECT_TRUE(is_authority(text, normal)) << text;
  }
  EXPECT_FALSE(is_authority("vault.example:8443", "vault.example"));
  EXPECT_FALSE(is_authority("other.example", "vault.example"));
  EXPECT_FALSE(is_authority("", "vault.example"));
}

TEST(NormalAuthority, LeavesOutThePortOfItsSchemeAndNoOther) {
  EXPECT_EQ(*normal_authority("vault.example:80", kHttpPort), "vault.example");
  EXPECT_EQ(*normal_authority("vault.example:443", kHttpPort), "vault.example:443");
  HttpMessage message;
  message.method = "GET";
  message.authority = "Vault.Example:0443";
  EXPECT_EQ(*component_value({std::string("@authority"), {}}, message), "vault.example");
  message.scheme = "http";
  EXPECT_EQ(*component_value({std::string("@authority"), {}}, message), "vault.example:443");
}

TEST(NormalAuthority, OfWhatIsNoHostAndPortThereIsNone) {
  using std::string_view_literals::operator""sv;
  const std::string label(kMaxLabelBytes, 'a');
  std::string longest = label + "." + label + "." + label + "." + label;
  longest.resize(kMaxHostBytes);
  EXPECT_TRUE(normal_authority(longest));
  EXPECT_EQ(normal_authority(longest + "a").code(), Errc::malformed);
  EXPECT_EQ(normal_authority(label + "a.example").code(), Errc::malformed);
  for (const std::string_view text : {""sv,
                                      ":443"sv,
                                      "vault.example:0"sv,
                                      "vault.example:65536"sv,
                                      "vault.example:70000"sv,
                                      "vault.example:131071"sv,
                                      "vault.example:+443"sv,
                                      "vault.example:-1"sv,
                                      "vault.example:8443x"sv,
                                      "vault.example: 443"sv,
                                      "vault.example:99999999999999999999"sv,
                                      "a:b:c"sv,
                                      "::1"sv,
                                      "::1:8443"sv,
                                      "[::1"sv,
                                      "[]"sv,
                                      "["sv,
                                      "[::1]8443"sv,
                                      "[127.0.0.1]"sv,
                                      "[fe80::1%25eth0]"sv,
                                      "[v1.x]"sv,
                                      "[::1\0]"sv,
                                      "[[::1]]"sv,
                                      "vault_1.example"sv,
                                      "vault.example."sv,
                                      ".vault.example"sv,
                                      "vault..example"sv,
                                      "-vault.example"sv,
                                      "vault-.example"sv,
                                      "va%75lt.example"sv,
                                      "user@vault.example"sv,
                                      "vault.example/"sv,
                                      "vault example"sv,
                                      "vault.example\n"sv,
                                      "v\xC3\xA4ult.example"sv,
                                      "256.0.0.1"sv,
                                      "127.1"sv,
                                      "127.0.0.01"sv,
                                      "1.2.3.4.5"sv,
                                      "2130706433"sv,
                                      "0x7f.0.0.1"sv,
                                      "0x7f000001"sv,
                                      "vault.0x1"sv})
    EXPECT_EQ(normal_authority(text).code(), Errc::malformed) << text;
}

TEST(VaultUrl, IsHttpsAHostAndPerhapsAPort) {
  const std::vector<std::pair<std::string_view, std::string_view>> urls{
      {"https://vault.example", "https://vault.example"},
      {"https://vault.example/", "https://vault.example"},
      {"https://vault.example:443", "https://vault.example"},
      {"https://vault.example:443/", "https://vault.example"},
      {"HTTPS://Vault.Example:8443", "https://vault.example:8443"},
      {"https://[::1]", "https://[::1]"},
      {"https://[::1]:8443", "https://[::1]:8443"},
      {"https://127.0.0.1:8443", "https://127.0.0.1:8443"}};
  for (const auto& [text, normal] : urls) {
    const auto url = parse_vault_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->url(), normal) << text;
    EXPECT_EQ(*parse_vault_url(normal), *url) << text;
  }
  EXPECT_EQ(parse_vault_url("https://[::1]:8443")->host, "::1");  // as a certificate names it
  EXPECT_EQ(parse_vault_url("https://vault.example")->port, 443);
}

TEST(VaultUrl, AnythingElseIsRefusedWithWhatIsWrong) {
  const std::vector<std::pair<std::string_view, std::string_view>> wrong{
      {"", "does not begin with https://"},
      {"vault.example:8443", "does not begin with https://"},
      {"http://vault.example", "does not begin with https://"},
      {" https://vault.example", "does not begin with https://"},
      {"https://", "no host"},
      {"https:///", "no host"},
      {"https://:8443", "no host"},
      {"https://vault.example/v1", "a path, a query or a fragment"},
      {"https://vault.example//", "a path, a query or a fragment"},
      {"https://vault.example?x", "a path, a query or a fragment"},
      {"https://vault.example#x", "a path, a query or a fragment"},
      {"https://vault.example\\x", "a path, a query or a fragment"},
      {"https://a@vault.example", "names a user"},
      {"https://a:b@vault.example", "names a user"},
      {"https://va%20ult.example", "a percent sign"},
      {"https://[fe80::1%25eth0]", "a percent sign"},
      {"https://vault.example:", "no port after its colon"},
      {"https://vault.example:0", "a number from 1 to 65535"},
      {"https://vault.example:65536", "a number from 1 to 65535"},
      {"https://vault.example:443443", "a number from 1 to 65535"},
      {"https://vault.example.", "begins or ends with a dot"},
      {"https://-vault", "a hyphen"},
      {"https://::1", "no host"},
      {"https://[::1", "not an IPv6 address"}};
  for (const auto& [text, why] : wrong) {
    const auto url = parse_vault_url(text);
    ASSERT_EQ(url.code(), Errc::invalid_argument) << text;
    EXPECT_TRUE(url.error().message.contains(why)) << text << ": " << url.error().message;
  }
}

}  // namespace
}  // namespace strongroom::access::wire
