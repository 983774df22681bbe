#include "audit/note.h"

#include <algorithm>
#include <array>

#include "vault/crypto/hash.h"

namespace audit {
namespace {

using vault::crypto::Signature;

constexpr std::string_view kSignaturePrefix = "\u2014 ";  // an em dash and a space
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kTimeBytes = 8;
constexpr std::uint64_t kMaxCosignatureTime = (1ULL << 63) - 1;

Error malformed(std::string_view what) {
  return Error{Errc::malformed, std::string(what)};
}

// The Unicode white space above ASCII, in UTF-8.
constexpr std::array<std::string_view, 19> kWideSpaces = {
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds) {
  return "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n" + std::string(text);
}

Result<Signature> to_signature(ByteView bytes) {
  Signature signature;
  if (bytes.size() != signature.size()) return Error{Errc::tampered, "a signature line has the wrong length"};
  std::ranges::copy(bytes, signature.begin());
  return signature;
}

// Verifies that `line`, which names `key`, signs `text`.
Result<VerifiedSignature> verify_line(const NoteSignature& line, const NoteKey& key, std::string_view text) {
  VerifiedSignature verified{key, {}};
  ByteView bytes = line.signature;
  std::string message(text);
  if (key.type == NoteKeyType::cosignature) {
    if (bytes.size() < kTimeBytes) return Error{Errc::tampered, "a cosignature has the wrong length"};
    const std::uint64_t time = vault::read_big_endian64(bytes.first<kTimeBytes>());
    if (time > kMaxCosignatureTime) return Error{Errc::tampered, "a cosignature's time is out of range"};
    verified.unix_seconds = time;
    message = cosigned_message(text, time);
    bytes = bytes.subspan(kTimeBytes);
  }
  TRY(const Signature signature, to_signature(bytes));
  if (!vault::crypto::verify(key.key, vault::as_bytes(message), signature))
    return Error{Errc::tampered, "the signature of " + key.name + " does not verify"};
  return verified;
}

Result<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) return malformed("a note's signature line does not begin with a dash");
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return malformed("a note's signature line has no signature");
  NoteSignature signature;
  signature.name = line.substr(0, space);
  if (!is_key_name(signature.name)) return malformed("a note's signature line has no valid key name");
  TRY(const Bytes bytes, vault::unbase64(line.substr(space + 1), vault::Base64::padded));
  if (bytes.size() <= kKeyIdBytes) return malformed("a note's signature is too short");
  const ByteView view = bytes;
  signature.key_id = vault::read_big_endian32(view.first<kKeyIdBytes>());
  signature.signature = vault::to_bytes(view.subspan(kKeyIdBytes));
  return signature;
}

}  // namespace

bool is_key_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxKeyNameBytes || !vault::is_utf8(name)) return false;
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '+'; })) return false;
  return std::ranges::none_of(kWideSpaces, [&](std::string_view space) { return name.contains(space); });
}

std::uint32_t NoteKey::id() const {
  const std::array<std::byte, 2> separator_and_type{std::byte{'\n'}, static_cast<std::byte>(type)};
  const Digest digest = vault::crypto::sha256({vault::as_bytes(name), separator_and_type, key.bytes});
  return vault::read_big_endian32(ByteView(digest).first<kKeyIdBytes>());
}

Result<NoteKey> parse_note_key(std::string_view text) {
  constexpr std::size_t kIdDigits = 2 * kKeyIdBytes;
  // Only the first two plus signs are separators: base64 contains plus signs too.
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos || text.size() < first + kIdDigits + 2 || text[first + 1 + kIdDigits] != '+')
    return malformed("a verification key must have the form name+id+key");
  NoteKey parsed;
  parsed.name = text.substr(0, first);
  if (!is_key_name(parsed.name)) return malformed("a verification key has no valid name");
  TRY(const Bytes key, vault::unbase64(text.substr(first + kIdDigits + 2), vault::Base64::padded));
  if (key.empty()) return malformed("a verification key is empty");
  parsed.type = static_cast<NoteKeyType>(key.front());
  if (parsed.type != NoteKeyType::ed25519 && parsed.type != NoteKeyType::cosignature)
    return Error{Errc::unsupported, "a verification key has a type that this program does not know"};
  if (key.size() != 1 + parsed.key.bytes.size()) return malformed("a verification key has the wrong length");
  std::ranges::copy(ByteView(key).subspan(1), parsed.key.bytes.begin());
  if (vault::hex(vault::big_endian32(parsed.id())) != text.substr(first + 1, kIdDigits))
    return malformed("a verification key's id does not belong to its name and key");
  return parsed;
}

