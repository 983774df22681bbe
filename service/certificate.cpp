#include "service/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "vault/base/file.h"
#include "vault/crypto/hash.h"

namespace service {
namespace {

using vault::Errc;
using vault::Error;
using vault::Result;

constexpr long kSecondsPerDay = 86'400;
constexpr long kCertificateDays = kCertificateYears * 365L;
constexpr int kSerialBytes = 16;

template <auto free>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

// Also empties OpenSSL's error queue, because an error that stays in it would confuse the next reader.
Error failed(Errc code, std::string message) {
  ERR_clear_error();
  return Error{code, std::move(message)};
}

Bio read_only(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without this callback OpenSSL would ask for the passphrase of an encrypted PEM on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Result<Certificate> read_certificate(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Error{Errc::too_large, "the certificate file is too large"};
  Certificate certificate(PEM_read_bio_X509(read_only(pem).get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return failed(Errc::malformed, "the certificate is not a PEM text");
  return certificate;
}

Result<Key> read_key(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return Error{Errc::too_large, "the TLS key file is too large"};
  Key key(PEM_read_bio_PrivateKey(read_only(pem).get(), nullptr, no_passphrase, nullptr));
  if (!key) return failed(Errc::malformed, "the TLS key is not a PEM text, or it has a passphrase: give one without");
  return key;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_random_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> serial{};
  vault::fill_random(std::as_writable_bytes(std::span(serial)));
  serial[0] &= 0x7F;  // keeps the INTEGER positive
  serial[0] |= 0x40;  // keeps its length the same
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(BN_bin2bn(serial.data(), kSerialBytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool is_ip_address(std::string_view host) {
  const std::string text(host);
  const std::unique_ptr<ASN1_OCTET_STRING, Free<ASN1_OCTET_STRING_free>> address(a2i_IPADDRESS(text.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

}  // namespace

Result<TlsIdentity> read_tls_identity(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  TRY(const vault::Bytes certificate_pem, vault::read_file_limited(certificate, kMaxPemBytes));
  TRY(vault::Bytes key_pem, vault::read_file_limited(key, kMaxPemBytes));
  TlsIdentity identity{vault::to_text(certificate_pem), vault::SecretText(vault::as_text(key_pem))};
  vault::wipe(key_pem);
  return identity;
}

Result<TlsIdentity> make_tls_identity(std::string_view host, vault::Instant now) {
  const Error trouble{Errc::internal, "OpenSSL could not make the TLS certificate"};
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (!key || !certificate) return failed(trouble.code, trouble.message);

  const std::time_t begin = now.unix_ms / vault::kMillisecondsPerSecond;
  X509* x509 = certificate.get();
  const std::string name = (is_ip_address(host) ? "IP:" : "DNS:") + std::string(host);
  X509_NAME* subject = X509_get_subject_name(x509);
  const std::string_view common_name = "Strongroom";
  const bool made = X509_set_version(x509, X509_VERSION_3) == 1 && set_random_serial(x509) &&
                    ASN1_TIME_adj(X509_getm_notBefore(x509), begin, 0, -kSecondsPerDay) !=
                        nullptr &&  // some clients' clocks are behind
                    ASN1_TIME_adj(X509_getm_notAfter(x509), begin, static_cast<int>(kCertificateDays), 0) != nullptr &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                               reinterpret_cast<const unsigned char*>(common_name.data()),
                                               static_cast<int>(common_name.size()), -1, 0) == 1 &&
                    X509_set_issuer_name(x509, subject) == 1 && X509_set_pubkey(x509, key.get()) == 1 &&
                    add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(x509, NID_ext_key_usage, "serverAuth") &&
                    add_extension(x509, NID_subject_alt_name, name) && X509_sign(x509, key.get(), EVP_sha256()) > 0;
  if (!made) return failed(trouble.code, trouble.message);

  const Bio certificate_pem(BIO_new(BIO_s_mem()));
  const Bio key_pem(BIO_new(BIO_s_secmem()));
  if (!certificate_pem || !key_pem || PEM_write_bio_X509(certificate_pem.get(), x509) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed(trouble.code, trouble.message);
  const auto text_of = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string_view(data, static_cast<std::size_t>(size));
  };
  return TlsIdentity{std::string(text_of(certificate_pem.get())), vault::SecretText(text_of(key_pem.get()))};
}

Result<vault::Digest> tls_pin(std::string_view certificate) {
  TRY(const Certificate parsed, read_certificate(certificate));
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(parsed.get()), &der);
  if (size <= 0) return failed(Errc::malformed, "the certificate has no public key");
  const vault::Digest pin = vault::crypto::sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  return pin;
}

Result<void> check_tls_identity(const TlsIdentity& identity) {
  TRY(const Certificate certificate, read_certificate(identity.certificate));
  TRY(const Key key, read_key(identity.key.expose()));
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return failed(Errc::invalid_argument, "the TLS key does not belong to the certificate");
  return {};
}

}  // namespace service
