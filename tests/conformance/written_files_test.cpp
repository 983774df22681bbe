// Tests that every kind of age file that Strongroom writes for a person opens with Debian's age and with npm's
// age-encryption: identity.age, the wrap of a safe's secret, and a secured copy (the record's header rewritten, its
// payload as it was).
#include <gtest/gtest.h>

#include "cli/client/copies.h"
#include "cli/client/proof/safe_secrets.h"
#include "tests/conformance/process.h"
#include "tests/conformance/vectors.h"
#include "tests/support/temporary_directory.h"
#include "vault/age/file.h"
#include "vault/age/header.h"

namespace cli::client {
namespace {

namespace age = vault::age;
namespace test = vault::test;

const std::string kPassphrase = "correct horse battery staple";
constexpr unsigned kQuickLogN = 10;

class WrittenFiles : public testing::TestWithParam<bool> {  // true: npm's age-encryption
 protected:
  void SetUp() override {
    if (GetParam() && !std::filesystem::exists(test::npm_directory() / ".installed"))
      GTEST_SKIP() << "npm could not install age-encryption into " << test::npm_directory();
    if (!GetParam() && !test::is_installed("age")) GTEST_SKIP() << "age is not installed";
  }
  std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }

  // Returns the plaintext of `file`; with an empty identity, opens it with the passphrase.
  std::string opened(const std::filesystem::path& file, const std::string& identity) const {
    const auto out = path("out");
    std::filesystem::remove(out);
    test::Finished done;
    if (GetParam()) {
      const std::string key = identity.empty() ? "passphrase:" + kPassphrase : identity;
      done = test::run(
          {"node", (test::npm_directory() / "typage.mjs").string(), "decrypt", key, file.string(), out.string()});
    } else if (identity.empty()) {
      done = test::run_on_terminal({"age", "-d", "-o", out.string(), file.string()}, {kPassphrase});
    } else {
      test::write_file(path("key").string(), vault::as_bytes(identity + "\n"));
      done = test::run({"age", "-d", "-i", path("key").string(), "-o", out.string(), file.string()});
    }
    EXPECT_EQ(done.exit_code, 0) << done.output;
    return std::filesystem::exists(out) ? vault::to_text(test::read_file(out.string())) : std::string();
  }

  test::TemporaryDirectory directory_;
};

TEST_P(WrittenFiles, TheIdentityFileOpensByItsPassphrase) {
  const Keys keys = Keys::generate();
  ASSERT_TRUE(Home::create(path("home"), keys, vault::SecretText(kPassphrase), kQuickLogN));
  const std::string text = opened(path("home") / "identity.age", "");
  EXPECT_NE(text.find(keys.identity.to_text().expose()), std::string::npos);
}

TEST_P(WrittenFiles, AWrapOpensForItsKeyholder) {
  const age::Identity safe = age::Identity::generate(), keyholder = age::Identity::generate();
  const auto shares = split_secret(safe.secret());
  const auto wrap = make_wrap(access::SafeId::generate(1), 0, safe, shares, keyholder.recipient());
  ASSERT_TRUE(wrap) << wrap.error().message;
  test::write_file(path("wrap.age").string(), *wrap);
  const std::string text = opened(path("wrap.age"), std::string(keyholder.to_text().expose()));
  EXPECT_NE(text.find(safe.to_text().expose()), std::string::npos);
}

TEST_P(WrittenFiles, ASecuredCopyOpensForItsHolder) {
  const age::Identity safe = age::Identity::generate(), holder = age::Identity::generate();
  const std::string content(200'000, 'x');
  const auto record = age::encrypt_small(vault::as_bytes(content), std::span(&safe.recipient(), 1));
  ASSERT_TRUE(record);
  const auto header = age::parse_header(*record);
  ASSERT_TRUE(header);
  auto copy = rewrite_header(header->bytes, safe, holder.recipient());
  ASSERT_TRUE(copy) << copy.error().message;
  vault::append(*copy, vault::ByteView(*record).subspan(header->bytes.size()));
  test::write_file(path("0001.age").string(), *copy);
  EXPECT_EQ(opened(path("0001.age"), std::string(holder.to_text().expose())), content);
}

INSTANTIATE_TEST_SUITE_P(Peers, WrittenFiles, testing::Bool(),
                         [](const auto& peer) { return peer.param ? std::string("Npm") : std::string("Debian"); });

}  // namespace
}  // namespace cli::client
