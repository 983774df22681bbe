// Checkpoints (https://c2sp.org/tlog-checkpoint): a signed statement of the ledger's size and root. The log's key is a
// note key of type ed25519 whose name is the origin.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "audit/note.h"
#include "audit/tree.h"

namespace audit {

inline constexpr std::size_t kMaxOriginBytes = 255;

struct Checkpoint {
  std::string origin;
  TreeSize size;
  Digest root{};
  std::vector<std::string> extensions;  // opaque lines; ours have none
  bool operator==(const Checkpoint&) const = default;
};
// The note's text. Errc::malformed. format_checkpoint gives the same bytes again.
Result<Checkpoint> parse_checkpoint(std::string_view text);
std::string format_checkpoint(const Checkpoint& checkpoint);

// A checkpoint and the note that it was read from or signed into.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;
};
// A log's origin is also its key's name. Errc::invalid_argument for an origin that is no key name.
Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint, const vault::crypto::SigningKey& log_key);
// Errc::wrong_key when `log_key` has not signed it, Errc::tampered when it is of another origin or claims a root for
// the empty tree that is not the empty root. Cosignatures are left to verify_note.
Result<SignedCheckpoint> verify_checkpoint(std::string_view note, std::string_view origin,
                                           const vault::crypto::VerifyKey& log_key);

}  // namespace audit
