// A checkpoint is a signed statement of the ledger's size and root (https://c2sp.org/tlog-checkpoint). The log's key is
// a note key of type ed25519, and its name is the origin.
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
  std::vector<std::string> extensions;  // opaque lines; our own checkpoints have none
  bool operator==(const Checkpoint&) const = default;
};
// Reads a note's text. Errc::malformed. format_checkpoint writes the same bytes again.
Result<Checkpoint> parse_checkpoint(std::string_view text);
std::string format_checkpoint(const Checkpoint& checkpoint);

// A checkpoint, and the note from which it was read or into which it was signed.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;
};
// Errc::invalid_argument if the origin cannot be a key's name, which it is too.
Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint, const vault::crypto::SigningKey& log_key);
// Errc::wrong_key if `log_key` has not signed it; Errc::tampered if it has another origin, or size 0 and another root
// than the empty tree. Cosignatures are not checked here: call verify_note for them.
Result<SignedCheckpoint> verify_checkpoint(std::string_view note, std::string_view origin,
                                           const vault::crypto::VerifyKey& log_key);

}  // namespace audit
