// Requires that accepted signed notes and their keys are written again as they were read.
#include "audit/note.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = vault::as_text(std::as_bytes(std::span(data, size)));
  if (const auto note = audit::parse_note(input)) {
    vault::fuzz::require(audit::format_note(*note) == input);
    // The keys have the names and types that the lines claim, so that verification is reached if an id agrees.
    std::vector<audit::NoteKey> keys;
    for (const audit::NoteSignature& line : note->signatures) {
      keys.push_back({line.name, audit::NoteKeyType::ed25519, {}});
      keys.push_back({line.name, audit::NoteKeyType::cosignature, {}});
    }
    if (const auto verified = audit::verify_note(*note, keys))
      vault::fuzz::require(verified->size() <= note->signatures.size());
  }
  if (const auto key = audit::parse_note_key(input)) vault::fuzz::require(audit::format_note_key(*key) == input);
  return 0;
}