std::string format_note_key(const NoteKey& key) {
  Bytes typed{static_cast<std::byte>(key.type)};
  vault::append(typed, key.key.bytes);
  return key.name + "+" + vault::hex(vault::big_endian32(key.id())) + "+" + vault::base64(typed, vault::Base64::padded);
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) return Error{Errc::too_large, "the note is too large"};
  if (!vault::is_utf8(bytes) ||
      std::ranges::any_of(bytes, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; }))
    return malformed("a note must be UTF-8 text without control characters");
  // The text may contain empty lines, so the last one is the separator.
  const std::size_t separator = bytes.rfind("\n\n");
  if (separator == std::string_view::npos || !bytes.ends_with('\n')) return malformed("the note is not signed");
  Note note;
  note.text = bytes.substr(0, separator + 1);
  std::string_view lines = bytes.substr(separator + 2);
  if (lines.empty()) return malformed("the note is not signed");
  while (!lines.empty()) {
    if (note.signatures.size() == kMaxNoteSignatures) return malformed("the note has too many signatures");
    const std::size_t end = lines.find('\n');
    TRY(NoteSignature signature, parse_signature_line(lines.substr(0, end)));
    note.signatures.push_back(std::move(signature));
    lines.remove_prefix(end + 1);
  }
  return note;
}

std::string format_note(const Note& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    Bytes bytes = vault::to_bytes(ByteView(vault::big_endian32(signature.key_id)));
    vault::append(bytes, signature.signature);
    out += std::string(kSignaturePrefix) + signature.name + " " + vault::base64(bytes, vault::Base64::padded) + "\n";
  }
  return out;
}

Result<std::vector<VerifiedSignature>> verify_note(const Note& note, std::span<const NoteKey> keys) {
  std::vector<VerifiedSignature> verified;
  for (const NoteSignature& line : note.signatures) {
    const auto key = std::ranges::find_if(
        keys, [&](const NoteKey& known) { return known.name == line.name && known.id() == line.key_id; });
    if (key == keys.end()) continue;
    TRY(VerifiedSignature one, verify_line(line, *key, note.text));
    if (std::ranges::none_of(verified, [&](const VerifiedSignature& other) { return other.key == one.key; }))
      verified.push_back(std::move(one));
  }
  if (verified.empty()) return Error{Errc::wrong_key, "the note is not signed by a trusted key"};
  return verified;
}

NoteSignature sign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key) {
  vault::invariant(is_key_name(name) && text.ends_with('\n'), "a note has a valid key name and ends in a line feed");
  const NoteKey verifier{std::string(name), NoteKeyType::ed25519, key.verify_key()};
  const Signature signature = key.sign(vault::as_bytes(text));
  return {verifier.name, verifier.id(), vault::to_bytes(ByteView(signature))};
}

NoteSignature cosign_note(std::string_view text, std::string_view name, const vault::crypto::SigningKey& key,
                          std::uint64_t unix_seconds) {
  vault::invariant(is_key_name(name) && text.ends_with('\n'), "a note has a valid key name and ends in a line feed");
  vault::invariant(unix_seconds <= kMaxCosignatureTime, "the time of a cosignature has 63 bits");
  const NoteKey verifier{std::string(name), NoteKeyType::cosignature, key.verify_key()};
  Bytes bytes = vault::to_bytes(ByteView(vault::big_endian64(unix_seconds)));
  vault::append(bytes, key.sign(vault::as_bytes(cosigned_message(text, unix_seconds))));
  return {verifier.name, verifier.id(), bytes};
}

}  // namespace audit
