// How a service's TLS key is followed by another (docs/formats.md, "TLS succession"): a note that the log's key signs,
// so that whoever pinned the old key can accept the new one without anybody's word for it. The log's key is the anchor:
// it is in every invitation, and never exchanged.
//
// The text has six lines: "strongroom/tls-succession/v1", the origin, "from" and "to" (a pin each, lower-case
// hexadecimal), the number in the vault's row of successions from 1, the time. Its first line is no origin of a ledger
// of ours, so it cannot be taken for a checkpoint, nor a checkpoint for it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "access/wire/describe_json.h"
#include "audit/note.h"
#include "vault/base/time.h"

namespace strongroom::access::wire {

inline constexpr std::string_view kTlsSuccessionHeader = "strongroom/tls-succession/v1";
inline constexpr std::size_t kMaxTlsSuccessions = 1000;  // of one vault: a renewal a month for eighty years
inline constexpr std::size_t kMaxTlsSuccessionsBytes = 1U << 20;

struct TlsSuccession {
  vault::Digest from{};  // SHA-256 of the SubjectPublicKeyInfo
  vault::Digest to{};
  std::uint64_t number = 1;
  vault::Instant time;
};

// What the service serves and keeps: every statement, oldest first.
struct TlsSuccessions {
  std::vector<std::string> statements;  // signed notes
};
BOOST_DESCRIBE_STRUCT(TlsSuccessions, (), (statements))

std::string sign_tls_succession(const TlsSuccession& succession, std::string_view origin,
                                const vault::crypto::SigningKey& log_key);
// Errc::malformed; Errc::wrong_key when the log's key has not signed it; Errc::tampered when its signature does not
// verify, or it is of another origin.
vault::Result<TlsSuccession> verify_tls_succession(std::string_view note, std::string_view origin,
                                                   const vault::crypto::VerifyKey& log_key);
// The pin that the statements lead to from `pin`: `pin` itself when none speaks of it. Every statement is verified, and
// each has to follow the one before. Errors as above; Errc::too_large.
vault::Result<vault::Digest> follow_tls_successions(const TlsSuccessions& successions, const vault::Digest& pin,
                                                    std::string_view origin, const vault::crypto::VerifyKey& log_key);

}  // namespace strongroom::access::wire
