// Proves that a service's TLS key was replaced by another (docs/formats.md, "TLS succession"). The log's key signs a
// note, so that a client that pinned the old key can accept the new one without trusting anybody's word for it. Clients
// can rely on the log's key because it is in every invitation and is never exchanged.
//
// The text has six lines: "strongroom/tls-succession/v1", the origin, "from" and "to" (a pin each, lower-case
// hexadecimal), the number in the vault's row of successions from 1, the time. Its first line is no origin of a ledger
// of ours, so neither it nor a checkpoint can be taken for the other.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "access/wire/describe_json.h"
#include "audit/note.h"
#include "vault/base/time.h"

namespace strongroom::access::wire {

inline constexpr std::string_view kTlsSuccessionHeader = "strongroom/tls-succession/v1";
inline constexpr std::size_t kMaxTlsSuccessions =
    1000;  // of one vault: enough for one renewal a month for eighty years
inline constexpr std::size_t kMaxTlsSuccessionsBytes = 1U << 20;

struct TlsSuccession {
  vault::Digest from{};  // SHA-256 of the SubjectPublicKeyInfo
  vault::Digest to{};
  std::uint64_t number = 1;
  vault::Instant time;
};

// Every statement, oldest first. The service keeps and serves them.
struct TlsSuccessions {
  std::vector<std::string> statements;  // signed notes
};
BOOST_DESCRIBE_STRUCT(TlsSuccessions, (), (statements))

std::string sign_tls_succession(const TlsSuccession& succession, std::string_view origin,
                                const vault::crypto::SigningKey& log_key);
// Verifies one statement. Errc::malformed; Errc::wrong_key if the log's key has not signed it; Errc::tampered if its
// signature does not verify, or if it is of another origin.
vault::Result<TlsSuccession> verify_tls_succession(std::string_view note, std::string_view origin,
                                                   const vault::crypto::VerifyKey& log_key);
// Returns the pin to which the statements lead from `pin`, or `pin` itself if no statement names it. Every statement is
// verified, and each must follow the one before it. Errors as for verify_tls_succession; also Errc::too_large.
vault::Result<vault::Digest> follow_tls_successions(const TlsSuccessions& successions, const vault::Digest& pin,
                                                    std::string_view origin, const vault::crypto::VerifyKey& log_key);

}  // namespace strongroom::access::wire
