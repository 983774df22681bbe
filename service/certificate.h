// The service's TLS key and certificate. `init` makes them, or the operator gives them. From then on clients pin the
// public key, so they need no certificate authority and notice if the key was exchanged.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "vault/base/bytes.h"
#include "vault/base/secret.h"
#include "vault/base/time.h"

namespace service {

inline constexpr int kCertificateYears = 10;
inline constexpr std::size_t kMaxPemBytes = 64U << 10;

struct TlsIdentity {
  std::string certificate;  // PEM; the rest of its chain may follow
  vault::SecretText key;    // PEM, not encrypted
};
// Reads two PEM files without looking at their content. Errc::not_found, Errc::too_large.
vault::Result<TlsIdentity> read_tls_identity(const std::filesystem::path& certificate,
                                             const std::filesystem::path& key);
// Makes an ECDSA P-256 key and a self-signed certificate, with `host` as its only subject alternative name, which is
// valid from `now` for kCertificateYears.
vault::Result<TlsIdentity> make_tls_identity(std::string_view host, vault::Instant now);
// The SHA-256 of the first certificate's SubjectPublicKeyInfo. Errc::malformed if there is no certificate.
vault::Result<vault::Digest> tls_pin(std::string_view certificate);
// Errc::malformed if one of them cannot be read, Errc::invalid_argument if the key does not belong to the certificate.
vault::Result<void> check_tls_identity(const TlsIdentity& identity);

}  // namespace service
