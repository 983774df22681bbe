#include "service/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace service {
namespace {

using vault::Errc;

constexpr vault::Instant kNow{1'795'000'000'000};

struct CloseCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
std::unique_ptr<X509, CloseCertificate> parse(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return std::unique_ptr<X509, CloseCertificate>(certificate);
}

TEST(TlsIdentity, IsForItsHostAloneAndMatchesItsKey) {
  const auto identity = make_tls_identity("vault.example", kNow);
  ASSERT_TRUE(identity);
  EXPECT_TRUE(check_tls_identity(*identity));
  const auto certificate = parse(identity->certificate);
  EXPECT_EQ(X509_check_host(certificate.get(), "vault.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.example", 0, 0, nullptr), 0);
}

TEST(TlsIdentity, OfAnAddressIsForThatAddress) {
  const auto identity = make_tls_identity("127.0.0.1", kNow);
  ASSERT_TRUE(identity);
  EXPECT_EQ(X509_check_ip_asc(parse(identity->certificate).get(), "127.0.0.1", 0), 1);
}

TEST(TlsIdentity, LastsTenYearsAndIsSelfSigned) {
  const auto identity = make_tls_identity("vault.example", kNow);
  ASSERT_TRUE(identity);
  const auto certificate = parse(identity->certificate);
  std::time_t inside = kNow.unix_ms / 1000 + 3649LL * 86'400;
  EXPECT_EQ(X509_cmp_time(X509_get0_notAfter(certificate.get()), &inside), 1);
  std::time_t outside = kNow.unix_ms / 1000 + 3651LL * 86'400;
  EXPECT_EQ(X509_cmp_time(X509_get0_notAfter(certificate.get()), &outside), -1);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
}

TEST(TlsIdentity, WithAnotherCertificatesKeyIsRefused) {
  auto one = make_tls_identity("vault.example", kNow);
  auto other = make_tls_identity("vault.example", kNow);
  ASSERT_TRUE(one && other);
  EXPECT_NE(*tls_pin(one->certificate), *tls_pin(other->certificate));
  one->key = std::move(other->key);
  EXPECT_EQ(check_tls_identity(*one).error().code, Errc::invalid_argument);
}

// Made with `openssl ecparam -genkey`, `openssl req -x509` and
// `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256`.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUTJrtE7GeHMvRHi14WY4iPM2INq0wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZml4dHVyZTAeFw0yNjExMjIyMzQ2NTZaFw0zNjExMTkyMzQ2
NTZaMBIxEDAOBgNVBAMMB2ZpeHR1cmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATaxcDfm9DOL6xnvmXJRZibBJjCuo3g1Lf1Y1Ub0pat3UNMhwLyo8iiw5mDcXm1
k1h14WfgQmBOubn/iyXmD8Ero1MwUTAdBgNVHQ4EFgQUvLt5Ws6Zy44o6rCOOwVZ
ZElo+IAwHwYDVR0jBBgwFoAUvLt5Ws6Zy44o6rCOOwVZZElo+IAwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA9wRbTvFh7elUzEKUaNtqab3u3iXv
7u3tS8ytB+2C1FICICpeBX0NbExkghTl0LIJckXT+tXVpIExBvq7o3o3ZALU
-----END CERTIFICATE-----
)";
TEST(TlsPin, IsTheSha256OfTheSubjectPublicKeyInfo) {
  const auto pin = tls_pin(kCertificate);
  ASSERT_TRUE(pin);
  EXPECT_EQ(vault::hex(*pin), "5afd299e3caeb97bbb0b8c67a3b815e13dcc81b47cf5d36e736c2ef3123f780f");
}

TEST(TlsPin, OfWhatIsNoCertificateIsMalformed) {
  EXPECT_EQ(tls_pin("").error().code, Errc::malformed);
  EXPECT_EQ(tls_pin("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error().code, Errc::malformed);
  EXPECT_EQ(tls_pin(std::string(kMaxPemBytes + 1, 'x')).error().code, Errc::too_large);
}

}  // namespace
}  // namespace service
