#include "audit/checkpoint.h"

#include <algorithm>

#include "audit/decimal.h"

namespace audit {
namespace {

Error malformed(std::string_view what) {
  return Error{Errc::malformed, std::string(what)};
}

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (!vault::is_utf8(text) ||
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; }))
    return malformed("a checkpoint must be UTF-8 text without control characters");
  if (!text.ends_with('\n')) return malformed("a checkpoint must end in a line feed");
  std::vector<std::string_view> lines;
  for (std::string_view unread = text; !unread.empty();) {
    const std::size_t end = unread.find('\n');
    lines.push_back(unread.substr(0, end));
    if (end == 0) return malformed("a checkpoint must not have empty lines");
    unread.remove_prefix(end + 1);
  }
  if (lines.size() < 3) return malformed("a checkpoint must have an origin, a size and a root");
  Checkpoint checkpoint;
  if (lines[0].size() > kMaxOriginBytes) return malformed("the checkpoint's origin is too long");
  checkpoint.origin = lines[0];
  TRY(const std::uint64_t size, parse_decimal(lines[1], kMaxTreeSize));
  checkpoint.size = TreeSize{size};
  TRY(const Bytes root, vault::unbase64(lines[2], vault::Base64::padded));
  TRY(checkpoint.root, to_digest(root));
  checkpoint.extensions.assign(lines.begin() + 3, lines.end());
  return checkpoint;
}

std::string format_checkpoint(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size.value) + "\n" +
                     vault::base64(checkpoint.root, vault::Base64::padded) + "\n";
  for (const std::string& line : checkpoint.extensions) text += line + "\n";
  return text;
}

Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint, const vault::crypto::SigningKey& log_key) {
  if (!is_key_name(checkpoint.origin))
    return Error{Errc::invalid_argument, "the ledger's origin must not be empty or contain spaces or \"+\""};
  const std::string text = format_checkpoint(checkpoint);
  return SignedCheckpoint{checkpoint, format_note({text, {sign_note(text, checkpoint.origin, log_key)}})};
}

Result<SignedCheckpoint> verify_checkpoint(std::string_view note, std::string_view origin,
                                           const vault::crypto::VerifyKey& log_key) {
  TRY(const Note parsed, parse_note(note));
  // Our own parser has bounds, so it may read the text before the signature is verified. Nothing of it is used before.
  TRY(Checkpoint checkpoint, parse_checkpoint(parsed.text));
  const NoteKey key{std::string(origin), NoteKeyType::ed25519, log_key};
  TRY_VOID(verify_note(parsed, std::span(&key, 1)));
  if (checkpoint.origin != origin) return Error{Errc::tampered, "the checkpoint belongs to another ledger"};
  if (checkpoint.size.value == 0 && checkpoint.root != empty_root())
    return Error{Errc::tampered, "the checkpoint claims entries for an empty ledger"};
  return SignedCheckpoint{std::move(checkpoint), std::string(note)};
}

}  // namespace audit
