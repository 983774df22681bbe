// The service's TLS key and certificate: made at `init` or taken from the operator, pinned by its public
// key ever after, so that a client needs no certificate authority and notices an exchanged key.
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
  std::string certificate;  // PEM; a chain may follow the first certificate
  vault::SecretText key;    // PEM, not encrypted
};
// Two PEM files. Errc::not_found, Errc::too_large; what is in them is not looked at.
vault::Result<TlsIdentity> read_tls_identity(const std::filesystem::path& certificate,
                                             const std::filesystem::path& key);
// ECDSA P-256, self-signed, for `host` as its only subject alternative name, valid from `now` for kCertificateYears.
vault::Result<TlsIdentity> make_tls_identity(std::string_view host, vault::Instant now);
// SHA-256 of the first certificate's SubjectPublicKeyInfo. Errc::malformed.
vault::Result<vault::Digest> tls_pin(std::string_view certificate);
// Errc::malformed, or Errc::invalid_argument when the key is not the first certificate's.
vault::Result<void> check_tls_identity(const TlsIdentity& identity);

}  // namespace service
