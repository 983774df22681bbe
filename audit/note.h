// Signed notes (https://c2sp.org/signed-note): a text and lines that sign it. The keys known here are Ed25519 (type 1)
// and Ed25519 cosignatures (type 4, https://c2sp.org/tlog-cosignature); lines of other keys are kept and ignored.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vault/base/bytes.h"
#include "vault/crypto/keys.h"

namespace audit {

using vault::Bytes;
using vault::ByteView;
using vault::Digest;
using vault::Errc;
using vault::Error;
using vault::Result;

inline constexpr std::size_t kMaxNoteBytes = 1'000'000;
inline constexpr std::size_t kMaxNoteSignatures = 100;
inline constexpr std::size_t kMaxKeyNameBytes = 255;

enum class NoteKeyType : std::uint8_t {
  ed25519 = 1,      // signs the text
  cosignature = 4,  // signs "cosignature/v1", a time and the text
};

// A key that verifies lines of notes. Its id depends on name, type and key, so none of them can be exchanged.
struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::ed25519;
  vault::crypto::VerifyKey key;
  std::uint32_t id() const;
  bool operator==(const NoteKey&) const = default;
};
// Not empty, at most kMaxKeyNameBytes of UTF-8 without white space, control characters or "+".
bool is_key_name(std::string_view name);
// "name+id+key", as people pin it. Errc::malformed, also when the id is not that of the rest; Errc::unsupported for a
// type that is not one of ours.
Result<NoteKey> parse_note_key(std::string_view text);
std::string format_note_key(const NoteKey& key);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // what follows the key id; at least one byte
  bool operator==(const NoteSignature&) const = default;
};
struct Note {
  std::string text;  // ends in a line feed
  std::vector<NoteSignature> signatures;
};
// Errc::malformed, Errc::too_large. Nothing is verified. format_note gives the same bytes again.
Result<Note> parse_note(std::string_view bytes);
std::string format_note(const Note& note);

struct VerifiedSignature {
  NoteKey key;
  std::optional<std::uint64_t> unix_seconds;  // of a cosignature: when it was made
};
// The signatures of `keys`, each key once, in the note's order. A line of one of them that does not verify condemns the
// note: Errc::tampered. No line of any of them: Errc::wrong_key.
Result<std::vector<VerifiedSignature>> verify_note(const Note& note, std::span<const NoteKey> keys);

// A line for `text`, which ends in a line feed. `name` is_key_name; anything else breaks an invariant.
NoteSignature sign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key);
// The statement that at this time (at most 2^63-1) the text's tree was the largest consistent tree that the cosigner
// had seen for its origin.
NoteSignature cosign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key,
                          std::uint64_t unix_seconds);

}  // namespace audit
