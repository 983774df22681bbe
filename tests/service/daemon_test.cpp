#include "service/daemon.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "tests/net/server_fixture.h"
#include "tests/support/temporary_directory.h"

namespace service {
namespace {

using vault::Errc;
namespace fs = std::filesystem;

constexpr vault::Instant kNow{1'795'000'000'000};
constexpr vault::crypto::Argon2Cost kQuick{.passes = 1, .memory_bytes = 1U << 20};

class VaultDirectory : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(vault::start_secure_memory()); }
  vault::keyring::Opener seal() const { return vault::SecretText("a passphrase for tests"); }
  NewVault wanted() const {
    return {.directory = top_.path() / "vault",
            .origin = "vault.example/fictional",
            .url = "https://localhost:8443",
            .tls = std::nullopt,
            .cost = kQuick};
  }
  void make() {
    const auto made = make_vault(wanted(), seal(), kNow);
    ASSERT_TRUE(made) << made.error().message;
  }
  fs::path directory() const { return wanted().directory; }
  void write(const fs::path& file, std::string_view text) { std::ofstream(directory() / file) << text; }

  vault::test::TemporaryDirectory top_;
};

TEST_F(VaultDirectory, OnceMadeOpensWithWhatItsInvitationsPin) {
  const auto made = make_vault(wanted(), seal(), kNow);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->invitations.size(), 4U);
  const auto opened = open_vault(directory(), seal());
  ASSERT_TRUE(opened) << opened.error().message;
  for (const auto& invitation : made->invitations) {
    EXPECT_EQ(invitation.tls_pin, *tls_pin(opened->tls.certificate));
    EXPECT_EQ(invitation.url, "https://localhost:8443");
  }
}

TEST_F(VaultDirectory, IsItsOwnersAlone) {
  make();
  for (const auto& entry : fs::recursive_directory_iterator(directory()))
    EXPECT_EQ(entry.status().permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none)
        << entry.path();
  EXPECT_EQ(fs::status(directory()).permissions(), fs::perms::owner_all);
}

TEST_F(VaultDirectory, HoldsTheTlsKeySealed) {
  make();
  for (const auto& entry : fs::recursive_directory_iterator(directory())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find("PRIVATE KEY"), std::string::npos) << entry.path();
  }
}

TEST_F(VaultDirectory, TakesACertificateOfTheOperators) {
  NewVault with_tls = wanted();
  with_tls.tls = *make_tls_identity("localhost", kNow);
  const vault::Digest pin = *tls_pin(with_tls.tls->certificate);
  const auto made = make_vault(with_tls, seal(), kNow);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->config.tls_pin, pin);
}

TEST_F(VaultDirectory, IsNotMadeWhereAnythingIs) {
  fs::create_directory(directory());
  write("notes.txt", "keep me");
  EXPECT_EQ(make_vault(wanted(), seal(), kNow).error().code, Errc::conflict);
  EXPECT_TRUE(fs::exists(directory() / "notes.txt"));
}

