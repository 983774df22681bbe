// A signed note is a text, followed by lines that sign it (https://c2sp.org/signed-note). This code verifies Ed25519
// signatures (type 1) and Ed25519 cosignatures (type 4, https://c2sp.org/tlog-cosignature). It keeps and ignores the
// lines of other keys.
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

// A key that verifies lines of notes. Its id is a hash of name, type and key, so none of them can be exchanged.
struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::ed25519;
  vault::crypto::VerifyKey key;
  std::uint32_t id() const;
  bool operator==(const NoteKey&) const = default;
};
// Whether the name is not empty and is at most kMaxKeyNameBytes of UTF-8 without white space, control characters or
// "+".
bool is_key_name(std::string_view name);
// Reads "name+id+key", the form in which people pin a key. Errc::malformed, also if the id does not belong to name and
// key; Errc::unsupported for a type that is not in NoteKeyType.
Result<NoteKey> parse_note_key(std::string_view text);
std::string format_note_key(const NoteKey& key);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // the bytes after the key id; at least one
  bool operator==(const NoteSignature&) const = default;
};
struct Note {
  std::string text;  // ends in a line feed
  std::vector<NoteSignature> signatures;
};
// Errc::malformed, Errc::too_large. Verifies no signature. format_note writes the same bytes again.
Result<Note> parse_note(std::string_view bytes);
std::string format_note(const Note& note);

struct VerifiedSignature {
  NoteKey key;
  std::optional<std::uint64_t> unix_seconds;  // the time of a cosignature
};
// Returns the signatures that `keys` made, each key once, in the note's order. Errc::tampered if any line of one of
// these keys does not verify; Errc::wrong_key if there is no line of any of them.
Result<std::vector<VerifiedSignature>> verify_note(const Note& note, std::span<const NoteKey> keys);

// Signs `text`, which must end in a line feed. is_key_name(name) must hold. Anything else breaks an invariant.
NoteSignature sign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key);
// Signs the statement that, at this time (at most 2^63-1), the text's tree was the largest consistent tree that the
// cosigner had seen for its origin. The caller must have checked that before.
NoteSignature cosign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key,
                          std::uint64_t unix_seconds);

}  // namespace audit
