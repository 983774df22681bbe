// The envelope of an entry is the part that every enrolled person may read, and is the leaf of the Merkle tree. It is
// stored exactly as it was made. It binds the body by its digest; the body is opaque here.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "audit/tree.h"
#include "vault/base/time.h"

namespace audit {

inline constexpr std::uint64_t kEnvelopeVersion = 1;
inline constexpr std::size_t kMaxEnvelopeBytes = 512;
inline constexpr std::size_t kMaxBodyBytes = 2U << 20;
// Sequence numbers are limited so that every JSON reader can represent them, even one that reads numbers as doubles.
inline constexpr std::uint64_t kMaxSeq = (1ULL << 53) - 1;

// Names a chain: how many chains began before it.
struct ChainNumber {
  std::uint64_t value = 0;
  auto operator<=>(const ChainNumber&) const = default;
};

struct Envelope {
  LeafIndex seq;
  vault::Instant time;
  ChainNumber chain;
  std::uint64_t n = 0;         // the entry's number in its chain, from 0
  std::optional<Digest> prev;  // the leaf hash of the chain's entry n - 1; absent exactly when n is 0
  Digest heads{};              // commits to the last entry of every chain, this entry included (heads.h)
  Digest body{};               // SHA-256 of the body's bytes
  bool operator==(const Envelope&) const = default;
};

// Writes {"v":1,"seq":…,"time":"…","chain":…,"n":…,"prev":"…","heads":"…","body":"…"}, in this order and without white
// space. If n is 0 there is no `prev`.
Bytes encode_envelope(const Envelope& envelope);
// Accepts only what encode_envelope writes. Errc::malformed, Errc::too_large, Errc::unknown_version.
Result<Envelope> decode_envelope(ByteView bytes);

// Returns Errc::tampered unless the body is the one that the envelope binds.
Result<void> verify_body(const Envelope& envelope, ByteView body);

}  // namespace audit