TEST_F(VaultDirectory, ThatCouldNotBeMadeLeavesNothing) {
  NewVault wrong = wanted();
  wrong.origin = "an origin with spaces";
  EXPECT_EQ(make_vault(wrong, seal(), kNow).error().code, Errc::invalid_argument);
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(VaultDirectory, WithAnotherCertificateIsNotServed) {
  make();
  write("tls/certificate.pem", make_tls_identity("localhost", kNow)->certificate);
  EXPECT_EQ(open_vault(directory(), seal()).error().code, Errc::tampered);
}

TEST_F(VaultDirectory, WithDamagedFilesIsDamagedAndNotTheCallersMistake) {
  for (const char* file : {"config.json", "keyring.json", "tls/certificate.pem", "tls/key.sealed"}) {
    const vault::test::TemporaryDirectory other;
    NewVault here = wanted();
    here.directory = other.path() / "vault";
    ASSERT_TRUE(make_vault(here, seal(), kNow));
    fs::resize_file(here.directory / file, fs::file_size(here.directory / file) / 2);
    EXPECT_EQ(open_vault(here.directory, seal()).error().code, Errc::tampered) << file;
    fs::remove(here.directory / file);
    EXPECT_EQ(open_vault(here.directory, seal()).error().code, Errc::tampered) << file;
  }
}

TEST_F(VaultDirectory, DoesNotOpenWithAnotherSeal) {
  make();
  EXPECT_EQ(open_vault(directory(), vault::SecretText("another passphrase")).error().code, Errc::wrong_key);
}

TEST_F(VaultDirectory, OfANewerFormatIsLeftAlone) {
  make();
  write("format", "2\n");
  EXPECT_EQ(open_vault(directory(), seal()).error().code, Errc::unknown_version);
}

TEST_F(VaultDirectory, ThatOthersMayEnterIsRefused) {
  make();
  for (const char* folder : {"", "db", "payload", "tls"}) {
    for (const fs::perms bit : {fs::perms::group_read, fs::perms::group_exec, fs::perms::others_exec}) {
      fs::permissions(directory() / folder, bit, fs::perm_options::add);
      const auto opened = open_vault(directory(), seal());
      EXPECT_EQ(opened.error().code, Errc::invalid_argument) << folder;
      EXPECT_NE(opened.error().message.find("chmod -R go="), std::string::npos);
      fs::permissions(directory() / folder, bit, fs::perm_options::remove);
    }
  }
  EXPECT_TRUE(open_vault(directory(), seal()));
}

TEST_F(VaultDirectory, TakesANewTlsKeyThatTheLogKeyHasSigned) {
  make();
  const auto pin_now = [&] { return *tls_pin(open_vault(directory(), seal())->tls.certificate); };
  const vault::Digest first = pin_now();
  const auto renewed = renew_tls(directory(), seal(), std::nullopt, kNow);
  ASSERT_TRUE(renewed) << renewed.error().message;
  EXPECT_NE(*renewed, first);
  EXPECT_EQ(pin_now(), *renewed);
  const auto own = make_tls_identity("vault.example", kNow);
  const auto again = make_tls_identity("vault.example", kNow);
  ASSERT_TRUE(own && again);
  const auto copy = [](const TlsIdentity& from) { return TlsIdentity{from.certificate, from.key.clone()}; };
  ASSERT_TRUE(renew_tls(directory(), seal(), copy(*own), kNow));
  EXPECT_EQ(pin_now(), *tls_pin(own->certificate));
  ASSERT_TRUE(renew_tls(directory(), seal(), copy(*own), kNow));  // the same key needs no statement
  {
    const auto opened = open_vault(directory(), seal());
    EXPECT_EQ(opened->successions.statements.size(), 2U);
    const access::Config& config = opened->store->config();
    EXPECT_EQ(config.tls_pin, first) << "what invitations pinned stays where it was";
    const auto key = audit::parse_note_key(config.log_key);
    EXPECT_EQ(*access::wire::follow_tls_successions(opened->successions, first, config.origin, key->key),
              *tls_pin(own->certificate));
  }
  EXPECT_EQ(renew_tls(directory(), seal(), TlsIdentity{own->certificate, again->key.clone()}, kNow).code(),
            Errc::invalid_argument);
  EXPECT_EQ(pin_now(), *tls_pin(own->certificate));
  fs::remove(directory() / "tls" / "successions.json");
  EXPECT_EQ(open_vault(directory(), seal()).error().code, Errc::tampered);
}

TEST_F(VaultDirectory, ThatIsNotThereIsNotFound) {
  EXPECT_EQ(open_vault(directory(), seal()).error().code, Errc::not_found);
}

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8443")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("127.0.0.1:8443")->port, 8443);
  EXPECT_EQ(parse_listen_address("[::1]:0")->address, "::1");
  for (const std::string_view text :
       {"", "8443", ":8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:8443", "127.0.0.1:84x", "[]:1"})
    EXPECT_EQ(parse_listen_address(text).error().code, Errc::invalid_argument) << text;
}

class ServedVault : public VaultDirectory {
 protected:
  std::unique_ptr<Daemon> serve() {
    make();
    auto opened = open_vault(directory(), seal());
    EXPECT_TRUE(opened) << opened.error().message;
    DaemonOptions options;
    options.listen.address = "127.0.0.1";
    options.log = Log::To::nowhere;
    options.fatal = [](const vault::Error&) {};
    auto daemon = Daemon::start(std::move(*opened), std::move(options));
    EXPECT_TRUE(daemon) << daemon.error().message;
    return std::move(*daemon);
  }
};

TEST_F(ServedVault, IsReadyOnceItIsStartedAndGoneOnceItIsStopped) {
  const auto daemon = serve();
  EXPECT_EQ(net::test::Client(daemon->port()).ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").status, 200U);
  daemon->stop();
  EXPECT_FALSE(net::test::Client(daemon->port()).connected());
}

TEST_F(ServedVault, IsNobodyElsesMeanwhile) {
  const auto daemon = serve();
  EXPECT_EQ(open_vault(directory(), seal()).error().code, Errc::busy);
}

TEST_F(ServedVault, PresentsTheKeyThatIsPinned) {
  const auto daemon = serve();
  net::test::Client client(daemon->port());
  X509* certificate = SSL_get1_peer_certificate(client.native());
  ASSERT_NE(certificate, nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  EXPECT_EQ(vault::crypto::sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size)))),
            daemon->store().config().tls_pin);
  OPENSSL_free(der);
  X509_free(certificate);
}

TEST_F(ServedVault, CountsWithoutNamingAnything) {
  const auto daemon = serve();
  net::test::Client client(daemon->port());
  client.ask("GET /v1/safes/safe_secret HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ask("BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string text = net::test::Client(daemon->port()).ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body;
  EXPECT_NE(text.find("strongroom_requests_total{route=\"GET /v1/safes/{safe}\",status=\"401\"} 1\n"),
            std::string::npos);
  EXPECT_NE(text.find("strongroom_queued_commands 0\n"), std::string::npos);
  EXPECT_EQ(text.find("safe_secret"), std::string::npos);
  EXPECT_EQ(text.find("BREW"), std::string::npos);
  EXPECT_EQ(text.find("coffee"), std::string::npos);
}

}  // namespace
}  // namespace service
