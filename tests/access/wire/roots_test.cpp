// Tests the text that the roots sign, and the fingerprints that are taken from it.
#include "access/wire/roots.h"

#include <gtest/gtest.h>

#include "vault/base/bytes.h"

namespace strongroom::access::wire {
namespace {

RootKeys root_of(const char* digit) {
  RootKeys root;
  root.agency = *AgencyId::parse("agency_0000000000000000000000000" + std::string(digit));
  root.person = *PersonId::parse("person_0000000000000000000000000" + std::string(digit));
  root.signing_key.bytes.fill(std::byte{0x11});
  root.recipient = *vault::age::Recipient::parse("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p");
  return root;
}

TEST(RootsStatement, HasOneExactText) {
  const audit::NoteKey log{.name = "vault.example/fictional", .key = root_of("1").signing_key};
  const std::vector<RootKeys> roots = {root_of("1"), root_of("2"), root_of("3")};
  const std::string line =
      " ERERERERERERERERERERERERERERERERERERERERERE age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n";
  std::string expected = "strongroom/roots/v1\nvault.example/fictional\n" + audit::format_note_key(log) + "\n";
  for (const char* digit : {"1", "2", "3"})
    expected += "agency_0000000000000000000000000" + std::string(digit) + " person_0000000000000000000000000" +
                std::string(digit) + line;
  EXPECT_EQ(roots_statement(log, roots), expected);
}

TEST(RootsStatement, AFingerprintIsTheBeginningOfTheDigestOfOneLine) {
  const RootKeys root = root_of("2");
  const std::string digest = vault::hex(vault::crypto::sha256(vault::as_bytes(root_line(root))));
  EXPECT_EQ(root_fingerprint(root), digest.substr(0, 40));
  EXPECT_NE(root_fingerprint(root_of("1")), root_fingerprint(root));
}

}  // namespace
}  // namespace strongroom::access::wire
